//! Numbers and names as the kernel's structures have them.

use super::Refused;

/// Numbers in the order and width of the kernel's structures.
#[derive(Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    pub(super) fn long(mut self, numbers: &[u64]) -> Bytes {
        self.0.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
        self
    }

    pub(super) fn int(mut self, numbers: &[u32]) -> Bytes {
        self.0.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
        self
    }

    pub(super) fn short(mut self, numbers: &[u16]) -> Bytes {
        self.0.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
        self
    }
}

pub(super) fn long(from: &[u8], at: usize) -> Result<u64, Refused> {
    let bytes = from.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_ne_bytes).ok_or(Refused(libc::EIO))
}

pub(super) fn int(from: &[u8], at: usize) -> Result<u32, Refused> {
    let bytes = from.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u32::from_ne_bytes).ok_or(Refused(libc::EIO))
}

/// A name, which ends with a zero.
pub(super) fn name(from: &[u8]) -> Vec<u8> {
    from.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

//! A file server over `/dev/fuse` whose files are in memory, one folder of them.
//!
//! It is a process of its own: who waits for an answer can't die before it comes, so that the two must not be one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

/// How long the mount may take.
const MOUNTED_WITHIN: Duration = Duration::from_secs(10);

/// How large a file may become, in bytes: more than any test writes.
const FILE_MAX: usize = 1 << 16;

/// The largest write, in bytes.
const WRITE_MAX: usize = 1 << 17;

/// How long the kernel may keep what it was told of a file, in seconds: nobody else changes it.
const VALID: u64 = 3600;

/// The folder's number; files have those behind it.
const ROOT: u64 = 1;

const IN_HEADER: usize = 40;
const KEEP_CACHE: u32 = 1 << 1;
const SET_SIZE: u32 = 1 << 3;
/// `FUSE_ASYNC_READ`, `FUSE_BIG_WRITES`, `FUSE_MAX_PAGES`.
const ABILITIES: u32 = 1 | 1 << 5 | 1 << 22;

/// Why a request is not done, as the kernel wants to hear it.
struct Refused(i32);

#[derive(Default)]
struct Server {
    /// Each file that was made, by number behind the root's; a name that was taken away is none.
    files: Vec<(Option<Vec<u8>>, Vec<u8>)>,
}

/// Numbers in the order and width of the kernel's structures.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn long(mut self, numbers: &[u64]) -> Bytes {
        self.0.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
        self
    }

    fn int(mut self, numbers: &[u32]) -> Bytes {
        self.0.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
        self
    }

    fn short(mut self, numbers: &[u16]) -> Bytes {
        self.0.extend(numbers.iter().flat_map(|number| number.to_ne_bytes()));
        self
    }
}

fn long(from: &[u8], at: usize) -> Result<u64, Refused> {
    let bytes = from.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_ne_bytes).ok_or(Refused(libc::EIO))
}

fn int(from: &[u8], at: usize) -> Result<u32, Refused> {
    let bytes = from.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u32::from_ne_bytes).ok_or(Refused(libc::EIO))
}

/// A name, which ends with a zero.
fn name(from: &[u8]) -> Vec<u8> {
    from.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

/// Serves until the file system is unmounted, or nobody is left who could ask.
///
/// # Errors
/// As reading from the device, and writing to it.
pub(crate) fn serve(mut device: File) -> io::Result<()> {
    let mut server = Server::default();
    let mut request = vec![0; WRITE_MAX + 4096];
    let begun = Instant::now();
    loop {
        let length = match device.read(&mut request) {
            Ok(length) => length,
            Err(why) => match why.raw_os_error() {
                Some(libc::EINTR | libc::EAGAIN | libc::ENOENT) => continue,
                Some(libc::ENODEV) => return Ok(()),
                // It is not mounted yet.
                Some(libc::EPERM) if begun.elapsed() < MOUNTED_WITHIN => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                _ => return Err(why),
            },
        };
        let Some((header, body)) = request[..length].split_at_checked(IN_HEADER) else { continue };
        let (Ok(opcode), Ok(unique), Ok(node)) = (int(header, 4), long(header, 8), long(header, 16)) else {
            continue;
        };
        let (error, answer) = match server.answer(opcode, node, body) {
            Ok(Some(Bytes(answer))) => (0, answer),
            Ok(None) => continue,
            Err(Refused(error)) => (-error, Vec::new()),
        };
        let total = (16 + answer.len()) as u32;
        let header = Bytes::default().int(&[total, error.cast_unsigned()]).long(&[unique]);
        match device.write_all(&[header.0, answer].concat()) {
            // Who asked has been interrupted.
            Err(why) if why.raw_os_error() == Some(libc::ENOENT) => {}
            written => written?,
        }
    }
}

impl Server {
    fn file(&mut self, node: u64) -> Result<&mut Vec<u8>, Refused> {
        let at = node.checked_sub(ROOT + 1).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.files.get_mut(at)).map(|(_, data)| data).ok_or(Refused(libc::ENOENT))
    }

    fn attributes(&mut self, node: u64) -> Result<Bytes, Refused> {
        let size = if node == ROOT { 0 } else { self.file(node)?.len() as u64 };
        let mode = if node == ROOT { libc::S_IFDIR | 0o755 } else { libc::S_IFREG | 0o600 };
        let times = [0; 3];
        let owner = [0; 3];
        let bytes = Bytes::default().long(&[node, size, size.div_ceil(512)]).long(&times);
        Ok(bytes.int(&[0, 0, 0, mode, 1]).int(&owner).int(&[4096, 0]))
    }

    fn told_attributes(&mut self, node: u64) -> Result<Bytes, Refused> {
        let Bytes(attributes) = self.attributes(node)?;
        let mut told = Bytes::default().long(&[VALID]).int(&[0, 0]);
        told.0.extend(attributes);
        Ok(told)
    }

    fn entry(&mut self, node: u64) -> Result<Bytes, Refused> {
        let Bytes(attributes) = self.attributes(node)?;
        // A name is asked for each time: files are taken away and made again.
        let mut told = Bytes::default().long(&[node, 0, 0, VALID]).int(&[0, 0]);
        told.0.extend(attributes);
        Ok(told)
    }

    fn number(&self, wanted: &[u8]) -> Option<u64> {
        let at = self.files.iter().position(|(name, _)| name.as_deref() == Some(wanted))?;
        Some(at as u64 + ROOT + 1)
    }

    /// The answer to a request; none where there is none to give. Opcodes are those of `linux/fuse.h`.
    fn answer(&mut self, opcode: u32, node: u64, body: &[u8]) -> Result<Option<Bytes>, Refused> {
        let opened = |node| Bytes::default().long(&[node]).int(&[KEEP_CACHE, 0]);
        let answer = match opcode {
            // FUSE_INIT
            26 => {
                let abilities = int(body, 12)? & ABILITIES;
                let pages = (WRITE_MAX / 4096) as u16;
                Bytes::default()
                    .int(&[7, 31, int(body, 8)?, abilities])
                    .short(&[16, 12])
                    .int(&[WRITE_MAX as u32, 1])
                    .short(&[pages, 0])
                    .int(&[0; 8])
            }
            // FUSE_LOOKUP
            1 => {
                let node = self.number(&name(body)).ok_or(Refused(libc::ENOENT))?;
                self.entry(node)?
            }
            // FUSE_CREATE
            35 => {
                let name = name(body.get(16..).unwrap_or_default());
                self.files.push((Some(name), Vec::new()));
                let node = self.files.len() as u64 + ROOT;
                let mut answer = self.entry(node)?;
                answer.0.extend(opened(node).0);
                answer
            }
            // FUSE_GETATTR
            3 => self.told_attributes(node)?,
            // FUSE_SETATTR
            4 => {
                if int(body, 0)? & SET_SIZE != 0 {
                    let size = long(body, 16)? as usize;
                    if size > FILE_MAX {
                        return Err(Refused(libc::EFBIG));
                    }
                    self.file(node)?.resize(size, 0);
                }
                self.told_attributes(node)?
            }
            // FUSE_OPEN, FUSE_OPENDIR
            14 | 27 => opened(node),
            // FUSE_READ
            15 => {
                let (from, size) = (long(body, 8)? as usize, int(body, 16)? as usize);
                let data = self.file(node)?;
                let from = from.min(data.len());
                Bytes(data[from..(from + size).min(data.len())].to_vec())
            }
            // FUSE_WRITE
            16 => {
                let (from, size) = (long(body, 8)? as usize, int(body, 16)? as usize);
                let new = body.get(40..40 + size).ok_or(Refused(libc::EIO))?;
                if from + size > FILE_MAX {
                    return Err(Refused(libc::EFBIG));
                }
                let data = self.file(node)?;
                data.resize(data.len().max(from + size), 0);
                data[from..from + size].copy_from_slice(new);
                Bytes::default().int(&[size as u32, 0])
            }
            // FUSE_UNLINK
            10 => {
                let node = self.number(&name(body)).ok_or(Refused(libc::ENOENT))?;
                self.files[(node - ROOT - 1) as usize].0 = None;
                Bytes::default()
            }
            // FUSE_RELEASE
            18 => {
                let at = (node - ROOT - 1) as usize;
                if let Some((None, data)) = self.files.get_mut(at) {
                    data.clear();
                }
                Bytes::default()
            }
            // FUSE_FSYNC, FUSE_RELEASEDIR
            20 | 29 => Bytes::default(),
            // FUSE_STATFS
            17 => {
                Bytes::default().long(&[1 << 20, 1 << 19, 1 << 19, 0, 0]).int(&[4096, 255, 4096]).int(&[0; 7])
            }
            // FUSE_FORGET, FUSE_INTERRUPT, FUSE_BATCH_FORGET
            2 | 36 | 42 => return Ok(None),
            // FUSE_FLUSH among them: who closes a file need not wait.
            _ => return Err(Refused(libc::ENOSYS)),
        };
        Ok(Some(answer))
    }
}

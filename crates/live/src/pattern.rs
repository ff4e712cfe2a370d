//! The bytes that fill units, by which it is known again whose they are.

/// What is on a disk before anybody writes there.
pub(crate) const ON_DISK: u8 = 0xab;
/// What is in memory that is free.
pub(crate) const IN_FREE_MEMORY: u8 = 0xcd;

/// The byte that fills a unit of the old file.
pub(crate) fn old(position: usize) -> u8 {
    b'a' + position as u8
}

/// The byte that fills a unit of what is written.
pub(crate) fn new(position: usize) -> u8 {
    b'A' + position as u8
}

/// The byte that fills a unit of what a second writer writes, or somebody stores through a mapping.
pub(crate) fn second(position: usize) -> u8 {
    b'0' + position as u8
}

/// Whose a unit is, as [`Contents`](crate::Contents) has it.
pub(crate) fn letter(unit: &[u8]) -> String {
    let first = unit[0];
    if unit.iter().any(|&byte| byte != first) {
        return format!("mixed({:02x}..{:02x})", first, unit[unit.len() - 1]);
    }
    match first {
        0 => "0".to_owned(),
        ON_DISK | IN_FREE_MEMORY => "?".to_owned(),
        b'0'..=b'?' => format!("m{}", first - b'0'),
        b'a'..=b'z' => format!("o{}", first - b'a'),
        b'A'..=b'Z' => format!("n{}", first - b'A'),
        byte => format!("byte({byte:02x})"),
    }
}

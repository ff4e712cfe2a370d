//! Numbers and characters as they are written.

use crate::ast::IntType;

/// An integer's value and type on a machine whose `long` has 64 bits; nothing if it is none.
pub(crate) fn integer(written: &str) -> Option<(u64, IntType)> {
    let digits = written.trim_end_matches(['u', 'U', 'l', 'L']);
    let suffix = written[digits.len()..].to_ascii_lowercase();
    if !matches!(suffix.as_str(), "" | "u" | "l" | "ul" | "lu" | "ll" | "ull" | "llu") {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (&lower[..], 10),
    };
    let value = u64::from_str_radix(digits, radix).ok()?;
    let may_be_unsigned = suffix.contains('u') || radix != 10;
    let must_be_unsigned = suffix.contains('u');
    let candidates = [IntType::INT, IntType::UNSIGNED_INT, IntType::LONG, IntType::UNSIGNED_LONG];
    let fits = |candidate: &&IntType| {
        let is_wide = candidate.bits == 64;
        let allowed = if candidate.is_signed { !must_be_unsigned } else { may_be_unsigned };
        allowed && (is_wide || !suffix.contains('l')) && value <= candidate.greatest()
    };
    Some((value, candidates.iter().find(fits).copied().unwrap_or(IntType::UNSIGNED_LONG)))
}

/// A character's value as `int`; nothing for those of several letters.
pub(crate) fn character(written: &str) -> Option<i64> {
    let inner = written.trim_start_matches('L').strip_prefix('\'')?.strip_suffix('\'')?;
    let Some(escaped) = inner.strip_prefix('\\') else {
        let mut bytes = inner.bytes();
        return match (bytes.next(), bytes.next()) {
            (Some(byte), None) => Some(i64::from(byte)),
            _ => None,
        };
    };
    let value = match escaped {
        "n" => b'\n',
        "t" => b'\t',
        "r" => b'\r',
        "a" => 7,
        "b" => 8,
        "f" => 12,
        "v" => 11,
        "e" => 27,
        "\\" | "'" | "\"" | "?" => escaped.as_bytes()[0],
        _ if escaped.starts_with('x') => u8::from_str_radix(&escaped[1..], 16).ok()?,
        _ => u8::from_str_radix(escaped, 8).ok()?,
    };
    // `char` is signed.
    Some(i64::from(value as i8))
}

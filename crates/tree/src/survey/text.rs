//! What a text may have in it, so that few are parsed.

use std::collections::BTreeSet;

use c_text::Name;

use super::Wanted;

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether there is an entry `.member = ..` of an initialiser for one of the members, and not what is assigned to;
/// comments count.
pub(super) fn names_a_member(text: &[u8], wanted: &[Wanted]) -> bool {
    memchr::memchr_iter(b'.', text).any(|at| {
        // A line's end keeps directives apart from what follows them.
        let of = text[..at].iter().rfind(|byte| !matches!(byte, b' ' | b'\t'));
        let is_of_something = of.is_some_and(|byte| is_word(*byte) || matches!(byte, b')' | b']'));
        let rest = text[at + 1..].trim_ascii_start();
        let mut members = wanted.iter().flat_map(|wanted| wanted.members);
        !is_of_something
            && members.any(|member| {
                let after = rest.strip_prefix(member.as_bytes());
                after.is_some_and(|after| after.trim_ascii_start().starts_with(b"="))
            })
    })
}

/// Whether a line that begins in the first column has one of the names before a parenthesis: a function's head, if
/// it is written as the kernel's are.
pub(super) fn may_define(text: &[u8], names: &BTreeSet<Name>) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        line.first().is_some_and(|byte| is_word(*byte))
            && memchr::memchr_iter(b'(', line).any(|at| {
                let start =
                    line[..at].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
                std::str::from_utf8(&line[start..at]).is_ok_and(|name| names.contains(name))
            })
    })
}

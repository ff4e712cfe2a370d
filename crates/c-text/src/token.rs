//! Tokens, each with its place in the text.

use crate::Position;

/// What kind of thing a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number, with what is stuck to it.
    Number,
    /// A character in its quotes.
    Character,
    /// A string in its quotes.
    Text,
    /// An operator, bracket or separator.
    Mark,
    /// What no C has outside a string: a quote without its end, a letter that is not ASCII.
    Stray,
}

/// A piece of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Bytes of the text.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) at: Position,
}

impl Token {
    pub(crate) fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start as usize..self.end as usize]
    }
}

/// The marks of more than one byte, longest first.
const LONG_MARKS: [&str; 23] = [
    "<<=", ">>=", "...", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=",
    "/=", "%=", "&=", "^=", "|=", "##",
];

/// Goes through a text once, from its start to its end.
pub(crate) struct Scanner<'t> {
    pub(crate) text: &'t str,
    pub(crate) next: usize,
    line: u32,
    line_start: usize,
}

/// A comment that has no end.
pub(crate) struct Endless(pub(crate) Position);

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t str) -> Scanner<'t> {
        Scanner { text, next: 0, line: 1, line_start: 0 }
    }

    pub(crate) fn position(&self) -> Position {
        Position { line: self.line, column: (self.next - self.line_start) as u32 + 1 }
    }

    fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.next..]
    }

    fn newline(&mut self) {
        self.next += 1;
        self.line += 1;
        self.line_start = self.next;
    }

    /// Passes blanks, comments and lines' continuations, up to something else or, where `within_line`, the
    /// line's end.
    pub(crate) fn skip_blanks(&mut self, within_line: bool) -> Result<(), Endless> {
        loop {
            match self.rest() {
                [b'\n', ..] if within_line => return Ok(()),
                [b'\n', ..] => self.newline(),
                [b'\\', b'\n', ..] => {
                    self.next += 1;
                    self.newline();
                }
                [b'\\', b'\r', b'\n', ..] => {
                    self.next += 2;
                    self.newline();
                }
                [b' ' | b'\t' | b'\r' | 0x0b | 0x0c, ..] => self.next += 1,
                [b'/', b'*', ..] => self.skip_comment()?,
                [b'/', b'/', ..] => {
                    while !matches!(self.rest(), [] | [b'\n', ..]) {
                        self.skip_byte_of_line();
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// One byte, or a continuation.
    fn skip_byte_of_line(&mut self) {
        if let [b'\\', b'\n', ..] = self.rest() {
            self.next += 1;
            self.newline();
        } else {
            self.next += 1;
        }
    }

    fn skip_comment(&mut self) -> Result<(), Endless> {
        let start = self.position();
        self.next += 2;
        loop {
            match self.rest() {
                [] => return Err(Endless(start)),
                [b'*', b'/', ..] => {
                    self.next += 2;
                    return Ok(());
                }
                [b'\n', ..] => self.newline(),
                _ => self.next += 1,
            }
        }
    }

    /// Passes what is left out by a condition, up to the line's end.
    pub(crate) fn skip_line(&mut self) -> Result<(), Endless> {
        loop {
            match self.rest() {
                [] | [b'\n', ..] => return Ok(()),
                [b'/', b'*', ..] => self.skip_comment()?,
                [b'/', b'/', ..] => {
                    while !matches!(self.rest(), [] | [b'\n', ..]) {
                        self.skip_byte_of_line();
                    }
                }
                [b'"', ..] => {
                    let end = self.quoted(b'"').unwrap_or(self.next + 1);
                    self.next = end;
                }
                _ => self.skip_byte_of_line(),
            }
        }
    }

    /// Where a quoted text ends, if it does on its line.
    fn quoted(&self, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = self.next + 1;
        loop {
            match *bytes.get(at)? {
                b'\n' => return None,
                b'\\' if bytes.get(at + 1) != Some(&b'\n') => at += 2,
                b if b == quote => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    /// The token that starts here; blanks were passed.
    pub(crate) fn token(&mut self) -> Option<Token> {
        let rest = self.rest();
        let (start, at) = (self.next, self.position());
        let length_while =
            |wanted: fn(&u8) -> bool| rest.iter().position(|b| !wanted(b)).unwrap_or(rest.len());
        let (kind, length) = match rest {
            [] => return None,
            [b'L', quote @ (b'"' | b'\''), ..] => {
                let kind = if *quote == b'"' { Kind::Text } else { Kind::Character };
                self.next += 1;
                let end = self.quoted(*quote);
                self.next -= 1;
                end.map_or((Kind::Stray, 1), |end| (kind, end - start))
            }
            [b'"', ..] => self.quoted(b'"').map_or((Kind::Stray, 1), |end| (Kind::Text, end - start)),
            [b'\'', ..] => self.quoted(b'\'').map_or((Kind::Stray, 1), |end| (Kind::Character, end - start)),
            [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
                (Kind::Word, length_while(|b| b.is_ascii_alphanumeric() || *b == b'_'))
            }
            [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => (Kind::Number, number_length(rest)),
            [b, ..] if b.is_ascii_punctuation() && !matches!(b, b'@' | b'`' | b'$' | b'\\') => {
                let mark = LONG_MARKS.iter().find(|mark| rest.starts_with(mark.as_bytes()));
                (Kind::Mark, mark.map_or(1, |mark| mark.len()))
            }
            _ => (Kind::Stray, self.text[start..].chars().next().map_or(1, char::len_utf8)),
        };
        self.next += length;
        Some(Token { kind, start: start as u32, end: self.next as u32, at })
    }
}

/// Tokens as one line.
pub(crate) fn code(text: &str, tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.of(text)).collect::<Vec<_>>().join(" ")
}

/// How long a number is, with its exponent's sign.
fn number_length(rest: &[u8]) -> usize {
    let is_hexadecimal = matches!(rest, [b'0', b'x' | b'X', ..]);
    let mut length = 1;
    while let Some(&b) = rest.get(length) {
        let after_exponent = !is_hexadecimal && matches!(rest[length - 1], b'e' | b'E');
        let dots = b == b'.' && rest.get(length + 1) != Some(&b'.') && rest[length - 1] != b'.';
        if !(b.is_ascii_alphanumeric() || b == b'_' || dots || after_exponent && matches!(b, b'+' | b'-')) {
            break;
        }
        length += 1;
    }
    length
}

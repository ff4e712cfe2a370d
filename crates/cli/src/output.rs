//! Where results go: standard output, with colours on a terminal only.

use std::fmt;
use std::io::{self, Write};

use anstream::AutoStream;

use crate::error::Error;

/// Where results go. What can't be written is an error, never a panic.
pub struct Output {
    stream: AutoStream<Box<dyn Write>>,
    /// No line is wider, if there is a limit.
    width: Option<usize>,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("colours", &self.stream.current_choice()).finish()
    }
}

impl Output {
    /// Standard output; `NO_COLOR` and the kind of terminal are respected.
    #[must_use]
    pub fn standard() -> Output {
        let choice = AutoStream::choice(&io::stdout());
        let buffered = io::BufWriter::new(io::stdout().lock());
        Output { stream: AutoStream::new(Box::new(buffered), choice), width: None }
    }

    /// Anything else, without colours.
    #[must_use]
    pub fn plain(to: impl Write + 'static) -> Output {
        Output { stream: AutoStream::never(Box::new(to)), width: None }
    }

    /// Writes a text.
    ///
    /// # Errors
    /// If the other end is gone, or full.
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        self.stream.write_all(text.as_bytes()).map_err(Error::from)
    }

    /// From now on a line that is wider than this goes on in the next one, without colours.
    pub fn wrap_lines(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// Writes a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        match self.width {
            Some(width) => self.write(&wrapped(text, width))?,
            None => self.write(text)?,
        }
        self.write("\n")
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.stream.flush().map_err(Error::from)
    }
}

/// A text without colours, its lines no wider than `width`: what is too long goes on below, a little to the right.
fn wrapped(text: &str, width: usize) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    let fitted = |line: &str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let next = " ".repeat((indent + 4).min(width / 2));
        textwrap::fill(line, textwrap::Options::new(width).subsequent_indent(&next))
    };
    plain.split('\n').map(fitted).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_line_that_is_too_wide_goes_on_below() {
        assert_eq!(wrapped("\n  \u{1b}[1mone\u{1b}[0m two three", 9), "\n  one two\n    three");
        assert_eq!(wrapped("short", 9), "short");
    }
}

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
    /// Whether only what is new or wrong is written.
    quiet: bool,
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
        Output { stream: AutoStream::new(Box::new(buffered), choice), width: None, quiet: false }
    }

    /// Anything else, without colours.
    #[must_use]
    pub fn plain(to: impl Write + 'static) -> Output {
        Output { stream: AutoStream::never(Box::new(to)), width: None, quiet: false }
    }

    /// Writes a text of whole lines.
    ///
    /// # Errors
    /// If the other end is gone, or full.
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        if self.quiet { Ok(()) } else { self.news(text) }
    }

    /// As [`Output::write`], of what is new or wrong: it is written even if little is.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn news(&mut self, text: &str) -> Result<(), Error> {
        let written = match self.width {
            Some(width) => self.stream.write_all(wrapped(text, width).as_bytes()),
            None => self.stream.write_all(text.as_bytes()),
        };
        written.map_err(Error::from)
    }

    /// From now on a line that is wider than this goes on in the next one, without colours.
    pub fn wrap_lines(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// How wide a line may be, if there is a limit.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// From now on only [news](Output::news) are written.
    pub fn be_quiet(&mut self) {
        self.quiet = true;
    }

    /// Whether only news are written.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        self.write(&format!("{text}\n"))
    }

    /// Writes a line of what is new or wrong.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn news_line(&mut self, text: &str) -> Result<(), Error> {
        self.news(&format!("{text}\n"))
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.stream.flush().map_err(Error::from)
    }
}

/// A text without colours, its lines no wider than `width`: what is too long goes on below, under the last of its columns
/// (two spaces part them) where that leaves room enough, else a little to the right.
fn wrapped(text: &str, width: usize) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    let fitted = |line: &str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let last = line.trim_end().rfind("  ").map_or(0, |at| line[..at + 2].chars().count());
        let hangs = last > indent && last <= width * 3 / 5;
        let next = " ".repeat(if hangs { last } else { (indent + 4).min(width / 2) });
        // Names are not parted at their hyphens.
        let whole = textwrap::WordSplitter::NoHyphenation;
        textwrap::fill(line, textwrap::Options::new(width).subsequent_indent(&next).word_splitter(whole))
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
        assert_eq!(wrapped("v1  -  as it was before", 17), "v1  -  as it was\n       before");
        assert_eq!(wrapped("a long name  - as it was", 17), "a long name  - as\n    it was");
    }
}

//! Where results go: standard output, with colours on a terminal only.

use std::fmt;
use std::io::{self, Write};

use anstream::AutoStream;

use crate::error::Error;

/// Where results go. What can't be written is an error, never a panic.
pub struct Output {
    stream: AutoStream<Box<dyn Write>>,
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
        Output { stream: AutoStream::new(Box::new(buffered), choice) }
    }

    /// Anything else, without colours.
    #[must_use]
    pub fn plain(to: impl Write + 'static) -> Output {
        Output { stream: AutoStream::never(Box::new(to)) }
    }

    /// Writes a text.
    ///
    /// # Errors
    /// If the other end is gone, or full.
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        self.stream.write_all(text.as_bytes()).map_err(Error::from)
    }

    /// Writes a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        self.write(text)?;
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

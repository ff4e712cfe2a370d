//! Where something stands, and why it can't be read.

use std::fmt;

use crate::Name;

/// A line and a column of a file, both from 1; columns count bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The byte of the line.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What of a text is not in the subset, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{at}: {why}")]
pub struct SyntaxError {
    /// The file, as its tree names it.
    pub file: Name,
    /// Where.
    pub at: Position,
    /// What was expected, and what stands there.
    pub why: String,
}

/// Why a whole file can't be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no path inside a tree, or leads out of it through a link.
    #[error("{file}: leads out of the tree")]
    Outside {
        /// The file, as it was asked for.
        file: Name,
    },
    /// The system gives it not, or it is no plain file.
    #[error("{file}: {why}")]
    Unreadable {
        /// The file.
        file: Name,
        /// What the system says.
        why: String,
    },
    /// It is longer than any source should be.
    #[error("{file}: {bytes} bytes; a source of more than {bytes_max} is not read")]
    TooLong {
        /// The file.
        file: Name,
        /// How long it is.
        bytes: u64,
        /// How long it may be.
        bytes_max: u64,
    },
    /// It is not UTF-8.
    #[error("{file}:{at}: not UTF-8")]
    NotText {
        /// The file.
        file: Name,
        /// The first byte that is not.
        at: Position,
    },
    /// Its items can't be told apart: a comment, a brace or a condition has no end.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
}

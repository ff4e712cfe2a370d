//! What can go wrong, in words for the user. All of it ends in status 2.

use std::io;
use std::path::PathBuf;

/// Why a command could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user asked for something that there isn't.
    #[error("{0}")]
    Usage(String),
    /// A model breaks the rules that the engines stand on.
    #[error("{target}: {why}")]
    Model {
        /// Which scenario.
        target: String,
        /// What the engine says.
        why: String,
    },
    /// A snapshot can't be read.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's word for it.
        #[source]
        why: io::Error,
    },
    /// A snapshot is no text, or too much of it.
    #[error("{}: {what}", path.display())]
    NoText {
        /// Which.
        path: PathBuf,
        /// What it is, and what to do.
        what: String,
    },
    /// A kernel's tree can't be run, or a patch of it can't be applied.
    #[error("{tree}: {why}")]
    Tree {
        /// Which: the tree, or the patch.
        tree: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A snapshot does not say what one says.
    #[error("{}: {why}", path.display())]
    Snapshot {
        /// Which.
        path: PathBuf,
        /// The line, and what to do.
        #[source]
        why: report::snapshot::Error,
    },
    /// A recorded schedule can't be taken any more.
    #[error("{0}")]
    Replay(String),
    /// A page can't be written.
    #[error("can't write the page: {}: {why}", path.display())]
    Html {
        /// Where to.
        path: PathBuf,
        /// The system's word for it.
        #[source]
        why: io::Error,
    },
    /// The output can't be written.
    #[error("can't write the output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// Whether whoever reads the output has gone away.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Output(why) if why.kind() == io::ErrorKind::BrokenPipe)
    }
}

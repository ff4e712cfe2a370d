//! What can go wrong, in words for the user.

use std::io;
use std::path::PathBuf;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No scenario has this name.
    #[error(
        "{0:?}: there is no such scenario; a name is PATH@VARIANT:SCENARIO, as `shortcopy list` tells, or `counter 4x3`"
    )]
    NoSuchScenario(String),
    /// Nothing is left to run.
    #[error("nothing is left to run: no scenario has {only:?} in its name, or all engines are left out")]
    Nothing {
        /// What was asked for.
        only: Vec<String>,
    },
    /// The scenario can't be searched.
    #[error("{name}: {why}")]
    Model {
        /// Which.
        name: String,
        /// What the engine says.
        why: String,
    },
    /// The search did not come to its end, so that there are no whole automata.
    #[error("{0}: the search did not come to its end")]
    NotExhausted(String),
    /// Two that must agree don't.
    #[error("{name}: {engine} comes to {states} states, the explicit engine to {expected}")]
    Differs {
        /// The scenario.
        name: String,
        /// Which engine.
        engine: &'static str,
        /// How many states it has.
        states: u64,
        /// How many it should have.
        expected: u64,
    },
    /// An engine that was to find a bug did not.
    #[error("{name}: {engine} went through everything and found no bug, and there is one")]
    NoBug {
        /// The scenario.
        name: String,
        /// Which engine.
        engine: &'static str,
    },
    /// A process of this program failed, and said why.
    #[error("{0}")]
    Apart(String),
    /// Another program failed.
    #[error("`{command}` failed: {why}")]
    Command {
        /// The command line.
        command: String,
        /// What it said.
        why: String,
    },
    /// What another program said can't be read.
    #[error("{who} said what is not understood: {said}")]
    NotUnderstood {
        /// Who.
        who: &'static str,
        /// What.
        said: String,
    },
    /// A file can't be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's word for it.
        #[source]
        why: io::Error,
    },
    /// The system does not tell what a process took.
    #[error("what a process takes can't be measured: {0}")]
    Usage(#[from] nix::Error),
    /// The output can't be written.
    #[error("can't write the output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// Another program failed.
    pub(crate) fn command(command: &str, why: impl ToString) -> Error {
        Error::Command { command: command.to_owned(), why: why.to_string() }
    }
}

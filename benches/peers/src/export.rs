//! Exports a scenario: a search of all its states, and its automata as a program.

use std::path::Path;

use checker::explicit::{Options, automata};
use scenario::Coverage;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::program::Program;
use crate::{files, subjects};

/// What is known of a scenario then.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Exported {
    pub(crate) states: u64,
    pub(crate) transitions: u64,
}

/// Writes the program of a scenario.
pub(crate) fn export(name: &str, to: &Path) -> Result<Exported, Error> {
    let scenario = subjects::scenario(name)?;
    let found = automata(&scenario, &Options::default());
    let (outcome, automata) =
        found.map_err(|why| Error::Model { name: name.to_owned(), why: why.to_string() })?;
    if !matches!(outcome.coverage, Coverage::Exhausted | Coverage::Pruned) {
        return Err(Error::NotExhausted(name.to_owned()));
    }
    files::write_program(to, &Program::new(name, &scenario, &automata))?;
    Ok(Exported { states: outcome.states, transitions: outcome.transitions })
}

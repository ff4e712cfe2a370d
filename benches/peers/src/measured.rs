//! What an engine came to, and what it took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What it came to.
#[derive(Clone, Copy, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Processor time to the end, or to the first bug.
    pub(crate) cpu: Duration,
    /// The part of it that searching takes, where more is done.
    pub(crate) search: Duration,
    /// The part that it takes to run models, of an engine that is not given finished automata.
    pub(crate) unfolding: Duration,
    pub(crate) states: u64,
    pub(crate) executions: u64,
    pub(crate) exhausted: bool,
    pub(crate) found: bool,
    /// By how much the memory that is resident at most has grown.
    pub(crate) resident: u64,
    /// The most bytes that the engine itself counted.
    pub(crate) counted: u64,
}

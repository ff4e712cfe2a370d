//! What `check` comes to, in formats other than that for people at a terminal.

mod json;
mod mail;
mod news;
mod programs;

use scenario::{Outcome, Scenario, Verdict};

use crate::cache::Kept;
use crate::error::Error;
use crate::output::Output;
use crate::recorded::{Judgement, Records};
use crate::target::Chosen;

pub(super) use json::Json;
pub(super) use mail::{BETWEEN, Mail};
pub(super) use news::News;
pub(super) use programs::{Document, Stream};

/// How many scenarios have which verdict, by its number, in words: `1 holds`, `2 violated`.
pub(super) fn counted(verdicts: &[usize; 4]) -> Vec<String> {
    let words = [
        (Verdict::Holds, "hold"),
        (Verdict::Violated, "violated"),
        (Verdict::Unknown, "unknown"),
        (Verdict::Unsupported, "unsupported"),
    ];
    let told = words.map(|(verdict, word)| match (verdicts[verdict as usize], verdict) {
        (0, _) => None,
        (1, Verdict::Holds) => Some("1 holds".to_owned()),
        (count, _) => Some(format!("{count} {word}")),
    });
    told.into_iter().flatten().collect()
}

/// A result with what is known about it.
pub(super) struct Checked<'c> {
    pub(super) chosen: Chosen<'c>,
    pub(super) scenario: Scenario,
    pub(super) outcome: Outcome,
    pub(super) judgement: Judgement,
    /// Whether something is recorded of the scenario.
    pub(super) recorded: bool,
    /// The number of each bad state in the snapshot.
    pub(super) numbers: Vec<Option<usize>>,
    /// What repeats it, where more than the target decides what is found.
    pub(super) command: Option<String>,
    /// How it was known already, if it was.
    pub(super) kept: Option<Kept>,
}

/// Tells results, as they come and when all are there.
pub(super) trait Tell<'c> {
    /// A model that can't be searched.
    fn broken(&mut self, chosen: &Chosen<'c>, error: &Error, out: &mut Output) -> Result<(), Error>;

    /// A result.
    fn result(&mut self, result: Checked<'c>, out: &mut Output) -> Result<(), Error>;

    /// What is to be told at the end; `records` are what was compared with.
    fn end(self: Box<Self>, records: &Records, out: &mut Output) -> Result<(), Error>;
}

//! What is recorded of a variant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use scenario::{BadState, Outcome, Scenario, Verdict, verdict};

use crate::block::{AsIn, Block, Kind, kind};

pub use crate::reading::{Error, Subject, how_to_record, parse};

/// What is recorded of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// The scenario's name.
    pub scenario: String,
    /// What it is about.
    pub sentence: String,
    /// `holds` or `violated`.
    pub verdict: String,
    /// How its runs end, in words.
    pub endings: Vec<String>,
    /// Its distinct bad states.
    pub blocks: Vec<Block>,
}

impl Section {
    /// The block of a bad state, reached in whatever way.
    #[must_use]
    pub fn block(&self, bad: &BadState) -> Option<&Block> {
        self.blocks.iter().find(|block| block.is_same_state(bad))
    }
}

/// What is recorded of a variant: a file in `snapshots/`.
///
/// Nothing in it is counted through the file, and no step is numbered, so that a change of a model changes few
/// lines where it changes no result.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// `ext4/journalled@v4.2`.
    pub target: String,
    /// What the variant stands for.
    pub sentence: String,
    /// The states that all searches together came to, and the transitions between them.
    pub searched: (u64, u64),
    /// A section per scenario.
    pub sections: Vec<Section>,
}

impl Snapshot {
    /// A snapshot without sections.
    #[must_use]
    pub fn new(target: &str, sentence: &str) -> Snapshot {
        Snapshot { target: target.to_owned(), sentence: sentence.to_owned(), ..Snapshot::default() }
    }

    /// The section of a scenario.
    #[must_use]
    pub fn section(&self, scenario: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.scenario == scenario)
    }

    /// The text of the file, without insta's header.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("variant   {}\nabout     {}\n", self.target, self.sentence);
        let (states, transitions) = self.searched;
        let _ = writeln!(out, "searched  {states} states, {transitions} transitions");
        for section in &self.sections {
            let _ = write!(out, "\nscenario  {}\nabout     {}\n", section.scenario, section.sentence);
            let _ = writeln!(out, "verdict   {}", section.verdict);
            for ending in &section.endings {
                let _ = writeln!(out, "ending    {ending}");
            }
            for block in &section.blocks {
                let _ = write!(out, "\n{block}");
            }
        }
        out
    }
}

/// A snapshot that is being made.
#[derive(Clone, Debug)]
pub struct Recorder {
    snapshot: Snapshot,
    /// What is told in full, and where.
    told: BTreeMap<Kind, AsIn>,
}

impl Recorder {
    /// Begins the snapshot of a variant.
    #[must_use]
    pub fn new(target: &str, sentence: &str) -> Recorder {
        Recorder { snapshot: Snapshot::new(target, sentence), told: BTreeMap::new() }
    }

    /// Adds what a scenario came to.
    ///
    /// A bad state is told in full where the first of its kind is: the same property, the same witness but for
    /// numbers, about the same steps. Of the others the initial state is kept. `key_steps` gives the scheduling
    /// points, from 1, that the schedule of a bad state is about; the frames around them are not folded.
    pub fn push(
        &mut self,
        scenario: &Scenario,
        outcome: &Outcome,
        key_steps: impl Fn(&BadState) -> BTreeSet<usize>,
    ) {
        let mut blocks = Vec::with_capacity(outcome.bad.len());
        for (number, bad) in (1..).zip(&outcome.bad) {
            let key_steps = key_steps(bad);
            let kind = kind(bad, scenario, &key_steps);
            blocks.push(match self.told.get(&kind) {
                Some(there) => Block::like(number, bad, there.clone()),
                None => {
                    let here = AsIn { scenario: scenario.name.clone(), witness: bad.witness.clone() };
                    self.told.insert(kind, here);
                    Block::of(number, bad, scenario, &key_steps)
                }
            });
        }
        self.snapshot.searched.0 += outcome.states;
        self.snapshot.searched.1 += outcome.transitions;
        self.snapshot.sections.push(Section {
            scenario: scenario.name.clone(),
            sentence: scenario.sentence.clone(),
            verdict: verdict_word(verdict(scenario, outcome)).to_owned(),
            endings: outcome.endings.iter().map(ToString::to_string).collect(),
            blocks,
        });
    }

    /// What was recorded.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

/// A verdict in a word.
#[must_use]
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Violated => "violated",
        Verdict::Unknown => "unknown",
        Verdict::Unsupported => "unsupported",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::toy;

    /// Three scenarios: two bad states, none, and two that are told already.
    pub(crate) fn snapshot() -> Snapshot {
        let mut recorder = Recorder::new("toy/write@v1", "a toy");
        let mut push = |name: &str, outcome: &Outcome| {
            let scenario = Scenario { name: name.to_owned(), ..toy::scenario() };
            recorder.push(&scenario, outcome, |_| BTreeSet::from([6]));
        };
        push("toy", &toy::outcome());
        push("quiet", &Outcome { bad: Vec::new(), ..toy::outcome() });
        push("loud", &toy::outcome());
        recorder.snapshot().clone()
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut recorder = Recorder::new("toy/write@v1", "a toy");
        let mut outcome = toy::outcome();
        let mut push = |outcome: &Outcome| {
            recorder.push(&toy::scenario(), outcome, |bad| BTreeSet::from([bad.schedule.steps()]));
            let blocks = &recorder.snapshot().sections.last().expect("it was pushed").blocks;
            blocks.iter().map(|b| b.as_in.as_ref().map(|a| a.witness.clone())).collect::<Vec<_>>()
        };
        let told = |witness: &str| Some(witness.to_owned());
        assert_eq!(push(&outcome), [None, None]);
        assert_eq!(push(&outcome), [told("buffer(0)"), told("unit(0)")]);
        // Another unit makes the same story, and so do more steps.
        outcome.bad[1].witness = "unit(3)".to_owned();
        outcome.bad[0].schedule.events.retain(|e| e.actor != "munmap");
        assert_eq!(push(&outcome), [told("buffer(0)"), told("unit(0)")]);
        // What it is about makes another one.
        outcome.bad[0].schedule.events.pop();
        outcome.bad[0].schedule.events.pop();
        assert_eq!(push(&outcome), [None, told("unit(0)")]);
    }

    #[test]
    fn the_effort_is_that_of_all_scenarios() {
        assert_eq!(snapshot().searched, (3 * 12, 3 * 34));
    }
}

//! The final states of each initial state, as text and as a line of JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use scenario::{Coverage, FinalState, Outcome, Releases, Scenario};
use serde::Serialize;

use crate::json::{Asked, State, initial_states, tagged};

/// Final states, and what they are those of.
#[derive(Clone, Copy, Debug)]
pub struct FinalStates<'r> {
    /// `ext4/journalled`.
    pub path: &'r str,
    /// `v4.2`.
    pub variant: &'r str,
    /// The releases in which the variant stands, if it is in some.
    pub stands: Option<Releases>,
    /// What was asked.
    pub scenario: &'r Scenario,
    /// What was answered to [`Scenario::asking_final_states`].
    pub outcome: &'r Outcome,
}

#[derive(Serialize)]
struct Line<'r> {
    #[serde(flatten)]
    asked: Asked<'r>,
    coverage: Coverage,
    initial_states: Vec<Ended<'r>>,
}

/// An initial state, and what it can end in.
#[derive(Serialize)]
struct Ended<'r> {
    #[serde(flatten)]
    initial: State<'r>,
    final_states: BTreeSet<FinalState>,
}

impl FinalStates<'_> {
    /// As one line of JSON, without the end of the line.
    ///
    /// # Errors
    /// None that is known: all that is written is text and numbers.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let FinalStates { path, variant, stands, scenario, outcome } = *self;
        let all = initial_states(scenario).zip(scenario.final_states(outcome));
        let line = Line {
            asked: Asked::of(path, variant, stands, scenario),
            coverage: outcome.coverage,
            initial_states: all.map(|(initial, final_states)| Ended { initial, final_states }).collect(),
        };
        tagged("final-states", &line)
    }

    /// For people: a block for each initial state, a line for each of its final states.
    #[must_use]
    pub fn text(&self) -> String {
        let FinalStates { path, variant, scenario, outcome, .. } = self;
        let mut text = format!("{path}@{variant}:{}: {}\n", scenario.name, scenario.sentence);
        for (initial, states) in scenario.initial.iter().zip(scenario.final_states(outcome)) {
            let _ = writeln!(text, "  {}", initial.name);
            for state in states {
                let _ = writeln!(text, "    {state}");
            }
        }
        text
    }
}

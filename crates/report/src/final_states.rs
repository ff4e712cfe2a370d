//! The final states of each initial state, as text and as a line of JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use scenario::{Coverage, Fact, FinalState, Outcome, Scenario};
use serde::Serialize;

use crate::json::tagged;

/// Final states, and what they are those of.
#[derive(Clone, Copy, Debug)]
pub struct FinalStates<'r> {
    /// `ext4/journalled`.
    pub path: &'r str,
    /// `v4.2`.
    pub variant: &'r str,
    /// What was asked.
    pub scenario: &'r Scenario,
    /// What was answered to [`Scenario::asking_final_states`].
    pub outcome: &'r Outcome,
}

#[derive(Serialize)]
struct Line<'r> {
    path: &'r str,
    variant: &'r str,
    scenario: &'r str,
    sentence: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    geometry: Option<&'r BTreeMap<&'static str, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    companions: Option<&'r [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<&'r BTreeMap<&'static str, Fact>>,
    coverage: Coverage,
    initial_states: Vec<State<'r>>,
}

#[derive(Serialize)]
struct State<'r> {
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<&'r BTreeMap<&'static str, Fact>>,
    final_states: BTreeSet<FinalState>,
}

impl FinalStates<'_> {
    /// As one line of JSON, without the end of the line.
    ///
    /// # Errors
    /// None that is known: all that is written is text and numbers.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let FinalStates { path, variant, scenario, outcome } = *self;
        let facts = scenario.facts.as_ref();
        let all = scenario.initial.iter().zip(scenario.final_states(outcome)).enumerate();
        let states = all.map(|(number, (initial, final_states))| State {
            name: &initial.name,
            facts: facts.and_then(|facts| facts.initial.get(number)),
            final_states,
        });
        let line = Line {
            path,
            variant,
            scenario: &scenario.name,
            sentence: &scenario.sentence,
            geometry: facts.map(|facts| &facts.geometry),
            source: facts.and_then(|facts| facts.source),
            companions: facts.map(|facts| &facts.companions[..]),
            conditions: facts.map(|facts| &facts.conditions),
            coverage: outcome.coverage,
            initial_states: states.collect(),
        };
        tagged("final-states", &line)
    }

    /// For people: a block for each initial state, a line for each of its final states.
    #[must_use]
    pub fn text(&self) -> String {
        let FinalStates { path, variant, scenario, outcome } = self;
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

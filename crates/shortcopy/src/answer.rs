//! What an engine said, and what that comes to.

use std::fmt;

use report::{Folding, Look, verdict_word};
use scenario::{Coverage, Outcome, Scenario, Verdict, verdict};

use crate::engine::Engine;

/// An engine's answer. As text it is what a failed assertion tells: the verdict, how far the engine looked, the
/// endings, and for each bad state the picture and the schedule.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked.
    pub scenario: Scenario,
    /// Who was asked.
    pub engine: Engine,
    /// What was found, and how far the engine looked.
    pub outcome: Outcome,
    /// What that comes to.
    pub verdict: Verdict,
}

impl Answer {
    pub(crate) fn new(scenario: &Scenario, engine: Engine, outcome: Outcome) -> Answer {
        let verdict = verdict(scenario, &outcome);
        Answer { scenario: scenario.clone(), engine, outcome, verdict }
    }

    /// Whether a bad state of this property was found.
    #[must_use]
    pub fn violates(&self, property: &str) -> bool {
        self.outcome.bad.iter().any(|bad| bad.property == property)
    }

    /// The text without lines and effort, so that it changes only where what is told does: for snapshots.
    #[must_use]
    pub fn told(&self) -> String {
        self.text(Look::default())
    }

    fn text(&self, look: Look<'_>) -> String {
        let Answer { scenario, engine, outcome, verdict } = self;
        let mut text = format!("{} on {engine}: {}\n", scenario.name, verdict_word(*verdict));
        for line in self.extent(look.numbers) {
            text += &format!("  {line}\n");
        }
        if !outcome.endings.is_empty() {
            text += "endings\n";
            outcome.endings.iter().for_each(|ending| text += &format!("  {ending}\n"));
        }
        for bad in &outcome.bad {
            text += "\n";
            text += &report::story(scenario, bad, Folding::Nothing, look);
        }
        text
    }

    /// How far the engine looked, and why that is not all, if it is not.
    fn extent(&self, effort: bool) -> Vec<String> {
        let Outcome { states, executions, reduced, coverage, .. } = self.outcome;
        let much = match (states, executions) {
            _ if !effort => String::new(),
            (0, executions) => format!(", {executions} executions"),
            (states, _) if reduced && coverage == Coverage::Exhausted => {
                format!(", {states} states: others make no difference")
            }
            (states, _) => format!(", {states} states"),
        };
        let far = match coverage {
            Coverage::Exhausted => "looked at everything".to_owned(),
            Coverage::Pruned => "looked at everything but what comes after what is not modelled".to_owned(),
            Coverage::Cut { bound } => format!("cut by {}: there may be more", bound.words()),
            Coverage::Sampled { .. } => "looked at some executions, drawn by chance".to_owned(),
            Coverage::Unsupported => "looked at nothing that counts".to_owned(),
        };
        let mut lines = vec![format!("{far}{much}")];
        let blind = self.outcome.not_looked_at(&self.scenario);
        if !blind.is_empty() && self.outcome.coverage != Coverage::Unsupported {
            lines.push(format!("did not look at {}", blind.join(", ")));
        }
        lines.extend(self.outcome.unsupported.iter().map(|missing| format!("not modelled: {missing}")));
        lines.extend(self.outcome.remarks().flat_map(str::lines).map(str::to_owned));
        lines
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Look { numbers: true, sources: true, ..Look::default() }))
    }
}

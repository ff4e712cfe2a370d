//! Which bad states can be forced, as text and as a line of JSON.

use std::fmt::Write as _;

use scenario::{BadState, Coverage, Releases, Scenario};
use serde::Serialize;

use crate::block::named;
use crate::json::{Asked, Bad, bad_state, tagged};

/// What can be forced of a scenario's bad states, and by what.
#[derive(Clone, Debug)]
pub struct Forced<'r> {
    /// `ext4/journalled`.
    pub path: &'r str,
    /// `v4.2`.
    pub variant: &'r str,
    /// The releases that it stands in, where that is known.
    pub stands: Option<Releases>,
    /// What was asked.
    pub scenario: &'r Scenario,
    /// By what at most: `latch`.
    pub by: &'r str,
    /// How far the searches came.
    pub coverage: Coverage,
    /// What can be forced: by what at least, and how.
    pub forced: &'r [(&'r str, BadState)],
    /// What can't.
    pub not_forced: &'r [BadState],
    /// What was not asked.
    pub not_asked: &'r [BadState],
}

#[derive(Serialize)]
struct Line<'r> {
    #[serde(flatten)]
    asked: Asked<'r>,
    by: &'r str,
    coverage: Coverage,
    forced: Vec<One<'r>>,
    not_forced: Vec<Other<'r>>,
    not_asked: Vec<Other<'r>>,
}

/// What can be forced.
#[derive(Serialize)]
struct One<'r> {
    by: &'r str,
    bad: Bad<'r>,
}

/// What can't, or was not asked.
#[derive(Serialize)]
struct Other<'r> {
    property: &'r str,
    witness: &'r str,
    promised: bool,
}

impl Forced<'_> {
    /// As one line of JSON, without the end of the line.
    ///
    /// # Errors
    /// None that is known: all that is written is text and numbers.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let Forced { path, variant, stands, scenario, by, coverage, forced, not_forced, not_asked } = *self;
        let line = Line {
            asked: Asked::of(path, variant, stands, scenario),
            by,
            coverage,
            forced: forced.iter().map(|(by, bad)| One { by, bad: bad_state(scenario, bad, None) }).collect(),
            not_forced: others(not_forced),
            not_asked: others(not_asked),
        };
        tagged("forced", &line)
    }

    /// For people: a line for each bad state. `story` tells the schedule of one, where it is to be told.
    #[must_use]
    pub fn text(&self, story: impl Fn(&BadState) -> String) -> String {
        let Forced { path, variant, scenario, forced, not_forced, not_asked, .. } = self;
        let mut text = format!("{path}@{variant}:{}: {}\n", scenario.name, scenario.sentence);
        let name = |bad: &BadState| named(&bad.property, &bad.witness, bad.promised);
        for (by, bad) in *forced {
            let (steps, switches) = (bad.schedule.steps(), bad.schedule.switches());
            let _ = writeln!(text, "  {by:6}  {}", name(bad));
            let _ = writeln!(text, "          from {}", bad.schedule.initial);
            let _ = writeln!(text, "          in {steps} steps, with {switches} switches");
            text.push_str(&story(bad));
        }
        for bad in *not_forced {
            let _ = writeln!(text, "  -       {}", name(bad));
        }
        for bad in *not_asked {
            let _ = writeln!(text, "  ?       {}", name(bad));
        }
        text
    }
}

fn others(all: &[BadState]) -> Vec<Other<'_>> {
    all.iter()
        .map(|bad| Other { property: &bad.property, witness: &bad.witness, promised: bad.promised })
        .collect()
}

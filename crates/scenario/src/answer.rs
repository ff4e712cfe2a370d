//! The answer: what an engine found, how far it looked, and what that comes to.

use std::time::Duration;

use machine::Word;
use serde::{Deserialize, Serialize};

use crate::{Ending, Schedule};

/// What stopped a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The number of states.
    States,
    /// The memory that the visited set takes.
    Memory,
    /// The time.
    Time,
    /// The number of executions.
    Executions,
    /// The length of one execution.
    Length,
    /// The number of preemptions in one execution.
    Preemptions,
    /// The user.
    Interrupt,
}

/// How far an engine may look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Distinct states.
    pub states_max: u64,
    /// Bytes of everything that a search keeps; what the process takes without it is left out.
    pub bytes_max: u64,
    /// Wall-clock time.
    pub time_max: Duration,
    /// Executions of an engine that runs them one by one.
    pub executions_max: u64,
}

impl Default for Bounds {
    /// 200 million states, 8 GiB, ten minutes, 100 million executions.
    fn default() -> Bounds {
        Bounds {
            states_max: 200_000_000,
            bytes_max: 8 << 30,
            time_max: Duration::from_secs(600),
            executions_max: 100_000_000,
        }
    }
}

/// How far an engine looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Everything.
    Exhausted,
    /// Until a bound was met.
    Cut {
        /// Which.
        bound: Bound,
    },
    /// Some executions, drawn by chance or chosen.
    Sampled {
        /// How many.
        executions: u64,
    },
    /// Nothing: the engine can't hold this scenario.
    Unsupported,
}

/// A distinct bad state: a property, a witness, and the best way there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BadState {
    /// The property's id.
    pub property: String,
    /// What tells it from others of the property.
    pub witness: String,
    /// Whether the file system promises the property.
    pub promised: bool,
    /// The value of each cell in the bad state; empty where the engine can't tell.
    pub cells: Vec<Word>,
    /// The way there.
    pub schedule: Schedule,
}

/// What an engine answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The distinct bad states, ordered by property and witness.
    pub bad: Vec<BadState>,
    /// How the runs that were looked at end, sorted: all ways there are where everything was looked at.
    pub endings: Vec<Ending>,
    /// How far it looked.
    pub coverage: Coverage,
    /// Distinct states; 0 where the engine has none.
    pub states: u64,
    /// Transitions between them; executions' steps where the engine has none.
    pub transitions: u64,
    /// Executions; 0 where the engine has none.
    pub executions: u64,
    /// The most bytes that were counted at one time, over all phases; 0 where the engine counts none.
    pub bytes: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// What was reached, sorted.
    pub reached: Vec<String>,
    /// Why nothing was looked at, or what else there is to say; mostly empty.
    pub remark: String,
}

impl Default for Outcome {
    /// Nothing found, nothing looked at.
    fn default() -> Outcome {
        Outcome {
            bad: Vec::new(),
            endings: Vec::new(),
            coverage: Coverage::Unsupported,
            states: 0,
            transitions: 0,
            executions: 0,
            bytes: 0,
            seconds: 0.0,
            reached: Vec::new(),
            remark: String::new(),
        }
    }
}

/// What an outcome comes to.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything was looked at, and no promised property is broken.
    Holds,
    /// A promised property is broken.
    Violated,
    /// Nothing was found, and not everything was looked at.
    Unknown,
    /// The engine can't hold the scenario.
    Unsupported,
}

/// The verdict on an outcome; the only place where one is made.
pub fn verdict(outcome: &Outcome) -> Verdict {
    if outcome.bad.iter().any(|b| b.promised) {
        return Verdict::Violated;
    }
    match outcome.coverage {
        Coverage::Exhausted => Verdict::Holds,
        Coverage::Cut { .. } | Coverage::Sampled { .. } => Verdict::Unknown,
        Coverage::Unsupported => Verdict::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(promised: bool, coverage: Coverage) -> Outcome {
        let bad = BadState {
            property: "stale-read".into(),
            witness: "unit(0)".into(),
            promised,
            cells: Vec::new(),
            schedule: Schedule::default(),
        };
        Outcome { bad: vec![bad], coverage, ..Outcome::default() }
    }

    #[test]
    fn only_an_exhausted_search_can_hold() {
        for coverage in [
            Coverage::Cut { bound: Bound::Time },
            Coverage::Sampled { executions: 1_000_000 },
            Coverage::Unsupported,
        ] {
            let nothing = Outcome { coverage, ..Outcome::default() };
            assert_ne!(verdict(&nothing), Verdict::Holds, "{coverage:?}");
            assert_eq!(verdict(&found(true, coverage)), Verdict::Violated, "{coverage:?}");
            assert_ne!(verdict(&found(false, coverage)), Verdict::Holds, "{coverage:?}");
        }
        assert_eq!(verdict(&found(true, Coverage::Exhausted)), Verdict::Violated);
        assert_eq!(verdict(&found(false, Coverage::Exhausted)), Verdict::Holds);
    }
}

//! What tests of agreement between engines share.

use std::collections::BTreeSet;

use checker::explicit;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use scenario::{Bounds, Coverage, Ending, Missing, Outcome};

use super::generating::plain_programs;
use super::program::Program;

/// Larger ones take loom too long.
const STATES_MAX: u64 = 400;

/// Property and witness of each bad state.
pub(crate) type Keys = BTreeSet<(String, String)>;

/// What engines that judge no cycles can find as well.
pub(crate) fn found(outcome: &Outcome) -> Keys {
    let judged = |property: &str| property != "livelock" && property != "unkillable" && property != "empty";
    let bad = outcome.bad.iter().filter(|b| judged(&b.property));
    bad.map(|b| (b.property.clone(), b.witness.clone())).collect()
}

/// What is compared.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Met {
    pub(crate) keys: Keys,
    pub(crate) rests: BTreeSet<explicit::AtRest>,
    pub(crate) endings: BTreeSet<Ending>,
}

impl Met {
    pub(crate) fn of((outcome, rests): (Outcome, BTreeSet<explicit::AtRest>)) -> Met {
        Met { keys: found(&outcome), rests, endings: outcome.endings.into_iter().collect() }
    }

    /// What is only here.
    pub(crate) fn less(&self, other: &Met) -> Met {
        Met {
            keys: &self.keys - &other.keys,
            rests: &self.rests - &other.rests,
            endings: &self.endings - &other.endings,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.rests.is_empty() && self.endings.is_empty()
    }
}

/// What the explicit engine finds of a program that is small enough.
pub(crate) fn explicitly(program: &Program) -> Option<Met> {
    let bounds = Bounds { states_max: STATES_MAX, ..Bounds::default() };
    let options = explicit::Options { bounds, ..explicit::Options::default() };
    let explored = explicit::explore(&program.scenario(), &options).expect("a sound program");
    (explored.0.coverage == Coverage::Exhausted).then(|| Met::of(explored))
}

/// As [`explicitly`], of a program in which something is not modelled; and what is.
pub(crate) fn explored(program: &Program) -> Option<(Met, Vec<Missing>)> {
    let bounds = Bounds { states_max: STATES_MAX, ..Bounds::default() };
    let options = explicit::Options { bounds, ..explicit::Options::default() };
    let explored = explicit::explore(&program.scenario(), &options).expect("a sound program");
    let missing = explored.0.unsupported.clone();
    // Who ends before his first step ends everything there, and not where the others have begun before him.
    let begins = explored.0.transitions > 0;
    (begins && explored.0.coverage == Coverage::Pruned).then(|| (Met::of(explored), missing))
}

/// The same programs every time, so that what loom misses in them is known.
pub(crate) fn check_all(cases: u32, check: impl Fn(&Program) -> Result<(), TestCaseError>) {
    check_each(cases, plain_programs(), check);
}

/// As [`check_all`], of others.
pub(crate) fn check_each(
    cases: u32,
    programs: impl Strategy<Value = Program>,
    check: impl Fn(&Program) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let run = TestRunner::new_with_rng(config, chance).run(&programs, |program| check(&program));
    if let Err(error) = run {
        panic!("{error}");
    }
}

//! Questions to an engine.

use scenario::{Bounds, Scenario};

use crate::answer::Answer;
use crate::child;
use crate::engine::{Engine, run as run_here};

/// What `engine` says about a scenario, within the [default bounds](Bounds::default).
///
/// loom and shuttle can take their process down, so each runs in a process of its own: this one, started once more
/// for the test that asks. Ask them on the thread of a test, or of `main`; what the test does before is done again.
#[must_use]
pub fn ask(scenario: &Scenario, engine: Engine) -> Answer {
    ask_within(scenario, engine, &Bounds::default())
}

/// As [`ask`], within these bounds.
#[must_use]
pub fn ask_within(scenario: &Scenario, engine: Engine, bounds: &Bounds) -> Answer {
    let outcome = match engine {
        Engine::Explicit => run_here(scenario, engine, bounds, None),
        _ => child::run(scenario, engine, bounds),
    };
    Answer::new(scenario, engine, outcome)
}

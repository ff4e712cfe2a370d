//! Who searches.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use checker::{explicit, on_loom, on_shuttle};
use scenario::{Bounds, Coverage, Outcome, Scenario};

use crate::answer::Answer;
use crate::child;

/// Who looks for bad states, and in what kind of memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Engine {
    /// Every interleaving, sequentially consistent, state by state: all properties, with the shortest schedules.
    #[default]
    Explicit,
    /// Every execution under the C11 memory model, by loom. Sees what weak memory does; does not look at properties
    /// of every state, and is cut where somebody can go round for ever.
    Loom,
    /// Every execution, sequentially consistent, by loom.
    LoomSequential,
    /// So many random executions, sequentially consistent, by shuttle: for what is too large to search. It can find,
    /// and never says that something holds.
    Shuttle {
        /// Where chance starts from; the same seed draws the same executions.
        seed: u64,
        /// How many to draw.
        executions: usize,
    },
}

impl Engine {
    /// A thousand random executions.
    pub const SHUTTLE: Engine = Engine::Shuttle { seed: 0, executions: 1_000 };
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Engine::Explicit => f.write_str("explicit"),
            Engine::Loom => f.write_str("loom"),
            Engine::LoomSequential => f.write_str("loom, sequentially consistent"),
            Engine::Shuttle { seed, .. } => write!(f, "shuttle, seed {seed}"),
        }
    }
}

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
        Engine::Explicit => run(scenario, engine, bounds, None),
        _ => child::run(scenario, engine, bounds),
    };
    Answer::new(scenario, engine, outcome)
}

/// Runs an engine in this process.
pub(crate) fn run(
    scenario: &Scenario,
    engine: Engine,
    bounds: &Bounds,
    interrupt: Option<Arc<AtomicBool>>,
) -> Outcome {
    let on_loom = |mode, interrupt| {
        let options = on_loom::Options { mode, bounds: *bounds, interrupt, ..on_loom::Options::default() };
        on_loom::check(scenario, &options)
    };
    match engine {
        Engine::Explicit => {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let options =
                explicit::Options { bounds: *bounds, threads, interrupt, ..explicit::Options::default() };
            explicit::check(scenario, &options).unwrap_or_else(|why| Outcome {
                coverage: Coverage::Unsupported,
                remark: format!("the model is broken: {why}"),
                ..Outcome::default()
            })
        }
        Engine::Loom => on_loom(on_loom::Mode::KernelOrders, interrupt),
        Engine::LoomSequential => on_loom(on_loom::Mode::SequentiallyConsistent, interrupt),
        Engine::Shuttle { seed, executions } => {
            let mode = on_shuttle::Mode::Random { seed, executions };
            let time_max = bounds.time_max;
            let options = on_shuttle::Options { time_max, interrupt, ..on_shuttle::Options::new(mode) };
            on_shuttle::check(scenario, &options)
        }
    }
}

//! Who searches.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use checker::{explicit, on_loom, on_shuttle};
use scenario::{Bounds, Coverage, Outcome, Scenario};

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
            let reduce = explicit::Reduce::Order(explicit::Reduce::LARGE);
            let options = explicit::Options {
                bounds: *bounds,
                threads,
                interrupt,
                reduce,
                ..explicit::Options::default()
            };
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

//! The engines that are compared.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// An engine, or a way to run it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Engine {
    /// The explicit engine, all states
    Explicit,
    /// The explicit engine, with orders of steps left out from the first state on
    Reduced,
    /// SPIN without its reduction
    Spin,
    /// SPIN with its partial-order reduction and merging of statements
    SpinReduced,
    /// SPIN without its reduction, states compressed
    SpinCollapse,
    /// stateright, breadth first
    Stateright,
    /// loom, sequentially consistent
    Loom,
    /// shuttle, random schedules
    Shuttle,
}

impl Engine {
    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Engine::Explicit => "explicit",
            Engine::Reduced => "explicit, reduced",
            Engine::Spin => "SPIN -DNOREDUCE",
            Engine::SpinReduced => "SPIN, its reduction",
            Engine::SpinCollapse => "SPIN -DNOREDUCE -DCOLLAPSE",
            Engine::Stateright => "stateright",
            Engine::Loom => "loom",
            Engine::Shuttle => "shuttle",
        }
    }

    /// Whether it goes through all states and counts each once, so that it must count as many as any other such engine.
    pub(crate) fn counts_all(self) -> bool {
        matches!(self, Engine::Explicit | Engine::Spin | Engine::SpinCollapse | Engine::Stateright)
    }

    /// Whether it is SPIN, for which C is compiled.
    pub(crate) fn is_spin(self) -> bool {
        matches!(self, Engine::Spin | Engine::SpinReduced | Engine::SpinCollapse)
    }

    /// Whether it runs one execution after the other and knows no states.
    pub(crate) fn runs_executions(self) -> bool {
        matches!(self, Engine::Loom | Engine::Shuttle)
    }
}

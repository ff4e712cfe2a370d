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
    /// The explicit engine, all states, without rules and views: what the others are asked
    Bare,
    /// The same with orders of steps left out
    BareReduced,
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
            Engine::Bare => "explicit, bare",
            Engine::BareReduced => "explicit, bare and reduced",
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
        !self.leaves_out() && !self.runs_executions()
    }

    /// Whether it leaves out orders of steps that make no difference.
    pub(crate) fn leaves_out(self) -> bool {
        matches!(self, Engine::Reduced | Engine::BareReduced | Engine::SpinReduced)
    }

    /// Whether it is the explicit engine.
    pub(crate) fn is_explicit(self) -> bool {
        self.is_bare() || matches!(self, Engine::Explicit | Engine::Reduced)
    }

    /// Whether nothing is asked but how many states there are.
    pub(crate) fn is_bare(self) -> bool {
        matches!(self, Engine::Bare | Engine::BareReduced)
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

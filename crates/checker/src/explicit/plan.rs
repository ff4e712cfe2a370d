//! Which states a search goes through.

use super::reduce::Fault;

/// What to search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// All states.
    Plain,
    /// All states, up to so many: it ends after the level in which there are more, if nothing bad was found so far.
    Small(u64),
    /// The same, whatever is found.
    Few(u64),
    /// Those that a [`Reduction`](super::reduce::Reduction) leaves, as long as nothing bad is found.
    Reduced,
    /// The same, whatever is found; in tests with a fault in the reasoning.
    ReducedToTheEnd(Option<Fault>),
    /// The same, without those in [chains](super::reduce).
    Chains(Option<Fault>),
    /// Those in which [equal actors](super::symmetry) are in order, and of these
    Symmetric {
        /// so many,
        of: Steps,
        /// as long as nothing bad is found, or whatever is;
        to_the_end: bool,
        /// in tests with a fault in the reasoning.
        fault: Option<Fault>,
    },
    /// So many of all, of which not even [what tells one from others for certain](super::compact) is kept; in tests with a fault.
    Compact(Steps, Option<Fault>),
}

/// How many steps are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Steps {
    /// All.
    Every,
    /// Those that a reduction leaves.
    Reduced,
    /// The same, through states in chains.
    Chains,
}

impl Plan {
    /// Whether some steps are left out.
    pub(crate) fn is_reduced(self) -> bool {
        match self {
            Plan::Reduced | Plan::ReducedToTheEnd(_) | Plan::Chains(_) => true,
            Plan::Symmetric { of, .. } | Plan::Compact(of, _) => of != Steps::Every,
            Plan::Plain | Plan::Small(_) | Plan::Few(_) => false,
        }
    }

    /// Whether it ends where there are many states.
    pub(crate) fn is_small(self) -> bool {
        matches!(self, Plan::Small(_) | Plan::Few(_))
    }

    /// Whether it goes through states that it does not keep.
    pub(crate) fn has_chains(self) -> bool {
        matches!(
            self,
            Plan::Chains(_) | Plan::Symmetric { of: Steps::Chains, .. } | Plan::Compact(Steps::Chains, _)
        )
    }

    /// Whether equal actors are in order in all states that it keeps.
    pub(crate) fn is_symmetric(self) -> bool {
        matches!(self, Plan::Symmetric { .. })
    }

    /// Whether it keeps signatures of states.
    pub(crate) fn is_compact(self) -> bool {
        matches!(self, Plan::Compact(..))
    }

    /// What is left out of the reasoning, to see that it is missed.
    pub(crate) fn fault(self) -> Option<Fault> {
        match self {
            Plan::ReducedToTheEnd(fault) | Plan::Chains(fault) => fault,
            Plan::Symmetric { fault, .. } | Plan::Compact(_, fault) => fault,
            _ => None,
        }
    }
}

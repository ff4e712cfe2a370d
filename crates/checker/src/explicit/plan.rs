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
}

impl Plan {
    /// Whether some steps are left out.
    pub(crate) fn is_reduced(self) -> bool {
        matches!(self, Plan::Reduced | Plan::ReducedToTheEnd(_) | Plan::Chains(_))
    }

    /// Whether it ends where there are many states.
    pub(crate) fn is_small(self) -> bool {
        matches!(self, Plan::Small(_) | Plan::Few(_))
    }

    /// Whether it goes through states that it does not keep.
    pub(crate) fn has_chains(self) -> bool {
        matches!(self, Plan::Chains(_))
    }

    /// What is left out of the reasoning, to see that it is missed.
    pub(crate) fn fault(self) -> Option<Fault> {
        match self {
            Plan::ReducedToTheEnd(fault) | Plan::Chains(fault) => fault,
            _ => None,
        }
    }
}

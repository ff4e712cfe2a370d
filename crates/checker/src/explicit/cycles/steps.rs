//! The steps of the graph that is judged.

use std::sync::RwLockReadGuard;

use crate::explicit::expand::{Census, Expander, Successor};
use crate::explicit::key::Key;
use crate::explicit::limits::Halt;
use crate::explicit::prepared::Prepared;
use crate::explicit::reduce::{Chooser, Fault, Reduction, movers};
use crate::explicit::sets::Reduced;
use crate::explicit::visited::States;

/// Which steps are some of the graph.
pub(super) enum Steps<'a, const R: usize> {
    /// Every one, since all states were met.
    All,
    /// Those that lead to states which were met.
    Met(&'a States<R>),
    /// Those that a reduced search took which was not cut, also from states that it went through and did not keep.
    Taken(Box<Taken<'a, R>>),
}

pub(super) struct Taken<'a, const R: usize> {
    states: &'a States<R>,
    reduced: &'a Reduced,
    reduction: RwLockReadGuard<'a, Reduction>,
    chooser: Chooser,
    room: Vec<Successor<R>>,
}

impl<'a, const R: usize> Steps<'a, R> {
    pub(super) fn taken(prepared: &Prepared, states: &'a States<R>, reduced: &'a Reduced) -> Steps<'a, R> {
        let chooser = Chooser::new(prepared);
        let reduction = reduced.reduction();
        Steps::Taken(Box::new(Taken { states, reduced, reduction, chooser, room: Vec::new() }))
    }

    /// Whether every step of each state whose steps are known is one.
    pub(super) fn are_all(&self) -> bool {
        match self {
            Steps::All => true,
            Steps::Met(states) => states.every_step,
            Steps::Taken(_) => false,
        }
    }

    /// The steps of `movers`, one bit each, that `may` be some.
    #[inline]
    pub(super) fn by(
        &mut self,
        movers: u16,
        key: &Key<R>,
        expander: &mut Expander,
        out: &mut Vec<Successor<R>>,
        may: impl Fn(&Successor<R>) -> bool,
    ) -> Result<(), Halt> {
        let movers = match self {
            Steps::Taken(taken) => movers & taken.set(key, expander)?,
            _ => movers,
        };
        expander.expand_by(movers, key, out)?;
        out.retain(|next| may(next) && self.lead_to(&next.key));
        Ok(())
    }

    /// All steps, also to states that were not met, and how the actors stand.
    pub(super) fn with_census(
        &mut self,
        key: &Key<R>,
        expander: &mut Expander,
        out: &mut Vec<Successor<R>>,
    ) -> Result<Census, Halt> {
        let set = match self {
            Steps::Taken(taken) => taken.set(key, expander)?,
            _ => u16::MAX,
        };
        let census = expander.expand(key, out)?;
        if set != u16::MAX {
            out.retain(|next| set & (1 << next.actor) != 0);
        }
        Ok(census)
    }

    /// Whether a state was met that a step leads to.
    pub(super) fn lead_to(&self, key: &Key<R>) -> bool {
        match self {
            Steps::Met(states) => states.has(key),
            _ => true,
        }
    }
}

impl<const R: usize> Taken<'_, R> {
    /// The actors whose steps were taken.
    fn set(&mut self, key: &Key<R>, expander: &mut Expander) -> Result<u16, Halt> {
        // None of a state that was added.
        let taken = self.states.place(key).map_or(0, |(shard, state)| self.reduced.taken_in(shard, state));
        if taken != 0 {
            return Ok(movers(taken));
        }
        if self.reduction.lacks(Fault::Passed) {
            return Ok(0);
        }
        let (_, only) = self.chooser.only_step(&self.reduction, expander, key, &mut self.room)?;
        Ok(only.map_or(0, |only| 1 << only.actor))
    }
}

//! States from which one step leads on. A reduced search goes through them and keeps none of them (Behrmann, Larsen, Pelánek,
//! *To store or not to store*, CAV 2003).
//!
//! Such a state is looked at as any other one, each time that the search comes through it. It can do without the visited set,
//! as long as somebody on each way is kept: a chain ends in a state that is, after [`CHAIN_MAX`] steps at the latest.
//! Which set a state has depends on nothing but the state and what is known of what can follow it. So chains can be
//! walked again: from a state that is looked at again, since what follows it includes all that follows its chains, and by those
//! who ask later for what was not kept. And where they end can be remembered as long as nothing more is known
//! ([`Chains`]).

use std::sync::Arc;

use super::{Chooser, Reduction, Stand, movers};
use crate::explicit::expand::{Expander, Successor};
use crate::explicit::key::Key;
use crate::explicit::ledger::{Counted, Ledger};
use crate::explicit::limits::Halt;
use crate::explicit::visit::Visitor;
use crate::explicit::visited::mix;

/// Steps of a chain. Endless ones are cut by this: of an actor who goes round alone before that is known of him, or in the end.
pub(crate) const CHAIN_MAX: usize = 128;

impl Chooser {
    /// How the actors stand in a state, and the step that follows if it is the only one of its set. `out` is room to work in.
    #[inline]
    pub(crate) fn only_step<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        out: &mut Vec<Successor<R>>,
    ) -> Result<(Stand, Option<Successor<R>>), Halt> {
        let stand = self.look_at(reduction, expander, key);
        let set = self.choose(reduction, expander, (key, stand), (0, 0));
        let movers = movers(set) & stand.enabled;
        if movers.count_ones() != 1 {
            return Ok((stand, None));
        }
        expander.expand_by(movers, key, out)?;
        // Where nothing follows a step, others may have to move before it.
        let only = out.first().filter(|next| out.len() == 1 && !next.is_last());
        Ok((stand, only.copied()))
    }
}

/// One thread's walks through chains, with what it remembers of them: of states, in which one that is kept a chain ends from
/// there on. States that would be remembered at one place drive each other out.
pub(crate) struct Chains<const R: usize> {
    /// None, or a power of two.
    ends: Counted<End<R>>,
    walked: Vec<Key<R>>,
    room: Vec<Successor<R>>,
}

/// Where a chain ends.
#[derive(Clone, Copy)]
struct End<const R: usize> {
    from: Key<R>,
    to: Key<R>,
    /// The version of the reduction plus one; 0 where nothing is remembered.
    version: u32,
    steps: u16,
    /// Where the actor stands there whose step is the last one, where there is a step.
    by: u8,
}

impl<const R: usize> Default for End<R> {
    fn default() -> End<R> {
        End { from: [0; R], to: [0; R], version: 0, steps: 0, by: 0 }
    }
}

/// The most that one thread remembers: some 10 MB, where there are up to five actors.
const ENDS_MAX: usize = 1 << 18;
/// It takes one part in so many of what there is.
const PART: u64 = 32;

impl<const R: usize> Chains<R> {
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Chains<R> {
        Chains { ends: Counted::new(ledger), walked: Vec::new(), room: Vec::new() }
    }

    /// Remembers about so many, in a small part of this many bytes and where there is room; none of those before.
    pub(crate) fn fit(&mut self, states: usize, bytes_max: u64) {
        let most = (bytes_max / PART / size_of::<End<R>>() as u64).min(ENDS_MAX as u64) as usize;
        let len = if most == 0 { 0 } else { states.next_power_of_two().min(1 << most.ilog2()) };
        if len <= self.ends.len() {
            return;
        }
        let ledger = self.ends.ledger().clone();
        self.ends = Counted::new(&ledger);
        if let Ok(ends) = Counted::zeros(len, &ledger) {
            self.ends = ends;
        }
    }

    /// The state to keep where a step leads to a state: that one, or the one in which a chain ends. The step that leads there,
    /// and how many were taken after the one that was given.
    #[inline]
    pub(crate) fn follow(
        &mut self,
        chooser: &mut Chooser,
        reduction: &Reduction,
        visitor: &mut Visitor,
        step: Successor<R>,
    ) -> Result<(Successor<R>, usize), Halt> {
        let version = reduction.version() + 1;
        let mut next = step;
        self.walked.clear();
        while self.walked.len() < CHAIN_MAX {
            let end = self.ends.get(self.place(&next.key));
            if let Some(end) = end.filter(|end| end.version == version && end.from == next.key)
                && self.walked.len() + usize::from(end.steps) <= CHAIN_MAX
            {
                let steps = self.walked.len() + usize::from(end.steps);
                let at = if end.steps == 0 { next.at } else { end.by };
                let next = Successor { key: end.to, at, ..next };
                self.remember(&next, steps, version);
                return Ok((next, steps));
            }
            let (stand, only) =
                chooser.only_step(reduction, &mut visitor.expander, &next.key, &mut self.room)?;
            let Some(only) = only else {
                let steps = self.walked.len();
                self.walked.push(next.key);
                self.remember(&next, steps, version);
                return Ok((next, steps));
            };
            visitor.note(&next.key, stand.census, true)?;
            self.walked.push(next.key);
            next = only;
        }
        Ok((next, CHAIN_MAX))
    }

    fn place(&self, key: &Key<R>) -> usize {
        mix(key) as usize & self.ends.len().wrapping_sub(1)
    }

    /// Remembers of those that were walked that they lead here, the first one by so many steps.
    fn remember(&mut self, end: &Successor<R>, steps: usize, version: u32) {
        for at in 0..self.walked.len() {
            let from = self.walked[at];
            let place = self.place(&from);
            if let Some(known) = self.ends.get_mut(place) {
                let steps = (steps - at) as u16;
                *known = End { from, to: end.key, version, steps, by: end.at };
            }
        }
    }
}

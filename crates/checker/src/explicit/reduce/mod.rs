//! Partial-order reduction: of steps whose order changes nothing, one order is enough.
//!
//! In each state a *persistent set* of actors is looked for (Godefroid, LNCS 1032, 1996; Valmari's stubborn sets):
//! whatever the others do, as long as they alone move, touches nothing that the steps touch which those in the set
//! stand in front of, and frees none of them that waits. Then each run from there has an equivalent one that begins
//! with a step of the set, and only these are taken. What an actor may still touch is what the steps touch that can
//! follow in its automaton ([`Future`]), by bits of cells ([`Footprint`]).
//!
//! What is wanted of the reduced graph, and why it has it. Let `w` be a run of the plain graph from a state that
//! was met.
//! - *States at rest and deadlocks, with all of memory.* A set has an enabled step of an actor to whom fairness is
//!   owed. It stays enabled while only others move, and at rest and in a deadlock no such step is enabled: so `w`
//!   has a step of the set, and its first one can come first. (An adversary may always stay where it is, so that its
//!   step alone is no set.)
//! - *Every step with every result*, and so all reports, marks, demands and panics. Either `w` has a step of the set,
//!   or it goes on after one. That cannot be put off for ever: a step that begins a round of a loop is never in a
//!   set that leaves something out (a *sticky* step: Kurshan, Levin, Minea, Peled, Yenigün, TACAS 1998), and an
//!   automaton has no other way back ([`Link::goes_round`]). The same for a step after which nothing follows at all.
//! - *Properties over whole states.* Two writes to what a property looks at are a conflict: what it sees comes in
//!   the same order in all equivalent runs, and where none is in `w`, was there before. What it looks at is learned
//!   from it; a property that would look further in a state which was not met would look further in one that was,
//!   where it sees the same so far.
//! - *Fair runs without an end.* Each run that is owed to nobody has an equivalent one in the reduced graph, by
//!   the first two points, in which what actors wait for changes in the same order, since two writes to bits that
//!   somebody waits for together are a conflict: it is fair as well. (Peled, CAV 1993, and for what easily goes
//!   wrong on the fly Siegel, CAV 2019: here no condition depends on the order of the search.)
//!
//! Automata are unfolded as the search goes, so what is known of a future is too little at first. Sets are chosen
//! from what was known when their level began; in the end all that were chosen from less are looked at again,
//! until none has to grow. Nothing is unknown then: the first step of a run that leads out of what is unfolded is a
//! step of the unfolded automata itself, whose result would have been met.
//!
//! Only that *nothing* is wrong is taken from the reduced graph. Where anything is, or may be, the plain graph
//! is searched, so that schedules stay the shortest ones, and everything that is told is told from it.

mod footprint;
mod future;
mod groups;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::Prepared;
use super::expand::{Census, Expander, Successor};
use super::unfold::{PANICKED_FROM, Standing};
use super::visited::{Key, control_of, memory_of};
use footprint::Footprint;
use future::Future;
pub(crate) use groups::Looks;

/// What sets are chosen by. Threads read it; between levels it [grows](Reduction::grow).
pub(crate) struct Reduction {
    futures: Vec<Future>,
    looks: Arc<Looks>,
    extent: u32,
    /// The actors to whom fairness is owed, one bit each.
    fair: u16,
}

/// In a set of actors: the steps of all others were taken too, or there are none.
pub(crate) const WHOLE: u16 = 1 << 15;

impl Reduction {
    pub(crate) fn new(prepared: &Prepared, fair: u16) -> Reduction {
        let futures = (0..prepared.actors()).map(|_| Future::new()).collect();
        Reduction { futures, looks: Arc::new(Looks::new(&prepared.packing)), extent: 0, fair }
    }

    /// Learns what was unfolded and looked at meanwhile; whether that was anything.
    pub(crate) fn grow(&mut self, prepared: &Prepared) -> bool {
        let futures = self.futures.iter_mut().enumerate();
        let grown = futures.fold(false, |grown, (actor, future)| {
            future.grow(prepared, actor, &self.looks) || grown
        });
        let extent = self.looks.extent();
        let looked = std::mem::replace(&mut self.extent, extent) != extent;
        if looked {
            self.futures.iter_mut().for_each(|future| future.regroup(&self.looks));
        }
        grown || looked
    }

    /// What is looked at, for those who know whose memory it is.
    pub(crate) fn looks(&self) -> &Arc<Looks> {
        &self.looks
    }
}

/// One thread's means to choose sets.
pub(crate) struct Chooser {
    /// What the step of each actor touches.
    steps: Vec<Footprint>,
}

impl Chooser {
    pub(crate) fn new(prepared: &Prepared) -> Chooser {
        Chooser { steps: vec![Footprint::none(&prepared.packing); prepared.actors()] }
    }

    /// The actors whose steps are to be taken in a state, or [`WHOLE`] where that is everybody's. At least those
    /// in `taken`, which are not none but where a set was chosen before.
    pub(crate) fn choose<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        census: Census,
        successors: &[Successor<R>],
        taken: u16,
    ) -> u16 {
        let enabled = successors.iter().fold(0_u16, |enabled, next| enabled | 1 << next.actor);
        if enabled.count_ones() < 2 || enabled == taken {
            return WHOLE;
        }
        let mut sticky = 0;
        for next in successors {
            let actor = usize::from(next.actor);
            let node = &reduction.futures[actor].nodes[control_of(key, actor) as usize];
            if node.goes_round || control_of(&next.key, actor) >= PANICKED_FROM {
                sticky |= 1 << actor;
            }
        }
        if enabled & !sticky & reduction.fair == 0 {
            return WHOLE;
        }
        let in_the_way = self.in_the_way(reduction, expander, key, census, enabled);
        let fits = |set: &u16| set & sticky == 0 && *set != enabled;
        if taken != 0 {
            return Some(in_the_way.closed(taken) & enabled).filter(fits).unwrap_or(WHOLE);
        }
        let seeds = bits(enabled & reduction.fair & !sticky);
        let sets = seeds.map(|seed| in_the_way.closed(1 << seed) & enabled).filter(fits);
        // Of sets of one size the one with the last actors, the same for any number of threads.
        sets.min_by_key(|set| (set.count_ones(), std::cmp::Reverse(*set))).unwrap_or(WHOLE)
    }

    /// Who is in whose way in this state.
    fn in_the_way<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        census: Census,
        enabled: u16,
    ) -> InTheWay {
        let actors = self.steps.len();
        let packing = &expander.prepared().packing;
        let mut of = [0; ACTORS_MAX];
        for actor in 0..actors {
            let control = control_of(key, actor);
            if (enabled | census.blocked) & 1 << actor == 0 {
                continue;
            }
            let waits = enabled & 1 << actor == 0;
            if let Some(Standing::Pending(step)) = expander.standing(actor, control) {
                let action = step.action;
                let memory = expander.words(memory_of(key));
                self.steps[actor].here(&action, packing, memory);
            }
            let step = &mut self.steps[actor];
            let writes = step.writes.iter().any(|bits| *bits != 0);
            step.groups = if writes { reduction.futures[actor].nodes[control as usize].step.groups } else { 0 };
            for other in (0..actors).filter(|other| *other != actor) {
                let Some(node) = reduction.futures[other].nodes.get(control_of(key, other) as usize) else {
                    continue; // It is dead, and so is the state.
                };
                let is = if waits { step.is_opened_by(&node.future) } else { step.conflicts(&node.future) };
                of[actor] |= u16::from(is) << other;
            }
        }
        InTheWay(of)
    }
}

/// More than the engine has room for.
const ACTORS_MAX: usize = 12;

/// For each actor the others that can be in its way.
struct InTheWay([u16; ACTORS_MAX]);

impl InTheWay {
    /// The least set with these actors that nobody outside is in the way of.
    fn closed(&self, mut set: u16) -> u16 {
        loop {
            let more = bits(set).fold(set, |more, actor| more | self.0[actor]);
            if more == set {
                return set;
            }
            set = more;
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mut set: u16) -> impl Iterator<Item = usize> + Clone {
    std::iter::from_fn(move || {
        let number = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (number < 16).then_some(number)
    })
}

//! Partial-order reduction: of steps whose order changes nothing, one order is enough.
//!
//! In each state a *persistent set* of actors is looked for (Godefroid, LNCS 1032, 1996; Valmari's stubborn sets):
//! whatever the others do, as long as they alone move, touches nothing that the steps touch which those in the set
//! stand in front of, and frees none of them that waits. Then each run from there has an equivalent one that begins
//! with a step of the set, and only these are taken. What an actor may still touch is what the steps touch that can
//! follow in its automaton ([`Future`]), by bits of cells ([`Footprint`]); but nothing that comes after it waits for what
//! is not free and what nobody outside the set can free, such as a lock that one in the set holds.
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
//!   automaton has no other way back ([`Link::goes_round`](super::unfold::Link::goes_round)). The same for a step after which nothing follows at all.
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
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::expand::Expander;
use super::key::{Key, control_of, memory_of};
use super::looks::Looks;
use super::prepared::Prepared;
use super::unfold::Standing;
use footprint::Footprint;
use future::{Actor, Future, Guard, Guards};

/// What sets are chosen by. Threads read it; between levels it [grows](Reduction::grow).
pub(crate) struct Reduction {
    actors: Vec<Actor>,
    /// What actors wait for, a bit each; what is too much is no guard.
    guards: Vec<Guard>,
    looks: Arc<Looks>,
    extent: u32,
    /// What was looked at when it grew last.
    looked: Vec<u64>,
    /// The actors to whom fairness is owed, one bit each.
    fair: u16,
    /// How often it has grown.
    version: u32,
    /// What is left out of the reasoning, to see that it is missed.
    fault: Option<Fault>,
}

/// How far a reduction has grown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// How many control states and edges of each actor are known.
    pub(crate) known: Vec<(usize, usize)>,
    /// What was looked at then; nothing where it has not grown yet.
    looked: Vec<u64>,
    /// What is looked at.
    looks: Vec<u64>,
}

/// A part of the reasoning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A step that begins a round is in no set that leaves something out.
    Sticky,
    /// A set has a step of an actor to whom fairness is owed.
    Fair,
    /// Who frees somebody in the set that waits is in it.
    Opening,
    /// Who else opens a guard has opened it.
    Guards,
    /// Two writes to what somebody looks at are a conflict.
    Groups,
    /// What was chosen from too little is looked at again.
    Again,
}

/// In a set of actors: the steps of all others were taken too, or there are none.
pub(crate) const WHOLE: u16 = 1 << 15;

impl Reduction {
    pub(crate) fn new(prepared: &Prepared, fair: u16, fault: Option<Fault>) -> Reduction {
        let actors = (0..prepared.actors()).map(|_| Actor::new(prepared)).collect();
        let looks = Arc::new(Looks::new(&prepared.packing));
        Reduction {
            actors,
            guards: Vec::new(),
            looks,
            extent: 0,
            looked: Vec::new(),
            fair,
            version: 0,
            fault,
        }
    }

    /// Learns what was unfolded and looked at meanwhile; whether that was anything.
    pub(crate) fn grow(&mut self, prepared: &Prepared) -> bool {
        let actors = self.actors.iter_mut().enumerate();
        let grown =
            actors.fold(false, |grown, (number, actor)| actor.grow(prepared, number, &self.looks) || grown);
        let extent = self.looks.extent();
        if !grown && extent == self.extent {
            return false;
        }
        (self.extent, self.version) = (extent, self.version + 1);
        self.looked = self.looks.all();
        self.guards = self.actors.iter().flat_map(Actor::guards).collect();
        // The same ones, however many threads met them.
        self.guards.sort_unstable();
        self.guards.dedup();
        self.guards.truncate(Guards::BITS as usize);
        let lacks_groups = self.lacks(Fault::Groups);
        for actor in &mut self.actors {
            actor.number(&self.guards);
            if !lacks_groups {
                actor.regroup(&self.looks);
            }
        }
        !self.lacks(Fault::Again)
    }

    /// What it takes to have the same again.
    pub(crate) fn growth(&self) -> Growth {
        let known = self.actors.iter().map(Actor::known).collect();
        Growth { known, looked: self.looked.clone(), looks: self.looks.all() }
    }

    /// Grows as another one did, where models are unfolded as far as that one knew; whether it can have been one of these.
    pub(crate) fn grow_as(&mut self, growth: &Growth, prepared: &Prepared) -> bool {
        let fits = growth.looked.is_empty() || self.looks.add(&growth.looked);
        if !growth.looked.is_empty() {
            self.grow(prepared);
        }
        fits && self.looks.add(&growth.looks) && self.growth().known == growth.known
    }

    fn lacks(&self, part: Fault) -> bool {
        self.fault == Some(part)
    }

    /// What is looked at, for those who know whose memory it is.
    pub(crate) fn looks(&self) -> &Arc<Looks> {
        &self.looks
    }

    /// The groups of the bits that a step writes, where it writes any.
    fn groups_of(&self, actor: usize, node: u32, touched: &Footprint) -> u64 {
        match self.actors[actor].step(node) {
            Some(known) => footprint::groups(known),
            None if self.lacks(Fault::Groups) => 0,
            None => self.looks.of(footprint::writes(touched)),
        }
    }

    /// The guards that are shut in a memory.
    fn shut(&self, memory: &[u64]) -> Guards {
        let shut = self.guards.iter().enumerate().filter(|(_, (word, bits))| memory[*word] & bits != 0);
        shut.fold(0, |guards, (number, _)| guards | 1 << number)
    }

    /// The guards that somebody opens who touches this.
    fn opened(&self, touched: &Footprint) -> Guards {
        let writes = footprint::writes(touched);
        let guards = self.guards.iter().enumerate().filter(|(_, (word, bits))| writes[*word] & bits != 0);
        guards.fold(0, |opened, (number, _)| opened | 1 << number)
    }
}

/// One thread's means to choose sets.
pub(crate) struct Chooser {
    /// What the step of each actor touches in the state in hand.
    steps: Vec<Box<Footprint>>,
    futures: Futures,
}

/// What is touched from each control state on, by actor and guards that stay shut.
struct Futures {
    of: Vec<OfActor>,
    /// What these were worked out from.
    version: u32,
}

/// The futures of an actor.
#[derive(Default)]
struct OfActor {
    all: Vec<Future>,
    by_shut: FxHashMap<Guards, usize>,
    /// Which was asked for last: mostly it is again.
    last: usize,
}

impl OfActor {
    fn of(&mut self, shut: Guards) -> &mut Future {
        if self.all.get(self.last).is_none_or(|last| last.shut() != shut) {
            let OfActor { all, by_shut, .. } = self;
            self.last = *by_shut.entry(shut).or_insert_with(|| {
                all.push(Future::new(shut));
                all.len() - 1
            });
        }
        &mut self.all[self.last]
    }
}

impl Futures {
    /// What an actor touches from where it stands, as long as these guards stay shut, and the guards that it opens; none
    /// where nothing is known.
    fn from<const R: usize>(
        &mut self,
        here: &Here<R>,
        actor: usize,
        shut: Guards,
    ) -> Option<(&Footprint, Guards)> {
        let of = &here.reduction.actors[actor];
        let future = self.of[actor].of(of.own(shut));
        future.from(of, control_of(here.key, actor), |touched| here.reduction.opened(touched))
    }

    /// The guards that stay shut as long as only `others` move.
    fn stay_shut<const R: usize>(&mut self, here: &Here<R>, others: u16) -> Guards {
        let mut shut = here.shut;
        loop {
            let opened = bits(others.into()).fold(0, |opened, other| {
                opened | self.from(here, other, shut).map_or(0, |(_, opens)| opens & shut)
            });
            if opened == 0 || here.reduction.lacks(Fault::Guards) {
                return shut;
            }
            shut &= !opened;
        }
    }
}

/// A state, as sets are chosen for it.
struct Here<'a, const R: usize> {
    reduction: &'a Reduction,
    key: &'a Key<R>,
    /// The actors that can move, and those that wait, one bit each.
    enabled: u16,
    blocked: u16,
    /// The guards that are shut.
    shut: Guards,
}

impl Chooser {
    pub(crate) fn new(prepared: &Prepared) -> Chooser {
        let nothing = vec![0; footprint::len(&prepared.packing)].into_boxed_slice();
        let actors = prepared.actors();
        let of = (0..actors).map(|_| OfActor::default()).collect();
        Chooser { steps: vec![nothing; actors], futures: Futures { of, version: 0 } }
    }

    /// The actors whose steps are to be taken in a state, or [`WHOLE`] where that is everybody's. At least those
    /// in `taken`, which are not none but where a set was chosen before; after a step of one in `last` nothing follows.
    pub(crate) fn choose<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        (enabled, blocked): (u16, u16),
        (last, taken): (u16, u16),
    ) -> u16 {
        if enabled.count_ones() < 2 || enabled == taken {
            return WHOLE;
        }
        let goes_round = |actor: &usize| reduction.actors[*actor].goes_round(control_of(key, *actor));
        let mut sticky = bits(enabled.into()).filter(goes_round).fold(last, |all, actor| all | 1 << actor);
        if reduction.lacks(Fault::Sticky) {
            sticky = 0;
        }
        let fair = if reduction.lacks(Fault::Fair) { u16::MAX } else { reduction.fair };
        let seeds = enabled & !sticky & fair;
        if seeds == 0 || taken & sticky != 0 {
            return WHOLE;
        }
        if self.futures.version != reduction.version {
            self.futures.of.fill_with(OfActor::default);
            self.futures.version = reduction.version;
        }
        self.look_at_steps(reduction, expander, key, enabled | blocked);
        let shut = reduction.shut(expander.words(memory_of(key)));
        let here = Here { reduction, key, enabled, blocked, shut };
        let fits = |set: &u16| set & sticky == 0 && *set != enabled;
        if taken != 0 {
            return Some(self.closed(&here, taken) & enabled).filter(fits).unwrap_or(WHOLE);
        }
        // Of sets of one size the one with the last actors, the same for any number of threads.
        let mut least = None;
        for seed in (0..u16::BITS).rev().filter(|seed| seeds >> seed & 1 != 0) {
            let set = self.closed(&here, 1 << seed) & enabled;
            let order = |set: &u16| (set.count_ones(), std::cmp::Reverse(*set));
            least = least.into_iter().chain(Some(set).filter(fits)).min_by_key(order);
            if least.is_some_and(|set| set.count_ones() == 1) {
                break; // none is smaller, and those of earlier actors come later
            }
        }
        least.unwrap_or(WHOLE)
    }

    /// Sees what the steps of these actors touch.
    fn look_at_steps<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        actors: u16,
    ) {
        let packing = &expander.prepared().packing;
        for actor in bits(actors.into()) {
            let control = control_of(key, actor);
            let Some(Standing::Pending(step)) = expander.standing(actor, control) else { continue };
            let (action, touched) = (step.action, &mut self.steps[actor]);
            touched.fill(0);
            footprint::add_here(touched, &action, packing, expander.words(memory_of(key)));
            if footprint::writes(touched).iter().any(|bits| *bits != 0) {
                *footprint::groups_mut(touched) = reduction.groups_of(actor, control, touched);
            }
        }
    }

    /// The least set with these actors that nobody outside is in the way of.
    fn closed<const R: usize>(&mut self, here: &Here<R>, mut set: u16) -> u16 {
        let everybody = here.enabled | here.blocked;
        let lacks_opening = here.reduction.lacks(Fault::Opening);
        loop {
            let others = everybody & !set;
            let shut = self.futures.stay_shut(here, others);
            let mut more = 0;
            for other in bits(others.into()) {
                let Some((future, _)) = self.futures.from(here, other, shut) else { continue };
                let in_the_way = bits(set.into()).any(|actor| match here.enabled & 1 << actor {
                    0 => !lacks_opening && footprint::opens(&self.steps[actor], future),
                    _ => footprint::conflict(&self.steps[actor], future),
                });
                more |= u16::from(in_the_way) << other;
            }
            if more == 0 {
                return set;
            }
            set |= more;
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let number = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (number < 64).then_some(number)
    })
}

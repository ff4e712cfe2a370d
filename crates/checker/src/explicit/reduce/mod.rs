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
//!   the first two points. Is it fair as well? What somebody waits for who waits for ever must be free, again and again or
//!   for good, in both or in neither. Once he stands there, a step that changes what he waits for has him in its set, since
//!   he looks at it, and with him everybody else who may change it: so all this changes in the same order in both,
//!   but for the finitely many steps that came before. (Peled, CAV 1993, and for what easily goes
//!   wrong on the fly Siegel, CAV 2019: here no condition depends on the order of the search.)
//!
//! Automata are unfolded as the search goes, so what is known of a future is too little at first. Sets are chosen
//! from what was known when their level began; in the end all are looked at again from which anything can follow that was not
//! known then, until none has to grow. Nothing is unknown then: the first step of a run that leads out of what is unfolded is a
//! step of the unfolded automata itself, whose result would have been met.
//!
//! By all this the reduced graph has the same bad states, endings and marks as the plain one, and the same actors that go
//! round. Where somebody waits while others go round, and is freed nowhere on the way on from there, it can't tell whether he
//! waits for good: some of the steps that lead out of it lead on in the plain graph. (Where he is freed somewhere, he is in the
//! plain graph, too. And a part of the plain graph that nobody leaves, in which he waits, has a fair run; the equivalent one
//! stays in that part, too, from some state on, so that he is freed nowhere.)
//!
//! With [`Reduce::Order`](super::options::Reduce) only that *nothing* is wrong is taken from it. Where anything is, or may be,
//! the plain graph is searched, so that schedules stay the shortest ones, and everything that is told is told from it. With
//! `Reduce::Always` everything is told from the reduced graph but where somebody waits while others go round, and schedules are
//! the shortest of its states.
//!
//! `Reduce::Chains` does without those of its states from which one step leads on ([`Chains`]). The graph is the same, and so is all that
//! is told of it: such a state is looked at whenever the search comes through it, and cycles are judged with it.

mod chain;
mod chooser;
mod footprint;
mod future;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::{Key, control_of};
use super::looks::{Looks, groups_of};
use super::prepared::Prepared;
use super::unfold::PANICKED_FROM;
pub(crate) use chain::{CHAIN_MAX, Chains};
pub(crate) use chooser::{Chooser, Stand};
use footprint::Footprint;
use future::{Actor, Guard, Guards};

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
    /// And so is what follows, as far as it was not kept.
    Chains,
    /// Cycles go through states that were not kept.
    Passed,
}

impl Fault {
    #[cfg(test)]
    const ALL: [Fault; 8] = [
        Fault::Sticky,
        Fault::Fair,
        Fault::Opening,
        Fault::Guards,
        Fault::Groups,
        Fault::Again,
        Fault::Chains,
        Fault::Passed,
    ];
}

/// In a set of actors: the steps of all others were taken too, or there are none.
pub(crate) const WHOLE: u16 = 1 << 15;
/// In a set of actors: some of their steps led through states that are not kept.
pub(crate) const THROUGH: u16 = 1 << 14;

/// The actors whose steps were taken, one bit each, where this was noted of it.
pub(crate) fn movers(taken: u16) -> u16 {
    if taken & WHOLE == 0 { taken & !THROUGH } else { u16::MAX }
}

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
        let grown = actors.fold(false, |grown, (number, actor)| actor.grow(prepared, number) || grown);
        let extent = self.looks.extent();
        if !grown && extent == self.extent {
            return false;
        }
        (self.extent, self.version) = (extent, self.version + 1);
        self.looked = self.looks.all();
        let before = std::mem::take(&mut self.guards);
        self.guards = self.actors.iter().flat_map(Actor::guards).collect();
        // The same ones, however many threads met them.
        self.guards.sort_unstable();
        self.guards.dedup();
        self.guards.truncate(Guards::BITS as usize);
        if before.iter().any(|guard| self.guards.binary_search(guard).is_err()) {
            // What is no guard any more may be in the way of anybody.
            self.actors.iter_mut().for_each(Actor::change);
        }
        let lacks_groups = self.lacks(Fault::Groups);
        for actor in &mut self.actors {
            actor.number(&self.guards);
            if !lacks_groups {
                actor.regroup(&self.looked);
            }
            actor.mark(self.version);
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

    /// Whether this is left out of the reasoning.
    pub(crate) fn lacks(&self, part: Fault) -> bool {
        self.fault == Some(part)
    }

    /// How often it has grown.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// Whether a set that was chosen in a version is what it would be now: nothing changed since that can follow.
    pub(crate) fn is_as_in<const R: usize>(&self, version: u32, key: &Key<R>) -> bool {
        let mut actors = self.actors.iter().enumerate();
        actors.all(|(number, actor)| {
            let control = control_of(key, number);
            control >= PANICKED_FROM || actor.changed(control).is_some_and(|changed| changed <= version)
        })
    }

    /// What is looked at, for those who know whose memory it is.
    pub(crate) fn looks(&self) -> &Arc<Looks> {
        &self.looks
    }

    /// The groups of the bits that a step writes.
    fn groups_of(&self, touched: &Footprint) -> u64 {
        if self.lacks(Fault::Groups) { 0 } else { groups_of(footprint::writes(touched), &self.looked) }
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

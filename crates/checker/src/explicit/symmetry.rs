//! Equal actors: of states in which they have changed places, one is enough.
//!
//! Actors are equal where only their names tell them apart ([`scenario::Actor::equals`]). They have one automaton, they begin at its
//! beginning, and nobody is told who he is: if they change places in a state, whatever follows is the same with these places
//! changed, step by step (Clarke, Enders, Filkorn, Jha, *Formal Methods in System Design* 9, 1996; Ip and Dill, same volume). So
//! of such states a search keeps the one in which equal actors stand in the order of their control states ([`Sorter`]).
//!
//! What is wanted of it is only that *nothing* is wrong, and why it has that:
//! - *States at rest, deadlocks, properties over whole states, every step with every result.* A state and the one that is kept for it have
//!   one memory. Who looks at a state at rest is told what the actors returned, and is asked about all orders of that
//!   ([`Symmetry::orders`]).
//! - *Runs without an end.* Whether one is fair can't be told where actors change places. But as a path back to a state with places
//!   changed leads on, with places changed once more, and comes back to the state itself in the end, there is a way round
//!   in what is kept where there is one in all states, and only there: then everything is searched.
//! - *Orders of steps left out* ([`reduce`](super::reduce)). Which steps are enough is a question of the state in hand alone, and what a
//!   set asks for is the same with places changed (Emerson, Jha, Peled, TACAS 1997). A run that is followed is one of the kept state;
//!   nobody goes on without a round of a loop for ever, wherever he stands.
//!
//! Where anything is found, it is found once more without this: its names and schedules are those of actors who stay who they are.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;

use machine::Word;
use scenario::Actor;

use super::key::{Key, control_of, memory_of, moved};
use super::prepared::Prepared;
use super::unfold::PANICKED_FROM;

/// More actors than this are not taken as equal at once: that many words have 720 orders.
const EQUAL_MAX: usize = 6;

/// Which actors are equal.
pub(crate) struct Symmetry {
    /// Those that are: two at least.
    classes: Vec<Vec<usize>>,
    /// By actor: the number of its class, and its place there.
    places: Vec<Option<(usize, usize)>>,
    /// What is left out of the reasoning, to see that it is missed.
    fault: Option<Fault>,
}

/// A part of the reasoning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// All orders of returned words are asked for.
    Orders,
    /// Where anybody may go round, everything is searched.
    Rounds,
}

impl Symmetry {
    pub(crate) fn of(actors: &[Actor]) -> Symmetry {
        let mut classes: Vec<Vec<usize>> = Vec::new();
        for (number, actor) in actors.iter().enumerate() {
            let is_equal =
                |class: &&mut Vec<usize>| class.len() < EQUAL_MAX && actors[class[0]].equals(actor);
            match classes.iter_mut().find(is_equal) {
                Some(class) => class.push(number),
                None => classes.push(vec![number]),
            }
        }
        classes.retain(|class| class.len() > 1);
        let mut places = vec![None; actors.len()];
        for (number, class) in classes.iter().enumerate() {
            class.iter().enumerate().for_each(|(place, &actor)| places[actor] = Some((number, place)));
        }
        Symmetry { classes, places, fault: None }
    }

    /// Whether no actors are equal.
    pub(crate) fn none(&self) -> bool {
        self.classes.is_empty()
    }

    /// Whether this is left out of the reasoning.
    pub(crate) fn lacks(&self, part: Fault) -> bool {
        self.fault == Some(part)
    }

    /// What the actors can have returned where these words are what they returned in an order that was kept.
    pub(crate) fn orders(&self, returned: &[Word]) -> BTreeSet<Box<[Word]>> {
        let mut open: Vec<Box<[Word]>> = vec![returned.into()];
        let mut all = BTreeSet::from_iter(open.clone());
        while let Some(order) = open.pop().filter(|_| !self.lacks(Fault::Orders)) {
            // Every order comes of changes between neighbours.
            for pair in self.classes.iter().flat_map(|class| class.windows(2)) {
                let mut other = order.clone();
                other.swap(pair[0], pair[1]);
                if all.insert(other.clone()) {
                    open.push(other);
                }
            }
        }
        all
    }
}

/// One thread's means to put equal actors in order.
///
/// Control states are in the order of what led to them, since their numbers depend on the threads: which state is kept must not, where
/// steps are left out.
pub(crate) struct Sorter<'a> {
    prepared: &'a Prepared,
    /// By class and control state: its place in the order; 0 where nobody asked yet.
    ranks: Vec<Vec<u64>>,
}

impl<'a> Sorter<'a> {
    pub(crate) fn new(prepared: &'a Prepared) -> Sorter<'a> {
        Sorter { prepared, ranks: prepared.symmetry.classes.iter().map(|_| Vec::new()).collect() }
    }

    /// The state to keep where an actor moved in a state that was kept, and the place at which it stands there.
    #[inline]
    pub(crate) fn sorted<const R: usize>(&mut self, key: &Key<R>, actor: usize) -> (Key<R>, usize) {
        let symmetry = &self.prepared.symmetry;
        let Some((number, mut place)) = symmetry.places[actor] else { return (*key, actor) };
        let class = &symmetry.classes[number];
        let (mut key, memory, control) = (*key, memory_of(key), control_of(key, actor));
        let rank = self.rank(number, control);
        while place > 0
            && let before = control_of(&key, class[place - 1])
            && self.rank(number, before) > rank
        {
            key = moved(&key, class[place], before, memory);
            place -= 1;
        }
        while let Some(&next) = class.get(place + 1)
            && let after = control_of(&key, next)
            && self.rank(number, after) < rank
        {
            key = moved(&key, class[place], after, memory);
            place += 1;
        }
        (moved(&key, class[place], control, memory), class[place])
    }

    /// Where a control state comes in the order.
    #[inline]
    fn rank(&mut self, class: usize, control: u32) -> (u64, u32) {
        match self.ranks[class].get(control as usize) {
            Some(&rank) if rank != 0 => (rank, control),
            _ => (self.ask(class, control), control),
        }
    }

    #[cold]
    fn ask(&mut self, class: usize, control: u32) -> u64 {
        let actor = self.prepared.symmetry.classes[class][0];
        let rank = self.prepared.automata[actor].node(control).rank().max(1);
        if control >= PANICKED_FROM {
            return rank; // once in a search, mostly, and far from all others
        }
        let ranks = &mut self.ranks[class];
        if ranks.len() <= control as usize {
            ranks.resize(control as usize + 1, 0);
        }
        ranks[control as usize] = rank;
        rank
    }
}

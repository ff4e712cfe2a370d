//! The sets of actors that a reduced search chose, by state.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use super::key::SHARDS;
use super::ledger::{Counted, Full, Ledger};
use super::prepared::Prepared;
use super::reduce::{Fault, Growth, Reduction};
use super::visited::lock;

/// How far the sets of a reduced search go.
#[derive(Clone, Copy)]
pub(crate) struct Sets {
    /// Of each shard how many states, from the first on, have sets that were chosen from less than is known.
    pub(crate) stale: [usize; SHARDS],
    /// How many states there were when the reduction grew last.
    pub(crate) grown: u64,
}

impl Default for Sets {
    fn default() -> Sets {
        Sets { stale: [0; SHARDS], grown: 0 }
    }
}

/// What a reduced search knows of its states.
pub(crate) struct Reduced {
    reduction: RwLock<Reduction>,
    /// The actors whose steps were taken, by shard and state: [`WHOLE`](super::reduce::WHOLE) where all were, and whether some
    /// led [`THROUGH`](super::reduce::THROUGH) others.
    taken: Vec<Mutex<Counted<u16>>>,
    /// The sets that the level at hand made larger, as they were before, by shard and state: to undo it.
    before: Vec<Mutex<Counted<(u32, u16)>>>,
    /// Since when sets are chosen by what is known now, and by what was known before.
    versions: RwLock<Vec<Since>>,
}

/// A version of the reduction, and of each shard the first state whose set was chosen in it or in a later one.
struct Since {
    version: u32,
    starts: [usize; SHARDS],
}

impl Reduced {
    pub(crate) fn new(prepared: &Prepared, fair: u16, fault: Option<Fault>, ledger: &Arc<Ledger>) -> Reduced {
        Reduced {
            reduction: RwLock::new(Reduction::new(prepared, fair, fault)),
            taken: (0..SHARDS).map(|_| Mutex::new(Counted::new(ledger))).collect(),
            before: (0..SHARDS).map(|_| Mutex::new(Counted::new(ledger))).collect(),
            versions: RwLock::default(),
        }
    }

    /// What sets are chosen by.
    pub(crate) fn reduction(&self) -> RwLockReadGuard<'_, Reduction> {
        self.reduction.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, as long as nobody else has it.
    pub(crate) fn reduction_mut(&mut self) -> &mut Reduction {
        self.reduction.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with these sets, by shard.
    pub(crate) fn restore(&mut self, taken: Vec<Counted<u16>>) {
        self.taken = taken.into_iter().map(Mutex::new).collect();
    }

    /// What a checkpoint has of it: what a level did that was begun is undone.
    pub(crate) fn has(&self) -> (Growth, Vec<MutexGuard<'_, Counted<u16>>>) {
        let mut all = Vec::with_capacity(SHARDS);
        for (taken, before) in self.taken.iter().zip(&self.before) {
            let (mut taken, mut before) = (lock(taken), lock(before));
            for &(state, set) in before.iter() {
                taken[state as usize] = set;
            }
            before.clear();
            all.push(taken);
        }
        (self.reduction().growth(), all)
    }

    /// A level begins: the one before it is not undone.
    pub(crate) fn begin_level(&self) {
        self.before.iter().for_each(|before| lock(before).clear());
    }

    /// Learns what was unfolded and looked at meanwhile; whether sets were chosen from less. Of each shard, the next set
    /// is that of the state in `starts`.
    pub(crate) fn grow(&self, prepared: &Prepared, starts: [usize; SHARDS]) -> bool {
        let mut reduction = self.reduction.write().unwrap_or_else(PoisonError::into_inner);
        let has_less = reduction.grow(prepared);
        let version = reduction.version();
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        if versions.last().is_none_or(|last| last.version != version) {
            versions.push(Since { version, starts });
        }
        has_less
    }

    /// All sets were looked at again, and are now what is known asks for.
    pub(crate) fn looked_again(&self) {
        let version = self.reduction().version();
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        *versions = vec![Since { version, starts: [0; SHARDS] }];
    }

    /// The version in which, or after which, the set of this state was chosen, and of all later ones of its shard; 0 where that
    /// is not known.
    pub(crate) fn chosen_in(&self, shard: usize, state: usize) -> u32 {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        versions.iter().rev().find(|since| since.starts[shard] <= state).map_or(0, |since| since.version)
    }

    /// Looks up whose steps were taken in these states of a shard: nobody's where none was chosen yet.
    pub(crate) fn taken(&self, shard: usize, states: &Range<usize>, into: &mut Vec<u16>) {
        into.clear();
        let all = lock(&self.taken[shard]);
        into.extend(states.clone().map_while(|number| all.get(number).copied()));
        into.resize(states.len(), 0);
    }

    /// Whose steps were taken in a state of a shard: nobody's where none was chosen.
    pub(crate) fn taken_in(&self, shard: usize, state: usize) -> u16 {
        lock(&self.taken[shard]).get(state).copied().unwrap_or(0)
    }

    /// Notes whose steps were taken in these states of a shard.
    pub(crate) fn take(&self, shard: usize, states: Range<usize>, taken: &[u16]) -> Result<(), Full> {
        let mut all = lock(&self.taken[shard]);
        if all.len() < states.end {
            all.stretch(states.end)?;
        }
        for (number, &set) in states.zip(taken) {
            let old = all[number];
            if old != 0 && old != set {
                lock(&self.before[shard]).push((number as u32, old))?;
            }
            all[number] = set;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explicit::common::counter;

    #[test]
    fn a_level_that_was_begun_is_undone_and_one_before_it_is_not() {
        let prepared = Prepared::new(&counter(2, 2)).expect("it can be searched");
        let ledger = Arc::new(Ledger::new(1 << 20));
        let sets = Reduced::new(&prepared, 3, None, &ledger);
        let of_3 = |sets: &Reduced| sets.has().1[3].to_vec();
        sets.take(3, 0..3, &[1, 2, 1]).expect("room");
        assert_eq!(of_3(&sets), [1, 2, 1], "what was chosen first is left out by who writes");
        sets.take(3, 0..3, &[1, 3, 1]).expect("room");
        sets.begin_level();
        sets.take(3, 1..3, &[3, 3]).expect("room");
        sets.take(3, 0..1, &[3]).expect("room");
        assert_eq!(of_3(&sets), [1, 3, 1]);
        assert_eq!(of_3(&sets), [1, 3, 1], "once");
    }
}

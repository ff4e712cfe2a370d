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
    /// The actors whose steps were taken, by shard and state: [`WHOLE`](super::reduce::WHOLE) where all were.
    taken: Vec<Mutex<Counted<u16>>>,
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
        let taken = (0..SHARDS).map(|_| Mutex::new(Counted::new(ledger))).collect();
        Reduced {
            reduction: RwLock::new(Reduction::new(prepared, fair, fault)),
            taken,
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

    /// What a checkpoint has of it.
    pub(crate) fn has(&self) -> (Growth, Vec<MutexGuard<'_, Counted<u16>>>) {
        (self.reduction().growth(), self.taken.iter().map(lock).collect())
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

    /// Notes whose steps were taken in these states of a shard.
    pub(crate) fn take(&self, shard: usize, states: Range<usize>, taken: &[u16]) -> Result<(), Full> {
        let mut all = lock(&self.taken[shard]);
        if all.len() < states.end {
            all.stretch(states.end)?;
        }
        all[states].copy_from_slice(taken);
        Ok(())
    }
}

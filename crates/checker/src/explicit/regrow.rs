//! The states that a reduced search went through, added to those that it kept.
//!
//! A search that found nothing does without them. Where something was found, they are wanted by those who look for ways there.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::expand::{Expander, Successor};
use super::findings::Findings;
use super::key::{Key, SHARDS, home, memory_of};
use super::limits::{Halt, Limits};
use super::memories::Memories;
use super::prepared::Prepared;
use super::reduce::{CHAIN_MAX, Chooser, Reduction, movers};
use super::search::Searched;
use super::sets::Reduced;
use super::team::on_threads;
use super::visited::{Shard, States, lock, mix};

/// States that one thread takes at a time.
const PIECE: usize = 256;

/// Adds to the states of a search all those that its steps lead through. Where there is no room or time, some are added, and there is
/// room left to look for ways through these.
pub(crate) fn regrow<const R: usize>(
    prepared: &Prepared,
    searched: &mut Searched<R>,
    memories: &Memories,
    limits: &Limits,
) -> Result<(), Halt> {
    let Some(reduced) = searched.reduced.as_ref().filter(|_| searched.has_chains) else { return Ok(()) };
    let every_step = searched.states.every_step;
    let shards: Vec<_> = searched.states.take_shards().into_iter().map(Mutex::new).collect();
    let kept: Vec<usize> = shards.iter().map(|shard| lock(shard).len()).collect();
    let pieces = (0..SHARDS).flat_map(|shard| (0..kept[shard]).step_by(PIECE).map(move |from| (shard, from)));
    let pieces: Vec<(usize, usize)> = pieces.collect();
    let next = AtomicUsize::new(0);
    let states = AtomicU64::new(kept.iter().map(|&kept| kept as u64).sum());
    let findings = Findings::new(&limits.ledger);
    let threads = if pieces.len() > SHARDS { limits.options.threads.max(1) } else { 1 };
    let done = on_threads(threads, || {
        let reduction = &*reduced.reduction();
        let mut walker = Walker {
            reduction,
            chooser: Chooser::new(prepared),
            expander: Expander::new(prepared, memories, &findings, searched.effects.clone()),
            shards: &shards,
            states: &states,
            room: Vec::new(),
        };
        let mut done = Ok(());
        while let Some(&(shard, from)) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let states = from..kept[shard].min(from + PIECE);
            done = limits.patience().and_then(|()| walker.piece(reduced, shard, states));
            // Who looks for ways needs room, too.
            limits.keep_room(walker.states.load(Ordering::Relaxed));
            if done.is_err() {
                // Nor need the others go on.
                next.store(pieces.len(), Ordering::Relaxed);
                break;
            }
        }
        done
    });
    let shards = shards.into_iter().map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner));
    searched.states = States::new(shards.collect(), every_step);
    let failed: Vec<Halt> = done.into_iter().filter_map(Result::err).collect();
    searched.has_chains = !failed.is_empty();
    let broken = |halt: &Halt| matches!(halt, Halt::Broken(_));
    let first = failed.iter().position(broken).unwrap_or(0);
    failed.into_iter().nth(first).map_or(Ok(()), Err)
}

/// One thread's means to walk chains again.
struct Walker<'a, const R: usize> {
    reduction: &'a Reduction,
    chooser: Chooser,
    expander: Expander<'a>,
    shards: &'a [Mutex<Shard<R>>],
    /// How many there are.
    states: &'a AtomicU64,
    room: Vec<Successor<R>>,
}

impl<const R: usize> Walker<'_, R> {
    fn piece(&mut self, reduced: &Reduced, shard: usize, states: std::ops::Range<usize>) -> Result<(), Halt> {
        let mut taken = Vec::new();
        reduced.taken(shard, &states, &mut taken);
        let keys: Vec<Key<R>> = {
            let shard = lock(&self.shards[shard]);
            states.map(|state| shard.get(state)).collect()
        };
        let mut successors = Vec::new();
        for (key, set) in keys.iter().zip(taken) {
            self.expander.expand_by(movers(set), key, &mut successors)?;
            for next in &successors {
                self.chain(next.key)?;
            }
        }
        Ok(())
    }

    /// Adds a state and those that follow it, to the first one that is there: in a search that was cut there may be none.
    fn chain(&mut self, mut key: Key<R>) -> Result<(), Halt> {
        for _ in 0..=CHAIN_MAX {
            {
                let mut shard = lock(&self.shards[home(memory_of(&key))]);
                let number = shard.len();
                if shard.insert(&key, mix(&key))? < number {
                    return Ok(());
                }
            }
            self.states.fetch_add(1, Ordering::Relaxed);
            let (_, only) =
                self.chooser.only_step(self.reduction, &mut self.expander, &key, &mut self.room)?;
            let Some(next) = only else { break };
            key = next.key;
        }
        Ok(())
    }
}

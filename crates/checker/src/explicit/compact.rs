//! A compact visited set: of each state 32 bits, so that some may be taken for others and missed, and how likely that is.
//!
//! Of a state that was met a signature is kept, in one table of slots that is as large as it will ever be (Wolper, Leroy, CAV 1993;
//! Stern, Dill, CHARME 1995); whole are only the states of the level at hand and of the next one. Where a state is looked up
//! says nothing of its signature, so a new one is taken for any other one beside which it is looked up with a probability of one in
//! as many as there are signatures. That bounds two things ([`Odds`]):
//! - *Any state is missed.* As long as none is, each new one is inserted, beside so many others: the sum of these is counted.
//! - *One state is missed*, such as one that is bad. As long as none is missed on one of its shortest ways, which has a state in each
//!   level, it is not: how many each of these is looked up beside is expected of how full the table is by then (Knuth, *The Art of
//!   Computer Programming* 3, 6.4, on linear probing; Stern, Dill, FORTE 1996, on the shortest way).
//!
//! What a search of this kind finds is there. What it doesn't find may be there: it is no verdict, and says so.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use xxhash_rust::xxh3::xxh3_64;

use super::key::{Key, SHARDS};
use super::ledger::{Counted, Full, Held, Ledger};
use super::visited::{Apart, Arrival, lock};

/// The bits of a signature.
pub(crate) const SIGNATURE_BITS: u32 = 32;
/// The part of the memory that the table gets, in fifths: the others are for levels, memories and models.
const FIFTHS: u64 = 3;
/// How full the table may get, in tenths.
const TENTHS: u64 = 9;
/// States that are looked up at a time.
const LOOK_AHEAD: usize = 64;
/// Words that a key may have.
const WORDS_MAX: usize = 8;

/// How likely states were missed, at most.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(crate) struct Odds {
    /// That any was.
    pub(crate) any: f64,
    /// That one that was there to be found was.
    pub(crate) one: f64,
}

/// The signatures of all states that were met, and the states of two levels.
pub(crate) struct Compact<const R: usize> {
    slots: Vec<AtomicU32>,
    _held: Held,
    /// How many signatures there are.
    signatures: u32,
    /// Slots that are taken, or promised to who inserts now.
    taken: Apart<AtomicU64>,
    /// Slots of others that new states were looked up beside.
    beside: Apart<AtomicU64>,
    /// The sum, over the levels that are done, of what one state of each is expected to be looked up beside.
    expected: Mutex<f64>,
    levels: Vec<Mutex<Levels<R>>>,
}

/// States of one shard.
struct Levels<const R: usize> {
    now: Counted<Key<R>>,
    next: Counted<Key<R>>,
}

/// Where a state is looked up first, and its signature.
#[derive(Clone, Copy, Default)]
struct Sign {
    at: usize,
    signature: u32,
}

impl<const R: usize> Compact<R> {
    /// An empty set of signatures of so many bits, 32 at most, with its part of the memory that is free.
    pub(crate) fn new(bits: u32, ledger: &Arc<Ledger>) -> Result<Compact<R>, Full> {
        let bytes = ledger.free() / 5 * FIFTHS;
        let slots = (bytes / size_of::<AtomicU32>() as u64).min(u64::from(u32::MAX));
        Compact::with_slots(bits, slots as usize, ledger)
    }

    fn with_slots(bits: u32, len: usize, ledger: &Arc<Ledger>) -> Result<Compact<R>, Full> {
        let mut held = Held::new(ledger);
        held.take(len * size_of::<AtomicU32>())?;
        let level = || Levels { now: Counted::new(ledger), next: Counted::new(ledger) };
        Ok(Compact {
            slots: std::iter::repeat_with(AtomicU32::default).take(len).collect(),
            _held: held,
            signatures: u32::MAX >> (u32::BITS - bits),
            taken: Apart(AtomicU64::new(0)),
            beside: Apart(AtomicU64::new(0)),
            expected: Mutex::new(0.0),
            levels: (0..SHARDS).map(|_| Mutex::new(level())).collect(),
        })
    }

    /// Begins the next level: the numbers of its states, by shard. Those of the level before are forgotten.
    pub(crate) fn next_level(&self) -> Vec<Range<usize>> {
        let load = self.taken.0.load(Ordering::Relaxed) as f64 / self.slots.len() as f64;
        *lock(&self.expected) += ((1.0 - load).powi(-2) - 1.0) / 2.0;
        let next = |levels: &Mutex<Levels<R>>| {
            let Levels { now, next } = &mut *lock(levels);
            std::mem::swap(now, next);
            next.clear();
            0..now.len()
        };
        self.levels.iter().map(next).collect()
    }

    /// Reads states of the level at hand.
    pub(crate) fn read(&self, shard: usize, states: Range<usize>, into: &mut Vec<Key<R>>) {
        into.extend_from_slice(&lock(&self.levels[shard]).now[states]);
    }

    /// Adds those of these states of a shard that are new, as far as is known, to the next level; how many are.
    pub(crate) fn insert(&self, shard: usize, states: &[Arrival<R>]) -> Result<u64, Full> {
        // Equal states are of one shard, so that nobody else inserts one of them meanwhile.
        let next = &mut lock(&self.levels[shard]).next;
        let most = self.slots.len() as u64 / 10 * TENTHS;
        let mut all = 0;
        for states in states.chunks(LOOK_AHEAD) {
            let promised = states.len() as u64;
            if self.taken.0.fetch_add(promised, Ordering::Relaxed) + promised > most {
                self.taken.0.fetch_sub(promised, Ordering::Relaxed);
                return Err(Full::Bytes);
            }
            let (new, done) = self.insert_some(states, next);
            self.taken.0.fetch_sub(promised - new, Ordering::Relaxed);
            all += new;
            done?;
        }
        Ok(all)
    }

    /// Adds those that are new, of few; how many are, also where there is no room for all.
    fn insert_some(&self, states: &[Arrival<R>], next: &mut Counted<Key<R>>) -> (u64, Result<(), Full>) {
        if let Err(full) = next.reserve(states.len()) {
            return (0, Err(full));
        }
        // All slots are read without waiting for one before the next.
        let mut signs = [Sign::default(); LOOK_AHEAD];
        let slots = signs.iter_mut().zip(states).fold(0, |sum, (sign, state)| {
            *sign = self.sign(&state.key);
            sum ^ self.slots[sign.at].load(Ordering::Relaxed)
        });
        std::hint::black_box(slots);
        let (mut new, mut beside, mut done) = (0, 0, Ok(()));
        for (sign, state) in signs.iter().zip(states) {
            if let Some(others) = self.add(*sign) {
                done = done.and(next.push(state.key));
                new += 1;
                beside += others;
            }
        }
        self.beside.0.fetch_add(beside, Ordering::Relaxed);
        (new, done)
    }

    #[inline]
    fn sign(&self, key: &Key<R>) -> Sign {
        const { assert!(R <= WORDS_MAX, "a key has room") };
        let mut bytes = [0; WORDS_MAX * size_of::<u64>()];
        for (word, bytes) in key.iter().zip(bytes.chunks_exact_mut(size_of::<u64>())) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let hash = xxh3_64(&bytes[..R * size_of::<u64>()]);
        // A slot that is free is 0.
        let (high, low) = (hash >> 32, hash & u64::from(u32::MAX));
        let at = ((high * self.slots.len() as u64) >> 32) as usize;
        Sign { at, signature: ((low * u64::from(self.signatures)) >> 32) as u32 + 1 }
    }

    /// Adds a signature where there is no such one; beside how many others it was looked up then.
    #[inline]
    fn add(&self, Sign { mut at, signature }: Sign) -> Option<u64> {
        let mut beside = 0;
        loop {
            let slot = &self.slots[at];
            let mut found = slot.load(Ordering::Relaxed);
            if found == 0 {
                match slot.compare_exchange(0, signature, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return Some(beside),
                    Err(other) => found = other,
                }
            }
            if found == signature {
                return None;
            }
            beside += 1;
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }

    /// Forgets everything, as long as nobody inserts.
    pub(crate) fn clear(&self) {
        self.slots.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
        self.taken.0.store(0, Ordering::Relaxed);
        self.beside.0.store(0, Ordering::Relaxed);
        *lock(&self.expected) = 0.0;
        for levels in &self.levels {
            let Levels { now, next } = &mut *lock(levels);
            now.clear();
            next.clear();
        }
    }

    /// How likely states were missed.
    pub(crate) fn odds(&self) -> Odds {
        let odds = |beside: f64| (beside / f64::from(self.signatures)).min(1.0);
        Odds { any: odds(self.beside.0.load(Ordering::Relaxed) as f64), one: odds(*lock(&self.expected)) }
    }
}

//! Distinct rows of words, numbered.
//!
//! They are looked up much more often than they are new, and by all threads. So what is there stays where it is
//! and is read without a lock; only who adds one locks its shard.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::key::{SHARD_BITS, SHARDS, home};
use super::ledger::{Full, Held, Ledger};
use super::visited::{Apart, hashed, lock, mix, slot};

/// Rows in the first chunk of a shard; each further one has twice as many as the one before.
const FIRST: usize = 8;
/// Slots of the first table of a shard; each further one has twice as many as the one before.
const SLOTS: usize = 16;
/// How the bits of a slot are used: more than enough of them are a number's.
const SLOT: slot::Form = slot::Form::new(u32::BITS, u32::BITS - SHARD_BITS);
/// Enough for all numbers of a shard.
const SIZES: usize = 20;

/// Distinct rows of as many words, by number.
pub(crate) struct Distinct {
    shards: Vec<Shard>,
    width: usize,
    most: usize,
}

#[repr(align(128))]
struct Shard {
    /// The table in use. Earlier ones are left to who still reads them.
    used: AtomicUsize,
    /// Numbers by hash, in slots as [`slot`] makes them.
    tables: [OnceLock<Box<[AtomicU32]>>; SIZES],
    /// The words.
    chunks: [OnceLock<Box<[AtomicU64]>>; SIZES],
    adding: Apart<Mutex<Adding>>,
}

struct Adding {
    len: usize,
    held: Held,
}

impl Distinct {
    /// No rows, of so many words each, with numbers for `most` in a shard.
    pub(crate) fn new(width: usize, most: usize, ledger: &Arc<Ledger>) -> Distinct {
        let shard = |_| Shard {
            used: AtomicUsize::new(0),
            tables: Default::default(),
            chunks: Default::default(),
            adding: Apart(Mutex::new(Adding { len: 0, held: Held::new(ledger) })),
        };
        Distinct { shards: (0..SHARDS).map(shard).collect(), width, most }
    }

    /// The number of a row in the shard that it belongs to, and whether it is new.
    #[inline]
    pub(crate) fn number(&self, shard: usize, words: &[u64]) -> Result<(u32, bool), Full> {
        let (hash, at) = (mix(words), &self.shards[shard]);
        let number_of = |local| number_at(shard, local);
        if let Ok(local) = at.find(hash, words) {
            return Ok((number_of(local), false));
        }
        let mut adding = lock(&at.adding.0);
        match at.find(hash, words) {
            Ok(local) => Ok((number_of(local), false)),
            Err(_) if adding.len >= self.most => Err(Full::Numbers("memories")),
            Err(free) => Ok((number_of(at.add(&mut adding, hash, words, free)?), true)),
        }
    }

    /// How many there are in each shard.
    pub(crate) fn lens(&self) -> Vec<usize> {
        self.shards.iter().map(|shard| lock(&shard.adding.0).len).collect()
    }

    /// Copies a row by its number. Whoever has the number has it from one who saw the words written.
    #[inline]
    pub(crate) fn read(&self, number: u32, into: &mut [u64]) {
        let words = self.shards[home(number)].words(number as usize >> SHARD_BITS, self.width);
        for (word, from) in into.iter_mut().zip(words) {
            *word = from.load(Ordering::Relaxed);
        }
    }
}

/// The number of a row by its shard and its place in it.
pub(crate) fn number_at(shard: usize, local: usize) -> u32 {
    (local << SHARD_BITS | shard) as u32
}

/// The chunk that a row is in, and its place there.
#[inline]
fn place(local: usize) -> (usize, usize) {
    let chunk = (local / FIRST + 1).ilog2() as usize;
    (chunk, local + FIRST - (FIRST << chunk))
}

impl Shard {
    /// The words of a row that is there.
    #[inline]
    fn words(&self, local: usize, width: usize) -> &[AtomicU64] {
        let (chunk, at) = place(local);
        let words: &[AtomicU64] = self.chunks[chunk].get().map_or(&[], |words| words);
        &words[at * width..(at + 1) * width]
    }

    /// The number of a row, or the free slot where it belongs. In vain, if it is being added.
    #[inline]
    fn find(&self, hash: u64, row: &[u64]) -> Result<usize, usize> {
        let Some(table) = self.tables[self.used.load(Ordering::Acquire)].get() else { return Err(0) };
        // What was written before the slot can be read after it.
        let slot = |at: usize| table[at].load(Ordering::Acquire);
        SLOT.find(table.len(), hash, slot, |local| {
            let words = self.words(local, row.len());
            words.iter().zip(row).all(|(one, other)| one.load(Ordering::Relaxed) == *other)
        })
    }

    /// Adds a row that is new; its number.
    #[cold]
    fn add(&self, adding: &mut Adding, hash: u64, row: &[u64], free: usize) -> Result<usize, Full> {
        let (local, width) = (adding.len, row.len());
        let (chunk, at) = place(local);
        if self.chunks[chunk].get().is_none() {
            let words = (FIRST << chunk) * width;
            adding.held.take(words * size_of::<AtomicU64>())?;
            self.chunks[chunk].get_or_init(|| (0..words).map(|_| AtomicU64::new(0)).collect());
        }
        let free = if self.is_full(local) { self.grow(adding, width, hash)? } else { free };
        let words = self.chunks[chunk].get().map_or(&[][..], |words| &words[at * width..(at + 1) * width]);
        for (word, from) in words.iter().zip(row) {
            word.store(*from, Ordering::Relaxed);
        }
        if let Some(table) = self.tables[self.used.load(Ordering::Relaxed)].get() {
            table[free].store(SLOT.of(hash, local), Ordering::Release);
        }
        adding.len += 1;
        Ok(local)
    }

    fn is_full(&self, len: usize) -> bool {
        let table = self.tables[self.used.load(Ordering::Relaxed)].get();
        table.is_none_or(|table| slot::is_full(len, table.len()))
    }

    /// Takes a table of twice the size; the free slot there for a row that is to be added.
    fn grow(&self, adding: &mut Adding, width: usize, hash: u64) -> Result<usize, Full> {
        let used = self.used.load(Ordering::Relaxed);
        let next = if self.tables[used].get().is_some() { used + 1 } else { used };
        let len = SLOTS << next;
        adding.held.take(len * size_of::<AtomicU32>())?;
        let table: Box<[AtomicU32]> = (0..len).map(|_| AtomicU32::new(0)).collect();
        let free = |hash: u64| {
            let (Ok(at) | Err(at)) = SLOT.find(len, hash, |at| table[at].load(Ordering::Relaxed), |_| false);
            at
        };
        for local in 0..adding.len {
            let hash = hashed(self.words(local, width).iter().map(|word| word.load(Ordering::Relaxed)));
            table[free(hash)].store(SLOT.of(hash, local), Ordering::Relaxed);
        }
        let free = free(hash);
        self.tables[next].get_or_init(|| table);
        self.used.store(next, Ordering::Release);
        Ok(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other() {
        let mut next = (0, 0);
        for local in 0..100_000 {
            assert_eq!(place(local), next);
            next = if next.1 + 1 == FIRST << next.0 { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
        let most = (1 << 22) - 1;
        assert!(place(most).0 < SIZES && !slot::is_full(most, SLOTS << (SIZES - 1)));
    }
}

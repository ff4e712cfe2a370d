//! The visited set: full states, none omitted, in shards that threads lock in turn.
//!
//! Memories are few against states, so they are kept apart and a state names its memory by number. A
//! state is the number of its memory and the control states of the actors, in `R` words. It is in the shard that its
//! memory is in, so that a thread that keeps to a shard keeps to what it reads and writes.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ledger::{Counted, Full, Ledger};
use super::unfold::CONTROL_BITS;

/// A state: bits 0 to 27 are its memory, then come two control states, then three in each further word.
pub(crate) type Key<const R: usize> = [u64; R];

pub(crate) const MEMORY_BITS: u32 = 28;
pub(crate) const MEMORY_MASK: u64 = (1 << MEMORY_BITS) - 1;
pub(crate) const CONTROL_MASK: u64 = (1 << CONTROL_BITS) - 1;

/// How many actors `words` words have room for.
pub(crate) const fn room(words: usize) -> usize {
    3 * words - 1
}

/// Word and shift of an actor's control state.
#[inline]
pub(crate) const fn position(actor: usize) -> (usize, u32) {
    match actor {
        0 | 1 => (0, MEMORY_BITS + CONTROL_BITS * actor as u32),
        _ => (1 + (actor - 2) / 3, CONTROL_BITS * ((actor - 2) % 3) as u32),
    }
}

#[inline]
pub(crate) fn memory_of<const R: usize>(key: &Key<R>) -> u32 {
    (key[0] & MEMORY_MASK) as u32
}

#[inline]
pub(crate) fn control_of<const R: usize>(key: &Key<R>, actor: usize) -> u32 {
    let (word, shift) = position(actor);
    (key[word] >> shift & CONTROL_MASK) as u32
}

/// The state after `actor` moved to `control` and memory became `memory`.
#[inline]
pub(crate) fn moved<const R: usize>(key: &Key<R>, actor: usize, control: u32, memory: u32) -> Key<R> {
    let mut key = *key;
    let (word, shift) = position(actor);
    key[word] = key[word] & !(CONTROL_MASK << shift) | u64::from(control) << shift;
    key[0] = key[0] & !MEMORY_MASK | u64::from(memory);
    key
}

#[inline]
pub(crate) fn mix(words: &[u64]) -> u64 {
    hashed(words.iter().copied())
}

/// As [`mix`], of words that come one by one.
#[inline]
pub(crate) fn hashed(words: impl Iterator<Item = u64>) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        let product = u128::from(hash ^ word) * 0xa076_1d64_78bd_642f;
        hash = (product >> 64) as u64 ^ product as u64;
    }
    hash
}

/// A state that a step leads to.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<const R: usize> {
    pub(crate) key: Key<R>,
    /// The hash; bits that nobody asks it for are the actor that moved.
    hash: u64,
}

const BY_SHIFT: u32 = 48;
const BY_MASK: u64 = 0xf;

impl<const R: usize> Arrival<R> {
    #[inline]
    pub(crate) fn new(key: &Key<R>, by: u8) -> Arrival<R> {
        let hash = mix(key) & !(BY_MASK << BY_SHIFT) | u64::from(by) << BY_SHIFT;
        Arrival { key: *key, hash }
    }

    #[inline]
    pub(crate) fn shard(&self) -> usize {
        home(memory_of(&self.key))
    }

    fn by(&self) -> usize {
        (self.hash >> BY_SHIFT & BY_MASK) as usize
    }
}

pub(crate) const SHARD_BITS: u32 = 6;
pub(crate) const SHARDS: usize = 1 << SHARD_BITS;

/// The shard of memories with this hash.
#[inline]
pub(crate) fn shard_of(hash: u64) -> usize {
    (hash >> (64 - SHARD_BITS)) as usize
}

/// The shard of a memory, which is also that of its states.
#[inline]
pub(crate) fn home(memory: u32) -> usize {
    memory as usize % SHARDS
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Not in a cache line, or a pair of them, with anything else that threads write to.
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

/// Slots of tables with open addressing: 0 is free, else 6 bits of the hash and 26 bits of the number plus one.
pub(crate) mod slot {
    const NUMBER_BITS: u32 = 26;
    const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;

    fn tag(hash: u64) -> u32 {
        ((hash >> 40) as u32) << NUMBER_BITS
    }

    /// The slot of a number.
    pub(crate) fn of(hash: u64, number: usize) -> u32 {
        tag(hash) | (number as u32 + 1)
    }

    /// The number in a slot.
    pub(crate) fn number(slot: u32) -> Option<usize> {
        ((slot & NUMBER_MASK) as usize).checked_sub(1)
    }

    /// The number that `is` accepts, or the free slot where it belongs, in a table of so many slots.
    #[inline]
    pub(crate) fn find(
        slots: usize,
        hash: u64,
        slot: impl Fn(usize) -> u32,
        is: impl Fn(usize) -> bool,
    ) -> Result<usize, usize> {
        let mask = slots - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = slot(at);
            let Some(number) = number(slot) else { return Err(at) };
            if slot & !NUMBER_MASK == tag(hash) && is(number) {
                return Ok(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether a table of so many slots has no room for one more than `len`: four fifths full at most.
    #[inline]
    pub(crate) fn is_full(len: usize, slots: usize) -> bool {
        (len + 1) * 5 > slots * 4
    }
}

/// The numbers of states, by hash.
struct Index {
    slots: Counted<u32>,
}

impl Index {
    fn new(ledger: &Arc<Ledger>) -> Index {
        Index { slots: Counted::new(ledger) }
    }

    /// The number that `is` accepts, or the free slot where it belongs.
    #[inline]
    fn find(&self, hash: u64, is: impl Fn(usize) -> bool) -> Result<usize, usize> {
        slot::find(self.slots.len(), hash, |at| self.slots[at], is)
    }

    /// Makes room for one more than `len`.
    #[inline]
    fn reserve(&mut self, len: usize, hash_of: impl Fn(usize) -> u64) -> Result<(), Full> {
        if slot::is_full(len, self.slots.len()) {
            let size = (self.slots.len() * 2).max(16);
            // The old slots are counted until the new ones take their place.
            self.slots = Counted::written(size, self.slots.ledger())?;
            for number in 0..len {
                let hash = hash_of(number);
                let (Ok(at) | Err(at)) = self.find(hash, |_| false);
                self.slots[at] = slot::of(hash, number);
            }
        }
        Ok(())
    }
}

const CHUNK: usize = 512;
/// States that are looked up at a time.
const LOOK_AHEAD: usize = 64;

/// One shard of the states.
#[repr(align(128))]
pub(crate) struct Shard<const R: usize> {
    index: Index,
    chunks: Vec<Counted<Key<R>>>,
    len: usize,
    most: usize,
    /// States up to here have no successor that is still to come.
    expanded: usize,
    /// States up to here are not of a level that is still to come.
    closed: usize,
    /// One bit for each state and actor: whether a step of this one led to it from its own level or a later one.
    again: Counted<u64>,
    actors: usize,
}

impl<const R: usize> Shard<R> {
    /// An empty shard that has numbers for so many states of so many actors.
    pub(crate) fn new(most: usize, actors: usize, ledger: &Arc<Ledger>) -> Shard<R> {
        let (index, again) = (Index::new(ledger), Counted::new(ledger));
        Shard { index, chunks: Vec::new(), len: 0, most, expanded: 0, closed: 0, again, actors }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn get(&self, number: usize) -> &Key<R> {
        &self.chunks[number / CHUNK][number % CHUNK]
    }

    /// Begins the next level: the states that were added since the last call.
    pub(crate) fn next_level(&mut self) -> Range<usize> {
        self.expanded = self.closed;
        self.closed = self.len;
        self.expanded..self.closed
    }

    /// Reads what adding these states will read, without waiting for one before the next.
    pub(crate) fn look_ahead(&self, states: &[Arrival<R>]) {
        if self.len < CHUNK {
            return;
        }
        for states in states.chunks(LOOK_AHEAD) {
            look_ahead(states.iter().map(|state| (self, state.hash)));
        }
    }

    #[inline]
    fn slot(&self, hash: u64) -> u32 {
        if self.len == 0 { 0 } else { self.index.slots[hash as usize & (self.index.slots.len() - 1)] }
    }

    /// Adds a state that a step leads to, where it is new.
    #[inline]
    pub(crate) fn arrive(&mut self, state: &Arrival<R>) -> Result<(), Full> {
        let number = self.insert(&state.key, state.hash)?;
        if number < self.closed { self.come_again(number, state.by()) } else { Ok(()) }
    }

    /// Adds a state where it is new; its number.
    #[inline]
    pub(crate) fn insert(&mut self, key: &Key<R>, hash: u64) -> Result<usize, Full> {
        let (chunks, len) = (&self.chunks, self.len);
        self.index.reserve(len, |number| mix(&chunks[number / CHUNK][number % CHUNK]))?;
        let at = match self.index.find(hash, |number| chunks[number / CHUNK][number % CHUNK] == *key) {
            Ok(number) => return Ok(number),
            Err(at) => at,
        };
        if len >= self.most {
            return Err(Full::Numbers("states"));
        }
        if len.is_multiple_of(CHUNK) {
            self.new_chunk()?;
        }
        self.chunks[len / CHUNK].push(*key)?;
        self.index.slots[at] = slot::of(hash, len);
        self.len += 1;
        Ok(len)
    }

    /// Begins a chunk, where the next one is not left from before.
    fn new_chunk(&mut self) -> Result<(), Full> {
        if self.chunks.len() == self.len / CHUNK {
            let mut chunk = Counted::new(self.again.ledger());
            // The first chunk of a shard grows by itself, so that small searches stay small.
            if self.len > 0 {
                chunk.reserve(CHUNK)?;
            }
            self.chunks.push(chunk);
        }
        Ok(())
    }

    #[cold]
    fn come_again(&mut self, number: usize, by: usize) -> Result<(), Full> {
        let bit = number * self.actors + by;
        if self.again.len() <= bit / 64 {
            self.again.stretch((self.closed * self.actors).div_ceil(64))?;
        }
        self.again[bit / 64] |= 1 << (bit % 64);
        Ok(())
    }

    /// What the search of a level begins with: how many states were expanded, and how many there are, without those that
    /// the level adds; and what is noted of who came again.
    pub(crate) fn level(&self) -> (usize, usize, &[u64]) {
        let again = self.again.len().min((self.closed * self.actors).div_ceil(64));
        (self.expanded, self.closed, &self.again[..again])
    }

    /// Adds the next of the states that another shard had; whether it is one.
    pub(crate) fn add_again(&mut self, key: &Key<R>) -> Result<bool, Full> {
        let number = self.len;
        Ok(self.insert(key, mix(key))? == number)
    }

    /// Stands before the level that begins after so many states, once all are there. `again` is what [`Shard::level`] gave.
    pub(crate) fn stand_before(&mut self, expanded: usize, again: &[u64]) -> Result<(), Full> {
        self.closed = expanded;
        self.again.clear();
        self.again.extend_from_slice(again)
    }

    /// Forgets all states, and keeps the room of a small shard.
    pub(crate) fn clear(&mut self) {
        const SMALL: usize = 1024;
        if self.index.slots.len() > SMALL {
            *self = Shard::new(self.most, self.actors, self.again.ledger());
        } else {
            self.index.slots.fill(0);
            self.chunks.truncate(1);
            self.chunks.iter_mut().for_each(Counted::clear);
            self.again.clear();
            (self.len, self.expanded, self.closed) = (0, 0, 0);
        }
    }

    pub(crate) fn find(&self, key: &Key<R>, hash: u64) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        self.index.find(hash, |number| self.get(number) == key).ok()
    }
}

/// Reads what looking up these hashes will read.
fn look_ahead<'a, const R: usize>(hashes: impl Iterator<Item = (&'a Shard<R>, u64)> + Clone) {
    let mut slots = [0; LOOK_AHEAD];
    for (slot, (shard, hash)) in slots.iter_mut().zip(hashes.clone()) {
        *slot = shard.slot(hash);
    }
    let numbers = slots
        .iter()
        .zip(hashes)
        .filter_map(|(slot, (shard, _))| slot::number(*slot).map(|number| shard.get(number)[0]));
    std::hint::black_box(numbers.fold(0, |sum, word| sum ^ word));
}

/// The states that were met, numbered densely now that no more come.
pub(crate) struct States<const R: usize> {
    shards: Vec<Shard<R>>,
    /// The number of the first state of each shard, and of none.
    first: Vec<u32>,
    /// Whether all successors of each state were met.
    complete: bool,
    /// Whether the search took every step of each state that it expanded.
    pub(crate) every_step: bool,
}

impl<const R: usize> States<R> {
    /// The states of these shards, of a search that took every step, or of one that did not.
    pub(crate) fn new(shards: Vec<Shard<R>>, every_step: bool) -> States<R> {
        let complete = every_step && shards.iter().all(|shard| shard.expanded == shard.len);
        let mut first = vec![0];
        for shard in &shards {
            first.push(first[first.len() - 1] + shard.len as u32);
        }
        States { shards, first, complete, every_step }
    }

    pub(crate) fn len(&self) -> usize {
        self.first[SHARDS] as usize
    }

    pub(crate) fn shards(&self) -> &[Shard<R>] {
        &self.shards
    }

    /// States of a shard with actors, one bit each, such that each cycle has a step by one of these actors to one
    /// of these states of some shard. A state may come several times on end.
    ///
    /// Not every step of a cycle can lead on to a later level of the search. The states of a level that
    /// a cut search did not finish may take such a step that was not seen.
    pub(crate) fn on_each_cycle(&self, shard: usize) -> impl Iterator<Item = (u32, &Key<R>, u16)> {
        let (first, shard) = (self.first[shard], &self.shards[shard]);
        let words = shard.again.iter().enumerate().filter(|(_, word)| **word != 0);
        let bits = words.flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at * 64 + bit)
        });
        let met = bits.map(|bit| (bit / shard.actors, 1 << (bit % shard.actors)));
        let met = met.filter(|&(number, _)| number < shard.expanded);
        let all = met.chain((shard.expanded..shard.len).map(|number| (number, u16::MAX)));
        all.map(move |(number, by)| (first + number as u32, shard.get(number), by))
    }

    /// Whether a state was met that follows one that was. A search that was not cut met all.
    pub(crate) fn has(&self, key: &Key<R>) -> bool {
        self.complete || self.find(key).is_some()
    }

    /// Looks up all of these, without waiting for one before the next.
    pub(crate) fn find_each(&self, keys: &[Arrival<R>], mut found: impl FnMut(Option<u32>)) {
        for keys in keys.chunks(LOOK_AHEAD) {
            look_ahead(keys.iter().map(|key| (&self.shards[key.shard()], key.hash)));
            for Arrival { key, hash } in keys {
                found(self.number(key, *hash));
            }
        }
    }

    pub(crate) fn find(&self, key: &Key<R>) -> Option<u32> {
        self.number(key, mix(key))
    }

    fn number(&self, key: &Key<R>, hash: u64) -> Option<u32> {
        let shard = home(memory_of(key));
        self.shards[shard].find(key, hash).map(|number| self.first[shard] + number as u32)
    }

    pub(crate) fn get(&self, number: u32) -> Key<R> {
        let shard = self.first.partition_point(|&first| first <= number) - 1;
        *self.shards[shard].get((number - self.first[shard]) as usize)
    }
}

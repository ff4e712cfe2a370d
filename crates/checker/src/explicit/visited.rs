//! The visited set: full states, none omitted, in shards that threads lock in turn.
//!
//! Memories are few against states, so they are kept apart and a state names its memory by number. A
//! state is the number of its memory and the control states of the actors, in `R` words, and is kept in as few bytes as
//! these take ([`Rows`]). It is in the shard that its memory is in, so that a thread that keeps to a shard keeps to
//! what it reads and writes.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::key::{Key, SHARD_BITS, SHARDS, home, memory_of};
use super::ledger::{Counted, Full, Ledger};
use super::rows::{CHUNK, Rows};

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

/// The shard of memories with this hash.
#[inline]
pub(crate) fn shard_of(hash: u64) -> usize {
    (hash >> (64 - SHARD_BITS)) as usize
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Not in a cache line, or a pair of them, with anything else that threads write to.
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

/// Tables with open addressing. A slot is 0 where it is free, else a number plus one, and above it some bits of the hash.
pub(crate) mod slot {
    /// The bits of the hash that slots may have; who keeps others in a hash keeps them above.
    const TAG_BITS: u32 = 8;
    const TAG_SHIFT: u32 = 40;

    /// How the bits of a slot are used.
    #[derive(Clone, Copy)]
    pub(crate) struct Form {
        number_bits: u32,
        number_mask: u32,
        tag_mask: u32,
    }

    impl Form {
        /// Slots of so many bits, of which these are a number's.
        pub(crate) const fn new(bits: u32, number_bits: u32) -> Form {
            let tag_bits = if bits - number_bits < TAG_BITS { bits - number_bits } else { TAG_BITS };
            let tag_mask = ((1 << tag_bits) - 1) << number_bits;
            Form { number_bits, number_mask: (1 << number_bits) - 1, tag_mask }
        }

        #[inline]
        fn tag(self, hash: u64) -> u32 {
            ((hash >> TAG_SHIFT) as u32) << self.number_bits & self.tag_mask
        }

        /// The slot of a number.
        #[inline]
        pub(crate) fn of(self, hash: u64, number: usize) -> u32 {
            self.tag(hash) | (number as u32 + 1)
        }

        /// The number in a slot.
        #[inline]
        pub(crate) fn number(self, slot: u32) -> Option<usize> {
            ((slot & self.number_mask) as usize).checked_sub(1)
        }

        /// The number that `is` accepts, or the free slot where it belongs, in a table of so many slots.
        #[inline]
        pub(crate) fn find(
            self,
            slots: usize,
            hash: u64,
            slot: impl Fn(usize) -> u32,
            is: impl Fn(usize) -> bool,
        ) -> Result<usize, usize> {
            let mut at = first(hash, slots);
            loop {
                let slot = slot(at);
                let Some(number) = self.number(slot) else { return Err(at) };
                if slot & self.tag_mask == self.tag(hash) && is(number) {
                    return Ok(number);
                }
                at = if at + 1 == slots { 0 } else { at + 1 };
            }
        }
    }

    /// Where the slots begin that a hash may have, in a table of so many: fewer than 2^32, in the order of hashes.
    #[inline]
    pub(crate) fn first(hash: u64, slots: usize) -> usize {
        (((hash & 0xffff_ffff) * slots as u64) >> 32) as usize
    }

    /// Whether a table of so many slots has no room for one more than `len`: four fifths full at most.
    #[inline]
    pub(crate) fn is_full(len: usize, slots: usize) -> bool {
        (len + 1) * 5 > slots * 4
    }
}

/// Slots of an index up to which it grows by as many as there are, and those of whole words: it is fast, as small ones have to be.
/// Larger ones grow by half, and are as short as leaves them enough of the hash. Few where it is tested that it makes no
/// difference.
const WHOLE_MAX: usize = if cfg!(test) { 1 << 5 } else { 1 << 16 };
/// Bits of a number up to which slots are short.
const SHORT: u32 = if cfg!(test) { 8 } else { 21 };

/// The numbers of states, by hash. Slots are bytes, as few as they take.
struct Index {
    slots: Counted<u8>,
    len: usize,
    /// Bytes of a slot.
    width: usize,
    mask: u32,
    form: slot::Form,
    /// How many slots it begins with.
    least: usize,
}

impl Index {
    /// An index of a shard: some begin with more slots than others, so that not all grow at once.
    fn new(shard: usize, ledger: &Arc<Ledger>) -> Index {
        let slots = Counted::new(ledger);
        let form = slot::Form::new(u32::BITS, 1);
        Index { slots, len: 0, width: 0, mask: 0, form, least: 16 + shard % 8 * 2 }
    }

    /// Takes so many free slots. The old ones are counted until the new ones take their place.
    fn renew(&mut self, len: usize) -> Result<(), Full> {
        let number_bits = usize::BITS - len.leading_zeros();
        let is_short = len > WHOLE_MAX && number_bits <= SHORT;
        let width = if is_short { 3 } else { size_of::<u32>() };
        // A slot is read as a whole word.
        self.slots = Counted::written(len * width + size_of::<u32>() - width, self.slots.ledger())?;
        self.form = slot::Form::new(width as u32 * u8::BITS, number_bits);
        (self.len, self.width, self.mask) = (len, width, u32::MAX >> (u32::BITS - width as u32 * u8::BITS));
        Ok(())
    }

    #[inline]
    fn slot(&self, at: usize) -> u32 {
        let at = at * self.width;
        let mut bytes = [0; size_of::<u32>()];
        bytes.copy_from_slice(&self.slots[at..at + size_of::<u32>()]);
        u32::from_le_bytes(bytes) & self.mask
    }

    /// Fills a free slot.
    #[inline]
    fn fill(&mut self, at: usize, hash: u64, number: usize) {
        let slot = self.form.of(hash, number).to_le_bytes();
        let at = at * self.width;
        self.slots[at..at + self.width].copy_from_slice(&slot[..self.width]);
    }

    /// The number that `is` accepts, or the free slot where it belongs.
    #[inline]
    fn find(&self, hash: u64, is: impl Fn(usize) -> bool) -> Result<usize, usize> {
        self.form.find(self.len, hash, |at| self.slot(at), is)
    }

    /// Makes room for one more than `len`, which have these hashes.
    #[inline]
    fn reserve<H: Iterator<Item = u64>>(
        &mut self,
        len: usize,
        hashes: impl FnOnce() -> H,
    ) -> Result<(), Full> {
        if slot::is_full(len, self.len) {
            let more = if self.len < WHOLE_MAX { self.len } else { self.len / 2 };
            self.renew((self.len + more).max(self.least))?;
            for (number, hash) in hashes().enumerate() {
                let (Ok(at) | Err(at)) = self.find(hash, |_| false);
                self.fill(at, hash, number);
            }
        }
        Ok(())
    }
}

/// States that are looked up at a time.
const LOOK_AHEAD: usize = 64;

/// One shard of the states.
#[repr(align(128))]
pub(crate) struct Shard<const R: usize> {
    index: Index,
    rows: Rows<R>,
    most: usize,
    /// States up to here have no successor that is still to come.
    expanded: usize,
    /// States up to here are not of a level that is still to come.
    closed: usize,
    /// One bit for each state and actor: whether a step of this one led to it from its own level or a later one.
    again: Counted<u64>,
    actors: usize,
    /// The shard that the memories are of, if all are of one.
    home: Option<usize>,
}

impl<const R: usize> Shard<R> {
    /// An empty shard that has numbers for so many states of so many actors, in memories of one shard or of any.
    pub(crate) fn new(most: usize, actors: usize, home: Option<usize>, ledger: &Arc<Ledger>) -> Shard<R> {
        let (index, rows) = (Index::new(home.unwrap_or(0), ledger), Rows::new(actors, home, ledger));
        Shard { index, rows, most, expanded: 0, closed: 0, again: Counted::new(ledger), actors, home }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline]
    pub(crate) fn get(&self, number: usize) -> Key<R> {
        let key = self.rows.get(number);
        if self.rows.is_moved(number) { self.as_indexed(number, key) } else { key }
    }

    /// A state that was read from a disk, if the index has it: else the disk lost it.
    #[cold]
    fn as_indexed(&self, number: usize, key: Key<R>) -> Key<R> {
        let found = self.index.find(mix(&key), |found| found == number);
        if found == Ok(number) { key } else { self.rows.refuse() }
    }

    /// Begins the next level: the states that were added since the last call.
    pub(crate) fn next_level(&mut self) -> Range<usize> {
        self.expanded = self.closed;
        self.closed = self.len();
        self.expanded..self.closed
    }

    /// Reads what adding these states will read, without waiting for one before the next.
    pub(crate) fn look_ahead(&self, states: &[Arrival<R>]) {
        if self.len() < CHUNK {
            return;
        }
        for states in states.chunks(LOOK_AHEAD) {
            look_ahead(states.iter().map(|state| (self, state.hash)));
        }
    }

    /// The slot where those of a hash begin.
    #[inline]
    fn slot(&self, hash: u64) -> u32 {
        if self.len() == 0 { 0 } else { self.index.slot(slot::first(hash, self.index.len)) }
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
        let row = self.rows.fit(key)?;
        let (rows, len) = (&self.rows, self.rows.len());
        self.index.reserve(len, || rows.keys().map(|key| mix(&key)))?;
        let at = match self.index.find(hash, |number| rows.at(number) == row) {
            Ok(number) => return Ok(number),
            Err(at) => at,
        };
        if len >= self.most {
            return Err(Full::Numbers("states"));
        }
        self.rows.push(&row)?;
        self.index.fill(at, hash, len);
        Ok(len)
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
        let number = self.len();
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
        if self.index.len > SMALL {
            *self = Shard::new(self.most, self.actors, self.home, self.again.ledger());
        } else {
            self.index.slots.fill(0);
            self.rows.clear();
            self.again.clear();
            (self.expanded, self.closed) = (0, 0);
        }
    }

    pub(crate) fn find(&self, key: &Key<R>, hash: u64) -> Option<usize> {
        if self.len() == 0 {
            return None;
        }
        let row = self.rows.row(key)?;
        self.index.find(hash, |number| self.rows.at(number) == row).ok()
    }
}

/// Reads what looking up these hashes will read.
fn look_ahead<'a, const R: usize>(hashes: impl Iterator<Item = (&'a Shard<R>, u64)> + Clone) {
    let mut slots = [0; LOOK_AHEAD];
    for (slot, (shard, hash)) in slots.iter_mut().zip(hashes.clone()) {
        *slot = shard.slot(hash);
    }
    let word = |(slot, (shard, _)): (&u32, (&Shard<R>, u64))| {
        shard.index.form.number(*slot).map(|number| shard.rows.touch(number))
    };
    let words = slots.iter().zip(hashes).filter_map(word);
    std::hint::black_box(words.fold(0, |sum, word| sum ^ word));
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
        let complete = every_step && shards.iter().all(|shard| shard.expanded == shard.len());
        let mut first = vec![0];
        for shard in &shards {
            first.push(first[first.len() - 1] + shard.len() as u32);
        }
        States { shards, first, complete, every_step }
    }

    pub(crate) fn len(&self) -> usize {
        self.first[SHARDS] as usize
    }

    pub(crate) fn shards(&self) -> &[Shard<R>] {
        &self.shards
    }

    /// The shards, to [make](States::new) states of again.
    pub(crate) fn take_shards(&mut self) -> Vec<Shard<R>> {
        std::mem::take(&mut self.shards)
    }

    /// The shard of a state, and its number there.
    pub(crate) fn place(&self, key: &Key<R>) -> Option<(usize, usize)> {
        self.place_of(key, mix(key))
    }

    fn place_of(&self, key: &Key<R>, hash: u64) -> Option<(usize, usize)> {
        let shard = home(memory_of(key));
        Some((shard, self.shards[shard].find(key, hash)?))
    }

    /// States of a shard with actors, one bit each, such that each cycle has a step by one of these actors to one
    /// of these states of some shard. A state may come several times on end.
    ///
    /// Not every step of a cycle can lead on to a later level of the search. The states of a level that
    /// a cut search did not finish may take such a step that was not seen.
    pub(crate) fn on_each_cycle(&self, shard: usize) -> impl Iterator<Item = (u32, Key<R>, u16)> {
        let (first, shard) = (self.first[shard], &self.shards[shard]);
        let words = shard.again.iter().enumerate().filter(|(_, word)| **word != 0);
        let bits = words.flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at * 64 + bit)
        });
        let met = bits.map(|bit| (bit / shard.actors, 1 << (bit % shard.actors)));
        let met = met.filter(|&(number, _)| number < shard.expanded);
        let all = met.chain((shard.expanded..shard.len()).map(|number| (number, u16::MAX)));
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
        self.place_of(key, hash).map(|(shard, number)| self.first[shard] + number as u32)
    }

    pub(crate) fn get(&self, number: u32) -> Key<R> {
        let shard = self.first.partition_point(|&first| first <= number) - 1;
        self.shards[shard].get((number - self.first[shard]) as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::key::moved;
    use super::*;

    fn ledger() -> Arc<Ledger> {
        Arc::new(Ledger::new(u64::MAX))
    }

    /// A part of a key, by its bits: as many small ones as large ones.
    fn part(bits: u32) -> impl Strategy<Value = u32> {
        (0..=bits).prop_flat_map(|bits| 0..1_u32 << bits)
    }

    fn keys<const R: usize>(actors: usize) -> impl Strategy<Value = Vec<Key<R>>> {
        let key = (part(22), prop::collection::vec(part(18), actors)).prop_map(|(local, controls)| {
            let start = moved(&[0; R], 0, 0, local << SHARD_BITS | 5);
            let controls = controls.into_iter().enumerate();
            controls.fold(start, |key, (actor, control)| moved(&key, actor, control, memory_of(&key)))
        });
        prop::collection::vec(key, 0..1500)
    }

    /// A shard has the numbers that a map gives, and gives back what it was given.
    fn as_a_map<const R: usize>(actors: usize, home: Option<usize>, keys: &[Key<R>]) {
        let mut shard = Shard::new(usize::MAX, actors, home, &ledger());
        let mut map = BTreeMap::new();
        for round in 0..2 {
            for key in keys {
                assert_eq!(shard.find(key, mix(key)), map.get(key).copied(), "round {round}");
                let next = map.len();
                let number = *map.entry(*key).or_insert(next);
                assert_eq!(shard.insert(key, mix(key)), Ok(number));
            }
        }
        assert_eq!(shard.len(), map.len());
        map.iter().for_each(|(key, number)| assert_eq!(shard.get(*number), *key));
        // A small one keeps its layout; each forgets what it had.
        shard.clear();
        assert!(keys.iter().all(|key| shard.find(key, mix(key)).is_none()));
        if let Some(last) = keys.last() {
            assert_eq!(shard.insert(last, mix(last)), Ok(0));
            assert_eq!(shard.get(0), *last);
        }
    }

    #[test]
    fn a_state_that_a_disk_lost_is_noted_and_a_sound_one_read() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::with_disk(u64::MAX, Some(folder.path())));
        let mut shard = Shard::<2>::new(usize::MAX, 2, Some(5), &ledger);
        let key = |number: u32| moved(&[0; 2], 1, number % 7 + 1, (number / 7 + 1) << SHARD_BITS | 5);
        for number in 0..900 {
            assert_eq!(shard.insert(&key(number), mix(&key(number))), Ok(number as usize));
        }
        assert!((0..900).all(|number| shard.get(number) == key(number as u32)));
        assert_eq!(ledger.disk().unwrap().unreadable(), None);
        shard.rows.spoil();
        assert_eq!((shard.get(3), shard.get(899)), (key(899), key(899)));
        assert!(ledger.disk().unwrap().unreadable().is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn two_actors_as_a_map(keys in keys::<2>(2)) {
            as_a_map(2, Some(5), &keys);
        }

        #[test]
        fn five_actors_as_a_map(keys in keys::<2>(5)) {
            as_a_map(5, Some(5), &keys);
            as_a_map(5, None, &keys);
        }

        #[test]
        fn eleven_actors_as_a_map(keys in keys::<4>(11)) {
            as_a_map(11, None, &keys);
        }
    }
}

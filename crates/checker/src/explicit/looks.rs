//! What somebody looks at as a whole, and whom the order of two writes to it concerns.
//!
//! It is noted of each new memory (`expand`), and asked for where steps are left out (`reduce`).

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use machine::{Peek, Place, Word};
use scenario::Check;

use super::packing::{Packed, Packing};
use super::prepared::Prepared;
use super::visited::mix;

/// How many groups there are, a bit each. Where there are more who look than that, some share a group, which only
/// makes more of what they look at a conflict.
const GROUPS: usize = u64::BITS as usize;
/// The first of the groups of those who wait.
const GUARDS: usize = 48;

/// The bits of memory that each group looked at so far: each property over whole states, the question whether a
/// signal is pending, each set of bits that an actor waits for. Shared by threads, and only ever grows.
pub(crate) struct Looks {
    bits: Vec<Group>,
}

/// The bits that one group looks at.
type Group = Box<[AtomicU64]>;

impl Looks {
    pub(crate) fn new(packing: &Packing) -> Looks {
        let nothing = || (0..packing.words()).map(|_| AtomicU64::new(0)).collect();
        Looks { bits: (0..GROUPS).map(|_| nothing()).collect() }
    }

    /// The group of the property with this number.
    fn property(&self, number: usize) -> &Group {
        &self.bits[number % (GUARDS - 1)]
    }

    /// The group of the question whether a signal is pending.
    fn killed(&self) -> &Group {
        &self.bits[GUARDS - 1]
    }

    /// Somebody waits for these bits of a word. Each write to one bit is a conflict with who waits for it, and with
    /// each other, anyway.
    pub(crate) fn guard(&self, (word, bits): (usize, u64)) {
        if bits.count_ones() > 1 {
            // The same group whatever the order in which they are met.
            let number = mix(&[word as u64, bits]) as usize % (GROUPS - GUARDS);
            look(&self.bits[GUARDS + number], (word, bits));
        }
    }

    /// Sees what those look at who look at this memory as a whole.
    pub(crate) fn watch(&self, prepared: &Prepared, words: &[u64]) {
        let memory = Watched::new(&prepared.packing, words, self);
        for (number, property) in prepared.scenario.properties.iter().enumerate() {
            if let Check::State(check) = &property.check {
                memory.by(self.property(number));
                check(&memory, &mut |_| {});
            }
        }
        if let Some(killed) = &prepared.scenario.killed {
            memory.by(self.killed());
            killed(&memory);
        }
    }

    /// The groups that these bits belong to.
    pub(crate) fn of(&self, bits: &[u64]) -> u64 {
        let looked = |group: &Group| {
            bits.iter().zip(group).any(|(bits, looked)| bits & looked.load(Ordering::Relaxed) != 0)
        };
        let groups = self.bits.iter().enumerate().filter(|(_, group)| looked(group));
        groups.fold(0, |groups, (number, _)| groups | 1 << number)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<u64> {
        self.bits.iter().flatten().map(|bits| bits.load(Ordering::Relaxed)).collect()
    }

    /// Adds these; whether they are as many as there are here.
    pub(crate) fn add(&self, all: &[u64]) -> bool {
        let bits = self.bits.iter().flatten();
        let fits = all.len() == bits.clone().count();
        bits.zip(all).for_each(|(bits, looked)| {
            bits.fetch_or(*looked, Ordering::Relaxed);
        });
        fits
    }

    /// A number that grows with them.
    pub(crate) fn extent(&self) -> u32 {
        self.bits.iter().flatten().map(|bits| bits.load(Ordering::Relaxed).count_ones()).sum()
    }
}

/// Adds bits to those that a group looks at.
fn look(group: &Group, (word, bits): (usize, u64)) {
    // Mostly they are there, and a line that nobody writes to stays with everybody.
    if bits & !group[word].load(Ordering::Relaxed) != 0 {
        group[word].fetch_or(bits, Ordering::Relaxed);
    }
}

/// A memory, and who looks at it.
struct Watched<'a> {
    memory: Packed<'a, &'a [u64]>,
    packing: &'a Packing,
    group: Cell<&'a Group>,
}

impl<'a> Watched<'a> {
    fn new(packing: &'a Packing, words: &'a [u64], looks: &'a Looks) -> Watched<'a> {
        Watched { memory: Packed::new(packing, words), packing, group: Cell::new(looks.killed()) }
    }

    /// Who looks from now on.
    fn by(&self, group: &'a Group) {
        self.group.set(group);
    }
}

impl Peek for Watched<'_> {
    fn peek(&self, at: Place) -> Word {
        self.peek_bits(at, Word::MAX)
    }

    fn peek_bits(&self, at: Place, mask: Word) -> Word {
        if let Some(bits) = self.packing.bits(at, mask) {
            look(self.group.get(), bits);
        }
        self.memory.peek(at) & mask
    }
}

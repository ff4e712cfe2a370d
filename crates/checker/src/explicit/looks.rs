//! What somebody looks at as a whole, and whom the order of two writes to it concerns.
//!
//! It is noted of each new memory (`expand`), and asked for where steps are left out (`reduce`).

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use machine::{Peek, Place, Word};
use scenario::Check;

use super::packing::{Packed, Packing};
use super::prepared::Prepared;

/// How many groups there are, a bit each. Where there are more who look than that, some share a group, which only
/// makes more of what they look at a conflict.
const GROUPS: usize = u64::BITS as usize;

/// The bits of memory that each group looked at so far: each property over whole states, and the question whether a
/// signal is pending. Shared by threads, and only ever grows.
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
        &self.bits[number % (GROUPS - 1)]
    }

    /// The group of the question whether a signal is pending.
    fn killed(&self) -> &Group {
        &self.bits[GROUPS - 1]
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

/// The groups that these bits belong to, of those that looked at [all of this](Looks::all).
pub(crate) fn groups_of(bits: &[u64], looked: &[u64]) -> u64 {
    let groups = looked.chunks_exact(bits.len()).enumerate();
    let looking =
        groups.filter(|(_, looked)| bits.iter().zip(*looked).any(|(bits, looked)| bits & looked != 0));
    looking.fold(0, |groups, (number, _)| groups | 1 << number)
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

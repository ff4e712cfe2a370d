//! The distinct memories, numbered.
//!
//! A step changes little of a memory, so most of it was met before. Its words are kept in parts, each distinct part once, and a
//! memory is the numbers of its parts (Laarman, van de Pol, Weber, "Parallel recursive state compression for free", SPIN 2011).

use std::ops::Range;
use std::sync::Arc;

use super::distinct::Distinct;
use super::ledger::{Full, Ledger};
use super::visited::{mix, shard_of};

/// The words of a part. Few where it is tested that it makes no difference.
const PART: usize = if cfg!(test) { 1 } else { 7 };
/// Numbers of parts in a word.
const IN_WORD: usize = 2;
const NUMBER_BITS: u32 = u32::BITS;
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;
/// Parts that a memory may have.
const PARTS_MAX: usize = 64;

/// The distinct memories, by number.
pub(crate) struct Memories {
    parts: Vec<(Range<usize>, Distinct)>,
    /// The numbers of the parts; of a memory in one part, its words.
    whole: Distinct,
}

impl Memories {
    /// No memories, of so many words each, with numbers for `most` in a shard.
    pub(crate) fn new(width: usize, most: usize, ledger: &Arc<Ledger>) -> Memories {
        let parts = width.div_ceil(PART).min(PARTS_MAX);
        if parts <= 1 {
            return Memories::whole(width, most, ledger);
        }
        let cut = |part| part * width / parts;
        let part = |part| {
            let words = cut(part)..cut(part + 1);
            let distinct = Distinct::new(words.len(), most, ledger);
            (words, distinct)
        };
        let whole = Distinct::new(parts.div_ceil(IN_WORD), most, ledger);
        Memories { parts: (0..parts).map(part).collect(), whole }
    }

    /// The same, which keeps them whole: that is faster where there are few.
    pub(crate) fn whole(width: usize, most: usize, ledger: &Arc<Ledger>) -> Memories {
        Memories { parts: Vec::new(), whole: Distinct::new(width, most, ledger) }
    }

    /// The number of a memory, and whether it is new. Its shard depends on its words alone. What is the same as in a memory of
    /// which the number is known need not be looked up.
    pub(crate) fn number(&self, memory: &[u64], known: Option<(u32, &[u64])>) -> Result<(u32, bool), Full> {
        let shard = shard_of(mix(memory));
        if self.parts.is_empty() {
            return self.whole.number(shard, memory);
        }
        let mut numbers = [0; PARTS_MAX / IN_WORD];
        let numbers = &mut numbers[..self.parts.len().div_ceil(IN_WORD)];
        if let Some((number, _)) = known {
            self.whole.read(number, numbers);
        }
        for (at, (words, distinct)) in self.parts.iter().enumerate() {
            let part = &memory[words.clone()];
            if known.is_none_or(|(_, known)| known[words.clone()] != *part) {
                let (number, _) = distinct.number(shard_of(mix(part)), part)?;
                let (word, shift) = (&mut numbers[at / IN_WORD], (at % IN_WORD) as u32 * NUMBER_BITS);
                *word = *word & !(NUMBER_MASK << shift) | u64::from(number) << shift;
            }
        }
        self.whole.number(shard, numbers)
    }

    /// How many there are in each shard.
    pub(crate) fn lens(&self) -> Vec<usize> {
        self.whole.lens()
    }

    /// Copies a memory by its number. Whoever has the number has it from one who saw the words written.
    pub(crate) fn read(&self, number: u32, into: &mut [u64]) {
        if self.parts.is_empty() {
            return self.whole.read(number, into);
        }
        let mut numbers = [0; PARTS_MAX / IN_WORD];
        self.whole.read(number, &mut numbers[..self.parts.len().div_ceil(IN_WORD)]);
        for (at, (words, distinct)) in self.parts.iter().enumerate() {
            let number = numbers[at / IN_WORD] >> ((at % IN_WORD) as u32 * NUMBER_BITS);
            distinct.read(number as u32, &mut into[words.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In parts, each of which may be known from another memory or not, and whole: as a map has them.
        #[test]
        fn memories_have_numbers_of_their_own(
            width in 1_usize..12,
            met in prop::collection::vec((prop::collection::vec(0_u64..3, 12), any::<bool>()), 1..200),
        ) {
            let ledger = Arc::new(Ledger::new(u64::MAX));
            for memories in [Memories::new, Memories::whole] {
                let memories = memories(width, 1 << 22, &ledger);
                let (mut numbers, mut last) = (BTreeMap::new(), None);
                let mut read = vec![0; width];
                for (words, knows) in &met {
                    let words = &words[..width];
                    let (number, is_new) = memories.number(words, last.filter(|_| *knows)).unwrap();
                    prop_assert_eq!(is_new, !numbers.contains_key(words));
                    prop_assert_eq!(*numbers.entry(words).or_insert(number), number);
                    memories.read(number, &mut read);
                    prop_assert_eq!(&read[..], words);
                    last = Some((number, words));
                }
                let mut distinct: Vec<u32> = numbers.values().copied().collect();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), numbers.len());
                prop_assert_eq!(memories.lens().iter().sum::<usize>(), numbers.len());
            }
        }
    }

    /// Threads that number the same memories in different orders, and read them by the numbers they got.
    #[test]
    fn threads_agree_on_the_numbers_and_each_is_new_once() {
        const DISTINCT: u64 = 20_000;
        let memory = |seed: u64| [seed, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), seed % 3];
        let memories = Memories::new(3, 1 << 22, &Arc::new(Ledger::new(u64::MAX)));
        let met: Vec<(BTreeMap<u64, u32>, u64)> = std::thread::scope(|scope| {
            let threads = [1, 3, 7, 9].map(|step: u64| {
                let memories = &memories;
                scope.spawn(move || {
                    let (mut numbers, mut new, mut words) = (BTreeMap::new(), 0, [0; 3]);
                    for round in 0..2 {
                        for at in 0..DISTINCT {
                            let seed = at * step % DISTINCT;
                            let (number, is_new) = memories.number(&memory(seed), None).expect("room");
                            assert!(!is_new || round == 0);
                            assert_eq!(*numbers.entry(seed).or_insert(number), number);
                            new += u64::from(is_new);
                            memories.read(number, &mut words);
                            assert_eq!(words, memory(seed));
                        }
                    }
                    (numbers, new)
                })
            });
            threads.into_iter().map(|thread| thread.join().expect("no wrong number")).collect()
        });
        assert_eq!(met.iter().map(|(_, new)| new).sum::<u64>(), DISTINCT);
        assert!(met.iter().all(|(numbers, _)| *numbers == met[0].0));
        let mut numbers: Vec<u32> = met[0].0.values().copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len() as u64, DISTINCT);
    }

    #[test]
    fn there_are_only_so_many_numbers_and_so_much_memory() {
        let ledger = Arc::new(Ledger::new(u64::MAX));
        let none = Memories::new(1, 0, &ledger);
        assert_eq!(none.number(&[1], None), Err(Full::Numbers("memories")));
        let tight = Memories::new(1, 1 << 22, &Arc::new(Ledger::new(20_000)));
        let found = (0..100_000).find_map(|word| tight.number(&[word], None).err());
        assert_eq!(found, Some(Full::Bytes));
    }
}

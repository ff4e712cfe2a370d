//! What control can still depend on, as a small word.
//!
//! A word is a fingerprint of what it stands for, not a number in the order of discovery: so it is the same in every
//! run and thread. All are kept for the life of the process, because how a trace shows a word is a plain function.

use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use foldhash::quality::FixedState;
use machine::{SMALL_BITS_MAX, Small, Word};
use rustc_hash::FxHashMap;

use crate::memory::Slots;
use crate::{Stop, Value};

/// How a call or a loop ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ending {
    /// It goes on, at this instruction.
    GoesOn(usize),
    /// It returned.
    Returned(Value),
    /// A statement expression has this value.
    Valued(Value),
    /// The run ends.
    Stopped(Box<Stop>),
}

/// How something ended, and the variables of all functions that are running.
#[derive(PartialEq, Eq, Hash, Debug)]
pub(crate) struct Snapshot {
    pub(crate) ending: Ending,
    pub(crate) frames: Vec<Slots>,
}

/// A snapshot that is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept(Word);

type All<K, V> = OnceLock<RwLock<FxHashMap<K, V>>>;

static SNAPSHOTS: All<Word, Arc<Snapshot>> = OnceLock::new();
static NAMES: All<String, &'static str> = OnceLock::new();

impl Kept {
    /// # Panics
    /// If two snapshots have the same fingerprint of 48 bits.
    pub(crate) fn new(snapshot: Snapshot) -> Kept {
        let word = fingerprint(&snapshot);
        let all = SNAPSHOTS.get_or_init(RwLock::default);
        let same = |known: &Snapshot| assert!(*known == snapshot, "two states of control look the same");
        if let Some(known) = all.read().unwrap_or_else(PoisonError::into_inner).get(&word) {
            same(known);
            return Kept(word);
        }
        let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
        match all.get(&word) {
            Some(known) => same(known),
            None => {
                all.insert(word, Arc::new(snapshot));
            }
        }
        Kept(word)
    }

    /// # Panics
    /// If the word is not one that this process made.
    pub(crate) fn get(self) -> Arc<Snapshot> {
        let all = SNAPSHOTS.get_or_init(RwLock::default).read().unwrap_or_else(PoisonError::into_inner);
        all.get(&self.0).expect("a state of control that was kept").clone()
    }
}

/// The same in every run and thread.
fn fingerprint(snapshot: &Snapshot) -> Word {
    // A hash that only adds up would be too weak: sign bits of two variables make up for each other.
    FixedState::with_seed(0).hash_one(snapshot) & ((1 << SMALL_BITS_MAX) - 1)
}

impl Small for Kept {
    const BITS: u32 = SMALL_BITS_MAX;

    fn into_word(self) -> Word {
        self.0
    }

    fn from_word(word: Word) -> Kept {
        Kept(word)
    }

    fn show(word: Word) -> String {
        match &Kept(word).get().ending {
            Ending::Returned(Value::Void) | Ending::GoesOn(_) | Ending::Valued(_) => String::new(),
            Ending::Returned(value) => value.to_string(),
            Ending::Stopped(stop) => stop.to_string(),
        }
    }
}

/// How many snapshots this process has kept.
#[must_use]
pub fn snapshots() -> usize {
    SNAPSHOTS.get_or_init(RwLock::default).read().unwrap_or_else(PoisonError::into_inner).len()
}

/// A name for a label, which lives as long as the process.
#[must_use]
pub fn label_name(name: &str) -> &'static str {
    let all = NAMES.get_or_init(RwLock::default);
    if let Some(known) = all.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return known;
    }
    let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
    all.entry(name.to_owned()).or_insert_with(|| Box::leak(name.to_owned().into_boxed_str()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use c_text::IntType;

    use super::*;
    use crate::Pointer;

    fn snapshot(at: usize, values: [i64; 3], kind: &'static str) -> Snapshot {
        let ints = values.map(|value| Value::Int(value, IntType::LONG));
        let frames = vec![
            Slots::new(ints[..1].to_vec()),
            Slots::new([&ints[1..], &[Value::object(kind, [1, 2])]].concat()),
        ];
        Snapshot { ending: Ending::GoesOn(at), frames }
    }

    /// Values that differ in few bits, low ones and high ones, are what a weak mixing would take for the same.
    fn all() -> Vec<Snapshot> {
        let numbers: Vec<i64> = (0..20).map(|bit| 1 << (3 * bit)).chain([0, -1, i64::MIN]).collect();
        let mut all = Vec::new();
        for at in 0..3 {
            for a in &numbers {
                all.extend(numbers.iter().map(|b| snapshot(at, [*a, *b, a ^ b], "folio")));
            }
        }
        all
    }

    #[test]
    fn words_are_the_same_in_every_thread_and_tell_snapshots_apart() {
        let mut seen = HashMap::new();
        for snapshot in all() {
            let word = fingerprint(&snapshot);
            assert!(word >> SMALL_BITS_MAX == 0);
            let known = seen.entry(word).or_insert_with(|| format!("{snapshot:?}"));
            assert_eq!(*known, format!("{snapshot:?}"), "two snapshots have one word");
        }
        assert_eq!(seen.len(), 3 * 23 * 23);
        fn words() -> Vec<Word> {
            all().into_iter().map(|snapshot| Kept::new(snapshot).0).collect()
        }
        let here = words();
        assert_eq!(std::thread::spawn(words).join().expect("a thread"), here);
        // In another run too: this is what was said when the test was written.
        assert_eq!(fingerprint(&snapshot(7, [1, -2, 3], "inode")), RECORDED);
    }

    const RECORDED: Word = 119_870_342_885_848;

    #[test]
    fn a_variable_that_is_set_stays_as_it_was_in_a_snapshot() {
        use crate::memory::{Frame, Memory};
        let label = machine::Label::new("", &[]);
        let frame = |slots| Frame { function: None, label, slots, levels: Vec::new(), line: 0 };
        let slots =
            vec![Value::int(1), Value::Pointer(Pointer::Local { frame: 1, slot: 0, path: Vec::new() })];
        let mut memory =
            Memory { frames: vec![frame(Slots::new(slots)), frame(Slots::new(vec![Value::int(2)]))] };
        let before = memory.remembered(false);
        let kept = Kept::new(Snapshot { ending: Ending::GoesOn(0), frames: before.clone() });
        memory.frames[0].set(0, Value::int(5));
        memory.leave();
        assert_eq!(memory.frames[0].slots[..], [Value::int(5), Value::Unset], "a pointer to what is no more");
        assert_eq!(kept.get().frames, before);
        assert_eq!(before[0][0], Value::int(1));
        // What goes on from a snapshot does not change it either.
        memory.restore(&kept.get().frames);
        memory.frames[0].set(0, Value::int(6));
        assert_eq!(kept.get().frames[0][0], Value::int(1));
    }
}

//! What control can still depend on, as a small word.
//!
//! A word is a fingerprint of what it stands for, not a number in the order of discovery: so it is the same in every
//! run and thread. All are kept for the life of the process, because how a trace shows a word is a plain function.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use machine::{SMALL_BITS_MAX, Small, Word};
use rustc_hash::{FxHashMap, FxHasher};

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
    let mut hasher = FxHasher::default();
    snapshot.hash(&mut hasher);
    // All 64 bits are of use, and some of them know little of what was hashed: they are mixed, as `MurmurHash3` ends.
    let mut bits = hasher.finish();
    bits = (bits ^ bits >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ bits >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (bits ^ bits >> 33) & ((1 << SMALL_BITS_MAX) - 1)
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

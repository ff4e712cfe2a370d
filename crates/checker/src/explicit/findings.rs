//! What a search found, gathered from all threads, and where.

use std::collections::BTreeSet;
use std::sync::Mutex;

use machine::Word;
use rustc_hash::FxHashMap;
use scenario::Ending;

use super::visited::lock;

/// A distinct bad state: property and witness.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Bad {
    pub(crate) property: &'static str,
    pub(crate) witness: String,
}

impl Bad {
    pub(crate) fn new(property: &'static str, witness: impl Into<String>) -> Bad {
        Bad { property, witness: witness.into() }
    }
}

/// A state at rest, as far as anybody looks at it: memory and returned words.
pub(crate) type Rest = (u32, Box<[Word]>);

/// Where a bad state is seen.
#[derive(Default)]
pub(crate) struct Places {
    /// Broken in every state with this memory.
    pub(crate) by_memory: FxHashMap<u32, Vec<Bad>>,
    /// At rest: seen by final checks.
    pub(crate) by_rest: FxHashMap<Rest, Vec<Bad>>,
    /// At rest: seen by views.
    pub(crate) by_view: FxHashMap<u32, Vec<Bad>>,
    /// How the states at rest end.
    pub(crate) endings: BTreeSet<Ending>,
    /// Everything, those that a step or the search sees included.
    pub(crate) all: BTreeSet<Bad>,
}

/// The findings of a running search.
#[derive(Default)]
pub(crate) struct Findings(Mutex<Places>);

impl Findings {
    pub(crate) fn add(&self, bad: Bad) {
        lock(&self.0).all.insert(bad);
    }

    pub(crate) fn in_memory(&self, memory: u32, bad: Vec<Bad>) {
        if !bad.is_empty() {
            let mut places = lock(&self.0);
            places.all.extend(bad.iter().cloned());
            places.by_memory.insert(memory, bad);
        }
    }

    /// Claims a state at rest: whether its final checks, and its views, are the caller's to run.
    pub(crate) fn claim(&self, rest: &Rest) -> (bool, bool) {
        let mut places = lock(&self.0);
        let checks = !places.by_rest.contains_key(rest);
        if checks {
            places.by_rest.insert(rest.clone(), Vec::new());
        }
        let views = !places.by_view.contains_key(&rest.0);
        if views {
            places.by_view.insert(rest.0, Vec::new());
        }
        (checks, views)
    }

    pub(crate) fn at_rest(&self, rest: Rest, bad: Vec<Bad>, ending: Option<Ending>) {
        let mut places = lock(&self.0);
        places.endings.extend(ending);
        places.all.extend(bad.iter().cloned());
        places.by_rest.insert(rest, bad);
    }

    pub(crate) fn in_views(&self, memory: u32, bad: Vec<Bad>) {
        let mut places = lock(&self.0);
        places.all.extend(bad.iter().cloned());
        places.by_view.insert(memory, bad);
    }

    pub(crate) fn into_places(self) -> Places {
        self.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

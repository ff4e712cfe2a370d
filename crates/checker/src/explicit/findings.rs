//! What a search found, gathered from all threads, and where.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use machine::Word;
use rustc_hash::{FxHashMap, FxHashSet};
use scenario::{Ending, Scenario};

use super::ledger::{Full, Ledger};
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

/// A bad state as it is written: property and witness.
pub(crate) type Told = (String, String);

impl Bad {
    /// As it is written.
    pub(crate) fn told(&self) -> Told {
        (self.property.to_owned(), self.witness.clone())
    }
}

/// The names of properties, for bad states that were written.
pub(crate) struct Named(BTreeSet<&'static str>);

impl Named {
    pub(crate) fn new(scenario: &Scenario) -> Named {
        Named(scenario.asked())
    }

    /// The bad state that was written.
    pub(crate) fn bad(&mut self, (property, witness): Told) -> Bad {
        // What a model reports may be called what nobody asks for: few names, which stay.
        let known = self.0.get(property.as_str()).copied();
        let property = known.unwrap_or_else(|| {
            let name: &'static str = property.leak();
            self.0.insert(name);
            name
        });
        Bad { property, witness }
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
    /// What was claimed, and not looked at yet: final checks, and views.
    pub(crate) open: (FxHashSet<Rest>, FxHashSet<u32>),
}

/// What a hash table adds to an entry for free slots and growth, as a factor.
const TABLE: usize = 2;
/// What the allocator adds to a piece of memory, in bytes.
const ALLOCATION: usize = 16;

/// What a state at rest takes in a set.
pub(crate) fn bytes_of_rest(rest: &Rest) -> usize {
    TABLE * size_of::<Rest>() + size_of_val(&*rest.1) + ALLOCATION
}

/// What bad states take, of which many are noted at one place.
pub(crate) fn bytes_of_bad(bad: &[Bad]) -> usize {
    bad.iter().map(|bad| size_of::<Bad>() + bad.witness.len() + ALLOCATION).sum()
}

/// The findings of a running search.
pub(crate) struct Findings {
    places: Mutex<Places>,
    any: AtomicBool,
    ledger: Arc<Ledger>,
}

impl Findings {
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Findings {
        Findings { places: Mutex::default(), any: AtomicBool::new(false), ledger: ledger.clone() }
    }

    /// Whether anything was found.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bad: Bad) -> Result<(), Full> {
        let mut places = lock(&self.places);
        self.note(&mut places, std::slice::from_ref(&bad))
    }

    fn note(&self, places: &mut Places, bad: &[Bad]) -> Result<(), Full> {
        if bad.is_empty() {
            return Ok(());
        }
        self.any.store(true, Ordering::Relaxed);
        for bad in bad {
            if !places.all.contains(bad) {
                places.all.insert(bad.clone());
                self.ledger.take(TABLE * bytes_of_bad(std::slice::from_ref(bad)))?;
            }
        }
        Ok(())
    }

    pub(crate) fn in_memory(&self, memory: u32, bad: Vec<Bad>) -> Result<(), Full> {
        if bad.is_empty() {
            return Ok(());
        }
        let mut places = lock(&self.places);
        self.note(&mut places, &bad)?;
        self.ledger.take(TABLE * size_of::<(u32, Vec<Bad>)>() + bytes_of_bad(&bad))?;
        places.by_memory.insert(memory, bad);
        Ok(())
    }

    /// Claims a state at rest: whether its final checks, and its views, are the caller's to run.
    pub(crate) fn claim(&self, rest: &Rest) -> Result<(bool, bool), Full> {
        let mut places = lock(&self.places);
        let checks = !places.by_rest.contains_key(rest);
        if checks {
            self.ledger.take(bytes_of_rest(rest) + TABLE * size_of::<Vec<Bad>>())?;
            places.by_rest.insert(rest.clone(), Vec::new());
            places.open.0.insert(rest.clone());
        }
        let views = !places.by_view.contains_key(&rest.0);
        if views {
            self.ledger.take(TABLE * size_of::<(u32, Vec<Bad>)>())?;
            places.by_view.insert(rest.0, Vec::new());
            places.open.1.insert(rest.0);
        }
        Ok((checks, views))
    }

    pub(crate) fn at_rest(&self, rest: Rest, bad: Vec<Bad>, endings: Vec<Ending>) -> Result<(), Full> {
        let mut places = lock(&self.places);
        places.endings.extend(endings);
        self.note(&mut places, &bad)?;
        self.ledger.take(bytes_of_bad(&bad))?;
        places.open.0.remove(&rest);
        places.by_rest.insert(rest, bad);
        Ok(())
    }

    pub(crate) fn in_views(&self, memory: u32, bad: Vec<Bad>) -> Result<(), Full> {
        let mut places = lock(&self.places);
        self.note(&mut places, &bad)?;
        self.ledger.take(bytes_of_bad(&bad))?;
        places.open.1.remove(&memory);
        places.by_view.insert(memory, bad);
        Ok(())
    }

    /// What was found so far.
    pub(crate) fn places(&self) -> MutexGuard<'_, Places> {
        lock(&self.places)
    }

    /// Takes what another search of the same found before, to go on from there.
    pub(crate) fn restore(&self, found: Places) -> Result<(), Full> {
        const NOTED: usize = TABLE * size_of::<(u32, Vec<Bad>)>();
        let noted = found.by_memory.values().chain(found.by_view.values());
        let noted: usize = noted.map(|bad| NOTED + bytes_of_bad(bad)).sum();
        let rest = |(rest, bad): (&Rest, &Vec<Bad>)| {
            bytes_of_rest(rest) + TABLE * size_of::<Vec<Bad>>() + bytes_of_bad(bad)
        };
        let rests: usize = found.by_rest.iter().map(rest).sum();
        let all = found.all.iter().map(|bad| TABLE * bytes_of_bad(std::slice::from_ref(bad)));
        self.ledger.take(noted + rests + all.sum::<usize>())?;
        self.any.store(!found.all.is_empty(), Ordering::Relaxed);
        *lock(&self.places) = found;
        Ok(())
    }

    pub(crate) fn into_places(self) -> Places {
        self.places.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

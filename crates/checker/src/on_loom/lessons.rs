//! What loom must be told, learnt from one execution for the next exploration.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine::{Place, Step};

/// The line and the word of a step.
type Spot = (&'static str, u32, u32, &'static str);

fn spot(step: &Step) -> Spot {
    let Step { location, label, .. } = step;
    (location.file, location.line, location.column, label.name)
}

/// What is known.
#[derive(Clone, PartialEq, Default)]
pub(super) struct Known {
    /// After which steps models panic. A panic ends everything, so that it depends on everything.
    panics: BTreeSet<Spot>,
    /// Which cells several actors touch, at least one of them to change it.
    shared: BTreeSet<Place>,
}

/// Who touched a cell, one bit per actor.
#[derive(Clone, Copy, Default)]
struct Users {
    all: u8,
    writers: u8,
}

/// What is known, and what was found since.
pub(super) struct Lessons {
    known: Known,
    found: Mutex<Found>,
}

struct Found {
    known: Known,
    users: Vec<Users>,
    new: bool,
}

impl Lessons {
    pub(super) fn new(known: Known, cells: usize) -> Lessons {
        let users = vec![Users::default(); cells];
        Lessons { known: known.clone(), found: Mutex::new(Found { known, users, new: false }) }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something was learnt that was not known.
    pub(super) fn are_new(&self) -> bool {
        self.found().new
    }

    /// Everything that is known now.
    pub(super) fn learnt(&self) -> Known {
        self.found().known.clone()
    }

    /// Whether a cell is known to be shared.
    pub(super) fn is_shared(&self, at: Place) -> bool {
        self.known.shared.contains(&at)
    }

    /// An actor touches a cell that is not known to be shared.
    pub(super) fn touched(&self, actor: usize, at: Place, writes: bool) {
        let mut found = self.found();
        let Some(users) = found.users.get_mut(at.index()) else { return };
        users.all |= 1 << actor;
        users.writers |= u8::from(writes) << actor;
        if users.writers != 0 && users.all.count_ones() > 1 && found.known.shared.insert(at) {
            found.new = true;
        }
    }

    /// Whether a model is known to panic, somewhere.
    pub(super) fn any_panic(&self) -> bool {
        !self.known.panics.is_empty()
    }

    /// Whether a model is known to panic after this step.
    pub(super) fn before_panic(&self, step: &Step) -> bool {
        !self.known.panics.is_empty() && self.known.panics.contains(&spot(step))
    }

    /// A model panicked after this step.
    pub(super) fn panicked(&self, after: &Step) {
        let mut found = self.found();
        if found.known.panics.insert(spot(after)) {
            found.new = true;
        }
    }
}

//! The choices of an actor, which loom has no word for: each exploration makes them once for all of its executions.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which choice: of which actor, the how many-th, among how many alternatives. The same one with other
/// alternatives, in another execution, is another choice.
pub(super) type ChoiceId = (usize, u32, u8);

/// The choices that are made.
pub(super) type Fixed = BTreeMap<ChoiceId, u8>;

/// The choices of an exploration.
pub(super) struct Choices {
    pub(super) fixed: Fixed,
    /// The others, in the order in which they were met first.
    pub(super) met: Mutex<Vec<ChoiceId>>,
}

impl Choices {
    pub(super) fn met(&self) -> MutexGuard<'_, Vec<ChoiceId>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of a choice in this exploration.
    pub(super) fn value(&self, id: ChoiceId) -> u8 {
        if let Some(&value) = self.fixed.get(&id) {
            return value;
        }
        let mut met = self.met();
        if !met.contains(&id) {
            met.push(id);
        }
        0
    }
}

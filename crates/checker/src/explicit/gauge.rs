//! What a search shows of itself while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a search is: written by the search, and read meanwhile by whoever watches it. A reduced search and the plain
/// one after it count anew.
#[derive(Default, Debug)]
pub struct Gauge {
    states: AtomicU64,
    depth: AtomicU64,
    frontier: AtomicU64,
    bytes: AtomicU64,
}

/// How far a search is. The numbers belong together but for a moment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Reading {
    /// How many states there are.
    pub states: u64,
    /// How many levels were begun, from 1 on, by this run: those before a checkpoint are not counted.
    pub depth: u64,
    /// How many states are expanded in this level.
    pub frontier: u64,
    /// How many bytes are counted.
    pub bytes: u64,
}

impl Gauge {
    /// How far the search is; all 0 before it begins.
    #[must_use]
    pub fn read(&self) -> Reading {
        let [states, depth, frontier, bytes] = [&self.states, &self.depth, &self.frontier, &self.bytes]
            .map(|value| value.load(Ordering::Relaxed));
        Reading { states, depth, frontier, bytes }
    }

    pub(crate) fn count(&self, states: u64, bytes: u64) {
        self.states.store(states, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn level(&self, depth: u64, frontier: u64) {
        self.depth.store(depth, Ordering::Relaxed);
        self.frontier.store(frontier, Ordering::Relaxed);
    }
}

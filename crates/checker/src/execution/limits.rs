//! When a run of executions has to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use scenario::Bound;

/// How far a run of executions may go, beside their number.
pub(crate) struct Limits {
    /// How many scheduling points an execution may have.
    pub(crate) steps_max: usize,
    started: Instant,
    time_max: Duration,
    interrupt: Option<Arc<AtomicBool>>,
    stopped: OnceLock<Bound>,
}

impl Limits {
    /// From now on.
    pub(crate) fn new(steps_max: usize, time_max: Duration, interrupt: Option<Arc<AtomicBool>>) -> Limits {
        Limits { steps_max, started: Instant::now(), time_max, interrupt, stopped: OnceLock::new() }
    }

    /// How many steps of any kind an execution may have, or a view that runs alone.
    pub(crate) fn performed_max(&self) -> usize {
        self.steps_max.saturating_mul(16)
    }

    /// Seconds since the beginning.
    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Asked before more is done: whether that is to be left, and why. Once it is, the run is cut.
    pub(crate) fn stop(&self) -> Option<Bound> {
        let interrupted = self.interrupt.as_ref().is_some_and(|set| set.load(Ordering::Relaxed));
        let bound = match self.stopped() {
            Some(bound) => bound,
            None if interrupted => Bound::Interrupt,
            None if self.started.elapsed() >= self.time_max => Bound::Time,
            None => return None,
        };
        Some(*self.stopped.get_or_init(|| bound))
    }

    /// Why something was left, if it was.
    pub(crate) fn stopped(&self) -> Option<Bound> {
        self.stopped.get().copied()
    }
}

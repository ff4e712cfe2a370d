//! Steps as scheduling points of shuttle's.

use std::sync::{Arc, MutexGuard, PoisonError};

use machine::{Action, Step, Word};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::atomic::{AtomicBool, Ordering};

use super::follow::{Plan, Sleepers};
use crate::execution::{Execution, Medium, Turn};

/// What an execution runs on.
pub(super) struct OnShuttle {
    execution: Execution,
    plan: Option<Arc<Plan>>,
    sleepers: Sleepers,
    /// Reading it is a scheduling point, and no yield, which PCT would punish.
    anything: AtomicBool,
}

impl OnShuttle {
    /// Must be called on the main thread of a shuttle execution.
    pub(super) fn new(execution: Execution, plan: Option<Arc<Plan>>, sleepers: Sleepers) -> OnShuttle {
        let medium = OnShuttle { execution, plan, sleepers, anything: AtomicBool::new(false) };
        *medium.sleepers() = vec![false; medium.execution.scenario.actors.len()];
        medium
    }

    fn sleepers(&self) -> MutexGuard<'_, Vec<bool>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scheduling_point(&self) {
        self.anything.load(Ordering::SeqCst);
    }

    /// Whether a recorded schedule has this step now; if not, the execution ends.
    fn is_planned(&self, actor: usize, step: &Step) -> bool {
        let Some(plan) = &self.plan else { return true };
        let waits = match step.action {
            Action::Await { at, mask, .. } => self.execution.latest(at) & mask != 0,
            _ => false,
        };
        if waits || plan.allows(actor, step) {
            return true;
        }
        self.wake(&self.execution.kill());
        false
    }
}

impl Medium for OnShuttle {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn take(&self, actor: usize, step: &Step) -> Option<Word> {
        loop {
            self.scheduling_point();
            if !self.is_planned(actor, step) {
                return None;
            }
            match self.execution.execute(actor, step) {
                Turn::Done { seen, woken } => {
                    if let Some(plan) = &self.plan {
                        plan.advance(step, seen);
                    }
                    self.wake(&woken);
                    return Some(seen);
                }
                // Nobody who sleeps comes back from a scheduling point.
                Turn::Sleep => self.sleepers()[actor] = true,
                Turn::Leave { woken } => {
                    self.wake(&woken);
                    return None;
                }
            }
        }
    }

    fn choose(&self, actor: usize, step: &Step, of: u8) -> Option<Word> {
        self.scheduling_point();
        if !self.is_planned(actor, step) {
            return None;
        }
        let planned = self.plan.as_ref().map(|plan| plan.choice(step, of).unwrap_or(0));
        let value = planned.unwrap_or_else(|| Word::from(thread_rng().gen_range(0..of)));
        self.execution.taken(actor, step, value, None);
        if let Some(plan) = &self.plan {
            plan.advance(step, value);
        }
        Some(value)
    }

    fn wake(&self, actors: &[usize]) {
        let mut sleepers = self.sleepers();
        for &actor in actors {
            sleepers[actor] = false;
        }
    }

    // No switch comes between a step and what the model does after it, so nothing needs telling.
    fn touch_stop(&self) {}

    fn touch_alarm(&self) {}

    fn panicked(&self, _: Option<&Step>) {}
}

//! One exploration of loom's: an initial state, some choices, every execution.

use std::panic::resume_unwind;
use std::sync::Arc;

use loom::thread::JoinHandle;
use scenario::{Bound, Bounds, Scenario};

use super::Mode;
use super::choices::Choices;
use super::lessons::Lessons;
use super::medium::OnLoom;
use crate::execution::{Execution, Findings, Medium, run_actor};

/// Bytes of an actor's stack.
const STACK_BYTES: usize = 1 << 18;

/// Why an exploration ended early.
pub(super) enum Cut {
    /// A bound was met.
    Bound(Bound),
    /// Something was learnt that loom was not told.
    Restart,
    /// It is the turn of others.
    Turn,
    /// The model did what it may not.
    Broken,
    /// loom panicked.
    Failed(String),
}

/// One exploration of loom's.
pub(super) struct Exploration {
    pub(super) scenario: Arc<Scenario>,
    pub(super) mode: Mode,
    pub(super) bounds: Bounds,
    pub(super) findings: Arc<Findings>,
    pub(super) initial: usize,
    pub(super) choices: Arc<Choices>,
    pub(super) lessons: Arc<Lessons>,
    /// How many executions the run may have had when this exploration must let others have their turn.
    pub(super) turn_ends: u64,
}

impl Exploration {
    /// One execution. Cut by unwinding out of it while no other thread exists.
    pub(super) fn execution(&self) {
        if let Some(cut) = self.cut() {
            resume_unwind(Box::new(cut));
        }
        let execution = Execution::new(self.scenario.clone(), self.initial, self.findings.clone());
        let medium = OnLoom::new(execution, self.mode, self.choices.clone(), self.lessons.clone());
        let medium = Arc::new(medium);
        let spawn = |actor: usize| {
            let medium = medium.clone();
            let body = move || {
                run_actor(&*medium, actor);
                medium.linger(actor);
            };
            loom::thread::Builder::new()
                .stack_size(STACK_BYTES / size_of::<usize>())
                .spawn(body)
                .expect("loom starts no thread of the system")
        };
        let handles: Vec<_> = (0..self.scenario.actors.len()).map(spawn).collect();
        medium.seated(handles.iter().map(|handle| handle.thread().clone()).collect());
        let (daemons, others): (Vec<_>, Vec<_>) =
            handles.into_iter().enumerate().partition(|(actor, _)| self.scenario.actors[*actor].daemon);
        let join_all = |handles: Vec<(usize, JoinHandle<()>)>| {
            for (number, (actor, handle)) in handles.into_iter().enumerate() {
                // The first is let go by the last to linger.
                if number > 0 {
                    medium.let_go(actor);
                }
                // A panic would have ended the exploration.
                let _ = handle.join();
            }
        };
        join_all(others);
        if !daemons.is_empty() {
            medium.touch_stop();
            medium.wake(&medium.execution().stop());
            join_all(daemons);
        }
        let memory = medium.memory();
        medium.execution().finish(memory);
    }

    fn cut(&self) -> Option<Cut> {
        let executions = self.findings.executions();
        if self.findings.broken().is_some() {
            Some(Cut::Broken)
        } else if self.lessons.are_new() {
            Some(Cut::Restart)
        } else if executions >= self.bounds.executions_max {
            Some(Cut::Bound(Bound::Executions))
        } else if let Some(bound) = self.findings.limits.stop() {
            Some(Cut::Bound(bound))
        } else {
            (executions >= self.turn_ends).then_some(Cut::Turn)
        }
    }
}

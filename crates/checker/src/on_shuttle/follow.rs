//! Schedulers of our own: who sleeps is not scheduled, and a recorded schedule is followed.

use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::{Action, Step, Word};
use scenario::{EventKind, Scenario, Schedule};
use shuttle::scheduler::{Scheduler, Task, TaskId};

use crate::execution::{Findings, shown};

/// Who sleeps, by actor.
pub(super) type Sleepers = Arc<Mutex<Vec<bool>>>;

/// The thread of an actor: the main thread is the first, and starts them in their order.
fn thread_of(actor: usize) -> usize {
    actor + 1
}

/// Schedules as another scheduler does, among those that do not sleep, until the run has to stop.
pub(super) struct Awake<S> {
    /// Never dropped: when it has to stop, shuttle's random one would tell of a failure.
    inner: ManuallyDrop<S>,
    sleepers: Sleepers,
    findings: Arc<Findings>,
}

impl<S> Awake<S> {
    pub(super) fn new(inner: S, sleepers: Sleepers, findings: Arc<Findings>) -> Awake<S> {
        Awake { inner: ManuallyDrop::new(inner), sleepers, findings }
    }
}

impl<S: Scheduler> Scheduler for Awake<S> {
    fn new_execution(&mut self) -> Option<shuttle::scheduler::Schedule> {
        let next = self.inner.new_execution()?;
        self.findings.limits.stop().is_none().then_some(next)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let awake: Vec<&Task> = {
            let sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
            let sleeps = |task: &Task| {
                (0..sleepers.len())
                    .any(|actor| sleepers[actor] && TaskId::from(thread_of(actor)) == task.id())
            };
            runnable.iter().copied().filter(|task| !sleeps(task)).collect()
        };
        // Somebody is awake: when the last falls asleep, that is a deadlock, and all are woken.
        self.inner.next_task(if awake.is_empty() { runnable } else { &awake }, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

/// One step of a recorded schedule.
struct Planned {
    actor: usize,
    label: String,
    result: String,
}

/// A recorded schedule, and how far it was followed.
pub(super) struct Plan {
    steps: Vec<Planned>,
    state: Mutex<Followed>,
}

#[derive(Default)]
struct Followed {
    taken: usize,
    departure: Option<String>,
}

impl Plan {
    /// The actors' part of a schedule: views run by themselves afterwards.
    pub(super) fn new(scenario: &Scenario, schedule: &Schedule) -> Plan {
        let planned = |event: &scenario::Event| {
            let actor = scenario.actors.iter().position(|actor| actor.name == event.actor)?;
            match &event.kind {
                EventKind::Step { label, result, scheduling_point: true } => {
                    Some(Planned { actor, label: label.clone(), result: result.clone() })
                }
                _ => None,
            }
        };
        let steps = schedule.events.iter().filter_map(planned).collect();
        Plan { steps, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, Followed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is.
    fn turn(&self) -> Option<usize> {
        self.steps.get(self.state().taken).map(|planned| planned.actor)
    }

    /// Whether `actor` may take `step` now. If not, the schedule is at its end or was departed from.
    pub(super) fn allows(&self, actor: usize, step: &Step) -> bool {
        let mut state = self.state();
        let Some(planned) = self.steps.get(state.taken) else { return false };
        let label = step.label.to_string();
        if planned.actor == actor && planned.label == label {
            return true;
        }
        let number = state.taken + 1;
        state.departure.get_or_insert_with(|| {
            format!(
                "step {number} of the schedule is {:?}, but actor {actor} is the one to go on, with {label:?}",
                planned.label
            )
        });
        false
    }

    /// The value of a choice that the schedule records.
    pub(super) fn choice(&self, step: &Step, of: u8) -> Option<Word> {
        let state = self.state();
        let planned = self.steps.get(state.taken)?;
        let is_it =
            |value: &Word| planned.result == shown(step, *value) || planned.result == value.to_string();
        (0..Word::from(of)).find(is_it)
    }

    /// A step was taken with this result.
    pub(super) fn advance(&self, step: &Step, answer: Word) {
        let mut state = self.state();
        let Some(planned) = self.steps.get(state.taken) else { return };
        state.taken += 1;
        let (number, came) = (state.taken, shown(step, answer));
        let silent = matches!(step.action, Action::Choose { .. });
        if !silent && planned.result != came {
            state.departure.get_or_insert_with(|| {
                let Planned { label, result, .. } = planned;
                format!("step {number} of the schedule, {label:?}, gave {result:?} and now gives {came:?}")
            });
        }
    }

    /// Where the schedule could not be followed.
    pub(super) fn departure(&self) -> Option<String> {
        let state = self.state();
        let left = self.steps.len() - state.taken;
        let unfinished = || (left > 0).then(|| format!("{left} steps of the schedule were not taken"));
        state.departure.clone().or_else(unfinished)
    }
}

/// Runs once, and schedules whose turn it is.
pub(super) struct Follow {
    plan: Arc<Plan>,
    begun: bool,
}

impl Follow {
    pub(super) fn new(plan: Arc<Plan>) -> Follow {
        Follow { plan, begun: false }
    }
}

impl Scheduler for Follow {
    fn new_execution(&mut self) -> Option<shuttle::scheduler::Schedule> {
        (!std::mem::replace(&mut self.begun, true)).then(|| shuttle::scheduler::Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        let turn = self.plan.turn().map(thread_of);
        // The main thread first, so that everybody has started.
        let main = runnable.iter().find(|task| usize::from(task.id()) == 0);
        let wanted = runnable.iter().find(|task| Some(usize::from(task.id())) == turn);
        main.or(wanted).or(runnable.first()).map(|task| task.id())
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

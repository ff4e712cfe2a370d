//! The engine on shuttle: random, PCT and replayed schedules, sequentially consistent, for what is too
//! large to search. It samples, so its silence is never `Holds`.
//!
//! Each actor is a shuttle thread. A step is a scheduling point followed by the step itself, on memory
//! outside shuttle; who waits in an `Await` is blocked until a step of somebody else lets it go on.
//! Properties of every state are looked at in each state that an execution comes through. Cycles are
//! not judged: an execution longer than a bound ends there. Initial states take turns.
//!
//! An actor whose model panics is over, and what others do after that does not count.

mod follow;
mod medium;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering as StdOrdering};
use std::time::Duration;

use machine::Word;
use scenario::{Coverage, Outcome, Scenario, Schedule};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread;

use crate::execution::{Execution, Findings, Limits, Medium, flaw, message, run_actor};
use follow::{Awake, Follow, Plan, Sleepers};
use medium::OnShuttle;

/// Bytes of a thread's stack.
const STACK_BYTES: usize = 1 << 19;

/// Which schedules to run.
#[derive(Clone, PartialEq, Debug)]
pub enum Mode {
    /// At each scheduling point, anybody.
    Random {
        /// Where chance starts from.
        seed: u64,
        /// How many to run.
        executions: usize,
    },
    /// Probabilistic concurrency testing: priorities, which change at `depth - 1` points.
    Pct {
        /// How many orderings a bug may need.
        depth: usize,
        /// Where chance starts from.
        seed: u64,
        /// How many to run.
        executions: usize,
    },
    /// One recorded schedule.
    Replay(Schedule),
}

/// How to sample.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which schedules to run.
    pub mode: Mode,
    /// No execution begins after this.
    pub time_max: Duration,
    /// The most steps in one execution.
    pub steps_max: usize,
    /// Set it to stop the run.
    pub interrupt: Option<Arc<AtomicBool>>,
}

impl Options {
    /// This mode, for at most ten minutes, with at most 10,000 steps in one execution.
    #[must_use]
    pub fn new(mode: Mode) -> Options {
        Options { mode, time_max: Duration::from_secs(600), steps_max: 10_000, interrupt: None }
    }
}

/// Samples a scenario; the same for the same options, unless the run is cut by time or by the user.
///
/// shuttle can take the process with it, which is why a run belongs in one of its own: see [`crate::isolate`].
#[must_use]
pub fn check(scenario: &Scenario, options: &Options) -> Outcome {
    explore(scenario, options).0
}

/// A state at rest: the value of each cell, and the words that the actors returned (0 of an
/// unfinished daemon).
pub type AtRest = (Vec<Word>, Vec<Word>);

/// As [`check`], and gives every state at rest that was met, to compare engines by.
#[must_use]
pub fn explore(scenario: &Scenario, options: &Options) -> (Outcome, BTreeSet<AtRest>) {
    crate::hooks::settle();
    let limits = Limits::new(options.steps_max, options.time_max, options.interrupt.clone());
    let findings = Arc::new(Findings::new(limits, true, true));
    let mut run = Run {
        scenario: Arc::new(scenario.clone()),
        findings: findings.clone(),
        begun: AtomicUsize::new(0),
        first: None,
        plan: None,
        sleepers: Sleepers::default(),
    };
    let mut remarks = Vec::new();
    let sampled = match &options.mode {
        _ if flaw(scenario).is_some() => Err(flaw(scenario).unwrap_or_default()),
        &Mode::Random { seed, executions } => run.with(RandomScheduler::new_from_seed(seed, executions)),
        // PCT wants somebody to prefer.
        &Mode::Pct { seed, executions, .. } if scenario.actors.len() < 2 => {
            run.with(RandomScheduler::new_from_seed(seed, executions))
        }
        &Mode::Pct { depth, seed, executions } => {
            run.with(PctScheduler::new_from_seed(seed, depth.max(1), executions))
        }
        Mode::Replay(schedule) => {
            match scenario.initial.iter().position(|initial| initial.name == schedule.initial) {
                None => Err(format!("the scenario has no initial state {:?}", schedule.initial)),
                Some(initial) => {
                    let plan = Arc::new(Plan::new(scenario, schedule));
                    run.first = Some(initial);
                    run.plan = Some(plan.clone());
                    let sampled = run.with(Follow::new(plan.clone()));
                    remarks.extend(plan.departure());
                    sampled
                }
            }
        }
    };
    let coverage = match sampled {
        Ok(()) => match findings.limits.stopped() {
            Some(bound) => Coverage::Cut { bound },
            None => Coverage::Sampled { executions: findings.executions() },
        },
        Err(why) => {
            remarks.push(why);
            Coverage::Unsupported
        }
    };
    let coverage = match findings.broken() {
        None => coverage,
        Some(flaw) => {
            remarks.push(format!("the model is broken: {flaw}"));
            Coverage::Unsupported
        }
    };
    if findings.is_length_cut() {
        remarks.push(format!("an execution ended after {} steps", options.steps_max));
    }
    let outcome = Outcome {
        seconds: findings.limits.seconds(),
        remark: remarks.join("; "),
        ..findings.outcome(scenario, coverage)
    };
    (outcome, findings.rests())
}

/// A run of several executions.
struct Run {
    scenario: Arc<Scenario>,
    findings: Arc<Findings>,
    begun: AtomicUsize,
    /// The initial state, if it is a given one.
    first: Option<usize>,
    plan: Option<Arc<Plan>>,
    sleepers: Sleepers,
}

impl Run {
    fn with(self, scheduler: impl Scheduler + 'static) -> Result<(), String> {
        let mut config = shuttle::Config::new();
        config.stack_size = STACK_BYTES;
        config.failure_persistence = shuttle::FailurePersistence::None;
        config.max_steps = shuttle::MaxSteps::None;
        config.silence_warnings = true;
        let awake = Awake::new(scheduler, self.sleepers.clone(), self.findings.clone());
        let runner = shuttle::Runner::new(awake, config);
        catch_unwind(AssertUnwindSafe(move || runner.run(move || self.execution())))
            .map(|_| ())
            .map_err(|payload| format!("shuttle failed: {}", message(&*payload)))
    }

    fn execution(&self) {
        let turn = self.begun.fetch_add(1, StdOrdering::Relaxed);
        let initial = self.first.unwrap_or(turn % self.scenario.initial.len());
        let execution = Execution::new(self.scenario.clone(), initial, self.findings.clone());
        let medium = Arc::new(OnShuttle::new(execution, self.plan.clone(), self.sleepers.clone()));
        let spawn = |actor: usize| {
            let medium = medium.clone();
            thread::spawn(move || run_actor(&*medium, actor))
        };
        let handles: Vec<_> = (0..self.scenario.actors.len()).map(spawn).collect();
        let (daemons, others): (Vec<_>, Vec<_>) =
            handles.into_iter().zip(&self.scenario.actors).partition(|(_, actor)| actor.daemon);
        for (handle, _) in others {
            // A panic would have ended the run.
            let _ = handle.join();
        }
        medium.wake(&medium.execution().stop());
        for (handle, _) in daemons {
            let _ = handle.join();
        }
        medium.execution().finish(None);
    }
}

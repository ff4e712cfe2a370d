//! The engine on loom: every interleaving of a small scenario, under the C11 memory model with the
//! kernel's orderings or sequentially consistent.
//!
//! Each actor is a loom thread, each initial state an exploration of its own. loom has no choice
//! operator, so choices are enumerated outside: an exploration runs with some choices fixed, takes 0
//! for those it meets beyond them, and leaves the other values to later explorations.
//!
//! **Sequentially consistent mode.** Memory is an array outside loom; a loom mutex per cell tells loom
//! which steps depend on each other (loom's `SeqCst` accesses are weaker than the standard's). A step on
//! several cells holds all of their mutexes, so that it is one step.
//!
//! **Kernel orders.** Each cell is a loom atomic. `Relaxed`, `Acquire` and `Release` are C11's; a `Full`
//! access stands between two sequentially consistent fences, as the kernel defines a value-returning
//! read-modify-write. `smp_rmb` and `smp_wmb` are acquire and release fences, which is more than the
//! kernel asks and as much as C11 can say. What differs from hardware:
//! - `Move` and `CopyUser` are a load and a store and not one step. A `CopyUser` takes the page-table
//!   entry with acquire, because what it loads then hangs on the entry by an address dependency, which
//!   C11 as loom has it can't say; that orders the actor's later loads too.
//! - A failed `Try` that is `Full` still has the fence before it.
//! - Who waits in an `Await` sleeps until a store lets it try again. Waking orders the waker before the
//!   sleeper; no outcome is lost by that, since the one in which the sleeper comes late is explored too.
//! - loom remembers seven stores of a cell and does not let a load be late (no load buffering).
//!
//! **What loom is told.** A step on a cell that only one actor ever touches, or that nobody ever
//! changes, is no business of others: loom does not hear of it. Which cells those are is learnt: when an
//! execution shows another cell to be shared, the exploration starts again with what is known now, so
//! that the one that finishes was told everything that mattered in it.
//!
//! **What it can't tell.** Properties of every state are not looked at, and the outcome says so: with weak
//! memory there are no states, and loom skips states that differ only in the order of independent steps.
//! Cycles are not judged: an execution longer than a bound is cut, and where none was, nobody goes round for
//! ever. And loom by itself ends early on some programs (its issues #166 and #392); where that is known, loads
//! are made to depend on each other, which mends it. `tests/engines/loom_gaps.rs` shows the defect.
//!
//! An actor whose model panics is over, and what others do after that does not count.

mod choices;
mod exploration;
mod lessons;
mod medium;

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use machine::Word;
use scenario::{Bound, Bounds, Coverage, Outcome, Scenario};

use crate::execution::{Findings, Limits, flaw};
use choices::{ChoiceId, Choices, Fixed};
use exploration::{Cut, Exploration};
use lessons::{Known, Lessons};

/// The most actors that loom can hold beside the main thread.
pub const ACTORS_MAX: usize = loom::MAX_THREADS - 1;

/// Branches that loom may take for one step of ours: generous, so that our bound is met before loom's,
/// which ends in a panic.
const BRANCHES_PER_STEP: usize = 32;

/// How many executions an exploration has in its first turn, and how much longer each turn is.
const FIRST_TURN: u64 = 128;
const TURN_GROWTH: u64 = 8;

/// The most preemptions with which an exploration is scouted.
const SCOUTED_PREEMPTIONS_MAX: u32 = 3;

/// What memory is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// C11 atomics with the kernel's orderings.
    KernelOrders,
    /// One step after the other.
    SequentiallyConsistent,
}

/// How to explore.
#[derive(Clone, Debug)]
pub struct Options {
    /// What memory is.
    pub mode: Mode,
    /// How far to look: executions and time. States and memory mean nothing here.
    pub bounds: Bounds,
    /// The most preemptions in one execution; a run with such a bound is cut, whatever it finds.
    pub preemptions_max: Option<usize>,
    /// The most steps in one execution.
    pub steps_max: usize,
    /// Set it to stop the run.
    pub interrupt: Option<Arc<AtomicBool>>,
}

impl Default for Options {
    /// Kernel orders, the usual bounds, any number of preemptions, 1,000 steps.
    fn default() -> Options {
        Options {
            mode: Mode::KernelOrders,
            bounds: Bounds::default(),
            preemptions_max: None,
            steps_max: 1_000,
            interrupt: None,
        }
    }
}

/// Explores a scenario. A run that loom's own failure ends says so in the remark and is `Unsupported`;
/// one that takes the process with it is for [`crate::isolate`].
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
    let (outcome, findings) = run(scenario, options);
    (outcome, findings.rests())
}

fn run(scenario: &Scenario, options: &Options) -> (Outcome, Arc<Findings>) {
    crate::hooks::settle();
    let sequential = options.mode == Mode::SequentiallyConsistent;
    let limits = Limits::new(options.steps_max, options.bounds.time_max, options.interrupt.clone());
    let findings = Arc::new(Findings::new(limits, sequential, false));
    let actors = scenario.actors.len();
    if actors > ACTORS_MAX {
        let remark = format!("{actors} actors, and loom holds {ACTORS_MAX} threads beside the main one");
        return (Outcome { remark, ..Outcome::default() }, findings);
    }
    if let Some(remark) = flaw(scenario) {
        return (Outcome { remark, ..Outcome::default() }, findings);
    }
    let run = Run { scenario: Arc::new(scenario.clone()), options, findings: findings.clone() };
    let mut remarks = Vec::new();
    let explored = run.everything();
    let broken = findings.broken();
    let coverage = match explored {
        _ if broken.is_some() => Coverage::Unsupported,
        Err(Cut::Bound(bound)) => Coverage::Cut { bound },
        Err(Cut::Failed(message)) => {
            remarks.push(format!("loom failed: {message}"));
            Coverage::Unsupported
        }
        Err(Cut::Restart | Cut::Turn | Cut::Broken) => unreachable!("taken care of"),
        Ok(()) => {
            let length = findings.is_length_cut().then_some(Bound::Length);
            let preemptions = options.preemptions_max.map(|_| Bound::Preemptions);
            let bound = findings.limits.stopped().or(length).or(preemptions);
            bound.map_or(Coverage::Exhausted, |bound| Coverage::Cut { bound })
        }
    };
    remarks.extend(broken.map(|flaw| format!("the model is broken: {flaw}")));
    let outcome = Outcome {
        seconds: findings.limits.seconds(),
        remark: remarks.join("; "),
        ..findings.outcome(scenario, coverage)
    };
    (outcome, findings)
}

/// An exploration that waits for its turn.
struct Waiting {
    initial: usize,
    fixed: Fixed,
    /// How many executions the turn has.
    turn: u64,
    /// With how few preemptions, if this is only to scout.
    scouted: Option<usize>,
}

/// A run over all initial states and choices.
struct Run<'a> {
    scenario: Arc<Scenario>,
    options: &'a Options,
    findings: Arc<Findings>,
}

impl Run<'_> {
    /// All explorations. They take turns, those of few choices first, so that a run that is cut has seen
    /// something of each. loom can't go on with an exploration: one that was not finished begins again,
    /// with a longer turn. Before that it is scouted with few preemptions, since loom by itself changes
    /// the ends of executions first, and what there is to be found often takes one preemption at the
    /// beginning.
    fn everything(&self) -> Result<(), Cut> {
        let mut known = Known::default();
        let bound = self.options.preemptions_max;
        let first = |initial| Waiting { initial, fixed: Fixed::new(), turn: FIRST_TURN, scouted: None };
        let mut waiting: VecDeque<Waiting> = (0..self.scenario.initial.len()).map(first).collect();
        while let Some(mut next) = waiting.pop_front() {
            let preemptions_max = next.scouted.or(bound);
            let (met, finished) = self.explore(&next, preemptions_max, &mut known)?;
            // This exploration had 0 for each choice it met. What is left: the first that is not 0 is
            // this one, and has this value.
            for id in met {
                for value in 1..id.2 {
                    let mut fixed = next.fixed.clone();
                    fixed.insert(id, value);
                    waiting.push_back(Waiting { fixed, ..first(next.initial) });
                }
                next.fixed.insert(id, 0);
            }
            next.scouted = match next.scouted {
                None if finished => continue,
                None => {
                    let turns = (next.turn / FIRST_TURN).ilog(TURN_GROWTH);
                    next.turn = next.turn.saturating_mul(TURN_GROWTH);
                    let worth_it = bound.is_none() && turns < SCOUTED_PREEMPTIONS_MAX;
                    worth_it.then_some(turns as usize + 1)
                }
                Some(_) => None,
            };
            waiting.push_back(next);
        }
        Ok(())
    }

    /// One exploration of loom's, for one turn; gives the choices that it met beyond the fixed ones, and
    /// whether it finished.
    fn explore(
        &self,
        what: &Waiting,
        preemptions_max: Option<usize>,
        known: &mut Known,
    ) -> Result<(Vec<ChoiceId>, bool), Cut> {
        loop {
            let lessons = Arc::new(Lessons::new(known.clone(), self.scenario.layout.len()));
            let exploration = Arc::new(Exploration {
                scenario: self.scenario.clone(),
                mode: self.options.mode,
                bounds: self.options.bounds,
                findings: self.findings.clone(),
                initial: what.initial,
                choices: Arc::new(Choices { fixed: what.fixed.clone(), met: Mutex::default() }),
                lessons: lessons.clone(),
                turn_ends: self.findings.executions().saturating_add(what.turn),
            });
            let each = exploration.clone();
            let explored = catch_unwind(AssertUnwindSafe(|| {
                self.builder(preemptions_max).check(move || each.execution())
            }));
            let finished = match explored.map_err(cause) {
                Ok(()) => true,
                Err(Cut::Turn) => false,
                Err(Cut::Restart) => {
                    *known = lessons.learnt();
                    continue;
                }
                Err(cut) => return Err(cut),
            };
            if !lessons.are_new() {
                return Ok((exploration.choices.met().clone(), finished));
            }
            // Learnt in the last execution.
            *known = lessons.learnt();
        }
    }

    /// No bound of loom's own: it returns the same whether it met one or finished.
    fn builder(&self, preemptions_max: Option<usize>) -> loom::model::Builder {
        let mut builder = loom::model::Builder::new();
        builder.max_threads = loom::MAX_THREADS;
        builder.max_branches = 64 + BRANCHES_PER_STEP * self.options.steps_max;
        builder.max_permutations = None;
        builder.max_duration = None;
        builder.preemption_bound = preemptions_max.map(|max| max.min(usize::from(u8::MAX - 1)));
        builder.checkpoint_file = None;
        builder.checkpoint_interval = 1;
        builder.expect_explicit_explore = false;
        builder.location = false;
        builder.log = false;
        builder
    }
}

fn cause(payload: Box<dyn Any + Send>) -> Cut {
    match payload.downcast::<Cut>() {
        Ok(cut) => *cut,
        Err(payload) => {
            let message = crate::execution::message(&*payload);
            if message.starts_with("Model exceeded maximum number of branches") {
                Cut::Bound(Bound::Length)
            } else {
                Cut::Failed(message)
            }
        }
    }
}

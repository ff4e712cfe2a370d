//! What the executions of one run found, together.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use machine::Word;
use scenario::{BadState, Check, Coverage, Ending, Missing, Outcome, Scenario, Schedule, built_in};

use super::{Limits, Line, epilogue};
use crate::Collector;

/// A state at rest: initial state, memory, the actors' results.
type Rest = (usize, Vec<Word>, Vec<Word>);

/// How many steps of an execution pass between two looks at the time.
const STEPS_BETWEEN_LOOKS: usize = 256;

/// What is known after some executions.
pub(crate) struct Findings {
    /// When to stop.
    pub(crate) limits: Limits,
    /// Whether memory is sequentially consistent, so that there are states.
    pub(crate) sequential: bool,
    /// Whether the properties of every state are looked at.
    pub(crate) states_checked: bool,
    /// The bad states.
    pub(crate) bad: Collector,
    reached: Mutex<BTreeSet<&'static str>>,
    endings: Mutex<BTreeSet<Ending>>,
    unsupported: Mutex<BTreeSet<Missing>>,
    at_rest: Mutex<HashSet<Rest>>,
    executions: AtomicU64,
    steps: AtomicU64,
    /// The most steps of any kind that an execution has had.
    longest: AtomicUsize,
    length_cut: AtomicBool,
    flaw: Mutex<Option<String>>,
}

impl Findings {
    /// Nothing yet.
    pub(crate) fn new(limits: Limits, sequential: bool, states_checked: bool) -> Findings {
        Findings {
            limits,
            sequential,
            states_checked,
            bad: Collector::new(),
            reached: Mutex::default(),
            endings: Mutex::default(),
            unsupported: Mutex::default(),
            at_rest: Mutex::default(),
            executions: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            longest: AtomicUsize::new(0),
            length_cut: AtomicBool::new(false),
            flaw: Mutex::default(),
        }
    }

    /// How many executions have come to their end.
    pub(crate) fn executions(&self) -> u64 {
        self.executions.load(Ordering::Relaxed)
    }

    /// Whether an execution was cut for its length.
    pub(crate) fn is_length_cut(&self) -> bool {
        self.length_cut.load(Ordering::Relaxed)
    }

    /// The distinct states at rest: memory and results.
    pub(crate) fn rests(&self) -> BTreeSet<(Vec<Word>, Vec<Word>)> {
        let rests = self.at_rest.lock().unwrap_or_else(PoisonError::into_inner);
        rests.iter().map(|(_, memory, results)| (memory.clone(), results.clone())).collect()
    }

    /// What is wrong with a model, so that nothing that was found counts.
    pub(crate) fn broken(&self) -> Option<String> {
        self.flaw.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What must be reached and was not. Nor may what is looked at finally hold because nothing ever comes to
    /// rest.
    fn unreached(&self, scenario: &Scenario, bad: &[BadState]) -> Vec<&'static str> {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = scenario.reachable.iter().copied().filter(|what| !reached.contains(what));
        let finally = scenario.properties.iter().any(|p| matches!(p.check, Check::Final(_)));
        let rests = !self.at_rest.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let ends = [built_in::DEADLOCK.id, built_in::KERNEL_BUG.id];
        let why = rests || bad.iter().any(|b| ends.contains(&b.property.as_str()));
        let restless = (finally || !scenario.views.is_empty()) && !why;
        missing.chain(restless.then_some("a state at rest")).collect()
    }

    /// The outcome, but for time and the remark.
    pub(crate) fn outcome(&self, scenario: &Scenario, coverage: Coverage) -> Outcome {
        let mut bad = self.bad.take();
        if self.broken().is_some() {
            return Outcome { coverage, executions: self.executions(), ..Outcome::default() };
        }
        let unsupported = self.unsupported.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let coverage = match coverage {
            Coverage::Exhausted if !unsupported.is_empty() => Coverage::Pruned,
            coverage => coverage,
        };
        let unreached = self.unreached(scenario, &bad);
        let looked_at = self.looked_at(scenario, coverage, unreached.is_empty());
        if coverage == Coverage::Exhausted {
            let empty = |what: &str| BadState {
                property: built_in::EMPTY.id.to_owned(),
                witness: what.to_owned(),
                promised: scenario.promises(built_in::EMPTY.id),
                cells: Vec::new(),
                schedule: Schedule::default(),
            };
            bad.extend(unreached.into_iter().map(empty));
            bad.sort_by(|a, b| (&a.property, &a.witness).cmp(&(&b.property, &b.witness)));
        }
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome {
            bad,
            coverage,
            looked_at,
            endings: endings.iter().cloned().collect(),
            transitions: self.steps.load(Ordering::Relaxed),
            executions: self.executions(),
            reached: reached.iter().map(|&what| what.to_owned()).collect(),
            ..Outcome::default()
        }
        .resting(scenario, unsupported)
    }

    /// What was looked at in the executions.
    ///
    /// Cycles are not judged. But where every execution came to its end, however the actors interleave, nobody
    /// goes round for ever.
    fn looked_at(&self, scenario: &Scenario, coverage: Coverage, all_reached: bool) -> BTreeSet<String> {
        let mut asked = scenario.asked();
        if coverage == Coverage::Unsupported {
            asked.clear();
        }
        if coverage != Coverage::Exhausted {
            asked.remove(built_in::LIVELOCK.id);
            asked.remove(built_in::UNKILLABLE.id);
            if !all_reached {
                asked.remove(built_in::EMPTY.id);
            }
        }
        if !self.states_checked {
            for property in scenario.properties.iter().filter(|p| matches!(p.check, Check::State(_))) {
                asked.remove(property.id);
            }
        }
        asked.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn flaw(&self, flaw: String) {
        self.flaw.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(flaw);
    }

    pub(super) fn cut_length(&self) {
        self.length_cut.store(true, Ordering::Relaxed);
    }

    /// An execution has come to its end, of so many scheduling points among so many steps.
    pub(super) fn count(&self, steps: usize, performed: usize) {
        self.executions.fetch_add(1, Ordering::Relaxed);
        self.steps.fetch_add(steps as u64, Ordering::Relaxed);
        self.longest.fetch_max(performed, Ordering::Relaxed);
    }

    /// Whether an execution must end now, after so many steps, for the sake of a bound on the whole run. Only
    /// one that is longer than all before: a library that repeats the beginning of an execution must find the
    /// same there.
    pub(super) fn ends(&self, performed: usize) -> bool {
        performed.is_multiple_of(STEPS_BETWEEN_LOOKS)
            && performed > self.longest.load(Ordering::Relaxed)
            && self.limits.stop().is_some()
    }

    pub(super) fn reach(&self, what: &'static str) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
    }

    /// An execution ends here, for want of a model.
    pub(super) fn lack(&self, missing: Missing) {
        self.unsupported.lock().unwrap_or_else(PoisonError::into_inner).insert(missing);
    }

    pub(super) fn end(&self, ending: Ending) {
        self.endings.lock().unwrap_or_else(PoisonError::into_inner).insert(ending);
    }

    /// Looks at a state at rest, once. On a thread of its own: the caller's stack is small.
    pub(super) fn at_rest(
        &self,
        scenario: &Arc<Scenario>,
        initial: usize,
        memory: Vec<Word>,
        results: Vec<Word>,
        log: &[Line],
    ) {
        let rest: Rest = (initial, memory, results);
        if !self.at_rest.lock().unwrap_or_else(PoisonError::into_inner).insert(rest.clone()) {
            return;
        }
        let no_final = !scenario.properties.iter().any(|p| matches!(p.check, Check::Final(_)));
        if no_final && scenario.views.is_empty() && scenario.ending.is_none() {
            return;
        }
        let (_, memory, results) = &rest;
        std::thread::scope(|scope| {
            scope.spawn(|| epilogue::look(scenario, initial, memory, results, log, self));
        });
    }
}

//! What the executions of one run found, together.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use machine::Word;
use scenario::{Check, Ending, Outcome, Scenario};

use super::{Line, epilogue};
use crate::Collector;

/// A state at rest: initial state, memory, the actors' results.
type Rest = (usize, Vec<Word>, Vec<Word>);

/// What is known after some executions.
pub(crate) struct Findings {
    /// How many scheduling points an execution may have.
    pub(crate) steps_max: usize,
    /// Whether memory is sequentially consistent, so that there are states.
    pub(crate) sequential: bool,
    /// Whether the properties of every state are looked at.
    pub(crate) states_checked: bool,
    /// The bad states.
    pub(crate) bad: Collector,
    reached: Mutex<BTreeSet<&'static str>>,
    endings: Mutex<BTreeSet<Ending>>,
    at_rest: Mutex<HashSet<Rest>>,
    executions: AtomicU64,
    steps: AtomicU64,
    length_cut: AtomicBool,
    flaw: Mutex<Option<String>>,
}

impl Findings {
    /// Nothing yet.
    pub(crate) fn new(steps_max: usize, sequential: bool, states_checked: bool) -> Findings {
        Findings {
            steps_max,
            sequential,
            states_checked,
            bad: Collector::new(),
            reached: Mutex::default(),
            endings: Mutex::default(),
            at_rest: Mutex::default(),
            executions: AtomicU64::new(0),
            steps: AtomicU64::new(0),
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

    /// What must be reached and was not.
    pub(crate) fn unreached(&self, scenario: &Scenario) -> Vec<&'static str> {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        scenario.reachable.iter().copied().filter(|what| !reached.contains(what)).collect()
    }

    /// The outcome, but for coverage and time.
    pub(crate) fn outcome(&self) -> Outcome {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome {
            bad: self.bad.take(),
            endings: endings.iter().cloned().collect(),
            transitions: self.steps.load(Ordering::Relaxed),
            executions: self.executions(),
            reached: reached.iter().map(|&what| what.to_owned()).collect(),
            ..Outcome::default()
        }
    }

    pub(super) fn flaw(&self, flaw: String) {
        self.flaw.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(flaw);
    }

    pub(super) fn cut_length(&self) {
        self.length_cut.store(true, Ordering::Relaxed);
    }

    pub(super) fn count(&self, steps: usize) {
        self.executions.fetch_add(1, Ordering::Relaxed);
        self.steps.fetch_add(steps as u64, Ordering::Relaxed);
    }

    pub(super) fn reach(&self, what: &'static str) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
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

//! One execution of a scenario by threads that a library schedules: what the engines on loom and on
//! shuttle have in common. Memory, who waits for what, deadlock, the log, and what is found.
//!
//! The library decides *when* an actor goes on; everything it does happens here, under one lock that is
//! never held across a scheduling point. Nothing panics to report: an actor that must not go on is
//! unwound quietly out of its next step, and everybody who waits is woken to be unwound.

mod checked;
mod epilogue;
mod findings;
mod limits;
mod log;
mod seat;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::{Action, Demand, Effect, Flaw, Label, Memory, Place, Step, Word};
use scenario::{Actor, BadState, Check, Fairness, Scenario, built_in};

pub(crate) use checked::flaw;
use checked::{Checked, looked, step_flaw};
pub(crate) use findings::Findings;
pub(crate) use limits::Limits;
pub(crate) use log::{Happening, Line, schedule, shown};
pub(crate) use seat::{Exit, Medium, message, run_actor};

/// Where an actor is.
#[derive(Clone, Copy)]
enum Status {
    /// It can go on.
    Running,
    /// It waits until the masked bits of a cell are 0, in a step of this name.
    Waiting { at: Place, mask: Word, word: Label },
    /// It has returned.
    Ended(Word),
    /// It was unwound, or its model panicked.
    Gone,
}

/// What came of an attempt to take a step.
pub(crate) enum Turn {
    /// It is done. `seen` is its result, or what a `Require` read; these actors can go on now.
    Done { seen: Word, woken: Vec<usize> },
    /// It can't happen yet: sleep, then try again.
    Sleep,
    /// It never will; the actor must leave, and these must be woken.
    Leave { woken: Vec<usize> },
}

struct State {
    /// The memory. Under weak memory, where there is no such thing: each cell's latest store.
    memory: Vec<Word>,
    status: Vec<Status>,
    log: Vec<Line>,
    /// Steps that are scheduling points, and all.
    steps: usize,
    performed: usize,
    /// All actors but daemons have returned: adversaries among the daemons leave at their next step.
    stopped: bool,
    /// The other daemons have come to rest, too: everybody leaves.
    rested: bool,
    /// Everybody leaves at their next step.
    dead: bool,
    /// An assertion of a model has failed, or something is not modelled: the others go on, so that the library sees what they touch,
    /// but nothing that they do counts.
    crashed: bool,
}

/// One execution.
pub(crate) struct Execution {
    pub(crate) scenario: Arc<Scenario>,
    initial: usize,
    findings: Arc<Findings>,
    state: Mutex<State>,
}

impl Execution {
    /// An execution from an initial state of the scenario.
    pub(crate) fn new(scenario: Arc<Scenario>, initial: usize, findings: Arc<Findings>) -> Execution {
        let state = State {
            memory: scenario.initial[initial].cells.clone(),
            status: vec![Status::Running; scenario.actors.len()],
            log: Vec::new(),
            steps: 0,
            performed: 0,
            stopped: false,
            rested: false,
            dead: false,
            crashed: false,
        };
        let execution = Execution { scenario, initial, findings, state: Mutex::new(state) };
        execution.check_state(&mut execution.state());
        execution
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is such a cell.
    pub(crate) fn declares(&self, at: Place) -> bool {
        at.index() < self.scenario.layout.len()
    }

    /// The model names a cell that there is not; these must be woken.
    pub(crate) fn misused(&self, actor: usize, step: &Step, at: Place) -> Vec<usize> {
        let flaw = Flaw::NoSuchCell { at, declared: self.scenario.layout.len() };
        self.flawed(actor, step, &flaw.to_string())
    }

    /// The model did what it may not; these must be woken.
    fn flawed(&self, actor: usize, step: &Step, flaw: &str) -> Vec<usize> {
        self.findings.flaw(self.told(actor, step, flaw));
        self.kill()
    }

    /// Whether the actor is a daemon that leaves when the others are at rest.
    pub(crate) fn is_stoppable(&self, actor: usize) -> bool {
        is_stoppable(&self.scenario.actors[actor])
    }

    /// The present value of a cell; under weak memory its latest store.
    pub(crate) fn latest(&self, at: Place) -> Word {
        self.state().memory.get(at.index()).copied().unwrap_or(0)
    }

    /// Whether it ended otherwise than at rest.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state();
        state.dead || state.crashed
    }

    /// Whether the actor may perform `step`; if not, these must be woken before it leaves. A step too
    /// many ends the execution.
    pub(crate) fn enter(&self, actor: usize, step: &Step) -> Result<(), Vec<usize>> {
        let mut state = self.state();
        let scheduling_point = step.is_scheduling_point();
        if state.dead || scheduling_point && self.must_leave(&state, actor) {
            return Err(Vec::new());
        }
        if let Some(flaw) = step_flaw(&self.scenario, step) {
            self.findings.flaw(self.told(actor, step, &flaw));
            return Err(state.kill());
        }
        state.performed += 1;
        state.steps += usize::from(scheduling_point);
        let limits = &self.findings.limits;
        if state.steps > limits.steps_max || state.performed > limits.performed_max() {
            self.findings.cut_length();
            return Err(state.kill());
        }
        if self.findings.ends(state.performed) {
            return Err(state.kill());
        }
        Ok(())
    }

    /// Takes a step on sequentially consistent memory.
    pub(crate) fn execute(&self, actor: usize, step: &Step) -> Turn {
        let mut state = self.state();
        if self.must_leave(&state, actor) {
            return Turn::Leave { woken: Vec::new() };
        }
        let mut memory = Checked::new(&self.scenario.layout, &mut state.memory);
        let effect = step.action.execute(&mut memory);
        if let Some(flaw) = memory.flaw() {
            self.findings.flaw(self.told(actor, step, &flaw));
            return Turn::Leave { woken: state.kill() };
        }
        let seen = match (effect, step.action) {
            (_, Action::Require { at, .. }) => state.memory[at.index()],
            (Effect::Done(result), _) => result,
            (Effect::Choice(_), _) => unreachable!("the medium chooses"),
            (Effect::Blocked, _) => return self.sleep(&mut state, actor, step),
        };
        let is_require = matches!(step.action, Action::Require { .. });
        let answer = if is_require { 0 } else { seen };
        state.log.push(self.line(actor, Happening::Taken(*step, answer)));
        self.check_state(&mut state);
        Turn::Done { seen, woken: state.wake() }
    }

    /// Takes note of a step that was taken elsewhere, and of what it stored.
    pub(crate) fn taken(
        &self,
        actor: usize,
        step: &Step,
        answer: Word,
        stored: Option<(Place, Word)>,
    ) -> Vec<usize> {
        let mut state = self.state();
        state.log.push(self.line(actor, Happening::Taken(*step, answer)));
        let Some((at, value)) = stored else {
            return Vec::new();
        };
        let mut memory = Checked::new(&self.scenario.layout, &mut state.memory);
        memory.poke(at, value);
        if let Some(flaw) = memory.flaw() {
            self.findings.flaw(self.told(actor, step, &flaw));
            return state.kill();
        }
        state.wake()
    }

    /// The actor's step can't happen yet.
    pub(crate) fn blocked(&self, actor: usize, step: &Step) -> Turn {
        let mut state = self.state();
        if self.must_leave(&state, actor) {
            return Turn::Leave { woken: Vec::new() };
        }
        self.sleep(&mut state, actor, step)
    }

    fn sleep(&self, state: &mut State, actor: usize, step: &Step) -> Turn {
        let Action::Await { at, mask, .. } = step.action else {
            unreachable!("only an Await blocks: {step:?}");
        };
        state.status[actor] = Status::Waiting { at, mask, word: step.label };
        match self.settle(state) {
            // Who is awake must not be woken: it would come out of its next sleep at once.
            Some(woken) => Turn::Leave { woken: woken.into_iter().filter(|&other| other != actor).collect() },
            None => Turn::Sleep,
        }
    }

    fn must_leave(&self, state: &State, actor: usize) -> bool {
        state.dead || state.rested || state.stopped && is_stoppable(&self.scenario.actors[actor])
    }

    fn told(&self, actor: usize, step: &Step, flaw: &str) -> String {
        checked::told(self.scenario.actors[actor].name, step, flaw)
    }

    /// Records a violation that `actor` saw or committed.
    pub(crate) fn violated(&self, actor: usize, step: &Step, property: &str, witness: String) {
        let mut state = self.state();
        if !state.crashed && !state.dead {
            self.record(&mut state, self.scenario.actors[actor].name, property, witness, Some(step));
        }
    }

    /// Records that `what` was reached.
    pub(crate) fn reached(&self, what: &'static str) {
        if !self.state().crashed {
            self.findings.reach(what);
        }
    }

    /// The actor has come to an end; these must be woken.
    pub(crate) fn end(&self, actor: usize, exit: Exit) -> Vec<usize> {
        let mut state = self.state();
        let name = self.scenario.actors[actor].name;
        state.status[actor] = match exit {
            Exit::Returned(result) => {
                state.log.push(self.line(actor, Happening::Ended(result)));
                Status::Ended(result)
            }
            Exit::Left => Status::Gone,
            Exit::Panicked(message) => {
                if !state.crashed && !state.dead {
                    self.record(&mut state, name, built_in::KERNEL_BUG.id, message, None);
                    state.crashed = true;
                }
                Status::Gone
            }
            Exit::Unsupported(missing) => {
                if !state.crashed && !state.dead {
                    self.findings.lack(missing.into());
                    state.crashed = true;
                }
                Status::Gone
            }
            // After a crash a model may see what it never sees.
            Exit::Broken(message) if !state.crashed && !state.dead => {
                self.findings.flaw(format!("`{name}` panicked: {message}"));
                state.status[actor] = Status::Gone;
                return state.kill();
            }
            Exit::Broken(_) => Status::Gone,
        };
        if state.dead { Vec::new() } else { self.settle(&mut state).unwrap_or_default() }
    }

    /// Everybody but the daemons has come to an end. Adversaries among the daemons leave now; the others
    /// go on until they wait or end. These must be woken.
    pub(crate) fn stop(&self) -> Vec<usize> {
        let mut state = self.state();
        state.stopped = true;
        let mut woken = Vec::new();
        for (actor, model) in self.scenario.actors.iter().enumerate() {
            if is_stoppable(model) && matches!(state.status[actor], Status::Waiting { .. }) {
                state.status[actor] = Status::Gone;
                woken.push(actor);
            }
        }
        woken.extend(self.settle(&mut state).unwrap_or_default());
        woken
    }

    /// Everybody leaves; these must be woken.
    pub(crate) fn kill(&self) -> Vec<usize> {
        self.state().kill()
    }

    /// All threads have come to an end. At rest, with every actor that is no daemon returned, looks
    /// at what must hold then; `memory` is what is left, where the execution does not hold it itself.
    pub(crate) fn finish(&self, memory: Option<Vec<Word>>) {
        let state = std::mem::replace(
            &mut *self.state(),
            State {
                memory: Vec::new(),
                status: Vec::new(),
                log: Vec::new(),
                steps: 0,
                performed: 0,
                stopped: true,
                rested: true,
                dead: true,
                crashed: false,
            },
        );
        self.findings.count(state.steps, state.performed);
        if state.dead || state.crashed {
            return;
        }
        let mut results = Vec::with_capacity(state.status.len());
        for (status, actor) in state.status.iter().zip(&self.scenario.actors) {
            match status {
                Status::Ended(result) => results.push(*result),
                _ if actor.daemon => results.push(0),
                _ => return,
            }
        }
        let memory = memory.unwrap_or(state.memory);
        self.findings.at_rest(&self.scenario, self.initial, memory, results, &state.log);
    }

    /// Where nobody can go on any more: a deadlock, which is recorded, or the end of an execution at
    /// rest. Everybody leaves then; these must be woken.
    fn settle(&self, state: &mut State) -> Option<Vec<usize>> {
        if state.status.iter().any(|s| matches!(s, Status::Running)) {
            return None;
        }
        let mut waits = Vec::new();
        for (status, actor) in state.status.iter().zip(&self.scenario.actors) {
            if let (Status::Waiting { word, .. }, false) = (status, actor.daemon) {
                waits.push(format!("{} waits in {word}", actor.name));
            }
        }
        if !waits.is_empty() {
            if !state.crashed {
                self.record(state, "", built_in::DEADLOCK.id, waits.join(", "), None);
            }
            return Some(state.kill());
        }
        state.stopped.then(|| {
            state.rested = true;
            state.wake_all()
        })
    }

    /// The properties of every state, where the engine can tell.
    fn check_state(&self, state: &mut State) {
        if !self.findings.states_checked || state.crashed {
            return;
        }
        for property in &self.scenario.properties {
            if let Check::State(check) = &property.check {
                let mut witnesses = Vec::new();
                let mut see = |label: Label| witnesses.push(label.to_string());
                let who = || format!("property `{}`", property.id);
                if let Err(flaw) = looked(&state.memory, who, |memory| check(memory, &mut see)) {
                    self.findings.flaw(flaw);
                }
                for witness in witnesses {
                    // A state that stays bad is one line of the log.
                    if !self.findings.bad.contains(property.id, &witness) {
                        self.record(state, "", property.id, witness, None);
                    }
                }
            }
        }
    }

    fn record(
        &self,
        state: &mut State,
        actor: &'static str,
        property: &str,
        witness: String,
        step: Option<&Step>,
    ) {
        let what = Happening::Bad {
            property: property.to_owned(),
            witness: witness.clone(),
            location: step.map(|s| s.location),
        };
        state.log.push(Line { actor, what });
        self.findings.bad.record(property, &witness, || BadState {
            property: property.to_owned(),
            witness: witness.clone(),
            promised: self.scenario.promises(property),
            cells: if self.findings.sequential { state.memory.clone() } else { Vec::new() },
            schedule: schedule(&self.scenario.initial[self.initial].name, &state.log),
        });
    }

    fn line(&self, actor: usize, what: Happening) -> Line {
        Line { actor: self.scenario.actors[actor].name, what }
    }
}

impl State {
    /// Lets those go on whose condition holds.
    fn wake(&mut self) -> Vec<usize> {
        let memory = &self.memory;
        let holds = |s: &Status| match *s {
            Status::Waiting { at, mask, .. } => memory[at.index()] & mask == 0,
            _ => false,
        };
        let woken: Vec<usize> = (0..self.status.len()).filter(|&i| holds(&self.status[i])).collect();
        for &actor in &woken {
            self.status[actor] = Status::Running;
        }
        woken
    }

    fn wake_all(&mut self) -> Vec<usize> {
        let mut woken = Vec::new();
        for (actor, status) in self.status.iter_mut().enumerate() {
            if matches!(status, Status::Waiting { .. }) {
                *status = Status::Running;
                woken.push(actor);
            }
        }
        woken
    }

    fn kill(&mut self) -> Vec<usize> {
        self.dead = true;
        self.wake_all()
    }
}

/// Whether an actor may stay anywhere for ever while the others are at rest.
fn is_stoppable(actor: &Actor) -> bool {
    actor.daemon && actor.fairness == Fairness::Adversary
}

/// The demands of a `Require` that what it saw breaks.
pub(crate) fn broken(step: &Step, seen: Word) -> impl Iterator<Item = Demand> + use<> {
    step.action.broken(seen)
}

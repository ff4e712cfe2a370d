//! What is looked at when an execution is at rest: how it ended, final properties, and the views, each
//! alone.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use machine::{Action, Bug, Effect, Label, Machine, Step, Unsupported, Word};
use scenario::{Actor, BadState, Check, Scenario, built_in};

use super::checked::{Checked, Frames, looked, step_flaw, told};
use super::seat::{Leave, answer_to_control, leave, message};
use super::{Findings, Happening, Line, broken, schedule};

/// Steps that one view may take from one state at rest, whatever it chooses. Who chooses in a loop that can go
/// round has more ways than can be taken.
const VIEW_STEPS_MAX: usize = 1 << 22;

/// Looks at a state at rest.
pub(super) fn look(
    scenario: &Arc<Scenario>,
    initial: usize,
    memory: &[Word],
    results: &[Word],
    log: &[Line],
    findings: &Findings,
) {
    if let Some(ending) = &scenario.ending {
        let who = || "what tells how a run ends".to_owned();
        match looked(memory, who, |memory| ending(memory, results)) {
            Ok(ending) => findings.end(ending),
            Err(flaw) => findings.flaw(flaw),
        }
    }
    let mut rest = Alone { scenario, initial, findings, state: RefCell::default(), view: "" };
    for property in &scenario.properties {
        if let Check::Final(check) = &property.check {
            let mut witnesses = Vec::new();
            let mut see = |label: Label| witnesses.push(label.to_string());
            let who = || format!("property `{}`", property.id);
            if let Err(flaw) = looked(memory, who, |memory| check(memory, results, &mut see)) {
                findings.flaw(flaw);
            }
            for witness in witnesses {
                rest.state = RefCell::new(Present::new(memory, log));
                rest.record(property.id, witness, None);
            }
        }
    }
    for view in &scenario.views {
        let (mut choices, mut performed) = (Vec::new(), 0);
        loop {
            if findings.limits.stop().is_some() {
                return;
            }
            let state = Present { choices, ..Present::new(memory, log) };
            let alone = Alone { state: RefCell::new(state), view: view.name, ..rest };
            alone.run(view);
            let done = alone.state.into_inner();
            choices = done.choices;
            performed += done.performed;
            if !next(&mut choices) {
                break;
            }
            if performed > VIEW_STEPS_MAX {
                findings.cut_length();
                break;
            }
        }
    }
}

/// The next list of choices, each with the number of its alternatives, if there is one.
fn next(choices: &mut Vec<(u8, u8)>) -> bool {
    while let Some((value, of)) = choices.pop() {
        if value + 1 < of {
            choices.push((value + 1, of));
            return true;
        }
    }
    false
}

#[derive(Default)]
struct Present {
    memory: Vec<Word>,
    log: Vec<Line>,
    /// What is chosen, of how many; grows where the view asks for more.
    choices: Vec<(u8, u8)>,
    chosen: usize,
    performed: usize,
    frames: Frames,
}

impl Present {
    fn new(memory: &[Word], log: &[Line]) -> Present {
        Present { memory: memory.to_vec(), log: log.to_vec(), ..Present::default() }
    }
}

/// The machine of a view: nobody else moves.
struct Alone<'a> {
    scenario: &'a Arc<Scenario>,
    initial: usize,
    findings: &'a Findings,
    state: RefCell<Present>,
    view: &'static str,
}

impl Alone<'_> {
    fn run(&self, view: &Actor) {
        match catch_unwind(AssertUnwindSafe(|| view.body.run(self))) {
            Ok(_) => {
                if let Some((step, flaw)) = self.state.borrow().frames.open() {
                    self.findings.flaw(told(self.view, step, flaw));
                }
            }
            Err(payload) if payload.is::<Leave>() => {}
            Err(payload) => match payload.downcast::<Bug>() {
                Ok(bug) => self.record(built_in::KERNEL_BUG.id, format!("{}: {}", self.view, bug.said), None),
                Err(payload) => match payload.downcast::<Unsupported>() {
                    Ok(missing) => self.findings.lack((*missing).into()),
                    Err(payload) => {
                        self.findings.flaw(format!("`{}` panicked: {}", self.view, message(&*payload)));
                    }
                },
            },
        }
    }

    fn record(&self, property: &str, witness: String, step: Option<&Step>) {
        let mut state = self.state.borrow_mut();
        let what = Happening::Bad {
            property: property.to_owned(),
            witness: witness.clone(),
            location: step.map(|s| s.location),
        };
        state.log.push(Line { actor: self.view, what });
        self.findings.bad.record(property, &witness, || BadState {
            property: property.to_owned(),
            witness: witness.clone(),
            promised: self.scenario.promises(property),
            cells: state.memory.clone(),
            schedule: schedule(&self.scenario.initial[self.initial].name, &state.log),
        });
    }

    fn broken(&self, step: &Step, flaw: &str) -> ! {
        self.findings.flaw(told(self.view, step, flaw));
        leave();
    }

    fn choose(&self, of: u8) -> Word {
        let mut state = self.state.borrow_mut();
        let at = state.chosen;
        state.chosen += 1;
        if at == state.choices.len() {
            state.choices.push((0, of.max(1)));
        }
        Word::from(state.choices[at].0)
    }
}

impl Machine for Alone<'_> {
    fn perform(&self, step: Step) -> Word {
        if std::thread::panicking() {
            return 0;
        }
        let performed = {
            let mut state = self.state.borrow_mut();
            state.performed += 1;
            state.performed
        };
        if performed > self.findings.limits.performed_max() {
            self.findings.cut_length();
            leave();
        }
        if let Some(flaw) = step_flaw(self.scenario, &step) {
            self.broken(&step, &flaw);
        }
        let unbalanced = self.state.borrow_mut().frames.follow(&step);
        if let Some(flaw) = unbalanced {
            self.broken(&step, flaw);
        }
        let answer = match step.action {
            Action::Control(control) => answer_to_control(control),
            Action::Choose { of } => self.choose(of),
            Action::Require { at, .. } => self.state.borrow().memory[at.index()],
            _ => {
                let (effect, flaw) = {
                    let mut state = self.state.borrow_mut();
                    let mut memory = Checked::new(&self.scenario.layout, &mut state.memory);
                    (step.action.execute(&mut memory), memory.flaw())
                };
                if let Some(flaw) = flaw {
                    self.broken(&step, &flaw);
                }
                match effect {
                    Effect::Done(result) => result,
                    Effect::Choice(_) => unreachable!("chosen above"),
                    Effect::Blocked => {
                        let witness = format!("{} waits in {}", self.view, step.label);
                        self.record(built_in::DEADLOCK.id, witness, None);
                        leave();
                    }
                }
            }
        };
        let told = if matches!(step.action, Action::Require { .. }) { 0 } else { answer };
        let line = Line { actor: self.view, what: Happening::Taken(step, told) };
        self.state.borrow_mut().log.push(line);
        match step.action {
            Action::Report { property, witness } => self.record(property, witness.to_string(), Some(&step)),
            Action::Reach { what } => self.findings.reach(what),
            Action::Require { .. } => {
                for demand in broken(&step, answer) {
                    self.record(demand.property, demand.witness.to_string(), Some(&step));
                }
                return 0;
            }
            _ => {}
        }
        answer
    }
}

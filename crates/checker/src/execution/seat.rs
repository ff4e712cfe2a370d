//! An actor's seat: the machine that a model sees, on whatever medium schedules it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use machine::{Action, Bug, Control, Machine, Step, Unsupported, Word};

use super::checked::Frames;
use super::{Execution, broken};

/// The payload of a quiet unwind.
pub(crate) struct Leave;

/// Unwinds the model that called.
pub(crate) fn leave() -> ! {
    resume_unwind(Box::new(Leave));
}

/// How an actor came to its end.
pub(crate) enum Exit {
    /// It returned this.
    Returned(Word),
    /// It was unwound.
    Left,
    /// An assertion of the modelled code failed.
    Panicked(String),
    /// It came to what is not modelled.
    Unsupported(Unsupported),
    /// Its model panicked with this message, by no assertion of the modelled code.
    Broken(String),
}

/// What schedules actors.
pub(crate) trait Medium {
    /// The execution.
    fn execution(&self) -> &Execution;
    /// Takes a step on memory, or a fence, sleeping where it must; gives its result, or what a
    /// `Require` read. `None`: the actor must leave.
    fn take(&self, actor: usize, step: &Step) -> Option<Word>;
    /// Decides a choice of the actor, and logs it. `None`: the actor must leave.
    fn choose(&self, actor: usize, step: &Step, of: u8) -> Option<Word>;
    /// Lets sleeping actors go on.
    fn wake(&self, actors: &[usize]);
    /// Tells the library that what follows depends on whether the actors are at rest.
    fn touch_stop(&self);
    /// Tells the library that what follows depends on whether a model has panicked, or come to what is not
    /// modelled.
    fn touch_alarm(&self);
    /// A model has panicked, or come to what is not modelled, right after this step if it took any.
    fn panicked(&self, after: Option<&Step>);
}

struct Seat<'a, M: Medium> {
    medium: &'a M,
    actor: usize,
    stoppable: bool,
    /// A panic that comes up in here is the library's, not the model's.
    in_engine: Cell<bool>,
    /// The last scheduling point.
    last: Cell<Option<Step>>,
    frames: RefCell<Frames>,
}

/// Runs an actor to its end, whatever that is. Only the library's own panics get out.
pub(crate) fn run_actor<M: Medium>(medium: &M, actor: usize) {
    let model = &medium.execution().scenario.actors[actor];
    let seat = Seat {
        medium,
        actor,
        stoppable: medium.execution().is_stoppable(actor),
        in_engine: Cell::new(false),
        last: Cell::new(None),
        frames: RefCell::default(),
    };
    let exit = match catch_unwind(AssertUnwindSafe(|| model.body.run(&seat))) {
        Ok(result) => match seat.frames.borrow().open() {
            None => Exit::Returned(result),
            Some((step, flaw)) => {
                medium.wake(&medium.execution().flawed(actor, step, flaw));
                Exit::Left
            }
        },
        Err(payload) if payload.is::<Leave>() => Exit::Left,
        Err(payload) if seat.in_engine.get() => resume_unwind(payload),
        Err(payload) => match payload.downcast::<Bug>() {
            Ok(bug) => {
                medium.panicked(seat.last.get().as_ref());
                Exit::Panicked(bug.said)
            }
            Err(payload) => match payload.downcast::<Unsupported>() {
                Ok(missing) => {
                    medium.panicked(seat.last.get().as_ref());
                    Exit::Unsupported(*missing)
                }
                Err(payload) => Exit::Broken(message(&*payload)),
            },
        },
    };
    medium.wake(&medium.execution().end(actor, exit));
}

impl<M: Medium> Machine for Seat<'_, M> {
    fn perform(&self, step: Step) -> Word {
        if std::thread::panicking() {
            return 0;
        }
        self.in_engine.set(true);
        let answer = self.answer(&step);
        self.in_engine.set(false);
        answer.unwrap_or_else(|| leave())
    }
}

impl<M: Medium> Seat<'_, M> {
    fn answer(&self, step: &Step) -> Option<Word> {
        let execution = self.medium.execution();
        if step.is_scheduling_point() {
            self.last.set(Some(*step));
            if self.stoppable {
                self.medium.touch_stop();
            }
        }
        if let Err(woken) = execution.enter(self.actor, step) {
            self.medium.wake(&woken);
            return None;
        }
        match step.action {
            Action::Control(control) => {
                if let Some(flaw) = self.frames.borrow_mut().follow(step) {
                    self.medium.wake(&execution.flawed(self.actor, step, flaw));
                    return None;
                }
                let answer = answer_to_control(control);
                execution.taken(self.actor, step, answer, None);
                Some(answer)
            }
            Action::Report { property, witness } => {
                self.medium.touch_alarm();
                execution.taken(self.actor, step, 0, None);
                execution.violated(self.actor, step, property, witness.to_string());
                Some(0)
            }
            Action::Reach { what } => {
                self.medium.touch_alarm();
                execution.taken(self.actor, step, 0, None);
                execution.reached(what);
                Some(0)
            }
            Action::Choose { of } => self.medium.choose(self.actor, step, of.max(1)),
            Action::Require { .. } => {
                let seen = self.medium.take(self.actor, step)?;
                let demands: Vec<_> = broken(step, seen).collect();
                if !demands.is_empty() {
                    self.medium.touch_alarm();
                }
                for demand in demands {
                    execution.violated(self.actor, step, demand.property, demand.witness.to_string());
                }
                Some(0)
            }
            Action::Load { .. }
            | Action::Store { .. }
            | Action::Change { .. }
            | Action::Await { .. }
            | Action::Try { .. }
            | Action::CompareExchange { .. }
            | Action::Add { .. }
            | Action::Move { .. }
            | Action::CopyUser { .. }
            | Action::Fence { .. } => self.medium.take(self.actor, step),
        }
    }
}

/// What an engine that remembers nothing answers to a control word.
pub(super) fn answer_to_control(control: Control) -> Word {
    match control {
        Control::Call | Control::Leave { .. } | Control::Misfit { .. } => 0,
        Control::Loop { state } | Control::Round { state } => state,
    }
}

/// A panic's message.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|&s| s.to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

//! A model run by its history.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Once};

use machine::{Machine, Step, Word};
use scenario::Body;

use super::Standing;
use super::tape::{Item, PERFORMED_MAX, Stop, Tape};
use crate::explicit::{Error, Spot};

/// Unwinds a model out of a step that is not answered.
struct Marker;

/// Ends a run here.
pub(super) fn leave() -> ! {
    resume_unwind(Box::new(Marker))
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics of models, which are findings, off the terminal.
pub(super) fn silence_models() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                others(panic);
            }
        }));
    });
}

/// Runs a model to its end, its panic, or to where the machine leaves it.
pub(super) fn attempt(body: &Body, machine: &dyn Machine) -> Result<Word, Arc<str>> {
    let was_quiet = QUIET.replace(true);
    let end = catch_unwind(AssertUnwindSafe(|| body(machine)));
    QUIET.set(was_quiet);
    end.map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&str>() {
        Arc::from(*text)
    } else if let Some(text) = panic.downcast_ref::<String>() {
        Arc::from(text.as_str())
    } else {
        Arc::from("a panic without a message")
    }
}

struct Replay(RefCell<Tape>);

impl Machine for Replay {
    fn perform(&self, step: Step) -> Word {
        if std::thread::panicking() {
            return 0; // a destructor takes no step
        }
        let answer = self.0.borrow_mut().answer(step);
        answer.unwrap_or_else(|| leave())
    }
}

/// What one run of the model came to.
#[derive(PartialEq)]
pub(super) struct Ran {
    pub(super) control: Standing,
    pub(super) history: Vec<Item>,
    pub(super) emissions: Vec<Step>,
}

/// Runs a model along a history to the step that the history does not answer.
pub(super) fn run(actor: &'static str, body: &Body, history: Vec<Item>) -> Result<Ran, Error> {
    let replay = Replay(RefCell::new(Tape::new(history)));
    let end = attempt(body, &replay);
    let tape = replay.0.into_inner();
    let control = match (&tape.stop, end) {
        (Some(Stop::Unanswered(step)), _) => Standing::Pending(*step),
        (Some(stop), _) => return Err(error(actor, stop)),
        (None, Ok(word)) => Standing::Done(word),
        (None, Err(panic)) => Standing::Panicked(panic),
    };
    if let Some(item) = tape.left() {
        let detail = format!("{control} where the history has {item:?}");
        return Err(Error::NotDeterministic { actor, detail });
    }
    if let (Standing::Done(_), Some(step)) = (&control, tape.open()) {
        return Err(Error::OpenFrame { at: Spot::new(actor, &step) });
    }
    Ok(Ran { control, history: tape.items, emissions: tape.emissions })
}

/// What it means that a run was stopped.
fn error(actor: &'static str, stop: &Stop) -> Error {
    match stop {
        Stop::Unanswered(step) | Stop::TooLong(step) => {
            Error::HistoryTooLong { at: Spot::new(actor, step), max: super::tape::HISTORY_MAX }
        }
        Stop::Mismatch(detail) => Error::NotDeterministic { actor, detail: detail.clone() },
        Stop::Endless(step) => Error::Endless { at: Spot::new(actor, step), steps: PERFORMED_MAX },
        Stop::Unbalanced(step) => Error::UnbalancedFrame { at: Spot::new(actor, step) },
        Stop::Flawed(step, flaw) => Error::Flawed { at: Spot::new(actor, step), flaw: *flaw },
    }
}

//! Models that run until a step is not answered, stand there, and go on with its result.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, Once};

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use machine::{Bug, Machine, Step, Unsupported, Word};
use scenario::Body;

use super::standing::Standing;
use super::tape::{HISTORY_MAX, Item, PERFORMED_MAX, Stop, Tape};
use crate::explicit::error::{Error, Spot};

/// Bytes of address space that a model may run on, as much as a thread of Rust has. What is not used takes
/// no memory.
pub(super) const STACK: usize = 2 << 20;
/// So much must be left of it where a model takes a step.
const STACK_LEFT: usize = 128 << 10;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics of models, which are told as errors, off the terminal.
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

/// How model code panicked.
pub(super) enum Panic {
    /// An assertion of the modelled code failed, a finding; its message.
    Bug(Arc<str>),
    /// It came to what is not modelled.
    Unsupported(Arc<Unsupported>),
    /// By a mistake in the model; its message.
    Mistake(Arc<str>),
}

/// Runs model code; how it panicked where it does.
fn quietly<R>(run: impl FnOnce() -> R) -> Result<R, Panic> {
    let was_quiet = QUIET.replace(true);
    let end = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(was_quiet);
    end.map_err(|panic| match panic.downcast::<Bug>() {
        Ok(bug) => Panic::Bug(bug.said.into()),
        Err(panic) => match panic.downcast::<Unsupported>() {
            Ok(missing) => Panic::Unsupported(Arc::from(missing)),
            Err(panic) => Panic::Mistake(message(&*panic)),
        },
    })
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

/// Unwinds a model out of a step that is not answered.
struct Marker;

/// Ends a run of [`attempt`] here.
pub(super) fn leave() -> ! {
    resume_unwind(Box::new(Marker))
}

/// Runs a model in one go to its end, its panic, or to where the machine leaves it.
pub(super) fn attempt(body: &Body, machine: &dyn Machine) -> Result<Word, Panic> {
    quietly(|| body.run(machine))
}

/// The machine of a model on a stack of its own.
struct Seat<'y> {
    yielder: &'y Yielder<Word, ()>,
    tape: Rc<RefCell<Tape>>,
    /// The lowest address at which it may take a step.
    limit: usize,
}

impl Machine for Seat<'_> {
    fn perform(&self, step: Step) -> Word {
        if std::thread::panicking() {
            return 0; // a destructor takes no step
        }
        let room = std::ptr::from_ref(&step).addr() >= self.limit;
        let answer = self.tape.borrow_mut().answer(step, room);
        answer.unwrap_or_else(|| self.yielder.suspend(()))
    }
}

/// A model on its way. Dropped, it is unwound.
pub(super) struct Model {
    coroutine: Coroutine<Word, (), Word>,
    tape: Rc<RefCell<Tape>>,
    /// The control state and the result that it came from, where it did.
    pub(super) came: Option<(u32, Word)>,
    /// Whether it did everything that happened: no frame was answered from its history, and no loop began in a
    /// later round.
    pub(super) is_whole: bool,
}

impl Model {
    /// A model that will run along this history.
    pub(super) fn new(body: &Body, history: Vec<Item>, stack: DefaultStack) -> Model {
        let is_whole = !history.iter().any(|item| matches!(item, Item::Returned(_) | Item::Round(_)));
        let tape = Rc::new(RefCell::new(Tape::new(history)));
        let limit = stack.limit().get() + STACK_LEFT;
        let (body, on) = (body.clone(), tape.clone());
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<Word, ()>, _: Word| {
            body.run(&Seat { yielder, tape: on, limit })
        });
        Model { coroutine, tape, came: None, is_whole }
    }

    /// Runs it along its history to the step that the history does not answer.
    pub(super) fn run(&mut self, actor: &'static str) -> Result<Standing, Error> {
        self.resume(actor, 0)
    }

    /// Answers the step that it stands in front of, and runs it to the next.
    pub(super) fn go_on(&mut self, actor: &'static str, result: Word) -> Result<Standing, Error> {
        self.tape.borrow_mut().go_on(result);
        self.resume(actor, result)
    }

    fn resume(&mut self, actor: &'static str, result: Word) -> Result<Standing, Error> {
        let end = quietly(|| self.coroutine.resume(result));
        let tape = self.tape.borrow();
        let control = match (&tape.stop, end) {
            (Some(Stop::Unanswered(step)), _) => Standing::Pending(*step),
            (Some(stop), _) => return Err(error(actor, stop)),
            (None, Ok(CoroutineResult::Return(word))) => Standing::Done(word),
            (None, Ok(CoroutineResult::Yield(()))) => unreachable!("it stands in front of a step"),
            (None, Err(Panic::Bug(said))) => Standing::Panicked(said),
            (None, Err(Panic::Unsupported(missing))) => Standing::Unsupported(missing),
            (None, Err(Panic::Mistake(said))) => {
                return Err(Error::Panicked { actor, message: said.to_string() });
            }
        };
        if let Some(item) = tape.left() {
            let detail = format!("{control} where the history has {item:?}");
            return Err(Error::NotDeterministic { actor, detail });
        }
        if let (Standing::Done(_), Some(step)) = (&control, tape.open()) {
            return Err(Error::OpenFrame { at: Spot::new(actor, &step) });
        }
        Ok(control)
    }

    /// The step that the last result of the history that it began with answers.
    pub(super) fn last(&self) -> Option<Step> {
        self.tape.borrow().last
    }

    /// Its canonical history so far.
    pub(super) fn history(&self) -> std::cell::Ref<'_, [Item]> {
        std::cell::Ref::map(self.tape.borrow(), |tape| &tape.items[..])
    }

    /// What it did since its last step.
    pub(super) fn emissions(&self) -> std::cell::Ref<'_, [Step]> {
        std::cell::Ref::map(self.tape.borrow(), |tape| &tape.emissions[..])
    }

    /// Unwinds it if it stands anywhere, and gives its stack back.
    pub(super) fn into_stack(mut self) -> DefaultStack {
        let was_quiet = QUIET.replace(true);
        self.coroutine.force_unwind();
        QUIET.set(was_quiet);
        self.coroutine.into_stack()
    }
}

/// What it means that a run was stopped.
fn error(actor: &'static str, stop: &Stop) -> Error {
    match stop {
        Stop::Unanswered(step) | Stop::TooLong(step) => {
            Error::HistoryTooLong { at: Spot::new(actor, step), max: HISTORY_MAX }
        }
        Stop::Mismatch(detail) => Error::NotDeterministic { actor, detail: detail.clone() },
        Stop::Endless(step) => Error::Endless { at: Spot::new(actor, step), steps: PERFORMED_MAX },
        Stop::TooDeep(step) => Error::TooDeep { at: Spot::new(actor, step), bytes: STACK },
        Stop::Unbalanced(step) => Error::UnbalancedFrame { at: Spot::new(actor, step) },
        Stop::Flawed(step, flaw) => Error::Flawed { at: Spot::new(actor, step), flaw: *flaw },
    }
}

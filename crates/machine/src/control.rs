//! The contract of one method, and the two control words that keep control states small.

use crate::step::{Control, FINISHED, SMALL_BITS_MAX};
use crate::{Action, Label, Small, Step, Word};

/// What every engine is to a write path.
pub trait Machine {
    /// Takes one step and gives its result. May not return: an engine unwinds a model that it does
    /// not want to go on.
    fn perform(&self, step: Step) -> Word;
}

/// How a retry loop goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow<S, R> {
    /// Once more, with this state.
    Again(S),
    /// Out of the loop, with this result.
    Done(R),
}

/// A kernel word or function. When it returns, the engine may forget everything that happened in
/// it but the result.
///
/// `body` can be entered several times for one call, and cannot change what it captured.
#[track_caller]
pub fn call<R: Small>(m: &dyn Machine, label: Label, body: impl Fn() -> R) -> R {
    match enter(m, label) {
        Some(remembered) => remembered,
        None => {
            let result = body();
            leave(m, label, result);
            result
        }
    }
}

/// A part of a function that nothing but its result is needed of: as of a [`call`], the engine may forget what
/// happened in it. It is nothing that the kernel has a name for, so no trace shows where it begins and ends.
///
/// `body` can be entered several times for one scope, and cannot change what it captured.
#[track_caller]
pub fn scope<R: Small>(m: &dyn Machine, body: impl Fn() -> R) -> R {
    call(m, Label::NONE, body)
}

/// A retry loop. Going round forgets everything that happened in it but the new state, so that cycles
/// close and endless ones are seen.
///
/// `body` can be entered several times for one round, and cannot change what it captured.
#[track_caller]
pub fn again<S: Small, R: Small>(
    m: &dyn Machine,
    label: Label,
    first: S,
    body: impl Fn(S) -> Flow<S, R>,
) -> R {
    let mut state = match enter_loop(m, label, first) {
        Flow::Again(state) => state,
        Flow::Done(remembered) => return remembered,
    };
    loop {
        match body(state) {
            Flow::Again(next) => state = go_round(m, label, next),
            Flow::Done(result) => {
                leave(m, label, result);
                return result;
            }
        }
    }
}

/// How a [`call`] begins, for an interpreter, whose functions are no functions of Rust: the result, where the engine
/// remembers it. Where it does not, what is called is run and then [left](leave) with the same label, unless the engine
/// unwinds it.
#[track_caller]
pub fn enter<R: Small>(m: &dyn Machine, label: Label) -> Option<R> {
    const { assert!(R::BITS <= SMALL_BITS_MAX, "a result of a call is a small word") };
    let remembered = m.perform(Step::new(Action::Control(Control::Call), label));
    (remembered & FINISHED != 0).then(|| R::from_word(remembered & !FINISHED))
}

/// How [`again`] begins, for an interpreter: the result, where the engine remembers it, or the state of the round that it
/// is in, which need not be the first.
#[track_caller]
pub fn enter_loop<S: Small, R: Small>(m: &dyn Machine, label: Label, first: S) -> Flow<S, R> {
    const {
        assert!(S::BITS <= SMALL_BITS_MAX && R::BITS <= SMALL_BITS_MAX, "states and results are small words");
    }
    let enter = Control::Loop { state: word(m, label, first) };
    let answer = m.perform(Step::new(Action::Control(enter), label));
    if answer & FINISHED != 0 {
        return Flow::Done(R::from_word(answer & !FINISHED));
    }
    Flow::Again(S::from_word(answer))
}

/// The next round of a loop that was [entered](enter_loop): its state.
#[track_caller]
pub fn go_round<S: Small>(m: &dyn Machine, label: Label, state: S) -> S {
    let state = word(m, label, state);
    S::from_word(m.perform(Step::new(Action::Control(Control::Round { state }), label)))
}

/// Leaves what was [entered](enter), or the loop that was.
#[track_caller]
pub fn leave<R: Small>(m: &dyn Machine, label: Label, result: R) {
    let leave = Control::Leave { result: word(m, label, result) };
    m.perform(Step::new(Action::Control(leave), label).showing(R::show));
}

/// The word of a state or result. It is all that an engine remembers, so a type whose words lose
/// something is told to the engine, which doesn't go on: it is no finding about the kernel.
#[track_caller]
fn word<T: Small>(m: &dyn Machine, label: Label, value: T) -> Word {
    let word = value.into_word();
    if word >> T::BITS != 0 || T::from_word(word) != value {
        m.perform(Step::new(Action::Control(Control::Misfit { word, bits: T::BITS }), label));
        panic!("{label}: a state or result does not fit its word, and the engine went on");
    }
    word
}

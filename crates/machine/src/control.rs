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
    const { assert!(R::BITS <= SMALL_BITS_MAX, "a result of a call is a small word") };
    let remembered = m.perform(Step::new(Action::Control(Control::Call), label));
    if remembered & FINISHED != 0 {
        return R::from_word(remembered & !FINISHED);
    }
    let result = body();
    let leave = Control::Leave { result: word(m, label, result) };
    m.perform(Step::new(Action::Control(leave), label).showing(R::show));
    result
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
    const {
        assert!(S::BITS <= SMALL_BITS_MAX && R::BITS <= SMALL_BITS_MAX, "states and results are small words");
    }
    let enter = Control::Loop { state: word(m, label, first) };
    let mut answer = m.perform(Step::new(Action::Control(enter), label));
    if answer & FINISHED != 0 {
        return R::from_word(answer & !FINISHED);
    }
    loop {
        match body(S::from_word(answer)) {
            Flow::Again(state) => {
                let state = word(m, label, state);
                answer = m.perform(Step::new(Action::Control(Control::Round { state }), label));
            }
            Flow::Done(result) => {
                let leave = Control::Leave { result: word(m, label, result) };
                m.perform(Step::new(Action::Control(leave), label).showing(R::show));
                return result;
            }
        }
    }
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

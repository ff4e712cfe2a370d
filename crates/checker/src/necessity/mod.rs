//! What a write path needs: a scenario without one of its kernel words.
//!
//! A [`Site`] is where the source calls a kernel word. [`watch`] gives a scenario that behaves as before and
//! notes, while an engine searches it, every site that its writers pass; [`Words`] gathers what was noted
//! and tells how each word can be removed. [`without`] gives the scenario without one: what becomes
//! reachable in it is why the word is there.
//!
//! Only the writers do without the word. Readers, truncation and the views run the kernel as it is, so that
//! what is found is the write path's doing, and seen by eyes that work.
//!
//! - A change, a copy or a wait, and a word that gives no answer: is not done.
//! - A lock: is neither waited for nor taken, and its unlock gives nothing back. Lock and unlock find each
//!   other by their cell, at run time: what was taken travels with the actor (`held`), through all returns.
//! - A check, and a word that gives an answer: is not done, and gives always the same answer. What gives one of
//!   two answers is removed twice; of more, the least and the greatest stand for all.
//!
//! What is left out leaves a step behind that does nothing, so that a loop around it is seen to go round.
//! Memory barriers are not removed: no search of sequentially consistent memory needs one.
//!
//! [`changed`] is the other way round: a scenario with a fault that somebody has thought of, of whichever actor, by
//! the names of a function and a word in it. It asks what the properties are worth.

mod change;
mod held;
mod remove;
mod watch;
mod words;

use std::cell::RefCell;

use machine::{Action, Control, FINISHED, Location, Order, Step, Word};

pub use change::{Change, Changed, changed};
pub use remove::without;
pub use watch::{Scope, Watched, watch};
pub use words::{KernelWord, Words};

/// Where the source calls a kernel word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Site {
    /// The line that calls it.
    pub location: Location,
    /// The word: `set_buffer_uptodate`.
    pub word: &'static str,
}

impl Site {
    fn of(step: &Step) -> Site {
        Site { location: step.location, word: step.label.name }
    }
}

/// How a word is removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Removal {
    /// It is not done.
    LeftOut,
    /// It is not done, and this is its answer.
    Answers(Word),
    /// The lock that it takes, at this site inside of it or itself, is not taken.
    Unlocked(Site),
}

/// What remains of a step that is not done.
fn nothing(step: Step) -> Step {
    Step { action: Action::Fence { order: Order::Relaxed }, show: |_| String::new(), ..step }
}

/// The same step with another action.
fn instead(step: Step, action: Action) -> Step {
    Step { action, show: |_| String::new(), ..step }
}

/// Does nothing, and gives this answer; a frame is never entered, so that nothing else of it comes here.
fn answer(step: Step, answer: Word, perform: impl Fn(Step) -> Word) -> Word {
    perform(nothing(step));
    if matches!(step.action, Action::Control(_)) { FINISHED | answer } else { answer }
}

/// The open frames of an actor, with what is to be known of each.
struct Frames<F>(RefCell<Vec<F>>);

impl<F> Default for Frames<F> {
    fn default() -> Frames<F> {
        Frames(RefCell::default())
    }
}

impl<F> Frames<F> {
    /// Takes a step of control, which may open this frame or close the innermost one. What no trace shows is none.
    fn follow(&self, step: Step, control: Control, frame: F, perform: impl Fn(Step) -> Word) -> Word {
        if !step.is_shown() {
            return perform(step);
        }
        if let Control::Leave { .. } = control {
            self.0.borrow_mut().pop();
        }
        let answer = perform(step);
        if enters(control) && answer & FINISHED == 0 {
            self.0.borrow_mut().push(frame);
        }
        answer
    }
}

/// Whether it opens a frame.
fn enters(control: Control) -> bool {
    matches!(control, Control::Call | Control::Loop { .. })
}

//! A scenario with deliberate faults, made from outside.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machine::{Action, Machine, Step, Word};
use scenario::{Body, Scenario};

use super::{Frames, answer, enters, instead};

/// A change of a word in a function.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Who is changed, by name; everybody where there is none.
    actors: &'static [&'static str],
    /// The function or loop that the word is in, by its name in a trace: the innermost one.
    function: &'static str,
    /// The word, by its name in a trace.
    word: &'static str,
    how: How,
}

/// How a word is changed.
#[derive(Clone, Copy, Debug)]
enum How {
    /// It is not done, and this is its answer.
    Answers(Word),
    /// Another step in its place, whose answer it takes.
    Becomes(fn(Action) -> Action),
}

impl Change {
    /// It is not done; where it has an answer, that is 0.
    #[must_use]
    pub const fn left_out(function: &'static str, word: &'static str) -> Change {
        Change::answers(function, word, 0)
    }

    /// It is not done, and always gives the same answer.
    #[must_use]
    pub const fn answers(function: &'static str, word: &'static str, answer: Word) -> Change {
        Change { actors: &[], function, word, how: How::Answers(answer) }
    }

    /// It does something else, of which it takes the answer. The word is a step.
    #[must_use]
    pub const fn becomes(function: &'static str, word: &'static str, other: fn(Action) -> Action) -> Change {
        Change { actors: &[], function, word, how: How::Becomes(other) }
    }

    /// A lock that it gives back stays taken: it looks who has it, and leaves it.
    #[must_use]
    pub const fn kept(function: &'static str, unlock: &'static str) -> Change {
        let look = |unlock| match unlock {
            Action::Change { at, mask, order, .. } => Action::Load { at, mask, order },
            other => other,
        };
        Change::becomes(function, unlock, look)
    }

    /// The same of some actors only.
    #[must_use]
    pub const fn of(self, actors: &'static [&'static str]) -> Change {
        Change { actors, ..self }
    }

    fn is_of(&self, actor: &str) -> bool {
        self.actors.is_empty() || self.actors.contains(&actor)
    }

    /// Whether it is this word, in the innermost frame.
    fn changes(&self, frame: Option<&'static str>, step: &Step) -> bool {
        let can_be = match (self.how, step.action) {
            // What goes round or ends is no word of the function around it.
            (How::Answers(_), Action::Control(control)) => enters(control),
            (How::Becomes(_), Action::Control(_)) => false,
            _ => true,
        };
        can_be && frame == Some(self.function) && step.label.name == self.word
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.word, self.function)?;
        if self.actors.is_empty() { Ok(()) } else { write!(f, " of {}", self.actors.join(", ")) }
    }
}

/// A scenario with changes, and which of them were met while an engine searched it.
pub struct Changed {
    /// The scenario.
    pub scenario: Scenario,
    changes: Arc<[(Change, AtomicBool)]>,
}

impl Changed {
    /// The changes whose word nobody came to.
    pub fn not_met(&self) -> impl Iterator<Item = Change> {
        let not_met = self.changes.iter().filter(|(_, met)| !met.load(Ordering::Relaxed));
        not_met.map(|(change, _)| *change)
    }
}

/// The scenario with these changes. Views see with sound eyes.
#[must_use]
pub fn changed(scenario: &Scenario, changes: &[Change]) -> Changed {
    let mut scenario = scenario.clone();
    let changes: Arc<[_]> = changes.iter().map(|&change| (change, AtomicBool::new(false))).collect();
    for actor in &mut scenario.actors {
        let (body, changes, name) = (actor.body.clone(), changes.clone(), actor.name);
        actor.body = Body::new(move |m: &dyn Machine| {
            body.run(&Changing { m, changes: &changes, actor: name, frames: Frames::default() })
        });
    }
    Changed { scenario, changes }
}

/// Stands between an actor and the engine.
struct Changing<'m> {
    m: &'m dyn Machine,
    changes: &'m [(Change, AtomicBool)],
    actor: &'static str,
    /// The open frames, by their names.
    frames: Frames<&'static str>,
}

impl Machine for Changing<'_> {
    fn perform(&self, step: Step) -> Word {
        let pass_on = |step| self.m.perform(step);
        match (self.change(&step), step.action) {
            (Some(How::Answers(word)), _) => answer(step, word, pass_on),
            (Some(How::Becomes(other)), action) => pass_on(instead(step, other(action))),
            (None, Action::Control(control)) => self.frames.follow(step, control, step.label.name, pass_on),
            (None, _) => pass_on(step),
        }
    }
}

impl Changing<'_> {
    /// How this step is changed, if it is.
    fn change(&self, step: &Step) -> Option<How> {
        let frame = self.frames.0.borrow().last().copied();
        let is_this =
            |(change, _): &&(Change, AtomicBool)| change.is_of(self.actor) && change.changes(frame, step);
        let (change, met) = self.changes.iter().find(is_this)?;
        met.store(true, Ordering::Relaxed);
        Some(change.how)
    }
}

//! A scenario without a word.

use std::cell::RefCell;

use machine::{Action, Control, FINISHED, Machine, Step, Word};
use scenario::Scenario;

use super::held::{Held, Lock, Numbers};
use super::{Removal, Scope, Site, instead, nothing};

/// The scenario whose writers do without the word at `site`.
#[must_use]
pub fn without(scenario: &Scenario, scope: Scope, site: Site, removal: Removal) -> Scenario {
    let mut changed = scenario.clone();
    for actor in changed.actors.iter_mut().filter(|actor| (scope.is_writer)(actor.name)) {
        let (body, numbers) = (actor.body.clone(), Numbers::default());
        actor.body = std::sync::Arc::new(move |m: &dyn Machine| {
            let held = Held::new(m, numbers.clone());
            body(&Without { held, site, removal, frames: RefCell::default() })
        });
    }
    changed
}

/// Stands between a writer and the engine.
struct Without<'m> {
    held: Held<'m>,
    site: Site,
    removal: Removal,
    /// The open frames, by whether the word opened them.
    frames: RefCell<Vec<bool>>,
}

impl Machine for Without<'_> {
    fn perform(&self, step: Step) -> Word {
        let here = Site::of(&step) == self.site;
        match self.removal {
            Removal::LeftOut if here => self.answer(step, 0),
            Removal::Answers(answer) if here => self.answer(step, answer),
            Removal::Unlocked(taken) => self.without_lock(step, here, taken),
            _ => self.held.perform(step),
        }
    }
}

impl Without<'_> {
    /// Does nothing, and gives this answer.
    fn answer(&self, step: Step, answer: Word) -> Word {
        match step.action {
            // The loop of a word that is one: it is never entered, so nothing else of it comes here.
            Action::Control(Control::Call | Control::Loop { .. }) => {
                self.held.perform(nothing(step));
                FINISHED | answer
            }
            Action::Control(_) => self.held.perform(step),
            _ => {
                self.held.perform(nothing(step));
                answer
            }
        }
    }

    fn without_lock(&self, step: Step, here: bool, taken: Site) -> Word {
        if let Action::Control(control) = step.action {
            return self.follow(step, control, here);
        }
        let inside = here || self.frames.borrow().contains(&true);
        if let Some(lock) = Lock::taken_by(&step).filter(|lock| inside && lock.taken == taken) {
            self.take(step, lock);
            return Word::from(matches!(step.action, Action::Try { .. }));
        }
        match self.held.give_back(&step.action) {
            Some(lock) => self.give_back(step, &lock),
            None => self.held.perform(step),
        }
    }

    fn follow(&self, step: Step, control: Control, here: bool) -> Word {
        if let Control::Leave { .. } = control {
            self.frames.borrow_mut().pop();
        }
        let answer = self.held.perform(step);
        if matches!(control, Control::Call | Control::Loop { .. }) && answer & FINISHED == 0 {
            self.frames.borrow_mut().push(here);
        }
        answer
    }

    /// What else the step does that takes the lock, without waiting.
    fn take(&self, step: Step, lock: Lock) {
        self.held.hold(lock);
        let rest = match step.action {
            Action::Await { at, clear, set, order, .. } | Action::Try { at, clear, set, order, .. } => {
                (clear & !lock.mask, set & !lock.mask, at, order)
            }
            _ => return,
        };
        let (clear, set, at, order) = rest;
        let rest = match clear | set {
            0 => nothing(step),
            _ => instead(step, Action::Change { at, clear, set, mask: 0, order }),
        };
        self.held.perform(rest);
    }

    /// What else the step does that gives the lock back; it sees the lock held.
    fn give_back(&self, step: Step, lock: &Lock) -> Word {
        let Action::Change { at, clear, set, mask, order } = step.action else { return 0 };
        let clear = clear & !lock.mask;
        let rest = mask & !lock.mask;
        let step = match clear | set | rest {
            0 => nothing(step),
            _ => instead(step, Action::Change { at, clear, set, mask: rest, order }),
        };
        (self.held.perform(step) & rest) | (lock.bits & mask)
    }
}

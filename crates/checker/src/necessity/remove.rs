//! A scenario without a word.

use machine::{Action, Machine, Step, Word};
use scenario::{Body, Scenario};

use super::held::{Held, Lock, Numbers};
use super::{Frames, Removal, Scope, Site, answer, enters, instead, nothing};

/// The scenario whose writers do without the word at `site`.
#[must_use]
pub fn without(scenario: &Scenario, scope: Scope, site: Site, removal: Removal) -> Scenario {
    let mut changed = scenario.clone();
    for actor in changed.actors.iter_mut().filter(|actor| (scope.is_writer)(actor.name)) {
        let (body, numbers) = (actor.body.clone(), Numbers::default());
        actor.body = Body::new(move |m: &dyn Machine| {
            let held = Held::new(m, numbers.clone());
            body.run(&Without { held, site, removal, frames: Frames::default() })
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
    frames: Frames<bool>,
}

impl Machine for Without<'_> {
    fn perform(&self, step: Step) -> Word {
        let here = Site::of(&step) == self.site;
        match self.removal {
            Removal::LeftOut if here => self.answer(step, 0),
            Removal::Answers(word) if here => self.answer(step, word),
            Removal::Unlocked(taken) => self.without_lock(step, here, taken),
            _ => self.held.perform(step),
        }
    }
}

impl Without<'_> {
    /// Does nothing, and gives this answer.
    fn answer(&self, step: Step, word: Word) -> Word {
        let pass_on = |step| self.held.perform(step);
        match step.action {
            Action::Control(control) if !enters(control) => pass_on(step),
            _ => answer(step, word, pass_on),
        }
    }

    fn without_lock(&self, step: Step, here: bool, taken: Site) -> Word {
        if let Action::Control(control) = step.action {
            return self.frames.follow(step, control, here, |step| self.held.perform(step));
        }
        let inside = here || self.frames.0.borrow().contains(&true);
        if let Some(lock) = Lock::taken_by(&step).filter(|lock| inside && lock.taken == taken) {
            self.take(step, lock);
            return Word::from(matches!(step.action, Action::Try { .. }));
        }
        match self.held.give_back(&step.action) {
            Some(lock) => self.give_back(step, &lock),
            None => self.held.perform(step),
        }
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

//! Which kernel words the writers of a scenario pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::{Action, Control, Machine, Step, Word};
use scenario::{Body, Scenario};

use super::held::{Held, Lock, Numbers};
use super::{Frames, Site};

/// What belongs to the write path.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Whether an actor of this name is a writer.
    pub is_writer: fn(&str) -> bool,
    /// Whether a source file defines kernel words, so that what happens in it is inside of a word.
    pub defines_words: fn(&str) -> bool,
}

/// What was seen of a word.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) how: How,
    /// The functions that the line was passed in.
    pub(super) functions: BTreeSet<&'static str>,
    pub(super) answers: BTreeSet<Word>,
    pub(super) show: fn(Word) -> String,
    /// The locks that were taken in it and not given back there.
    pub(super) takes: BTreeSet<Site>,
    pub(super) gives_back: bool,
}

/// What a word is, as far as a step tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// It gives no answer.
    Change,
    /// It gives an answer; whether it does nothing else, and the bit that it is about if that is one.
    Answer {
        only: bool,
        bit: Option<Word>,
    },
    Barrier,
    /// It has steps of its own.
    Call,
}

impl How {
    /// None for what is no kernel word: what the model decides, observes or says.
    fn of(action: &Action) -> Option<How> {
        let one = |mask: Word| (mask.count_ones() == 1).then_some(mask);
        Some(match *action {
            Action::Load { mask, .. } => How::Answer { only: true, bit: one(mask) },
            Action::Change { mask: 0, .. }
            | Action::Store { .. }
            | Action::Move { .. }
            | Action::Await { .. } => How::Change,
            Action::Change { mask, .. } => How::Answer { only: false, bit: one(mask) },
            Action::Try { .. } | Action::CopyUser { .. } => How::Answer { only: false, bit: Some(1) },
            Action::CompareExchange { .. } | Action::Add { .. } => How::Answer { only: false, bit: None },
            Action::Fence { .. } => How::Barrier,
            Action::Choose { .. }
            | Action::Require { .. }
            | Action::Report { .. }
            | Action::Reach { .. }
            | Action::Control(_) => return None,
        })
    }
}

#[derive(Clone, Default, Debug)]
pub(super) struct Notes {
    pub(super) words: BTreeMap<Site, Note>,
    /// The steps whose locks were given back.
    pub(super) given_back: BTreeSet<Site>,
}

impl Notes {
    fn note(&mut self, step: &Step, how: How, function: &'static str) -> &mut Note {
        let note = self.words.entry(Site::of(step)).or_insert_with(|| Note {
            how,
            functions: BTreeSet::new(),
            answers: BTreeSet::new(),
            show: step.show,
            takes: BTreeSet::new(),
            gives_back: false,
        });
        note.functions.insert(function);
        note
    }
}

/// What the writers of a scenario pass, while an engine searches it.
#[derive(Clone, Default, Debug)]
pub struct Watched(Arc<Mutex<Notes>>);

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notes(&self) -> Notes {
        self.lock().clone()
    }
}

/// The same scenario, whose writers are watched.
#[must_use]
pub fn watch(scenario: &Scenario, scope: Scope, watched: &Watched) -> Scenario {
    let mut seen = scenario.clone();
    for actor in seen.actors.iter_mut().filter(|actor| (scope.is_writer)(actor.name)) {
        let (body, numbers, watched) = (actor.body.clone(), Numbers::default(), watched.clone());
        actor.body = Body::new(move |m: &dyn Machine| {
            let held = Held::new(m, numbers.clone());
            body.run(&Watching { held, scope, watched: watched.clone(), frames: Frames::default() })
        });
    }
    seen
}

/// An open frame.
struct Frame {
    site: Site,
    /// The function, word or loop that opened it.
    step: Step,
    /// Whether it is a kernel word, told by where its first step is; unknown before that.
    is_word: Option<bool>,
}

/// Stands between a writer and the engine.
struct Watching<'m> {
    held: Held<'m>,
    scope: Scope,
    watched: Watched,
    frames: Frames<Frame>,
}

impl Machine for Watching<'_> {
    fn perform(&self, step: Step) -> Word {
        let Action::Control(control) = step.action else { return self.step(step) };
        match control {
            _ if !step.is_shown() => {}
            Control::Call | Control::Loop { .. } => self.enter(&step),
            Control::Leave { result } => self.leave(&step, result),
            Control::Round { .. } | Control::Misfit { .. } => {}
        }
        let frame = Frame { site: Site::of(&step), step, is_word: None };
        self.frames.follow(step, control, frame, |step| self.held.perform(step))
    }
}

impl Watching<'_> {
    /// The innermost function of the write path.
    fn function(&self) -> Option<&'static str> {
        let frames = self.frames.0.borrow();
        let functions = frames.iter().filter(|f| f.is_word != Some(true));
        let mut names = functions
            .filter(|f| matches!(f.step.action, Action::Control(Control::Call)))
            .map(|f| f.step.label.name);
        names.next_back()
    }

    /// The word that the actor is in.
    fn word(&self) -> Option<Site> {
        self.frames.0.borrow().iter().find(|f| f.is_word == Some(true)).map(|f| f.site)
    }

    /// A step or frame is told from the first on that is in the innermost frame.
    fn enter(&self, step: &Step) {
        if self.word().is_some() {
            return;
        }
        let is_word = (self.scope.defines_words)(&step.location.path());
        let opened = {
            let mut frames = self.frames.0.borrow_mut();
            let Some(frame) = frames.last_mut().filter(|f| f.is_word.is_none()) else { return };
            frame.is_word = Some(is_word);
            frame.step
        };
        if is_word {
            let function = self.function().unwrap_or(OUTSIDE);
            self.watched.lock().note(&opened, How::Call, function);
        }
    }

    fn leave(&self, step: &Step, result: Word) {
        let frames = self.frames.0.borrow();
        let Some(frame) = frames.last().filter(|frame| frame.is_word == Some(true)) else { return };
        let mut notes = self.watched.lock();
        let Some(note) = notes.words.get_mut(&frame.site) else { return };
        note.answers.insert(result);
        note.show = step.show;
        self.held.with(|locks| {
            for lock in locks.iter_mut().filter(|lock| lock.within == Some(frame.site)) {
                note.takes.insert(lock.taken);
                lock.within = None;
            }
        });
    }

    fn step(&self, step: Step) -> Word {
        self.enter(&step);
        let within = self.word();
        let site = within.unwrap_or(Site::of(&step));
        let lock = Lock::taken_by(&step);
        let back = self.held.give_back(&step.action);
        if within.is_none()
            && let Some(how) = How::of(&step.action)
        {
            let function = self.function();
            // Outside of all functions a scenario does its own book-keeping; but the outermost locks are there.
            if function.is_some() || lock.is_some() || back.is_some() {
                self.watched.lock().note(&step, how, function.unwrap_or(OUTSIDE));
            }
        }
        let answer = self.held.perform(step);
        let mut notes = self.watched.lock();
        if let Some(lock) = lock.filter(|_| !matches!(step.action, Action::Try { .. }) || answer != 0) {
            self.held.hold(Lock { within, ..lock });
            if within.is_none()
                && let Some(note) = notes.words.get_mut(&site)
            {
                note.takes.insert(lock.taken);
            }
        }
        if let Some(back) = back {
            // Within the word that took it, it is the word's own business.
            let own = within.is_some() && back.within == within;
            if !own {
                notes.given_back.insert(back.taken);
                if let Some(note) = notes.words.get_mut(&site) {
                    note.gives_back = true;
                }
            }
        }
        if within.is_none()
            && let Some(note) = notes.words.get_mut(&site)
        {
            note.answers.insert(answer);
        }
        answer
    }
}

/// The function of what the writer does outside of all frames.
const OUTSIDE: &str = "write(2)";

//! What an actor holds, carried through the frames that forget it.
//!
//! A frame that was left is remembered by its result only, and a loop by its state. The bits above these are
//! free ([`SMALL_BITS_MAX`]): there goes the number of what the actor holds, so that it is part of what an
//! engine remembers, and the same for the same history.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::{Action, Control, FINISHED, Machine, Place, SMALL_BITS_MAX, Step, Word};

use super::Site;

/// A lock that an actor has taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lock {
    pub(super) at: Place,
    /// The bits that are the lock's: what was waited for, and who holds it.
    pub(super) mask: Word,
    /// Those that were set: who holds it.
    pub(super) bits: Word,
    /// The step that took it.
    pub(super) taken: Site,
    /// The word around that step, while the actor is in it.
    pub(super) within: Option<Site>,
}

impl Lock {
    /// The lock that an action takes: it waits for bits to be clear and sets some of them, or others, as
    /// readers do and who takes a reference.
    pub(super) fn taken_by(step: &Step) -> Option<Lock> {
        match step.action {
            Action::Await { at, mask, set, .. } | Action::Try { at, mask, set, .. } if set != 0 => {
                let bits = if mask & set != 0 { mask & set } else { set };
                Some(Lock { at, mask: mask | bits, bits, taken: Site::of(step), within: None })
            }
            _ => None,
        }
    }

    /// Whether an action gives this lock back: it clears what was set, and sets none of it.
    pub(super) fn is_given_back_by(&self, action: &Action) -> bool {
        match *action {
            Action::Change { at, clear, set, .. } => {
                at == self.at && clear & self.bits == self.bits && set & self.mask == 0
            }
            _ => false,
        }
    }
}

/// All that the actor was ever seen to hold at once, each under its number. Nothing is number 0.
#[derive(Clone)]
pub(super) struct Numbers(Arc<Mutex<Vec<Vec<Lock>>>>);

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers(Arc::new(Mutex::new(vec![Vec::new()])))
    }
}

impl Numbers {
    fn all(&self) -> MutexGuard<'_, Vec<Vec<Lock>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, locks: &[Lock]) -> Word {
        let mut all = self.all();
        let number = all.iter().position(|known| known == locks).unwrap_or_else(|| {
            all.push(locks.to_vec());
            all.len() - 1
        });
        let room = 1 << (63 - SMALL_BITS_MAX);
        assert!(number < room, "an actor holds locks in more than {room} ways");
        number as Word
    }
}

/// What the actor holds in one run of its body.
pub(super) struct Held<'m> {
    m: &'m dyn Machine,
    numbers: Numbers,
    locks: RefCell<Vec<Lock>>,
}

impl<'m> Held<'m> {
    /// A fresh run holds nothing.
    pub(super) fn new(m: &'m dyn Machine, numbers: Numbers) -> Held<'m> {
        Held { m, numbers, locks: RefCell::default() }
    }

    /// Does something with what is held.
    pub(super) fn with<R>(&self, see: impl FnOnce(&mut Vec<Lock>) -> R) -> R {
        see(&mut self.locks.borrow_mut())
    }

    /// Holds a lock; what is never given back is held once, however often it is taken.
    pub(super) fn hold(&self, lock: Lock) {
        self.with(|locks| {
            locks.retain(|known| known.at != lock.at || known.bits != lock.bits);
            locks.push(lock);
        });
    }

    /// Takes the lock that this action gives back, the last one taken if there are several, off what is held.
    pub(super) fn give_back(&self, action: &Action) -> Option<Lock> {
        self.with(|locks| {
            let found = locks.iter().rposition(|lock| lock.is_given_back_by(action))?;
            Some(locks.remove(found))
        })
    }

    /// Hands a step on to the engine; what is held goes with it where the engine forgets.
    pub(super) fn perform(&self, step: Step) -> Word {
        let Action::Control(control) = step.action else { return self.m.perform(step) };
        let mine = self.numbers.number(&self.locks.borrow()) << SMALL_BITS_MAX;
        let carrying = match control {
            Control::Call => Control::Call,
            Control::Loop { state } => Control::Loop { state: state | mine },
            Control::Round { state } => Control::Round { state: state | mine },
            Control::Leave { result } => Control::Leave { result: result | mine },
            Control::Misfit { .. } => control,
        };
        let answer = self.m.perform(Step { action: Action::Control(carrying), ..step });
        let answers = match control {
            Control::Call => answer & FINISHED != 0,
            Control::Loop { .. } | Control::Round { .. } => true,
            Control::Leave { .. } | Control::Misfit { .. } => false,
        };
        if !answers {
            return answer;
        }
        let number = (answer & !FINISHED) >> SMALL_BITS_MAX;
        let known = self.numbers.all()[number as usize].clone();
        self.with(|locks| *locks = known);
        answer & (FINISHED | ((1 << SMALL_BITS_MAX) - 1))
    }
}

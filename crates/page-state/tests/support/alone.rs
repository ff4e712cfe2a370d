//! A machine with one actor and no adversary, for what the words do by themselves.
#![allow(dead_code, reason = "each test that includes it uses a part")]

use std::cell::RefCell;

use machine::{Action, Control, Effect, Machine, Peek, Place, Step, Word};

/// The cells, and what was done to them.
pub(crate) struct Alone {
    cells: RefCell<Vec<Word>>,
    taken: RefCell<Vec<String>>,
    broken: RefCell<Vec<String>>,
    /// The answer to every choice.
    pub(crate) choice: Word,
}

impl Alone {
    /// A machine in this state.
    pub(crate) fn new(cells: Vec<Word>) -> Alone {
        Alone { cells: RefCell::new(cells), taken: RefCell::default(), broken: RefCell::default(), choice: 0 }
    }

    /// The cells as they are now.
    pub(crate) fn cells(&self) -> Vec<Word> {
        self.cells.borrow().clone()
    }

    /// The value of one cell.
    pub(crate) fn cell(&self, at: Place) -> Word {
        self.cells.borrow().peek(at)
    }

    /// Changes a cell behind the actor's back.
    pub(crate) fn poke(&self, at: Place, value: Word) {
        self.cells.borrow_mut()[at.index()] = value;
    }

    /// The labels of the steps and calls so far whose word is `name`.
    pub(crate) fn taken(&self, name: &str) -> Vec<String> {
        let of_name = |label: &&String| label.split('(').next() == Some(name);
        self.taken.borrow().iter().filter(of_name).cloned().collect()
    }

    /// The violations recorded so far.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.broken.borrow().clone()
    }
}

impl Machine for Alone {
    fn perform(&self, step: Step) -> Word {
        if !matches!(step.action, Action::Control(Control::Leave { .. } | Control::Round { .. })) {
            self.taken.borrow_mut().push(step.label.to_string());
        }
        match step.action {
            Action::Report { property, witness } => {
                self.broken.borrow_mut().push(format!("{property}: {witness}"));
            }
            Action::Require { at, .. } => {
                for demand in step.action.broken(self.cell(at)) {
                    self.broken.borrow_mut().push(format!("{}: {}", demand.property, demand.witness));
                }
            }
            Action::Control(Control::Loop { state } | Control::Round { state }) => {
                return state;
            }
            _ => {}
        }
        match step.action.execute(&mut *self.cells.borrow_mut()) {
            Effect::Done(result) => result,
            Effect::Choice(of) => self.choice.min(Word::from(of) - 1),
            Effect::Blocked => panic!("{step:?} would wait for ever"),
        }
    }
}

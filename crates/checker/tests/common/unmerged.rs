//! A model run with the complete list of its results: nothing is forgotten, nothing is merged.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use machine::{Action, Control, Machine, Step, Word};
use scenario::Body;

struct Answers<'a> {
    left: RefCell<std::slice::Iter<'a, Word>>,
    pending: Cell<Option<Action>>,
}

impl Machine for Answers<'_> {
    fn perform(&self, step: Step) -> Word {
        match step.action {
            Action::Control(Control::Loop { state } | Control::Round { state }) => state,
            Action::Control(_) | Action::Report { .. } | Action::Reach { .. } => 0,
            action => match self.left.borrow_mut().next() {
                Some(&result) => result,
                None => {
                    self.pending.set(Some(action));
                    resume_unwind(Box::new(()))
                }
            },
        }
    }
}

/// The step that comes after these results, or the word that the model returns.
pub(crate) fn run(body: &Body, results: &[Word]) -> (Option<Action>, Option<Word>) {
    let answers = Answers { left: RefCell::new(results.iter()), pending: Cell::new(None) };
    match catch_unwind(AssertUnwindSafe(|| body.run(&answers))) {
        Ok(word) => (None, Some(word)),
        Err(_) => (answers.pending.get(), None),
    }
}

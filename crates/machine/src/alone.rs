//! An actor that nobody comes between.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::{Action, Bug, Control, Effect, Machine, Step, Unsupported, Word};

/// How many steps an actor may take alone: more than any that comes to its end.
const STEPS_MAX: usize = 1 << 20;

/// How many ways its choices may go.
const WAYS_MAX: usize = 1 << 12;

/// What an actor that can't go on unwinds with.
struct Stuck;

/// Every memory that `body` leaves when it runs alone, from `memory` on: one for each way in which its choices can
/// go. None where in one of them it waits for somebody, comes to a [`Bug`] or to what is not modelled, or to no end.
///
/// ```
/// use machine::{Layout, Machine, Order, alone, choose};
///
/// let mut layout = Layout::new();
/// let n = layout.shared("n", 4);
/// let body = |m: &dyn Machine| n.store(m, choose(m, "how many", 3), Order::Relaxed);
/// assert_eq!(alone(&[7], &body), Some(vec![vec![0], vec![1], vec![2]]));
///
/// let mutex = layout.lock("mutex");
/// assert_eq!(alone(&[7, 1], &|m| mutex.lock(m)), None, "nobody unlocks it");
/// ```
///
/// # Panics
/// Where the body does, on its own account.
#[must_use]
pub fn alone(memory: &[Word], body: &dyn Fn(&dyn Machine)) -> Option<Vec<Vec<Word>>> {
    let mut left = Vec::new();
    let mut path: Vec<(Word, Word)> = Vec::new();
    for _ in 0..WAYS_MAX {
        let alone = Alone {
            memory: RefCell::new(memory.to_vec()),
            path: RefCell::new(path),
            next: Cell::new(0),
            steps: Cell::new(0),
        };
        if let Err(why) = catch_unwind(AssertUnwindSafe(|| body(&alone))) {
            let is_known = why.is::<Stuck>() || why.is::<Bug>() || why.is::<Unsupported>();
            return if is_known { None } else { resume_unwind(why) };
        }
        left.push(alone.memory.into_inner());
        path = alone.path.into_inner();
        while path.last().is_some_and(|&(taken, of)| taken + 1 == of) {
            path.pop();
        }
        match path.last_mut() {
            Some((taken, _)) => *taken += 1,
            None => return Some(left),
        }
    }
    None
}

/// The machine of one run.
struct Alone {
    memory: RefCell<Vec<Word>>,
    /// What was chosen so far, and of how many: the first of them are given.
    path: RefCell<Vec<(Word, Word)>>,
    next: Cell<usize>,
    steps: Cell<usize>,
}

impl Alone {
    fn choose(&self, of: u8) -> Word {
        let (mut path, next) = (self.path.borrow_mut(), self.next.get());
        self.next.set(next + 1);
        if next == path.len() {
            path.push((0, Word::from(of.max(1))));
        }
        path[next].0
    }
}

impl Machine for Alone {
    fn perform(&self, step: Step) -> Word {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            resume_unwind(Box::new(Stuck));
        }
        match step.action {
            Action::Control(Control::Loop { state } | Control::Round { state }) => state,
            action => {
                let effect = action.execute(&mut *self.memory.borrow_mut());
                match effect {
                    Effect::Done(result) => result,
                    Effect::Choice(of) => self.choose(of),
                    Effect::Blocked => resume_unwind(Box::new(Stuck)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flow, Label, Layout, Order, again, bug_on, choose};

    #[test]
    fn what_two_choices_leave_is_all_there() {
        let mut layout = Layout::new();
        let (a, b) = (layout.shared("a", 4), layout.shared("b", 4));
        let body = |m: &dyn Machine| {
            let first = choose(m, "first", 2);
            a.store(m, first, Order::Relaxed);
            // Only one of the two asks again.
            let second = if first == 0 { 0 } else { choose(m, "second", 3) };
            b.store(m, second, Order::Relaxed);
        };
        let left = alone(&[9, 9], &body).expect("nobody is waited for");
        assert_eq!(left, [vec![0, 0], vec![1, 0], vec![1, 1], vec![1, 2]]);
    }

    #[test]
    fn a_run_without_an_end_leaves_nothing() {
        let forever = |m: &dyn Machine| {
            again(m, Label::new("for ever", &[]), 0_u8, Flow::<u8, ()>::Again);
        };
        assert_eq!(alone(&[], &forever), None);
        assert_eq!(alone(&[], &|_| bug_on(true, "BUG")), None);
    }

    #[test]
    #[should_panic(expected = "a mistake")]
    fn a_mistake_of_a_model_is_not_hidden() {
        let _ = alone(&[], &|_| panic!("a mistake"));
    }
}

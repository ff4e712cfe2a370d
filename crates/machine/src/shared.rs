//! Shared variables of everyday code, with the words of `std::sync::atomic` and of locks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::{Action, Flow, Label, Layout, Location, Machine, Order, Peek, Place, Small, Step, Word, again};
use crate::{CELL_BITS_MAX, show_number};

/// A cell with a name, and what everyday code does with it. Each method is one step at its caller's line, which a
/// schedule shows as the code has it: `counter.fetch_add(1) = 0`.
///
/// ```
/// use machine::{Layout, Machine, Order, Shared};
///
/// fn publish(m: &dyn Machine, data: Shared, ready: Shared) {
///     data.store(m, 1, Order::Relaxed);
///     ready.store(m, 1, Order::Release);
/// }
///
/// let mut layout = Layout::new();
/// let (data, ready) = (layout.shared("data", 1), layout.shared("ready", 1));
/// let actor = move |m: &dyn Machine| publish(m, data, ready);
/// # let _ = actor;
/// ```
#[derive(Clone, Copy)]
pub struct Shared {
    at: Place,
    width: u8,
    words: &'static Words,
}

/// Declares the labels of a shared variable.
macro_rules! words {
    ($($word:ident),*) => {
        struct Words {
            name: &'static str,
            $($word: &'static str),*
        }

        impl Words {
            fn new(name: &str) -> Words {
                Words {
                    name: name.to_owned().leak(),
                    $($word: format!("{name}.{}", stringify!($word)).leak()),*
                }
            }
        }
    };
}
words!(
    load,
    store,
    swap,
    compare_exchange,
    fetch_add,
    fetch_add_wrapping,
    fetch_sub,
    fetch_or,
    fetch_and,
    lock,
    try_lock,
    unlock,
    wait_until_zero,
    spin_until
);

impl Words {
    /// The labels of a name. A label is a plain word that steps carry about, so they stay as long as the
    /// process does, once for each name.
    fn of(name: &str) -> &'static Words {
        static KNOWN: Mutex<BTreeMap<&'static str, &'static Words>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = known.get(name) {
            return words;
        }
        let words: &'static Words = Box::leak(Box::new(Words::new(name)));
        known.insert(words.name, words);
        words
    }
}

impl fmt::Debug for Shared {
    /// Its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words.name)
    }
}

impl From<Shared> for Place {
    fn from(shared: Shared) -> Place {
        shared.at
    }
}

/// What a lock holds, as a picture shows it.
fn show_lock(value: Word) -> String {
    if value == 0 { "free" } else { "held" }.to_owned()
}

impl Layout {
    /// Declares a variable of `width` bits, which a picture shows as a number.
    ///
    /// # Panics
    /// As [`Layout::cell`].
    pub fn shared(&mut self, name: &str, width: u8) -> Shared {
        self.shared_showing(name, width, show_number)
    }

    /// Declares a variable of `width` bits, which a picture shows by `show`.
    ///
    /// # Panics
    /// As [`Layout::cell`].
    pub fn shared_showing(&mut self, name: &str, width: u8, show: fn(Word) -> String) -> Shared {
        Shared { at: self.cell(name, width, show), width, words: Words::of(name) }
    }

    /// Declares a lock: free or held.
    ///
    /// # Panics
    /// As [`Layout::cell`].
    pub fn lock(&mut self, name: &str) -> Shared {
        self.shared_showing(name, 1, show_lock)
    }

    /// Declares `N` variables in a row, `name[0]` and so on.
    ///
    /// # Panics
    /// As [`Layout::cell`].
    pub fn shared_array<const N: usize>(&mut self, name: &str, width: u8) -> [Shared; N] {
        std::array::from_fn(|index| self.shared(&format!("{name}[{index}]"), width))
    }
}

impl Shared {
    /// The cell.
    #[must_use]
    pub fn at(self) -> Place {
        self.at
    }

    /// Its value in a state, for properties, endings and pictures.
    #[must_use]
    pub fn value(self, state: &dyn Peek) -> Word {
        state.peek(self.at)
    }

    /// The cell with a value, for initial states.
    #[must_use]
    pub fn is(self, value: Word) -> (Place, Word) {
        (self.at, value)
    }

    /// Reads it.
    #[track_caller]
    pub fn load(self, m: &dyn Machine, order: Order) -> Word {
        m.perform(self.look(order))
    }

    /// Writes it.
    #[track_caller]
    pub fn store(self, m: &dyn Machine, value: Word, order: Order) {
        let label = Label::new(self.words.store, &[value as i32]);
        m.perform(Step::new(Action::Store { at: self.at, value, order }, label));
    }

    /// Writes it, and gives what it was.
    #[track_caller]
    pub fn swap(self, m: &dyn Machine, value: Word, order: Order) -> Word {
        let label = Label::new(self.words.swap, &[value as i32]);
        self.change(m, (Word::MAX, value), order, label)
    }

    /// Makes it `new` if it is `expected`; a failure is as ordered as a relaxed load.
    ///
    /// # Errors
    /// What it is, if that is something else.
    #[track_caller]
    pub fn compare_exchange(
        self,
        m: &dyn Machine,
        expected: Word,
        new: Word,
        order: Order,
    ) -> Result<Word, Word> {
        let label = Label::new(self.words.compare_exchange, &[expected as i32, new as i32]);
        let action = Action::CompareExchange { at: self.at, expected, new, order };
        let old = m.perform(Step::new(action, label).showing(show_number));
        if old == expected { Ok(old) } else { Err(old) }
    }

    /// Adds to it, and gives what it was. A sum that does not fit its bits is an error of the model, which an
    /// engine tells: give it more, or let it wrap.
    #[track_caller]
    pub fn fetch_add(self, m: &dyn Machine, value: Word, order: Order) -> Word {
        self.add(m, value, Word::MAX, order, Label::new(self.words.fetch_add, &[value as i32]))
    }

    /// Adds to it modulo 2^width, and gives what it was.
    #[track_caller]
    pub fn fetch_add_wrapping(self, m: &dyn Machine, value: Word, order: Order) -> Word {
        let mask = Word::MAX >> (Word::BITS - u32::from(self.width.min(CELL_BITS_MAX)));
        self.add(m, value, mask, order, Label::new(self.words.fetch_add_wrapping, &[value as i32]))
    }

    /// Subtracts from it, and gives what it was. A difference below 0 is an error of the model, which an engine
    /// tells.
    #[track_caller]
    pub fn fetch_sub(self, m: &dyn Machine, value: Word, order: Order) -> Word {
        let label = Label::new(self.words.fetch_sub, &[value as i32]);
        self.add(m, value.wrapping_neg(), Word::MAX, order, label)
    }

    /// Sets bits, and gives what it was.
    #[track_caller]
    pub fn fetch_or(self, m: &dyn Machine, bits: Word, order: Order) -> Word {
        self.change(m, (0, bits), order, Label::new(self.words.fetch_or, &[bits as i32]))
    }

    /// Clears all other bits, and gives what it was.
    #[track_caller]
    pub fn fetch_and(self, m: &dyn Machine, bits: Word, order: Order) -> Word {
        self.change(m, (!bits, 0), order, Label::new(self.words.fetch_and, &[bits as i32]))
    }

    /// Takes a lock, as soon as it is free; who waits for ever is in a deadlock.
    #[track_caller]
    pub fn lock(self, m: &dyn Machine) {
        let take = Action::Await { at: self.at, mask: Word::MAX, clear: 0, set: 1, order: Order::Acquire };
        m.perform(Step::new(take, Label::new(self.words.lock, &[])));
    }

    /// Takes a lock if it is free; whether it did.
    #[track_caller]
    pub fn try_lock(self, m: &dyn Machine) -> bool {
        let take = Action::Try { at: self.at, mask: Word::MAX, clear: 0, set: 1, order: Order::Acquire };
        m.perform(Step::new(take, Label::new(self.words.try_lock, &[])).showing(bool::show)) != 0
    }

    /// Gives a lock back. Nobody looks whether the actor holds it.
    #[track_caller]
    pub fn unlock(self, m: &dyn Machine) {
        let give = Action::Change { at: self.at, clear: Word::MAX, set: 0, mask: 0, order: Order::Release };
        m.perform(Step::new(give, Label::new(self.words.unlock, &[])));
    }

    /// Sleeps until it is 0; who sleeps for ever is in a deadlock. Takes a processor's time from nobody, and so is
    /// what every engine can finish with.
    #[track_caller]
    pub fn wait_until_zero(self, m: &dyn Machine, order: Order) {
        let wait = Action::Await { at: self.at, mask: Word::MAX, clear: 0, set: 0, order };
        m.perform(Step::new(wait, Label::new(self.words.wait_until_zero, &[])));
    }

    /// Reads it again and again until its value is one of those; who does so for ever is in a livelock. loom has no
    /// end of executions in which the others don't come, so that a search with it is cut.
    #[track_caller]
    pub fn spin_until(self, m: &dyn Machine, order: Order, is_it: impl Fn(Word) -> bool) {
        let (look, location) = (self.look(order), Location::caller());
        again(m, Label::new(self.words.spin_until, &[]), (), |()| {
            if is_it(m.perform(Step { location, ..look })) { Flow::Done(()) } else { Flow::Again(()) }
        });
    }

    #[track_caller]
    fn look(self, order: Order) -> Step {
        let load = Action::Load { at: self.at, mask: Word::MAX, order };
        Step::new(load, Label::new(self.words.load, &[])).showing(show_number)
    }

    /// Clears and sets bits; gives the old word.
    #[track_caller]
    fn change(self, m: &dyn Machine, (clear, set): (Word, Word), order: Order, label: Label) -> Word {
        let change = Action::Change { at: self.at, clear, set, mask: Word::MAX, order };
        m.perform(Step::new(change, label).showing(show_number))
    }

    #[track_caller]
    fn add(self, m: &dyn Machine, value: Word, mask: Word, order: Order, label: Label) -> Word {
        m.perform(Step::new(Action::Add { at: self.at, value, mask, order }, label).showing(show_number))
    }
}

/// Orders the actor's accesses to other cells.
#[track_caller]
pub fn fence(m: &dyn Machine, order: Order) {
    m.perform(Step::new(Action::Fence { order }, Label::new("fence", &[])));
}

/// Any of `0..of`: what the model leaves open. 0 is the uneventful one, `of` at least 1.
#[track_caller]
pub fn choose(m: &dyn Machine, what: &'static str, of: u8) -> Word {
    m.perform(Step::new(Action::Choose { of }, Label::new(what, &[])).showing(show_number))
}

/// Tells that something happened which must be possible for the scenario to mean anything.
#[track_caller]
pub fn reach(m: &dyn Machine, what: &'static str) {
    m.perform(Step::new(Action::Reach { what }, Label::new(what, &[])));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::{Control, Effect};

    /// Takes every step at once, and notes it.
    struct Alone(RefCell<(Vec<Word>, Vec<String>)>);

    impl Machine for Alone {
        fn perform(&self, step: Step) -> Word {
            let (cells, told) = &mut *self.0.borrow_mut();
            let answer = match (step.action, step.action.execute(cells)) {
                (Action::Control(Control::Loop { state } | Control::Round { state }), _) => state,
                (_, Effect::Done(answer)) => answer,
                (_, Effect::Blocked) => panic!("{step:?} waits"),
                (_, Effect::Choice(_)) => 0,
            };
            if step.is_scheduling_point() {
                let line = step.location.line - START.with(|start| *start.borrow());
                told.push(format!("{line} {} {}", step.label, step.shown(answer)).trim_end().to_owned());
            }
            answer
        }
    }

    thread_local!(static START: RefCell<u32> = const { RefCell::new(0) });

    #[test]
    fn each_word_is_a_step_at_its_caller_s_line() {
        use Order::{Acquire, Full, Relaxed, Release};
        let mut layout = Layout::new();
        let (n, mutex) = (layout.shared("n", 3), layout.lock("mutex"));
        let slots = layout.shared_array::<2>("slot", 8);
        let alone = Alone(RefCell::new((vec![0; layout.len()], Vec::new())));
        let m: &dyn Machine = &alone;
        START.with(|start| *start.borrow_mut() = line!());
        n.store(m, 2, Release);
        assert_eq!(n.load(m, Acquire), 2);
        assert_eq!(n.swap(m, 6, Full), 2);
        assert_eq!(n.compare_exchange(m, 6, 5, Full), Ok(6));
        assert_eq!(n.compare_exchange(m, 6, 4, Full), Err(5));
        assert_eq!(n.fetch_add(m, 1, Relaxed), 5);
        assert_eq!(n.fetch_add_wrapping(m, 3, Relaxed), 6);
        assert_eq!(n.fetch_sub(m, 1, Relaxed), 1);
        assert_eq!(n.fetch_or(m, 6, Relaxed), 0);
        assert_eq!(n.fetch_and(m, 3, Relaxed), 6);
        mutex.lock(m);
        assert!(!mutex.try_lock(m));
        mutex.unlock(m);
        mutex.wait_until_zero(m, Acquire);
        n.spin_until(m, Relaxed, |value| value == 2);
        slots[1].store(m, 9, Relaxed);
        fence(m, Full);
        assert_eq!(choose(m, "which", 2), 0);
        let (cells, told) = alone.0.into_inner();
        assert_eq!(cells, [2, 0, 0, 9]);
        let expected = [
            "1 n.store(2)",
            "2 n.load 2",
            "3 n.swap(6) 2",
            "4 n.compare_exchange(6, 5) 6",
            "5 n.compare_exchange(6, 4) 5",
            "6 n.fetch_add(1) 5",
            "7 n.fetch_add_wrapping(3) 6",
            "8 n.fetch_sub(1) 1",
            "9 n.fetch_or(6) 0",
            "10 n.fetch_and(3) 6",
            "11 mutex.lock",
            "12 mutex.try_lock no",
            "13 mutex.unlock",
            "14 mutex.wait_until_zero",
            "15 n.load 2",
            "16 slot[1].store(9)",
            "17 fence",
            "18 which 0",
        ];
        assert_eq!(told, expected);
        assert_eq!((n.value(&cells), n.at(), mutex.is(1)), (2, Place(0), (Place(1), 1)));
        let shown = layout.cells().iter().zip(&cells).map(|(c, v)| format!("{} {}", c.name, (c.show)(*v)));
        assert_eq!(shown.collect::<Vec<_>>(), ["n 2", "mutex free", "slot[0] 0", "slot[1] 9"]);
    }

    #[test]
    fn the_same_name_has_the_same_words() {
        let (one, other) = (Layout::new().shared("same", 1), Layout::new().shared("same", 2));
        assert!(std::ptr::eq(one.words, other.words));
        assert_eq!(format!("{one:?}"), "same");
    }
}

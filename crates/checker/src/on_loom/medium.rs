//! Steps as operations on loom's objects.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard as StdMutexGuard, OnceLock, PoisonError};

use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::sync::{Mutex, MutexGuard};
use loom::thread::Thread;
use machine::{Action, Field, Order, Place, Step, Word};

use super::Mode;
use super::choices::Choices;
use super::lessons::Lessons;
use crate::execution::{Execution, Medium, Turn};

/// What the steps of an execution are made of.
pub(super) struct OnLoom {
    execution: Execution,
    cells: Cells,
    choices: Arc<Choices>,
    /// How many choices each actor has made.
    chosen: StdMutex<HashMap<usize, u32>>,
    threads: StdMutex<Vec<Thread>>,
    ends: StdMutex<Vec<End>>,
    stop: Touch,
    alarm: Touch,
    fences: Touch,
    lessons: Arc<Lessons>,
}

/// How far an actor's thread has come in ending.
#[derive(Clone, Copy, PartialEq)]
enum End {
    NotYet,
    Lingers,
    LetGo,
}

/// The cells.
enum Cells {
    /// Who holds a cell's mutex may touch it.
    Locks(Vec<OnceLock<Mutex<()>>>),
    /// The shared cells themselves, each with what makes its accesses depend on each other.
    Atomics(Vec<Option<Ordered>>),
}

/// A cell in kernel-orders mode.
struct Ordered {
    cell: AtomicU64,
    /// loom keeps only the last access to an atomic, and so lets a thread's own load hide an earlier one
    /// of another thread from the store that comes next: it never tries that store before the other's
    /// load, and misses what the load could have seen (its issues #166 and #392). Here every access is
    /// followed by one of this cell, none of which hides another; it is part of the same step, and as a
    /// relaxed read-modify-write of something else it orders nothing.
    accesses: AtomicU64,
}

impl Ordered {
    fn new(value: Word) -> Ordered {
        Ordered { cell: AtomicU64::new(value), accesses: AtomicU64::new(0) }
    }

    fn access<R>(&self, access: impl FnOnce(&AtomicU64) -> R) -> R {
        let result = access(&self.cell);
        loom::stop_exploring();
        self.accesses.fetch_add(1, Ordering::Relaxed);
        loom::explore();
        result
    }
}

/// Something that steps depend on beside the cells, so that loom tries them in every order.
enum Touch {
    Lock(Mutex<()>),
    /// Without order, in kernel-orders mode: a relaxed read-modify-write synchronises nothing.
    Relaxed(AtomicU64),
}

impl Touch {
    fn new(mode: Mode) -> Touch {
        match mode {
            Mode::SequentiallyConsistent => Touch::Lock(Mutex::new(())),
            Mode::KernelOrders => Touch::Relaxed(AtomicU64::new(0)),
        }
    }

    fn touch(&self) {
        match self {
            Touch::Lock(mutex) => drop(hold(mutex)),
            Touch::Relaxed(atomic) => {
                atomic.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Locks a loom mutex, which is never poisoned: no model code runs while one is held.
fn hold(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OnLoom {
    /// Must be called on the main thread of a loom execution.
    pub(super) fn new(
        execution: Execution,
        mode: Mode,
        choices: Arc<Choices>,
        lessons: Arc<Lessons>,
    ) -> OnLoom {
        let (count, actors) = (execution.scenario.layout.len(), execution.scenario.actors.len());
        let cells = match mode {
            Mode::SequentiallyConsistent => Cells::Locks((0..count).map(|_| OnceLock::new()).collect()),
            Mode::KernelOrders => {
                let cell = |index: usize| {
                    let at = Place(index as u16);
                    lessons.is_shared(at).then(|| Ordered::new(execution.latest(at)))
                };
                Cells::Atomics((0..count).map(cell).collect())
            }
        };
        OnLoom {
            execution,
            cells,
            choices,
            chosen: StdMutex::default(),
            threads: StdMutex::default(),
            ends: StdMutex::new(vec![End::NotYet; actors]),
            stop: Touch::new(mode),
            alarm: Touch::new(mode),
            fences: Touch::new(mode),
            lessons,
        }
    }

    /// Takes note of the actors' threads, before the first runs.
    pub(super) fn seated(&self, threads: Vec<Thread>) {
        *self.threads.lock().unwrap_or_else(PoisonError::into_inner) = threads;
    }

    /// Keeps an actor's thread until all of its kind, daemons or others, have come to an end; then the
    /// last lets the first go, and the main thread the others, one by one. Whatever else could run while
    /// a thread tells that it has ended, loom would try in every order with that.
    pub(super) fn linger(&self, actor: usize) {
        let first = {
            let mut ends = self.ends();
            ends[actor] = End::Lingers;
            let actors = &self.execution.scenario.actors;
            let mut kind = (0..actors.len()).filter(|&other| actors[other].daemon == actors[actor].daemon);
            let first = kind.next();
            let all = first.is_some_and(|first| ends[first] != End::NotYet)
                && kind.all(|other| ends[other] != End::NotYet);
            first.filter(|_| all)
        };
        if let Some(first) = first {
            self.let_go(first);
        }
        while self.ends()[actor] != End::LetGo {
            loom::thread::park();
        }
    }

    /// Lets the thread of an actor go that lingers.
    pub(super) fn let_go(&self, actor: usize) {
        self.ends()[actor] = End::LetGo;
        self.wake(&[actor]);
    }

    fn ends(&self) -> StdMutexGuard<'_, Vec<End>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left in the cells, for the main thread when all others have ended; `None` where the
    /// execution knows.
    pub(super) fn memory(&self) -> Option<Vec<Word>> {
        match &self.cells {
            _ if self.execution.is_over() => None,
            Cells::Locks(_) => None,
            Cells::Atomics(cells) => {
                let value = |(index, cell): (usize, &Option<Ordered>)| match cell {
                    Some(shared) => shared.cell.load(Ordering::Acquire),
                    None => self.execution.latest(Place(index as u16)),
                };
                Some(cells.iter().enumerate().map(value).collect())
            }
        }
    }

    fn take_locked(&self, locks: &[OnceLock<Mutex<()>>], actor: usize, step: &Step) -> Option<Word> {
        loop {
            let alarm = self.hold_alarm(step);
            let held = self.lock(locks, actor, &step.action);
            let turn = self.execution.execute(actor, step);
            drop((held, alarm));
            match turn {
                Turn::Done { seen, woken } => {
                    self.wake(&woken);
                    return Some(seen);
                }
                Turn::Sleep => loom::thread::park(),
                Turn::Leave { woken } => {
                    self.wake(&woken);
                    return None;
                }
            }
        }
    }

    /// Whether loom must be told that the actor touches a cell.
    fn is_shared(&self, actor: usize, at: Place, writes: bool) -> bool {
        let shared = self.lessons.is_shared(at);
        if !shared {
            self.lessons.touched(actor, at, writes);
        }
        shared
    }

    /// Before a step after which a model may panic, what depends on that.
    fn hold_alarm(&self, step: &Step) -> Option<MutexGuard<'_, ()>> {
        if !self.lessons.before_panic(step) {
            return None;
        }
        match &self.alarm {
            Touch::Lock(mutex) => Some(hold(mutex)),
            Touch::Relaxed(_) => {
                self.alarm.touch();
                None
            }
        }
    }

    /// Holds the cells of an action, taken in the order of their numbers.
    fn lock<'a>(
        &self,
        locks: &'a [OnceLock<Mutex<()>>],
        actor: usize,
        action: &Action,
    ) -> Vec<MutexGuard<'a, ()>> {
        let lock = |at: Place| hold(locks[at.index()].get_or_init(|| Mutex::new(())));
        let lock_all = |mut cells: Vec<(Place, bool)>| {
            cells.sort();
            // Written, where it is read and written.
            cells.reverse();
            cells.dedup_by_key(|(at, _)| *at);
            cells.reverse();
            let shared = cells.into_iter().filter(|&(at, writes)| self.is_shared(actor, at, writes));
            shared.map(|(at, _)| lock(at)).collect::<Vec<_>>()
        };
        match *action {
            Action::Load { at, .. } | Action::Require { at, .. } => lock_all(vec![(at, false)]),
            Action::Store { at, .. }
            | Action::Change { at, .. }
            | Action::Await { at, .. }
            | Action::Try { at, .. }
            | Action::CompareExchange { at, .. }
            | Action::Add { at, .. } => lock_all(vec![(at, true)]),
            Action::Move { from, to } => lock_all(vec![(from, false), (to, true)]),
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                // Which frame is known only from the entry: it is looked at first, and again when
                // everything is held.
                let source = || {
                    let value = self.execution.latest(entry);
                    (value & need == need).then(|| frame_unit(value, frame, frames, stride, unit))
                };
                let mut held = lock_all(vec![(entry, false)]);
                loop {
                    let Some(from) = source().filter(|&from| self.execution.declares(from)) else {
                        return held;
                    };
                    if entry < from && entry < to {
                        held.extend(lock_all(vec![(from, false), (to, true)]));
                        return held;
                    }
                    drop(held);
                    held = lock_all(vec![(entry, false), (from, false), (to, true)]);
                    if source() == Some(from) {
                        return held;
                    }
                    drop(held);
                    held = lock_all(vec![(entry, false)]);
                }
            }
            Action::Fence { .. }
            | Action::Choose { .. }
            | Action::Report { .. }
            | Action::Reach { .. }
            | Action::Control(_) => Vec::new(),
        }
    }

    fn take_ordered(&self, cells: &[Option<Ordered>], actor: usize, step: &Step) -> Option<Word> {
        // Not one step with it, but tried before and after what depends on a panic.
        drop(self.hold_alarm(step));
        let shared = |at: Place, writes: bool| match &cells[at.index()] {
            _ if !self.is_shared(actor, at, writes) => None,
            shared => shared.as_ref(),
        };
        let load = |at: Place, order: Ordering| match shared(at, false) {
            Some(shared) => shared.access(|cell| cell.load(order)),
            None => self.execution.latest(at),
        };
        let store = |at: Place, value: Word, order: Ordering| {
            if let Some(shared) = shared(at, true) {
                shared.access(|cell| cell.store(value, order));
            }
        };
        let (answer, stored) = match step.action {
            Action::Load { at, mask, order } => {
                (self.between_fences(order, || load(at, load_order(order))) & mask, None)
            }
            Action::Require { at, .. } => (load(at, Ordering::Relaxed), None),
            Action::Store { at, value, order } => {
                self.between_fences(order, || store(at, value, store_order(order)));
                (0, Some((at, value)))
            }
            Action::Change { at, clear, set, mask, order } => {
                let change = |old: Word| Some((old & !clear) | set);
                let (old, new) =
                    self.between_fences(order, || self.update(shared(at, true), at, order, change));
                (old & mask, new.map(|value| (at, value)))
            }
            Action::Try { at, mask, clear, set, order } => {
                let change = |old: Word| (old & mask == 0).then_some((old & !clear) | set);
                let (_, new) = self.guarded(shared(at, true), at, order, change);
                (Word::from(new.is_some()), new.map(|value| (at, value)))
            }
            Action::CompareExchange { at, expected, new, order } => {
                let change = |old: Word| (old == expected).then_some(new);
                let (old, new) = self.guarded(shared(at, true), at, order, change);
                (old, new.map(|value| (at, value)))
            }
            Action::Add { at, value, mask, order } => {
                let change = |old: Word| Some(old.wrapping_add(value) & mask);
                let (old, new) =
                    self.between_fences(order, || self.update(shared(at, true), at, order, change));
                (old, new.map(|value| (at, value)))
            }
            Action::Await { at, mask, clear, set, order } => {
                let change = |old: Word| (old & mask == 0).then_some((old & !clear) | set);
                loop {
                    if let (_, Some(value)) = self.guarded(shared(at, true), at, order, change) {
                        break (0, Some((at, value)));
                    }
                    // No scheduling point since the attempt: nobody can have stored in between.
                    match self.execution.blocked(actor, step) {
                        Turn::Done { .. } => unreachable!("a blocked step is not done"),
                        Turn::Sleep => loom::thread::park(),
                        Turn::Leave { woken } => {
                            self.wake(&woken);
                            return None;
                        }
                    }
                }
            }
            Action::Move { from, to } => {
                let value = load(from, Ordering::Relaxed);
                store(to, value, Ordering::Relaxed);
                (0, Some((to, value)))
            }
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                let value = load(entry, Ordering::Acquire);
                if value & need == need {
                    let from = frame_unit(value, frame, frames, stride, unit);
                    if !self.execution.declares(from) {
                        self.wake(&self.execution.misused(actor, step, from));
                        return None;
                    }
                    let copied = load(from, Ordering::Relaxed);
                    store(to, copied, Ordering::Relaxed);
                    (1, Some((to, copied)))
                } else {
                    (0, None)
                }
            }
            Action::Fence { order } => {
                match order {
                    Order::Relaxed => {}
                    Order::Acquire => fence(Ordering::Acquire),
                    Order::Release => fence(Ordering::Release),
                    Order::Full => self.full_fence(),
                }
                (0, None)
            }
            Action::Choose { .. } | Action::Report { .. } | Action::Reach { .. } | Action::Control(_) => {
                unreachable!("not a step on memory: {step:?}")
            }
        };
        let is_require = matches!(step.action, Action::Require { .. });
        let told = if is_require { 0 } else { answer };
        let woken = self.execution.taken(actor, step, told, stored);
        self.wake(&woken);
        Some(answer)
    }

    /// loom takes no scheduling point at a fence, and so does not try fences in both orders; the touch
    /// makes it.
    fn full_fence(&self) {
        self.fences.touch();
        fence(Ordering::SeqCst);
    }

    fn between_fences<R>(&self, order: Order, access: impl FnOnce() -> R) -> R {
        if order != Order::Full {
            return access();
        }
        self.full_fence();
        let result = access();
        self.full_fence();
        result
    }

    /// As [`OnLoom::update`]; fully ordered only if it succeeds.
    fn guarded(
        &self,
        shared: Option<&Ordered>,
        at: Place,
        order: Order,
        change: impl Fn(Word) -> Option<Word>,
    ) -> (Word, Option<Word>) {
        if order == Order::Full {
            self.full_fence();
        }
        let result = self.update(shared, at, order, change);
        if order == Order::Full && result.1.is_some() {
            self.full_fence();
        }
        result
    }

    /// One read-modify-write: the old value, and the new one if `change` gives one. loom has none that
    /// takes a function, so the latest store is guessed; a wrong guess is a read of the right value.
    fn update(
        &self,
        shared: Option<&Ordered>,
        at: Place,
        order: Order,
        change: impl Fn(Word) -> Option<Word>,
    ) -> (Word, Option<Word>) {
        let mut guess = self.execution.latest(at);
        let Some(shared) = shared else {
            return (guess, change(guess));
        };
        loop {
            // Where nothing is to be changed, the latest store must be read all the same: by an exchange
            // of the guess's complement, which no cell holds, as they are narrower than a word.
            let (from, new) = (change(guess).map_or(!guess, |_| guess), change(guess));
            let to = new.unwrap_or(from);
            let swapped =
                shared.access(|cell| cell.compare_exchange(from, to, rmw_order(order), Ordering::Relaxed));
            match swapped {
                Ok(old) if new.is_some() => return (old, new),
                Err(old) if new.is_none() && old == guess => return (old, None),
                Ok(old) | Err(old) => guess = old,
            }
        }
    }
}

/// The cell of a unit in the frame that a page-table entry names.
fn frame_unit(entry: Word, frame: Field, frames: Place, stride: u16, unit: u16) -> Place {
    frames.at(frame.of(entry) as usize * usize::from(stride) + usize::from(unit))
}

fn load_order(order: Order) -> Ordering {
    match order {
        Order::Acquire => Ordering::Acquire,
        Order::Relaxed | Order::Release | Order::Full => Ordering::Relaxed,
    }
}

fn store_order(order: Order) -> Ordering {
    match order {
        Order::Release => Ordering::Release,
        Order::Relaxed | Order::Acquire | Order::Full => Ordering::Relaxed,
    }
}

fn rmw_order(order: Order) -> Ordering {
    match order {
        Order::Relaxed => Ordering::Relaxed,
        Order::Acquire => Ordering::Acquire,
        Order::Release => Ordering::Release,
        Order::Full => Ordering::AcqRel,
    }
}

impl Medium for OnLoom {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn take(&self, actor: usize, step: &Step) -> Option<Word> {
        match &self.cells {
            Cells::Locks(locks) => self.take_locked(locks, actor, step),
            Cells::Atomics(cells) => self.take_ordered(cells, actor, step),
        }
    }

    fn choose(&self, actor: usize, step: &Step, of: u8) -> Option<Word> {
        let alarm = self.hold_alarm(step);
        let ordinal = {
            let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
            let count = chosen.entry(actor).or_insert(0);
            *count += 1;
            *count - 1
        };
        let value = Word::from(self.choices.value((actor, ordinal, of)));
        self.execution.taken(actor, step, value, None);
        drop(alarm);
        Some(value)
    }

    fn wake(&self, actors: &[usize]) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for &actor in actors {
            threads[actor].unpark();
        }
    }

    fn touch_stop(&self) {
        self.stop.touch();
    }

    fn touch_alarm(&self) {
        if self.lessons.any_panic() {
            self.alarm.touch();
        }
    }

    fn panicked(&self, after: Option<&Step>) {
        if let Some(after) = after {
            self.lessons.panicked(after);
        }
    }
}

//! A machine on loom: cells are atomics with the step's memory order, and every interleaving that loom
//! finds is run to its end. What came of each is gathered; nothing panics inside.
//!
//! Where the kernel promises a full barrier around a read-modify-write, C11's acquire-release is taken:
//! what holds under the weaker order holds in the kernel. A copy from user memory holds the page-table
//! entry, because translation and load are one hardware access.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom::sync::atomic::{AtomicU64, Ordering, fence};
use machine::{Action, Bug, Control, Machine, Order, Place, Step, Word};
use page_state::{Storage, Task};

/// What the actors share.
pub(crate) trait World: Clone + Send + Sync + 'static {
    /// The file's cells.
    fn storage(&self) -> &Storage;
    /// The page-table entries.
    fn entries(&self) -> Vec<Place> {
        Vec::new()
    }
}

impl World for Storage {
    fn storage(&self) -> &Storage {
        self
    }
}

/// An actor.
pub(crate) type Actor<W> = fn(&Task, &W) -> Word;

/// How an actor ended.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum End {
    /// It returned this.
    Returned(Word),
    /// It waits for ever, in a step of this name.
    Stuck(&'static str),
    /// The modelled code's own assertion fired.
    Bug(String),
}

/// What came of one execution.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Outcome {
    /// How each actor ended.
    pub(crate) ends: Vec<End>,
    /// The violations recorded.
    pub(crate) broken: BTreeSet<String>,
    /// The cells at the end.
    pub(crate) cells: Vec<Word>,
    /// How often a page frame was freed.
    pub(crate) freed: usize,
}

impl Outcome {
    /// What the actors returned.
    ///
    /// # Panics
    /// If one did not.
    pub(crate) fn returned(&self) -> Vec<Word> {
        let word = |end: &End| match end {
            End::Returned(word) => *word,
            other => panic!("an actor did not return: {other:?}"),
        };
        self.ends.iter().map(word).collect()
    }

    /// Whether every actor returned.
    pub(crate) fn is_done(&self) -> bool {
        self.ends.iter().all(|end| matches!(end, End::Returned(_)))
    }
}

/// What the actors returned, in each execution.
pub(crate) fn returns(outcomes: &BTreeSet<Outcome>) -> BTreeSet<Vec<Word>> {
    outcomes.iter().map(Outcome::returned).collect()
}

/// Runs the actors in every interleaving, and gives what came of them.
pub(crate) fn explore<W: World>(world: &W, cells: &[Word], actors: &[Actor<W>]) -> BTreeSet<Outcome> {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let (world, cells, actors, gathered) =
        (Arc::new(world.clone()), cells.to_vec(), actors.to_vec(), Arc::clone(&found));
    let mut builder = loom::model::Builder::new();
    builder.max_threads = actors.len();
    builder.max_branches = 20_000;
    // Nothing in the environment may cut the exploration short.
    (builder.max_permutations, builder.max_duration, builder.preemption_bound) = (None, None, None);
    builder.check(move || {
        let shared = Arc::new(Shared::new(&cells, &world.entries(), actors.len()));
        let run = |id: usize| {
            let (shared, world, actor) = (Arc::clone(&shared), Arc::clone(&world), actors[id]);
            move || shared.run(id, |m| actor(&Task { m, storage: world.storage(), id }, &world))
        };
        let others: Vec<_> = (1..actors.len()).map(|id| loom::thread::spawn(run(id))).collect();
        run(0)();
        for other in others {
            other.join().expect("panics are caught");
        }
        lock(&gathered).insert(shared.outcome());
    });
    std::mem::take(&mut *lock(&found))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shared {
    cells: Vec<AtomicU64>,
    entries: Vec<(Place, loom::sync::Mutex<()>)>,
    board: Mutex<Board>,
}

/// What is known of an execution outside of loom.
struct Board {
    /// Each cell's latest value.
    latest: Vec<Word>,
    /// What each actor waits for.
    waiting: Vec<Option<(Place, Word, &'static str)>>,
    ends: Vec<Option<End>>,
    /// Nobody can go on: everybody leaves.
    dead: bool,
    broken: BTreeSet<String>,
    freed: usize,
}

impl Board {
    /// Finds out whether nobody can go on.
    fn look(&mut self) {
        let stuck = |id: usize| {
            self.ends[id].is_some()
                || self.waiting[id].is_some_and(|(at, mask, _)| self.latest[at.index()] & mask != 0)
        };
        self.dead |= (0..self.ends.len()).all(stuck) && self.ends.iter().any(Option::is_none);
    }
}

/// The unwinding of an actor that waits for ever.
struct Quit;

impl Shared {
    fn new(cells: &[Word], entries: &[Place], actors: usize) -> Shared {
        Shared {
            cells: cells.iter().map(|&value| AtomicU64::new(value)).collect(),
            entries: entries.iter().map(|&at| (at, loom::sync::Mutex::new(()))).collect(),
            board: Mutex::new(Board {
                latest: cells.to_vec(),
                waiting: vec![None; actors],
                ends: vec![None; actors],
                dead: false,
                broken: BTreeSet::new(),
                freed: 0,
            }),
        }
    }

    fn run(self: &Arc<Shared>, id: usize, actor: impl FnOnce(&dyn Machine) -> Word) {
        let seat = Seat { shared: Arc::clone(self), id };
        let end = match catch_unwind(AssertUnwindSafe(|| actor(&seat))) {
            Ok(word) => End::Returned(word),
            Err(payload) if payload.is::<Quit>() => {
                let waiting = lock(&self.board).waiting[id];
                End::Stuck(waiting.map_or("", |(_, _, word)| word))
            }
            Err(payload) if payload.is::<Bug>() => {
                End::Bug(payload.downcast::<Bug>().map_or_else(|_| String::new(), |bug| bug.said))
            }
            Err(payload) => End::Bug(payload.downcast_ref::<String>().cloned().unwrap_or_else(|| {
                payload.downcast_ref::<&str>().map_or("a panic".to_owned(), ToString::to_string)
            })),
        };
        let mut board = lock(&self.board);
        board.ends[id] = Some(end);
        board.look();
    }

    fn outcome(&self) -> Outcome {
        let board = lock(&self.board);
        Outcome {
            ends: board.ends.iter().flatten().cloned().collect(),
            broken: board.broken.clone(),
            cells: board.latest.clone(),
            freed: board.freed,
        }
    }

    fn cell(&self, at: Place) -> &AtomicU64 {
        &self.cells[at.index()]
    }

    /// Held while a page-table entry is changed, or used for a copy.
    fn hold(&self, at: Place) -> Option<loom::sync::MutexGuard<'_, ()>> {
        let (_, mutex) = self.entries.iter().find(|(entry, _)| *entry == at)?;
        Some(mutex.lock().expect("nothing panics under it"))
    }

    fn stored(&self, at: Place, value: Word) {
        lock(&self.board).latest[at.index()] = value;
    }

    /// One read-modify-write; the old value, and whether the guard let it happen. loom has none that takes
    /// a function, so the latest value is guessed: a wrong guess, or a complement which no cell can hold,
    /// is a read.
    fn update(&self, at: Place, mask: Word, clear: Word, set: Word, order: Order) -> (Word, bool) {
        let _held = self.hold(at);
        let success = match order {
            Order::Relaxed => Ordering::Relaxed,
            Order::Acquire => Ordering::Acquire,
            Order::Release => Ordering::Release,
            Order::Full => Ordering::AcqRel,
        };
        let mut guess = lock(&self.board).latest[at.index()];
        loop {
            let free = guess & mask == 0;
            let (from, to) = if free { (guess, (guess & !clear) | set) } else { (!guess, guess) };
            match self.cell(at).compare_exchange(from, to, success, Ordering::Relaxed) {
                Ok(old) => {
                    self.stored(at, to);
                    return (old, true);
                }
                Err(old) if !free && old & mask != 0 => return (old, false),
                Err(old) => guess = old,
            }
        }
    }
}

/// The machine of one actor.
struct Seat {
    shared: Arc<Shared>,
    id: usize,
}

impl Machine for Seat {
    fn perform(&self, step: Step) -> Word {
        let shared = &*self.shared;
        let relaxed = |at: Place| shared.cell(at).load(Ordering::Relaxed);
        match step.action {
            Action::Load { at, mask, order } => {
                let order = match order {
                    Order::Relaxed | Order::Release => Ordering::Relaxed,
                    Order::Acquire | Order::Full => Ordering::Acquire,
                };
                shared.cell(at).load(order) & mask
            }
            Action::Store { at, value, order } => {
                let _held = shared.hold(at);
                let order = match order {
                    Order::Relaxed | Order::Acquire => Ordering::Relaxed,
                    Order::Release | Order::Full => Ordering::Release,
                };
                shared.cell(at).store(value, order);
                shared.stored(at, value);
                0
            }
            Action::Change { at, clear, set, mask, order } => {
                if step.label.name == "free_pages" {
                    lock(&shared.board).freed += 1;
                }
                shared.update(at, 0, clear, set, order).0 & mask
            }
            Action::Try { at, mask, clear, set, order } => {
                Word::from(shared.update(at, mask, clear, set, order).1)
            }
            Action::Await { at, mask, clear, set, order } => {
                while !shared.update(at, mask, clear, set, order).1 {
                    {
                        let mut board = lock(&shared.board);
                        board.waiting[self.id] = Some((at, mask, step.label.name));
                        board.look();
                        if board.dead {
                            drop(board);
                            resume_unwind(Box::new(Quit));
                        }
                    }
                    loom::thread::yield_now();
                }
                lock(&shared.board).waiting[self.id] = None;
                0
            }
            Action::CompareExchange { .. } | Action::Add { .. } => {
                unreachable!("{} is no kernel word of these crates", step.label.name)
            }
            Action::Move { from, to } => {
                let value = relaxed(from);
                shared.cell(to).store(value, Ordering::Relaxed);
                shared.stored(to, value);
                0
            }
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                let held = shared.hold(entry);
                let value = relaxed(entry);
                if value & need != need {
                    return 0;
                }
                let copied =
                    relaxed(frames.at(frame.of(value) as usize * usize::from(stride) + usize::from(unit)));
                drop(held);
                shared.cell(to).store(copied, Ordering::Relaxed);
                shared.stored(to, copied);
                1
            }
            Action::Fence { order } => {
                match order {
                    Order::Relaxed => {}
                    Order::Acquire => fence(Ordering::Acquire),
                    Order::Release => fence(Ordering::Release),
                    Order::Full => fence(Ordering::SeqCst),
                }
                0
            }
            Action::Require { at, .. } => {
                for demand in step.action.broken(relaxed(at)) {
                    lock(&shared.board).broken.insert(format!("{}: {}", demand.property, demand.witness));
                }
                0
            }
            Action::Report { property, witness } => {
                lock(&shared.board).broken.insert(format!("{property}: {witness}"));
                0
            }
            Action::Control(Control::Round { state }) => {
                // Whoever goes round waits for somebody else's step.
                loom::thread::yield_now();
                state
            }
            Action::Control(Control::Loop { state }) => state,
            Action::Choose { .. } | Action::Reach { .. } | Action::Control(_) => 0,
        }
    }
}

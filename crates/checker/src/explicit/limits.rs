//! What stops a search early, and when to look.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use scenario::{Bound, Coverage};

use super::compact::SIGNATURE_BITS;
use super::error::Error;
use super::ledger::{Full, Ledger};
use super::options::Options;
use super::prepared::Prepared;
use super::unfold::Automaton;
use super::visited::lock;

/// Why a search can't go on.
pub(crate) enum Halt {
    /// The scenario or a model is broken.
    Broken(Error),
    /// There is no room for more.
    Full(Full),
    /// A limit was met, which is noted.
    Stopped,
}

impl From<Full> for Halt {
    fn from(full: Full) -> Halt {
        Halt::Full(full)
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Broken(error)
    }
}

/// The bounds of one search, and what became of them.
pub(crate) struct Limits<'a> {
    pub(crate) options: &'a Options,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) ceilings: Ceilings,
    prepared: &'a Prepared,
    started: Instant,
    /// What was spent on the same search before that.
    before: Duration,
    interrupted: OnceLock<Instant>,
    stopped: AtomicU8,
    /// Whether there will be schedules to look for.
    found: AtomicBool,
    broken: Mutex<Option<Error>>,
    remark: Mutex<Option<&'static str>>,
}

/// How many things the engine has numbers for, besides [`Error::TooManyControlStates`], and what one thread does alone.
#[derive(Clone, Copy)]
pub(crate) struct Ceilings {
    /// Memories in one shard of 64.
    pub(crate) memories: usize,
    /// States in one shard of 64, and in a class of states that is judged.
    pub(crate) states: usize,
    /// Frontiers up to this are not worth a second thread.
    pub(crate) alone: usize,
    /// Bits of a signature in a compact search, 32 at most.
    pub(crate) signature: u32,
}

impl Default for Ceilings {
    /// 2^28 memories in all, and nearly 2^32 states where these are of many memories.
    fn default() -> Ceilings {
        Ceilings { memories: 1 << 22, states: (1 << 26) - 2, alone: 256, signature: SIGNATURE_BITS }
    }
}

const RUNS: u8 = 0;
const BROKEN: u8 = 1;
const BOUNDS: [(u8, Bound); 5] =
    [(2, Bound::States), (3, Bound::Memory), (4, Bound::Time), (5, Bound::Interrupt), (6, Bound::Process)];

/// How long schedules are looked for after the end of the time, or after the user wants to stop.
const GRACE: Duration = Duration::from_millis(500);

/// The part of the memory that the allocator and the threads' stacks get.
const ALLOCATOR_PART: u64 = 16;

/// The part of the time that is kept for schedules once there is something to tell.
const TIME_FOR_SCHEDULES: u32 = 8;
/// The bytes that are kept for them then, for each state.
pub(crate) const BYTES_FOR_SCHEDULES: u64 = 17;

/// What one thread's look-ups in a model take for a control state, in bytes.
const MIRRORED: usize = 96;
/// And where equal actors are put in order.
const RANKED: usize = size_of::<u64>();

impl<'a> Limits<'a> {
    /// The bounds of a search that began at a time.
    pub(crate) fn new(
        options: &'a Options,
        prepared: &'a Prepared,
        ceilings: Ceilings,
        started: Instant,
    ) -> Limits<'a> {
        let bytes_max = options.bounds.bytes_max;
        Limits {
            options,
            ledger: Arc::new(Ledger::with_disk(
                bytes_max - bytes_max / ALLOCATOR_PART,
                options.disk.as_deref(),
            )),
            ceilings,
            prepared,
            started,
            before: Duration::ZERO,
            interrupted: OnceLock::new(),
            stopped: AtomicU8::new(RUNS),
            found: AtomicBool::new(false),
            broken: Mutex::new(None),
            remark: Mutex::new(None),
        }
    }

    /// The same, of a search on which so much time was spent before.
    pub(crate) fn after(self, before: Duration) -> Limits<'a> {
        Limits { before, ..self }
    }

    fn elapsed(&self) -> Duration {
        self.before.saturating_add(self.started.elapsed())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }

    /// Whether it is a bound of these searches.
    #[cfg(feature = "together")]
    pub(crate) fn has(bound: Bound) -> bool {
        BOUNDS.iter().any(|(_, known)| *known == bound)
    }

    pub(crate) fn stop(&self, bound: Bound) {
        let code = BOUNDS.iter().find(|(_, b)| *b == bound).map_or(BROKEN, |(code, _)| *code);
        // The first reason stays.
        let _ = self.stopped.compare_exchange(RUNS, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) fn halt(&self, halt: Halt) {
        match halt {
            Halt::Full(full) => {
                if let Full::Numbers(what) = full {
                    lock(&self.remark).get_or_insert(what);
                }
                self.stop(Bound::Memory);
            }
            Halt::Broken(error) => {
                lock(&self.broken).get_or_insert(error);
                self.stopped.store(BROKEN, Ordering::Relaxed);
            }
            Halt::Stopped => {}
        }
    }

    /// Keeps time and room for schedules from now on, since there is something to tell.
    pub(crate) fn found(&self) {
        if !self.has_found() {
            self.found.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn has_found(&self) -> bool {
        self.found.load(Ordering::Relaxed)
    }

    /// Keeps room for schedules through so many states, if there is something to tell.
    pub(crate) fn keep_room(&self, states: u64) {
        if self.has_found() {
            self.ledger.reserve(states * BYTES_FOR_SCHEDULES);
        }
    }

    fn interrupted(&self) -> Option<Instant> {
        let wanted = self.options.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
        wanted.then(|| *self.interrupted.get_or_init(Instant::now))
    }

    /// Looks at everything; whether to stop.
    pub(crate) fn look(&self) -> bool {
        if let Err(halt) = self.go_on() {
            self.halt(halt);
        }
        self.stopped()
    }

    /// Looks at the user, the clock and what the models take, whatever stopped the search before.
    pub(crate) fn go_on(&self) -> Result<(), Halt> {
        if self.interrupted().is_some() {
            self.stop(Bound::Interrupt);
            return Err(Halt::Stopped);
        }
        if let Some(unreadable) = self.unreadable() {
            return Err(unreadable.into());
        }
        if self.elapsed() >= self.time_max() {
            self.stop(Bound::Time);
            return Err(Halt::Stopped);
        }
        Ok(self.weigh_models()?)
    }

    fn time_max(&self) -> Duration {
        let all = self.options.bounds.time_max;
        if self.has_found() { all - all / TIME_FOR_SCHEDULES } else { all }
    }

    fn weigh_models(&self) -> Result<(), Full> {
        let threads = self.options.threads.max(1) + 1;
        let each = if self.prepared.symmetry.none() { MIRRORED } else { MIRRORED + RANKED };
        let bytes = |automaton: &Automaton| automaton.bytes() + (automaton.len() * each * threads) as u64;
        self.ledger.set_models(self.prepared.each_automaton().map(bytes).sum())
    }

    /// Whether there is no time left for schedules either.
    pub(crate) fn out_of_patience(&self) -> bool {
        self.interrupted().is_some_and(|since| since.elapsed() > GRACE)
            || self.elapsed() > self.options.bounds.time_max.saturating_add(GRACE)
    }

    /// Goes on as long as there is time for schedules.
    pub(crate) fn patience(&self) -> Result<(), Halt> {
        if self.out_of_patience() { Err(Halt::Stopped) } else { Ok(()) }
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) != RUNS
    }

    /// The bound that stopped it, if one did.
    pub(crate) fn stopped_by(&self) -> Option<Bound> {
        let code = self.stopped.load(Ordering::Relaxed);
        BOUNDS.iter().find(|(c, _)| *c == code).map(|&(_, bound)| bound)
    }

    pub(crate) fn coverage(&self) -> Coverage {
        self.stopped_by().map_or(Coverage::Exhausted, |bound| Coverage::Cut { bound })
    }

    pub(crate) fn error(&self) -> Option<Error> {
        lock(&self.broken).clone().or_else(|| self.unreadable())
    }

    /// What was written to the disk and can't be read: whatever was found since then may be wrong.
    fn unreadable(&self) -> Option<Error> {
        let disk = self.ledger.disk()?;
        let why = disk.unreadable()?.to_owned();
        Some(Error::Disk { folder: disk.folder().to_owned(), why })
    }

    /// Why the disk was of no more use, if that stopped the search.
    pub(crate) fn has_no_disk(&self) -> Option<String> {
        let disk = self.ledger.disk().filter(|_| self.stopped_by() == Some(Bound::Memory))?;
        Some(format!("nothing more could be written to {}: {}", disk.folder().display(), disk.unwritable()?))
    }

    /// What the engine ran out of besides memory, if that stopped the search.
    pub(crate) fn ran_out_of(&self) -> Option<&'static str> {
        *lock(&self.remark)
    }
}

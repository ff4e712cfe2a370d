//! How to search: what the caller asks for, and hears meanwhile.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use scenario::Bounds;

use super::gauge::Gauge;

/// How to search.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far to look. `executions_max` means nothing here. The level in which `states_max` is met
    /// is finished, so that what is found doesn't depend on the number of threads. `bytes_max` and `time_max`
    /// hold for all phases; a sixteenth of the memory is the allocator's. Once there is something to tell,
    /// the search leaves an eighth of the time, and some memory for each state, to the schedules.
    pub bounds: Bounds,
    /// How many threads search; 0 counts as 1. Changes nothing that is found.
    pub threads: usize,
    /// What is left out that changes nothing of what is told.
    pub reduce: Reduce,
    /// Set it to stop the search.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Shows how far the search is.
    pub gauge: Option<Arc<Gauge>>,
    /// A folder for states that were met long ago, where memory is scarce: about half of what a state takes. Nothing stays there.
    pub disk: Option<PathBuf>,
    /// Where memory does not suffice, the search goes on once more, with 32 bits of each state: what it finds then is there, without a
    /// schedule, and it may miss something, and looks at no cycles. What is told is as cut as it was; the remark has how many
    /// states there were, and how likely any was missed.
    pub compact: bool,
    /// Where the search is left now and then, and where a bound or the user ends it, and goes on from if it was left before.
    /// Bounds are then on all of the search, with what was done and spent before. Once an outcome [is whole](super::is_whole), the
    /// caller takes it away ([`forget`](super::forget)).
    pub checkpoint: Option<Checkpoint>,
}

impl Default for Options {
    /// The default bounds, one thread, no reduction.
    fn default() -> Options {
        let reduce = Reduce::None;
        let (interrupt, gauge, disk, compact, checkpoint) = Default::default();
        Options { bounds: Bounds::default(), threads: 1, reduce, interrupt, gauge, disk, compact, checkpoint }
    }
}

/// What a search leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduce {
    /// Nothing.
    None,
    /// All orders but one of steps whose order makes no difference, of a search of more than so many states: where that
    /// finds nothing wrong, nothing is. Where it does, everything is searched. The numbers of states and
    /// transitions are those of the search that told.
    Order(u64),
    /// The same, and what is wrong is told from what is left, too: the same bad states and endings as of everything, with the
    /// shortest schedules of those that are left. Only where somebody may wait for good while others go round, everything is
    /// searched.
    Always(u64),
    /// The same, and no state is kept from which one step leads on: a third of the states and less, for more time. Only where
    /// something wrong is found, they are added for its schedules, as far as there is room.
    Chains(u64),
    /// Of such a search, all states but one that differ only in which of equal actors is where, and nothing else: where that finds
    /// nothing wrong, and nobody goes round, nothing is. Else everything is searched. All others but `None` do that, too, before
    /// what they do.
    Symmetry(u64),
}

impl Reduce {
    /// States from which on it is worth it: choosing what to leave out takes longer than a small search.
    pub const LARGE: u64 = 1 << 17;
}

/// Where a search leaves what it has, and goes on from what is there.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The file. What is written takes its place when all of it is on the disk; until then it lies beside, as `FILE.new`.
    pub file: PathBuf,
    /// A digest of the program: of its code, and that of the models and their rules.
    pub program: [u8; 32],
    /// A digest of what else the question is made of, and its name, for people.
    pub question: ([u8; 32], String),
    /// How long it is from one to the next at least; and 20 times as long as the last one took. Nothing is at every level.
    pub every: Duration,
    /// Hears what becomes of it.
    pub tell: fn(&Note),
}

/// What becomes of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The file.
    pub file: PathBuf,
    /// The question's name.
    pub question: String,
    /// What it is.
    pub what: News,
}

/// What becomes of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// The search goes on from it.
    GoesOn {
        /// How many states there are.
        states: u64,
        /// How long they took.
        after: Duration,
    },
    /// It could not be written, and the search goes on. What was there stays.
    NotWritten(String),
    /// The search was cut, and this is where it goes on.
    Left {
        /// How many states there are.
        states: u64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Note { file, question, what } = self;
        let file = file.display();
        match what {
            News::GoesOn { states, after } => {
                write!(f, "{question} goes on from {file}: {states} states, {} s", after.as_secs())
            }
            News::NotWritten(why) => {
                write!(f, "{question}: no checkpoint is written: {file}: {why}; what was there stays")
            }
            News::Left { states } => write!(f, "{question}: {states} states are in {file}, to go on from"),
        }
    }
}

//! Checkpoints of a long search: it goes on from there after whatever ended it.
//!
//! A checkpoint is of one search, where a level begins. What a search has is mostly a list that grows: states and memories by
//! shard, where each level is a row of what is new. So a level that was begun is undone by leaving out what it added, and a
//! search that is stopped anywhere has a checkpoint; sets of actors that a reduced search made larger are as they were
//! ([`Reduced::has`](super::sets::Reduced::has)). What else a level does before it is stopped is done again, and
//! comes to the same: bits of who came again, control states that were unfolded, bad states that were found.
//!
//! States name control states by number, and numbers depend on the threads. So models are unfolded again in the
//! order of these numbers, along every edge that was followed: what the search knows of its models is then what it knew. If
//! any answers otherwise, the digest of all that they said differs ([`Trace`](super::trace::Trace)), and the checkpoint is refused. Judging,
//! schedules and what views show are worked out after the search, from the same.
//!
//! What the rules see is not looked at here: that is a question of their code, for which whoever asks has a digest.

mod contents;
mod file;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, Instant};

use scenario::BadState;
use serde::{Deserialize, Serialize};

use super::error::{Error, Refused};
use super::findings::Findings;
use super::limits::Limits;
use super::memories::Memories;
use super::options::{Checkpoint, News, Note, Reduce};
use super::plan::Plan;
use super::prepared::Prepared;
use super::reduce::Reduction;
use super::sets::Sets;
use super::visited::Shard;
pub(crate) use contents::{Has, Restored};
use contents::{Mark, Stage, Stand, Trouble};
use file::Reader;

impl Plan {
    fn stage(self) -> Stage {
        match self {
            Plan::Small(_) | Plan::Few(_) => Stage::Small,
            Plan::Symmetric { .. } => Stage::Symmetric,
            // A compact one has no checkpoints.
            Plan::Plain | Plan::Compact(..) => Stage::Plain,
            Plan::Reduced | Plan::ReducedToTheEnd(_) | Plan::Chains(_) => Stage::Reduced,
        }
    }
}

/// By what a checkpoint is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Head {
    program: [u8; 32],
    question: ([u8; 32], String),
    /// What is left out: nothing, or of searches of more states than this, orders of steps; and in which of the ways.
    reduce: Option<(u64, u8)>,
}

/// A checkpoint that was begun to read.
struct Saved {
    stand: Stand,
    reader: Reader,
}

/// A checkpoint is no more than one part in so many of the time.
const PART: u32 = 20;

/// Writes the checkpoints of the searches of one question.
pub(crate) struct Keeper<'a> {
    to: &'a Checkpoint,
    prepared: &'a Prepared,
    head: Head,
    saved: Option<Saved>,
    stage: Stage,
    /// What the searches came to that left something out.
    before: Vec<BadState>,
    /// When the last one was written, or the search was begun, and what that took.
    last: Instant,
    took: Duration,
    mark: Option<Mark>,
    /// How many states the file has, where there is one.
    in_file: Option<u64>,
    /// Whether the level that begins next is the one that the file has.
    is_there: bool,
    /// Whether the last one could not be written.
    fails: bool,
    /// Whether the search in hand has checkpoints.
    keeps: bool,
}

impl<'a> Keeper<'a> {
    /// Begins to read what is there.
    ///
    /// # Errors
    /// Where it is nothing to go on from.
    pub(crate) fn new(
        to: &'a Checkpoint,
        prepared: &'a Prepared,
        reduce: Reduce,
    ) -> Result<Keeper<'a>, Error> {
        let reduce = match reduce {
            Reduce::None => None,
            Reduce::Order(from) => Some((from, 0)),
            Reduce::Always(from) => Some((from, 1)),
            Reduce::Chains(from) => Some((from, 2)),
            Reduce::Symmetry(from) => Some((from, 3)),
        };
        let Checkpoint { program, question, .. } = to.clone();
        let head = Head { program, question, reduce };
        let mut keeper = Keeper {
            to,
            prepared,
            head,
            saved: None,
            stage: Stage::Small,
            before: Vec::new(),
            last: Instant::now(),
            took: Duration::ZERO,
            mark: None,
            in_file: None,
            is_there: false,
            fails: false,
            keeps: true,
        };
        keeper.saved = keeper.open().map_err(|why| keeper.refused(why))?;
        if let Some(Saved { stand, .. }) = &mut keeper.saved {
            keeper.stage = stand.stage;
            keeper.in_file = Some(stand.states);
            keeper.before = std::mem::take(&mut stand.before);
            let after = Duration::try_from_secs_f64(stand.seconds).unwrap_or_default();
            let goes_on = News::GoesOn { states: stand.states, after };
            keeper.tell(goes_on);
        }
        Ok(keeper)
    }

    fn open(&self) -> Result<Option<Saved>, Refused> {
        let Some(mut reader) = Reader::open(&self.to.file)? else { return Ok(None) };
        let Head { program, question, reduce } = reader.get()?;
        if program != self.head.program {
            return Err(Refused::Program);
        }
        if question != self.head.question {
            return Err(Refused::Question { of: question.1 });
        }
        if reduce != self.head.reduce {
            return Err(Refused::Reduction);
        }
        let stand = reader.get()?;
        Ok(Some(Saved { stand, reader }))
    }

    fn refused(&self, why: Refused) -> Error {
        Error::Checkpoint { file: self.to.file.clone(), why }
    }

    fn tell(&self, what: News) {
        let (file, question) = (self.to.file.clone(), self.to.question.1.clone());
        (self.to.tell)(&Note { file, question, what });
    }

    /// The time that was spent on what is there.
    pub(crate) fn spent(&self) -> Duration {
        let seconds = self.saved.as_ref().map_or(0.0, |saved| saved.stand.seconds);
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    /// Whether a search was done with before the one to go on with.
    pub(crate) fn is_past(&self, plan: Plan) -> bool {
        self.saved.is_some() && plan.stage() < self.stage
    }

    /// What searches came to that were done with before.
    pub(crate) fn before(&self) -> Vec<BadState> {
        self.before.clone()
    }

    /// The next search leaves out less, after one that found this, or was cut. What a bound cut is gone on with
    /// under a larger bound: its checkpoint stays, and what comes after it has none.
    pub(crate) fn leaves_less(&mut self, found: &[BadState], was_cut: bool) {
        self.before = found.to_vec();
        self.keeps &= !was_cut;
    }

    /// Begins a search, or goes on with it: what there is of it.
    ///
    /// # Errors
    /// Where the checkpoint is refused.
    pub(crate) fn begin<const R: usize>(
        &mut self,
        plan: Plan,
        limits: &Limits,
        (memories, findings): (&Memories, &Findings),
        reduction: Option<&mut Reduction>,
    ) -> Result<Option<Restored<R>>, Error> {
        self.stage = plan.stage();
        self.mark = None;
        let Some(Saved { stand, reader }) = self.saved.take_if(|saved| saved.stand.stage == plan.stage())
        else {
            return Ok(None);
        };
        let states = stand.states;
        self.is_there = true;
        let restored = contents::read(reader, &stand, self.prepared, limits, (memories, findings), reduction);
        restored.map(Some).map_err(|trouble| match trouble {
            Trouble::Refused(why) => self.refused(why),
            Trouble::Full => self.refused(Refused::TooLarge { states }),
        })
    }

    /// A level begins; whether it is time to write that down.
    pub(crate) fn level(
        &mut self,
        limits: &Limits,
        memories: &Memories,
        transitions: u64,
        sets: Sets,
    ) -> bool {
        if !self.keeps {
            return false;
        }
        let (found, written) = (limits.has_found(), std::mem::take(&mut self.is_there));
        let reaches = self.prepared.reaches();
        self.mark = Some(Mark { memories: memories.lens(), reaches, transitions, sets, found, written });
        let pause =
            if self.to.every.is_zero() { Duration::ZERO } else { self.to.every.max(self.took * PART) };
        self.last.elapsed() >= pause
    }

    /// The search was cut: leaves what there is where the last level began, or else what the file has.
    pub(crate) fn leave<const R: usize, S: Deref<Target = Shard<R>>>(
        &mut self,
        limits: &Limits,
        has: &Has<S>,
    ) {
        self.write(limits, has);
        if let Some(states) = self.in_file.filter(|_| self.keeps) {
            self.tell(News::Left { states });
        }
    }

    /// Writes down where the level began, if it is not.
    pub(crate) fn write<const R: usize, S: Deref<Target = Shard<R>>>(
        &mut self,
        limits: &Limits,
        has: &Has<S>,
    ) {
        let Some(mark) = self.mark.as_ref().filter(|mark| !mark.written) else { return };
        let begun = Instant::now();
        let stand = Stand {
            stage: self.stage,
            states: has.shards.iter().map(|shard| shard.level().1 as u64).sum(),
            transitions: mark.transitions,
            seconds: limits.seconds(),
            peak: limits.ledger.peak(),
            found: mark.found,
            before: self.before.clone(),
        };
        let written = file::replace(&self.to.file, |writer| {
            writer.put(&self.head)?;
            writer.put(&stand)?;
            contents::write(writer, self.prepared, mark, has)?;
            // What could not be read back is not what was there.
            limits.error().map_or(Ok(()), |error| Err(io::Error::other(error)))
        });
        (self.last, self.took) = (Instant::now(), begun.elapsed());
        if let Err(why) = &written
            && !self.fails
        {
            self.tell(News::NotWritten(why.to_string()));
        }
        self.fails = written.is_err();
        if written.is_ok() {
            self.in_file = Some(stand.states);
        }
        if let Some(mark) = &mut self.mark {
            mark.written = written.is_ok();
        }
    }
}

/// Takes a checkpoint away, and what was begun beside it, if there is any.
///
/// # Errors
/// What the system says.
pub fn forget(checkpoint: &Path) -> io::Result<()> {
    for file in [checkpoint.to_owned(), file::beside(checkpoint)] {
        match std::fs::remove_file(file) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    Ok(())
}

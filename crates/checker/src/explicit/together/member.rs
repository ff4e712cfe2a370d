//! One process among those that search together: what it says, and what it understands.

use processes::Group;
use scenario::Bound;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::names::Names;
use crate::explicit::error::Error;
use crate::explicit::expand::Expander;
use crate::explicit::key::{Key, MEMORY_MASK, control_of, memory_of, moved};
use crate::explicit::ledger::{Counted, Full};
use crate::explicit::limits::{Halt, Limits};
use crate::explicit::memories::Memories;
use crate::explicit::prepared::Prepared;
use crate::explicit::visited::mix;

/// Why the work together ends early: the same for all, but for who is gone himself.
pub(super) enum Stop {
    /// Somebody met a limit, or a broken model; it is noted.
    Noted,
    /// A process is gone.
    Lost(processes::Error),
}

impl From<processes::Error> for Stop {
    fn from(lost: processes::Error) -> Stop {
        Stop::Lost(lost)
    }
}

/// Whether somebody has more for a later round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum More {
    Nothing,
    Something,
    /// It met a limit.
    Stopped,
}

/// How a process does.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Health {
    stopped: Option<Bound>,
    broken: Option<String>,
}

/// One process.
pub(super) struct Member<'a> {
    pub(super) group: &'a mut Group,
    pub(super) prepared: &'a Prepared,
    pub(super) memories: &'a Memories,
    pub(super) limits: &'a Limits<'a>,
    names: Names,
    /// By number of a memory: the process that has its states plus one, or 0.
    homes: Counted<u16>,
    words: Box<[u64]>,
    /// States and transitions of all processes when the last level began.
    pub(super) met: u64,
    pub(super) transitions: u64,
}

impl<'a> Member<'a> {
    pub(super) fn new(
        group: &'a mut Group,
        prepared: &'a Prepared,
        memories: &'a Memories,
        limits: &'a Limits<'a>,
    ) -> Member<'a> {
        let names = Names::new(prepared, group.count());
        let words = vec![0; prepared.packing.words()].into();
        let homes = Counted::new(&limits.ledger);
        Member { group, prepared, memories, limits, names, homes, words, met: 0, transitions: 0 }
    }

    /// Which process this is.
    pub(super) fn number(&self) -> usize {
        self.group.number()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.group.count()
    }

    /// One of nothing for each process.
    pub(super) fn nothing(&self) -> Vec<Vec<u64>> {
        vec![Vec::new(); self.count()]
    }

    /// The process that has the states with this memory.
    #[inline]
    pub(super) fn home(&mut self, memory: u32) -> Result<usize, Full> {
        match self.homes.get(memory as usize) {
            Some(&home) if home != 0 => Ok(usize::from(home) - 1),
            _ => self.find_home(memory),
        }
    }

    #[cold]
    fn find_home(&mut self, memory: u32) -> Result<usize, Full> {
        self.memories.read(memory, &mut self.words);
        let home = self.of_hash(mix(&self.words));
        self.homes.stretch(memory as usize + 1)?;
        self.homes[memory as usize] = home as u16 + 1;
        Ok(home)
    }

    /// The process that a hash belongs to.
    pub(super) fn of_hash(&self, hash: u64) -> usize {
        (((hash & 0xffff_ffff) * self.count() as u64) >> 32) as usize
    }

    /// Adds a state to what is said, with a tag in the place of its memory's number.
    pub(super) fn say<const R: usize>(&mut self, key: &Key<R>, tag: u32, into: &mut Vec<u64>) {
        self.memories.read(memory_of(key), &mut self.words);
        into.extend_from_slice(&self.words);
        into.push(key[0] & !MEMORY_MASK | u64::from(tag));
        into.extend_from_slice(&key[1..]);
    }

    /// Takes a state of another process off what it said, and its tag.
    #[inline]
    pub(super) fn hear<const R: usize>(
        &mut self,
        from: usize,
        words: &mut &[u64],
        expander: &mut Expander,
    ) -> Result<(Key<R>, u32), Stopping> {
        let garbled = || Stopping::Garbled(from);
        let memory = words.split_off(..self.words.len()).ok_or_else(garbled)?;
        let said = words.split_off(..R).ok_or_else(garbled)?;
        let (said, _) = said.as_chunks();
        let said: &Key<R> = &said[0];
        let memory = expander.number(memory)?;
        let mut key = [0; R];
        for actor in 0..self.prepared.actors() {
            let ours = self.names.ours(from, actor, control_of(said, actor)).ok_or_else(garbled)?;
            key = moved(&key, actor, ours, memory);
        }
        Ok((key, memory_of(said)))
    }

    /// A round in which states are said, or what goes with them: what came from each, and whether anybody has more.
    /// What was unfolded meanwhile is told first. Leaves the room of what was said behind, empty.
    pub(super) fn round(
        &mut self,
        more: More,
        outgoing: &mut [Vec<u64>],
    ) -> Result<(Vec<Said>, More), processes::Error> {
        let mut head = vec![more as u64];
        self.names.news(self.prepared, &mut head);
        let with_head = |words: &mut Vec<u64>| {
            let said = [&head[..], words].concat();
            words.clear();
            said
        };
        let incoming = self.group.exchange(outgoing.iter_mut().map(with_head).collect())?;
        let mut all = More::Nothing;
        let mut came = Vec::with_capacity(incoming.len());
        for (from, words) in incoming.into_iter().enumerate() {
            let mut rest = &words[..];
            let theirs = match rest.split_off_first() {
                Some(0) => More::Nothing,
                Some(1) => More::Something,
                Some(2) => More::Stopped,
                _ => return Err(self.group.garbled(from)),
            };
            all = all.max(theirs);
            match self.names.learn(from, self.prepared, &mut rest) {
                Ok(true) => {}
                Ok(false) => return Err(self.group.garbled(from)),
                // The others hear of it when next they ask how everybody does.
                Err(broken) => {
                    self.limits.halt(broken.into());
                    all = More::Stopped;
                }
            }
            let from = words.len() - rest.len();
            came.push(Said { words, from });
        }
        Ok((came, all))
    }

    /// Notes why this process can't go on, if it can't: the others hear of it in the next round.
    pub(super) fn note<T>(&mut self, done: Result<T, Stopping>) -> Result<Option<T>, processes::Error> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Stopping::Halt(halt)) => {
                self.limits.halt(halt);
                Ok(None)
            }
            Err(Stopping::Garbled(from)) => Err(self.group.garbled(from)),
        }
    }

    /// Tells all the same thing, or that this process stops: what each said, where nobody stops.
    pub(super) fn agree<T: Serialize + DeserializeOwned>(
        &mut self,
        own: Result<T, Stopping>,
    ) -> Result<Vec<T>, Stop> {
        let own = self.note(own)?;
        let (stopped, broken) = (self.limits.stopped_by(), self.limits.error());
        let health = Health { stopped, broken: broken.map(|broken| broken.to_string()) };
        let said = self.group.tell(&(health, own))?;
        let all = said.len();
        let mut told = Vec::with_capacity(all);
        for (process, (health, own)) in said.into_iter().enumerate() {
            if let Some(why) = health.broken.filter(|_| process != self.group.number()) {
                self.limits.halt(Error::Elsewhere { process, why }.into());
            }
            if let Some(bound) = health.stopped {
                self.limits.stop(bound);
            }
            told.extend(own);
        }
        if told.len() < all { Err(Stop::Noted) } else { Ok(told) }
    }

    /// Tells all the same thing, whoever stops: what each said.
    pub(super) fn tell<T: Serialize + DeserializeOwned>(
        &mut self,
        own: &T,
    ) -> Result<Vec<T>, processes::Error> {
        self.group.tell(own)
    }

    /// That this process stops, if it does.
    pub(super) fn unless_stopped(&self) -> Result<(), Stopping> {
        if self.limits.stopped() { Err(Halt::Stopped.into()) } else { Ok(()) }
    }
}

/// What came from a process in a round.
pub(super) struct Said {
    words: Vec<u64>,
    from: usize,
}

impl Said {
    pub(super) fn words(&self) -> &[u64] {
        &self.words[self.from..]
    }
}

/// Why this process can't go on; the others are to be told.
pub(super) enum Stopping {
    Halt(Halt),
    /// What this process said makes no sense.
    Garbled(usize),
}

impl<T: Into<Halt>> From<T> for Stopping {
    fn from(halt: T) -> Stopping {
        Stopping::Halt(halt.into())
    }
}

//! One process among those that search together: what it says, and what it understands.

use processes::Group;
use scenario::Bound;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::names::Names;
use crate::explicit::error::Error;
use crate::explicit::expand::Expander;
use crate::explicit::key::{Key, control_of, memory_of, moved, position};
use crate::explicit::ledger::{Counted, Full};
use crate::explicit::limits::{Halt, Limits};
use crate::explicit::memories::Memories;
use crate::explicit::prepared::Prepared;
use crate::explicit::unfold::CONTROL_BITS;
use crate::explicit::visited::mix;

/// Why the work together ends early.
pub(super) enum Stop {
    /// Somebody met a limit, or a broken model; it is noted, by all.
    Noted,
    /// A process is gone for this one, or for somebody.
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
#[derive(Serialize, Deserialize)]
struct Health {
    stopped: Option<Bound>,
    broken: Option<String>,
}

/// Of the home of a memory: it was told the words.
const TOLD: u16 = 1 << 15;

/// What is said of a state, in the highest bits of its second word, which are free: a tag, and whether the words of its memory
/// follow.
const TAG_SHIFT: u32 = 54;
const TAG_MASK: u64 = 0xff;
const WORDS_SHIFT: u32 = 63;
const _: () = assert!(position(4).1 + CONTROL_BITS == TAG_SHIFT);

/// One process.
pub(super) struct Member<'a> {
    pub(super) group: &'a mut Group,
    pub(super) prepared: &'a Prepared,
    pub(super) memories: &'a Memories,
    pub(super) limits: &'a Limits<'a>,
    names: Names,
    /// By number of a memory: the process that has its states plus one, or 0; and whether it was told the words.
    homes: Counted<u16>,
    /// By process and its number of a memory: ours plus one, or 0.
    heard: Vec<Counted<u32>>,
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
        let heard = (0..group.count()).map(|_| Counted::new(&limits.ledger)).collect();
        Member { group, prepared, memories, limits, names, homes, heard, words, met: 0, transitions: 0 }
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
            Some(&home) if home != 0 => Ok(usize::from(home & !TOLD) - 1),
            _ => self.find_home(memory),
        }
    }

    #[cold]
    fn find_home(&mut self, memory: u32) -> Result<usize, Full> {
        self.memories.read(memory, &mut self.words);
        // Other bits than those by which memories are looked up.
        let home = self.of_hash(mix(&[mix(&self.words)]));
        self.homes.stretch(memory as usize + 1)?;
        self.homes[memory as usize] = home as u16 + 1;
        Ok(home)
    }

    /// Tells every memory anew: of a search that was cut, not everything that was told was heard.
    pub(super) fn forget_told(&mut self) {
        self.homes.iter_mut().for_each(|home| *home &= !TOLD);
    }

    /// The process that a hash belongs to.
    pub(super) fn of_hash(&self, hash: u64) -> usize {
        (((hash & 0xffff_ffff) * self.count() as u64) >> 32) as usize
    }

    /// Adds a state to what is said to its home, with a tag: the words of its memory only once.
    #[inline]
    pub(super) fn say<const R: usize>(&mut self, key: &Key<R>, tag: u8, into: &mut Vec<u64>) {
        let known = self.homes.get_mut(memory_of(key) as usize);
        let was_told = known.is_some_and(|home| std::mem::replace(home, *home | TOLD) & TOLD != 0);
        self.put(key, u64::from(tag) << TAG_SHIFT, !was_told, into);
    }

    /// The same to somebody else, who may not know the memory.
    pub(super) fn say_whole<const R: usize>(&mut self, key: &Key<R>, into: &mut Vec<u64>) {
        self.put(key, 0, true, into);
    }

    #[inline]
    fn put<const R: usize>(&mut self, key: &Key<R>, tag: u64, with_memory: bool, into: &mut Vec<u64>) {
        into.push(key[0]);
        into.push(key[1] | tag | u64::from(with_memory) << WORDS_SHIFT);
        into.extend_from_slice(&key[2..]);
        if with_memory {
            self.memories.read(memory_of(key), &mut self.words);
            into.extend_from_slice(&self.words);
        }
    }

    /// Takes a state of another process off what it said, and its tag.
    #[inline]
    pub(super) fn hear<const R: usize>(
        &mut self,
        from: usize,
        words: &mut &[u64],
        expander: &mut Expander,
    ) -> Result<(Key<R>, u8), Stopping> {
        // Of one who stopped not everything was heard.
        let stopped = self.limits.stopped();
        let garbled = || if stopped { Halt::Stopped.into() } else { Stopping::Garbled(from) };
        let said = words.split_off(..R).ok_or_else(garbled)?;
        let (said, _) = said.as_chunks();
        let said: &Key<R> = &said[0];
        let theirs = memory_of(said) as usize;
        if said[1] >> WORDS_SHIFT != 0 {
            let memory = words.split_off(..self.words.len()).ok_or_else(garbled)?;
            let ours = expander.number(memory)?;
            self.heard[from].stretch(theirs + 1)?;
            self.heard[from][theirs] = ours + 1;
        }
        let ours = self.heard[from].get(theirs).and_then(|ours| ours.checked_sub(1)).ok_or_else(garbled)?;
        let mut key = [0; R];
        for actor in 0..self.prepared.actors() {
            let control = self.names.ours(from, actor, control_of(said, actor)).ok_or_else(garbled)?;
            key = moved(&key, actor, control, ours);
        }
        Ok((key, (said[1] >> TAG_SHIFT & TAG_MASK) as u8))
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
                // All others go on with this round: they hear of it in the next one, or when they ask how everybody does.
                Err(broken) => self.limits.halt(broken.into()),
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
            match health.stopped {
                Some(bound) if Limits::has(bound) => self.limits.stop(bound),
                Some(_) => return Err(self.group.garbled(process).into()),
                None => {}
            }
            told.extend(own);
        }
        if told.len() < all { Err(Stop::Noted) } else { Ok(told) }
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

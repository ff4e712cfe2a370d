//! The states that follow a state.

use std::sync::Arc;

use machine::{Action, Effect, Word};
use rustc_hash::FxHashMap;
use scenario::built_in;

use super::findings::{Bad, Findings, Rest};
use super::ledger::{Full, Held, Ledger};
use super::unfold::{CONTROL_BITS, Mirror, PANICKED_FROM, Standing};
use super::visited::{Key, MEMORY_BITS, Memories, control_of, memory_of, mix, moved};
use super::{Error, Prepared};

/// Why a state could not be expanded.
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

/// One transition.
#[derive(Clone, Copy)]
pub(crate) struct Successor<const R: usize> {
    pub(crate) actor: u8,
    pub(crate) choice: u8,
    pub(crate) key: Key<R>,
}

/// How the actors stand in a state, one bit each.
#[derive(Clone, Copy, Default)]
pub(crate) struct Census {
    pub(crate) done: u16,
    pub(crate) blocked: u16,
    /// An actor panicked, or came to what is not modelled: nothing follows.
    pub(crate) dead: bool,
}

/// What a state without a way on, or at rest, is.
pub(crate) enum Stillness {
    Moving,
    AtRest(Rest),
    Deadlock,
}

/// What an actor at a control state does to a memory, as one word for the cache: a tag, then the new
/// memory and the new control state, or the number of choices.
const TAG_BITS: u32 = 2;
const DONE: u64 = 0;
const BLOCKED: u64 = 1;
const MOVES: u64 = 2;
const CHOOSES: u64 = 3;

const CACHE_BITS_FIRST: u32 = 10;
const CACHE_BITS_MAX: u32 = 18;
/// The part of all memory that one cache may take.
const CACHE_PART: u64 = 32;

/// One thread's means to expand states. The effect of a step depends only on memory and the
/// actor's own control state, so it is looked up before it is worked out.
pub(crate) struct Expander<'a> {
    prepared: &'a Prepared,
    memories: &'a Memories,
    findings: &'a Findings,
    mirrors: Vec<Mirror<'a>>,
    checked: bool,
    /// Room for 2^`cache_bits` questions and answers, and the place of those after a hash.
    cache: Vec<(u64, u64)>,
    cache_bits: u32,
    cached: Held,
    before: Box<[u64]>,
    after: Box<[u64]>,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(
        prepared: &'a Prepared,
        memories: &'a Memories,
        findings: &'a Findings,
        ledger: &Arc<Ledger>,
    ) -> Self {
        let words = vec![0; prepared.packing.words()].into_boxed_slice();
        Expander {
            prepared,
            memories,
            findings,
            mirrors: prepared.automata[..prepared.actors()].iter().map(Mirror::new).collect(),
            checked: prepared.has_state_checks(),
            cache: vec![(0, 0); 1 << CACHE_BITS_FIRST],
            cache_bits: CACHE_BITS_FIRST,
            cached: Held::new(ledger),
            before: words.clone(),
            after: words,
        }
    }

    /// Makes the cache fit a frontier of this many states, as far as there is room.
    pub(crate) fn expect(&mut self, frontier: usize) {
        let fits = |bits: u32| 1 << bits >= frontier * 2;
        let bits =
            (self.cache_bits..CACHE_BITS_MAX).step_by(2).find(|&bits| fits(bits)).unwrap_or(CACHE_BITS_MAX);
        let bytes = size_of::<(u64, u64)>() << bits;
        if bits > self.cache_bits && self.cached.grow_to(bytes, CACHE_PART).is_ok() {
            self.cache = Vec::new();
            self.cache = vec![(0, 0); 1 << bits];
            self.cache_bits = bits;
        }
    }

    /// All transitions from a state, in the order of actors and results.
    #[inline]
    pub(crate) fn expand<const R: usize>(
        &mut self,
        key: &Key<R>,
        out: &mut Vec<Successor<R>>,
    ) -> Result<Census, Halt> {
        self.expand_by(u16::MAX, key, out)
    }

    /// The transitions of `movers`, one bit each, and how they stand.
    #[inline]
    pub(crate) fn expand_by<const R: usize>(
        &mut self,
        movers: u16,
        key: &Key<R>,
        out: &mut Vec<Successor<R>>,
    ) -> Result<Census, Halt> {
        out.clear();
        let mut census = Census::default();
        let actors = self.mirrors.len();
        if (0..actors).any(|actor| control_of(key, actor) >= PANICKED_FROM) {
            census.dead = true;
            return Ok(census);
        }
        let memory = memory_of(key);
        for actor in (0..actors).filter(|actor| movers & (1 << actor) != 0) {
            let control = control_of(key, actor);
            let question = 1
                + (u64::from(memory)
                    | u64::from(control) << MEMORY_BITS
                    | (actor as u64) << (MEMORY_BITS + CONTROL_BITS));
            let slot = (mix(&[question]) >> (64 - self.cache_bits)) as usize;
            let (asked, answer) = self.cache[slot];
            let answer = if asked == question {
                answer
            } else {
                let answer = self.consider(actor, control, memory)?;
                self.cache[slot] = (question, answer);
                answer
            };
            let operand = answer >> TAG_BITS;
            match answer & ((1 << TAG_BITS) - 1) {
                DONE => census.done |= 1 << actor,
                BLOCKED => census.blocked |= 1 << actor,
                MOVES => {
                    let to = (operand >> MEMORY_BITS) as u32;
                    let memory = (operand & ((1 << MEMORY_BITS) - 1)) as u32;
                    let key = moved(key, actor, to, memory);
                    out.push(Successor { actor: actor as u8, choice: 0, key });
                }
                _ => {
                    for choice in 0..operand {
                        let to = self.mirrors[actor].next(control, choice)?;
                        let key = moved(key, actor, to, memory);
                        out.push(Successor { actor: actor as u8, choice: choice as u8, key });
                    }
                }
            }
        }
        Ok(census)
    }

    /// Works out what an actor does.
    #[cold]
    fn consider(&mut self, actor: usize, control: u32, memory: u32) -> Result<u64, Halt> {
        let step = match self.mirrors[actor].control(control) {
            Standing::Done(_) | Standing::Panicked(_) | Standing::Unsupported(_) => return Ok(DONE),
            Standing::Pending(step) => *step,
        };
        self.memories.read(memory, &mut self.before);
        self.after.copy_from_slice(&self.before);
        match self.prepared.execute(actor, &step, &mut self.after)? {
            Effect::Blocked => Ok(BLOCKED),
            Effect::Choice(of) => Ok(CHOOSES | u64::from(of.max(1)) << TAG_BITS),
            Effect::Done(result) => {
                if matches!(step.action, Action::Require { .. }) {
                    for (property, witness) in self.prepared.broken(&step, &self.before) {
                        self.findings.add(Bad::new(property, witness))?;
                    }
                }
                let to = self.mirrors[actor].next(control, result)?;
                let after = if self.before == self.after { memory } else { self.number_after()? };
                Ok(MOVES | (u64::from(to) << MEMORY_BITS | u64::from(after)) << TAG_BITS)
            }
        }
    }

    /// Numbers a memory, and looks at the properties over whole states if it is new.
    pub(crate) fn number(&mut self, words: &[u64]) -> Result<u32, Halt> {
        self.after.copy_from_slice(words);
        self.number_after()
    }

    fn number_after(&mut self) -> Result<u32, Halt> {
        let (number, new) = self.memories.number(&self.after)?;
        if new && self.checked {
            self.findings.in_memory(number, self.prepared.state_checks(&self.after)?)?;
        }
        Ok(number)
    }

    /// The packed cells of a memory.
    pub(crate) fn words(&mut self, memory: u32) -> &[u64] {
        self.memories.read(memory, &mut self.before);
        &self.before
    }

    /// Whether an actor took a step that reports something, or ends in a panic.
    pub(crate) fn alarming(&self) -> bool {
        self.mirrors.iter().any(|mirror| mirror.alarming)
    }

    /// Where an actor stands; none in its own panic.
    pub(crate) fn standing(&mut self, actor: usize, control: u32) -> Option<&Standing> {
        (control < PANICKED_FROM).then(|| self.mirrors[actor].control(control))
    }
}

/// Which of the actors stand for what; worked out once.
#[derive(Clone, Copy)]
pub(crate) struct Roles {
    pub(crate) must_end: u16,
    pub(crate) may_wait: u16,
    pub(crate) fair: u16,
}

impl Roles {
    pub(crate) fn new(prepared: &Prepared) -> Roles {
        use scenario::Fairness::Fair;
        Roles {
            must_end: prepared.mask(|a| !a.daemon),
            may_wait: prepared.mask(|a| a.daemon && a.fairness == Fair),
            fair: prepared.mask(|a| a.fairness == Fair),
        }
    }

    /// Whether a state of which nothing else is known can be at rest or stuck.
    #[inline]
    pub(crate) fn still(&self, census: Census, successors: usize) -> bool {
        let ended = self.must_end & !census.done == 0;
        !census.dead && (ended || successors == 0)
    }

    /// What a state is. Call it where [`Roles::still`] is true.
    pub(crate) fn stillness<const R: usize>(
        &self,
        expander: &mut Expander,
        key: &Key<R>,
        census: Census,
        successors: usize,
    ) -> Stillness {
        if self.must_end & !census.done != 0 {
            return if successors == 0 { Stillness::Deadlock } else { Stillness::Moving };
        }
        if self.may_wait & !(census.done | census.blocked) != 0 {
            return Stillness::Moving;
        }
        let actors = expander.mirrors.len();
        let returned = (0..actors).map(|actor| match expander.standing(actor, control_of(key, actor)) {
            Some(Standing::Done(word)) => *word,
            _ => 0,
        });
        let returned: Box<[Word]> = returned.collect();
        Stillness::AtRest((memory_of(key), returned))
    }
}

/// The words for a set of stuck actors, once for each set of their control states.
#[derive(Default)]
pub(crate) struct Stuck(FxHashMap<Vec<(usize, u32)>, Bad>);

impl Stuck {
    /// The deadlock of the actors in `stuck`.
    pub(crate) fn deadlock<const R: usize>(
        &mut self,
        expander: &mut Expander,
        key: &Key<R>,
        stuck: u16,
    ) -> &Bad {
        let actors = (0..expander.mirrors.len()).filter(|actor| stuck & (1 << actor) != 0);
        let stuck: Vec<(usize, u32)> = actors.map(|actor| (actor, control_of(key, actor))).collect();
        self.0
            .entry(stuck)
            .or_insert_with_key(|stuck| Bad::new(built_in::DEADLOCK.id, waits(expander, stuck)))
    }
}

/// `write waits in folio_lock, read waits in folio_lock`.
pub(crate) fn waits(expander: &mut Expander, actors: &[(usize, u32)]) -> String {
    let mut words = Vec::new();
    for &(actor, control) in actors {
        let name = expander.prepared.automata[actor].name;
        if let Some(Standing::Pending(step)) = expander.standing(actor, control) {
            words.push(format!("{name} waits in {}", step.label));
        }
    }
    words.join(", ")
}

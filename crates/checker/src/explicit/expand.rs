//! The states that follow a state.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Action, Word};
use rustc_hash::FxHashMap;
use scenario::built_in;

use super::effects::{Effect, Effects};
use super::findings::{Bad, Findings, Rest};
use super::key::{Key, control_of, memory_of, moved};
use super::limits::Halt;
use super::looks::Looks;
use super::memories::Memories;
use super::prepared::Prepared;
use super::symmetry::Sorter;
use super::unfold::mirror::Mirror;
use super::unfold::{PANICKED_FROM, Standing};

/// One transition.
#[derive(Clone, Copy)]
pub(crate) struct Successor<const R: usize> {
    pub(crate) actor: u8,
    pub(crate) choice: u8,
    /// Where the actor stands in the state that follows: elsewhere, if it changed places with an equal one.
    pub(crate) at: u8,
    pub(crate) key: Key<R>,
}

impl<const R: usize> Successor<R> {
    /// Whether nothing follows it: who moved panicked, or came to what is not modelled.
    #[inline]
    pub(crate) fn is_last(&self) -> bool {
        control_of(&self.key, self.at.into()) >= PANICKED_FROM
    }
}

/// Whether an actor panicked in a state, or came to what is not modelled: nothing follows.
#[inline]
pub(crate) fn is_dead<const R: usize>(key: &Key<R>, actors: usize) -> bool {
    (0..actors).any(|actor| control_of(key, actor) >= PANICKED_FROM)
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

/// One thread's means to expand states. Effects are looked up before they are worked out.
pub(crate) struct Expander<'a> {
    prepared: &'a Prepared,
    memories: &'a Memories,
    findings: &'a Findings,
    mirrors: Vec<Mirror<'a>>,
    checked: bool,
    /// Where it is noted what is looked at in a new memory, if anybody wants to know.
    watched: Option<Arc<Looks>>,
    /// Puts equal actors in order, where states are kept so.
    sorter: Option<Sorter<'a>>,
    effects: Arc<Effects>,
    /// The memory that was read last, and its number.
    before: Box<[u64]>,
    read: Option<u32>,
    after: Box<[u64]>,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(
        prepared: &'a Prepared,
        memories: &'a Memories,
        findings: &'a Findings,
        effects: Arc<Effects>,
    ) -> Self {
        let words = vec![0; prepared.packing.words()].into_boxed_slice();
        Expander {
            prepared,
            memories,
            findings,
            mirrors: prepared.automata[..prepared.actors()]
                .iter()
                .map(|automaton| Mirror::new(automaton))
                .collect(),
            checked: prepared.has_state_checks(),
            watched: None,
            sorter: None,
            effects,
            before: words.clone(),
            read: None,
            after: words,
        }
    }

    /// Notes from now on what is looked at in new memories.
    pub(crate) fn watch(&mut self, looks: &Arc<Looks>) {
        self.watched = Some(looks.clone());
    }

    /// Puts equal actors in order from now on.
    pub(crate) fn sort(&mut self) {
        self.sorter = Some(Sorter::new(self.prepared));
    }

    /// What the actors can have returned where they returned this, in a state that is kept.
    pub(crate) fn orders(&self, returned: &[Word]) -> BTreeSet<Box<[Word]>> {
        match self.sorter {
            Some(_) => self.prepared.symmetry.orders(returned),
            None => BTreeSet::from([returned.into()]),
        }
    }

    /// A step of an actor to a state.
    #[inline]
    fn successor<const R: usize>(&mut self, actor: usize, choice: u8, key: Key<R>) -> Successor<R> {
        let (key, at) = match &mut self.sorter {
            Some(sorter) => sorter.sorted(&key, actor),
            None => (key, actor),
        };
        Successor { actor: actor as u8, choice, at: at as u8, key }
    }

    /// What is searched.
    pub(crate) fn prepared(&self) -> &'a Prepared {
        self.prepared
    }

    /// Looks effects up there from now on.
    pub(crate) fn share(&mut self, effects: &Arc<Effects>) {
        if !Arc::ptr_eq(&self.effects, effects) {
            self.effects = effects.clone();
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
        if is_dead(key, actors) {
            census.dead = true;
            return Ok(census);
        }
        let memory = memory_of(key);
        for actor in (0..actors).filter(|actor| movers & (1 << actor) != 0) {
            let control = control_of(key, actor);
            let asked = self.effects.ask(actor, control, memory);
            let effect = match self.effects.get(asked) {
                Some(effect) => effect,
                None => {
                    let effect = self.consider(actor, control, memory)?;
                    self.effects.keep(asked, effect);
                    effect
                }
            };
            match effect {
                Effect::Done => census.done |= 1 << actor,
                Effect::Blocked => census.blocked |= 1 << actor,
                Effect::Moves { to, memory } => {
                    let key = moved(key, actor, to, memory);
                    out.push(self.successor(actor, 0, key));
                }
                Effect::Chooses(of) => {
                    for choice in 0..of {
                        let to = self.mirrors[actor].next(control, Word::from(choice))?;
                        let key = moved(key, actor, to, memory);
                        out.push(self.successor(actor, choice, key));
                    }
                }
            }
        }
        Ok(census)
    }

    /// Works out what an actor does.
    #[cold]
    fn consider(&mut self, actor: usize, control: u32, memory: u32) -> Result<Effect, Halt> {
        let step = match self.mirrors[actor].control(control) {
            Standing::Done(_) | Standing::Panicked(_) | Standing::Unsupported(_) => return Ok(Effect::Done),
            Standing::Pending(step) => *step,
        };
        self.read(memory);
        self.after.copy_from_slice(&self.before);
        match self.prepared.execute(actor, &step, &mut self.after)? {
            machine::Effect::Blocked => Ok(Effect::Blocked),
            machine::Effect::Choice(of) => Ok(Effect::Chooses(of.max(1))),
            machine::Effect::Done(result) => {
                if matches!(step.action, Action::Require { .. }) {
                    for (property, witness) in self.prepared.broken(&step, &self.before) {
                        self.findings.add(Bad::new(property, witness))?;
                    }
                }
                let to = self.mirrors[actor].next(control, result)?;
                let memory = if self.before == self.after { memory } else { self.number_after()? };
                Ok(Effect::Moves { to, memory })
            }
        }
    }

    /// Numbers a memory, and looks at the properties over whole states if it is new.
    pub(crate) fn number(&mut self, words: &[u64]) -> Result<u32, Halt> {
        self.after.copy_from_slice(words);
        self.number_after()
    }

    fn number_after(&mut self) -> Result<u32, Halt> {
        let (number, new) =
            self.memories.number(&self.after, self.read.map(|number| (number, &*self.before)))?;
        if new && let Some(looks) = &self.watched {
            looks.watch(self.prepared, &self.after);
        }
        if new && self.checked {
            self.findings.in_memory(number, self.prepared.state_checks(&self.after)?)?;
        }
        Ok(number)
    }

    /// The packed cells of a memory.
    pub(crate) fn words(&mut self, memory: u32) -> &[u64] {
        self.read(memory);
        &self.before
    }

    #[inline]
    fn read(&mut self, memory: u32) {
        if self.read != Some(memory) {
            self.memories.read(memory, &mut self.before);
            self.read = Some(memory);
        }
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

    /// Whether a state of which nothing else is known can be at rest or stuck; `moves` is whether anything follows.
    #[inline]
    pub(crate) fn still(&self, census: Census, moves: bool) -> bool {
        let ended = self.must_end & !census.done == 0;
        !census.dead && (ended || !moves)
    }

    /// What a state is. Call it where [`Roles::still`] is true.
    pub(crate) fn stillness<const R: usize>(
        &self,
        expander: &mut Expander,
        key: &Key<R>,
        census: Census,
        moves: bool,
    ) -> Stillness {
        if self.must_end & !census.done != 0 {
            return if moves { Stillness::Moving } else { Stillness::Deadlock };
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
        let name = expander.prepared.name(actor);
        if let Some(Standing::Pending(step)) = expander.standing(actor, control) {
            words.push(format!("{name} waits in {}", step.label));
        }
    }
    words.join(", ")
}

//! The breadth-first search, shared out: a state is with the process that its memory belongs to.
//!
//! All processes are in the same level. Each expands its part of the frontier, so many states a round, and gives away what
//! belongs to others.

use std::ops::Range;
use std::sync::Arc;

use scenario::Bound;
use serde::{Deserialize, Serialize};

use super::member::{Member, More, Said, Stop, Stopping};
use super::ways::BYTES_FOR_WAYS;
use crate::explicit::effects::Effects;
use crate::explicit::expand::Successor;
use crate::explicit::findings::{Findings, Named, Told};
use crate::explicit::key::{Key, SHARDS, memory_of, moved};
use crate::explicit::ledger::Counted;
use crate::explicit::visit::Visitor;
use crate::explicit::visited::{Arrival, Shard, States};

/// States that a process expands in a round.
const ROUND: usize = 1 << 14;
/// States that are gathered for a shard before they are inserted.
const BATCH: usize = 256;

/// What this process has of the states, and what is known of all.
pub(super) struct Share<const R: usize> {
    pub(super) states: States<R>,
    pub(super) effects: Arc<Effects>,
    pub(super) initial: Vec<Key<R>>,
    /// Those that this process took.
    pub(super) transitions: u64,
}

/// What a process says between two levels.
#[derive(Serialize, Deserialize)]
struct Level {
    states: u64,
    transitions: u64,
    frontier: u64,
    bytes: u64,
    found: bool,
    /// What was found since the last time.
    bad: Vec<Told>,
}

/// This process's part of the search.
struct Part<'m, 'a, const R: usize> {
    member: &'m mut Member<'a>,
    findings: &'m Findings,
    visitor: Visitor<'m>,
    effects: Arc<Effects>,
    shards: Vec<Shard<R>>,
    batches: Vec<Counted<Arrival<R>>>,
    outgoing: Vec<Vec<u64>>,
    piece: Vec<Key<R>>,
    successors: Vec<Successor<R>>,
    transitions: u64,
    named: Named,
    /// How many of what was found were told.
    told: usize,
}

/// Searches together with the others. What was met is there however it ended, unless a process is gone.
pub(super) fn search<'a, const R: usize>(
    member: &mut Member<'a>,
    findings: &Findings,
) -> Result<Share<R>, processes::Error> {
    let (limits, prepared) = (member.limits, member.prepared);
    let ledger = &limits.ledger;
    let effects = Effects::new(ledger);
    let shard = |home| Shard::new(limits.ceilings.states, prepared.actors(), Some(home), ledger);
    let mut part = Part {
        findings,
        visitor: Visitor::new(prepared, member.memories, findings, limits, effects.clone()),
        effects,
        shards: (0..SHARDS).map(shard).collect(),
        batches: (0..SHARDS).map(|_| Counted::new(ledger)).collect(),
        outgoing: member.nothing(),
        piece: Vec::new(),
        successors: Vec::new(),
        transitions: 0,
        named: Named::new(&prepared.scenario),
        told: 0,
        member,
    };
    let initial = part.initial();
    let initial = part.member.note(initial)?.unwrap_or_default();
    let mut depth = 0;
    loop {
        let frontier: Vec<_> = part.shards.iter_mut().map(Shard::next_level).collect();
        limits.look();
        let level = part.member.unless_stopped().map(|()| part.level(&frontier));
        let levels = match part.member.agree(level) {
            Ok(levels) => levels,
            Err(Stop::Noted) => break,
            Err(Stop::Lost(lost)) => return Err(lost),
        };
        let (mut met, mut transitions, mut all, mut bytes) = (0_u64, 0_u64, 0_u64, 0_u64);
        for level in levels {
            met = level.states.saturating_add(met);
            transitions = level.transitions.saturating_add(transitions);
            all = level.frontier.saturating_add(all);
            bytes = level.bytes.saturating_add(bytes);
            for told in level.bad {
                let bad = part.named.bad(told);
                // Where there is no room for it there is none for anything.
                let _ = part.findings.add(bad);
            }
            if level.found {
                limits.found();
            }
        }
        (part.member.met, part.member.transitions) = (met, transitions);
        part.told = part.findings.places().all.len();
        if let Some(gauge) = &limits.options.gauge {
            gauge.count(met, bytes);
        }
        if all == 0 {
            break;
        }
        if met >= limits.options.bounds.states_max {
            limits.stop(Bound::States);
            break;
        }
        depth += 1;
        if let Some(gauge) = &limits.options.gauge {
            gauge.level(depth, all);
        }
        Effects::fit(&mut part.effects, frontier.iter().map(Range::len).sum(), ledger);
        part.visitor.expander.share(&part.effects);
        part.expand(&frontier)?;
    }
    let Part { shards, effects, transitions, .. } = part;
    Ok(Share { states: States::new(shards, true), effects, initial, transitions })
}

impl<const R: usize> Part<'_, '_, R> {
    fn initial(&mut self) -> Result<Vec<Key<R>>, Stopping> {
        let prepared = self.member.prepared;
        let mut initial = Vec::new();
        for words in &prepared.initial {
            let memory = self.visitor.expander.number(words)?;
            let mut key = moved(&[0; R], 0, 0, memory);
            for (actor, automaton) in prepared.automata[..prepared.actors()].iter().enumerate() {
                key = moved(&key, actor, automaton.start().to, memory);
            }
            initial.push(key);
            if self.member.home(memory)? == self.member.number() {
                self.arrive(Arrival::new(&key, 0))?;
            }
        }
        self.flush()?;
        Ok(initial)
    }

    fn level(&self, frontier: &[Range<usize>]) -> Level {
        let limits = self.member.limits;
        let states: usize = self.shards.iter().map(Shard::len).sum();
        if limits.has_found() {
            limits.ledger.reserve(states as u64 * BYTES_FOR_WAYS);
        }
        let places = self.findings.places();
        // What was told stays the same, and what is new may be anywhere among it.
        let bad = if places.all.len() > self.told {
            places.all.iter().map(|bad| bad.told()).collect()
        } else {
            Vec::new()
        };
        Level {
            states: states as u64,
            transitions: self.transitions,
            frontier: frontier.iter().map(|range| range.len() as u64).sum(),
            bytes: limits.ledger.now(),
            found: limits.has_found() || !places.all.is_empty() || self.visitor.expander.alarming(),
            bad,
        }
    }

    /// Expands the level's frontier.
    fn expand(&mut self, frontier: &[Range<usize>]) -> Result<(), processes::Error> {
        let pieces = frontier.iter().enumerate().flat_map(|(shard, range)| {
            let range = range.clone();
            range.clone().step_by(BATCH).map(move |from| (shard, from..range.end.min(from + BATCH)))
        });
        let mut pieces = pieces.peekable();
        loop {
            let mut expanded = 0;
            while expanded < ROUND
                && !self.member.limits.stopped()
                && let Some((shard, states)) = pieces.next()
            {
                expanded += states.len();
                let done = self.piece(shard, states);
                self.member.note(done)?;
            }
            self.member.limits.look();
            let more = match self.member.limits.stopped() {
                true => More::Stopped,
                false if pieces.peek().is_some() => More::Something,
                false => More::Nothing,
            };
            let mut outgoing = std::mem::take(&mut self.outgoing);
            let round = self.member.round(more, &mut outgoing);
            self.outgoing = outgoing;
            let (came, more) = round?;
            for (from, said) in came.iter().enumerate() {
                let done = self.settle(from, said);
                self.member.note(done)?;
            }
            let done = self.flush();
            self.member.note(done)?;
            if more != More::Something {
                return Ok(());
            }
        }
    }

    fn piece(&mut self, shard: usize, states: Range<usize>) -> Result<(), Stopping> {
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        piece.extend(states.map(|number| self.shards[shard].get(number)));
        for key in &piece {
            let mut successors = std::mem::take(&mut self.successors);
            self.visitor.visit(key, &mut successors)?;
            self.transitions += successors.len() as u64;
            for next in &successors {
                let to = self.member.home(memory_of(&next.key))?;
                if to == self.member.number() {
                    self.arrive(Arrival::new(&next.key, next.actor))?;
                } else {
                    self.member.say(&next.key, next.actor, &mut self.outgoing[to]);
                }
            }
            self.successors = successors;
        }
        self.piece = piece;
        Ok(())
    }

    fn settle(&mut self, from: usize, said: &Said) -> Result<(), Stopping> {
        let mut words = said.words();
        while !words.is_empty() {
            let (key, by) = self.member.hear::<R>(from, &mut words, &mut self.visitor.expander)?;
            if usize::from(by) >= self.member.prepared.actors() {
                return Err(Stopping::Garbled(from));
            }
            self.arrive(Arrival::new(&key, by))?;
        }
        Ok(())
    }

    fn arrive(&mut self, state: Arrival<R>) -> Result<(), Stopping> {
        let shard = state.shard();
        self.batches[shard].push(state)?;
        if self.batches[shard].len() >= BATCH { self.insert(shard) } else { Ok(()) }
    }

    fn insert(&mut self, shard: usize) -> Result<(), Stopping> {
        let (batch, shard) = (&mut self.batches[shard], &mut self.shards[shard]);
        shard.look_ahead(batch);
        let inserted = batch.iter().try_for_each(|state| shard.arrive(state));
        batch.clear();
        Ok(inserted?)
    }

    /// Inserts what was gathered, also where some of it finds no room.
    fn flush(&mut self) -> Result<(), Stopping> {
        (0..SHARDS).map(|shard| self.insert(shard)).fold(Ok(()), Result::and)
    }
}

//! The breadth-first search.
//!
//! Level by level: threads, which stay for all levels, take pieces of the frontier, expand their states, and
//! sort what follows by shard; a shard is locked for a batch. The new states of a shard, in a row, are its part
//! of the next frontier. What is found are sets, so the number of threads changes nothing.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use machine::Word;
use rustc_hash::FxHashSet;
use scenario::Bound;

use super::effects::Effects;
use super::expand::{Expander, Halt, Roles, Stillness, Stuck, Successor};
use super::findings::{Findings, Places, Rest, bytes_of_rest};
use super::ledger::Counted;
use super::limits::Limits;
use super::team::with_team;
use super::visited::{Apart, Arrival, Key, Memories, SHARDS, Shard, States, lock, moved};
use super::{Error, Prepared, shortest};

/// States that one thread takes from the frontier at a time.
const PIECE: usize = 512;
/// States that one thread gathers for a shard before it locks it, and before it waits for another that has.
const BATCH: usize = 256;
const BATCH_MAX: usize = 2 * BATCH;
/// Frontiers up to this are not worth a second thread.
const ALONE: usize = 512;

/// What the search leaves behind for those after it.
pub(crate) struct Searched<const R: usize> {
    pub(crate) states: States<R>,
    /// What the steps did that were met last.
    pub(crate) effects: Arc<Effects>,
    pub(crate) initial: Vec<Key<R>>,
    pub(crate) transitions: u64,
    pub(crate) places: Places,
}

struct Level {
    pieces: Vec<(usize, usize, usize)>,
    next: AtomicUsize,
    effects: Arc<Effects>,
}

impl Level {
    fn take(&self) -> Option<(usize, usize, usize)> {
        self.pieces.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

struct Shared<'a, const R: usize> {
    prepared: &'a Prepared,
    limits: &'a Limits<'a>,
    findings: &'a Findings,
    roles: Roles,
    shards: Vec<Mutex<Shard<R>>>,
    memories: &'a Memories,
    states: Apart<AtomicU64>,
}

struct Worker<'a, const R: usize> {
    number: usize,
    expander: Expander<'a>,
    piece: Vec<Key<R>>,
    successors: Vec<Successor<R>>,
    batches: Vec<Counted<Arrival<R>>>,
    transitions: u64,
    stuck: Stuck,
    rests: FxHashSet<Rest>,
}

/// Searches all states that can be reached.
pub(crate) fn search<const R: usize>(
    prepared: &Prepared,
    memories: &Memories,
    limits: &Limits,
) -> Result<Searched<R>, Error> {
    let findings = Findings::new(&limits.ledger);
    let shard = || Mutex::new(Shard::new(limits.ceilings.states, prepared.actors(), &limits.ledger));
    let shared = Shared {
        prepared,
        limits,
        findings: &findings,
        roles: Roles::new(prepared),
        shards: (0..SHARDS).map(|_| shard()).collect(),
        memories,
        states: Apart(AtomicU64::new(0)),
    };
    let mut effects = Effects::new(&limits.ledger);
    let few = effects.clone();
    let threads = limits.options.threads.max(1);
    let (initial, workers) = with_team(
        threads,
        |number| shared.worker(number, &few),
        |worker, level| shared.work(worker, level),
        |first, team| {
            let initial = shared.initial(first).unwrap_or_else(|halt| {
                limits.halt(halt);
                Vec::new()
            });
            while !limits.look() {
                let pieces = shared.pieces();
                let frontier: usize = pieces.iter().map(|(_, from, to)| to - from).sum();
                if frontier == 0 {
                    break;
                }
                if shared.states.0.load(Ordering::Relaxed) >= limits.options.bounds.states_max {
                    // Between levels only, so that what a cut search found doesn't depend on the threads.
                    limits.stop(Bound::States);
                    break;
                }
                Effects::fit(&mut effects, frontier, &limits.ledger);
                let level = Level { pieces, next: AtomicUsize::new(0), effects: effects.clone() };
                team(first, level, frontier > ALONE);
            }
            initial
        },
    );
    if let Some(error) = limits.error() {
        return Err(error);
    }
    let transitions = workers.iter().map(|w| w.transitions).sum();
    drop(workers);
    let shards = shared.shards.into_iter();
    let shards = shards.map(|s| s.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    Ok(Searched {
        states: States::new(shards.collect()),
        effects,
        initial,
        transitions,
        places: findings.into_places(),
    })
}

impl<'a, const R: usize> Shared<'a, R> {
    fn worker(&self, number: usize, effects: &Arc<Effects>) -> Worker<'a, R> {
        Worker {
            number,
            expander: Expander::new(self.prepared, self.memories, self.findings, effects.clone()),
            piece: Vec::new(),
            successors: Vec::new(),
            batches: (0..SHARDS).map(|_| Counted::new(&self.limits.ledger)).collect(),
            transitions: 0,
            stuck: Stuck::default(),
            rests: FxHashSet::default(),
        }
    }

    fn initial(&self, worker: &mut Worker<R>) -> Result<Vec<Key<R>>, Halt> {
        let automata = &self.prepared.automata[..self.prepared.actors()];
        let mut initial = Vec::new();
        for words in &self.prepared.initial {
            let memory = worker.expander.number(words)?;
            let start = |key, (actor, automaton): (usize, &super::Automaton)| {
                moved(&key, actor, automaton.start().to, memory)
            };
            let key = automata.iter().enumerate().fold(moved(&[0; R], 0, 0, memory), start);
            initial.push(key);
            self.push(&mut worker.batches, Arrival::new(&key, 0))?;
        }
        self.flush(0, &mut worker.batches)?;
        Ok(initial)
    }

    /// The states that are new since the last level.
    fn pieces(&self) -> Vec<(usize, usize, usize)> {
        let mut pieces = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let new = lock(shard).next_level();
            let starts = new.clone().step_by(PIECE);
            pieces.extend(starts.map(|from| (number, from, new.end.min(from + PIECE))));
        }
        pieces
    }

    fn work(&self, worker: &mut Worker<R>, level: &Level) {
        worker.expander.share(&level.effects);
        let mut done = Ok(());
        while let Some((shard, from, to)) = level.take() {
            if self.limits.look() {
                break;
            }
            done = self.piece(worker, shard, from..to);
            if done.is_err() {
                break;
            }
        }
        // Also of a search that stops: whatever was found lies between visited states.
        if let Err(halt) = done.and(self.flush(worker.number, &mut worker.batches)) {
            self.limits.halt(halt);
        }
    }

    fn piece(&self, worker: &mut Worker<R>, shard: usize, states: Range<usize>) -> Result<(), Halt> {
        let mut piece = std::mem::take(&mut worker.piece);
        piece.clear();
        {
            let shard = lock(&self.shards[shard]);
            piece.extend(states.map(|number| *shard.get(number)));
        }
        piece.iter().try_for_each(|key| self.visit(worker, key))?;
        worker.piece = piece;
        if self.findings.any() || worker.expander.alarming() {
            self.limits.found();
        }
        Ok(())
    }

    #[inline]
    fn visit(&self, worker: &mut Worker<R>, key: &Key<R>) -> Result<(), Halt> {
        let census = worker.expander.expand(key, &mut worker.successors)?;
        let successors = worker.successors.len();
        worker.transitions += successors as u64;
        if self.roles.still(census, successors) {
            match self.roles.stillness(&mut worker.expander, key, census, successors) {
                Stillness::Moving => {}
                Stillness::AtRest(rest) => self.rest(worker, rest)?,
                Stillness::Deadlock => {
                    let stuck = self.roles.must_end & !census.done;
                    let bad = worker.stuck.deadlock(&mut worker.expander, key, stuck);
                    self.findings.add(bad.clone())?;
                }
            }
        }
        for successor in &worker.successors {
            self.push(&mut worker.batches, Arrival::new(&successor.key, successor.actor))?;
        }
        Ok(())
    }

    fn rest(&self, worker: &mut Worker<R>, rest: Rest) -> Result<(), Halt> {
        if worker.rests.contains(&rest) {
            return Ok(());
        }
        self.limits.ledger.take(bytes_of_rest(&rest))?;
        worker.rests.insert(rest.clone());
        let (checks, views) = self.findings.claim(&rest)?;
        let words = worker.expander.words(rest.0);
        if views {
            self.findings.in_views(rest.0, self.prepared.views(words, self.limits)?)?;
        }
        if checks {
            let bad = self.prepared.final_checks(words, &rest.1)?;
            let ending = self.prepared.ending(words, &rest.1)?;
            self.findings.at_rest(rest, bad, ending)?;
        }
        Ok(())
    }

    #[inline]
    fn push(&self, batches: &mut [Counted<Arrival<R>>], state: Arrival<R>) -> Result<(), Halt> {
        let shard = state.shard();
        let batch = &mut batches[shard];
        batch.push(state)?;
        if batch.len() >= BATCH { self.try_insert(shard, batch) } else { Ok(()) }
    }

    #[cold]
    fn try_insert(&self, shard: usize, batch: &mut Counted<Arrival<R>>) -> Result<(), Halt> {
        match self.shards[shard].try_lock() {
            Ok(shard) => self.insert(shard, batch),
            Err(_) if batch.len() < BATCH_MAX => Ok(()), // Another thread is at it.
            Err(_) => self.insert(lock(&self.shards[shard]), batch),
        }
    }

    /// Inserts what is left, also where some of it finds no room. Threads begin at different shards.
    fn flush(&self, worker: usize, batches: &mut [Counted<Arrival<R>>]) -> Result<(), Halt> {
        let mut done = Ok(());
        let first = worker * SHARDS / self.limits.options.threads.max(1);
        for shard in (first..SHARDS).chain(0..first) {
            let batch = &mut batches[shard];
            if !batch.is_empty() {
                done = done.and(self.insert(lock(&self.shards[shard]), batch));
            }
        }
        done
    }

    fn insert(&self, mut shard: MutexGuard<Shard<R>>, batch: &mut Counted<Arrival<R>>) -> Result<(), Halt> {
        let len = shard.len();
        shard.look_ahead(batch);
        let inserted = batch.iter().try_for_each(|state| shard.arrive(state));
        let new = (shard.len() - len) as u64;
        drop(shard);
        batch.clear();
        let states = self.states.0.fetch_add(new, Ordering::Relaxed) + new;
        if let Some(progress) = &self.limits.options.progress {
            progress.store(states, Ordering::Relaxed);
        }
        if self.limits.has_found() {
            self.limits.ledger.reserve(states * shortest::BYTES_PER_STATE);
        }
        Ok(inserted?)
    }
}

/// The words of each state at rest, for tests against other engines.
pub(crate) fn unpacked_rests(
    prepared: &Prepared,
    memories: &Memories,
    places: &Places,
) -> BTreeSet<(Vec<Word>, Vec<Word>)> {
    let mut words = vec![0; prepared.packing.words()];
    let unpacked = places.by_rest.keys().map(|(memory, returned)| {
        memories.read(*memory, &mut words);
        (prepared.packing.unpack(&words), returned.to_vec())
    });
    unpacked.collect()
}

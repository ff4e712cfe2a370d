//! The breadth-first search.
//!
//! Level by level: threads take pieces of the frontier, expand their states, and sort what follows by
//! shard; a shard is locked for a batch. The new states of a shard, in a row, are its part of
//! the next frontier. What is found are sets, so the number of threads changes nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use machine::Word;
use rustc_hash::FxHashSet;
use scenario::{Bound, Coverage};

use super::expand::{Expander, Halt, Roles, Stillness, Stuck, Successor};
use super::findings::{Findings, Places, Rest};
use super::visited::{Key, Memories, SHARDS, Shard, States, lock, mix, moved, shard_of};
use super::{Error, Options, Prepared};

/// States that one thread takes from the frontier at a time.
const PIECE: usize = 512;
/// States that one thread gathers for a shard before it locks it.
const BATCH: usize = 256;
/// Frontiers up to this are not worth a second thread.
const ALONE: usize = 4096;

/// What stops a search early, and when to look.
pub(crate) struct Limits<'a> {
    options: &'a Options,
    started: Instant,
    stopped: AtomicU8,
    broken: Mutex<Option<Error>>,
}

const RUNS: u8 = 0;
const BROKEN: u8 = 1;
const BOUNDS: [(u8, Bound); 4] =
    [(2, Bound::States), (3, Bound::Memory), (4, Bound::Time), (5, Bound::Interrupt)];

impl<'a> Limits<'a> {
    pub(crate) fn new(options: &'a Options) -> Limits<'a> {
        let (stopped, broken) = (AtomicU8::new(RUNS), Mutex::new(None));
        Limits { options, started: Instant::now(), stopped, broken }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    pub(crate) fn stop(&self, bound: Bound) {
        let code = BOUNDS.iter().find(|(_, b)| *b == bound).map_or(BROKEN, |(code, _)| *code);
        // The first reason stays.
        let _ = self.stopped.compare_exchange(RUNS, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(crate) fn halt(&self, halt: Halt) {
        match halt {
            Halt::Full => self.stop(Bound::Memory),
            Halt::Broken(error) => {
                lock(&self.broken).get_or_insert(error);
                self.stopped.store(BROKEN, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn interrupted(&self) -> bool {
        self.options.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Looks at the user and the clock alone; whether to stop.
    pub(crate) fn out_of_time(&self) -> bool {
        if self.interrupted() {
            self.stop(Bound::Interrupt);
            return true;
        }
        let late = self.started.elapsed() >= self.options.bounds.time_max;
        if late {
            self.stop(Bound::Time);
        }
        late
    }

    /// Looks at everything; whether to stop.
    pub(crate) fn look(&self) -> bool {
        self.out_of_time() || self.stopped()
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) != RUNS
    }

    pub(crate) fn coverage(&self) -> Coverage {
        let code = self.stopped.load(Ordering::Relaxed);
        match BOUNDS.iter().find(|(c, _)| *c == code) {
            Some(&(_, bound)) => Coverage::Cut { bound },
            None => Coverage::Exhausted,
        }
    }

    pub(crate) fn error(&self) -> Option<Error> {
        lock(&self.broken).clone()
    }
}

/// What the search leaves behind for those after it.
pub(crate) struct Searched<const R: usize> {
    pub(crate) states: States<R>,
    pub(crate) initial: Vec<Key<R>>,
    pub(crate) transitions: u64,
    pub(crate) bytes: u64,
    pub(crate) places: Places,
    /// Every state at rest: the cells and the words that were returned.
    pub(crate) rests: Vec<Rest>,
}

struct Level {
    pieces: Vec<(usize, usize, usize)>,
    next: AtomicUsize,
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
    states: AtomicU64,
    bytes: AtomicU64,
}

struct Worker<'a, const R: usize> {
    expander: Expander<'a>,
    piece: Vec<Key<R>>,
    successors: Vec<Successor<R>>,
    batches: Vec<Vec<(u64, Key<R>)>>,
    transitions: u64,
    stuck: Stuck,
    rests: FxHashSet<Rest>,
}

/// Searches all states that can be reached.
pub(crate) fn search<const R: usize>(
    prepared: &Prepared,
    memories: &Memories,
    limits: &Limits,
    threads: usize,
) -> Result<Searched<R>, Error> {
    let findings = Findings::default();
    let shared = Shared {
        prepared,
        limits,
        findings: &findings,
        roles: Roles::new(prepared),
        shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        memories,
        states: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    };
    let mut workers: Vec<Worker<R>> = (0..threads.max(1)).map(|_| shared.worker()).collect();
    let mut initial = Vec::new();
    for words in &prepared.initial {
        match workers[0].expander.number(words) {
            Ok(memory) => {
                let start = |key, (actor, automaton): (usize, &super::Automaton)| {
                    moved(&key, actor, automaton.start().to, memory)
                };
                let actors = prepared.automata[..prepared.actors()].iter().enumerate();
                let key = actors.fold(moved(&[0; R], 0, 0, memory), start);
                initial.push(key);
                shared.push(&mut workers[0].batches, &key);
            }
            Err(halt) => limits.halt(halt),
        }
    }
    shared.flush(&mut workers[0].batches);

    let mut begun = vec![0; SHARDS];
    while !limits.look() {
        let level = shared.level(&mut begun);
        let frontier: usize = level.pieces.iter().map(|(_, from, to)| to - from).sum();
        if frontier == 0 {
            break;
        }
        if shared.states.load(Ordering::Relaxed) >= limits.options.bounds.states_max {
            // Between levels only, so that what a cut search found doesn't depend on the threads.
            limits.stop(Bound::States);
            break;
        }
        let helpers = if frontier > ALONE { workers.len() } else { 1 };
        let (first, others) = workers[..helpers].split_at_mut(1);
        std::thread::scope(|scope| {
            for worker in others {
                scope.spawn(|| shared.work(worker, &level, frontier));
            }
            shared.work(&mut first[0], &level, frontier);
        });
    }
    if let Some(error) = limits.error() {
        return Err(error);
    }
    let transitions = workers.iter().map(|w| w.transitions).sum();
    let rests: BTreeSet<Rest> = workers.into_iter().flat_map(|w| w.rests).collect();
    let bytes = shared.bytes.load(Ordering::Relaxed) + memories.bytes();
    let shards = shared.shards.into_iter();
    let shards = shards.map(|s| s.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    Ok(Searched {
        states: States::new(shards.collect()),
        initial,
        transitions,
        bytes,
        places: findings.into_places(),
        rests: rests.into_iter().collect(),
    })
}

impl<'a, const R: usize> Shared<'a, R> {
    fn worker(&self) -> Worker<'a, R> {
        Worker {
            expander: Expander::new(self.prepared, self.memories, self.findings),
            piece: Vec::new(),
            successors: Vec::new(),
            batches: vec![Vec::new(); SHARDS],
            transitions: 0,
            stuck: Stuck::default(),
            rests: FxHashSet::default(),
        }
    }

    /// The states that are new since the last level.
    fn level(&self, begun: &mut [usize]) -> Level {
        let mut pieces = Vec::new();
        for (number, begun) in begun.iter_mut().enumerate() {
            let len = lock(&self.shards[number]).len();
            let starts = (*begun..len).step_by(PIECE);
            pieces.extend(starts.map(|from| (number, from, len.min(from + PIECE))));
            *begun = len;
        }
        Level { pieces, next: AtomicUsize::new(0) }
    }

    fn work(&self, worker: &mut Worker<R>, level: &Level, frontier: usize) {
        worker.expander.expect(frontier);
        let mut piece = std::mem::take(&mut worker.piece);
        while let Some((shard, from, to)) = level.take() {
            if self.limits.look() {
                break;
            }
            piece.clear();
            {
                let shard = lock(&self.shards[shard]);
                piece.extend((from..to).map(|number| *shard.get(number)));
            }
            for key in &piece {
                if let Err(halt) = self.visit(worker, key) {
                    self.limits.halt(halt);
                    break;
                }
            }
        }
        worker.piece = piece;
        // Also of a search that stops: whatever was found lies between visited states.
        self.flush(&mut worker.batches);
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
                    self.findings.add(bad.clone());
                }
            }
        }
        for successor in &worker.successors {
            self.push(&mut worker.batches, &successor.key);
        }
        Ok(())
    }

    fn rest(&self, worker: &mut Worker<R>, rest: Rest) -> Result<(), Halt> {
        if worker.rests.contains(&rest) {
            return Ok(());
        }
        worker.rests.insert(rest.clone());
        let (checks, views) = self.findings.claim(&rest);
        let words = worker.expander.words(rest.0);
        if views {
            self.findings.in_views(rest.0, self.prepared.views(words)?);
        }
        if checks {
            let bad = self.prepared.final_checks(words, &rest.1)?;
            let ending = self.prepared.ending(words, &rest.1)?;
            self.findings.at_rest(rest, bad, ending);
        }
        Ok(())
    }

    #[inline]
    fn push(&self, batches: &mut [Vec<(u64, Key<R>)>], key: &Key<R>) {
        let hash = mix(key);
        let shard = shard_of(hash);
        let batch = &mut batches[shard];
        batch.push((hash, *key));
        if batch.len() >= BATCH {
            self.insert(shard, batch);
        }
    }

    fn flush(&self, batches: &mut [Vec<(u64, Key<R>)>]) {
        for (shard, batch) in batches.iter_mut().enumerate() {
            if !batch.is_empty() {
                self.insert(shard, batch);
            }
        }
    }

    fn insert(&self, shard: usize, batch: &mut Vec<(u64, Key<R>)>) {
        let mut shard = lock(&self.shards[shard]);
        let (len, bytes) = (shard.len(), shard.bytes());
        for (hash, key) in batch.drain(..) {
            shard.insert(&key, hash);
        }
        let (new, grown) = (shard.len() - len, shard.bytes() - bytes);
        drop(shard);
        let states = self.states.fetch_add(new as u64, Ordering::Relaxed) + new as u64;
        if let Some(progress) = &self.limits.options.progress {
            progress.store(states, Ordering::Relaxed);
        }
        if grown > 0 {
            let bytes = self.bytes.fetch_add(grown as u64, Ordering::Relaxed) + grown as u64;
            if bytes + self.memories.bytes() > self.limits.options.bounds.bytes_max {
                self.limits.stop(Bound::Memory);
            }
        }
    }
}

/// The words of each state at rest, for tests against other engines.
pub(crate) fn unpacked_rests(
    prepared: &Prepared,
    memories: &Memories,
    rests: &[Rest],
) -> BTreeSet<(Vec<Word>, Vec<Word>)> {
    let mut words = vec![0; prepared.packing.words()];
    let unpacked = rests.iter().map(|(memory, returned)| {
        memories.read(*memory, &mut words);
        (prepared.packing.unpack(&words), returned.to_vec())
    });
    unpacked.collect()
}

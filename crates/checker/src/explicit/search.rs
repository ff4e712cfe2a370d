//! The breadth-first search.
//!
//! Level by level, by threads which stay for all levels. Each owns a part of the shards: it expands the part
//! of the frontier that is there, and sorts what follows by shard. What belongs to others it keeps until all have
//! expanded theirs, and is inserted then by who owns it: so a line of memory is seldom written by two. Who is
//! done takes pieces from others. The new states of a shard, in a row, are its part of the next frontier. What
//! is found are sets, so the number of threads changes nothing.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use scenario::Bound;

use super::checkpoint::{Has, Keeper, Restored};
use super::compact::{Compact, Odds};
use super::effects::Effects;
use super::error::Error;
use super::expand::{Roles, Successor};
use super::findings::{Findings, Places};
use super::key::{Key, SHARDS, moved};
use super::ledger::Counted;
use super::level::{Level, pieces};
use super::limits::{Halt, Limits};
use super::memories::Memories;
use super::plan::Plan;
use super::prepared::Prepared;
use super::reduce::{Chains, Chooser, Fault, Reduction, Stand, THROUGH, WHOLE, movers};
use super::sets::Reduced;
use super::team::with_team;
use super::unfold::Automaton;
use super::visit::Visitor;
use super::visited::{Apart, Arrival, Shard, States, lock};

/// States that one thread gathers for a shard of its own before it inserts them, and for one of another's.
const BATCH: usize = 256;
const BATCH_MAX: usize = 1024;
/// States that one thread expands before it looks at the clock again.
const LOOK: usize = 512;

/// What the search leaves behind for those after it.
pub(crate) struct Searched<const R: usize> {
    pub(crate) states: States<R>,
    /// What the steps did that were met last.
    pub(crate) effects: Arc<Effects>,
    pub(crate) initial: Vec<Key<R>>,
    pub(crate) transitions: u64,
    pub(crate) places: Places,
    /// What a reduced one knows, for a checkpoint and for those who walk its chains again.
    pub(crate) reduced: Option<Reduced>,
    /// Whether it went through states that it did not keep, and that were not [added](super::regrow).
    pub(crate) has_chains: bool,
    /// Whether equal actors are in order in all states.
    pub(crate) is_symmetric: bool,
    /// Whether it ended early as the plan says.
    pub(crate) left: bool,
    /// How many states a compact search met, and how likely some were missed: none of them is kept.
    pub(crate) compact: Option<(u64, Odds)>,
}

/// What follows the states that one thread expands, by shard.
type Batches<const R: usize> = Vec<Counted<Arrival<R>>>;

struct Shared<'a, const R: usize> {
    prepared: &'a Prepared,
    limits: &'a Limits<'a>,
    findings: &'a Findings,
    threads: usize,
    /// Without a state in a compact search.
    shards: Vec<Mutex<Shard<R>>>,
    compact: Option<Compact<R>>,
    /// What each thread leaves to others.
    left: Vec<Apart<RwLock<Batches<R>>>>,
    memories: &'a Memories,
    states: Apart<AtomicU64>,
    /// Of the levels that are done.
    transitions: Apart<AtomicU64>,
    /// Whether it goes through states that it does not keep.
    has_chains: bool,
    is_symmetric: bool,
    reduced: Option<Reduced>,
}

struct Worker<'a, const R: usize> {
    number: usize,
    visitor: Visitor<'a>,
    piece: Vec<Key<R>>,
    successors: Vec<Successor<R>>,
    chains: Chains<R>,
    /// States that were gone through and not kept, since the clock was looked at.
    passed: usize,
    outgoing: Outgoing<R>,
    transitions: u64,
    /// States that were expanded since the clock was looked at.
    expanded: usize,
    chooser: Chooser,
    taken: Vec<u16>,
}

/// What one thread inserts, or leaves to others.
struct Outgoing<const R: usize> {
    /// The shards that are inserted into now.
    own: Range<usize>,
    batches: Batches<R>,
    /// States that were new and are not counted yet.
    new: u64,
}

/// Searches the states that can be reached, from a checkpoint on where the keeper has one, and writes such.
pub(crate) fn search<const R: usize>(
    prepared: &Prepared,
    memories: &Memories,
    limits: &Limits,
    plan: Plan,
    mut keeper: Option<&mut Keeper>,
) -> Result<Searched<R>, Error> {
    let findings = Findings::new(&limits.ledger);
    let threads = limits.options.threads.clamp(1, SHARDS);
    let fair = Roles::new(prepared).fair;
    let mut reduced = plan.is_reduced().then(|| Reduced::new(prepared, fair, plan.fault(), &limits.ledger));
    let restored = match &mut keeper {
        Some(keeper) => {
            let reduction = reduced.as_mut().map(Reduced::reduction_mut);
            keeper.begin(plan, limits, (memories, &findings), reduction)?
        }
        None => None,
    };
    let goes_on = restored.is_some();
    let restored = restored.unwrap_or_else(|| {
        let shard = |home| Shard::new(limits.ceilings.states, prepared.actors(), Some(home), &limits.ledger);
        Restored { shards: (0..SHARDS).map(shard).collect(), ..Restored::default() }
    });
    if let Some(reduced) = &mut reduced
        && goes_on
    {
        reduced.restore(restored.chosen);
    }
    let compact = plan.is_compact().then(|| {
        // What the models take is not free.
        limits.look();
        Compact::new(limits.ceilings.signature, &limits.ledger)
    });
    let compact = compact.transpose().unwrap_or_else(|full| {
        limits.halt(full.into());
        None
    });
    let shared = Shared {
        prepared,
        limits,
        findings: &findings,
        threads,
        shards: restored.shards.into_iter().map(Mutex::new).collect(),
        compact,
        left: (0..threads).map(|_| Apart(RwLock::default())).collect(),
        memories,
        states: Apart(AtomicU64::new(0)),
        transitions: Apart(AtomicU64::new(restored.transitions)),
        has_chains: plan.has_chains(),
        is_symmetric: plan.is_symmetric(),
        reduced,
    };
    if restored.found {
        limits.found();
    }
    shared.count(&mut { restored.states });
    let mut left = false;
    let mut effects = Effects::new(&limits.ledger);
    let few = effects.clone();
    let (initial, workers) = with_team(
        threads,
        |number| shared.worker(number, &few),
        [&|worker, level| shared.expand(worker, level), &|worker, level| shared.settle(worker, level)],
        |first, team| {
            let initial = shared.initial(first, goes_on).unwrap_or_else(|halt| {
                limits.halt(halt);
                Vec::new()
            });
            let mut sets = restored.sets;
            let mut has_learned = goes_on;
            let mut depth = 0;
            while !limits.stopped() {
                let mut new = shared.next_level();
                let is_last = new.iter().all(Range::is_empty);
                let states = shared.states.0.load(Ordering::Relaxed);
                if let Some(reduced) = &shared.reduced {
                    reduced.begin_level();
                }
                // Now and then, since what is worked out from it is worked out again.
                if let Some(reduced) = &shared.reduced
                    && !std::mem::take(&mut has_learned)
                    && (is_last || states >= 2 * sets.grown)
                {
                    let starts = std::array::from_fn(|shard| new[shard].start);
                    let has_less = reduced.grow(prepared, starts);
                    sets.grown = states;
                    match &shared.compact {
                        None if has_less => sets.stale = starts,
                        // What was chosen from less is not known any more.
                        Some(compact) if has_less && depth > 0 => {
                            depth = 0;
                            shared.begin_anew(compact, first);
                            continue;
                        }
                        _ => {}
                    }
                }
                if let Some(keeper) = &mut keeper
                    && keeper.level(limits, memories, shared.transitions.0.load(Ordering::Relaxed), sets)
                {
                    let shards: Vec<_> = shared.shards.iter().map(lock).collect();
                    let reduced = shared.reduced.as_ref().map(Reduced::has);
                    keeper.write(
                        limits,
                        &Has { shards: &shards, memories, places: &findings.places(), reduced },
                    );
                }
                if limits.look() {
                    break;
                }
                if is_last {
                    new = std::mem::replace(&mut sets.stale, [0; SHARDS]).map(|end| 0..end).into();
                }
                let frontier: usize = new.iter().map(Range::len).sum();
                if frontier == 0 {
                    break;
                }
                // Between levels only, so that what such a search found doesn't depend on the threads.
                left = match plan {
                    Plan::Plain | Plan::ReducedToTheEnd(_) | Plan::Chains(_) | Plan::Compact(..) => false,
                    Plan::Small(most) => states > most && !limits.has_found(),
                    Plan::Few(most) => states > most,
                    Plan::Reduced => limits.has_found(),
                    Plan::Symmetric { to_the_end, .. } => !to_the_end && limits.has_found(),
                };
                if left {
                    break;
                }
                if states >= limits.options.bounds.states_max {
                    limits.stop(Bound::States);
                    break;
                }
                depth += 1;
                if let Some(gauge) = &limits.options.gauge {
                    gauge.level(depth, frontier as u64);
                }
                Effects::fit(&mut effects, frontier, &limits.ledger);
                let together = threads > 1 && frontier > limits.ceilings.alone;
                let pieces = pieces(&new, threads, |worker| shared.owned(worker));
                let states = states as usize;
                let level = Level { pieces, effects: effects.clone(), together, states };
                team(first, level, together);
                if let Some(reduced) = shared.reduced.as_ref().filter(|_| is_last) {
                    reduced.looked_again();
                }
            }
            initial
        },
    );
    if let Some(error) = limits.error() {
        return Err(error);
    }
    drop(workers);
    let Shared { shards, transitions, reduced, states, compact, .. } = shared;
    let shards = shards.into_iter().map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(Searched {
        states: States::new(shards.collect(), !plan.is_reduced()),
        effects,
        initial,
        transitions: transitions.0.into_inner(),
        places: findings.into_places(),
        reduced: reduced.filter(|_| keeper.is_some() || plan.has_chains()),
        has_chains: plan.has_chains(),
        is_symmetric: plan.is_symmetric(),
        left,
        compact: compact.map(|compact| (states.0.into_inner(), compact.odds())),
    })
}

impl<'a, const R: usize> Shared<'a, R> {
    fn worker(&self, number: usize, effects: &Arc<Effects>) -> Worker<'a, R> {
        let mut visitor =
            Visitor::new(self.prepared, self.memories, self.findings, self.limits, effects.clone());
        if let Some(reduced) = &self.reduced {
            visitor.expander.watch(reduced.reduction().looks());
        }
        if self.is_symmetric {
            visitor.expander.sort();
        }
        Worker {
            number,
            visitor,
            piece: Vec::new(),
            successors: Vec::new(),
            chains: Chains::new(&self.limits.ledger),
            passed: 0,
            outgoing: Outgoing { own: 0..SHARDS, batches: self.batches(), new: 0 },
            transitions: 0,
            expanded: 0,
            chooser: Chooser::new(self.prepared),
            taken: Vec::new(),
        }
    }

    fn batches(&self) -> Batches<R> {
        (0..SHARDS).map(|_| Counted::new(&self.limits.ledger)).collect()
    }

    /// The shards that a thread owns.
    fn owned(&self, worker: usize) -> Range<usize> {
        worker * SHARDS / self.threads..(worker + 1) * SHARDS / self.threads
    }

    /// The initial states, which are pushed where they are not there already.
    fn initial(&self, worker: &mut Worker<R>, are_there: bool) -> Result<Vec<Key<R>>, Halt> {
        let automata = &self.prepared.automata[..self.prepared.actors()];
        let mut initial = Vec::new();
        for words in &self.prepared.initial {
            let memory = worker.visitor.expander.number(words)?;
            let start = |key, (actor, automaton): (usize, &Arc<Automaton>)| {
                moved(&key, actor, automaton.start().to, memory)
            };
            let key = automata.iter().enumerate().fold(moved(&[0; R], 0, 0, memory), start);
            initial.push(key);
            if !are_there {
                self.push(&mut worker.outgoing, Arrival::new(&key, 0))?;
            }
        }
        self.flush(&mut worker.outgoing)?;
        Ok(initial)
    }

    /// Forgets all states but the initial ones.
    fn begin_anew(&self, compact: &Compact<R>, worker: &mut Worker<R>) {
        compact.clear();
        self.states.0.store(0, Ordering::Relaxed);
        self.transitions.0.store(0, Ordering::Relaxed);
        self.inserts_into(worker, 0..SHARDS);
        if let Err(halt) = self.initial(worker, false) {
            self.limits.halt(halt);
        }
    }

    /// The states of each shard that are new since the last level.
    fn next_level(&self) -> Vec<Range<usize>> {
        if let Some(compact) = &self.compact {
            return compact.next_level();
        }
        self.shards.iter().map(|shard| lock(shard).next_level()).collect()
    }

    /// From now on it inserts into these shards, and leaves others to others.
    fn inserts_into(&self, worker: &mut Worker<R>, own: Range<usize>) {
        worker.outgoing.own = own;
        if worker.outgoing.batches.is_empty() {
            let mut left = self.left[worker.number].0.write().unwrap_or_else(PoisonError::into_inner);
            worker.outgoing.batches = std::mem::take(&mut *left);
            worker.outgoing.batches.iter_mut().for_each(Counted::clear);
        }
    }

    /// Expands a part of the frontier, and inserts what belongs to this thread.
    fn expand(&self, worker: &mut Worker<R>, level: &Level) {
        worker.visitor.expander.share(&level.effects);
        if self.has_chains {
            worker.chains.fit(level.states / 4, self.limits.options.bounds.bytes_max / self.threads as u64);
        }
        self.inserts_into(worker, if level.together { self.owned(worker.number) } else { 0..SHARDS });
        let mut done = Ok(());
        while let Some((shard, states)) = level.take(worker.number) {
            if worker.expanded >= LOOK {
                worker.expanded = 0;
                self.limits.look();
            }
            if self.limits.stopped() {
                break;
            }
            done = self.piece(worker, *shard, states.clone());
            if done.is_err() {
                break;
            }
        }
        // Also of a search that stops: whatever was found lies between visited states.
        if let Err(halt) = done.and(self.flush(&mut worker.outgoing)) {
            self.limits.halt(halt);
        }
        self.transitions.0.fetch_add(std::mem::take(&mut worker.transitions), Ordering::Relaxed);
        if level.together {
            let mut left = self.left[worker.number].0.write().unwrap_or_else(PoisonError::into_inner);
            *left = std::mem::take(&mut worker.outgoing.batches);
        }
    }

    /// Inserts what others left.
    fn settle(&self, worker: &mut Worker<R>, level: &Level) {
        if !level.together {
            return;
        }
        let mut done = Ok(());
        for other in (0..self.threads).filter(|other| *other != worker.number) {
            let left = self.left[other].0.read().unwrap_or_else(PoisonError::into_inner);
            for shard in self.owned(worker.number) {
                done = done.and(self.insert(shard, &left[shard], &mut worker.outgoing.new));
            }
        }
        self.count(&mut worker.outgoing.new);
        if let Err(halt) = done {
            self.limits.halt(halt);
        }
    }

    fn piece(&self, worker: &mut Worker<R>, shard: usize, states: Range<usize>) -> Result<(), Halt> {
        let mut piece = std::mem::take(&mut worker.piece);
        piece.clear();
        worker.expanded += states.len();
        match &self.compact {
            None => {
                let shard = lock(&self.shards[shard]);
                piece.extend(states.clone().map(|number| shard.get(number)));
            }
            Some(compact) => compact.read(shard, states.clone(), &mut piece),
        }
        match &self.reduced {
            None => piece.iter().try_for_each(|key| self.visit(worker, key))?,
            Some(reduced) if self.compact.is_some() => {
                let reduction = reduced.reduction();
                piece.iter().try_for_each(|key| self.reduced_visit(worker, &reduction, key, &mut 0))?;
            }
            Some(reduced) => self.reduced_piece(worker, reduced, &piece, shard, states)?,
        }
        worker.piece = piece;
        if self.findings.any() || worker.visitor.expander.alarming() {
            self.limits.found();
        }
        Ok(())
    }

    /// Takes the steps that the sets of these states ask for, and were not taken.
    fn reduced_piece(
        &self,
        worker: &mut Worker<R>,
        reduced: &Reduced,
        piece: &[Key<R>],
        shard: usize,
        states: Range<usize>,
    ) -> Result<(), Halt> {
        let mut taken = std::mem::take(&mut worker.taken);
        reduced.taken(shard, &states, &mut taken);
        let chosen_in = reduced.chosen_in(shard, states.start);
        let mut done = Ok(());
        {
            let reduction = reduced.reduction();
            for (key, taken) in piece.iter().zip(&mut taken) {
                // Where all steps were taken, and what follows was kept, there is no more to take.
                if *taken == WHOLE || *taken != 0 && reduction.is_as_in(chosen_in, key) {
                    continue;
                }
                done = self.reduced_visit(worker, &reduction, key, taken);
                if done.is_err() {
                    break;
                }
            }
        }
        // Also of a piece that was not done: what was found follows from these.
        reduced.take(shard, states, &taken)?;
        worker.taken = taken;
        done
    }

    /// Visits a state of which these steps were taken: none where it was not visited before.
    fn reduced_visit(
        &self,
        worker: &mut Worker<R>,
        reduction: &Reduction,
        key: &Key<R>,
        taken: &mut u16,
    ) -> Result<(), Halt> {
        if worker.passed >= LOOK {
            worker.passed = 0;
            self.limits.look();
        }
        if self.limits.stopped() {
            return Err(Halt::Stopped);
        }
        let stand = worker.chooser.look_at(reduction, &mut worker.visitor.expander, key);
        if *taken == 0 {
            worker.visitor.note(key, stand.census, stand.enabled != 0)?;
        }
        *taken = self.choose(worker, reduction, (key, stand), *taken)?;
        Ok(())
    }

    /// Takes the steps of a state that its set asks for: but those of `before`, or again, where other states may be kept that
    /// follow them. The set.
    fn choose(
        &self,
        worker: &mut Worker<R>,
        reduction: &Reduction,
        (key, stand): (&Key<R>, Stand),
        before: u16,
    ) -> Result<u16, Halt> {
        let Worker { chooser, visitor, successors, .. } = worker;
        let (before, again) = (before & !THROUGH, before & THROUGH != 0 && !reduction.lacks(Fault::Chains));
        let mut last = 0;
        let set = loop {
            let expander = &mut visitor.expander;
            let set = match before {
                WHOLE => WHOLE,
                _ => chooser.choose(reduction, expander, (key, stand), (last, before)),
            };
            let but = if again { 0 } else { movers(before) };
            expander.expand_by(movers(set) & stand.enabled & !but, key, successors)?;
            let ending = successors.iter().filter(|next| next.is_last());
            let ending = ending.fold(0, |actors, next| actors | 1 << next.actor);
            if ending & !last == 0 || set == WHOLE {
                break set;
            }
            last |= ending;
        };
        let mut through = 0;
        for at in 0..worker.successors.len() {
            let next = worker.successors[at];
            let passed = self.follow(worker, reduction, next)?;
            through |= if passed == 0 { 0 } else { THROUGH };
            // What is taken again is counted once: who goes on from a checkpoint takes more again.
            if movers(before) & (1 << next.actor) == 0 {
                worker.transitions += 1 + passed as u64;
            }
        }
        Ok(set | through)
    }

    /// Adds the state that a step leads to, or the next one on the way from there that has to be kept. How many states it went
    /// through.
    fn follow(
        &self,
        worker: &mut Worker<R>,
        reduction: &Reduction,
        mut next: Successor<R>,
    ) -> Result<usize, Halt> {
        let Worker { chooser, chains, visitor, outgoing, .. } = worker;
        let mut passed = 0;
        if self.has_chains {
            (next, passed) = chains.follow(chooser, reduction, visitor, next)?;
            worker.passed += passed;
        }
        self.push(outgoing, Arrival::new(&next.key, next.at))?;
        Ok(passed)
    }

    #[inline]
    fn visit(&self, worker: &mut Worker<R>, key: &Key<R>) -> Result<(), Halt> {
        worker.visitor.visit(key, &mut worker.successors)?;
        worker.transitions += worker.successors.len() as u64;
        for successor in &worker.successors {
            self.push(&mut worker.outgoing, Arrival::new(&successor.key, successor.at))?;
        }
        Ok(())
    }

    #[inline]
    fn push(&self, outgoing: &mut Outgoing<R>, state: Arrival<R>) -> Result<(), Halt> {
        let shard = state.shard();
        let batch = &mut outgoing.batches[shard];
        batch.push(state)?;
        let most = if outgoing.own.contains(&shard) { BATCH } else { BATCH_MAX };
        if batch.len() >= most {
            let done = self.insert(shard, batch, &mut outgoing.new);
            batch.clear();
            self.count(&mut outgoing.new);
            done?;
        }
        Ok(())
    }

    /// Inserts what is one's own, also where some of it finds no room.
    fn flush(&self, outgoing: &mut Outgoing<R>) -> Result<(), Halt> {
        let mut done = Ok(());
        for shard in outgoing.own.clone() {
            let batch = &mut outgoing.batches[shard];
            done = done.and(self.insert(shard, batch, &mut outgoing.new));
            batch.clear();
        }
        self.count(&mut outgoing.new);
        done
    }

    fn insert(&self, shard: usize, batch: &[Arrival<R>], new: &mut u64) -> Result<(), Halt> {
        if batch.is_empty() {
            return Ok(());
        }
        if let Some(compact) = &self.compact {
            *new += compact.insert(shard, batch)?;
            return Ok(());
        }
        let mut shard = lock(&self.shards[shard]);
        let len = shard.len();
        shard.look_ahead(batch);
        let inserted = batch.iter().try_for_each(|state| shard.arrive(state));
        *new += (shard.len() - len) as u64;
        Ok(inserted?)
    }

    /// Counts states that are new.
    fn count(&self, new: &mut u64) {
        let new = std::mem::take(new);
        let states = self.states.0.fetch_add(new, Ordering::Relaxed) + new;
        if let Some(gauge) = &self.limits.options.gauge {
            gauge.count(states, self.limits.ledger.now());
        }
        if self.compact.is_none() {
            self.limits.keep_room(states);
        }
    }
}

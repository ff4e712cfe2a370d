//! For each distinct bad state the schedule of fewest context switches and, among those, fewest steps.
//!
//! One search by (switches, steps) over the visited states, each with the actor that moved last. What costs
//! the same is met in the order of initial states, actors and results, so that the schedules are the same
//! whatever numbers the states have. Threads only look up what follows; what is met, and in which order, is
//! decided by one.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use machine::Action;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::costs::{self, Cost, Costs};
use super::cycles::Judged;
use super::error::Error;
use super::expand::{Census, Expander, Roles, Stuck, Successor};
use super::findings::{Bad, Findings};
use super::key::control_of;
use super::ledger::{Counted, Full};
use super::limits::{BYTES_FOR_SCHEDULES, Halt, Limits};
use super::memories::Memories;
use super::prepared::Prepared;
use super::search::Searched;
use super::seen::{Eyes, Seen};
use super::team::with_team;
use super::unfold::Standing;
use super::visited::{Arrival, lock};

/// A way to a bad state.
#[derive(PartialEq, Debug)]
pub(crate) struct Way {
    pub(crate) initial: usize,
    /// The actors that move, and which of the results that they can have they get.
    pub(crate) steps: Vec<(u8, u8)>,
    pub(crate) end: End,
}

/// What makes the end of a way bad.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum End {
    /// The actor that moved last did something.
    Event,
    /// The state.
    State,
    /// What a view makes of the state: the view, the results chosen on its way, and on its way round.
    View(usize, Vec<u8>, Vec<u8>),
    /// What follows, for ever.
    Cycle(Vec<(u8, u8)>),
}

/// A state that was met at its cost, or will be.
#[derive(Clone, Copy)]
struct Met {
    state: u32,
    /// The one before, or the initial state.
    from: u32,
    last: u8,
    choice: u8,
    /// The step here may itself be bad.
    loud: bool,
}

/// Who moved last before anybody did.
pub(crate) const NOBODY: u8 = 15;

/// More switches are not looked for.
pub(crate) const SWITCHES_MAX: u32 = 0xffff;

/// What this search takes for a state, mostly, is what is kept for it.
const _: () = assert!(costs::BYTES + size_of::<Met>() == BYTES_FOR_SCHEDULES as usize);

const UNKNOWN: u32 = u32::MAX;

/// Meetings of one cost that are looked at together, and those of them that one thread takes at a time.
const BLOCK: usize = 2048;
const PIECE: usize = 64;

/// Meetings of one cost.
struct Bucket {
    switches: u32,
    steps: u32,
    meetings: Counted<Met>,
    /// The costs of all states.
    costs: Costs,
    /// The meetings of the block in hand that are the first, by where they are.
    kept: Vec<u32>,
    /// What follows these, by pieces, and how many pieces were taken.
    pieces: Vec<Mutex<Piece>>,
    taken: AtomicUsize,
}

/// What follows some meetings.
#[derive(Default)]
struct Piece {
    expanded: Vec<Expanded>,
    following: Vec<Following>,
    failed: Option<Halt>,
}

#[derive(Clone, Copy)]
struct Expanded {
    census: Census,
    successors: usize,
    /// How many of them are worth a meeting.
    following: usize,
    /// Whether something may be wrong with the state.
    suspect: bool,
}

#[derive(Clone, Copy)]
struct Following {
    met: Met,
    /// Whether it takes a switch.
    switch: bool,
}

/// What all threads look things up in.
struct Lookup<'a, const R: usize> {
    searched: &'a Searched<R>,
    eyes: Eyes<'a>,
    /// Control states whose steps may be bad.
    loud: Vec<FxHashSet<u32>>,
}

struct Worker<'a, const R: usize> {
    expander: Expander<'a>,
    successors: Vec<Successor<R>>,
    keys: Vec<Arrival<R>>,
    next: Vec<Following>,
}

struct Search<'a, const R: usize> {
    prepared: &'a Prepared,
    lookup: &'a Lookup<'a, R>,
    missing: BTreeSet<Bad>,
    found: BTreeMap<Bad, Way>,
    met: Counted<Met>,
    limits: &'a Limits<'a>,
    stuck: Stuck,
}

/// Does a part of the work on a bucket on all threads, if the second argument is true.
type Team<'t, 'a, const R: usize> = dyn FnMut(&mut Worker<'a, R>, Bucket, bool) -> Bucket + 't;

/// Finds a way to each of `wanted`. Some are left out where there is no time or memory for more.
///
/// # Errors
/// Where a model is broken.
pub(crate) fn shortest<const R: usize>(
    prepared: &Prepared,
    searched: &Searched<R>,
    judged: &[Judged],
    memories: &Memories,
    wanted: BTreeSet<Bad>,
    limits: &Limits,
) -> Result<BTreeMap<Bad, Way>, Error> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let findings = Findings::new(&limits.ledger);
    let (places, roles) = (&searched.places, Roles::new(prepared));
    let eyes = Eyes { prepared, places, judged, roles, ledger: &limits.ledger };
    let lookup = &Lookup { searched, eyes, loud: loud(prepared) };
    let mut search = Search {
        prepared,
        lookup,
        missing: wanted,
        found: BTreeMap::new(),
        met: Counted::new(&limits.ledger),
        limits,
        stuck: Stuck::default(),
    };
    let (done, _) = with_team(
        limits.options.threads.max(1),
        |_| Worker {
            expander: Expander::new(prepared, memories, &findings, searched.effects.clone()),
            successors: Vec::new(),
            keys: Vec::new(),
            next: Vec::new(),
        },
        [&|worker, bucket| lookup.expand(worker, bucket)],
        |first, team| search.run(first, team),
    );
    match done {
        Err(Halt::Broken(error)) => Err(error),
        Ok(()) | Err(Halt::Full(_) | Halt::Stopped) => Ok(search.found),
    }
}

/// The control states of each actor whose steps may be bad by themselves.
pub(crate) fn loud(prepared: &Prepared) -> Vec<FxHashSet<u32>> {
    let automata = prepared.automata[..prepared.actors()].iter().enumerate();
    let loud = automata.map(|(actor, automaton)| {
        let demanding = (0..automaton.len() as u32).filter(|&number| match &automaton.node(number).control {
            Standing::Pending(step) => matches!(step.action, Action::Require { .. }),
            _ => false,
        });
        let edges = automaton.edges().into_iter();
        let reporting = edges.filter(|(_, _, edge)| !prepared.seen_in(actor, edge).is_empty());
        demanding.chain(reporting.map(|(from, _, _)| from)).collect()
    });
    loud.collect()
}

impl<const R: usize> Lookup<'_, R> {
    /// Expands pieces as long as there are some.
    fn expand(&self, worker: &mut Worker<R>, bucket: &Bucket) {
        let pieces = bucket.kept.chunks(PIECE).zip(&bucket.pieces);
        let mut taken = bucket.taken.fetch_add(1, Ordering::Relaxed);
        for (number, (kept, piece)) in pieces.enumerate() {
            if number == taken {
                let piece = &mut *lock(piece);
                piece.failed = self.piece(worker, bucket, kept, piece).err();
                taken = bucket.taken.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn piece(
        &self,
        worker: &mut Worker<R>,
        bucket: &Bucket,
        kept: &[u32],
        piece: &mut Piece,
    ) -> Result<(), Halt> {
        let Worker { expander, successors, keys, next } = worker;
        let states = &self.searched.states;
        keys.clear();
        next.clear();
        piece.expanded.clear();
        piece.following.clear();
        for &at in kept {
            let met = bucket.meetings[at as usize];
            let key = states.get(met.state);
            let census = expander.expand(&key, successors)?;
            let suspect = self.eyes.suspect(&key, met.state, census, !successors.is_empty());
            let following = successors.len();
            piece.expanded.push(Expanded { census, successors: following, following, suspect });
            for s in successors.iter() {
                let actor = usize::from(s.actor);
                let loud = self.loud[actor].contains(&control_of(&key, actor)) || s.is_last();
                let Successor { actor: last, choice, .. } = *s;
                let switch = met.last != NOBODY && met.last != last;
                let met = Met { state: UNKNOWN, from: UNKNOWN, last, choice, loud };
                next.push(Following { met, switch });
                keys.push(Arrival::new(&s.key, last));
            }
        }
        // All at once: each alone would wait for memory several times.
        let mut at = next.iter_mut();
        states.find_each(keys, |state| {
            if let (Some(next), Some(state)) = (at.next(), state) {
                next.met.state = state;
            }
        });
        bucket.look_ahead(next.iter().map(|next| next.met.state));
        let mut next = next.iter();
        for expanded in &mut piece.expanded {
            let from = piece.following.len();
            piece.following.extend(next.by_ref().take(expanded.successors).filter(|next| bucket.gains(next)));
            expanded.following = piece.following.len() - from;
        }
        Ok(())
    }
}

impl Bucket {
    /// Reads the costs of these states, without waiting for one before the next.
    fn look_ahead(&self, states: impl Iterator<Item = u32>) {
        let costs = states.filter_map(|state| self.costs.get(state));
        std::hint::black_box(costs.fold(false, |all, cost| all ^ cost.settles(NOBODY, 0, 0)));
    }

    /// Whether it may be worth a meeting.
    fn gains(&self, Following { met, switch }: &Following) -> bool {
        let switches = self.switches + u32::from(*switch);
        let settled = |cost: Cost| cost.settles(met.last, switches, self.steps + 1);
        met.loud || !self.costs.get(met.state).is_none_or(settled)
    }

    /// Settles the costs of the meetings of a block, and keeps those that are the first.
    fn settle(&mut self, block: std::ops::Range<usize>) -> Result<(), Full> {
        self.kept.clear();
        for at in block.clone() {
            if at % PIECE == 0 {
                let ahead = &self.meetings[at..block.end.min(at + PIECE)];
                self.look_ahead(ahead.iter().map(|met| met.state));
            }
            let met = self.meetings[at];
            // Beyond where a cut search came there is none.
            if self.costs.settle(met.state, met.last, self.switches, self.steps)? {
                self.kept.push(at as u32);
            }
        }
        let pieces = self.kept.len().div_ceil(PIECE).max(self.pieces.len());
        self.pieces.resize_with(pieces, Mutex::default);
        self.taken = AtomicUsize::new(0);
        Ok(())
    }
}

impl<'a, const R: usize> Search<'a, R> {
    fn run(&mut self, worker: &mut Worker<'a, R>, team: &mut Team<'_, 'a, R>) -> Result<(), Halt> {
        let (prepared, searched) = (self.prepared, self.lookup.searched);
        for actor in 0..prepared.actors() {
            for bad in prepared.seen_in(actor, prepared.automata[actor].start()) {
                self.record(bad, || Way { initial: 0, steps: Vec::new(), end: End::Event });
            }
        }
        let mut initial = Counted::new(&self.limits.ledger);
        for (number, key) in searched.initial.iter().enumerate() {
            let state = searched.states.find(key).unwrap_or(UNKNOWN);
            initial.push(Met { state, from: number as u32, last: NOBODY, choice: 0, loud: false })?;
        }
        // By (switches, steps); first come, first served.
        let mut waiting = BTreeMap::from([((0, 0), initial)]);
        let mut bucket = Bucket {
            switches: 0,
            steps: 0,
            meetings: Counted::new(&self.limits.ledger),
            costs: Costs::new(searched.states.len(), &self.limits.ledger)?,
            kept: Vec::new(),
            pieces: Vec::new(),
            taken: AtomicUsize::new(0),
        };
        while let Some(((switches, steps), meetings)) = waiting.pop_first() {
            (bucket.switches, bucket.steps, bucket.meetings) = (switches, steps, meetings);
            let mut after = [switches, switches + 1].map(|switches| {
                let waiting = waiting.remove(&(switches, steps + 1));
                waiting.unwrap_or_else(|| Counted::new(&self.limits.ledger))
            });
            for from in (0..bucket.meetings.len()).step_by(BLOCK) {
                self.limits.patience()?;
                let block = from..bucket.meetings.len().min(from + BLOCK);
                bucket.settle(block.clone())?;
                let together = bucket.kept.len() > self.limits.ceilings.alone;
                bucket = team(worker, bucket, together);
                self.meet(worker, &mut bucket, block, &mut after)?;
                if self.missing.is_empty() {
                    return Ok(());
                }
            }
            for (switches, meetings) in (switches..).zip(after) {
                if !meetings.is_empty() {
                    if switches > SWITCHES_MAX {
                        return Err(Full::Numbers("context switches").into());
                    }
                    waiting.insert((switches, steps + 1), meetings);
                }
            }
        }
        Ok(())
    }

    /// Looks at the meetings of a block in their order, and adds what follows: without a switch, and with one.
    fn meet(
        &mut self,
        worker: &mut Worker<R>,
        bucket: &mut Bucket,
        block: std::ops::Range<usize>,
        after: &mut [Counted<Met>; 2],
    ) -> Result<(), Halt> {
        let (mut kept, mut pieces) = (bucket.kept.iter().peekable(), bucket.pieces.iter_mut());
        let (mut piece, mut at) = (&mut Piece::default(), 0);
        let mut following = 0;
        for meeting in block {
            if self.missing.is_empty() {
                return Ok(());
            }
            let met = bucket.meetings[meeting];
            if met.loud {
                self.event(&mut worker.expander, met)?;
            }
            if kept.next_if(|&&kept| kept as usize == meeting).is_none() {
                continue;
            }
            if at == piece.expanded.len()
                && let Some(next) = pieces.next()
            {
                piece = next.get_mut().unwrap_or_else(PoisonError::into_inner);
                (at, following) = (0, 0);
                if let Some(halt) = piece.failed.take() {
                    return Err(halt);
                }
            }
            let expanded = piece.expanded[at];
            at += 1;
            let number = u32::try_from(self.met.len()).map_err(|_| Full::Numbers("ways"))?;
            self.met.push(met)?;
            if expanded.suspect {
                self.state(&mut worker.expander, number, met.state, expanded)?;
            }
            for next in &piece.following[following..following + expanded.following] {
                after[usize::from(next.switch)].push(Met { from: number, ..next.met })?;
            }
            following += expanded.following;
        }
        Ok(())
    }

    fn record(&mut self, bad: Bad, way: impl FnOnce() -> Way) {
        if self.missing.remove(&bad) {
            self.found.insert(bad, way());
        }
    }

    fn way(&self, mut number: u32, mut steps: Vec<(u8, u8)>, end: End) -> Way {
        loop {
            let met = self.met[number as usize];
            if met.last == NOBODY {
                steps.reverse();
                return Way { initial: met.from as usize, steps, end };
            }
            steps.push((met.last, met.choice));
            number = met.from;
        }
    }

    /// What the step here does by itself.
    fn event(&mut self, expander: &mut Expander, met: Met) -> Result<(), Halt> {
        let before = self.lookup.searched.states.get(self.met[met.from as usize].state);
        let step = (met.last, met.choice);
        for bad in self.lookup.eyes.in_step(expander, &before, step)? {
            if self.missing.contains(&bad) {
                let way = self.way(met.from, vec![step], End::Event);
                self.record(bad, || way);
            }
        }
        Ok(())
    }

    /// What the state is.
    fn state(
        &mut self,
        expander: &mut Expander,
        number: u32,
        state: u32,
        Expanded { census, successors, .. }: Expanded,
    ) -> Result<(), Halt> {
        let Lookup { searched, eyes, .. } = self.lookup;
        let limits = self.limits;
        let go_on = || limits.patience();
        let with = (&mut *expander, &mut self.stuck);
        let key = searched.states.get(state);
        let seen = eyes.in_state(with, (&key, state), (census, successors != 0), &self.missing, go_on)?;
        for (bad, seen) in seen {
            if !self.missing.contains(&bad) {
                continue;
            }
            let end = match seen {
                Seen::State => End::State,
                Seen::View(view, way, cycle) => End::View(view, way, cycle),
                Seen::Cycle(kind) => {
                    let round = eyes.judged[kind].way_round(&searched.states, expander, state, go_on)?;
                    if round.is_empty() { End::State } else { End::Cycle(round) }
                }
            };
            let way = self.way(number, Vec::new(), end);
            self.record(bad, || way);
        }
        Ok(())
    }
}

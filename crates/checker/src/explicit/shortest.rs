//! For each distinct bad state the schedule of fewest context switches and, among those, fewest steps.
//!
//! One search by (switches, steps) over the visited states, each with the actor that moved last. It is
//! sequential, and what costs the same is met in the order of initial states, actors and results, so
//! that the schedules are the same whatever numbers the states have.

use std::collections::{BTreeMap, BTreeSet};

use machine::{Action, Effect, Word};
use rustc_hash::FxHashSet;

use super::cycles::Judged;
use super::expand::{Census, Expander, Halt, Roles, Stillness, Stuck, Successor};
use super::findings::Bad;
use super::ledger::{Counted, Full};
use super::limits::Limits;
use super::search::Searched;
use super::unfold::{PANICKED_FROM, Standing};
use super::visited::{Arrival, Key, control_of, memory_of};
use super::{Error, Prepared};

/// A way to a bad state.
pub(crate) struct Way {
    pub(crate) initial: usize,
    /// The actors that move, and which of the results that they can have they get.
    pub(crate) steps: Vec<(u8, u8)>,
    pub(crate) end: End,
}

/// What makes the end of a way bad.
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

const NOBODY: u8 = 15;

/// What it costs to be in a state: steps, switches, and who may have moved last, one bit each, to be here at
/// a cost that is known. All are 0 where nobody was here yet.
#[derive(Clone, Copy, Default)]
struct Cost(u64);

impl Cost {
    fn last(self) -> u64 {
        self.0 & 0xffff
    }

    fn switches(self) -> u32 {
        (self.0 >> 16 & 0xffff) as u32
    }

    fn steps(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether nothing is gained by being here at this cost: `last` was here before, or somebody was a
    /// switch earlier and no later, and gets everywhere at least as well.
    fn settles(self, last: u8, switches: u32, steps: u32) -> bool {
        self.last() & (1 << last) != 0
            || self.last() != 0 && self.switches() < switches && self.steps() <= steps
    }

    fn settle(&mut self, last: u8, switches: u32, steps: u32) {
        if self.last() == 0 {
            self.0 = u64::from(steps) << 32 | u64::from(switches) << 16;
        }
        self.0 |= 1 << last;
    }
}

/// Switches that a cost has room for.
const SWITCHES_MAX: u32 = 0xffff;

/// What this search takes for a state, mostly, in bytes.
pub(crate) const BYTES_PER_STATE: u64 = (size_of::<Cost>() + size_of::<Met>()) as u64;

const UNKNOWN: u32 = u32::MAX;

/// Meetings of one cost whose successors are looked up together.
const BLOCK: usize = 64;

struct Search<'a, 'e, const R: usize> {
    prepared: &'a Prepared,
    searched: &'a Searched<R>,
    judged: &'a [Judged],
    expander: &'a mut Expander<'e>,
    roles: Roles,
    missing: BTreeSet<Bad>,
    found: BTreeMap<Bad, Way>,
    met: Counted<Met>,
    limits: &'a Limits<'a>,
    /// Control states whose steps may be bad.
    loud: Vec<FxHashSet<u32>>,
    stuck: Stuck,
}

/// Finds a way to each of `wanted`. Some are left out where there is no time or memory for more.
///
/// # Errors
/// Where a model is broken.
pub(crate) fn shortest<const R: usize>(
    prepared: &Prepared,
    searched: &Searched<R>,
    judged: &[Judged],
    expander: &mut Expander,
    wanted: BTreeSet<Bad>,
    limits: &Limits,
) -> Result<BTreeMap<Bad, Way>, Error> {
    let mut search = Search {
        prepared,
        searched,
        judged,
        expander,
        roles: Roles::new(prepared),
        missing: wanted,
        found: BTreeMap::new(),
        met: Counted::new(&limits.ledger),
        limits,
        loud: loud(prepared),
        stuck: Stuck::default(),
    };
    match search.run() {
        Err(Halt::Broken(error)) => Err(error),
        Ok(()) | Err(Halt::Full(_) | Halt::Stopped) => Ok(search.found),
    }
}

fn go_on(limits: &Limits) -> Result<(), Halt> {
    if limits.out_of_patience() { Err(Halt::Stopped) } else { Ok(()) }
}

fn loud(prepared: &Prepared) -> Vec<FxHashSet<u32>> {
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

impl<const R: usize> Search<'_, '_, R> {
    fn run(&mut self) -> Result<(), Halt> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let prepared = self.prepared;
        for actor in 0..prepared.actors() {
            for bad in prepared.seen_in(actor, prepared.automata[actor].start()) {
                self.record(bad, || Way { initial: 0, steps: Vec::new(), end: End::Event });
            }
        }
        // By (switches, steps); first come, first served.
        let mut waiting: BTreeMap<(u32, u32), Counted<Met>> = BTreeMap::new();
        let queue = || Counted::new(&self.limits.ledger);
        for (number, key) in self.searched.initial.iter().enumerate() {
            let state = self.searched.states.find(key).unwrap_or(UNKNOWN);
            let met = Met { state, from: number as u32, last: NOBODY, choice: 0, loud: false };
            waiting.entry((0, 0)).or_insert_with(queue).push(met)?;
        }
        let mut costs = Counted::<Cost>::written(self.searched.states.len(), &self.limits.ledger)?;
        let (mut successors, mut next, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(((switches, steps), meetings)) = waiting.pop_first() {
            for meetings in meetings.chunks(BLOCK) {
                go_on(self.limits)?;
                next.clear();
                keys.clear();
                for &met in meetings {
                    if self.missing.is_empty() {
                        return Ok(());
                    }
                    if met.loud {
                        self.event(met)?;
                    }
                    if met.state == UNKNOWN {
                        continue; // Beyond where a cut search came.
                    }
                    let cost = &mut costs[met.state as usize];
                    if cost.settles(met.last, switches, steps) {
                        continue;
                    }
                    cost.settle(met.last, switches, steps);
                    let key = self.searched.states.get(met.state);
                    let census = self.expander.expand(&key, &mut successors)?;
                    let number = u32::try_from(self.met.len()).map_err(|_| Full::Numbers("ways"))?;
                    self.met.push(met)?;
                    self.state(number, met.state, &key, census, successors.len())?;
                    for s in &successors {
                        let actor = usize::from(s.actor);
                        let loud = self.loud[actor].contains(&control_of(&key, actor))
                            || control_of(&s.key, actor) >= PANICKED_FROM;
                        let switches = switches + u32::from(met.last != NOBODY && met.last != s.actor);
                        if switches > SWITCHES_MAX {
                            return Err(Full::Numbers("context switches").into());
                        }
                        let Successor { actor: last, choice, .. } = *s;
                        next.push((switches, Met { state: UNKNOWN, from: number, last, choice, loud }));
                        keys.push(Arrival::new(&s.key, last));
                    }
                }
                // All at once: each alone would wait for memory several times.
                let mut at = next.iter_mut();
                self.searched.states.find_each(&keys, |state| {
                    if let (Some((_, met)), Some(state)) = (at.next(), state) {
                        met.state = state;
                    }
                });
                let ahead = next.iter().filter_map(|(_, met)| costs.get(met.state as usize));
                std::hint::black_box(ahead.fold(0, |sum, cost| sum ^ cost.0));
                for &(switches, met) in &next {
                    let settled = |cost: &Cost| cost.settles(met.last, switches, steps + 1);
                    if met.loud || !costs.get(met.state as usize).is_none_or(settled) {
                        waiting.entry((switches, steps + 1)).or_insert_with(queue).push(met)?;
                    }
                }
            }
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
    fn event(&mut self, met: Met) -> Result<(), Halt> {
        let before = self.searched.states.get(self.met[met.from as usize].state);
        let actor = usize::from(met.last);
        let control = control_of(&before, actor);
        let Some(Standing::Pending(step)) = self.expander.standing(actor, control).cloned() else {
            return Ok(());
        };
        let words = self.expander.words(memory_of(&before)).to_vec();
        let result = match self.prepared.execute(actor, &step, &mut words.clone())? {
            Effect::Done(result) => result,
            Effect::Choice(_) => Word::from(met.choice),
            Effect::Blocked => return Ok(()),
        };
        let edge = self.prepared.automata[actor].follow(control, result)?;
        for bad in self.prepared.seen_on_edge(actor, &step, &words, &edge) {
            if self.missing.contains(&bad) {
                let way = self.way(met.from, vec![(met.last, met.choice)], End::Event);
                self.record(bad, || way);
            }
        }
        Ok(())
    }

    /// What the state is.
    fn state(
        &mut self,
        number: u32,
        state: u32,
        key: &Key<R>,
        census: Census,
        successors: usize,
    ) -> Result<(), Halt> {
        let places = &self.searched.places;
        let mut here: Vec<Bad> = places.by_memory.get(&memory_of(key)).cloned().unwrap_or_default();
        let mut at_rest = None;
        if self.roles.still(census, successors) {
            match self.roles.stillness(self.expander, key, census, successors) {
                Stillness::Moving => {}
                Stillness::Deadlock => {
                    let stuck = self.roles.must_end & !census.done;
                    here.push(self.stuck.deadlock(self.expander, key, stuck).clone());
                }
                Stillness::AtRest(rest) => {
                    here.extend(places.by_rest.get(&rest).into_iter().flatten().cloned());
                    at_rest = Some(rest.0);
                }
            }
        }
        for bad in here {
            if self.missing.contains(&bad) {
                let way = self.way(number, Vec::new(), End::State);
                self.record(bad, || way);
            }
        }
        for judged in self.judged {
            let Some(component) = judged.at(state) else { continue };
            if self.missing.contains(&component.bad) {
                let round =
                    judged.way_round(&self.searched.states, self.expander, state, || go_on(self.limits))?;
                let end = if round.is_empty() { End::State } else { End::Cycle(round) };
                let way = self.way(number, Vec::new(), end);
                self.record(component.bad.clone(), || way);
            }
        }
        if let Some(memory) = at_rest {
            self.views(number, memory)?;
        }
        Ok(())
    }

    fn views(&mut self, number: u32, memory: u32) -> Result<(), Halt> {
        let seen = self.searched.places.by_view.get(&memory);
        if seen.is_none_or(|seen| seen.iter().all(|bad| !self.missing.contains(bad))) {
            return Ok(());
        }
        let words = self.expander.words(memory).to_vec();
        for view in 0..self.prepared.scenario.views.len() {
            let seen = self.prepared.view(view, &words, &self.limits.ledger, || go_on(self.limits))?;
            for seen in seen {
                if self.missing.contains(&seen.bad) {
                    let way = self.way(number, Vec::new(), End::View(view, seen.way, seen.cycle));
                    self.record(seen.bad, || way);
                }
            }
        }
        Ok(())
    }
}

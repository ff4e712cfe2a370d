//! The shortest schedules, looked for together: the same ones as by one process.
//!
//! As in [`shortest`](crate::explicit::shortest) a search by (switches, steps), in which what costs the same is met in an order that no
//! number of a state decides: first what came with a switch, and each in the order of the meetings that it came from. So
//! the meetings of each cost are given their places in that order, over all processes.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::judging::Verdict;
use super::member::{Member, More, Said, Stop, Stopping};
use super::search::Share;
use crate::explicit::costs::{self, Costs};
use crate::explicit::cycles::KINDS;
use crate::explicit::expand::{Census, Expander, Roles, Stuck, Successor};
use crate::explicit::findings::{Bad, Findings, Named, Places, Told};
use crate::explicit::key::{Key, control_of, memory_of};
use crate::explicit::ledger::{Counted, Full, Held};
use crate::explicit::limits::Halt;
use crate::explicit::seen::{Eyes, Seen};
use crate::explicit::shortest::{End, NOBODY, SWITCHES_MAX, Way, loud};

/// Meetings that a process goes on from in a round.
const ROUND: usize = 1 << 13;

/// Meetings of a process whose places are told to everybody: few where it is tested that it makes no difference.
const FEW: usize = if cfg!(test) { 3 } else { 1 << 11 };

/// What the search for ways takes for a state, mostly: its cost, its meeting, and some that are still to come.
pub(super) const BYTES_FOR_WAYS: u64 = (costs::BYTES + size_of::<Met>() + 2 * size_of::<Coming>()) as u64;

/// What it costs: switches and steps.
type Price = (u32, u32);

/// A meeting of a state at its cost, and the one before: a process and a number there, or the initial state.
#[derive(Clone, Copy)]
struct Met {
    state: u32,
    from: u32,
    process: u16,
    last: u8,
    choice: u8,
}

/// One that is still to come, with its place among those of the same cost.
#[derive(Clone, Copy)]
struct Coming {
    order: u64,
    met: Met,
}

/// Of two that came from different sorts of steps, that with a switch is first.
const NO_SWITCH: u64 = 1 << 63;
/// Successors of one state.
const SUCCESSOR_BITS: u32 = 12;
/// What is said of the meeting before: the step from it stands above its number.
const STEP_SHIFT: u32 = 32;

/// A step that may be bad by itself, at the cost that it leads to.
struct Loud {
    order: u64,
    from: u32,
    step: Step,
}

/// An actor's step, and which of the results that it can have.
type Step = (u8, u8);

/// A step of one of the ways, and the meeting before it.
type Back = (usize, (u16, u32), Step);

/// The way round that ends one of the ways.
type Round = (usize, Vec<Step>);

/// How something bad was found at the least cost so far.
#[derive(Clone, Serialize, Deserialize)]
struct Candidate {
    bad: Told,
    /// Its place, and whether it is the state and not the step.
    order: (u64, bool),
    process: u16,
    /// The meeting, and the step after it that is bad.
    met: u32,
    step: Option<Step>,
    end: Ended,
}

#[derive(Clone, Serialize, Deserialize)]
enum Ended {
    Known(End),
    /// A cycle of this kind, in what is wrong with this number.
    Cycle(usize, u32),
}

struct Search<'m, 'a, const R: usize> {
    member: &'m mut Member<'a>,
    share: &'m Share<R>,
    verdict: &'m Verdict<R>,
    eyes: Eyes<'m>,
    loud: Vec<FxHashSet<u32>>,
    expander: Expander<'m>,
    stuck: Stuck,
    costs: Costs,
    met: Counted<Met>,
    waiting: BTreeMap<Price, Counted<Coming>>,
    louds: BTreeMap<Price, Vec<Loud>>,
    missing: BTreeSet<Bad>,
    candidates: Vec<Candidate>,
    /// Of what is missing, what was not seen in a state of the cost at hand.
    unseen: BTreeSet<Bad>,
    /// The most steps of a way so far.
    steps: u32,
    /// There is no time or room for more.
    failed: bool,
}

/// Finds a way to each of `wanted`. Some are left out where there is no time or memory for more.
pub(super) fn ways<'a, const R: usize>(
    member: &mut Member<'a>,
    share: &Share<R>,
    (places, verdict): (&Places, &Verdict<R>),
    wanted: BTreeSet<Bad>,
) -> Result<BTreeMap<Bad, Way>, processes::Error> {
    let (prepared, limits) = (member.prepared, member.limits);
    let ledger = &limits.ledger;
    ledger.reserve(0);
    let costs = Costs::new(share.states.len(), ledger);
    let costs = member.note(costs.map_err(Stopping::from))?;
    let room = if costs.is_some() { Ok(()) } else { Err(Halt::Stopped.into()) };
    let there_is = match member.agree(room) {
        Ok(_) => true,
        Err(Stop::Noted) => false,
        Err(Stop::Lost(lost)) => return Err(lost),
    };
    let Some(costs) = costs.filter(|_| there_is) else { return Ok(BTreeMap::new()) };
    let findings = Findings::new(ledger);
    let roles = Roles::new(prepared);
    let mut search = Search {
        eyes: Eyes { prepared, places, judged: &verdict.judged, roles, ledger },
        loud: loud(prepared),
        expander: Expander::new(prepared, member.memories, &findings, share.effects.clone()),
        member,
        share,
        verdict,
        stuck: Stuck::default(),
        costs,
        met: Counted::new(ledger),
        waiting: BTreeMap::new(),
        louds: BTreeMap::new(),
        missing: wanted,
        candidates: Vec::new(),
        unseen: BTreeSet::new(),
        steps: 0,
        failed: false,
    };
    let mut named = Named::new(&prepared.scenario);
    let mut found = BTreeMap::new();
    match search.run(&mut named, &mut found) {
        Ok(()) | Err(Stop::Noted) => {}
        Err(Stop::Lost(lost)) => return Err(lost),
    }
    match search.trace(found) {
        Ok(ways) => Ok(ways),
        Err(Stop::Noted) => Ok(BTreeMap::new()),
        Err(Stop::Lost(lost)) => Err(lost),
    }
}

impl<const R: usize> Search<'_, '_, R> {
    /// Notes whether this process can't go on, which the others hear of when this cost is done.
    fn note<T>(&mut self, done: Result<T, Stopping>) -> Result<Option<T>, processes::Error> {
        let done = self.member.note(done)?;
        self.failed |= done.is_none();
        Ok(done)
    }

    fn own(&self) -> u16 {
        self.member.number() as u16
    }

    fn run(&mut self, named: &mut Named, found: &mut BTreeMap<Bad, Candidate>) -> Result<(), Stop> {
        let prepared = self.member.prepared;
        for actor in 0..prepared.actors() {
            for bad in prepared.seen_in(actor, prepared.automata[actor].start()) {
                let (order, end) = ((0, false), Ended::Known(End::Event));
                let start = Candidate { bad: bad.told(), order, process: 0, met: u32::MAX, step: None, end };
                if self.missing.remove(&bad) {
                    found.insert(bad, start);
                }
            }
        }
        let initial = self.initial();
        self.note(initial)?;
        let mut due: BTreeSet<Price> = BTreeSet::from([(0, 0)]);
        // How many meetings of a cost were kept.
        let mut kept_of: BTreeMap<Price, u64> = BTreeMap::new();
        while let Some(price) = due.pop_first() {
            let (switches, steps) = price;
            if self.missing.is_empty() {
                return Ok(());
            }
            self.unseen.clone_from(&self.missing);
            self.steps = self.steps.max(steps);
            let before =
                |price: Option<Price>| price.and_then(|price| kept_of.get(&price)).copied().unwrap_or(0);
            let by_switch = switches.checked_sub(1).zip(steps.checked_sub(1));
            let by_none = steps.checked_sub(1).map(|steps| (switches, steps));
            let [first, second] = [before(by_switch), before(by_none)];
            let places = if steps == 0 { (0, prepared.initial.len() as u64) } else { (first, second) };

            let heard = self.hear_louds(price);
            self.note(heard)?;
            let kept = self.settle(price);
            let kept = self.note(kept)?.unwrap_or_default();
            // Each has a place, too, and is said when places are given.
            let mut held = Held::new(&self.member.limits.ledger);
            let room = held.take(kept.len() * 4 * size_of::<Coming>()).map_err(Stopping::from);
            self.note(room)?;
            let (ordinals, count) = self.rank(&kept, places)?;
            kept_of.insert(price, count);
            let leads = if count == 0 { [false; 2] } else { self.go_on(price, &kept, &ordinals)? };

            self.failed |= self.member.limits.patience().is_err();
            let said = (leads, std::mem::take(&mut self.candidates));
            let said = if self.failed { Err(Halt::Stopped.into()) } else { Ok(said) };
            let said = self.member.agree(said)?;
            let mut best: BTreeMap<Bad, Candidate> = BTreeMap::new();
            for (process, (leads, candidates)) in said.into_iter().enumerate() {
                due.extend(leads[0].then_some((switches, steps + 1)));
                due.extend(leads[1].then_some((switches + 1, steps + 1)));
                for candidate in candidates {
                    if !self.is_sound(process, &candidate) {
                        return Err(self.member.group.garbled(process).into());
                    }
                    let bad = named.bad(candidate.bad.clone());
                    if best.get(&bad).is_none_or(|best| candidate.order < best.order) {
                        best.insert(bad, candidate);
                    }
                }
            }
            best.keys().for_each(|bad| {
                self.missing.remove(bad);
            });
            found.extend(best);
            if switches >= SWITCHES_MAX {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether it can be an actor's step.
    fn is_step(&self, (actor, _): Step) -> bool {
        usize::from(actor) < self.member.prepared.actors()
    }

    /// Whether a process can have found this.
    fn is_sound(&self, process: usize, candidate: &Candidate) -> bool {
        let ends = match &candidate.end {
            Ended::Known(End::View(view, ..)) => *view < self.member.prepared.scenario.views.len(),
            Ended::Known(End::Cycle(_)) => false,
            Ended::Known(End::Event | End::State) => true,
            Ended::Cycle(kind, _) => *kind < KINDS,
        };
        usize::from(candidate.process) == process
            && candidate.step.is_none_or(|step| self.is_step(step))
            && ends
    }

    fn initial(&mut self) -> Result<(), Stopping> {
        let process = self.own();
        let mut coming = Counted::new(&self.member.limits.ledger);
        for (number, key) in self.share.initial.iter().enumerate() {
            if let Some(state) = self.share.states.find(key) {
                let met = Met { state, from: number as u32, process, last: NOBODY, choice: 0 };
                coming.push(Coming { order: NO_SWITCH | (number as u64) << SUCCESSOR_BITS, met })?;
            }
        }
        self.waiting.insert((0, 0), coming);
        Ok(())
    }

    /// What the steps here do by themselves that lead to this cost.
    fn hear_louds(&mut self, price: Price) -> Result<(), Stopping> {
        let mut louds = self.louds.remove(&price).unwrap_or_default();
        louds.sort_unstable_by_key(|loud| loud.order);
        let mut unheard = self.missing.clone();
        for Loud { order, from, step } in louds {
            let before = self.share.states.get(self.met[from as usize].state);
            for bad in self.eyes.in_step(&mut self.expander, &before, step)? {
                if unheard.remove(&bad) {
                    let (process, end) = (self.own(), Ended::Known(End::Event));
                    let (bad, order) = (bad.told(), (order, false));
                    self.candidates.push(Candidate { bad, order, process, met: from, step: Some(step), end });
                }
            }
        }
        Ok(())
    }

    /// The meetings of a cost that are the first of their kind, in their order.
    fn settle(&mut self, price: Price) -> Result<Vec<Coming>, Stopping> {
        let (switches, steps) = price;
        let Some(mut coming) = self.waiting.remove(&price) else { return Ok(Vec::new()) };
        coming.sort_unstable_by_key(|coming| coming.order);
        let mut kept = Vec::new();
        for one in coming.iter() {
            if self.costs.settle(one.met.state, one.met.last, switches, steps)? {
                kept.push(*one);
            }
        }
        Ok(kept)
    }

    /// Gives the meetings of a cost their places among all that were kept: each, and how many there are. The two numbers are
    /// how many of each sort they may come from.
    fn rank(&mut self, kept: &[Coming], from: (u64, u64)) -> Result<(Vec<u64>, u64), processes::Error> {
        // Where they are few everybody hears of all.
        let few = kept.len() <= FEW;
        let orders = kept.iter().map(|one| one.order).filter(|_| few);
        let words: Vec<u64> = std::iter::once(few.into()).chain(orders).collect();
        let (came, _) = self.member.round(More::Nothing, &mut vec![words; self.member.count()])?;
        let mut all = Vec::new();
        let mut are_few = true;
        for (process, said) in came.iter().enumerate() {
            let Some((few, orders)) = said.words().split_first() else {
                return Err(self.member.group.garbled(process));
            };
            are_few &= *few != 0;
            all.extend_from_slice(orders);
        }
        if !are_few {
            return self.rank_many(kept, from);
        }
        all.sort_unstable();
        let rank = |one: &Coming| all.partition_point(|order| *order < one.order) as u64;
        Ok((kept.iter().map(rank).collect(), all.len() as u64))
    }

    /// The same, each process with a part of the places that they may come from.
    fn rank_many(
        &mut self,
        kept: &[Coming],
        (first, second): (u64, u64),
    ) -> Result<(Vec<u64>, u64), processes::Error> {
        let count = self.member.count();
        let all = (first + second).max(1);
        let place = |order: u64| {
            let parent = (order & !NO_SWITCH) >> SUCCESSOR_BITS;
            let place = if order & NO_SWITCH == 0 { parent } else { first + parent };
            ((u128::from(place) * count as u128 / u128::from(all)) as usize).min(count - 1)
        };
        let mut outgoing = self.member.nothing();
        let mut asked: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (at, one) in kept.iter().enumerate() {
            let to = place(one.order);
            outgoing[to].push(one.order);
            asked[to].push(at);
        }
        let (came, _) = self.member.round(More::Nothing, &mut outgoing)?;
        let mut orders: Vec<(u64, usize, usize)> = Vec::new();
        for (from, said) in came.iter().enumerate() {
            orders.extend(said.words().iter().enumerate().map(|(at, order)| (*order, from, at)));
        }
        orders.sort_unstable();
        for (outgoing, said) in outgoing.iter_mut().zip(&came) {
            outgoing.push(orders.len() as u64);
            outgoing.resize(1 + said.words().len(), 0);
        }
        for (rank, (_, from, at)) in orders.iter().enumerate() {
            outgoing[*from][1 + at] = rank as u64;
        }
        let (came, _) = self.member.round(More::Nothing, &mut outgoing)?;
        let mut ordinals = vec![0; kept.len()];
        let mut before = 0;
        for (from, (said, asked)) in came.iter().zip(&asked).enumerate() {
            let Some((&all, ranks)) = said.words().split_first() else {
                return Err(self.member.group.garbled(from));
            };
            asked.iter().zip(ranks).for_each(|(&at, rank)| ordinals[at] = rank.wrapping_add(before));
            before = before.wrapping_add(all);
        }
        Ok((ordinals, before))
    }

    /// Looks at the meetings that were kept, and gives away what follows them; whether there is any without a switch, and
    /// with one.
    fn go_on(
        &mut self,
        price: Price,
        kept: &[Coming],
        ordinals: &[u64],
    ) -> Result<[bool; 2], processes::Error> {
        let mut leads = [false; 2];
        let mut outgoing = self.member.nothing();
        let mut pieces = kept.chunks(ROUND).zip(ordinals.chunks(ROUND)).peekable();
        loop {
            if let Some((kept, ordinals)) = pieces.next() {
                let done = self.piece(price, (kept, ordinals), &mut outgoing, &mut leads);
                if self.note(done)?.is_none() {
                    while pieces.next().is_some() {}
                }
            }
            let own = if pieces.peek().is_some() { More::Something } else { More::Nothing };
            let (came, more) = self.member.round(own, &mut outgoing)?;
            for (from, said) in came.iter().enumerate() {
                // Who gave up has not heard everything, and tells so when this cost is done.
                if !self.failed {
                    let taken = self.take(price, from, said.words());
                    self.note(taken)?;
                }
            }
            if more != More::Something {
                return Ok(leads);
            }
        }
    }

    fn piece(
        &mut self,
        price: Price,
        (kept, ordinals): (&[Coming], &[u64]),
        outgoing: &mut [Vec<u64>],
        leads: &mut [bool; 2],
    ) -> Result<(), Stopping> {
        let mut successors = Vec::new();
        for (one, ordinal) in kept.iter().zip(ordinals) {
            let number = u32::try_from(self.met.len()).map_err(|_| Full::Numbers("ways"))?;
            self.met.push(one.met)?;
            let key = self.share.states.get(one.met.state);
            let census = self.expander.expand(&key, &mut successors)?;
            let moves = !successors.is_empty();
            if self.eyes.suspect(&key, one.met.state, census, moves) {
                self.state(number, one, &key, (census, moves))?;
            }
            for (at, next) in (0_u64..).zip(&successors) {
                let switch = one.met.last != NOBODY && one.met.last != next.actor;
                leads[usize::from(switch)] = true;
                let sort = if switch { 0 } else { NO_SWITCH };
                let order = sort | ordinal << SUCCESSOR_BITS | at;
                self.follow(price, (number, &key), next, (switch, order), outgoing)?;
            }
        }
        Ok(())
    }

    fn follow(
        &mut self,
        price: Price,
        (from, key): (u32, &Key<R>),
        next: &Successor<R>,
        (switch, order): (bool, u64),
        outgoing: &mut [Vec<u64>],
    ) -> Result<(), Stopping> {
        let Successor { actor: last, choice, .. } = *next;
        let actor = usize::from(last);
        if self.loud[actor].contains(&control_of(key, actor)) || next.is_last() {
            let louds = self.louds.entry(after(price, switch)).or_default();
            louds.push(Loud { order, from, step: (last, choice) });
        }
        let to = self.member.home(memory_of(&next.key))?;
        if to == self.member.number() {
            let process = self.own();
            let met = |state| Met { state, from, process, last, choice };
            self.come(after(price, switch), order, &next.key, met)
        } else {
            let step = u64::from(last) << 8 | u64::from(choice);
            outgoing[to].extend([order, step << STEP_SHIFT | u64::from(from)]);
            self.member.say(&next.key, 0, &mut outgoing[to]);
            Ok(())
        }
    }

    fn take(&mut self, price: Price, process: usize, mut words: &[u64]) -> Result<(), Stopping> {
        while !words.is_empty() {
            let Some(&[order, from]) = words.split_off(..2) else { return Err(Stopping::Garbled(process)) };
            let (key, _) = self.member.hear::<R>(process, &mut words, &mut self.expander)?;
            let (from, step, process) = (from as u32, from >> STEP_SHIFT, process as u16);
            let met = |state| Met { state, from, process, last: (step >> 8) as u8, choice: step as u8 };
            self.come(after(price, order & NO_SWITCH == 0), order, &key, met)?;
        }
        Ok(())
    }

    /// A state of ours is met at a cost. Beyond where a cut search came there is none.
    fn come(
        &mut self,
        price: Price,
        order: u64,
        key: &Key<R>,
        met: impl FnOnce(u32) -> Met,
    ) -> Result<(), Stopping> {
        let Some(state) = self.share.states.find(key) else { return Ok(()) };
        let met = met(state);
        if !self.costs.get(state).is_none_or(|cost| cost.settles(met.last, price.0, price.1)) {
            let ledger = &self.member.limits.ledger;
            let waiting = self.waiting.entry(price).or_insert_with(|| Counted::new(ledger));
            waiting.push(Coming { order, met })?;
        }
        Ok(())
    }

    /// What the state is.
    fn state(
        &mut self,
        number: u32,
        one: &Coming,
        key: &Key<R>,
        how: (Census, bool),
    ) -> Result<(), Stopping> {
        let limits = self.member.limits;
        let with = (&mut self.expander, &mut self.stuck);
        let seen = self.eyes.in_state(with, (key, one.met.state), how, &self.unseen, || limits.patience())?;
        for (bad, seen) in seen {
            let end = match seen {
                Seen::State => Ended::Known(End::State),
                Seen::View(view, way, cycle) => Ended::Known(End::View(view, way, cycle)),
                Seen::Cycle(kind) => match self.verdict.judged[kind].number_at(one.met.state) {
                    Some(wrong) => Ended::Cycle(kind, wrong),
                    None => continue,
                },
            };
            // They are looked at in their order: the first is the one that counts.
            if !self.unseen.remove(&bad) {
                continue;
            }
            let (bad, order, process) = (bad.told(), (one.order, true), self.own());
            self.candidates.push(Candidate { bad, order, process, met: number, step: None, end });
        }
        Ok(())
    }

    /// The ways to what was found, gathered from all processes.
    fn trace(&mut self, found: BTreeMap<Bad, Candidate>) -> Result<BTreeMap<Bad, Way>, Stop> {
        let rounds = self.ways_round(&found)?;
        let mut at: Vec<Option<(u16, u32)>> = Vec::new();
        let mut ways = Vec::new();
        for (candidate, round) in found.values().zip(rounds) {
            let end = match (&candidate.end, round) {
                (Ended::Known(end), _) => Some(end.clone()),
                (Ended::Cycle(..), Some(round)) if round.is_empty() => Some(End::State),
                (Ended::Cycle(..), round) => round.map(End::Cycle),
            };
            let steps: Vec<Step> = candidate.step.into_iter().collect();
            at.push((candidate.met != u32::MAX).then_some((candidate.process, candidate.met)));
            ways.push((0, steps, end));
        }
        while at.iter().any(Option::is_some) {
            let own = self.own();
            let here = at.iter().enumerate().filter_map(|(way, at)| {
                let (_, number) = at.filter(|(process, _)| *process == own)?;
                let back = |met: &Met| (way, (met.process, met.from), (met.last, met.choice));
                Some(self.met.get(number as usize).map(back).ok_or(Stopping::Halt(Halt::Stopped)))
            });
            let here: Result<Vec<Back>, Stopping> = here.collect();
            for (process, told) in self.member.agree(here)?.into_iter().enumerate() {
                for (way, before, step) in told {
                    let is_asked = at.get(way).is_some_and(|at| at.is_some_and(|at| at.0 == process as u16));
                    if is_asked
                        && step.0 == NOBODY
                        && (before.1 as usize) < self.member.prepared.initial.len()
                    {
                        (ways[way].0, at[way]) = (before.1 as usize, None);
                    } else if is_asked && self.is_step(step) && ways[way].1.len() <= self.steps as usize {
                        ways[way].1.push(step);
                        at[way] = Some(before);
                    } else {
                        return Err(self.member.group.garbled(process).into());
                    }
                }
            }
        }
        let ways = found.into_keys().zip(ways).filter_map(|(bad, (initial, mut steps, end))| {
            steps.reverse();
            Some((bad, Way { initial, steps, end: end? }))
        });
        Ok(ways.collect())
    }

    /// The way round of each that is a cycle, by who judged it.
    fn ways_round(&mut self, found: &BTreeMap<Bad, Candidate>) -> Result<Vec<Option<Vec<Step>>>, Stop> {
        let cycles = found.values().enumerate().filter_map(|(way, candidate)| match candidate.end {
            Ended::Cycle(kind, number) => Some((way, candidate, (kind, number as usize))),
            Ended::Known(_) => None,
        });
        let cycles: Vec<_> = cycles.collect();
        // Everybody hears from which state each goes round, and who judged it answers.
        let (own, mut words) = (self.own(), Vec::new());
        for (way, candidate, _) in cycles.iter().filter(|(_, one, _)| one.process == own) {
            words.push(*way as u64);
            let key = self.share.states.get(self.met[candidate.met as usize].state);
            self.member.say_whole(&key, &mut words);
        }
        let mut outgoing = vec![words; self.member.count()];
        let (came, _) = self.member.round(More::Nothing, &mut outgoing)?;
        let answers = self.answers(&cycles, &came);
        let mut rounds = vec![None; found.len()];
        for (process, told) in self.member.agree(answers)?.into_iter().enumerate() {
            for (way, round) in told {
                match rounds.get_mut(way) {
                    Some(at) if round.iter().all(|step| self.is_step(*step)) => *at = Some(round),
                    _ => return Err(self.member.group.garbled(process).into()),
                }
            }
        }
        Ok(rounds)
    }

    fn answers(
        &mut self,
        cycles: &[(usize, &Candidate, (usize, usize))],
        came: &[Said],
    ) -> Result<Vec<Round>, Stopping> {
        let mut answers = Vec::new();
        for (from, said) in came.iter().enumerate() {
            let mut words = said.words();
            while let Some(&way) = words.split_off_first() {
                let (start, _) = self.member.hear::<R>(from, &mut words, &mut self.expander)?;
                let cycle = cycles.iter().find(|(other, _, _)| *other as u64 == way);
                let &(way, _, wrong) = cycle.ok_or(Stopping::Garbled(from))?;
                match self.verdict.way_round(self.member, &mut self.expander, wrong, start) {
                    Ok(round) => answers.extend(round.map(|round| (way, round))),
                    Err(broken @ Stopping::Halt(Halt::Broken(_))) => return Err(broken),
                    // There is no time or room for this one.
                    Err(_) => {}
                }
            }
        }
        Ok(answers)
    }
}

/// The cost of a step more.
fn after((switches, steps): Price, switch: bool) -> Price {
    (switches + u32::from(switch), steps + 1)
}

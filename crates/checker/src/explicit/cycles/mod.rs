//! Cycles, judged: deadlock in company, livelock, unkillable.
//!
//! A run that never ends stays, in the end, in one strongly connected component of the states. Whether
//! it may do so is a question of fairness. A fair actor that moves inside is treated fairly by
//! a run that visits everything. One that doesn't move inside stands in front of one step, and a fair
//! run that stays avoids the states in which that step is enabled: all of them for an ordinary step
//! (weak fairness), those in which it is granted what it waits for otherwise (strong fairness). They are
//! taken away and the rest is decomposed again, as for Streett automata. An adversary owes nothing.
//!
//! The states are decomposed once, for all questions, and few of them are looked at. Not every step of
//! a cycle leads on to a later level of the breadth-first search, so it is enough to start from the states
//! to which the search saw a step from their own level or a later one ([`States::on_each_cycle`]), by an actor
//! that is on a cycle of its own there.
//! From there only steps are taken that stay on a cycle of the actor's own automaton
//! ([`LocalCycles`]). They stay within one class of states, and the classes are shared out to the threads.

mod component;
mod components;
mod local;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::{FxHashMap, FxHashSet};
use scenario::{Property, built_in};

use super::expand::{Expander, Roles, Stuck, Successor, waits};
use super::findings::{Bad, Findings, bytes_of_bad};
use super::key::{Key, SHARDS, control_of, memory_of};
use super::ledger::{Counted, Full, Held, Ledger};
use super::limits::{Halt, Limits};
use super::memories::Memories;
use super::prepared::Prepared;
use super::search::Searched;
use super::team::on_threads;
use super::visited::{Shard, States, mix};
use component::{Component as Graph, Endless};
use components::{Components, Decomposer};
pub(crate) use local::LocalCycles;
use steps::Steps;

/// The components in which something is wrong, of one kind.
pub(crate) struct Judged {
    /// For each state its component plus one, or 0; empty where there are none.
    component: Counted<u32>,
    pub(crate) found: Vec<Component>,
    /// The actors whose steps count.
    movers: u16,
}

/// A component in which something is wrong.
pub(crate) struct Component {
    pub(crate) bad: Bad,
    /// The actors that a fair run inside must move; none where no run is shown.
    needed: u16,
    /// Whether somebody waits there, and does not go round himself.
    pub(crate) waits: bool,
}

impl Judged {
    fn new(states: usize, movers: u16, wrong: Vec<Wrong<u32>>, ledger: &Arc<Ledger>) -> Result<Judged, Full> {
        let mut component = Counted::zeros(if wrong.is_empty() { 0 } else { states }, ledger)?;
        let mut found = Vec::new();
        for Wrong { bad, needed, waits, states } in wrong {
            found.push(Component { bad, needed, waits });
            for &state in states.iter() {
                component[state as usize] = found.len() as u32;
            }
        }
        Ok(Judged { component, found, movers })
    }

    /// What is wrong in a state's component.
    pub(crate) fn at(&self, state: u32) -> Option<&Component> {
        let component = *self.component.get(state as usize)?;
        self.found.get((component as usize).checked_sub(1)?)
    }

    /// The number of what is wrong in a state's component.
    pub(crate) fn number_at(&self, state: u32) -> Option<u32> {
        self.component.get(state as usize)?.checked_sub(1)
    }

    /// A way round from a state in a component back to it, on which everybody moves who must. `go_on` is
    /// asked now and then.
    pub(crate) fn way_round<const R: usize>(
        &self,
        states: &States<R>,
        expander: &mut Expander,
        start: u32,
        go_on: impl Fn() -> Result<(), Halt>,
    ) -> Result<Vec<(u8, u8)>, Halt> {
        let component = self.component[start as usize];
        let is_inside =
            |key: &Key<R>| states.find(key).is_some_and(|state| self.component[state as usize] == component);
        let needed = self.at(start).map_or(0, |component| component.needed);
        let asked = (states.get(start), needed, self.movers);
        way_round(asked, is_inside, expander, self.component.ledger(), go_on)
    }
}

/// A way by steps of `movers` from a state back to it, through states of its component, on which those move who are needed.
pub(crate) fn way_round<const R: usize>(
    (start, mut needed, movers): (Key<R>, u16, u16),
    is_inside: impl Fn(&Key<R>) -> bool,
    expander: &mut Expander,
    ledger: &Arc<Ledger>,
    go_on: impl Fn() -> Result<(), Halt>,
) -> Result<Vec<(u8, u8)>, Halt> {
    let (mut way, mut at) = (Vec::new(), start);
    let mut successors = Vec::new();
    while needed != 0 || at != start {
        // The nearest step of an actor that is still needed, or the nearest way back.
        let mut from: FxHashMap<Key<R>, (Key<R>, u8, u8)> = FxHashMap::default();
        let mut held = Held::new(ledger);
        let mut queue = vec![at];
        let mut next = 0;
        let mut last = None;
        while next < queue.len() && last.is_none() {
            let state = queue[next];
            next += 1;
            if next % 1024 == 0 {
                go_on()?;
            }
            expander.expand(&state, &mut successors)?;
            for s in &successors {
                if movers & (1 << s.actor) == 0 || !is_inside(&s.key) {
                    continue;
                }
                let arrives = if needed == 0 { s.key == start } else { needed & (1 << s.actor) != 0 };
                if arrives {
                    last = Some((state, s.actor, s.choice, s.key));
                    break;
                }
                if s.key != at && !from.contains_key(&s.key) {
                    // As tables and vectors grow.
                    held.take(3 * size_of::<(Key<R>, (Key<R>, u8, u8))>() + 3 * size_of::<Key<R>>())?;
                    from.insert(s.key, (state, s.actor, s.choice));
                    queue.push(s.key);
                }
            }
        }
        let Some((mut state, actor, choice, to)) = last else { break };
        let mut piece = vec![(actor, choice)];
        while state != at {
            let (before, actor, choice) = from[&state];
            piece.push((actor, choice));
            state = before;
        }
        piece.reverse();
        needed = piece.iter().fold(needed, |needed, (actor, _)| needed & !(1 << actor));
        way.extend(piece);
        at = to;
    }
    Ok(way)
}

/// The states of a part of the graph in which something is wrong: as keys, or by their numbers.
pub(crate) struct Wrong<S> {
    pub(crate) bad: Bad,
    pub(crate) needed: u16,
    pub(crate) waits: bool,
    pub(crate) states: Counted<S>,
}

impl<const R: usize> Wrong<Key<R>> {
    fn numbered(self, states: &States<R>) -> Result<Wrong<u32>, Full> {
        let Wrong { bad, needed, waits, states: keys } = self;
        let mut numbers = Counted::new(keys.ledger());
        for number in keys.iter().filter_map(|key| states.find(key)) {
            numbers.push(number)?;
        }
        Ok(Wrong { bad, needed, waits, states: numbers })
    }
}

/// What can be wrong.
#[derive(Clone, Copy)]
enum Kind {
    Livelock,
    Unkillable,
    Stuck,
}

/// How many kinds there are.
pub(crate) const KINDS: usize = 3;

/// What was found, by kind.
pub(crate) type Verdicts<S> = [Vec<Wrong<S>>; KINDS];

/// The verdicts by state, where there are so many.
pub(crate) fn judged(
    prepared: &Prepared,
    states: usize,
    verdicts: Verdicts<u32>,
    ledger: &Arc<Ledger>,
) -> Result<Vec<Judged>, Full> {
    verdicts
        .into_iter()
        .zip(movers(prepared))
        .map(|(wrong, movers)| Judged::new(states, movers, wrong, ledger))
        .collect()
}

/// The actors whose steps count, by kind: a run that nobody but an adversary goes on with is no livelock.
pub(crate) fn movers(prepared: &Prepared) -> [u16; KINDS] {
    let everybody = prepared.mask(|_| true);
    [Roles::new(prepared).fair, everybody, everybody]
}

/// States that are on each cycle, with their classes: one list for each last byte of a class.
struct Classes(Vec<Counted<(u32, u32)>>);

const LISTS: usize = 256;

impl Classes {
    fn new(ledger: &Arc<Ledger>) -> Classes {
        Classes((0..LISTS).map(|_| Counted::new(ledger)).collect())
    }

    /// Adds those of one shard.
    fn gather<const R: usize>(
        &mut self,
        states: &States<R>,
        shard: usize,
        cycles: &LocalCycles,
    ) -> Result<(), Full> {
        let mut last = None;
        for (state, key, by) in states.on_each_cycle(shard) {
            // Who moves on a cycle stays on one of its own.
            if cycles.movers(&key) & by != 0 && last != Some(state) {
                let class = cycles.class(&key);
                self.0[class as usize % LISTS].push((class, state))?;
                last = Some(state);
            }
        }
        Ok(())
    }
}

/// States that are looked at for whether somebody who waits can be freed. Where that is far, or never, the plain graph tells.
const WAY_ON_MAX: usize = 1 << 12;

/// Fewer states are not worth a second thread.
const ALONE: usize = 4096;

/// What is asked now and then whether there is time for more.
pub(crate) type GoOn = fn(&Limits) -> Result<(), Halt>;
/// As long as the bounds allow it, which are noted where they don't.
pub(crate) const WITHIN_BOUNDS: GoOn = |limits| limits.go_on();
/// As long as somebody may wait for schedules.
pub(crate) const WITH_PATIENCE: GoOn = |limits| limits.patience();

/// Judges all cycles, on all threads.
pub(crate) fn judge<const R: usize>(
    prepared: &Prepared,
    searched: &Searched<R>,
    memories: &Memories,
    limits: &Limits,
    go_on: GoOn,
) -> Result<Vec<Judged>, Halt> {
    let states = &searched.states;
    let ledger = &limits.ledger;
    let cycles = LocalCycles::of(prepared, ledger)?;
    if cycles.none() {
        return Ok(Vec::new()); // Whoever moves moves on.
    }
    let threads = if states.len() > ALONE { limits.options.threads.max(1) } else { 1 };
    let next = AtomicUsize::new(0);
    let gathered = on_threads(threads, || {
        let mut classes = Classes::new(ledger);
        let shards = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        for shard in shards.take_while(|shard| *shard < SHARDS) {
            go_on(limits)?;
            classes.gather(states, shard, &cycles)?;
        }
        Ok(classes)
    });
    let gathered = gathered.into_iter().collect::<Result<Vec<Classes>, Halt>>()?;
    let all: usize = gathered.iter().flat_map(|classes| &classes.0).map(|list| list.len()).sum();

    let findings = Findings::new(ledger);
    let next = AtomicUsize::new(0);
    let parts = on_threads(if all > ALONE { threads } else { 1 }, || {
        let expander = Expander::new(prepared, memories, &findings, searched.effects.clone());
        let steps = steps_of(prepared, searched, limits);
        let mut judge = Judge::new(prepared, steps, &cycles, (limits, go_on), expander);
        let lists = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        for number in lists.take_while(|list| *list < LISTS) {
            judge.list(states, &gathered, number).inspect_err(|_| {
                // Nor need the others go on.
                next.store(LISTS, Ordering::Relaxed);
            })?;
        }
        let mut verdicts = Verdicts::default();
        for (numbered, wrong) in verdicts.iter_mut().zip(judge.verdicts) {
            *numbered = wrong.into_iter().map(|wrong| wrong.numbered(states)).collect::<Result<_, _>>()?;
        }
        Ok(verdicts)
    });
    let mut all = Verdicts::default();
    for part in parts.into_iter().collect::<Result<Vec<Verdicts<u32>>, Halt>>()? {
        all.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
    }
    Ok(judged(prepared, states.len(), all, ledger)?)
}

/// Whether there is any cycle, where [equal actors](super::symmetry) are in order, too: states are of no class then, since who is on a
/// cycle changes places.
pub(crate) fn any_cycle<const R: usize>(
    prepared: &Prepared,
    searched: &Searched<R>,
    memories: &Memories,
    limits: &Limits,
) -> Result<bool, Halt> {
    let states = &searched.states;
    let cycles = LocalCycles::of(prepared, &limits.ledger)?;
    if cycles.none() {
        return Ok(false);
    }
    let findings = Findings::new(&limits.ledger);
    let mut expander = Expander::new(prepared, memories, &findings, searched.effects.clone());
    if searched.is_symmetric {
        expander.sort();
    }
    let mut judge = Judge::new(
        prepared,
        steps_of(prepared, searched, limits),
        &cycles,
        (limits, WITHIN_BOUNDS),
        expander,
    );
    let all = (0..SHARDS).flat_map(|shard| states.on_each_cycle(shard));
    let all = all.filter(|(_, key, by)| cycles.movers(key) & by != 0).map(|(_, key, _)| key);
    Ok(judge.components(all)?.iter().next().is_some())
}

/// The steps that a search took.
fn steps_of<'a, const R: usize>(
    prepared: &Prepared,
    searched: &'a Searched<R>,
    limits: &Limits,
) -> Steps<'a, R> {
    // Chains of a search that was cut lead on, without an end that is known, to what was not searched.
    match searched.reduced.as_ref().filter(|_| searched.has_chains && !limits.stopped()) {
        Some(reduced) => Steps::taken(prepared, &searched.states, reduced),
        None => Steps::Met(&searched.states),
    }
}

/// Judges all cycles that go through one of these states, class by class, where everything that follows them was met.
pub(crate) fn judge_classes<const R: usize, C: IntoIterator<Item = Key<R>>>(
    prepared: &Prepared,
    cycles: &LocalCycles,
    limits: &Limits,
    expander: Expander,
    classes: impl Iterator<Item = C>,
) -> Result<Verdicts<Key<R>>, Halt> {
    let mut judge = Judge::new(prepared, Steps::All, cycles, (limits, WITHIN_BOUNDS), expander);
    for class in classes {
        judge.class(class.into_iter())?;
    }
    Ok(judge.verdicts)
}

/// One thread's judge of cycles.
struct Judge<'a, const R: usize> {
    prepared: &'a Prepared,
    steps: Steps<'a, R>,
    cycles: &'a LocalCycles,
    limits: &'a Limits<'a>,
    go_on: GoOn,
    roles: Roles,
    expander: Expander<'a>,
    /// The states of the class in hand that were met, by numbers of their own.
    class: Shard<R>,
    decomposer: Decomposer,
    successors: Vec<Successor<R>>,
    /// For each state of the class its number in the component in hand, if any.
    places: Counted<u32>,
    /// By memory, whether a fatal signal is pending.
    killed: FxHashMap<u32, bool>,
    words: Stuck,
    looked: u32,
    verdicts: Verdicts<Key<R>>,
}

impl<'a, const R: usize> Judge<'a, R> {
    fn new(
        prepared: &'a Prepared,
        steps: Steps<'a, R>,
        cycles: &'a LocalCycles,
        (limits, go_on): (&'a Limits<'a>, GoOn),
        expander: Expander<'a>,
    ) -> Self {
        Judge {
            prepared,
            steps,
            cycles,
            limits,
            go_on,
            roles: Roles::new(prepared),
            expander,
            class: Shard::new(limits.ceilings.states, prepared.actors(), None, &limits.ledger),
            decomposer: Decomposer::new(&limits.ledger),
            successors: Vec::new(),
            places: Counted::new(&limits.ledger),
            killed: FxHashMap::default(),
            words: Stuck::default(),
            looked: 0,
            verdicts: Verdicts::default(),
        }
    }

    fn look(&mut self) -> Result<(), Halt> {
        self.looked = self.looked.wrapping_add(1);
        if self.looked.is_multiple_of(1024) { (self.go_on)(self.limits) } else { Ok(()) }
    }

    /// Judges the classes whose last byte is this.
    fn list(&mut self, states: &States<R>, gathered: &[Classes], number: usize) -> Result<(), Halt> {
        let mut all = Counted::new(&self.limits.ledger);
        for classes in gathered {
            all.extend_from_slice(&classes.0[number])?;
        }
        all.sort_unstable();
        for class in all.chunk_by(|(one, _), (other, _)| one == other) {
            self.class(class.iter().map(|&(_, state)| states.get(state)))?;
        }
        Ok(())
    }

    /// Judges all cycles that go through one of these states, which are of one class.
    fn class(&mut self, states: impl Iterator<Item = Key<R>>) -> Result<(), Halt> {
        for component in self.components(states)?.iter() {
            self.component(component)?;
        }
        Ok(())
    }

    /// The components that these states of one class lead to, by the numbers of the class.
    fn components(&mut self, keys: impl Iterator<Item = Key<R>>) -> Result<Components, Halt> {
        self.class.clear();
        let mut roots = Counted::new(&self.limits.ledger);
        for key in keys {
            roots.push(self.class.insert(&key, mix(&key))? as u32)?;
        }
        let mut decomposer = std::mem::replace(&mut self.decomposer, Decomposer::new(&self.limits.ledger));
        let found = decomposer.components(roots.iter().copied(), |state, out| -> Result<(), Halt> {
            self.look()?;
            let key = self.class.get(state as usize);
            let movers = self.cycles.movers(&key);
            let stays = |next: &Successor<R>| self.cycles.stays(&key, next);
            self.steps.by(movers, &key, &mut self.expander, &mut self.successors, stays)?;
            for next in &self.successors {
                out.push(self.class.insert(&next.key, mix(&next.key))? as u32);
            }
            Ok(())
        });
        self.decomposer = decomposer;
        found
    }

    fn component(&mut self, members: &[u32]) -> Result<(), Halt> {
        let graph = self.graph(members)?;
        let roles = self.roles;
        let stuck = if self.steps.are_all() {
            graph.stuck(&roles)
        } else {
            // Some of the steps that lead out of a reduced graph lead on in the plain one.
            let waiting = graph.waiting(&roles);
            if waiting == 0 { 0 } else { waiting & !self.freed(members, waiting)? }
        };
        if stuck != 0 {
            let key = self.class.get(members[0] as usize);
            let bad = self.words.deadlock(&mut self.expander, &key, stuck).clone();
            let wrong = self.wrong((bad, 0, true), members, 0..graph.len() as u32)?;
            self.verdicts[Kind::Stuck as usize].push(wrong);
        }
        for endless in self.endless(&graph, roles.fair, None)? {
            // Who waits while others go round, and for ever, is told as stuck.
            if endless.moving || stuck == 0 {
                let wrong = self.goes_on(&built_in::LIVELOCK, members, &endless)?;
                self.verdicts[Kind::Livelock as usize].push(wrong);
            }
        }
        if self.prepared.scenario.killed.is_some() {
            let mut kept = Counted::new(&self.limits.ledger);
            for &member in members {
                kept.push(self.is_killed(member)?)?;
            }
            for endless in self.endless(&graph, self.prepared.mask(|_| true), Some(&kept))? {
                let wrong = self.goes_on(&built_in::UNKILLABLE, members, &endless)?;
                self.verdicts[Kind::Unkillable as usize].push(wrong);
            }
        }
        Ok(())
    }

    /// Of actors that wait throughout a component, those that don't wait somewhere on the way on from there, as far as that is
    /// looked for: they can be freed. Steps of a reduced graph are steps of the plain one, so they can there, too.
    fn freed(&mut self, members: &[u32], waiting: u16) -> Result<u16, Halt> {
        let mut held = Held::new(&self.limits.ledger);
        let mut queue = vec![self.class.get(members[0] as usize)];
        let mut met: FxHashSet<Key<R>> = queue.iter().copied().collect();
        let (mut freed, mut next) = (0, 0);
        while next < queue.len() && waiting & !freed != 0 && next < WAY_ON_MAX {
            self.look()?;
            let key = queue[next];
            next += 1;
            let census = self.steps.with_census(&key, &mut self.expander, &mut self.successors)?;
            if census.dead {
                continue;
            }
            freed |= waiting & !census.blocked;
            for successor in &self.successors {
                if self.steps.lead_to(&successor.key) && met.insert(successor.key) {
                    held.take(3 * size_of::<Key<R>>())?;
                    queue.push(successor.key);
                }
            }
        }
        Ok(freed)
    }

    fn endless(&mut self, graph: &Graph, movers: u16, kept: Option<&[bool]>) -> Result<Vec<Endless>, Halt> {
        let (limits, looked, go_on) = (self.limits, &mut self.looked, self.go_on);
        graph.endless(&mut self.decomposer, &self.roles, movers, kept, &mut || {
            *looked = looked.wrapping_add(1);
            if looked.is_multiple_of(1024) { go_on(limits) } else { Ok(()) }
        })
    }

    fn goes_on(
        &mut self,
        property: &Property,
        members: &[u32],
        endless: &Endless,
    ) -> Result<Wrong<Key<R>>, Halt> {
        let key = self.class.get(members[endless.states[0] as usize] as usize);
        let witness = witness(self.prepared, &mut self.expander, &key, endless);
        let what = (Bad::new(property.id, witness), endless.needed, !endless.moving);
        self.wrong(what, members, endless.states.iter().copied())
    }

    /// Some states of a component.
    fn wrong(
        &self,
        (bad, needed, waits): (Bad, u16, bool),
        members: &[u32],
        states: impl Iterator<Item = u32>,
    ) -> Result<Wrong<Key<R>>, Halt> {
        let mut keys = Counted::new(&self.limits.ledger);
        self.limits.ledger.take(size_of::<Wrong<u32>>() + bytes_of_bad(std::slice::from_ref(&bad)))?;
        for state in states {
            keys.push(self.class.get(members[state as usize] as usize))?;
        }
        Ok(Wrong { bad, needed, waits, states: keys })
    }

    /// Whether a fatal signal is pending in a state of the class.
    fn is_killed(&mut self, state: u32) -> Result<bool, Halt> {
        let memory = memory_of(&self.class.get(state as usize));
        if let Some(&is) = self.killed.get(&memory) {
            return Ok(is);
        }
        let is = self.prepared.is_killed(self.expander.words(memory))?;
        self.killed.insert(memory, is);
        Ok(is)
    }

    /// A component as a graph of its own.
    fn graph(&mut self, members: &[u32]) -> Result<Graph, Halt> {
        self.places.stretch(self.class.len())?;
        for (place, &member) in members.iter().enumerate() {
            self.places[member as usize] = place as u32;
        }
        let mut graph = Graph::new(&self.limits.ledger);
        for &member in members {
            self.look()?;
            let key = self.class.get(member as usize);
            let census = self.expander.expand(&key, &mut self.successors)?;
            graph.add_state(census)?;
            for next in &self.successors {
                let place = self.class.find(&next.key, mix(&next.key)).and_then(|to| {
                    // The places of earlier components were not wiped.
                    let place = self.places[to];
                    (members.get(place as usize) == Some(&(to as u32))).then_some(place)
                });
                graph.add_step(next.actor, place)?;
            }
        }
        Ok(graph)
    }
}

/// `write goes round`, `read waits in folio_lock`.
fn witness<const R: usize>(
    prepared: &Prepared,
    expander: &mut Expander,
    key: &Key<R>,
    endless: &Endless,
) -> String {
    let actors: Vec<usize> = (0..prepared.actors()).filter(|a| endless.shown & (1 << a) != 0).collect();
    if !endless.moving {
        let waiting: Vec<_> = actors.iter().map(|&a| (a, control_of(key, a))).collect();
        return waits(expander, &waiting);
    }
    let names: Vec<&str> = actors.iter().map(|&a| prepared.name(a)).collect();
    match names[..] {
        [name] => format!("{name} goes round"),
        _ => format!("{} go round", names.join(" and ")),
    }
}

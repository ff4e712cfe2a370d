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
//! to which the search saw a step from their own level or a later one ([`States::on_each_cycle`]).
//! From there only steps are taken that stay on a cycle of the actor's own automaton
//! ([`LocalCycles`]). They stay within one class of states, and the classes are shared out to the threads.

mod component;
mod components;
mod local;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashMap;
use scenario::{Property, built_in};

use super::expand::{Expander, Halt, Roles, Stuck, Successor, waits};
use super::findings::{Bad, Findings};
use super::search::Limits;
use super::visited::{Key, Memories, Shard, States, control_of, memory_of, mix};
use super::Prepared;
use component::{Component as Graph, Endless};
use components::Decomposer;
use local::LocalCycles;

/// The components in which something is wrong, of one kind.
pub(crate) struct Judged {
    /// For each state its component plus one, or 0; empty where there are none.
    component: Vec<u32>,
    pub(crate) found: Vec<Component>,
    /// The actors whose steps count.
    movers: u16,
}

/// A component in which something is wrong.
pub(crate) struct Component {
    pub(crate) bad: Bad,
    /// The actors that a fair run inside must move; none where no run is shown.
    needed: u16,
}

impl Judged {
    fn new(states: usize, movers: u16, wrong: Vec<Wrong>) -> Judged {
        let mut component = vec![0; if wrong.is_empty() { 0 } else { states }];
        let mut found = Vec::new();
        for Wrong { bad, needed, states } in wrong {
            found.push(Component { bad, needed });
            for state in states {
                component[state as usize] = found.len() as u32;
            }
        }
        Judged { component, found, movers }
    }

    /// What is wrong in a state's component.
    pub(crate) fn at(&self, state: u32) -> Option<&Component> {
        let component = *self.component.get(state as usize)?;
        self.found.get((component as usize).checked_sub(1)?)
    }

    /// A way round from a state in a component back to it, on which everybody moves who must.
    pub(crate) fn way_round<const R: usize>(
        &self,
        states: &States<R>,
        expander: &mut Expander,
        start: u32,
    ) -> Result<Vec<(u8, u8)>, Halt> {
        let component = self.component[start as usize];
        let mut needed = self.at(start).map_or(0, |c| c.needed);
        let (mut way, mut at) = (Vec::new(), start);
        let mut successors = Vec::new();
        while needed != 0 || at != start {
            // The nearest step of an actor that is still needed, or the nearest way back.
            let mut from: FxHashMap<u32, (u32, u8, u8)> = FxHashMap::default();
            let mut queue = vec![at];
            let mut next = 0;
            let mut last = None;
            while next < queue.len() && last.is_none() {
                let state = queue[next];
                next += 1;
                expander.expand(&states.get(state), &mut successors)?;
                for s in &successors {
                    let Some(to) = states.find(&s.key) else { continue };
                    let inside = self.component[to as usize] == component;
                    if !inside || self.movers & (1 << s.actor) == 0 {
                        continue;
                    }
                    let arrives = if needed == 0 { to == start } else { needed & (1 << s.actor) != 0 };
                    if arrives {
                        last = Some((state, s.actor, s.choice, to));
                        break;
                    }
                    if to != at && !from.contains_key(&to) {
                        from.insert(to, (state, s.actor, s.choice));
                        queue.push(to);
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
}

/// Why judging ended early.
pub(crate) enum Cut {
    /// A limit was met.
    Limit,
    /// The scenario or a model is broken.
    Halt(Halt),
}

impl From<Halt> for Cut {
    fn from(halt: Halt) -> Cut {
        Cut::Halt(halt)
    }
}

/// The states of a part of the graph in which something is wrong.
struct Wrong {
    bad: Bad,
    needed: u16,
    states: Vec<u32>,
}

/// What was found, by kind.
#[derive(Default)]
struct Verdicts {
    stuck: Vec<Wrong>,
    livelock: Vec<Wrong>,
    unkillable: Vec<Wrong>,
}

/// Where classes of states begin that are judged by one thread in a row, by their states that are on
/// each cycle.
struct Classes {
    states: Vec<(u32, u32)>,
    pieces: Vec<usize>,
}

/// States on each cycle that one thread takes at a time, and which are not worth a second one.
const PIECE: usize = 64;

impl Classes {
    fn of<const R: usize>(states: &States<R>, cycles: &LocalCycles) -> Classes {
        let class = |state| {
            let key = states.get(state);
            (cycles.movers(&key) != 0).then(|| (cycles.class(&key), state))
        };
        let mut states: Vec<(u32, u32)> = states.on_each_cycle().filter_map(class).collect();
        states.sort_unstable();
        let mut pieces = vec![0];
        let mut begun = 0;
        for at in 1..states.len() {
            if at - begun >= PIECE && states[at].0 != states[at - 1].0 {
                pieces.push(at);
                begun = at;
            }
        }
        pieces.push(states.len());
        Classes { states, pieces }
    }

    fn piece(&self, number: usize) -> Option<&[(u32, u32)]> {
        Some(&self.states[*self.pieces.get(number)?..*self.pieces.get(number + 1)?])
    }
}

/// Judges all cycles, on so many threads.
pub(crate) fn judge<const R: usize>(
    prepared: &Prepared,
    states: &States<R>,
    memories: &Memories,
    limits: &Limits,
    threads: usize,
) -> Result<Vec<Judged>, Cut> {
    let cycles = LocalCycles::of(prepared);
    if cycles.none() {
        return Ok(Vec::new()); // Whoever moves moves on.
    }
    let classes = Classes::of(states, &cycles);
    let findings = Findings::default();
    let next = AtomicUsize::new(0);
    let judge = || {
        let expander = Expander::new(prepared, memories, &findings);
        let mut judge = Judge::new(prepared, states, &cycles, limits, expander);
        judge.expander.expect(classes.states.len());
        while let Some(piece) = classes.piece(next.fetch_add(1, Ordering::Relaxed)) {
            for class in piece.chunk_by(|(one, _), (other, _)| one == other) {
                judge.class(class.iter().map(|&(_, state)| state))?;
            }
        }
        Ok(judge.verdicts)
    };
    let helpers = threads.min(classes.pieces.len() - 1).max(1);
    let parts: Vec<Result<Verdicts, Cut>> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..helpers).map(|_| scope.spawn(judge)).collect();
        let first = judge();
        let joined = others.into_iter().map(|other| match other.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(first).chain(joined).collect()
    });
    let mut all = Verdicts::default();
    for part in parts {
        let Verdicts { stuck, livelock, unkillable } = part?;
        all.stuck.extend(stuck);
        all.livelock.extend(livelock);
        all.unkillable.extend(unkillable);
    }
    let everybody = prepared.mask(|_| true);
    let judged = |movers, wrong| Judged::new(states.len(), movers, wrong);
    Ok(vec![
        judged(Roles::new(prepared).fair, all.livelock),
        judged(everybody, all.unkillable),
        judged(everybody, all.stuck),
    ])
}

/// One thread's judge of cycles.
struct Judge<'a, const R: usize> {
    prepared: &'a Prepared,
    states: &'a States<R>,
    cycles: &'a LocalCycles,
    limits: &'a Limits<'a>,
    roles: Roles,
    expander: Expander<'a>,
    /// The states of the class in hand that were met, by numbers of their own.
    class: Shard<R>,
    decomposer: Decomposer,
    successors: Vec<Successor<R>>,
    /// For each state of the class its number in the component in hand, if any.
    places: Vec<u32>,
    /// By memory, whether a fatal signal is pending.
    killed: FxHashMap<u32, bool>,
    words: Stuck,
    looked: u32,
    verdicts: Verdicts,
}

impl<'a, const R: usize> Judge<'a, R> {
    fn new(
        prepared: &'a Prepared,
        states: &'a States<R>,
        cycles: &'a LocalCycles,
        limits: &'a Limits<'a>,
        expander: Expander<'a>,
    ) -> Self {
        Judge {
            prepared,
            states,
            cycles,
            limits,
            roles: Roles::new(prepared),
            expander,
            class: Shard::default(),
            decomposer: Decomposer::default(),
            successors: Vec::new(),
            places: Vec::new(),
            killed: FxHashMap::default(),
            words: Stuck::default(),
            looked: 0,
            verdicts: Verdicts::default(),
        }
    }

    fn look(&mut self) -> Result<(), Cut> {
        self.looked = self.looked.wrapping_add(1);
        if self.looked.is_multiple_of(1024) && self.limits.out_of_time() { Err(Cut::Limit) } else { Ok(()) }
    }

    /// Judges all cycles that go through one of these states, which are of one class.
    fn class(&mut self, states: impl Iterator<Item = u32>) -> Result<(), Cut> {
        for component in self.components(states)? {
            self.component(&component)?;
        }
        Ok(())
    }

    /// The components that these states of one class lead to, by the numbers of the class.
    fn components(&mut self, states: impl Iterator<Item = u32>) -> Result<Vec<Vec<u32>>, Cut> {
        self.class.clear();
        let keys = states.map(|state| self.states.get(state));
        let roots: Vec<u32> = keys.map(|key| self.class.insert(&key, mix(&key)) as u32).collect();
        let mut decomposer = std::mem::take(&mut self.decomposer);
        let found = decomposer.components(roots, |state, out| -> Result<(), Cut> {
            self.look()?;
            let key = *self.class.get(state as usize);
            let movers = self.cycles.movers(&key);
            self.expander.expand_by(movers, &key, &mut self.successors)?;
            for next in &self.successors {
                if self.cycles.stays(&key, &next.key, usize::from(next.actor)) && self.states.has(&next.key) {
                    out.push(self.class.insert(&next.key, mix(&next.key)) as u32);
                }
            }
            Ok(())
        });
        self.decomposer = decomposer;
        found
    }

    fn component(&mut self, members: &[u32]) -> Result<(), Cut> {
        let graph = self.graph(members)?;
        let stuck = graph.stuck(&self.roles);
        if stuck != 0 {
            let key = self.class.get(members[0] as usize);
            let bad = self.words.deadlock(&mut self.expander, key, stuck).clone();
            let states = self.numbers(members, 0..graph.len() as u32);
            self.verdicts.stuck.push(Wrong { bad, needed: 0, states });
        }
        for endless in graph.endless(&mut self.decomposer, &self.roles, self.roles.fair, None) {
            // Who waits while others go round, and for ever, is told as stuck.
            if endless.moving || stuck == 0 {
                let wrong = self.wrong(&built_in::LIVELOCK, members, endless);
                self.verdicts.livelock.push(wrong);
            }
        }
        if self.prepared.scenario.killed.is_some() {
            let kept = members.iter().map(|&member| self.is_killed(member));
            let kept = kept.collect::<Result<Vec<bool>, Cut>>()?;
            let everybody = self.prepared.mask(|_| true);
            for endless in graph.endless(&mut self.decomposer, &self.roles, everybody, Some(&kept)) {
                let wrong = self.wrong(&built_in::UNKILLABLE, members, endless);
                self.verdicts.unkillable.push(wrong);
            }
        }
        Ok(())
    }

    fn numbers(&self, members: &[u32], states: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let key = |state: u32| self.class.get(members[state as usize] as usize);
        states.into_iter().filter_map(|state| self.states.find(key(state))).collect()
    }

    fn wrong(&mut self, property: &Property, members: &[u32], endless: Endless) -> Wrong {
        let key = *self.class.get(members[endless.states[0] as usize] as usize);
        let witness = witness(self.prepared, &mut self.expander, &key, &endless);
        let states = self.numbers(members, endless.states);
        Wrong { bad: Bad::new(property.id, witness), needed: endless.needed, states }
    }

    /// Whether a fatal signal is pending in a state of the class.
    fn is_killed(&mut self, state: u32) -> Result<bool, Cut> {
        let memory = memory_of(self.class.get(state as usize));
        if let Some(&is) = self.killed.get(&memory) {
            return Ok(is);
        }
        let is = self.prepared.is_killed(self.expander.words(memory)).map_err(Halt::Broken)?;
        self.killed.insert(memory, is);
        Ok(is)
    }

    /// A component as a graph of its own.
    fn graph(&mut self, members: &[u32]) -> Result<Graph, Cut> {
        if self.places.len() < self.class.len() {
            self.places.resize(self.class.len(), 0);
        }
        for (place, &member) in members.iter().enumerate() {
            self.places[member as usize] = place as u32;
        }
        let mut graph = Graph::default();
        for &member in members {
            self.look()?;
            let key = *self.class.get(member as usize);
            let census = self.expander.expand(&key, &mut self.successors)?;
            graph.done.push(census.done);
            graph.blocked.push(census.blocked);
            graph.first.push(graph.to.len() as u32);
            for next in &self.successors {
                let place = self.class.find(&next.key, mix(&next.key)).and_then(|to| {
                    // The places of earlier components were not wiped.
                    let place = self.places[to];
                    (members.get(place as usize) == Some(&(to as u32))).then_some(place)
                });
                match place {
                    Some(place) => {
                        graph.to.push(place);
                        graph.actor.push(next.actor);
                    }
                    None => graph.left = true,
                }
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
    let names: Vec<&str> = actors.iter().map(|&a| prepared.automata[a].name).collect();
    match names[..] {
        [name] => format!("{name} goes round"),
        _ => format!("{} go round", names.join(" and ")),
    }
}

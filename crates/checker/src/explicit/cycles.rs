//! Cycles, judged: deadlock in company, livelock, unkillable.
//!
//! A run that never ends stays, in the end, in one strongly connected component of the states. Whether
//! it may do so is a question of fairness. A fair actor that moves inside is treated fairly by
//! a run that visits everything. One that doesn't move inside stands in front of one step, and a fair
//! run that stays avoids the states in which that step is enabled: all of them for an ordinary step
//! (weak fairness), those in which it is granted what it waits for otherwise (strong fairness). They are
//! taken away and the rest is decomposed again, as for Streett automata. An adversary owes nothing.

use rustc_hash::FxHashMap;
use scenario::{Property, built_in};

use super::Prepared;
use super::expand::{Expander, Halt, Roles, Stuck, Successor, waits};
use super::findings::Bad;
use super::search::Limits;
use super::unfold::{Automaton, PANICKED_FROM};
use super::visited::{Key, States, control_of, memory_of};

/// The components in which something is wrong, of one kind.
pub(crate) struct Judged {
    /// For each state its component plus one, or 0.
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
    fn new(states: usize, movers: u16) -> Judged {
        Judged { component: vec![0; states], found: Vec::new(), movers }
    }

    fn add(&mut self, bad: Bad, needed: u16, states: &[u32]) {
        self.found.push(Component { bad, needed });
        for &state in states {
            self.component[state as usize] = self.found.len() as u32;
        }
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

/// The strongly connected components with an edge inside. `marks` is all zero before and after.
fn components<E>(
    roots: impl Iterator<Item = u32>,
    marks: &mut Marks,
    mut next: impl FnMut(u32, &mut Vec<u32>) -> Result<(), E>,
) -> Result<Vec<Vec<u32>>, E> {
    const CLOSED: u32 = u32::MAX;
    struct Visit {
        node: u32,
        /// Where its successors begin, and the one to look at next.
        from: usize,
        at: usize,
        looped: bool,
    }
    let mut found = Vec::new();
    let (mut count, mut open, mut visits) = (0, Vec::new(), Vec::<Visit>::new());
    let (mut successors, mut buffer) = (Vec::new(), Vec::new());
    let mut touched = Vec::new();
    for root in roots {
        let mut enter = (marks.index[root as usize] == 0).then_some(root);
        loop {
            if let Some(node) = enter.take() {
                count += 1;
                marks.index[node as usize] = count;
                marks.low[node as usize] = count;
                touched.push(node);
                open.push(node);
                let from = successors.len();
                buffer.clear();
                next(node, &mut buffer)?;
                successors.append(&mut buffer);
                visits.push(Visit { node, from, at: from, looped: false });
            }
            let Some(visit) = visits.last_mut() else { break };
            if let Some(&to) = successors.get(visit.at) {
                visit.at += 1;
                visit.looped |= to == visit.node;
                if marks.index[to as usize] == 0 {
                    enter = Some(to);
                } else if marks.low[to as usize] != CLOSED {
                    let low = &mut marks.low[visit.node as usize];
                    *low = (*low).min(marks.index[to as usize]);
                }
                continue;
            }
            let Visit { node, from, looped, .. } = *visit;
            successors.truncate(from);
            visits.pop();
            let low = marks.low[node as usize];
            if low == marks.index[node as usize] {
                let start = open.iter().rposition(|&o| o == node).unwrap_or(0);
                let component = open.split_off(start);
                for &member in &component {
                    marks.low[member as usize] = CLOSED;
                }
                if looped || component.len() > 1 {
                    found.push(component);
                }
            } else if let Some(parent) = visits.last() {
                let parent_low = &mut marks.low[parent.node as usize];
                *parent_low = (*parent_low).min(low);
            }
        }
    }
    for node in touched {
        marks.index[node as usize] = 0;
        marks.low[node as usize] = 0;
    }
    Ok(found)
}

struct Marks {
    index: Vec<u32>,
    low: Vec<u32>,
}

impl Marks {
    fn new(nodes: usize) -> Marks {
        Marks { index: vec![0; nodes], low: vec![0; nodes] }
    }
}

/// For each control state of an actor the cycle that it lies on, or 0.
fn rounds(automaton: &Automaton) -> Vec<u32> {
    let nodes = automaton.len();
    let mut next = vec![Vec::new(); nodes];
    for (from, _, edge) in automaton.edges() {
        if edge.to < PANICKED_FROM {
            next[from as usize].push(edge.to);
        }
    }
    let successors = |node: u32, out: &mut Vec<u32>| -> Result<(), std::convert::Infallible> {
        out.extend(&next[node as usize]);
        Ok(())
    };
    let Ok(found) = components(0..nodes as u32, &mut Marks::new(nodes), successors);
    let mut round = vec![0; nodes];
    for (number, component) in found.iter().enumerate() {
        for &node in component {
            round[node as usize] = number as u32 + 1;
        }
    }
    round
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

/// A judge of cycles.
struct Judge<'a, 'e, const R: usize> {
    prepared: &'a Prepared,
    states: &'a States<R>,
    expander: &'a mut Expander<'e>,
    limits: &'a Limits<'a>,
    roles: Roles,
    rounds: Vec<Vec<u32>>,
    marks: Marks,
    /// Which part of the graph a state is in; parts are never joined again.
    region: Vec<u32>,
    regions: u32,
    successors: Vec<Successor<R>>,
    looked: u32,
}

/// In no part of the graph any more.
const NOWHERE: u32 = u32::MAX;

/// Judges all cycles.
pub(crate) fn judge<const R: usize>(
    prepared: &Prepared,
    states: &States<R>,
    expander: &mut Expander,
    limits: &Limits,
) -> Result<Vec<Judged>, Cut> {
    let rounds: Vec<Vec<u32>> = prepared.automata[..prepared.actors()].iter().map(rounds).collect();
    if rounds.iter().flatten().all(|&round| round == 0) {
        return Ok(Vec::new()); // Whoever moves moves on.
    }
    let roles = Roles::new(prepared);
    let mut judge = Judge {
        prepared,
        states,
        expander,
        limits,
        roles,
        rounds,
        marks: Marks::new(states.len()),
        region: vec![0; states.len()],
        regions: 0,
        successors: Vec::new(),
        looked: 0,
    };
    let everybody = prepared.mask(|_| true);
    let stuck = judge.stuck(everybody)?;
    let livelock = judge.fair(roles.fair, &built_in::LIVELOCK, Some(&stuck))?;
    let mut judged = vec![livelock];
    if prepared.scenario.killed.is_some() {
        judge.keep_killed()?;
        judged.push(judge.fair(everybody, &built_in::UNKILLABLE, None)?);
    }
    judged.push(stuck);
    Ok(judged)
}

impl<const R: usize> Judge<'_, '_, R> {
    fn look(&mut self) -> Result<(), Cut> {
        self.looked = self.looked.wrapping_add(1);
        if self.looked.is_multiple_of(1024) && self.limits.out_of_time() { Err(Cut::Limit) } else { Ok(()) }
    }

    /// Whether an actor lies on a cycle of its own in this state.
    fn rounding(&self, key: &Key<R>, actor: usize) -> u32 {
        self.rounds[actor].get(control_of(key, actor) as usize).copied().unwrap_or(0)
    }

    /// The components of one part of the graph, by the steps of `movers`.
    fn components(&mut self, roots: &[u32], region: u32, movers: u16) -> Result<Vec<Vec<u32>>, Cut> {
        let mut marks = std::mem::replace(&mut self.marks, Marks::new(0));
        let found = components(roots.iter().copied(), &mut marks, |state, out| {
            self.look()?;
            let key = self.states.get(state);
            let mut successors = std::mem::take(&mut self.successors);
            self.expander.expand(&key, &mut successors)?;
            for s in &successors {
                let actor = usize::from(s.actor);
                // Who leaves its own cycle does not come back.
                let round = self.rounding(&key, actor);
                if movers & (1 << actor) == 0 || round == 0 || round != self.rounding(&s.key, actor) {
                    continue;
                }
                if let Some(to) = self.states.find(&s.key)
                    && self.region[to as usize] == region
                {
                    out.push(to);
                }
            }
            self.successors = successors;
            Ok(())
        });
        self.marks = marks;
        found
    }

    /// The states from which somebody goes on in a cycle of its own.
    fn roots(&self, movers: u16) -> Vec<u32> {
        let actors = self.rounds.len();
        let moving = |state: &u32| {
            let key = self.states.get(*state);
            self.region[*state as usize] != NOWHERE
                && (0..actors).any(|a| movers & (1 << a) != 0 && self.rounding(&key, a) != 0)
        };
        (0..self.states.len() as u32).filter(moving).collect()
    }

    fn new_region(&mut self, states: &[u32]) -> u32 {
        self.regions += 1;
        for &state in states {
            self.region[state as usize] = self.regions;
        }
        self.regions
    }

    /// The components that nothing leads out of, and where somebody who must end waits throughout.
    fn stuck(&mut self, everybody: u16) -> Result<Judged, Cut> {
        let mut judged = Judged::new(self.states.len(), everybody);
        let mut words = Stuck::default();
        let roots = self.roots(everybody);
        for states in self.components(&roots, 0, everybody)? {
            let region = self.new_region(&states);
            let mut stuck = self.roles.must_end;
            for &state in &states {
                self.look()?;
                let mut successors = std::mem::take(&mut self.successors);
                let census = self.expander.expand(&self.states.get(state), &mut successors)?;
                stuck &= census.blocked;
                let inside = |s: &Successor<R>| {
                    self.states.find(&s.key).is_some_and(|to| self.region[to as usize] == region)
                };
                if !successors.iter().all(inside) {
                    stuck = 0;
                }
                self.successors = successors;
                if stuck == 0 {
                    break;
                }
            }
            if stuck != 0 {
                let key = self.states.get(states[0]);
                let bad = words.deadlock(self.expander, &key, stuck).clone();
                judged.add(bad, 0, &states);
            }
        }
        self.region.fill(0);
        self.regions = 0;
        Ok(judged)
    }

    /// Keeps the states in which a fatal signal is pending.
    fn keep_killed(&mut self) -> Result<(), Cut> {
        self.region.fill(0);
        self.regions = 0;
        let mut known: FxHashMap<u32, bool> = FxHashMap::default();
        for state in 0..self.states.len() as u32 {
            self.look()?;
            let memory = memory_of(&self.states.get(state));
            let is = match known.get(&memory) {
                Some(&is) => is,
                None => {
                    let is = self.prepared.is_killed(self.expander.words(memory)).map_err(Halt::Broken)?;
                    known.insert(memory, is);
                    is
                }
            };
            if !is {
                self.region[state as usize] = NOWHERE;
            }
        }
        Ok(())
    }

    /// The components in which a fair run can stay while somebody who must end does not.
    fn fair(&mut self, movers: u16, property: &Property, stuck: Option<&Judged>) -> Result<Judged, Cut> {
        let mut judged = Judged::new(self.states.len(), movers);
        let roots = self.roots(movers);
        let mut work = self.components(&roots, 0, movers)?;
        while let Some(states) = work.pop() {
            let region = self.new_region(&states);
            let (mut moved, mut done) = (0_u16, 0_u16);
            let mut never = u16::MAX;
            for &state in &states {
                self.look()?;
                let mut successors = std::mem::take(&mut self.successors);
                let census = self.expander.expand(&self.states.get(state), &mut successors)?;
                never &= census.done | census.blocked;
                done |= census.done;
                for s in &successors {
                    let to = self.states.find(&s.key);
                    let inside = to.is_some_and(|to| self.region[to as usize] == region);
                    if inside && movers & (1 << s.actor) != 0 {
                        moved |= 1 << s.actor;
                    }
                }
                self.successors = successors;
            }
            let owed = self.roles.fair & !moved & !done & !never;
            if owed != 0 {
                let mut left = Vec::new();
                for &state in &states {
                    let mut successors = std::mem::take(&mut self.successors);
                    let census = self.expander.expand(&self.states.get(state), &mut successors)?;
                    self.successors = successors;
                    if owed & !(census.blocked | census.done) == 0 {
                        left.push(state);
                    } else {
                        self.region[state as usize] = NOWHERE;
                    }
                }
                work.extend(self.components(&left, region, movers)?);
                continue;
            }
            let subjects = self.roles.must_end & self.roles.fair & !done;
            let shown = if subjects & moved != 0 { subjects & moved } else { subjects };
            let known = stuck.is_some_and(|stuck| stuck.at(states[0]).is_some());
            if shown == 0 || subjects & moved == 0 && known {
                continue;
            }
            let key = self.states.get(states[0]);
            let actors: Vec<usize> = (0..self.rounds.len()).filter(|a| shown & (1 << a) != 0).collect();
            let names: Vec<&str> = actors.iter().map(|&a| self.prepared.automata[a].name).collect();
            let witness = if subjects & moved == 0 {
                let waiting: Vec<_> = actors.iter().map(|&a| (a, control_of(&key, a))).collect();
                waits(self.expander, &waiting)
            } else if let [name] = names[..] {
                format!("{name} goes round")
            } else {
                format!("{} go round", names.join(" and "))
            };
            // An adversary is owed nothing; where nobody else moves, it shows.
            let needed = if moved & self.roles.fair != 0 { moved & self.roles.fair } else { moved };
            judged.add(Bad::new(property.id, witness), needed, &states);
        }
        // Later parts start from all states again.
        self.region.fill(0);
        self.regions = 0;
        Ok(judged)
    }
}

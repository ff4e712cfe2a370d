//! A naive enumerator: program counters instead of histories, its own reading of each action, a graph
//! that is kept whole. Nothing here is shared with the engine.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use machine::{Action, Word};

use super::program::{Ins, NAMES, Program, compile};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Thread {
    at: usize,
    acc: Word,
    rounds: Vec<u8>,
}

pub(crate) type State = (Vec<Word>, Vec<Thread>);

/// Property and witness.
pub(crate) type Broken = (String, String);

#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) states: Vec<State>,
    pub(crate) initial: Vec<usize>,
    /// From each state: actor, state, what the step breaks.
    pub(crate) next: Vec<Vec<(usize, usize, Vec<Broken>)>>,
    /// Broken before any step.
    pub(crate) at_start: Vec<Broken>,
    pub(crate) code: Vec<Vec<Ins>>,
    daemon: bool,
    adversary: bool,
}

/// Runs what is not seen by others, up to the next scheduling point.
fn settle(code: &[Ins], thread: &mut Thread, broken: &mut Vec<Broken>) {
    while let Some(ins) = code.get(thread.at) {
        match ins {
            Ins::Take(Action::Report { property, witness }) => {
                broken.push(((*property).to_owned(), witness.to_string()));
                thread.at += 1;
            }
            Ins::Take(_) => return,
            Ins::Begin => {
                thread.rounds.push(0);
                thread.at += 1;
            }
            Ins::Round(limit, start) => {
                let done = thread.rounds.last_mut().unwrap();
                let leave = match limit {
                    Some(limit) => thread.acc % 2 == 1 || *done + 1 >= *limit,
                    None => thread.acc != 0,
                };
                if leave {
                    thread.rounds.pop();
                    thread.at += 1;
                } else {
                    if limit.is_some() {
                        *done += 1;
                    }
                    thread.at = *start;
                }
            }
            Ins::UnlessZero(to) => thread.at = if thread.acc == 0 { *to } else { thread.at + 1 },
        }
    }
}

/// All that a step can do: new cells, result, what it breaks.
fn take(action: &Action, cells: &[Word]) -> Vec<(Vec<Word>, Word, Vec<Broken>)> {
    let mut new = cells.to_vec();
    let mut broken = Vec::new();
    let result = match *action {
        Action::Load { at, mask, .. } => cells[at.0 as usize] & mask,
        Action::Store { at, value, .. } => {
            new[at.0 as usize] = value;
            0
        }
        Action::Change { at, clear, set, mask, .. } => {
            let old = cells[at.0 as usize];
            new[at.0 as usize] = (old - (old & clear)) | set;
            old & mask
        }
        Action::Await { at, mask, clear, set, .. } => {
            let old = cells[at.0 as usize];
            if old & mask > 0 {
                return Vec::new();
            }
            new[at.0 as usize] = (old - (old & clear)) | set;
            0
        }
        Action::Try { at, mask, clear, set, .. } => {
            let old = cells[at.0 as usize];
            if old & mask == 0 {
                new[at.0 as usize] = (old - (old & clear)) | set;
            }
            Word::from(old & mask == 0)
        }
        Action::Move { from, to } => {
            new[to.0 as usize] = cells[from.0 as usize];
            0
        }
        Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
            let entry = cells[entry.0 as usize];
            let present = (0..64).all(|bit| need >> bit & 1 == 0 || entry >> bit & 1 == 1);
            if present {
                let named = entry / 2_u64.pow(u32::from(frame.shift)) % 2_u64.pow(u32::from(frame.width));
                let from = u64::from(frames.0) + named * u64::from(stride) + u64::from(unit);
                new[to.0 as usize] = cells[from as usize];
            }
            Word::from(present)
        }
        Action::Fence { .. } => 0,
        Action::Choose { of } => {
            return (0..of).map(|choice| (new.clone(), Word::from(choice), Vec::new())).collect();
        }
        Action::Require { at, demands } => {
            for demand in demands.iter().flatten() {
                let allowed: Vec<Word> = (0..64).filter(|v| demand.among >> v & 1 == 1).collect();
                if !allowed.contains(&cells[at.0 as usize]) {
                    broken.push((demand.property.to_owned(), demand.witness.to_string()));
                }
            }
            0
        }
        Action::Report { .. } | Action::Reach { .. } | Action::Control(_) => unreachable!("not a step"),
    };
    vec![(new, result, broken)]
}

impl Graph {
    /// The whole graph, or none where it is too large for a test.
    pub(crate) fn of(program: &Program, most: usize) -> Option<Graph> {
        let mut graph = Graph { daemon: program.daemon, adversary: program.adversary, ..Graph::default() };
        for ops in &program.actors {
            let mut code = Vec::new();
            compile(ops, &mut code);
            graph.code.push(code);
        }
        let mut numbers: HashMap<State, usize> = HashMap::new();
        for cells in &program.initial {
            let threads = graph.code.iter().map(|code| {
                let mut thread = Thread { at: 0, acc: 0, rounds: Vec::new() };
                settle(code, &mut thread, &mut graph.at_start);
                thread
            });
            let state = (cells.clone(), threads.collect());
            let number = add(&mut numbers, &mut graph.states, state);
            graph.initial.push(number);
        }
        let mut done = 0;
        while done < graph.states.len() {
            if graph.states.len() > most {
                return None;
            }
            let (cells, threads) = graph.states[done].clone();
            let mut next = Vec::new();
            for (actor, thread) in threads.iter().enumerate() {
                let Some(Ins::Take(action)) = graph.code[actor].get(thread.at) else { continue };
                for (cells, result, mut broken) in take(action, &cells) {
                    let mut threads = threads.clone();
                    let mut after = Thread { at: thread.at + 1, acc: result, rounds: thread.rounds.clone() };
                    settle(&graph.code[actor], &mut after, &mut broken);
                    threads[actor] = after;
                    let to = add(&mut numbers, &mut graph.states, (cells, threads));
                    next.push((actor, to, broken));
                }
            }
            graph.next.push(next);
            done += 1;
        }
        Some(graph)
    }

    fn ended(&self, state: usize, actor: usize) -> bool {
        self.states[state].1[actor].at >= self.code[actor].len()
    }

    fn is_daemon(&self, actor: usize) -> bool {
        self.daemon && actor + 1 == self.code.len()
    }

    fn is_adversary(&self, actor: usize) -> bool {
        self.adversary && actor + 1 == self.code.len()
    }

    fn moves(&self, state: usize, actor: usize) -> bool {
        self.next[state].iter().any(|(a, ..)| *a == actor)
    }

    /// Cells and returned words of each state at rest.
    pub(crate) fn at_rest(&self) -> BTreeSet<(Vec<Word>, Vec<Word>)> {
        let actors = 0..self.code.len();
        let rests = |state: &usize| {
            actors.clone().all(|actor| {
                self.ended(*state, actor)
                    || self.is_daemon(actor) && (self.is_adversary(actor) || !self.moves(*state, actor))
            })
        };
        let returned = |state: usize, actor| {
            if self.ended(state, actor) { self.states[state].1[actor].acc } else { 0 }
        };
        (0..self.states.len())
            .filter(rests)
            .map(|s| (self.states[s].0.clone(), actors.clone().map(|a| returned(s, a)).collect()))
            .collect()
    }

    /// Everything that a step breaks.
    pub(crate) fn broken(&self) -> BTreeSet<Broken> {
        let steps = self.next.iter().flatten().flat_map(|(_, _, broken)| broken);
        steps.chain(&self.at_start).cloned().collect()
    }

    /// The actors that must end and, from some state on, can never move again.
    pub(crate) fn stuck(&self) -> BTreeSet<&'static str> {
        let mut stuck = BTreeSet::new();
        for (actor, name) in NAMES.into_iter().enumerate().take(self.code.len()) {
            if self.is_daemon(actor) {
                continue;
            }
            // Who can move, in the end, from here? Backwards until nothing changes.
            let mut can: Vec<bool> = (0..self.states.len()).map(|s| self.moves(s, actor)).collect();
            loop {
                let mut changed = false;
                for state in (0..can.len()).rev() {
                    if !can[state] && self.next[state].iter().any(|(_, to, _)| can[*to]) {
                        can[state] = true;
                        changed = true;
                    }
                }
                if !changed {
                    break;
                }
            }
            if (0..can.len()).any(|state| !can[state] && !self.ended(state, actor)) {
                stuck.insert(name);
            }
        }
        stuck
    }

    /// Sets of actors that must end and can go round for ever in a fair run; an empty one where all
    /// of them wait while others go round. `count` says which states the run may visit. Every set of
    /// actors that might stand still is tried, and components are found by plain reachability.
    pub(crate) fn rounds(&self, adversaries: bool, count: fn(Word) -> bool) -> BTreeSet<Vec<&'static str>> {
        let actors = self.code.len();
        let counted: Vec<bool> = self.states.iter().map(|(cells, _)| count(cells[0])).collect();
        let mut rounds = BTreeSet::new();
        for still in 0..1_u32 << actors {
            let stands = |actor: usize| still >> actor & 1 == 1;
            let inside: Vec<bool> = (0..self.states.len())
                .map(|s| {
                    let fair_and_still = |a: &usize| stands(*a) && !self.is_adversary(*a);
                    counted[s] && (0..actors).filter(fair_and_still).all(|a| !self.moves(s, a))
                })
                .collect();
            let steps = |s: usize| {
                self.next[s].iter().filter(|(a, to, _)| {
                    inside[*to] && !stands(*a) && (adversaries || !self.is_adversary(*a))
                })
            };
            let reach: Vec<Vec<bool>> = (0..self.states.len())
                .map(|start| {
                    let mut met = vec![false; self.states.len()];
                    let mut work = if inside[start] { vec![start] } else { Vec::new() };
                    while let Some(s) = work.pop() {
                        for (_, to, _) in steps(s) {
                            if !met[*to] {
                                met[*to] = true;
                                work.push(*to);
                            }
                        }
                    }
                    met
                })
                .collect();
            for s in (0..self.states.len()).filter(|&s| reach[s][s]) {
                let component: Vec<usize> =
                    (0..self.states.len()).filter(|&t| reach[s][t] && reach[t][s]).collect();
                let moves = |actor: usize| {
                    component
                        .iter()
                        .any(|&t| steps(t).any(|(a, to, _)| *a == actor && component.contains(to)))
                };
                let fair = (0..actors).filter(|&a| !self.is_adversary(a));
                if !fair.clone().all(|a| stands(a) || moves(a)) {
                    continue;
                }
                let subjects: Vec<usize> =
                    fair.filter(|&a| !self.is_daemon(a) && !self.ended(s, a)).collect();
                if !subjects.is_empty() {
                    rounds.insert(subjects.into_iter().filter(|&a| moves(a)).map(|a| NAMES[a]).collect());
                }
            }
        }
        rounds
    }

    /// For everything broken by a step the fewest switches and then steps, by relaxing every
    /// transition until nothing changes.
    pub(crate) fn cheapest(&self) -> BTreeMap<Broken, (usize, usize)> {
        let actors = self.code.len();
        let far = (usize::MAX, usize::MAX);
        let mut cost = vec![far; self.states.len() * (actors + 1)];
        for &state in &self.initial {
            cost[state * (actors + 1) + actors] = (0, 0);
        }
        let mut cheapest = BTreeMap::new();
        for broken in &self.at_start {
            cheapest.insert(broken.clone(), (0, 0));
        }
        loop {
            let mut changed = false;
            for state in 0..self.states.len() {
                for last in 0..=actors {
                    let here = cost[state * (actors + 1) + last];
                    if here == far {
                        continue;
                    }
                    for (actor, to, broken) in &self.next[state] {
                        let switch = usize::from(last != actors && last != *actor);
                        let there = (here.0 + switch, here.1 + 1);
                        let known = &mut cost[to * (actors + 1) + actor];
                        if there < *known {
                            *known = there;
                            changed = true;
                        }
                        for broken in broken {
                            let known = cheapest.entry(broken.clone()).or_insert(far);
                            *known = there.min(*known);
                        }
                    }
                }
            }
            if !changed {
                return cheapest;
            }
        }
    }
}

fn add(numbers: &mut HashMap<State, usize>, states: &mut Vec<State>, state: State) -> usize {
    let next = states.len();
    let number = *numbers.entry(state.clone()).or_insert(next);
    if number == next {
        states.push(state);
    }
    number
}

//! The graph of all states of a program, kept whole.

use std::collections::{BTreeMap, BTreeSet};

use machine::Word;
use rustc_hash::FxHashMap;

use super::naive::{Code, Taken, Thread, take};
use super::program::{Broken, Op};

pub(crate) type State = (Vec<Word>, Vec<Thread>);

/// Actor, state, what the step breaks.
pub(crate) type Next = (usize, usize, Vec<Broken>);

#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) codes: Vec<Code>,
    pub(crate) states: Vec<State>,
    pub(crate) initial: Vec<usize>,
    pub(crate) next: Vec<Vec<Next>>,
    /// The actors that can move in each state, one bit each.
    pub(crate) moves: Vec<u32>,
    /// Broken before any step.
    pub(crate) at_start: Vec<Broken>,
    /// Whether a step does what it may not.
    pub(crate) wrong: bool,
}

impl Graph {
    /// The whole graph, or none where it has more states than that.
    pub(crate) fn of(actors: &[&[Op]], initial: &[Vec<Word>], widths: &[u8], most: usize) -> Option<Graph> {
        let codes = actors.iter().map(|ops| Code::new(ops)).collect();
        let mut graph = Graph { codes, ..Graph::default() };
        let mut numbers: FxHashMap<State, usize> = FxHashMap::default();
        for cells in initial {
            let threads = graph.codes.iter().map(|code| code.start(&mut graph.at_start)).collect();
            let number = add(&mut numbers, &mut graph.states, (cells.clone(), threads));
            graph.initial.push(number);
        }
        let mut done = 0;
        while done < graph.states.len() {
            if graph.states.len() > most {
                return None;
            }
            let (cells, threads) = graph.states[done].clone();
            let (mut next, mut moves) = (Vec::new(), 0);
            let alive = threads.iter().all(|thread| !thread.is_dead());
            for (actor, thread) in threads.iter().enumerate().filter(|_| alive) {
                let code = &graph.codes[actor];
                let Some((action, _)) = code.pending(thread) else { continue };
                match take(&action, &cells, widths) {
                    Taken::Blocked => {}
                    Taken::Wrong => graph.wrong = true,
                    Taken::Done(ways, seen) => {
                        moves |= 1 << actor;
                        for (cells, result) in ways {
                            let (mut broken, mut threads) = (seen.clone(), threads.clone());
                            threads[actor] = code.advance(thread, result, &mut broken);
                            let to = add(&mut numbers, &mut graph.states, (cells, threads));
                            next.push((actor, to, broken));
                        }
                    }
                }
            }
            graph.next.push(next);
            graph.moves.push(moves);
            done += 1;
        }
        Some(graph)
    }

    /// Everything that a step breaks, or that is broken before any.
    pub(crate) fn broken(&self) -> BTreeSet<Broken> {
        let steps = self.next.iter().flatten().flat_map(|(_, _, broken)| broken);
        steps.chain(&self.at_start).cloned().collect()
    }

    /// What is not modelled and was come to.
    pub(crate) fn lacks(&self) -> BTreeSet<u8> {
        self.states.iter().flat_map(|(_, threads)| threads).filter_map(|thread| thread.lacks).collect()
    }

    pub(crate) fn is_dead(&self, state: usize) -> bool {
        self.states[state].1.iter().any(Thread::is_dead)
    }

    /// The actors that have returned, one bit each.
    pub(crate) fn ended(&self, state: usize) -> u32 {
        let threads = self.states[state].1.iter().enumerate();
        threads.fold(0, |set, (actor, t)| set | u32::from(t.returned().is_some()) << actor)
    }

    /// `a waits in step(3), b waits in step(7)`.
    pub(crate) fn waits(&self, state: usize, actors: u32, names: &[&str]) -> String {
        let threads = self.states[state].1.iter().enumerate();
        let waits = threads.filter(|(actor, _)| actors >> actor & 1 == 1).map(|(actor, thread)| {
            let (_, number) = self.codes[actor].pending(thread).expect("it waits");
            format!("{} waits in step({number})", names[actor])
        });
        waits.collect::<Vec<_>>().join(", ")
    }

    /// The strongly connected components that have a step inside, of the states `inside` and the steps of
    /// `movers`, by Kosaraju's algorithm.
    pub(crate) fn components(&self, inside: &[bool], movers: u32) -> Vec<Vec<usize>> {
        let steps = |state: usize| {
            let next = self.next[state].iter();
            next.filter(|(a, to, _)| movers >> a & 1 == 1 && inside[*to]).map(|(_, to, _)| *to)
        };
        let count = self.states.len();
        let (mut order, mut met) = (Vec::new(), vec![false; count]);
        for root in (0..count).filter(|&state| inside[state]) {
            if std::mem::replace(&mut met[root], true) {
                continue;
            }
            let mut path = vec![(root, steps(root).collect::<Vec<_>>())];
            while let Some((state, left)) = path.last_mut() {
                match left.pop() {
                    Some(to) if met[to] => {}
                    Some(to) => {
                        met[to] = true;
                        path.push((to, steps(to).collect()));
                    }
                    None => {
                        order.push(*state);
                        path.pop();
                    }
                }
            }
        }
        let mut back = vec![Vec::new(); count];
        for state in (0..count).filter(|&state| inside[state]) {
            steps(state).for_each(|to| back[to].push(state));
        }
        let (mut of, mut components) = (vec![usize::MAX; count], Vec::<Vec<usize>>::new());
        for &root in order.iter().rev() {
            if of[root] != usize::MAX {
                continue;
            }
            let (number, mut members, mut work) = (components.len(), Vec::new(), vec![root]);
            of[root] = number;
            while let Some(state) = work.pop() {
                members.push(state);
                for &from in &back[state] {
                    if of[from] == usize::MAX {
                        of[from] = number;
                        work.push(from);
                    }
                }
            }
            components.push(members);
        }
        components.retain(|members| {
            let first = members[0];
            members.len() > 1 || steps(first).any(|to| to == first)
        });
        components
    }

    /// For everything that is broken the fewest switches and then steps, by relaxing every transition until
    /// nothing changes; `seen` tells what is broken in a state.
    pub(crate) fn cheapest(&self, seen: impl Fn(&State) -> Vec<Broken>) -> BTreeMap<Broken, (usize, usize)> {
        let actors = self.codes.len();
        let far = (usize::MAX, usize::MAX);
        let mut cost = vec![far; self.states.len() * (actors + 1)];
        let mut cheapest = BTreeMap::new();
        let mut lower = |broken: Broken, cost: (usize, usize)| {
            let known = cheapest.entry(broken).or_insert(far);
            *known = cost.min(*known);
        };
        self.at_start.iter().for_each(|broken| lower(broken.clone(), (0, 0)));
        for &state in &self.initial {
            cost[state * (actors + 1) + actors] = (0, 0);
            seen(&self.states[state]).into_iter().for_each(|broken| lower(broken, (0, 0)));
        }
        let mut changed = true;
        while std::mem::take(&mut changed) {
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
                            seen(&self.states[*to]).into_iter().for_each(|broken| lower(broken, there));
                        }
                        broken.iter().for_each(|broken| lower(broken.clone(), there));
                    }
                }
            }
        }
        cheapest
    }
}

fn add(numbers: &mut FxHashMap<State, usize>, states: &mut Vec<State>, state: State) -> usize {
    let next = states.len();
    let number = *numbers.entry(state.clone()).or_insert(next);
    if number == next {
        states.push(state);
    }
    number
}

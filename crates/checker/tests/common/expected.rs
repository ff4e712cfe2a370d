//! What must be found of a program, by the naive enumerator.

use std::collections::{BTreeMap, BTreeSet};

use machine::Word;
use scenario::Ending;

use super::graph::Graph;
use super::program::{Broken, NAMES, Program, Role, VIEWS, ending, is_killed, rest_broken, state_broken};

/// Cells and returned words.
pub(crate) type Rest = (Vec<Word>, Vec<Word>);

/// States of a view alone.
const VIEW_STATES_MAX: usize = 20_000;

#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) graph: Graph,
    /// What steps, panics and properties break.
    pub(crate) broken: BTreeSet<Broken>,
    pub(crate) rests: BTreeSet<Rest>,
    pub(crate) endings: BTreeSet<Ending>,
    pub(crate) deadlocks: BTreeSet<String>,
    /// Sets of actors, one bit each, that can go round for ever; an empty one where all wait while others
    /// go round.
    pub(crate) livelocks: BTreeSet<u32>,
    pub(crate) unkillable: BTreeSet<u32>,
    /// The views that can go round.
    pub(crate) round_views: BTreeSet<String>,
    /// What is not modelled and is reached.
    pub(crate) lacks: BTreeSet<u8>,
    /// Whether a step does what it may not.
    pub(crate) wrong: bool,
    /// The least cost of what is broken, without the views.
    pub(crate) cheapest: BTreeMap<Broken, (usize, usize)>,
}

fn named(property: &str, seen: Vec<(&str, i32)>) -> Vec<Broken> {
    let witness = |(name, number)| (property.to_owned(), format!("{name}({number})"));
    seen.into_iter().map(witness).collect()
}

/// The actors of which something is true, one bit each.
fn set(program: &Program, which: impl Fn(&Role) -> bool) -> u32 {
    let actors = program.actors.iter().enumerate();
    actors.fold(0, |set, (actor, role)| set | u32::from(which(role)) << actor)
}

impl Expected {
    /// None where the graph is too large.
    pub(crate) fn of(program: &Program, most: usize) -> Option<Expected> {
        let actors: Vec<_> = program.actors.iter().map(|role| &role.ops[..]).collect();
        let graph = Graph::of(&actors, &program.initial, &program.widths, most)?;
        let seen = |cells: &[Word]| {
            if program.state { named("state", state_broken(cells)) } else { Vec::new() }
        };
        let mut all = Expected {
            broken: graph.broken(),
            wrong: graph.wrong,
            lacks: graph.lacks(),
            cheapest: graph.cheapest(|state| seen(&state.0)),
            graph,
            ..Expected::default()
        };
        all.look_at_states(program, seen);
        all.look_at_rest(program)?;
        all.judge(program);
        Some(all)
    }

    fn look_at_states(&mut self, program: &Program, seen: impl Fn(&[Word]) -> Vec<Broken>) {
        let must_end = set(program, |r| !r.daemon);
        let may_wait = set(program, |r| r.daemon && !r.adversary);
        for state in 0..self.graph.states.len() {
            let (cells, threads) = &self.graph.states[state];
            self.broken.extend(seen(cells));
            if self.graph.is_dead(state) {
                continue;
            }
            let (ended, moves) = (self.graph.ended(state), self.graph.moves[state]);
            if must_end & !ended == 0 {
                if may_wait & !ended & moves == 0 {
                    let returned = threads.iter().map(|thread| thread.returned().unwrap_or(0)).collect();
                    self.rests.insert((cells.clone(), returned));
                }
            } else if moves == 0 {
                self.deadlocks.insert(self.graph.waits(state, must_end & !ended, &NAMES));
            }
        }
    }

    fn look_at_rest(&mut self, program: &Program) -> Option<()> {
        let mut memories = BTreeSet::new();
        for (cells, returned) in &self.rests {
            if program.rest {
                self.broken.extend(named("final", rest_broken(cells, returned)));
            }
            self.endings.insert(ending(cells, returned));
            memories.insert(cells.clone());
        }
        for cells in &memories {
            for (ops, name) in program.views.iter().zip(VIEWS) {
                let alone = Graph::of(&[ops], std::slice::from_ref(cells), &program.widths, VIEW_STATES_MAX)?;
                self.wrong |= alone.wrong;
                self.lacks.extend(alone.lacks());
                for (property, witness) in alone.broken() {
                    let bug = property == "kernel-bug";
                    let witness = if bug { format!("{name}: {witness}") } else { witness };
                    self.broken.insert((property, witness));
                }
                for state in 0..alone.states.len() {
                    let still = alone.moves[state] == 0 && alone.ended(state) == 0;
                    if still && !alone.is_dead(state) {
                        self.deadlocks.insert(alone.waits(state, 1, &[name]));
                    }
                }
                if !alone.components(&vec![true; alone.states.len()], 1).is_empty() {
                    self.round_views.insert(format!("{name} goes round"));
                }
            }
        }
        Some(())
    }

    fn judge(&mut self, program: &Program) {
        let graph = &self.graph;
        let must_end = set(program, |r| !r.daemon);
        let fair = set(program, |r| !r.adversary);
        let everyone = set(program, |_| true);
        for component in graph.components(&vec![true; graph.states.len()], everyone) {
            let members: BTreeSet<usize> = component.iter().copied().collect();
            let leaves = |&s: &usize| graph.next[s].iter().any(|(_, to, _)| !members.contains(to));
            if component.iter().any(leaves) {
                continue;
            }
            let active = component.iter().fold(0, |set, &s| set | graph.ended(s) | graph.moves[s]);
            if must_end & !active != 0 {
                self.deadlocks.insert(graph.waits(component[0], must_end & !active, &NAMES));
            }
        }
        let rounds = |movers: u32, counts: &dyn Fn(&[Word]) -> bool| {
            let counted: Vec<bool> = graph.states.iter().map(|(cells, _)| counts(cells)).collect();
            let mut rounds = BTreeSet::new();
            // Every set of actors that might be the ones that move.
            for moving in (1..=everyone).filter(|set| set & !movers == 0) {
                let stands = |s: usize| fair & !moving & graph.moves[s] == 0;
                let inside: Vec<bool> = (0..counted.len()).map(|s| counted[s] && stands(s)).collect();
                for component in graph.components(&inside, moving) {
                    let members: BTreeSet<usize> = component.iter().copied().collect();
                    let steps = component.iter().flat_map(|&s| &graph.next[s]);
                    let inner = steps.filter(|(a, to, _)| moving >> a & 1 == 1 && members.contains(to));
                    let moved = inner.fold(0, |set, (actor, _, _)| set | 1 << actor);
                    let subjects = must_end & fair & !graph.ended(component[0]);
                    if moving & !moved == 0 && subjects != 0 {
                        rounds.insert(subjects & moving);
                    }
                }
            }
            rounds
        };
        self.livelocks = rounds(fair, &|_| true);
        if program.killed {
            self.unkillable = rounds(everyone, &is_killed);
        }
    }
}

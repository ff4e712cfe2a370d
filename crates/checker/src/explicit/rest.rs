//! States at rest: final checks, and the views that run alone from there.

use std::sync::Arc;

use machine::{Effect, Word};
use rustc_hash::FxHashMap;
use scenario::{Check, Ending, Property, built_in};

use super::error::Error;
use super::findings::Bad;
use super::ledger::{Full, Held, Ledger};
use super::limits::{Halt, Limits};
use super::prepared::Prepared;
use super::unfold::Standing;

/// States that one view may have, run from one memory.
const VIEW_STATES_MAX: usize = 1 << 20;

impl Prepared {
    /// What the properties over whole states see in a memory.
    pub(crate) fn state_checks(&self, words: &[u64]) -> Result<Vec<Bad>, Error> {
        let mut bad = Vec::new();
        for property in &self.scenario.properties {
            if let Check::State(check) = &property.check {
                let mut see = |witness: machine::Label| bad.push(Bad::new(property.id, witness.to_string()));
                self.looked(words, || named(property), |memory| check(memory, &mut see))?;
            }
        }
        bad.sort();
        bad.dedup();
        Ok(bad)
    }

    /// Whether any property is over whole states.
    pub(crate) fn has_state_checks(&self) -> bool {
        self.scenario.properties.iter().any(|p| matches!(p.check, Check::State(_)))
    }

    /// What the final checks see at rest.
    pub(crate) fn final_checks(&self, words: &[u64], returned: &[Word]) -> Result<Vec<Bad>, Error> {
        let mut bad = Vec::new();
        for property in &self.scenario.properties {
            if let Check::Final(check) = &property.check {
                let mut see = |witness: machine::Label| bad.push(Bad::new(property.id, witness.to_string()));
                self.looked(words, || named(property), |memory| check(memory, returned, &mut see))?;
            }
        }
        bad.sort();
        bad.dedup();
        Ok(bad)
    }

    /// How a run ended that is at rest here, where the scenario tells.
    pub(crate) fn ending(&self, words: &[u64], returned: &[Word]) -> Result<Option<Ending>, Error> {
        let Some(ending) = &self.scenario.ending else { return Ok(None) };
        let who = || "what tells how a run ends".to_owned();
        self.looked(words, who, |memory| ending(memory, returned)).map(Some)
    }

    /// All views from a memory at rest.
    pub(crate) fn views(&self, words: &[u64], limits: &Limits) -> Result<Vec<Bad>, Halt> {
        let mut bad = Vec::new();
        for view in 0..self.scenario.views.len() {
            bad.extend(
                self.view(view, words, &limits.ledger, || limits.go_on())?.into_iter().map(|seen| seen.bad),
            );
        }
        bad.sort();
        bad.dedup();
        Ok(bad)
    }

    /// Everything that a view, run alone, can see, each with the shortest way there.
    /// `go_on` is asked now and then.
    pub(crate) fn view(
        &self,
        view: usize,
        words: &[u64],
        ledger: &Arc<Ledger>,
        go_on: impl Fn() -> Result<(), Halt>,
    ) -> Result<Vec<Seen>, Halt> {
        let actor = self.actors() + view;
        let automaton = &self.automata[actor];
        let mut run = Alone::new(ledger);
        let start = automaton.start();
        let memory = run.memory(words)?;
        run.state(memory, start.to, None)?;
        for bad in self.seen_in(actor, start) {
            run.see(bad, None);
        }
        let mut after = words.to_vec();
        let mut at = 0;
        while at < run.states.len() {
            if run.states.len() > VIEW_STATES_MAX {
                return Err(Error::ViewTooLarge { view: automaton.name, max: VIEW_STATES_MAX }.into());
            }
            if at % 1024 == 1023 {
                go_on()?;
            }
            let AloneState { memory, node, .. } = run.states[at];
            let node_there = automaton.node(node);
            let Standing::Pending(step) = &node_there.control else {
                at += 1;
                continue;
            };
            after.copy_from_slice(&run.memories[memory as usize]);
            let results = match self.execute(actor, step, &mut after)? {
                Effect::Done(result) => result..result + 1,
                Effect::Choice(of) => 0..Word::from(of.max(1)),
                Effect::Blocked => {
                    let witness = format!("{} waits in {}", automaton.name, step.label);
                    run.see(Bad::new(built_in::DEADLOCK.id, witness), Some((at, None)));
                    0..0
                }
            };
            // Most steps look.
            let is_same = *after == *run.memories[memory as usize];
            let behind = if is_same { memory } else { run.memory(&after)? };
            for result in results.clone() {
                let edge = automaton.follow(node, result)?;
                let choice = if results.end - results.start > 1 { result as u8 } else { 0 };
                for bad in self.seen_on_edge(actor, step, &run.memories[memory as usize], &edge) {
                    run.see(bad, Some((at, Some(choice))));
                }
                let to = run.state(behind, edge.to, Some((at, choice)))?;
                run.steps.push((at, to, choice));
            }
            at += 1;
        }
        if let Some((way, cycle)) = run.cycle() {
            let witness = format!("{} goes round", automaton.name);
            let bad = Bad::new(built_in::LIVELOCK.id, witness);
            run.seen.push(Seen { bad, way, cycle });
        }
        Ok(run.seen)
    }
}

fn named(property: &Property) -> String {
    format!("property `{}`", property.id)
}

/// Something that a view sees.
pub(crate) struct Seen {
    pub(crate) bad: Bad,
    /// The results chosen on the way there.
    pub(crate) way: Vec<u8>,
    /// Those chosen on the way round, where it goes round.
    pub(crate) cycle: Vec<u8>,
}

/// A state of an actor that runs alone.
#[derive(Clone, Copy)]
struct AloneState {
    /// A number in [`Alone::memories`].
    memory: u32,
    /// Where the actor stands.
    node: u32,
    from: Option<(usize, u8)>,
}

/// The states of one actor that runs alone, breadth first.
struct Alone {
    /// Each once: most steps leave the memory as it is.
    memories: Vec<Box<[u64]>>,
    by_words: FxHashMap<Box<[u64]>, u32>,
    states: Vec<AloneState>,
    numbers: FxHashMap<(u32, u32), usize>,
    /// From where, where to, by which choice: in the order of the states that they are from.
    steps: Vec<(usize, usize, u8)>,
    seen: Vec<Seen>,
    held: Held,
}

impl Alone {
    fn new(ledger: &Arc<Ledger>) -> Alone {
        let (memories, by_words) = Default::default();
        let (states, numbers, steps, seen) = Default::default();
        Alone { memories, by_words, states, numbers, steps, seen, held: Held::new(ledger) }
    }

    /// The number of a memory.
    fn memory(&mut self, words: &[u64]) -> Result<u32, Full> {
        if let Some(&number) = self.by_words.get(words) {
            return Ok(number);
        }
        // Twice, with an entry in the table and what the allocator adds.
        const MEMORY: usize = 3 * size_of::<(Box<[u64]>, u32)>() + 64;
        self.held.take(MEMORY + 2 * size_of_val(words))?;
        let number = self.memories.len() as u32;
        self.memories.push(words.into());
        self.by_words.insert(words.into(), number);
        Ok(number)
    }

    fn state(&mut self, memory: u32, node: u32, from: Option<(usize, u8)>) -> Result<usize, Full> {
        if let Some(&number) = self.numbers.get(&(memory, node)) {
            return Ok(number);
        }
        // With an entry in the table, one step, and what it takes to look for cycles.
        const STATE: usize = 2 * size_of::<AloneState>() + 2 * size_of::<((u32, u32), usize)>() + 128;
        self.held.take(STATE)?;
        let number = self.states.len();
        self.numbers.insert((memory, node), number);
        self.states.push(AloneState { memory, node, from });
        Ok(number)
    }

    /// Something is seen at first, or in a state, or on a way on from there. The same is seen from many states: only
    /// the first way is looked for.
    fn see(&mut self, bad: Bad, at: Option<(usize, Option<u8>)>) {
        if self.seen.iter().all(|seen| seen.bad != bad) {
            let mut way = at.map_or_else(Vec::new, |(state, _)| self.way(state));
            way.extend(at.and_then(|(_, choice)| choice));
            self.seen.push(Seen { bad, way, cycle: Vec::new() });
        }
    }

    fn way(&self, to: usize) -> Vec<u8> {
        let mut way = Vec::new();
        let mut at = to;
        while let Some((from, choice)) = self.states[at].from {
            way.push(choice);
            at = from;
        }
        way.reverse();
        way
    }

    /// The way to a cycle and once round it.
    fn cycle(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        // States are numbered as they are met, so a way round comes back to one that is not behind.
        if self.steps.iter().all(|(from, to, _)| from < to) {
            return None;
        }
        // What is left when states without a way on are taken away again and again.
        let mut ways_on = vec![0_usize; self.states.len()];
        let mut before = vec![Vec::new(); self.states.len()];
        for &(from, to, _) in &self.steps {
            ways_on[from] += 1;
            before[to].push(from);
        }
        let mut ended: Vec<usize> = (0..ways_on.len()).filter(|&s| ways_on[s] == 0).collect();
        while let Some(state) = ended.pop() {
            for &from in &before[state] {
                ways_on[from] -= 1;
                if ways_on[from] == 0 {
                    ended.push(from);
                }
            }
        }
        let mut at = (0..ways_on.len()).find(|&s| ways_on[s] > 0)?;
        let mut steps = Vec::new();
        let mut met = FxHashMap::default();
        loop {
            if let Some(&begun) = met.get(&at) {
                return Some((self.way(at), steps.split_off(begun)));
            }
            met.insert(at, steps.len());
            let first = self.steps.partition_point(|(from, ..)| *from < at);
            let (_, to, choice) = *self.steps[first..].iter().find(|(_, to, _)| ways_on[*to] > 0)?;
            steps.push(choice);
            at = to;
        }
    }
}

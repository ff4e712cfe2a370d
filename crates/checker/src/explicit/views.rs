//! Views: actors that run alone from a memory at rest.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use machine::{Effect, Word};
use rustc_hash::FxHashMap;
use scenario::built_in;

use super::error::Error;
use super::findings::Bad;
use super::ledger::{Full, Held, Ledger};
use super::limits::Halt;
use super::prepared::Prepared;
use super::unfold::mirror::Mirror;
use super::unfold::{PANICKED_FROM, Standing};
use super::visited::mix;

/// States that one view may have, run from one memory.
const VIEW_STATES_MAX: usize = 1 << 20;

/// One thread's means to run views.
pub(crate) struct Views<'a> {
    prepared: &'a Prepared,
    mirrors: Vec<Mirror<'a>>,
    run: Alone,
    /// The memory after a step.
    after: Box<[u64]>,
}

impl<'a> Views<'a> {
    pub(crate) fn new(prepared: &'a Prepared, ledger: &Arc<Ledger>) -> Views<'a> {
        let words = prepared.packing.words();
        let mirrors =
            prepared.automata[prepared.actors()..].iter().map(|automaton| Mirror::new(automaton)).collect();
        Views { prepared, mirrors, run: Alone::new(words, ledger), after: vec![0; words].into() }
    }

    /// What all views see from a memory at rest. `go_on` is asked now and then.
    pub(crate) fn all(
        &mut self,
        words: &[u64],
        go_on: impl Fn() -> Result<(), Halt>,
    ) -> Result<Vec<Bad>, Halt> {
        let mut bad = Vec::new();
        for view in 0..self.mirrors.len() {
            bad.extend(self.one(view, words, &go_on)?.into_iter().map(|seen| seen.bad));
        }
        bad.sort();
        bad.dedup();
        Ok(bad)
    }

    /// Everything that a view, run alone, can see, each with the shortest way there. `go_on` is asked now and then.
    pub(crate) fn one(
        &mut self,
        view: usize,
        words: &[u64],
        go_on: impl Fn() -> Result<(), Halt>,
    ) -> Result<Vec<Seen>, Halt> {
        let done = self.look(view, words, go_on);
        let seen = std::mem::take(&mut self.run.seen);
        self.run.clear();
        done.map(|()| seen)
    }

    fn look(&mut self, view: usize, words: &[u64], go_on: impl Fn() -> Result<(), Halt>) -> Result<(), Halt> {
        let Views { prepared, mirrors, run, after } = self;
        let (actor, mirror) = (prepared.actors() + view, &mut mirrors[view]);
        let automaton = &prepared.automata[actor];
        let start = automaton.start();
        let memory = run.memory(words)?;
        run.state(memory, start.to, None)?;
        for bad in prepared.seen_in(actor, start) {
            run.see(bad, None);
        }
        let mut at = 0;
        while at < run.states.len() {
            if run.states.len() > VIEW_STATES_MAX {
                return Err(Error::ViewTooLarge { view: automaton.name, max: VIEW_STATES_MAX }.into());
            }
            if at % 1024 == 1023 {
                go_on()?;
            }
            let (from, AloneState { memory, node, .. }) = (at, run.states[at]);
            at += 1;
            if node >= PANICKED_FROM {
                continue;
            }
            let Standing::Pending(step) = mirror.control(node) else { continue };
            let before = run.words(memory);
            after.copy_from_slice(before);
            let mut broken = prepared.broken(step, before);
            let results = match prepared.execute(actor, step, after)? {
                Effect::Done(result) => result..result + 1,
                Effect::Choice(of) => 0..Word::from(of.max(1)),
                Effect::Blocked => {
                    let witness = format!("{} waits in {}", automaton.name, step.label);
                    run.see(Bad::new(built_in::DEADLOCK.id, witness), Some((from, None)));
                    continue;
                }
            };
            // Most steps look.
            let behind = if **after == *run.words(memory) { memory } else { run.memory(after)? };
            for result in results.clone() {
                let to = mirror.next(node, result)?;
                let choice = if results.end - results.start > 1 { result as u8 } else { 0 };
                for (property, witness) in broken.drain(..) {
                    run.see(Bad::new(property, witness), Some((from, Some(choice))));
                }
                // Few come to what is to be told, and who never did needs no more than where he goes.
                if mirror.alarming {
                    for bad in prepared.seen_in(actor, &*automaton.follow(node, result)?) {
                        run.see(bad, Some((from, Some(choice))));
                    }
                }
                let to = run.state(behind, to, Some((from, choice)))?;
                run.steps.push((from, to, choice));
            }
        }
        if let Some((way, cycle)) = run.cycle() {
            let witness = format!("{} goes round", automaton.name);
            let bad = Bad::new(built_in::LIVELOCK.id, witness);
            run.seen.push(Seen { bad, way, cycle });
        }
        Ok(())
    }
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
    memory: u32,
    /// Where the actor stands.
    node: u32,
    from: Option<(usize, u8)>,
}

/// The states of one actor that runs alone, breadth first.
struct Alone {
    /// The words of each memory, once each: most steps leave it as it is.
    memories: Vec<u64>,
    /// The last memory of a hash, and for each memory the one before that has the same, if any.
    by_hash: FxHashMap<u64, u32>,
    same_hash: Vec<Option<u32>>,
    states: Vec<AloneState>,
    numbers: FxHashMap<(u32, u32), usize>,
    /// From where, where to, by which choice: in the order of the states that they are from.
    steps: Vec<(usize, usize, u8)>,
    seen: Vec<Seen>,
    words: usize,
    held: Held,
    ledger: Arc<Ledger>,
}

impl Alone {
    /// States whose room is kept for the next run. It is not counted.
    const KEPT: usize = 1 << 10;

    fn new(words: usize, ledger: &Arc<Ledger>) -> Alone {
        let (memories, by_hash, same_hash) = Default::default();
        let (states, numbers, steps, seen) = Default::default();
        let (held, ledger) = (Held::new(ledger), ledger.clone());
        Alone { memories, by_hash, same_hash, states, numbers, steps, seen, words, held, ledger }
    }

    /// Forgets all, and gives back what a large run took.
    fn clear(&mut self) {
        if self.states.len() > Self::KEPT {
            *self = Alone::new(self.words, &self.ledger);
            return;
        }
        self.memories.clear();
        self.by_hash.clear();
        self.same_hash.clear();
        self.states.clear();
        self.numbers.clear();
        self.steps.clear();
        self.seen.clear();
        self.held = Held::new(&self.ledger);
    }

    /// The words of a memory.
    fn words(&self, memory: u32) -> &[u64] {
        &self.memories[memory as usize * self.words..][..self.words]
    }

    /// The number of a memory.
    fn memory(&mut self, words: &[u64]) -> Result<u32, Full> {
        let hash = mix(words);
        let last = self.by_hash.get(&hash).copied();
        let mut same = last;
        while let Some(number) = same {
            if self.words(number) == words {
                return Ok(number);
            }
            same = self.same_hash[number as usize];
        }
        // As tables and vectors grow.
        const MEMORY: usize = 3 * size_of::<(u64, u32, Option<u32>)>();
        self.held.take(MEMORY + 3 * size_of_val(words))?;
        let number = self.same_hash.len() as u32;
        self.memories.extend_from_slice(words);
        self.same_hash.push(last);
        self.by_hash.insert(hash, number);
        Ok(number)
    }

    fn state(&mut self, memory: u32, node: u32, from: Option<(usize, u8)>) -> Result<usize, Full> {
        let number = self.states.len();
        match self.numbers.entry((memory, node)) {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(free) => free.insert(number),
        };
        // With an entry in the table, one step, and what it takes to look for cycles.
        const STATE: usize = 2 * size_of::<AloneState>() + 2 * size_of::<((u32, u32), usize)>() + 128;
        self.held.take(STATE)?;
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

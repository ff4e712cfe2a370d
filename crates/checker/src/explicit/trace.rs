//! What a search asked of its models, and what they answered: by that it is known again.
//!
//! A search sees a model only as its automaton, and of that only the edges that it followed. Another
//! model that answers all the same along all of these edges would have been asked the same and
//! answered the same, step by step: so the search would have come to the same. It has to be the same in everything
//! else, which is not looked at here: the layout, the initial states, the roles, the rules.
//!
//! Control states are numbered here in the order in which they are met along the followed edges, because the
//! automaton's own numbers depend on the threads. Places in the source are no part of it, but which steps
//! are taken at the same place is: so that schedules can be told with the new places.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use machine::{Action, Control, Location, Step, Word};
use rustc_hash::FxHashMap;
use scenario::Outcome;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::error::Error;
use super::prepared::Prepared;
use super::unfold::{Automaton, Edge, Reach, Standing};

/// A place in a source: file and line.
pub type Place = (String, u32);

/// What a search asked of its models, and a digest of the answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Trace {
    /// The actors', then the views'.
    automata: Vec<Asked>,
    digest: u128,
    /// Where steps were taken, in the order in which they are met.
    places: Vec<Place>,
}

/// What was asked of one model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Asked {
    /// A digest of each control state, so that most others are known early.
    nodes: Vec<u32>,
    /// How many results were followed from each.
    ways: Vec<u32>,
    /// These results, in the order of the control states.
    results: Vec<Word>,
    /// Where each leads: so many control states back from the next new one; 0 is a new one.
    back: Vec<u32>,
}

impl Trace {
    /// The trace of the search that `prepared` was made for, and used for alone.
    #[must_use]
    pub fn of(prepared: &Prepared) -> Trace {
        Trace::up_to(prepared, &prepared.reaches())
    }

    /// The same when its automata were unfolded so far.
    pub(crate) fn up_to(prepared: &Prepared, reaches: &[Reach]) -> Trace {
        let mut telling = Telling::default();
        let automata = prepared.automata.iter().zip(reaches);
        let automata = automata.map(|(automaton, reach)| telling.asked(automaton, *reach)).collect();
        let (digest, places) = telling.end();
        Trace { automata, digest, places }
    }

    /// What tells it from others.
    pub(crate) fn digest(&self) -> u128 {
        self.digest
    }

    /// Whether the models of a scenario answer all the same; then the places of their steps, which
    /// correspond to [`Trace::places`]. `prepared` is unfolded along the trace, and no more fit for a search.
    ///
    /// # Errors
    /// Where a model breaks a rule along the trace.
    pub fn is_taken_by(&self, prepared: &Prepared) -> Result<Option<Vec<Place>>, Error> {
        if self.automata.len() != prepared.automata.len() {
            return Ok(None);
        }
        let mut telling = Telling::default();
        for (asked, automaton) in self.automata.iter().zip(&prepared.automata) {
            if !telling.ask(asked, automaton)? {
                return Ok(None);
            }
        }
        let (digest, places) = telling.end();
        if digest != self.digest || places.len() != self.places.len() {
            return Ok(None);
        }
        prepared.walk()?;
        Ok(Some(places))
    }

    /// Where steps were taken.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The outcome of the traced search, told with other places; none if it has one that is not in the trace.
    #[must_use]
    pub fn moved(&self, mut outcome: Outcome, places: &[Place]) -> Option<Outcome> {
        let new: BTreeMap<&Place, &Place> = self.places.iter().zip(places).collect();
        for event in outcome.bad.iter_mut().flat_map(|bad| &mut bad.schedule.events) {
            if event.line == 0 {
                continue;
            }
            let old = (std::mem::take(&mut event.file), event.line);
            let (file, line) = new.get(&old)?;
            (event.file, event.line) = (file.clone(), *line);
        }
        Some(outcome)
    }

    /// As bytes, to be kept.
    ///
    /// # Panics
    /// Never that is known: it is plain data.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data")
    }

    /// From such bytes; none if they are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Trace> {
        postcard::from_bytes(bytes).ok()
    }
}

/// Gathers what is hashed.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn finish(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

/// The digest of everything that models say, as it is told.
#[derive(Default)]
struct Telling {
    digest: Xxh3,
    said: Bytes,
    places: Vec<Place>,
    numbers: FxHashMap<Place, u32>,
    /// The numbers of places that were looked up, by the address of the file's name and the line.
    known: FxHashMap<(usize, u32), u32>,
}

impl Telling {
    fn end(self) -> (u128, Vec<Place>) {
        (self.digest.digest128(), self.places)
    }

    fn place(&mut self, location: Location) -> u32 {
        let address = (location.file.as_ptr() as usize, location.line);
        if let Some(&number) = self.known.get(&address) {
            return number;
        }
        let place = (location.file.to_owned(), location.line);
        let places = &mut self.places;
        let number = *self.numbers.entry(place).or_insert_with_key(|place| {
            places.push(place.clone());
            places.len() as u32 - 1
        });
        self.known.insert(address, number);
        number
    }

    fn step(&mut self, step: &Step) {
        step.action.hash(&mut self.said);
        step.label.hash(&mut self.said);
        if let Action::Control(Control::Leave { result }) = step.action {
            step.shown(result).hash(&mut self.said);
        }
        self.place(step.location).hash(&mut self.said);
    }

    /// Adds what was said since; gives its own digest.
    fn add(&mut self) -> u32 {
        let own = self.said.finish();
        self.digest.update(&self.said.0);
        self.digest.update(&(self.said.0.len() as u64).to_le_bytes());
        self.said.0.clear();
        own as u32
    }

    fn node(&mut self, standing: &Standing) -> u32 {
        std::mem::discriminant(standing).hash(&mut self.said);
        match standing {
            Standing::Pending(step) => self.step(step),
            Standing::Done(word) => word.hash(&mut self.said),
            Standing::Panicked(message) => message.hash(&mut self.said),
            Standing::Unsupported(missing) => missing.hash(&mut self.said),
        }
        self.add()
    }

    fn edge(&mut self, pending: Option<(&Step, Word)>, edge: &Edge, to: u32) {
        if let Some((step, result)) = pending {
            result.hash(&mut self.said);
            step.shown(result).hash(&mut self.said);
        }
        to.hash(&mut self.said);
        edge.emissions.len().hash(&mut self.said);
        edge.emissions.iter().for_each(|step| self.step(step));
        self.add();
    }

    /// Tells of everything that was followed so far.
    fn asked(&mut self, automaton: &Automaton, reach: Reach) -> Asked {
        let mut followed: FxHashMap<u32, Vec<_>> = FxHashMap::default();
        for (from, result, edge) in automaton.edges_up_to(reach) {
            followed.entry(from).or_default().push((result, edge));
        }
        let mut asked = Asked { nodes: Vec::new(), ways: Vec::new(), results: Vec::new(), back: Vec::new() };
        let mut order = Order::default();
        order.number(automaton.start().to);
        self.edge(None, automaton.start(), 0);
        while let Some(node) = order.next() {
            let standing = &automaton.node(node).control;
            asked.nodes.push(self.node(standing));
            let mut ways = followed.remove(&node).unwrap_or_default();
            ways.sort_unstable_by_key(|(result, _)| *result);
            asked.ways.push(ways.len() as u32);
            for (result, edge) in ways {
                let next = order.nodes.len() as u32;
                let to = order.number(edge.to);
                let pending = match standing {
                    Standing::Pending(step) => Some((step, result)),
                    Standing::Done(_) | Standing::Panicked(_) | Standing::Unsupported(_) => None,
                };
                self.edge(pending, &edge, to);
                asked.results.push(result);
                asked.back.push(next - to);
            }
        }
        asked
    }

    /// Follows what was asked before; whether it leads to the same control states.
    fn ask(&mut self, asked: &Asked, automaton: &Automaton) -> Result<bool, Error> {
        let mut order = Order::default();
        order.number(automaton.start().to);
        self.edge(None, automaton.start(), 0);
        let (mut results, mut back) = (asked.results.iter(), asked.back.iter());
        let mut nodes = asked.nodes.iter().zip(&asked.ways);
        while let Some(node) = order.next() {
            let Some((digest, ways)) = nodes.next() else { return Ok(false) };
            let standing = &automaton.node(node).control;
            if self.node(standing) != *digest {
                return Ok(false);
            }
            for _ in 0..*ways {
                let Standing::Pending(step) = standing else { return Ok(false) };
                let (Some(&result), Some(&back)) = (results.next(), back.next()) else { return Ok(false) };
                let edge = automaton.follow(node, result)?;
                let next = order.nodes.len() as u32;
                let to = order.number(edge.to);
                if next.checked_sub(back) != Some(to) {
                    return Ok(false);
                }
                self.edge(Some((step, result)), &edge, to);
            }
        }
        Ok(nodes.next().is_none() && results.next().is_none())
    }
}

/// The control states in the order in which they are met along the edges that were followed: the same for all who followed
/// the same ones.
pub(crate) fn order(automaton: &Automaton) -> Vec<u32> {
    let mut followed: FxHashMap<u32, Vec<_>> = FxHashMap::default();
    for link in automaton.links_since(0) {
        followed.entry(link.from).or_default().push((link.result, link.to));
    }
    let mut order = Order::default();
    order.number(automaton.start().to);
    while let Some(node) = order.next() {
        let mut ways = followed.remove(&node).unwrap_or_default();
        ways.sort_unstable();
        for (_, to) in ways {
            order.number(to);
        }
    }
    order.nodes
}

/// Control states in the order in which they are met.
#[derive(Default)]
struct Order {
    nodes: Vec<u32>,
    numbers: FxHashMap<u32, u32>,
    taken: usize,
}

impl Order {
    fn number(&mut self, node: u32) -> u32 {
        let nodes = &mut self.nodes;
        *self.numbers.entry(node).or_insert_with(|| {
            nodes.push(node);
            nodes.len() as u32 - 1
        })
    }

    fn next(&mut self) -> Option<u32> {
        self.taken += 1;
        self.nodes.get(self.taken - 1).copied()
    }
}

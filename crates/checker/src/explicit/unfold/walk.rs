//! Walks through an automaton with nothing forgotten.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::PoisonError;

use machine::{Action, Control, Machine, Step, Word};

use super::pool;
use super::run::{Model, Panic, attempt, leave};
use super::standing::{Standing, difference};
use super::tape::{PERFORMED_MAX, told};
use super::{Automaton, Edge, Node, Table};
use crate::explicit::error::Error;

/// Steps that the walks through an automaton take together: so many, and so many for each edge.
const STEPS: usize = 4096;
const STEPS_PER_EDGE: usize = 2;
/// A walk ends after so many steps on end that walks have taken before.
const OLD_STEPS: usize = 64;

impl Automaton {
    /// Lets models go along ways through the automaton and keep everything that happened: no frame
    /// is answered from memory, no loop begins anew. They must do what the automaton says.
    ///
    /// One begins anew. Those go on that this thread keeps and that have forgotten nothing, of which most came
    /// to a control state another way than it was met first. Then one is run along each edge that none of them
    /// took. With the steps that are left, the others go on that this thread keeps: what happened before they were
    /// run anew they have forgotten, so no edge counts as walked by them.
    ///
    /// All edges are walked as far as a bound on the steps goes, which grows with the automaton, and loops go
    /// round up to some dozens of times. An automaton of a few hundred edges is walked completely; of a
    /// larger one it is a sample, spread over it. What one thread unfolded is walked in the same way each time.
    ///
    /// # Errors
    /// Where the model remembers what it may not.
    pub(crate) fn walk(&self) -> Result<(), Error> {
        self.timed(1, || self.walk_edges())
    }

    fn walk_edges(&self) -> Result<(), Error> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let map = Map::of(&self.start, &table);
        let edges = map.ways.len();
        let mut walk = Walk { map: &map, walked: vec![0; edges], steps: STEPS + STEPS_PER_EDGE * edges };
        self.run_along(&mut walk, Vec::new())?;
        let (whole, forgetful): (Vec<_>, Vec<_>) =
            pool::take_all(self.id).into_iter().partition(|(_, model)| model.is_whole);
        for (node, model) in whole {
            self.go_along(&mut walk, node, model)?;
        }
        // Spread, for the case that not all are come to.
        let stride = [7919, 7907, 1].into_iter().find(|s| !edges.is_multiple_of(*s)).unwrap_or(1);
        for way in (0..edges).map(|number| number * stride % edges) {
            if walk.steps == 0 {
                break;
            }
            if walk.walked[way] == 0 {
                let (from, result, _) = map.ways[way];
                let mut results = map.results_to(from);
                results.push(result);
                self.run_along(&mut walk, results)?;
            }
        }
        for (node, model) in forgetful {
            self.go_along(&mut walk, node, model)?;
        }
        Ok(())
    }

    /// One walk from the beginning: along these results, then on as it comes.
    fn run_along(&self, walk: &mut Walk, results: Vec<Word>) -> Result<(), Error> {
        let edge = walk.map.start;
        let (at, results) = (edge.to, results.into_iter());
        let walker = Walker(RefCell::new(Walking {
            walk,
            results,
            at,
            edge,
            emitted: 0,
            performed: 0,
            old: 0,
            other: None,
            left: false,
        }));
        let end = attempt(&self.body, &walker);
        let mut walking = walker.0.into_inner();
        if !walking.left {
            walking.arrives(&match end {
                Ok(word) => Standing::Done(word),
                Err(Panic::Unsupported(missing)) => Standing::Unsupported(missing),
                Err(Panic::Bug(said) | Panic::Mistake(said)) => Standing::Panicked(said),
            });
        }
        walking.other.map_or(Ok(()), |other| Err(self.hidden_state(other)))
    }

    /// Goes on with a model that stands at a control state, as it comes.
    fn go_along(&self, walk: &mut Walk, node: u32, mut model: Model) -> Result<(), Error> {
        if let Some((from, result)) = model.came {
            walk.note(from, result);
        }
        let (mut at, mut old) = (node, 0);
        while let Some((result, edge)) = walk.step(at, None, &mut old) {
            let control = model.go_on(self.name, result)?;
            let known = (&walk.map.node(edge.to).control, &*edge.emissions);
            if let Some(other) = difference((&control, &model.emissions()), known) {
                return Err(self.hidden_state(other));
            }
            at = edge.to;
        }
        pool::drop_model(model);
        Ok(())
    }

    fn hidden_state(&self, (remembering, forgetting): (String, String)) -> Error {
        Error::HiddenState { actor: self.name, remembering, forgetting }
    }
}

/// A finished automaton.
struct Map<'t> {
    start: &'t Edge,
    table: &'t Table,
    /// All edges by where they begin, and then by the result: from, result, edge.
    ways: Vec<(u32, Word, &'t Edge)>,
    /// Where those of each control state begin in `ways`, and where the last one's end.
    first: Vec<usize>,
}

impl<'t> Map<'t> {
    fn of(start: &'t Edge, table: &'t Table) -> Map<'t> {
        let edges = table.edges.iter().map(|(&(from, result), edge)| (from, result, &**edge));
        let mut ways: Vec<_> = edges.collect();
        ways.sort_unstable_by_key(|(from, result, _)| (*from, *result));
        let mut first = Vec::with_capacity(table.nodes.len() + 1);
        let mut at = 0;
        for node in 0..table.nodes.len() {
            first.push(at);
            at += ways[at..].iter().take_while(|(from, ..)| *from as usize == node).count();
        }
        first.push(at);
        Map { start, table, ways, first }
    }

    fn node(&self, number: u32) -> &Node {
        self.table.node(number)
    }

    /// The ways on from a control state, numbers in `ways`.
    fn from(&self, node: u32) -> Range<usize> {
        match self.first.get(node as usize..) {
            Some([from, to, ..]) => *from..*to,
            _ => 0..0,
        }
    }

    /// The way on with this result.
    fn way(&self, from: u32, result: Word) -> Option<usize> {
        self.from(from).find(|&way| self.ways[way].1 == result)
    }

    /// The results that lead to a control state.
    fn results_to(&self, to: u32) -> Vec<Word> {
        let mut results = Vec::new();
        let mut at = self.node(to);
        while let Some((from, result)) = at.parent {
            results.push(result);
            at = self.node(from);
        }
        results.reverse();
        results
    }
}

/// What all walks know of each other.
struct Walk<'a> {
    map: &'a Map<'a>,
    /// How often each way was taken.
    walked: Vec<u32>,
    /// How many steps are left.
    steps: usize,
}

impl<'a> Walk<'a> {
    /// The way on from a control state: the one with this result, or what was taken least, so that loops are left
    /// now and then. None where there is none, or where enough was walked that had been before, counted in `old`.
    fn step(&mut self, at: u32, wanted: Option<Word>, old: &mut usize) -> Option<(Word, &'a Edge)> {
        let way = match wanted {
            Some(result) => self.map.way(at, result)?,
            None => self.map.from(at).min_by_key(|&way| self.walked[way])?,
        };
        *old = if self.walked[way] == 0 || wanted.is_some() { 0 } else { *old + 1 };
        if *old > OLD_STEPS || self.steps == 0 {
            return None;
        }
        self.steps -= 1;
        self.walked[way] += 1;
        let (_, result, edge) = self.map.ways[way];
        Some((result, edge))
    }

    /// A model took this way before.
    fn note(&mut self, from: u32, result: Word) {
        if let Some(way) = self.map.way(from, result) {
            self.walked[way] += 1;
        }
    }
}

/// A walk from the beginning.
struct Walking<'a, 'b> {
    walk: &'a mut Walk<'b>,
    results: std::vec::IntoIter<Word>,
    /// The last edge and where it leads.
    edge: &'b Edge,
    at: u32,
    /// How many of the edge's emissions the model did.
    emitted: usize,
    performed: u32,
    /// Steps on end that were taken before.
    old: usize,
    /// What the model does, and what the automaton says instead.
    other: Option<(String, String)>,
    /// Whether the walk ended before the model.
    left: bool,
}

impl Walking<'_, '_> {
    /// Whether the automaton says, too, that the model emits this step.
    fn emits(&mut self, step: &Step) -> bool {
        if self.edge.emissions.get(self.emitted) == Some(step) {
            self.emitted += 1;
            return true;
        }
        self.differs(told(step))
    }

    /// Whether the automaton says, too, that the model is there, with nothing more on the way.
    fn arrives(&mut self, standing: &Standing) -> bool {
        let known = &self.walk.map.node(self.at).control;
        (self.emitted == self.edge.emissions.len() && known == standing) || self.differs(standing.to_string())
    }

    fn differs(&mut self, does: String) -> bool {
        let known = match self.edge.emissions.get(self.emitted) {
            Some(step) => told(step),
            None => self.walk.map.node(self.at).control.to_string(),
        };
        self.other = Some((does, known));
        false
    }

    fn answer(&mut self, step: Step) -> Option<Word> {
        self.performed += 1;
        if self.left || self.performed > PERFORMED_MAX {
            return None;
        }
        if !step.is_scheduling_point() {
            return self.emits(&step).then_some(match step.action {
                Action::Control(Control::Loop { state } | Control::Round { state }) => state,
                _ => 0,
            });
        }
        if !self.arrives(&Standing::Pending(step)) {
            return None;
        }
        let (result, edge) = self.walk.step(self.at, self.results.next(), &mut self.old)?;
        (self.edge, self.at) = (edge, edge.to);
        self.emitted = 0;
        self.performed = 0;
        Some(result)
    }
}

struct Walker<'a, 'b>(RefCell<Walking<'a, 'b>>);

impl Machine for Walker<'_, '_> {
    fn perform(&self, step: Step) -> Word {
        if std::thread::panicking() {
            return 0; // a destructor takes no step
        }
        let answer = self.0.borrow_mut().answer(step);
        answer.unwrap_or_else(|| {
            self.0.borrow_mut().left = true;
            leave()
        })
    }
}

//! Walks through an automaton with nothing forgotten.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError};

use machine::{Action, Control, Machine, Step, Word};

use super::run::{Panic, attempt, leave};
use super::tape::PERFORMED_MAX;
use super::{Automaton, Edge, Node, PANICKED_FROM, Standing, difference};
use crate::explicit::Error;

/// Steps that the walks through an automaton take together: so many, and so many for each edge.
const STEPS: usize = 4096;
const STEPS_PER_EDGE: usize = 2;
/// A walk ends after so many steps on end that walks have taken before.
const OLD_STEPS: usize = 64;

impl Automaton {
    /// Runs the model along ways through the automaton and lets it keep everything that happened: no frame
    /// is answered from memory, no loop begins anew. It must do what the automaton says.
    ///
    /// All edges are walked as far as a bound on the steps goes, which grows with the automaton, and loops go
    /// round up to some dozens of times. An automaton of a few hundred edges is walked completely; of a
    /// larger one it is a sample, spread over it. The same automaton is walked in the same way each time.
    ///
    /// # Errors
    /// Where the model remembers what it may not.
    pub(crate) fn walk(&self) -> Result<(), Error> {
        self.timed(|| self.walk_edges())
    }

    fn walk_edges(&self) -> Result<(), Error> {
        let map = Map::of(self);
        let targets: Vec<(usize, usize)> = map
            .ways
            .iter()
            .enumerate()
            .flat_map(|(from, ways)| (0..ways.len()).map(move |w| (from, w)))
            .collect();
        let edges = targets.len();
        let walked = map.ways.iter().map(|ways| vec![0; ways.len()]).collect();
        let mut walk = Walk { map: &map, walked, steps: STEPS + STEPS_PER_EDGE * edges };
        self.take(&mut walk, Vec::new())?;
        // Spread, for the case that not all are come to.
        let stride = [7919, 7907, 1].into_iter().find(|s| !edges.is_multiple_of(*s)).unwrap_or(1);
        for number in 0..edges {
            let (from, way) = targets[number * stride % edges];
            if walk.steps == 0 {
                break;
            }
            if walk.walked[from][way] == 0 {
                let mut results = map.results_to(from);
                results.push(map.ways[from][way].0);
                self.take(&mut walk, results)?;
            }
        }
        Ok(())
    }

    /// One walk: along these results, then on as it comes.
    fn take(&self, walk: &mut Walk, results: Vec<Word>) -> Result<(), Error> {
        let edge = self.start().clone();
        let walker = Walker(RefCell::new(Walking {
            walk,
            results: results.into_iter(),
            at: edge.to,
            edge,
            emissions: Vec::new(),
            performed: 0,
            old: 0,
            other: None,
            left: false,
        }));
        let end = attempt(&self.body, &walker);
        let mut walking = walker.0.into_inner();
        if !walking.left {
            walking.compare(&match end {
                Ok(word) => Standing::Done(word),
                Err(Panic::Unsupported(missing)) => Standing::Unsupported(missing),
                Err(Panic::Bug(said) | Panic::Mistake(said)) => Standing::Panicked(said),
            });
        }
        match walking.other {
            None => Ok(()),
            Some((remembering, forgetting)) => {
                Err(Error::HiddenState { actor: self.name, remembering, forgetting })
            }
        }
    }
}

/// A finished automaton.
struct Map {
    nodes: Vec<Arc<Node>>,
    dead: Vec<Arc<Node>>,
    /// The results that were followed from each control state.
    ways: Vec<Vec<(Word, Arc<Edge>)>>,
}

impl Map {
    fn of(automaton: &Automaton) -> Map {
        let table = automaton.table.read().unwrap_or_else(PoisonError::into_inner);
        let mut ways = vec![Vec::new(); table.nodes.len()];
        for (&(from, result), edge) in &table.edges {
            ways[from as usize].push((result, edge.clone()));
        }
        for ways in &mut ways {
            ways.sort_unstable_by_key(|(result, _)| *result);
        }
        Map { nodes: table.nodes.clone(), dead: table.dead.clone(), ways }
    }

    fn node(&self, number: u32) -> &Node {
        match number.checked_sub(PANICKED_FROM) {
            None => &self.nodes[number as usize],
            Some(dead) => &self.dead[dead as usize],
        }
    }

    /// The results that lead to a control state.
    fn results_to(&self, to: usize) -> Vec<Word> {
        let mut results = Vec::new();
        let mut at = &self.nodes[to];
        while let Some((from, result)) = at.parent {
            results.push(result);
            at = &self.nodes[from as usize];
        }
        results.reverse();
        results
    }
}

/// What all walks know of each other.
struct Walk<'a> {
    map: &'a Map,
    /// How often each way was taken.
    walked: Vec<Vec<u32>>,
    /// How many steps are left.
    steps: usize,
}

struct Walking<'a, 'b> {
    walk: &'a mut Walk<'b>,
    results: std::vec::IntoIter<Word>,
    /// The last edge and where it leads.
    edge: Arc<Edge>,
    at: u32,
    /// What the model did since its last scheduling point.
    emissions: Vec<Step>,
    performed: u32,
    /// Steps on end that were taken before.
    old: usize,
    /// What the model does, and what the automaton says instead.
    other: Option<(String, String)>,
    /// Whether the walk ended before the model.
    left: bool,
}

impl Walking<'_, '_> {
    /// Whether the model is where the automaton says, and did on the way what it says.
    fn compare(&mut self, standing: &Standing) -> bool {
        let known = &self.walk.map.node(self.at).control;
        self.other = difference((standing, &self.emissions), (known, &self.edge.emissions));
        self.other.is_none()
    }

    fn answer(&mut self, step: Step) -> Option<Word> {
        self.performed += 1;
        if self.left || self.performed > PERFORMED_MAX {
            return None;
        }
        if !step.is_scheduling_point() {
            self.emissions.push(step);
            return Some(match step.action {
                Action::Control(Control::Loop { state } | Control::Round { state }) => state,
                _ => 0,
            });
        }
        if !self.compare(&Standing::Pending(step)) {
            return None;
        }
        let at = self.at as usize;
        let (ways, walked) = (&self.walk.map.ways[at], &mut self.walk.walked[at]);
        let way = match self.results.next() {
            Some(result) => ways.iter().position(|(r, _)| *r == result)?,
            // What was taken least, so that loops are left now and then.
            None => (0..ways.len()).min_by_key(|&way| walked[way])?,
        };
        self.old = if walked[way] == 0 || self.results.len() > 0 { 0 } else { self.old + 1 };
        if self.old > OLD_STEPS || self.walk.steps == 0 {
            return None;
        }
        self.walk.steps -= 1;
        walked[way] += 1;
        let (result, edge) = &ways[way];
        (self.edge, self.at) = (edge.clone(), edge.to);
        self.emissions.clear();
        self.performed = 0;
        Some(*result)
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

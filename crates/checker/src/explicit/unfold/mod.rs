//! A model actor as an automaton.
//!
//! A model is a deterministic function of the results of its steps, so its control state is the list of
//! these results. It is run once per history up to its first unanswered step, and remembered.
//! Histories are kept in a canonical form in which a frame that was left is its result, and a loop that
//! went round is its state.
//!
//! That form forgets, and a model that remembers what it forgets (a `Cell` that is set in a frame, a static)
//! would be searched as another model. So a share of the prefixes is run twice, and [`Automaton::walk`]
//! follows the finished automaton with nothing forgotten.

mod mirror;
mod run;
mod tape;
mod walk;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use machine::{Step, Word};
use rustc_hash::FxHashMap;
use scenario::Body;

use super::{Error, Spot};
pub(crate) use mirror::Mirror;
use run::{Ran, run, silence_models};
use tape::{Item, told};

/// Where a model stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// In front of this step.
    Pending(Step),
    /// At its end, with this word.
    Done(Word),
    /// In its own panic.
    Panicked(Arc<str>),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Pending(step) => f.write_str(&told(step)),
            Standing::Done(word) => write!(f, "its end with {word}"),
            Standing::Panicked(message) => write!(f, "its panic `{message}`"),
        }
    }
}

/// The result of a step led here.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The control state.
    pub(crate) to: u32,
    /// What the model did on the way besides its scheduling points: frames, reports, marks.
    pub(crate) emissions: Box<[Step]>,
}

/// A control state.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) control: Standing,
    /// Empty where no step follows.
    history: Arc<[Item]>,
    /// The control state that it was first met after, with the result that led here.
    parent: Option<(u32, Word)>,
}

/// The bits that a control state's number takes.
pub(crate) const CONTROL_BITS: u32 = 18;
/// Numbers from here on are panics, so that a dead machine is known by its number.
pub(crate) const PANICKED_FROM: u32 = (1 << CONTROL_BITS) - 1024;

/// What is known of an automaton. A control state is its history, or how the model ended.
#[derive(Default)]
struct Table {
    nodes: Vec<Arc<Node>>,
    panicked: Vec<Arc<Node>>,
    by_history: FxHashMap<Arc<[Item]>, u32>,
    by_end: FxHashMap<Word, u32>,
    by_panic: FxHashMap<Arc<str>, u32>,
    edges: FxHashMap<(u32, Word), Arc<Edge>>,
}

/// A model actor, unfolded as far as it was followed. Shared by threads.
pub(crate) struct Automaton {
    pub(crate) name: &'static str,
    body: Body,
    /// How many cells are declared.
    cells: usize,
    start: Arc<Edge>,
    table: RwLock<Table>,
    runs: AtomicU64,
    bytes: AtomicU64,
}

/// So many prefixes of an automaton are run twice, and one in so many of the rest. What is left out is not
/// unseen: whatever goes on from a prefix runs it again, and where two histories meet they must agree.
const RUN_TWICE: u64 = 64;
const RUN_TWICE_ONE_IN: u64 = 8;

/// A hash table has room for so many times the entries that it holds, about.
const ENTRY: usize = 2;
/// What the allocator and an `Arc` add to each of the things that are kept, in bytes.
const ALLOCATION: usize = 32;

impl Automaton {
    /// The automaton of a model, unfolded to its first step, in a layout of so many cells.
    pub(crate) fn new(name: &'static str, body: Body, cells: usize) -> Result<Automaton, Error> {
        silence_models();
        let nowhere = Arc::new(Edge { to: 0, emissions: Box::new([]) });
        let mut automaton = Automaton {
            name,
            body,
            cells,
            start: nowhere,
            table: RwLock::default(),
            runs: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        automaton.start = Arc::new(automaton.unfold(None, Vec::new())?);
        Ok(automaton)
    }

    /// The way into the first control state.
    pub(crate) fn start(&self) -> &Arc<Edge> {
        &self.start
    }

    /// A control state by its number.
    pub(crate) fn node(&self, number: u32) -> Arc<Node> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        match number.checked_sub(PANICKED_FROM) {
            None => table.nodes[number as usize].clone(),
            Some(panic) => table.panicked[panic as usize].clone(),
        }
    }

    /// Where a control state goes when its pending step returns `result`.
    pub(crate) fn follow(&self, from: u32, result: Word) -> Result<Arc<Edge>, Error> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(edge) = table.edges.get(&(from, result)) {
            return Ok(edge.clone());
        }
        let mut history = table.nodes[from as usize].history.to_vec();
        drop(table);
        history.push(Item::Result(result));
        let edge = Arc::new(self.unfold(Some((from, result)), history)?);
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known = table.edges.len();
        let edge = table.edges.entry((from, result)).or_insert(edge).clone();
        if table.edges.len() > known {
            let emissions = size_of_val::<[Step]>(&edge.emissions);
            self.grow(size_of::<Edge>() + emissions + ENTRY * size_of::<((u32, Word), Arc<Edge>)>());
        }
        Ok(edge)
    }

    /// The bytes that it takes: histories, control states, edges, tables. About right, and cheap to ask.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn grow(&self, bytes: usize) {
        self.bytes.fetch_add((bytes + 2 * ALLOCATION) as u64, Ordering::Relaxed);
    }

    /// Every edge that was followed: from, result, to. In no particular order.
    pub(crate) fn edges(&self) -> Vec<(u32, Word, Arc<Edge>)> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.edges.iter().map(|(&(from, result), edge)| (from, result, edge.clone())).collect()
    }

    /// How many control states there are, panics not counted.
    pub(crate) fn len(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).nodes.len()
    }

    /// Runs the model, twice in a share of the cases, to see that it is a function of its history, and
    /// numbers the end.
    fn unfold(&self, parent: Option<(u32, Word)>, history: Vec<Item>) -> Result<Edge, Error> {
        let ran = run(self.name, &self.body, history.clone())?;
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        if number < RUN_TWICE || number.is_multiple_of(RUN_TWICE_ONE_IN) {
            let again = run(self.name, &self.body, history)?;
            if again != ran {
                return Err(self.not_deterministic(&ran.control, &again.control));
            }
        }
        if let Standing::Pending(step) = &ran.control
            && let Some(flaw) = step.action.flaw(self.cells)
        {
            return Err(Error::Flawed { at: Spot::new(self.name, step), flaw });
        }
        Ok(Edge { to: self.number(&ran, parent)?, emissions: ran.emissions.into() })
    }

    fn not_deterministic(&self, first: &Standing, then: &Standing) -> Error {
        Error::NotDeterministic { actor: self.name, detail: format!("first {first}, then {then}") }
    }

    fn number(&self, ran: &Ran, parent: Option<(u32, Word)>) -> Result<u32, Error> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known = match &ran.control {
            Standing::Pending(_) => table.by_history.get(&*ran.history),
            Standing::Done(word) => table.by_end.get(word),
            Standing::Panicked(message) => table.by_panic.get(message),
        };
        if let Some(&number) = known {
            if let Some(known) = table.nodes.get(number as usize)
                && known.control != ran.control
            {
                return Err(self.not_deterministic(&known.control, &ran.control));
            }
            return Ok(number);
        }
        let (list, from, to) = match ran.control {
            Standing::Panicked(_) => (&mut table.panicked, PANICKED_FROM, 1 << CONTROL_BITS),
            _ => (&mut table.nodes, 0, PANICKED_FROM),
        };
        let number = from + list.len() as u32;
        if number >= to {
            return Err(Error::TooManyControlStates { actor: self.name, max: to - from });
        }
        let history: Arc<[Item]> = match ran.control {
            Standing::Pending(_) => ran.history.as_slice().into(),
            Standing::Done(_) | Standing::Panicked(_) => Arc::default(),
        };
        list.push(Arc::new(Node { control: ran.control.clone(), history: history.clone(), parent }));
        let kept = size_of_val::<[Item]>(&history);
        match &ran.control {
            Standing::Pending(_) => table.by_history.insert(history, number),
            Standing::Done(word) => table.by_end.insert(*word, number),
            Standing::Panicked(message) => table.by_panic.insert(message.clone(), number),
        };
        self.grow(size_of::<Node>() + kept + ENTRY * size_of::<(Arc<[Item]>, u32)>());
        Ok(number)
    }
}

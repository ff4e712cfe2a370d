//! A model actor as an automaton.
//!
//! A model is a deterministic function of the results of its steps, so its control state is the list of
//! these results. Histories are kept in a canonical form in which a frame that was left is its result, and a
//! loop that went round is its state.
//!
//! A model that stands in front of a step is kept as it is, on a stack of its own (`pool`), and goes on with
//! the first result that is asked for. For another result, and where it was not kept, it is run again from
//! its beginning along its history.
//!
//! The canonical form forgets, and a model that remembers what it forgets (a `Cell` that is set in a frame, a
//! static) would be searched as another model. So a share of the edges is unfolded twice, the second time from
//! the beginning, and [`Automaton::walk`] follows the finished automaton with nothing forgotten.

pub(crate) mod mirror;
mod pool;
mod run;
mod standing;
mod tape;
mod walk;

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use machine::{Action, Control, Step, Unsupported, Word};
use rustc_hash::{FxHashMap, FxHasher};
use scenario::Body;

use super::error::{Error, Spot};
use run::{Model, silence_models};
pub(crate) use standing::Standing;
use standing::difference;
use tape::Item;

/// The result of a step led here.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The control state.
    pub(crate) to: u32,
    /// What the model did on the way besides its scheduling points: frames, reports, marks.
    pub(crate) emissions: Box<[Step]>,
}

/// An edge without what is emitted on it.
#[derive(Clone, Copy)]
pub(crate) struct Link {
    pub(crate) from: u32,
    pub(crate) result: Word,
    pub(crate) to: u32,
    /// Whether a round of a loop begins on it: the only way back to an earlier control state, since nothing else
    /// takes anything from a history.
    pub(crate) goes_round: bool,
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

impl Node {
    /// A number that depends on nothing but what led here, or on how the model ended: whoever came here first.
    pub(crate) fn rank(&self) -> u64 {
        let mut hasher = FxHasher::default();
        match &self.control {
            Standing::Pending(_) => self.history.hash(&mut hasher),
            Standing::Done(word) => word.hash(&mut hasher),
            Standing::Panicked(message) => message.hash(&mut hasher),
            Standing::Unsupported(missing) => missing.hash(&mut hasher),
        }
        hasher.finish()
    }
}

/// The bits that a control state's number takes.
pub(crate) const CONTROL_BITS: u32 = 18;
/// Numbers from here on are panics and what is not modelled, so that a dead machine is known by its number.
pub(crate) const PANICKED_FROM: u32 = (1 << CONTROL_BITS) - 1024;

/// What is known of an automaton. A control state is its history, or how the model ended.
#[derive(Default)]
struct Table {
    nodes: Vec<Arc<Node>>,
    dead: Vec<Arc<Node>>,
    by_history: FxHashMap<Arc<[Item]>, u32>,
    by_end: FxHashMap<Word, u32>,
    by_panic: FxHashMap<Arc<str>, u32>,
    by_missing: FxHashMap<Arc<Unsupported>, u32>,
    edges: FxHashMap<(u32, Word), Arc<Edge>>,
    /// The edges in the order in which they were unfolded.
    links: Vec<Link>,
}

impl Table {
    fn node(&self, number: u32) -> &Arc<Node> {
        match number.checked_sub(PANICKED_FROM) {
            None => &self.nodes[number as usize],
            Some(dead) => &self.dead[dead as usize],
        }
    }
}

/// How far an automaton is unfolded: all three lists only ever grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Control states that go on or are done, and the others.
    pub(crate) living: usize,
    pub(crate) dead: usize,
    pub(crate) links: usize,
}

/// A model actor, unfolded as far as it was followed. Shared by threads.
pub(crate) struct Automaton {
    pub(crate) name: &'static str,
    /// Tells it from all others of the process.
    id: u64,
    body: Body,
    /// How many cells are declared.
    cells: usize,
    start: Arc<Edge>,
    table: RwLock<Table>,
    runs: AtomicU64,
    bytes: AtomicU64,
    /// What tells the time, where somebody wants to know what unfolding takes, and that in nanoseconds.
    clock: OnceLock<fn() -> Duration>,
    took: AtomicU64,
}

/// So many edges of an automaton are unfolded twice, and one in so many of the rest: that ends a search early.
/// What is left out is not unseen: where two histories meet they must agree, a model that is run anew must stand
/// in front of the same step as the one before it, and walks go over all of it.
const TWICE: u64 = 4;
const TWICE_ONE_IN: u64 = 64;

/// One edge in so many is measured: no divisor of those that are unfolded twice.
const MEASURED_ONE_IN: u32 = 17;

/// A hash table has room for so many times the entries that it holds, about.
const ENTRY: usize = 2;
/// What the allocator and an `Arc` add to each of the things that are kept, in bytes.
const ALLOCATION: usize = 32;

impl Automaton {
    /// The automaton of a model, unfolded to its first step, in a layout of so many cells.
    pub(crate) fn new(name: &'static str, body: Body, cells: usize) -> Result<Automaton, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        silence_models();
        let nowhere = Arc::new(Edge { to: 0, emissions: Box::new([]) });
        let mut automaton = Automaton {
            name,
            id: NUMBER.fetch_add(1, Ordering::Relaxed),
            body,
            cells,
            start: nowhere,
            table: RwLock::default(),
            runs: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            clock: OnceLock::new(),
            took: AtomicU64::new(0),
        };
        automaton.start = Arc::new(automaton.unfold(None)?);
        Ok(automaton)
    }

    /// The way into the first control state.
    pub(crate) fn start(&self) -> &Arc<Edge> {
        &self.start
    }

    /// A control state by its number.
    pub(crate) fn node(&self, number: u32) -> Arc<Node> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).node(number).clone()
    }

    /// Where a control state goes when its pending step returns `result`.
    pub(crate) fn follow(&self, from: u32, result: Word) -> Result<Arc<Edge>, Error> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(edge) = table.edges.get(&(from, result)) {
            return Ok(edge.clone());
        }
        drop(table);
        let unfolded = Arc::new(self.timed(MEASURED_ONE_IN, || self.unfold(Some((from, result))))?);
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known = table.edges.len();
        let edge = table.edges.entry((from, result)).or_insert_with(|| unfolded.clone()).clone();
        if table.edges.len() == known {
            self.agree(&table, &edge, &unfolded)?; // two threads at once
        }
        if table.edges.len() > known {
            let rounds = |step: &Step| matches!(step.action, Action::Control(Control::Round { .. }));
            let goes_round = edge.emissions.iter().any(rounds);
            table.links.push(Link { from, result, to: edge.to, goes_round });
            let emissions = size_of_val::<[Step]>(&edge.emissions);
            let link = size_of::<Link>();
            self.grow(size_of::<Edge>() + emissions + link + ENTRY * size_of::<((u32, Word), Arc<Edge>)>());
        }
        Ok(edge)
    }

    /// Measures from now on what running the model takes, by a clock of the thread's CPU time.
    pub(crate) fn measure(&self, clock: fn() -> Duration) {
        self.clock.get_or_init(|| clock);
    }

    /// What running the model took since it is measured.
    pub(crate) fn took(&self) -> Duration {
        Duration::from_nanos(self.took.load(Ordering::Relaxed))
    }

    /// Runs it, and measures one in `of`, for all: a look at the clock can take a tenth of what there is to measure.
    fn timed<R>(&self, of: u32, run: impl FnOnce() -> R) -> R {
        thread_local! {
            static NUMBER: Cell<u32> = const { Cell::new(0) };
        }
        let number = NUMBER.get();
        let Some(clock) = self.clock.get().filter(|_| number.is_multiple_of(of)) else {
            NUMBER.set(number.wrapping_add(1));
            return run();
        };
        NUMBER.set(number.wrapping_add(1));
        let (before, begun) = (clock(), clock());
        let done = run();
        let (look, all) = (begun.saturating_sub(before), clock().saturating_sub(begun));
        let took = all.saturating_sub(look) * of;
        self.took.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        done
    }

    /// The bytes that it takes: histories, control states, edges, tables. About right, and cheap to ask.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn grow(&self, bytes: usize) {
        self.bytes.fetch_add((bytes + 2 * ALLOCATION) as u64, Ordering::Relaxed);
    }

    /// How far it is unfolded.
    pub(crate) fn reach(&self) -> Reach {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        Reach { living: table.nodes.len(), dead: table.dead.len(), links: table.links.len() }
    }

    /// The edges that it had when it was unfolded so far: from, result, to. In the order in which they were unfolded.
    pub(crate) fn edges_up_to(&self, reach: Reach) -> Vec<(u32, Word, Arc<Edge>)> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let edges = table.links[..reach.links].iter();
        edges.map(|link| (link.from, link.result, table.edges[&(link.from, link.result)].clone())).collect()
    }

    /// Every edge that was followed: from, result, to.
    pub(crate) fn edges(&self) -> Vec<(u32, Word, Arc<Edge>)> {
        self.edges_up_to(self.reach())
    }

    /// After which control state and result each one was first met, in the order of their numbers: those that go on or
    /// are done, and the dead. None of the first of all.
    pub(crate) fn origins(&self) -> [Vec<Option<(u32, Word)>>; 2] {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        [&table.nodes, &table.dead].map(|nodes| nodes.iter().map(|node| node.parent).collect())
    }

    /// Whether there is a control state with this number.
    pub(crate) fn has(&self, number: u32) -> bool {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        match number.checked_sub(PANICKED_FROM) {
            None => (number as usize) < table.nodes.len(),
            Some(dead) => (dead as usize) < table.dead.len(),
        }
    }

    /// Goes from a control state where the step's result leads; whether that is the one with this number.
    pub(crate) fn leads(&self, from: u32, result: Word, to: u32) -> Result<bool, Error> {
        let goes_on =
            from < PANICKED_FROM && self.has(from) && matches!(self.node(from).control, Standing::Pending(_));
        Ok(goes_on && self.follow(from, result)?.to == to)
    }

    /// The edges but the first so many, in the order in which they were unfolded.
    pub(crate) fn links_since(&self, known: usize) -> Vec<Link> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).links[known..].to_vec()
    }

    /// How many control states there are, panics and the like not counted.
    pub(crate) fn len(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).nodes.len()
    }

    /// Takes the model to its first step, or to the next one from a control state, and numbers where it
    /// stands then. In a share of the cases it is done twice, to see that the model is a function of its
    /// history.
    fn unfold(&self, from: Option<(u32, Word)>) -> Result<Edge, Error> {
        let kept = match from {
            Some((node, result)) => self.kept(node)?.map(|model| (model, result)),
            None => None,
        };
        let went_on = kept.is_some();
        let (model, control) = match kept {
            Some((mut model, result)) => {
                let control = model.go_on(self.name, result)?;
                (model, control)
            }
            None => self.run_anew(from)?,
        };
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let twice = number < TWICE || number.is_multiple_of(TWICE_ONE_IN);
        let again = if twice { Some(self.run_anew(from)?) } else { None };
        if let Some((again, other)) = &again {
            self.compare(went_on, (&model, &control), (again, other))?;
        }
        if let Standing::Pending(step) = &control
            && let Some(flaw) = step.action.flaw(self.cells)
        {
            return Err(Error::Flawed { at: Spot::new(self.name, step), flaw });
        }
        let emissions = (*model.emissions()).into();
        let (to, new) = self.number(&control, &model.history(), from)?;
        let spare = again.map(|(again, _)| again);
        self.keep(&control, to, new, [Some(model), spare], from);
        Ok(Edge { to, emissions })
    }

    /// A model of this thread that stands at a control state, or is taken there from one that is not far before:
    /// what others unfolded meanwhile it has not gone along with. On the way it must do what is known.
    fn kept(&self, node: u32) -> Result<Option<Model>, Error> {
        const BACK_MAX: usize = 32;
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let (mut at, mut way) = (node, Vec::new());
        let mut model = loop {
            if let Some(model) = pool::take(self.id, at) {
                break model;
            }
            match table.nodes[at as usize].parent {
                Some((before, result)) if way.len() < BACK_MAX => {
                    // Of a control state that another thread has only just come to, the edge may not be there yet.
                    way.push((
                        result,
                        table.nodes[at as usize].clone(),
                        table.edges.get(&(before, result)).cloned(),
                    ));
                    at = before;
                }
                _ => return Ok(None),
            }
        };
        drop(table);
        for (result, known, edge) in way.into_iter().rev() {
            let control = model.go_on(self.name, result)?;
            let emissions = model.emissions();
            let expected = edge.as_ref().map_or(&*emissions, |edge| &edge.emissions);
            let known_to_do = (&known.control, expected);
            if let Some((remembering, forgetting)) = difference((&control, &emissions), known_to_do) {
                return Err(Error::HiddenState { actor: self.name, remembering, forgetting });
            }
            drop(emissions);
            if *model.history() != *known.history {
                return Err(self.not_deterministic(&control, &known.control));
            }
        }
        Ok(Some(model))
    }

    /// Runs the model from its beginning along the history of a control state and one result more.
    fn run_anew(&self, to: Option<(u32, Word)>) -> Result<(Model, Standing), Error> {
        let mut history = Vec::new();
        let from = to.map(|(node, result)| (self.node(node), result));
        if let Some((from, result)) = &from {
            history.reserve(from.history.len() + 1);
            history.extend_from_slice(&from.history);
            history.push(Item::Result(*result));
        }
        let mut model = Model::new(&self.body, history, pool::stack()?);
        let control = model.run(self.name)?;
        if let Some((from, _)) = from
            && let Some(last) = model.last().map(Standing::Pending)
            && last != from.control
        {
            let (remembering, forgetting) = (from.control.to_string(), last.to_string());
            return Err(Error::HiddenState { actor: self.name, remembering, forgetting });
        }
        Ok((model, control))
    }

    /// Two ways to unfold an edge must come to the same. Where the first went on and kept all that it knew,
    /// the second had only what its history keeps.
    fn compare(
        &self,
        went_on: bool,
        (model, control): (&Model, &Standing),
        (again, other): (&Model, &Standing),
    ) -> Result<(), Error> {
        match difference((control, &model.emissions()), (other, &again.emissions())) {
            None if *model.history() == *again.history() => Ok(()),
            Some((remembering, forgetting)) if went_on => {
                Err(Error::HiddenState { actor: self.name, remembering, forgetting })
            }
            _ => Err(self.not_deterministic(control, other)),
        }
    }

    /// Two threads that unfold an edge at once must come to the same.
    fn agree(&self, table: &Table, one: &Edge, other: &Edge) -> Result<(), Error> {
        let [first, then] = [one, other].map(|edge| &table.node(edge.to).control);
        match difference((first, &one.emissions), (then, &other.emissions)) {
            Some((first, then)) => Err(self.not_deterministic(&first, &then)),
            None if one.to == other.to => Ok(()),
            None => Err(self.not_deterministic(first, then)),
        }
    }

    /// Keeps models that stand in front of a step: they may be asked to go on, or else are walked with in the end.
    fn keep(
        &self,
        control: &Standing,
        node: u32,
        new: bool,
        models: [Option<Model>; 2],
        from: Option<(u32, Word)>,
    ) {
        let Standing::Pending(step) = control else {
            return models.into_iter().flatten().for_each(pool::drop_model);
        };
        // A step with one result goes on once.
        let results = match step.action {
            Action::Change { mask: 0, .. } | Action::Store { .. } | Action::Await { .. } => 1,
            Action::Move { .. } | Action::Fence { .. } | Action::Require { .. } => 1,
            _ => 2,
        };
        let most = if new { results } else { results - 1 };
        for (number, mut model) in models.into_iter().flatten().enumerate() {
            model.came = from.filter(|_| number > 0 || !new);
            if number < most { pool::put(self.id, node, model) } else { pool::retire(self.id, node, model) }
        }
    }

    fn not_deterministic(&self, first: &dyn fmt::Display, then: &dyn fmt::Display) -> Error {
        Error::NotDeterministic { actor: self.name, detail: format!("first {first}, then {then}") }
    }

    /// The number of a control state, and whether it is new.
    fn number(
        &self,
        control: &Standing,
        history: &[Item],
        parent: Option<(u32, Word)>,
    ) -> Result<(u32, bool), Error> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let known = match control {
            Standing::Pending(_) => table.by_history.get(history),
            Standing::Done(word) => table.by_end.get(word),
            Standing::Panicked(message) => table.by_panic.get(message),
            Standing::Unsupported(missing) => table.by_missing.get(missing),
        };
        if let Some(&number) = known {
            if let Some(known) = table.nodes.get(number as usize)
                && known.control != *control
            {
                return Err(self.not_deterministic(&known.control, control));
            }
            return Ok((number, false));
        }
        let (list, from, to) = match control {
            Standing::Panicked(_) | Standing::Unsupported(_) => {
                (&mut table.dead, PANICKED_FROM, 1 << CONTROL_BITS)
            }
            Standing::Pending(_) | Standing::Done(_) => (&mut table.nodes, 0, PANICKED_FROM),
        };
        let number = from + list.len() as u32;
        if number >= to {
            return Err(Error::TooManyControlStates { actor: self.name, max: to - from });
        }
        let history: Arc<[Item]> = match control {
            Standing::Pending(_) => history.into(),
            Standing::Done(_) | Standing::Panicked(_) | Standing::Unsupported(_) => Arc::default(),
        };
        list.push(Arc::new(Node { control: control.clone(), history: history.clone(), parent }));
        let kept = size_of_val::<[Item]>(&history);
        match control {
            Standing::Pending(_) => table.by_history.insert(history, number),
            Standing::Done(word) => table.by_end.insert(*word, number),
            Standing::Panicked(message) => table.by_panic.insert(message.clone(), number),
            Standing::Unsupported(missing) => table.by_missing.insert(missing.clone(), number),
        };
        self.grow(size_of::<Node>() + kept + ENTRY * size_of::<(Arc<[Item]>, u32)>());
        Ok((number, true))
    }
}

impl Drop for Automaton {
    fn drop(&mut self) {
        pool::clear(self.id);
    }
}

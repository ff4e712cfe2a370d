//! A model actor as an automaton.
//!
//! A model is a deterministic function of the results of its steps, so its control state is the list of
//! these results. It is run once per history up to its first unanswered step, and remembered.
//! Histories are kept in a canonical form in which a frame that was left is its result, and a loop that
//! went round is its state.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, PoisonError, RwLock};

use machine::{Action, Control as Frame, FINISHED, Machine, Step, Word};
use rustc_hash::FxHashMap;
use scenario::Body;

use super::Error;

/// One item of a canonical history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Item {
    /// A frame was entered and is open.
    Open,
    /// A step at a scheduling point returned this.
    Result(Word),
    /// The innermost loop is in the round that began with this state.
    Round(Word),
    /// A frame was entered and left with this.
    Returned(Word),
}

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
    history: Box<[Item]>,
}

/// The bits that a control state's number takes.
pub(crate) const CONTROL_BITS: u32 = 18;
/// Numbers from here on are panics, so that a dead machine is known by its number.
pub(crate) const PANICKED_FROM: u32 = (1 << CONTROL_BITS) - 1024;
/// Steps and frames that one run may take.
const PERFORMED_MAX: u32 = 1 << 20;

/// Unwinds a model out of its first unanswered step.
struct Marker;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panics of models, which are findings, off the terminal.
fn silence_models() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                others(panic);
            }
        }));
    });
}

/// Why a run ended before the model did.
enum Stop {
    Unanswered(Step),
    Mismatch(String),
    Endless,
}

struct Tape {
    items: Vec<Item>,
    cursor: usize,
    /// Where the open frames begin.
    frames: Vec<usize>,
    emissions: Vec<Step>,
    performed: u32,
    stop: Option<Stop>,
}

impl Tape {
    fn fresh(&self) -> bool {
        self.cursor == self.items.len()
    }

    /// The answer to a step, or none where the run ends.
    fn answer(&mut self, step: Step) -> Option<Word> {
        if self.stop.is_some() {
            return None;
        }
        self.performed += 1;
        if self.performed > PERFORMED_MAX {
            self.stop = Some(Stop::Endless);
            return None;
        }
        match step.action {
            Action::Control(frame) => self.frame(frame, step),
            Action::Report { .. } | Action::Reach { .. } => {
                self.emit(step);
                Some(0)
            }
            _ => match self.items.get(self.cursor) {
                None => {
                    self.stop = Some(Stop::Unanswered(step));
                    None
                }
                Some(&Item::Result(result)) => {
                    self.cursor += 1;
                    Some(result)
                }
                Some(&item) => self.mismatch(step, item),
            },
        }
    }

    fn emit(&mut self, step: Step) {
        if self.fresh() {
            self.emissions.push(step);
        }
    }

    fn push(&mut self, item: Item) {
        self.items.push(item);
        self.cursor = self.items.len();
    }

    fn mismatch(&mut self, step: Step, item: Item) -> Option<Word> {
        self.stop = Some(Stop::Mismatch(format!("{step:?} where the history has {item:?}")));
        None
    }

    fn frame(&mut self, frame: Frame, step: Step) -> Option<Word> {
        self.emit(step);
        let next = self.items.get(self.cursor).copied();
        match (frame, next) {
            (Frame::Call | Frame::Loop { .. }, Some(Item::Returned(result))) => {
                self.cursor += 1;
                Some(FINISHED | result)
            }
            (Frame::Call, Some(Item::Open)) => {
                self.frames.push(self.cursor);
                self.cursor += 1;
                Some(0)
            }
            (Frame::Call, None) => {
                self.frames.push(self.cursor);
                self.push(Item::Open);
                Some(0)
            }
            (Frame::Loop { .. }, Some(Item::Open)) => {
                let Some(&Item::Round(state)) = self.items.get(self.cursor + 1) else {
                    return self.mismatch(step, Item::Open);
                };
                self.frames.push(self.cursor);
                self.cursor += 2;
                Some(state)
            }
            (Frame::Loop { state }, None) => {
                self.frames.push(self.cursor);
                self.push(Item::Open);
                self.push(Item::Round(state));
                Some(state)
            }
            (Frame::Round { state }, None) => {
                let &open = self.frames.last()?;
                self.items.truncate(open + 1);
                self.push(Item::Round(state));
                Some(state)
            }
            (Frame::Leave { result }, None) => {
                let open = self.frames.pop()?;
                self.items.truncate(open);
                self.push(Item::Returned(result));
                Some(0)
            }
            // An open frame is open because the history ends inside it.
            (_, Some(item)) => self.mismatch(step, item),
        }
    }
}

struct Replay(RefCell<Tape>);

impl Machine for Replay {
    fn perform(&self, step: Step) -> Word {
        if std::thread::panicking() {
            return 0; // a destructor takes no step
        }
        let answer = self.0.borrow_mut().answer(step);
        answer.unwrap_or_else(|| resume_unwind(Box::new(Marker)))
    }
}

/// What one run of the model came to.
#[derive(PartialEq)]
struct Ran {
    control: Standing,
    history: Vec<Item>,
    emissions: Vec<Step>,
}

fn message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&str>() {
        Arc::from(*text)
    } else if let Some(text) = panic.downcast_ref::<String>() {
        Arc::from(text.as_str())
    } else {
        Arc::from("a panic without a message")
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Identity {
    At(Box<[Item]>),
    Done(Word),
    Panicked(Arc<str>),
}

#[derive(Default)]
struct Table {
    nodes: Vec<Arc<Node>>,
    panicked: Vec<Arc<Node>>,
    numbers: FxHashMap<Identity, u32>,
    edges: FxHashMap<(u32, Word), Arc<Edge>>,
}

/// A model actor, unfolded as far as it was followed. Shared by threads.
pub(crate) struct Automaton {
    pub(crate) name: &'static str,
    body: Body,
    start: Arc<Edge>,
    table: RwLock<Table>,
    runs: AtomicU64,
    bytes: AtomicU64,
}

/// So many prefixes of an automaton are run twice, and one in so many of the rest. What is left out is not
/// unseen: whatever goes on from a prefix runs it again, and each step is compared with what it was.
const RUN_TWICE: u64 = 64;
const RUN_TWICE_ONE_IN: u64 = 8;

/// A hash table has room for so many times the entries that it holds, about.
const ENTRY: usize = 2;
/// What the allocator and an `Arc` add to each of the things that are kept, in bytes.
const ALLOCATION: usize = 32;

impl Automaton {
    /// The automaton of a model, unfolded to its first step.
    pub(crate) fn new(name: &'static str, body: Body) -> Result<Automaton, Error> {
        silence_models();
        let nowhere = Arc::new(Edge { to: 0, emissions: Box::new([]) });
        let mut automaton = Automaton {
            name,
            body,
            start: nowhere,
            table: RwLock::default(),
            runs: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        automaton.start = Arc::new(automaton.unfold(Vec::new())?);
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
        let edge = Arc::new(self.unfold(history)?);
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

    /// Runs the model, twice mostly, to see that it is a function of its history, and numbers the end.
    fn unfold(&self, history: Vec<Item>) -> Result<Edge, Error> {
        let ran = self.run(history.clone())?;
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        if run < RUN_TWICE || run.is_multiple_of(RUN_TWICE_ONE_IN) {
            let again = self.run(history)?;
            if again != ran {
                let detail = format!("first {:?}, then {:?}", ran.control, again.control);
                return Err(Error::NotDeterministic { actor: self.name, detail });
            }
        }
        let identity = match &ran.control {
            Standing::Pending(_) => Identity::At(ran.history.clone().into()),
            Standing::Done(word) => Identity::Done(*word),
            Standing::Panicked(message) => Identity::Panicked(message.clone()),
        };
        let to = self.number(identity, Node { control: ran.control, history: ran.history.into() })?;
        Ok(Edge { to, emissions: ran.emissions.into() })
    }

    fn number(&self, identity: Identity, node: Node) -> Result<u32, Error> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&number) = table.numbers.get(&identity) {
            if let Some(known) = table.nodes.get(number as usize)
                && known.control != node.control
            {
                let detail = format!("first {:?}, then {:?}", known.control, node.control);
                return Err(Error::NotDeterministic { actor: self.name, detail });
            }
            return Ok(number);
        }
        let (list, from, to) = match node.control {
            Standing::Panicked(_) => (&mut table.panicked, PANICKED_FROM, 1 << CONTROL_BITS),
            _ => (&mut table.nodes, 0, PANICKED_FROM),
        };
        let number = from + list.len() as u32;
        if number >= to {
            return Err(Error::TooManyControlStates { actor: self.name, max: to - from });
        }
        let history = size_of_val::<[Item]>(&node.history);
        list.push(Arc::new(node));
        table.numbers.insert(identity, number);
        // The identity has the history once more.
        self.grow(size_of::<Node>() + 2 * history + ENTRY * size_of::<(Identity, u32)>());
        Ok(number)
    }

    fn run(&self, items: Vec<Item>) -> Result<Ran, Error> {
        let tape =
            Tape { items, cursor: 0, frames: Vec::new(), emissions: Vec::new(), performed: 0, stop: None };
        let replay = Replay(RefCell::new(tape));
        let was_quiet = QUIET.replace(true);
        let end = catch_unwind(AssertUnwindSafe(|| (self.body)(&replay)));
        QUIET.set(was_quiet);
        let tape = replay.0.into_inner();
        let control = match (tape.stop, end) {
            (Some(Stop::Unanswered(step)), _) => Standing::Pending(step),
            (Some(Stop::Mismatch(detail)), _) => {
                return Err(Error::NotDeterministic { actor: self.name, detail });
            }
            (Some(Stop::Endless), _) => {
                return Err(Error::Endless { actor: self.name, steps: PERFORMED_MAX });
            }
            (None, Ok(word)) => Standing::Done(word),
            (None, Err(panic)) => Standing::Panicked(message(&*panic)),
        };
        if tape.cursor != tape.items.len() {
            let detail = format!("{control:?} where the history has {:?}", tape.items[tape.cursor]);
            return Err(Error::NotDeterministic { actor: self.name, detail });
        }
        Ok(Ran { control, history: tape.items, emissions: tape.emissions })
    }
}

/// One thread's view of an automaton: look-ups without locks.
pub(crate) struct Mirror<'a> {
    automaton: &'a Automaton,
    nodes: Vec<Option<Seen>>,
}

struct Seen {
    node: Arc<Node>,
    /// By result, where it is small; `u32::MAX` is unknown.
    small: Vec<u32>,
    large: FxHashMap<Word, u32>,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(automaton: &'a Automaton) -> Mirror<'a> {
        Mirror { automaton, nodes: Vec::new() }
    }

    fn seen(&mut self, number: u32) -> &mut Seen {
        let index = number as usize;
        if self.nodes.len() <= index {
            self.nodes.resize_with(index + 1, || None);
        }
        self.nodes[index].get_or_insert_with(|| Seen {
            node: self.automaton.node(number),
            small: Vec::new(),
            large: FxHashMap::default(),
        })
    }

    /// Where the model stands in a control state. Not for panics.
    pub(crate) fn control(&mut self, number: u32) -> &Standing {
        &self.seen(number).node.control
    }

    /// Where it goes when its pending step returns `result`.
    pub(crate) fn next(&mut self, from: u32, result: Word) -> Result<u32, Error> {
        const SMALL: Word = 64;
        const UNKNOWN: u32 = u32::MAX;
        let automaton = self.automaton;
        let seen = self.seen(from);
        if result >= SMALL {
            if let Some(&to) = seen.large.get(&result) {
                return Ok(to);
            }
            let to = automaton.follow(from, result)?.to;
            seen.large.insert(result, to);
            return Ok(to);
        }
        let index = result as usize;
        if seen.small.len() <= index {
            seen.small.resize(index + 1, UNKNOWN);
        }
        if seen.small[index] == UNKNOWN {
            seen.small[index] = automaton.follow(from, result)?.to;
        }
        Ok(seen.small[index])
    }
}

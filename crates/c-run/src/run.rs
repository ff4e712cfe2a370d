//! Functions of a text as what an actor does: a call of one is a `call`, going back in one is a round of `again`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use c_text::{Name, Program};
use machine::{Label, Location, Machine, Step};
use rustc_hash::FxHashMap;

use crate::code::{Block, Compiled, Instruction, Node, NodeKind, Target};
use crate::execute::Invocation;
use crate::memory::{Frame, Memory, Slots};
use crate::shape::Shape;
use crate::{Fault, Place, Pointer, Stop, Unknown, Value, Vocabulary, Why, Word, Words, compile};

/// A text with the table that it is read with. Functions are made ready when they are first called.
pub struct Code {
    pub(crate) program: Arc<Program>,
    pub(crate) vocabulary: Box<dyn Vocabulary>,
    functions: RwLock<Cache<Compiled>>,
    globals: RwLock<Cache<Node>>,
}

/// What was made ready, by its file and name.
type Cache<T> = FxHashMap<(Name, Name), Arc<T>>;

impl Code {
    /// A text and a table.
    #[must_use]
    pub fn new(program: Arc<Program>, vocabulary: Box<dyn Vocabulary>) -> Code {
        Code { program, vocabulary, functions: RwLock::default(), globals: RwLock::default() }
    }

    /// The text.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The functions that were made ready so far, by file and name: what of the text was read.
    #[must_use]
    pub fn functions(&self) -> Vec<(Name, Name)> {
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = functions.keys().cloned().collect();
        all.sort();
        all
    }

    /// Makes a function ready without calling it; what in it is not known is told when it is reached.
    ///
    /// # Errors
    /// If it is not known, or was not understood.
    pub fn prepare(&self, file: &str, name: &str) -> Result<(), Unknown> {
        self.function(&file.into(), &name.into()).map(|_| ())
    }

    /// What of a function would end a run that reaches it, by line: what can be told without running it.
    ///
    /// # Errors
    /// As [`Code::prepare`].
    pub fn unknowns(&self, file: &str, name: &str) -> Result<Vec<(u32, Unknown)>, Unknown> {
        let function = self.function(&file.into(), &name.into())?;
        let mut found = Vec::new();
        for slot in &function.slots {
            if let Shape::Unknown(why) = &slot.shape {
                found.push((function.body.lines.first().copied().unwrap_or_default(), why.clone()));
            }
        }
        unknowns_of(&function.body, &mut found);
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// What would end a run of a function that the file `from` names, or of one that it leads to: each once, where it is
    /// first come to, those of the function itself before those of what it calls. At least: what is read and set of the
    /// table's objects is told by runs alone.
    #[must_use]
    pub fn unknowns_below(&self, from: &str, name: &str) -> Vec<(Place, Unknown)> {
        let mut found: Vec<(Place, Unknown)> = Vec::new();
        let mut seen = BTreeSet::new();
        let begin = Place { file: from.into(), line: 0, function: name.into() };
        let mut work = VecDeque::from([(begin, Name::from(from), Name::from(name))]);
        while let Some((caller, file, name)) = work.pop_front() {
            let mut note = |place: Place, why: Unknown| {
                if !found.iter().any(|(_, known)| *known == why) {
                    found.push((place, why));
                }
            };
            let function = match self.function(&file, &name) {
                Ok(function) => function,
                Err(why) => {
                    note(caller, why);
                    continue;
                }
            };
            if !seen.insert((function.file.clone(), function.name.clone())) {
                continue;
            }
            let place = |line| Place { file: function.file.clone(), line, function: function.name.clone() };
            for (line, why) in self.unknowns(&function.file, &function.name).unwrap_or_default() {
                note(place(line), why);
            }
            let mut called = Vec::new();
            functions_of(&function.body, &mut called);
            work.extend(called.into_iter().map(|(line, file, name)| (place(line), file, name)));
        }
        found
    }

    pub(crate) fn function(&self, file: &Name, name: &Name) -> Result<Arc<Compiled>, Unknown> {
        let key = (file.clone(), name.clone());
        if let Some(known) = self.functions.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let found = self.program.function(name, file).map_err(|why| Unknown::Ambiguous(why.to_string()))?;
        let Some(function) = found else {
            return Err(match self.program.unparsed(name, file) {
                Some(why) => Unknown::Unparsed { name: name.to_string(), why: why.to_string() },
                None => Unknown::Function(name.to_string()),
            });
        };
        let compiled = Arc::new(compile::function(&self.program, &*self.vocabulary, function)?);
        self.functions.write().unwrap_or_else(PoisonError::into_inner).insert(key, compiled.clone());
        Ok(compiled)
    }

    /// The first value of a constant of the top level.
    pub(crate) fn global(&self, file: &Name, name: &Name) -> Option<Arc<Node>> {
        let key = (file.clone(), name.clone());
        if let Some(known) = self.globals.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(known.clone());
        }
        let (variable, _) = self.program.variable(name, file).ok()??;
        let initial = variable.initial.as_ref()?;
        let node = Arc::new(compile::global(&self.program, &*self.vocabulary, file, variable, initial));
        self.globals.write().unwrap_or_else(PoisonError::into_inner).insert(key, node.clone());
        Some(node)
    }
}

fn unknowns_of(block: &Block, found: &mut Vec<(u32, Unknown)>) {
    for (instruction, line) in block.instructions.iter().zip(&block.lines) {
        if let Instruction::Unknown(why) = instruction {
            found.push((*line, why.clone()));
        }
        let mut nodes = instruction.nodes();
        while let Some(node) = nodes.pop() {
            match &node.kind {
                NodeKind::Unknown(why) | NodeKind::Cast(Shape::Unknown(why), _) => {
                    found.push((node.line, why.clone()))
                }
                NodeKind::Block(block) => unknowns_of(block, found),
                _ => {}
            }
            nodes.extend(node.parts().into_iter().filter(|part| !is_as_written(node, part)));
        }
    }
}

/// Whether an argument may be no expression at all: what the table's macros are given can be a type, or the name of a
/// member.
fn is_as_written(node: &Node, part: &Node) -> bool {
    let is_macro =
        matches!(node.kind, NodeKind::Call { target: Target::Word(Word::Macro | Word::Setter, _), .. });
    let mut first = part;
    while let NodeKind::Member { of, is_arrow: false, .. } = &first.kind {
        first = of;
    }
    is_macro && matches!(first.kind, NodeKind::Unknown(_))
}

/// The functions of the text that a block calls, or gives to others to call.
fn functions_of(block: &Block, found: &mut Vec<(u32, Name, Name)>) {
    let mut nodes: Vec<&Node> = block.instructions.iter().rev().flat_map(Instruction::nodes).collect();
    while let Some(node) = nodes.pop() {
        match &node.kind {
            NodeKind::Call { name, target: Target::Function(file, _), .. } => {
                found.push((node.line, file.clone(), name.clone()));
            }
            NodeKind::Value(Value::Pointer(Pointer::Function { name, file })) if !file.is_empty() => {
                found.push((node.line, file.clone(), name.clone()));
            }
            NodeKind::Block(block) => functions_of(block, found),
            _ => {}
        }
        nodes.extend(node.parts());
    }
}

/// One run of a function of the text, on a machine, with a table.
pub struct Run<'a> {
    pub(crate) code: &'a Code,
    pub(crate) words: &'a dyn Words,
    machine: &'a dyn Machine,
    pub(crate) memory: RefCell<Memory>,
    /// Where the function stands that was called first.
    pub(crate) first: Cell<Option<Location>>,
}

/// A run is a machine itself: what a word does in it, it does at the line that calls the word.
impl Machine for Run<'_> {
    fn perform(&self, step: Step) -> machine::Word {
        let memory = self.memory.borrow();
        let at = memory.frames.last().and_then(|frame| Some((frame.function.as_ref()?, frame.line)));
        let location = match at {
            Some((function, line)) => Location { file: function.file_name, line, column: 1 },
            // Not in a function yet.
            None => self.first.get().unwrap_or(step.location),
        };
        drop(memory);
        self.machine.perform(Step { location, ..step })
    }
}

impl<'a> Run<'a> {
    /// A run that has not begun. `given` are variables that pointers among the arguments can point to; what is stored
    /// to an integer of them keeps its type.
    #[must_use]
    pub fn new(code: &'a Code, words: &'a dyn Words, machine: &'a dyn Machine, given: Vec<Value>) -> Run<'a> {
        let first = Frame {
            function: None,
            label: Label::new("", &[]),
            slots: Slots::new(given),
            levels: Vec::new(),
            line: 0,
        };
        Run {
            code,
            words,
            machine,
            memory: RefCell::new(Memory { frames: vec![first] }),
            first: Cell::new(None),
        }
    }

    /// A pointer to one of the variables that the run was given.
    #[must_use]
    pub fn given(&self, index: u16) -> Pointer {
        Pointer::Local { frame: 0, slot: index, path: Vec::new() }
    }

    /// Where the run is.
    #[must_use]
    pub fn place(&self) -> Place {
        let memory = self.memory.borrow();
        match memory.frames.last().and_then(|frame| Some((frame.function.as_ref()?, frame.line))) {
            Some((function, line)) => {
                Place { file: function.file.clone(), line, function: function.name.clone() }
            }
            None => Place::default(),
        }
    }

    /// The one place that refuses: what is not known has no default.
    #[must_use]
    pub fn unknown(&self, what: Unknown) -> Stop {
        Stop { place: self.place(), why: Why::Unknown(what) }
    }

    /// The end of a run that does what C leaves undefined.
    #[must_use]
    pub fn fault(&self, what: Fault) -> Stop {
        Stop { place: self.place(), why: Why::Fault(what) }
    }

    /// Calls a function of the text by its name, as the file `from` would.
    ///
    /// # Errors
    /// If it is not known or the run can't go on.
    pub fn call(&self, name: &str, from: &str, arguments: Vec<Value>) -> Result<Value, Stop> {
        let found = self.code.program.function(name, from);
        match found.map_err(|why| self.unknown(Unknown::Ambiguous(why.to_string())))? {
            Some(found) => {
                let function = self.code.function(&found.file, &found.prototype.name);
                let function = function.map_err(|why| self.unknown(why))?;
                self.call_ready(Invocation { function, arguments })
            }
            None => Err(match self.code.program.unparsed(name, from) {
                Some(why) => self.unknown(Unknown::Unparsed { name: name.to_owned(), why: why.to_string() }),
                None => self.unknown(Unknown::Function(name.to_owned())),
            }),
        }
    }

    pub(crate) fn with_frame<T>(&self, go: impl FnOnce(&mut Frame) -> T) -> T {
        let mut memory = self.memory.borrow_mut();
        go(memory.frames.last_mut().expect("the first frame is always there"))
    }
}

//! Functions of a text as what an actor does: a call of one is a `call`, going back in one is a round of `again`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use c_text::{IntType, Name, Program};
use machine::{Flow, Label, Location, Machine, Step, again, call};
use rustc_hash::FxHashMap;

use crate::code::{Block, Case, Compiled, Instruction, Node, NodeKind, Target};
use crate::memory::{Frame, Level, Memory, Slots, sever};
use crate::shape::Shape;
use crate::snapshot::{Ending, Kept, Snapshot};
use crate::{Fault, Place, Pointer, Stop, Unknown, Value, Vocabulary, Why, Words, compile};

/// How deep calls may be nested.
const CALLS_MAX: usize = 40;

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
            nodes.extend(node.parts());
        }
    }
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
    first: Cell<Option<Location>>,
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

/// How a stretch of instructions ended.
enum Stretch {
    /// It goes back to this instruction.
    Back(usize),
    Returned(Value),
    Valued(Value),
}

impl<'a> Run<'a> {
    /// A run that has not begun. `given` are variables that pointers among the arguments can point to; what is stored
    /// to an integer of them keeps its type.
    #[must_use]
    pub fn new(code: &'a Code, words: &'a dyn Words, machine: &'a dyn Machine, given: Vec<Value>) -> Run<'a> {
        let first = Frame { function: None, slots: Slots::new(given), levels: Vec::new(), line: 0 };
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
            Some(function) => self.call_function(&function.file, &function.prototype.name, arguments),
            None => Err(match self.code.program.unparsed(name, from) {
                Some(why) => self.unknown(Unknown::Unparsed { name: name.to_owned(), why: why.to_string() }),
                None => self.unknown(Unknown::Function(name.to_owned())),
            }),
        }
    }

    pub(crate) fn call_function(
        &self,
        file: &Name,
        name: &Name,
        arguments: Vec<Value>,
    ) -> Result<Value, Stop> {
        let function = self.code.function(file, name).map_err(|why| self.unknown(why))?;
        self.call_ready(&function, arguments)
    }

    #[inline(always)]
    pub(crate) fn call_ready(&self, function: &Arc<Compiled>, arguments: Vec<Value>) -> Result<Value, Stop> {
        if function.is_variadic || function.parameters != arguments.len() {
            let why = format!("{}() is called with {} arguments", function.name, arguments.len());
            return Err(self.unknown(Unknown::Construct(why)));
        }
        if self.memory.borrow().frames.len() > CALLS_MAX {
            return Err(self.unknown(Unknown::Construct(format!("calls nested more than {CALLS_MAX} deep"))));
        }
        let mut numbers = [0; 3];
        let mut count = 0;
        for argument in &arguments {
            if let Value::Int(value, _) = argument
                && count < numbers.len()
            {
                numbers[count] = *value as i32;
                count += 1;
            }
        }
        let label = Label::new(function.label, &numbers[..count]);
        self.memory.borrow_mut().forget(false);
        if self.first.get().is_none() {
            self.first.set(Some(Location { file: function.file_name, line: function.line, column: 1 }));
        }
        let arguments = Cell::new(arguments);
        // One run enters it once: if it is entered again, that is another run, with a memory of its own.
        let kept = call(self, label, || {
            let depth = self.memory.borrow().frames.len();
            let mut ending = match self.body(function, arguments.take()) {
                Ok(value) => Ending::Returned(value),
                Err(stop) => Ending::Stopped(Box::new(stop)),
            };
            let mut memory = self.memory.borrow_mut();
            while memory.frames.len() > depth {
                memory.leave();
            }
            if let Ending::Returned(value) = &mut ending {
                sever(value, depth);
            }
            Kept::new(Snapshot { ending, frames: memory.remembered(false) })
        });
        self.ended(kept).and_then(|ending| match ending {
            Ending::Returned(value) => Ok(value),
            _ => Err(self.unknown(Unknown::Construct("a call that does not return".into()))),
        })
    }

    /// Goes on from where something ended.
    fn ended(&self, kept: Kept) -> Result<Ending, Stop> {
        let snapshot = kept.get();
        self.memory.borrow_mut().restore(&snapshot.frames);
        match &snapshot.ending {
            Ending::Stopped(stop) => Err((**stop).clone()),
            ending => Ok(ending.clone()),
        }
    }

    #[inline(always)]
    fn body(&self, function: &Arc<Compiled>, mut slots: Vec<Value>) -> Result<Value, Stop> {
        let frame = Frame {
            function: Some(function.clone()),
            slots: Slots::default(),
            levels: Vec::new(),
            line: function.line,
        };
        self.memory.borrow_mut().frames.push(frame);
        for (of, argument) in function.slots.iter().zip(&mut slots) {
            *argument = self.converted(std::mem::replace(argument, Value::Unset), &of.shape)?;
        }
        slots.resize(function.slots.len(), Value::Unset);
        self.with_frame(|frame| frame.slots = Slots::new(slots));
        match self.level(Level::Body, &function.body, function.label)? {
            Ending::Returned(Value::Void) | Ending::GoesOn(_) if function.result != Shape::Void => {
                // Only who uses it is at fault.
                Ok(Value::Void)
            }
            Ending::Returned(value) => self.converted(value, &function.result),
            _ => Ok(Value::Void),
        }
    }

    /// Runs a block of the innermost function to its end.
    #[inline(always)]
    fn level(&self, level: Level, block: &Block, name: &'static str) -> Result<Ending, Stop> {
        self.with_frame(|frame| frame.levels.push((level.clone(), 0)));
        let ending = if block.has_loop {
            let depth = self.memory.borrow().frames.len();
            let first = self.snapshot(Ending::GoesOn(0));
            let kept = again(self, Label::new(name, &[]), first, |state: Kept| {
                let snapshot = state.get();
                self.memory.borrow_mut().restore(&snapshot.frames);
                let Ending::GoesOn(at) = snapshot.ending else { return Flow::Done(state) };
                let stretch = self.stretch(block, at);
                // A call that was cut short may have left its function behind.
                let mut memory = self.memory.borrow_mut();
                while memory.frames.len() > depth {
                    memory.leave();
                }
                drop(memory);
                match stretch {
                    Ok(Stretch::Back(to)) => {
                        self.with_frame(|frame| frame.levels.last_mut().map(|level| level.1 = to));
                        Flow::Again(self.snapshot(Ending::GoesOn(to)))
                    }
                    Ok(Stretch::Returned(value)) => Flow::Done(self.over(Ending::Returned(value))),
                    Ok(Stretch::Valued(value)) => Flow::Done(self.over(Ending::Valued(value))),
                    Err(stop) => Flow::Done(self.over(Ending::Stopped(Box::new(stop)))),
                }
            });
            self.ended(kept)?
        } else {
            match self.stretch(block, 0)? {
                Stretch::Back(_) => return Err(self.unknown(Unknown::Construct("a way back".into()))),
                Stretch::Returned(value) => Ending::Returned(value),
                Stretch::Valued(value) => Ending::Valued(value),
            }
        };
        self.with_frame(|frame| {
            frame.levels.pop();
        });
        Ok(ending)
    }

    /// Before an instruction of the innermost block.
    fn snapshot(&self, ending: Ending) -> Kept {
        Kept::new(Snapshot { ending, frames: self.memory.borrow_mut().remembered(true) })
    }

    /// Behind all instructions of the innermost block.
    fn over(&self, ending: Ending) -> Kept {
        self.with_frame(|frame| {
            let end = frame.levels.last().and_then(|(level, _)| Some(frame.block(level)?.instructions.len()));
            if let Some((level, end)) = frame.levels.last_mut().zip(end) {
                level.1 = end;
            }
        });
        Kept::new(Snapshot { ending, frames: self.memory.borrow_mut().remembered(true) })
    }

    /// A statement expression.
    pub(crate) fn block(&self, block: &Arc<Block>) -> Result<Value, Stop> {
        let name = self.with_frame(|frame| frame.function.as_ref().map_or("", |function| function.label));
        let value = match self.level(Level::Inner(block.clone()), block, name)? {
            Ending::Valued(value) => value,
            Ending::Returned(Value::Void) | Ending::GoesOn(_) => Value::Void,
            _ => return Err(self.unknown(Unknown::Construct("a return out of an expression".into()))),
        };
        self.with_frame(|frame| {
            for instruction in &block.instructions {
                if let Instruction::Declare { slot, .. } = instruction {
                    frame.set(usize::from(*slot), Value::Unset);
                }
            }
        });
        Ok(value)
    }

    pub(crate) fn with_frame<T>(&self, go: impl FnOnce(&mut Frame) -> T) -> T {
        let mut memory = self.memory.borrow_mut();
        go(memory.frames.last_mut().expect("the first frame is always there"))
    }

    /// Runs instructions from one on, until they go back or end.
    #[inline(always)]
    fn stretch(&self, block: &Block, from: usize) -> Result<Stretch, Stop> {
        let mut at = from;
        loop {
            let Some(instruction) = block.instructions.get(at) else {
                return Ok(Stretch::Returned(Value::Void));
            };
            let line = block.lines[at];
            self.with_frame(|frame| {
                frame.line = line;
                if let Some(level) = frame.levels.last_mut() {
                    level.1 = at;
                }
            });
            if let Instruction::Declare { slot, .. } = instruction {
                self.declare(*slot)?;
            }
            let value = match instruction.node() {
                Some(node) => self.value_of_statement(node)?,
                None => Value::Void,
            };
            let next = match instruction {
                Instruction::Evaluate(_) => at + 1,
                Instruction::Value(_) => return Ok(Stretch::Valued(value)),
                Instruction::Declare { slot, first } => {
                    if let Some(first) = first {
                        self.must_be_one(first, &value)?;
                        self.set_first(*slot, value)?;
                    }
                    at + 1
                }
                Instruction::Unless { condition, to } => {
                    self.must_be_one(condition, &value)?;
                    if self.truth(&value)? { at + 1 } else { *to }
                }
                Instruction::Jump(to) => *to,
                Instruction::Switch { on, cases, other } => self.case(on, cases)?.unwrap_or(*other),
                Instruction::Return(None) => return Ok(Stretch::Returned(Value::Void)),
                Instruction::Return(Some(node)) => {
                    let has_result = self.with_frame(|frame| {
                        frame.function.as_ref().is_some_and(|function| function.result != Shape::Void)
                    });
                    if has_result {
                        self.must_be_one(node, &value)?;
                    }
                    return Ok(Stretch::Returned(value));
                }
                Instruction::Unknown(why) => return Err(self.unknown(why.clone())),
            };
            if next <= at {
                return Ok(Stretch::Back(next));
            }
            at = next;
        }
    }

    fn case(&self, on: &Node, cases: &[Case]) -> Result<Option<usize>, Stop> {
        let on = self.integer(on)?;
        let promoted = crate::integer::promoted(on.1);
        let inside = |bound: &Node, operator: c_text::Binary| -> Result<bool, Stop> {
            let (value, _) = self.integer(bound)?;
            // Cases are converted to the type of what is switched on.
            let bound = (crate::integer::convert(value, promoted), promoted);
            let holds = crate::integer::binary(operator, on, bound).map_err(|why| self.fault(why))?;
            Ok(holds.0 != 0)
        };
        for case in cases {
            let is_inside = match &case.last {
                None => inside(&case.first, c_text::Binary::Equal)?,
                Some(last) => {
                    inside(&case.first, c_text::Binary::GreaterOrEqual)?
                        && inside(last, c_text::Binary::LessOrEqual)?
                }
            };
            if is_inside {
                return Ok(Some(case.to));
            }
        }
        Ok(None)
    }

    fn integer(&self, node: &Node) -> Result<(i64, IntType), Stop> {
        match self.evaluate(node)? {
            Value::Int(value, of) => Ok((value, of)),
            other => Err(self.unknown(Unknown::Construct(format!("{other} as a number")))),
        }
    }
}

//! Calls, loops and statements: the functions that are running are a stack of data ([`Memory`](crate::memory::Memory)), not
//! one of Rust.
//!
//! A model that waits for a step keeps its stack, and is unwound frame by frame if it is dropped. So a call that a
//! statement makes is a turn of one loop, however deep it is. Only calls within an expression, and the blocks of statement
//! expressions, are run in a loop of their own.

use std::sync::Arc;

use c_text::{IntType, Unary};
use machine::{Flow, Label, Location, enter, enter_loop, go_round, leave};

use crate::code::{Block, Case, Compiled, Instruction, Node, NodeKind};
use crate::memory::{Frame, Level, Slots, sever};
use crate::shape::Shape;
use crate::snapshot::{Ending, Kept, Snapshot};
use crate::{Run, Stop, Unknown, Value};

/// How deep calls may be nested.
const CALLS_MAX: usize = 40;

/// A call that is ready to be made: a function, and what it is given.
pub(crate) struct Invocation {
    pub(crate) function: Arc<Compiled>,
    pub(crate) arguments: Vec<Value>,
}

/// A value, or the call that has to be made for it.
pub(crate) enum Need {
    Value(Value),
    Call(Invocation),
}

/// What is next.
enum Next {
    /// The innermost function calls another.
    Call(Invocation),
    /// What it called came to this.
    Came(Result<Value, Stop>),
    /// The innermost block goes on at this instruction.
    At(usize),
    /// It goes back to this one.
    Back(usize),
    /// It is over.
    Over(Result<Ending, Stop>),
}

/// How far statements were run.
enum Done {
    /// To one that needs a call.
    Needs(Invocation),
    /// To where they go back.
    Back(usize),
    /// To the end of their block.
    Ended(Ending),
}

impl Run<'_> {
    /// Calls a function.
    pub(crate) fn call_ready(&self, call: Invocation) -> Result<Value, Stop> {
        let depth = self.depth();
        let mut next = self.begin_call(call);
        loop {
            next = match next {
                Next::Came(result) if self.depth() == depth => return result,
                next => self.go_on(next),
            };
        }
    }

    /// Runs a block of the innermost function to its end.
    fn run_block(&self, block: &Arc<Block>) -> Result<Ending, Stop> {
        let depth = self.depth();
        let mut next = self.begin_block(Level::Inner(block.clone()));
        loop {
            next = match next {
                Next::Over(ending) if self.depth() == depth => return ending,
                next => self.go_on(next),
            };
        }
    }

    #[inline(always)]
    fn go_on(&self, next: Next) -> Next {
        let done = match next {
            Next::Call(call) => return self.begin_call(call),
            Next::Over(ending) => return self.end_call(ending),
            Next::Back(to) => return self.go_back(to),
            Next::Came(Err(stop)) => Err(stop),
            Next::At(from) => self.statements(from, None),
            Next::Came(Ok(value)) => self.statements(self.with_frame(|frame| frame.at()), Some(value)),
        };
        match done {
            Ok(Done::Needs(call)) => Next::Call(call),
            Ok(Done::Back(to)) => Next::Back(to),
            Ok(Done::Ended(ending)) => self.end_block(Ok(ending)),
            Err(stop) => self.end_block(Err(stop)),
        }
    }

    /// How many functions are running.
    fn depth(&self) -> usize {
        self.memory.borrow().frames.len()
    }

    fn begin_call(&self, Invocation { function, arguments: mut slots }: Invocation) -> Next {
        if function.is_variadic || function.parameters != slots.len() {
            let why = format!("{}() is called with {} arguments", function.name, slots.len());
            return Next::Came(Err(self.unknown(Unknown::Construct(why))));
        }
        if self.depth() > CALLS_MAX {
            let why = format!("calls nested more than {CALLS_MAX} deep");
            return Next::Came(Err(self.unknown(Unknown::Construct(why))));
        }
        let mut numbers = [0; 3];
        let mut count = 0;
        for argument in &slots {
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
        if let Some(kept) = enter::<Kept>(self, label) {
            return Next::Came(self.remembered(kept).and_then(|ending| match ending {
                Ending::Returned(value) => Ok(value),
                _ => Err(self.unknown(Unknown::Construct("a call that does not return".into()))),
            }));
        }
        let frame = Frame {
            function: Some(function.clone()),
            label,
            slots: Slots::default(),
            levels: Vec::new(),
            line: function.line,
        };
        self.memory.borrow_mut().frames.push(frame);
        for (of, argument) in function.slots.iter().zip(&mut slots) {
            match self.converted(std::mem::replace(argument, Value::Unset), &of.shape) {
                Ok(value) => *argument = value,
                Err(stop) => return self.end_call(Err(stop)),
            }
        }
        slots.resize(function.slots.len(), Value::Unset);
        self.with_frame(|frame| frame.slots = Slots::new(slots));
        self.begin_block(Level::Body)
    }

    /// The innermost function ends.
    fn end_call(&self, ending: Result<Ending, Stop>) -> Next {
        let (function, label) = self.with_frame(|frame| (frame.function.clone(), frame.label));
        let result = function.as_ref().map_or(&Shape::Void, |function| &function.result);
        let mut came = ending.and_then(|ending| match ending {
            // Only who uses it is at fault.
            Ending::Returned(Value::Void) => Ok(Value::Void),
            Ending::Returned(value) => self.converted(value, result),
            _ => Ok(Value::Void),
        });
        let mut memory = self.memory.borrow_mut();
        memory.leave();
        let depth = memory.frames.len();
        let ending = match &mut came {
            Ok(value) => {
                sever(value, depth);
                Ending::Returned(value.clone())
            }
            Err(stop) => Ending::Stopped(Box::new(stop.clone())),
        };
        let kept = Kept::new(Snapshot { ending, frames: memory.remembered(false) });
        drop(memory);
        leave(self, label, kept);
        Next::Came(came)
    }

    /// The innermost function begins a block.
    fn begin_block(&self, level: Level) -> Next {
        let (has_loop, label) = self.with_frame(|frame| {
            frame.levels.push((level, 0));
            frame.innermost()
        });
        if !has_loop {
            return Next::At(0);
        }
        match enter_loop(self, label, self.snapshot(Ending::GoesOn(0))) {
            Flow::Again(state) => self.begin_round(state),
            Flow::Done(kept) => {
                let ending = self.remembered(kept);
                self.with_frame(|frame| frame.levels.pop());
                Next::Over(ending)
            }
        }
    }

    /// The innermost block goes back.
    fn go_back(&self, to: usize) -> Next {
        let (_, label) = self.with_frame(|frame| {
            frame.go_to(to);
            frame.innermost()
        });
        let state = self.snapshot(Ending::GoesOn(to));
        let answer = go_round(self, label, state);
        // What is remembered is what is there.
        if answer == state { Next::At(to) } else { self.begin_round(answer) }
    }

    fn begin_round(&self, state: Kept) -> Next {
        let snapshot = state.get();
        self.memory.borrow_mut().restore(&snapshot.frames);
        match snapshot.ending {
            Ending::GoesOn(at) => Next::At(at),
            _ => Next::Over(Err(self.unknown(Unknown::Construct("a round that is over".into())))),
        }
    }

    /// The innermost block ends.
    fn end_block(&self, ending: Result<Ending, Stop>) -> Next {
        let (has_loop, label) = self.with_frame(|frame| frame.innermost());
        if has_loop {
            let ending = match &ending {
                Ok(ending) => ending.clone(),
                Err(stop) => Ending::Stopped(Box::new(stop.clone())),
            };
            // Behind all of its instructions.
            self.with_frame(|frame| frame.go_to(usize::MAX));
            leave(self, label, self.snapshot(ending));
        }
        self.with_frame(|frame| frame.levels.pop());
        Next::Over(ending)
    }

    /// What control can still depend on, before an instruction of the innermost block.
    fn snapshot(&self, ending: Ending) -> Kept {
        Kept::new(Snapshot { ending, frames: self.memory.borrow_mut().remembered(true) })
    }

    /// Goes on from where something ended that is remembered.
    fn remembered(&self, kept: Kept) -> Result<Ending, Stop> {
        let snapshot = kept.get();
        self.memory.borrow_mut().restore(&snapshot.frames);
        match &snapshot.ending {
            Ending::Stopped(stop) => Err((**stop).clone()),
            ending => Ok(ending.clone()),
        }
    }

    /// A statement expression.
    pub(crate) fn block(&self, block: &Arc<Block>) -> Result<Value, Stop> {
        let value = match self.run_block(block)? {
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

    /// Runs instructions of the innermost block from one on, until they call, go back or end. `came` is what came of
    /// the call that the first of them makes.
    fn statements(&self, from: usize, mut came: Option<Value>) -> Result<Done, Stop> {
        let (function, level) = self.with_frame(|frame| (frame.function.clone(), frame.level()));
        let block = match (&level, &function) {
            (Some(Level::Inner(block)), _) => &**block,
            (_, Some(function)) => &function.body,
            (_, None) => return Err(self.unknown(Unknown::Construct("statements of no function".into()))),
        };
        let mut at = from;
        loop {
            let Some(instruction) = block.instructions.get(at) else {
                return Ok(Done::Ended(Ending::Returned(Value::Void)));
            };
            let value = match (came.take(), instruction.node()) {
                (Some(value), Some(node)) => self.behind_call(node, value)?,
                (_, node) => {
                    let line = block.lines[at];
                    self.with_frame(|frame| {
                        frame.line = line;
                        frame.go_to(at);
                    });
                    if let Instruction::Declare { slot, .. } = instruction {
                        self.declare(*slot)?;
                    }
                    match node.map(|node| (node, call_in(node))) {
                        None => Value::Void,
                        Some((node, None)) => self.value_or_void(node)?,
                        Some((node, Some(call))) => match self.begun(call)? {
                            Need::Call(call) => return Ok(Done::Needs(call)),
                            Need::Value(value) => self.behind_call(node, value)?,
                        },
                    }
                }
            };
            let next = match instruction {
                Instruction::Evaluate(_) => at + 1,
                Instruction::Value(_) => return Ok(Done::Ended(Ending::Valued(value))),
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
                Instruction::Return(None) => return Ok(Done::Ended(Ending::Returned(Value::Void))),
                Instruction::Return(Some(node)) => {
                    if function.as_ref().is_some_and(|function| function.result != Shape::Void) {
                        self.must_be_one(node, &value)?;
                    }
                    return Ok(Done::Ended(Ending::Returned(value)));
                }
                Instruction::Unknown(why) => return Err(self.unknown(why.clone())),
            };
            if next <= at {
                return Ok(Done::Back(next));
            }
            at = next;
        }
    }

    /// What a statement's expression comes to, when the call in it has come to this.
    fn behind_call(&self, node: &Node, value: Value) -> Result<Value, Stop> {
        match &node.kind {
            NodeKind::Assign { to, value: call, .. } => {
                self.must_be_one(call, &value)?;
                let place = self.place_of(to)?;
                self.write(&place, value)
            }
            NodeKind::Unary(_, call) => {
                self.must_be_one(call, &value)?;
                Ok(Value::truth(!self.truth(&value)?))
            }
            _ => Ok(value),
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

/// The call that a statement's expression is, or makes first of all.
fn call_in(node: &Node) -> Option<&Node> {
    let call = match &node.kind {
        NodeKind::Assign { operator: None, value, .. } | NodeKind::Unary(Unary::Not, value) => value,
        _ => node,
    };
    matches!(call.kind, NodeKind::Call { .. } | NodeKind::CallPointer { .. }).then_some(call)
}

//! Engines with one actor, and tables with next to nothing in them.
#![allow(dead_code, reason = "not every test uses all of it")]

pub(crate) mod programs;

use std::cell::RefCell;
use std::sync::Arc;

use c_run::{Call, Code, Object, Part, Run, Stop, Value, Vocabulary, Word, Words};
use c_text::{Config, Hints, IntType, Program};
use machine::{Action, Control, FINISHED, Machine, Step};

/// An engine that remembers nothing.
pub(crate) struct Alone;

impl Machine for Alone {
    fn perform(&self, step: Step) -> machine::Word {
        match step.action {
            Action::Control(Control::Loop { state } | Control::Round { state }) => state,
            _ => 0,
        }
    }
}

/// A frame of control as it was run: what it ended with, and the frames in it, by rounds.
#[derive(Clone, Default, Debug)]
pub(crate) struct Seen {
    pub(crate) result: machine::Word,
    /// For each round, the state that it began with; the first is that of a call.
    pub(crate) rounds: Vec<machine::Word>,
    pub(crate) inner: Vec<Seen>,
}

/// Writes down all frames.
#[derive(Default)]
pub(crate) struct Recorder(pub(crate) RefCell<Vec<Seen>>);

impl Recorder {
    pub(crate) fn new() -> Recorder {
        Recorder(RefCell::new(vec![Seen::default()]))
    }
}

impl Machine for Recorder {
    fn perform(&self, step: Step) -> machine::Word {
        let mut open = self.0.borrow_mut();
        match step.action {
            Action::Control(Control::Call) => {
                open.push(Seen::default());
                0
            }
            Action::Control(Control::Loop { state }) => {
                open.push(Seen { rounds: vec![state], ..Seen::default() });
                state
            }
            Action::Control(Control::Round { state }) => {
                open.last_mut().expect("a loop").rounds.push(state);
                state
            }
            Action::Control(Control::Leave { result }) => {
                let mut done = open.pop().expect("a frame");
                done.result = result;
                open.last_mut().expect("what is around it").inner.push(done);
                0
            }
            _ => 0,
        }
    }
}

/// Answers some frames with what was written down, so that what is in them is not run. Loops begin with their last
/// round where they are not answered.
pub(crate) struct Remembering {
    /// The frames that are still to come at each depth, where they are known.
    open: RefCell<Vec<Option<std::vec::IntoIter<Seen>>>>,
    random: RefCell<u64>,
}

impl Remembering {
    pub(crate) fn new(seen: &Seen, seed: u64) -> Remembering {
        let open = RefCell::new(vec![Some(seen.inner.clone().into_iter())]);
        Remembering { open, random: RefCell::new(seed) }
    }

    fn chance(&self, of: u64) -> bool {
        let mut random = self.random.borrow_mut();
        programs::next(&mut random).is_multiple_of(of)
    }
}

impl Machine for Remembering {
    fn perform(&self, step: Step) -> machine::Word {
        let mut open = self.open.borrow_mut();
        match step.action {
            Action::Control(control @ (Control::Call | Control::Loop { .. })) => {
                let first = if let Control::Loop { state } = control { state } else { 0 };
                let Some(frames) = open.last_mut().expect("a frame") else {
                    open.push(None);
                    return first;
                };
                let frame = frames.next().expect("the same frames as before");
                if self.chance(3) {
                    return FINISHED | frame.result;
                }
                if let [begin, .., last] = frame.rounds[..] {
                    assert_eq!(begin, first, "a loop begins as before");
                    // Which of the frames in it are those of its last round was not written down.
                    open.push(None);
                    return last;
                }
                open.push(Some(frame.inner.into_iter()));
                first
            }
            Action::Control(Control::Round { state }) => state,
            Action::Control(Control::Leave { .. }) => {
                open.pop();
                0
            }
            _ => 0,
        }
    }
}

/// A table of nothing.
#[derive(Clone, Copy)]
pub(crate) struct Nothing;

impl Vocabulary for Nothing {
    fn word(&self, _: &str) -> Option<Word> {
        None
    }
    fn is_constant(&self, _: &str) -> bool {
        false
    }
    fn int_type(&self, _: &str) -> Option<IntType> {
        None
    }
    fn is_modelled(&self, _: &str) -> bool {
        false
    }
}

impl Words for Nothing {
    fn call(&self, _: &Run<'_>, _: &Call<'_>) -> Result<Option<Value>, Stop> {
        Ok(None)
    }
    fn constant(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        None
    }
    fn load(&self, _: &Run<'_>, _: Object, _: &[Part]) -> Result<Option<Value>, Stop> {
        Ok(None)
    }
    fn store(&self, _: &Run<'_>, _: Object, _: &[Part], _: &Value) -> Result<Option<()>, Stop> {
        Ok(None)
    }
    fn modelled(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        None
    }
}

/// A table of two macros, which are those that the made-up programs define for the compiler.
#[derive(Clone, Copy)]
pub(crate) struct Macros;

impl Vocabulary for Macros {
    fn word(&self, name: &str) -> Option<Word> {
        match name {
            "SAME" => Some(Word::Macro),
            "TO" => Some(Word::Setter),
            _ => None,
        }
    }
    fn is_constant(&self, _: &str) -> bool {
        false
    }
    fn int_type(&self, _: &str) -> Option<IntType> {
        None
    }
    fn is_modelled(&self, _: &str) -> bool {
        false
    }
}

impl Words for Macros {
    fn call(&self, run: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop> {
        let value = call.evaluate(run, call.written.len() - 1)?;
        Ok(Some(if &**call.name == "TO" { run.store(&call.address(run, 0)?, value)? } else { value }))
    }
    fn constant(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        None
    }
    fn load(&self, _: &Run<'_>, _: Object, _: &[Part]) -> Result<Option<Value>, Stop> {
        Ok(None)
    }
    fn store(&self, _: &Run<'_>, _: Object, _: &[Part], _: &Value) -> Result<Option<()>, Stop> {
        Ok(None)
    }
    fn modelled(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        None
    }
}

/// A text with a table.
pub(crate) fn code(text: &str, vocabulary: impl Vocabulary + 'static) -> Code {
    let mut program = Program::new(Config::new(), Hints::default());
    let file = c_text::parse("toy.c", text.as_bytes(), &Config::new(), &Hints::default());
    program.add(file.unwrap_or_else(|why| panic!("{why}")));
    Code::new(Arc::new(program), Box::new(vocabulary))
}

/// What `f` of a text without a table comes to.
pub(crate) fn run(text: &str, arguments: &[i64]) -> Result<Value, Stop> {
    let code = code(text, Nothing);
    let arguments = arguments.iter().map(|argument| Value::Int(*argument, IntType::LONG)).collect();
    Run::new(&code, &Nothing, &Alone, Vec::new()).call("f", "", arguments)
}

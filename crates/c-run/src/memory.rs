//! The variables of the functions that are running.

use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use c_text::Name;
use foldhash::quality::FixedState;
use machine::Label;

use crate::code::{Block, Compiled};
use crate::shape::Shape;
use crate::{Part, Pointer, Value, integer};

/// The functions that are running, the outermost first. The first is not one of the text: it holds what the run was
/// given.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) frames: Vec<Frame>,
}

/// The variables of a function. A snapshot shares them, until one is set; so does their fingerprint, which is computed
/// when somebody asks for it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Slots(Arc<Variables>);

#[derive(Default, Debug)]
struct Variables {
    values: Vec<Value>,
    /// As long as no value is set.
    fingerprint: OnceLock<u64>,
}

impl Clone for Variables {
    /// To be set.
    fn clone(&self) -> Variables {
        Variables { values: self.values.clone(), fingerprint: OnceLock::new() }
    }
}

impl Slots {
    pub(crate) fn new(values: Vec<Value>) -> Slots {
        Slots(Arc::new(Variables { values, fingerprint: OnceLock::new() }))
    }

    /// To be set: those who share them keep what they have.
    pub(crate) fn values_mut(&mut self) -> &mut [Value] {
        let variables = Arc::make_mut(&mut self.0);
        variables.fingerprint.take();
        &mut variables.values
    }
}

impl Deref for Slots {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0.values
    }
}

impl PartialEq for Slots {
    fn eq(&self, other: &Slots) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.values == other.0.values
    }
}

impl Eq for Slots {}

impl Hash for Slots {
    /// The same in every run and thread.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let compute = || FixedState::with_seed(1).hash_one(&self.0.values);
        hasher.write_u64(*self.0.fingerprint.get_or_init(compute));
    }
}

pub(crate) struct Frame {
    /// None for the first.
    pub(crate) function: Option<Arc<Compiled>>,
    /// What it was called as.
    pub(crate) label: Label,
    pub(crate) slots: Slots,
    /// The blocks that are running, each with its instruction; the function's own first.
    pub(crate) levels: Vec<(Level, usize)>,
    pub(crate) line: u32,
}

/// A block that is running.
#[derive(Clone)]
pub(crate) enum Level {
    /// The function's own.
    Body,
    /// That of a statement expression.
    Inner(Arc<Block>),
}

impl Frame {
    pub(crate) fn block<'f>(&'f self, level: &'f Level) -> Option<&'f Block> {
        match (level, &self.function) {
            (Level::Inner(block), _) => Some(&**block),
            (Level::Body, Some(function)) => Some(&function.body),
            (Level::Body, None) => None,
        }
    }

    /// The innermost block.
    pub(crate) fn level(&self) -> Option<Level> {
        self.levels.last().map(|(level, _)| level.clone())
    }

    /// Whether the innermost block goes back somewhere, and what its loop is called.
    pub(crate) fn innermost(&self) -> (bool, Label) {
        let block = self.levels.last().and_then(|(level, _)| self.block(level));
        let name = self.function.as_ref().map_or("", |function| function.label);
        (block.is_some_and(|block| block.has_loop), Label::new(name, &[]))
    }

    /// Where control is in the innermost block.
    pub(crate) fn at(&self) -> usize {
        self.levels.last().map_or(0, |(_, at)| *at)
    }

    /// Control is at an instruction of the innermost block; behind the last one where there is none of this number.
    pub(crate) fn go_to(&mut self, to: usize) {
        if let Some((_, at)) = self.levels.last_mut() {
            *at = to;
        }
    }

    /// Forgets what nothing that follows can read. `is_head`: control is before an instruction, not in it.
    fn forget(&mut self, is_head: bool) {
        for slot in 0..self.slots.len() {
            if self.slots[slot] != Value::Unset && !self.is_live(is_head, slot) {
                self.set(slot, Value::Unset);
            }
        }
    }

    fn is_live(&self, is_head: bool, slot: usize) -> bool {
        let last = self.levels.len().saturating_sub(1);
        self.levels.iter().enumerate().all(|(number, (level, at))| {
            self.block(level).is_none_or(|block| {
                if is_head && number == last {
                    block.liveness.is_live_before(*at, slot)
                } else {
                    block.liveness.is_live_around(*at, slot)
                }
            })
        })
    }

    /// What can stand in a variable.
    pub(crate) fn shape(&self, slot: usize) -> &Shape {
        let slot = self.function.as_ref().and_then(|function| function.slots.get(slot));
        slot.map_or(&Shape::Open, |slot| &slot.shape)
    }

    /// Sets a variable that is an integer, and gives what it holds then; nothing, and it stays, if it is something else.
    pub(crate) fn set_integer(&mut self, slot: usize, value: i64) -> Option<Value> {
        let Shape::Int(of) = *self.shape(slot) else { return None };
        let value = integer::convert(value, of);
        self.set(slot, Value::Int(value, of));
        Some(Value::Int(value, of))
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, slot: usize, value: Value) {
        self.slots.values_mut()[slot] = value;
    }
}

impl Memory {
    /// What control can still depend on.
    pub(crate) fn remembered(&mut self, is_head: bool) -> Vec<Slots> {
        self.forget(is_head);
        self.frames.iter().map(|frame| frame.slots.clone()).collect()
    }

    /// Forgets what nothing that follows can read. The functions around the innermost one forgot when they called: since
    /// then nothing but what can be pointed to was set there, which stays.
    pub(crate) fn forget(&mut self, is_head: bool) {
        if let Some(frame) = self.frames.last_mut() {
            frame.forget(is_head);
        }
    }

    /// Goes back to what was remembered; functions that were called since are gone.
    pub(crate) fn restore(&mut self, frames: &[Slots]) {
        self.frames.truncate(frames.len());
        for (frame, slots) in self.frames.iter_mut().zip(frames) {
            frame.slots.clone_from(slots);
        }
    }

    /// The innermost function ends: pointers to its variables point to nothing that could be read.
    pub(crate) fn leave(&mut self) {
        let left = self.frames.pop();
        let function = left.as_ref().and_then(|frame| frame.function.as_ref());
        if function.is_some_and(|function| !function.body.liveness.has_pinned()) {
            return;
        }
        let depth = self.frames.len();
        for frame in &mut self.frames {
            if frame.slots.iter().any(|slot| points_into(slot, depth)) {
                frame.slots.values_mut().iter_mut().for_each(|slot| sever(slot, depth));
            }
        }
    }
}

/// Unsets pointers to variables of functions that are no more.
pub(crate) fn sever(value: &mut Value, depth: usize) {
    match value {
        Value::Pointer(Pointer::Local { frame, .. }) | Value::Address(Pointer::Local { frame, .. })
            if usize::from(*frame) >= depth =>
        {
            *value = Value::Unset
        }
        Value::Record(members) => members.values_mut().for_each(|member| sever(member, depth)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| sever(element, depth)),
        _ => {}
    }
}

/// Whether there is anything to sever.
fn points_into(value: &Value, depth: usize) -> bool {
    match value {
        Value::Pointer(Pointer::Local { frame, .. }) | Value::Address(Pointer::Local { frame, .. }) => {
            usize::from(*frame) >= depth
        }
        Value::Record(members) => members.values().any(|member| points_into(member, depth)),
        Value::Array(elements) => elements.iter().any(|element| points_into(element, depth)),
        _ => false,
    }
}

/// A part of a value.
pub(crate) fn part<'v>(value: &'v Value, path: &[Part]) -> Result<&'v Value, Missing> {
    path.iter().try_fold(value, |value, part| match (value, part) {
        (Value::Record(members), Part::Member(name)) => {
            members.get(name).ok_or_else(|| Missing::Member(name.clone()))
        }
        (Value::Array(elements), Part::Element(index)) => {
            let length = elements.len();
            usize::try_from(*index)
                .ok()
                .and_then(|index| elements.get(index))
                .ok_or(Missing::Element(*index, length))
        }
        (Value::Unset, _) => Ok(&Value::Unset),
        (_, part) => Err(Missing::NoParts(part.clone())),
    })
}

/// A part of a value, to be set.
pub(crate) fn part_mut<'v>(value: &'v mut Value, path: &[Part]) -> Result<&'v mut Value, Missing> {
    path.iter().try_fold(value, |value, part| match (value, part) {
        (Value::Record(members), Part::Member(name)) => {
            members.get_mut(name).ok_or_else(|| Missing::Member(name.clone()))
        }
        (Value::Array(elements), Part::Element(index)) => {
            let length = elements.len();
            let index = usize::try_from(*index).ok().filter(|index| *index < length).ok_or(*index);
            match index {
                Ok(index) => Ok(&mut elements[index]),
                Err(index) => Err(Missing::Element(index, length)),
            }
        }
        (_, part) => Err(Missing::NoParts(part.clone())),
    })
}

/// Why a value has no such part.
pub(crate) enum Missing {
    Member(Name),
    Element(i32, usize),
    NoParts(Part),
}

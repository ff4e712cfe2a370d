//! Where values are: reading and setting variables, and the parts of objects and constants.

use std::sync::Arc;

use c_text::{Binary, Name};

use crate::code::{Compiled, Node, NodeKind};
use crate::memory::{Missing, part, part_mut};
use crate::shape::Shape;
use crate::{Fault, Object, Part, Path, Pointer, Run, Stop, Unknown, Value, integer};

/// Where a value is.
#[derive(Clone)]
pub(crate) enum Place {
    Local { frame: u16, slot: u16, path: Path },
    Object { object: Object, path: Path },
    Global { name: Name, file: Name, path: Path },
}

impl Place {
    pub(crate) fn pointer(self) -> Pointer {
        match self {
            Place::Local { frame, slot, path } => Pointer::Local { frame, slot, path },
            Place::Object { object, path } => Pointer::Object { object, path },
            Place::Global { name, file, path } => Pointer::Global { name, file, path },
        }
    }

    pub(crate) fn part(mut self, part: Part) -> Place {
        let (Place::Local { path, .. } | Place::Object { path, .. } | Place::Global { path, .. }) = &mut self;
        path.push(part);
        self
    }
}

impl Run<'_> {
    /// What `&` of an expression points to.
    pub(crate) fn address(&self, node: &Node) -> Result<Pointer, Stop> {
        match &node.kind {
            NodeKind::Value(Value::Pointer(function @ Pointer::Function { .. })) => Ok(function.clone()),
            NodeKind::Deref(of) => match self.evaluate(of)? {
                Value::Pointer(pointer) => Ok(pointer),
                other => Err(self.unknown(Unknown::Construct(format!("{other} as a pointer")))),
            },
            _ => Ok(match self.place_of(node)? {
                Place::Object { object, path } => {
                    let other = self.words.pointer(object, &path);
                    other.unwrap_or(Pointer::Object { object, path })
                }
                place => place.pointer(),
            }),
        }
    }

    pub(crate) fn place_of(&self, node: &Node) -> Result<Place, Stop> {
        match &node.kind {
            NodeKind::Local(slot) => {
                let frame = self.memory.borrow().frames.len() - 1;
                let frame = u16::try_from(frame).unwrap_or(u16::MAX);
                Ok(Place::Local { frame, slot: *slot, path: Path::new() })
            }
            NodeKind::Global { name, file } => {
                Ok(Place::Global { name: name.clone(), file: file.clone(), path: Path::new() })
            }
            NodeKind::Deref(of) => {
                let value = self.evaluate(of)?;
                self.pointee(value)
            }
            NodeKind::Member { of, name, is_arrow } => {
                let of = if *is_arrow {
                    let value = self.evaluate(of)?;
                    self.pointee(value)?
                } else {
                    self.place_or_copy(of)?
                };
                Ok(of.part(Part::Member(name.clone())))
            }
            NodeKind::Index { of, at } => {
                let (of, at) = (self.evaluate(of)?, self.evaluate(at)?);
                let moved = self.binary(Binary::Plus, of, at)?;
                self.pointee(moved)
            }
            NodeKind::Unknown(why) => Err(self.unknown(why.clone())),
            _ => {
                Err(self.unknown(Unknown::Construct("a store to what is no variable, or its address".into())))
            }
        }
    }

    /// Where the struct is of which a member is named.
    fn place_or_copy(&self, node: &Node) -> Result<Place, Stop> {
        match &node.kind {
            NodeKind::Call { .. } | NodeKind::CallPointer { .. } | NodeKind::List(..) => {
                Err(self.unknown(Unknown::Construct("a member of a struct that is not kept".into())))
            }
            _ => self.place_of(node),
        }
    }

    /// Where a pointer points to.
    pub(crate) fn pointee(&self, value: Value) -> Result<Place, Stop> {
        match value {
            Value::Pointer(Pointer::Local { frame, slot, path }) => Ok(Place::Local { frame, slot, path }),
            Value::Pointer(Pointer::Object { object, path }) => Ok(Place::Object { object, path }),
            Value::Pointer(Pointer::Global { name, file, path }) => Ok(Place::Global { name, file, path }),
            Value::Pointer(pointer @ Pointer::Number(_)) => {
                Err(self.fault(Fault::NoObject(pointer.to_string())))
            }
            other => Err(self.unknown(Unknown::Construct(format!("what {other} points to")))),
        }
    }

    pub(crate) fn missing(&self, why: Missing) -> Stop {
        match why {
            Missing::Member(name) => self.unknown(Unknown::Construct(format!("the member `{name}`"))),
            Missing::Element(index, length) => self.fault(Fault::OutOfBounds { index: index.into(), length }),
            Missing::NoParts(part) => {
                self.unknown(Unknown::Construct(format!("{part} of what has no parts")))
            }
        }
    }

    /// Reads what a pointer points to.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn load(&self, pointer: &Pointer) -> Result<Value, Stop> {
        let place = self.pointee(Value::Pointer(pointer.clone()))?;
        self.read(&place)
    }

    /// Sets what a pointer points to, and gives what it holds then.
    ///
    /// # Errors
    /// If it can't be set.
    pub fn store(&self, pointer: &Pointer, value: Value) -> Result<Value, Stop> {
        let place = self.pointee(Value::Pointer(pointer.clone()))?;
        self.write(&place, value)
    }

    /// The value at a place; an array's is a pointer to its first element.
    pub(crate) fn read(&self, place: &Place) -> Result<Value, Stop> {
        let value = match place {
            Place::Local { frame, slot, path } => {
                let found = {
                    let memory = self.memory.borrow();
                    let slots = memory.frames.get(usize::from(*frame)).map(|frame| &frame.slots);
                    match slots.and_then(|slots| slots.get(usize::from(*slot))) {
                        Some(value) => part(value, path).cloned(),
                        None => Ok(Value::Unset),
                    }
                };
                found.map_err(|why| self.missing(why))?
            }
            Place::Object { object, path } => return self.read_object(*object, path),
            Place::Global { name, file, path } => self.read_global(name, file, path)?,
        };
        match value {
            Value::Unset => Err(self.fault(Fault::Unset(self.written(place)))),
            Value::Array(_) => Ok(Value::Pointer(place.clone().part(Part::Element(0)).pointer())),
            value => Ok(value),
        }
    }

    /// A part of an object of the table.
    pub(crate) fn read_object(&self, object: Object, path: &[Part]) -> Result<Value, Stop> {
        match self.words.load(self, object, path)? {
            Some(Value::Unset) => Err(self.fault(Fault::Unset(format!("{object}{}", shown(path))))),
            Some(Value::Array(_)) => {
                let path = path.iter().cloned().chain([Part::Element(0)]).collect();
                Ok(Value::Pointer(Pointer::Object { object, path }))
            }
            Some(value) => Ok(value),
            None => Err(self.unknown(Unknown::Load { kind: object.kind, path: shown(path) })),
        }
    }

    /// The name of a place, for a message.
    fn written(&self, place: &Place) -> String {
        match place {
            Place::Local { frame, slot, path } => {
                let memory = self.memory.borrow();
                let function =
                    memory.frames.get(usize::from(*frame)).and_then(|frame| frame.function.as_ref());
                let name = function.and_then(|function| function.slots.get(usize::from(*slot)));
                format!("{}{}", name.map_or("a variable", |slot| &*slot.name), shown(path))
            }
            Place::Object { object, path } => format!("{object}{}", shown(path)),
            Place::Global { name, path, .. } => format!("{name}{}", shown(path)),
        }
    }

    fn read_global(&self, name: &Name, file: &Name, path: &[Part]) -> Result<Value, Stop> {
        let Some(node) = self.code.global(file, name) else {
            return Err(self.unknown(match self.code.program.unparsed(name, file) {
                Some(why) => Unknown::Unparsed { name: name.to_string(), why: why.to_string() },
                None => Unknown::Name(name.to_string()),
            }));
        };
        match &node.kind {
            NodeKind::List(Shape::Unknown(_) | Shape::Modelled(_), entries) => {
                // The struct is not known: only what the list names is, and what it does not name is 0.
                match entries.iter().rev().find(|entry| entry.path == path) {
                    Some(entry) => self.evaluate(&entry.value),
                    None if matches!(path, [Part::Member(_)]) => Ok(Value::null()),
                    None => Err(self.unknown(Unknown::Construct(format!("{name}{}", shown(path))))),
                }
            }
            // What is beside it in the list is nobody's affair.
            NodeKind::List(shape, entries) => {
                match entries
                    .iter()
                    .rev()
                    .find(|entry| entry.path.starts_with(path) || path.starts_with(&entry.path))
                {
                    Some(entry) if entry.path == path => {
                        let value = self.evaluate(&entry.value)?;
                        self.converted(value, inner(shape, path))
                    }
                    Some(_) => self.part_of(&node, path),
                    None => self.fresh(inner(shape, path), true),
                }
            }
            _ => self.part_of(&node, path),
        }
    }

    fn part_of(&self, whole: &Node, path: &[Part]) -> Result<Value, Stop> {
        let whole = self.evaluate(whole)?;
        part(&whole, path).cloned().map_err(|why| self.missing(why))
    }

    /// Sets a place and gives what it holds then.
    pub(crate) fn write(&self, place: &Place, value: Value) -> Result<Value, Stop> {
        match place {
            Place::Local { frame, slot, path } => {
                if let (Value::Int(value, _), []) = (&value, &path[..])
                    && let Some(frame) = self.memory.borrow_mut().frames.get_mut(usize::from(*frame))
                    && let Some(stored) = frame.set_integer(usize::from(*slot), *value)
                {
                    return Ok(stored);
                }
                let function = self.function_at(*frame);
                let shape = shape_in(function.as_ref(), *slot, path);
                let value = self.converted(value, shape)?;
                let mut memory = self.memory.borrow_mut();
                let frame = memory.frames.get_mut(usize::from(*frame));
                let slots = frame.map(|frame| frame.slots.values_mut());
                let slot = slots.and_then(|slots| slots.get_mut(usize::from(*slot)));
                let Some(slot) = slot else {
                    drop(memory);
                    return Err(self.fault(Fault::NoObject("a variable that is no more".into())));
                };
                let stored = match part_mut(slot, path) {
                    Ok(old) => {
                        // What the run was given keeps its type.
                        let value = match (shape, &*old, value) {
                            (Shape::Open, Value::Int(_, of), Value::Int(value, _)) => {
                                Value::Int(integer::convert(value, *of), *of)
                            }
                            (.., value) => value,
                        };
                        old.clone_from(&value);
                        Ok(value)
                    }
                    Err(why) => Err(why),
                };
                drop(memory);
                let stored = stored.map_err(|why| self.missing(why))?;
                self.unset_others(place);
                Ok(stored)
            }
            Place::Object { object, path } => match self.words.store(self, *object, path, &value)? {
                Some(()) => Ok(value),
                None => {
                    let path = shown(path);
                    Err(self.unknown(Unknown::Store { kind: object.kind, path }))
                }
            },
            Place::Global { name, .. } => {
                Err(self.unknown(Unknown::Construct(format!("a store to the constant `{name}`"))))
            }
        }
    }

    /// What is set in a union takes the place of its other members.
    fn unset_others(&self, place: &Place) {
        let Place::Local { frame, slot, path } = place else { return };
        for depth in 0..path.len() {
            let Part::Member(name) = &path[depth] else { continue };
            let Shape::Record(record) = self.shape_at(*frame, *slot, &path[..depth]) else { continue };
            if !record.members.get(name).is_some_and(|member| member.is_shared) {
                continue;
            }
            let mut memory = self.memory.borrow_mut();
            let slots = memory.frames.get_mut(usize::from(*frame)).map(|frame| frame.slots.values_mut());
            let slot = slots.map(|slots| &mut slots[usize::from(*slot)]);
            let Some(Ok(Value::Record(members))) = slot.map(|slot| part_mut(slot, &path[..depth])) else {
                continue;
            };
            for (other, member) in &record.members {
                if member.is_shared && other != name {
                    members.insert(other.clone(), Value::Unset);
                }
            }
        }
    }

    /// What can stand at a part of a variable.
    pub(crate) fn shape_at(&self, frame: u16, slot: u16, path: &[Part]) -> Shape {
        shape_in(self.function_at(frame).as_ref(), slot, path).clone()
    }

    fn function_at(&self, frame: u16) -> Option<Arc<Compiled>> {
        self.memory.borrow().frames.get(usize::from(frame))?.function.clone()
    }
}

/// What can stand at a part of a function's variable.
fn shape_in<'s>(function: Option<&'s Arc<Compiled>>, slot: u16, path: &[Part]) -> &'s Shape {
    let slot = function.and_then(|function| function.slots.get(usize::from(slot)));
    slot.map_or(&Shape::Open, |slot| inner(&slot.shape, path))
}

/// The shape of a part.
pub(crate) fn inner<'s>(shape: &'s Shape, path: &[Part]) -> &'s Shape {
    const OPEN: &Shape = &Shape::Open;
    path.iter().fold(shape, |shape, part| match (shape, part) {
        (Shape::Record(of), Part::Member(name)) => of.members.get(name).map_or(OPEN, |member| &member.shape),
        (Shape::Array(of, _), Part::Element(_)) => of,
        _ => OPEN,
    })
}

fn shown(path: &[Part]) -> String {
    path.iter().map(ToString::to_string).collect()
}

//! What expressions come to.

use c_text::{Binary, IntType, Name, Unary};

use crate::code::{Branches, Node, NodeKind, Target};
use crate::compile::unary;
use crate::memory::{Missing, part, part_mut};
use crate::shape::{Pointee, Shape};
use crate::words::Call;
use crate::{Fault, Part, Path, Pointer, Run, Stop, Unknown, Value, Word, integer};

/// Where a value is.
#[derive(Clone)]
enum Place {
    Local { frame: u16, slot: u16, path: Path },
    Object { object: crate::Object, path: Path },
    Global { name: Name, file: Name, path: Path },
}

impl Place {
    fn pointer(self) -> Pointer {
        match self {
            Place::Local { frame, slot, path } => Pointer::Local { frame, slot, path },
            Place::Object { object, path } => Pointer::Object { object, path },
            Place::Global { name, file, path } => Pointer::Global { name, file, path },
        }
    }

    fn part(mut self, part: Part) -> Place {
        let (Place::Local { path, .. } | Place::Object { path, .. } | Place::Global { path, .. }) = &mut self;
        path.push(part);
        self
    }
}

impl Run<'_> {
    /// The value of an expression that must have one.
    pub(crate) fn evaluate(&self, node: &Node) -> Result<Value, Stop> {
        match self.value_or_void(node)? {
            Value::Void => Err(self.fault(Fault::NoResult)),
            Value::Unset => Err(self.fault(Fault::NoObject("a variable that is no more".into()))),
            value => Ok(value),
        }
    }

    pub(crate) fn value_or_void(&self, node: &Node) -> Result<Value, Stop> {
        match &node.kind {
            NodeKind::Value(value) => Ok(value.clone()),
            NodeKind::Local(_) | NodeKind::Member { .. } | NodeKind::Index { .. } => {
                let place = self.place_of(node)?;
                self.read(&place)
            }
            NodeKind::Global { name, file } => {
                self.read(&Place::Global { name: name.clone(), file: file.clone(), path: Path::new() })
            }
            NodeKind::Constant(name) => {
                self.words.constant(self, name).ok_or_else(|| self.unknown(Unknown::Name(name.to_string())))
            }
            NodeKind::Unary(operator, of) => match (operator, self.evaluate(of)?) {
                (_, Value::Int(value, of)) => {
                    let (value, of) = unary(*operator, (value, of));
                    Ok(Value::Int(value, of))
                }
                (Unary::Not, value) => Ok(Value::truth(!self.truth(&value)?)),
                (_, value) => Err(self.unknown(Unknown::Construct(format!("a sign before {value}")))),
            },
            NodeKind::Deref(of) => match self.evaluate(of)? {
                // A function is its own value.
                value @ Value::Pointer(Pointer::Function { .. }) => Ok(value),
                value => {
                    let place = self.pointee(value)?;
                    self.read(&place)
                }
            },
            NodeKind::AddressOf(of) => self.address(of).map(Value::Pointer),
            NodeKind::Step { of, by, is_postfix } => {
                let place = self.place_of(of)?;
                let old = self.read(&place)?;
                let by = Value::Int(*by, IntType::INT);
                let new = self.binary(Binary::Plus, old.clone(), by)?;
                let new = self.write(&place, new)?;
                Ok(if *is_postfix { old } else { new })
            }
            NodeKind::Assign { to, operator, value } => {
                // C leaves open which side is first; what is assigned to is looked at last.
                let value = self.evaluate(value)?;
                let place = self.place_of(to)?;
                let value = match operator {
                    None => value,
                    Some(operator) => {
                        let old = self.read(&place)?;
                        self.binary(*operator, old, value)?
                    }
                };
                self.write(&place, value)
            }
            NodeKind::Binary(Binary::And, left, right) => {
                Ok(Value::truth(self.holds(left)? && self.holds(right)?))
            }
            NodeKind::Binary(Binary::Or, left, right) => {
                Ok(Value::truth(self.holds(left)? || self.holds(right)?))
            }
            NodeKind::Binary(operator, left, right) => {
                let left = self.evaluate(left)?;
                let right = self.evaluate(right)?;
                self.binary(*operator, left, right)
            }
            NodeKind::Conditional { condition, yes, no, of } => {
                let condition = self.evaluate(condition)?;
                let value = match (self.truth(&condition)?, yes) {
                    (true, Some(yes)) => self.value_or_void(yes)?,
                    (true, None) => condition,
                    (false, _) => self.value_or_void(no)?,
                };
                match (value, of) {
                    (Value::Int(value, _), Branches::Int(of)) => {
                        Ok(Value::Int(integer::convert(value, *of), *of))
                    }
                    (Value::Int(value, _), Branches::Pointer) => Ok(Value::Pointer(Pointer::Number(value))),
                    // The widest type without a sign is the type of both, whatever the other is.
                    (value @ Value::Int(_, IntType { bits: 64, is_signed: false }), Branches::Open) => {
                        Ok(value)
                    }
                    (Value::Int(..), Branches::Open) => {
                        let why = "a `?:` of which one side has a type that is not known".to_owned();
                        Err(self.unknown(Unknown::Construct(why)))
                    }
                    (value, _) => Ok(value),
                }
            }
            NodeKind::Comma(left, right) => {
                self.value_or_void(left)?;
                self.value_or_void(right)
            }
            NodeKind::Cast(Shape::Void, of) => self.value_or_void(of).map(|_| Value::Void),
            NodeKind::Cast(to, of) => {
                let value = self.evaluate(of)?;
                self.converted(value, to)
            }
            NodeKind::List(shape, entries) => {
                let mut whole = self.fresh(shape, true)?;
                for entry in entries.iter() {
                    let value = self.evaluate(&entry.value)?;
                    let value = self.converted(value, inner(shape, &entry.path))?;
                    *part_mut(&mut whole, &entry.path).map_err(|why| self.missing(why))? = value;
                }
                Ok(whole)
            }
            NodeKind::Block(block) => self.block(block),
            NodeKind::Call { name, target, arguments, written } => {
                self.with_frame(|frame| frame.line = node.line);
                self.call_target(name, target, arguments, written)
            }
            NodeKind::CallPointer { function, arguments } => {
                let function = self.evaluate(function)?;
                let arguments = self.arguments(arguments)?;
                self.with_frame(|frame| frame.line = node.line);
                self.call_pointer(function, arguments)
            }
            NodeKind::Unknown(why) => {
                self.with_frame(|frame| frame.line = node.line);
                Err(self.unknown(why.clone()))
            }
        }
    }

    fn arguments(&self, nodes: &[Node]) -> Result<Vec<Value>, Stop> {
        nodes.iter().map(|node| self.evaluate(node)).collect()
    }

    fn call_target(
        &self,
        name: &Name,
        target: &Target,
        nodes: &[Node],
        written: &[c_text::Expr],
    ) -> Result<Value, Stop> {
        match target {
            Target::Function(file) => {
                let arguments = self.arguments(nodes)?;
                self.call_function(file, name, arguments)
            }
            Target::Word(word, prototype) => {
                let values = match word {
                    Word::Function => self.arguments(nodes)?,
                    Word::Macro => Vec::new(),
                };
                self.call_word(name, prototype.as_deref(), values, nodes, written)
            }
        }
    }

    fn call_word(
        &self,
        name: &Name,
        prototype: Option<&c_text::Prototype>,
        mut values: Vec<Value>,
        arguments: &[Node],
        written: &[c_text::Expr],
    ) -> Result<Value, Stop> {
        let file = self.place().file;
        let types = crate::shape::Types {
            program: &self.code.program,
            vocabulary: &*self.code.vocabulary,
            file: &file,
        };
        for (value, parameter) in values.iter_mut().zip(prototype.map_or(&[][..], |of| &of.parameters)) {
            if let (Value::Int(number, _), Shape::Int(of)) = (&*value, types.shape(&parameter.of)) {
                *value = Value::Int(integer::convert(*number, of), of);
            }
        }
        let call = Call { name, prototype, written, values: &values, arguments };
        let line = self.with_frame(|frame| frame.line);
        let answer = self.words.call(self, &call)?;
        self.with_frame(|frame| frame.line = line);
        let value = answer.ok_or_else(|| self.unknown(Unknown::Function(name.to_string())))?;
        match prototype.map(|prototype| types.shape(&prototype.result)) {
            Some(Shape::Int(of)) if matches!(value, Value::Int(..)) => self.converted(value, &Shape::Int(of)),
            _ => Ok(value),
        }
    }

    /// Calls what a pointer points to.
    ///
    /// # Errors
    /// If it is no function, or the run can't go on.
    pub fn call_pointer(&self, function: Value, arguments: Vec<Value>) -> Result<Value, Stop> {
        match function {
            Value::Pointer(Pointer::Function { name, file }) if file.is_empty() => {
                let from = self.place().file;
                let prototype = self.code.program.prototype(&name, &from);
                let prototype = prototype.map_err(|why| self.unknown(Unknown::Ambiguous(why.to_string())))?;
                self.call_word(&name, prototype, arguments, &[], &[])
            }
            Value::Pointer(Pointer::Function { name, file }) => self.call_function(&file, &name, arguments),
            Value::Pointer(pointer @ Pointer::Number(_)) => {
                Err(self.fault(Fault::NoObject(pointer.to_string())))
            }
            other => Err(self.unknown(Unknown::Construct(format!("a call of {other}")))),
        }
    }

    pub(crate) fn holds(&self, node: &Node) -> Result<bool, Stop> {
        let value = self.evaluate(node)?;
        self.truth(&value)
    }

    /// Whether a value counts as true.
    ///
    /// # Errors
    /// If it is no number and no pointer.
    pub fn truth(&self, value: &Value) -> Result<bool, Stop> {
        match value {
            Value::Int(value, _) => Ok(*value != 0),
            Value::Pointer(Pointer::Number(number)) => Ok(*number != 0),
            Value::Pointer(_) => Ok(true),
            other => Err(self.unknown(Unknown::Construct(format!("{other} as a condition")))),
        }
    }

    // --- places --------------------------------------------------------------------------------

    /// What `&` of an expression points to.
    pub(crate) fn address(&self, node: &Node) -> Result<Pointer, Stop> {
        match &node.kind {
            NodeKind::Value(Value::Pointer(function @ Pointer::Function { .. })) => Ok(function.clone()),
            NodeKind::Deref(of) => match self.evaluate(of)? {
                Value::Pointer(pointer) => Ok(pointer),
                other => Err(self.unknown(Unknown::Construct(format!("{other} as a pointer")))),
            },
            _ => self.place_of(node).map(Place::pointer),
        }
    }

    fn place_of(&self, node: &Node) -> Result<Place, Stop> {
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
    fn pointee(&self, value: Value) -> Result<Place, Stop> {
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

    fn missing(&self, why: Missing) -> Stop {
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
    fn read(&self, place: &Place) -> Result<Value, Stop> {
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
            Place::Object { object, path } => match self.words.load(self, *object, path)? {
                Some(value) => value,
                None => {
                    let path = shown(path);
                    return Err(self.unknown(Unknown::Load { kind: object.kind, path }));
                }
            },
            Place::Global { name, file, path } => self.read_global(name, file, path)?,
        };
        match value {
            Value::Unset => Err(self.fault(Fault::Unset(self.written(place)))),
            Value::Array(_) => Ok(Value::Pointer(place.clone().part(Part::Element(0)).pointer())),
            value => Ok(value),
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
            return Err(self.unknown(Unknown::Name(name.to_string())));
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
            _ => {
                let whole = self.evaluate(&node)?;
                part(&whole, path).cloned().map_err(|why| self.missing(why))
            }
        }
    }

    /// Sets a place and gives what it holds then.
    fn write(&self, place: &Place, value: Value) -> Result<Value, Stop> {
        match place {
            Place::Local { frame, slot, path } => {
                let shape = self.shape_at(*frame, *slot, path);
                let value = self.converted(value, &shape)?;
                let mut memory = self.memory.borrow_mut();
                let frame = memory.frames.get_mut(usize::from(*frame));
                let slot = frame.and_then(|frame| frame.slots.get_mut(usize::from(*slot)));
                let Some(slot) = slot else {
                    drop(memory);
                    return Err(self.fault(Fault::NoObject("a variable that is no more".into())));
                };
                let stored = match part_mut(slot, path) {
                    Ok(old) => {
                        // What the run was given keeps its type.
                        let value = match (&shape, &*old, value) {
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
            let slot =
                memory.frames.get_mut(usize::from(*frame)).map(|frame| &mut frame.slots[usize::from(*slot)]);
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
    fn shape_at(&self, frame: u16, slot: u16, path: &[Part]) -> Shape {
        let memory = self.memory.borrow();
        let function = memory.frames.get(usize::from(frame)).and_then(|frame| frame.function.as_ref());
        match function.and_then(|function| function.slots.get(usize::from(slot))) {
            Some(slot) => inner(&slot.shape, path).clone(),
            None => Shape::Open,
        }
    }

    // --- conversions ---------------------------------------------------------------------------

    /// A variable that begins.
    pub(crate) fn declare(&self, slot: u16, first: Option<&Node>) -> Result<(), Stop> {
        let shape = self.with_frame(|frame| {
            let function = frame.function.as_ref().expect("only functions declare");
            function.slots[usize::from(slot)].shape.clone()
        });
        let unset = self.fresh(&shape, false)?;
        self.with_frame(|frame| frame.slots[usize::from(slot)] = unset);
        let Some(first) = first else { return Ok(()) };
        let value = self.evaluate(first)?;
        let value = self.converted(value, &shape)?;
        self.with_frame(|frame| frame.slots[usize::from(slot)] = value);
        Ok(())
    }

    /// A value of this shape: not set, or 0.
    fn fresh(&self, shape: &Shape, is_zero: bool) -> Result<Value, Stop> {
        Ok(match shape {
            Shape::Int(of) if is_zero => Value::Int(0, *of),
            Shape::Pointer(_) if is_zero => Value::null(),
            Shape::Int(_) | Shape::Pointer(_) | Shape::Open | Shape::Void => Value::Unset,
            Shape::Array(of, Some(length)) => {
                let one = self.fresh(of, is_zero)?;
                Value::Array(vec![one; *length])
            }
            Shape::Array(_, None) => {
                return Err(self.unknown(Unknown::Construct("an array without a length".into())));
            }
            Shape::Record(of) => {
                let members = of.members.iter().map(|(name, member)| {
                    // A member that nobody knows is nobody's affair until it is used.
                    let value = match &member.shape {
                        Shape::Unknown(_) | Shape::Array(_, None) => Value::Unset,
                        shape => self.fresh(shape, is_zero)?,
                    };
                    Ok((name.clone(), value))
                });
                Value::Record(members.collect::<Result<_, Stop>>()?)
            }
            Shape::Modelled(name) => match self.words.modelled(self, name) {
                Some(value) => value,
                None => return Err(self.unknown(Unknown::Type(format!("struct {name}")))),
            },
            Shape::Unknown(why) => return Err(self.unknown(why.clone())),
        })
    }

    /// A value as a variable of this shape holds it.
    pub(crate) fn converted(&self, value: Value, shape: &Shape) -> Result<Value, Stop> {
        Ok(match (value, shape) {
            (Value::Int(value, _), Shape::Int(of)) => Value::Int(integer::convert(value, *of), *of),
            (Value::Int(value, _), Shape::Pointer(_)) => Value::Pointer(Pointer::Number(value)),
            (Value::Pointer(Pointer::Number(number)), Shape::Int(of)) => {
                Value::Int(integer::convert(number, *of), *of)
            }
            (Value::Pointer(_), Shape::Int(IntType { bits: 1, .. })) => Value::Int(1, IntType::BOOL),
            // Kept as what it is: it may become a pointer again.
            (value @ Value::Pointer(_), Shape::Int(IntType { bits: 64, .. })) => value,
            (Value::Pointer(pointer), Shape::Int(of)) => {
                return Err(self.unknown(Unknown::Construct(format!("{pointer} as {of}"))));
            }
            (Value::Pointer(pointer), Shape::Pointer(to)) => {
                self.check_pointee(&pointer, to)?;
                Value::Pointer(pointer)
            }
            (value @ Value::Record(_), Shape::Record(_)) | (value @ Value::Array(_), Shape::Array(..)) => {
                value
            }
            (value @ Value::Modelled(_), Shape::Modelled(_)) => value,
            (value, Shape::Open) => value,
            (_, Shape::Void) => Value::Void,
            (_, Shape::Unknown(why)) => return Err(self.unknown(why.clone())),
            (value, _) => return Err(self.unknown(Unknown::Construct(format!("a conversion of {value}")))),
        })
    }

    /// A variable is only looked at as what it is: its bytes are not kept.
    fn check_pointee(&self, pointer: &Pointer, to: &Pointee) -> Result<(), Stop> {
        let Pointer::Local { frame, slot, path } = pointer else { return Ok(()) };
        let path = match (path.split_last(), self.shape_at(*frame, *slot, path)) {
            // One behind the last element, or the whole array.
            (_, Shape::Array(of, _)) => {
                return match (&*of, to) {
                    (Shape::Int(a), Pointee::Int(b)) if a == b => Ok(()),
                    (Shape::Record(a), Pointee::Record(b)) if a.name == *b => Ok(()),
                    (_, Pointee::Any) => Ok(()),
                    _ => Err(self.unknown(Unknown::Construct("an array looked at as something else".into()))),
                };
            }
            _ => path,
        };
        let is_same = match (self.shape_at(*frame, *slot, path), to) {
            (_, Pointee::Any) | (Shape::Open | Shape::Unknown(_), _) => true,
            (Shape::Int(a), Pointee::Int(b)) => a == *b,
            (Shape::Record(a), Pointee::Record(b)) => a.name == *b,
            (Shape::Modelled(a), Pointee::Record(b)) => a == *b,
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        Err(self.unknown(Unknown::Construct("a variable looked at as something else".into())))
    }

    /// An integer as a value of this type.
    ///
    /// # Errors
    /// If the value is none and can't become one.
    pub fn convert(&self, value: Value, to: IntType) -> Result<Value, Stop> {
        self.converted(value, &Shape::Int(to))
    }

    // --- operators -----------------------------------------------------------------------------

    /// An operator on two values.
    ///
    /// # Errors
    /// If C leaves it undefined, or it is not known for such values.
    pub fn binary(&self, operator: Binary, left: Value, right: Value) -> Result<Value, Stop> {
        match (operator, left, right) {
            (_, Value::Int(a, of_a), Value::Int(b, of_b)) => {
                let (value, of) =
                    integer::binary(operator, (a, of_a), (b, of_b)).map_err(|why| self.fault(why))?;
                Ok(Value::Int(value, of))
            }
            (Binary::Plus, Value::Pointer(pointer), Value::Int(by, _))
            | (Binary::Plus, Value::Int(by, _), Value::Pointer(pointer)) => self.moved(pointer, by),
            (Binary::Minus, Value::Pointer(pointer), Value::Int(by, _)) => {
                self.moved(pointer, by.wrapping_neg())
            }
            (_, Value::Pointer(left), Value::Pointer(right)) => self.pointers(operator, &left, &right),
            (Binary::Equal | Binary::Unequal, Value::Pointer(left), Value::Int(right, _))
            | (Binary::Equal | Binary::Unequal, Value::Int(right, _), Value::Pointer(left)) => {
                self.pointers(operator, &left, &Pointer::Number(right))
            }
            (_, left, right) => Err(self.unknown(Unknown::Construct(format!("{left} {operator} {right}")))),
        }
    }

    fn moved(&self, pointer: Pointer, by: i64) -> Result<Value, Stop> {
        if let Some(moved) = self.words.moved(self, &pointer, by) {
            return Ok(moved);
        }
        if by == 0 {
            return Ok(Value::Pointer(pointer));
        }
        let Pointer::Local { frame, slot, mut path } = pointer else {
            return Err(self.unknown(Unknown::Construct(format!("{pointer} + {by}"))));
        };
        let Some(Part::Element(index)) = path.pop() else {
            return Err(self.fault(Fault::OutOfBounds { index: by, length: 1 }));
        };
        let length = {
            let memory = self.memory.borrow();
            let slots = memory.frames.get(usize::from(frame)).map(|frame| &frame.slots);
            let value = slots.and_then(|slots| slots.get(usize::from(slot)));
            match value.map(|value| part(value, &path)) {
                Some(Ok(Value::Array(elements))) => elements.len(),
                _ => 0,
            }
        };
        let moved = i64::from(index).wrapping_add(by);
        // C lets a pointer stand one behind the last.
        match usize::try_from(moved) {
            Ok(index) if index <= length => {}
            _ => return Err(self.fault(Fault::OutOfBounds { index: moved, length })),
        }
        path.push(Part::Element(i32::try_from(moved).unwrap_or(i32::MAX)));
        Ok(Value::Pointer(Pointer::Local { frame, slot, path }))
    }

    fn pointers(&self, operator: Binary, left: &Pointer, right: &Pointer) -> Result<Value, Stop> {
        if let (Pointer::Number(a), Pointer::Number(b)) = (left, right) {
            let of = IntType::UNSIGNED_LONG;
            let (value, of) = integer::binary(operator, (*a, of), (*b, of)).map_err(|why| self.fault(why))?;
            return Ok(Value::Int(value, of));
        }
        let unknown = || self.unknown(Unknown::Construct(format!("{left} {operator} {right}")));
        match operator {
            Binary::Equal | Binary::Unequal => {
                let is_same = same(left, right).ok_or_else(unknown)?;
                Ok(Value::truth(is_same == (operator == Binary::Equal)))
            }
            Binary::Minus | Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual => {
                let (a, b) = in_one_array(left, right).ok_or_else(unknown)?;
                let (a, b) = ((a.into(), IntType::LONG), (b.into(), IntType::LONG));
                let (value, of) = integer::binary(operator, a, b).map_err(|why| self.fault(why))?;
                Ok(Value::Int(value, of))
            }
            _ => Err(unknown()),
        }
    }
}

/// Whether two pointers are equal; nothing where one points into what the other points to, which C can't tell from
/// it when it is the first part.
fn same(left: &Pointer, right: &Pointer) -> Option<bool> {
    if left == right {
        return Some(true);
    }
    let (a, b) = match (left, right) {
        (Pointer::Local { frame: f, slot: s, path: a }, Pointer::Local { frame: g, slot: t, path: b })
            if (f, s) == (g, t) =>
        {
            (a, b)
        }
        (Pointer::Object { object: o, path: a }, Pointer::Object { object: p, path: b }) if o == p => (a, b),
        (Pointer::Global { name: m, file: f, path: a }, Pointer::Global { name: n, file: g, path: b })
            if (m, f) == (n, g) =>
        {
            (a, b)
        }
        (Pointer::Text(_), Pointer::Text(_)) => return None,
        _ => return Some(false),
    };
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.starts_with(short) {
        // The first element is where its array is.
        let is_first = long[short.len()..].iter().all(|part| *part == Part::Element(0));
        return if is_first { Some(true) } else { None };
    }
    Some(false)
}

/// The indexes of two elements of one array.
fn in_one_array(left: &Pointer, right: &Pointer) -> Option<(i32, i32)> {
    let (Pointer::Local { frame: f, slot: s, path: a }, Pointer::Local { frame: g, slot: t, path: b }) =
        (left, right)
    else {
        return None;
    };
    let (Some((Part::Element(i), a)), Some((Part::Element(j), b))) = (a.split_last(), b.split_last()) else {
        return if (f, s, a) == (g, t, b) { Some((0, 0)) } else { None };
    };
    if (f, s, a) == (g, t, b) { Some((*i, *j)) } else { None }
}

/// The shape of a part.
fn inner<'s>(shape: &'s Shape, path: &[Part]) -> &'s Shape {
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

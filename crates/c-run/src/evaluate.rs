//! What expressions come to.

use std::sync::{Arc, Weak};

use c_text::{Binary, IntType, Name, Unary};
use smallvec::SmallVec;

use crate::code::{Branches, Head, Node, NodeKind, Target};
use crate::compile::unary;
use crate::execute::{Invocation, Need};
use crate::memory::part_mut;
use crate::places::{Place, inner};
use crate::shape::{Shape, Types};
use crate::words::Call;
use crate::{Fault, Part, Path, Pointer, Run, Stop, Unknown, Value, Word, integer};

/// What a word is given; seldom more.
type Given = SmallVec<[Value; 4]>;

impl Run<'_> {
    /// The value of an expression that must have one.
    #[inline(always)]
    pub(crate) fn evaluate(&self, node: &Node) -> Result<Value, Stop> {
        // Most are numbers that are there.
        match &node.kind {
            NodeKind::Value(Value::Int(value, of)) => return Ok(Value::Int(*value, *of)),
            NodeKind::Local(slot) => {
                let memory = self.memory.borrow();
                let frame = memory.frames.last();
                if let Some(Value::Int(value, of)) =
                    frame.and_then(|frame| frame.slots.get(usize::from(*slot)))
                {
                    return Ok(Value::Int(*value, *of));
                }
            }
            _ => {}
        }
        let value = self.value_or_void(node)?;
        self.must_be_one(node, &value)?;
        Ok(value)
    }

    /// What an expression came to is a value, if it must be one.
    #[inline(always)]
    pub(crate) fn must_be_one(&self, node: &Node, value: &Value) -> Result<(), Stop> {
        if matches!(value, Value::Void | Value::Unset) { Err(self.is_none(node, value)) } else { Ok(()) }
    }

    #[cold]
    fn is_none(&self, node: &Node, value: &Value) -> Stop {
        match (&node.kind, value) {
            (_, Value::Unset) => self.fault(Fault::NoObject("a variable that is no more".into())),
            // The table's affair, not the text's.
            (NodeKind::Call { name, target: Target::Word(..), .. }, _) => self
                .unknown(Unknown::Construct(format!("the result of {name}(), which has none in the table"))),
            _ => self.fault(Fault::NoResult),
        }
    }

    pub(crate) fn value_or_void(&self, node: &Node) -> Result<Value, Stop> {
        match &node.kind {
            NodeKind::Value(value) => Ok(value.clone()),
            NodeKind::Local(slot) => {
                let plain = self.with_frame(|frame| match &frame.slots[usize::from(*slot)] {
                    Value::Unset | Value::Array(_) => None,
                    value => Some(value.clone()),
                });
                match plain {
                    Some(value) => Ok(value),
                    None => self.read(&self.place_of(node)?),
                }
            }
            NodeKind::Member { of, name, is_arrow: true } => match self.evaluate(of)? {
                Value::Pointer(Pointer::Object { object, path }) if path.is_empty() => {
                    self.read_object(object, &[Part::Member(name.clone())])
                }
                value => self.read(&self.pointee(value)?.part(Part::Member(name.clone()))),
            },
            NodeKind::Member { .. } | NodeKind::Index { .. } => {
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
            NodeKind::Call { .. } | NodeKind::CallPointer { .. } => self.called(node),
            NodeKind::Unknown(why) => {
                self.with_frame(|frame| frame.line = node.line);
                Err(self.unknown(why.clone()))
            }
        }
    }

    /// The values of arguments, with room for so many.
    #[inline(always)]
    fn arguments(&self, nodes: &[Node], room: usize) -> Result<Vec<Value>, Stop> {
        let mut values = Vec::with_capacity(room);
        for node in nodes {
            values.push(self.evaluate(node)?);
        }
        Ok(values)
    }

    /// The value of a call.
    fn called(&self, node: &Node) -> Result<Value, Stop> {
        match self.begun(node)? {
            Need::Value(value) => Ok(value),
            Need::Call(call) => self.call_ready(call),
        }
    }

    /// A call with its arguments: its value if it is a word.
    #[inline(always)]
    pub(crate) fn begun(&self, node: &Node) -> Result<Need, Stop> {
        let (function, arguments) = match &node.kind {
            NodeKind::Call { name, target: Target::Word(word, head), arguments: nodes, written } => {
                self.with_frame(|frame| frame.line = node.line);
                let mut values = Given::new();
                if *word == Word::Function {
                    for node in nodes {
                        values.push(self.evaluate(node)?);
                    }
                    // What it is given may stand on lines of its own.
                    self.with_frame(|frame| frame.line = node.line);
                }
                let is_setter = *word == Word::Setter;
                let value = self.call_word(name, head.as_deref(), &mut values, is_setter, (nodes, written));
                return value.map(Need::Value);
            }
            NodeKind::Call { target: Target::Function(file, ready), name, arguments, .. } => {
                self.with_frame(|frame| frame.line = node.line);
                let known = ready.0.get().and_then(Weak::upgrade);
                // What it is given becomes its variables.
                let room = known.as_ref().map_or(arguments.len(), |function| function.slots.len());
                let arguments = self.arguments(arguments, room)?;
                self.with_frame(|frame| frame.line = node.line);
                let function = match known {
                    Some(function) => function,
                    None => {
                        let function = self.code.function(file, name).map_err(|why| self.unknown(why))?;
                        // Whoever was first, it is the same.
                        let _ = ready.0.set(Arc::downgrade(&function));
                        function
                    }
                };
                (function, arguments)
            }
            NodeKind::CallPointer { function, arguments } => {
                let function = self.evaluate(function)?;
                let arguments = self.arguments(arguments, arguments.len())?;
                self.with_frame(|frame| frame.line = node.line);
                match function {
                    Value::Pointer(Pointer::Function { name, file }) if !file.is_empty() => {
                        (self.code.function(&file, &name).map_err(|why| self.unknown(why))?, arguments)
                    }
                    other => return self.call_pointer(other, arguments).map(Need::Value),
                }
            }
            _ => return self.value_or_void(node).map(Need::Value),
        };
        Ok(Need::Call(Invocation { function, arguments }))
    }

    fn call_word(
        &self,
        name: &Name,
        head: Option<&Head>,
        values: &mut [Value],
        is_setter: bool,
        (arguments, written): (&[Node], &[c_text::Expr]),
    ) -> Result<Value, Stop> {
        for (value, shape) in values.iter_mut().zip(head.map_or(&[][..], |head| &head.parameters)) {
            if matches!((&*value, shape), (Value::Int(..), Shape::Int(_) | Shape::Pointer(_))) {
                *value = self.converted(value.clone(), shape)?;
            }
        }
        let prototype = head.map(|head| &head.prototype);
        let call = Call { name, prototype, written, values, is_setter, arguments };
        let line = self.with_frame(|frame| frame.line);
        let answer = self.words.call(self, &call)?;
        self.with_frame(|frame| frame.line = line);
        let value = answer.ok_or_else(|| self.unknown(Unknown::Function(name.to_string())))?;
        match head.map(|head| &head.result) {
            Some(shape @ Shape::Int(_)) if matches!(value, Value::Int(..)) => self.converted(value, shape),
            _ => Ok(value),
        }
    }

    /// Calls what a pointer points to.
    ///
    /// # Errors
    /// If it is no function, or the run can't go on.
    pub fn call_pointer(&self, function: Value, mut arguments: Vec<Value>) -> Result<Value, Stop> {
        match function {
            Value::Pointer(Pointer::Function { name, file }) if file.is_empty() => {
                let from = self.place().file;
                let prototype = self.code.program.prototype_of_pointer(&name, &from);
                let prototype = prototype.map_err(|why| self.unknown(Unknown::Ambiguous(why.to_string())))?;
                let types =
                    Types { program: &self.code.program, vocabulary: &*self.code.vocabulary, file: &from };
                let head = prototype.map(|prototype| Head::new(prototype, types));
                self.call_word(&name, head.as_ref(), &mut arguments, false, (&[], &[]))
            }
            Value::Pointer(Pointer::Function { name, file }) => {
                let function = self.code.function(&file, &name).map_err(|why| self.unknown(why))?;
                self.call_ready(Invocation { function, arguments })
            }
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

    /// The integer type that an expression names, as the first argument of `min_t` does.
    #[must_use]
    pub fn int_type(&self, expression: &c_text::Expr) -> Option<IntType> {
        let of = match &expression.kind {
            c_text::ExprKind::Type(of) => of.clone(),
            c_text::ExprKind::Name(name) => c_text::Type::Named(name.clone()),
            _ => return None,
        };
        let file = self.place().file;
        let types = Types { program: &self.code.program, vocabulary: &*self.code.vocabulary, file: &file };
        match types.shape(&of) {
            Shape::Int(of) => Some(of),
            _ => None,
        }
    }

    /// Whether a value counts as true.
    ///
    /// # Errors
    /// If it is no number and no pointer.
    pub fn truth(&self, value: &Value) -> Result<bool, Stop> {
        match value {
            Value::Int(value, _) => Ok(*value != 0),
            Value::Pointer(Pointer::Number(number)) => Ok(*number != 0),
            Value::Pointer(_) | Value::Address(_) => Ok(true),
            other => Err(self.unknown(Unknown::Construct(format!("{other} as a condition")))),
        }
    }
}

//! Expressions: what names mean, and the types that C needs before it runs.

use std::sync::Arc;

use c_text::{Binary, Define, Designator, Expr, ExprKind, Initial, IntType, Name, Unary};

use crate::code::{Branches, Entry, Head, Instruction, Node, NodeKind, Target};
use crate::integer;
use crate::shape::{Pointee, Shape, Types};
use crate::{Part, Pointer, Unknown, Value, Word};

use super::{Argument, Binding, Compiler, MACROS_MAX, Scope};

impl Compiler<'_> {
    pub(super) fn expression(&mut self, of: &Expr) -> Node {
        let line = self.line_of(of.at.line);
        let kind = match &of.kind {
            ExprKind::Int(value, of) => NodeKind::Value(Value::Int(*value as i64, *of)),
            ExprKind::Text(text) => NodeKind::Value(Value::Pointer(Pointer::Text(text.clone()))),
            ExprKind::Float(written) => {
                NodeKind::Unknown(Unknown::Construct(format!("the number {written}")))
            }
            ExprKind::Name(name) => return self.name(name, line),
            ExprKind::Unary(operator, of) => {
                let of = self.expression(of);
                return folded(Node { line, kind: NodeKind::Unary(*operator, Box::new(of)) });
            }
            ExprKind::Deref(of) => NodeKind::Deref(self.boxed(of)),
            ExprKind::AddressOf(of) => NodeKind::AddressOf(self.boxed(of)),
            ExprKind::Step { of, is_down, is_postfix } => NodeKind::Step {
                of: self.boxed(of),
                by: if *is_down { -1 } else { 1 },
                is_postfix: *is_postfix,
            },
            ExprKind::Assign { to, operator, value } => {
                NodeKind::Assign { to: self.boxed(to), operator: *operator, value: self.boxed(value) }
            }
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.boxed(left), self.boxed(right));
                return folded(Node { line, kind: NodeKind::Binary(*operator, left, right) });
            }
            ExprKind::Conditional { condition, yes, no } => {
                let condition = self.boxed(condition);
                let yes = yes.as_ref().map(|yes| self.boxed(yes));
                let no = self.boxed(no);
                let sides = [self.shape_of(yes.as_ref().unwrap_or(&condition)), self.shape_of(&no)];
                let of = match sides {
                    [Some(Shape::Int(a)), Some(Shape::Int(b))] => Branches::Int(integer::common(a, b)),
                    [Some(Shape::Pointer(_) | Shape::Array(..)), _]
                    | [_, Some(Shape::Pointer(_) | Shape::Array(..))] => Branches::Pointer,
                    _ => Branches::Open,
                };
                NodeKind::Conditional { condition, yes, no, of }
            }
            ExprKind::Call { function, arguments } => return self.call(of, function, arguments, line),
            ExprKind::Member { of, name, is_arrow } => {
                NodeKind::Member { of: self.boxed(of), name: self.written_name(name), is_arrow: *is_arrow }
            }
            ExprKind::Index { of, at } => NodeKind::Index { of: self.boxed(of), at: self.boxed(at) },
            ExprKind::Cast(to, of) => {
                let shape = self.shape(to);
                let of = self.boxed(of);
                return folded(Node { line, kind: NodeKind::Cast(shape, of) });
            }
            ExprKind::Literal(to, entries) => {
                let shape = self.shape(to);
                return self.entries(entries, &shape, line);
            }
            ExprKind::List(_) => NodeKind::Unknown(Unknown::Construct("a list of values here".into())),
            ExprKind::SizeOfType(of) => {
                let shape = self.shape(of);
                return self.size(Some(&shape), &of.to_string(), line);
            }
            ExprKind::SizeOf(of) => {
                let node = self.expression(of);
                let shape = self.shape_of(&node);
                return self.size(shape.as_ref(), &of.to_string(), line);
            }
            ExprKind::Comma(left, right) => NodeKind::Comma(self.boxed(left), self.boxed(right)),
            ExprKind::Statements(statements) => return self.block_node(statements, line),
            ExprKind::Type(of) => {
                NodeKind::Unknown(Unknown::Construct(format!("the type `{of}` as a value")))
            }
        };
        Node { line, kind }
    }

    fn boxed(&mut self, of: &Expr) -> Box<Node> {
        Box::new(self.expression(of))
    }

    fn size(&self, shape: Option<&Shape>, written: &str, line: u32) -> Node {
        match shape.and_then(size_of) {
            Some(size) => Node { line, kind: NodeKind::Value(Value::Int(size, IntType::UNSIGNED_LONG)) },
            None => self.unknown(line, Unknown::Construct(format!("sizeof({written})"))),
        }
    }

    fn name(&mut self, name: &Name, line: u32) -> Node {
        match self.binding(name).cloned() {
            Some(Binding::Slot(slot)) => return Node { line, kind: NodeKind::Local(slot) },
            Some(Binding::Argument(argument)) => {
                return self.outside(&argument, |compiler, of| compiler.expression(of));
            }
            None => {}
        }
        match self.global_name(name, line) {
            Ok(node) => node,
            Err(why) => self.unknown(line, why),
        }
    }

    /// A name that no variable has.
    fn global_name(&mut self, name: &Name, line: u32) -> Result<Node, Unknown> {
        let ambiguous = |why: c_text::Ambiguous| Unknown::Ambiguous(why.to_string());
        let node = |kind: NodeKind| Ok(Node { line, kind });
        if self.vocabulary.is_constant(name) {
            return node(NodeKind::Constant(name.clone()));
        }
        match &**name {
            "NULL" => return node(NodeKind::Value(Value::null())),
            "true" => return node(NodeKind::Value(Value::Int(1, IntType::BOOL))),
            "false" => return node(NodeKind::Value(Value::Int(0, IntType::BOOL))),
            "__LINE__" => return node(NodeKind::Value(Value::Int(line.into(), IntType::INT))),
            "__func__" | "__FUNCTION__" | "__FILE__" => {
                return node(NodeKind::Value(Value::Pointer(Pointer::Text(name.clone()))));
            }
            _ => {}
        }
        let (program, file) = (self.program, self.file.clone());
        if let Some(define) = program.define(name, &file).map_err(ambiguous)?
            && define.parameters.is_none()
            && !self.open.contains(name)
        {
            return self.object_macro(name, define, line);
        }
        if let Some(value) = program.enumerator(name, &file).map_err(ambiguous)? {
            let base = match &value.base {
                Some(base) => self.opened(name, line, |compiler| compiler.expression(base)),
                None => Node { line, kind: NodeKind::Value(Value::int(0)) },
            };
            let NodeKind::Value(Value::Int(base, _)) = base.kind else {
                return Err(Unknown::Construct(format!("the value of `{name}`")));
            };
            let value = base.wrapping_add(i64::from(value.more));
            let fits = i32::try_from(value).is_ok();
            let of = if fits { IntType::INT } else { IntType::LONG };
            return node(NodeKind::Value(Value::Int(value, of)));
        }
        if self.vocabulary.word(name) == Some(Word::Function) {
            let file = Name::from("");
            return node(NodeKind::Value(Value::Pointer(Pointer::Function { name: name.clone(), file })));
        }
        if let Some(function) = program.function(name, &file).map_err(ambiguous)? {
            let file = function.file.clone();
            return node(NodeKind::Value(Value::Pointer(Pointer::Function { name: name.clone(), file })));
        }
        if let Some((variable, file)) = program.variable(name, &file).map_err(ambiguous)?
            && variable.is_const
        {
            return node(NodeKind::Global { name: name.clone(), file: file.clone() });
        }
        Err(Unknown::Name(name.to_string()))
    }

    fn object_macro(&mut self, name: &Name, define: &Define, line: u32) -> Result<Node, Unknown> {
        if self.open.len() == MACROS_MAX {
            return Err(Unknown::Construct(format!("macros that use each other, down to `{name}`")));
        }
        let body = define
            .expression(self.program.hints())
            .map_err(|why| Unknown::Unparsed { name: name.to_string(), why: why.to_string() })?;
        if matches!(body.kind, ExprKind::Binary(..) | ExprKind::Conditional { .. } | ExprKind::Assign { .. })
            && !define.is_together()
        {
            return Err(Unknown::Construct(format!("the macro `{name}`, which falls apart where it stands")));
        }
        Ok(self.opened(name, line, |compiler| compiler.expression(&body)))
    }

    /// The macro of the text that an expression calls, with its name.
    pub(super) fn macro_call<'e>(&self, of: &'e Expr) -> Option<(Name, Define, &'e [Expr])> {
        let ExprKind::Call { function, arguments } = &of.kind else { return None };
        let ExprKind::Name(name) = &function.kind else { return None };
        if self.binding(name).is_some() || self.vocabulary.word(name).is_some() || self.open.contains(name) {
            return None;
        }
        let define = self.program.define(name, &self.file).ok()??;
        define.parameters.as_ref()?;
        Some((name.clone(), define.clone(), arguments))
    }

    /// The arguments of a macro that is used here, by its parameters.
    pub(super) fn bind(&self, define: &Define, arguments: &[Expr]) -> Result<Scope, Unknown> {
        let name = &define.name;
        let parameters = define.parameters.as_deref().unwrap_or_default();
        if parameters.last().is_some_and(|last| last.ends_with("...")) {
            return Err(Unknown::Construct(format!(
                "the macro `{name}`, which takes any number of arguments"
            )));
        }
        if parameters.len() != arguments.len() {
            let why = format!("the macro `{name}` with {} arguments", arguments.len());
            return Err(Unknown::Construct(why));
        }
        if self.open.len() == MACROS_MAX {
            return Err(Unknown::Construct(format!("macros that use each other, down to `{name}`")));
        }
        let mut scope = Scope::new();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let is_loose = !matches!(
                argument.kind,
                ExprKind::Int(..)
                    | ExprKind::Name(_)
                    | ExprKind::Text(_)
                    | ExprKind::Call { .. }
                    | ExprKind::Member { .. }
                    | ExprKind::Index { .. }
                    | ExprKind::Statements(_)
                    | ExprKind::Type(_)
            );
            if is_loose && !define.isolates(parameter) {
                let why = format!("the macro `{name}`, in which `{argument}` would fall apart");
                return Err(Unknown::Construct(why));
            }
            let (scopes, open) = (self.scopes.len(), self.open.len());
            let argument = Argument { of: Arc::new(argument.clone()), scopes, open };
            scope.insert(parameter.clone(), Binding::Argument(argument));
        }
        Ok(scope)
    }

    fn call(&mut self, whole: &Expr, function: &Expr, arguments: &[Expr], line: u32) -> Node {
        if let ExprKind::Name(name) = &function.kind
            && !matches!(self.binding(name), Some(Binding::Slot(_)))
        {
            let name = self.written_name(name);
            return match self.call_name(&name, whole, arguments, line) {
                Ok(node) => node,
                Err(why) => self.unknown(line, why),
            };
        }
        let function = self.boxed(function);
        let arguments = arguments.iter().map(|argument| self.expression(argument)).collect();
        Node { line, kind: NodeKind::CallPointer { function, arguments } }
    }

    fn call_name(&mut self, name: &Name, whole: &Expr, written: &[Expr], line: u32) -> Result<Node, Unknown> {
        let ambiguous = |why: c_text::Ambiguous| Unknown::Ambiguous(why.to_string());
        let (program, file) = (self.program, self.file.clone());
        if self.vocabulary.is_its_argument(name) {
            let [argument] = written else {
                let why = format!("{name}() is given {} arguments", written.len());
                return Err(Unknown::Construct(why));
            };
            return Ok(self.expression(argument));
        }
        if let Some(word) = self.vocabulary.word(name) {
            let prototype = program.prototype(name, &file).map_err(ambiguous)?;
            let head = prototype.map(|prototype| Arc::new(Head::new(prototype, self.types())));
            let target = Target::Word(word, head);
            let arguments = written.iter().map(|argument| self.expression(argument)).collect();
            let kind = NodeKind::Call { name: name.clone(), target, arguments, written: written.into() };
            return Ok(Node { line, kind });
        }
        if let Some((name, define, arguments)) = self.macro_call(whole) {
            let body = define
                .expression(program.hints())
                .map_err(|why| Unknown::Unparsed { name: name.to_string(), why: why.to_string() })?;
            let scope = self.bind(&define, arguments)?;
            self.scopes.push(scope);
            self.begun.push(Vec::new());
            let node = self.opened(&name, line, |compiler| compiler.expression(&body));
            self.end_scope();
            return Ok(node);
        }
        if let Some(function) = program.function(name, &file).map_err(ambiguous)? {
            let target = Target::Function(function.file.clone(), Arc::default());
            let arguments = written.iter().map(|argument| self.expression(argument)).collect();
            return Ok(Node {
                line,
                kind: NodeKind::Call { name: name.clone(), target, arguments, written: Arc::default() },
            });
        }
        if let Some(define) = program.define(name, &file).map_err(ambiguous)?
            && define.parameters.is_none()
            && !self.open.contains(name)
        {
            let function = Box::new(self.object_macro(name, define, line)?);
            let arguments = written.iter().map(|argument| self.expression(argument)).collect();
            return Ok(Node { line, kind: NodeKind::CallPointer { function, arguments } });
        }
        // `(type)(x)` of a type that the reader of one file does not know.
        if let [of] = written
            && (self.vocabulary.int_type(name).is_some()
                || program.typedef(name, &file).map_err(ambiguous)?.is_some())
        {
            let shape = self.types().shape(&c_text::Type::Named(name.clone()));
            let of = self.boxed(of);
            return Ok(folded(Node { line, kind: NodeKind::Cast(shape, of) }));
        }
        match program.unparsed(name, &file) {
            Some(why) => Err(Unknown::Unparsed { name: name.to_string(), why: why.to_string() }),
            None => Err(Unknown::Function(name.to_string())),
        }
    }

    /// A list of values for a variable of this shape.
    pub(super) fn entries(&mut self, entries: &[Initial], shape: &Shape, line: u32) -> Node {
        let mut all = Vec::new();
        match self.entries_at(entries, shape, &mut Vec::new(), &mut all) {
            Ok(()) => Node { line: self.line_of(line), kind: NodeKind::List(shape.clone(), all.into()) },
            Err(why) => self.unknown(line, why),
        }
    }

    /// The members that a list names, of a struct that is not known.
    pub(super) fn named_members(&mut self, shape: Shape, entries: &[Initial]) -> Node {
        let mut all = Vec::new();
        for entry in entries {
            let line = entry.value.at.line;
            match &entry.to[..] {
                [Designator::Member(name)] if !matches!(entry.value.kind, ExprKind::List(_)) => {
                    let value = self.expression(&entry.value);
                    all.push(Entry { path: vec![Part::Member(name.clone())], value });
                }
                // What is inside can't be told apart; it is refused when it is read.
                [Designator::Member(name)] => {
                    let why = Unknown::Construct(format!("the parts of the member `{name}`"));
                    all.push(Entry {
                        path: vec![Part::Member(name.clone())],
                        value: self.unknown(line, why),
                    });
                }
                _ => {
                    return self
                        .unknown(line, Unknown::Construct("a list for a struct that is not known".into()));
                }
            }
        }
        Node { line: 0, kind: NodeKind::List(shape, all.into()) }
    }

    fn entries_at(
        &mut self,
        entries: &[Initial],
        shape: &Shape,
        path: &mut Vec<Part>,
        all: &mut Vec<Entry>,
    ) -> Result<(), Unknown> {
        let mut next = 0;
        for entry in entries {
            let depth = path.len();
            let mut inner = shape.clone();
            let mut designators = entry.to.iter().peekable();
            if designators.peek().is_none() {
                inner = self.part_at(&inner, next, path)?;
                next += 1;
            }
            for (level, designator) in designators.enumerate() {
                let index = match designator {
                    Designator::Member(name) => self.index_of(&inner, name)?,
                    Designator::Index(first, None) => self
                        .length(first)
                        .ok_or_else(|| Unknown::Construct(format!("the element [{first}] of a list")))?,
                    Designator::Index(..) => return Err(Unknown::Construct("a range of elements".into())),
                };
                inner = self.part_at(&inner, index, path)?;
                if level == 0 {
                    next = index + 1;
                }
            }
            match &entry.value.kind {
                ExprKind::List(nested) => self.entries_at(nested, &inner, path, all)?,
                _ if inner.has_parts() && !matches!(inner, Shape::Record(_) | Shape::Modelled(_)) => {
                    return Err(Unknown::Construct("a list without its inner braces".into()));
                }
                _ => {
                    let value = self.expression(&entry.value);
                    // A struct may be copied, or its members may follow without braces.
                    if matches!(inner, Shape::Record(_))
                        && !matches!(self.shape_of(&value), Some(Shape::Record(_)))
                    {
                        return Err(Unknown::Construct("a list without its inner braces".into()));
                    }
                    all.push(Entry { path: path.clone(), value });
                }
            }
            path.truncate(depth);
        }
        Ok(())
    }

    fn index_of(&self, shape: &Shape, name: &str) -> Result<usize, Unknown> {
        match shape {
            Shape::Record(of) => match of.members.get(name) {
                Some(member) => Ok(member.index),
                None => Err(Unknown::Construct(format!("the member `{name}` of struct {}", of.name))),
            },
            Shape::Unknown(why) => Err(why.clone()),
            _ => Err(Unknown::Construct(format!("the member `{name}` of what is no struct"))),
        }
    }

    /// Goes into a part by its number.
    fn part_at(&self, shape: &Shape, index: usize, path: &mut Vec<Part>) -> Result<Shape, Unknown> {
        match shape {
            Shape::Record(of) => {
                let found = of.members.iter().find(|(_, member)| member.index == index);
                let Some((name, member)) = found else {
                    return Err(Unknown::Construct(format!("more values than struct {} has", of.name)));
                };
                path.push(Part::Member(name.clone()));
                Ok(member.shape.clone())
            }
            Shape::Array(of, _) => {
                path.push(Part::Element(i32::try_from(index).unwrap_or(i32::MAX)));
                Ok((**of).clone())
            }
            Shape::Unknown(why) => Err(why.clone()),
            _ => Err(Unknown::Construct("a list for what has no parts".into())),
        }
    }

    /// What a function of the text returns.
    fn result_of(&self, name: &str, file: &str) -> Option<Shape> {
        let prototype = self.program.prototype(name, file).ok()??;
        let of = Types { file, ..self.types() }.shape(&prototype.result);
        if matches!(of, Shape::Unknown(_)) { None } else { Some(of) }
    }

    /// The type of an expression, where it is known without running it.
    pub(super) fn shape_of(&self, node: &Node) -> Option<Shape> {
        let int = |of: IntType| Some(Shape::Int(of));
        match &node.kind {
            NodeKind::Value(Value::Int(_, of)) => int(*of),
            NodeKind::Value(Value::Pointer(Pointer::Function { name, file })) if !file.is_empty() => {
                let result = self.result_of(name, file)?;
                Some(Shape::Pointer(Pointee::Function(Box::new(result))))
            }
            NodeKind::Value(Value::Pointer(_)) => Some(Shape::Pointer(Pointee::Any)),
            NodeKind::AddressOf(of) => Some(Shape::Pointer(pointee(self.shape_of(of).as_ref()))),
            NodeKind::CallPointer { function, .. } => match self.shape_of(function)? {
                Shape::Pointer(Pointee::Function(result)) => Some(*result),
                _ => None,
            },
            NodeKind::Local(slot) => match &self.slots[usize::from(*slot)].shape {
                Shape::Open | Shape::Unknown(_) => None,
                shape => Some(shape.clone()),
            },
            NodeKind::Constant(name) => self.vocabulary.int_type(name).map(Shape::Int),
            NodeKind::Unary(Unary::Not, _) => int(IntType::INT),
            NodeKind::Unary(_, of) => match self.shape_of(of)? {
                Shape::Int(of) => int(integer::promoted(of)),
                _ => None,
            },
            NodeKind::Deref(of) | NodeKind::Index { of, .. } => match self.shape_of(of)? {
                Shape::Pointer(Pointee::Int(of)) => int(of),
                Shape::Array(of, _) => Some(*of),
                // A function is its own value.
                shape @ Shape::Pointer(Pointee::Function(_)) => Some(shape),
                Shape::Pointer(Pointee::Record(of)) => {
                    let of = c_text::Type::Record { kind: c_text::RecordKind::Struct, name: Some(of) };
                    Some(self.types().shape(&of)).filter(|shape| matches!(shape, Shape::Record(_)))
                }
                _ => None,
            },
            NodeKind::Step { of, .. } | NodeKind::Assign { to: of, .. } => self.shape_of(of),
            NodeKind::Binary(operator, left, right) => {
                let (left, right) = (self.shape_of(left).map(decayed), self.shape_of(right).map(decayed));
                match (operator, left, right) {
                    (_, Some(Shape::Int(a)), Some(Shape::Int(b))) => int(integer::result(*operator, a, b)),
                    (
                        Binary::Less
                        | Binary::Greater
                        | Binary::LessOrEqual
                        | Binary::GreaterOrEqual
                        | Binary::Equal
                        | Binary::Unequal
                        | Binary::And
                        | Binary::Or,
                        ..,
                    ) => int(IntType::INT),
                    (Binary::Minus, Some(Shape::Pointer(_)), Some(Shape::Pointer(_))) => int(IntType::LONG),
                    (Binary::Plus | Binary::Minus, Some(Shape::Pointer(to)), Some(Shape::Int(_)))
                    | (Binary::Plus, Some(Shape::Int(_)), Some(Shape::Pointer(to))) => {
                        Some(Shape::Pointer(to))
                    }
                    _ => None,
                }
            }
            NodeKind::Conditional { of: Branches::Int(of), .. } => int(*of),
            NodeKind::Conditional { yes, no, .. } => {
                let yes = self.shape_of(yes.as_ref()?)?;
                if matches!(yes, Shape::Pointer(_)) { Some(yes) } else { self.shape_of(no) }
                    .filter(|shape| matches!(shape, Shape::Pointer(_)))
            }
            NodeKind::Call { name, target, .. } => {
                let of = match target {
                    Target::Word(_, Some(head)) => head.result.clone(),
                    Target::Word(_, None) => return self.vocabulary.int_type(name).map(Shape::Int),
                    Target::Function(file, _) => return self.result_of(name, file),
                };
                if matches!(of, Shape::Unknown(_)) { None } else { Some(of) }
            }
            NodeKind::Member { of, name, .. } => {
                let record = match self.shape_of(of)? {
                    Shape::Record(of) => of,
                    Shape::Pointer(Pointee::Record(of)) => {
                        let of = c_text::Type::Record { kind: c_text::RecordKind::Struct, name: Some(of) };
                        let Shape::Record(of) = self.types().shape(&of) else { return None };
                        of
                    }
                    _ => return None,
                };
                match &record.members.get(name)?.shape {
                    Shape::Unknown(_) => None,
                    // As it is computed with.
                    Shape::Bits { .. } => int(IntType::INT),
                    shape => Some(shape.clone()),
                }
            }
            NodeKind::Cast(shape, _) | NodeKind::List(shape, _) => Some(shape.clone()),
            NodeKind::Comma(_, right) => self.shape_of(right),
            NodeKind::Block(block) => match block.instructions.last() {
                Some(Instruction::Value(value)) => self.shape_of(value),
                _ => Some(Shape::Void),
            },
            _ => None,
        }
    }
}

/// What a pointer to a variable of this shape points to.
fn pointee(shape: Option<&Shape>) -> Pointee {
    match shape {
        Some(Shape::Int(of)) => Pointee::Int(*of),
        Some(Shape::Record(of)) => Pointee::Record(of.name.clone()),
        Some(Shape::Pointer(to @ Pointee::Function(_))) => to.clone(),
        _ => Pointee::Any,
    }
}

/// An array as an operand.
fn decayed(shape: Shape) -> Shape {
    match shape {
        Shape::Array(of, _) => Shape::Pointer(pointee(Some(&of))),
        shape => shape,
    }
}

/// How many bytes a variable of this shape has, where that is known.
fn size_of(shape: &Shape) -> Option<i64> {
    match shape {
        Shape::Int(of) => Some(i64::from(of.bits.div_ceil(8))),
        Shape::Pointer(_) => Some(8),
        Shape::Array(of, Some(length)) => Some(size_of(of)? * i64::try_from(*length).ok()?),
        _ => None,
    }
}

/// What can be computed at once.
fn folded(node: Node) -> Node {
    let number = |node: &Node| match node.kind {
        NodeKind::Value(Value::Int(value, of)) => Some((value, of)),
        _ => None,
    };
    let value = match &node.kind {
        NodeKind::Unary(operator, of) => number(of).map(|of| unary(*operator, of)),
        NodeKind::Binary(operator, left, right) => {
            let pair = number(left).zip(number(right));
            pair.and_then(|(left, right)| integer::binary(*operator, left, right).ok())
        }
        NodeKind::Cast(Shape::Int(to), of) => {
            number(of).map(|(value, _)| (integer::convert(value, *to), *to))
        }
        _ => None,
    };
    match value {
        Some((value, of)) => Node { line: node.line, kind: NodeKind::Value(Value::Int(value, of)) },
        None => node,
    }
}

/// An operator on one integer.
pub(crate) fn unary(operator: Unary, (value, of): (i64, IntType)) -> (i64, IntType) {
    let to = integer::promoted(of);
    match operator {
        Unary::Plus => (value, to),
        Unary::Minus => (integer::convert(value.wrapping_neg(), to), to),
        Unary::Complement => (integer::convert(!value, to), to),
        Unary::Not => ((value == 0).into(), IntType::INT),
    }
}

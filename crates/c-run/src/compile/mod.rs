//! From the text's tree to code: names are looked up, macros are opened where they stand.

mod expressions;
mod statements;

pub(crate) use expressions::unary;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use c_text::{Expr, ExprKind, Function, Name, Program, Type, Variable};

use crate::code::{Block, Case, Compiled, Instruction, Node, NodeKind, Slot};
use crate::liveness::liveness;
use crate::shape::{Shape, Types};
use crate::snapshot::label_name;
use crate::{Unknown, Vocabulary};

/// How deep macros may use each other.
const MACROS_MAX: usize = 40;

/// What a name of a function means.
#[derive(Clone)]
enum Binding {
    Slot(u16),
    /// The parameter of a macro.
    Argument(Argument),
}

/// What a macro is given: it means what it means where the macro is used.
#[derive(Clone)]
struct Argument {
    of: Arc<Expr>,
    /// How many scopes it sees.
    scopes: usize,
    /// How many macros are open around it.
    open: usize,
}

type Scope = HashMap<Name, Binding>;

pub(crate) struct Compiler<'a> {
    program: &'a Program,
    vocabulary: &'a dyn Vocabulary,
    file: Name,
    slots: Vec<Slot>,
    /// Where each variable can be named: instructions of the block that it begins in.
    extents: Vec<Range<usize>>,
    scopes: Vec<Scope>,
    /// The variables of each scope.
    begun: Vec<Vec<u16>>,
    builder: Builder,
    /// The macros that are open.
    open: Vec<Name>,
    /// The line that everything in them stands at.
    line: Option<u32>,
}

/// The block that is being made.
#[derive(Default)]
struct Builder {
    block: Block,
    /// Where each label is. Jumps name labels until the block is whole.
    labels: Vec<usize>,
    names: HashMap<Name, usize>,
    /// Jumps to names, with their lines.
    gotos: Vec<(Name, usize)>,
    breaks: Vec<usize>,
    continues: Vec<usize>,
    switches: Vec<Switch>,
}

#[derive(Default)]
struct Switch {
    cases: Vec<Case>,
    other: Option<usize>,
}

/// A label that is nowhere yet.
const NOWHERE: usize = usize::MAX;

impl Builder {
    fn label(&mut self) -> usize {
        self.labels.push(NOWHERE);
        self.labels.len() - 1
    }

    fn place(&mut self, label: usize) {
        self.labels[label] = self.block.instructions.len();
    }

    fn named(&mut self, name: &Name) -> usize {
        match self.names.get(name) {
            Some(label) => *label,
            None => {
                let label = self.label();
                self.names.insert(name.clone(), label);
                label
            }
        }
    }

    fn push(&mut self, instruction: Instruction, line: u32) -> usize {
        self.block.instructions.push(instruction);
        self.block.lines.push(line);
        self.block.instructions.len() - 1
    }

    /// The block, its jumps set.
    fn finish(mut self) -> Block {
        for (name, at) in &self.gotos {
            if self.names.get(name).is_none_or(|label| self.labels[*label] == NOWHERE) {
                let why = format!("`goto {name}` out of an expression");
                self.block.instructions[*at] = Instruction::Unknown(Unknown::Construct(why));
            }
        }
        let mut has_loop = false;
        for (at, instruction) in self.block.instructions.iter_mut().enumerate() {
            for target in instruction.targets_mut() {
                *target = self.labels[*target];
                has_loop |= *target <= at;
            }
        }
        self.block.has_loop = has_loop;
        self.block
    }
}

/// Makes a function ready.
pub(crate) fn function(
    program: &Program,
    vocabulary: &dyn Vocabulary,
    function: &Function,
) -> Result<Compiled, Unknown> {
    let prototype = &function.prototype;
    let body = function
        .body
        .as_ref()
        .map_err(|why| Unknown::Unparsed { name: prototype.name.to_string(), why: why.to_string() })?;
    let mut compiler = Compiler::new(program, vocabulary, &function.file);
    for parameter in &prototype.parameters {
        let shape = compiler.types().shape(&parameter.of);
        let slot = compiler.begin(parameter.name.clone().unwrap_or_else(|| "".into()), shape)?;
        compiler.extents[usize::from(slot)].start = 0;
    }
    // The body's braces and the parameters are one scope in C; a second one differs only where C would complain.
    compiler.list(body);
    compiler.end_scope();
    let parameters = prototype.parameters.len();
    let mut body = std::mem::take(&mut compiler.builder).finish();
    body.liveness = liveness(&body, &compiler.slots, &compiler.extents, parameters);
    Ok(Compiled {
        name: prototype.name.clone(),
        file: function.file.clone(),
        file_name: label_name(&function.file),
        label: label_name(&prototype.name),
        line: function.at.line,
        result: compiler.types().shape(&prototype.result),
        parameters,
        is_variadic: prototype.is_variadic,
        slots: compiler.slots,
        body,
    })
}

/// Makes the first value of a constant of the top level ready.
pub(crate) fn global(
    program: &Program,
    vocabulary: &dyn Vocabulary,
    file: &Name,
    variable: &Variable,
    initial: &Expr,
) -> Node {
    let mut compiler = Compiler::new(program, vocabulary, file);
    let shape = compiler.shape(&variable.of);
    match (&shape, &initial.kind) {
        // A struct that nobody knows still says what the members are that it names.
        (Shape::Unknown(_) | Shape::Modelled(_), ExprKind::List(entries)) => {
            compiler.named_members(shape, entries)
        }
        _ => compiler.initial(initial, &shape),
    }
}

impl<'a> Compiler<'a> {
    fn new(program: &'a Program, vocabulary: &'a dyn Vocabulary, file: &Name) -> Compiler<'a> {
        Compiler {
            program,
            vocabulary,
            file: file.clone(),
            slots: Vec::new(),
            extents: Vec::new(),
            scopes: vec![Scope::new()],
            begun: vec![Vec::new()],
            builder: Builder::default(),
            open: Vec::new(),
            line: None,
        }
    }

    fn types(&self) -> Types<'_> {
        Types { program: self.program, vocabulary: self.vocabulary, file: &self.file }
    }

    fn line_of(&self, line: u32) -> u32 {
        self.line.unwrap_or(line)
    }

    /// A variable begins, in the innermost scope: with the instruction that is made next, or before the first.
    fn begin(&mut self, name: Name, shape: Shape) -> Result<u16, Unknown> {
        let slot = u16::try_from(self.slots.len())
            .map_err(|_| Unknown::Construct("a function of more than 65,536 variables".into()))?;
        let from = self.builder.block.instructions.len();
        self.slots.push(Slot { name: name.clone(), shape });
        self.extents.push(from + 1..usize::MAX);
        if let (Some(scope), Some(begun)) = (self.scopes.last_mut(), self.begun.last_mut()) {
            scope.insert(name, Binding::Slot(slot));
            begun.push(slot);
        }
        Ok(slot)
    }

    fn begin_scope(&mut self) {
        self.scopes.push(Scope::new());
        self.begun.push(Vec::new());
    }

    fn end_scope(&mut self) {
        self.scopes.pop();
        for slot in self.begun.pop().unwrap_or_default() {
            self.extents[usize::from(slot)].end = self.builder.block.instructions.len();
        }
    }

    fn binding(&self, name: &str) -> Option<&Binding> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// Goes on where an argument comes from.
    fn outside<T>(&mut self, argument: &Argument, go: impl FnOnce(&mut Self, &Expr) -> T) -> T {
        let scopes = self.scopes.split_off(argument.scopes);
        let begun = self.begun.split_off(argument.scopes);
        let open = self.open.split_off(argument.open);
        let done = go(self, &argument.of);
        self.scopes.extend(scopes);
        self.begun.extend(begun);
        self.open.extend(open);
        done
    }

    /// A name as it is written, or what it stands for in a macro that is open.
    fn written_name(&self, name: &Name) -> Name {
        match self.binding(name) {
            Some(Binding::Argument(argument)) => match &argument.of.kind {
                ExprKind::Name(name) => name.clone(),
                _ => name.clone(),
            },
            _ => name.clone(),
        }
    }

    /// What a type of the text comes to, with what macros' parameters stand for.
    fn shape(&mut self, of: &Type) -> Shape {
        match of {
            Type::Named(name) => match self.binding(name).cloned() {
                Some(Binding::Argument(argument)) => self.outside(&argument, |compiler, of| match &of.kind {
                    ExprKind::Type(of) => compiler.shape(of),
                    ExprKind::Name(name) => compiler.types().shape(&Type::Named(name.clone())),
                    _ => Shape::Unknown(Unknown::Type(of.to_string())),
                }),
                _ => self.types().shape(of),
            },
            Type::TypeOf(of) => {
                let of = self.expression(of);
                self.shape_of(&of).unwrap_or(Shape::Unknown(Unknown::Type("typeof".into())))
            }
            Type::Array(of, length) => {
                let shape = self.shape(of);
                let length = length.as_ref().and_then(|length| self.length(length));
                Shape::Array(Box::new(shape), length)
            }
            _ => self.types().shape(of),
        }
    }

    /// A length that is known without running.
    fn length(&mut self, length: &Expr) -> Option<usize> {
        match self.expression(length).kind {
            NodeKind::Value(crate::Value::Int(length, _)) => usize::try_from(length).ok(),
            _ => None,
        }
    }

    fn unknown(&self, line: u32, why: Unknown) -> Node {
        Node { line: self.line_of(line), kind: NodeKind::Unknown(why) }
    }

    /// Goes on inside a macro that stands at this line.
    fn opened<T>(&mut self, name: &Name, line: u32, go: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.line.replace(self.line_of(line));
        self.open.push(name.clone());
        let done = go(self);
        self.open.pop();
        self.line = outer;
        done
    }
}

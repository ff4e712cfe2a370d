//! Functions made ready: names are looked up, statements are a list with jumps, so that a `goto` goes anywhere.

use std::sync::{Arc, OnceLock, Weak};

use c_text::{Binary, Expr, IntType, Name, Prototype, Unary};

use crate::shape::{Shape, Types};
use crate::{Unknown, Value, Word};

/// A function.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) name: Name,
    pub(crate) file: Name,
    /// The file, as steps name it.
    pub(crate) file_name: &'static str,
    /// The name, as labels have it.
    pub(crate) label: &'static str,
    pub(crate) line: u32,
    pub(crate) result: Shape,
    pub(crate) parameters: usize,
    pub(crate) is_variadic: bool,
    pub(crate) slots: Vec<Slot>,
    pub(crate) body: Block,
}

/// A variable.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: Name,
    pub(crate) shape: Shape,
}

/// Instructions that are run from the first on.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) instructions: Vec<Instruction>,
    /// The line of each.
    pub(crate) lines: Vec<u32>,
    /// Whether it goes back somewhere.
    pub(crate) has_loop: bool,
    pub(crate) liveness: Liveness,
}

/// Which variables can still be read, for each instruction of a block.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    /// What is read from it on, before it is set; by slot.
    pub(crate) before: Vec<Vec<bool>>,
    /// What it and all that follows reads.
    pub(crate) around: Vec<Vec<bool>>,
    /// The variables that begin in this block. All others are somebody else's, and stay.
    pub(crate) own: Vec<bool>,
    /// Whether there can be pointers to variables.
    pub(crate) has_pinned: bool,
}

impl Liveness {
    /// Whether there can be pointers to variables that the block or the function names.
    pub(crate) fn has_pinned(&self) -> bool {
        self.has_pinned
    }

    /// Whether a variable can be read when control is just before the instruction.
    pub(crate) fn is_live_before(&self, at: usize, slot: usize) -> bool {
        is_live(&self.before, &self.own, at, slot)
    }

    /// Whether a variable can be read while the instruction is under way.
    pub(crate) fn is_live_around(&self, at: usize, slot: usize) -> bool {
        is_live(&self.around, &self.own, at, slot)
    }
}

fn is_live(rows: &[Vec<bool>], own: &[bool], at: usize, slot: usize) -> bool {
    !own.get(slot).copied().unwrap_or(false) || rows.get(at).is_none_or(|row| row[slot])
}

/// One of them.
#[derive(Debug)]
pub(crate) enum Instruction {
    Evaluate(Node),
    /// The value of a statement expression.
    Value(Node),
    /// A variable begins.
    Declare {
        slot: u16,
        first: Option<Node>,
    },
    /// Goes on if it holds, else jumps.
    Unless {
        condition: Node,
        to: usize,
    },
    Jump(usize),
    /// To the first of the cases that the value is in.
    Switch {
        on: Node,
        cases: Vec<Case>,
        other: usize,
    },
    Return(Option<Node>),
    Unknown(Unknown),
}

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) first: Node,
    pub(crate) last: Option<Node>,
    pub(crate) to: usize,
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Value(Value),
    Local(u16),
    /// A value of the table.
    Constant(Name),
    /// A constant of the top level.
    Global {
        name: Name,
        file: Name,
    },
    Unary(Unary, Box<Node>),
    Deref(Box<Node>),
    AddressOf(Box<Node>),
    Step {
        of: Box<Node>,
        by: i64,
        is_postfix: bool,
    },
    Assign {
        to: Box<Node>,
        operator: Option<Binary>,
        value: Box<Node>,
    },
    Binary(Binary, Box<Node>, Box<Node>),
    Conditional {
        condition: Box<Node>,
        yes: Option<Box<Node>>,
        no: Box<Node>,
        of: Branches,
    },
    /// A call of a name.
    Call {
        name: Name,
        target: Target,
        arguments: Vec<Node>,
        written: Arc<[Expr]>,
    },
    /// A call through a pointer.
    CallPointer {
        function: Box<Node>,
        arguments: Vec<Node>,
    },
    Member {
        of: Box<Node>,
        name: Name,
        is_arrow: bool,
    },
    Index {
        of: Box<Node>,
        at: Box<Node>,
    },
    Cast(Shape, Box<Node>),
    /// The first value of a variable of this shape.
    List(Shape, Arc<[Entry]>),
    Comma(Box<Node>, Box<Node>),
    Block(Arc<Block>),
    Unknown(Unknown),
}

/// What the two sides of a `?:` come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Branches {
    /// Integers of this type.
    Int(IntType),
    /// Pointers.
    Pointer,
    /// Not known: what is an integer has no known type then.
    Open,
}

/// What a call by name calls.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Word(Word, Option<Arc<Head>>),
    /// A function of the text, by the file that defines it.
    Function(Name, Arc<Ready>),
}

/// A function that was called before, made ready. The code of which it is a part keeps it.
#[derive(Default, Debug)]
pub(crate) struct Ready(pub(crate) OnceLock<Weak<Compiled>>);

/// How the text declares a word.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) prototype: Prototype,
    pub(crate) parameters: Vec<Shape>,
    pub(crate) result: Shape,
}

impl Head {
    pub(crate) fn new(prototype: &Prototype, types: Types<'_>) -> Head {
        let parameters = prototype.parameters.iter().map(|parameter| types.shape(&parameter.of)).collect();
        Head { prototype: prototype.clone(), parameters, result: types.shape(&prototype.result) }
    }
}

/// A first value for a part of a variable.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: Vec<crate::Part>,
    pub(crate) value: Node,
}

impl Node {
    /// What stands directly in it.
    pub(crate) fn parts(&self) -> Vec<&Node> {
        match &self.kind {
            NodeKind::Value(_)
            | NodeKind::Local(_)
            | NodeKind::Constant(_)
            | NodeKind::Global { .. }
            | NodeKind::Block(_)
            | NodeKind::Unknown(_) => Vec::new(),
            NodeKind::Unary(_, of)
            | NodeKind::Deref(of)
            | NodeKind::AddressOf(of)
            | NodeKind::Step { of, .. }
            | NodeKind::Member { of, .. }
            | NodeKind::Cast(_, of) => vec![of],
            NodeKind::Assign { to: a, value: b, .. }
            | NodeKind::Binary(_, a, b)
            | NodeKind::Index { of: a, at: b }
            | NodeKind::Comma(a, b) => vec![a, b],
            NodeKind::Conditional { condition, yes, no, .. } => {
                let mut parts: Vec<&Node> = vec![condition, no];
                parts.extend(yes.as_deref());
                parts
            }
            NodeKind::Call { arguments, .. } => arguments.iter().collect(),
            NodeKind::CallPointer { function, arguments } => {
                let mut parts: Vec<&Node> = vec![function];
                parts.extend(arguments);
                parts
            }
            NodeKind::List(_, entries) => entries.iter().map(|entry| &entry.value).collect(),
        }
    }
}

impl Instruction {
    /// What it evaluates whatever it does then.
    #[inline(always)]
    pub(crate) fn node(&self) -> Option<&Node> {
        match self {
            Instruction::Evaluate(node)
            | Instruction::Value(node)
            | Instruction::Unless { condition: node, .. } => Some(node),
            Instruction::Declare { first: node, .. } | Instruction::Return(node) => node.as_ref(),
            Instruction::Switch { .. } | Instruction::Jump(_) | Instruction::Unknown(_) => None,
        }
    }

    /// The expressions in it.
    pub(crate) fn nodes(&self) -> Vec<&Node> {
        match self {
            Instruction::Evaluate(node)
            | Instruction::Value(node)
            | Instruction::Unless { condition: node, .. } => {
                vec![node]
            }
            Instruction::Declare { first: node, .. } | Instruction::Return(node) => node.iter().collect(),
            Instruction::Switch { on, cases, .. } => {
                let bounds = cases.iter().flat_map(|case| [Some(&case.first), case.last.as_ref()]).flatten();
                std::iter::once(on).chain(bounds).collect()
            }
            Instruction::Jump(_) | Instruction::Unknown(_) => Vec::new(),
        }
    }

    /// Where it can go on, from its own place.
    pub(crate) fn successors(&self, at: usize) -> Vec<usize> {
        match self {
            Instruction::Jump(to) => vec![*to],
            Instruction::Unless { to, .. } => vec![at + 1, *to],
            Instruction::Switch { cases, other, .. } => {
                cases.iter().map(|case| case.to).chain([*other]).collect()
            }
            Instruction::Return(_) | Instruction::Unknown(_) => Vec::new(),
            Instruction::Evaluate(_) | Instruction::Value(_) | Instruction::Declare { .. } => vec![at + 1],
        }
    }

    /// Its jumps, to be set when labels are known.
    pub(crate) fn targets_mut(&mut self) -> Vec<&mut usize> {
        match self {
            Instruction::Jump(to) | Instruction::Unless { to, .. } => vec![to],
            Instruction::Switch { cases, other, .. } => {
                cases.iter_mut().map(|case| &mut case.to).chain([other]).collect()
            }
            _ => Vec::new(),
        }
    }
}

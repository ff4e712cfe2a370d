//! What C computes with.

use std::collections::BTreeMap;
use std::fmt;

use c_text::{IntType, Name};

/// A value of an expression or a variable.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// A variable that was never set: reading it is a fault.
    Unset,
    /// What a function without a result returns.
    Void,
    /// An integer; bits above those of its type repeat its sign.
    Int(i64, IntType),
    /// A pointer.
    Pointer(Pointer),
    /// A pointer that was made a number: it can become a pointer again, and be compared.
    Address(Pointer),
    /// A `struct` or `union` of the text, by its members.
    Record(BTreeMap<Name, Value>),
    /// An array.
    Array(Vec<Value>),
    /// A variable of a type that the table models, such as an iterator.
    Modelled(Object),
}

/// What a pointer points to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Pointer {
    /// Nothing: a number that was made a pointer. 0 is `NULL`, the last page holds error numbers.
    Number(i64),
    /// A function, by its name and its file; the file of one that the table models is empty.
    Function {
        /// Its name.
        name: Name,
        /// The file that defines it.
        file: Name,
    },
    /// A string, as it is written.
    Text(Name),
    /// A constant of the top level, or a part of it.
    Global {
        /// Its name.
        name: Name,
        /// The file that defines it.
        file: Name,
        /// Which part.
        path: Path,
    },
    /// An object that the table models, or a part of it.
    Object {
        /// The object.
        object: Object,
        /// Which part.
        path: Path,
    },
    /// A variable of a function that is running, or a part of it.
    Local {
        /// How many calls are around that function.
        frame: u16,
        /// Which of its variables.
        slot: u16,
        /// Which part.
        path: Path,
    },
}

impl Pointer {
    /// `NULL`.
    pub const NULL: Pointer = Pointer::Number(0);
}

/// From an object to a part of it, the outermost first.
pub type Path = Vec<Part>;

/// A step from an object to a part of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// A member.
    Member(Name),
    /// An element.
    Element(i32),
}

/// An object that the table models: what kind it is, and which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Object {
    /// What it is, in the table's words.
    pub kind: &'static str,
    /// Which of them, as the table counts.
    pub numbers: [u32; 2],
}

impl Value {
    /// `true` or `false` as C's operators give them: an `int`.
    #[must_use]
    pub fn truth(holds: bool) -> Value {
        Value::Int(holds.into(), IntType::INT)
    }

    /// An `int`.
    #[must_use]
    pub fn int(value: i32) -> Value {
        Value::Int(value.into(), IntType::INT)
    }

    /// `NULL`.
    #[must_use]
    pub fn null() -> Value {
        Value::Pointer(Pointer::NULL)
    }

    /// A pointer to an object.
    #[must_use]
    pub fn object(kind: &'static str, numbers: [u32; 2]) -> Value {
        Value::Pointer(Pointer::Object { object: Object { kind, numbers }, path: Path::new() })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unset => f.write_str("a variable that was never set"),
            Value::Void => f.write_str("nothing"),
            Value::Int(value, IntType { bits: 64, is_signed: false }) => write!(f, "{}", *value as u64),
            Value::Int(value, _) => value.fmt(f),
            Value::Pointer(pointer) => pointer.fmt(f),
            Value::Address(pointer) => write!(f, "({pointer} as a number)"),
            Value::Record(_) => f.write_str("a struct"),
            Value::Array(_) => f.write_str("an array"),
            Value::Modelled(object) => object.fmt(f),
        }
    }
}

/// The greatest error number that a pointer can hold, as the kernel has it.
const ERROR_MAX: i64 = 4095;

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Number(0) => f.write_str("NULL"),
            Pointer::Number(number) if (-ERROR_MAX..0).contains(number) => write!(f, "error {number}"),
            Pointer::Number(number) => write!(f, "pointer {number:#x}"),
            Pointer::Function { name, .. } => f.write_str(name),
            Pointer::Text(text) => f.write_str(text),
            Pointer::Global { name, path, .. } => shown(f, name, path),
            Pointer::Object { object, path } => shown(f, object, path),
            Pointer::Local { path, .. } => shown(f, &"local", path),
        }
    }
}

fn shown(f: &mut fmt::Formatter<'_>, of: &dyn fmt::Display, path: &[Part]) -> fmt::Result {
    write!(f, "&{of}")?;
    path.iter().try_for_each(|part| write!(f, "{part}"))
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Member(name) => write!(f, ".{name}"),
            Part::Element(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.numbers {
            [0, 0] => f.write_str(self.kind),
            [a, 0] => write!(f, "{} {a}", self.kind),
            [a, b] => write!(f, "{} {a}.{b}", self.kind),
        }
    }
}

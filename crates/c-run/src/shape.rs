//! Types, as far as values need them.

use std::collections::BTreeMap;
use std::sync::Arc;

use c_text::{IntType, Name, Program, RecordKind, Type};

use crate::{Unknown, Vocabulary};

/// What a variable can hold.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Shape {
    Void,
    Int(IntType),
    /// A bit-field of fewer bits than an `int`, as which it is computed with.
    Bits {
        width: u8,
        is_signed: bool,
    },
    Pointer(Pointee),
    /// With its length, where that is known without running.
    Array(Box<Shape>, Option<usize>),
    Record(Arc<RecordShape>),
    /// A `struct` of which the table makes an object.
    Modelled(Name),
    /// Whatever it is given.
    Open,
    /// What nobody can say.
    Unknown(Unknown),
}

/// What is known of what a pointer points to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Pointee {
    Int(IntType),
    Record(Name),
    /// A function with this result, or a pointer to one.
    Function(Box<Shape>),
    Any,
}

/// A `struct` or `union` of the text.
#[derive(PartialEq, Debug)]
pub(crate) struct RecordShape {
    pub(crate) name: Name,
    pub(crate) members: BTreeMap<Name, MemberShape>,
}

#[derive(PartialEq, Debug)]
pub(crate) struct MemberShape {
    pub(crate) shape: Shape,
    /// In the order of the text.
    pub(crate) index: usize,
    /// Whether it shares its place with others.
    pub(crate) is_shared: bool,
}

impl Shape {
    /// Whether it is made of parts that can be pointed to.
    pub(crate) fn has_parts(&self) -> bool {
        matches!(self, Shape::Array(..) | Shape::Record(_) | Shape::Modelled(_) | Shape::Open)
    }

    /// How many values a variable of it has.
    pub(crate) fn size(&self) -> usize {
        match self {
            Shape::Array(of, length) => of.size().saturating_mul(length.unwrap_or(1)),
            Shape::Record(of) => {
                of.members.values().fold(0, |sum, member| sum.saturating_add(member.shape.size()))
            }
            _ => 1,
        }
    }
}

/// How deep types may be nested.
const DEPTH_MAX: usize = 24;

/// Who knows what types are.
#[derive(Clone, Copy)]
pub(crate) struct Types<'a> {
    pub(crate) program: &'a Program,
    pub(crate) vocabulary: &'a dyn Vocabulary,
    /// The file that names them.
    pub(crate) file: &'a str,
}

impl Types<'_> {
    /// What a type of the text comes to. The lengths of arrays are not looked at.
    pub(crate) fn shape(self, of: &Type) -> Shape {
        self.shape_at(of, 0)
    }

    fn shape_at(self, of: &Type, depth: usize) -> Shape {
        if depth == DEPTH_MAX {
            return Shape::Unknown(Unknown::Type(of.to_string()));
        }
        match of {
            Type::Void => Shape::Void,
            Type::Int(of) => Shape::Int(*of),
            Type::Pointer(of) => Shape::Pointer(self.pointee(of, depth)),
            Type::Array(of, _) => Shape::Array(Box::new(self.shape_at(of, depth + 1)), None),
            Type::Function { result, .. } => {
                Shape::Pointer(Pointee::Function(Box::new(self.shape_at(result, depth + 1))))
            }
            Type::Auto => Shape::Open,
            Type::Named(name) => match self.program.typedef(name, self.file) {
                Ok(Some(of)) => self.shape_at(of, depth + 1),
                Ok(None) => match self.vocabulary.int_type(name) {
                    Some(of) => Shape::Int(of),
                    None => Shape::Unknown(Unknown::Type(name.to_string())),
                },
                Err(why) => Shape::Unknown(Unknown::Ambiguous(why.to_string())),
            },
            Type::Record { name: Some(name), kind } => self.record(name, *kind, depth),
            Type::Enum(Some(name)) => match self.program.enumeration(name, self.file) {
                Ok(Some(of)) => {
                    let is_negative = |base: &c_text::Expr| {
                        !matches!(base.kind, c_text::ExprKind::Int(..) | c_text::ExprKind::Name(_))
                    };
                    // Only plain numbers are known to be none below 0; the compiler would compute the others.
                    if of.values.iter().any(|value| value.base.as_ref().is_some_and(is_negative)) {
                        Shape::Unknown(Unknown::Type(of_name(name)))
                    } else {
                        Shape::Int(IntType::UNSIGNED_INT)
                    }
                }
                Ok(None) => Shape::Unknown(Unknown::Type(of_name(name))),
                Err(why) => Shape::Unknown(Unknown::Ambiguous(why.to_string())),
            },
            Type::Enum(None) | Type::Record { name: None, .. } | Type::Float | Type::TypeOf(_) => {
                Shape::Unknown(Unknown::Type(of.to_string()))
            }
        }
    }

    /// Not looked into: types may point to themselves.
    fn pointee(self, of: &Type, depth: usize) -> Pointee {
        match of {
            Type::Record { name: Some(name), .. } => Pointee::Record(name.clone()),
            Type::Int(_) | Type::Named(_) | Type::Function { .. } => match self.shape_at(of, depth + 1) {
                Shape::Pointer(to @ Pointee::Function(_)) => to,
                Shape::Int(of) => Pointee::Int(of),
                Shape::Record(of) => Pointee::Record(of.name.clone()),
                Shape::Modelled(name) => Pointee::Record(name),
                _ => Pointee::Any,
            },
            _ => Pointee::Any,
        }
    }

    fn record(self, name: &Name, kind: RecordKind, depth: usize) -> Shape {
        if self.vocabulary.is_modelled(name) {
            return Shape::Modelled(name.clone());
        }
        let record = match self.program.record(name, self.file) {
            Ok(Some(record)) => record,
            Ok(None) => {
                let word = if kind == RecordKind::Struct { "struct" } else { "union" };
                return Shape::Unknown(Unknown::Type(format!("{word} {name}")));
            }
            Err(why) => return Shape::Unknown(Unknown::Ambiguous(why.to_string())),
        };
        let members = record.members.iter().enumerate().map(|(index, member)| {
            let shape = match (&member.bits, self.shape_at(&member.of, depth + 1)) {
                (Some(width), shape) => bits(width, &shape).unwrap_or_else(|| {
                    Shape::Unknown(Unknown::Construct(format!("the bit-field `{}`", member.name)))
                }),
                // An array in a struct has the length that it says, or none.
                (None, Shape::Array(of, _)) => Shape::Array(of, plain_length(&member.of)),
                (None, shape) => shape,
            };
            (member.name.clone(), MemberShape { shape, index, is_shared: member.is_shared })
        });
        Shape::Record(Arc::new(RecordShape { name: name.clone(), members: members.collect() }))
    }
}

/// A bit-field of an `int`, with a width that is a number.
fn bits(width: &c_text::Expr, of: &Shape) -> Option<Shape> {
    match (&width.kind, of) {
        (c_text::ExprKind::Int(width @ 1..32, _), Shape::Int(IntType { bits: 32, is_signed })) => {
            Some(Shape::Bits { width: *width as u8, is_signed: *is_signed })
        }
        _ => None,
    }
}

fn of_name(name: &str) -> String {
    format!("enum {name}")
}

fn plain_length(of: &Type) -> Option<usize> {
    match of {
        Type::Array(_, Some(length)) => match length.kind {
            c_text::ExprKind::Int(length, _) => usize::try_from(length).ok(),
            _ => None,
        },
        _ => None,
    }
}

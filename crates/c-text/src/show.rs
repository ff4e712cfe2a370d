//! Expressions and types as C again, on one line, with every parenthesis that could matter.

use std::fmt::{self, Display, Formatter};

use crate::ast::{Designator, Expr, ExprKind, Initial, IntType, RecordKind, Type, Unary};

impl Display for IntType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.bits, self.is_signed) {
            (1, _) => "bool",
            (8, true) => "char",
            (8, false) => "unsigned char",
            (16, true) => "short",
            (16, false) => "unsigned short",
            (32, true) => "int",
            (32, false) => "unsigned int",
            (_, true) => "long",
            (_, false) => "unsigned long",
        })
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Type::Void => f.write_str("void"),
            Type::Int(of) => of.fmt(f),
            Type::Float => f.write_str("double"),
            Type::Record { kind, name } => {
                let word = if *kind == RecordKind::Struct { "struct" } else { "union" };
                write!(f, "{word} {}", name.as_deref().unwrap_or("{ .. }"))
            }
            Type::Enum(name) => write!(f, "enum {}", name.as_deref().unwrap_or("{ .. }")),
            Type::Named(name) => f.write_str(name),
            Type::Pointer(of) => match &**of {
                Type::Function { result, parameters, is_variadic } => {
                    write!(f, "{result} (*)(")?;
                    for (index, parameter) in parameters.iter().enumerate() {
                        write!(f, "{}{}", if index > 0 { ", " } else { "" }, parameter.of)?;
                    }
                    let more = if *is_variadic { ", ..." } else { "" };
                    let none = if parameters.is_empty() { "void" } else { "" };
                    write!(f, "{none}{more})")
                }
                Type::Array(of, length) => {
                    write!(f, "{of} (*)")?;
                    shown_length(f, length.as_deref())
                }
                of => write!(f, "{of} *"),
            },
            Type::Array(of, length) => {
                write!(f, "{of} ")?;
                shown_length(f, length.as_deref())
            }
            Type::Function { result, .. } => write!(f, "{result} ()"),
            Type::TypeOf(of) => write!(f, "typeof({of})"),
            Type::Auto => f.write_str("__auto_type"),
        }
    }
}

fn shown_length(f: &mut Formatter<'_>, length: Option<&Expr>) -> fmt::Result {
    match length {
        Some(length) => write!(f, "[{length}]"),
        None => f.write_str("[]"),
    }
}

/// An operand, in parentheses unless it can't be misread.
struct Operand<'e>(&'e Expr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_simple = matches!(
            self.0.kind,
            ExprKind::Int(..)
                | ExprKind::Float(_)
                | ExprKind::Text(_)
                | ExprKind::Name(_)
                | ExprKind::Call { .. }
                | ExprKind::Member { .. }
                | ExprKind::Index { .. }
                | ExprKind::Statements(_)
                | ExprKind::Type(_)
        );
        // A character may be below 0.
        let is_negative =
            matches!(self.0.kind, ExprKind::Int(value, of) if of.is_signed && (value as i64) < 0);
        if is_simple && !is_negative { self.0.fmt(f) } else { write!(f, "({})", self.0) }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Int(value, of) => {
                let suffix = match (of.bits, of.is_signed) {
                    (64, true) => "L",
                    (64, false) => "UL",
                    (_, true) => "",
                    (_, false) => "U",
                };
                if of.is_signed && (*value as i64) < 0 {
                    return write!(f, "{}{suffix}", *value as i64);
                }
                write!(f, "{value}{suffix}")
            }
            ExprKind::Float(written) | ExprKind::Text(written) | ExprKind::Name(written) => {
                f.write_str(written)
            }
            ExprKind::Unary(operator, of) => {
                let mark = match operator {
                    Unary::Minus => "-",
                    Unary::Plus => "+",
                    Unary::Not => "!",
                    Unary::Complement => "~",
                };
                write!(f, "{mark}{}", Operand(of))
            }
            ExprKind::Deref(of) => write!(f, "*{}", Operand(of)),
            ExprKind::AddressOf(of) => write!(f, "&{}", Operand(of)),
            ExprKind::Step { of, is_down, is_postfix } => {
                let mark = if *is_down { "--" } else { "++" };
                if *is_postfix {
                    write!(f, "{}{mark}", Operand(of))
                } else {
                    write!(f, "{mark}{}", Operand(of))
                }
            }
            ExprKind::Assign { to, operator, value } => {
                write!(f, "{} ", Operand(to))?;
                if let Some(operator) = operator {
                    operator.fmt(f)?;
                }
                write!(f, "= {}", Operand(value))
            }
            ExprKind::Binary(operator, left, right) => {
                write!(f, "{} {operator} {}", Operand(left), Operand(right))
            }
            ExprKind::Conditional { condition, yes, no } => {
                write!(f, "{} ? ", Operand(condition))?;
                if let Some(yes) = yes {
                    write!(f, "{} ", Operand(yes))?;
                }
                write!(f, ": {}", Operand(no))
            }
            ExprKind::Call { function, arguments } => {
                write!(f, "{}(", Operand(function))?;
                for (index, argument) in arguments.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    if matches!(argument.kind, ExprKind::Comma(..)) {
                        Operand(argument).fmt(f)?;
                    } else {
                        argument.fmt(f)?;
                    }
                }
                f.write_str(")")
            }
            ExprKind::Member { of, name, is_arrow } => {
                write!(f, "{}{}{name}", Operand(of), if *is_arrow { "->" } else { "." })
            }
            ExprKind::Index { of, at } => write!(f, "{}[{at}]", Operand(of)),
            ExprKind::Cast(to, of) => write!(f, "({to}){}", Operand(of)),
            ExprKind::Literal(of, entries) => {
                write!(f, "({of})")?;
                shown_list(f, entries)
            }
            ExprKind::List(entries) => shown_list(f, entries),
            ExprKind::SizeOfType(of) => write!(f, "sizeof({of})"),
            ExprKind::SizeOf(of) => write!(f, "sizeof({of})"),
            ExprKind::Comma(left, right) => write!(f, "{}, {}", Operand(left), Operand(right)),
            ExprKind::Statements(_) => f.write_str("({ .. })"),
            ExprKind::Type(of) => of.fmt(f),
        }
    }
}

fn shown_list(f: &mut Formatter<'_>, entries: &[Initial]) -> fmt::Result {
    f.write_str("{ ")?;
    for Initial { to, value } in entries {
        for designator in to {
            match designator {
                Designator::Member(name) => write!(f, ".{name}")?,
                Designator::Index(first, None) => write!(f, "[{first}]")?,
                Designator::Index(first, Some(last)) => write!(f, "[{first} ... {last}]")?,
            }
        }
        write!(f, "{}{value}, ", if to.is_empty() { "" } else { " = " })?;
    }
    f.write_str("}")
}

//! Expressions, by how tightly operators bind.

use crate::ast::{Binary, Designator, Expr, ExprKind, Initial, Unary};
use crate::number;
use crate::token::Kind;
use crate::{Name, Position};

use super::types::as_argument;
use super::{Parsed, Parser};

impl Parser<'_> {
    /// With commas.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let mut left = self.assignment()?;
        while self.peek() == "," {
            let at = self.at();
            self.next += 1;
            self.link()?;
            let right = self.assignment()?;
            left = Expr { at, kind: ExprKind::Comma(Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    pub(super) fn assignment(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            let to = parser.conditional()?;
            let mark = parser.peek();
            let at = parser.at();
            let operator = match mark {
                "=" => None,
                "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "<<=" | ">>=" => {
                    let operator = &mark[..mark.len() - 1];
                    Binary::ALL.iter().find(|(_, mark, _)| *mark == operator).map(|(operator, ..)| *operator)
                }
                _ => return Ok(to),
            };
            parser.next += 1;
            let value = Box::new(parser.assignment()?);
            Ok(Expr { at, kind: ExprKind::Assign { to: Box::new(to), operator, value } })
        })
    }

    pub(super) fn conditional(&mut self) -> Parsed<Expr> {
        let condition = self.binary(1)?;
        if self.peek() != "?" {
            return Ok(condition);
        }
        let at = self.at();
        self.next += 1;
        self.nested(|parser| {
            let yes = if parser.peek() == ":" { None } else { Some(Box::new(parser.expression()?)) };
            parser.expect(":")?;
            let no = Box::new(parser.conditional()?);
            Ok(Expr { at, kind: ExprKind::Conditional { condition: Box::new(condition), yes, no } })
        })
    }

    /// Operators that bind at least as tightly as `least`.
    fn binary(&mut self, least: u8) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let mark = self.peek();
            let found =
                Binary::ALL.iter().find(|(_, other, tightness)| *other == mark && *tightness >= least);
            let Some((operator, _, tightness)) = found else { return Ok(left) };
            let at = self.at();
            self.next += 1;
            self.link()?;
            let right = self.nested(|parser| parser.binary(tightness + 1))?;
            left = Expr { at, kind: ExprKind::Binary(*operator, Box::new(left), Box::new(right)) };
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        self.nested(Parser::unary_here)
    }

    fn unary_here(&mut self) -> Parsed<Expr> {
        let at = self.at();
        let operator = match self.peek() {
            "-" => Unary::Minus,
            "+" => Unary::Plus,
            "!" => Unary::Not,
            "~" => Unary::Complement,
            "*" => {
                self.next += 1;
                return Ok(Expr { at, kind: ExprKind::Deref(Box::new(self.unary()?)) });
            }
            "&" => {
                self.next += 1;
                return Ok(Expr { at, kind: ExprKind::AddressOf(Box::new(self.unary()?)) });
            }
            mark @ ("++" | "--") => {
                self.next += 1;
                let of = Box::new(self.unary()?);
                return Ok(Expr {
                    at,
                    kind: ExprKind::Step { of, is_down: mark == "--", is_postfix: false },
                });
            }
            "sizeof" => return self.size_of(at),
            "__extension__" => {
                self.next += 1;
                return self.unary();
            }
            "(" if self.is_cast() => return self.cast(at),
            _ => return self.postfix(),
        };
        self.next += 1;
        Ok(Expr { at, kind: ExprKind::Unary(operator, Box::new(self.unary()?)) })
    }

    fn size_of(&mut self, at: Position) -> Parsed<Expr> {
        self.next += 1;
        if self.peek() == "(" && self.is_type_at(self.next + 1) {
            self.next += 1;
            let of = self.type_name()?;
            self.expect(")")?;
            return Ok(Expr { at, kind: ExprKind::SizeOfType(of) });
        }
        Ok(Expr { at, kind: ExprKind::SizeOf(Box::new(self.unary()?)) })
    }

    fn cast(&mut self, at: Position) -> Parsed<Expr> {
        self.expect("(")?;
        let of = self.type_name()?;
        self.expect(")")?;
        if self.peek() == "{" {
            let entries = self.list()?;
            return self.behind(Expr { at, kind: ExprKind::Literal(of, entries) });
        }
        Ok(Expr { at, kind: ExprKind::Cast(of, Box::new(self.unary()?)) })
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let primary = self.primary()?;
        self.behind(primary)
    }

    /// What stands behind an operand.
    fn behind(&mut self, mut of: Expr) -> Parsed<Expr> {
        loop {
            let at = self.at();
            let mark = self.peek();
            let kind = match mark {
                "(" => {
                    let arguments = self.arguments()?;
                    // A call is where its name is.
                    of = Expr { at: of.at, kind: ExprKind::Call { function: Box::new(of), arguments } };
                    self.link()?;
                    continue;
                }
                "[" => {
                    self.next += 1;
                    let index = Box::new(self.nested(Parser::expression)?);
                    self.expect("]")?;
                    ExprKind::Index { of: Box::new(of), at: index }
                }
                "." | "->" => {
                    self.next += 1;
                    let name = self.name("the name of a member")?;
                    ExprKind::Member { of: Box::new(of), name, is_arrow: mark == "->" }
                }
                "++" | "--" => {
                    self.next += 1;
                    ExprKind::Step { of: Box::new(of), is_down: mark == "--", is_postfix: true }
                }
                _ => return Ok(of),
            };
            self.link()?;
            of = Expr { at, kind };
        }
    }

    /// The arguments of a call, each an expression, a type, or nothing where a macro is given nothing.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.side_by_side(Parser::argument)?);
            if self.take(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn argument(&mut self) -> Parsed<Expr> {
        let at = self.at();
        if self.is_type_at(self.next) {
            let (next, kept) = (self.next, self.inner.len());
            let of = self.nested(Parser::type_name)?;
            if matches!(self.peek(), "," | ")") {
                return Ok(as_argument(at, of));
            }
            // A name that only looks like a type's: `count_t * 2`.
            self.next = next;
            self.inner.truncate(kept);
        }
        self.assignment()
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let Some(token) = self.token() else { return self.expected("an expression") };
        let (at, word) = (token.at, self.peek());
        let kind = match token.kind {
            Kind::Word if self.is_name(self.next) => {
                if self.kind_at(self.next + 1) == Some(Kind::Text) {
                    self.text()
                } else {
                    self.next += 1;
                    ExprKind::Name(word.into())
                }
            }
            Kind::Text => self.text(),
            Kind::Number => {
                self.next += 1;
                match number::integer(word) {
                    Some((value, of)) => ExprKind::Int(value, of),
                    None if word.contains('.') || word.contains(['e', 'E']) => ExprKind::Float(word.into()),
                    None => return self.error(at, format!("`{word}` is no number")),
                }
            }
            Kind::Character => {
                self.next += 1;
                match number::character(word) {
                    Some(value) => ExprKind::Int(value as u64, crate::ast::IntType::INT),
                    None => return self.error(at, format!("the character {word}")),
                }
            }
            Kind::Mark if word == "(" && self.peek_second() == "{" => {
                self.next += 1;
                let statements = self.side_by_side(|parser| parser.nested(Parser::block))?;
                self.expect(")")?;
                ExprKind::Statements(statements)
            }
            Kind::Mark if word == "(" => {
                self.next += 1;
                let inside = self.nested(Parser::expression)?;
                self.expect(")")?;
                return Ok(inside);
            }
            _ => return self.expected("an expression"),
        };
        Ok(Expr { at, kind })
    }

    /// Strings in a row, with the macros between them.
    fn text(&mut self) -> ExprKind {
        let from = self.next;
        while self.kind_at(self.next) == Some(Kind::Text) || self.is_name(self.next) {
            self.next += 1;
        }
        let tokens = &self.tokens[from..self.next];
        ExprKind::Text(crate::token::code(self.text, tokens).into())
    }

    /// The first value of a variable.
    pub(super) fn initial(&mut self) -> Parsed<Expr> {
        if self.peek() == "{" {
            let at = self.at();
            return Ok(Expr { at, kind: ExprKind::List(self.list()?) });
        }
        self.assignment()
    }

    fn list(&mut self) -> Parsed<Vec<Initial>> {
        self.nested(|parser| {
            parser.expect("{")?;
            let mut entries = Vec::new();
            while !parser.take("}") {
                entries.push(parser.side_by_side(Parser::entry)?);
                if !parser.take(",") && parser.peek() != "}" {
                    return parser.expected("`,` or `}`");
                }
            }
            Ok(entries)
        })
    }

    fn entry(&mut self) -> Parsed<Initial> {
        let mut to = Vec::new();
        // As it was written before C had designators.
        if self.is_name(self.next) && self.peek_second() == ":" {
            let name: Name = self.name("the name of a member")?;
            self.expect(":")?;
            return Ok(Initial { to: vec![Designator::Member(name)], value: self.initial()? });
        }
        loop {
            if self.take(".") {
                to.push(Designator::Member(self.name("the name of a member")?));
            } else if self.take("[") {
                let first = self.nested(Parser::conditional)?;
                let last = if self.take("...") { Some(self.nested(Parser::conditional)?) } else { None };
                self.expect("]")?;
                to.push(Designator::Index(first, last));
            } else {
                break;
            }
        }
        if !to.is_empty() {
            self.expect("=")?;
        }
        Ok(Initial { to, value: self.initial()? })
    }

    /// An expression for its place, without evaluating it.
    pub(super) fn in_parentheses(&mut self) -> Parsed<Expr> {
        self.expect("(")?;
        let inside = self.nested(Parser::expression)?;
        self.expect(")")?;
        Ok(inside)
    }
}

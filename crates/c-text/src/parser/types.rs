//! Types and declarators.
//!
//! C can't be parsed without knowing which names are types, and the headers are not read for it. A name is a type
//! where no expression could stand (`name *other`, `(name *)`, `name other`), where the text's own `typedef` or
//! the hints say so, and where it ends in `_t` and is not called.

use crate::ast::{
    Enum, Enumerator, Expr, ExprKind, IntType, Item, ItemKind, Member, Parameter, Record, RecordKind, Type,
};
use crate::token::Kind;
use crate::token::code;
use crate::{Name, Position};

use super::{Parsed, Parser, is_keyword, is_type_keyword};

/// What stands before a type's name.
#[derive(Clone, Copy, Default)]
pub(super) struct Storage {
    pub(super) is_static: bool,
    pub(super) is_extern: bool,
    pub(super) is_typedef: bool,
    pub(super) is_const: bool,
}

/// A name and what it is declared as.
pub(super) struct Declarator {
    pub(super) name: Option<(Name, Position)>,
    pub(super) of: Type,
}

/// How many names an array's or function's declarator may be wrapped in.
const SUFFIXES_MAX: usize = 16;

impl<'t> Parser<'t> {
    pub(super) fn is_known_type(&self, word: &str) -> bool {
        self.hints.types.contains(word) || self.typedefs.contains(word)
    }

    /// Whether a type begins at `index`, where an expression could stand as well.
    pub(super) fn is_type_at(&self, index: usize) -> bool {
        let word = self.word_at(index);
        if self.kind_at(index) != Some(Kind::Word) {
            return false;
        }
        if is_type_keyword(word) {
            return true;
        }
        if is_keyword(word) || self.word_at(index + 1) == "(" {
            return false;
        }
        if self.is_known_type(word) || word.ends_with("_t") {
            return !matches!(self.word_at(index + 1), "." | "->" | "[" | "=" | "++" | "--");
        }
        let mut next = index + 1;
        while matches!(self.word_at(next), "*" | "const") {
            next += 1;
        }
        next > index + 1 && matches!(self.word_at(next), ")" | ",")
    }

    /// Whether a declaration begins here, where a statement could stand as well.
    pub(super) fn is_declaration(&self) -> bool {
        let word = self.peek();
        if self.kind_at(self.next) != Some(Kind::Word) || is_keyword(word) {
            return is_type_keyword(word);
        }
        if self.is_name(self.next + 1) || is_type_keyword(self.peek_second()) {
            return true;
        }
        let mut next = self.next + 1;
        while matches!(self.word_at(next), "*" | "const") {
            next += 1;
        }
        let is_known = self.is_known_type(word);
        if next == self.next + 1 {
            // `type (*name)(..)`
            let is_function = self.word_at(next + 3) == ")" && self.word_at(next + 4) == "(";
            let is_type = is_known || word.ends_with("_t") && is_function;
            return is_type && self.peek_second() == "(" && self.word_at(next + 1) == "*";
        }
        let behind = self.word_at(next + 1);
        self.is_name(next)
            && (matches!(behind, ";" | "=" | "," | "[" | ")") || is_known || self.is_name(next + 1))
    }

    /// The part of a declaration that its declarators share.
    pub(super) fn specifiers(&mut self) -> Parsed<(Type, Storage)> {
        let mut storage = Storage::default();
        let mut base: Option<Type> = None;
        let (mut long, mut signed, mut width) = (0, None, None);
        let first = self.at();
        loop {
            let word = self.peek();
            match word {
                "const" | "__const" => storage.is_const = true,
                "volatile" | "inline" | "register" | "auto" | "__inline" | "__inline__" | "__volatile__"
                | "__restrict" | "restrict" | "__extension__" | "_Thread_local" | "__thread" => {}
                "static" => storage.is_static = true,
                "extern" => storage.is_extern = true,
                "typedef" => storage.is_typedef = true,
                "signed" | "__signed__" => signed = Some(true),
                "unsigned" => signed = Some(false),
                "long" => long += 1,
                "char" => width = Some(8),
                "short" => width = Some(16),
                "int" => width = width.or(Some(32)),
                "__int128" => return self.error(self.at(), "an integer of 128 bits"),
                _ if base.is_some() && !is_type_keyword(word) => break,
                _ if let Some(Type::Named(name)) = &base => {
                    return self.error(first, unknown_attribute(name));
                }
                _ if base.is_some() => return self.error(self.at(), "two types in one declaration"),
                "void" => base = Some(Type::Void),
                "_Bool" | "bool" => base = Some(Type::Int(IntType::BOOL)),
                "float" | "double" => base = Some(Type::Float),
                "__auto_type" => base = Some(Type::Auto),
                "struct" | "union" => base = Some(self.record()?),
                "enum" => base = Some(self.enumeration()?),
                "typeof" | "__typeof__" | "typeof_unqual" => base = Some(self.type_of()?),
                _ if long > 0 || signed.is_some() || width.is_some() || !self.is_name(self.next) => break,
                _ => base = Some(Type::Named(word.into())),
            }
            // The longer ones have moved on by themselves.
            if !matches!(word, "struct" | "union" | "enum" | "typeof" | "__typeof__" | "typeof_unqual") {
                self.next += 1;
            }
        }
        let is_number = long > 0 || signed.is_some() || width.is_some();
        let of = match base {
            // `long double`
            Some(Type::Float) => Type::Float,
            Some(Type::Named(name)) if is_number => return self.error(first, unknown_attribute(&name)),
            Some(_) if is_number => return self.error(first, "two types in one declaration"),
            Some(base) => base,
            None if is_number => {
                let bits = if long > 0 { 64 } else { width.unwrap_or(32) };
                Type::Int(IntType { bits, is_signed: signed.unwrap_or(true) })
            }
            None => return self.expected("a type"),
        };
        Ok((of, storage))
    }

    fn type_of(&mut self) -> Parsed<Type> {
        self.next += 1;
        self.expect("(")?;
        let of = self.nested(|parser| {
            if parser.is_type_at(parser.next) {
                parser.type_name()
            } else {
                Ok(Type::TypeOf(Box::new(parser.expression()?)))
            }
        })?;
        self.expect(")")?;
        Ok(of)
    }

    /// A type without a name: of a cast, of `sizeof`.
    pub(super) fn type_name(&mut self) -> Parsed<Type> {
        let (base, _) = self.specifiers()?;
        Ok(self.declarator(base)?.of)
    }

    pub(super) fn declarator(&mut self, base: Type) -> Parsed<Declarator> {
        self.nested(|parser| parser.declarator_here(base))
    }

    fn declarator_here(&mut self, base: Type) -> Parsed<Declarator> {
        let mut of = base;
        let mut stars = 0;
        loop {
            match self.peek() {
                "*" if stars == SUFFIXES_MAX => return self.error(self.at(), "too many pointers in a row"),
                "*" => {
                    of = Type::Pointer(Box::new(of));
                    stars += 1;
                }
                "const" | "volatile" | "__restrict" | "restrict" | "__const" | "__volatile__" => {}
                _ => break,
            }
            self.next += 1;
        }
        let second = self.next + 1;
        let is_wrapped = self.peek() == "("
            && (matches!(self.word_at(second), "*" | "(")
                || self.is_name(second)
                    && self.word_at(second + 1) == ")"
                    && self.word_at(second + 2) == "(");
        if is_wrapped {
            // What is inside is declared as what is around it.
            let inside = second;
            let Some(close) = self.close_of(self.next) else { return self.expected("`)`") };
            self.next = close + 1;
            let of = self.suffixes(of)?;
            let behind = std::mem::replace(&mut self.next, inside);
            let declarator = self.declarator(of)?;
            if self.next != close {
                return self.expected("`)`");
            }
            self.next = behind;
            return Ok(declarator);
        }
        let at = self.at();
        let name = if self.is_name(self.next) { Some((self.name("a name")?, at)) } else { None };
        Ok(Declarator { name, of: self.suffixes(of)? })
    }

    /// `[..]` and `(..)` behind a name.
    fn suffixes(&mut self, of: Type) -> Parsed<Type> {
        let mut lengths = Vec::new();
        while self.peek() == "[" {
            if lengths.len() == SUFFIXES_MAX {
                return self.error(self.at(), "an array of too many dimensions");
            }
            self.next += 1;
            let length =
                if self.peek() == "]" { None } else { Some(Box::new(self.nested(Parser::assignment)?)) };
            self.expect("]")?;
            lengths.push(length);
        }
        if self.peek() == "(" && lengths.is_empty() {
            let (parameters, is_variadic) = self.parameters()?;
            return Ok(Type::Function { result: Box::new(of), parameters, is_variadic });
        }
        Ok(lengths.into_iter().rev().fold(of, |of, length| Type::Array(Box::new(of), length)))
    }

    fn parameters(&mut self) -> Parsed<(Vec<Parameter>, bool)> {
        self.expect("(")?;
        let mut parameters = Vec::new();
        if self.take(")") || self.peek() == "void" && self.peek_second() == ")" {
            self.next += if self.peek() == "void" { 2 } else { 0 };
            return Ok((parameters, false));
        }
        loop {
            if self.take("...") {
                self.expect(")")?;
                return Ok((parameters, true));
            }
            let (base, _) = self.specifiers()?;
            let Declarator { name, of } = self.declarator(base)?;
            let of = match of {
                Type::Array(of, _) => Type::Pointer(of),
                Type::Function { .. } => Type::Pointer(Box::new(of)),
                of => of,
            };
            parameters.push(Parameter { name: name.map(|(name, _)| name), of });
            if self.take(")") {
                return Ok((parameters, false));
            }
            self.expect(",")?;
        }
    }

    /// Puts what stood inside another item where items are.
    fn keep(&mut self, kind: ItemKind, from: usize) {
        let tokens = &self.tokens[from..self.next];
        self.inner.push(Item {
            kind,
            file: self.file.clone(),
            at: self.tokens[from].at,
            end: tokens.last().map_or(0, |token| token.at.line),
            code: code(self.text, tokens).into(),
        });
    }

    fn record(&mut self) -> Parsed<Type> {
        let from = self.next;
        let kind = if self.peek() == "struct" { RecordKind::Struct } else { RecordKind::Union };
        self.next += 1;
        let name = if self.is_name(self.next) { Some(self.name("a name")?) } else { None };
        if self.peek() == "{" {
            let members = self.nested(|parser| parser.members(kind))?;
            self.keep(ItemKind::Record(Record { kind, name: name.clone(), members }), from);
        } else if name.is_none() {
            return self.expected("the name of a struct or union");
        }
        Ok(Type::Record { kind, name })
    }

    fn members(&mut self, kind: RecordKind) -> Parsed<Vec<Member>> {
        self.expect("{")?;
        let is_union = kind == RecordKind::Union;
        let mut members: Vec<Member> = Vec::new();
        while !self.take("}") {
            if self.take(";") {
                continue;
            }
            // A macro that declares a member: nobody can know which.
            if self.is_name(self.next)
                && self.peek_second() == "("
                && let Some(close) = self.close_of(self.next + 1)
                && self.word_at(close + 1) == ";"
            {
                self.next = close + 2;
                continue;
            }
            let known = self.inner.len();
            let (base, _) = self.specifiers()?;
            if self.take(";") {
                // One without a name: its members are ours.
                let nested = self.inner.get(known..).and_then(|inner| inner.last()).map(|item| &item.kind);
                if let (Type::Record { name: None, .. }, Some(ItemKind::Record(of))) = (&base, nested) {
                    let mut theirs = of.members.clone();
                    theirs.iter_mut().for_each(|member| member.is_shared |= is_union);
                    members.extend(theirs);
                }
                continue;
            }
            loop {
                let Declarator { name, of } = self.declarator(base.clone())?;
                let bits = if self.take(":") { Some(self.nested(Parser::conditional)?) } else { None };
                match name {
                    Some((name, _)) => members.push(Member { name, of, bits, is_shared: is_union }),
                    None if bits.is_some() => {}
                    None => return self.expected("the name of a member"),
                }
                if !self.take(",") {
                    break;
                }
            }
            self.expect(";")?;
        }
        Ok(members)
    }

    fn enumeration(&mut self) -> Parsed<Type> {
        let from = self.next;
        self.next += 1;
        let name = if self.is_name(self.next) { Some(self.name("a name")?) } else { None };
        if self.take("{") {
            let values = self.nested(Parser::enumerators)?;
            self.keep(ItemKind::Enum(Enum { name: name.clone(), values }), from);
        } else if name.is_none() {
            return self.expected("the name of an enum");
        }
        Ok(Type::Enum(name))
    }

    fn enumerators(&mut self) -> Parsed<Vec<Enumerator>> {
        let mut values: Vec<Enumerator> = Vec::new();
        let (mut base, mut more): (Option<Expr>, u32) = (None, 0);
        while !self.take("}") {
            let name = self.name("an enumerator")?;
            if self.take("=") {
                base = Some(self.side_by_side(|parser| parser.nested(Parser::conditional))?);
                more = 0;
            }
            values.push(Enumerator { name, base: base.clone(), more });
            more += 1;
            if !self.take(",") && self.peek() != "}" {
                return self.expected("`,` or `}`");
            }
        }
        Ok(values)
    }

    /// Whether a parenthesis here holds a type: of a cast or of a literal.
    pub(super) fn is_cast(&self) -> bool {
        let Some(close) = self.close_of(self.next).filter(|_| self.peek() == "(") else { return false };
        if !self.is_type_at(self.next + 1) {
            // `(name)other`: no operator is between them.
            let behind = self.kind_at(close + 1);
            let is_lone = self.is_name(self.next + 1) && close == self.next + 2;
            let is_operand = matches!(behind, Some(Kind::Number | Kind::Character | Kind::Text))
                || self.is_name(close + 1)
                || matches!(self.word_at(close + 1), "~" | "!" | "sizeof" | "{");
            return is_lone && is_operand;
        }
        // A variable whose name ends as a type's does.
        let word = self.word_at(self.next + 1);
        let is_lone = close == self.next + 2 && !is_type_keyword(word) && !self.is_known_type(word);
        !(is_lone && matches!(self.word_at(close + 1), ")" | ";" | "," | "]" | "?" | ":" | "+" | "/" | "=="))
    }
}

fn unknown_attribute(name: &str) -> String {
    format!("`{name}` beside a type: an attribute word that is not known?")
}

/// A type where an argument stands.
pub(super) fn as_argument(at: Position, of: Type) -> Expr {
    Expr { at, kind: ExprKind::Type(of) }
}

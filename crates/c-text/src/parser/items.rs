//! Items. Where one ends is told by brackets alone, so that one that is not in the subset costs nothing else.

use std::sync::Arc;

use crate::ast::{Function, Item, ItemKind, MacroCall, Prototype, Type, Typedef, Unparsed, Variable};
use crate::token::code;
use crate::{Name, SyntaxError};

use super::types::{Declarator, Storage};
use super::{Parsed, Parser};

/// The extent of an item, and what it looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Up to a semicolon.
    Declaration,
    /// A head and a body.
    Function { body: usize },
    /// A macro's call: its name, and its body where a block follows.
    Macro { name: usize, has_body: bool },
}

impl Parser<'_> {
    /// All items of the file.
    pub(crate) fn items(mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while self.next < self.tokens.len() {
            let from = self.next;
            let (shape, end) = self.extent();
            self.end = end;
            (self.depth, self.chain) = (0, 0);
            let parsed = self.item(shape);
            if let Err(why) = &parsed {
                self.inner.clear();
                let unparsed = self.unparsed(from, shape, why.clone());
                self.add(&mut items, unparsed, from);
            }
            items.append(&mut self.inner);
            for kind in parsed.into_iter().flatten() {
                self.add(&mut items, kind, from);
            }
            self.next = end;
            self.end = self.tokens.len();
        }
        items
    }

    fn add(&self, items: &mut Vec<Item>, kind: ItemKind, from: usize) {
        let tokens = &self.tokens[from..self.end];
        let Some((first, last)) = tokens.first().zip(tokens.last()) else { return };
        let code = code(self.text, tokens).into();
        items.push(Item { kind, file: self.file.clone(), at: first.at, end: last.at.line, code });
    }

    /// Where the item that begins here ends.
    fn extent(&self) -> (Shape, usize) {
        let mut next = self.next;
        while matches!(
            self.word_at(next),
            "static" | "extern" | "const" | "inline" | "__inline__" | "typedef"
        ) {
            next += 1;
        }
        let is_macro = self.is_name(next) && self.word_at(next + 1) == "(";
        if is_macro && let Some(close) = self.close_of(next + 1) {
            let name = next;
            return match self.word_at(close + 1) {
                ";" => (Shape::Macro { name, has_body: false }, close + 2),
                "{" => {
                    let end = self.close_of(close + 1).unwrap_or(self.tokens.len() - 1) + 1;
                    (Shape::Macro { name, has_body: true }, end)
                }
                // It declares, and this is the first value.
                "=" | "[" | "," => (Shape::Macro { name, has_body: false }, self.semicolon_from(close + 1)),
                _ => (Shape::Macro { name, has_body: false }, close + 1),
            };
        }
        // `extern "C" {`
        let mut has_value = false;
        let mut at = self.next;
        while at < self.tokens.len() {
            match self.word_at(at) {
                ";" => return (Shape::Declaration, at + 1),
                "=" => has_value = true,
                "{" if !has_value && at > self.next && self.word_at(at - 1) == ")" => {
                    let end = self.close_of(at).map_or(self.tokens.len(), |close| close + 1);
                    return (Shape::Function { body: at }, end);
                }
                "(" | "[" | "{" => at = self.close_of(at).unwrap_or(at),
                _ => {}
            }
            at += 1;
        }
        (Shape::Declaration, self.tokens.len())
    }

    /// Behind the next semicolon outside brackets.
    fn semicolon_from(&self, mut at: usize) -> usize {
        while at < self.tokens.len() {
            match self.word_at(at) {
                ";" => return at + 1,
                "(" | "[" | "{" => at = self.close_of(at).unwrap_or(at),
                _ => {}
            }
            at += 1;
        }
        self.tokens.len()
    }

    fn unparsed(&self, from: usize, shape: Shape, why: SyntaxError) -> ItemKind {
        // The name before the first parenthesis, or before the value.
        let last = match shape {
            Shape::Function { body } => body,
            _ => self.end,
        };
        let mark = (from..last).find(|index| matches!(self.word_at(*index), "(" | "=" | "[" | ";"));
        let name = mark
            .filter(|mark| *mark > from && self.is_name(mark - 1))
            .map(|mark| self.word_at(mark - 1).into());
        ItemKind::Unparsed(Unparsed { name, is_function: matches!(shape, Shape::Function { .. }), why })
    }

    fn item(&mut self, shape: Shape) -> Parsed<Vec<ItemKind>> {
        match shape {
            Shape::Macro { name, has_body } => {
                let arguments = self.written_arguments(name + 1);
                let name = self.word_at(name).into();
                Ok(vec![ItemKind::MacroCall(MacroCall { name, arguments, has_body })])
            }
            Shape::Function { body } => self.function(body),
            Shape::Declaration => self.declaration(),
        }
    }

    /// The arguments of the parenthesis at `open`, as they are written.
    fn written_arguments(&self, open: usize) -> Vec<Name> {
        let Some(close) = self.close_of(open) else { return Vec::new() };
        let mut arguments = Vec::new();
        let (mut from, mut at) = (open + 1, open + 1);
        while at <= close {
            match self.word_at(at) {
                "," | ")" if at == close || self.word_at(at) == "," => {
                    arguments.push(code(self.text, &self.tokens[from..at]).into());
                    from = at + 1;
                }
                "(" | "[" | "{" => at = self.close_of(at).unwrap_or(at),
                _ => {}
            }
            at += 1;
        }
        arguments
    }

    fn function(&mut self, body: usize) -> Parsed<Vec<ItemKind>> {
        let (file, at, end) = (self.file.clone(), self.at(), self.end);
        let (base, storage) = self.specifiers()?;
        let declarator = self.declarator(base)?;
        let prototype = match declarator {
            Declarator { name: Some((name, _)), of: Type::Function { result, parameters, is_variadic } } => {
                Prototype { name, result: *result, parameters, is_variadic, is_static: storage.is_static }
            }
            _ => return self.expected("the head of a function"),
        };
        if self.next != body {
            return self.expected("`{`");
        }
        let kept = self.inner.len();
        let mut parsed = self.nested(Parser::block);
        if parsed.is_ok() && self.next != end {
            parsed = self.expected("the end of the function");
        }
        if parsed.is_err() {
            self.inner.truncate(kept);
        }
        let end = self.tokens[end - 1].at.line;
        Ok(vec![ItemKind::Function(Arc::new(Function { prototype, file, at, end, body: parsed }))])
    }

    fn declaration(&mut self) -> Parsed<Vec<ItemKind>> {
        if matches!(self.peek(), ";" | "asm" | "__asm__" | "_Static_assert") {
            return Ok(vec![ItemKind::Nothing]);
        }
        let (base, storage) = self.specifiers()?;
        let mut kinds = Vec::new();
        if self.take(";") {
            return Ok(kinds);
        }
        loop {
            let Declarator { name, of } = self.declarator(base.clone())?;
            let Some((name, at)) = name else { return self.expected("a name") };
            let attributes = self.meaningful_attributes()?;
            let initial = if self.take("=") { Some(self.side_by_side(Parser::initial)?) } else { None };
            let Storage { is_static, is_extern, is_typedef, is_const } = storage;
            kinds.push(match of {
                of if is_typedef => {
                    self.define_type(&name);
                    ItemKind::Typedef(Typedef { name, of })
                }
                Type::Function { result, parameters, is_variadic } => ItemKind::Prototype(Prototype {
                    name,
                    result: *result,
                    parameters,
                    is_variadic,
                    is_static,
                }),
                of => ItemKind::Variable(Variable {
                    name,
                    at,
                    of,
                    initial,
                    is_static,
                    is_extern,
                    is_const,
                    attributes,
                }),
            });
            if !self.take(",") {
                break;
            }
        }
        self.expect(";")?;
        if self.next == self.end { Ok(kinds) } else { self.expected("the end of the declaration") }
    }

    fn define_type(&mut self, name: &str) {
        let tokens = &self.tokens[..self.next];
        let written = tokens.iter().rev().map(|token| token.of(self.text)).find(|word| *word == name);
        self.typedefs.extend(written);
    }
}

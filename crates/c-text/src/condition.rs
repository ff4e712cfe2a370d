//! The conditions of `#if`.

use std::collections::{BTreeMap, BTreeSet};

use crate::define::Define;
use crate::number;
use crate::token::{Kind, Token};
use crate::{Config, Name, Position};

/// How deep a condition and the definitions in it may be nested.
const DEPTH_MAX: usize = 60;
/// How many parts it may have, those of definitions each time that they are used.
const PARTS_MAX: usize = 10_000;

/// Who is asked for names: the file itself, then the configuration.
pub(crate) struct Asking<'a> {
    text: &'a str,
    config: &'a Config,
    defined: &'a BTreeMap<&'a str, &'a Define>,
    undefined: &'a BTreeSet<&'a str>,
    /// Names that nobody knew; they are taken as not defined.
    pub(crate) unknown: Vec<(Name, Position)>,
    depth: usize,
    parts: usize,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(
        text: &'a str,
        config: &'a Config,
        defined: &'a BTreeMap<&'a str, &'a Define>,
        undefined: &'a BTreeSet<&'a str>,
    ) -> Asking<'a> {
        Asking { text, config, defined, undefined, unknown: Vec::new(), depth: 0, parts: 0 }
    }

    pub(crate) fn is_defined(&mut self, name: &str, at: Position) -> bool {
        if self.defined.contains_key(name) || self.undefined.contains(name) {
            return self.defined.contains_key(name);
        }
        let known = self.config.get(name);
        if known.is_none() {
            self.unknown.push((name.into(), at));
        }
        known.flatten().is_some()
    }

    fn is_enabled(&mut self, name: &str, at: Position) -> bool {
        let known = self.config.is_enabled(name);
        if known.is_none() {
            self.unknown.push((name.into(), at));
        }
        known.unwrap_or(false)
    }

    fn value(&mut self, name: &str, at: Position) -> Result<i64, String> {
        match self.defined.get(name) {
            Some(define) if define.parameters.is_none() => decide_number(self, &define.body),
            Some(_) => Ok(0),
            None => {
                let is_defined = self.is_defined(name, at);
                Ok(if is_defined { self.config.get(name).flatten().unwrap_or(0) } else { 0 })
            }
        }
    }
}

/// Whether the condition holds; or why it can't be told.
pub(crate) fn decide(asking: &mut Asking, tokens: &[Token]) -> Result<bool, String> {
    decide_number(asking, tokens).map(|value| value != 0)
}

fn decide_number(asking: &mut Asking, tokens: &[Token]) -> Result<i64, String> {
    let mut condition = Condition { asking, tokens, next: 0 };
    let value = condition.choice()?;
    match condition.peek() {
        "" => Ok(value),
        other => Err(format!("`{other}` in a condition")),
    }
}

struct Condition<'c, 'a> {
    asking: &'c mut Asking<'a>,
    tokens: &'c [Token],
    next: usize,
}

/// The binary operators, those that bind loosest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<", ">", "<=", ">="],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl<'a> Condition<'_, 'a> {
    fn peek(&self) -> &str {
        self.tokens.get(self.next).map_or("", |token| token.of(self.asking.text))
    }

    fn take(&mut self, mark: &str) -> bool {
        let is_there = self.peek() == mark;
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        if self.take(mark) { Ok(()) } else { Err(format!("a condition without `{mark}`")) }
    }

    /// `a ? b : c`.
    fn choice(&mut self) -> Result<i64, String> {
        self.asking.depth += 1;
        self.asking.parts += 1;
        if self.asking.depth > DEPTH_MAX || self.asking.parts > PARTS_MAX {
            return Err("a condition that is too large".into());
        }
        let mut value = self.binary(0)?;
        if self.take("?") {
            let yes = self.choice()?;
            self.expect(":")?;
            let no = self.choice()?;
            value = if value != 0 { yes } else { no };
        }
        self.asking.depth -= 1;
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| **operator == self.peek()) {
            self.next += 1;
            let right = self.binary(level + 1)?;
            left = match *operator {
                "||" => (left != 0 || right != 0).into(),
                "&&" => (left != 0 && right != 0).into(),
                "|" => left | right,
                "^" => left ^ right,
                "&" => left & right,
                "==" => (left == right).into(),
                "!=" => (left != right).into(),
                "<" => (left < right).into(),
                ">" => (left > right).into(),
                "<=" => (left <= right).into(),
                ">=" => (left >= right).into(),
                "<<" => left.wrapping_shl(right as u32),
                ">>" => left.wrapping_shr(right as u32),
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                "*" => left.wrapping_mul(right),
                // Behind `&&` or `||` the right side may be one that C never looks at.
                _ if right == 0 => 0,
                "/" => left.wrapping_div(right),
                _ => left.wrapping_rem(right),
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<i64, String> {
        let mut operators = Vec::new();
        while matches!(self.peek(), "!" | "-" | "~" | "+") {
            operators.push(self.peek().to_owned());
            self.next += 1;
        }
        let mut value = self.atom()?;
        for operator in operators.iter().rev() {
            value = match operator.as_str() {
                "!" => (value == 0).into(),
                "-" => value.wrapping_neg(),
                "~" => !value,
                _ => value,
            };
        }
        Ok(value)
    }

    fn atom(&mut self) -> Result<i64, String> {
        if self.take("(") {
            let value = self.choice()?;
            self.expect(")")?;
            return Ok(value);
        }
        let Some(token) = self.tokens.get(self.next).copied() else {
            return Err("a condition that breaks off".into());
        };
        self.next += 1;
        let word = token.of(self.asking.text).to_owned();
        match (token.kind, word.as_str()) {
            (Kind::Number, _) => match number::integer(&word) {
                Some((value, _)) => Ok(value as i64),
                None => Err(format!("`{word}` in a condition")),
            },
            (Kind::Character, _) => number::character(&word).ok_or_else(|| format!("{word} in a condition")),
            (Kind::Word, "defined") => self.named(Asking::is_defined),
            (Kind::Word, "IS_ENABLED" | "IS_BUILTIN" | "IS_REACHABLE") => self.named(Asking::is_enabled),
            (Kind::Word, _) if self.take("(") => {
                self.asking.unknown.push((word.as_str().into(), token.at));
                let mut open = 1;
                while open > 0 {
                    match self.peek() {
                        "(" => open += 1,
                        ")" => open -= 1,
                        "" => return Err(format!("`{word}(` without its end in a condition")),
                        _ => {}
                    }
                    self.next += 1;
                }
                Ok(0)
            }
            (Kind::Word, _) => self.asking.value(&word, token.at),
            _ => Err(format!("`{word}` in a condition")),
        }
    }

    /// `defined(NAME)` and its kin.
    fn named(&mut self, ask: fn(&mut Asking<'a>, &str, Position) -> bool) -> Result<i64, String> {
        let in_parentheses = self.take("(");
        let Some(token) = self.tokens.get(self.next).filter(|token| token.kind == Kind::Word) else {
            return Err("a condition that asks for no name".into());
        };
        let name = token.of(self.asking.text).to_owned();
        self.next += 1;
        if in_parentheses {
            self.expect(")")?;
        }
        Ok(ask(self.asking, &name, token.at).into())
    }
}

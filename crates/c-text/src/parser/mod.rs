//! From tokens to items, by recursive descent. Types are told from names by how they stand, by what the text
//! itself defines, and by hints; see [`types`].

mod expressions;
mod items;
mod statements;
mod types;

use std::collections::HashSet;

use crate::ast::{Expr, Item, Stmt};
use crate::token::{Kind, Token};
use crate::{Hints, Name, Position, SyntaxError};

/// How deep parentheses, blocks and operators may be nested.
const DEPTH_MAX: u32 = 100;
/// How many operators may stand in a row between one depth and the next.
const CHAIN_MAX: u32 = 500;

type Parsed<T> = Result<T, SyntaxError>;

/// No bracket closes this one.
const OPEN: u32 = u32::MAX;

pub(crate) struct Parser<'t> {
    file: &'t Name,
    text: &'t str,
    hints: &'t Hints,
    tokens: &'t [Token],
    /// For each bracket that opens, the one that closes it.
    closing: Vec<u32>,
    next: usize,
    /// Where the current item ends.
    end: usize,
    depth: u32,
    chain: u32,
    /// Types that the text defines.
    typedefs: HashSet<&'t str>,
    /// What stood inside others: the `struct` of a variable.
    inner: Vec<Item>,
}

/// Drops words that mean nothing, each with its arguments.
pub(crate) fn without_attributes(text: &str, tokens: &[Token], hints: &Hints) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut next = 0;
    while let Some(token) = tokens.get(next) {
        next += 1;
        if token.kind != Kind::Word || !hints.attributes.contains(token.of(text)) {
            kept.push(*token);
            continue;
        }
        if tokens.get(next).is_none_or(|token| token.of(text) != "(") || !takes_arguments(token.of(text)) {
            continue;
        }
        let mut open = 0;
        while let Some(token) = tokens.get(next) {
            match token.of(text) {
                "(" => open += 1,
                ")" => open -= 1,
                _ => {}
            }
            next += 1;
            if open == 0 {
                break;
            }
        }
    }
    kept
}

/// Whether a parenthesis behind an attribute word is its own: `__init (*f)(..)` is no call.
fn takes_arguments(word: &str) -> bool {
    !matches!(
        word,
        "__init" | "__exit" | "__user" | "__rcu" | "__iomem" | "__percpu" | "asmlinkage" | "notrace"
    ) && !word.starts_with("noinline")
}

/// Pairs of brackets. Braces pair whatever stands between them; what is left open is told.
fn pair(file: &Name, text: &str, tokens: &[Token]) -> Parsed<Vec<u32>> {
    let mut closing = vec![OPEN; tokens.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    let error =
        |token: &Token, why: &str| Err(SyntaxError { file: file.clone(), at: token.at, why: why.into() });
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Mark) {
        let mark = token.of(text);
        let opener = match mark {
            "(" | "[" | "{" => {
                open.push((index, mark));
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        if mark == "}" {
            while open.last().is_some_and(|(_, other)| *other != "{") {
                open.pop();
            }
        }
        match open.last() {
            Some(&(from, other)) if other == opener => {
                closing[from] = index as u32;
                open.pop();
            }
            _ if mark == "}" => return error(token, "this `}` closes nothing"),
            _ => {}
        }
    }
    match open.iter().find(|(_, mark)| *mark == "{") {
        Some((index, _)) => error(&tokens[*index], "this `{` is never closed"),
        None => Ok(closing),
    }
}

impl<'t> Parser<'t> {
    pub(crate) fn new(
        file: &'t Name,
        text: &'t str,
        tokens: &'t [Token],
        hints: &'t Hints,
    ) -> Parsed<Parser<'t>> {
        Ok(Parser {
            file,
            text,
            hints,
            tokens,
            closing: pair(file, text, tokens)?,
            next: 0,
            end: tokens.len(),
            depth: 0,
            chain: 0,
            typedefs: HashSet::new(),
            inner: Vec::new(),
        })
    }

    /// All of it as one expression.
    pub(crate) fn only_expression(mut self) -> Parsed<Expr> {
        let expression = self.expression()?;
        if self.next < self.end { self.expected("the end of the expression") } else { Ok(expression) }
    }

    /// All of it as statements; the last may lack its semicolon.
    pub(crate) fn only_statements(mut self) -> Parsed<Vec<Stmt>> {
        self.statements_to_end()
    }

    fn token(&self) -> Option<&'t Token> {
        self.tokens[..self.end].get(self.next)
    }

    fn word_at(&self, index: usize) -> &'t str {
        self.tokens[..self.end].get(index).map_or("", |token| token.of(self.text))
    }

    fn kind_at(&self, index: usize) -> Option<Kind> {
        self.tokens[..self.end].get(index).map(|token| token.kind)
    }

    /// What stands here; nothing at the end.
    fn peek(&self) -> &'t str {
        self.word_at(self.next)
    }

    fn peek_second(&self) -> &'t str {
        self.word_at(self.next + 1)
    }

    fn at(&self) -> Position {
        let last = self.tokens[..self.end].last();
        self.token().or(last).map_or(Position { line: 1, column: 1 }, |token| token.at)
    }

    fn take(&mut self, mark: &str) -> bool {
        let is_there = self.peek() == mark;
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.take(mark) { Ok(()) } else { self.expected(&format!("`{mark}`")) }
    }

    fn error<T>(&self, at: Position, why: impl Into<String>) -> Parsed<T> {
        Err(SyntaxError { file: self.file.clone(), at, why: why.into() })
    }

    fn expected<T>(&self, what: &str) -> Parsed<T> {
        let found: String = self.peek().chars().take(40).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
        self.error(self.at(), format!("expected {what}, found {found}"))
    }

    fn is_name(&self, index: usize) -> bool {
        self.kind_at(index) == Some(Kind::Word) && !is_keyword(self.word_at(index))
    }

    fn name(&mut self, what: &str) -> Parsed<Name> {
        if !self.is_name(self.next) {
            return self.expected(what);
        }
        let name = self.peek().into();
        self.next += 1;
        Ok(name)
    }

    /// Where the bracket that opens at `index` closes, if it does before the item's end.
    fn close_of(&self, index: usize) -> Option<usize> {
        self.closing.get(index).map(|close| *close as usize).filter(|close| *close < self.end)
    }

    /// One level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return self.error(self.at(), format!("nested more than {DEPTH_MAX} deep"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// One more operator in a row. With the depth this bounds how high a tree is, so that who walks it can recurse.
    fn link(&mut self) -> Parsed<()> {
        self.chain += 1;
        if self.chain > CHAIN_MAX {
            return self.error(self.at(), format!("more than {CHAIN_MAX} operators in a row"));
        }
        Ok(())
    }

    /// Parts that stand side by side, each with what of the chain is left.
    fn side_by_side<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let chain = self.chain;
        let parsed = parse(self);
        self.chain = chain;
        parsed
    }
}

/// Words that are no names.
fn is_keyword(word: &str) -> bool {
    is_type_keyword(word)
        || matches!(
            word,
            "if" | "else"
                | "while"
                | "do"
                | "for"
                | "switch"
                | "case"
                | "default"
                | "goto"
                | "break"
                | "continue"
                | "return"
                | "sizeof"
                | "asm"
                | "__asm__"
                | "_Static_assert"
                | "_Generic"
        )
}

/// Words that only a type or a declaration begins with.
fn is_type_keyword(word: &str) -> bool {
    matches!(
        word,
        "void"
            | "char"
            | "short"
            | "int"
            | "long"
            | "float"
            | "double"
            | "signed"
            | "unsigned"
            | "__signed__"
            | "_Bool"
            | "bool"
            | "struct"
            | "union"
            | "enum"
            | "const"
            | "volatile"
            | "static"
            | "extern"
            | "inline"
            | "register"
            | "typedef"
            | "auto"
            | "typeof"
            | "__typeof__"
            | "typeof_unqual"
            | "__auto_type"
            | "__inline"
            | "__inline__"
            | "__const"
            | "__volatile__"
            | "__restrict"
            | "restrict"
            | "__int128"
            | "_Thread_local"
            | "__thread"
            | "__extension__"
    )
}

//! One file, read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Expr, Item, ItemKind, Stmt};
use crate::define::Define;
use crate::directives::{self, Include};
use crate::parser::{Parser, without_attributes};
use crate::{Config, Function, Hints, Name, Position, ReadError, SyntaxError};

/// The longest source that is read, in bytes.
pub const BYTES_MAX: u64 = 8 << 20;

/// What a file says.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the tree.
    pub name: Name,
    /// Its items, in order; what stands inside another comes before it.
    pub items: Vec<Item>,
    /// Its macros, in order.
    pub defines: Vec<Define>,
    /// The macros that it takes back (`#undef`), in order, and where.
    pub undefs: Vec<(Name, Position)>,
    /// What it includes.
    pub includes: Vec<Include>,
    /// Names that its conditions ask for and the configuration does not know, taken as not defined; each with its
    /// first place.
    pub asked: BTreeMap<Name, Position>,
    text: Arc<str>,
}

impl File {
    /// Its functions.
    pub fn functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Function(function) => Some(function),
            _ => None,
        })
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a line, from 1, without its end.
    #[must_use]
    pub fn line(&self, line: u32) -> Option<&str> {
        self.text.lines().nth((line as usize).checked_sub(1)?)
    }
}

/// Takes the bytes of a file for text.
///
/// # Errors
/// If they are too many, or not UTF-8.
pub fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, ReadError> {
    let bytes_max = BYTES_MAX;
    if bytes.len() as u64 > bytes_max {
        return Err(ReadError::TooLong { file: name.into(), bytes: bytes.len() as u64, bytes_max });
    }
    std::str::from_utf8(bytes).map_err(|why| {
        let good = &bytes[..why.valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let column = good.iter().rev().take_while(|b| **b != b'\n').count() as u32 + 1;
        ReadError::NotText { file: name.into(), at: Position { line, column } }
    })
}

/// Reads the bytes of a file.
///
/// # Errors
/// If it is too long, is not UTF-8, or its items can't be told apart.
pub fn parse(name: &str, bytes: &[u8], config: &Config, hints: &Hints) -> Result<File, ReadError> {
    let text = Arc::<str>::from(text(name, bytes)?);
    let name: Name = name.into();
    let lines = directives::read(&name, &text, config)?;
    let tokens = without_attributes(&text, &lines.tokens, hints);
    let items = Parser::new(&name, &text, &tokens, hints)?.items();
    let directives::Lines { defines, undefs, includes, asked, .. } = lines;
    Ok(File { name, items, defines, undefs, includes, asked, text })
}

impl Define {
    /// What it stands for, as an expression.
    ///
    /// # Errors
    /// If it is none.
    pub fn expression(&self, hints: &Hints) -> Result<Expr, SyntaxError> {
        let tokens = without_attributes(&self.text, &self.body, hints);
        let parser = Parser::new(&self.file, &self.text, &tokens, hints);
        parser.and_then(Parser::only_expression).map_err(|why| self.placed(why))
    }

    /// What it stands for, as statements; the last may lack its semicolon.
    ///
    /// # Errors
    /// If it is none.
    pub fn statements(&self, hints: &Hints) -> Result<Vec<Stmt>, SyntaxError> {
        let tokens = without_attributes(&self.text, &self.body, hints);
        let parser = Parser::new(&self.file, &self.text, &tokens, hints);
        parser.and_then(Parser::only_statements).map_err(|why| self.placed(why))
    }

    /// An empty body has no place of its own.
    fn placed(&self, why: SyntaxError) -> SyntaxError {
        if self.body.is_empty() { SyntaxError { at: self.at, ..why } } else { why }
    }
}

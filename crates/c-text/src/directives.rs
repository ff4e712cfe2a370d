//! A text as tokens, without the lines that begin with `#`: conditions are decided, definitions are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::condition::{self, Asking};
use crate::define::Define;
use crate::token::{Endless, Kind, Scanner, Token};
use crate::{Config, Name, Position, SyntaxError};

/// `#include`, in a place that is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Include {
    /// The path as it is written, without quotes.
    pub path: Name,
    /// Where.
    pub at: Position,
    /// Whether it is in `<>`, so looked for among the headers.
    pub is_of_headers: bool,
}

#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) tokens: Vec<Token>,
    pub(crate) defines: Vec<Define>,
    pub(crate) includes: Vec<Include>,
    /// What is taken back.
    pub(crate) undefs: Vec<(Name, Position)>,
    /// Names that conditions asked for and nobody knows.
    pub(crate) asked: BTreeMap<Name, Position>,
}

/// An `#if` that is open.
struct Branch {
    at: Position,
    /// Whether what is around it is read.
    outer: bool,
    /// Whether its current side is read.
    read: bool,
    /// Whether a side of it was.
    taken: bool,
    /// Whether `#else` was there.
    ended: bool,
}

struct Reader<'a> {
    file: &'a Name,
    text: &'a Arc<str>,
    scanner: Scanner<'a>,
    config: &'a Config,
    lines: Lines,
    branches: Vec<Branch>,
    /// What the file itself has defined so far: the index in `defines`.
    defined: BTreeMap<&'a str, usize>,
    /// What it took back.
    undefined: BTreeSet<&'a str>,
}

/// How deep conditions may be nested.
const DEPTH_MAX: usize = 100;

pub(crate) fn read(file: &Name, text: &Arc<str>, config: &Config) -> Result<Lines, SyntaxError> {
    let mut reader = Reader {
        file,
        text,
        scanner: Scanner::new(text),
        config,
        lines: Lines::default(),
        branches: Vec::new(),
        defined: BTreeMap::new(),
        undefined: BTreeSet::new(),
    };
    reader.all()?;
    Ok(reader.lines)
}

impl<'a> Reader<'a> {
    fn error<T>(&self, at: Position, why: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError { file: self.file.clone(), at, why: why.into() })
    }

    fn endless(&self) -> impl Fn(Endless) -> SyntaxError + use<> {
        let file = self.file.clone();
        move |Endless(at)| SyntaxError { file: file.clone(), at, why: "this comment has no end".into() }
    }

    fn reads(&self) -> bool {
        self.branches.last().is_none_or(|branch| branch.outer && branch.read)
    }

    fn all(&mut self) -> Result<(), SyntaxError> {
        let endless = self.endless();
        let mut line = 0;
        loop {
            self.scanner.skip_blanks(false).map_err(&endless)?;
            let at = self.scanner.position();
            let is_first = at.line != line;
            line = at.line;
            if is_first && self.text[self.scanner.next..].starts_with('#') {
                self.directive()?;
                line = 0;
            } else if !self.reads() && self.scanner.next < self.text.len() {
                self.scanner.skip_line().map_err(&endless)?;
                line = 0;
            } else {
                let Some(token) = self.scanner.token() else { break };
                self.lines.tokens.push(token);
            }
        }
        match self.branches.first() {
            Some(branch) => self.error(branch.at, "this condition has no `#endif`"),
            None => Ok(()),
        }
    }

    fn rest_of_line(&mut self) -> Result<Vec<Token>, SyntaxError> {
        let endless = self.endless();
        let mut tokens = Vec::new();
        loop {
            self.scanner.skip_blanks(true).map_err(&endless)?;
            if self.text[self.scanner.next..].starts_with('\n') {
                return Ok(tokens);
            }
            match self.scanner.token() {
                Some(token) => tokens.push(token),
                None => return Ok(tokens),
            }
        }
    }

    fn directive(&mut self) -> Result<(), SyntaxError> {
        let at = self.scanner.position();
        self.scanner.next += 1;
        self.scanner.skip_blanks(true).map_err(self.endless())?;
        let word = match self.scanner.token() {
            Some(token) if token.kind == Kind::Word => token.of(self.text),
            _ => "",
        };
        let reads = self.reads();
        match word {
            "if" | "ifdef" | "ifndef" => {
                if self.branches.len() == DEPTH_MAX {
                    return self.error(at, format!("conditions are nested more than {DEPTH_MAX} deep"));
                }
                let tokens = self.rest_of_line()?;
                let read = reads && self.condition(word, at, &tokens)?;
                self.branches.push(Branch { at, outer: reads, read, taken: read, ended: false });
            }
            "elif" | "elifdef" | "elifndef" | "else" => {
                let tokens = self.rest_of_line()?;
                let decided = match self.branches.last() {
                    None => return self.error(at, format!("`#{word}` without `#if`")),
                    Some(branch) if branch.ended => {
                        return self.error(at, format!("`#{word}` behind `#else`"));
                    }
                    Some(branch) => !branch.outer || branch.taken,
                };
                let read = !decided && (word == "else" || self.condition(&word[2..], at, &tokens)?);
                if let Some(branch) = self.branches.last_mut() {
                    branch.read = read;
                    branch.taken |= read;
                    branch.ended = word == "else";
                }
            }
            "endif" => {
                if self.branches.pop().is_none() {
                    return self.error(at, "`#endif` without `#if`");
                }
                self.rest_of_line()?;
            }
            "define" if reads => self.define(at)?,
            "undef" if reads => {
                let tokens = self.rest_of_line()?;
                if let Some(name) = tokens.first() {
                    self.defined.remove(name.of(self.text));
                    self.undefined.insert(name.of(self.text));
                    self.lines.undefs.push((name.of(self.text).into(), name.at));
                }
            }
            "include" if reads => self.include(at)?,
            // `#pragma`, `#error`, `#line`, `#`: nothing of the text is changed by them.
            _ => self.scanner.skip_line().map_err(self.endless())?,
        }
        Ok(())
    }

    fn condition(&mut self, word: &str, at: Position, tokens: &[Token]) -> Result<bool, SyntaxError> {
        let bodies: BTreeMap<&str, &Define> =
            self.defined.iter().map(|(name, index)| (*name, &self.lines.defines[*index])).collect();
        let mut asking = Asking::new(self.text, self.config, &bodies, &self.undefined);
        let answer = match (word, tokens) {
            ("ifdef" | "ifndef" | "def" | "ndef", [name, ..]) if name.kind == Kind::Word => {
                Ok(asking.is_defined(name.of(self.text), name.at) != word.contains("ndef"))
            }
            ("if", _) => condition::decide(&mut asking, tokens),
            _ => Err(format!("`#{word}` without a name")),
        };
        for (name, at) in asking.unknown {
            self.lines.asked.entry(name).or_insert(at);
        }
        answer.or_else(|why| self.error(at, why))
    }

    fn include(&mut self, at: Position) -> Result<(), SyntaxError> {
        self.scanner.skip_blanks(true).map_err(self.endless())?;
        let text: &'a str = self.text;
        let rest = &text[self.scanner.next..];
        let closing = match rest.as_bytes().first() {
            Some(b'<') => Some('>'),
            Some(b'"') => Some('"'),
            _ => None,
        };
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        if let Some(closing) = closing
            && let Some(length) = line[1..].find(closing)
        {
            let path = line[1..=length].into();
            self.lines.includes.push(Include { path, at, is_of_headers: closing == '>' });
        }
        self.scanner.skip_line().map_err(self.endless())
    }

    fn define(&mut self, at: Position) -> Result<(), SyntaxError> {
        let tokens = self.rest_of_line()?;
        let text: &'a str = self.text;
        let Some(name) = tokens.first().filter(|token| token.kind == Kind::Word) else {
            return self.error(at, "`#define` without a name");
        };
        // Only a parenthesis that touches the name opens parameters.
        let is_call = |token: &Token| token.of(text) == "(" && token.start == name.end;
        let (parameters, from) = if tokens.get(1).is_some_and(is_call) {
            let Some(close) = tokens.iter().position(|token| token.of(text) == ")") else {
                return self.error(name.at, "the parameters of this macro have no end");
            };
            let between = tokens[2..close].iter();
            let names = between.filter(|token| token.of(text) != ",").map(|token| token.of(text).into());
            (Some(names.collect()), close + 1)
        } else {
            (None, 1)
        };
        let key = name.of(text);
        self.defined.insert(key, self.lines.defines.len());
        self.undefined.remove(key);
        self.lines.defines.push(Define {
            name: key.into(),
            file: self.file.clone(),
            at: name.at,
            end: tokens.last().map_or(name.at.line, |token| token.at.line),
            parameters,
            text: self.text.clone(),
            body: tokens[from..].to_vec(),
        });
        Ok(())
    }
}

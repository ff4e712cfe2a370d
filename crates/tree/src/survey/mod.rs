//! The functions that a tree's tables of functions name: which file systems there are, and what they write with.

mod readings;
mod tables;
mod text;

use std::sync::Arc;

use c_text::{Ambiguous, Config, Function, Hints, Name, Position, Sources as _, SyntaxError};

use crate::{Error, Tree};
use readings::Readings;

/// The folders whose files are looked at.
const FOLDERS: [&str; 3] = ["block", "fs", "mm"];

/// What is looked for: a `struct`, and some of its members.
struct Wanted {
    record: &'static str,
    members: &'static [&'static str],
}

const WANTED: [Wanted; 2] = [
    Wanted { record: "address_space_operations", members: &["write_begin", "write_end"] },
    Wanted { record: "file_operations", members: &["write_iter"] },
];

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The tables, by file and line.
    pub tables: Vec<Table>,
    /// Where there may be more.
    pub missed: Vec<Missed>,
}

/// A variable whose first value names functions.
#[derive(Clone, Debug)]
pub struct Table {
    /// The file.
    pub file: Name,
    /// Where the variable's name stands.
    pub at: Position,
    /// The variable.
    pub name: Name,
    /// The `struct` that it is: `address_space_operations` or `file_operations`.
    pub record: Name,
    /// The members that are wanted, in order.
    pub hooks: Vec<Hook>,
}

impl Table {
    /// The entry for a member: the first, if conditions give it several.
    #[must_use]
    pub fn hook(&self, member: &str) -> Option<&Hook> {
        self.hooks.iter().find(|hook| &*hook.member == member)
    }
}

/// An entry of a table.
#[derive(Clone, Debug)]
pub struct Hook {
    /// The member: `write_begin`, `write_end` or `write_iter`.
    pub member: Name,
    /// The function's name, or whatever expression stands there.
    pub function: Name,
    /// Where.
    pub at: Position,
    /// Whether it is there as the tree is configured; else it needs another configuration.
    pub is_configured: bool,
    /// The function.
    pub text: Text,
}

/// What is known of a function.
#[derive(Clone, Debug)]
pub enum Text {
    /// It was found; its body may be none that can be understood.
    Function(Arc<Function>),
    /// What seems to define it can't be understood.
    Unparsed(SyntaxError),
    /// There are two.
    Ambiguous(Ambiguous),
    /// It is in none of the files that were looked at, or is no name of a function.
    Nowhere,
}

impl Text {
    /// Its function, if all of it was understood.
    #[must_use]
    pub fn understood(&self) -> Option<&Arc<Function>> {
        match self {
            Text::Function(function) if function.body.is_ok() => Some(function),
            _ => None,
        }
    }
}

/// A place that may name more functions and was not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// The file.
    pub file: Name,
    /// What of it, and why.
    pub why: String,
}

impl Survey {
    /// Looks for every initialiser of `struct address_space_operations` with a `write_begin` or `write_end`, and of
    /// `struct file_operations` with a `write_iter`, in `block/`, `fs/` and `mm/`, and for the functions that they
    /// name. What stands under conditions that `config` does not know is found, too.
    ///
    /// # Errors
    /// If the files can't be listed. A file that can't be read is [`Missed`].
    pub fn of(tree: &Tree, config: &Config, hints: &Hints) -> Result<Survey, Error> {
        let mut readings = Readings::new(config, hints);
        let mut texts = Vec::new();
        for folder in FOLDERS {
            for file in tree.files(folder)? {
                if file.ends_with(".c") || file.ends_with(".h") {
                    match tree.read(&file) {
                        Ok(text) => texts.push((file, text.unwrap_or_default())),
                        Err(why) => readings.miss(&file, why.to_string()),
                    }
                }
            }
        }
        for (file, text) in &texts {
            if text::names_a_member(text, &WANTED) {
                readings.read(file, text);
            }
        }
        let mut tables = tables::of(&readings, &WANTED);
        for (file, why) in tables::beside(&readings, &WANTED) {
            readings.miss(&file, why);
        }
        let unknown = readings.unknown(&tables);
        for (file, text) in &texts {
            if text::may_define(text, &unknown) {
                readings.read(file, text);
            }
        }
        for table in &mut tables {
            for hook in &mut table.hooks {
                hook.text = readings.function(&hook.function, &table.file);
            }
        }
        Ok(Survey { tables, missed: readings.missed })
    }
}

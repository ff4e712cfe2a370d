//! The text of a path: its files as they were read, the tables that they are run with, and what of both was used.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use c_run::{Code, Place, Unknown};
use c_text::{Name, Program};
use machine::Unsupported;

use super::entry::{Assumption, Table};
use super::index::{Entry, Index, Known, Marks, Names};

/// A text with its tables.
pub struct Text {
    pub(super) code: Code,
    pub(super) index: Arc<Index>,
    assumed: Vec<Assumption>,
    marks: Marks,
    /// The table to add to, where the place does not tell.
    home: &'static str,
}

/// What runs have used of the tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Used {
    /// Words and macros.
    pub words: Vec<String>,
    /// What was taken to do nothing, with the reason.
    pub nothing: Vec<(String, &'static str)>,
    /// What was answered with a constant, and the table that says so.
    pub assumptions: Vec<(Assumption, &'static str)>,
}

impl Text {
    /// A text and tables, of which a later one has its way; `assumed` comes last.
    #[must_use]
    pub fn new(program: Arc<Program>, tables: &[&'static Table], assumed: &[Assumption]) -> Text {
        let index = Arc::new(Index::new(tables, &[]));
        let assumed: Vec<Assumption> = assumed.iter().map(|of| index.assumed(*of)).collect();
        let index = Arc::new(Index::new(tables, &assumed));
        Text {
            code: Code::new(program, Box::new(Names(index.clone()))),
            marks: Marks::new(&index),
            index,
            assumed,
            home: tables.last().map_or("models/tables", |table| table.file),
        }
    }

    /// The files.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.code.program()
    }

    /// The functions that runs have read so far, by file and name.
    #[must_use]
    pub fn functions(&self) -> Vec<(Name, Name)> {
        self.code.functions()
    }

    /// What of a function that the file `from` names the tables do not know, nor of what it calls: each once, where it
    /// is first come to. At least: what is read and set of objects is told by runs alone.
    #[must_use]
    pub fn unknowns(&self, from: &str, name: &str) -> Vec<(Place, Unknown)> {
        if self.is_hidden(name) { Vec::new() } else { self.code.unknowns_below(from, name) }
    }

    /// Whether the tables have a meaning for a name, which hides the text's own.
    #[must_use]
    pub fn is_hidden(&self, name: &str) -> bool {
        self.index.known(name).is_some()
    }

    /// What runs have used of the tables so far.
    #[must_use]
    pub fn used(&self) -> Used {
        self.marked(&self.marks)
    }

    pub(super) fn marked(&self, marks: &Marks) -> Used {
        let mut used = Used::default();
        for (name, known) in self.index.used(marks) {
            match known.entry {
                Entry::Word(_)
                | Entry::Macro(_)
                | Entry::Setter(_)
                | Entry::Argument
                | Entry::Constant(_) => used.words.push(name.to_owned()),
                Entry::Nothing(reason) => used.nothing.push((name.to_owned(), reason)),
                Entry::Assumption(of) => used.assumptions.push((of, known.file)),
            }
        }
        used
    }

    pub(super) fn mark(&self, known: &Known) {
        self.marks.mark(known);
    }

    /// Ends the execution at what is not known: there is no default.
    pub(super) fn refuse(&self, place: &Place, what: &Unknown) -> ! {
        let table = match &*place.file {
            "fs/buffer.c" | "include/linux/buffer_head.h" => crate::buffer::TABLE.file,
            file if file.starts_with("mm/") => crate::mm::TABLE.file,
            _ => self.home,
        };
        let hint = match what {
            Unknown::Function(_) if place.line == 0 => {
                "it is what is run: read the file that defines it, in models/tables/paths.rs".to_owned()
            }
            Unknown::Function(name) => format!(
                "add it to {table}: a word, what does nothing, or an assumption; or try --assume '{name}()=0'"
            ),
            Unknown::Name(_) => format!("add it to {table}: a constant"),
            Unknown::Type(_) => format!(
                "add it to {table}: a type; or read the file that defines it, in models/tables/paths.rs"
            ),
            Unknown::Load { .. } => format!("add it to {table}: a load"),
            Unknown::Store { .. } => format!("add it to {table}: a store"),
            Unknown::Unparsed { .. } => {
                format!("add what the reader lacks to crates/c-text/src/hints.rs, or the function to {table}")
            }
            Unknown::Ambiguous(_) | Unknown::Construct(_) => {
                format!("make the function that it stands in a word of {table}")
            }
        };
        machine::unsupported(Unsupported {
            file: place.file.to_string(),
            line: place.line,
            function: place.function.to_string(),
            what: what.to_string(),
            hint,
        })
    }
}

impl fmt::Display for Text {
    /// Its files and what the user assumes in a number, by which the text is known again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = DefaultHasher::new();
        for file in self.program().files() {
            (&file.name, file.text()).hash(&mut hasher);
        }
        self.assumed.iter().for_each(|of| (of.name, of.value).hash(&mut hasher));
        write!(f, "text {:016x}", hasher.finish())
    }
}

//! The text of a path: its files as they were read, the tables that they are run with, and what of both was used.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use c_run::{Code, Stop, Value};
use c_text::{Name, Program};

use super::entry::{Assumption, Table};
use super::index::{Entry, Index, Names};

/// A text with its tables.
pub struct Text {
    pub(super) code: Code,
    pub(super) index: Arc<Index>,
    /// Its files and assumptions in a number, by which the text is known again.
    fingerprint: u64,
    missing: Mutex<BTreeSet<String>>,
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
        let mut hasher = DefaultHasher::new();
        for file in program.files() {
            (&file.name, file.text()).hash(&mut hasher);
        }
        assumed.iter().for_each(|of| (of.name, of.value).hash(&mut hasher));
        let index = Arc::new(Index::new(tables, assumed));
        Text {
            code: Code::new(program, Box::new(Names(index.clone()))),
            index,
            fingerprint: hasher.finish(),
            missing: Mutex::default(),
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

    /// What runs have used of the tables so far.
    #[must_use]
    pub fn used(&self) -> Used {
        let mut used = Used::default();
        for (name, known) in self.index.used() {
            match known.entry {
                Entry::Word(_) | Entry::Macro(_) | Entry::Constant(_) => used.words.push(name.to_owned()),
                Entry::Nothing(reason) => used.nothing.push((name.to_owned(), reason)),
                Entry::Assumption(of) => used.assumptions.push((of, known.file)),
            }
        }
        used
    }

    /// What runs have met that neither the text nor the tables know.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Ends the execution at what is not known: there is no default.
    pub(super) fn refuse(&self, stop: &Stop) -> ! {
        let said = stop.to_string();
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(said.clone());
        machine::bug(said)
    }

    /// The same for an answer that stands for nothing.
    pub(super) fn refuse_answer(&self, function: &str, value: &Value) -> ! {
        let said = format!("{function}() returns {value}, which is not known");
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(said.clone());
        machine::bug(said)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text {:016x}", self.fingerprint)
    }
}

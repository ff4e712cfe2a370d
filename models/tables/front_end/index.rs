//! The tables of a path as one: names to entries.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use c_run::{Object, Part, Vocabulary, Word as Called};
use c_text::IntType;

use super::entry::{Assumption, Constant, Load, Macro, Store, Table, Word};

/// What a name of a table is.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Word(&'static Word),
    Macro(&'static Macro),
    Constant(&'static Constant),
    Nothing(&'static str),
    Assumption(Assumption),
}

/// A name's entry, where it stands, and whether a run has used it.
pub(super) struct Known {
    pub(super) entry: Entry,
    pub(super) file: &'static str,
    used: AtomicBool,
}

impl Known {
    fn new(entry: Entry, file: &'static str) -> Known {
        Known { entry, file, used: AtomicBool::new(false) }
    }

    pub(super) fn used(&self) -> Entry {
        // A store only where it says something new: all threads come here.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        self.entry
    }
}

/// All that the tables of a path say, by name.
#[derive(Default)]
pub(super) struct Index {
    names: HashMap<&'static str, Known>,
    /// Beginnings of names.
    prefixes: Vec<(&'static str, Known)>,
    loads: HashMap<&'static str, &'static Load>,
    stores: HashMap<&'static str, &'static Store>,
    types: HashMap<&'static str, IntType>,
    same: HashSet<&'static str>,
}

impl Index {
    /// The tables, of which a later one has its way; `assumed` comes last.
    pub(super) fn new(tables: &[&'static Table], assumed: &[Assumption]) -> Index {
        let mut index = Index::default();
        for table in tables {
            let file = table.file;
            for word in table.words {
                for name in word.names {
                    index.names.insert(name, Known::new(Entry::Word(word), file));
                }
            }
            for of in table.macros {
                index.names.insert(of.name, Known::new(Entry::Macro(of), file));
            }
            for of in table.constants {
                index.names.insert(of.name, Known::new(Entry::Constant(of), file));
            }
            for nothing in table.nothing {
                for name in nothing.names.split_whitespace() {
                    let known = Known::new(Entry::Nothing(nothing.reason), file);
                    match name.strip_suffix('*') {
                        Some(prefix) => index.prefixes.push((prefix, known)),
                        None => drop(index.names.insert(name, known)),
                    }
                }
            }
            for assumption in table.assumptions {
                index.names.insert(assumption.name, Known::new(Entry::Assumption(*assumption), file));
            }
            index.loads.extend(table.loads.iter().map(|load| (load.name, load)));
            index.stores.extend(table.stores.iter().map(|store| (store.name, store)));
            index.types.extend(table.types.iter().copied());
            index.same.extend(table.same);
        }
        for assumption in assumed {
            index.names.insert(assumption.name, Known::new(Entry::Assumption(*assumption), "--assume"));
        }
        index
    }

    pub(super) fn known(&self, name: &str) -> Option<&Known> {
        self.names.get(name).or_else(|| {
            let begins = |(prefix, _): &&(&str, Known)| name.starts_with(prefix);
            self.prefixes.iter().find(begins).map(|(_, known)| known)
        })
    }

    pub(super) fn load(&self, object: Object, path: &[Part]) -> Option<&'static Load> {
        self.loads.get(member(object, path).as_str()).copied()
    }

    pub(super) fn store(&self, object: Object, path: &[Part]) -> Option<&'static Store> {
        self.stores.get(member(object, path).as_str()).copied()
    }

    /// Whether a member is the object itself.
    pub(super) fn is_same(&self, object: Object, path: &[Part]) -> bool {
        self.same.contains(member(object, path).as_str())
    }

    /// What runs have used of it so far: names with their entries, in order.
    pub(super) fn used(&self) -> Vec<(&str, &Known)> {
        let all = self.names.iter().map(|(name, known)| (*name, known));
        let all = all.chain(self.prefixes.iter().map(|(name, known)| (*name, known)));
        let mut used: Vec<_> = all.filter(|(_, known)| known.used.load(Ordering::Relaxed)).collect();
        used.sort_by_key(|(name, _)| *name);
        used
    }
}

fn member(object: Object, path: &[Part]) -> String {
    path.iter().fold(object.kind.to_owned(), |name, part| name + &part.to_string())
}

/// The index as the reader of functions asks it.
pub(super) struct Names(pub(super) std::sync::Arc<Index>);

impl Vocabulary for Names {
    fn word(&self, name: &str) -> Option<Called> {
        match self.0.known(name)?.entry {
            Entry::Word(_) | Entry::Nothing(_) | Entry::Assumption(_) => Some(Called::Function),
            Entry::Macro(_) => Some(Called::Macro),
            Entry::Constant(_) => None,
        }
    }

    fn is_constant(&self, name: &str) -> bool {
        matches!(self.0.names.get(name).map(|known| known.entry), Some(Entry::Constant(_)))
    }

    fn int_type(&self, name: &str) -> Option<IntType> {
        match self.0.names.get(name).map(|known| known.entry) {
            Some(Entry::Word(word)) => word.result,
            Some(Entry::Macro(of)) => of.result,
            Some(Entry::Constant(of)) => of.of,
            Some(Entry::Assumption(_)) => Some(IntType::INT),
            Some(Entry::Nothing(_)) => None,
            None => self.0.types.get(name).copied(),
        }
    }

    fn is_modelled(&self, record: &str) -> bool {
        record == super::here::ITER
    }
}

//! The tables of a path as one: names to entries.

use std::sync::atomic::{AtomicBool, Ordering};

use c_run::{Object, Part, Vocabulary, Word as Called};
use c_text::IntType;
use rustc_hash::FxHashMap;

use super::entry::{Assumption, Constant, Load, Macro, Store, Table, Word};

/// What a name of a table is.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Word(&'static Word),
    Macro(&'static Macro),
    /// A macro that sets what it is given.
    Setter(&'static Macro),
    /// A macro that is its only argument.
    Argument,
    Constant(&'static Constant),
    Nothing(&'static str),
    Assumption(Assumption),
}

/// A name's entry, where it stands, and whether a run has used it.
pub(super) struct Known {
    pub(super) entry: Entry,
    pub(super) file: &'static str,
    number: usize,
}

/// Which entries runs have used.
#[derive(Default)]
pub(super) struct Marks(Box<[AtomicBool]>);

impl Marks {
    /// None yet.
    pub(super) fn new(index: &Index) -> Marks {
        Marks((0..index.count).map(|_| AtomicBool::new(false)).collect())
    }

    pub(super) fn mark(&self, known: &Known) {
        // A store only where it says something new: all threads come here.
        let mark = &self.0[known.number];
        if !mark.load(Ordering::Relaxed) {
            mark.store(true, Ordering::Relaxed);
        }
    }

    fn is_marked(&self, known: &Known) -> bool {
        self.0[known.number].load(Ordering::Relaxed)
    }
}

/// What is said of members of objects: by the kind of the object, and by the member as it is written behind the dot.
struct Members<T>(FxHashMap<&'static str, FxHashMap<&'static str, T>>);

impl<T> Default for Members<T> {
    fn default() -> Members<T> {
        Members(FxHashMap::default())
    }
}

impl<T: Copy> Members<T> {
    /// `name` is `kind.member`.
    fn insert(&mut self, name: &'static str, what: T) {
        let (kind, member) = name.split_once('.').expect("a table names members as kind.member");
        self.0.entry(kind).or_default().insert(member, what);
    }

    fn get(&self, object: Object, path: &[Part]) -> Option<T> {
        let of = self.0.get(object.kind)?;
        match path {
            [Part::Member(name)] => of.get(&**name).copied(),
            [Part::Member(name), more @ ..] => {
                let name = more.iter().fold(name.to_string(), |name, part| name + &part.to_string());
                of.get(name.as_str()).copied()
            }
            _ => None,
        }
    }
}

/// The reason of an assumption about what the tables have a word for.
const INSTEAD: &str = "the user says so, and what it does by the tables is left out: its steps are not taken";

/// All that the tables of a path say, by name.
#[derive(Default)]
pub(super) struct Index {
    count: usize,
    names: FxHashMap<&'static str, Known>,
    /// Beginnings of names.
    prefixes: Vec<(&'static str, Known)>,
    loads: Members<&'static Load>,
    stores: Members<&'static Store>,
    types: FxHashMap<&'static str, IntType>,
    same: Members<()>,
}

impl Index {
    /// The tables, of which a later one has its way; `assumed` comes last.
    pub(super) fn new(tables: &[&'static Table], assumed: &[Assumption]) -> Index {
        let mut index = Index::default();
        for table in tables {
            let file = table.file;
            for word in table.words {
                word.names.iter().for_each(|name| index.add(name, Entry::Word(word), file));
            }
            table.macros.iter().for_each(|of| index.add(of.name, Entry::Macro(of), file));
            table.setters.iter().for_each(|of| index.add(of.name, Entry::Setter(of), file));
            table.constants.iter().for_each(|of| index.add(of.name, Entry::Constant(of), file));
            table.arguments.iter().for_each(|name| index.add(name, Entry::Argument, file));
            for nothing in table.nothing {
                let names = nothing.names.split_whitespace();
                names.for_each(|name| index.add(name, Entry::Nothing(nothing.reason), file));
            }
            table.assumptions.iter().for_each(|of| index.add(of.name, Entry::Assumption(*of), file));
            table.loads.iter().for_each(|load| index.loads.insert(load.name, load));
            table.stores.iter().for_each(|store| index.stores.insert(store.name, store));
            index.types.extend(table.types.iter().copied());
            table.same.iter().for_each(|name| index.same.insert(name, ()));
        }
        for assumption in assumed {
            index.add(assumption.name, Entry::Assumption(*assumption), "--assume");
        }
        index
    }

    fn add(&mut self, name: &'static str, entry: Entry, file: &'static str) {
        let known = Known { entry, file, number: self.count };
        self.count += 1;
        match name.strip_suffix('*') {
            Some(prefix) => self.prefixes.push((prefix, known)),
            None => drop(self.names.insert(name, known)),
        }
    }

    pub(super) fn known(&self, name: &str) -> Option<&Known> {
        self.names.get(name).or_else(|| {
            let begins = |(prefix, _): &&(&str, Known)| name.starts_with(prefix);
            self.prefixes.iter().find(begins).map(|(_, known)| known)
        })
    }

    /// An assumption with what it takes the place of.
    pub(super) fn assumed(&self, of: Assumption) -> Assumption {
        let reason = match self.known(of.name).map(|known| known.entry) {
            Some(Entry::Word(_) | Entry::Macro(_) | Entry::Setter(_)) => INSTEAD,
            _ => of.reason,
        };
        Assumption { reason, ..of }
    }

    pub(super) fn load(&self, object: Object, path: &[Part]) -> Option<&'static Load> {
        self.loads.get(object, path)
    }

    pub(super) fn store(&self, object: Object, path: &[Part]) -> Option<&'static Store> {
        self.stores.get(object, path)
    }

    /// Whether a member is the object itself.
    pub(super) fn is_same(&self, object: Object, path: &[Part]) -> bool {
        self.same.get(object, path).is_some()
    }

    /// What is marked: names with their entries, in order.
    pub(super) fn used(&self, marks: &Marks) -> Vec<(&str, &Known)> {
        let all = self.names.iter().map(|(name, known)| (*name, known));
        let all = all.chain(self.prefixes.iter().map(|(name, known)| (*name, known)));
        let mut used: Vec<_> = all.filter(|(_, known)| marks.is_marked(known)).collect();
        used.sort_by_key(|(name, _)| *name);
        used
    }
}

/// The index as the reader of functions asks it.
pub(super) struct Names(pub(super) std::sync::Arc<Index>);

impl Vocabulary for Names {
    fn word(&self, name: &str) -> Option<Called> {
        match self.0.known(name)?.entry {
            Entry::Word(_) | Entry::Nothing(_) | Entry::Assumption(_) => Some(Called::Function),
            Entry::Macro(_) => Some(Called::Macro),
            Entry::Setter(_) => Some(Called::Setter),
            Entry::Argument | Entry::Constant(_) => None,
        }
    }

    fn is_its_argument(&self, name: &str) -> bool {
        matches!(self.0.names.get(name).map(|known| known.entry), Some(Entry::Argument))
    }

    fn is_constant(&self, name: &str) -> bool {
        matches!(self.0.names.get(name).map(|known| known.entry), Some(Entry::Constant(_)))
    }

    fn int_type(&self, name: &str) -> Option<IntType> {
        match self.0.names.get(name).map(|known| known.entry) {
            Some(Entry::Word(word)) => word.result,
            Some(Entry::Macro(of) | Entry::Setter(of)) => of.result,
            Some(Entry::Constant(of)) => of.of,
            Some(Entry::Assumption(_)) => Some(IntType::INT),
            Some(Entry::Argument | Entry::Nothing(_)) => None,
            None => self.0.types.get(name).copied(),
        }
    }

    fn is_modelled(&self, record: &str) -> bool {
        record == super::here::ITER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a path as it is written.
    fn parts(written: &str) -> Vec<Part> {
        written.split('.').map(|name| Part::Member(name.into())).collect()
    }

    #[test]
    fn members_are_found_by_what_they_are_called() {
        let mut members = Members::default();
        let names = ["bh.b_page", "bh.b", "folio.page", "folio.page.flags", "folio.private"];
        names.into_iter().enumerate().for_each(|(number, name)| members.insert(name, number));
        for kind in ["bh", "folio", "inode", "b"] {
            let object = Object { kind, numbers: [0, 0] };
            for path in ["b_page", "b", "page", "page.flags", "page.flags.more", "private", "flags", ""] {
                // The plain way: the whole name.
                let plain = names.iter().position(|name| *name == format!("{kind}.{path}"));
                assert_eq!(members.get(object, &parts(path)), plain, "{kind}.{path}");
            }
            assert_eq!(members.get(object, &[]), None);
            assert_eq!(members.get(object, &[Part::Element(0)]), None);
        }
        // The last table has its way.
        members.insert("bh.b", 9);
        assert_eq!(members.get(Object { kind: "bh", numbers: [1, 2] }, &parts("b")), Some(9));
    }
}

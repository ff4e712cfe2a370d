//! What of a text its runs read, and which changes of it can matter to them.
//!
//! Functions are known by having been run. All else is followed by name, from what was run: a name that is not said
//! there, nor in what such a name stands for, can't matter. What the tables have a meaning for is not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use c_text::{Difference, File, How, ItemKind, Name, Program, differences};
use tables::TreePath;

/// A difference between two texts of a path.
pub(crate) struct Change {
    /// What differs.
    pub(crate) what: Difference,
    /// Whether it is a function whose head differs: by the names in it, words are given their arguments.
    pub(crate) is_in_head: bool,
}

impl Change {
    /// All differences of a file.
    pub(crate) fn all(before: Option<&File>, after: Option<&File>) -> Vec<Change> {
        let head = |file: Option<&File>, name: &Name| -> Vec<String> {
            let items = file.into_iter().flat_map(|file| &file.items);
            let mine = items.filter(|item| item.kind.name() == Some(name) && item.code.contains('{'));
            mine.map(|item| item.code.split('{').next().unwrap_or_default().to_owned()).collect()
        };
        let change = |what: Difference| {
            let heads = what.name.as_ref().map(|name| (head(before, name), head(after, name)));
            let is_in_head = what.is_function() && heads.is_some_and(|(old, new)| old != new);
            Change { what, is_in_head }
        };
        differences(before, after).into_iter().map(change).collect()
    }
}

/// What the runs of a path have read of its text, or can read.
pub(crate) struct Reads {
    functions: BTreeSet<(Name, Name)>,
    /// Functions that were not understood.
    unparsed: BTreeSet<(Name, Name)>,
    /// The names that what was read says, and what these stand for says, and so on.
    names: BTreeSet<String>,
}

impl Reads {
    /// What its runs have read so far.
    pub(crate) fn so_far(of: &TreePath) -> Reads {
        Reads::of(of, of.text.functions().into_iter().collect(), false)
    }

    /// More than what its runs can read: every function whose name leads back to where they begin.
    pub(crate) fn at_most(of: &TreePath) -> Reads {
        Reads::of(of, BTreeSet::new(), true)
    }

    fn of(of: &TreePath, mut functions: BTreeSet<(Name, Name)>, any: bool) -> Reads {
        let program = of.text.program();
        let defines = defines(program);
        let mut known = BTreeMap::<&str, Vec<(&str, Option<(Name, Name)>)>>::new();
        let mut work: Vec<&str> = Vec::new();
        let mut unparsed = BTreeSet::new();
        for item in program.files().iter().flat_map(|file| &file.items) {
            let place = |name: &Name| (item.file.clone(), name.clone());
            match (&item.kind, item.kind.name()) {
                (ItemKind::Function(_), Some(name)) if any && !of.text.is_hidden(name) => {
                    known.entry(name).or_default().push((&item.code, Some(place(name))));
                }
                (ItemKind::Function(_), Some(name)) => {
                    if functions.contains(&place(name)) {
                        work.push(&item.code);
                    }
                }
                (ItemKind::Unparsed(of), Some(name)) if of.is_function => {
                    unparsed.insert(place(name));
                }
                // Known by all that it declares.
                (ItemKind::Enum(_), _) | (_, None) => {
                    for word in words(&item.code) {
                        known.entry(word).or_default().push((&item.code, None));
                    }
                }
                (_, Some(name)) => known.entry(name).or_default().push((&item.code, None)),
            }
        }
        for (name, code) in defines.iter().filter(|(name, _)| !of.text.is_hidden(name)) {
            known.entry(name).or_default().push((code, None));
        }
        for begin in iter::once(of.entries.operations).chain(of.entries.run()) {
            work.push(begin);
        }
        let mut names = BTreeSet::new();
        while let Some(code) = work.pop() {
            for word in words(code) {
                if names.insert(word.to_owned()) {
                    for (code, function) in known.get(word).into_iter().flatten() {
                        work.push(code);
                        functions.extend(function.clone());
                    }
                }
            }
        }
        Reads { functions, unparsed, names }
    }

    /// Whether a change can matter to what was read.
    pub(crate) fn matters(&self, change: &Change) -> bool {
        let difference = &change.what;
        let Some(name) = &difference.name else {
            // Nobody knows who uses what has no name.
            return !self.functions.is_empty();
        };
        let place = (difference.file.clone(), name.clone());
        match difference.how {
            _ if change.is_in_head && self.names.contains(&**name) => true,
            // It can have another value under a name that was read.
            _ if difference.kind == "enum" => true,
            // What is there now can be another one than was meant.
            How::Added => self.names.contains(&**name),
            _ if difference.is_function() && !self.unparsed.contains(&place) => {
                self.functions.contains(&place)
            }
            _ => self.names.contains(&**name),
        }
    }
}

fn defines(program: &Program) -> Vec<(Name, String)> {
    let defines = program.files().iter().flat_map(|file| &file.defines);
    defines.map(|define| (define.name.clone(), define.code())).collect()
}

/// The names and keywords of a text.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

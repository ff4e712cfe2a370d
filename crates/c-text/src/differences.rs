//! Which items of two readings of a file differ. Comments, blanks and what conditions leave out are no difference.

use std::collections::{BTreeMap, BTreeSet};

use crate::{File, ItemKind, Name, Position};

/// How an item differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// It says something else.
    Changed,
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
}

/// An item that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The file.
    pub file: Name,
    /// What kind of item it is: `function`, `macro`, `struct`.
    pub kind: &'static str,
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// How it differs.
    pub how: How,
    /// Where it begins: in the second, or in the first if it was removed.
    pub at: Position,
}

impl Difference {
    /// Whether it is a function; else it can be of consequence to any function that uses it.
    #[must_use]
    pub fn is_function(&self) -> bool {
        self.kind == "function"
    }
}

type Side<'f> = BTreeMap<(&'static str, Option<&'f Name>), Vec<(String, Position)>>;

/// The items of a file before and after that differ, in the order of kinds and names; a file that was not there
/// has none.
#[must_use]
pub fn differences(before: Option<&File>, after: Option<&File>) -> Vec<Difference> {
    let Some(file) = after.or(before).map(|file| file.name.clone()) else { return Vec::new() };
    let (mut old, mut new) = (side(before), side(after));
    let mut found = Vec::new();
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    for key in keys {
        let (mut old, mut new) = (old.remove(&key).unwrap_or_default(), new.remove(&key).unwrap_or_default());
        // What both say is out of it, wherever it stands.
        old.retain(|(code, _)| match new.iter().position(|(other, _)| other == code) {
            Some(index) => {
                new.remove(index);
                false
            }
            None => true,
        });
        for index in 0..old.len().max(new.len()) {
            let (how, at) = match (old.get(index), new.get(index)) {
                (Some(_), Some((_, at))) => (How::Changed, *at),
                (Some((_, at)), None) => (How::Removed, *at),
                (None, Some((_, at))) => (How::Added, *at),
                (None, None) => continue,
            };
            found.push(Difference { file: file.clone(), kind: key.0, name: key.1.cloned(), how, at });
        }
    }
    found
}

fn side(file: Option<&File>) -> Side<'_> {
    let mut side = Side::new();
    let Some(file) = file else { return side };
    for item in &file.items {
        let kind = match &item.kind {
            ItemKind::Function(_) => "function",
            ItemKind::Unparsed(of) if of.is_function => "function",
            ItemKind::Prototype(_) => "prototype",
            ItemKind::Variable(_) => "variable",
            ItemKind::Enum(_) => "enum",
            ItemKind::Record(_) => "struct",
            ItemKind::Typedef(_) => "typedef",
            ItemKind::MacroCall(_) => "call of a macro",
            ItemKind::Nothing | ItemKind::Unparsed(_) => "declaration",
        };
        side.entry((kind, item.kind.name())).or_default().push((item.code.to_string(), item.at));
    }
    for define in &file.defines {
        let code = format!("{:?} {}", define.parameters, define.code());
        side.entry(("macro", Some(&define.name))).or_default().push((code, define.at));
    }
    for (name, at) in &file.undefs {
        side.entry(("#undef", Some(name))).or_default().push(("#undef".to_owned(), *at));
    }
    side
}

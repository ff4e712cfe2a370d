//! The rules that the write paths of a catalogue are held to, and who promises which.

use std::collections::{BTreeMap, BTreeSet};

use scenario::{Property, WritePath, built_in};

/// A rule.
pub(crate) struct Rule {
    pub(crate) property: Property,
    /// The write paths that promise it, in some scenario of their newest variant.
    pub(crate) promised_by: BTreeSet<String>,
    /// Those of which it is told, and no violation.
    pub(crate) told_of: BTreeSet<String>,
}

/// All rules, by name.
pub(crate) struct Rules(BTreeMap<&'static str, Rule>);

impl Rules {
    /// Those of the newest variants.
    pub(crate) fn of(catalog: &[WritePath]) -> Rules {
        let mut all: BTreeMap<&'static str, Rule> = BTreeMap::new();
        for path in catalog {
            let Some(newest) = path.variants.last() else { continue };
            for case in &newest.cases {
                for property in (case.build)().properties.into_iter().chain(built_in::ALL) {
                    let promised = property.promised;
                    let rule = all.entry(property.id).or_insert_with(|| Rule {
                        property,
                        promised_by: BTreeSet::new(),
                        told_of: BTreeSet::new(),
                    });
                    let paths = if promised { &mut rule.promised_by } else { &mut rule.told_of };
                    paths.insert(path.name.clone());
                }
            }
        }
        Rules(all)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.values()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().copied()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Rule> {
        self.0.get(name)
    }

    /// How many write paths are asked.
    pub(crate) fn asked(&self) -> usize {
        let paths = self.iter().flat_map(|rule| rule.promised_by.iter().chain(&rule.told_of));
        paths.collect::<BTreeSet<_>>().len()
    }
}

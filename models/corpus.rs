//! The bugs that the family of write paths is known to have had: each is a scenario that finds it in the
//! variant before its fix, and not in the one after.

use crate::{btrfs, ext4, fuse, generic, nfs, simple};

/// A known bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bug {
    /// Its number, which is stable.
    pub number: u32,
    /// The commit that fixed it.
    pub fixed_by: &'static str,
    /// What it was, in one sentence.
    pub sentence: &'static str,
    /// What the models make of it.
    pub told: Told,
}

/// What the models make of a bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// A scenario tells it.
    Scenario {
        /// The property that it broke.
        property: &'static str,
        /// `path@variant:scenario`, before the fix: the property is broken.
        before: &'static str,
        /// `path@variant:scenario`, after it: the property holds.
        after: &'static str,
    },
    /// The modelled paths can't tell it, and why.
    Not {
        /// Why.
        because: &'static str,
    },
}

/// All of them, by number.
#[must_use]
pub fn bugs() -> Vec<Bug> {
    let mut all: Vec<Bug> =
        [ext4::bugs, generic::block::bugs, simple::bugs, nfs::bugs, fuse::bugs, btrfs::bugs]
            .into_iter()
            .flat_map(|bugs| bugs())
            .collect();
    all.sort_by_key(|bug| bug.number);
    all
}

//! What a write path of a tree is.

use std::fmt;
use std::sync::Arc;

use models::FileSystem;
use models::kernel::{Caller, Setting};

use crate::front_end::{Entries, Table};

/// The function that most file systems write with.
pub(crate) const GENERIC: &str = "generic_perform_write";

/// A write path that a tree may have.
pub struct Path {
    /// As the models call it, or `FILE SYSTEM/KIND`.
    pub name: &'static str,
    /// What it is.
    pub sentence: &'static str,
    /// The path of the models that is around its writer.
    pub base: &'static str,
    /// The releases whose text it is.
    pub releases: Releases,
    /// What is left out.
    pub leaves_out: &'static str,
    /// Files that are read beside those of everybody.
    pub files: &'static [&'static str],
    /// Its tables, beside those of everybody.
    pub tables: &'static [&'static Table],
    /// The functions that are run.
    pub entries: Entries,
}

impl Path {
    /// What is around the writer in a release: the variant's name, the model, and how it is played.
    pub(crate) fn base(&self, release: (u32, u32)) -> Option<(&'static str, Arc<dyn FileSystem>, Setting)> {
        let (variant, fs, setting) = models::base_variant(self.base, release)?;
        Some((variant, fs, Setting { caller: Caller::of(release)?, ..setting }))
    }
}

/// Releases from one on, up to another, each with its patch level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Releases {
    /// The first of them.
    pub first: (u32, u32),
    /// The last of them that the tables were tried with.
    pub last: (u32, u32),
}

impl Releases {
    /// All that have the file.
    pub const ALL: Releases = Releases { first: (0, 0), last: (u32::MAX, u32::MAX) };

    pub(crate) fn has(&self, version: (u32, u32)) -> bool {
        (self.first..=self.last).contains(&version)
    }
}

impl fmt::Display for Releases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Releases { first, last } = self;
        write!(f, "v{}.{}", first.0, first.1)?;
        if *last == Releases::ALL.last {
            f.write_str(" and later")
        } else {
            write!(f, " to v{}.{}", last.0, last.1)
        }
    }
}

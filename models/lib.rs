//! The write paths: kernel functions as ordinary Rust that reads like them, the actors around them, and
//! the scenarios that ask what can go wrong.
//!
//! One folder per file system ([`ext4`], [`btrfs`], [`nfs`] ...), beside what file systems share: [`generic`] (`mm/filemap.c`,
//! `fs/buffer.c`), [`jbd2`], and the [`family`] of scenarios. Each model says which kernel version and
//! functions it stands for and what it leaves out.
//!
//! This crate promises that no model knows an engine: a model takes steps and looks at their results,
//! and at nothing else. There is no interior mutability and no static in it.
//!
//! ```
//! let paths = models::paths();
//! let journalled = paths.iter().find(|path| path.name == "ext4/journalled").expect("it is there");
//! let v4_2 = journalled.variants.iter().find(|variant| variant.name == "v4.2").expect("it is there");
//! let scenario = (v4_2.cases[0].build)();
//! assert_eq!(scenario.actors[0].name, "write");
//! ```

pub mod btrfs;
pub mod corpus;
pub mod ext3;
pub mod ext4;
pub mod family;
mod file_system;
pub mod fuse;
pub mod generic;
mod glossary;
mod initial;
pub mod jbd2;
pub mod kernel;
pub mod logfs;
mod mutants;
mod nature;
pub mod nfs;
pub mod ocfs2;
mod properties;
pub mod reiserfs;
pub mod simple;

use std::sync::Arc;

pub use file_system::{FileSystem, Medium, Nature};
pub use glossary::glossary;
pub use kernel::{Errno, Mutant};

/// What a file system's folder has to offer.
#[derive(Clone, Copy)]
struct Folder {
    /// Its write paths.
    paths: fn() -> Vec<family::Path>,
    /// What it is known to have done wrong.
    bugs: fn() -> Vec<corpus::Bug>,
}

/// All file systems, in a stable order.
const FILE_SYSTEMS: [Folder; 10] = [
    Folder { paths: ext4::paths, bugs: ext4::bugs },
    Folder { paths: ext3::paths, bugs: ext3::bugs },
    Folder { paths: generic::block::paths, bugs: generic::bugs },
    Folder { paths: reiserfs::paths, bugs: reiserfs::bugs },
    Folder { paths: ocfs2::paths, bugs: ocfs2::bugs },
    Folder { paths: logfs::paths, bugs: logfs::bugs },
    Folder { paths: btrfs::paths, bugs: btrfs::bugs },
    Folder { paths: simple::paths, bugs: simple::bugs },
    Folder { paths: nfs::paths, bugs: nfs::bugs },
    Folder { paths: fuse::paths, bugs: fuse::bugs },
];

/// All write paths, in a stable order.
#[must_use]
pub fn paths() -> Vec<scenario::WritePath> {
    with(None)
}

/// The scenario with this name, `PATH@VARIANT:SCENARIO`; none where there is no such.
#[must_use]
pub fn scenario(name: &str) -> Option<scenario::Scenario> {
    let (path, rest) = name.split_once('@')?;
    let (variant, case) = rest.split_once(':')?;
    let path = paths().into_iter().find(|known| known.name == path)?;
    let variant = path.variants.into_iter().find(|known| known.name == variant)?;
    let case = variant.cases.iter().find(|known| known.name == case)?;
    Some((case.build)())
}

/// All write paths with a deliberate fault that can't be made from outside, which a property must find.
#[must_use]
pub fn mutated(mutant: Mutant) -> Vec<scenario::WritePath> {
    with(Some(mutant))
}

/// All known bugs, by number.
#[must_use]
pub fn bugs() -> Vec<corpus::Bug> {
    let modelled = FILE_SYSTEMS.into_iter().flat_map(|fs| (fs.bugs)());
    let mut all: Vec<corpus::Bug> = modelled.chain(corpus::not_modelled()).collect();
    all.sort_by_key(|bug| bug.number);
    all
}

/// The newest variant without a change that stands for a release of the kernel: its file system, and how the kernel
/// around it behaves. None where there is no such path, or the release has none of it that is modelled.
#[must_use]
pub fn base(path: &str, release: (u32, u32)) -> Option<(Arc<dyn FileSystem>, kernel::Setting)> {
    base_variant(path, release).map(|(_, fs, setting)| (fs, setting))
}

/// The same with the name of the variant.
#[must_use]
pub fn base_variant(
    path: &str,
    release: (u32, u32),
) -> Option<(&'static str, Arc<dyn FileSystem>, kernel::Setting)> {
    all().find(|known| known.name() == path)?.base(release)
}

fn all() -> impl Iterator<Item = family::Path> {
    FILE_SYSTEMS.into_iter().flat_map(|fs| (fs.paths)())
}

fn with(mutant: Option<Mutant>) -> Vec<scenario::WritePath> {
    all().map(|path| path.write_path(mutant)).collect()
}

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

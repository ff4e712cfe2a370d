//! The write paths: kernel functions as ordinary Rust that reads like them, the actors around them, and
//! the scenarios that ask what can go wrong.
//!
//! One folder per file system ([`ext4`]), beside what file systems share: [`generic`] (`mm/filemap.c`,
//! `fs/buffer.c`), [`jbd2`], and the [`family`] of scenarios. Each model says which kernel version and
//! functions it stands for and what it leaves out.
//!
//! This crate promises that no model knows an engine: a model takes steps and looks at their results,
//! and at nothing else. There is no interior mutability and no static in it.
//!
//! ```
//! let paths = models::paths();
//! let journalled = paths.iter().find(|path| path.name == "ext4/journalled").expect("it is there");
//! let v4_2 = &journalled.variants[0];
//! let scenario = (v4_2.cases[0].build)();
//! assert_eq!(v4_2.name, "v4.2");
//! assert_eq!(scenario.actors[0].name, "write");
//! ```

pub mod corpus;
pub mod ext3;
pub mod ext4;
pub mod family;
mod file_system;
pub mod generic;
pub mod jbd2;
pub mod kernel;
mod mutants;
mod properties;

pub use file_system::{FileSystem, Medium, Nature};
pub use kernel::Errno;
pub use mutants::Mutant;

/// All write paths, in a stable order.
#[must_use]
pub fn paths() -> Vec<scenario::WritePath> {
    with(None)
}

/// All write paths with a deliberate fault, which a property must find.
#[must_use]
pub fn mutated(mutant: Mutant) -> Vec<scenario::WritePath> {
    with(Some(mutant))
}

fn with(mutant: Option<Mutant>) -> Vec<scenario::WritePath> {
    [ext4::paths, ext3::paths, generic::block::paths].into_iter().flat_map(|paths| paths(mutant)).collect()
}

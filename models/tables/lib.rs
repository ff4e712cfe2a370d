//! The kernel's own C as a write path: what of a tree is run, in which words, and over which models.
//!
//! A path of a tree is a file system whose writer is the tree's text ([`front_end::FromText`]); readers, writeback,
//! truncation and everybody else stay the models of its release. The text is run by `c-run`; what it calls outside of
//! itself are the words of the tables, one file for each subsystem: [`Table`] says what kinds of entries there are. What
//! neither the text nor a table knows ends the execution that meets it; there is no default, and other executions go on,
//! so that one search lists everything that is missing.
//!
//! A table is for all versions: arguments are bound by the names that the tree's own declarations give them, and
//! `struct page` and `struct folio` are one object. Adding a file system is an entry in `paths.rs`, and a table of the
//! words that only it has.
//!
//! This crate promises that it never guesses: a name has the meaning that a table gives it, or that of the text.
//!
//! ```
//! use std::sync::Arc;
//!
//! use tables::Tree;
//!
//! // A tree of our own, which has a file system in memory and nothing else.
//! let folder = tree::open("tests/toy").expect("a tree");
//! let release = folder.release().clone();
//! let tree = Tree::new(release, Arc::new(folder), Vec::new());
//! let paths = tree.paths(&|_| true).expect("it can be read");
//! let names: Vec<&str> = paths.iter().map(|of| of.path.name.as_str()).collect();
//! assert_eq!(names, ["simple/ramfs"]);
//! let variant = &paths[0].path.variants[0];
//! assert_eq!(variant.name, "6.18-toy");
//! assert_eq!((variant.cases[0].build)().actors[0].name, "write");
//! ```

#[macro_use]
pub mod front_end;

mod block_based;
mod buffer;
mod catalog;
mod ext2;
mod ext4;
mod fault;
mod inode;
mod jbd2;
mod language;
mod mm;
mod path;
mod paths;
mod server_based;
mod simple;

pub use catalog::{Absent, Tree, TreeError, TreePath};
pub use front_end::{Assumption, Entries, FromText, Table, Text, Used};
pub use path::{Path, Releases};
pub use paths::PATHS;

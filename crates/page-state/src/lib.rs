//! Kernel words for the page cache: pages, buffers, blocks and inodes as numbered cells.
//!
//! Each word is one or a few [`machine::Step`]s and bears the kernel's name. [`Storage`] says where
//! everything is, [`Task`] who takes the steps. Contents are kept by provenance ([`Unit`]), so that
//! lost, torn, misplaced and somebody else's data are told apart. [`invariants`] are the rules between
//! the cells that the kernel's developers state.
//!
//! This crate promises that a word does what the kernel's word does to the flags, in the kernel's
//! order and with the kernel's memory order, and that frames and blocks have identity.
//!
//! ```
//! use machine::{Layout, Word};
//! use page_state::{Geometry, Storage, Unit};
//!
//! let mut layout = Layout::new();
//! let storage = Storage::declare(&mut layout, Geometry::SMALL, 2, 1, 4, true);
//! let memory: Vec<Word> = vec![0; layout.len()];
//! // A fresh frame holds somebody else's data, and the page cache is empty.
//! assert_eq!(storage.peek_unit(&memory, 0, 0), Unit::Stale);
//! assert_eq!(storage.cached(&memory, 0), None);
//! ```

pub mod buffer;
pub mod folio;
mod geometry;
pub mod inode;
pub mod invariants;
pub mod steps;
mod storage;
pub mod unit;

pub use buffer::Buffer;
pub use folio::Folio;
pub use geometry::Geometry;
pub use inode::InodeFields;
pub use storage::{ACTORS_MAX, PRIVATE_BITS, RETURNED_ERROR, Storage, Task};
pub use unit::Unit;

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

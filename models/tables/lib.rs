//! The words in which the kernel's own C is run over the models.

#[macro_use]
pub mod front_end;

mod block_based;
mod buffer;
mod ext2;
mod ext4;
mod fault;
mod inode;
mod jbd2;
mod language;
mod mm;
mod paths;
mod server_based;
mod simple;
mod tree;

pub use front_end::{Assumption, Entries, FromText, Table, Text, Used};
pub use paths::{PATHS, Path, Releases, base_cases};
pub use tree::{Release, Tree, TreeError, TreePath};

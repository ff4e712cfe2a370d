//! ext4 (`fs/ext4/inode.c`).

mod block;
mod journalled;
mod variants;

pub use variants::{mutated, paths};

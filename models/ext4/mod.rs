//! ext4 (`fs/ext4/inode.c`).

mod block;
mod journalled;
mod variants;

pub(crate) use variants::{bugs, paths};

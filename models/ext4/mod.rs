//! ext4 (`fs/ext4/`).

mod begin;
mod block;
mod delalloc;
mod journalled;
mod mpage;
mod ordered;
mod page_io;
mod truncate;
mod variants;

pub use truncate::{ext4_truncate_failed_write, ext4_zero_partial_blocks};
pub(crate) use variants::{bugs, paths};

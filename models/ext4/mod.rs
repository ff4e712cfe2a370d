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

pub(crate) use variants::{bugs, paths};

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

/// Temporary.
pub fn newest(path: &str) -> std::sync::Arc<dyn crate::FileSystem> {
    use block::Allocation;
    use std::sync::Arc;
    match path {
        "ext4/journalled" => Arc::new(journalled::Journalled { write_end: journalled::WriteEnd::V6_14 }),
        "ext4/ordered" => {
            Arc::new(ordered::Ordered { text: ordered::Text::V6_14, allocation: Allocation::Ordered })
        }
        _ => Arc::new(delalloc::Delalloc { text: delalloc::Text::V6_14, allocation: Allocation::Unwritten }),
    }
}

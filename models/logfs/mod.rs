//! logfs (`fs/logfs/`), which left the kernel in v4.10.
//!
//! A page is a block, without buffers. Nothing is written in place: a page goes to a place that nobody uses, and the
//! inode that names it goes to the medium after it, so that a crash finds the old or the new.
//!
//! Left out: segments, garbage collection, the journal as such (the inode's map is a field), compression, reservations
//! of space but for that one can fail, the tree of blocks.

mod variants;
mod write;

pub(crate) use variants::{bugs, paths};

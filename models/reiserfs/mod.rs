//! reiserfs (`fs/reiserfs/`), which left the kernel in v6.13.
//!
//! Its journal is its own, and the same as jbd2 as far as it matters here: handles that a running transaction
//! joins, a commit that waits for them, writes what is on the transaction's ordered list, and then the record.
//! So the handles and the commit are [`jbd2`](crate::jbd2)'s.
//!
//! Left out: tails (files that are packed into the tree), the tree as a structure (the map is a field of the
//! inode), preallocation, quotas, the write lock of the file system, `data=journal` and `data=writeback`, the
//! restart of a transaction when the disk is full.

mod blocks;
mod journal;
mod truncate;
mod variants;
mod write;
mod writeback;

pub(crate) use variants::{bugs, paths};

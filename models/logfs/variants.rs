//! The variants of logfs' write path.

use std::sync::Arc;

use super::write::Logfs;
use crate::corpus::Bug;
use crate::family::{Path, Row};
use crate::kernel::Caller;

/// logfs' write path.
pub(crate) fn paths() -> Vec<Path> {
    let rows = vec![
        Row::new("v4.2", Caller::V4_2, Arc::new(Logfs), "prefault first: v3.10 to v4.7")
            .stands("v3.18 .. v4.7"),
        Row::new(
            "v4.2+copy-first",
            Caller::CopyFirst,
            Arc::new(Logfs),
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
    ];
    let sentence =
        "logfs_write_begin and logfs_write_end: a page is written to a new place, the inode after it";
    let leaves_out = "segments, garbage collection, the tree of blocks, compression";
    vec![Path::new("logfs/write", sentence, leaves_out, rows)]
}

/// What logfs is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    Vec::new()
}

//! ext3 (`fs/ext3/inode.c`, v4.2; it is gone in v4.3), in its three modes of data.
//!
//! No source of v4.2 was at hand: the model follows published descriptions of it and what is known of it by
//! heart. Its journal is jbd (`fs/jbd/`), which is played by the model of jbd2 but for what is said here.

mod blocks;
mod journalled;
mod ordered;

use std::sync::Arc;

use crate::corpus::Bug;
use crate::family::{Path, Row};
use crate::file_system::FileSystem;
use crate::kernel::Caller;

fn rows(fs: &Arc<dyn FileSystem>) -> Vec<Row> {
    vec![
        Row::new("v4.2", Caller::V4_2, fs.clone(), "prefault first: v3.10 to v4.2, the last ext3")
            .stands("v3.18 .. v4.2"),
        Row::new(
            "v4.2+copy-first",
            Caller::CopyFirst,
            fs.clone(),
            "998ef75ddb57: the source is faulted in only after a copy of nothing",
        ),
    ]
}

/// ext3's write paths.
pub(crate) fn paths() -> Vec<Path> {
    let leaves_out = "indirect blocks as structures, quotas, credits, the journal's abort, the list of data \
                      buffers as one of buffers";
    let path = |name, sentence, rows| Path::new(name, sentence, leaves_out, rows);
    let journalled: Arc<dyn FileSystem> = Arc::new(journalled::Journalled);
    let in_place = |ordered| Arc::new(ordered::InPlace { ordered }) as Arc<dyn FileSystem>;
    // Not ordered, and otherwise the same.
    let writeback = rows(&in_place(false)).into_iter().map(Row::historic).collect();
    vec![
        path(
            "ext3/journalled",
            "ext3_write_begin and ext3_journalled_write_end, data=journal",
            rows(&journalled),
        ),
        path(
            "ext3/ordered",
            "ext3_write_begin and ext3_ordered_write_end, data=ordered",
            rows(&in_place(true)),
        ),
        path("ext3/writeback", "ext3_write_begin and ext3_writeback_write_end, data=writeback", writeback),
    ]
}

/// What ext3 is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    Vec::new()
}

//! The variants of reiserfs' write path.

use std::sync::Arc;

use super::write::Reiserfs;
use crate::corpus::{Bug, Told};
use crate::family::{Path, Row};
use crate::kernel::Caller;

fn row(name: &'static str, caller: Caller, trims: bool, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Reiserfs { trims }), sentence)
}

/// reiserfs' write path.
pub(crate) fn paths() -> Vec<Path> {
    let rows = vec![
        row(
            "v2.6.32",
            Caller::V2_6_26,
            false,
            "before ec8e2f746610: what a short write leaves beyond the size stays",
        )
        .stands("v2.6.26 .. v2.6.32")
        .historic(),
        row("v4.2", Caller::V4_2, true, "prefault first: v3.10 to v4.7").stands("v3.18 .. v4.7"),
        row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            true,
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        row("v5.18", Caller::V5_18, true, "prefault first, and given up only where nothing can be read")
            .stands("v5.18 .. v6.10")
            .historic(),
        row(
            "v6.11",
            Caller::V6_11,
            true,
            "9aac777aaf94: what came to nothing begins again with all of the page; v6.12 is the last \
             with reiserfs",
        )
        .stands("v6.11 .. v6.12"),
    ];
    let sentence = "reiserfs_write_begin and reiserfs_write_end, data=ordered";
    let leaves_out = "tails, the tree as a structure, preallocation, quotas, data=journal and data=writeback, the \
                      retry after -ENOSPC; files of one page";
    vec![Path::new("reiserfs/write", sentence, leaves_out, rows)]
}

/// What reiserfs is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![Bug {
        number: 57,
        fixed_by: "ec8e2f746610",
        sentence: "reiserfs leaves blocks beyond the size after a write that comes up short or fails",
        told: Told::Scenario {
            property: "blocks-beyond-size",
            before: "reiserfs/write@v2.6.32:extending-unmapped",
            after: "reiserfs/write@v4.2:extending-unmapped",
        },
    }]
}

//! NFS: the client's buffered writes.

mod request;
mod write;

use std::sync::Arc;

pub use write::{Nfs, Text};

use crate::corpus::{Bug, Told};
use crate::family::{Path, Row};
use crate::kernel::Caller;

fn row(name: &'static str, caller: Caller, text: Text, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Nfs { text }), sentence)
}

/// The path and its variants.
pub(crate) fn paths() -> Vec<Path> {
    let rows = vec![
        row("v4.2", Caller::V4_2, Text::V4_2, "prefault first; nfs_write_end looks at what was asked for"),
        row("v4.2+copy-first", Caller::CopyFirst, Text::V4_2, "v4.2 under 998ef75ddb's order"),
        row("v4.9", Caller::V4_8, Text::V4_8, "149a4fddd0a7: nothing copied makes no request"),
        row(
            "v4.9+copy-first",
            Caller::CopyFirst,
            Text::V4_8,
            "v4.9's nfs_write_end under 998ef75ddb's order",
        ),
        row("v4.10", Caller::V4_8, Text::V4_10, "c0cf3ef5e0f4: nfs_write_end looks at what was copied"),
        row("v4.10+copy-first", Caller::CopyFirst, Text::V4_10, "c0cf3ef5e0f4 under 998ef75ddb's order"),
        row(
            "v5.18",
            Caller::V5_18,
            Text::V4_10,
            "631f871f0718: prefault first, and given up only where nothing can be read",
        ),
        row(
            "v6.11",
            Caller::V6_11,
            Text::V4_10,
            "9aac777aaf94: what came to nothing begins again with all of the page",
        )
        .historic(),
        row("v6.14", Caller::V6_14, Text::V6_12, "665575cff098: copy first for good"),
        row("v6.18", Caller::V6_18, Text::V6_12, "the copy tries again by itself until it copies nothing"),
    ];
    let sentence = "nfs_write_begin and nfs_write_end, with the page's range of units to send";
    let leaves_out = "delegations, file locks, other open contexts, revalidation of attributes, pNFS, COMMIT, \
                      launder_folio";
    vec![Path::new("nfs/write", sentence, leaves_out, rows)]
}

/// What NFS is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![Bug {
        number: 19,
        fixed_by: "c0cf3ef5e0f4",
        sentence: "nfs_write_end zeroes the tail from what was asked for, and marks the page uptodate over units \
                   that were never copied",
        told: Told::Scenario {
            property: "stale-uptodate",
            before: "nfs/write@v4.9+copy-first:extending-absent",
            after: "nfs/write@v4.10+copy-first:extending-absent",
        },
    }]
}

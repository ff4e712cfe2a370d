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
        row("v4.2", Caller::V4_2, Text::V4_2, "prefault first; nfs_write_end looks at what was asked for")
            .stands("v3.18 .. v4.7"),
        row("v4.2+copy-first", Caller::CopyFirst, Text::V4_2, "v4.2 under 998ef75ddb's order"),
        row("v4.9", Caller::V4_8, Text::V4_8, "149a4fddd0a7: nothing copied makes no request")
            .stands("v4.8 .. v4.9"),
        row(
            "v4.9+copy-first",
            Caller::CopyFirst,
            Text::V4_8,
            "v4.9's nfs_write_end under 998ef75ddb's order",
        ),
        row("v4.10", Caller::V4_8, Text::V4_10, "c0cf3ef5e0f4: nfs_write_end looks at what was copied")
            .stands("v4.10 .. v5.13"),
        row("v4.10+copy-first", Caller::CopyFirst, Text::V4_10, "c0cf3ef5e0f4 under 998ef75ddb's order"),
        row(
            "v5.18",
            Caller::V5_18,
            Text::V4_10,
            "631f871f0718: prefault first, and given up only where nothing can be read",
        )
        .stands("v5.18 .. v6.10"),
        row(
            "v6.11",
            Caller::V6_11,
            Text::V4_10,
            "9aac777aaf94: what came to nothing begins again with all of the page",
        )
        .stands("v6.11 .. v6.13")
        .historic(),
        row("v6.14", Caller::V6_14, Text::V4_10, "665575cff098: copy first for good")
            .stands("v6.14 .. v6.16"),
        row(
            "v6.17",
            Caller::V6_14,
            Text::V6_17,
            "b7b8574225e9: a page that is cut in the middle is sent first; b1817b18ff20: what is behind \
             the end is zeroed when the file grows over it",
        )
        .stands("v6.17")
        .historic(),
        row("v6.18", Caller::V6_18, Text::V6_17, "the copy tries again by itself until it copies nothing")
            .stands("v6.18 .."),
    ];
    let sentence = "nfs_write_begin and nfs_write_end, with the page's range of units to send";
    let leaves_out = "delegations, file locks, other open contexts, revalidation of attributes, pNFS, COMMIT, \
                      launder_folio";
    vec![Path::new("nfs/write", sentence, leaves_out, rows)]
}

/// What NFS is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![
        Bug {
            number: 75,
            fixed_by: "b1817b18ff20",
            sentence: "what was stored behind the end of the file is in the file when it grows",
            told: Told::Scenario {
                property: "exposed-behind-end",
                before: "nfs/write@v6.14:store-behind-end-then-truncate-up",
                after: "nfs/write@v6.17:store-behind-end-then-truncate-up",
            },
        },
        Bug {
            number: 76,
            fixed_by: "b7b8574225e9",
            sentence: "a page that is cut in the middle keeps its request, with the old range",
            told: Told::Not {
                because: "a truncation beside stores and writeback is told of the text before it and of the one after it: \
                      nothing orders the server's two changes",
            },
        },
        Bug {
            number: 19,
            fixed_by: "c0cf3ef5e0f4",
            sentence: "nfs_write_end zeroes the tail from what was asked for, and marks the page uptodate over units \
                   that were never copied",
            told: Told::Scenario {
                property: "stale-uptodate",
                before: "nfs/write@v4.9+copy-first:extending-absent",
                after: "nfs/write@v4.10+copy-first:extending-absent",
            },
        },
    ]
}

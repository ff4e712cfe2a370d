//! The variants of ocfs2's write paths.

use std::sync::Arc;

use super::inline::Inline;
use super::nolock::Ocfs2;
use crate::corpus::{Bug, Told};
use crate::family::{Path, Row};
use crate::generic::buffer::Writepage;
use crate::kernel::Caller;

fn row(
    name: &'static str,
    caller: Caller,
    (drops_page_beyond_size, writepage): (bool, Writepage),
    sentence: &'static str,
) -> Row {
    Row::new(
        name,
        caller,
        Arc::new(Ocfs2 { drops_page_beyond_size, writepage, commits_copied: false }),
        sentence,
    )
}

fn nolock() -> Vec<Row> {
    let v4_2 = (false, Writepage::V4_2);
    let (v5_18, v6_3, v6_8) = ((false, Writepage::V5_10), (true, Writepage::V5_10), (true, Writepage::Mpage));
    vec![
        row("v4.2", Caller::V4_2, v4_2, "prefault first: v3.10 to v4.7").stands("v3.18 .. v4.7"),
        row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            v4_2,
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        row(
            "v5.18",
            Caller::V5_18,
            v5_18,
            "after 6dbf7bb55598, before 90410bcf873c: writeback leaves the buffers of a page beyond the \
             size dirty",
        )
        .stands("v5.18 .. v6.2"),
        row(
            "v6.3",
            Caller::V5_18,
            v6_3,
            "90410bcf873c, which v6.1 has from its stable tree: such a page is dropped, not zeroed",
        )
        .stands("v6.3 .. v6.7")
        .in_stable("v6.1")
        .historic(),
        row(
            "v6.11",
            Caller::V6_11,
            v6_8,
            "9aac777aaf94: what came to nothing begins again with all of the page",
        )
        .stands("v6.11 .. v6.13")
        .historic(),
        row("v6.14", Caller::V6_14, v6_8, "665575cff098: copy first for good").stands("v6.14 .. v6.17"),
        Row::new(
            "v6.18+commit-copied",
            Caller::V6_18,
            Arc::new(Ocfs2 {
                drops_page_beyond_size: true,
                writepage: Writepage::Mpage,
                commits_copied: true,
            }),
            "not in any kernel: write_end marks only what was copied uptodate and dirty",
        )
        .historic(),
        row("v6.18", Caller::V6_18, v6_8, "the copy tries again by itself until it copies nothing")
            .stands("v6.18 .."),
    ]
}

fn inline() -> Vec<Row> {
    let row = |name, caller, sentence| Row::new(name, caller, Arc::new(Inline), sentence);
    vec![
        row("v4.2", Caller::V4_2, "prefault first: v3.10 to v4.7").stands("v3.18 .. v4.7"),
        row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        row("v5.18", Caller::V5_18, "prefault first, and given up only where nothing can be read")
            .stands("v5.18 .. v6.10"),
        row("v6.11", Caller::V6_11, "9aac777aaf94: what came to nothing begins again with all of the page")
            .stands("v6.11 .. v6.13"),
        row("v6.14", Caller::V6_14, "665575cff098: copy first for good").stands("v6.14 .. v6.17"),
        row("v6.18", Caller::V6_18, "the copy tries again by itself until it copies nothing")
            .stands("v6.18 .."),
    ]
}

/// ocfs2's write paths.
pub(crate) fn paths() -> Vec<Path> {
    let sentence =
        "ocfs2_write_begin_nolock and ocfs2_write_end_nolock, data=ordered, a cluster as large as a page";
    let leaves_out = "other nodes and cluster locks, unwritten extents, reflinks, file systems without holes, quotas, \
                      ocfs2_write_failure; files of one page";
    let inline_sentence =
        "ocfs2_write_begin_inline and ocfs2_write_end_inline: the data is in the inode's block";
    let inline_leaves_out = "other nodes and cluster locks, the way from inline data to a cluster, that data and size are \
                             one buffer of the journal";
    vec![
        Path::new("ocfs2/nolock", sentence, leaves_out, nolock()),
        Path::new("ocfs2/inline", inline_sentence, inline_leaves_out, inline()),
    ]
}

/// What ocfs2 is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![Bug {
        number: 14,
        fixed_by: "90410bcf873c",
        sentence: "ocfs2 zeroes and dirties a page beyond the size after a failed copy; writeback (6dbf7bb55598) leaves \
                   its buffers dirty in a clean page, so that what is written next never comes to disk, and a \
                   reader finds what was there before",
        told: Told::Scenario {
            property: "stale-read",
            before: "ocfs2/nolock@v5.18:extending-dropped-with-writeback",
            after: "ocfs2/nolock@v6.3:extending-dropped-with-writeback",
        },
    }]
}

//! The variants of ext4's write paths: a kernel version, and what was proposed or changed.

use std::sync::Arc;

use super::block::Allocation;
use super::delalloc::{Delalloc, Text as DelayedText};
use super::journalled::{Journalled, WriteEnd};
use super::ordered::{Ordered, Text};
use crate::corpus::{Bug, bug};
use crate::family::{Path, Row};
use crate::kernel::Caller;

/// Its stable tree has what zeroes the gap before a write that begins beyond the end, which came with v6.13.
const V6_12: &str = "v6.12";

/// What v6.17 changes.
const WAITS_AT_LAST: &str = "2bddafea3d0d: page_mkwrite waits for writeback when its handle is closed";

/// What v7.1 changed in all three.
const ZEROES_FIRST: &str =
    "3f60efd65412: what lies between the end and a write beyond it is zeroed before the write";

fn journalled_row(name: &'static str, caller: Caller, write_end: WriteEnd, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Journalled { write_end }), sentence)
}

fn journalled() -> Vec<Row> {
    vec![
        journalled_row(
            "v3.6",
            Caller::V2_6_26,
            WriteEnd::V4_2,
            "before b794e7a6ebfb: what is truncated while a commit has it stays mapped to its block",
        )
        .stands("v3.6")
        .historic(),
        journalled_row(
            "v4.2",
            Caller::V4_2,
            WriteEnd::V4_2,
            "prefault first: bdf96838aea6, writeback looks whether a page that it has let go of is still there; and after the \
             revert of 998ef75ddb",
        )
        .stands("v4.2 .. v4.3"),
        journalled_row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            WriteEnd::V4_2,
            "998ef75ddb: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        journalled_row(
            "v4.2+copy-first+short-is-zero",
            Caller::CopyFirst,
            WriteEnd::V4_2,
            "with the proposal of 2015-10-05: a short copy into a page that is not uptodate counts as zero",
        )
        .historic()
        .short_is_zero(),
        journalled_row(
            "v4.2+copy-first+skip-zeroing",
            Caller::CopyFirst,
            WriteEnd::SkipZeroing,
            "with the first ext4 patch: no zeroing of new buffers, and no walk, when nothing was copied",
        ),
        journalled_row(
            "v4.2+copy-first+skip-zeroing-at-entry",
            Caller::CopyFirst,
            WriteEnd::SkipZeroingAtEntry,
            "another reading of the first ext4 patch: tested at entry, where a partial copy still counts",
        )
        .historic(),
        journalled_row(
            "v4.2+copy-first+skip-zeroing-walk",
            Caller::CopyFirst,
            WriteEnd::SkipZeroingWalk,
            "another reading of the first ext4 patch: only the zeroing is skipped, the walk still runs",
        )
        .historic(),
        journalled_row(
            "v4.4",
            Caller::V4_2,
            WriteEnd::V4_4,
            "b90197b65518: new buffers are zeroed without being dirtied",
        )
        .stands("v4.4 .. v4.7"),
        journalled_row(
            "v4.4+copy-first",
            Caller::CopyFirst,
            WriteEnd::V4_4,
            "b90197b65518 under 998ef75ddb's order",
        )
        .historic(),
        journalled_row(
            "v4.11",
            Caller::V4_8,
            WriteEnd::V4_11,
            "3b136499e906: after a short copy only what was copied, or is new, is journalled",
        )
        .stands("v4.11 .. v5.9"),
        journalled_row(
            "v4.11+copy-first",
            Caller::CopyFirst,
            WriteEnd::V4_11,
            "3b136499e906 under 998ef75ddb's order",
        )
        .historic(),
        journalled_row(
            "v5.18",
            Caller::V5_18,
            WriteEnd::V5_10,
            "64a9f1449950: a store through a mapping is journalled when its page becomes writable",
        )
        .stands("v5.18 .. v6.2"),
        journalled_row("v6.3", Caller::V5_18, WriteEnd::V6_3, "and no more when that page is written back")
            .stands("v6.3")
            .historic(),
        journalled_row(
            "v6.5",
            Caller::V5_18,
            WriteEnd::V6_4,
            "d84c9ebdac1e: the page of what is journalled is dirty; c2d6fd9d6f35: a checkpoint looks again at what it \
             has written",
        )
        .stands("v6.5 .. v6.10")
        .historic(),
        journalled_row(
            "v6.13",
            Caller::V6_11,
            WriteEnd::V6_13,
            "cb3de5fc876e: write_begin dirties nothing; 9aac777aaf94: a copy of nothing begins again \
             with all of the page",
        )
        .historic()
        .stands("v6.13")
        .in_stable(V6_12),
        journalled_row(
            "v6.14",
            Caller::V6_14,
            WriteEnd::V6_13,
            "665575cff098: copy first for good, with ext4 of that time",
        )
        .historic()
        .stands("v6.14 .. v6.16"),
        journalled_row("v6.17", Caller::V6_14, WriteEnd::V6_13, WAITS_AT_LAST).stands("v6.17").historic(),
        journalled_row(
            "v6.18",
            Caller::V6_18,
            WriteEnd::V6_13,
            "the copy tries again by itself until it copies nothing",
        )
        .stands("v6.18 .. v7.0")
        .historic(),
        journalled_row("v7.1", Caller::V6_18, WriteEnd::V7_1, ZEROES_FIRST).stands("v7.1 .."),
    ]
}

fn ordered_row(
    name: &'static str,
    caller: Caller,
    (text, allocation): (Text, Allocation),
    sentence: &'static str,
) -> Row {
    Row::new(name, caller, Arc::new(Ordered { text, allocation }), sentence)
}

fn ordered() -> Vec<Row> {
    use Allocation::{Ordered as Listed, Plain, Unwritten, UnwrittenBeforeFix};
    vec![
        ordered_row(
            "v2.6.26",
            Caller::V2_6_26,
            (Text::V2_6_26, Plain),
            "before f8514083cd1b: what a short copy leaves beyond the size stays",
        )
        .stands("v2.6.26 .. v2.6.30")
        .historic(),
        ordered_row(
            "v2.6.31",
            Caller::V2_6_26,
            (Text::V2_6_31, Plain),
            "f8514083cd1b: blocks that a short copy leaves beyond the size go, and the page cache keeps \
             their buffers",
        )
        .stands("v2.6.31 .. v2.6.32")
        .historic(),
        ordered_row(
            "v2.6.33",
            Caller::V2_6_26,
            (Text::V2_6_33, Plain),
            "b9a4207d5e91: and what the page cache has of them",
        )
        .stands("v2.6.33 .. v2.6.39")
        .historic(),
        ordered_row(
            "v3.4",
            Caller::V2_6_26,
            (Text::V4_2, Plain),
            "f9f07b6c1372: a page that was uptodate stays so where a block can't be had",
        )
        .stands("v3.4 .. v3.9")
        .historic(),
        ordered_row("v3.10", Caller::V4_2, (Text::V4_2, Plain), "a50527b19c62: a fatal signal ends it")
            .stands("v3.10 .. v3.11")
            .historic(),
        ordered_row(
            "v3.12",
            Caller::V4_2,
            (Text::V4_2, Plain),
            "90e775b71ac4: a truncation changes both sizes under one handle, and looks after ordered \
             data before that",
        )
        .stands("v3.12 .. v3.17")
        .historic(),
        ordered_row(
            "v4.2",
            Caller::V4_2,
            (Text::V4_2, Plain),
            "prefault first; 90a8020278c1: who stores behind the end asks again when the file has grown",
        )
        .stands("v3.18 .. v4.6"),
        ordered_row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            (Text::V4_2, Plain),
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        ordered_row(
            "v5.18",
            Caller::V5_18,
            (Text::V4_7, Listed),
            "06bd3c36a733: what is allocated is written before the commit, and what is not allocated is not",
        )
        .stands("v5.18 .. v6.10"),
        ordered_row(
            "v6.1+dioread-nolock",
            Caller::V5_18,
            (Text::V4_7, UnwrittenBeforeFix),
            "delayed allocation falls back to this path, and blocks read as zeros until they are written",
        )
        .stands("v5.18 .. v6.5")
        .historic(),
        ordered_row(
            "v6.13",
            Caller::V6_11,
            (Text::V6_13, Listed),
            "6b730a405037: dirtying is left to write_end; 9aac777aaf94: a copy of nothing begins again \
             with all of the page",
        )
        .stands("v6.13")
        .historic()
        .in_stable(V6_12),
        ordered_row("v6.14", Caller::V6_14, (Text::V6_13, Listed), "665575cff098: copy first for good")
            .historic()
            .stands("v6.14 .. v6.16"),
        ordered_row("v6.17", Caller::V6_14, (Text::V6_13, Listed), WAITS_AT_LAST).stands("v6.17").historic(),
        ordered_row(
            "v6.14+dioread-nolock",
            Caller::V6_14,
            (Text::V6_13, Unwritten),
            "2cd8bdb5efc1: blocks that read as zeros are new to who writes them",
        )
        .stands("v6.14 .. v6.16")
        .historic(),
        ordered_row("v6.17+dioread-nolock", Caller::V6_14, (Text::V6_13, Unwritten), WAITS_AT_LAST)
            .stands("v6.17")
            .historic(),
        ordered_row(
            "v6.18+dioread-nolock",
            Caller::V6_18,
            (Text::V6_13, Unwritten),
            "where delayed allocation falls back to it: the default since v6.8, also where blocks are \
             smaller than pages",
        )
        .historic()
        .stands("v6.18 .. v7.0"),
        ordered_row(
            "v6.18",
            Caller::V6_18,
            (Text::V6_13, Listed),
            "the copy tries again by itself until it copies nothing",
        )
        .historic()
        .stands("v6.18 .. v7.0"),
        ordered_row("v7.1", Caller::V6_18, (Text::V7_1, Listed), ZEROES_FIRST).stands("v7.1 .."),
    ]
}

fn delayed_row(
    name: &'static str,
    caller: Caller,
    (text, allocation): (DelayedText, Allocation),
    sentence: &'static str,
) -> Row {
    Row::new(name, caller, Arc::new(Delalloc { text, allocation }), sentence)
}

fn delayed() -> Vec<Row> {
    use Allocation::{Ordered as Listed, Plain, Unwritten};
    vec![
        delayed_row("v4.2", Caller::V4_2, (DelayedText::V4_2, Plain), "prefault first: v3.10 to v4.6")
            .stands("v3.18 .. v4.6"),
        delayed_row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            (DelayedText::V4_2, Plain),
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        delayed_row(
            "v4.9",
            Caller::V4_8,
            (DelayedText::V4_2, Listed),
            "06bd3c36a733: a commit waits for the data of blocks that writeback has allocated",
        )
        .stands("v4.8 .. v5.13")
        .historic(),
        delayed_row("v5.14", Caller::V5_14, (DelayedText::V4_2, Listed), "before 4df031ff5876")
            .stands("v5.14")
            .historic(),
        delayed_row(
            "v5.18",
            Caller::V5_18,
            (DelayedText::V5_15, Listed),
            "4df031ff5876: the size on disk is raised only with the size",
        )
        .historic()
        .stands("v5.18 .. v6.3"),
        delayed_row(
            "v6.4",
            Caller::V5_18,
            (DelayedText::V6_4, Listed),
            "1dedde690303: and only by what is taken",
        )
        .stands("v6.4 .. v6.7")
        .in_stable("v6.1"),
        delayed_row(
            "v6.8",
            Caller::V5_18,
            (DelayedText::V6_4, Unwritten),
            "e89fdcc425b6: dioread_nolock, of larger blocks the default since v5.6: blocks read as zeros \
             until they are written",
        )
        .stands("v6.8 .. v6.10")
        .historic(),
        delayed_row(
            "v6.13",
            Caller::V6_11,
            (DelayedText::V6_13, Unwritten),
            "6b730a405037: dirtying is left to write_end; 9aac777aaf94: a copy of nothing begins again \
             with all of the page",
        )
        .stands("v6.13")
        .historic()
        .in_stable(V6_12),
        delayed_row(
            "v6.14",
            Caller::V6_14,
            (DelayedText::V6_13, Unwritten),
            "665575cff098: copy first for good",
        )
        .historic()
        .stands("v6.14 .. v6.16"),
        delayed_row(
            "v6.17",
            Caller::V6_14,
            (DelayedText::V6_17, Unwritten),
            "ded2d726a304: a page is written as far as it has blocks where no more can be had",
        )
        .historic()
        .stands("v6.17"),
        delayed_row(
            "v6.18",
            Caller::V6_18,
            (DelayedText::V6_17, Unwritten),
            "the copy tries again by itself until it copies nothing",
        )
        .stands("v6.18 .. v7.0")
        .historic(),
        delayed_row("v7.1", Caller::V6_18, (DelayedText::V7_1, Unwritten), ZEROES_FIRST).stands("v7.1 .."),
    ]
}

/// ext4's write paths.
pub(crate) fn paths() -> Vec<Path> {
    let sentence = "ext4_write_begin and ext4_journalled_write_end, data=journal";
    let leaves_out = "inline data, encryption, verity, large folios, credits but in write_begin, revoke records, \
                      the journal's abort, the retry after -ENOSPC";
    let of_delayed = "ext4_da_write_begin and ext4_da_write_end, data=ordered with delayed allocation";
    let of_ordered = "ext4_write_begin and ext4_write_end, data=ordered without delayed allocation";
    vec![
        Path::new("ext4/journalled", sentence, leaves_out, journalled()),
        Path::new("ext4/ordered", of_ordered, leaves_out, ordered()),
        Path::new("ext4/delalloc", of_delayed, leaves_out, delayed()),
    ]
}

/// What ext4 is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![
        bug(
            9,
            "b90197b65518",
            "ext4_journalled_write_end zeroes new buffers with the generic function, which dirties them behind the \
             journal's back",
            "journal-bypass",
            "ext4/journalled@v4.2+copy-first:extending-absent",
            "ext4/journalled@v4.4+copy-first:extending-absent",
        ),
        bug(
            12,
            "2cd8bdb5efc1",
            "a block that was allocated and never written is neither zeroed nor read before a part of it \
             is written",
            "stale-uptodate",
            "ext4/ordered@v6.1+dioread-nolock:within-resident-unwritten-blocks",
            "ext4/ordered@v6.14+dioread-nolock:within-resident-unwritten-blocks",
        ),
        bug(
            13,
            "cb3de5fc876e",
            "write_begin dirties a new buffer of an uptodate page while a commit has it on its forget list",
            "kernel-bug",
            "ext4/journalled@v4.11:within-resident-of-a-cut-file-with-commit",
            "ext4/journalled@v6.14:within-resident-of-a-cut-file-with-commit",
        ),
        bug(
            51,
            "4df031ff5876",
            "ext4_da_write_end raises the size on disk by what was copied, before it is known what of it is taken \
             (1dedde690303 ended it)",
            "disksize-beyond-size",
            "ext4/delalloc@v5.14:extending-unmapped",
            "ext4/delalloc@v6.4:extending-unmapped",
        ),
        bug(
            52,
            "64a9f1449950",
            "ext4_page_mkwrite dirties buffers and journals them afterwards",
            "journal-bypass",
            "ext4/journalled@v4.11:no-writer-mmap-store-and-commit",
            "ext4/journalled@v6.14:no-writer-mmap-store-and-commit",
        ),
        bug(
            64,
            "b9a4207d5e91",
            "blocks beyond the size go after a short copy and their buffers stay: the next round writes to blocks that are \
             free",
            "foreign-block",
            "ext4/ordered@v2.6.31:extending-segment-then-invalid",
            "ext4/ordered@v2.6.33:extending-segment-then-invalid",
        ),
        bug(
            73,
            "c7fc0366c656",
            "what was stored behind the end of the file is in the file when it grows",
            "exposed-behind-end",
            "ext4/delalloc@v6.8:store-behind-end-in-a-block-then-write-beyond",
            "ext4/delalloc@v6.13:store-behind-end-in-a-block-then-write-beyond",
        ),
        bug(
            74,
            "ded2d726a304",
            "writeback of a page gives up where its second block can't be had; when that can, what was allocated first is \
             written, and stays one that reads as zeros",
            "lost-write",
            "ext4/delalloc@v6.14:extending-disk-full-at-writeback",
            "ext4/delalloc@v6.17:extending-disk-full-at-writeback",
        ),
        bug(
            65,
            "b794e7a6ebfb",
            "a truncation beside a commit leaves buffers of the last page mapped to blocks that are free",
            "foreign-block",
            "ext4/journalled@v3.6:within-resident-of-a-cut-file-with-commit",
            "ext4/journalled@v4.2:within-resident-of-a-cut-file-with-commit",
        ),
        bug(
            82,
            "2bddafea3d0d",
            "with data=journal page_mkwrite does not wait for writeback, and the page is stored to while it is written",
            "unstable-page",
            "ext4/journalled@v6.14:no-writer-mmap-store-and-writeback-1-block",
            "ext4/journalled@v6.17:no-writer-mmap-store-and-writeback-1-block",
        ),
        bug(
            70,
            "e6b9bd7290d3",
            "a checkpoint drops a buffer that a handle is taking over, and the log's tail moves over its only copy",
            "stale-on-disk",
            "ext4/journalled@v5.18:no-writer-truncate-and-checkpoint",
            "ext4/journalled@v6.5:no-writer-truncate-and-checkpoint",
        ),
        bug(
            83,
            "c2d6fd9d6f35",
            "a checkpoint drops a buffer that it has not written, because a handle took it over first",
            "stale-on-disk",
            "ext4/journalled@v6.3:no-writer-truncate-to-nothing-checkpoint-and-commit-1-block",
            "ext4/journalled@v6.5:no-writer-truncate-to-nothing-checkpoint-and-commit-1-block",
        ),
        bug(
            84,
            "cb3de5fc876e",
            "write_begin cleans a buffer before the journal has it, and a checkpoint takes it for written",
            "stale-on-disk",
            "ext4/journalled@v6.5:within-resident-with-checkpoint",
            "ext4/journalled@v6.13:within-resident-with-checkpoint",
        ),
        bug(
            79,
            "06bd3c36a733",
            "with delayed allocation no commit waits for the data of the blocks that it records",
            "stale-on-disk",
            "ext4/delalloc@v4.2:extending-resident-with-writeback-with-commit",
            "ext4/delalloc@v4.9:extending-resident-with-writeback-with-commit",
        ),
        bug(
            56,
            "f8514083cd1b",
            "blocks that a short copy leaves beyond the size stay",
            "blocks-beyond-size",
            "ext4/ordered@v2.6.26:extending-unmapped",
            "ext4/ordered@v2.6.33:extending-unmapped",
        ),
    ]
}

//! File systems whose data is in the page cache and nowhere else: ramfs (`fs/libfs.c`) and tmpfs
//! (`mm/shmem.c`).

mod libfs;
mod shmem;

use std::sync::Arc;

pub use libfs::{Simple, Text};

use crate::corpus::{Bug, Told};
use crate::family::{Path, Row};
use crate::kernel::Caller;

fn row(name: &'static str, caller: Caller, text: Text, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Simple { text }), sentence)
}

/// Today's callers, which are the same for every file system that has not changed since.
fn today(text: Text) -> [Row; 4] {
    [
        row(
            "v5.18",
            Caller::V5_18,
            text,
            "631f871f0718: prefault first, and given up only where nothing can be read",
        )
        .stands("v5.18 .. v6.10"),
        row(
            "v6.11",
            Caller::V6_11,
            text,
            "9aac777aaf94: what came to nothing begins again with all of the page",
        )
        .stands("v6.11 .. v6.13"),
        row("v6.14", Caller::V6_14, text, "665575cff098: copy first for good").stands("v6.14 .. v6.17"),
        row("v6.18", Caller::V6_18, text, "the copy tries again by itself until it copies nothing")
            .stands("v6.18 .."),
    ]
}

fn ramfs() -> Vec<Row> {
    let mut rows = vec![
        row(
            "v2.6.20",
            Caller::V2_6_18,
            Text::V2_6_20,
            "simple_prepare_write marks the page uptodate before the copy",
        )
        .stands("v2.6.18 .. v2.6.20"),
        row(
            "v2.6.21",
            Caller::V2_6_18,
            Text::V2_6_21,
            "55144768e100: simple_commit_write marks the page uptodate, after the copy",
        )
        .stands("v2.6.21 .. v2.6.23"),
        row(
            "v4.2",
            Caller::V4_2,
            Text::V4_2,
            "prefault first; simple_write_end zeroes what a short copy left out, also in a page that is \
             uptodate",
        )
        .stands("v3.18 .. v4.7"),
        row("v4.2+copy-first", Caller::CopyFirst, Text::V4_2, "v4.2 under 998ef75ddb's order"),
        row(
            "v4.10",
            Caller::V4_8,
            Text::V4_10,
            "simple_write_end zeroes only where the page is not uptodate",
        )
        .stands("v4.10 .. v5.13"),
    ];
    rows.extend(today(Text::V4_10));
    rows
}

fn tmpfs() -> Vec<Row> {
    let mut rows = vec![
        row("v4.2", Caller::V4_2, Text::Shmem, "prefault first: v3.10 to v4.7").stands("v3.18 .. v4.7"),
        row("v4.2+copy-first", Caller::CopyFirst, Text::Shmem, "v4.2 under 998ef75ddb's order"),
    ];
    rows.extend(today(Text::Shmem));
    rows
}

/// The paths and their variants.
pub(crate) fn paths() -> Vec<Path> {
    vec![
        Path::new(
            "simple/ramfs",
            "simple_write_begin and simple_write_end, as ramfs uses them",
            "splice, huge pages",
            ramfs(),
        ),
        Path::new(
            "simple/tmpfs",
            "shmem_write_begin and shmem_write_end",
            "swap, huge pages, fallocate, seals; a read of a hole finds the zero page and adds none",
            tmpfs(),
        ),
    ]
}

/// What they are known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![Bug {
        number: 7,
        fixed_by: "55144768e100",
        sentence: "simple_prepare_write marks the page uptodate before the user's data is in it",
        told: Told::Scenario {
            property: "stale-read",
            before: "simple/ramfs@v2.6.20:within-absent-with-reader",
            after: "simple/ramfs@v2.6.21:within-absent-with-reader",
        },
    }]
}

//! The variants of ext4's write paths: a kernel version, and what was proposed or changed.

use std::sync::Arc;

use scenario::WritePath;

use super::journalled::{Journalled, WriteEnd};
use crate::Mutant;
use crate::corpus::{Bug, Told};
use crate::family::{Row, write_path};
use crate::kernel::Caller;

fn row(name: &'static str, caller: Caller, write_end: WriteEnd, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Journalled { write_end }), sentence)
}

fn journalled() -> Vec<Row> {
    vec![
        row("v4.2", Caller::V4_2, WriteEnd::V4_2, "prefault first: v4.2, and after the revert of 998ef75ddb"),
        row(
            "v4.2+copy-first",
            Caller::CopyFirst,
            WriteEnd::V4_2,
            "998ef75ddb: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        row(
            "v4.2+copy-first+short-is-zero",
            Caller::CopyFirst,
            WriteEnd::V4_2,
            "with the proposal of 2015-10-05: a short copy into a page that is not uptodate counts as zero",
        )
        .short_is_zero(),
        row(
            "v4.2+copy-first+skip-zeroing",
            Caller::CopyFirst,
            WriteEnd::SkipZeroing,
            "with the first ext4 patch: no zeroing of new buffers, and no walk, when nothing was copied",
        ),
        row(
            "v4.2+copy-first+skip-zeroing-at-entry",
            Caller::CopyFirst,
            WriteEnd::SkipZeroingAtEntry,
            "another reading of the first ext4 patch: tested at entry, where a partial copy still counts",
        ),
        row(
            "v4.2+copy-first+skip-zeroing-walk",
            Caller::CopyFirst,
            WriteEnd::SkipZeroingWalk,
            "another reading of the first ext4 patch: only the zeroing is skipped, the walk still runs",
        ),
        row(
            "v4.4",
            Caller::V4_2,
            WriteEnd::V4_4,
            "b90197b65518: new buffers are zeroed without being dirtied",
        ),
        row("v4.4+copy-first", Caller::CopyFirst, WriteEnd::V4_4, "b90197b65518 under 998ef75ddb's order"),
        row(
            "v4.11",
            Caller::V4_8,
            WriteEnd::V4_11,
            "3b136499e906: after a short copy only what was copied, or is new, is journalled",
        ),
        row("v4.11+copy-first", Caller::CopyFirst, WriteEnd::V4_11, "3b136499e906 under 998ef75ddb's order"),
        row(
            "v6.14",
            Caller::V6_14,
            WriteEnd::V6_14,
            "665575cff098: copy first for good, with ext4 of that time",
        ),
    ]
}

/// ext4's write paths.
pub(crate) fn paths(mutant: Option<Mutant>) -> Vec<WritePath> {
    let sentence = "ext4_write_begin and ext4_journalled_write_end, data=journal";
    let leaves_out = "inline data, encryption, verity, large folios, credits, revoke records, the journal's \
                      abort, the retry after -ENOSPC; files of one page";
    vec![write_path("ext4/journalled", sentence, leaves_out, journalled(), mutant)]
}

/// What ext4 is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![Bug {
        number: 9,
        fixed_by: "b90197b65518",
        sentence: "ext4_journalled_write_end zeroes new buffers with the generic function, which dirties them \
                   behind the journal's back",
        told: Told::Scenario {
            property: "journal-bypass",
            before: "ext4/journalled@v4.2+copy-first:extending-absent",
            after: "ext4/journalled@v4.4+copy-first:extending-absent",
        },
    }]
}

//! The sources, as the table has them.

use crate::family::Source;

/// A source as the table has it: its name in a scenario's name, what happens, and what must be reached.
pub(super) struct Row {
    pub(super) source: Source,
    pub(super) name: &'static str,
    pub(super) sentence: &'static str,
    pub(super) reachable: &'static [&'static str],
}

/// A row.
pub(super) const fn row(
    source: Source,
    name: &'static str,
    sentence: &'static str,
    reachable: &'static [&'static str],
) -> Row {
    Row { source, name, sentence, reachable }
}

/// What every region is asked.
pub(super) const ROWS: [Row; 17] = [
    row(Source::Resident, "resident", "from memory that stays", &["whole write"]),
    row(Source::Absent, "absent", "from valid memory that is not in the page tables", &["whole write"]),
    row(Source::Invalid, "invalid", "from memory that is not mapped", &["failed write"]),
    row(
        Source::Unmapped,
        "unmapped",
        "from memory that is unmapped meanwhile",
        &["short copy", "whole write", "failed write"],
    ),
    row(
        Source::Dropped,
        "dropped",
        "from memory that madvise drops meanwhile",
        &["short copy", "whole write"],
    ),
    row(
        Source::Reclaimed,
        "reclaimed",
        "from memory that reclaim takes meanwhile",
        &["short copy", "whole write"],
    ),
    row(
        Source::Truncated,
        "source-truncated",
        "from a mapping of a file that is truncated meanwhile",
        &["short copy", "whole write", "failed write"],
    ),
    row(
        Source::SelfMapped,
        "self-mapped",
        "from a mapping of the very page that is written",
        &["whole write"],
    ),
    row(
        Source::StraddlingAbsent,
        "straddling-absent",
        "from two pages, of which the second is not in the page tables",
        &["whole write"],
    ),
    row(
        Source::StraddlingInvalid,
        "straddling-invalid",
        "from two pages, of which the second is not mapped",
        &["short or failed write"],
    ),
    row(
        Source::StraddlingUnmapped,
        "straddling-unmapped",
        "from two pages, of which the second is unmapped meanwhile",
        &["short copy", "whole write"],
    ),
    row(
        Source::Tagged,
        "tagged",
        "from memory of which only the first two units can be read",
        &["short copy"],
    ),
    row(
        Source::EmptyThenAbsent,
        "empty-then-absent",
        "from an empty segment and one that is not in the page tables",
        &["whole write"],
    ),
    row(
        Source::EmptyThenInvalid,
        "empty-then-invalid",
        "from an empty segment and one that is not mapped",
        &["failed write"],
    ),
    row(
        Source::SegmentThenAbsent,
        "segment-then-absent",
        "from a segment in memory and one that is not in the page tables",
        &["whole write"],
    ),
    row(
        Source::SegmentThenInvalid,
        "segment-then-invalid",
        "from a segment in memory and one that is not mapped",
        &["short or failed write"],
    ),
    row(
        Source::SegmentThenSelf,
        "segment-then-self",
        "from a segment in memory and one that is a mapping of the very page that is written",
        &["whole write"],
    ),
];

/// The row of a source that is in [`ROWS`].
///
/// # Panics
/// Where it is not.
pub(super) fn of(source: Source) -> &'static Row {
    ROWS.iter().find(|row| row.source == source).expect("a row of the table")
}

//! What is asked once: a full disk, a copy that stops early, a signal, blocks that were never written, crowds.

use page_state::Geometry;
use scenario::Tier;

use super::initial::{Breadth, Region};
use super::rows::{Row, of, row};
use super::without_writer::surrounding;
use super::{READER, READER_OF_A_BLOCK, TRUNCATE, TRUNCATE_TO_NOTHING, TRUNCATE_UP, question};
use crate::family::{Companion, File, Growth, PageState, Question, Source};
use crate::kernel::Request;

/// A full disk, a copy that stops early, a signal, a reader of a part of the page.
pub(super) fn special(region: Region, all: &mut Vec<(Question, Tier)>) {
    let absent = of(Source::Absent);
    let unmapped = of(Source::Unmapped);
    let mut full = question(region, absent, Breadth::Wide, &[]);
    full.name = format!("{}-disk-full", region.name());
    full.sentence = format!("{}; an allocation finds the disk full", full.sentence);
    full.allocation_can_fail = true;
    full.reachable = vec!["whole write", "failed write"];
    all.push((full, Tier::Default));

    let mut early = question(region, unmapped, Breadth::Narrow, &[]);
    early.name = format!("{}-stops-early", region.name());
    early.sentence = format!("{}; a copy that meets a fault may stop before it", early.sentence);
    early.stops_early = true;
    all.push((early, Tier::Default));

    let freed = Row { source: Source::Freed, name: "freed", ..*unmapped };
    let mut freed = question(region, &freed, Breadth::Plain, &[]);
    freed.sentence = format!("{}; its frame becomes somebody else's", freed.sentence);
    all.push((freed, Tier::Default));

    // Two blocks are allocated.
    if region != Region::Beyond {
        all.push((out_of_credits(region), Tier::Default));
    }

    if region == Region::Within {
        let dropped = row(
            Source::SelfDropped,
            "self-dropped",
            "from a mapping of the very page that is written, which madvise drops meanwhile",
            &["short copy", "whole write"],
        );
        let mut dropped = question(region, &dropped, Breadth::Narrow, &[]);
        dropped.initial.retain(|(_, page, _)| matches!(page, PageState::Uptodate));
        all.push((dropped, Tier::Default));
        of_unwritten_blocks(all);
        all.push((cut_before(), Tier::Default));
        all.push((cut_before_a_checkpoint(), Tier::All));
        all.extend(full_beside_others().map(|question| (question, Tier::Default)));
        let mut full = full_at_writeback(region, &[Companion::Writeback, Companion::Commit]);
        full.initial = vec![(
            File { size: 4, allocated: 0, unwritten: 0 },
            PageState::Absent,
            Request { pos: 0, len: 4 },
        )];
        all.push((full, Tier::Default));
        // A commit takes the write permission while the page is changed once more.
        let crowd = [Companion::MmapStore, Companion::Commit];
        let mut stored = question(region, of(Source::Resident), Breadth::Single, &crowd);
        let file = File { size: 4, allocated: 0b11, unwritten: 0 };
        stored.initial = vec![(file, PageState::Uptodate, Request { pos: 1, len: 1 })];
        all.push((stored, Tier::Default));
        all.extend(on_a_plain_disk().map(|question| (question, Tier::Default)));
        let segments = of(Source::EmptyThenAbsent);
        all.push((question(region, segments, Breadth::Narrow, &[READER]), Tier::Default));
    }

    if region == Region::Extending {
        let crowds = [
            // What is allocated is on its way to disk when it is cut off.
            [TRUNCATE, Companion::Commit],
            [TRUNCATE_TO_NOTHING, Companion::Commit],
            // What is under writeback is cut off.
            [TRUNCATE_TO_NOTHING, Companion::Writeback],
            // What writeback allocates is on its way to disk when the journal commits.
            [Companion::Writeback, Companion::Commit],
        ];
        for crowd in crowds {
            all.push((question(region, of(Source::Resident), Breadth::Single, &crowd), Tier::Default));
        }
        all.push((full_at_writeback(region, &[Companion::Writeback]), Tier::Default));
        all.push((truncated_to_same(), Tier::Default));
        all.push((out_of_credits_in_a_larger_page(), Tier::All));
        all.push((then_full_disk(), Tier::Default));
        // The disk is full after the first block, and the machine goes down before that is given back.
        let mut full = question(region, of(Source::Resident), Breadth::Single, &[Companion::Commit]);
        full.name = "extending-disk-full-with-commit".to_owned();
        full.sentence = format!("{}; an allocation finds the disk full", full.sentence);
        full.allocation_can_fail = true;
        full.reachable = vec!["whole write", "failed write"];
        all.push((full, Tier::Default));
        let mut append = question(region, of(Source::Resident), Breadth::Single, &[Companion::Commit]);
        append.name = "extending-resident-in-a-block-with-commit".to_owned();
        append.sentence = format!("{}; no block is allocated", append.sentence);
        let file = File { size: 1, allocated: 1, unwritten: 0 };
        append.initial = vec![(file, PageState::Absent, Request { pos: 1, len: 1 })];
        all.push((append, Tier::Default));
    }

    let evicted = row(
        Source::Evicted,
        "evicted",
        "from memory that reclaim takes again and again",
        &["short copy", "whole write", "-EINTR"],
    );
    all.push((question(region, &evicted, Breadth::Plain, &[Companion::Kill]), Tier::Default));

    let mut partly = question(region, of(Source::Invalid), Breadth::Narrow, &[READER_OF_A_BLOCK]);
    partly.name = format!("{}-invalid-with-reader-of-a-block", region.name());
    partly.sentence = format!("{}; the reader wants the first block only", partly.sentence);
    all.push((partly, Tier::Default));

    let companions = [Companion::Commit, READER];
    let mut crowd = question(region, of(Source::Invalid), Breadth::Single, &companions);
    crowd.reachable = vec!["failed write", "read"];
    all.push((crowd, if region == Region::Within { Tier::Default } else { Tier::All }));

    for cut in [TRUNCATE, TRUNCATE_TO_NOTHING] {
        all.push((question(region, absent, Breadth::Plain, &[cut]), Tier::Default));
    }
    // Within, the file has that size already.
    if region != Region::Within {
        let mut up = question(region, absent, Breadth::Plain, &[TRUNCATE_UP]);
        up.name = format!("{}-absent-with-truncate-up", region.name());
        up.sentence = format!("{}; the file grows", up.sentence);
        all.push((up, Tier::All));
    }
    let crowd = [TRUNCATE, Companion::Commit];
    all.push((question(region, of(Source::Invalid), Breadth::Plain, &crowd), Tier::All));
}

/// Blocks that are allocated and were never written (`fallocate`).
fn of_unwritten_blocks(all: &mut Vec<(Question, Tier)>) {
    for source in [of(Source::Resident), of(Source::Invalid)] {
        let mut question = question(Region::Within, source, Breadth::Narrow, &[]);
        question.name = format!("{}-unwritten-blocks", question.name);
        question.sentence = format!("{}; the file's blocks were never written", question.sentence);
        question.initial.retain(|(file, page, _)| file.allocated == 0b11 && *page == PageState::Absent);
        let files = std::mem::take(&mut question.initial);
        for unwritten in [0b11, 0b01, 0b10] {
            let of = |&(file, page, request)| (File { unwritten, ..file }, page, request);
            question.initial.extend(files.iter().map(of));
        }
        all.push((question, Tier::Default));
    }
}

/// A write to a hole that finds the disk full, beside a reader, and beside a store to the same hole that may find it full,
/// too; then somebody writes there once more.
fn full_beside_others() -> [Question; 2] {
    let stores = [Companion::MmapStore, Companion::Grow(Growth::Write)];
    let named: [(&str, &str, &[Companion]); 2] = [
        ("with-reader", "beside a reader", &[READER]),
        (
            "with-mmap-store-then-write-again",
            "beside a store to the same block; then somebody writes once more",
            &stores,
        ),
    ];
    named.map(|(name, sentence, companions)| {
        let mut question = question(Region::Within, of(Source::Resident), Breadth::Single, companions);
        question.name = format!("within-disk-full-{name}");
        question.sentence = format!("a write within the file, which finds the disk full, {sentence}");
        question.allocation_can_fail = true;
        question.reachable = vec!["whole write", "failed write"];
        question.store = question.store.map(|_| 2);
        let file = File { size: 4, allocated: 0, unwritten: 0 };
        let request = Request { pos: 3, len: 1 };
        question.initial =
            [PageState::Uptodate, PageState::Absent].map(|page| (file, page, request)).to_vec();
        question
    })
}

/// A write to a block that is allocated when it is written, and a truncation that changes nothing, before that and a commit.
fn truncated_to_same() -> Question {
    let companions = [Companion::Grow(Growth::Same), Companion::Commit];
    let mut question = question(Region::Extending, of(Source::Resident), Breadth::Single, &companions);
    question.name = "extending-resident-then-truncate-to-same-with-commit".to_owned();
    question.sentence =
        "a write that extends the file; then somebody truncates it to the size that it has; beside commit"
            .to_owned();
    let file = File { size: 0, allocated: 0, unwritten: 0 };
    question.initial = vec![(file, PageState::Absent, Request { pos: 0, len: 2 })];
    question
}

/// The same, and a write beyond it that finds the disk full.
fn then_full_disk() -> Question {
    let companions = [Companion::Grow(Growth::FullDisk), Companion::Commit];
    let mut question = question(Region::Extending, of(Source::Resident), Breadth::Single, &companions);
    question.name = "extending-resident-then-write-to-full-disk-with-commit".to_owned();
    question.sentence =
        "a write that extends the file; then somebody writes beyond it and finds the disk full; beside commit"
            .to_owned();
    question.reachable.push("found the disk full");
    let file = File { size: 0, allocated: 0, unwritten: 0 };
    question.initial = vec![(file, PageState::Absent, Request { pos: 0, len: 2 })];
    question
}

/// A write in two rounds, and a store through a mapping, to a page that is on its way to a disk that checks no sums.
fn on_a_plain_disk() -> [Question; 2] {
    let writes = question(Region::Within, of(Source::Dropped), Breadth::Plain, &[Companion::Writeback]);
    let stores = surrounding(
        Source::Resident,
        (
            "mmap-store-and-writeback",
            &[Companion::MmapStore, Companion::Writeback],
            &["stored", "written back"],
        ),
        Breadth::Plain,
    );
    [writes, stores].map(|mut question| {
        question.name = format!("{}-on-a-plain-disk", question.name);
        question.sentence =
            format!("{}; the disk checks no sums of what is written to it", question.sentence);
        question.stable_pages = false;
        question.initial.retain(|(file, _, request)| file.allocated == 0b11 && request.pos != 1);
        question
    })
}

/// A write to two blocks, of which the second may be one too many for the handle, and a commit between it and the next one.
fn out_of_credits(region: Region) -> Question {
    let mut question = question(region, of(Source::Resident), Breadth::Plain, &[Companion::Commit]);
    question.name = format!("{}-resident-out-of-credits-with-commit", region.name());
    question.sentence = format!("{}; the handle may run out of credits", question.sentence);
    question.credits_can_run_out = true;
    question.reachable = vec!["whole write", "out of credits"];
    question
}

/// A write to three blocks of four, behind the end of a file that has none: what is allocated up to there is cut off while
/// a commit has it.
fn out_of_credits_in_a_larger_page() -> Question {
    let mut question = out_of_credits(Region::Extending);
    question.name = format!("{}-8-units", question.name);
    question.sentence = format!("{}; eight units in four blocks", question.sentence);
    question.geometry = Geometry::LARGE;
    let file = File { size: 1, allocated: 0, unwritten: 0 };
    question.initial = vec![(file, PageState::Absent, Request { pos: 1, len: 4 })];
    question
}

/// A write to two blocks that are allocated when they are written, which may find the disk full for a moment.
fn full_at_writeback(region: Region, companions: &[Companion]) -> Question {
    let mut question = question(region, of(Source::Resident), Breadth::Single, companions);
    let beside = if companions.contains(&Companion::Commit) { "-with-commit" } else { "" };
    question.name = format!("{}-disk-full-at-writeback{beside}", region.name());
    question.sentence = format!("{}; an allocation of writeback finds the disk full", question.sentence);
    question.writeback_can_fail = true;
    question
}

/// A file that may have been cut to its first block when the write begins, while a checkpoint waits for the
/// rest of the page, and a commit.
fn cut_before() -> Question {
    let companions = [Companion::Truncate { size: Geometry::SMALL.block_units() }, Companion::Commit];
    let mut question = question(Region::Within, of(Source::Resident), Breadth::Narrow, &companions);
    question.name = "within-resident-of-a-cut-file-with-commit".to_owned();
    question.sentence =
        "a write to the second block, beside a truncation to the first one and a commit".to_owned();
    let request = Request { pos: 2, len: 2 };
    let file = File { size: 4, allocated: 0b11, unwritten: 0 };
    question.initial = [PageState::Committed, PageState::Uptodate, PageState::Absent]
        .map(|page| (file, page, request))
        .to_vec();
    question
}

/// A file that may have been cut to nothing when the write begins, which gets the block again if a commit has let it go, and
/// a checkpoint that still waits for what the block had.
fn cut_before_a_checkpoint() -> Question {
    let companions = [TRUNCATE_TO_NOTHING, Companion::Checkpoint, Companion::Commit];
    let mut question = question(Region::Within, of(Source::Resident), Breadth::Single, &companions);
    question.name = "within-resident-of-a-cut-file-with-checkpoint-with-commit-1-block".to_owned();
    question.sentence =
        "a write of all of the file, beside a truncation to nothing, a checkpoint and a commit; a page of one block".to_owned();
    question.geometry = Geometry::WHOLE;
    let units = Geometry::WHOLE.file_units();
    let file = File { size: units, allocated: 0b1, unwritten: 0 };
    question.initial = vec![(file, PageState::Committed, Request { pos: 0, len: units })];
    question
}

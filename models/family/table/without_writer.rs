//! Every surrounding by itself, which must be clean.

use page_state::Geometry;
use scenario::Tier;

use super::initial::{Breadth, Region, maps, pages};
use super::rows::row;
use super::{READER, READER_OF_A_BLOCK, TRUNCATE, TRUNCATE_TO_NOTHING, TRUNCATE_UP, question};
use crate::family::{Companion, File, PageState, Question, Source};
use crate::kernel::Request;

/// Who is there, and what must be reached.
type Surrounding = (&'static str, &'static [Companion], &'static [&'static str]);

const STORE: Companion = Companion::MmapStore;

/// Asked in every initial state.
const PAIRS: [Surrounding; 22] = [
    ("readers", &[READER, READER_OF_A_BLOCK], &["read"]),
    ("reader-and-truncate", &[READER, TRUNCATE], &["read", "truncated"]),
    ("reader-and-truncate-to-nothing", &[READER, TRUNCATE_TO_NOTHING], &["read", "truncated"]),
    ("reader-and-truncate-up", &[READER, TRUNCATE_UP], &["read", "truncated"]),
    ("reader-and-commit", &[READER, Companion::Commit], &["read"]),
    ("truncate-and-commit", &[TRUNCATE, Companion::Commit], &["truncated"]),
    ("truncate-to-nothing-and-commit", &[TRUNCATE_TO_NOTHING, Companion::Commit], &["truncated"]),
    ("truncate-and-checkpoint", &[TRUNCATE, Companion::Checkpoint], &["truncated"]),
    ("truncate-and-writeback", &[TRUNCATE, Companion::Writeback], &["truncated"]),
    ("mmap-reader-and-truncate", &[Companion::MmapReader, TRUNCATE], &["mapped read", "truncated"]),
    (
        "mmap-reader-and-truncate-to-nothing",
        &[Companion::MmapReader, TRUNCATE_TO_NOTHING],
        &["mapped read", "SIGBUS", "truncated"],
    ),
    ("mmap-reader-and-reclaim", &[Companion::MmapReader, Companion::Reclaim], &["mapped read"]),
    ("mmap-store-and-reader", &[STORE, READER], &["stored", "read"]),
    ("mmap-store-and-truncate", &[STORE, TRUNCATE], &["stored", "truncated"]),
    ("mmap-store-and-truncate-to-nothing", &[STORE, TRUNCATE_TO_NOTHING], &["stored", "SIGBUS"]),
    ("mmap-store-and-writeback", &[STORE, Companion::Writeback], &["stored", "written back"]),
    ("mmap-store-and-reclaim", &[STORE, Companion::Reclaim], &["stored"]),
    ("mmap-store-and-commit", &[STORE, Companion::Commit], &["stored", "committed"]),
    ("mmap-store-and-invalidate", &[STORE, Companion::Invalidate], &["stored"]),
    ("reader-and-reclaim", &[READER, Companion::Reclaim], &["read", "reclaimed"]),
    ("reader-and-invalidate", &[READER, Companion::Invalidate], &["read", "invalidated"]),
    ("reader-and-second-writer", &[READER, Companion::SecondWriter], &["written", "read"]),
];

/// Asked of a page that is there and uptodate, and becomes dirty, goes to disk, and is wanted; with `--all` of one
/// that is read first as well.
const CROWDS: [Surrounding; 4] = [
    ("mmap-store-writeback-and-reader", &[STORE, Companion::Writeback, READER], &["stored", "written back"]),
    (
        "mmap-store-writeback-and-reclaim",
        &[STORE, Companion::Writeback, Companion::Reclaim],
        &["stored", "written back", "reclaimed"],
    ),
    (
        "mmap-store-writeback-and-invalidate",
        &[STORE, Companion::Writeback, Companion::Invalidate],
        &["stored", "written back", "invalidated"],
    ),
    (
        "mmap-store-writeback-and-truncate-to-nothing",
        &[STORE, Companion::Writeback, TRUNCATE_TO_NOTHING],
        &["stored", "written back", "SIGBUS"],
    ),
];

/// Asked with `--all` only.
const LONG: Surrounding = (
    "mmap-store-writeback-and-truncate",
    &[STORE, Companion::Writeback, TRUNCATE],
    &["stored", "written back", "truncated"],
);

/// The request of a writer who is not there.
const NOTHING: Request = Request { pos: 0, len: 1 };

/// Asked of a source that somebody loads from.
const LOADS: [(Source, Surrounding); 2] = [
    (Source::Absent, ("load-and-unmap", &[Companion::Load, Companion::Unmap], &["loaded", "not loaded"])),
    (Source::SelfMapped, ("load-of-the-file-and-reader", &[Companion::Load, READER], &["loaded", "read"])),
];

/// Every surrounding by itself must be clean.
pub(super) fn without_writer(all: &mut Vec<(Question, Tier)>) {
    let pairs = PAIRS.map(|pair| surrounding(Source::Resident, pair, Breadth::Wide));
    let crowds = CROWDS.map(|crowd| of_pages(crowd, true));
    let with_reads = CROWDS.map(|crowd| {
        let mut crowd = of_pages(crowd, false);
        crowd.name = format!("{}-of-a-page-that-is-read", crowd.name);
        crowd.sentence = format!("{}; the page is read first", crowd.sentence);
        crowd
    });
    let loads = LOADS.map(|(source, load)| surrounding(source, load, Breadth::Wide));
    all.extend(pairs.into_iter().chain(crowds).chain(loads).map(|question| (question, Tier::Default)));
    all.extend(with_reads.map(|question| (question, Tier::All)));
    all.push((store_to_one_block(), Tier::Default));
    all.push((checkpoint_of_a_cut_file(), Tier::Default));
    all.push((checkpoint_of_what_is_written_back(), Tier::Default));
    all.push((full_disk(), Tier::Default));
    all.push((server_store(), Tier::Default));
    all.push((surrounding(Source::Resident, LONG, Breadth::Narrow), Tier::All));
}

/// A store to a page of one block that is written back.
fn store_to_one_block() -> Question {
    let both: Surrounding =
        ("mmap-store-and-writeback-1-block", &[STORE, Companion::Writeback], &["stored", "written back"]);
    let mut question = surrounding(Source::Resident, both, Breadth::Single);
    question.name = "no-writer-mmap-store-and-writeback-1-block".to_owned();
    question.sentence = format!("{}; a page of one block", question.sentence);
    question.geometry = Geometry::WHOLE;
    let file = File { size: Geometry::WHOLE.file_units(), allocated: 0b1, unwritten: 0 };
    question.initial = [PageState::Uptodate, PageState::Committed].map(|page| (file, page, NOTHING)).to_vec();
    question
}

/// A checkpoint comes to a page that is on its way to its place already.
fn checkpoint_of_what_is_written_back() -> Question {
    let both: Surrounding =
        ("writeback-and-checkpoint", &[Companion::Writeback, Companion::Checkpoint], &["written back"]);
    let mut question = surrounding(Source::Resident, both, Breadth::Wide);
    question.initial.retain(|&(_, page, _)| page == PageState::Committed);
    question
}

/// A checkpoint writes what a truncation takes away, and a commit gives the blocks to whoever wants them.
fn checkpoint_of_a_cut_file() -> Question {
    let crowd: Surrounding = (
        "truncate-to-nothing-checkpoint-and-commit",
        &[TRUNCATE_TO_NOTHING, Companion::Checkpoint, Companion::Commit],
        &["truncated", "committed"],
    );
    let mut question = surrounding(Source::Resident, crowd, Breadth::Single);
    question.name = format!("{}-1-block", question.name);
    question.sentence = format!("{}; a page of one block", question.sentence);
    question.geometry = Geometry::WHOLE;
    let file = File { size: Geometry::WHOLE.file_units(), allocated: 0b1, unwritten: 0 };
    question.initial = vec![(file, PageState::Committed, NOTHING)];
    question.journalled = false;
    question
}

/// Somebody stores to a hole, whose allocation may find the disk full.
fn full_disk() -> Question {
    let alone: Surrounding = ("disk-full-mmap-store", &[STORE], &["stored"]);
    let mut question = surrounding(Source::Resident, alone, Breadth::Narrow);
    question.allocation_can_fail = true;
    question
}

/// A server that stores a file whose last page it does not fill, beside somebody who reads that through a mapping.
fn server_store() -> Question {
    let both: Surrounding = (
        "server-store-and-mmap-reader",
        &[Companion::ServerStore, Companion::MmapReader],
        &["stored by the server", "mapped read"],
    );
    let mut question = surrounding(Source::Resident, both, Breadth::Single);
    question.initial = [1, 2, 3]
        .map(|size| (File { size, allocated: 1, unwritten: 0 }, PageState::Absent, NOTHING))
        .to_vec();
    question
}

/// A crowd around a page that is uptodate, or one that is not.
fn of_pages(crowd: Surrounding, uptodate: bool) -> Question {
    let mut question = surrounding(Source::Resident, crowd, Breadth::Narrow);
    let is = |page: &PageState| matches!(page, PageState::Uptodate | PageState::Committed);
    question.initial.retain(|(_, page, _)| is(page) == uptodate);
    question
}

/// Files that have room to grow, and what of them is in the page cache.
fn short_files() -> Vec<(File, PageState, Request)> {
    let geometry = Geometry::SMALL;
    let mut all = Vec::new();
    for size in 0..geometry.page_units() {
        for allocated in maps(geometry, size, Breadth::Wide) {
            for page in pages(geometry, Breadth::Narrow) {
                all.push((File { size, allocated, unwritten: 0 }, page, NOTHING));
            }
        }
    }
    all
}

/// Nobody writes; others are there.
pub(super) fn surrounding(
    source: Source,
    (name, companions, reachable): Surrounding,
    breadth: Breadth,
) -> Question {
    let row = row(source, name, "nobody writes", reachable);
    let mut question = question(Region::Within, &row, breadth, companions);
    question.name = format!("no-writer-{name}");
    let names: Vec<&str> = companions.iter().map(Companion::name).collect();
    question.sentence = format!("nobody writes; {}", names.join(" and "));
    question.writes = false;
    question.journalled = companions.contains(&Companion::Commit);
    question.initial.retain(|(.., asked)| asked.pos == 0 && asked.len == Geometry::SMALL.page_units());
    for (_, _, asked) in &mut question.initial {
        *asked = NOTHING;
    }
    if companions.contains(&TRUNCATE_UP) {
        question.initial.extend(short_files());
    }
    question
}

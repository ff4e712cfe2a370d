//! The table: which questions every block-based write path is asked. A new one is a line or a few.

use std::sync::Arc;

use page_state::Geometry;
use scenario::{Case, Tier};

use super::{Companion, File, PageState, Question, Source, build};
use crate::file_system::{FileSystem, Medium, Nature};
use crate::kernel::{Request, Setting};

/// Where a write lies, relative to the file's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Region {
    /// Within the file.
    Within,
    /// It starts in the file or at its end, and extends it.
    Extending,
    /// It starts beyond the end.
    Beyond,
}

impl Region {
    /// All of them.
    pub const ALL: [Region; 3] = [Region::Within, Region::Extending, Region::Beyond];

    fn name(self) -> &'static str {
        match self {
            Region::Within => "within",
            Region::Extending => "extending",
            Region::Beyond => "beyond",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Region::Within => "a write within the file",
            Region::Extending => "a write that extends the file",
            Region::Beyond => "a write that starts beyond the end of the file",
        }
    }

    /// File sizes and requests: aligned and not, of one block, of the whole page, of one unit.
    fn requests(self, geometry: Geometry, breadth: Breadth) -> Vec<(usize, Request)> {
        let page = geometry.file_units();
        let block = geometry.block_units().min(page / 2);
        let asks: &[(usize, usize, usize)] = match (self, breadth) {
            (Region::Within, Breadth::Wide) => &[
                (page, 0, page),
                (page, 0, block),
                (page, 1, block),
                (page, 1, page - 1),
                (page, page - 1, 1),
            ],
            (Region::Within, Breadth::Single) => &[(page, 1, block)],
            (Region::Extending, Breadth::Single) => &[(0, 0, page)],
            (Region::Beyond, Breadth::Single) => &[(0, block, page - block)],
            (Region::Within, _) => &[(page, 0, page), (page, 1, block)],
            (Region::Extending, Breadth::Wide) => &[
                (0, 0, page),
                (0, 0, 1),
                (1, 0, page),
                (1, 1, page - 1),
                (block, block, page - block),
                (block, 1, page - 1),
                (page - 1, page - 1, 1),
            ],
            (Region::Extending, _) => &[(0, 0, page), (1, 1, page - 1)],
            (Region::Beyond, Breadth::Wide) => &[
                (0, block, page - block),
                (0, 1, 1),
                (0, 1, page - 1),
                (1, block, page - block),
                (1, page - 1, 1),
                (block, page - 1, 1),
            ],
            (Region::Beyond, _) => &[(0, block, page - block), (1, block, page - block)],
        };
        asks.iter().map(|&(size, pos, len)| (size, Request { pos, len })).collect()
    }
}

/// How many initial states a question has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Breadth {
    /// Every map and page state.
    Wide,
    /// The typical ones.
    Narrow,
    /// The page is absent, and the blocks are all there or all holes.
    Plain,
    /// The page is absent, and there is one request of one file.
    Single,
}

fn maps(geometry: Geometry, size: usize, breadth: Breadth) -> Vec<u8> {
    let blocks = geometry.blocks_of(size);
    let all = ((1_u16 << blocks) - 1) as u8;
    let mut maps: Vec<u8> = match breadth {
        Breadth::Wide if blocks <= 2 => (0..=all).rev().collect(),
        Breadth::Wide => vec![all, 0, all & 0x55, all & 0xaa],
        Breadth::Narrow => vec![all, 0, all & 1],
        Breadth::Plain => vec![all, 0],
        Breadth::Single => vec![0],
    };
    maps.dedup();
    maps
}

fn pages(geometry: Geometry, breadth: Breadth) -> Vec<PageState> {
    let last = 1 << (geometry.blocks() - 1);
    match breadth {
        Breadth::Wide => vec![
            PageState::Absent,
            PageState::Uptodate,
            PageState::UptodateWithoutBuffers,
            PageState::Committed,
            PageState::Partly(1),
            PageState::Partly(last),
        ],
        Breadth::Narrow => {
            vec![PageState::Absent, PageState::Uptodate, PageState::Committed, PageState::Partly(1)]
        }
        Breadth::Plain | Breadth::Single => vec![PageState::Absent],
    }
}

fn initial(region: Region, geometry: Geometry, breadth: Breadth) -> Vec<(File, PageState, Request)> {
    let mut all = Vec::new();
    for (size, request) in region.requests(geometry, breadth) {
        for allocated in maps(geometry, size, breadth) {
            for page in pages(geometry, breadth) {
                all.push((File { size, allocated, unwritten: 0 }, page, request));
            }
        }
    }
    all
}

/// A source as the table has it: its name in a scenario's name, what happens, and what must be reached.
struct Row {
    source: Source,
    name: &'static str,
    sentence: &'static str,
    reachable: &'static [&'static str],
}

const fn row(
    source: Source,
    name: &'static str,
    sentence: &'static str,
    reachable: &'static [&'static str],
) -> Row {
    Row { source, name, sentence, reachable }
}

const ROWS: [Row; 17] = [
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

fn question(region: Region, row: &Row, breadth: Breadth, companions: &[Companion]) -> Question {
    let geometry = Geometry::SMALL;
    let with: Vec<&str> = companions.iter().map(Companion::name).collect();
    let suffix: String = with.iter().map(|name| format!("-with-{name}")).collect();
    let beside = if with.is_empty() { String::new() } else { format!(", beside {}", with.join(" and ")) };
    Question {
        name: format!("{}-{}{suffix}", region.name(), row.name),
        sentence: format!("{}, {}{beside}", region.sentence(), row.sentence),
        geometry,
        source: row.source,
        writes: true,
        companions: companions.to_vec(),
        initial: initial(region, geometry, breadth),
        second: None,
        journalled: false,
        allocation_can_fail: false,
        stops_early: false,
        reachable: row.reachable.to_vec(),
    }
}

/// All questions that a file system of this nature is asked, and whether a plain `check` asks them.
#[must_use]
pub fn questions(nature: Nature) -> Vec<(Question, Tier)> {
    let mut all = Vec::new();
    for region in Region::ALL {
        alone(region, &mut all);
        accompanied(region, &mut all);
        surrounded(region, &mut all);
        large(region, &mut all);
        special(region, &mut all);
        two_pages(region, &mut all);
    }
    without_writer(&mut all);
    all.retain(|(question, _)| is_for(nature, question));
    if nature.whole_pages {
        for (question, _) in &mut all {
            if question.geometry == Geometry::SMALL {
                question.geometry = Geometry::WHOLE;
                of_whole_pages(&mut question.initial);
            }
        }
    }
    all
}

/// Files that differ only in blocks that are none when a page is one are the same.
fn of_whole_pages(initial: &mut Vec<(File, PageState, Request)>) {
    let mut known: Vec<(File, PageState, Request)> = Vec::new();
    for &(file, page, request) in &*initial {
        let state = (File { allocated: file.allocated & 1, ..file }, page, request);
        if !known.contains(&state) {
            known.push(state);
        }
    }
    *initial = known;
}

/// Whether a file system of this nature can be asked a question at all.
fn is_for(nature: Nature, question: &Question) -> bool {
    let fits = match question.geometry {
        // The journal's files have one page.
        Geometry::TWO_PAGES => !nature.journal,
        Geometry::LARGE => !nature.whole_pages,
        _ => true,
    };
    let full = nature.medium == Medium::Disk || !question.allocation_can_fail;
    fits && full
        && question.companions.iter().all(|companion| match companion {
            Companion::Commit => nature.journal,
            Companion::Checkpoint => nature.journals_data,
            // What is in memory only stays there.
            Companion::Writeback | Companion::Reclaim | Companion::Invalidate => {
                nature.medium != Medium::Memory && !nature.journals_data
            }
            _ => true,
        })
}

/// The writer, its source, and what happens to that.
fn alone(region: Region, all: &mut Vec<(Question, Tier)>) {
    for row in &ROWS {
        let mut question = question(region, row, Breadth::Wide, &[]);
        // What is read must reach the second page, or the third unit.
        let least = row.source.least();
        // An empty file has no page that could be mapped.
        let must_exist = row.source.is_of_the_file();
        question.initial.retain(|(file, _, request)| request.len >= least && (file.size > 0 || !must_exist));
        if !question.initial.is_empty() {
            all.push((question, Tier::Default));
        }
    }
}

/// A reader or a commit beside the writer.
fn accompanied(region: Region, all: &mut Vec<(Question, Tier)>) {
    let whole = Companion::Reader { from: 0, to: Geometry::SMALL.page_units() };
    for row in &ROWS {
        let tier = match row.source {
            Source::Absent | Source::Invalid | Source::Unmapped => Tier::Default,
            Source::Resident if region != Region::Within => Tier::Default,
            _ => Tier::All,
        };
        // With the prefault first only a source that comes back lets a second round succeed.
        let comes_back = row.source == Source::Dropped && region != Region::Extending;
        let with_commit = if comes_back { Tier::Default } else { tier };
        if row.source.is_asked_alone() {
            continue;
        }
        // Three actors, where something happens to the source.
        let alone = matches!(row.source, Source::Absent | Source::Invalid | Source::Resident);
        let (beside_reader, beside_commit) =
            if alone { (Breadth::Narrow, Breadth::Narrow) } else { (Breadth::Plain, Breadth::Plain) };
        all.push((question(region, row, beside_reader, &[whole]), tier));
        // The longest runs of all.
        let longest = row.source == Source::Unmapped && region == Region::Extending;
        let beside_commit = if longest { Breadth::Single } else { beside_commit };
        let mut commit = question(region, row, beside_commit, &[Companion::Commit]);
        commit.journalled = true;
        all.push((commit, with_commit));
        all.push((question(region, row, beside_commit, &[Companion::Writeback]), with_commit));
    }
}

/// Others that know the page: mappings, a second writer, reclaim, direct I/O, a checkpoint.
fn surrounded(region: Region, all: &mut Vec<(Question, Tier)>) {
    let companions = [
        Companion::MmapReader,
        Companion::MmapStore,
        Companion::SecondWriter,
        Companion::Reclaim,
        Companion::Invalidate,
        Companion::Checkpoint,
    ];
    for row in &ROWS {
        let tier = match row.source {
            Source::Absent | Source::Invalid => Tier::Default,
            Source::Resident | Source::Unmapped => Tier::All,
            _ => continue,
        };
        for companion in companions {
            let mut question = question(region, row, Breadth::Plain, &[companion]);
            let resident = row.source == Source::Resident;
            match companion {
                // Whoever stores or writes, too, does so inside of the file.
                Companion::MmapStore | Companion::SecondWriter if region != Region::Within => continue,
                Companion::MmapStore => question.second = Some(Request { pos: 3, len: 1 }),
                Companion::SecondWriter => question.second = Some(Request { pos: 0, len: 2 }),
                Companion::Reclaim | Companion::Invalidate | Companion::Checkpoint => {
                    question.initial = initial(region, question.geometry, Breadth::Narrow);
                }
                _ => {}
            }
            all.push((question, if resident && region == Region::Within { Tier::Default } else { tier }));
        }
    }
}

/// Two pages, each one block.
fn two_pages(region: Region, all: &mut Vec<(Question, Tier)>) {
    let of_first = row(
        Source::OfFirstPage,
        "of-first-page",
        "the second page's data comes from a mapping of the first page that is written",
        &["whole write"],
    );
    for row in ROWS.iter().chain([&of_first]) {
        // Segments are asked within a page, and all of a page of two units has one tag.
        if row.source.has_segments() || row.source == Source::Tagged {
            continue;
        }
        let tier = match row.source {
            Source::Dropped | Source::Reclaimed | Source::Truncated => Tier::All,
            _ => Tier::Default,
        };
        let mut question = question(region, row, Breadth::Narrow, &[]);
        question.name = format!("{}-2-pages", question.name);
        question.sentence = format!("{}; two pages of one block each", question.sentence);
        question.geometry = Geometry::TWO_PAGES;
        question.initial = initial(region, Geometry::TWO_PAGES, Breadth::Narrow);
        // A write of one page is asked elsewhere.
        let units = Geometry::TWO_PAGES.page_units();
        question.initial.retain(|(file, page, request)| {
            let crosses = request.pos < units && request.pos + request.len > units;
            let fits = request.len >= row.source.least() && !matches!(page, PageState::Partly(_));
            // What the source is a mapping of is in the file.
            let exists = match row.source {
                Source::SelfMapped => file.size > units,
                source => !source.is_of_the_file() || file.size > 0,
            };
            crosses && fits && exists && (row.source != Source::OfFirstPage || request.pos == 0)
        });
        all.push((question, tier));
    }
}

/// Eight units in four blocks, up to two actors.
fn large(region: Region, all: &mut Vec<(Question, Tier)>) {
    for row in &ROWS {
        let tier = match row.source {
            Source::Absent | Source::Invalid | Source::Unmapped => Tier::Default,
            _ => Tier::All,
        };
        if row.source.is_asked_alone() {
            continue;
        }
        let mut question = question(region, row, Breadth::Narrow, &[]);
        question.name = format!("{}-8-units", question.name);
        question.sentence = format!("{}; eight units in four blocks", question.sentence);
        question.geometry = Geometry::LARGE;
        let breadth = if row.source == Source::Unmapped { Breadth::Narrow } else { Breadth::Wide };
        question.initial = initial(region, Geometry::LARGE, breadth);
        all.push((question, tier));
    }
}

/// A full disk, a copy that stops early, a signal, a reader of a part of the page.
fn special(region: Region, all: &mut Vec<(Question, Tier)>) {
    let absent = &ROWS[1];
    let unmapped = &ROWS[3];
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
        let segments = &ROWS[12];
        let whole = Companion::Reader { from: 0, to: Geometry::SMALL.page_units() };
        all.push((question(region, segments, Breadth::Narrow, &[whole]), Tier::Default));
    }

    if region == Region::Extending {
        // What is allocated is on its way to disk when it is cut off.
        let crowd = [Companion::Truncate { size: 1 }, Companion::Commit];
        all.push((question(region, &ROWS[0], Breadth::Single, &crowd), Tier::Default));
        // What writeback allocates is on its way to disk when the journal commits.
        let crowd = [Companion::Writeback, Companion::Commit];
        all.push((question(region, &ROWS[0], Breadth::Single, &crowd), Tier::Default));
        let mut append = question(region, &ROWS[0], Breadth::Single, &[Companion::Commit]);
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

    let part = Companion::Reader { from: 0, to: Geometry::SMALL.block_units() };
    let mut partly = question(region, &ROWS[2], Breadth::Narrow, &[part]);
    partly.name = format!("{}-invalid-with-reader-of-a-block", region.name());
    partly.sentence = format!("{}; the reader wants the first block only", partly.sentence);
    all.push((partly, Tier::Default));

    let companions = [Companion::Commit, Companion::Reader { from: 0, to: Geometry::SMALL.page_units() }];
    let mut crowd = question(region, &ROWS[2], Breadth::Single, &companions);
    crowd.reachable = vec!["failed write", "read"];
    all.push((crowd, if region == Region::Within { Tier::Default } else { Tier::All }));

    let truncate = Companion::Truncate { size: 1 };
    all.push((question(region, absent, Breadth::Plain, &[truncate]), Tier::Default));
    let mut up = question(region, absent, Breadth::Plain, &[Companion::Truncate { size: 4 }]);
    up.name = format!("{}-absent-with-truncate-up", region.name());
    up.sentence = format!("{}; the file grows", up.sentence);
    all.push((up, Tier::All));
    let crowd = [truncate, Companion::Commit];
    all.push((question(region, &ROWS[2], Breadth::Plain, &crowd), Tier::All));
}

/// Blocks that are allocated and were never written (`fallocate`).
fn of_unwritten_blocks(all: &mut Vec<(Question, Tier)>) {
    for source in [&ROWS[0], &ROWS[2]] {
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

/// A file that may have been cut to its first block when the write begins, while a checkpoint waits for the
/// rest of the page, and a commit.
fn cut_before() -> Question {
    let companions = [Companion::Truncate { size: Geometry::SMALL.block_units() }, Companion::Commit];
    let mut question = question(Region::Within, &ROWS[0], Breadth::Narrow, &companions);
    question.name = "within-resident-of-a-cut-file-with-commit".to_owned();
    question.sentence =
        "a write to the second block, beside a truncation to the first one and a commit".to_owned();
    let request = Request { pos: 2, len: 2 };
    let file = File { size: 4, allocated: 0b11, unwritten: 0 };
    question.initial = [PageState::Committed, PageState::Uptodate].map(|page| (file, page, request)).to_vec();
    question
}

/// Every surrounding by itself must be clean.
fn without_writer(all: &mut Vec<(Question, Tier)>) {
    let read = Companion::Reader { from: 0, to: Geometry::SMALL.page_units() };
    let part = Companion::Reader { from: 0, to: Geometry::SMALL.block_units() };
    let truncate = Companion::Truncate { size: 1 };
    let up = Companion::Truncate { size: 4 };
    let (mapped, store) = (Companion::MmapReader, Companion::MmapStore);
    let (writeback, commit) = (Companion::Writeback, Companion::Commit);
    let rows: [(&'static str, Source, &[Companion], &[&'static str]); 18] = [
        ("readers", Source::Resident, &[read, part], &["read"]),
        ("reader-and-truncate", Source::Resident, &[read, truncate], &["read", "truncated"]),
        ("reader-and-truncate-up", Source::Resident, &[read, up], &["read", "truncated"]),
        ("reader-and-commit", Source::Resident, &[read, commit], &["read"]),
        ("truncate-and-commit", Source::Resident, &[truncate, commit], &["truncated"]),
        ("truncate-and-checkpoint", Source::Resident, &[truncate, Companion::Checkpoint], &["truncated"]),
        ("truncate-and-writeback", Source::Resident, &[truncate, writeback], &["truncated"]),
        ("mmap-reader-and-truncate", Source::Resident, &[mapped, truncate], &["mapped read", "truncated"]),
        ("mmap-reader-and-reclaim", Source::Resident, &[mapped, Companion::Reclaim], &["mapped read"]),
        ("mmap-store-and-reader", Source::Resident, &[store, read], &["stored", "read"]),
        ("mmap-store-and-writeback", Source::Resident, &[store, writeback], &["stored", "written back"]),
        ("mmap-store-and-reclaim", Source::Resident, &[store, Companion::Reclaim], &["stored"]),
        ("mmap-store-and-commit", Source::Resident, &[store, commit], &["stored", "committed"]),
        ("mmap-store-and-invalidate", Source::Resident, &[store, Companion::Invalidate], &["stored"]),
        ("reader-and-reclaim", Source::Resident, &[read, Companion::Reclaim], &["read", "reclaimed"]),
        ("reader-and-invalidate", Source::Resident, &[read, Companion::Invalidate], &["read", "invalidated"]),
        ("load-and-unmap", Source::Absent, &[Companion::Load, Companion::Unmap], &["loaded", "not loaded"]),
        ("load-of-the-file-and-reader", Source::SelfMapped, &[Companion::Load, read], &["loaded", "read"]),
    ];
    for (name, source, companions, reachable) in rows {
        let row = row(source, name, "nobody writes", reachable);
        let mut question = question(Region::Within, &row, Breadth::Wide, companions);
        question.name = format!("no-writer-{name}");
        let names: Vec<&str> = companions.iter().map(Companion::name).collect();
        question.sentence = format!("nobody writes; {}", names.join(" and "));
        question.writes = false;
        question.journalled = companions.contains(&Companion::Commit);
        if companions.contains(&Companion::MmapStore) {
            question.second = Some(Request { pos: 3, len: 1 });
        }
        let request = Request { pos: 0, len: 1 };
        question.initial.retain(|(.., asked)| asked.pos == 0 && asked.len == Geometry::SMALL.page_units());
        for (_, _, asked) in &mut question.initial {
            *asked = request;
        }
        all.push((question, Tier::Default));
    }
}

fn distinct(initial: Vec<(File, PageState, Request)>) -> Vec<(File, PageState, Request)> {
    let mut all = Vec::new();
    for item in initial {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

/// The cases of a file system in a setting; a historic one is asked by default of the writer alone.
#[must_use]
pub fn cases(fs: &Arc<dyn FileSystem>, setting: Setting, historic: bool) -> Vec<Case> {
    questions(fs.nature())
        .into_iter()
        .filter_map(|(mut question, tier)| {
            let cluster = fs.cluster(question.geometry);
            for (file, ..) in &mut question.initial {
                *file = file.in_clusters(cluster);
            }
            question.initial.retain(|(file, page, _)| {
                fs.admits(file, *page) && (file.unwritten == 0 || fs.has_unwritten_extents())
            });
            question.initial = distinct(question.initial);
            if question.initial.is_empty() || (question.allocation_can_fail && !fs.allocates()) {
                return None;
            }
            // Who does not look for a signal does not end with one.
            if !fs.looks_for_signals(setting.caller) {
                question.reachable.retain(|&what| what != "-EINTR");
            }
            // Memory tags came with v4.16 (SPARC) and v5.10 (arm64): before, the question is academic.
            let academic = question.source == Source::Tagged && !setting.caller.knows_memory_tags();
            let left_to_all = academic || (historic && !question.companions.is_empty());
            let tier = if left_to_all { Tier::All } else { tier };
            let fs = fs.clone();
            let name = question.name.clone();
            Some(Case { name, tier, build: Arc::new(move || build(&question, fs.clone(), setting)) })
        })
        .collect()
}

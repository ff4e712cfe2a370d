//! The table: which questions every block-based write path is asked. A new one is a line or a few.

use std::sync::Arc;

use page_state::Geometry;
use scenario::{Case, Tier};

use super::{Companion, File, PageState, Question, Source, build};
use crate::file_system::FileSystem;
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
        let (page, block) = (geometry.page_units(), geometry.block_units());
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
                all.push((File { size, allocated }, page, request));
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

const ROWS: [Row; 12] = [
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

/// All questions, and whether a plain `check` asks them.
#[must_use]
pub fn questions() -> Vec<(Question, Tier)> {
    let mut all = Vec::new();
    for region in Region::ALL {
        alone(region, &mut all);
        accompanied(region, &mut all);
        large(region, &mut all);
        special(region, &mut all);
    }
    without_writer(&mut all);
    all
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
    let crowd = [truncate, Companion::Commit];
    all.push((question(region, &ROWS[2], Breadth::Plain, &crowd), Tier::All));
}

/// Every surrounding by itself must be clean.
fn without_writer(all: &mut Vec<(Question, Tier)>) {
    let read = Companion::Reader { from: 0, to: Geometry::SMALL.page_units() };
    let part = Companion::Reader { from: 0, to: Geometry::SMALL.block_units() };
    let truncate = Companion::Truncate { size: 1 };
    let rows: [(&'static str, Source, &[Companion], &[&'static str]); 6] = [
        ("readers", Source::Resident, &[read, part], &["read"]),
        ("reader-and-truncate", Source::Resident, &[read, truncate], &["read", "truncated"]),
        ("reader-and-commit", Source::Resident, &[read, Companion::Commit], &["read"]),
        ("truncate-and-commit", Source::Resident, &[truncate, Companion::Commit], &["truncated"]),
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
        let request = Request { pos: 0, len: 1 };
        question.initial.retain(|(.., asked)| asked.pos == 0 && asked.len == Geometry::SMALL.page_units());
        for (_, _, asked) in &mut question.initial {
            *asked = request;
        }
        all.push((question, Tier::Default));
    }
}

/// The cases of a file system in a setting.
#[must_use]
pub fn cases(fs: &Arc<dyn FileSystem>, setting: Setting) -> Vec<Case> {
    questions()
        .into_iter()
        .map(|(question, tier)| {
            // Memory tags came with v4.16 (SPARC) and v5.10 (arm64): before, the question is academic.
            let academic = question.source == Source::Tagged && !setting.caller.knows_memory_tags();
            let tier = if academic { Tier::All } else { tier };
            let fs = fs.clone();
            let name = question.name.clone();
            Case { name, tier, build: Arc::new(move || build(&question, fs.clone(), setting)) }
        })
        .collect()
}

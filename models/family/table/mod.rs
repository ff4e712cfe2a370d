//! The table: which questions every block-based write path is asked. A new one is a line or a few.

mod deep;
mod initial;
mod later;
mod names;
mod rows;
mod sizes;
mod special;
mod store_behind_end;
mod without_writer;
mod writer;

use std::sync::Arc;

use page_state::Geometry;
use scenario::{Case, Scenario, Tier};

use super::{Companion, File, Growth, PageState, Question, Source, build};
use crate::file_system::{FileSystem, Medium};
use crate::kernel::{Request, Setting};

pub use initial::Region;
use initial::{Breadth, initial};
pub(crate) use names::name_parts;
use rows::Row;

/// Reads the whole page.
const READER: Companion = Companion::Reader { from: 0, to: Geometry::SMALL.page_units() };
/// Reads the first block.
const READER_OF_A_BLOCK: Companion = Companion::Reader { from: 0, to: Geometry::SMALL.block_units() };
/// Leaves one unit of the file.
const TRUNCATE: Companion = Companion::Truncate { size: 1 };
/// Leaves nothing of it.
const TRUNCATE_TO_NOTHING: Companion = Companion::Truncate { size: 0 };
/// Makes a page of it.
const TRUNCATE_UP: Companion = Companion::Truncate { size: 4 };

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
        second: companions.iter().find_map(writes),
        store: companions.iter().find_map(stores),
        journalled: false,
        allocation_can_fail: false,
        writeback_can_fail: false,
        credits_can_run_out: false,
        stops_early: false,
        stable_pages: true,
        reachable: row.reachable.to_vec(),
    }
}

/// Where a companion stores through a mapping.
fn stores(companion: &Companion) -> Option<usize> {
    match companion {
        Companion::MmapStore | Companion::StoreBehindEnd { again: true } => Some(3),
        Companion::StoreBehindEnd { again: false } => Some(2),
        _ => None,
    }
}

/// What a companion writes: inside of the file.
fn writes(companion: &Companion) -> Option<Request> {
    match companion {
        Companion::Grow(Growth::Write | Growth::FullDisk) => {
            Some(Request { pos: Geometry::SMALL.file_units() - 1, len: 1 })
        }
        Companion::SecondWriter => Some(Request { pos: 0, len: 2 }),
        _ => None,
    }
}

/// All questions that a file system is asked, and whether a plain `check` asks them.
#[must_use]
pub fn questions(fs: &dyn FileSystem) -> Vec<(Question, Tier)> {
    let mut all = Vec::new();
    for region in Region::ALL {
        writer::alone(region, &mut all);
        writer::accompanied(region, &mut all);
        writer::surrounded(region, &mut all);
        sizes::large(region, &mut all);
        special::special(region, &mut all);
        later::grown_over(region, &mut all);
        sizes::two_pages(region, &mut all);
        if fs.nature().journal {
            sizes::two_pages_in_a_journal(region, &mut all);
        }
        sizes::one_block(region, &mut all);
        deep::deep(region, &mut all);
    }
    store_behind_end::store_behind_end(&mut all);
    without_writer::without_writer(&mut all);
    all.retain(|(question, _)| is_for(fs, question));
    for (question, tier) in &mut all {
        // With a journal, three who allocate take as many states as all that is asked of ten variants.
        let stores = question.companions.contains(&Companion::MmapStore);
        if fs.nature().journal && question.allocation_can_fail && stores && question.writes {
            *tier = Tier::All;
        }
    }
    if fs.nature().whole_pages {
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

/// Whether a file system can be asked a question at all.
fn is_for(fs: &dyn FileSystem, question: &Question) -> bool {
    let nature = fs.nature();
    let fits = match question.geometry {
        Geometry::LARGE => !nature.whole_pages,
        // Where a cluster is a page, what is asked of a page of two blocks is the same.
        Geometry::WHOLE => nature.journal && fs.cluster(Geometry::SMALL) == 1,
        _ => true,
    };
    let full = !question.allocation_can_fail || (nature.medium == Medium::Disk && fs.allocates());
    let delayed = !question.writeback_can_fail || fs.delays_allocation();
    // Others wait for writeback whatever the disk is.
    let stable = question.stable_pages || nature.buffers;
    fits && full
        && delayed
        && stable
        && question.companions.iter().all(|companion| match companion {
            Companion::Commit => nature.journal,
            Companion::Checkpoint => nature.journals_data,
            // What is in memory only stays there.
            Companion::Writeback | Companion::Reclaim => nature.medium != Medium::Memory,
            Companion::Invalidate => fs.has_direct_io(),
            // What has its blocks has its size, too.
            Companion::Grow(Growth::Same | Growth::FullDisk) => fs.delays_allocation(),
            Companion::ServerStore => fs.has_server_that_stores(),
            Companion::MmapStore | Companion::StoreBehindEnd { .. } => fs.has_writable_mappings(),
            _ => true,
        })
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

/// A case without its file system.
pub struct Open {
    /// The name of the case.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// The scenario over a file system, which must answer as the one that was asked.
    pub build: Arc<dyn Fn(Arc<dyn FileSystem>) -> Scenario + Send + Sync>,
}

/// The cases of a file system in a setting; a historic one is asked by default of the writer alone.
#[must_use]
pub fn cases(fs: &Arc<dyn FileSystem>, setting: Setting, historic: bool) -> Vec<Case> {
    let closed = |Open { name, tier, build }| {
        let fs = fs.clone();
        Case { name, tier, build: Arc::new(move || build(fs.clone())) }
    };
    open_cases(fs.as_ref(), setting, historic).into_iter().map(closed).collect()
}

/// As [`cases`], for who gives each scenario a file system of its own.
#[must_use]
pub fn open_cases(fs: &dyn FileSystem, setting: Setting, historic: bool) -> Vec<Open> {
    questions(fs)
        .into_iter()
        .filter_map(|(mut question, tier)| {
            let cluster = fs.cluster(question.geometry);
            for (file, ..) in &mut question.initial {
                *file = file.in_clusters(cluster);
            }
            question.initial.retain(|(file, page, _)| {
                fs.admits(file, *page)
                    && (fs.has_holes() || file.is_filled(question.geometry))
                    && (file.unwritten == 0 || fs.has_unwritten_extents())
            });
            question.initial = distinct(question.initial);
            let has_credits = fs.runs_out_of_credits(setting.around) || !question.credits_can_run_out;
            if question.initial.is_empty() || question.geometry.pages() > fs.pages_max() || !has_credits {
                return None;
            }
            // Who does not look for a signal does not end with one.
            if !fs.looks_for_signals(setting.caller) {
                question.reachable.retain(|&what| what != "-EINTR");
            }
            // Memory tags came with v4.16 (SPARC) and v5.10 (arm64): before, the question is academic.
            let academic = question.source == Source::Tagged && !setting.caller.knows_memory_tags();
            // Of a journal that is history two pages are not asked by default.
            let journalled_pages = fs.nature().journal && question.geometry.pages() > 1;
            let left_to_all = academic || (historic && (journalled_pages || !question.companions.is_empty()));
            let tier = if left_to_all { tier.max(Tier::All) } else { tier };
            let name = question.name.clone();
            Some(Open { name, tier, build: Arc::new(move |fs| build(&question, fs, setting)) })
        })
        .collect()
}

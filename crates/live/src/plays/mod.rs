//! How a scenario is played on a kernel: which tests stand for an initial state.

mod orders;

use crate::memory::PAGE;
use crate::order::{Order, Turn, Who};
use crate::test::{Memory, Page, Source, Test};

pub use orders::Beside;
use orders::{Way, orders, race};

/// An initial state of a scenario, in the words of `shortcopy check --final-states --format json`.
#[derive(Clone, Debug)]
pub struct Initial<'s> {
    /// Units of a page.
    pub page_units: usize,
    /// Units of a block.
    pub block_units: usize,
    /// Where the data comes from: `straddling-invalid`.
    pub source: &'s str,
    /// The file's size.
    pub size: usize,
    /// A letter for each block below the size.
    pub blocks: &'s str,
    /// What of the file is in the page cache: `page partly uptodate (0)`.
    pub page_cache: &'s str,
    /// Whether a source that is a mapping of the file is in the page tables.
    pub source_mapped: bool,
    /// Where the write begins.
    pub position: usize,
    /// How much is written.
    pub length: usize,
    /// Where what is written is kept.
    pub medium: Medium,
    /// Whether the file system writes data to its journal.
    pub journals_data: bool,
    /// Whether the page is part of the transaction that runs, where data is in the journal.
    pub journalled: bool,
    /// Whether an allocation may find the disk full.
    pub can_be_full: bool,
    /// Who is there beside the writer.
    pub beside: &'s [Beside],
    /// Whether it is raced, too.
    pub raced: bool,
}

/// Where what is written is kept in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    /// In the page cache alone.
    Memory,
    /// On a disk.
    Disk,
    /// By a server.
    Server,
}

/// What a test that plays a scenario has to come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stands {
    /// It is the scenario: what it comes to has to be among the final states.
    For,
    /// It is like the scenario, and may come to something else: what is seen counts, what is not says nothing. A page's
    /// end where the scenario takes memory away in the middle of a page.
    Near,
}

/// The tests that play a scenario from an initial state.
///
/// # Errors
/// Why there are none, in words.
pub fn plays(initial: &Initial<'_>) -> Result<Vec<(Test, Stands)>, String> {
    let page = page(initial)?;
    match page {
        Page::Absent => {}
        _ if initial.size == 0 => return Err("an empty file has no page that can be read".to_owned()),
        Page::Block(at) | Page::RunningBlock(at) => can_be_alone(initial, at)?,
        _ => {}
    }
    let unit = PAGE / initial.page_units;
    let test = |source, order, free| Test {
        unit,
        block: unit * initial.block_units,
        size: initial.size,
        blocks: initial.blocks.to_owned(),
        page,
        source,
        position: initial.position,
        length: initial.length,
        free,
        order,
    };
    let mut tests = Vec::new();
    for Way { source, loss, stands } in ways(initial)? {
        for order in orders(initial, source, loss) {
            tests.push((test(source, order, None), stands));
        }
    }
    if initial.can_be_full {
        let plain: Vec<(Test, Stands)> = tests.clone();
        // Who finds no block at all touches no memory.
        let can_be = |free: usize| move |(test, _): &&(Test, Stands)| free > 0 || !test.is_latched();
        let full = |free| {
            plain
                .iter()
                .filter(can_be(free))
                .map(move |(test, stands)| (Test { free: Some(free), ..test.clone() }, *stands))
        };
        tests.extend((0..=FREE_MAX).flat_map(full));
        // The last blocks go while a fault in the source waits.
        let fill = Order::of(vec![Turn::Held(Who::Writer, 1, vec![Who::Fill])]);
        let latched = plain.iter().filter(|(test, _)| test.is_latched() && test.order.is_plain());
        let eaten = |(test, stands): &(Test, Stands), free| {
            (Test { free: Some(free), order: fill.clone(), ..test.clone() }, *stands)
        };
        tests.extend(latched.flat_map(|test| (1..=FREE_MAX).map(move |free| eaten(test, free))));
    }
    tests.extend(race(initial).map(|(source, order)| (test(source, order, None), Stands::For)));
    let mut known = std::collections::HashSet::new();
    tests.retain(|(test, _)| known.insert(test.clone()));
    Ok(tests)
}

/// So many blocks are left on a disk that is not quite full, at most.
const FREE_MAX: usize = 2;

/// Whether one block of a page can be uptodate and no other.
fn can_be_alone(initial: &Initial<'_>, at: usize) -> Result<(), String> {
    let others = || initial.blocks.bytes().enumerate().filter(|(block, _)| *block != at);
    let never = |why: &str| Err(why.to_owned());
    match initial.blocks.as_bytes().get(at) {
        Some(b'M') => Ok(()),
        Some(b'-') if initial.medium != Medium::Disk => {
            never("only a disk has blocks of a page that are holes")
        }
        // Who reads a page that begins with a block reads up to its first hole without looking at blocks.
        Some(b'-') if at > 0 || others().any(|(_, letter)| letter != b'M') => {
            never("a hole is uptodate by itself only before blocks that could not be read")
        }
        Some(b'-') if others().count() == 0 => never("a page of holes is uptodate as a whole"),
        Some(b'-') => Ok(()),
        _ => never("a block behind the end is uptodate only beside one that a write made so"),
    }
}

fn page(initial: &Initial<'_>) -> Result<Page, String> {
    let is_running = initial.journalled && initial.journals_data;
    match initial.page_cache {
        "page absent" => Ok(Page::Absent),
        "page uptodate" if is_running => Ok(Page::Running),
        "page uptodate" => Ok(Page::Uptodate),
        "page uptodate without buffers" => Ok(Page::AsRead),
        "page uptodate, waiting for a checkpoint" => Ok(Page::Committed),
        other => {
            let block = other.strip_prefix("page partly uptodate (").and_then(|rest| rest.strip_suffix(')'));
            let block = block.and_then(|block| block.parse().ok());
            let block = block.ok_or_else(|| format!("no way to make it so: {other}"))?;
            Ok(if is_running { Page::RunningBlock(block) } else { Page::Block(block) })
        }
    }
}

/// The ways to have the source.
fn ways(initial: &Initial<'_>) -> Result<Vec<Way>, String> {
    use Memory::{Absent, Invalid, LatchedThenFilled, LatchedThenUnmapped, Resident};
    let length = initial.length;
    let way = |source| Way { source, loss: None, stands: Stands::For };
    let lost = |source, loss| Way { loss: Some(loss), ..way(source) };
    let is = |sources: &[Source]| sources.iter().map(|&source| way(source)).collect::<Vec<_>>();
    let of = |memory: &[Memory]| memory.iter().map(|&memory| way(Source::One(memory))).collect::<Vec<_>>();
    // Where one goes in the middle of a page, a page's end is near it.
    let near = |from: usize, memory, loss| {
        (from..length).map(move |before| Way {
            source: Source::Straddling(before, memory),
            loss,
            stands: Stands::Near,
        })
    };
    let mut all: Vec<Way> = match initial.source {
        "resident" => of(&[Resident]),
        "absent" => of(&[Absent, LatchedThenFilled]),
        "invalid" => of(&[Invalid]),
        // Before, while the first fault waits, or later, or not at all. Whose frame is somebody else's is as far away.
        "unmapped" | "freed" => {
            let mut all = of(&[Invalid, LatchedThenUnmapped]);
            all.push(lost(Source::One(Resident), Who::Unmap));
            all.extend(near(1, Invalid, None));
            all.extend(near(1, Resident, Some(Who::Unmap)));
            all
        }
        "dropped" => vec![way(Source::One(Absent)), lost(Source::One(Resident), Who::Drop)],
        "reclaimed" => vec![way(Source::One(Absent)), lost(Source::One(Resident), Who::DropFirst)],
        "source-truncated" => {
            let mut all = vec![way(Source::Cut), lost(Source::OfOther, Who::Cut)];
            all.extend(near(1, Invalid, None));
            all
        }
        "self-mapped" => is(&[Source::Itself { mapped: initial.source_mapped }]),
        "self-dropped" if initial.source_mapped => {
            let mut all = is(&[Source::Itself { mapped: false }]);
            all.push(lost(Source::Itself { mapped: true }, Who::Drop));
            all
        }
        "self-dropped" => is(&[Source::Itself { mapped: false }]),
        "straddling-absent" => is(&[Source::Straddling(1, Absent), Source::Straddling(1, LatchedThenFilled)]),
        "straddling-invalid" => is(&[Source::Straddling(1, Invalid)]),
        "straddling-unmapped" => {
            let mut all = is(&[Source::Straddling(1, Invalid), Source::Straddling(1, LatchedThenUnmapped)]);
            all.push(lost(Source::Straddling(1, Resident), Who::Unmap));
            all.extend(near(2, Invalid, None));
            all.extend(near(2, Resident, Some(Who::Unmap)));
            all
        }
        "empty-then-absent" => is(&[Source::EmptyThen(Absent)]),
        "empty-then-invalid" => is(&[Source::EmptyThen(Invalid)]),
        "segment-then-absent" => is(&[Source::SegmentThen(Absent)]),
        "segment-then-invalid" => is(&[Source::SegmentThen(Invalid)]),
        "segment-then-self" => is(&[Source::SegmentThenItself]),
        "of-first-page" => is(&[Source::OfFirstPage]),
        "tagged" => return Err("memory tags are no part of this machine".to_owned()),
        "evicted" => return Err(KILLED.to_owned()),
        other => return Err(format!("no way to have a source {other}")),
    };
    all.retain(|way| !matches!(way.source, Source::Straddling(before, _) if before >= length));
    Ok(all)
}

/// Why a scenario in which the writer is killed is not run.
const KILLED: &str = "a writer that is killed says nothing of what it wrote";

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer to a cold page.
    pub(super) const ALONE: Initial<'static> = Initial {
        page_units: 4,
        block_units: 2,
        source: "resident",
        size: 4,
        blocks: "MM",
        page_cache: "page absent",
        source_mapped: false,
        position: 1,
        length: 2,
        medium: Medium::Disk,
        journals_data: false,
        journalled: false,
        can_be_full: false,
        beside: &[],
        raced: false,
    };

    #[test]
    fn a_test_that_stands_for_an_initial_state_is_one() {
        let initial = Initial {
            source: "unmapped",
            blocks: "M-",
            page_cache: "page partly uptodate (0)",
            length: 3,
            ..ALONE
        };
        let told: Vec<String> = plays(&initial)
            .expect("it can be played")
            .iter()
            .map(|(test, stands)| {
                assert_eq!(test.to_string().parse::<Test>().ok().as_ref(), Some(test));
                format!("{} {stands:?}", test.source)
            })
            .collect();
        let wanted = [
            "invalid For",
            "latched-then-unmapped For",
            "resident For",
            "straddling-1-invalid Near",
            "straddling-2-invalid Near",
            "straddling-1-resident Near",
            "straddling-2-resident Near",
        ];
        assert_eq!(told, wanted);
        for (source, page_cache) in
            [("tagged", "page absent"), ("evicted", "page absent"), ("absent", "page torn")]
        {
            assert!(plays(&Initial { source, page_cache, ..initial.clone() }).is_err());
        }
    }
}

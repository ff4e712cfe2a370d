//! How a scenario is played on a kernel: which tests stand for an initial state.

use crate::memory::PAGE;
use crate::test::{Memory, Page, Source, Test};

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
        Page::Block(at) if initial.blocks.as_bytes().get(at) != Some(&b'M') => {
            return Err("only a written block can be uptodate beside others that are not".to_owned());
        }
        _ => {}
    }
    let unit = PAGE / initial.page_units;
    let sources = sources(initial)?;
    let test = |(source, stands)| {
        let test = Test {
            unit,
            block: unit * initial.block_units,
            size: initial.size,
            blocks: initial.blocks.to_owned(),
            page,
            source,
            position: initial.position,
            length: initial.length,
        };
        (test, stands)
    };
    Ok(sources.into_iter().map(test).collect())
}

fn page(initial: &Initial<'_>) -> Result<Page, String> {
    match initial.page_cache {
        "page absent" => Ok(Page::Absent),
        "page uptodate" => Ok(Page::Uptodate),
        "page uptodate without buffers" => Ok(Page::AsRead),
        "page uptodate, waiting for a checkpoint" => Ok(Page::Committed),
        other => {
            let block = other.strip_prefix("page partly uptodate (").and_then(|rest| rest.strip_suffix(')'));
            let block = block.and_then(|block| block.parse().ok());
            block.map(Page::Block).ok_or_else(|| format!("no way to make it so: {other}"))
        }
    }
}

/// The sources that stand for one.
fn sources(initial: &Initial<'_>) -> Result<Vec<(Source, Stands)>, String> {
    let length = initial.length;
    let exact = |sources: &[Source]| sources.iter().map(|&source| (source, Stands::For)).collect();
    let straddling = |from: usize, stands| {
        (from..length).map(move |before| (Source::Straddling(before, Memory::Invalid), stands))
    };
    let mut all: Vec<(Source, Stands)> = match initial.source {
        "resident" => exact(&[Source::One(Memory::Resident)]),
        "absent" => exact(&[Source::One(Memory::Absent), Source::One(Memory::LatchedThenFilled)]),
        "invalid" => exact(&[Source::One(Memory::Invalid)]),
        // Before, while the first fault waits, or not at all.
        "unmapped" => exact(&[
            Source::One(Memory::Invalid),
            Source::One(Memory::LatchedThenUnmapped),
            Source::One(Memory::Resident),
        ]),
        "dropped" => exact(&[Source::One(Memory::Absent), Source::One(Memory::Resident)]),
        "source-truncated" => exact(&[Source::Cut, Source::One(Memory::Resident)]),
        "self-mapped" => exact(&[Source::Itself { mapped: initial.source_mapped }]),
        "straddling-absent" => {
            exact(&[Source::Straddling(1, Memory::Absent), Source::Straddling(1, Memory::LatchedThenFilled)])
        }
        "straddling-invalid" => exact(&[Source::Straddling(1, Memory::Invalid)]),
        "straddling-unmapped" => exact(&[
            Source::Straddling(1, Memory::Invalid),
            Source::Straddling(1, Memory::LatchedThenUnmapped),
            Source::Straddling(1, Memory::Resident),
        ]),
        "empty-then-absent" => exact(&[Source::EmptyThen(Memory::Absent)]),
        "empty-then-invalid" => exact(&[Source::EmptyThen(Memory::Invalid)]),
        "segment-then-absent" => exact(&[Source::SegmentThen(Memory::Absent)]),
        "segment-then-invalid" => exact(&[Source::SegmentThen(Memory::Invalid)]),
        "segment-then-self" => exact(&[Source::SegmentThenItself]),
        "of-first-page" => exact(&[Source::OfFirstPage]),
        "tagged" => return Err("memory tags are no part of this machine".to_owned()),
        other => return Err(format!("only a race, or a lack of memory, makes a source {other}")),
    };
    match initial.source {
        "unmapped" | "source-truncated" => all.extend(straddling(1, Stands::Near)),
        "straddling-unmapped" => all.extend(straddling(2, Stands::Near)),
        _ => {}
    }
    all.retain(|(source, _)| !matches!(source, Source::Straddling(before, _) if *before >= length));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_stands_for_an_initial_state_is_one() {
        let initial = Initial {
            page_units: 4,
            block_units: 2,
            source: "unmapped",
            size: 4,
            blocks: "M-",
            page_cache: "page partly uptodate (0)",
            source_mapped: false,
            position: 1,
            length: 3,
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
        ];
        assert_eq!(told, wanted);
        for (source, page_cache) in
            [("tagged", "page absent"), ("evicted", "page absent"), ("absent", "page torn")]
        {
            assert!(plays(&Initial { source, page_cache, ..initial.clone() }).is_err());
        }
    }
}

//! Other sizes of pages and files.

use page_state::Geometry;
use scenario::Tier;

use super::initial::{Breadth, Region, initial};
use super::rows::{ROWS, Row, of, row};
use super::{TRUNCATE_TO_NOTHING, question};
use crate::family::{Companion, PageState, Question, Source};

/// Two pages, each one block.
pub(super) fn two_pages(region: Region, all: &mut Vec<(Question, Tier)>) {
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
        all.push((of_two_pages(region, row, Breadth::Narrow, &[]), tier));
    }
    if region == Region::Extending {
        // Pages arrive in any order, and the size is on disk with the last.
        let beside = of_two_pages(region, of(Source::Resident), Breadth::Plain, &[Companion::Writeback]);
        all.push((beside, Tier::Default));
    }
}

/// The same beside who writes back, commits and cuts the file, where there is a journal.
pub(super) fn two_pages_in_a_journal(region: Region, all: &mut Vec<(Question, Tier)>) {
    use Breadth::{Plain, Single};
    use Companion::{Commit, Writeback};
    // In the middle of the second page.
    const CUT: Companion = Companion::Truncate { size: Geometry::TWO_PAGES.file_units() - 1 };
    // Each page is written under a handle of its own, and a commit comes between.
    let everywhere = [
        (Source::Resident, Plain, &[Commit][..], Tier::Default),
        (Source::Unmapped, Single, &[Commit], Tier::All),
        (Source::Resident, Plain, &[CUT], Tier::Default),
    ];
    let within = [(Source::Resident, Plain, &[Writeback][..], Tier::Default)];
    let extending = [
        (Source::Resident, Single, &[CUT, Commit][..], Tier::Default),
        (Source::Resident, Single, &[TRUNCATE_TO_NOTHING, Commit], Tier::All),
        (Source::Resident, Single, &[TRUNCATE_TO_NOTHING, Writeback], Tier::All),
        (Source::Resident, Single, &[Writeback, Commit], Tier::All),
    ];
    let of_region = match region {
        Region::Within => &within[..],
        Region::Extending => &extending,
        Region::Beyond => &[],
    };
    for &(source, breadth, companions, tier) in everywhere.iter().chain(of_region) {
        all.push((of_two_pages(region, of(source), breadth, companions), tier));
    }
}

/// A write to both pages, or beyond the end of a file that has one.
pub(super) fn of_two_pages(
    region: Region,
    row: &Row,
    breadth: Breadth,
    companions: &[Companion],
) -> Question {
    let geometry = Geometry::TWO_PAGES;
    let units = geometry.page_units();
    let mut question = question(region, row, breadth, companions);
    question.name = format!("{}-2-pages", question.name);
    question.sentence = format!("{}; two pages of one block each", question.sentence);
    question.geometry = geometry;
    question.initial = initial(region, geometry, breadth);
    // A write of one page is asked elsewhere.
    question.initial.retain(|(file, page, request)| {
        let crosses = request.pos < units && request.pos + request.len > units;
        let leaves_a_gap = region == Region::Beyond && file.size > 0 && request.pos >= units;
        let fits = request.len >= row.source.least() && !matches!(page, PageState::Partly(_));
        // What the source is a mapping of is in the file.
        let exists = match row.source {
            Source::SelfMapped => file.size > units,
            source => !source.is_of_the_file() || file.size > 0,
        };
        (crosses || leaves_a_gap) && fits && exists && (row.source != Source::OfFirstPage || request.pos == 0)
    });
    question
}

/// A page of one block, as most files with a journal have it.
pub(super) fn one_block(region: Region, all: &mut Vec<(Question, Tier)>) {
    let commit = &[Companion::Commit][..];
    let cut_and_commit = &[TRUNCATE_TO_NOTHING, Companion::Commit][..];
    let asked = [
        (Source::Resident, Breadth::Narrow, &[][..]),
        (Source::Invalid, Breadth::Narrow, &[][..]),
        (Source::Unmapped, Breadth::Narrow, &[][..]),
        (Source::Resident, Breadth::Plain, commit),
        (Source::Invalid, Breadth::Plain, commit),
        (Source::Resident, Breadth::Plain, &[Companion::Writeback][..]),
        (Source::Resident, Breadth::Single, cut_and_commit),
    ];
    for (source, breadth, companions) in asked {
        let mut question = question(region, of(source), breadth, companions);
        question.name = format!("{}-1-block", question.name);
        question.sentence = format!("{}; a page of one block", question.sentence);
        question.geometry = Geometry::WHOLE;
        question.initial = initial(region, Geometry::WHOLE, breadth);
        // With its only block a page is uptodate.
        question.initial.retain(|(_, page, _)| !matches!(page, PageState::Partly(_)));
        question.journalled = companions == commit;
        all.push((question, Tier::Default));
    }
}

/// Eight units in four blocks, up to two actors.
pub(super) fn large(region: Region, all: &mut Vec<(Question, Tier)>) {
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

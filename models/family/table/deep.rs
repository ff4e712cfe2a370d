//! Everybody at once: what takes a search that leaves orders out.

use page_state::Geometry;
use scenario::Tier;

use super::initial::{Breadth, Region, initial};
use super::rows::of;
use super::sizes::of_two_pages;
use super::{READER, READER_OF_A_BLOCK, question};
use crate::family::{Companion, Question, Source};

/// A writer whose source is unmapped meanwhile, beside a reader, writeback, and a commit, another reader or another
/// writer; a larger page, and two of them, with company.
pub(super) fn deep(region: Region, all: &mut Vec<(Question, Tier)>) {
    if region == Region::Beyond {
        return; // what lies between the end and the write is asked with fewer
    }
    let source = of(Source::Unmapped);
    let crowds = [
        &[READER, Companion::Writeback][..],
        &[READER, Companion::Commit],
        &[READER, Companion::Writeback, Companion::Commit],
        &[READER, Companion::Writeback, Companion::Kill],
        &[READER, Companion::SecondWriter],
    ];
    for companions in crowds {
        // Whoever writes, too, does so inside of the file.
        if companions.contains(&Companion::SecondWriter) && region != Region::Within {
            continue;
        }
        let mut question = question(region, source, Breadth::Single, companions);
        question.journalled = companions.contains(&Companion::Commit);
        all.push((question, Tier::Deep));
    }
    let mut readers = question(region, source, Breadth::Single, &[READER, READER_OF_A_BLOCK]);
    readers.name = format!("{}-{}-with-readers", region.name(), source.name);
    all.push((readers, Tier::Deep));
    for companions in [&[READER][..], &[READER, Companion::Writeback]] {
        let mut question = question(region, source, Breadth::Single, companions);
        question.name = format!("{}-8-units", question.name);
        question.sentence = format!("{}; eight units in four blocks", question.sentence);
        question.geometry = Geometry::LARGE;
        question.initial = initial(region, Geometry::LARGE, Breadth::Single);
        all.push((question, Tier::Deep));
    }
    // A page-table entry names one of few frames: two who may hold pages would take too many.
    all.push((of_two_pages(region, source, Breadth::Plain, &[READER]), Tier::Deep));
}

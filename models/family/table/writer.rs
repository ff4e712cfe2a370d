//! The writer by itself, and with others beside it.

use scenario::Tier;

use super::initial::{Breadth, Region, initial};
use super::rows::ROWS;
use super::{READER, question};
use crate::family::{Companion, Question, Source};

/// The writer, its source, and what happens to that.
pub(super) fn alone(region: Region, all: &mut Vec<(Question, Tier)>) {
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
pub(super) fn accompanied(region: Region, all: &mut Vec<(Question, Tier)>) {
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
        all.push((question(region, row, beside_reader, &[READER]), tier));
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
pub(super) fn surrounded(region: Region, all: &mut Vec<(Question, Tier)>) {
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
                Companion::Reclaim | Companion::Invalidate | Companion::Checkpoint => {
                    question.initial = initial(region, question.geometry, Breadth::Narrow);
                }
                _ => {}
            }
            all.push((question, if resident && region == Region::Within { Tier::Default } else { tier }));
        }
    }
}

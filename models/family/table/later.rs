//! What a write leaves behind, and who comes later.

use scenario::Tier;

use super::initial::{Breadth, Region};
use super::question;
use super::rows::of;
use super::sizes::of_two_pages;
use crate::family::{Companion, File, Growth, PageState, Question, Source};
use crate::kernel::Request;

/// How the file is made longer, and what it is called.
const GROWTHS: [(Growth, &str, &str); 2] = [
    (Growth::Truncate, "truncate-up", "somebody truncates the file to a larger size"),
    (Growth::Write, "write-beyond", "somebody writes beyond the end of the file"),
];

/// Writes that fail or come up short, and one of which a round may come to nothing before all is written.
const SOURCES: [(Source, Breadth); 4] = [
    (Source::Invalid, Breadth::Narrow),
    (Source::Unmapped, Breadth::Narrow),
    (Source::StraddlingInvalid, Breadth::Narrow),
    (Source::Dropped, Breadth::Plain),
];

/// What a round that is not taken leaves in the page, in blocks beyond the size, in the size on disk. The file is synced
/// and leaves the page cache, or not, somebody makes it longer, and it is read.
pub(super) fn grown_over(region: Region, all: &mut Vec<(Question, Tier)>) {
    // A write within the file leaves nothing beyond its end.
    if region == Region::Within {
        return;
    }
    for (growth, name, sentence) in GROWTHS {
        let then = |mut later: Question, of: String, said: &str| {
            later.name = format!("{}-{of}", region.name());
            later.sentence = format!("{}, {said}; then {sentence}", region.sentence());
            (later, Tier::Default)
        };
        let companions = [Companion::Grow(growth)];
        for (source, breadth) in SOURCES {
            let row = of(source);
            let mut later = question(region, row, breadth, &companions);
            if region == Region::Extending {
                // Most of the page is gap.
                let file = File { size: 0, allocated: 0, unwritten: 0 };
                later.initial.push((file, PageState::Absent, Request { pos: 0, len: 1 }));
            }
            later.initial.retain(|(_, _, request)| request.len >= source.least());
            all.push(then(later, format!("{}-then-{name}", row.name), row.sentence));
        }
        let row = of(Source::Unmapped);
        let pages = of_two_pages(region, row, Breadth::Narrow, &companions);
        let said = format!("{}, in two pages of one block each", row.sentence);
        all.push(then(pages, format!("{}-then-{name}-2-pages", row.name), &said));
        // Who finds the disk full can't write beyond the end either.
        if growth == Growth::Truncate {
            let mut full = question(region, of(Source::Resident), Breadth::Narrow, &companions);
            full.allocation_can_fail = true;
            full.reachable = vec!["whole write", "failed write"];
            all.push(then(full, format!("disk-full-then-{name}"), "which finds the disk full"));
        }
    }
}

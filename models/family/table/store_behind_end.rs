//! Stores through a mapping behind the end of the file, in its last page, before the file grows over them.

use scenario::Tier;

use super::initial::{Breadth, Region};
use super::rows::of;
use super::{TRUNCATE_UP, question};
use crate::family::{Companion, File, PageState, Question, Source};
use crate::kernel::Request;

/// Somebody stores behind the end; then the file grows, by a write beyond the end or by a truncation.
pub(super) fn store_behind_end(all: &mut Vec<(Question, Tier)>) {
    let store = Companion::StoreBehindEnd { again: false };
    // In the block that the file ends in, and in the next one.
    for (pos, place) in [(1, "-in-a-block"), (2, "")] {
        let mut beyond = question(Region::Beyond, of(Source::Resident), Breadth::Single, &[store]);
        beyond.name = format!("store-behind-end{place}-then-write-beyond");
        beyond.sentence =
            "somebody stores behind the end of the file; then somebody writes beyond it".to_owned();
        all.push((short(beyond, pos), Tier::Default));
        let mut up = question(Region::Within, of(Source::Resident), Breadth::Single, &[store, TRUNCATE_UP]);
        up.name = format!("store-behind-end{place}-then-truncate-up");
        up.sentence = "somebody stores behind the end of the file; then somebody makes it longer".to_owned();
        all.push((without_writer(short(up, pos)), Tier::Default));
    }
    // The page is writable still, and has a block now that it had not.
    let again = [Companion::StoreBehindEnd { again: true }, TRUNCATE_UP];
    let mut up = question(Region::Within, of(Source::Resident), Breadth::Single, &again);
    up.name = "store-behind-end-then-truncate-up-and-store-again".to_owned();
    up.sentence =
        "somebody stores behind the end of the file, and once more when somebody has made it longer"
            .to_owned();
    all.push((without_writer(short(up, 3)), Tier::Default));
}

/// Of a file of one unit, with the page in the page cache or not.
fn short(mut question: Question, pos: usize) -> Question {
    let file = File { size: 1, allocated: 1, unwritten: 0 };
    let request = Request { pos: 3, len: 1 };
    question.store = Some(pos);
    question.initial = [PageState::Absent, PageState::Uptodate].map(|page| (file, page, request)).to_vec();
    question
}

/// Nobody writes.
fn without_writer(mut question: Question) -> Question {
    question.writes = false;
    question.reachable = vec!["stored", "truncated"];
    for (_, _, asked) in &mut question.initial {
        *asked = Request { pos: 0, len: 1 };
    }
    question
}

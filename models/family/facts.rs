//! A question as facts, for readers who don't know the model, and for programs.

use std::collections::BTreeMap;

use scenario::{Fact, Facts};

use super::{Companion, File, PageState, Question};
use crate::kernel::{Request, World};

/// What the [picture](super::picture) of a state shows.
const LEGEND: &str = "Sizes, positions and contents are in units. o3 is the old unit 3 of the file, n3 the \
    writer's, m3 a second writer's, 0 zeros, ? somebody else's data; | parts blocks.";

/// An initial state as facts.
pub(super) type State = BTreeMap<&'static str, Fact>;

/// What a scenario is made of; `initial` are its initial states.
pub(super) fn of(question: &Question, initial: Vec<State>) -> Facts {
    let geometry = question.geometry;
    let sizes = [
        ("page", geometry.page_units()),
        ("block", geometry.block_units()),
        ("file-max", geometry.file_units()),
    ];
    Facts {
        legend: LEGEND.to_owned(),
        geometry: sizes.into_iter().map(|(what, units)| (what, units as u64)).collect(),
        source: question.writes.then(|| question.source.name()),
        companions: question.companions.iter().map(Companion::name).collect(),
        conditions: conditions(question),
        initial,
    }
}

/// What is the same in all initial states.
fn conditions(question: &Question) -> State {
    let number = |what, units: usize| (what, Fact::Number(units as u64));
    let stored = question.store.map(|pos| Request { pos, len: 1 });
    let second = question
        .second
        .or(stored)
        .into_iter()
        .flat_map(|Request { pos, len }| [number("second-position", pos), number("second-length", len)]);
    let store = question.store.map(|pos| number("store-position", pos));
    let by_companions = question.companions.iter().flat_map(|companion| match *companion {
        Companion::Truncate { size } => vec![number("truncate-to", size)],
        Companion::Reader { from, to } => vec![number("read-from", from), number("read-to", to)],
        _ => Vec::new(),
    });
    let flags = [
        ("allocation-can-fail", question.allocation_can_fail),
        ("writeback-can-fail", question.writeback_can_fail),
        ("credits-can-run-out", question.credits_can_run_out),
        ("copy-can-stop-early", question.stops_early),
        ("journalled", question.journalled),
    ];
    let flags = flags.into_iter().filter(|(_, is)| *is).map(|(what, is)| (what, Fact::Flag(is)));
    second.chain(store).chain(by_companions).chain(flags).collect()
}

/// An initial state; `mapped`: a source that is not in the page tables is there in this one.
pub(super) fn state(
    question: &Question,
    world: &World,
    (file, page, request): (File, PageState, Request),
    mapped: bool,
) -> State {
    let mut state = BTreeMap::from([
        ("size", Fact::Number(file.size as u64)),
        ("blocks", Fact::Text(file.map(&world.storage))),
        ("page-cache", Fact::Text(page.name())),
    ]);
    if mapped {
        state.insert("source-mapped", Fact::Flag(true));
    }
    if question.writes {
        state.insert("write-position", Fact::Number(request.pos as u64));
        state.insert("write-length", Fact::Number(request.len as u64));
        let segments = question.source.segments(question.geometry, request);
        let segments = segments.iter().map(|segment| format!("{}+{}", segment.base, segment.len));
        state.insert("segments", Fact::Text(segments.collect::<Vec<_>>().join(" ")));
    }
    state
}

//! What is predicted of a scenario, initial state by initial state, and the tests that play it.

use std::collections::{BTreeMap, BTreeSet};

use live::{Beside, Contents, Initial, Observed, Stands, Test, Who, plays};
use scenario::{Coverage, Fact, Facts, FinalState, Outcome, Scenario};

use super::places::{can_be_filled, medium};

/// An initial state that can be played.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) scenario: String,
    pub(super) initial: String,
    pub(super) predicted: BTreeSet<FinalState>,
    pub(super) tests: Vec<(Test, Stands)>,
}

/// Why initial states are not played, and how many.
pub(super) type Skipped = BTreeMap<String, usize>;

/// The initial states of a scenario of a write path that can be played; the others are counted. `forces` is what only the
/// writer by itself may be run for, as somebody beside him might force it.
pub(super) fn played(
    path: &str,
    (scenario, outcome): (&Scenario, &Outcome),
    forces: Option<&str>,
    skipped: &mut Skipped,
) -> Vec<Played> {
    let all = scenario.initial.len();
    let mut skip = |why: String, count| *skipped.entry(why).or_default() += count;
    let Some(facts) = &scenario.facts else { return Vec::new() };
    if let Some(why) = unplayable(path, facts, forces) {
        skip(why, all);
        return Vec::new();
    }
    if outcome.coverage != Coverage::Exhausted {
        skip("not everything is predicted: the search was cut".to_owned(), all);
        return Vec::new();
    }
    let states = scenario.initial.iter().zip(&facts.initial).zip(scenario.final_states(outcome));
    let mut playable = Vec::new();
    for (at, ((initial, state), predicted)) in states.enumerate() {
        match tests(path, facts, (state, at == 0)) {
            Ok(mut tests) => {
                if forces.is_some() {
                    tests.retain(|(test, _)| test.order.is_plain());
                }
                let (scenario, initial) = (scenario.name.clone(), initial.name.clone());
                playable.push(Played { scenario, initial, predicted, tests });
            }
            Err(why) => skip(why, 1),
        }
    }
    playable
}

/// Why a scenario of a write path can't be played from any initial state, if it can't.
pub(super) fn unplayable(path: &str, facts: &Facts, forces: Option<&str>) -> Option<String> {
    if facts.source.is_none() {
        return Some("nobody writes".to_owned());
    }
    let beside = facts.companions.iter().map(|name| beside(facts, name));
    if let Some(why) = beside.filter_map(Result::err).next() {
        return Some(why);
    }
    let is_full = facts.conditions.contains_key("allocation-can-fail");
    if is_full && !can_be_filled(path) {
        return Some("no disk of this file system can be filled to a block".to_owned());
    }
    let property = forces.filter(|_| is_full || !facts.companions.is_empty())?;
    Some(format!("it might force {property}, which is not done on a kernel that people use"))
}

/// The tests that play a scenario from an initial state, by its number, with the writer alone and nothing held.
///
/// # Errors
/// Why there are none, in words.
pub(in crate::commands) fn tests_of(
    path: &str,
    scenario: &Scenario,
    at: usize,
) -> Result<Vec<(Test, Stands)>, String> {
    let Some(facts) = &scenario.facts else {
        return Err("nothing is said about its initial states".to_owned());
    };
    let state = facts.initial.get(at).ok_or_else(|| "nothing is said about its initial state".to_owned())?;
    let mut all = unplayable(path, facts, None).map_or_else(|| tests(path, facts, (state, false)), Err)?;
    if !facts.companions.is_empty() {
        return Err("there is somebody beside the writer".to_owned());
    }
    all.retain(|(test, _)| test.order.is_plain() && test.free.is_none() && !test.is_held());
    Ok(all)
}

fn tests(
    path: &str,
    facts: &Facts,
    (state, raced): (&BTreeMap<&'static str, Fact>, bool),
) -> Result<Vec<(Test, Stands)>, String> {
    let missing = |what: &str| format!("nothing is said about its {what}");
    let number = |what: &str| number(state, what).ok_or_else(|| missing(what));
    let text = |what: &str| match state.get(what) {
        Some(Fact::Text(text)) => Ok(text.as_str()),
        _ => Err(missing(what)),
    };
    let units =
        |what: &str| facts.geometry.get(what).map(|&units| units as usize).ok_or_else(|| missing(what));
    let beside: Vec<Beside> =
        facts.companions.iter().map(|name| beside(facts, name)).collect::<Result<_, _>>()?;
    let is = |what: &str| facts.conditions.contains_key(what);
    plays(&Initial {
        page_units: units("page")?,
        block_units: units("block")?,
        source: facts.source.unwrap_or_default(),
        size: number("size")?,
        blocks: text("blocks")?,
        page_cache: text("page-cache")?,
        source_mapped: state.contains_key("source-mapped"),
        position: number("write-position")?,
        length: number("write-length")?,
        medium: medium(path),
        journals_data: path == "ext4/journalled",
        journalled: is("journalled"),
        can_be_full: is("allocation-can-fail"),
        beside: &beside,
        raced,
    })
}

fn number(facts: &BTreeMap<&'static str, Fact>, what: &str) -> Option<usize> {
    match facts.get(what) {
        Some(Fact::Number(number)) => Some(*number as usize),
        _ => None,
    }
}

/// Who a companion is.
///
/// # Errors
/// Why nobody can play it, in words.
fn beside(facts: &Facts, name: &str) -> Result<Beside, String> {
    let missing = || format!("nothing is said about its {name}");
    let condition = |what: &str| number(&facts.conditions, what).ok_or_else(missing);
    let second = || Ok::<_, String>((condition("second-position")?, condition("second-length")?));
    let none = |why: &str| Err(why.to_owned());
    Ok(match name {
        "reader" => {
            let from = condition("read-from")?;
            Beside::Any(Who::Read(from, condition("read-to")? - from))
        }
        "mmap-reader" => Beside::Any(Who::Load),
        "mmap-store" => Beside::Any(Who::Store(condition("store-position")?)),
        "store-behind-end" => Beside::First { who: Who::Store(condition("store-position")?), again: false },
        "second-writer" => {
            let (from, units) = second()?;
            Beside::Any(Who::Write(from, units))
        }
        "commit" => Beside::Any(Who::Commit),
        "writeback" => Beside::Any(Who::Writeback),
        "reclaim" => Beside::Any(Who::Reclaim),
        "truncate" | "truncate-to-nothing" => Beside::Any(Who::Truncate(condition("truncate-to")?)),
        "growth-by-truncate" => {
            let size = facts.geometry.get("file-max").copied().ok_or_else(missing)?;
            Beside::Later(Who::Truncate(size as usize))
        }
        "growth-by-write" => {
            let (from, units) = second()?;
            Beside::Later(Who::Write(from, units))
        }
        "checkpoint" => return none("nobody can ask for a checkpoint and for nothing else"),
        "invalidate" => return none("direct I/O that takes out pages writes something, too"),
        "kill" => return none("a writer that is killed says nothing of what it wrote"),
        other => return Err(format!("nobody plays a companion that is called {other}")),
    })
}

/// Whether this is what was predicted.
pub(super) fn agrees(predicted: &FinalState, seen: &Observed) -> bool {
    let same = |predicted: &scenario::Contents, seen: &Contents| {
        predicted.size.to_string() == seen.size && predicted.units == seen.units
    };
    // What one of the two does not know is no difference.
    let after = predicted.after_sync.as_ref().zip(seen.after_sync.as_ref());
    predicted.returned == seen.returned
        && same(&predicted.through_cache, &seen.through_cache)
        && after.is_none_or(|(predicted, seen)| same(predicted, seen))
}

/// What was seen, in the words of a final state.
pub(super) fn shown(seen: &Observed) -> String {
    let contents = |Contents { size, units }: &Contents| match units.is_empty() {
        true => format!("size {size}"),
        false => format!("size {size}: {}", units.join(" ")),
    };
    let now = contents(&seen.through_cache);
    let after = seen.after_sync.as_ref().map(contents).filter(|after| *after != now);
    let after = after.map_or(String::new(), |after| format!("; after sync {after}"));
    format!("{}, {now}{after}", seen.returned)
}

//! What is predicted of a scenario, initial state by initial state, and the tests that play it.

use std::collections::{BTreeMap, BTreeSet};

use live::{Contents, Initial, Observed, Stands, Test, plays};
use scenario::{Coverage, Fact, Facts, FinalState, Outcome, Scenario};

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

/// The initial states of a scenario that can be played; the others are counted.
pub(super) fn played(scenario: &Scenario, outcome: &Outcome, skipped: &mut Skipped) -> Vec<Played> {
    let all = scenario.initial.len();
    let mut skip = |why: String, count| *skipped.entry(why).or_default() += count;
    let Some(facts) = &scenario.facts else { return Vec::new() };
    if let Some(why) = unplayable(facts) {
        skip(why, all);
        return Vec::new();
    }
    if outcome.coverage != Coverage::Exhausted {
        skip("not everything is predicted: the search was cut".to_owned(), all);
        return Vec::new();
    }
    let states = scenario.initial.iter().zip(&facts.initial).zip(scenario.final_states(outcome));
    let mut playable = Vec::new();
    for ((initial, state), predicted) in states {
        match tests(facts, state) {
            Ok(tests) => {
                let (scenario, initial) = (scenario.name.clone(), initial.name.clone());
                playable.push(Played { scenario, initial, predicted, tests });
            }
            Err(why) => skip(why, 1),
        }
    }
    playable
}

/// Why a scenario can't be played from any initial state, if it can't.
pub(super) fn unplayable(facts: &Facts) -> Option<String> {
    if !facts.companions.is_empty() {
        return Some("there is somebody beside the writer".to_owned());
    }
    let condition = |what, why: &str| facts.conditions.contains_key(what).then(|| why.to_owned());
    facts
        .source
        .is_none()
        .then(|| "nobody writes".to_owned())
        .or_else(|| condition("allocation-can-fail", "a disk that is full at the right moment"))
        .or_else(|| condition("copy-can-stop-early", "a copy that stops before the byte that can't be read"))
        .or_else(|| condition("journalled", "a page in the running transaction"))
}

/// The tests that play a scenario from an initial state, by its number.
///
/// # Errors
/// Why there are none, in words.
pub(in crate::commands) fn tests_of(scenario: &Scenario, at: usize) -> Result<Vec<(Test, Stands)>, String> {
    let Some(facts) = &scenario.facts else {
        return Err("nothing is said about its initial states".to_owned());
    };
    let state = facts.initial.get(at).ok_or_else(|| "nothing is said about its initial state".to_owned())?;
    unplayable(facts).map_or_else(|| tests(facts, state), Err)
}

fn tests(facts: &Facts, state: &BTreeMap<&'static str, Fact>) -> Result<Vec<(Test, Stands)>, String> {
    let missing = |what: &str| format!("nothing is said about its {what}");
    let number = |what: &str| match state.get(what) {
        Some(Fact::Number(number)) => Ok(*number as usize),
        _ => Err(missing(what)),
    };
    let text = |what: &str| match state.get(what) {
        Some(Fact::Text(text)) => Ok(text.as_str()),
        _ => Err(missing(what)),
    };
    let units =
        |what: &str| facts.geometry.get(what).map(|&units| units as usize).ok_or_else(|| missing(what));
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

//! A search that memory cut, once more: with [few bits](super::compact) of each state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scenario::{Coverage, Outcome};

use super::compact::Odds;
use super::error::Error;
use super::limits::Limits;
use super::memories::Memories;
use super::options::Reduce;
use super::outcome::{CameTo, id, keep};
use super::plan::{Plan, Steps};
use super::prepared::Prepared;
use super::reports::{SeenInAutomata, seen_in_automata};
use super::search::{Searched, search};

/// Adds what such a search comes to within these bounds, to what the one came to that was cut.
///
/// # Errors
/// Where the scenario or a model is broken.
pub(crate) fn once_more<const R: usize>(
    prepared: &Arc<Prepared>,
    limits: &Limits,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let memories = Memories::new(prepared.packing.words(), limits.ceilings.memories, &limits.ledger);
    let of = match limits.options.reduce {
        Reduce::None | Reduce::Symmetry(_) => Steps::Every,
        _ if prepared.actors() < 2 => Steps::Every,
        _ => Steps::Chains,
    };
    let searched: Searched<R> = search(prepared, &memories, limits, Plan::Compact(of, None), None)?;
    let coverage = limits.coverage();
    let rested = !searched.places.by_rest.is_empty();
    let SeenInAutomata { reached, bad, unsupported } = seen_in_automata(prepared, rested);
    prepared.walk()?;

    let known: BTreeSet<_> = outcome.bad.iter().map(id).collect();
    let found = searched.places.all.into_iter().chain(bad);
    let found: BTreeSet<_> = found.filter(|bad| !known.contains(&bad.told())).collect();
    let more = found.len();
    let (states, odds) = searched.compact.unwrap_or_default();
    let came_to = CameTo {
        found,
        ways: BTreeMap::new(),
        endings: searched.places.endings,
        // It is no whole one, however far it came.
        coverage: outcome.coverage,
        reached,
        unsupported,
        rested,
        states,
        transitions: searched.transitions,
        reduced: of != Steps::Every,
        bytes: limits.ledger.peak(),
    };
    let told = came_to.told(prepared, limits)?;
    keep(&mut outcome.bad, told.bad);
    unite(&mut outcome.endings, told.endings);
    unite(&mut outcome.reached, told.reached);
    unite(&mut outcome.unsupported, told.unsupported);
    unite(&mut outcome.assumptions, told.assumptions);
    outcome.bytes = outcome.bytes.max(told.bytes);
    outcome.seconds = limits.seconds();
    let before = (!outcome.remark.is_empty()).then(|| std::mem::take(&mut outcome.remark));
    let remarks = before.into_iter().chain([remark(coverage, states, odds)]);
    let remarks = remarks.chain(
        (more > 0).then(|| format!("{more} of the bad states are of that search, without a schedule")),
    );
    outcome.remark = remarks.collect::<Vec<_>>().join("; ");
    Ok(())
}

/// Adds these to what is sorted.
fn unite<T: Ord>(all: &mut Vec<T>, more: Vec<T>) {
    all.extend(more);
    all.sort();
    all.dedup();
}

/// How far it came, and how likely something was missed.
fn remark(coverage: Coverage, states: u64, Odds { any, one }: Odds) -> String {
    let Coverage::Cut { bound } = coverage else {
        let (any, one) = (probability(any), probability(one));
        return format!(
            "searched once more with 32 bits of each state, without cycles: {states} states; any was missed with a probability of \
             {any} at most, one that is there to be found with {one}"
        );
    };
    format!(
        "searched once more with 32 bits of each state, without cycles: {states} states, cut by {}",
        bound.words()
    )
}

/// As many digits as say something.
fn probability(of: f64) -> String {
    if of < 0.01 { format!("{of:.0e}") } else { format!("{of:.2}") }
}

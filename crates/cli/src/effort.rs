//! What scenarios will take, by what is recorded of their variants.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::error::Error;
use crate::recorded::Records;
use crate::target::Chosen;

/// What a scenario takes besides its states, in states: to build it, to unfold its models, to tell what came out.
const BESIDES: u64 = 10_000;

/// What each of `chosen` takes, in states. A scenario is taken to be as large as those of its variant are on average, by what is
/// recorded; one of which nothing is recorded, as large as all are on average.
///
/// # Errors
/// A snapshot that can't be read.
pub(crate) fn efforts(chosen: &[Chosen<'_>], records: &mut Records) -> Result<Vec<u64>, Error> {
    let mut by_variant: BTreeMap<(&str, &str), Option<u64>> = BTreeMap::new();
    for Chosen { path, variant, .. } in chosen {
        if let Entry::Vacant(entry) = by_variant.entry((&path.name, &variant.name)) {
            let snapshot = records.snapshot(path, variant)?;
            entry.insert(snapshot.map(|of| of.searched.0 / of.sections.len().max(1) as u64));
        }
    }
    let known: Vec<u64> = by_variant.values().copied().flatten().collect();
    let average = known.iter().sum::<u64>() / known.len().max(1) as u64;
    let effort = |Chosen { path, variant, .. }: &Chosen<'_>| {
        let recorded = by_variant.get(&(path.name.as_str(), variant.name.as_str())).copied().flatten();
        BESIDES + recorded.unwrap_or(average)
    };
    Ok(chosen.iter().map(effort).collect())
}

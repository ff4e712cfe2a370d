//! `shortcopy diff`

use scenario::{Case, Coverage, Outcome, Tier, WritePath};

use crate::arguments::Diff;
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Chosen, variant};

/// Shows which bad states appear, go and stay between two variants.
///
/// # Errors
/// A target that is not one variant, a broken model, an output that can't be written.
pub(crate) fn diff(
    catalog: &[WritePath],
    arguments: &Diff,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let before = variant(catalog, &arguments.before)?;
    let after = variant(catalog, &arguments.after)?;
    let taken = |case: &&Case| arguments.all || case.tier == Tier::Default;
    let chosen: Vec<Chosen<'_>> = [before, after]
        .into_iter()
        .flat_map(|(path, variant)| {
            variant.cases.iter().filter(taken).map(move |case| Chosen { path, variant, case })
        })
        .collect();
    let first = before.1.cases.iter().filter(taken).count();
    let mut results: [Vec<(String, Outcome)>; 2] = [Vec::new(), Vec::new()];
    let mut status = Status::AsRecorded;
    searcher.search(&arguments.bounds.explicit(), &chosen, |at, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        if outcome.coverage != Coverage::Exhausted {
            status = Status::Unknown;
        }
        results[usize::from(at >= first)].push((scenario.name, outcome));
        Ok(())
    })?;
    out.write(&report::diff(&results[0], &results[1]).to_string())?;
    if status == Status::Unknown {
        out.line("a search was cut: what is missing may be there")?;
    }
    out.flush()?;
    Ok(status)
}

//! `shortcopy check --forced-by`

use std::collections::BTreeMap;

use checker::explicit::{self, Options};
use checker::forced;
use report::Forced;
use scenario::{BadState, Coverage, Scenario, WritePath};

use crate::arguments::{Check, Format};
use crate::cut::Cuts;
use crate::engine::{Searcher, wrong_model};
use crate::error::Error;
use crate::output::Output;
use crate::parking::Means;
use crate::status::Status;
use crate::story::told;
use crate::target::{Chosen, choose_of};

/// What came of a scenario.
pub(super) struct Found {
    scenario: Scenario,
    coverage: Coverage,
    /// What can be forced, and by what at least.
    pub(super) forced: Vec<(Means, BadState)>,
    not_forced: Vec<BadState>,
    not_asked: Vec<BadState>,
}

/// Searches scenarios for bad states, and tells which of them can be forced, by which means at least.
///
/// # Errors
/// A target that means nothing, an output that can't be written.
pub(crate) fn forced_by(
    catalog: &[WritePath],
    arguments: &Check,
    by: Means,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let chosen = choose_of(catalog, &arguments.targets, arguments.breadth())?;
    // Others are refused with the command line.
    let format = arguments.format.plain().unwrap_or(Format::Text);
    let mut cuts = Cuts::default();
    let mut status = Status::AsRecorded;
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    let job = |chosen: &Chosen<'_>, options: &Options| search(chosen, by, options);
    searcher.each(&arguments.search.bounds, &chosen, Chosen::target, job, |at, found| {
        let Found { scenario, coverage, forced, not_forced, not_asked } = match found {
            Ok(found) => found,
            Err(error) => {
                status = Status::Wrong;
                let Chosen { path, variant, case } = chosen[at];
                let line = report::broken_line(&path.name, &variant.name, &case.name, &error.to_string());
                return out.line(&match format {
                    Format::Text => format!("broken: {error}"),
                    Format::Json => line.map_err(std::io::Error::from)?,
                });
            }
        };
        cuts.note(chosen[at].target(), coverage);
        for (means, _) in &forced {
            *sums.entry(means.name()).or_default() += 1;
        }
        *sums.entry(NOT_FORCED).or_default() += not_forced.len();
        *sums.entry(NOT_ASKED).or_default() += not_asked.len();
        let Chosen { path, variant, .. } = chosen[at];
        let (path, stands, variant) = (&path.name, variant.stands, &variant.name);
        let forced: Vec<(&str, BadState)> =
            forced.into_iter().map(|(means, bad)| (means.name(), bad)).collect();
        let (forced, not_forced, not_asked) = (&forced[..], &not_forced[..], &not_asked[..]);
        let scenario = &scenario;
        let (by, room) = (by.name(), out.width());
        let line = Forced { path, variant, stands, scenario, by, coverage, forced, not_forced, not_asked };
        match format {
            Format::Json => out.line(&line.json().map_err(std::io::Error::from)?),
            Format::Text if forced.is_empty() && not_forced.is_empty() && not_asked.is_empty() => Ok(()),
            Format::Text => out.write(&line.text(|bad| match arguments.schedules {
                true => told(scenario, bad, None, (false, room)) + "\n",
                false => String::new(),
            })),
        }
    })?;
    if format == Format::Text {
        let of = |what: &str| sums.get(what).copied().unwrap_or(0);
        let means = by.up_to().map(|means| format!("{} {}", of(means.name()), means.name()));
        let means = means.collect::<Vec<_>>().join(", ");
        let bad: usize = sums.values().sum();
        let (not, unasked) = (of(NOT_FORCED), of(NOT_ASKED));
        out.line(&format!("{bad} bad states: {means}; {not} not so (-); {unasked} not asked (?)"))?;
    }
    if !cuts.is_empty() {
        status = status.max(Status::Unknown);
    }
    cuts.tell(format, "there may be more that can be forced than is told", out)?;
    out.flush()?;
    Ok(status)
}

const NOT_FORCED: &str = "not forced";
const NOT_ASKED: &str = "not asked";

/// Searches a scenario with more and more means, until all that can be forced is.
pub(super) fn search(chosen: &Chosen<'_>, by: Means, options: &Options) -> Result<Found, Error> {
    let target = chosen.target();
    let scenario = (chosen.case.build)();
    let all = explicit::check(&scenario, options).map_err(|why| wrong_model(&target, &why))?;
    let (mut not_forced, not_asked): (Vec<BadState>, Vec<BadState>) =
        all.bad.into_iter().partition(|bad| forced::is_asked(&bad.property));
    let mut coverage = all.coverage;
    let mut easiest = Vec::new();
    for means in by.up_to() {
        if not_forced.is_empty() {
            break;
        }
        let wrong = |why: forced::Error| Error::Model { target: target.clone(), why: why.to_string() };
        let (found, came) = forced::check(&scenario, &means.parking(&scenario), options).map_err(wrong)?;
        if coverage == Coverage::Exhausted {
            coverage = came;
        }
        for bad in found {
            let is_it = |known: &BadState| known.property == bad.property && known.witness == bad.witness;
            if let Some(at) = not_forced.iter().position(is_it) {
                not_forced.remove(at);
                easiest.push((means, bad));
            }
        }
    }
    Ok(Found { scenario, coverage, forced: easiest, not_forced, not_asked })
}

//! `shortcopy check --final-states`

use checker::explicit::{self, Options};
use report::FinalStates;
use scenario::{Outcome, Scenario, WritePath};

use crate::arguments::{Check, Format};
use crate::cut::Cuts;
use crate::engine::{Searcher, wrong_model};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Chosen, choose_of};

/// Searches scenarios and tells the final states of each initial state. What has no writer has none.
///
/// # Errors
/// A target that means nothing, an output that can't be written.
pub(crate) fn final_states(
    catalog: &[WritePath],
    arguments: &Check,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let chosen = choose_of(catalog, &arguments.targets, arguments.breadth())?;
    // Others are refused with the command line.
    let format = arguments.format.plain().unwrap_or(Format::Text);
    let mut cuts = Cuts::default();
    let mut status = Status::AsRecorded;
    searcher.each(&arguments.search.bounds, &chosen, Chosen::target, search, |at, found| {
        let (scenario, outcome) = match found {
            None => return Ok(()),
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                status = Status::Wrong;
                let Chosen { path, variant, case } = chosen[at];
                let line = report::broken_line(&path.name, &variant.name, &case.name, &error.to_string());
                return out.line(&match format {
                    Format::Text => format!("broken: {error}"),
                    Format::Json => line.map_err(std::io::Error::from)?,
                });
            }
        };
        cuts.note(chosen[at].target(), outcome.coverage);
        let Chosen { path, variant, .. } = chosen[at];
        let told = FinalStates {
            path: &path.name,
            variant: &variant.name,
            stands: variant.stands,
            scenario: &scenario,
            outcome: &outcome,
        };
        match format {
            Format::Text => out.write(&told.text()),
            Format::Json => out.line(&told.json().map_err(std::io::Error::from)?),
        }
    })?;
    if !cuts.is_empty() {
        status = status.max(Status::Unknown);
    }
    cuts.tell(format, "there may be more final states than are told", out)?;
    out.flush()?;
    Ok(status)
}

/// The final states of a scenario; none where nobody can tell them.
pub(crate) fn search(chosen: &Chosen<'_>, options: &Options) -> Option<Result<(Scenario, Outcome), Error>> {
    let scenario = (chosen.case.build)();
    let asked = scenario.asking_final_states()?;
    let outcome = explicit::check(&asked, options).map_err(|why| wrong_model(&chosen.target(), &why));
    Some(outcome.map(|outcome| (scenario, outcome)))
}

//! `shortcopy check --coverage`

use report::{Account, Extent};

use crate::arguments::{Check, Format};
use crate::cut::Cuts;
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose_of};

/// Searches scenarios and tells which branches of the models they reach. The models that are searched are
/// those with a mark at each branch.
///
/// # Errors
/// A target that means nothing, an output that can't be written.
pub(crate) fn coverage(arguments: &Check, searcher: &Searcher, out: &mut Output) -> Result<Status, Error> {
    let catalog = marked::paths();
    let chosen = choose_of(&catalog, &arguments.targets, arguments.breadth())?;
    let mut status = Status::AsRecorded;
    let (mut cuts, mut broken) = (Cuts::default(), Vec::new());
    searcher.search(&arguments.search, &chosen, |at, answer| {
        match answer {
            Ok(answer) => cuts.note(chosen[at].target(), answer.outcome.coverage),
            Err(error) => broken.push((at, error.to_string())),
        }
        Ok(())
    })?;
    let extent = match arguments.breadth() {
        _ if !arguments.targets.is_empty() => Extent::Targets(arguments.targets.clone()),
        Breadth::Default => Extent::Default,
        Breadth::All | Breadth::Deep => Extent::All,
    };
    let account = Account::new(&marked::BRANCHES, &marked::REASONS, &marked::reached(), extent);
    // Others are refused with the command line.
    let format = arguments.format.plain().unwrap_or(Format::Text);
    let is_wrong = account.is_flawed() || cuts.is_empty() && !account.is_settled();
    match format {
        Format::Text if is_wrong => out.news(&account.to_string())?,
        Format::Text => out.write(&account.to_string())?,
        Format::Json => out.write(&account.json().map_err(std::io::Error::from)?)?,
    }
    if is_wrong {
        status = Status::Different;
    } else if !cuts.is_empty() {
        status = Status::Unknown;
    }
    cuts.tell(format, "what is said not to be reached may be", out)?;
    for (at, error) in &broken {
        status = Status::Wrong;
        let Chosen { path, variant, case } = chosen[*at];
        let line = report::broken_line(&path.name, &variant.name, &case.name, error);
        out.news_line(&match format {
            Format::Text => format!("broken: {error}"),
            Format::Json => line.map_err(std::io::Error::from)?,
        })?;
    }
    out.flush()?;
    Ok(status)
}

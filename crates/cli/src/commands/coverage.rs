//! `shortcopy check --coverage`

use report::{Account, Extent};
use scenario::Coverage;

use crate::arguments::{Check, Format};
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, choose};

/// Searches scenarios and tells which branches of the models they reach. The models that are searched are
/// those with a mark at each branch.
///
/// # Errors
/// A target that means nothing, an output that can't be written.
pub(crate) fn coverage(arguments: &Check, searcher: &Searcher, out: &mut Output) -> Result<Status, Error> {
    let catalog = marked::paths();
    let breadth = if arguments.all { Breadth::All } else { Breadth::Default };
    let chosen = choose(&catalog, &arguments.targets, breadth)?;
    let mut status = Status::AsRecorded;
    let (mut cut, mut broken) = (0_usize, Vec::new());
    searcher.search(&arguments.search, &chosen, |_, answer| {
        match answer {
            Ok(answer) if answer.outcome.coverage == Coverage::Exhausted => {}
            Ok(_) => cut += 1,
            Err(error) => broken.push(error.to_string()),
        }
        Ok(())
    })?;
    let extent = match breadth {
        _ if !arguments.targets.is_empty() => Extent::Targets(arguments.targets.clone()),
        Breadth::Default => Extent::Default,
        Breadth::All => Extent::All,
    };
    let account = Account::new(&marked::BRANCHES, &marked::REASONS, &marked::reached(), extent);
    match arguments.format {
        Format::Text => out.write(&account.to_string())?,
        Format::Json => out.write(&account.json().map_err(std::io::Error::from)?)?,
    }
    if account.is_flawed() || cut == 0 && !account.is_settled() {
        status = Status::Different;
    } else if cut > 0 {
        status = Status::Unknown;
    }
    let as_json = arguments.format == Format::Json;
    if cut > 0 {
        let es = if cut == 1 { "" } else { "es" };
        out.line(&match as_json {
            true => serde_json::json!({ "searches_cut": cut }).to_string(),
            false => format!("{cut} search{es} ended early: what is said not to be reached may be"),
        })?;
    }
    for error in &broken {
        status = Status::Wrong;
        out.line(&match as_json {
            true => serde_json::json!({ "broken": error }).to_string(),
            false => format!("broken: {error}"),
        })?;
    }
    out.flush()?;
    Ok(status)
}

//! `shortcopy matrix`

use report::Finding;
use scenario::{Coverage, WritePath};

use crate::arguments::{Format, Matrix};
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, choose, unknown};

/// Shows variants against properties, and how runs end.
///
/// # Errors
/// A target that means nothing, a broken model, an output that can't be written.
pub(crate) fn matrix(
    catalog: &[WritePath],
    arguments: &Matrix,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let breadth = if arguments.all { Breadth::All } else { Breadth::Default };
    for name in &arguments.variants.names {
        let names = || catalog.iter().flat_map(|path| &path.variants).map(|variant| variant.name.as_str());
        if !names().any(|known| known == name) {
            return Err(unknown("variant", name, names()));
        }
    }
    let mut chosen = choose(catalog, &arguments.targets, breadth)?;
    chosen.retain(|chosen| arguments.variants.take(chosen.path, chosen.variant));
    let mut matrix = report::Matrix::default();
    let mut status = Status::AsRecorded;
    searcher.search(&arguments.bounds.explicit(), &chosen, |at, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        if outcome.coverage != Coverage::Exhausted {
            status = Status::Unknown;
        }
        let (path, variant) = (&chosen[at].path.name, &chosen[at].variant.name);
        matrix.add(Finding { path, variant, scenario: &scenario, engine: "explicit", outcome: &outcome });
        Ok(())
    })?;
    match arguments.format {
        Format::Text => out.write(&matrix.to_string())?,
        Format::Json => {
            for line in matrix.json_lines().map_err(std::io::Error::from)? {
                out.line(&line)?;
            }
        }
    }
    out.flush()?;
    Ok(status)
}

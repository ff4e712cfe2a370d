//! `shortcopy matrix`

use report::Finding;
use report::html::Opens;
use scenario::WritePath;

use crate::arguments::{Format, Matrix};
use crate::cut::Cuts;
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::html::{Html, Of, command_line};
use crate::kernel::Kernel;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose, has_an_effect, left, unknown};

/// Shows variants against properties, and how runs end.
///
/// # Errors
/// A target that means nothing, a choice that leaves nothing of a target, a broken model, an output that can't be
/// written.
pub(crate) fn matrix(
    catalog: &[WritePath],
    kernel: Option<&Kernel>,
    arguments: &Matrix,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let chosen = select(catalog, arguments)?;
    let words = arguments.targets.iter().cloned().chain(arguments.tree.to_arguments());
    let mut html = Html::begin(arguments.html.as_deref(), &command_line("matrix", words), Opens::Matrix)?;
    let mut matrix = report::Matrix::default();
    let mut cuts = Cuts::default();
    searcher.search(&arguments.bounds.explicit(), &chosen, |at, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        cuts.note(chosen[at].target(), outcome.coverage);
        let (path, variant) = (&chosen[at].path.name, &chosen[at].variant.name);
        let stands = chosen[at].variant.stands;
        let (scenario, outcome) = (&scenario, &outcome);
        matrix.add(Finding { path, variant, stands, scenario, engine: "explicit", outcome });
        if let Some(html) = &mut html {
            html.add(Of::from(&chosen[at]), "explicit", (scenario, outcome), kernel);
        }
        Ok(())
    })?;
    for left @ Chosen { path, variant, case } in left(&chosen) {
        matrix.stands(&path.name, &variant.name, variant.stands);
        matrix.leave_out(&path.name, &variant.name, &(case.build)());
        if let Some(html) = &mut html {
            html.leave_out(&left);
        }
    }
    match arguments.format {
        Format::Text => out.write(&matrix.text(out.width()))?,
        Format::Json => {
            for line in matrix.json_lines().map_err(std::io::Error::from)? {
                out.line(&line)?;
            }
        }
    }
    cuts.tell(arguments.format, "there may be more than these tables show (`?`)", out)?;
    out.flush()?;
    html.map_or(Ok(()), Html::write)?;
    Ok(if cuts.is_empty() { Status::AsRecorded } else { Status::Unknown })
}

/// What the targets mean, of the variants that are asked for; something of each target and of each name.
fn select<'c>(catalog: &'c [WritePath], arguments: &Matrix) -> Result<Vec<Chosen<'c>>, Error> {
    let Matrix { targets, variants, all, .. } = arguments;
    let breadth = Breadth::of(*all);
    has_an_effect(breadth, targets)?;
    for name in &variants.names {
        let names = || catalog.iter().flat_map(|path| &path.variants).map(|variant| variant.name.as_str());
        if !names().any(|known| known == name) {
            return Err(unknown("variant", name, names()));
        }
    }
    let taken = |targets: &[String]| -> Result<Vec<Chosen<'c>>, Error> {
        let mut chosen = choose(catalog, targets, breadth)?;
        chosen.retain(|chosen| variants.take(chosen.path, chosen.variant));
        Ok(chosen)
    };
    for target in targets {
        if taken(std::slice::from_ref(target))?.is_empty() {
            let asked = match variants.newest {
                true => "what stands in the newest release".to_owned(),
                false => format!("a variant named {}", quoted(&variants.names)),
            };
            return Err(Error::Usage(format!("nothing in `{target}` is {asked}")));
        }
    }
    let chosen = taken(targets)?;
    let is_shown = |name: &&String| chosen.iter().any(|chosen| chosen.variant.name == **name);
    match variants.names.iter().find(|name| !is_shown(name)) {
        Some(name) => Err(Error::Usage(format!("no variant in {} is named `{name}`", quoted(targets)))),
        None => Ok(chosen),
    }
}

/// `` `a`, `b` ``.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

//! `shortcopy diff` of kernel trees as JSON, one object per line: each scenario, and then what was compared.

use report::{Entry, Finding, How, json_line, tagged};
use scenario::{Outcome, Scenario, Variant};
use serde_json::{Value, json};
use tables::TreePath;

use crate::error::Error;

/// A scenario, with what it comes to before and after; after only where the text that it reads differs.
pub(super) fn scenario(
    before: (&TreePath, &Scenario, &Outcome),
    after: Option<(&TreePath, &Scenario, &Outcome)>,
    entries: &[Entry],
) -> Result<String, Error> {
    let line = json!({
        "path": before.0.path.name,
        "scenario": before.1.name,
        "before": result(before)?,
        "after": after.map(result).transpose()?,
        "changes": entries.iter().map(Entry::json).collect::<Vec<_>>(),
    });
    Ok(tagged("comparison", &line).map_err(std::io::Error::from)?)
}

/// The same as `check` has it.
fn result((of, scenario, outcome): (&TreePath, &Scenario, &Outcome)) -> Result<Value, Error> {
    let Variant { name: variant, stands, .. } = &of.path.variants[0];
    let (path, stands) = (&of.path.name, *stands);
    let finding = Finding { path, variant, stands, scenario, engine: "explicit", outcome };
    let line = json_line(finding, How::default()).map_err(std::io::Error::from)?;
    Ok(serde_json::from_str(&line).map_err(std::io::Error::from)?)
}

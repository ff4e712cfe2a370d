//! Searches that did not come to their end: whatever is told of them says so.

use scenario::{Bound, Coverage};
use serde::Serialize;

use crate::arguments::Format;
use crate::error::Error;
use crate::output::Output;

/// So many of them are named for people; programs get them all.
const NAMED_MAX: usize = 8;

/// The searches of a command that did not come to their end.
#[derive(Default, Debug)]
pub(crate) struct Cuts {
    searches: Vec<Cut>,
}

#[derive(Serialize, Debug)]
struct Cut {
    target: String,
    /// What stopped it; none where the engine did not even begin, or left out what is not modelled.
    bound: Option<Bound>,
    /// Whether it reached something that is not modelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pruned: bool,
}

impl Cuts {
    /// Takes note of how far a search came.
    pub(crate) fn note(&mut self, target: impl Into<String>, coverage: Coverage) {
        let bound = match coverage {
            Coverage::Exhausted => return,
            Coverage::Cut { bound } => Some(bound),
            Coverage::Sampled { .. } => Some(Bound::Executions),
            Coverage::Pruned | Coverage::Unsupported => None,
        };
        let pruned = coverage == Coverage::Pruned;
        self.searches.push(Cut { target: target.into(), bound, pruned });
    }

    /// Whether every search came to its end.
    pub(crate) fn is_empty(&self) -> bool {
        self.searches.is_empty()
    }

    /// Says which searches were cut, by what, and `so`: what that means for what was told. Nothing if none was.
    ///
    /// # Errors
    /// An output that can't be written.
    pub(crate) fn tell(&self, format: Format, so: &str, out: &mut Output) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        if format == Format::Json {
            let line = serde_json::json!({ "searches_cut": self.searches });
            return out.line(&report::tagged("searches-cut", &line).map_err(std::io::Error::from)?);
        }
        let were = if self.searches.len() == 1 { "search was" } else { "searches were" };
        out.news_line(&format!("\n{} {were} cut: {so}", self.searches.len()))?;
        for cut in self.searches.iter().take(NAMED_MAX) {
            let by = match cut.bound {
                Some(bound) => format!("cut by {}", bound.words()),
                None if cut.pruned => "it reaches what is not modelled".to_owned(),
                None => "not begun".to_owned(),
            };
            out.news_line(&format!("  {}: {by}", cut.target))?;
        }
        match self.searches.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => out.news_line(&format!("  and {more} more (`--format json` names them)")),
        }
    }
}

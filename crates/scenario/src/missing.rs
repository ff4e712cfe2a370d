//! What is missing for an answer.

use std::fmt;

use machine::Unsupported;
use serde::{Deserialize, Serialize};

/// Something that is not modelled and was reached: the executions that reach it were not followed beyond it. In
/// the order of files and lines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Missing {
    /// The file in which it is reached.
    pub file: String,
    /// The line in it, from 1; 0 where there is none.
    pub line: u32,
    /// The function; empty where there is none.
    pub function: String,
    /// What is missing.
    pub what: String,
    /// What to do about it; empty where there is nothing to say.
    pub hint: String,
}

impl From<Unsupported> for Missing {
    fn from(reached: Unsupported) -> Missing {
        let Unsupported { file, line, function, what, hint } = reached;
        Missing { file, line, function, what, hint }
    }
}

impl fmt::Display for Missing {
    /// `FILE:LINE: WHAT (in FUNCTION)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { file, line, function, what, .. } = self;
        write!(f, "{file}:")?;
        if *line != 0 {
            write!(f, "{line}:")?;
        }
        write!(f, " {what}")?;
        if function.is_empty() { Ok(()) } else { write!(f, " (in {function})") }
    }
}

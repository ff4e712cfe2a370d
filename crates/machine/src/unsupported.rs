//! What is not modelled.

use std::fmt;
use std::panic::resume_unwind;

/// What the execution that reaches something unknown unwinds with: it ends here, and nobody knows how it would
/// have gone on. It is no state at rest and nothing bad; the engine tells what is missing, and searches all other
/// executions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Unsupported {
    /// The file in which it is reached: `fs/ext4/inode.c`.
    pub file: String,
    /// The line in it, from 1; 0 where there is none.
    pub line: u32,
    /// The function; empty where there is none.
    pub function: String,
    /// What is not modelled, in a few words that name it: `ext4_forced_shutdown() is not modelled`.
    pub what: String,
    /// What to do about it: `add it to models/tables/ext4.rs`; empty where there is nothing to say.
    pub hint: String,
}

impl fmt::Display for Unsupported {
    /// `FILE:LINE: WHAT (in FUNCTION)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsupported { file, line, function, what, .. } = self;
        write!(f, "{file}:")?;
        if *line != 0 {
            write!(f, "{line}:")?;
        }
        write!(f, " {what}")?;
        if function.is_empty() { Ok(()) } else { write!(f, " (in {function})") }
    }
}

/// The writer reaches something that is not modelled: nothing follows, and there is no default.
///
/// # Panics
/// Always, with an [`Unsupported`].
pub fn unsupported(what: Unsupported) -> ! {
    resume_unwind(Box::new(what))
}

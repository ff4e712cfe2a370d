//! What a verdict rests on that nobody searched.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An answer that is given to the modelled code without asking: a verdict holds only where it is true.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Assumption {
    /// What is answered: `ext4_has_inline_data()`.
    pub name: String,
    /// The answer: `0`.
    pub value: String,
    /// What it means: `no inline data`.
    pub reason: String,
    /// Who says so: the file of a table, or the option of the user.
    pub table: String,
}

impl fmt::Display for Assumption {
    /// `NAME = VALUE: REASON (TABLE)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Assumption { name, value, reason, table } = self;
        write!(f, "{name} = {value}: {reason} ({table})")
    }
}

/// Tells what was assumed so far. Asked after a search, it tells at least what was assumed in it.
pub type Assumed = Arc<dyn Fn() -> Vec<Assumption> + Send + Sync>;

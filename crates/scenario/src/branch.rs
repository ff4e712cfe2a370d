//! The branches of the model functions, as their sources have them.

use serde::Serialize;

/// A way that control can go in a model function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Branch {
    /// The file, from the folder of the models on: `ext4/journalled.rs`.
    pub file: &'static str,
    /// The function: `write_end_fn`, `Journalled::write_end`.
    pub function: &'static str,
    /// Where it stands, from 1.
    pub line: u32,
    /// What decides: a condition, a pattern, the head of a loop.
    pub code: &'static str,
    /// How it decides.
    pub way: Way,
    /// The branch around it, by its number: it can't be reached unless that is.
    pub inside: Option<usize>,
    /// The reason that the source gives for its not being reached, by its number.
    pub reason: Option<usize>,
}

/// How what decides can come out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A function, or a closure, is called.
    Called,
    /// A condition is true.
    True,
    /// A condition is false.
    False,
    /// A pattern matches.
    Matches,
    /// A pattern does not match.
    Differs,
    /// There is a value: `Some`, `Ok`.
    Value,
    /// There is none: `None`, `Err`.
    NoValue,
    /// A loop goes round.
    Round,
}

/// Why a branch is not reached: a comment in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Reason {
    /// The file, from the folder of the models on.
    pub file: &'static str,
    /// Where it stands, from 1.
    pub line: u32,
    /// What it says.
    pub text: &'static str,
    /// Whether the branch is reached where scenarios of all tiers are searched.
    pub by_default: bool,
}

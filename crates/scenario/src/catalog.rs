//! What there is to ask: write paths, their variants, the cases of each.

use std::fmt;
use std::sync::Arc;

use crate::Scenario;

/// Whether a plain `check` takes a case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tier {
    /// Every `check` does.
    Default,
    /// Only `check --all` does, and a `check` that names it.
    All,
}

/// A scenario that is built when it is asked for.
#[derive(Clone)]
pub struct Case {
    /// The scenario's name.
    pub name: String,
    /// Whether a plain `check` takes it.
    pub tier: Tier,
    /// Builds the scenario; always the same.
    pub build: Arc<dyn Fn() -> Scenario + Send + Sync>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("tier", &self.tier).finish_non_exhaustive()
    }
}

/// A write path at a kernel version, with changes.
#[derive(Clone, Debug)]
pub struct Variant {
    /// `v4.2`, `v4.2+copy-first`.
    pub name: String,
    /// What it stands for, in one sentence.
    pub sentence: String,
    /// The scenarios, in a stable order.
    pub cases: Vec<Case>,
}

/// A write path.
#[derive(Clone, Debug)]
pub struct WritePath {
    /// `ext4/journalled`: a folder of `models/` and a name in it.
    pub name: String,
    /// What it is, in one sentence.
    pub sentence: String,
    /// What the model leaves out.
    pub leaves_out: String,
    /// The variants, in a stable order.
    pub variants: Vec<Variant>,
}

//! What there is to ask: write paths, their variants, the cases of each.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use crate::{Releases, Scenario};

/// Whether a plain `check` takes a case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    /// Every `check` does.
    Default,
    /// Only `check --all` does, and a `check` that names it.
    All,
    /// Only `check --deep` does, and a `check` that names it: some of them take minutes, and gigabytes.
    Deep,
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

/// The cases of a variant, made when the first of them is asked for: to name a variant costs nothing.
#[derive(Clone)]
pub struct Cases(Arc<LazyLock<Vec<Case>, Maker>>);

type Maker = Box<dyn FnOnce() -> Vec<Case> + Send>;

impl Cases {
    /// What `make` gives, once somebody looks.
    pub fn new(make: impl FnOnce() -> Vec<Case> + Send + 'static) -> Cases {
        Cases(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl Deref for Cases {
    type Target = [Case];
    fn deref(&self) -> &[Case] {
        &self.0
    }
}

impl<'c> IntoIterator for &'c Cases {
    type Item = &'c Case;
    type IntoIter = std::slice::Iter<'c, Case>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Case> for Cases {
    fn from_iter<I: IntoIterator<Item = Case>>(cases: I) -> Cases {
        let cases: Vec<Case> = cases.into_iter().collect();
        Cases::new(|| cases)
    }
}

impl fmt::Debug for Cases {
    /// Makes none: what is not made yet is `_`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `LazyLock` shows what is there.
        self.0.fmt(f)
    }
}

/// What the cases of a variant are made of: where two variants have the same, their cases with the same
/// name are the same, as long as the sources are.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Origin {
    /// Where their code begins, types and modules: `models::simple::libfs::Simple`.
    pub code: Vec<&'static str>,
    /// The values that it begins with, so that different ones differ.
    pub value: String,
}

/// A write path at a kernel version, with changes.
#[derive(Clone, Debug)]
pub struct Variant {
    /// `v4.2`, `v4.2+copy-first`.
    pub name: String,
    /// What it stands for, in one sentence.
    pub sentence: String,
    /// The releases in which it stands; none where it was in none, or where that means nothing.
    pub stands: Option<Releases>,
    /// What they are made of; none where nobody knows, and then no result is kept.
    pub origin: Option<Origin>,
    /// The scenarios, in a stable order.
    pub cases: Cases,
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

impl WritePath {
    /// The variant that stands today; where none says where it stands, the last.
    #[must_use]
    pub fn today(&self) -> Option<&Variant> {
        let stands = |variant: &&Variant| variant.stands.is_some_and(|stands| stands.until.is_none());
        let tells = self.variants.iter().any(|variant| variant.stands.is_some());
        if tells { self.variants.iter().rfind(stands) } else { self.variants.last() }
    }
}

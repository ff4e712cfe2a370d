//! Two texts, scenario by scenario: only what reads something that differs is searched twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use c_text::Name;
use checker::explicit;
use scenario::{Case, Coverage, Outcome, Scenario};
use tables::TreePath;

use super::Changed;
use crate::error::Error;
use crate::kernel::Kernel;
use crate::reads::{Change as Changes, Reads};
use crate::target::Chosen;

/// A path of both trees.
pub(super) struct Both<'k> {
    pub(super) before: &'k TreePath,
    pub(super) after: Option<&'k TreePath>,
    /// What differs in the files that it reads; none where all of it may.
    pub(super) differences: Option<Vec<Changes>>,
    /// Those of them that can matter to a run, by their numbers.
    pub(super) may_matter: BTreeSet<usize>,
    /// Whether a search ended before all was read that its runs read.
    pub(super) is_cut: AtomicBool,
    /// How many functions had been read when it was last looked which of the differences matter, and these.
    pub(super) read: Mutex<(usize, BTreeSet<usize>)>,
}

impl Both<'_> {
    /// The differences that matter to what was read so far, by their numbers; those that can, once a search was cut; none
    /// where all may.
    pub(super) fn matter(&self) -> Option<BTreeSet<usize>> {
        let all = self.differences.as_ref()?;
        if self.is_cut.load(Ordering::Relaxed) {
            return Some(self.may_matter.clone());
        }
        let count = self.before.text.functions().len();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != count {
            let reads = Reads::so_far(self.before);
            let matters = (0..all.len()).filter(|&at| reads.matters(&all[at]));
            *read = (count, matters.collect());
        }
        Some(read.1.clone())
    }
}

/// A scenario of a path.
pub(super) struct Pair<'k> {
    pub(super) path: Arc<Both<'k>>,
    pub(super) case: &'k Case,
    pub(super) after: Option<&'k Case>,
}

/// What became of a scenario.
pub(super) struct Compared {
    pub(super) before: (Scenario, Outcome),
    /// The scenario with the other text, and what it comes to; none where the text that it reads is the same.
    pub(super) after: Option<(Scenario, Outcome)>,
}

impl Pair<'_> {
    pub(super) fn search(&self, options: &explicit::Options) -> Result<Compared, Error> {
        let check = |case: &Case| -> Result<(Scenario, Outcome), Error> {
            let scenario = (case.build)();
            let wrong = |why: explicit::Error| {
                let target = format!("{}:{}", self.path.before.path.name, case.name);
                Error::Model { target, why: why.to_string() }
            };
            let outcome = explicit::check(&scenario, options).map_err(wrong)?;
            Ok((scenario, outcome))
        };
        let before = check(self.case)?;
        if !matches!(before.1.coverage, Coverage::Exhausted | Coverage::Pruned) {
            self.path.is_cut.store(true, Ordering::Relaxed);
        }
        let is_read = self.path.matter().is_none_or(|matter| !matter.is_empty());
        let after = self.after.filter(|_| is_read).map(check).transpose()?;
        Ok(Compared { before, after })
    }
}

/// What is compared.
pub(super) struct Comparison<'k> {
    pub(super) before: &'k Kernel,
    pub(super) after: &'k Kernel,
    pub(super) changed: Option<&'k Changed>,
    pub(super) paths: Vec<Arc<Both<'k>>>,
    pub(super) pairs: Vec<Pair<'k>>,
}

impl<'k> Comparison<'k> {
    pub(super) fn new(
        before: &'k Kernel,
        after: &'k Kernel,
        changed: Option<&'k Changed>,
        chosen: &[Chosen<'k>],
    ) -> Comparison<'k> {
        let (mut paths, mut pairs) = (Vec::new(), Vec::new());
        for of in &before.paths {
            let cases: Vec<&Case> =
                chosen.iter().filter(|c| c.path.name == of.path.name).map(|c| c.case).collect();
            if cases.is_empty() {
                continue;
            }
            let other = after.paths.iter().find(|other| other.path.name == of.path.name);
            let differences = changed.map(|changed| {
                let file = |of: &'k TreePath, name: &Name| of.text.program().file(name);
                let both = |name| {
                    let (old, new) = (file(of, name), other.and_then(|other| file(other, name)));
                    Changes::all(old.map(|file| &**file), new.map(|file| &**file))
                };
                changed.files.iter().flat_map(both).collect::<Vec<_>>()
            });
            let may_matter: BTreeSet<usize> = differences.as_ref().map_or_else(BTreeSet::new, |all| {
                let reads = Reads::at_most(of);
                (0..all.len()).filter(|&at| reads.matters(&all[at])).collect()
            });
            // What is not even named is not read: there is nothing to search.
            let is_read = differences.is_none() || !may_matter.is_empty() || other.is_none();
            let both = Arc::new(Both {
                before: of,
                after: other,
                differences,
                may_matter,
                is_cut: AtomicBool::new(false),
                read: Mutex::new((usize::MAX, BTreeSet::new())),
            });
            if is_read {
                let after = |case: &Case| {
                    let cases = other?.path.variants.first()?.cases.iter();
                    cases.into_iter().find(|after| after.name == case.name)
                };
                let pair = |case| Pair { path: both.clone(), case, after: after(case) };
                pairs.extend(cases.into_iter().map(pair));
            }
            paths.push(both);
        }
        Comparison { before, after, changed, paths, pairs }
    }
}

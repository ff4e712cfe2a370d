//! What the tests of this crate share.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::tree::Release;
use c_text::{Overlay, Sources};
use checker::explicit::{Options, check};
use scenario::{Case, Outcome, Scenario, Tier};
use tables::{Tree, TreePath};

/// A tree of our own.
pub(crate) fn toy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toy")
}

/// The toy with edits: in a file, a text that is there once becomes another.
pub(crate) fn edited(edits: &[(&str, &str, &str)]) -> (Release, Overlay<::tree::Tree>) {
    let folder = ::tree::open(toy().to_str().expect("a name")).expect("the toy is there");
    let release = folder.release().clone();
    let mut tree = Overlay::new(folder);
    for (file, from, to) in edits {
        let bytes = tree.read(file).expect("it can be read").expect("it is there");
        let text = String::from_utf8(bytes).expect("it is text");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        tree.set(file, Some(&text.replace(from, to)));
    }
    (release, tree)
}

/// The one path of a toy.
pub(crate) fn path_of((release, tree): (Release, Overlay<::tree::Tree>)) -> TreePath {
    let tree = Tree::new(release, Arc::new(tree), Vec::new());
    tree.paths(&|_| true).expect("it can be read").remove(0)
}

/// What a search finds.
pub(crate) fn outcome(case: &Case) -> Outcome {
    searched(&(case.build)())
}

/// What a search of a scenario finds.
pub(crate) fn searched(scenario: &Scenario) -> Outcome {
    check(scenario, &Options::default()).unwrap_or_else(|why| panic!("{}: {why}", scenario.name))
}

/// The bad states of an outcome.
pub(crate) fn bad(outcome: &Outcome) -> BTreeSet<String> {
    outcome.bad.iter().map(|bad| format!("{} / {}", bad.property, bad.witness)).collect()
}

/// The bad states and endings of an outcome, and whether it is all of them.
pub(crate) fn told(outcome: &Outcome) -> BTreeSet<String> {
    let mut told = bad(outcome);
    told.extend(outcome.endings.iter().map(ToString::to_string));
    told.insert(format!("{:?}", outcome.coverage));
    told
}

/// The real trees that are here; where there is none, says that `what` is skipped.
pub(crate) fn real_trees(what: &str) -> impl Iterator<Item = Tree> {
    let opened = ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what).into_iter();
    opened.map(|tree| Tree::new(tree.release().clone(), Arc::new(tree), Vec::new()))
}

/// Whether the long run is asked for: `SHORTCOPY_LONG=1`.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SHORTCOPY_LONG").is_some_and(|long| !long.is_empty())
}

/// What is looked at: paths and scenarios with the parts in their names that `SHORTCOPY_ONLY=PATH:SCENARIO` asks for; where
/// it asks for no scenario, those of a slice, or all of them in the long run.
pub(crate) struct Wanted {
    path: String,
    scenario: String,
    slice: BTreeSet<&'static str>,
}

impl Wanted {
    /// What is asked for of this slice.
    pub(crate) fn of(slice: &'static str) -> Wanted {
        let only = std::env::var("SHORTCOPY_ONLY").unwrap_or_default();
        let (path, scenario) = only.split_once(':').unwrap_or((&only, ""));
        let slice = slice.split_whitespace().collect();
        Wanted { path: path.to_owned(), scenario: scenario.to_owned(), slice }
    }

    /// Whether a path is looked at.
    pub(crate) fn path(&self, name: &str) -> bool {
        name.contains(&self.path)
    }

    /// Whether a scenario is, of the default tier.
    pub(crate) fn case(&self, case: &Case) -> bool {
        let is_of_slice =
            || is_long() || !self.scenario.is_empty() || self.slice.contains(case.name.as_str());
        case.tier == Tier::Default && case.name.contains(&self.scenario) && is_of_slice()
    }
}

/// The case of a name.
pub(crate) fn case<'c>(of: &'c TreePath, name: &str) -> &'c Case {
    let found = of.path.variants[0].cases.iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("no scenario {name}"))
}

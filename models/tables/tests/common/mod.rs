//! What the tests of this crate share.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::tree::Release;
use c_text::{Overlay, Sources};
use checker::explicit::{Options, check};
use scenario::{Case, Outcome};
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
    check(&(case.build)(), &Options::default()).unwrap_or_else(|why| panic!("{}: {why}", case.name))
}

/// The bad states and endings of an outcome, and whether it is all of them.
pub(crate) fn told(outcome: &Outcome) -> BTreeSet<String> {
    let bad = outcome.bad.iter().map(|bad| format!("{} / {}", bad.property, bad.witness));
    bad.chain(outcome.endings.iter().map(ToString::to_string))
        .chain([format!("{:?}", outcome.coverage)])
        .collect()
}

/// The case of a name.
pub(crate) fn case<'c>(of: &'c TreePath, name: &str) -> &'c Case {
    let found = of.path.variants[0].cases.iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("no scenario {name}"))
}

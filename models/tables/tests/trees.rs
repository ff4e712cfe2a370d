//! Real trees, where some are: what their text comes to is what the models of their release come to.
//!
//! The trees are those that `SHORTCOPY_TREE` names, or Debian's. A slice of the default scenarios is compared, all of them with
//! `SHORTCOPY_LONG=1`; `SHORTCOPY_ONLY=ext4/ordered:extending` looks at what has these parts in its name alone.
//! Kernel text is under another licence and never kept here.

mod common;

use ::tree::Release;
use common::{Wanted, case, outcome, real_trees, told};
use tables::{PATHS, TreePath};

/// Scenarios that meet most of the text: what is compared without `SHORTCOPY_LONG`.
const SLICE: &str = "within-resident within-absent within-straddling-absent within-straddling-invalid
    extending-unmapped extending-straddling-invalid extending-evicted-with-kill within-unmapped-with-reader
    extending-absent-with-truncate within-resident-with-mmap-store extending-disk-full beyond-invalid";

#[test]
fn a_tree_comes_to_what_the_models_of_its_release_do() {
    let wanted = Wanted::of(SLICE);
    let mut wrong = Vec::new();
    for tree in real_trees("real trees against the models of their release") {
        let paths = tree.paths(&|name| wanted.path(name) && has_a_model(name));
        for of in paths.unwrap_or_else(|why| panic!("{why}")) {
            wrong.extend(compare(tree.release(), &of, &wanted));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the models have the path itself: the others stand over another.
fn has_a_model(name: &str) -> bool {
    PATHS.iter().any(|path| path.name == name && path.base == name)
}

fn compare(release: &Release, of: &TreePath, wanted: &Wanted) -> Vec<String> {
    let (mut wrong, mut same, mut states) = (Vec::new(), 0, [0; 2]);
    for rust in of.base.iter().filter(|rust| wanted.case(rust)) {
        let (rust_outcome, c) = (outcome(rust), outcome(case(of, &rust.name)));
        states = [states[0] + rust_outcome.states, states[1] + c.states];
        wrong.extend(
            c.unsupported.iter().map(|what| format!("{}@{release}:{}: {what}", of.path.name, rust.name)),
        );
        let (of_rust, of_c) = (told(&rust_outcome), told(&c));
        if of_rust == of_c {
            same += 1;
        } else {
            let only_rust: Vec<_> = of_rust.difference(&of_c).collect();
            let only_c: Vec<_> = of_c.difference(&of_rust).collect();
            wrong.push(format!(
                "{}@{release}:{}: the model alone: {only_rust:?}; the tree alone: {only_c:?}",
                of.path.name, rust.name
            ));
        }
    }
    println!("{} of {release}: {same} the same, {} not; states {states:?}", of.path.name, wrong.len());
    wrong
}

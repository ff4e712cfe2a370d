//! Real trees, where some are: what their text comes to is what the models of their release come to.
//!
//! The trees are those that `SHORTCOPY_TREE` names, or Debian's. A slice of the default scenarios is compared, all of them with
//! `SHORTCOPY_LONG=1`; `SHORTCOPY_ONLY=ext4/ordered:extending` looks at what has these parts in its name alone.
//! Kernel text is under another licence and never kept here.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{case, outcome, told};
use scenario::Tier;
use tables::{PATHS, Tree, TreePath};

/// What a tree and the models of its release don't agree on, and why: tree, path, part of the scenario's name.
const EXPLAINED: &[(&str, &str, &str, &str)] = &[];

/// Scenarios that meet most of the text: what is compared without `SHORTCOPY_LONG`.
const SLICE: &str = "within-resident within-absent within-straddling-absent within-straddling-invalid
    extending-unmapped extending-straddling-invalid extending-evicted-with-kill within-unmapped-with-reader
    extending-absent-with-truncate within-resident-with-mmap-store extending-disk-full beyond-invalid";

fn only() -> (String, String) {
    let only = std::env::var("SHORTCOPY_ONLY").unwrap_or_default();
    let (path, scenario) = only.split_once(':').unwrap_or((&only, ""));
    (path.to_owned(), scenario.to_owned())
}

fn trees(what: &str) -> Vec<Tree> {
    let opened = ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what).into_iter();
    opened.map(|tree| Tree::new(tree.release().clone(), Arc::new(tree), Vec::new())).collect()
}

#[test]
fn a_tree_comes_to_what_the_models_of_its_release_do() {
    let (path, scenario) = only();
    let is_long = std::env::var_os("SHORTCOPY_LONG").is_some_and(|long| !long.is_empty());
    let slice: BTreeSet<&str> = SLICE.split_whitespace().collect();
    let mut wrong = Vec::new();
    for tree in trees("real trees against the models of their release") {
        let release = tree.release().to_string();
        for of in tree
            .paths(&|name| name.contains(&path) && has_a_model(name))
            .unwrap_or_else(|why| panic!("{why}"))
        {
            let wanted = |name: &str| {
                name.contains(&scenario) && (is_long || !scenario.is_empty() || slice.contains(name))
            };
            wrong.extend(compare(&release, &of, &wanted));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the models have the path itself: the others stand over another.
fn has_a_model(name: &str) -> bool {
    PATHS.iter().any(|path| path.name == name && path.base == name)
}

fn compare(release: &str, of: &TreePath, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let (mut wrong, mut same, mut states) = (Vec::new(), 0, [0; 2]);
    for rust in of.base.iter().filter(|rust| rust.tier == Tier::Default && wanted(&rust.name)) {
        let (rust_outcome, c) = (outcome(rust), outcome(case(of, &rust.name)));
        states = [states[0] + rust_outcome.states, states[1] + c.states];
        wrong.extend(
            c.unsupported.iter().map(|what| format!("{}@{release}:{}: {what}", of.path.name, rust.name)),
        );
        let (of_rust, of_c) = (told(&rust_outcome), told(&c));
        let explained = EXPLAINED.iter().any(|(tree, path, name, _)| {
            *tree == release && *path == of.path.name && rust.name.contains(name)
        });
        if of_rust == of_c {
            same += 1;
        } else if !explained {
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

//! The paths of a tree that have no Rust model of their own: nothing is missing in their tables, and what they do that
//! the model around their writer does not is printed.
//!
//! The trees are those that `SHORTCOPY_TREE` names, or Debian's; with `SHORTCOPY_LONG=1` all default scenarios are run, else
//! a slice. `SHORTCOPY_ONLY=fat:within` looks at what has these parts in its name alone.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::outcome;
use scenario::{Outcome, Tier};
use tables::{PATHS, Tree, TreePath};

const SLICE: &str = "within-resident within-straddling-invalid extending-unmapped beyond-invalid";

#[test]
fn nothing_is_missing_for_file_systems_over_another_model() {
    let only = std::env::var("SHORTCOPY_ONLY").unwrap_or_default();
    let (path, scenario) = only.split_once(':').unwrap_or((&only, ""));
    let is_long = std::env::var_os("SHORTCOPY_LONG").is_some_and(|long| !long.is_empty());
    let slice: BTreeSet<&str> = SLICE.split_whitespace().collect();
    let wanted =
        |name: &str| name.contains(scenario) && (is_long || !scenario.is_empty() || slice.contains(name));
    let is_over_another =
        |name: &str| name.contains(path) && PATHS.iter().any(|of| of.name == name && of.base != name);
    let what = "file systems of real trees that have no model of their own";
    let mut wrong = Vec::new();
    for tree in ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what) {
        let tree = Tree::new(tree.release().clone(), Arc::new(tree), Vec::new());
        let release = tree.release().to_string();
        for of in tree.paths(&is_over_another).unwrap_or_else(|why| panic!("{why}")) {
            wrong.extend(run(&release, &of, &wanted));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the tables of a path.
fn run(release: &str, of: &TreePath, wanted: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    let mut more: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let (mut count, mut states) = (0, 0);
    for case in
        of.path.variants[0].cases.iter().filter(|case| case.tier == Tier::Default && wanted(&case.name))
    {
        let found = outcome(case);
        (count, states) = (count + 1, states + found.states);
        let target = format!("{}@{release}:{}", of.path.name, case.name);
        wrong.extend(found.unsupported.iter().map(|missing| format!("{target}: {missing}")));
        let base = of.base.iter().find(|base| base.name == case.name).expect("a case of the base");
        for added in bad(&found).difference(&bad(&outcome(base))) {
            // What C leaves undefined is more likely a fault of a table.
            if added.contains(".c:") || added.contains(".h:") {
                wrong.insert(format!("{target}: {added}"));
            }
            more.entry(added.clone()).or_default().push(&case.name);
        }
    }
    println!("{} of {release}: {count} scenarios, {states} states", of.path.name);
    for (what, scenarios) in more {
        println!("    {what}: {} ({})", scenarios.len(), scenarios[..scenarios.len().min(3)].join(", "));
    }
    wrong
}

fn bad(outcome: &Outcome) -> BTreeSet<String> {
    outcome.bad.iter().map(|bad| format!("{} / {}", bad.property, bad.witness)).collect()
}

//! The paths of a tree that have no Rust model of their own: nothing is missing in their tables, and what they do that
//! the model around their writer does not is printed.
//!
//! The trees are those that `SHORTCOPY_TREE` names, or Debian's; with `SHORTCOPY_LONG=1` all default scenarios are run, else
//! a slice. `SHORTCOPY_ONLY=fat:within` looks at what has these parts in its name alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Wanted, bad, outcome, real_trees};
use tables::{PATHS, TreePath};

const SLICE: &str = "within-resident within-straddling-invalid extending-unmapped beyond-invalid";

#[test]
fn nothing_is_missing_for_file_systems_over_another_model() {
    let wanted = Wanted::of(SLICE);
    let is_over_another =
        |name: &str| wanted.path(name) && PATHS.iter().any(|of| of.name == name && of.base != name);
    let mut wrong = Vec::new();
    for tree in real_trees("file systems of real trees that have no model of their own") {
        let release = tree.release().to_string();
        for of in tree.paths(&is_over_another).unwrap_or_else(|why| panic!("{why}")) {
            wrong.extend(run(&release, &of, &wanted));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the tables of a path.
fn run(release: &str, of: &TreePath, wanted: &Wanted) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    let mut more: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let (mut count, mut states) = (0, 0);
    for case in of.path.variants[0].cases.iter().filter(|case| wanted.case(case)) {
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

//! The paths of a tree that have no Rust model of their own: nothing is missing in their tables, and what they do that
//! the model around their writer does not is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use c_text::Folder;
use checker::explicit::{Options, check};
use scenario::{Outcome, Tier};
use tables::{PATHS, Release, Tree, TreePath};

#[test]
fn nothing_is_missing_for_file_systems_over_another_model() {
    let Some(tree) = std::env::var_os("SHORTCOPY_TREE") else {
        println!("skipped: no tree at SHORTCOPY_TREE");
        return;
    };
    let folder = Folder::open(Path::new(&tree)).expect("a tree");
    let only = std::env::var("ONLY").unwrap_or_default();
    // A few scenarios of each kind, unless somebody asks for others; an empty name is all of them.
    let scenario = std::env::var("SCENARIO").unwrap_or("within-resident".into());
    let name = std::env::var("RELEASE").unwrap_or("6.12".into());
    let mut numbers = name.split('.').map(|number| number.parse().expect("a number"));
    let version = (numbers.next().expect("a version"), numbers.next().expect("a patch level"));
    let tree = Tree::new(Arc::new(folder), Release { version, name: name.clone() }, Vec::new());

    let mut wrong = Vec::new();
    let mut of_bases: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for path in PATHS.iter().filter(|path| path.base != path.name && path.name.contains(&only)) {
        let Some(TreePath { path: of_tree, text }) = tree.path(path).expect("a path of the tree") else {
            println!("{}: not in {name}", path.name);
            continue;
        };
        let (mut run, mut same, mut states) = (0, 0, 0);
        let mut more: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let bases = tables::base_cases(path.name, version);
        for case in of_tree.variants[0].cases.iter() {
            if case.tier != Tier::Default || !case.name.contains(&scenario) {
                continue;
            }
            let outcome = match check(&(case.build)(), &Options::default()) {
                Ok(outcome) => outcome,
                Err(why) => {
                    wrong.push(format!("{}:{}: {why:?}", path.name, case.name));
                    continue;
                }
            };
            let base = of_bases.entry((path.base, case.name.clone())).or_insert_with(|| {
                let base = bases.iter().find(|base| base.name == case.name).expect("a case of the base");
                bad(&check(&(base.build)(), &Options::default()).expect("a model"))
            });
            run += 1;
            states += outcome.states;
            let added: Vec<_> = bad(&outcome).difference(base).cloned().collect();
            same += usize::from(added.is_empty());
            for what in added {
                // What C leaves undefined is more likely a fault of a table.
                if what.contains(".c:") || what.contains(".h:") {
                    wrong.push(format!("{}:{}: {what}", path.name, case.name));
                }
                more.entry(what).or_default().push(case.name.clone());
            }
            if !text.missing().is_empty() {
                break;
            }
        }
        println!(
            "{}: {run} scenarios, {same} with no bad state that {} has not, {states} states",
            path.name, path.base
        );
        for (what, scenarios) in more {
            println!(
                "    {what}: {} ({})",
                scenarios.len(),
                scenarios.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
            );
        }
        let missing = text.missing();
        if !missing.is_empty() {
            wrong.push(format!("{}: {}", path.name, missing.join("\n    ")));
        }
        if run == 0 && scenario.is_empty() {
            wrong.push(format!("{}: no scenario was run", path.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn bad(outcome: &Outcome) -> BTreeSet<String> {
    outcome.bad.iter().map(|bad| format!("{} / {}", bad.property, bad.witness)).collect()
}

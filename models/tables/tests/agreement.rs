//! The text of a tree and the Rust model of its version come to the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use c_text::Folder;
use checker::explicit::{Options, check};
use scenario::{Outcome, Tier};
use tables::{Release, Tree, TreePath};

#[test]
fn a_tree_agrees_with_the_models() {
    let Some(tree) = std::env::var_os("SHORTCOPY_TREE") else {
        println!("skipped: no tree at SHORTCOPY_TREE");
        return;
    };
    let folder = Folder::open(Path::new(&tree)).expect("a tree");
    let only = std::env::var("ONLY").unwrap_or_default();
    let scenario = std::env::var("SCENARIO").unwrap_or_default();
    let name = std::env::var("RELEASE").unwrap_or("6.12".into());
    let mut numbers = name.split('.').map(|number| number.parse().expect("a number"));
    let version = (numbers.next().expect("a version"), numbers.next().expect("a patch level"));
    let release = Release { version, name };
    let tree = Tree::new(Arc::new(folder), release, Vec::new());
    for TreePath { path, text } in tree.paths(&|name| name.contains(&only)).expect("paths of the tree") {
        println!("{}: {}", path.name, path.variants[0].sentence);
        let (mut same, mut states, mut seconds) = (0, [0; 2], [0.0; 2]);
        let mut different = Vec::new();
        for (rust, c) in tables::base_cases(&path.name, version).iter().zip(&path.variants[0].cases) {
            if rust.tier != Tier::Default || !rust.name.contains(&scenario) {
                continue;
            }
            let a = check(&(rust.build)(), &Options::default()).expect("a model");
            let b = check(&(c.build)(), &Options::default()).expect("a text");
            states = [states[0] + a.states, states[1] + b.states];
            seconds = [seconds[0] + a.seconds, seconds[1] + b.seconds];
            if told(&a) == told(&b) {
                same += 1;
            } else {
                let (a, b) = (told(&a), told(&b));
                different.push((
                    rust.name.clone(),
                    a.difference(&b).cloned().collect::<Vec<_>>(),
                    b.difference(&a).cloned().collect::<Vec<_>>(),
                ));
            }
            if !text.missing().is_empty() {
                println!("missing in {}: {:#?}", rust.name, text.missing());
                break;
            }
        }
        println!(
            "{}: {same} same, {} different, states {states:?}, seconds {seconds:.1?}",
            path.name,
            different.len()
        );
        for (name, a, b) in different.iter().take(5) {
            println!("  {name}: only Rust {a:#?}, only C {b:#?}");
        }
    }
}

fn told(outcome: &Outcome) -> BTreeSet<String> {
    let bad = outcome.bad.iter().map(|bad| format!("{} / {}", bad.property, bad.witness));
    bad.chain(outcome.endings.iter().map(ToString::to_string))
        .chain([format!("{:?}", outcome.coverage)])
        .collect()
}

//! The text of a tree and the Rust model of its version come to the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use c_text::Folder;
use checker::explicit::{Options, check};
use models::FileSystem;
use models::family::cases;
use models::kernel::{Caller, Setting};
use models::simple::{Simple, Text};
use scenario::{Outcome, Tier};

#[test]
fn a_tree_agrees_with_the_models() {
    let Some(tree) = std::env::var_os("SHORTCOPY_TREE") else {
        println!("skipped: no tree at SHORTCOPY_TREE");
        return;
    };
    let folder = Folder::open(Path::new(&tree)).expect("a tree");
    let only = std::env::var("ONLY").unwrap_or_default();
    let scenario = std::env::var("SCENARIO").unwrap_or_default();
    let caller = match std::env::var("CALLER").as_deref() {
        Ok("V6_18") => Caller::V6_18,
        Ok("V6_14") => Caller::V6_14,
        _ => Caller::V5_18,
    };
    for path in tables::PATHS.iter().filter(|path| path.name.contains(&only)) {
        let base: Arc<dyn FileSystem> = match path.name {
            "simple/ramfs" => Arc::new(Simple { text: Text::V4_10 }),
            "simple/tmpfs" => Arc::new(Simple { text: Text::Shmem }),
            name if name.starts_with("ext4") => models::ext4::newest(name),
            _ => Arc::new(models::generic::block::Ext2 { trims: true }),
        };
        let of_tree = tables::file_system(path, &folder, base.clone(), &[]).expect("a path of the tree");
        let text = of_tree.text.clone();
        let of_tree: Arc<dyn FileSystem> = Arc::new(of_tree);
        let setting = Setting::of(caller);
        let (mut same, mut states, mut seconds) = (0, [0; 2], [0.0; 2]);
        let mut different = Vec::new();
        for (rust, c) in cases(&base, setting, false).iter().zip(&cases(&of_tree, setting, false)) {
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

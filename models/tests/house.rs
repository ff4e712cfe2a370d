//! Nothing hidden crosses an iteration or a return: models have no statics and no interior mutability. And they remember
//! little that makes no difference.

use std::fs;
use std::path::{Path, PathBuf};

use checker::explicit::{Options, automata};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn models_have_no_hidden_state() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(models, &mut found);
    for crate_of_words in ["page-state", "fault"] {
        sources(&models.join("../crates").join(crate_of_words).join("src"), &mut found);
    }
    // The tables are models' words; the machinery that reads texts, and marks what was used of them, is none.
    let machinery = ["tables/front_end", "tables/catalog.rs", "tables/benches"].map(|part| models.join(part));
    found.retain(|file| !machinery.iter().any(|part| file.starts_with(part)));
    assert!(found.len() > 20, "the models were not found");
    let hidden = ["Cell<", "Mutex<", "RwLock<", "Atomic", "OnceLock", "thread_local!", "static ", "unsafe "];
    for path in found {
        let text = fs::read_to_string(&path).expect("text");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default().replace("'static ", "");
            for word in hidden {
                assert!(!code.contains(word), "{}:{}: `{word}`", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn who_comes_beside_a_writer_remembers_little_in_vain() {
    let asked = [
        "ext4/journalled@v7.1:extending-absent-with-checkpoint",
        "ext4/journalled@v7.1:extending-absent-with-commit",
        "ext4/journalled@v7.1:extending-unmapped-with-commit",
        "ext4/ordered@v7.1:extending-unmapped-with-writeback",
        "generic/block@v6.18:extending-unmapped-with-writeback",
        "generic/block@v6.18:within-absent-with-mmap-store",
        "generic/block@v6.18:within-absent-with-reader",
    ];
    for name in asked {
        let scenario = models::scenario(name).expect("a scenario");
        let (_, automata) = automata(&scenario, &Options::default()).expect("a sound scenario");
        for automaton in automata.iter().filter(|automaton| automaton.name != "write") {
            let (controls, futures) = (automaton.controls.len(), automaton.futures());
            let told =
                format!("{name}, {}: {controls} control states with {futures} futures", automaton.name);
            println!("{told}");
            assert!(controls <= 2 * futures, "{told}; a `scope` forgets what is not needed any more");
        }
    }
}

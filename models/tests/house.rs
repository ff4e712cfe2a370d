//! Nothing hidden crosses an iteration or a return: models have no statics and no interior mutability.

use std::fs;
use std::path::{Path, PathBuf};

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

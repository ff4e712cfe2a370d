//! The documents of the project, for the tests that hold them against it.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of it.
pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// Those that are about the whole, and those of a folder that is no code, by their path.
pub(crate) fn all() -> Vec<String> {
    let mut all = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned()];
    for folder in ["docs", "snapshots", "benches"] {
        let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|why| panic!("{folder}: {why}"));
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
        names.sort();
        all.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    all
}

/// All of them, those beside the models too.
pub(crate) fn every() -> Vec<String> {
    let (mut every, mut folders) = (all(), vec!["models".to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap_or_else(|why| panic!("{folder}: {why}")) {
            let entry = entry.expect("an entry");
            let name = format!("{folder}/{}", entry.file_name().to_str().expect("text"));
            match entry.file_type().expect("a kind").is_dir() {
                true => folders.push(name),
                false if name.ends_with(".md") => every.push(name),
                false => {}
            }
        }
    }
    every.sort();
    every
}

/// Compares a document with what it should be, and writes it anew where `UPDATE_README` is set; what is wrong.
pub(crate) fn compare(name: &str, fresh: &str) -> Option<String> {
    let text = read(name);
    if fresh == text {
        return None;
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(root().join(name), fresh).expect("it can be written");
    }
    let line = fresh.lines().zip(text.lines()).find(|(a, b)| a != b);
    Some(format!("{name} is out of date (UPDATE_README=1 writes it anew): {line:#?}"))
}

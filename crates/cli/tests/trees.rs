//! Real trees, where some are, against what is recorded of their releases in `snapshots/`: names, files and lines, and no
//! line of their text.
//!
//! `SHORTCOPY_LONG=1` looks at all paths of all trees, else at those that are searched in a moment;
//! `SHORTCOPY_ONLY=ext4/ordered,minix` at the paths that begin so. `INSTA_UPDATE=always` records anew.

mod records;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use c_text::Sources as _;
use cli::recorded::open_steps;
use cli::target::{Breadth, choose};
use cli::{Answer, Searcher};
use records::{directory, is_recorded};
use report::Recorder;
use scenario::WritePath;
use tables::{Tree, TreePath};

/// Paths that are searched in a moment.
const SHORT: [&str; 3] = ["simple/ramfs", "simple/tmpfs", "generic/block"];

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_wanted(path: &str) -> bool {
    match variable("SHORTCOPY_ONLY") {
        Some(only) => only.split(',').any(|target| path.starts_with(target.trim())),
        None => variable("SHORTCOPY_LONG").is_some() || SHORT.contains(&path),
    }
}

/// Whether what is found is to be recorded.
fn records() -> bool {
    variable("INSTA_UPDATE").is_some_and(|update| update == "always" || update == "new")
}

fn file(path: &str, release: &::tree::Release) -> PathBuf {
    directory().join(path).join(format!("{release}.snap"))
}

#[test]
fn what_a_tree_comes_to_is_as_recorded() {
    let what = "what real trees come to against the records";
    let mut different = Vec::new();
    for tree in ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what) {
        let tree = Tree::new(tree.release().clone(), Arc::new(tree), Vec::new());
        let paths: Vec<WritePath> = tree
            .paths(&is_wanted)
            .unwrap_or_else(|why| panic!("{why}"))
            .into_iter()
            .map(|TreePath { path, .. }| path)
            .collect();
        // A release that nobody has recorded is compared with nothing.
        let (known, others): (Vec<WritePath>, Vec<WritePath>) =
            paths.into_iter().partition(|path| records() || file(&path.name, tree.release()).exists());
        if !others.is_empty() {
            let names: Vec<&str> = others.iter().map(|path| path.name.as_str()).collect();
            let said = format!("skipped: nothing is recorded of {}: {}", tree.release(), names.join(", "));
            writeln!(std::io::stderr(), "{said}").expect("standard error can be written");
        }
        for (name, text) in searched(&known) {
            let release = tree.release().to_string();
            if !is_recorded(&name, || insta::assert_snapshot!(release, text)) {
                different.push(format!("{name} of {}", tree.release()));
            }
        }
    }
    let how = "INSTA_UPDATE=always SHORTCOPY_LONG=1 cargo test -p shortcopy-cli --test trees";
    assert!(different.is_empty(), "not as recorded: {}; to record them: {how}", different.join(", "));
}

/// What truncates a file to more than it has is run by no operation of the address space.
#[test]
fn a_patch_of_what_truncates_is_read() {
    for tree in ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), "which paths read what truncates") {
        let text = tree.read("fs/buffer.c").expect("it can be read").expect("every kernel has it");
        let text = String::from_utf8(text).expect("it is UTF-8");
        let head = text.lines().position(|line| line.starts_with("int generic_cont_expand_simple("));
        let head = head.expect("every kernel has it");
        let line = head + 1 + text.lines().skip(head).position(|line| line == "{").expect("it has a body");
        let patch = tempfile::NamedTempFile::new().expect("a file");
        let hunk = format!("@@ -{line} +{line},2 @@\n {{\n+\treturn -EFBIG;\n");
        std::fs::write(patch.path(), format!("--- a/fs/buffer.c\n+++ b/fs/buffer.c\n{hunk}"))
            .expect("it can be written");
        let target = "fat/block:beyond-invalid-then-truncate-up";
        let output = Command::new(env!("CARGO_BIN_EXE_shortcopy"))
            .args(["diff", "--tree", tree.name(), "--patch"])
            .args([patch.path().as_os_str(), target.as_ref()])
            // Cut, so that all is told that can be read.
            .args(["--states-max", "2"])
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("fat/block reads generic_cont_expand_simple()"), "{told}");
    }
}

/// The snapshot of each path.
fn searched(paths: &[WritePath]) -> BTreeMap<String, String> {
    let chosen = choose(paths, &[], Breadth::Default).unwrap_or_else(|why| panic!("{why}"));
    let mut recorders: BTreeMap<String, Recorder> = BTreeMap::new();
    let bounds = cli::arguments::Bounds::default();
    let take = |at: usize, answer: Result<Answer, cli::Error>| {
        let (path, variant) = (chosen[at].path, chosen[at].variant);
        let Answer { scenario, outcome, .. } = answer?;
        // What is missing is an answer too, but none to be recorded.
        assert!(outcome.unsupported.is_empty(), "{}: {:#?}", chosen[at].target(), outcome.unsupported);
        let open = open_steps(&scenario);
        let new = || Recorder::new(&format!("{}@{}", path.name, variant.name), &variant.sentence);
        recorders.entry(path.name.clone()).or_insert_with(new).push(&scenario, &outcome, open);
        Ok(())
    };
    Searcher::default().search(&bounds.explicit(), &chosen, take).unwrap_or_else(|why| panic!("{why}"));
    recorders.into_iter().map(|(name, made)| (name, made.snapshot().text())).collect()
}

//! What the documents show of the command is what it prints.
//!
//! A block between `<!-- generated: shortcopy ARGUMENTS -->` and `<!-- end -->` holds the output of
//! that command, bare or in a fence. `UPDATE_README=1 cargo test --test readme` writes it anew, and
//! fails once, so that somebody looks at the change. The matrix takes every search there is, and is
//! compared where those are done, in `snapshots.rs`.

use std::fs;
use std::path::Path;
use std::process::Command;

const BEGIN: &str = "<!-- generated: shortcopy ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- end -->";

fn output(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shortcopy"))
        .args(arguments.split_whitespace())
        .env("SHORTCOPY_CACHE", "") // what is kept would be told
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .expect("the command runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "shortcopy {arguments}: {}\n{said}", output.status);
    text.trim_end().to_owned()
}

/// The document with every block as it should be, and how many there are.
fn generated(document: &str) -> (String, usize) {
    let mut out = String::new();
    let mut rest = document;
    let mut blocks = 0;
    while let Some((before, block)) = rest.split_once(BEGIN) {
        let (arguments, block) = block.split_once(BEGIN_END).expect("the comment ends with its line");
        let (old, after) = block.split_once(END).unwrap_or_else(|| panic!("`{arguments}` has no `{END}`"));
        if arguments.starts_with("matrix") {
            out += &format!("{before}{BEGIN}{arguments}{BEGIN_END}{old}{END}");
            rest = after;
            continue;
        }
        let text = output(arguments);
        let text = match old.trim_start().split_once('\n') {
            Some((fence, _)) if fence.starts_with("```") => format!("{fence}\n{text}\n```\n"),
            _ => format!("\n{text}\n\n"),
        };
        out += &format!("{before}{BEGIN}{arguments}{BEGIN_END}{text}{END}");
        rest = after;
        blocks += 1;
    }
    (out + rest, blocks)
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(&file).expect("there is a README");
    let (fresh, blocks) = generated(&text);
    assert!(blocks > 0, "the README shows nothing of the command");
    if fresh != text && std::env::var_os("UPDATE_README").is_some() {
        fs::write(&file, &fresh).expect("it can be written");
    }
    let line = fresh.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(fresh == text, "the README is out of date (UPDATE_README=1 writes it anew): {line:#?}");
}

//! What the documents show of the command is what it prints.
//!
//! A block between `<!-- generated: shortcopy ARGUMENTS -->` and `<!-- end -->` holds the output of
//! that command, bare or in a fence. `UPDATE_README=1 cargo test --test readme` writes it anew, and
//! fails once, so that somebody looks at the change. The matrix takes every search there is, and is
//! compared where those are done, in `snapshots.rs`.

mod documents;

use std::process::Command;

use documents::{all, compare, read, root};

const BEGIN: &str = "<!-- generated: shortcopy ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- end -->";

fn output(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shortcopy"))
        .args(arguments.split_whitespace())
        .env("SHORTCOPY_CACHE", "") // what is kept would be told
        .current_dir(root())
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
fn documents_show_what_the_command_prints() {
    let mut wrong = Vec::new();
    let mut blocks = 0;
    for name in all() {
        let (fresh, count) = generated(&read(&name));
        blocks += count;
        wrong.extend(compare(&name, &fresh));
    }
    assert!(blocks > 5, "the documents show nothing of the command");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_is_short() {
    let text = read("README.md");
    let lines = text.lines().count();
    assert!(lines <= 150, "README.md has {lines} lines, and people read 150");
    let wide: Vec<&str> =
        text.lines().filter(|line| line.chars().count() > 100 && !line.starts_with("<!--")).collect();
    assert!(wide.is_empty(), "wider than 100 columns: {wide:#?}");
}

//! What the README shows of a patch of a kernel tree is what the command prints, where a tree is.
//!
//! The patch is made here, by the names of functions; no line of the kernel's text is kept. `UPDATE_README=1` writes the block
//! anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use c_text::{Config, Hints, ItemKind, Sources, parse};

const BEGIN: &str = "<!-- with linux-source-6.12: shortcopy ";
const END: &str = "<!-- end -->";
const FILE: &str = "fs/ext4/inode.c";
/// What is left out, in `ext4_journalled_write_end`: the zeroing after a copy that came short.
const LEFT_OUT: &str = "ext4_journalled_zero_new_buffers";

/// The patch of a tree.
fn patch(tree: &tree::Tree) -> String {
    let bytes = tree.read(FILE).expect("it can be read").expect("it is there");
    let parsed = parse(FILE, &bytes, &Config::new(), &Hints::default()).expect("it can be read");
    let of = |kind: &ItemKind| match kind {
        ItemKind::Function(of) => &*of.prototype.name == "ext4_journalled_write_end",
        _ => false,
    };
    let function = parsed.items.iter().find(|item| of(&item.kind)).expect("the function");
    let start: usize =
        parsed.text().split_inclusive('\n').take(function.at.line as usize - 1).map(str::len).sum();
    let call = start + parsed.text()[start..].find(LEFT_OUT).expect("the call");
    let end = call + parsed.text()[call..].find(';').expect("its end");
    let changed = format!("{}{}", &parsed.text()[..call], &parsed.text()[end..]);
    let mut options = diffy::DiffOptions::new();
    options.set_original_filename(format!("a/{FILE}")).set_modified_filename(format!("b/{FILE}"));
    options.create_patch(parsed.text(), &changed).to_string()
}

/// Any release of a stable tree reads as any other.
fn without_sublevel(text: &str) -> String {
    let mut pieces = text.split("6.12.");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "6.12." + piece.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn the_readme_shows_what_a_patch_of_a_tree_comes_to() {
    let what = "what the README shows of a patch";
    let trees = tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what);
    let Some(tree) = trees.iter().find(|tree| tree.release().to_string().starts_with("6.12.")) else {
        return;
    };
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(&readme).expect("there is a README");
    let (before, rest) = text.split_once(BEGIN).expect("the README shows a patch");
    let (arguments, rest) = rest.split_once(" -->\n").expect("the comment ends with its line");
    let (_, after) = rest.split_once(END).expect("the block ends");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("fix.patch");
    fs::write(&file, patch(tree)).expect("it can be written");
    let root = tree.root().display().to_string();
    let arguments_here = arguments.split_whitespace().map(|argument| match argument {
        "~/linux" => root.clone(),
        "fix.patch" => file.display().to_string(),
        other => other.to_owned(),
    });
    let output = Command::new(env!("CARGO_BIN_EXE_shortcopy"))
        .args(arguments_here)
        .env("SHORTCOPY_CACHE", "")
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("text");
    // The schedules have the kernel's own lines in them.
    let (told, _) = printed.split_once("\n\nscenario ").expect("a schedule follows");
    let told = told.replace(&root, "~/linux").replace(&file.display().to_string(), "fix.patch");
    let fresh = format!("{before}{BEGIN}{arguments} -->\n```\n{told}\n```\n{END}{after}");
    let is_same = without_sublevel(&fresh) == without_sublevel(&text);
    if !is_same && std::env::var_os("UPDATE_README").is_some() {
        fs::write(&readme, &fresh).expect("it can be written");
    }
    assert!(is_same, "the README's patch is out of date (UPDATE_README=1 writes it anew):\n{told}");
}

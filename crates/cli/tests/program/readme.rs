//! What the documents show of the command is what it prints.
//!
//! A block between `<!-- generated: shortcopy ARGUMENTS -->` and `<!-- end -->` holds the output of
//! that command, bare or in a fence. `UPDATE_README=1 cargo test --test program readme` writes it anew, and
//! fails once, so that somebody looks at the change. The matrix takes every search there is, and is
//! compared where those are done, in `snapshots.rs`.

use std::collections::BTreeSet;
use std::process::Command;

use crate::documents::{all, compare, every, read, root};
use crate::shown::{Line, shown};
use clap::CommandFactory;
use cli::arguments::{Arguments, Command as Asked};

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

/// A command line with something in the place of each word that stands for one.
fn filled(line: &Line) -> Line {
    let stands_for = |word: &String| match word.as_str() {
        "WORD" | "PROPERTY|ENDING|SCENARIO" => "stale-read".to_owned(),
        "SHELL" => "bash".to_owned(),
        "TARGET" | "[TARGET..]" => "simple/ramfs".to_owned(),
        "SNAPSHOT[:SCENARIO[#N]]" => "simple/tmpfs@v6.18:beyond-invalid#1".to_owned(),
        word => word.to_owned(),
    };
    line.iter().map(stands_for).collect()
}

/// What the documents show is a command line, what it names is there, and what is done at once is done.
#[test]
fn every_command_that_a_document_shows_is_one() {
    let mut wrong = Vec::new();
    let (mut read_lines, mut ran) = (BTreeSet::new(), 0);
    for document in every() {
        // One machine of several.
        let text = read(&document).replace("${{ matrix.part }}", "2");
        for line in shown(&text) {
            let line = filled(&line);
            if !read_lines.insert(line.clone()) {
                continue;
            }
            let told = format!("{document}: {}", line.join(" "));
            let arguments = match Arguments::read(&line) {
                Ok(arguments) => arguments,
                // A command that is spoken of.
                Err(_) if line.len() == 2 && Arguments::command().find_subcommand(&line[1]).is_some() => {
                    continue;
                }
                Err(why) => {
                    wrong.push(format!("{told}\n{why}"));
                    continue;
                }
            };
            let list = |targets: &[String]| {
                let all =
                    targets.iter().map(|target| target.split('#').next().unwrap_or_default().to_owned());
                ["list".to_owned()].into_iter().chain(all).collect::<Vec<_>>()
            };
            let run = match &arguments.command {
                // Of a tree it is only read.
                _ if line.iter().any(|word| word == "--tree") => continue,
                Asked::Check(check) => list(&check.targets),
                Asked::Matrix(matrix) => list(&matrix.targets),
                Asked::Why(why) => list(&why.targets),
                Asked::Live(live) => list(&live.targets),
                Asked::Reproduce(_) | Asked::Cache(_) | Asked::Corpus(_) | Asked::Merge(_) => continue,
                _ => line[1..].to_vec(),
            };
            ran += 1;
            let output = Command::new(env!("CARGO_BIN_EXE_shortcopy"))
                .args(&run)
                .env("SHORTCOPY_CACHE", "")
                .current_dir(root())
                .output()
                .expect("the command runs");
            if !output.status.success() {
                wrong.push(format!("{told}\n{}", String::from_utf8_lossy(&output.stderr)));
            }
        }
    }
    assert!(read_lines.len() > 40 && ran > 20, "{} commands, of which {ran} ran", read_lines.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn command_lines_are_found() {
    let text = "`shortcopy a\n'b c'` and `shortcopy`\n```sh\nshortcopy d > f # e\nshortcopy g; shortcopy h | i\n\
                other j\n  - run: shortcopy k:#1  # l\n```\n<!-- generated: shortcopy m -->\n";
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Line>();
    let mut all: Vec<Line> = ["d", "g", "h", "k:#1", "m"].map(|w| words(&format!("shortcopy {w}"))).to_vec();
    all.push(vec!["shortcopy".to_owned(), "a".to_owned(), "b c".to_owned()]);
    assert_eq!(shown(text), all);
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

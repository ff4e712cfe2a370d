//! A check in parts: `check --shard K/N --part FILE`, and `merge`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Few states, of several variants, some with bad states.
const TARGETS: [&str; 2] = ["simple/ramfs@v*:*-invalid", "simple/tmpfs@v6.18:*straddling*"];

fn shortcopy(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortcopy"));
    command.args(arguments).stdin(Stdio::null()).env_remove("CLICOLOR_FORCE").env("SHORTCOPY_CACHE", "");
    let output = command.output().expect("the command runs");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

/// The lines of JSON without what differs from run to run.
fn results(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout).lines();
    let line = |line: &str| {
        let mut value: Value = serde_json::from_str(line).expect("JSON");
        value.as_object_mut().expect("an object").remove("seconds");
        value
    };
    lines.map(line).collect()
}

/// Parts of a check of [`TARGETS`], searched.
struct Searched {
    folder: tempfile::TempDir,
    files: Vec<PathBuf>,
    statuses: Vec<Option<i32>>,
    targets: Vec<BTreeSet<String>>,
}

impl Searched {
    fn in_parts(of: usize) -> Searched {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut files, mut statuses, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for number in 1..=of {
            let file = folder.path().join(format!("{number}.part"));
            let shard = format!("{number}/{of}");
            let options =
                ["check", "--format", "json", "--shard", &shard, "--part", file.to_str().expect("text")];
            let output = shortcopy(&with(&options, &TARGETS));
            let name = |value: &Value| {
                let [path, variant, scenario] =
                    ["path", "variant", "scenario"].map(|of| value[of].as_str().expect("text").to_owned());
                format!("{path}@{variant}:{scenario}")
            };
            targets.push(results(&output).iter().map(name).collect());
            statuses.push(output.status.code());
            files.push(file);
        }
        Searched { folder, files, statuses, targets }
    }

    fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.to_str().expect("text")).collect()
    }

    fn merged(&self, options: &[&str]) -> Output {
        shortcopy(&with(&with(&["merge"], options), &self.names()))
    }
}

#[test]
fn what_is_merged_is_what_a_check_tells() {
    let parts = Searched::in_parts(3);
    let whole = shortcopy(&with(&["check", "--format", "json"], &TARGETS));
    let merged = parts.merged(&["--format", "json"]);
    assert!(!results(&whole).is_empty());
    assert_eq!(results(&merged), results(&whole));
    assert_eq!(merged.status.code(), whole.status.code());
    assert_eq!(parts.statuses.iter().max(), Some(&whole.status.code()));
    for options in [&[][..], &["--format", "ktap"]] {
        let whole = shortcopy(&with(&with(&["check"], options), &TARGETS));
        let merged = parts.merged(options);
        assert_eq!(text(&merged.stdout), text(&whole.stdout), "{options:?}");
        assert_eq!(merged.status.code(), whole.status.code());
        assert_eq!(text(&merged.stderr), "");
    }
}

#[test]
fn every_scenario_is_in_one_part() {
    let whole = Searched::in_parts(1);
    let parts = Searched::in_parts(4);
    let sizes: Vec<usize> = parts.targets.iter().map(BTreeSet::len).collect();
    assert_eq!(sizes.iter().sum::<usize>(), whole.targets[0].len());
    assert_eq!(parts.targets.iter().flatten().cloned().collect::<BTreeSet<_>>(), whole.targets[0]);
    assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
}

#[test]
fn what_is_missing_is_no_pass() {
    let parts = Searched::in_parts(3);
    let names = parts.names();
    let two = shortcopy(&["merge", names[0], names[2]]);
    assert_eq!(two.status.code(), Some(3), "{}", text(&two.stdout));
    assert!(text(&two.stderr).contains("part 2/3 is not there"), "{}", text(&two.stderr));
    let count = format!("{} not looked at", parts.targets[1].len());
    assert!(text(&two.stdout).contains(&count), "{}", text(&two.stdout));
    // Killed while it wrote its last line.
    let bytes = fs::read(names[1]).expect("a part");
    fs::write(names[1], &bytes[..bytes.len() - 40]).expect("it can be written");
    let torn = parts.merged(&[]);
    assert_eq!(torn.status.code(), Some(3), "{}", text(&torn.stdout));
    assert!(text(&torn.stdout).contains("1 not looked at"), "{}", text(&torn.stdout));
}

#[test]
fn what_is_no_part_is_refused() {
    let parts = Searched::in_parts(2);
    let names = parts.names();
    let refused = |files: &[&str], words: &[&str]| {
        let output = shortcopy(&with(&["merge"], files));
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        assert_eq!(text(&output.stdout), "");
        for word in words {
            assert!(text(&output.stderr).contains(word), "{word} in {}", text(&output.stderr));
        }
    };
    let write = |name: &str, bytes: &[u8]| {
        let path = parts.folder.path().join(name);
        fs::write(&path, bytes).expect("it can be written");
        path.to_str().expect("text").to_owned()
    };
    let whole = fs::read_to_string(names[0]).expect("a part");
    let lines: Vec<&str> = whole.lines().collect();
    refused(&[names[0], names[0]], &["are both part 1/2", "name each part once"]);
    refused(&[names[0], "nowhere.part"], &["nowhere.part", "No such file"]);
    refused(&[&write("empty", b"")], &["empty: line 1: this is no part of a check", "anew"]);
    refused(&[&write("bytes", &[0xff, 0xfe, b'\n'])], &["bytes: line 1: this is no part"]);
    let damaged = format!("{}\n{}\n{}\n", lines[0], &lines[1][1..], lines[2]);
    refused(&[&write("damaged", damaged.as_bytes())], &["damaged: line 2: this is no result"]);
    let twice = format!("{whole}{}\n", lines[1]);
    refused(&[&write("twice", twice.as_bytes())], &[&format!("twice: line {}: ", lines.len() + 1)]);
    let mut head: Value = serde_json::from_str(lines[0]).expect("JSON");
    head["shortcopy"] = Value::from("0123");
    let foreign = whole.replacen(lines[0], &head.to_string(), 1);
    refused(&[&write("foreign", foreign.as_bytes())], &["foreign: line 1: another shortcopy wrote this"]);
    let other = parts.folder.path().join("other");
    let other = other.to_str().expect("text");
    let options = ["check", "--shard", "2/2", "--part", other, "simple/ramfs@v6.18:within-absent"];
    assert_eq!(shortcopy(&options).status.code(), Some(0));
    refused(&[names[0], other], &["are parts of different checks", "simple/tmpfs@v6.18"]);
}

#[test]
fn a_part_that_cannot_be_written_is_an_error() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full");
        return;
    }
    let output = shortcopy(&["check", "simple/ramfs@v6.18", "--shard", "1/2", "--part", "/dev/full"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/dev/full: No space left"), "{}", text(&output.stderr));
}

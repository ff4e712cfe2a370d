//! What `ARCHITECTURE.md` says about the crates is so, and the links of the documents lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// What cargo says of the workspace.
fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The workspace's crates, and those of them that each depends on outside its tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let names: BTreeSet<String> = packages.iter().map(name).collect();
    let uses = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        let normal = all.filter(|d| d["kind"].is_null()).map(name);
        normal.filter(|d| names.contains(d)).collect()
    };
    packages.iter().map(|package| (name(package), uses(package))).collect()
}

#[test]
fn the_test_command_runs_the_tests_of_every_crate() {
    let metadata = metadata();
    let sorted = |key: &str| -> BTreeSet<String> {
        let members = metadata[key].as_array().expect("members").iter();
        members.map(|member| member.as_str().expect("a member").to_owned()).collect()
    };
    assert_eq!(sorted("workspace_default_members"), sorted("workspace_members"));
}

/// The table `| crate | what it is | may use |`.
fn table() -> BTreeMap<String, String> {
    let text = read("ARCHITECTURE.md");
    let cells = |row: &str| -> Vec<String> {
        row.trim().trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let heading = ["crate", "what it is", "may use"];
    let rows: Vec<Vec<String>> = text
        .lines()
        .skip_while(|row| cells(row) != heading)
        .take_while(|row| row.starts_with('|'))
        .map(cells)
        .collect();
    assert!(rows.len() > 2, "ARCHITECTURE.md has no table `| crate | what it is | may use |`");
    rows[2..].iter().map(|row| (row[0].clone(), row[2].clone())).collect()
}

#[test]
fn the_table_of_crates_is_so() {
    let (crates, table) = (crates(), table());
    let named: Vec<&String> = table.keys().collect();
    let built: Vec<&String> = crates.keys().collect();
    assert_eq!(named, built, "the crates in ARCHITECTURE.md are those of the workspace");
    for (name, uses) in &crates {
        let may: BTreeSet<String> = match table[name].as_str() {
            "all" => crates.keys().cloned().collect(),
            "nothing" => BTreeSet::new(),
            list => list.split(',').map(|item| item.trim().to_owned()).collect(),
        };
        let unknown: Vec<&String> = may.iter().filter(|other| !crates.contains_key(*other)).collect();
        assert!(unknown.is_empty(), "`{name}` may use {unknown:?}, which are no crates");
        let forbidden: Vec<&String> = uses.difference(&may).collect();
        assert!(forbidden.is_empty(), "`{name}` uses {forbidden:?}, and ARCHITECTURE.md lets it not");
    }
}

/// A heading as the address of its section.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = read(document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document } else { file };
            let there = root().join(target).exists();
            let has_section = section.is_empty()
                || read(target)
                    .lines()
                    .filter(|l| l.starts_with('#'))
                    .any(|l| anchor(l.trim_start_matches('#')) == section);
            if !there || !has_section {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "these links lead nowhere: {broken:#?}");
}

//! What `ARCHITECTURE.md` says about the crates is so, and the links of the documents lead somewhere.

mod documents;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use documents::{all, read, root};

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

/// The addresses that a document links to: `[words](address)` and `[words]: address`.
fn links(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    let named =
        text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).map(|(_, link)| link);
    inline.chain(named).filter(|link| !link.contains("://") && !link.starts_with("mailto:")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut documents = all();
    documents.extend(["models/tables/README.md", "models/tables/NOTES.md"].map(str::to_owned));
    for document in documents {
        let text = read(&document);
        let folder = Path::new(&document).parent().expect("a folder");
        for link in links(&text) {
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { Path::new(&document).to_owned() } else { folder.join(file) };
            let there = root().join(&target).exists();
            let has_section = section.is_empty()
                || read(&target.to_string_lossy())
                    .lines()
                    .filter(|l| l.starts_with('#'))
                    .any(|l| anchor(l.trim_start_matches('#')) == section);
            if !there || !has_section {
                broken.push(format!("{document}: {link}"));
            }
        }
        let named: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
            .map(|(name, _)| name)
            .collect();
        let used = text.split("][").skip(1).filter_map(|rest| rest.split_once(']')).map(|(name, _)| name);
        broken.extend(used.filter(|name| !named.contains(name)).map(|name| format!("{document}: [{name}]")));
    }
    assert!(broken.is_empty(), "these links lead nowhere: {broken:#?}");
}

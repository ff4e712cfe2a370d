//! What `ARCHITECTURE.md` says about the crates is so, and the links of the documents lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use crate::documents::{every, read, root};

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

/// The workspace's packages.
fn packages() -> Vec<serde_json::Value> {
    metadata()["packages"].as_array().expect("packages").clone()
}

/// What registries know of a crate of the project begins so; the crate itself is called without it.
const PREFIX: &str = "shortcopy-";

fn crate_of(package: &serde_json::Value) -> String {
    let name = package["name"].as_str().expect("a name");
    name.strip_prefix(PREFIX).unwrap_or(name).to_owned()
}

/// The workspace's crates, and those of them that each depends on outside its tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let packages = packages();
    let names: BTreeSet<String> = packages.iter().map(crate_of).collect();
    let uses = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|d| d["kind"].is_null() && d["path"].is_string()).map(crate_of).collect()
    };
    assert_eq!(names.len(), packages.len(), "{names:?}");
    packages.iter().map(|package| (crate_of(package), uses(package))).collect()
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

/// Where a library has no tests of its own, it is not built once more for them.
#[test]
fn no_test_is_in_a_library_that_is_not_tested() {
    let mut untested = 0;
    for package in packages() {
        let targets = package["targets"].as_array().expect("targets");
        let is_library = |target: &&serde_json::Value| target["kind"][0] == "lib" && target["test"] == false;
        let Some(library) = targets.iter().find(is_library) else { continue };
        untested += 1;
        let root = Path::new(library["src_path"].as_str().expect("a path"));
        let mut files = Vec::new();
        sources(root.parent().expect("a folder"), &mut files);
        for file in &files {
            let text = fs::read_to_string(file).expect("a source");
            assert!(!text.contains("#[test]"), "{}: nobody runs this test", file.display());
        }
    }
    assert!(untested >= 3);
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

/// The literals of a source that begin with `before` and a path, which is given.
fn named<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
    let rest = text.split(before).skip(1);
    rest.filter_map(|rest| rest.split('"').next()).collect()
}

/// What is handed to a registry is built from what it has: `cargo package --workspace` tries it, which takes minutes.
#[test]
fn every_crate_can_be_packaged() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let (its, path) = (crate_of(&package), package["manifest_path"].as_str().expect("a path"));
        if name != "shortcopy" && !name.starts_with(PREFIX) {
            wrong.push(format!("{name}: on a registry, its name would not begin with {PREFIX}"));
        }
        let targets = package["targets"].as_array().expect("targets");
        let of_kind = |kind: &'static str| {
            targets.iter().filter(move |t| t["kind"].as_array().is_some_and(|k| k[0] == kind))
        };
        if !of_kind("lib").all(|lib| lib["name"].as_str() == Some(&its.replace('-', "_"))) {
            wrong.push(format!("{name}: its library is not called {its}"));
        }
        for needed in package["dependencies"].as_array().expect("dependencies") {
            let is_left_out = needed["kind"] == "dev" && needed["req"] == "*";
            if needed["path"].is_string() && needed["req"] == "*" && !is_left_out {
                wrong.push(format!("{name}: names no version of {}", needed["name"]));
            }
        }
        // What is compiled, and what is read by a build script.
        let folder = Path::new(path).parent().expect("a folder");
        let roots = of_kind("lib").chain(of_kind("bin")).chain(of_kind("custom-build"));
        for root in roots {
            let root = Path::new(root["src_path"].as_str().expect("a path"));
            let mut files = vec![root.to_owned()];
            if !root.ends_with("build.rs") {
                sources(root.parent().expect("a folder"), &mut files);
            }
            for file in files {
                let text = fs::read_to_string(&file).expect("text");
                // Tests, and of the documents those that are tested, are run in a checkout.
                let text = text.split("#[cfg(test)]\nmod tests").next().expect("a part");
                let text = text.split("#[cfg(doctest)]").next().expect("a part");
                let beside = file.parent().expect("a folder");
                let taken = ["include_str!(\"", "include_bytes!(\"", "include!(\"", "#[path = \""];
                let taken = taken.iter().flat_map(|before| named(text, before)).map(|path| beside.join(path));
                let read = ["join(\"", "Path::new(\"", "CARGO_MANIFEST_DIR\"), \""];
                let read =
                    read.iter().flat_map(|before| named(text, before)).filter(|path| path.contains(".."));
                for path in taken.chain(read.map(|path| folder.join(path.trim_start_matches('/')))) {
                    if !normal(&path).starts_with(folder) {
                        wrong.push(format!(
                            "{}: takes {} from outside of {name}",
                            file.display(),
                            path.display()
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The Rust below a folder that belongs to its package's library.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let is_beside =
            path.ends_with("tests") || path.ends_with("benches") || path.join("Cargo.toml").exists();
        if path.is_dir() && !is_beside {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
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
    for document in every() {
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

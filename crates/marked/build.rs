//! Copies the models with a mark at each branch, and lists the branches.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What only deliberate faults call.
const LEFT_OUT: [&str; 1] = ["mutants.rs"];
/// Folders that are no part of the library.
const BESIDE: [&str; 2] = ["benches", "tests"];

fn sources(folder: &Path, root: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
        if path.is_dir() {
            // A package within the folder is another one.
            let is_beside = BESIDE.iter().any(|beside| name == Path::new(beside));
            if !is_beside && !path.join("Cargo.toml").exists() {
                sources(&path, root, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(name);
        }
    }
    Ok(())
}

/// What may not stand in an included file: the crate's own documents and attributes.
fn included(root: &str) -> String {
    let own = |line: &&str| line.starts_with("//!") || line.starts_with("#![");
    root.lines().map(|line| if own(&line) { "\n".to_owned() } else { format!("{line}\n") }).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let models = PathBuf::from(env::var("DEP_SHORTCOPY_MODELS_FOLDER")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", models.display());
    let mut names = Vec::new();
    sources(&models, &models, &mut names)?;
    names.sort();
    let copies = out.join("models");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    let (mut files, mut first) = (Vec::new(), 0);
    for name in names {
        let mut source = fs::read_to_string(models.join(&name))?;
        if name == Path::new("lib.rs") {
            source = included(&source);
        }
        let copy = copies.join(&name);
        fs::create_dir_all(copy.parent().unwrap_or(&out))?;
        let name = name.to_string_lossy().replace('\\', "/");
        if LEFT_OUT.contains(&name.as_str()) {
            fs::write(copy, source)?;
            continue;
        }
        let found = branches::find(&source).map_err(|why| format!("models/{name}: {why}"))?;
        fs::write(copy, found.marked(first))?;
        first += found.branches.len();
        files.push((name, found));
    }
    fs::write(out.join("branches.rs"), branches::table(&files))?;
    // The copy has no text of its own, so nothing of it is kept: a kept result would reach no branch.
    fs::write(out.join("sources.rs"), "&[]")?;
    Ok(())
}

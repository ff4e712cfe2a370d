//! For tests: the real trees that can be read here. Their text is under another licence and is never kept with ours.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::{Tree, open};

/// Where Debian's `linux-source-6.12` and its kin put their archives.
const ARCHIVES: &str = "/usr/src";

/// What of an archive is unpacked.
const PARTS: [&str; 7] = ["Makefile", "block", "fs", "include", "kernel", "lib", "mm"];

/// The trees that `SHORTCOPY_TREE` names, in the manner of `PATH`, else what Debian's packages `linux-source-..` installed,
/// unpacked once into the folder `target`. Where there is none, says that `what` is skipped, so that it is seen
/// although the test passes.
///
/// # Panics
/// If a tree that is there can't be read or unpacked.
#[must_use]
pub fn trees(target: &str, what: &str) -> Vec<Tree> {
    let names = match std::env::var_os("SHORTCOPY_TREE") {
        Some(names) => std::env::split_paths(&names).collect(),
        None => unpacked(Path::new(target)),
    };
    if names.is_empty() {
        // Tests that pass show only what is written in this way.
        let why = format!("no SHORTCOPY_TREE, and no linux-source-*.tar.xz in {ARCHIVES}");
        let _ = writeln!(std::io::stderr(), "skipped: {what}: {why}");
    }
    let opened = |name: &PathBuf| open(&name.to_string_lossy()).unwrap_or_else(|why| panic!("{why}"));
    names.iter().map(opened).collect()
}

/// The folders of Debian's archives.
fn unpacked(target: &Path) -> Vec<PathBuf> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(entries) = fs::read_dir(ARCHIVES) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut folders: Vec<PathBuf> = paths.filter_map(|archive| unpack(&archive, target)).collect();
    folders.sort();
    folders
}

/// Unpacks an archive if it is one. Its folder is there when all of it is.
fn unpack(archive: &Path, target: &Path) -> Option<PathBuf> {
    let name = archive.file_name()?.to_str()?.strip_suffix(".tar.xz")?;
    if !name.starts_with("linux-source-") {
        return None;
    }
    let bytes = fs::metadata(archive).unwrap_or_else(|why| panic!("{}: {why}", archive.display())).len();
    // A newer package of the same name is another archive.
    let folder = target.join(format!("{name}-{bytes}"));
    if folder.exists() {
        return Some(folder);
    }
    let part = target.join(format!("{name}-{bytes}.{}", std::process::id()));
    fs::create_dir_all(&part).expect("a folder");
    let status = Command::new("tar")
        .arg("-xJf")
        .arg(archive)
        .args(["--strip-components=1", "-C"])
        .arg(&part)
        .args(PARTS.map(|part| format!("{name}/{part}")))
        .status()
        .expect("tar runs");
    assert!(status.success(), "{} can be unpacked", archive.display());
    // Another process may have been faster.
    if fs::rename(&part, &folder).is_err() {
        fs::remove_dir_all(&part).expect("it is ours");
    }
    assert!(folder.exists(), "{} is unpacked", folder.display());
    Some(folder)
}

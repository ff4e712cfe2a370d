//! A crate's own sources, handed out by the crate: for its build script.
//!
//! What a kept result depends on is told by text. The text must be the one that the compiler has read, also
//! where a file is changed while it works: so the build script only lists the files, and the
//! compiler itself takes their text in, in the same run.
//!
//! ```ignore
//! // build.rs
//! fn main() -> std::io::Result<()> {
//!     sources::list()
//! }
//! // lib.rs
//! pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders, and a file, that are no part of a library.
const BESIDE: [&str; 5] = ["benches", "build.rs", "examples", "target", "tests"];

/// Writes `OUT_DIR/sources.rs`: an expression of the type `&[(&str, &str)]`, the name of each file of the crate,
/// from its folder on, and its text; sorted by name.
///
/// # Errors
/// If this is not called by a build script, or a folder can't be read or written.
pub fn list() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(|why| io::Error::other(format!("{name}: {why}")));
    let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    find(&folder, &folder, &mut files)?;
    files.sort();
    let mut out = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(out, "    ({name:?}, include_str!({:?})),", file.to_string_lossy());
    }
    out.push_str("]\n");
    fs::write(Path::new(&variable("OUT_DIR")?).join("sources.rs"), out)
}

fn find(folder: &Path, root: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    // A file that comes or goes changes the list.
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let beside = folder == root && BESIDE.iter().any(|name| path.ends_with(name));
        // A package within the folder is another one.
        if path.is_dir() && !beside && !path.join("Cargo.toml").exists() {
            find(&path, root, found)?;
        } else if !beside && path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

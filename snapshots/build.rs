//! Packs what is recorded, so that a program can compare wherever it is run.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or(format!("cargo sets {name}"));
    let (snapshots, out) = (variable("CARGO_MANIFEST_DIR")?, variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", snapshots.display());
    let mut names = Vec::new();
    find(&snapshots, "", &mut names)?;
    names.sort();
    let mut table = String::from("&[\n");
    for (number, name) in names.iter().enumerate() {
        let packed = format!("{number}.deflate");
        let mut encoder = DeflateEncoder::new(fs::File::create(out.join(&packed))?, Compression::default());
        encoder.write_all(&fs::read(snapshots.join(format!("{name}.snap")))?)?;
        encoder.finish()?;
        writeln!(table, "    ({name:?}, include_bytes!({packed:?})),")?;
    }
    table.push(']');
    fs::write(out.join("packed.rs"), table)?;
    Ok(())
}

/// The snapshots of variants below `folder`, by path and name: those at the top are of something else.
fn find(folder: &Path, within: &str, names: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).ok_or("names are text")?;
        if path.is_dir() {
            find(&path, &format!("{within}{name}/"), names)?;
        } else if let Some(stem) = name.strip_suffix(".snap").filter(|_| !within.is_empty()) {
            names.push(format!("{within}{stem}"));
        }
    }
    Ok(())
}

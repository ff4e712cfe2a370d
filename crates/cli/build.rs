//! Notes what the program is compiled by, and from which versions: kept results are of one compiler, target, profile and
//! set of dependencies.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=SHORTCOPY_COMPILED_BY={}", compiled_by()?);
    list_versions()
}

fn compiled_by() -> io::Result<String> {
    let compiler =
        Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV").output()?;
    let mut all = vec![String::from_utf8_lossy(&compiler.stdout).into_owned()];
    for (name, value) in env::vars() {
        let counts = ["TARGET", "PROFILE", "OPT_LEVEL", "CARGO_ENCODED_RUSTFLAGS"].contains(&name.as_str());
        if counts || name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_FEATURE_") {
            all.push(format!("{name}={value}"));
        }
    }
    all.sort();
    Ok(all.join(";").replace(['\n', '\r'], ";"))
}

/// Writes `OUT_DIR/versions.rs`, of the type `&[&str]`: the versions of the dependencies, and the profiles (with overflow
/// checks or without, a model may panic or not). They are the workspace's; of a package from a registry, its own. The
/// compiler itself takes the text in.
fn list_versions() -> Result<(), Box<dyn Error>> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or(format!("cargo sets {name}"));
    let package = variable("CARGO_MANIFEST_DIR")?;
    let mut out = String::from("&[\n");
    if let Some(root) = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file()) {
        for name in ["Cargo.lock", "Cargo.toml"] {
            writeln!(out, "    include_str!({:?}),", root.join(name).to_str().ok_or("a path is text")?)?;
        }
    }
    out.push(']');
    Ok(fs::write(variable("OUT_DIR")?.join("versions.rs"), out)?)
}

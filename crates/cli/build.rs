//! Notes what the program is compiled by: kept results are of one compiler, target and profile.

use std::process::Command;
use std::{env, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
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
    let line = all.join(";").replace(['\n', '\r'], ";");
    println!("cargo::rustc-env=SHORTCOPY_COMPILED_BY={line}");
    Ok(())
}

//! What the engine is: a result of another one is none of this.

use std::any::TypeId;

use blake3::{Hash, Hasher};

use super::key::text;

/// Changes when what is stored does, or what a key is made of.
const FORMAT: u32 = 3;

/// Versions of the dependencies, and profiles.
const VERSIONS: &[&str] = include!(concat!(env!("OUT_DIR"), "/versions.rs"));

/// Of this compilation. What `cargo install` builds may have other dependencies than a `Cargo.lock` says: cargo names a
/// compiled crate by all that it is made of, and the compiler tells types apart by that name.
struct Compiled;

/// The digest of everything that any result depends on: the sources of the engine and of the crates that
/// models are made of, in whole, the dependencies, and what compiled it all.
pub(super) fn engine() -> Hash {
    let mut hasher = Hasher::new();
    hasher.update(&FORMAT.to_le_bytes());
    // Places in the sources are named as the compiler was given them: from the workspace on, or in whole.
    let compiled = format!("{:?}", TypeId::of::<Compiled>());
    for known in [env!("SHORTCOPY_COMPILED_BY"), &compiled, file!()].iter().chain(VERSIONS) {
        text(&mut hasher, known);
    }
    hasher.update(&[u8::from(cfg!(debug_assertions))]);
    for sources in
        [machine::SOURCES, scenario::SOURCES, page_state::SOURCES, fault::SOURCES, checker::SOURCES]
    {
        hasher.update(&(sources.len() as u64).to_le_bytes());
        for (name, source) in sources {
            text(&mut hasher, name);
            text(&mut hasher, source);
        }
    }
    hasher.finalize()
}

//! What the engine is: a result of another one is none of this.

use blake3::{Hash, Hasher};

use super::key::text;

/// Changes when what is stored does, or what a key is made of.
const FORMAT: u32 = 3;

/// Versions of the dependencies.
const LOCK: &str = include_str!("../../../../Cargo.lock");
/// Profiles: with overflow checks or without, a model may panic or not.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");

/// The digest of everything that any result depends on: the sources of the engine and of the crates that
/// models are made of, in whole, the dependencies, and what compiled it all.
pub(super) fn engine() -> Hash {
    let mut hasher = Hasher::new();
    hasher.update(&FORMAT.to_le_bytes());
    // Places in the sources are named as the compiler was given them: from the workspace on, or in whole.
    for known in [env!("SHORTCOPY_COMPILED_BY"), LOCK, WORKSPACE, file!()] {
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

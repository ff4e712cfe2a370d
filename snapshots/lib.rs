//! What is recorded of every write path: the snapshots of this folder, packed into whatever is built with them.
//!
//! ```
//! let text = snapshots::text("simple/ramfs/v6.18")?.expect("it is recorded");
//! assert!(text.contains("beyond-invalid"));
//! assert_eq!(snapshots::text("simple/ramfs/v0.1")?, None);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, Read as _};

use flate2::read::DeflateDecoder;

/// Each snapshot, deflated, by its name.
static PACKED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/packed.rs"));

/// What is recorded of a variant, by its path and name: `ext4/journalled/v4.2`. None where nothing is.
///
/// # Errors
/// If what was packed can't be unpacked.
pub fn text(name: &str) -> io::Result<Option<String>> {
    let Some((_, packed)) = PACKED.iter().find(|(known, _)| *known == name) else { return Ok(None) };
    let mut text = String::new();
    DeflateDecoder::new(*packed).read_to_string(&mut text)?;
    Ok(Some(text))
}

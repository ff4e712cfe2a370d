//! `shortcopy cache`

use std::path::Path;

use crate::arguments::{CacheAction, CacheChoice, Kept};
use crate::cache::{Cache, Size, folder};
use crate::error::Error;
use crate::output::Output;

/// Tells of the kept results, or takes them away.
///
/// # Errors
/// A folder that can't be read or emptied, an output that can't be written.
pub(crate) fn cache(arguments: &Kept, choice: &CacheChoice, out: &mut Output) -> Result<(), Error> {
    let Some(folder) = folder(choice) else {
        out.line("no results are kept")?;
        return out.flush();
    };
    let wrong = |why| Error::File { path: folder.clone(), why };
    match arguments.action {
        None => out.line(&told(&folder, Cache::size(&folder).map_err(wrong)?))?,
        Some(CacheAction::Clear) => Cache::clear(&folder).map_err(wrong)?,
    }
    out.flush()
}

fn told(folder: &Path, Size { entries, bytes }: Size) -> String {
    let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    format!("{}: {entries}, {} MiB", folder.display(), bytes.div_ceil(1 << 20))
}

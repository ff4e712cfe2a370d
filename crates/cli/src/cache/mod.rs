//! Results that are kept: what was searched to its end is not searched again, as long as nothing that
//! it depends on has changed.
//!
//! A result is known by its key ([`key`]): the engine ([`version`]), the sources that the code of the
//! scenario can depend on ([`texts`]), what the variant is made of, and everything about the scenario that is no code.
//! Bounds are no part of it: a search that came to its end would have under wider ones too, and one
//! that was cut is not kept. Of a kept result, bytes and seconds are those of the search then.
//!
//! Where in doubt (no origin, a file that can't be read as it was written) there is no kept
//! result, and a search is as good.

mod key;
mod store;
mod texts;
mod version;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use blake3::Hash;
use scenario::{Coverage, Origin, Outcome, Scenario};
use serde::{Deserialize, Serialize};

use crate::arguments::CacheChoice;
use crate::error::Error;
pub use store::Size;
use store::Store;
pub use texts::Texts;

/// How much a cache may take: the results of everything are about a tenth of it.
const BYTES_MAX: u64 = 1 << 30;

/// Where results are kept, if no argument says so.
const VARIABLE: &str = "SHORTCOPY_CACHE";

/// Results that are kept in a folder.
#[derive(Debug)]
pub struct Cache {
    store: Store,
    engine: Hash,
    texts: Texts,
    /// The digest for each start.
    digests: Mutex<HashMap<Vec<&'static str>, Option<Hash>>>,
    complained: AtomicBool,
}

/// How a result was known again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Nothing that it can depend on has changed.
    Text,
}

impl Kept {
    /// As results name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kept::Text => "text",
        }
    }
}

/// What is stored.
#[derive(Serialize, Deserialize)]
struct Entry {
    outcome: Outcome,
}

/// The key of a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(Hash);

impl Cache {
    /// The cache in `folder`, which is made if need be, of results on the models that are compiled in.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn open(folder: &Path) -> io::Result<Cache> {
        Cache::of(folder, BYTES_MAX, version::engine(), Texts::new("models", models::SOURCES))
    }

    /// As [`Cache::open`], by another engine or of other models, in at most `bytes_max`.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn of(folder: &Path, bytes_max: u64, engine: Hash, texts: Texts) -> io::Result<Cache> {
        Ok(Cache {
            store: Store::open(folder, bytes_max)?,
            engine,
            texts,
            digests: Mutex::default(),
            complained: AtomicBool::new(false),
        })
    }

    /// The user's folder for it.
    #[must_use]
    pub fn users() -> Option<PathBuf> {
        Some(directories::ProjectDirs::from("", "", "shortcopy")?.cache_dir().to_owned())
    }

    /// How much lies in a folder.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn size(folder: &Path) -> io::Result<Size> {
        store::size(folder)
    }

    /// Empties a folder.
    ///
    /// # Errors
    /// If it is none of ours, or can't be emptied.
    pub fn clear(folder: &Path) -> io::Result<()> {
        store::clear(folder)
    }

    /// The key of a scenario of a variant that is made of `origin`; none if it can't be told what it depends on.
    #[must_use]
    pub fn key(&self, origin: Option<&Origin>, scenario: &Scenario) -> Option<Key> {
        let origin = origin?;
        let digest = {
            let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
            *digests.entry(origin.code.clone()).or_insert_with(|| self.texts.digest(&origin.code))
        };
        Some(Key(key::by_text(self.engine, digest?, origin, scenario)))
    }

    /// The result that is kept under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<(Outcome, Kept)> {
        let Entry { outcome } = serde_json::from_slice(&self.store.get(&key.0)?).ok()?;
        is_whole(&outcome).then_some((outcome, Kept::Text))
    }

    /// Keeps a result, if it is one of a search that came to its end. What keeps it from that is told once.
    pub fn put(&self, key: &Key, outcome: &Outcome) {
        if !is_whole(outcome) {
            return;
        }
        let entry = Entry { outcome: outcome.clone() };
        let kept = serde_json::to_vec(&entry).map_err(io::Error::from);
        if let Err(why) = kept.and_then(|body| self.store.put(&key.0, &body))
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            anstream::eprintln!("shortcopy: results are not kept: {why}");
        }
    }
}

/// Where results are kept; nowhere where the user wants none, or has no folder for them.
pub(crate) fn folder(choice: &CacheChoice) -> Option<PathBuf> {
    let named = || std::env::var_os(VARIABLE).map(PathBuf::from);
    match choice {
        CacheChoice { no_cache: true, .. } => None,
        CacheChoice { cache: Some(given), .. } => Some(given.clone()),
        // Set to nothing it means none.
        _ => named().map_or_else(Cache::users, |folder| (!folder.as_os_str().is_empty()).then_some(folder)),
    }
}

/// The cache that is meant. One that nobody has named and that can't be made is none, which is told.
///
/// # Errors
/// If one is named that can't be made.
pub fn chosen(choice: &CacheChoice) -> Result<Option<Cache>, Error> {
    let Some(folder) = folder(choice) else { return Ok(None) };
    match Cache::open(&folder) {
        Ok(cache) => Ok(Some(cache)),
        Err(why) if choice.cache.is_some() => Err(Error::File { path: folder, why }),
        Err(why) => {
            anstream::eprintln!("shortcopy: results are not kept: {}: {why}", folder.display());
            Ok(None)
        }
    }
}

/// Whether everything was looked at, and told.
fn is_whole(outcome: &Outcome) -> bool {
    outcome.coverage == Coverage::Exhausted && outcome.remark.is_empty()
}

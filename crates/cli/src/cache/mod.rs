//! Results that are kept: what was searched to its end is not searched again, as long as nothing that
//! it depends on has changed.
//!
//! Either by text: a result is known by its key (`key`): the engine (`version`), the sources that the code of the
//! scenario can depend on (`texts`), what the variant is made of, and everything about the scenario that is no code.
//!
//! Or by what its search asked of the models: where the key is a new one (after an edit, or for another
//! variant), the results of scenarios that have everything in common but the models are looked through, and the
//! models are asked what those were asked ([`checker::explicit::Trace`]). If they answer the same,
//! the result is the same, told with the new places in the source. So in one run, too, scenarios that are the
//! same are searched once.
//!
//! Bounds are no part of a key: a search that came to its end would have under wider ones too, and one
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
use std::sync::{Arc, Mutex, PoisonError};

use blake3::Hash;
use checker::explicit::{self, Prepared, Trace};
use scenario::{Coverage, Origin, Outcome, Scenario};

use crate::arguments::CacheChoice;
use crate::error::Error;
pub use store::Size;
use store::Store;
pub use texts::Texts;

/// How much a cache may take: the results of everything are about a tenth of it.
const BYTES_MAX: u64 = 1 << 30;

/// So many searches are remembered of those that have everything in common but the models.
const LIKE_MAX: usize = 16;

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
    /// Lists of traces are read, added to and written by one thread at a time.
    lists: Mutex<()>,
}

/// How a result was known again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Nothing that it can depend on has changed.
    Text,
    /// The models did the same in a search of a scenario that is the same otherwise.
    Automata,
}

impl Kept {
    /// As results name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kept::Text => "text",
            Kept::Automata => "automata",
        }
    }
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
            lists: Mutex::default(),
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

    fn digest(&self, starts: &[&'static str]) -> Option<Hash> {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        *digests.entry(starts.to_vec()).or_insert_with(|| self.texts.digest(starts))
    }

    /// The key of a scenario of a variant that is made of `origin`; none if it can't be told what it depends on.
    #[must_use]
    pub fn key(&self, origin: Option<&Origin>, scenario: &Scenario) -> Option<Key> {
        let origin = origin?;
        Some(Key(key::by_text(self.engine, self.digest(&origin.code)?, origin, scenario)))
    }

    /// The result that is kept under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Outcome> {
        let outcome = postcard::from_bytes(&self.store.get(&key.0)?).ok()?;
        is_whole(&outcome).then_some(outcome)
    }

    /// Keeps a result, if it is one of a search that came to its end. What keeps it from that is told once.
    pub fn put(&self, key: &Key, outcome: &Outcome) {
        if is_whole(outcome) {
            let body = postcard::to_stdvec(outcome).map_err(io::Error::other);
            self.complain_of(body.and_then(|body| self.store.put(&key.0, &body)));
        }
    }

    fn complain_of(&self, kept: io::Result<()>) {
        if let Err(why) = kept
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            anstream::eprintln!("shortcopy: results are not kept: {why}");
        }
    }

    /// What is kept of a scenario that is like this one, or what `search` makes of it, which is then kept. What is
    /// returned is kept under `key` in any case.
    ///
    /// # Errors
    /// What `search` gives.
    pub fn search(
        &self,
        key: Option<&Key>,
        scenario: &Scenario,
        search: impl FnOnce(&Arc<Prepared>) -> Result<Outcome, explicit::Error>,
    ) -> Result<(Outcome, Option<Kept>), explicit::Error> {
        let base = self.all_but_models(scenario);
        let (outcome, kept) = match base.and_then(|base| self.like(base, scenario)) {
            Some(outcome) => (outcome, Some(Kept::Automata)),
            None => {
                let prepared = Prepared::new(scenario)?;
                let outcome = search(&prepared)?;
                if let Some(base) = base.filter(|_| is_whole(&outcome)) {
                    self.complain_of(self.put_like(base, &prepared, &outcome));
                }
                (outcome, None)
            }
        };
        if let Some(key) = key {
            self.put(key, &outcome);
        }
        Ok((outcome, kept))
    }

    fn all_but_models(&self, scenario: &Scenario) -> Option<Hash> {
        let grounds = scenario.grounds.as_ref()?;
        Some(key::but_models(self.engine, self.digest(&grounds.code)?, grounds, scenario))
    }

    /// The result of a search whose models did the same, if one is kept.
    fn like(&self, base: Hash, scenario: &Scenario) -> Option<Outcome> {
        let list = self.list(base);
        if list.is_empty() {
            return None;
        }
        // It is asked more than a search would, so a search needs another one.
        let asked = Prepared::new(scenario).ok()?;
        list.iter().find_map(|like| {
            let body = self.store.get(like)?;
            let (length, rest) = body.split_first_chunk()?;
            let (trace, outcome) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let trace = Trace::from_bytes(trace)?;
            let places = trace.is_taken_by(&asked).ok()??;
            let outcome: Outcome = postcard::from_bytes(outcome).ok()?;
            if is_whole(&outcome) { trace.moved(outcome, &places) } else { None }
        })
    }

    fn put_like(&self, base: Hash, prepared: &Prepared, outcome: &Outcome) -> io::Result<()> {
        let trace = Trace::of(prepared).to_bytes();
        let like = key::like(base, &trace);
        let length = u32::try_from(trace.len()).map_err(io::Error::other)?;
        let outcome = postcard::to_stdvec(outcome).map_err(io::Error::other)?;
        self.store.put(&like, &[&length.to_le_bytes()[..], &trace, &outcome].concat())?;
        let _one = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list(base);
        list.retain(|known| *known != like);
        list.insert(0, like);
        list.truncate(LIKE_MAX);
        self.store.put(&base, &list.iter().flat_map(|like| *like.as_bytes()).collect::<Vec<u8>>())
    }

    /// The keys of the searches that have everything in common but the models, the last one first.
    fn list(&self, base: Hash) -> Vec<Hash> {
        let list = self.store.get(&base).unwrap_or_default();
        list.as_chunks().0.iter().map(|like| Hash::from_bytes(*like)).collect()
    }
}

/// The program by what its results depend on: the engine, and all models.
pub(crate) fn program() -> String {
    digest_of_program().to_hex().to_string()
}

/// The same, as it is.
pub(crate) fn digest_of_program() -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(version::engine().as_bytes());
    for (name, source) in models::SOURCES.iter() {
        key::text(&mut hasher, name);
        key::text(&mut hasher, source);
    }
    hasher.finalize()
}

/// What a scenario asks, besides the program: all that is no code, and what its code is made of. What its models do is known by
/// what they did.
pub(crate) fn question(target: &str, origin: Option<&Origin>, scenario: &Scenario) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key("shortcopy, a question");
    key::text(&mut hasher, target);
    key::text(&mut hasher, &scenario.name);
    key::text(&mut hasher, origin.map_or("", |origin| &origin.value));
    let grounds = scenario.grounds.as_ref().map(|grounds| (grounds.value)());
    key::text(&mut hasher, &grounds.unwrap_or_default());
    key::facts(&mut hasher, scenario);
    hasher.finalize()
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

//! Where kept results lie: a folder with a file for each.
//!
//! A file is written under another name and renamed, so that others see all of it or nothing, also
//! after `kill -9`. It is not synced: what a power cut leaves of it is known by its checksum. Nobody
//! waits for anybody; two who write the same come to the same.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use blake3::{Hash, Hasher};

/// The first bytes of an entry.
const MAGIC: &[u8] = b"shortcopy result\n";
/// The folder within the folder.
const RESULTS: &str = "results";
/// What says that a folder is a cache of ours, and that a backup can leave it out (bford.info/cachedir).
const TAG: (&str, &str) = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n# Results that shortcopy keeps: `shortcopy cache clear` empties it.\n",
);
/// A file takes whole blocks, mostly of this size.
const BLOCK: u64 = 4096;
/// An entry that was used is young again, if it is older than this.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);
/// What was begun and is still not renamed after this was left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// A folder of entries that takes at most so many bytes.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    bytes_max: u64,
    /// Since the folder was last looked through.
    written: AtomicU64,
}

/// What lies in a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    /// Entries.
    pub entries: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

impl Store {
    /// The store in `folder`, which is made if need be.
    pub(super) fn open(folder: &Path, bytes_max: u64) -> io::Result<Store> {
        fs::create_dir_all(folder.join(RESULTS))?;
        let tag = folder.join(TAG.0);
        if !tag.exists() {
            fs::write(tag, TAG.1)?;
        }
        Ok(Store { folder: folder.to_owned(), bytes_max, written: AtomicU64::new(0) })
    }

    fn file(&self, key: &Hash) -> PathBuf {
        let name = key.to_hex();
        self.folder.join(RESULTS).join(&name[..2]).join(&name[2..])
    }

    /// What is kept under `key`; nothing if there is none, or what there is is not as it was written.
    pub(super) fn get(&self, key: &Hash) -> Option<Vec<u8>> {
        let path = self.file(key);
        let entry = fs::read(&path).ok()?;
        let body = MAGIC.len() + blake3::OUT_LEN;
        let sum = entry.strip_prefix(MAGIC)?.get(..blake3::OUT_LEN)?;
        let packed = entry.get(body..)?;
        if checksum(key, packed).as_bytes() != sum {
            return None;
        }
        let old = |file: &File| file.metadata()?.modified()?.elapsed().map_err(io::Error::other);
        if let Ok(file) = File::options().append(true).open(&path)
            && old(&file).is_ok_and(|age| age > YOUNG)
        {
            let _ = file.set_modified(SystemTime::now()); // it would only go earlier
        }
        lz4_flex::decompress_size_prepended(packed).ok()
    }

    /// Keeps `body` under `key`.
    pub(super) fn put(&self, key: &Hash, body: &[u8]) -> io::Result<()> {
        let body = &lz4_flex::compress_prepend_size(body);
        match self.write(key, body) {
            // Somebody empties the folder.
            Err(why) if why.kind() == io::ErrorKind::NotFound => self.write(key, body)?,
            written => written?,
        }
        let bytes = (body.len() as u64).next_multiple_of(BLOCK);
        let written = self.written.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if written > self.bytes_max / 8 {
            self.tidy()?;
        }
        Ok(())
    }

    fn write(&self, key: &Hash, body: &[u8]) -> io::Result<()> {
        let path = self.file(key);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
        file.write_all(MAGIC)?;
        file.write_all(checksum(key, body).as_bytes())?;
        file.write_all(body)?;
        file.persist(&path).map_err(|why| why.error)?;
        Ok(())
    }

    /// Takes the oldest entries away if they are too many, and what was left behind.
    pub(super) fn tidy(&self) -> io::Result<()> {
        self.written.store(0, Ordering::Relaxed);
        let mut all = files(&self.folder)?;
        let is_left_behind = |found: &Found| found.temporary && found.age() > LEFT_BEHIND;
        all.iter().filter(|found| is_left_behind(found)).for_each(|found| {
            let _ = fs::remove_file(&found.path); // somebody else may have been faster
        });
        let mut bytes: u64 = all.iter().map(|found| found.bytes).sum();
        if bytes <= self.bytes_max {
            return Ok(());
        }
        all.sort_by_key(|found| found.used);
        for found in all.iter().filter(|found| !found.temporary) {
            if bytes <= self.bytes_max / 4 * 3 {
                break;
            }
            let _ = fs::remove_file(&found.path);
            bytes -= found.bytes;
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.written.load(Ordering::Relaxed) > 0 {
            let _ = self.tidy(); // the next one will
        }
    }
}

fn checksum(key: &Hash, body: &[u8]) -> Hash {
    Hasher::new().update(key.as_bytes()).update(body).finalize()
}

struct Found {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    temporary: bool,
}

impl Found {
    fn age(&self) -> Duration {
        self.used.elapsed().unwrap_or_default()
    }
}

/// Everything in a store. What goes away meanwhile is left out.
fn files(folder: &Path) -> io::Result<Vec<Found>> {
    let mut all = Vec::new();
    let shelves = match fs::read_dir(folder.join(RESULTS)) {
        Ok(shelves) => shelves,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(all),
        Err(why) => return Err(why),
    };
    for shelf in shelves.flatten() {
        for entry in fs::read_dir(shelf.path()).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            all.push(Found {
                path: entry.path(),
                bytes: metadata.len().next_multiple_of(BLOCK),
                used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                temporary: entry.file_name().as_encoded_bytes().starts_with(b"."),
            });
        }
    }
    Ok(all)
}

/// How much lies in a folder.
pub(super) fn size(folder: &Path) -> io::Result<Size> {
    let all = files(folder)?;
    let entries = all.iter().filter(|found| !found.temporary).count() as u64;
    Ok(Size { entries, bytes: all.iter().map(|found| found.bytes).sum() })
}

/// Empties a folder; one that does not say that it is a cache of ours is left as it is.
pub(super) fn clear(folder: &Path) -> io::Result<()> {
    match fs::read_to_string(folder.join(TAG.0)) {
        Ok(tag) if tag == TAG.1 => {}
        Err(why) if why.kind() == io::ErrorKind::NotFound && !folder.exists() => return Ok(()),
        _ => {
            return Err(io::Error::other(format!(
                "no `{}` of shortcopy is in it, so it is left as it is",
                TAG.0
            )));
        }
    }
    match fs::remove_dir_all(folder.join(RESULTS)) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

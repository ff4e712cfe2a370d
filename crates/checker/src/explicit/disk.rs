//! What lies on a disk because there is no room for it in memory.
//!
//! Most states that a breadth-first search comes to again it met in the last levels (Stern, Dill, "Using magnetic disk instead of main
//! memory in the Murphi verifier", CAV 1998, gain by the same): older ones are seldom read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A folder for files that have no name: they are gone once they are closed, however that comes.
pub(crate) struct Disk {
    folder: PathBuf,
    unwritable: OnceLock<String>,
    unreadable: OnceLock<String>,
}

impl Disk {
    pub(crate) fn new(folder: &Path) -> Disk {
        let (unwritable, unreadable) = Default::default();
        Disk { folder: folder.to_owned(), unwritable, unreadable }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty file; none where nothing can be written any more.
    pub(crate) fn file(&self) -> Option<File> {
        self.unwritable.get().is_none().then(|| self.noted(tempfile::tempfile_in(&self.folder))).flatten()
    }

    /// Writes there, if anything can be written still; whether it was.
    pub(crate) fn write(&self, file: &File, at: usize, bytes: &[u8]) -> bool {
        self.unwritable.get().is_none() && self.noted(file.write_all_at(bytes, at as u64)).is_some()
    }

    /// Reads what was written there. Where that fails it is [noted](Disk::unreadable), and nothing that follows may be told.
    pub(crate) fn read(&self, file: &File, at: usize, into: &mut [u8]) {
        if let Err(why) = file.read_exact_at(into, at as u64) {
            into.fill(0);
            self.unreadable.get_or_init(|| why.to_string());
        }
    }

    /// Notes that what was read is not what was written there: a disk can lose what the kernel took for written, and no read fails.
    pub(crate) fn refuse(&self) {
        self.unreadable.get_or_init(|| "what is read is not what was written".to_owned());
    }

    fn noted<T>(&self, done: io::Result<T>) -> Option<T> {
        done.map_err(|why| self.unwritable.get_or_init(|| why.to_string())).ok()
    }

    /// Why nothing was written any more, from some time on.
    pub(crate) fn unwritable(&self) -> Option<&str> {
        self.unwritable.get().map(String::as_str)
    }

    /// Why something that was written could not be read.
    pub(crate) fn unreadable(&self) -> Option<&str> {
        self.unreadable.get().map(String::as_str)
    }
}

//! Where texts come from: a folder, and what patches make of it in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::{BYTES_MAX, FileChange, Name, Patch, PatchError, ReadError};

/// A tree of texts, by their paths in it.
pub trait Sources {
    /// The bytes of a file; nothing if there is none.
    ///
    /// # Errors
    /// If it is there and can't be read, or its path leads out of the tree.
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError>;
}

impl<S: Sources + ?Sized> Sources for &S {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        (**self).read(file)
    }
}

impl<S: Sources + ?Sized> Sources for Arc<S> {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        (**self).read(file)
    }
}

/// A folder. It is only ever read.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn open(root: &Path) -> io::Result<Folder> {
        let root = root.canonicalize()?;
        if root.is_dir() { Ok(Folder { root }) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }
}

impl Sources for Folder {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let name: Name = file.into();
        let unreadable = |why: io::Error| ReadError::Unreadable { file: name.clone(), why: why.to_string() };
        if file.is_empty() || !Path::new(file).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(ReadError::Outside { file: name });
        }
        let path = match self.root.join(file).canonicalize() {
            Ok(path) => path,
            Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(why) => return Err(unreadable(why)),
        };
        if !path.starts_with(&self.root) {
            return Err(ReadError::Outside { file: name });
        }
        let about = fs::metadata(&path).map_err(unreadable)?;
        // A pipe would be waited for.
        if !about.is_file() {
            return Err(ReadError::Unreadable { file: name, why: "not a plain file".into() });
        }
        let (bytes, bytes_max) = (about.len(), BYTES_MAX);
        if bytes > bytes_max {
            return Err(ReadError::TooLong { file: name, bytes, bytes_max });
        }
        let mut text = Vec::new();
        // It may have grown since.
        let mut reader = fs::File::open(&path).map_err(unreadable)?.take(bytes_max + 1);
        reader.read_to_end(&mut text).map_err(unreadable)?;
        Ok(Some(text))
    }
}

/// A tree with changes that are in memory only.
#[derive(Clone, Debug)]
pub struct Overlay<S> {
    under: S,
    files: BTreeMap<Name, Option<Arc<str>>>,
}

impl<S: Sources> Overlay<S> {
    /// The tree as it is.
    #[must_use]
    pub fn new(under: S) -> Overlay<S> {
        Overlay { under, files: BTreeMap::new() }
    }

    /// Gives a file another text, or takes it away.
    pub fn set(&mut self, file: &str, text: Option<&str>) {
        self.files.insert(file.into(), text.map(Into::into));
    }

    /// Applies a patch to the tree as it is by now. Where it does not apply, nothing is changed.
    ///
    /// # Errors
    /// If a file or hunk does not apply.
    pub fn apply(&mut self, patch: &Patch) -> Result<Vec<FileChange>, PatchError> {
        let mut patched = Overlay { under: &*self, files: BTreeMap::new() };
        let mut changes = Vec::new();
        for part in patch.parts() {
            let change = part.apply(&patched)?;
            if let Some(from) = &change.from {
                patched.files.insert(from.clone(), None);
            }
            patched.files.insert(change.file.clone(), change.after.clone());
            changes.push(change);
        }
        let files = patched.files;
        self.files.extend(files);
        Ok(changes)
    }
}

impl<S: Sources> Sources for Overlay<S> {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match self.files.get(file) {
            Some(text) => Ok(text.as_ref().map(|text| text.as_bytes().to_vec())),
            None => self.under.read(file),
        }
    }
}

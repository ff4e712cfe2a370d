//! A kernel tree: a folder, or a folder as it is in a revision of its git repository.
//!
//! Nothing of a tree is ever written to or executed, and neither its work tree nor its index matters to a
//! revision. Links are followed inside the tree and nowhere else.
//!
//! A revision is read by the user's own `git cat-file --batch`: it knows every form that a repository can have, costs
//! no dependency, and trusts and finds what the user's own commands do. It is told not to fetch what a partial clone
//! lacks, and no command is used that would run hooks, filters or monitors.
//!
//! ```no_run
//! use c_text::Sources as _;
//!
//! let tree = tree::open("linux@v6.12~3")?;
//! println!("{tree}, {}: {} files", tree.release(), tree.files("fs")?.len());
//! let text = tree.read("mm/filemap.c")?.expect("every kernel has it");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod folder;
mod release;
mod revision;
pub mod survey;
#[doc(hidden)]
pub mod testing;

use std::fmt;
use std::path::{Path, PathBuf};

use c_text::{Folder, ReadError, Sources};

pub use error::Error;
pub use release::Release;
use revision::Revision;

/// More files than this are not listed; a kernel that was built has about 200,000.
pub const FILES_MAX: usize = 500_000;

/// A kernel tree that can be read.
#[derive(Debug)]
pub struct Tree {
    name: String,
    root: PathBuf,
    release: Release,
    at: At,
}

#[derive(Debug)]
enum At {
    Folder(Folder),
    Revision(Box<Revision>),
}

/// Opens `FOLDER` or `FOLDER@REVISION`, where the revision is anything that git takes for a commit: a tag, a branch, a hash,
/// `HEAD~3`. What exists as a folder is that folder, whatever is in its name. A branch that moves later on does not move
/// the tree.
///
/// # Errors
/// If there is no such folder, repository or revision, or if what is there is no kernel tree.
pub fn open(name: &str) -> Result<Tree, Error> {
    let (root, revision) = folder::and_revision(name)?;
    let at = match revision {
        None if folder::is_bare(root) => return Err(Error::Bare { folder: root.into() }),
        None => {
            let why = |why: std::io::Error| Error::Folder { folder: root.into(), why: why.to_string() };
            At::Folder(Folder::open(root).map_err(why)?)
        }
        Some(revision) => At::Revision(Box::new(Revision::open(name, root, revision)?)),
    };
    let sources: &dyn Sources = match &at {
        At::Folder(folder) => folder,
        At::Revision(revision) => &**revision,
    };
    let release = Release::of(name, sources)?;
    Ok(Tree { name: name.to_owned(), root: root.to_owned(), release, at })
}

impl Tree {
    /// Which kernel it is, as the `Makefile` at its top says.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// What it was asked for as.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that was named. Of a revision, its files are not the tree's.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit's hash, in full, if it is a revision.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        match &self.at {
            At::Folder(_) => None,
            At::Revision(revision) => Some(revision.commit()),
        }
    }

    /// The plain files below the folder `under`, or below the top if that is empty: their paths in the tree, sorted.
    /// Links are neither listed nor followed. Nothing where there is no such folder.
    ///
    /// # Errors
    /// If a folder can't be read, a name is not UTF-8, `under` is no path inside a tree, or there are more than
    /// [`FILES_MAX`].
    pub fn files(&self, under: &str) -> Result<Vec<String>, Error> {
        if !under.is_empty() && !folder::is_inside(under) {
            let why = ReadError::Outside { file: under.into() };
            return Err(Error::Read { tree: self.name.clone(), why });
        }
        match &self.at {
            At::Folder(_) => folder::files(&self.name, &self.root, under),
            At::Revision(revision) => revision.files(under),
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Sources for Tree {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match &self.at {
            At::Folder(folder) => folder.read(file),
            At::Revision(revision) => revision.read(file),
        }
    }
}

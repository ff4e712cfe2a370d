//! Why there is no tree to read.

use std::path::PathBuf;

use c_text::ReadError;

use crate::FILES_MAX;

/// Why a tree can't be opened or listed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The folder is not there, is none, or may not be read.
    #[error("{}: {why}; a tree is FOLDER, or FOLDER@REVISION of a git repository", folder.display())]
    Folder {
        /// The folder, as it was named.
        folder: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A revision is asked for, and `git` can't be run.
    #[error(
        "{tree}: a revision is read by `git`, which can't be run: {why}; install it, or name a folder without `@`"
    )]
    NoGit {
        /// The tree, as it was named.
        tree: String,
        /// What the system says.
        why: String,
    },
    /// The folder is a git repository itself, which has no files but in its revisions.
    #[error("{}: a git repository without files; name a revision of it, such as {}@HEAD", folder.display(), folder.display())]
    Bare {
        /// The folder, as it was named.
        folder: PathBuf,
    },
    /// The folder is in no git repository, or in one that git refuses.
    #[error("{}: no git repository to read {revision} from; git says: {why}", folder.display())]
    NoRepository {
        /// The folder.
        folder: PathBuf,
        /// What was asked for there.
        revision: String,
        /// What git says.
        why: String,
    },
    /// The repository has no such commit.
    #[error(
        "{}: the repository has no commit {revision:?}; `git rev-parse REVISION` should print one", folder.display()
    )]
    NoRevision {
        /// The folder.
        folder: PathBuf,
        /// What was asked for.
        revision: String,
    },
    /// The folder is not in the commit, or is something else there.
    #[error("{tree}: commit {commit} has no folder {path:?}")]
    NotInRevision {
        /// The tree, as it was named.
        tree: String,
        /// The commit.
        commit: String,
        /// The folder's path in the repository.
        path: String,
    },
    /// It is the tree of something else, or of nothing.
    #[error("{tree}: no kernel tree: {why}; name the top folder of the kernel's source")]
    NotKernel {
        /// The tree, as it was named.
        tree: String,
        /// What is missing, where.
        why: String,
    },
    /// The files below a folder can't be listed.
    #[error("{tree}: {folder}: {why}")]
    Listing {
        /// The tree, as it was named.
        tree: String,
        /// The folder in it.
        folder: String,
        /// What is wrong with it.
        why: String,
    },
    /// There are too many files.
    #[error("{tree}: {folder}: more than {FILES_MAX} files; is this a kernel's source?")]
    TooMany {
        /// The tree, as it was named.
        tree: String,
        /// The folder in it.
        folder: String,
    },
    /// A file can't be read.
    #[error("{tree}: {why}")]
    Read {
        /// The tree, as it was named.
        tree: String,
        /// The file, and what is wrong with it.
        why: ReadError,
    },
}

//! A tree's name, and the files of a folder.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path};

use c_text::ReadError;

use crate::{Error, FILES_MAX};

/// The folder and the revision that a tree's name asks for: what exists as a folder is one, and a revision begins at the last `@`
/// that leaves a folder before it.
pub(crate) fn and_revision(name: &str) -> Result<(&Path, Option<&str>), Error> {
    if Path::new(name).is_dir() {
        return Ok((Path::new(name), None));
    }
    let mut folders = name.rmatch_indices('@').map(|(at, _)| (Path::new(&name[..at]), &name[at + 1..]));
    if let Some((folder, revision)) = folders.clone().find(|(folder, _)| folder.is_dir()) {
        return Ok((folder, Some(revision)));
    }
    // The folder that was most likely meant.
    let folder = folders.next_back().map_or(Path::new(name), |(folder, _)| folder);
    let why = match fs::metadata(folder) {
        Ok(_) => "not a folder".into(),
        Err(why) if why.kind() == io::ErrorKind::NotFound => "no such folder".into(),
        Err(why) => why.to_string(),
    };
    Err(Error::Folder { folder: folder.into(), why })
}

/// Whether a folder is a git repository itself, as `git clone --bare` makes it.
pub(crate) fn is_bare(folder: &Path) -> bool {
    let is_folder = |name: &str| folder.join(name).is_dir();
    folder.join("HEAD").is_file() && is_folder("objects") && is_folder("refs")
}

/// Whether a path stays below the folder that it is looked up in, but for links.
pub(crate) fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The plain files below `under`, by their paths below `root`.
pub(crate) fn files(tree: &str, root: &Path, under: &str) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    let under = under.trim_end_matches('/');
    let listing =
        |folder: &str, why: String| Error::Listing { tree: tree.to_owned(), folder: folder.to_owned(), why };
    let by_system = |why: io::Error| listing(under, why.to_string());
    let root = root.canonicalize().map_err(by_system)?;
    match root.join(under).canonicalize() {
        Ok(path) if !path.starts_with(&root) => {
            let why = ReadError::Outside { file: under.into() };
            return Err(Error::Read { tree: tree.to_owned(), why });
        }
        Ok(path) if path == root.join(under) && path.is_dir() => {}
        Ok(_) => return Ok(files),
        Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(files);
        }
        Err(why) => return Err(by_system(why)),
    }
    let mut folders = vec![under.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |why: io::Error| listing(&folder, why.to_string());
        for entry in fs::read_dir(root.join(&folder)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let not_text = |name: OsString| listing(&folder, format!("the name {name:?} is not UTF-8"));
            if !kind.is_file() && !kind.is_dir() {
                continue;
            }
            let name = entry.file_name().into_string().map_err(not_text)?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match kind.is_dir() {
                true if path == ".git" => {}
                true => folders.push(path),
                false => files.push(path),
            }
        }
        if files.len() + folders.len() > FILES_MAX {
            return Err(Error::TooMany { tree: tree.to_owned(), folder: under.to_owned() });
        }
    }
    files.sort_unstable();
    Ok(files)
}

//! The files that jobs share.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::program::Program;

fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T, Error> {
    result.map_err(|why| Error::File { path: path.to_owned(), why })
}

/// A path from the root on.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    at(path, std::path::absolute(path))
}

/// Makes a folder, and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    at(path, fs::create_dir_all(path))
}

/// Writes a file.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    at(path, fs::write(path, bytes))
}

/// Writes a program.
pub(crate) fn write_program(path: &Path, program: &Program) -> Result<(), Error> {
    let bytes = postcard::to_stdvec(program).map_err(|why| foreign(path, &why))?;
    write(path, bytes)
}

/// Reads a program that was written.
pub(crate) fn read_program(path: &Path) -> Result<Program, Error> {
    postcard::from_bytes(&at(path, fs::read(path))?).map_err(|why| foreign(path, &why))
}

fn foreign(path: &Path, why: &postcard::Error) -> Error {
    Error::File { path: path.to_owned(), why: std::io::Error::other(why.to_string()) }
}

//! The write paths of a tree, each with its text over the models of its release.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use c_text::{Config, File, Hints, Program, ReadError, Sources, parse};
use models::kernel::Setting;
use models::{FileSystem, family};
use scenario::{Cases, Variant, WritePath};

use crate::front_end::{Assumption, FromText, Table, Text};
use crate::paths::{FILES, PATHS, Path, TABLES};

/// A kernel's tree, of which files are read when a path asks for them, once.
pub struct Tree {
    sources: Arc<dyn Sources + Send + Sync>,
    release: Release,
    assumed: Vec<Assumption>,
    files: Mutex<HashMap<&'static str, Option<Arc<File>>>>,
}

/// Which kernel a tree is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// `VERSION` and `PATCHLEVEL` of its Makefile: they choose the models around a writer.
    pub version: (u32, u32),
    /// All of it, as `6.12.117`: the name of its variants.
    pub name: String,
}

/// A path of a tree.
pub struct TreePath {
    /// The path, with one variant: the release.
    pub path: WritePath,
    /// Its text.
    pub text: Arc<Text>,
}

/// Why a path of a tree can't be run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TreeError {
    /// A file can't be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// The models around its writer begin later.
    #[error("{path}: there is no model of what is around the writer for v{}.{} (in models/tables/paths.rs)", version.0, version.1)]
    NoBase {
        /// The path.
        path: &'static str,
        /// The version.
        version: (u32, u32),
    },
}

impl Tree {
    /// A tree. `assumed` is what somebody assumes for a try, beside the tables.
    #[must_use]
    pub fn new(sources: Arc<dyn Sources + Send + Sync>, release: Release, assumed: Vec<Assumption>) -> Tree {
        Tree { sources, release, assumed, files: Mutex::default() }
    }

    /// Which kernel it is.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Its paths among those that `wanted` takes by name, in a stable order.
    ///
    /// # Errors
    /// If a file can't be read, or the release has no models for it.
    pub fn paths(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<TreePath>, TreeError> {
        let mut paths = Vec::new();
        for path in PATHS.iter().filter(|path| wanted(path.name)) {
            paths.extend(self.path(path)?);
        }
        Ok(paths)
    }

    /// One of the tables' paths; nothing if the tree does not have it.
    ///
    /// # Errors
    /// As [`Tree::paths`].
    pub fn path(&self, path: &'static Path) -> Result<Option<TreePath>, TreeError> {
        if !path.releases.has(self.release.version) {
            return Ok(None);
        }
        let Some(text) = self.text(path)? else { return Ok(None) };
        let no_base = || TreeError::NoBase { path: path.name, version: self.release.version };
        let (base, setting) = path.base(self.release.version).ok_or_else(no_base)?;
        let Some((fs, around)) = over(&text, path, base) else { return Ok(None) };
        let variant = Variant {
            name: self.release.name.clone(),
            sentence: format!("the tree's own text, and around it {around}"),
            // Its text is no source of the program.
            origin: None,
            cases: cases(fs, setting),
        };
        let path = WritePath {
            name: path.name.to_owned(),
            sentence: path.sentence.to_owned(),
            leaves_out: path.leaves_out.to_owned(),
            variants: vec![variant],
        };
        Ok(Some(TreePath { path, text }))
    }

    /// The text of a path; nothing if the tree has no such file.
    fn text(&self, path: &Path) -> Result<Option<Arc<Text>>, TreeError> {
        let mut program = Program::new(config(), Hints::default());
        for (number, name) in path.files.iter().chain(FILES).enumerate() {
            match self.file(name)? {
                Some(file) => program.add(file),
                None if number == 0 => return Ok(None),
                None => {}
            }
        }
        let tables: Vec<&Table> = TABLES.iter().chain(path.tables).copied().collect();
        Ok(Some(Arc::new(Text::new(Arc::new(program), &tables, &self.assumed))))
    }

    fn file(&self, name: &'static str) -> Result<Option<Arc<File>>, TreeError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(name) {
            return Ok(known.clone());
        }
        let file = match self.sources.read(name)? {
            Some(bytes) => Some(Arc::new(parse(name, &bytes, &config(), &Hints::default())?)),
            None => None,
        };
        files.insert(name, file.clone());
        Ok(file)
    }
}

/// The file system, and what is around its writer; nothing if the text does not define its operations.
fn over(text: &Arc<Text>, path: &Path, base: Arc<dyn FileSystem>) -> Option<(Arc<dyn FileSystem>, String)> {
    let around = format!("{base:?}");
    let fs = FromText::new(text.clone(), path.entries, base).ok()?;
    Some((Arc::new(fs), around))
}

fn cases(fs: Arc<dyn FileSystem>, setting: Setting) -> Cases {
    Cases::new(move || family::cases(&fs, setting, false))
}

/// How the kernel is configured.
fn config() -> Config {
    let on = "__GNUC__ __KERNEL__ CONFIG_64BIT CONFIG_BLOCK CONFIG_MMU CONFIG_PREEMPT_COUNT CONFIG_SHMEM CONFIG_SMP CONFIG_TMPFS";
    let known = Config::new().number("BITS_PER_LONG", 64).number("__BITS_PER_LONG", 64);
    on.split_whitespace().fold(known, |config, name| config.on(name))
}

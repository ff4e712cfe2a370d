//! The write paths of a tree, each with its text over the models of its release.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::tree::Release;
use c_text::{
    Ambiguous, Config, Designator, ExprKind, File, Hints, ItemKind, Program, ReadError, Sources, parse,
};
use models::family;
use models::generic::block::{Ext2, Failed};
use models::generic::buffer::Writepage;
use models::kernel::Setting;
use scenario::{Case, Cases, Scenario, Variant, WritePath};

use crate::front_end::{Assumption, Entries, FromText, Table, Text};
use crate::path::{Path, Releases};
use crate::paths::{FILES, PATHS, TABLES};

/// A kernel's tree, of which files are read when a path asks for them, once.
pub struct Tree {
    sources: Arc<dyn Sources + Send + Sync>,
    release: Release,
    assumed: Vec<Assumption>,
    files: Mutex<HashMap<&'static str, Option<Arc<File>>>>,
}

/// A path of a tree.
pub struct TreePath {
    /// The path, with one variant: the release.
    pub path: WritePath,
    /// Its text.
    pub text: Arc<Text>,
    /// What of it is run.
    pub entries: Entries,
    /// The same scenarios with the writer of the model that it stands over.
    pub base: Cases,
}

/// Why a tree does not have a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Absent {
    /// The tables are for other releases.
    #[error("the tables have it for {0}")]
    Release(Releases),
    /// The file that it stands in is not there.
    #[error("there is no {0}")]
    File(&'static str),
    /// Its operations are not there.
    #[error("its files have no `{0}`")]
    Operations(&'static str),
}

/// Why a path of a tree can't be run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TreeError {
    /// A file can't be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// C would refuse it.
    #[error("the function {0}")]
    Twice(#[from] Ambiguous),
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
    pub fn new(release: Release, sources: Arc<dyn Sources + Send + Sync>, assumed: Vec<Assumption>) -> Tree {
        Tree { sources, release, assumed, files: Mutex::default() }
    }

    /// Which kernel it is.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Files of the tree with the tables of everybody, as a file system begins that has no path yet; files that can't
    /// be read are left out, and what they define is not known.
    #[must_use]
    pub fn bare(&self, files: &[String]) -> Text {
        let mut program = Program::new(config(), Hints::default());
        for name in FILES {
            if let Ok(Some(file)) = self.file(name) {
                program.add(file);
            }
        }
        for name in files {
            if program.file(name).is_none() {
                let _ = program.read(&*self.sources, name);
            }
        }
        Text::new(Arc::new(program), TABLES, &[])
    }

    fn version(&self) -> (u32, u32) {
        (self.release.version, self.release.patchlevel)
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
        Ok(self.find(path)?.ok())
    }

    /// Why the tree does not have one of the tables' paths; nothing if it does.
    ///
    /// # Errors
    /// As [`Tree::paths`].
    pub fn absent(&self, path: &'static Path) -> Result<Option<Absent>, TreeError> {
        Ok(self.find(path)?.err())
    }

    fn find(&self, path: &'static Path) -> Result<Result<TreePath, Absent>, TreeError> {
        if !path.releases.has(self.version()) {
            return Ok(Err(Absent::Release(path.releases)));
        }
        let text = match self.text(path)? {
            Ok(text) => text,
            Err(file) => return Ok(Err(Absent::File(file))),
        };
        let no_base = || TreeError::NoBase { path: path.name, version: self.version() };
        let (variant, mut base, setting) = path.base(self.version()).ok_or_else(no_base)?;
        let mut around = format!("{}@{variant}", path.base);
        let entries = path.entries;
        // Before v5.14 the model writes them so in any case.
        let is_ext2 = path.base == "generic/block" && self.version() >= (5, 14);
        if is_ext2 && writes_single_pages(text.program(), entries.operations) {
            base = Arc::new(Ext2 { failed: Failed::V4_2, writepage: Writepage::V5_10 });
            around += ", whose pages are written one by one";
        }
        let fs = match FromText::new(text.clone(), entries, base.clone()) {
            Ok(fs) => fs,
            Err(name) => return Ok(Err(Absent::Operations(name))),
        };
        let variant = Variant {
            name: self.release.to_string(),
            sentence: format!("the tree's own text, and around it {around}"),
            // Its text is no source of the program.
            origin: None,
            stands: None,
            cases: cases_of(fs, setting),
        };
        let path = WritePath {
            name: path.name.to_owned(),
            sentence: path.sentence.to_owned(),
            leaves_out: path.leaves_out.to_owned(),
            variants: vec![variant],
        };
        Ok(Ok(TreePath {
            path,
            text,
            entries,
            base: Cases::new(move || family::cases(&base, setting, false)),
        }))
    }

    /// The text of a path, or the file without which there is none.
    fn text(&self, path: &Path) -> Result<Result<Arc<Text>, &'static str>, TreeError> {
        let mut program = Program::new(config(), Hints::default());
        for (number, name) in path.files.iter().chain(FILES).enumerate() {
            match self.file(name)? {
                Some(file) => program.add(file),
                None if number == 0 => return Ok(Err(name)),
                None => {}
            }
        }
        if let Some(twice) = program.defined_twice() {
            return Err(twice.into());
        }
        let tables: Vec<&Table> = TABLES.iter().chain(path.tables).copied().collect();
        Ok(Ok(Arc::new(Text::new(Arc::new(program), &tables, &self.assumed))))
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

/// Whether operations have a `writepage` and no `writepages`: pages are written back by the former, which is
/// `block_write_full_page` with all that have buffers, and not by `mpage_writepages`.
fn writes_single_pages(program: &Program, operations: &str) -> bool {
    let items = program.files().iter().flat_map(|file| &file.items);
    let entries = items.filter_map(|item| match &item.kind {
        ItemKind::Variable(of) if &*of.name == operations => match &of.initial.as_ref()?.kind {
            ExprKind::List(entries) => Some(entries),
            _ => None,
        },
        _ => None,
    });
    let members: Vec<&str> = entries
        .flatten()
        .filter_map(|entry| match &entry.to[..] {
            [Designator::Member(name)] => Some(&**name),
            _ => None,
        })
        .collect();
    members.contains(&"writepage") && !members.contains(&"writepages")
}

/// The scenarios of a file system of a text. Each that is built has one of its own, which knows what was assumed.
fn cases_of(fs: FromText, setting: Setting) -> Cases {
    let fs = Arc::new(fs);
    Cases::new(move || {
        let own = family::open_cases(fs.as_ref(), setting, false).into_iter().map(|open| {
            let all = fs.clone();
            let build = move || {
                let fs = Arc::new(all.fresh());
                let scenario = (open.build)(fs.clone());
                let assumed = move || {
                    let used = fs.used().assumptions.into_iter();
                    used.map(|(of, table)| scenario::Assumption {
                        name: format!("{}()", of.name),
                        value: of.value.to_string(),
                        reason: of.reason.to_owned(),
                        table: table.to_owned(),
                    })
                    .collect()
                };
                Scenario { assumptions: Some(Arc::new(assumed)), ..scenario }
            };
            Case { name: open.name, tier: open.tier, build: Arc::new(build) }
        });
        own.collect()
    })
}

/// How the kernel is configured.
fn config() -> Config {
    let on = "__GNUC__ __KERNEL__ CONFIG_64BIT CONFIG_BLOCK CONFIG_MMU CONFIG_PREEMPT_COUNT CONFIG_SHMEM CONFIG_SMP CONFIG_TMPFS";
    let known = Config::new().number("BITS_PER_LONG", 64).number("__BITS_PER_LONG", 64);
    on.split_whitespace().fold(known, |config, name| config.on(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_writepage_alone_writes_pages_one_by_one() {
        let of = |members: &str| {
            let text = format!("const struct address_space_operations a = {{ {members} }};\n");
            let file = parse("a.c", text.as_bytes(), &config(), &Hints::default()).expect("C");
            let mut program = Program::new(config(), Hints::default());
            program.add(file);
            ["a", "b"].map(|name| writes_single_pages(&program, name))
        };
        assert_eq!(of(".writepage = f, .write_begin = g"), [true, false]);
        assert_eq!(of(".writepages = f, .writepage = g"), [false, false]);
        assert_eq!(of(".write_begin = f"), [false, false]);
    }
}

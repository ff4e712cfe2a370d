//! A kernel tree as a catalogue: the write paths that its own text is run for.

use std::fmt;
use std::sync::Arc;

use c_text::Sources;
use scenario::WritePath;
use tables::{Assumption, PATHS, Tree, TreePath};

use crate::arguments::TreeChoice;
use crate::error::Error;
use crate::target::is_in;

/// A kernel's tree, or what patches make of it.
pub(crate) struct Kernel {
    /// What it was asked for as.
    pub(crate) name: String,
    /// The paths, with their texts.
    pub(crate) paths: Vec<TreePath>,
    /// The same as a catalogue.
    pub(crate) catalog: Vec<WritePath>,
    /// The tree itself, if nothing was made of it.
    pub(crate) tree: Option<Arc<tree::Tree>>,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Kernel {
    /// The tree that is chosen, with the paths that targets are about.
    ///
    /// # Errors
    /// If it is no kernel's tree, a file of it can't be read, there are no models for its release, or an assumption
    /// is none.
    pub(crate) fn open(choice: &TreeChoice, targets: &[&str]) -> Result<Kernel, Error> {
        let name = choice.tree.as_deref().unwrap_or_default();
        let tree = Arc::new(open(name)?);
        let kernel = Kernel::of(name, tree.release().clone(), tree.clone(), &choice.assume, targets)?;
        Ok(Kernel { tree: Some(tree), ..kernel })
    }

    /// The tree by its commit, if it is a revision: a branch may move meanwhile.
    pub(crate) fn pinned(&self) -> Option<String> {
        let tree = self.tree.as_ref()?;
        Some(format!("{}@{}", tree.root().display(), tree.commit()?))
    }

    /// A tree of these sources.
    ///
    /// # Errors
    /// As [`Kernel::open`].
    pub(crate) fn of(
        name: &str,
        release: tree::Release,
        sources: Arc<dyn Sources + Send + Sync>,
        assumed: &[String],
        targets: &[&str],
    ) -> Result<Kernel, Error> {
        if let Some(folder) = targets.iter().find_map(|target| strange(target, &sources)) {
            let how = format!("`shortcopy survey --tree {name}` tells who has none, and what is missing");
            let why = format!("no write path of fs/{folder} is known; {how}");
            return Err(Error::Tree { tree: name.to_owned(), why });
        }
        let assumed: Vec<Assumption> = assumed.iter().map(|of| assumption(of)).collect::<Result<_, _>>()?;
        let tree = Tree::new(release, sources, assumed);
        let is_meant = |path: &str| targets.is_empty() || targets.iter().any(|target| means(target, path));
        // What no target names is told with the names that there are.
        let none = targets.iter().any(|target| !PATHS.iter().any(|path| means(target, path.name)));
        let paths = tree.paths(&|path| none || is_meant(path));
        let paths = paths.map_err(|why| Error::Tree { tree: name.to_owned(), why: why.to_string() })?;
        let catalog = paths.iter().map(|of| of.path.clone()).collect::<Vec<WritePath>>();
        if catalog.is_empty() {
            let why = match targets {
                [] => "it has none of the write paths that are known".to_owned(),
                _ => absent(&tree, &is_meant),
            };
            let why = format!("{why} (models/tables/paths.rs)");
            return Err(Error::Tree { tree: name.to_owned(), why });
        }
        Ok(Kernel { name: name.to_owned(), paths, catalog, tree: None })
    }

    /// A line of its text, without what is around it; none where it has no such line.
    pub(crate) fn line(&self, file: &str, line: u32) -> Option<&str> {
        let file = self.paths.iter().find_map(|of| of.text.program().file(file));
        file?.line(line).map(str::trim).filter(|text| !text.is_empty())
    }
}

/// Why a tree has none of the paths that are meant.
fn absent(tree: &Tree, is_meant: &dyn Fn(&str) -> bool) -> String {
    let meant = PATHS.iter().filter(|path| is_meant(path.name));
    let why = meant.filter_map(|path| Some(format!("no {}: {}", path.name, tree.absent(path).ok()??)));
    why.collect::<Vec<_>>().join("; ")
}

/// Opens a tree.
///
/// # Errors
/// If it is no kernel's tree.
pub(crate) fn open(name: &str) -> Result<tree::Tree, Error> {
    tree::open(name).map_err(|why| Error::Usage(why.to_string()))
}

/// Whether a target, of any form, is about a path.
fn means(target: &str, path: &str) -> bool {
    let end = target.find(['@', ':', '#']).unwrap_or(target.len());
    is_in(target[..end].trim_end_matches('/'), path)
}

/// The file system that a target names, if a tree has it and no path is of it.
fn strange<'t>(target: &'t str, sources: &dyn Sources) -> Option<&'t str> {
    let folder = target.split(['/', '@', ':', '#']).next().filter(|folder| !folder.is_empty())?;
    let is_known = PATHS.iter().any(|path| is_in(folder, path.name));
    let there = || sources.read(&format!("fs/{folder}/Makefile")).is_ok_and(|text| text.is_some());
    (!is_known && there()).then_some(folder)
}

/// `f()=0`, as the user assumes it.
fn assumption(text: &str) -> Result<Assumption, Error> {
    let wrong = || {
        let what = "is no assumption: a function and what it answers, such as `ext4_forced_shutdown()=0`";
        Error::Usage(format!("`{text}` {what}"))
    };
    let (function, value) = text.split_once('=').ok_or_else(wrong)?;
    let name = function.trim().strip_suffix("()").ok_or_else(wrong)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(wrong());
    }
    let value = value.trim().parse().map_err(|_| wrong())?;
    // As long as the program lives, which asks for few.
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    Ok(Assumption { name, value, reason: "the user says so" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assumption_is_a_function_and_a_number() {
        let read = |text: &str| assumption(text).map(|of| (of.name, of.value)).map_err(|why| why.to_string());
        assert_eq!(read("ext4_forced_shutdown()=0"), Ok(("ext4_forced_shutdown", 0)));
        assert_eq!(read("f() = -5"), Ok(("f", -5)));
        for wrong in ["", "f", "f()", "f=0", "()=0", "f(x)=0", "f()=", "f()=x", "1f()=0", "f()=9999999999"] {
            let why = read(wrong).expect_err(wrong);
            assert!(why.contains("is no assumption"), "{why}");
        }
    }

    #[test]
    fn a_target_is_about_paths() {
        for target in
            ["ext4", "ext4/", "ext4/ordered", "ext4/ordered@6.12.117", "ext4/ordered:x#1", "ext4@6.12:x"]
        {
            assert!(means(target, "ext4/ordered"), "{target}");
            assert!(!means(target, "simple/ramfs") && !means(target, "ext42/ordered"), "{target}");
        }
    }
}

//! A write path as a table of variants.

use std::str::FromStr;
use std::sync::Arc;

use scenario::{Cases, NoReleases, Origin, Release, Releases, Variant, WritePath};

use super::cases;
use crate::Mutant;
use crate::file_system::FileSystem;
use crate::kernel::{Caller, Setting};

/// A variant of a write path: a text of the kernel, and what was proposed or changed.
#[derive(Clone)]
pub struct Row {
    name: &'static str,
    sentence: &'static str,
    fs: Arc<dyn FileSystem>,
    setting: Setting,
    historic: bool,
    /// Where it is the kernel's own.
    stands: Option<Releases>,
    /// A release before those that has it from its stable tree.
    in_stable: Option<Release>,
}

/// What a table says, read: a release or several.
fn read<T: FromStr<Err = NoReleases>>(name: &str, said: &str) -> T {
    said.parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

impl Row {
    /// A kernel with this caller and this file system, named after the release in which something changed. What was
    /// proposed has around it what that release has.
    ///
    /// # Panics
    /// Where the name is not `vX.Y`, with a change behind a `+` if there is one.
    #[must_use]
    pub fn new(name: &'static str, caller: Caller, fs: Arc<dyn FileSystem>, sentence: &'static str) -> Row {
        let of: Release = read(name, name.split('+').next().unwrap_or(name));
        Row {
            name,
            sentence,
            fs,
            setting: Setting::of(caller).in_release(of),
            historic: false,
            stands: None,
            in_stable: None,
        }
    }

    /// The same, which is the text of these releases: `v3.10 .. v4.6`, `v6.13`, `v6.18 ..`. The kernel around it is that
    /// of the first of them.
    ///
    /// # Panics
    /// Where these are no releases.
    #[must_use]
    pub fn stands(self, releases: &str) -> Row {
        let stands: Releases = read(self.name, releases);
        Row { stands: Some(stands), setting: self.setting.in_release(stands.from), ..self }
    }

    /// The same, which an older release has from its stable tree.
    ///
    /// # Panics
    /// Where it is no release.
    #[must_use]
    pub fn in_stable(self, release: &str) -> Row {
        Row { in_stable: Some(read(self.name, release)), ..self }
    }

    /// Whether it stands for a release, or for one before.
    fn is_not_newer_than(&self, release: Release) -> bool {
        let first = self.in_stable.or(self.stands.map(|stands| stands.from));
        first.is_some_and(|first| first <= release)
    }

    /// The same on an architecture whose copy tells nothing of what it has copied when it meets a fault.
    #[must_use]
    pub fn losing_partial_copies(self) -> Row {
        Row { setting: Setting { partial_copy_is_lost: true, ..self.setting }, ..self }
    }

    /// The same, with all but the writer alone left to `--all`: a text that nobody runs any more, or a reading, that
    /// is there for one thing it does.
    #[must_use]
    pub fn historic(self) -> Row {
        Row { historic: true, ..self }
    }

    /// The same with the proposal of 2015-10-05: a short copy into a page that is not uptodate counts as zero.
    #[must_use]
    pub fn short_is_zero(self) -> Row {
        Row { setting: Setting { short_is_zero: true, ..self.setting }, ..self }
    }
}

/// A write path with its variants, oldest first.
#[derive(Clone)]
pub struct Path {
    name: &'static str,
    sentence: &'static str,
    leaves_out: &'static str,
    rows: Vec<Row>,
}

impl Path {
    /// A write path.
    #[must_use]
    pub fn new(name: &'static str, sentence: &'static str, leaves_out: &'static str, rows: Vec<Row>) -> Path {
        Path { name, sentence, leaves_out, rows }
    }

    /// `ext4/journalled`: a folder and a name in it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The newest variant without a change that stands for a release (`VERSION` and `PATCHLEVEL`; all of 2.6 is one);
    /// none where the release is older than all of them, or does not have the path any more.
    #[must_use]
    pub fn base(&self, (version, patch): (u32, u32)) -> Option<(&'static str, Arc<dyn FileSystem>, Setting)> {
        let release = Release([version, patch, if version == 2 { u32::MAX } else { 0 }]);
        let of_the_kernel = || self.rows.iter().filter(|row| !row.name.contains('+'));
        let row = of_the_kernel().rfind(|row| row.is_not_newer_than(release))?;
        let last = of_the_kernel().next_back()?.stands?.until;
        // What is around it is the release's own.
        let setting = row.setting.in_release(release);
        last.is_none_or(|last| release <= last).then(|| (row.name, row.fs.clone(), setting))
    }

    /// The write path with its variants; with a deliberate fault if one is given.
    #[must_use]
    pub fn write_path(self, mutant: Option<Mutant>) -> WritePath {
        let variants = self
            .rows
            .into_iter()
            .map(|row| {
                let Row { name, sentence, fs, setting, historic, stands, .. } = row;
                let setting = Setting { mutant, ..setting };
                let origin =
                    Origin { code: vec![fs.code(), module_path!()], value: format!("{fs:?} in {setting:?}") };
                Variant {
                    name: name.to_owned(),
                    sentence: sentence.to_owned(),
                    stands,
                    origin: Some(origin),
                    cases: Cases::new(move || cases(&fs, setting, historic)),
                }
            })
            .collect();
        WritePath {
            name: self.name.to_owned(),
            sentence: self.sentence.to_owned(),
            leaves_out: self.leaves_out.to_owned(),
            variants,
        }
    }
}

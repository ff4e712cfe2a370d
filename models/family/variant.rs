//! A write path as a table of variants.

use std::sync::Arc;

use scenario::{Cases, Origin, Variant, WritePath};

use super::cases;
use crate::Mutant;
use crate::file_system::FileSystem;
use crate::kernel::{Caller, Setting};

/// A variant of a write path: a kernel version, and what was proposed or changed.
#[derive(Clone)]
pub struct Row {
    name: &'static str,
    sentence: &'static str,
    fs: Arc<dyn FileSystem>,
    setting: Setting,
    historic: bool,
    since: Release,
}

/// A release of the kernel: version and patch level. All of 2.6 is one.
pub type Release = (u32, u32);

/// The release that a variant is named after.
///
/// # Panics
/// Where it is named after none.
fn release(name: &str) -> Release {
    let number = |part: Option<&str>| part.and_then(|digits| digits.parse().ok());
    let mut parts = name.strip_prefix('v').unwrap_or_default().split(['.', '+']);
    let release = number(parts.next()).zip(number(parts.next()));
    release.unwrap_or_else(|| panic!("{name}: a variant is named after a release, as v6.12 or v6.12+change"))
}

impl Row {
    /// A kernel with this caller and this file system, named after its release.
    ///
    /// # Panics
    /// Where the name is not `vX.Y`, with a change behind a `+` if there is one.
    #[must_use]
    pub fn new(name: &'static str, caller: Caller, fs: Arc<dyn FileSystem>, sentence: &'static str) -> Row {
        let (setting, since) = (Setting::of(caller), release(name));
        Row { name, sentence, fs, setting, historic: false, since }
    }

    /// The same, which an older release has from its stable tree.
    #[must_use]
    pub fn in_stable(self, since: Release) -> Row {
        Row { since, ..self }
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
    last: Option<Release>,
}

impl Path {
    /// A write path.
    #[must_use]
    pub fn new(name: &'static str, sentence: &'static str, leaves_out: &'static str, rows: Vec<Row>) -> Path {
        Path { name, sentence, leaves_out, rows, last: None }
    }

    /// The same, of which this release was the last.
    #[must_use]
    pub fn until(self, last: Release) -> Path {
        Path { last: Some(last), ..self }
    }

    /// `ext4/journalled`: a folder and a name in it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The newest variant without a change that stands for a release, by its name; none where the release is older
    /// than all of them, or does not have the path any more.
    #[must_use]
    pub fn base(&self, release: Release) -> Option<(&'static str, Arc<dyn FileSystem>, Setting)> {
        let stands = |row: &&Row| row.since <= release && !row.name.contains('+');
        let row = self.rows.iter().rfind(stands).filter(|_| self.last.is_none_or(|last| release <= last))?;
        Some((row.name, row.fs.clone(), row.setting))
    }

    /// The write path with its variants; with a deliberate fault if one is given.
    #[must_use]
    pub fn write_path(self, mutant: Option<Mutant>) -> WritePath {
        let variants = self
            .rows
            .into_iter()
            .map(|row| {
                let Row { name, sentence, fs, setting, historic, .. } = row;
                let setting = Setting { mutant, ..setting };
                let origin =
                    Origin { code: vec![fs.code(), module_path!()], value: format!("{fs:?} in {setting:?}") };
                Variant {
                    name: name.to_owned(),
                    sentence: sentence.to_owned(),
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

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
}

impl Row {
    /// A kernel with this caller and this file system.
    #[must_use]
    pub fn new(name: &'static str, caller: Caller, fs: Arc<dyn FileSystem>, sentence: &'static str) -> Row {
        Row { name, sentence, fs, setting: Setting::of(caller), historic: false }
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

/// The write path `name` with its variants, oldest first; with a deliberate fault if one is given.
#[must_use]
pub fn write_path(
    name: &'static str,
    sentence: &'static str,
    leaves_out: &'static str,
    rows: Vec<Row>,
    mutant: Option<Mutant>,
) -> WritePath {
    let variants = rows
        .into_iter()
        .map(|row| {
            let Row { name, sentence, fs, setting, historic } = row;
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
        name: name.to_owned(),
        sentence: sentence.to_owned(),
        leaves_out: leaves_out.to_owned(),
        variants,
    }
}

//! Where a step stands in a text.

use std::borrow::Cow;
use std::fmt;

/// A place in a text: a model's Rust, or whatever else a writer is read from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// The file, as the compiler or the text's reader was given it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Location {
    /// The caller's.
    #[must_use]
    #[track_caller]
    pub fn caller() -> Location {
        let caller = std::panic::Location::caller();
        Location { file: caller.file(), line: caller.line(), column: caller.column() }
    }

    /// The file, as the reader of a schedule looks it up: `models/ext4/truncate.rs`, `fs/buffer.c`. What was compiled from
    /// packages of a registry, each of which lies in a folder of its name and version, is told as it lies in the project.
    #[must_use]
    pub fn path(&self) -> Cow<'static, str> {
        in_project(self.file).map_or(Cow::Borrowed(self.file), Cow::Owned)
    }
}

/// The place in the project of a file of one of its packages, if it is one.
fn in_project(file: &str) -> Option<String> {
    let (_, packaged) = file.rsplit_once("/shortcopy-")?;
    let (folder, within) = packaged.split_once('/')?;
    Some(match folder.strip_suffix(concat!("-", env!("CARGO_PKG_VERSION")))? {
        "models" => format!("models/{within}"),
        "tables" => format!("models/tables/{within}"),
        name => format!("crates/{name}/{within}"),
    })
}

impl fmt::Display for Location {
    /// `file:line`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Label, Order, Step};

    #[test]
    fn a_file_of_a_package_is_told_as_it_lies_in_the_project() {
        let path = |file| Location { file, line: 1, column: 1 }.path().into_owned();
        let within = |name: &str, file: &str| {
            let folder = format!("/home/me/.cargo/registry/src/index-1/{name}-{}", env!("CARGO_PKG_VERSION"));
            path(format!("{folder}/{file}").leak())
        };
        assert_eq!(within("shortcopy-models", "ext4/truncate.rs"), "models/ext4/truncate.rs");
        assert_eq!(within("shortcopy-page-state", "src/folio.rs"), "crates/page-state/src/folio.rs");
        assert_eq!(within("shortcopy-tables", "lib.rs"), "models/tables/lib.rs");
        for same in ["models/ext4/truncate.rs", "fs/buffer.c", "/home/me/shortcopy-models/lib.rs", ""] {
            assert_eq!(path(same), same);
        }
    }

    #[test]
    fn a_step_tells_the_line_that_takes_it() {
        let here = Step::new(Action::Fence { order: Order::Full }, Label::new("smp_mb", &[]));
        assert_eq!(here.location.to_string(), format!("{}:{}", file!(), line!() - 1));
        let there = Location { file: "fs/buffer.c", line: 2146, column: 2 };
        let moved = Step { location: there, ..here };
        assert_eq!((moved, moved.location.to_string()), (here, "fs/buffer.c:2146".to_owned()));
    }
}

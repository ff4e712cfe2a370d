//! Where a step stands in a text.

use std::fmt;

/// A place in a text: a model's Rust, or whatever else a writer is read from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// The file, as the reader of a schedule looks it up: `models/ext4/truncate.rs`, `fs/buffer.c`.
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
    fn a_step_tells_the_line_that_takes_it() {
        let here = Step::new(Action::Fence { order: Order::Full }, Label::new("smp_mb", &[]));
        assert_eq!(here.location.to_string(), format!("{}:{}", file!(), line!() - 1));
        let there = Location { file: "fs/buffer.c", line: 2146, column: 2 };
        let moved = Step { location: there, ..here };
        assert_eq!((moved, moved.location.to_string()), (here, "fs/buffer.c:2146".to_owned()));
    }
}

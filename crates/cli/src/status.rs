//! The exit status.

use std::process::ExitCode;

/// What the results come to, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// Every result is as its snapshot records, or holds where none is recorded.
    AsRecorded,
    /// Something came out unknown, or there may be more than was found.
    Unknown,
    /// Nothing could be run on this kernel.
    NothingRan,
    /// Some result is not as recorded.
    Different,
    /// Wrong use, or a broken model.
    Wrong,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::AsRecorded => 0,
            Status::Different => 1,
            Status::Wrong => 2,
            Status::Unknown => 3,
            Status::NothingRan => 77,
        })
    }
}

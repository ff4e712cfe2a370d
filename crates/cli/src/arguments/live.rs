//! What runs on the kernel that is there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Bounds, Format};
use crate::parking::Means;

/// `live`
#[derive(Args, Debug)]
pub struct Live {
    /// What to run; every path whose file system can be had here where none is given. A variant that is named is
    /// what the runs are held against; else that is the newest one that does what this kernel does
    pub targets: Vec<String>,
    /// Runs them in files without a name in this folder, and not on file systems of their own
    #[arg(long = "in", value_name = "DIR", requires = "targets")]
    pub folder: Option<PathBuf>,
    /// Runs this one test, as `live` tells it of what came out outside, and shows what is to be seen
    #[arg(long, value_name = "PLACE TEST", conflicts_with_all = ["targets", "folder", "page"])]
    pub test: Option<String>,
    /// Writes what came of it as a page, in Markdown
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// How far to search for what is predicted
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `live-worker`
#[derive(Args, Debug)]
pub struct LiveWorker {
    /// Where the tests run
    pub place: String,
}

/// `reproduce`
#[derive(Args, Debug)]
pub struct Reproduce {
    /// A snapshot, and one of the schedules of a scenario, as `replay` takes it
    #[arg(value_name = "SNAPSHOT[:SCENARIO[#N]]")]
    pub schedule: String,
    /// Where the snapshots are
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
    /// By what the kernel is brought there; the easiest that does where nothing is said
    #[arg(long, value_enum, value_name = "MEANS")]
    pub by: Option<Means>,
    /// The program alone, or a test for the fstests suite around it
    #[arg(long, value_enum, default_value_t = ProgramFormat::C)]
    pub format: ProgramFormat,
}

/// In which form a program is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgramFormat {
    /// One C file.
    C,
    /// A shell script as those in `tests/generic` of the fstests suite, with what it should say at its end.
    Fstests,
}

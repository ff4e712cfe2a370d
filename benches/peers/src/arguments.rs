//! What the command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::engines::Engine;

/// Measures the explicit engine beside SPIN, stateright, loom and shuttle: the same scenarios, step by step, one thread each.
///
/// Those that go through all states must count the same number of them, else the command fails.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) inner: Option<Inner>,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
}

#[derive(Debug, Args)]
pub(crate) struct Measuring {
    /// How often each engine runs on each scenario, one after the other; medians are told
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Only scenarios with this in their names
    #[arg(long, value_name = "PART")]
    pub(crate) only: Vec<String>,
    /// Another scenario: PATH@VARIANT:SCENARIO, or `counter 4x3`
    #[arg(long, value_name = "NAME")]
    pub(crate) also: Vec<String>,
    /// Leaves an engine out
    #[arg(long, value_name = "ENGINE")]
    pub(crate) without: Vec<Engine>,
    /// How many seconds loom and shuttle may take on each scenario
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// Where automata are exported to and verifiers are built
    #[arg(long, value_name = "FOLDER", default_value_os_t = folder())]
    pub(crate) folder: PathBuf,
}

impl Measuring {
    /// What an engine that runs executions may take.
    pub(crate) fn time_max(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers"))
}

/// What the command has other processes of its own do.
#[derive(Debug, Subcommand)]
pub(crate) enum Inner {
    /// Exports a scenario
    #[command(hide = true)]
    Export {
        /// Its name
        name: String,
        /// Where to
        to: PathBuf,
    },
    /// Does one job
    #[command(hide = true)]
    Job {
        /// What, in JSON
        job: String,
    },
}

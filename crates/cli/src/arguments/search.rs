//! Which engine searches, and how far.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::TreeChoice;

/// Which engine searches, and how far.
#[derive(Args, Clone, Debug)]
pub struct Search {
    /// Which engine
    #[arg(long, value_enum, default_value_t = Engine::Explicit)]
    pub engine: Engine,
    /// loom's memory: sequentially consistent, or the kernel's orderings
    #[arg(long, value_enum, default_value_t = LoomMode::Kernel)]
    pub loom_mode: LoomMode,
    /// How shuttle draws its schedules
    #[arg(long, value_enum, default_value_t = ShuttleMode::Random)]
    pub shuttle: ShuttleMode,
    /// Where shuttle's chance begins
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How many executions loom looks at, or shuttle draws
    #[arg(long, value_name = "N")]
    pub executions: Option<u64>,
    /// A kernel tree
    #[command(flatten)]
    pub tree: TreeChoice,
    /// How far
    #[command(flatten)]
    pub bounds: Bounds,
}

/// How far a search goes.
#[derive(Args, Clone, PartialEq, Debug)]
pub struct Bounds {
    /// Threads to work with [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// States to look at in each scenario
    #[arg(long, value_name = "N", default_value_t = scenario::Bounds::default().states_max)]
    pub states_max: u64,
    /// Memory that all searches together may take
    #[arg(long, value_name = "MiB", default_value_t = scenario::Bounds::default().bytes_max >> 20)]
    pub memory_max: u64,
    /// A folder on a disk that states which were met long ago are moved to where memory is scarce: there is room for some half more
    /// then, and a search takes longer. Nothing stays there
    #[arg(long, value_name = "DIR")]
    pub disk: Option<PathBuf>,
    /// Time for each scenario
    #[arg(long, value_name = "SECONDS", default_value_t = scenario::Bounds::default().time_max.as_secs_f64(),
          value_parser = seconds)]
    pub time_max: f64,
    /// What the explicit engine leaves out of a large search that changes nothing of what it tells
    #[arg(long, value_enum, default_value_t = Reduce::Order)]
    pub reduce: Reduce,
}

/// What a search leaves out.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduce {
    /// Nothing; no result is taken from the cache or kept in it.
    None,
    /// Orders of steps that make no difference, until something is found: schedules are the shortest there are.
    Order,
    /// The same, whatever is found: schedules are the shortest of those that are left. Nothing is taken from the cache.
    Always,
    /// The same, and no state is kept from which one step leads on, but for schedules: less memory, more time.
    Chains,
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0 to 1000000000".to_owned()),
    }
}

/// The engines.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Every interleaving, state by state.
    Explicit,
    /// Every interleaving of a small scenario under a weak memory model.
    Loom,
    /// Random interleavings.
    Shuttle,
}

impl Engine {
    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::Explicit => "explicit",
            Engine::Loom => "loom",
            Engine::Shuttle => "shuttle",
        }
    }
}

/// What loom makes of memory.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoomMode {
    /// Sequentially consistent.
    Sc,
    /// The kernel's orderings.
    Kernel,
}

/// How shuttle draws its schedules.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShuttleMode {
    /// Uniformly at each scheduling point.
    Random,
    /// By priorities that change at few points (probabilistic concurrency testing).
    Pct,
}

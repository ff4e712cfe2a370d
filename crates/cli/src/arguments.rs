//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Which bad states can a buffered write reach, beside page faults, unmaps, readers, writeback and
/// truncation, and what is the shortest way there?
#[derive(Parser, Debug)]
#[command(name = "shortcopy", version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which results are kept, and where.
    #[command(flatten)]
    pub cache: CacheChoice,
}

/// Which results are kept, and where.
#[derive(Args, Clone, Debug, Default)]
pub struct CacheChoice {
    /// Searches everything anew, and keeps nothing
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Where results are kept [default: $SHORTCOPY_CACHE, or else the user's folder for caches]
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "no_cache")]
    pub cache: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
A TARGET is a folder, a write path in it, a variant of that, or a scenario:
  ext4    ext4/journalled    ext4/journalled@v4.2    ext4/journalled@v4.2:SCENARIO

Exit status: 0 every result is as its snapshot records, or holds where none is recorded; 1 some result
is not, or a branch is not reached and has no reason; 2 wrong use or a broken model; 3 something was not looked at in full.";

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Names the write paths, their variants and scenarios
    List(List),
    /// Searches scenarios for bad states and compares with the snapshots
    Check(Check),
    /// Shows variants against properties, and how runs end
    Matrix(Matrix),
    /// Searches for the bugs that are known, before and after their fixes
    Corpus(Corpus),
    /// Shows which bad states appear, go and stay between two variants
    Diff(Diff),
    /// Runs a recorded schedule step by step
    Replay(Replay),
    /// Removes each kernel word of a write path in turn and shows what becomes reachable
    Why(Why),
    /// Tells where results are kept, and how much they take, or takes them away
    Cache(Kept),
    /// Runs one engine on one scenario and prints its outcome: how `check` uses the engines that
    /// need a process of their own
    #[command(hide = true)]
    Engine(EngineRun),
}

impl Command {
    /// Whether it searches for results that are worth keeping.
    #[must_use]
    pub fn keeps(&self) -> bool {
        match self {
            Command::Check(check) => !check.coverage && check.search.engine == Engine::Explicit,
            Command::Matrix(_) | Command::Corpus(_) | Command::Diff(_) | Command::Replay(_) => true,
            Command::List(_) | Command::Why(_) | Command::Cache(_) | Command::Engine(_) => false,
        }
    }
}

/// `list`
#[derive(Args, Debug)]
pub struct List {
    /// Only these
    pub targets: Vec<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `check`
#[derive(Args, Debug)]
pub struct Check {
    /// What to check; everything where none is given
    pub targets: Vec<String>,
    /// Also the scenarios that take long
    #[arg(long)]
    pub all: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Shows every schedule in full
    #[arg(long)]
    pub schedules: bool,
    /// Tells instead which branches of the models no scenario reaches, and why
    #[arg(long, conflicts_with_all = ["schedules", "snapshots", "without", "engine"])]
    pub coverage: bool,
    /// Leaves this property out: the verdict is one on the others, and says so; may be given more than once
    #[arg(long, value_name = "PROPERTY", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Which engine searches, and how far
    #[command(flatten)]
    pub search: Search,
    /// The snapshots to compare with
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
}

/// `matrix`
#[derive(Args, Debug)]
pub struct Matrix {
    /// Only these paths or variants
    pub targets: Vec<String>,
    /// Which variants of them
    #[command(flatten)]
    pub variants: Variants,
    /// Also the scenarios that take long
    #[arg(long)]
    pub all: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// How far to search
    #[command(flatten)]
    pub bounds: Bounds,
}

/// Which variants of the write paths.
#[derive(Args, Clone, Debug, Default)]
pub struct Variants {
    /// Only the newest variant of each path
    #[arg(long)]
    pub newest: bool,
    /// Only variants with this name; may be given more than once
    #[arg(long = "variant", value_name = "NAME")]
    pub names: Vec<String>,
}

impl Variants {
    /// Whether the variant is meant: the newest of its path, where those are asked for, or one of the names,
    /// where there are some.
    #[must_use]
    pub fn take(&self, path: &scenario::WritePath, variant: &scenario::Variant) -> bool {
        let newest = path.variants.last().is_some_and(|last| last.name == variant.name);
        let named = self.names.contains(&variant.name);
        (!self.newest && self.names.is_empty()) || (self.newest && newest) || named
    }
}

/// `corpus`
#[derive(Args, Debug)]
pub struct Corpus {
    /// Only these, by number
    pub bugs: Vec<u32>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// How far to search
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `diff`
#[derive(Args, Debug)]
pub struct Diff {
    /// A variant
    pub before: String,
    /// Another one
    pub after: String,
    /// Also the scenarios that take long
    #[arg(long)]
    pub all: bool,
    /// How far to search
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `replay`
#[derive(Args, Debug)]
pub struct Replay {
    /// A snapshot, and one of its schedules: `snapshots/ext4/journalled/v4.2.snap#3`,
    /// `ext4/journalled@v4.2#3`; without a number the first
    #[arg(value_name = "SNAPSHOT[#N]")]
    pub schedule: String,
    /// Where the snapshots are
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
}

/// `why`
#[derive(Args, Debug)]
pub struct Why {
    /// The write paths, variants or scenarios
    #[arg(required = true)]
    pub targets: Vec<String>,
    /// Also the scenarios that take long
    #[arg(long)]
    pub all: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// How far to search, with each word and without it
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `cache`
#[derive(Args, Debug)]
pub struct Kept {
    /// What to do with them; to tell of them where nothing is given
    #[arg(value_enum)]
    pub action: Option<CacheAction>,
}

/// What to do with kept results.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CacheAction {
    /// Take them away.
    Clear,
}

/// `engine`
#[derive(Args, Debug)]
pub struct EngineRun {
    /// One scenario
    pub target: String,
    /// Which engine, and how far
    #[command(flatten)]
    pub search: Search,
}

/// How results are written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For people.
    Text,
    /// One object per line: a result, or a row.
    Json,
}

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
    /// How far
    #[command(flatten)]
    pub bounds: Bounds,
}

/// How far a search goes.
#[derive(Args, Clone, Debug)]
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
    /// Time for each scenario
    #[arg(long, value_name = "SECONDS", default_value_t = scenario::Bounds::default().time_max.as_secs_f64(),
          value_parser = seconds)]
    pub time_max: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}

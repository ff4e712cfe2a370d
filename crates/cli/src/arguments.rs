//! The command line.

mod check;
mod formats;
mod live;
mod search;
mod shell;
mod telling;
mod tree;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use check::{Check, CheckpointChoice, Merge, Shard, TogetherChoice};
pub use formats::{CheckFormat, DiffFormat, Format, ReplayFormat};
pub use live::{Live, LiveWorker, ProgramFormat, Reproduce};
pub use search::{Bounds, Engine, LoomMode, Reduce, Search, ShuttleMode};
pub use shell::{Completions, Man};
pub use telling::Telling;
pub use tree::{TreeChoice, TreesChoice};

/// Which bad states can a buffered write reach, beside page faults, unmaps, readers, writeback and
/// truncation, and what is the shortest way there?
#[derive(Parser, Debug)]
#[command(name = "shortcopy", version, after_help = after_help())]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which results are kept, and where.
    #[command(flatten)]
    pub cache: CacheChoice,
    /// How much is told, and how wide.
    #[command(flatten)]
    pub telling: Telling,
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

/// What a target is, in two lines.
pub const TARGETS: [&str; 2] = [
    "A TARGET is a folder, a write path in it, a variant of that, or a scenario, or a pattern with `*`, `?`, `[..]`:",
    "  ext4    ext4/journalled    ext4/journalled@v4.2    ext4/journalled@v4.2:SCENARIO    ext4/*@v6*:*-with-commit",
];

/// The exit statuses, and what each says.
pub const EXIT_STATUS: [(u8, &str); 5] = [
    (0, "every result is as its snapshot records, or holds where none is recorded"),
    (
        1,
        "some result is not, or a branch is not reached, or a word not needed, and has no reason, or a promised bad \
         state comes with a patch or another tree",
    ),
    (2, "wrong use or a broken model"),
    (3, "something was not looked at in full"),
    (77, "nothing could be run on this kernel"),
];

/// What stands at the end of the help.
fn after_help() -> String {
    let statuses =
        EXIT_STATUS.map(|(status, says)| format!("  {status:>2}  {}", textwrap::fill(says, STATUS)));
    let statuses = statuses.map(|status| status.replace('\n', "\n      "));
    format!("{}\n\nExit status:\n{}", TARGETS.join("\n"), statuses.join("\n"))
}

/// The columns of what is said of a status in the help.
const STATUS: usize = 94;

impl Arguments {
    /// Reads a command line: the program's name and its arguments.
    ///
    /// # Errors
    /// What clap finds wrong, and an option that has no effect beside the others.
    pub fn read<S: Into<OsString> + Clone>(
        line: impl IntoIterator<Item = S>,
    ) -> Result<Arguments, clap::Error> {
        let mut command = Arguments::command();
        let matches = command.try_get_matches_from_mut(with_errors_as_words(line))?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        let refused = without_effect(&matches).or_else(|| arguments.without_cache());
        let refused = refused.or_else(|| arguments.telling.without_effect(&arguments.command));
        match refused {
            Some(why) => Err(command.error(ErrorKind::ArgumentConflict, why)),
            None => Ok(arguments),
        }
    }
}

/// A command line in which an error (`-EFAULT`) is a word as it stands: no option looks like one, and clap takes either
/// all that begins with a hyphen for a word, options too, or nothing.
fn with_errors_as_words<S: Into<OsString>>(line: impl IntoIterator<Item = S>) -> Vec<OsString> {
    let (mut words, mut explains) = (Vec::new(), false);
    for word in line.into_iter().map(Into::into) {
        explains |= word == "explain";
        let is_error = explains && word.to_str().is_some_and(|word| word.starts_with("-E"));
        words.push(if is_error { [OsStr::new(WORD), &word].into_iter().collect() } else { word });
    }
    words
}

/// What stands before an error among words, and is no part of it.
const WORD: &str = "\u{0}";

/// A word as it was given.
fn word(given: &str) -> Result<String, std::convert::Infallible> {
    Ok(given.strip_prefix(WORD).unwrap_or(given).to_owned())
}

impl Arguments {
    /// What is said about results that are kept, where none are.
    fn without_cache(&self) -> Option<String> {
        let CacheChoice { no_cache, cache } = &self.cache;
        let is_about_them = matches!(self.command, Command::Cache(_));
        let option = match (no_cache, cache) {
            (true, _) if is_about_them || !self.command.keeps() => "--no-cache",
            (_, Some(_)) if !is_about_them && !self.command.keeps() => "--cache",
            _ => return None,
        };
        Some(format!("'{option}' has no effect: this command neither keeps results nor looks for kept ones"))
    }
}

/// The options that only some engines look at.
const OF_ENGINES: [(&str, &[Engine]); 16] = [
    ("loom-mode", &[Engine::Loom]),
    ("shuttle", &[Engine::Shuttle]),
    ("seed", &[Engine::Shuttle]),
    ("executions", &[Engine::Loom, Engine::Shuttle]),
    ("states-max", &[Engine::Explicit]),
    ("memory-max", &[Engine::Explicit]),
    ("disk", &[Engine::Explicit]),
    ("reduce", &[Engine::Explicit]),
    ("compact", &[Engine::Explicit]),
    ("checkpoint", &[Engine::Explicit]),
    ("resume", &[Engine::Explicit]),
    ("checkpoint-every", &[Engine::Explicit]),
    ("processes", &[Engine::Explicit]),
    ("process", &[Engine::Explicit]),
    ("hosts", &[Engine::Explicit]),
    ("at", &[Engine::Explicit]),
];

/// Why an option that was given has no effect, if there is one. What one engine of `check` does not look at is
/// told to another.
fn without_effect(matches: &ArgMatches) -> Option<String> {
    let (name, check) = matches.subcommand()?;
    match name {
        "check" => {}
        "merge" => return schedules_without_effect(check),
        "matrix" | "corpus" | "diff" | "why" => return longer_schedules(name, check),
        _ => return None,
    }
    let is_given =
        |option: &str| check.value_source(&option.replace('-', "_")) == Some(ValueSource::CommandLine);
    let engine = *check.get_one::<Engine>("engine")?;
    for (option, engines) in OF_ENGINES {
        if is_given(option) && !engines.contains(&engine) {
            let of: Vec<&str> = engines.iter().map(|engine| engine.name()).collect();
            let (of, this) = (of.join(" and "), engine.name());
            return Some(format!("'--{option}' is for {of}, and has no effect with the engine {this}"));
        }
    }
    let format = *check.get_one::<CheckFormat>("format")?;
    let name = format.name();
    let others = [
        (check.get_flag("coverage"), "coverage"),
        (check.get_flag("final_states"), "final states"),
        (is_given("forced-by"), "what can be forced"),
    ];
    for (is_asked, about) in others {
        if !is_asked {
            continue;
        }
        let what = format!("has nothing about {about}: that is told as text or json");
        return format.plain().is_none().then(|| format!("'--format {name}' {what}"));
    }
    schedules_without_effect(check)
}

/// Why a command that tells how long the shortest schedules are can't do with others, if it was told to.
fn longer_schedules(name: &str, matches: &ArgMatches) -> Option<String> {
    let reduce = *matches.try_get_one::<Reduce>("reduce").ok()??;
    let value = reduce.to_possible_value()?;
    matches!(reduce, Reduce::Always | Reduce::Chains).then(|| {
        let value = value.get_name();
        format!("'--reduce {value}' is for check: {name} tells how long the shortest schedules are")
    })
}

/// Why `--schedules` has no effect, if it was given and has none.
fn schedules_without_effect(matches: &ArgMatches) -> Option<String> {
    let format = *matches.get_one::<CheckFormat>("format")?;
    let why = match format {
        CheckFormat::Text => return None,
        CheckFormat::Json => "which has every schedule in full",
        CheckFormat::Mail | CheckFormat::Sarif => "which has the steps that matter",
        CheckFormat::Junit | CheckFormat::Ktap => "which has none",
    };
    let said = format!("'--schedules' has no effect with '--format {}', {why}", format.name());
    matches.get_flag("schedules").then_some(said)
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Names the write paths, their variants and scenarios
    List(List),
    /// Searches scenarios for bad states and compares with the snapshots
    Check(Check),
    /// Tells what the parts of a check came to that were searched apart
    Merge(Merge),
    /// Explains a property, an ending, a scenario's name, a word of a picture
    Explain(Explain),
    /// Shows variants against properties, and how runs end
    Matrix(Matrix),
    /// Searches for the bugs that are known, before and after their fixes
    Corpus(Corpus),
    /// Shows which bad states appear, go and stay between two variants
    Diff(Diff),
    /// Runs a recorded schedule step by step
    Replay(Replay),
    /// Runs scenarios on this kernel, and holds what is seen against what is predicted
    Live(Live),
    /// Writes a C program that shows a recorded bad state on the kernel that runs it
    Reproduce(Reproduce),
    /// Runs the tests that it is told: what `live` starts
    #[command(hide = true)]
    LiveWorker(LiveWorker),
    /// Tells what of a kernel tree can be run, and what is missing
    Survey(Survey),
    /// Removes each kernel word of a write path in turn and shows what becomes reachable
    Why(Why),
    /// Tells where results are kept, and how much they take, or takes them away
    Cache(Kept),
    /// Prints what a shell needs to complete command lines
    Completions(Completions),
    /// Prints the manual page, or writes those of all commands
    Man(Man),
    /// Runs one engine on one scenario and prints its outcome: how `check` uses the engines that
    /// need a process of their own
    #[command(hide = true)]
    Engine(EngineRun),
}

impl Command {
    /// The kernel tree whose text is asked, and the targets in it.
    #[must_use]
    pub fn tree(&self) -> Option<(&TreeChoice, Vec<&str>)> {
        let (tree, targets): (&TreeChoice, &[String]) = match self {
            Command::List(List { tree, targets, .. }) | Command::Matrix(Matrix { tree, targets, .. }) => {
                (tree, targets)
            }
            Command::Check(Check { search, targets, .. }) => (&search.tree, targets),
            Command::Replay(Replay { tree, schedule, .. }) => (tree, std::slice::from_ref(schedule)),
            Command::Engine(EngineRun { search, target }) => (&search.tree, std::slice::from_ref(target)),
            Command::Survey(Survey { tree, targets, .. }) => (tree, targets),
            Command::Corpus(_)
            | Command::Diff(_)
            | Command::Merge(_)
            | Command::Explain(_)
            | Command::Live(_)
            | Command::LiveWorker(_)
            | Command::Reproduce(_)
            | Command::Why(_)
            | Command::Cache(_)
            | Command::Completions(_)
            | Command::Man(_) => return None,
        };
        tree.tree.is_some().then(|| (tree, targets.iter().map(String::as_str).collect()))
    }

    /// Whether it searches for results that are worth keeping.
    #[must_use]
    pub fn keeps(&self) -> bool {
        match self {
            Command::Check(Check { coverage, final_states, forced_by: None, search, .. }) => {
                !coverage && !final_states && search.engine == Engine::Explicit && search.tree.tree.is_none()
            }
            Command::Diff(diff) => diff.searches() && diff.trees.tree.is_empty(),
            Command::Matrix(Matrix { tree, .. }) | Command::Replay(Replay { tree, .. }) => {
                tree.tree.is_none()
            }
            Command::Corpus(_) => true,
            Command::Check(_)
            | Command::List(_)
            | Command::Merge(_)
            | Command::Explain(_)
            | Command::Why(_)
            | Command::Cache(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Engine(_)
            | Command::Live(_)
            | Command::LiveWorker(_)
            | Command::Reproduce(_)
            | Command::Survey(_) => false,
        }
    }
}

/// `list`
#[derive(Args, Debug)]
pub struct List {
    /// Only these; where one names scenarios (`ext4/journalled:within-*`), those are told, too
    pub targets: Vec<String>,
    /// Names the properties instead
    #[arg(long, conflicts_with_all = ["targets", "tree"])]
    pub properties: bool,
    /// A kernel tree
    #[command(flatten)]
    pub tree: TreeChoice,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `explain`
#[derive(Args, Debug)]
pub struct Explain {
    /// What to explain: a property (`stale-read`), an ending (`F>`, `size too large`), a scenario
    /// (`within-unmapped-with-reader`), any word of a result; or all about `properties`, `sizes`, `contents`,
    /// `pictures`, `initial-states`, `endings`, `actors`, `scenario-names`; everything where none is given
    #[arg(value_name = "WORD", value_parser = word)]
    pub words: Vec<String>,
}

/// `matrix`
#[derive(Args, Debug)]
pub struct Matrix {
    /// Only these paths or variants
    pub targets: Vec<String>,
    /// A kernel tree
    #[command(flatten)]
    pub tree: TreeChoice,
    /// Which variants of them
    #[command(flatten)]
    pub variants: Variants,
    /// Also the scenarios that take long
    #[arg(long)]
    pub all: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Writes the results as a page to look at in a browser: one file, which loads nothing
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How far to search
    #[command(flatten)]
    pub bounds: Bounds,
}

/// Which variants of the write paths.
#[derive(Args, Clone, Debug, Default)]
pub struct Variants {
    /// Only the variant of each path that stands in the newest release; none of a path that is gone
    #[arg(long, conflicts_with = "names")]
    pub newest: bool,
    /// Only variants with this name; may be given more than once
    #[arg(long = "variant", value_name = "NAME")]
    pub names: Vec<String>,
}

impl Variants {
    /// Whether the variant is meant: the one of its path that stands today, where those are asked for; one of the
    /// names, where there are some; else any.
    #[must_use]
    pub fn take(&self, path: &scenario::WritePath, variant: &scenario::Variant) -> bool {
        match self.newest {
            true => path.today().is_some_and(|today| today.name == variant.name),
            false => self.names.is_empty() || self.names.contains(&variant.name),
        }
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
    /// Two variants; or, of trees, only these paths or scenarios
    #[arg(value_name = "BEFORE AFTER | TARGET")]
    pub targets: Vec<String>,
    /// The trees, and the patches
    #[command(flatten)]
    pub trees: TreesChoice,
    /// Searches, instead of comparing what is recorded; trees are searched anyway
    #[arg(long, conflicts_with_all = ["snapshots", "tree"])]
    pub search: bool,
    /// Also the scenarios that take long; with `--search`
    #[arg(long)]
    pub all: bool,
    /// Writes what a search finds as a page to look at in a browser: one file, which loads nothing
    #[arg(long, value_name = "FILE", conflicts_with = "snapshots")]
    pub html: Option<PathBuf>,
    /// Where the snapshots are
    #[arg(long, value_name = "DIR", conflicts_with = "tree")]
    pub snapshots: Option<PathBuf>,
    /// For people: a table, or each new bad state as a mail tells it; or for programs
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// How far to search
    #[command(flatten)]
    pub bounds: Bounds,
}

impl Diff {
    /// Whether variants are searched, and not compared as recorded: a page has schedules, and these are found.
    #[must_use]
    pub fn searches(&self) -> bool {
        self.search || self.html.is_some()
    }
}

/// `survey`
#[derive(Args, Debug)]
pub struct Survey {
    /// Only these paths
    pub targets: Vec<String>,
    /// The kernel tree
    #[command(flatten)]
    pub tree: TreeChoice,
    /// All scenarios, not only those of the writer alone
    #[arg(long)]
    pub all: bool,
    /// How far to search
    #[command(flatten)]
    pub bounds: Bounds,
}

/// `replay`
#[derive(Args, Debug)]
pub struct Replay {
    /// A snapshot, and one of the schedules of a scenario: `ext4/journalled@v4.2:within-unmapped#3`,
    /// `snapshots/ext4/journalled/v4.2.snap:within-unmapped#3`; without a number, or a scenario, the first
    #[arg(value_name = "SNAPSHOT[:SCENARIO[#N]]")]
    pub schedule: String,
    /// A kernel tree: its scenario is searched, where nothing is recorded
    #[command(flatten)]
    pub tree: TreeChoice,
    /// For people: step by step, or as a mail tells it; or for programs
    #[arg(long, value_enum, default_value_t = ReplayFormat::Text)]
    pub format: ReplayFormat,
    /// Writes the schedule as a page to look at in a browser: one file, which loads nothing
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_option_without_an_effect_is_refused() {
        let engines = [Engine::Explicit, Engine::Loom, Engine::Shuttle];
        for (option, of) in OF_ENGINES {
            let value = match option {
                "loom-mode" => "=sc",
                "shuttle" => "=pct",
                "reduce" => "=none",
                "resume" | "compact" => "",
                _ => "=7",
            };
            let given = format!("--{option}{value}");
            // Without a place for checkpoints nothing can be said of them.
            // Nor which process this is, without all of them.
            let place = match option {
                "resume" | "checkpoint-every" => Some("--checkpoint=there"),
                "hosts" | "at" => Some("--process=1"),
                _ => None,
            };
            for engine in engines {
                let line = ["shortcopy", "check", &given, "--engine", engine.name()];
                let read = Arguments::read(line.into_iter().chain(place)).map_err(|error| error.to_string());
                assert_eq!(read.is_ok(), of.contains(&engine), "{given} with {}: {read:?}", engine.name());
                if let Err(why) = read {
                    let about = place.unwrap_or(&given).split('=').next().unwrap_or_default();
                    assert!(why.contains(about), "{why}");
                    assert!(why.contains(of[0].name()), "{why}");
                }
            }
        }
        for (line, is_right) in [
            ("check --format json", true),
            ("check --schedules", true),
            ("check --schedules --format json", false),
            ("check --schedules --format mail", false),
            ("check --coverage --format json", true),
            ("check --coverage --format sarif", false),
            ("check --final-states --format json", true),
            ("check --final-states --format sarif", false),
            ("check --format junit", true),
            ("list --format junit", false),
            ("matrix --format mail", false),
            ("replay a --format mail", true),
            ("replay a --format json", true),
            ("diff a b --format mail", true),
            ("diff a b --format ktap", false),
            ("check --coverage --seed 1", false),
            ("matrix --newest", true),
            ("matrix --newest --variant v4.2", false),
            ("matrix --variant v4.2 --variant v4.4", true),
            ("engine ext4 --seed 1 --loom-mode sc --states-max 1", true),
            ("check --no-cache", true),
            ("check --no-cache --engine loom", false),
            ("check --no-cache --coverage", false),
            ("diff a b --search --no-cache", true),
            ("diff a b --no-cache", false),
            ("diff a b --format json", true),
            ("diff --tree a --tree b --format json", true),
            ("diff a b --cache folder", false),
            ("why ext4 --no-cache", false),
            ("list --cache folder", false),
            ("cache --cache folder", true),
            ("cache --no-cache", false),
            ("check --shard 2/4 --part file", true),
            ("check --shard 0/4", false),
            ("check --shard 5/4", false),
            ("check --shard 2", false),
            ("check --part file", false),
            ("check --checkpoint folder --resume", true),
            ("check --checkpoint folder --checkpoint-every 0.5", true),
            ("check --checkpoint folder --shard 1/2", true),
            ("check --checkpoint folder --tree linux", true),
            ("check --resume", false),
            ("check --checkpoint-every 5", false),
            ("check --checkpoint folder --checkpoint-every x", false),
            ("check --checkpoint folder --final-states", false),
            ("matrix --checkpoint folder", false),
            ("check --shard 1/1 --part file --tree linux", false),
            ("check --shard 1/2 --tree linux", true),
            ("check --shard 1/2 --coverage", false),
            ("check --processes 2", true),
            ("check --processes 1", false),
            ("check --processes 2 --threads 2", false),
            ("check --processes 2 --reduce none", false),
            ("check --processes 2 --checkpoint folder", false),
            ("check --processes 2 --tree linux", false),
            ("check --processes 2 --process 1", false),
            ("check --processes 2 --coverage", false),
            ("check --compact --reduce chains", true),
            ("check --compact --engine loom", false),
            ("check --compact --processes 2", false),
            ("check --compact --final-states", false),
            ("matrix --compact", false),
            ("check --hosts file", false),
            ("check --hosts file --process 1", true),
            ("check --hosts file --process x", false),
            ("matrix --processes 2", false),
            ("merge", false),
            ("merge file file --format junit", true),
            ("merge file --schedules --format junit", false),
            ("merge file --quiet --width 72", true),
            ("merge file --no-cache", false),
            ("check --quiet --width 72", true),
            ("--quiet check --coverage", true),
            ("check --quiet --format junit", false),
            ("check --width 72 --format mail", false),
            ("check --width 8", false),
            ("explain --width 60", true),
            ("explain --quiet", false),
            ("explain stale-read -EFAULT --width 60", true),
            ("explain -EFAULT --widht 60", false),
            ("man --width 60", false),
            ("diff a b --quiet", true),
            ("matrix --quiet", false),
        ] {
            let read = Arguments::read(["shortcopy"].into_iter().chain(line.split(' ')));
            assert_eq!(read.is_ok(), is_right, "{line}: {read:?}");
        }
    }

    /// What is new among the options of `check` has to be thought of here.
    #[test]
    fn every_option_of_a_search_is_for_some_engine() {
        let command = Arguments::command();
        let check = command.find_subcommand("check").expect("a command");
        let for_all = "all deep shard part format schedules coverage final-states forced-by html without engine threads time-max snapshots cache no-cache tree assume";
        let for_all: Vec<&str> = for_all.split(' ').collect();
        let known = |name: &str| for_all.contains(&name) || OF_ENGINES.iter().any(|(of, _)| *of == name);
        let names = check.get_arguments().filter_map(clap::Arg::get_long);
        let unknown: Vec<&str> = names.filter(|name| !known(name) && *name != "help").collect();
        assert!(unknown.is_empty(), "which engines look at {unknown:?}?");
    }
}

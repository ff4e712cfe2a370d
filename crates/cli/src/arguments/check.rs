//! `check`, and what puts its parts together.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::search::seconds;
use super::{CheckFormat, Search};
use crate::parking::Means;
use crate::target::Breadth;

/// `check`
#[derive(Clone, Args, Debug)]
pub struct Check {
    /// What to check; everything where none is given
    pub targets: Vec<String>,
    /// Also the scenarios that take long
    #[arg(long)]
    pub all: bool,
    /// Also those that take longest, with many at once: minutes and gigabytes, some of them
    #[arg(long, conflicts_with = "all")]
    pub deep: bool,
    /// Only the K-th of N parts of about the same effort, so that N machines search everything; see `merge`
    #[arg(long, value_name = "K/N", conflicts_with_all = ["coverage", "final_states", "forced_by"])]
    pub shard: Option<Shard>,
    /// Writes each result of the part into this file as soon as it is there, for `merge`
    #[arg(long, value_name = "FILE", requires = "shard", conflicts_with = "tree")]
    pub part: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Shows every schedule, and every step of it
    #[arg(long)]
    pub schedules: bool,
    /// Tells instead which branches of the models no scenario reaches, and why
    #[arg(long, conflicts_with_all = ["schedules", "snapshots", "without", "engine", "tree", "html"])]
    pub coverage: bool,
    /// Tells instead, for each initial state, every final state: what `write` returned, the size and each unit's contents,
    /// through the cache and after sync
    #[arg(long, conflicts_with_all = ["schedules", "snapshots", "without", "engine", "html", "coverage"])]
    pub final_states: bool,
    /// Tells instead which bad states can be forced, by these means or easier ones, from which initial state: those that
    /// are come to where nobody is interrupted but where a task can be parked. `direct`: nowhere; `latch`: at a fault in the
    /// source that `userfaultfd` holds; `held`: also at a read or write that a file server holds
    #[arg(long, value_enum, value_name = "MEANS",
          conflicts_with_all = ["snapshots", "without", "engine", "html", "coverage", "final_states"])]
    pub forced_by: Option<Means>,
    /// Writes the results as a page to look at in a browser: one file, which loads nothing
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Leaves this property out: the verdict is one on the others, and says so; may be given more than once
    #[arg(long, value_name = "PROPERTY", value_delimiter = ',')]
    pub without: Vec<String>,
    /// Which engine searches, and how far
    #[command(flatten)]
    pub search: Search,
    /// The snapshots to compare with
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
    /// Where memory does not suffice, searches once more with 32 bits of each state, so that some may be missed. What that finds is there,
    /// and has no schedule; it is no verdict, and tells how likely something was missed
    #[arg(long, conflicts_with_all = ["coverage", "final_states", "forced_by", "processes", "hosts"])]
    pub compact: bool,
    /// Whether a long search goes on after its end
    #[command(flatten)]
    pub checkpoints: CheckpointChoice,
    /// Whether several processes search each scenario together
    #[command(flatten)]
    pub together: TogetherChoice,
}

/// Who searches each scenario together.
#[derive(Clone, Args, Debug)]
pub struct TogetherChoice {
    /// Searches each scenario by so many processes of this machine together, of one thread each: with nothing left out, and to
    /// the same result. They listen on the loopback address
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=64),
          conflicts_with_all = ["coverage", "final_states", "forced_by", "checkpoint", "shard", "tree", "reduce", "threads", "disk"])]
    pub processes: Option<u16>,
    /// Searches each scenario by processes on these hosts together: a file with HOST:PORT on each line, for each process one.
    /// Each is started with the same arguments but `--process`, and listens there. Nothing is authenticated or encrypted: for
    /// networks only in which everybody is trusted
    #[arg(long, value_name = "FILE", requires = "process",
          conflicts_with_all = ["coverage", "final_states", "forced_by", "checkpoint", "shard", "tree", "reduce", "threads", "disk", "processes"])]
    pub hosts: Option<PathBuf>,
    /// Which of the hosts' lines is this process's, from 0 on. Process 0 tells the results, the others tell nothing
    #[arg(long, value_name = "K", conflicts_with = "processes")]
    pub process: Option<usize>,
    /// The addresses themselves: what `--processes` starts
    #[arg(long, hide = true, value_name = "HOST:PORT", value_delimiter = ',', requires = "process",
          conflicts_with_all = ["processes", "hosts"])]
    pub at: Vec<String>,
}

/// Where searches that are not finished are left.
#[derive(Clone, Args, Debug)]
pub struct CheckpointChoice {
    /// Leaves every search that takes long in this folder now and then, and where an interrupt or a bound ends it: a file for
    /// each scenario, until it is finished
    #[arg(long, value_name = "DIR", conflicts_with_all = ["coverage", "final_states", "forced_by"])]
    pub checkpoint: Option<PathBuf>,
    /// Goes on from what `--checkpoint` left there, where there is something, and to the same result. Bounds are on all of a search:
    /// what one of them cut goes on under a larger one
    #[arg(long, requires = "checkpoint")]
    pub resume: bool,
    /// How long it is from one checkpoint to the next at least, and 20 times as long as it takes to write one; 0 writes one at
    /// each level of a search, whatever that takes
    #[arg(long, value_name = "SECONDS", requires = "checkpoint", default_value_t = 60.0, value_parser = seconds)]
    pub checkpoint_every: f64,
}

impl Check {
    /// Which scenarios are taken where none is named.
    #[must_use]
    pub fn breadth(&self) -> Breadth {
        if self.deep { Breadth::Deep } else { Breadth::of(self.all) }
    }
}

/// `merge`
#[derive(Args, Debug)]
pub struct Merge {
    /// What `check --shard K/N --part FILE` has written
    #[arg(required = true, value_name = "FILE")]
    pub parts: Vec<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// Shows every schedule, and every step of it
    #[arg(long)]
    pub schedules: bool,
    /// Writes the results as a page to look at in a browser: one file, which loads nothing
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The snapshots to compare with
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
}

/// One of some parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Shard, &'static str> {
        let shard = text
            .split_once('/')
            .and_then(|(number, of)| Some(Shard { number: number.parse().ok()?, of: of.parse().ok()? }));
        let is_one = |shard: &Shard| (1..=shard.of).contains(&shard.number);
        shard.filter(is_one).ok_or("a part and how many there are, such as 2/4")
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

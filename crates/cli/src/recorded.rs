//! What is recorded in `snapshots/`, and whether a result is as recorded.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use report::Snapshot;
use report::snapshot::{Section, parse, section};
use scenario::{Coverage, Outcome, Scenario, Verdict, WritePath, verdict};

use crate::error::Error;
use crate::status::Status;

/// The snapshots, read when they are asked for.
#[derive(Debug)]
pub struct Records {
    directory: PathBuf,
    read: BTreeMap<String, Option<Snapshot>>,
}

impl Records {
    /// The snapshots in `directory`; if none is given, in the `snapshots` folder here or further up
    /// that holds a folder of the catalogue, else in the one that the program was built beside.
    ///
    /// # Errors
    /// If the given directory can't be read.
    pub fn find(directory: Option<&Path>, catalog: &[WritePath]) -> Result<Records, Error> {
        let directory = match directory {
            Some(given) => {
                fs::read_dir(given).map_err(|why| Error::File { path: given.to_owned(), why })?;
                given.to_owned()
            }
            None => search_upward(catalog).unwrap_or_else(built_beside),
        };
        Ok(Records { directory, read: BTreeMap::new() })
    }

    /// Where the snapshot of a variant is.
    #[must_use]
    pub fn file(&self, path: &str, variant: &str) -> PathBuf {
        self.directory.join(path).join(format!("{variant}.snap"))
    }

    /// The snapshot of a variant, if there is one.
    ///
    /// # Errors
    /// If there is one and it can't be read.
    pub fn snapshot(&mut self, path: &str, variant: &str) -> Result<Option<&Snapshot>, Error> {
        let key = format!("{path}@{variant}");
        if !self.read.contains_key(&key) {
            let file = self.file(path, variant);
            let snapshot = match fs::read_to_string(&file) {
                Ok(text) => Some(parse(&text).map_err(|why| Error::Snapshot { path: file, why })?),
                Err(why) if why.kind() == io::ErrorKind::NotFound => None,
                Err(why) => return Err(Error::File { path: file, why }),
            };
            self.read.insert(key.clone(), snapshot);
        }
        Ok(self.read.get(&key).and_then(Option::as_ref))
    }
}

fn search_upward(catalog: &[WritePath]) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let is_ours = |snapshots: &PathBuf| {
        catalog.iter().any(|path| path.name.split('/').next().is_some_and(|f| snapshots.join(f).is_dir()))
    };
    here.ancestors().map(|a| a.join("snapshots")).find(is_ours)
}

fn built_beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots")
}

/// Whether an engine's result can be compared in full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// The recorded engine: the same bad states by the same schedules.
    Same,
    /// Another one, which may find other schedules, and nothing of what it does not look at.
    Among,
}

/// How a result compares with what is recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// What it comes to.
    pub status: Status,
    /// In a few words: `as recorded`.
    pub words: String,
    /// What differs, a line each.
    pub differences: Vec<String>,
}

/// Compares a result with what is recorded.
#[must_use]
pub fn judge(
    scenario: &Scenario,
    outcome: &Outcome,
    recorded: Option<&Section>,
    comparison: Comparison,
) -> Judgement {
    let whole = outcome.coverage == Coverage::Exhausted;
    let result = section(scenario, outcome, 1);
    let verdict = verdict(scenario, outcome);
    let Some(recorded) = recorded else {
        let status = match verdict {
            Verdict::Holds => Status::AsRecorded,
            Verdict::Violated => Status::Different,
            Verdict::Unknown | Verdict::Unsupported => Status::Unknown,
        };
        return Judgement { status, words: "not recorded".to_owned(), differences: Vec::new() };
    };
    // What was left out is not compared.
    let mut recorded = recorded.clone();
    recorded.blocks.retain(|block| !outcome.left_out.contains(&block.property));
    let recorded = &recorded;
    let mut differences = Vec::new();
    for block in &result.blocks {
        let name = report::named(&block.property, &block.witness, block.promised);
        match recorded.blocks.iter().find(|r| r.is_same_state(block)) {
            None => differences.push(format!("+ {name} is new")),
            Some(record) if comparison == Comparison::Same && whole && !record.is_same(block) => {
                let what = if record.steps == block.steps {
                    "by another schedule".to_owned()
                } else {
                    format!("in {} steps, recorded in {}", block.steps, record.steps)
                };
                differences.push(format!("~ {name} {what}"));
            }
            Some(_) => {}
        }
    }
    for ending in result.endings.iter().filter(|ending| !recorded.endings.contains(ending)) {
        differences.push(format!("+ ending `{ending}` is new"));
    }
    if whole {
        let gone = recorded.endings.iter().filter(|ending| !result.endings.contains(ending));
        differences.extend(gone.map(|ending| format!("- ending `{ending}` is gone")));
        let asked = scenario.asked();
        let unseen = |id: &str| asked.contains(id) && !outcome.looked_at.contains(id);
        for record in recorded.blocks.iter().filter(|block| !unseen(&block.property)) {
            if !result.blocks.iter().any(|block| block.is_same_state(record)) {
                let name = report::named(&record.property, &record.witness, record.promised);
                differences.push(format!("- {name} is gone"));
            }
        }
    }
    let (status, words) = match comparison {
        _ if !differences.is_empty() => (Status::Different, "not as recorded".to_owned()),
        _ if matches!(verdict, Verdict::Unknown | Verdict::Unsupported) => {
            (Status::Unknown, format!("recorded: {}", recorded.verdict))
        }
        Comparison::Same if !whole => {
            (Status::Unknown, format!("as recorded so far, recorded: {}", recorded.blocks.len()))
        }
        Comparison::Same => (Status::AsRecorded, "as recorded".to_owned()),
        Comparison::Among => {
            // Who may have missed something can't say that it is all.
            let complete = whole && outcome.not_looked_at(scenario).is_empty();
            let (status, all) = if complete {
                (Status::AsRecorded, "as recorded")
            } else {
                (Status::Unknown, "as recorded so far")
            };
            (status, fewer(&result, recorded).unwrap_or_else(|| all.to_owned()))
        }
    };
    Judgement { status, words, differences }
}

/// How much less was found than is recorded, if less was found.
fn fewer(result: &Section, recorded: &Section) -> Option<String> {
    let counts = [
        ("bad states", result.blocks.len(), recorded.blocks.len()),
        ("endings", result.endings.len(), recorded.endings.len()),
    ];
    let less = counts.iter().filter(|(_, found, known)| found < known);
    let parts: Vec<String> =
        less.map(|(what, found, known)| format!("{found} of {known} recorded {what}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

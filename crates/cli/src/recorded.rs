//! What is recorded in `snapshots/`, and whether a result is as recorded.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use checker::key_steps::key_steps;
use checker::stepper::Prepared;
use report::snapshot::{Section, Subject, parse};
use report::{Snapshot, named};
use scenario::{BadState, Coverage, Outcome, Scenario, Variant, Verdict, WritePath, verdict};

use crate::error::Error;
use crate::status::Status;

/// No snapshot is larger, in bytes.
const BYTES_MAX: u64 = 64 << 20;

/// The snapshots, read when they are asked for.
#[derive(Debug)]
pub struct Records {
    source: Source,
    read: BTreeMap<String, Option<Snapshot>>,
}

/// Where snapshots are.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Source {
    /// In the folder that the user names.
    Given(PathBuf),
    /// In the checkout that the program is run in.
    Checkout(PathBuf),
    /// In the program.
    BuiltIn,
}

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Given(folder) => write!(f, "the snapshots in {}", folder.display()),
            Source::Checkout(_) => f.write_str("the snapshots of this checkout"),
            Source::BuiltIn => f.write_str("the built-in snapshots"),
        }
    }
}

impl Records {
    /// The snapshots in `directory`; if none is given, those of the checkout that the program is run in, here
    /// or further up; else those that were there when the program was built.
    ///
    /// # Errors
    /// If the given directory can't be read.
    pub fn find(directory: Option<&Path>, catalog: &[WritePath]) -> Result<Records, Error> {
        let source = match directory {
            Some(given) => {
                fs::read_dir(given).map_err(|why| Error::File { path: given.to_owned(), why })?;
                Source::Given(given.to_owned())
            }
            None => checkout(catalog).map_or(Source::BuiltIn, Source::Checkout),
        };
        Ok(Records { source, read: BTreeMap::new() })
    }

    /// The snapshot of a variant, if there is one.
    ///
    /// # Errors
    /// If there is one and it can't be read, or is about something else.
    pub fn snapshot(&mut self, path: &WritePath, variant: &Variant) -> Result<Option<&Snapshot>, Error> {
        let key = format!("{}@{}", path.name, variant.name);
        if !self.read.contains_key(&key) {
            let name = format!("{}/{}", path.name, variant.name);
            let (place, text) = match &self.source {
                Source::Given(folder) | Source::Checkout(folder) => {
                    let file = folder.join(format!("{name}.snap"));
                    let text = match read_text(&file) {
                        Err(Error::File { why, .. }) if why.kind() == io::ErrorKind::NotFound => None,
                        text => Some(text?),
                    };
                    (file, text)
                }
                Source::BuiltIn => {
                    let place = PathBuf::from(format!("built-in snapshot {name}"));
                    (place, snapshots::text(&name)?)
                }
            };
            let subject = subject(&key, variant);
            let read = |text: String| {
                parse(&text, Some(&subject)).map_err(|why| Error::Snapshot { path: place.clone(), why })
            };
            let snapshot = text.map(read).transpose()?;
            self.read.insert(key.clone(), snapshot);
        }
        Ok(self.read.get(&key).and_then(Option::as_ref))
    }
}

/// What the snapshot of a variant must be about; `target` is its name.
#[must_use]
pub fn subject<'s>(target: &'s str, variant: &'s Variant) -> Subject<'s> {
    Subject { target, scenarios: variant.cases.iter().map(|case| case.name.as_str()).collect() }
}

/// The text of a file. What is no file is not waited for.
///
/// # Errors
/// If it can't be read, is too large, or is no text.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let wrong = |why| Error::File { path: path.to_owned(), why };
    let no_text = |what: String| Error::NoText { path: path.to_owned(), what };
    let kind = fs::metadata(path).map_err(wrong)?;
    if !kind.is_file() {
        return Err(no_text("this is no file; a snapshot is one, or name a folder of them".to_owned()));
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(wrong)?;
    if bytes.len() as u64 > BYTES_MAX {
        let most = BYTES_MAX >> 20;
        return Err(no_text(format!("more than {most} MiB can't be a snapshot; name another file")));
    }
    String::from_utf8(bytes).map_err(|why| {
        let valid = &why.as_bytes()[..why.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        let how = report::snapshot::how_to_record(None);
        no_text(format!("line {line}: this is no UTF-8; record it anew: `{how}`"))
    })
}

/// The snapshots of the checkout around the current folder.
fn checkout(catalog: &[WritePath]) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let folders = || catalog.iter().filter_map(|path| path.name.split('/').next());
    let is_ours = |root: &&Path| {
        root.join("models/Cargo.toml").is_file() && folders().any(|f| root.join("snapshots").join(f).is_dir())
    };
    here.ancestors().find(is_ours).map(|root| root.join("snapshots"))
}

/// Gives the steps of a bad state of `scenario` around which nothing is folded; see [`key_steps`].
pub fn open_steps(scenario: &Scenario) -> impl Fn(&BadState) -> BTreeSet<usize> + '_ {
    let prepared = OnceCell::new();
    move |bad| open_steps_of(prepared.get_or_init(|| Prepared::new(scenario).ok()).as_ref(), bad)
}

/// The same of a scenario that is prepared, if it can be.
pub(crate) fn open_steps_of(prepared: Option<&Arc<Prepared>>, bad: &BadState) -> BTreeSet<usize> {
    // What a search has found can be followed; if not, nothing more is known than where it ends.
    let known = prepared.and_then(|prepared| key_steps(prepared, bad).ok());
    known.unwrap_or_else(|| BTreeSet::from([bad.schedule.steps()]))
}

/// Whether an engine's result can be compared in full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// The recorded engine: the same bad states by the same schedules.
    Same,
    /// Another one, which may find other schedules, and nothing of what it does not look at. The recorded one, too, where it
    /// [chose](Outcome::chose_schedules) among schedules.
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
///
/// As recorded is: the same endings, the same bad states from the same initial states, and where a schedule is
/// recorded, one that reads the same, to the same picture. How many steps a folded frame takes, and how many
/// states were searched, may differ.
#[must_use]
pub fn judge(
    scenario: &Scenario,
    outcome: &Outcome,
    recorded: Option<&Section>,
    comparison: Comparison,
) -> Judgement {
    let whole = outcome.coverage == Coverage::Exhausted;
    let comparison = if outcome.chose_schedules() { Comparison::Among } else { comparison };
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
    for bad in &outcome.bad {
        let name = named(&bad.property, &bad.witness, bad.promised);
        match recorded.block(bad) {
            None => differences.push(format!("+ {name} is new")),
            Some(record) if comparison == Comparison::Same && whole && !record.records(bad, scenario) => {
                let what = if record.initial == bad.schedule.initial {
                    "by another schedule"
                } else {
                    "from another initial state"
                };
                differences.push(format!("~ {name} {what}"));
            }
            Some(_) => {}
        }
    }
    let endings: Vec<String> = outcome.endings.iter().map(ToString::to_string).collect();
    for ending in endings.iter().filter(|ending| !recorded.endings.contains(ending)) {
        differences.push(format!("+ ending `{ending}` is new"));
    }
    if whole {
        let gone = recorded.endings.iter().filter(|ending| !endings.contains(ending));
        differences.extend(gone.map(|ending| format!("- ending `{ending}` is gone")));
        let asked = scenario.asked();
        let unseen = |id: &str| asked.contains(id) && !outcome.looked_at.contains(id);
        for record in recorded.blocks.iter().filter(|block| !unseen(&block.property)) {
            if !outcome.bad.iter().any(|bad| record.is_same_state(bad)) {
                let name = named(&record.property, &record.witness, record.promised);
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
            (status, fewer(outcome, recorded).unwrap_or_else(|| all.to_owned()))
        }
    };
    Judgement { status, words, differences }
}

/// How much less was found than is recorded, if less was found.
fn fewer(outcome: &Outcome, recorded: &Section) -> Option<String> {
    let counts = [
        ("bad states", outcome.bad.len(), recorded.blocks.len()),
        ("endings", outcome.endings.len(), recorded.endings.len()),
    ];
    let less = counts.iter().filter(|(_, found, known)| found < known);
    let parts: Vec<String> =
        less.map(|(what, found, known)| format!("{found} of {known} recorded {what}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

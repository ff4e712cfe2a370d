//! The file of a part of a check: what was asked, and a line for each result as soon as it is there.
//!
//! It is read by the program that wrote it and by no other, so it has the outcomes as they are. A search that is
//! killed leaves the lines before; what is missing is known by what was asked.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use scenario::{Bound, Coverage, Outcome};
use serde::{Deserialize, Serialize};

use crate::arguments::Shard;
use crate::cache;
use crate::engine::Answer;
use crate::error::Error;
use crate::target::Chosen;

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Head {
    /// The program that wrote it, by what it is made of.
    shortcopy: String,
    /// The command, without what says which part it is, and how results are told.
    command: Vec<String>,
    shard: Shard,
}

/// A line after it.
#[derive(Serialize, Deserialize)]
struct Line {
    target: String,
    result: Told,
}

/// What became of a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// It was searched.
    Outcome(Box<Outcome>),
    /// Its model is broken; why.
    Broken(String),
}

/// A part that is being written.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    /// Begins a file, in the place of one that is there.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn begin(path: &Path, command: Vec<String>, shard: Shard) -> Result<Part, Error> {
        let wrong = |why| Error::File { path: path.to_owned(), why };
        let mut part = Part { path: path.to_owned(), file: File::create(path).map_err(wrong)? };
        part.write(&Head { shortcopy: cache::program(), command, shard })?;
        Ok(part)
    }

    /// Adds what became of a scenario, unless it was not begun.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn add(&mut self, chosen: &Chosen<'_>, answer: &Result<Answer, Error>) -> Result<(), Error> {
        let result = match answer {
            Ok(answer) if is_begun(&answer.outcome) => Told::Outcome(Box::new(answer.outcome.clone())),
            Ok(_) => return Ok(()),
            Err(Error::Model { why, .. }) => Told::Broken(why.clone()),
            Err(why) => Told::Broken(why.to_string()),
        };
        self.write(&Line { target: chosen.target(), result })
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let wrong = |why| Error::File { path: self.path.clone(), why };
        let mut text = serde_json::to_string(line).map_err(std::io::Error::from).map_err(wrong)?;
        text.push('\n');
        // In one piece: whoever kills us leaves whole lines, or half of the last one.
        self.file.write_all(text.as_bytes()).map_err(wrong)
    }
}

/// Whether a search was begun, and not left out because the user wanted no more.
pub(crate) fn is_begun(outcome: &Outcome) -> bool {
    let is_interrupted = outcome.coverage == Coverage::Cut { bound: Bound::Interrupt };
    !is_interrupted || outcome.states > 0 || outcome.executions > 0
}

/// The parts of one check.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The command that they are parts of.
    pub(crate) command: Vec<String>,
    /// The parts that are not there.
    pub(crate) missing: Vec<Shard>,
    results: HashMap<String, Told>,
}

impl Parts {
    /// Reads parts of one check.
    ///
    /// # Errors
    /// A file that can't be read or is no part, or was written by another program; parts of different checks; a part
    /// twice.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Parts, Error> {
        let program = cache::program();
        let mut heads: Vec<(&PathBuf, Head)> = Vec::new();
        let mut results = HashMap::new();
        for path in paths {
            let (head, found) = read(path, &program)?;
            if let Some((first, known)) = heads.first() {
                let (one, other) = (first.display(), path.display());
                if known.command != head.command || known.shard.of != head.shard.of {
                    let [was, is] = [known, &head]
                        .map(|head| format!("`{}`, {} parts", head.command.join(" "), head.shard.of));
                    return Err(Error::Usage(format!(
                        "{one} and {other} are parts of different checks: {was}, and {is}"
                    )));
                }
            }
            if let Some((other, _)) = heads.iter().find(|(_, known)| known.shard == head.shard) {
                let (one, two, shard) = (other.display(), path.display(), head.shard);
                return Err(Error::Usage(format!(
                    "{one} and {two} are both part {shard}: name each part once"
                )));
            }
            for (target, told) in found {
                if results.contains_key(&target) {
                    let other = path.display();
                    return Err(Error::Usage(format!("{other}: another part has a result of {target}, too")));
                }
                results.insert(target, told);
            }
            heads.push((path, head));
        }
        let Some((_, head)) = heads.first() else { return Err(Error::Usage("no part is named".to_owned())) };
        let all = (1..=head.shard.of).map(|number| Shard { number, of: head.shard.of });
        let missing = all.filter(|shard| !heads.iter().any(|(_, head)| head.shard == *shard)).collect();
        Ok(Parts { command: head.command.clone(), missing, results })
    }

    /// What became of a scenario; none where no part has it.
    pub(crate) fn get(&self, target: &str) -> Option<&Told> {
        self.results.get(target)
    }
}

/// Reads the head of a part that `program` has written, and its results.
fn read(path: &Path, program: &str) -> Result<(Head, HashMap<String, Told>), Error> {
    let no_part = |line: usize, what: &str| {
        let what = format!("line {line}: {what}; `shortcopy check --shard K/N --part FILE` writes one anew");
        Error::NoText { path: path.to_owned(), what }
    };
    let bytes = fs::read(path).map_err(|why| Error::File { path: path.to_owned(), why })?;
    // A search that was killed may have left half a line.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut lines = (1..).zip(bytes[..whole].split_inclusive(|byte| *byte == b'\n'));
    let Some((_, first)) = lines.next() else { return Err(no_part(1, "this is no part of a check")) };
    let head: Head = serde_json::from_slice(first).map_err(|_| no_part(1, "this is no part of a check"))?;
    if head.shortcopy != program {
        return Err(no_part(
            1,
            "another shortcopy wrote this, and what it found may not be what this one would",
        ));
    }
    let mut results = HashMap::new();
    for (number, line) in lines {
        let wrong = |why: serde_json::Error| no_part(number, &format!("this is no result: {why}"));
        let Line { target, result } = serde_json::from_slice(line).map_err(wrong)?;
        if results.insert(target, result).is_some() {
            return Err(no_part(number, "this scenario had a result already"));
        }
    }
    Ok((head, results))
}

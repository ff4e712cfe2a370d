//! Patches: what `git diff`, `git format-patch` and mails hold.
//!
//! `diffy` reads them. They are applied here, because its error names no line.

use std::sync::Arc;

use diffy::patch_set::{FileOperation, ParseOptions, PatchKind, PatchSet};

use crate::file::text;
use crate::{BYTES_MAX, Name, ReadError, Sources};

/// A patch of any number of files, and of any number of steps for each.
#[derive(Clone, Debug)]
pub struct Patch {
    parts: Vec<Part>,
}

/// What is done to one file.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Where it was; none for a new file.
    from: Option<Name>,
    /// Where it is; none for one that is deleted.
    to: Option<Name>,
    /// Whether the old one stays.
    is_copy: bool,
    hunks: Vec<Hunk>,
}

#[derive(Clone, Debug)]
struct Hunk {
    /// The first line of the old file that it is about, from 1; the one before it where it takes none.
    start: usize,
    new_start: usize,
    lines: Vec<(Side, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Both,
    Old,
    New,
}

/// What a patch has done to a file.
#[derive(Clone, Debug)]
pub struct FileChange {
    /// The file.
    pub file: Name,
    /// What it was called, if it was renamed.
    pub from: Option<Name>,
    /// Its text before; none for a new file.
    pub before: Option<Arc<str>>,
    /// Its text now; none for one that is deleted.
    pub after: Option<Arc<str>>,
    /// Hunks that were found elsewhere than they say.
    pub moved: Vec<Moved>,
}

/// A hunk that was found elsewhere than it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// The number of the hunk in its file, from 1.
    pub hunk: usize,
    /// By how many lines, further down if positive.
    pub by: i64,
}

/// Why a patch can't be read or does not apply.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatchError {
    /// It is no patch.
    #[error("{patch}{}: {why}", at(*.line))]
    Unreadable {
        /// What the caller calls it.
        patch: Name,
        /// The line of it, from 1, where one is to blame.
        line: Option<usize>,
        /// What is wrong.
        why: String,
    },
    /// It is about a file that is not there.
    #[error("{file}: the patch is about it, and it is not in the tree")]
    Missing {
        /// The file.
        file: Name,
    },
    /// It makes a file that is there.
    #[error("{file}: the patch makes it, and it is in the tree already")]
    AlreadyThere {
        /// The file.
        file: Name,
    },
    /// It deletes a file that says more than the patch knows.
    #[error("{file}: the patch deletes it, and {lines} of its lines are not in the patch")]
    MoreThanDeleted {
        /// The file.
        file: Name,
        /// How many lines.
        lines: usize,
    },
    /// A hunk is found nowhere.
    #[error("{file}: hunk {hunk} does not apply: line {line} is {found}, and the patch expects {expected}{}", already(*.is_applied))]
    Hunk {
        /// The file.
        file: Name,
        /// The number of the hunk in its file, from 1.
        hunk: usize,
        /// The line that differs, where the hunk fits best.
        line: usize,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
        /// Whether what the hunk makes of the file is there already.
        is_applied: bool,
    },
    /// A hunk is not where it says, and fits elsewhere more than once.
    #[error("{file}: hunk {hunk} fits at line {} and at line {}, and not where it says", .lines[0], .lines[1])]
    SeveralPlaces {
        /// The file.
        file: Name,
        /// The number of the hunk in its file, from 1.
        hunk: usize,
        /// The first two of the places.
        lines: [usize; 2],
    },
    /// The file can't be read.
    #[error(transparent)]
    File(#[from] ReadError),
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}

fn already(is_applied: bool) -> &'static str {
    if is_applied {
        " (what it makes of the file is there already: is it applied, or to be reversed?)"
    } else {
        ""
    }
}

impl Patch {
    /// Reads a patch; `name` is what errors call it.
    ///
    /// # Errors
    /// If it is no patch, or one of binary files.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Patch, PatchError> {
        let error_at = |line, why| PatchError::Unreadable { patch: name.into(), line, why };
        let error = |why| error_at(None, why);
        let text = text(name, bytes)?;
        // As mails come from some programs.
        let text = text.replace("\r\n", "\n");
        if let Some(encoding) = mail_encoding(&text) {
            return Err(error(format!(
                "a mail in {encoding}: decode it first, with `git mailinfo` or `b4 am`"
            )));
        }
        let is_git = text.lines().any(|line| line.starts_with("diff --git "));
        let options = if is_git { ParseOptions::gitdiff() } else { ParseOptions::unidiff() };
        let mut parts = Vec::new();
        for file in PatchSet::parse(&text, options) {
            let file = file.map_err(|why| match broken_hunk(&text) {
                _ if !has_head(&text) => error("no patch is in it".into()),
                Some((line, why)) => error_at(Some(line), why),
                None => error(why.to_string()),
            })?;
            let (from, to, is_copy) = paths(file.operation());
            let name = to.as_ref().or(from.as_ref()).map_or("", |name| &**name);
            let PatchKind::Text(patch) = file.patch() else {
                return Err(error(format!("{name}: a change of a binary file")));
            };
            let hunks: Vec<Hunk> = patch.hunks().iter().map(hunk).collect();
            // A source has no more lines than bytes.
            let far =
                hunks.iter().map(|hunk| hunk.start.max(hunk.new_start)).find(|line| *line as u64 > BYTES_MAX);
            if let Some(line) = far {
                return Err(error(format!(
                    "{name}: a hunk at line {line}; no source that is read has so many"
                )));
            }
            parts.push(Part { from, to, is_copy, hunks });
        }
        if parts.is_empty() { Err(error("no patch is in it".into())) } else { Ok(Patch { parts }) }
    }

    /// The patch that takes this one back.
    #[must_use]
    pub fn reversed(mut self) -> Patch {
        self.parts.reverse();
        for part in &mut self.parts {
            if part.is_copy {
                // What was copied is to be deleted; what it was changed to is not in the patch.
                part.from = None;
                part.is_copy = false;
            }
            std::mem::swap(&mut part.from, &mut part.to);
            for hunk in &mut part.hunks {
                std::mem::swap(&mut hunk.start, &mut hunk.new_start);
                for (side, _) in &mut hunk.lines {
                    *side = match side {
                        Side::Both => Side::Both,
                        Side::Old => Side::New,
                        Side::New => Side::Old,
                    };
                }
            }
        }
        self
    }

    /// The files that it is about, by their old and their new names.
    #[must_use]
    pub fn files(&self) -> Vec<Name> {
        let mut files: Vec<Name> =
            self.parts.iter().flat_map(|part| [&part.from, &part.to]).flatten().cloned().collect();
        files.sort();
        files.dedup();
        files
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// How a mail's body is encoded, if it is in a way that hides the patch.
fn mail_encoding(text: &str) -> Option<&str> {
    let header = text.split("\n\n").next()?;
    let line =
        header.lines().find(|line| line.to_ascii_lowercase().starts_with("content-transfer-encoding:"))?;
    let encoding = line.split_once(':')?.1.trim();
    ["quoted-printable", "base64"].into_iter().find(|other| encoding.eq_ignore_ascii_case(other))
}

/// Whether anything in a text begins a file's part of a patch.
fn has_head(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("--- ") || line.starts_with("diff --git "))
}

/// The first hunk that is none, by its line, and what is wrong with it: `diffy` counts bytes, and of a part.
fn broken_hunk(text: &str) -> Option<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let heads = lines.iter().enumerate().filter(|(_, line)| line.starts_with("@@"));
    heads.map(|(at, head)| (at, *head, lengths(head))).find_map(|(at, head, said)| {
        let Some(said) = said else {
            return Some((at + 1, format!("`{head}` is not `@@ -LINE,LINES +LINE,LINES @@`")));
        };
        let mut has = [0, 0];
        for line in &lines[at + 1..] {
            let more = match line.bytes().next() {
                None | Some(b' ') => [1, 1],
                Some(b'-') => [1, 0],
                Some(b'+') => [0, 1],
                Some(b'\\') => [0, 0],
                Some(_) => break,
            };
            if has[0] >= said[0] && has[1] >= said[1] {
                break;
            }
            has = [has[0] + more[0], has[1] + more[1]];
        }
        let told = |[old, new]: [usize; 2]| format!("{old} old and {new} new lines");
        (has != said).then(|| (at + 1, format!("a hunk of {}, and {} follow", told(said), told(has))))
    })
}

/// How many old and new lines the head of a hunk tells.
fn lengths(head: &str) -> Option<[usize; 2]> {
    let (ranges, _) = head.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let length = |range: &str| range.split_once(',').map_or("1", |(_, length)| length).parse().ok();
    Some([length(old)?, length(new)?])
}

fn hunk(hunk: &diffy::Hunk<'_, str>) -> Hunk {
    let lines = hunk.lines().iter().map(|line| match line {
        diffy::Line::Context(text) => (Side::Both, (*text).to_owned()),
        diffy::Line::Delete(text) => (Side::Old, (*text).to_owned()),
        diffy::Line::Insert(text) => (Side::New, (*text).to_owned()),
    });
    Hunk { start: hunk.old_range().start(), new_start: hunk.new_range().start(), lines: lines.collect() }
}

/// Old and new path, without what the tool that made the patch puts before them.
fn paths(operation: &FileOperation<'_, str>) -> (Option<Name>, Option<Name>, bool) {
    let strip = |path: &str| -> Name {
        let (first, rest) = path.split_once('/').unwrap_or(("", path));
        if matches!(first, "a" | "b" | "i" | "w" | "c" | "o" | "") { rest.into() } else { path.into() }
    };
    match operation {
        FileOperation::Create(path) => (None, Some(strip(path)), false),
        FileOperation::Delete(path) => (Some(strip(path)), None, false),
        FileOperation::Modify { original, modified } => {
            let (from, to) = (strip(original), strip(modified));
            let behind = |path: &str| path.split_once('/').map(|(_, rest)| Name::from(rest));
            match (behind(&from), behind(&to)) {
                // `linux.orig/mm/x.c linux/mm/x.c`
                (Some(old), Some(new)) if from != to && old == new => (Some(old), Some(new), false),
                _ => (Some(from), Some(to), false),
            }
        }
        // These come without a prefix.
        FileOperation::Rename { from, to } => (Some((&**from).into()), Some((&**to).into()), false),
        FileOperation::Copy { from, to } => (Some((&**from).into()), Some((&**to).into()), true),
    }
}

impl Part {
    /// What it makes of a tree's file.
    pub(crate) fn apply(&self, sources: &dyn Sources) -> Result<FileChange, PatchError> {
        let file = self.to.as_ref().or(self.from.as_ref()).expect("a part is about a file").clone();
        let before = match &self.from {
            Some(from) => {
                Some(read(sources, from)?.ok_or_else(|| PatchError::Missing { file: from.clone() })?)
            }
            None => None,
        };
        if self.from != self.to && self.to.is_some() && sources.read(&file)?.is_some() {
            return Err(PatchError::AlreadyThere { file });
        }
        let (after, moved) = self.patched(before.as_deref().unwrap_or(""), &file)?;
        let after = match self.to {
            Some(_) => Some(after.into()),
            None if after.is_empty() => None,
            None => return Err(PatchError::MoreThanDeleted { file, lines: after.lines().count() }),
        };
        let is_renamed = self.from.is_some() && self.to.is_some() && self.from != self.to && !self.is_copy;
        let from = if is_renamed { self.from.clone() } else { None };
        Ok(FileChange { file, from, before, after, moved })
    }

    fn patched(&self, text: &str, file: &Name) -> Result<(String, Vec<Moved>), PatchError> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (mut after, mut moved) = (String::with_capacity(text.len()), Vec::new());
        let (mut done, mut drift) = (0, 0_i64);
        for (index, hunk) in self.hunks.iter().enumerate() {
            let old = hunk.side(Side::Old);
            let said = if old.is_empty() { hunk.start } else { hunk.start.saturating_sub(1) };
            let wanted = (said as i64 + drift).clamp(done as i64, lines.len().max(done) as i64) as usize;
            let found = match place(&lines, &old, done, wanted) {
                Place::Here(at) => at,
                Place::Nowhere => return Err(hunk.misfit(file, index + 1, &lines, done, wanted)),
                Place::Either(places) => {
                    let lines = places.map(|at| at + 1);
                    return Err(PatchError::SeveralPlaces { file: file.clone(), hunk: index + 1, lines });
                }
            };
            drift = found as i64 - said as i64;
            if drift != 0 {
                moved.push(Moved { hunk: index + 1, by: drift });
            }
            after.extend(lines[done..found].iter().copied());
            after.extend(hunk.side(Side::New));
            done = found + old.len();
        }
        after.extend(lines[done..].iter().copied());
        Ok((after, moved))
    }
}

/// Where lines are found.
enum Place {
    Nowhere,
    Here(usize),
    /// At these two, and perhaps more: which is meant can't be told.
    Either([usize; 2]),
}

/// The place where `old` stands: the one that is wanted, or the only other one from `from` on.
fn place(lines: &[&str], old: &[&str], from: usize, wanted: usize) -> Place {
    let Some(last) = lines.len().checked_sub(old.len()) else { return Place::Nowhere };
    let fits = |at: &usize| lines[*at..at + old.len()] == *old;
    if (from..=last).contains(&wanted) && fits(&wanted) {
        return Place::Here(wanted);
    }
    let mut found = (from..=last).filter(fits);
    match (found.next(), found.next()) {
        (None, _) => Place::Nowhere,
        (Some(at), None) => Place::Here(at),
        (Some(at), Some(other)) => Place::Either([at, other]),
    }
}

fn read(sources: &dyn Sources, file: &Name) -> Result<Option<Arc<str>>, PatchError> {
    let Some(bytes) = sources.read(file)? else { return Ok(None) };
    Ok(Some(text(file, &bytes)?.into()))
}

impl Hunk {
    /// Its lines as one side has them.
    fn side(&self, side: Side) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(of, _)| *of == side || *of == Side::Both);
        lines.map(|(_, text)| text.as_str()).collect()
    }

    /// Where it fits best, and what is wrong there.
    fn misfit(&self, file: &Name, hunk: usize, lines: &[&str], from: usize, wanted: usize) -> PatchError {
        let old = self.side(Side::Old);
        let agrees = |at: usize| lines[at..].iter().zip(&old).take_while(|(a, b)| a == b).count();
        let best = (from..lines.len()).max_by_key(|at| (agrees(*at), std::cmp::Reverse(at.abs_diff(wanted))));
        let best = best.unwrap_or(lines.len());
        let at = best + agrees(best.min(lines.len()));
        let shown = |line: Option<&&str>| {
            line.map_or("the end of the file".to_owned(), |line| format!("`{}`", line.trim_end_matches('\n')))
        };
        let expected = old.get(at - best);
        let is_applied = !matches!(place(lines, &self.side(Side::New), 0, wanted), Place::Nowhere);
        let file = file.clone();
        PatchError::Hunk {
            file,
            hunk,
            line: at + 1,
            found: shown(lines.get(at)),
            expected: shown(expected),
            is_applied,
        }
    }
}

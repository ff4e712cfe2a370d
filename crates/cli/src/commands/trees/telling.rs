//! What a comparison of trees comes to, as it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use c_text::{Difference, Name};
use report::{Change, Entry, Summary, diff as compare};
use scenario::{BadState, Case, Coverage, Outcome, Scenario};
use serde_json::json;
use tables::TreePath;

use super::comparison::{Compared, Comparison, Pair};
use super::{home, json};
use crate::arguments::{DiffFormat, Format};
use crate::cut::Cuts;
use crate::error::Error;
use crate::grounds::Grounds;
use crate::html::{Html, Of};
use crate::kernel::Kernel;
use crate::output::Output;
use crate::reads::Change as Changes;
use crate::status::Status;
use crate::story::{mailed, told};
use crate::target::Chosen;

/// Tells of a comparison as it goes on.
pub(super) struct Telling<'c, 'k> {
    comparison: &'c Comparison<'k>,
    path: Option<&'k str>,
    searched: usize,
    /// Scenarios that the other text does not have.
    unshared: Vec<String>,
    compared: usize,
    /// By change: bad states, and endings.
    counts: BTreeMap<(bool, char), usize>,
    /// The properties of which a schedule was shown, by path.
    shown: BTreeSet<(String, String)>,
    /// Whether a promised bad state is new.
    is_worse: bool,
    cuts: Cuts,
    grounds: Grounds,
    format: DiffFormat,
    html: Option<Html>,
}

/// What of the changes is read.
struct ReadBy<'k> {
    /// The paths, with what each reads of them.
    paths: Vec<(&'k str, Vec<String>)>,
    /// By file and name, whether it is hidden by the tables; none where it is read.
    all: BTreeMap<(Name, String), Option<bool>>,
}

impl ReadBy<'_> {
    fn any(&self) -> bool {
        self.all.values().any(Option::is_none)
    }
}

impl<'c, 'k> Telling<'c, 'k> {
    pub(super) fn new(
        comparison: &'c Comparison<'k>,
        assume: &[String],
        format: DiffFormat,
        html: Option<Html>,
    ) -> Telling<'c, 'k> {
        Telling {
            comparison,
            path: None,
            searched: 0,
            unshared: Vec::new(),
            compared: 0,
            counts: BTreeMap::new(),
            shown: BTreeSet::new(),
            is_worse: false,
            cuts: Cuts::default(),
            grounds: Grounds::with(assume),
            format,
            html,
        }
    }

    /// What is compared, and what differs.
    pub(super) fn begin(&self, out: &mut Output) -> Result<(), Error> {
        if self.format == DiffFormat::Json {
            return Ok(());
        }
        let bold = Style::new().bold();
        let Comparison { before, after, changed, paths, .. } = self.comparison;
        for (which, kernel) in [("before", before), ("after", after)] {
            let release = kernel.catalog[0].variants[0].name.as_str();
            out.line(&format!("{bold}{which:<6}{bold:#}  {release}, {}", kernel.name))?;
        }
        let Some(changed) = changed else { return out.flush() };
        for file in &changed.files {
            let mut all: Vec<&Difference> = changed.unread.iter().filter(|d| d.file == *file).collect();
            for Changes { what: one, .. } in paths.iter().flat_map(|both| both.differences.iter().flatten()) {
                if one.file == *file && !all.contains(&one) {
                    all.push(one);
                }
            }
            let names: Vec<String> = all.iter().map(|one| named(one)).collect();
            let what = if names.is_empty() { "nothing that is run".to_owned() } else { names.join(", ") };
            out.line(&format!("{bold}changed{bold:#} {file}: {what}"))?;
        }
        out.flush()
    }

    pub(super) fn tell(
        &mut self,
        pair: &Pair<'k>,
        result: Result<Compared, Error>,
        out: &mut Output,
    ) -> Result<(), Error> {
        let Compared { before, after } = result?;
        self.draw(pair, &before, after.as_ref());
        let (asked, before) = before;
        self.searched += 1;
        let path = pair.path.before.path.name.as_str();
        let name = &pair.case.name;
        if pair.after.is_none() && pair.path.after.is_some() {
            self.unshared.push(format!("{path}:{name}"));
        }
        let note = |cuts: &mut Cuts, coverage: Coverage| cuts.note(format!("{path}:{name}"), coverage);
        note(&mut self.cuts, before.coverage);
        self.grounds.add(&before);
        let is_json = self.format == DiffFormat::Json;
        let Some((scenario, outcome)) = after else {
            if is_json {
                out.line(&json::scenario((pair.path.before, &asked, &before), None, &[])?)?;
                out.flush()?;
            }
            return Ok(());
        };
        if before.coverage == Coverage::Exhausted {
            note(&mut self.cuts, outcome.coverage);
        }
        self.grounds.add(&outcome);
        self.compared += 1;
        let all = compare(&[Summary::found(name, &before)], &[Summary::found(name, &outcome)]);
        let entries: Vec<&Entry> = all.entries.iter().filter(|of| of.change != Change::Stays).collect();
        for entry in &all.entries {
            *self.counts.entry((entry.ending, sign(entry.change))).or_default() += 1;
        }
        let new = |bad: &&BadState| {
            !before.bad.iter().any(|old| (&old.property, &old.witness) == (&bad.property, &bad.witness))
        };
        if is_json {
            self.is_worse |= outcome.bad.iter().filter(new).any(|bad| bad.promised);
            let after = (pair.path.after.unwrap_or(pair.path.before), &scenario, &outcome);
            let line = json::scenario((pair.path.before, &asked, &before), Some(after), &all.entries)?;
            out.line(&line)?;
            return out.flush();
        }
        if entries.is_empty() {
            return Ok(());
        }
        let bold = Style::new().bold();
        if self.path != Some(path) {
            self.path = Some(path);
            let around = &pair.path.before.path.variants[0].sentence;
            out.news_line(&format!("\n{bold}{path}{bold:#}: {around}"))?;
        }
        out.news_line(name)?;
        for entry in entries {
            let steps = match entry.steps {
                (Some(steps), None) | (None, Some(steps)) => format!(", {steps} steps"),
                _ => String::new(),
            };
            out.news_line(&format!("  {} {}{steps}", sign(entry.change), entry.name))?;
        }
        for bad in outcome.bad.iter().filter(new) {
            self.is_worse |= bad.promised;
            if self.shown.insert((path.to_owned(), bad.property.clone())) && !bad.schedule.events.is_empty() {
                let text = Some(self.comparison.after);
                let after = pair.path.after.zip(pair.after).filter(|_| self.format == DiffFormat::Mail);
                match after {
                    Some((of, case)) => {
                        let chosen = Chosen { path: &of.path, variant: &of.path.variants[0], case };
                        out.write(&format!("\n{}", mailed(&scenario, bad, text, (&chosen, None))))?;
                    }
                    None => out.write(&told(&scenario, bad, text, (true, out.width())))?,
                }
                out.line("")?;
            }
        }
        out.flush()
    }

    /// Adds the results to the page. What reads nothing that differs is the same on both sides.
    fn draw(&mut self, pair: &Pair<'k>, before: &(Scenario, Outcome), after: Option<&(Scenario, Outcome)>) {
        let Some(html) = &mut self.html else { return };
        let path = &pair.path.before.path;
        let both = [
            ("before", Some(before), self.comparison.before),
            ("after", after.or(pair.after.map(|_| before)), self.comparison.after),
        ];
        for (which, result, kernel) in both {
            let Some((scenario, outcome)) = result else { continue };
            let release = kernel.catalog[0].variants[0].name.as_str();
            let variant = format!("{release}, {which}");
            let of = Of { path: &path.name, variant: &variant, stands: None, about: &kernel.name };
            html.add(of, "explicit", (scenario, outcome), Some(kernel));
        }
    }

    fn count(&self, ending: bool, sign: char) -> usize {
        self.counts.get(&(ending, sign)).copied().unwrap_or(0)
    }

    /// Whether nothing was found in one text alone.
    fn is_same(&self) -> bool {
        self.counts.keys().all(|(_, sign)| *sign == ' ')
    }

    pub(super) fn end(mut self, out: &mut Output) -> Result<Status, Error> {
        let bold = Style::new().bold();
        let is_json = self.format == DiffFormat::Json;
        let loud = AnsiColor::Magenta.on_default().bold();
        let Comparison { paths, changed, .. } = self.comparison;
        let gone: Vec<String> = paths
            .iter()
            .filter(|both| both.after.is_none())
            .map(|both| both.before.path.name.as_str())
            .map(|path| match home(path) {
                Some(file) => format!("{path} (nothing of it is in {file} afterwards)"),
                None => path.to_owned(),
            })
            .collect();
        if !gone.is_empty() && !is_json {
            out.news_line(&format!("\nonly before: {}", gone.join(", ")))?;
        }
        let mut unshared = self.unshared.clone();
        for both in paths {
            let of = |path: &'k TreePath| path.path.variants[0].cases.iter();
            let is_new = |case: &&Case| !of(both.before).any(|old| old.name == case.name);
            let new = both.after.into_iter().flat_map(|after| of(after).filter(is_new));
            unshared.extend(new.map(|case| format!("{}:{}", both.before.path.name, case.name)));
        }
        if !unshared.is_empty() && !is_json {
            out.line(&format!("\nonly one of them has: {}", unshared.join(", ")))?;
        }
        let read_by = changed.is_some().then(|| self.what_is_read());
        let is_read = read_by.as_ref().is_none_or(ReadBy::any);
        if let (Some(read_by), false) = (&read_by, is_json) {
            tell_what_is_read(read_by, out)?;
        }
        let searched = self.searched;
        if is_json {
            out.line(&self.whole(&gone, &unshared, read_by.as_ref())?)?;
        } else if is_read {
            let plural = if searched == 1 { "" } else { "s" };
            let mut text = format!("\n{searched} scenario{plural}");
            if self.compared < searched {
                let _ = write!(text, ", {} of them read nothing that differs", searched - self.compared);
            }
            let [appear, go, stay] = ['+', '-', ' '].map(|sign| self.count(false, sign));
            let _ = write!(text, ": {appear} bad states appear, {go} go, {stay} stay");
            let [appear, go] = ['+', '-'].map(|sign| self.count(true, sign));
            let _ = write!(text, "; of the endings, {appear} appear, {go} go");
            if self.is_same() && self.cuts.is_empty() && gone.is_empty() {
                let _ = write!(text, "\n{bold}nothing comes or goes{bold:#}");
            }
            if self.is_same() { out.line(&text)? } else { out.news_line(&text)? }
        } else if let Some(changed) = changed {
            let what = "the patch changes nothing that is read";
            out.news_line(&format!(
                "\n{loud}{what}{loud:#}: nothing is judged, and this says nothing about {}",
                changed.patches
            ))?;
        }
        if is_read && !is_json {
            self.grounds.tell(out)?;
        }
        self.cuts.tell(
            self.format.plain().unwrap_or(Format::Text),
            "there may be more than is told, on either side",
            out,
        )?;
        out.flush()?;
        self.html.take().map_or(Ok(()), Html::write)?;
        Ok(match () {
            () if self.is_worse || !gone.is_empty() => Status::Different,
            () if !is_read || !self.cuts.is_empty() => Status::Unknown,
            () => Status::AsRecorded,
        })
    }

    /// What was compared, as JSON.
    fn whole(
        &self,
        gone: &[String],
        unshared: &[String],
        read_by: Option<&ReadBy<'_>>,
    ) -> Result<String, Error> {
        let Comparison { before, after, changed, .. } = self.comparison;
        let tree = |of: &Kernel| json!({ "tree": of.name, "release": of.catalog[0].variants[0].name });
        let counts = |ending| {
            let [appear, go, stay, unsettled] = ['+', '-', ' ', '?'].map(|sign| self.count(ending, sign));
            json!({ "appear": appear, "go": go, "stay": stay, "unsettled": unsettled })
        };
        let reads =
            read_by.map(|of| of.paths.iter().map(|(path, names)| json!({ "path": path, "reads": names })));
        let unread = read_by.map(|of| {
            let unread = of.all.iter().filter(|(_, told)| told.is_some());
            unread.map(|((file, name), told)| json!({ "file": &**file, "name": name, "is_word": told }))
        });
        let line = json!({
            "before": tree(before),
            "after": tree(after),
            "patches": changed.map(|changed| &changed.patches),
            "reads": reads.map(Iterator::collect::<Vec<_>>),
            "not_read": unread.map(Iterator::collect::<Vec<_>>),
            "changes_what_is_read": read_by.is_none_or(ReadBy::any),
            "only_before": gone,
            "only_one_has": unshared,
            "scenarios": self.searched,
            "compared": self.compared,
            "bad_states": counts(false),
            "endings": counts(true),
        });
        Ok(report::tagged("compared", &line).map_err(std::io::Error::from)?)
    }

    /// Which of the changes what path reads.
    fn what_is_read(&self) -> ReadBy<'k> {
        let mut paths = Vec::new();
        let mut all: BTreeMap<(Name, String), Option<bool>> = BTreeMap::new();
        let unread = self.comparison.changed.map_or(&[][..], |changed| &changed.unread);
        for one in unread {
            all.insert((one.file.clone(), named(one)), Some(false));
        }
        let is_same = self.is_same();
        for both in &self.comparison.paths {
            let is_searched = self.comparison.pairs.iter().any(|pair| Arc::ptr_eq(&pair.path, both));
            let matter = if is_searched { both.matter().unwrap_or_default() } else { BTreeSet::new() };
            let mut names = Vec::new();
            for (at, Changes { what, .. }) in both.differences.iter().flatten().enumerate() {
                let told = all.entry((what.file.clone(), named(what))).or_insert(Some(false));
                let is_word = what.name.as_deref().is_some_and(|name| both.before.text.is_hidden(name));
                // Of a word, the names of its arguments are read and nothing else; a prototype has nothing else.
                let is_judged = !is_word || what.kind == "prototype" || !is_same;
                if matter.contains(&at) && is_judged {
                    *told = None;
                    names.push(named(what));
                } else if is_word {
                    *told = told.map(|_| true);
                }
            }
            if !names.is_empty() {
                paths.push((both.before.path.name.as_str(), names));
            }
        }
        ReadBy { paths, all }
    }
}

fn tell_what_is_read(ReadBy { paths, all }: &ReadBy<'_>, out: &mut Output) -> Result<(), Error> {
    let bold = Style::new().bold();
    out.line("")?;
    for (path, names) in paths {
        out.line(&format!("{bold}{path}{bold:#} reads {}", names.join(", ")))?;
    }
    for ((file, name), told) in all {
        let why = match told {
            None => continue,
            Some(true) => "it is a word of the tables, and the text of a word is not run",
            Some(false) => "no path that was asked reads it",
        };
        out.line(&format!("{name} of {file} is not read: {why}"))?;
    }
    Ok(())
}

fn sign(change: Change) -> char {
    match change {
        Change::Appears => '+',
        Change::Goes => '-',
        Change::Stays => ' ',
        Change::Unsettled => '?',
    }
}

/// `function ext4_write_end()`, `macro PAGE_SIZE (new)`.
fn named(of: &Difference) -> String {
    let name = of.name.as_deref().unwrap_or("without a name");
    let how = match of.how {
        c_text::How::Changed => "",
        c_text::How::Added => " (new)",
        c_text::How::Removed => " (gone)",
    };
    if of.is_function() { format!("{name}(){how}") } else { format!("{} {name}{how}", of.kind) }
}

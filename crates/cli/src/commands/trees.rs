//! `shortcopy diff` of kernel trees: two, or one and what patches make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use c_text::{Difference, Name, Overlay, Patch, ReadError, Sources};
use checker::explicit;
use report::html::Opens;
use report::{Change, Entry, Summary, diff as compare};
use scenario::{BadState, Case, Coverage, Outcome, Scenario};
use serde_json::json;
use tables::{PATHS, TreePath};

use super::trees_json;
use crate::arguments::{Diff, DiffFormat, Format, TreesChoice};
use crate::cut::Cuts;
use crate::engine::Searcher;
use crate::error::Error;
use crate::grounds::Grounds;
use crate::html::{Html, Of, command_line};
use crate::kernel::{Kernel, open};
use crate::output::Output;
use crate::reads::{Change as Changes, Reads};
use crate::status::Status;
use crate::story::{mailed, told};
use crate::target::{Breadth, Chosen, choose};

/// No patch is larger, in bytes.
const BYTES_MAX: u64 = 16 << 20;

/// Shows which bad states and endings come and go between two trees, or by patches of one.
///
/// # Errors
/// A tree that is none, a patch that does not apply, a target that means nothing, a model that can't be searched, an
/// output that can't be written.
pub(super) fn diff(arguments: &Diff, searcher: &Searcher, out: &mut Output) -> Result<Status, Error> {
    let TreesChoice { tree, patch, assume, .. } = &arguments.trees;
    let targets: Vec<&str> = arguments.targets.iter().map(String::as_str).collect();
    let (before, after, changed) = match (&tree[..], &patch[..]) {
        ([one, other], []) => {
            let of = |name: &str| {
                let tree = open(name)?;
                Kernel::of(name, tree.release().clone(), Arc::new(tree), assume, &targets)
            };
            (of(one)?, of(other)?, None)
        }
        ([one], [_, ..]) => {
            let (before, after, changed) = patched(one, &arguments.trees, &targets)?;
            (before, after, Some(changed))
        }
        ([_], []) => {
            let what = "one tree is compared with another, or with what a patch makes of it";
            return Err(Error::Usage(format!("{what}: add `--tree OTHER` or `--patch FILE`")));
        }
        _ => {
            let what = "name two trees, or one tree and its patches";
            return Err(Error::Usage(format!("{} trees and {} patches: {what}", tree.len(), patch.len())));
        }
    };
    let breadth = if arguments.all { Breadth::All } else { Breadth::Default };
    let chosen = choose(&before.catalog, &arguments.targets, breadth)?;
    let name = command_line("diff", words(arguments));
    let html = Html::begin(arguments.html.as_deref(), &name, Opens::Comparison)?;
    let comparison = Comparison::new(&before, &after, changed.as_ref(), &chosen);
    let mut telling = Telling::new(&comparison, assume, arguments.format, html);
    telling.begin(out)?;
    let name = |pair: &Pair<'_>| format!("{}:{}", pair.path.before.path.name, pair.case.name);
    searcher.each(
        &arguments.bounds,
        &comparison.pairs,
        name,
        |pair, options| pair.search(options),
        |at, result| telling.tell(&comparison.pairs[at], result, out),
    )?;
    telling.end(out)
}

/// What was asked for, as words of a command line.
fn words(Diff { targets, trees, .. }: &Diff) -> Vec<String> {
    let option = |name: &str, values: &[String]| -> Vec<String> {
        values.iter().map(|value| format!("--{name}={value}")).collect()
    };
    let TreesChoice { tree, patch, reverse, assume } = trees;
    let reverse = if *reverse { vec!["--reverse".to_owned()] } else { Vec::new() };
    let options = [option("tree", tree), option("patch", patch), reverse, option("assume", assume)];
    targets.iter().cloned().chain(options.into_iter().flatten()).collect()
}

/// What patches do.
struct Changed {
    /// How they are told.
    patches: String,
    /// The files that they change.
    files: BTreeSet<Name>,
    /// What they change in files that no path reads.
    unread: Vec<Difference>,
}

/// A tree as it is, and with patches.
fn patched(name: &str, choice: &TreesChoice, targets: &[&str]) -> Result<(Kernel, Kernel, Changed), Error> {
    let tree = Arc::new(open(name)?);
    let release = tree.release().clone();
    let mut patches =
        choice.patch.iter().map(|name| Ok((name, read(name)?))).collect::<Result<Vec<_>, Error>>()?;
    if choice.reverse {
        patches = patches.into_iter().rev().map(|(name, patch)| (name, patch.reversed())).collect();
    }
    let mut overlay = Overlay::new(tree.clone());
    let mut files = BTreeSet::new();
    for (patch, parts) in &patches {
        let wrong =
            |why: c_text::PatchError| Error::Tree { tree: shown(patch), why: format!("{name}: {why}") };
        for change in overlay.apply(parts).map_err(wrong)? {
            files.extend(change.from);
            files.insert(change.file);
        }
    }
    let read_both = |file: &Name| -> Result<_, Error> {
        let wrong = |why: ReadError| Error::Tree { tree: name.to_owned(), why: why.to_string() };
        Ok((tree.read(file).map_err(wrong)?, overlay.read(file).map_err(wrong)?))
    };
    let texts = files.iter().map(|file| Ok((file, read_both(file)?))).collect::<Result<Vec<_>, Error>>()?;
    let before = Kernel::of(name, release.clone(), tree, &choice.assume, targets)?;
    let mut unread = Vec::new();
    if let Some(program) = before.paths.first().map(|of| of.text.program()) {
        let is_read = |file: &str| before.paths.iter().any(|of| of.text.program().file(file).is_some());
        let is_c = |file: &str| file.ends_with(".c") || file.ends_with(".h");
        for (file, (old, new)) in texts.iter().filter(|(file, _)| is_c(file) && !is_read(file)) {
            // What can't be read there is nobody's loss.
            let parse = |text: &Option<Vec<u8>>| {
                c_text::parse(file, text.as_deref()?, program.config(), program.hints()).ok()
            };
            let all = Changes::all(parse(old).as_ref(), parse(new).as_ref());
            unread.extend(all.into_iter().map(|change| change.what));
        }
    }
    let names: Vec<String> = choice.patch.iter().map(|name| shown(name)).collect();
    let back = if choice.reverse { " taken back" } else { "" };
    let patches = format!("{}{back}", names.join(", "));
    let of = format!("{name} with {patches}");
    let homes = before.paths.iter().filter_map(|of| Some((home(&of.path.name)?, of.path.name.as_str())));
    let is_gone = |file: &str| texts.iter().any(|(name, (_, new))| &***name == file && new.is_none());
    let gone: Vec<(&str, &str)> = homes.filter(|(file, _)| is_gone(file)).collect();
    if let ([(file, path), ..], true) = (&gone[..], gone.len() == before.paths.len()) {
        let why = format!("{file} is deleted, and there is no {path} without it: nothing is left to compare");
        return Err(Error::Tree { tree: of, why });
    }
    let after = Kernel::of(&of, release, Arc::new(overlay), &choice.assume, targets)?;
    Ok((before, after, Changed { patches, files, unread }))
}

/// The file without which there is no such path.
fn home(path: &str) -> Option<&'static str> {
    PATHS.iter().find(|of| of.name == path)?.files.first().copied()
}

fn shown(patch: &str) -> String {
    if patch == "-" { "standard input".to_owned() } else { patch.to_owned() }
}

/// Reads a patch from a file, or from standard input.
fn read(name: &str) -> Result<Patch, Error> {
    let wrong = |why: String| Error::Tree { tree: shown(name), why };
    let mut bytes = Vec::new();
    let taken = if name == "-" {
        std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(name).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    taken.map_err(|why| wrong(why.to_string()))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(wrong(format!("more than {} MiB can't be a patch; name another file", BYTES_MAX >> 20)));
    }
    Patch::parse(&shown(name), &bytes).map_err(|why| Error::Usage(why.to_string()))
}

/// A path of both trees.
struct Both<'k> {
    before: &'k TreePath,
    after: Option<&'k TreePath>,
    /// What differs in the files that it reads; none where all of it may.
    differences: Option<Vec<Changes>>,
    /// Those of them that can matter to a run, by their numbers.
    may_matter: BTreeSet<usize>,
    /// Whether a search ended before all was read that its runs read.
    is_cut: AtomicBool,
    /// How many functions had been read when it was last looked which of the differences matter, and these.
    read: Mutex<(usize, BTreeSet<usize>)>,
}

impl Both<'_> {
    /// The differences that matter to what was read so far, by their numbers; those that can, once a search was cut; none
    /// where all may.
    fn matter(&self) -> Option<BTreeSet<usize>> {
        let all = self.differences.as_ref()?;
        if self.is_cut.load(Ordering::Relaxed) {
            return Some(self.may_matter.clone());
        }
        let count = self.before.text.functions().len();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != count {
            let reads = Reads::so_far(self.before);
            let matters = (0..all.len()).filter(|&at| reads.matters(&all[at]));
            *read = (count, matters.collect());
        }
        Some(read.1.clone())
    }
}

/// A scenario of a path.
struct Pair<'k> {
    path: Arc<Both<'k>>,
    case: &'k Case,
    after: Option<&'k Case>,
}

/// What became of a scenario.
struct Compared {
    before: (Scenario, Outcome),
    /// The scenario with the other text, and what it comes to; none where the text that it reads is the same.
    after: Option<(Scenario, Outcome)>,
}

impl Pair<'_> {
    fn search(&self, options: &explicit::Options) -> Result<Compared, Error> {
        let check = |case: &Case| -> Result<(Scenario, Outcome), Error> {
            let scenario = (case.build)();
            let wrong = |why: explicit::Error| {
                let target = format!("{}:{}", self.path.before.path.name, case.name);
                Error::Model { target, why: why.to_string() }
            };
            let outcome = explicit::check(&scenario, options).map_err(wrong)?;
            Ok((scenario, outcome))
        };
        let before = check(self.case)?;
        if !matches!(before.1.coverage, Coverage::Exhausted | Coverage::Pruned) {
            self.path.is_cut.store(true, Ordering::Relaxed);
        }
        let is_read = self.path.matter().is_none_or(|matter| !matter.is_empty());
        let after = self.after.filter(|_| is_read).map(check).transpose()?;
        Ok(Compared { before, after })
    }
}

/// What is compared.
struct Comparison<'k> {
    before: &'k Kernel,
    after: &'k Kernel,
    changed: Option<&'k Changed>,
    paths: Vec<Arc<Both<'k>>>,
    pairs: Vec<Pair<'k>>,
}

impl<'k> Comparison<'k> {
    fn new(
        before: &'k Kernel,
        after: &'k Kernel,
        changed: Option<&'k Changed>,
        chosen: &[Chosen<'k>],
    ) -> Comparison<'k> {
        let (mut paths, mut pairs) = (Vec::new(), Vec::new());
        for of in &before.paths {
            let cases: Vec<&Case> =
                chosen.iter().filter(|c| c.path.name == of.path.name).map(|c| c.case).collect();
            if cases.is_empty() {
                continue;
            }
            let other = after.paths.iter().find(|other| other.path.name == of.path.name);
            let differences = changed.map(|changed| {
                let file = |of: &'k TreePath, name: &Name| of.text.program().file(name);
                let both = |name| {
                    let (old, new) = (file(of, name), other.and_then(|other| file(other, name)));
                    Changes::all(old.map(|file| &**file), new.map(|file| &**file))
                };
                changed.files.iter().flat_map(both).collect::<Vec<_>>()
            });
            let may_matter: BTreeSet<usize> = differences.as_ref().map_or_else(BTreeSet::new, |all| {
                let reads = Reads::at_most(of);
                (0..all.len()).filter(|&at| reads.matters(&all[at])).collect()
            });
            // What is not even named is not read: there is nothing to search.
            let is_read = differences.is_none() || !may_matter.is_empty() || other.is_none();
            let both = Arc::new(Both {
                before: of,
                after: other,
                differences,
                may_matter,
                is_cut: AtomicBool::new(false),
                read: Mutex::new((usize::MAX, BTreeSet::new())),
            });
            if is_read {
                let after = |case: &Case| {
                    let cases = other?.path.variants.first()?.cases.iter();
                    cases.into_iter().find(|after| after.name == case.name)
                };
                let pair = |case| Pair { path: both.clone(), case, after: after(case) };
                pairs.extend(cases.into_iter().map(pair));
            }
            paths.push(both);
        }
        Comparison { before, after, changed, paths, pairs }
    }
}

/// Tells of a comparison as it goes on.
struct Telling<'c, 'k> {
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
    fn new(
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
    fn begin(&self, out: &mut Output) -> Result<(), Error> {
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

    fn tell(
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
                out.line(&trees_json::scenario((pair.path.before, &asked, &before), None, &[])?)?;
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
            let line = trees_json::scenario((pair.path.before, &asked, &before), Some(after), &all.entries)?;
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
            out.line(&format!("\n{bold}{path}{bold:#}: {around}"))?;
        }
        out.line(name)?;
        for entry in entries {
            let steps = match entry.steps {
                (Some(steps), None) | (None, Some(steps)) => format!(", {steps} steps"),
                _ => String::new(),
            };
            out.line(&format!("  {} {}{steps}", sign(entry.change), entry.name))?;
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
                    None => out.write(&told(&scenario, bad, text, true))?,
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
            let of = Of { path: &path.name, variant: &format!("{release}, {which}"), about: &kernel.name };
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

    fn end(mut self, out: &mut Output) -> Result<Status, Error> {
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
            out.line(&format!("\nonly before: {}", gone.join(", ")))?;
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
            out.line(&text)?;
        } else if let Some(changed) = changed {
            let what = "the patch changes nothing that is read";
            out.line(&format!(
                "\n{loud}{what}{loud:#}: {} is not judged, and this says nothing about it",
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

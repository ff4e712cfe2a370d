//! `shortcopy diff`

use report::html::Opens;
use report::snapshot::how_to_record;
use report::{MAIL_WIDTH, Summary, diff as compare};
use scenario::{BadState, Case, Coverage, Scenario, Tier, Variant, WritePath};

use super::tell::BETWEEN;
use super::trees;
use crate::arguments::{Bounds, Diff, DiffFormat};
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::html::{Html, Of, command_line};
use crate::output::Output;
use crate::recorded::Records;
use crate::status::Status;
use crate::story::mailed;
use crate::target::{Breadth, Chosen, variant};

/// Shows which bad states appear, go and stay between two variants: as recorded, or by a search.
///
/// # Errors
/// A target that is not one variant, one that is not recorded, a broken model, an output that can't be written.
pub(crate) fn diff(
    catalog: &[WritePath],
    arguments: &Diff,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    if arguments.format == DiffFormat::Mail {
        out.wrap_lines(MAIL_WIDTH);
    }
    if !arguments.trees.tree.is_empty() {
        return trees::diff(arguments, searcher, out);
    }
    let [before, after] = &arguments.targets[..] else {
        let what = "two variants are compared: name both, as in `shortcopy diff ext4/ordered@v4.2 ext4/ordered@v6.14`";
        return Err(Error::Usage(format!(
            "{what}; or name trees: `--tree A --tree B`, `--tree A --patch FILE`"
        )));
    };
    let both = [variant(catalog, before)?, variant(catalog, after)?];
    if arguments.searches() {
        return search(both, arguments, searcher, out);
    }
    if arguments.format == DiffFormat::Mail {
        let what = "`--format mail` tells schedules, which are searched for: add `--search`";
        return Err(Error::Usage(what.to_owned()));
    }
    if arguments.all || arguments.bounds != Bounds::default() {
        let what = "`--all` and the bounds are about a search, and nothing is searched: add `--search`";
        return Err(Error::Usage(what.to_owned()));
    }
    let mut records = Records::find(arguments.snapshots.as_deref(), catalog)?;
    let [old, new] = both.map(|(path, variant)| recorded(&mut records, path, variant));
    let compared = compare(&old?, &new?);
    if arguments.format == DiffFormat::Json {
        tell_json(&compared, arguments, None, out)?;
        return Ok(Status::AsRecorded);
    }
    tell(&compared, out)?;
    out.line(&format!("as in {records}; `--search` searches"))?;
    out.flush()?;
    Ok(Status::AsRecorded)
}

/// Tells what appears, goes and stays; where little is told, not what stays.
fn tell(diff: &report::Diff, out: &mut Output) -> Result<(), Error> {
    match out.is_quiet() {
        true if diff.is_same() => Ok(()),
        true => out.news(&diff.changes()),
        false => out.write(&diff.to_string()),
    }
}

/// The same for programs; `cut`: whether a search was, where something was searched.
fn tell_json(
    diff: &report::Diff,
    arguments: &Diff,
    cut: Option<bool>,
    out: &mut Output,
) -> Result<(), Error> {
    let [before, after] = [0, 1].map(|at| arguments.targets.get(at).map_or("", String::as_str));
    for line in diff.json_lines([before, after], cut).map_err(std::io::Error::from)? {
        out.line(&line)?;
    }
    out.flush()
}

/// What is recorded of a variant.
fn recorded(records: &mut Records, path: &WritePath, variant: &Variant) -> Result<Vec<Summary>, Error> {
    let snapshot = records.snapshot(path, variant)?;
    let missing = variant
        .cases
        .iter()
        .filter(|case| case.tier == Tier::Default)
        .find(|case| snapshot.is_none_or(|snapshot| snapshot.section(&case.name).is_none()));
    match (snapshot, missing) {
        (Some(snapshot), None) => Ok(snapshot.sections.iter().map(Summary::recorded).collect()),
        (_, missing) => {
            let target = format!("{}@{}", path.name, variant.name);
            let what = missing.map_or(target.clone(), |case| format!("{target}:{}", case.name));
            let how = how_to_record(Some(&target));
            let what = format!("`{what}` is not in {records}; `--search` searches, and to record it: {how}");
            Err(Error::Usage(what))
        }
    }
}

fn search(
    both: [(&WritePath, &Variant); 2],
    arguments: &Diff,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let taken = |case: &&Case| Breadth::of(arguments.all).takes(case);
    let chosen: Vec<Chosen<'_>> = both
        .into_iter()
        .flat_map(|(path, variant)| {
            variant.cases.iter().filter(taken).map(move |case| Chosen { path, variant, case })
        })
        .collect();
    let words = arguments.targets.iter().map(String::as_str).chain(["--search"]);
    let name = command_line("diff", words);
    let mut html = Html::begin(arguments.html.as_deref(), &name, Opens::Comparison)?;
    let first = both[0].1.cases.iter().filter(taken).count();
    let mut results: [Vec<Summary>; 2] = [Vec::new(), Vec::new()];
    let mut found: [Vec<Found<'_>>; 2] = [Vec::new(), Vec::new()];
    let mut status = Status::AsRecorded;
    searcher.search(&arguments.bounds.explicit(), &chosen, |at, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        if outcome.coverage != Coverage::Exhausted {
            status = Status::Unknown;
        }
        if let Some(html) = &mut html {
            html.add(Of::from(&chosen[at]), "explicit", (&scenario, &outcome), None);
        }
        let which = usize::from(at >= first);
        results[which].push(Summary::found(&scenario.name, &outcome));
        if arguments.format == DiffFormat::Mail {
            let all = outcome.bad.into_iter();
            found[which].extend(all.map(|bad| Found { chosen: chosen[at], scenario: scenario.clone(), bad }));
        }
        Ok(())
    })?;
    let compared = compare(&results[0], &results[1]);
    match arguments.format {
        DiffFormat::Json => tell_json(&compared, arguments, Some(status == Status::Unknown), out)?,
        DiffFormat::Text => tell(&compared, out)?,
        DiffFormat::Mail => {
            tell(&compared, out)?;
            mail_new(&found, out)?;
        }
    }
    if status == Status::Unknown && arguments.format != DiffFormat::Json {
        out.news_line("a search was cut: what is missing may be there")?;
    }
    out.flush()?;
    html.map_or(Ok(()), Html::write)?;
    Ok(status)
}

/// A bad state, and where it was found.
struct Found<'c> {
    chosen: Chosen<'c>,
    scenario: Scenario,
    bad: BadState,
}

impl Found<'_> {
    fn is_same(&self, other: &Found<'_>) -> bool {
        self.scenario.name == other.scenario.name
            && (&self.bad.property, &self.bad.witness) == (&other.bad.property, &other.bad.witness)
    }
}

/// Of each property the shortest way to a bad state that only the second variant has.
fn mail_new([before, after]: &[Vec<Found<'_>>; 2], out: &mut Output) -> Result<(), Error> {
    let mut new: Vec<&Found<'_>> =
        after.iter().filter(|found| !before.iter().any(|old| old.is_same(found))).collect();
    new.sort_by_key(|found| (!found.bad.promised, found.bad.property.clone(), found.bad.schedule.steps()));
    new.dedup_by(|later, first| later.bad.property == first.bad.property);
    for found in new {
        out.line(BETWEEN)?;
        out.write(&mailed(&found.scenario, &found.bad, None, (&found.chosen, None)))?;
    }
    Ok(())
}

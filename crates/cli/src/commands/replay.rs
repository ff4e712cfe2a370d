//! `shortcopy replay`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use report::html::Opens;
use report::snapshot::{Section, how_to_record, parse};
use report::{Block, Folding, Line, Rerun, Snapshot, States, rerun_line};
use scenario::{BadState, Event, Scenario, WritePath};

use crate::arguments::{Bounds, Replay, ReplayFormat};
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::html::{Html, Of, command_line};
use crate::kernel::Kernel;
use crate::output::Output;
use crate::recorded::{Records, read_text, subject};
use crate::replay::{Replayed, replay as find_run};
use crate::states::states;
use crate::status::Status;
use crate::story::mailed;
use crate::target::{Breadth, Chosen, choose, unknown, variant};

/// Runs a recorded schedule step by step.
///
/// # Errors
/// If there is no such schedule, or it can't be taken.
pub(crate) fn replay(
    catalog: &[WritePath],
    kernel: Option<&Kernel>,
    arguments: &Replay,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let Asked { name, scenario, number } = Asked::parse(&arguments.schedule)?;
    let words = std::iter::once(arguments.schedule.clone()).chain(arguments.tree.to_arguments());
    let html = Html::begin(arguments.html.as_deref(), &command_line("replay", words), Opens::Schedule)?;
    if let Some(kernel) = kernel {
        return of_tree(kernel, (name, scenario, number), arguments.format, searcher, html, out);
    }
    let snapshot = read(catalog, name, arguments.snapshots.as_deref())?;
    let (section, block) = pick(&snapshot, scenario, number)?;
    let target = format!("{}:{}", snapshot.target, section.scenario);
    let chosen = choose(catalog, std::slice::from_ref(&target), Breadth::All)?;
    let [chosen] = chosen[..] else { return Err(Error::Usage(format!("`{target}` is not one scenario"))) };
    let scenario = (chosen.case.build)();
    let teller = Teller { chosen: &chosen, scenario: &scenario, kernel: None, format: arguments.format };
    if block.initial.is_empty() {
        return teller.without_schedule(block, out);
    }
    let searched;
    let block = if block.as_in.is_some() {
        // Its like is told elsewhere: the way there is searched again.
        match search(searcher, chosen, block)? {
            Some(found) => {
                searched = found;
                &searched
            }
            None => {
                let why = "a search finds another way, or none; `shortcopy check` says more";
                return teller.not_as_recorded(block, why, out);
            }
        }
    } else {
        block
    };
    match find_run(&scenario, block) {
        Ok(replayed) => {
            let bad = replayed.shows(block);
            teller.tell(block, &bad, Some(&replayed), out)?;
            if let Some(mut html) = html {
                html.add_one(Of::from(&chosen), (&scenario, &bad), None, block.number);
                html.write()?;
            }
            Ok(Status::AsRecorded)
        }
        Err(crate::replay::Error::Model(why)) => Err(Error::Model { target, why: why.to_string() }),
        Err(why) => teller.not_as_recorded(block, &why.to_string(), out),
    }
}

/// Tells what became of a schedule.
struct Teller<'t> {
    chosen: &'t Chosen<'t>,
    scenario: &'t Scenario,
    kernel: Option<&'t Kernel>,
    format: ReplayFormat,
}

impl Teller<'_> {
    /// A bad state, and the run that comes to it.
    fn tell(
        &self,
        block: &Block,
        bad: &BadState,
        replayed: Option<&Replayed>,
        out: &mut Output,
    ) -> Result<(), Error> {
        match self.format {
            ReplayFormat::Mail => {
                let number = Some(block.number);
                out.write(&mailed(self.scenario, bad, self.kernel, (self.chosen, number)))?;
            }
            ReplayFormat::Json => {
                let states = states(self.scenario)(bad);
                self.line(block, Ok((bad, states.as_ref())), true, out)?;
            }
            ReplayFormat::Text => {
                self.heading(block, out)?;
                if let Some(replayed) = replayed {
                    show(self.scenario, self.kernel, replayed, out)?;
                }
            }
        }
        out.flush()
    }

    /// What is missing on every run.
    fn without_schedule(&self, block: &Block, out: &mut Output) -> Result<Status, Error> {
        let why = "There is no schedule to take: what is missing is missing on every one.";
        if self.format == ReplayFormat::Json {
            self.line(block, Err(why), true, out)?;
        } else {
            self.heading(block, out)?;
            out.line(why)?;
        }
        out.flush()?;
        Ok(Status::AsRecorded)
    }

    /// A schedule that no run shows any more.
    fn not_as_recorded(&self, block: &Block, why: &str, out: &mut Output) -> Result<Status, Error> {
        match self.format {
            ReplayFormat::Json => self.line(block, Err(why), false, out)?,
            ReplayFormat::Mail => out.line(&format!("not as recorded: {why}"))?,
            ReplayFormat::Text => {
                self.heading(block, out)?;
                out.line(&format!("not as recorded: {why}"))?;
            }
        }
        out.flush()?;
        Ok(Status::Different)
    }

    fn heading(&self, block: &Block, out: &mut Output) -> Result<(), Error> {
        out.write(&heading(&self.chosen.target(), &self.scenario.sentence, block))
    }

    fn line(
        &self,
        block: &Block,
        came_to: Result<(&BadState, Option<&States>), &str>,
        as_recorded: bool,
        out: &mut Output,
    ) -> Result<(), Error> {
        let rerun = Rerun {
            path: &self.chosen.path.name,
            variant: &self.chosen.variant.name,
            stands: self.chosen.variant.stands,
            scenario: self.scenario,
            number: block.number,
            broken: (&block.property, &block.witness),
            came_to,
            as_recorded,
        };
        out.line(&rerun_line(rerun).map_err(std::io::Error::from)?)
    }
}

/// A schedule of a kernel's text, which a search finds: of the bad states in their order, the one of this number.
fn of_tree(
    kernel: &Kernel,
    (name, scenario, number): (&str, Option<&str>, Option<usize>),
    format: ReplayFormat,
    searcher: &Searcher,
    html: Option<Html>,
    out: &mut Output,
) -> Result<Status, Error> {
    let asked = scenario.map_or(name.to_owned(), |scenario| format!("{name}:{scenario}"));
    let chosen = choose(&kernel.catalog, std::slice::from_ref(&asked), Breadth::All)?;
    let [chosen] = chosen[..] else {
        let what = "a schedule of a tree is searched for: name its scenario, as in";
        let example = chosen.first().map_or(String::new(), Chosen::target);
        return Err(Error::Usage(format!("`{asked}` is not one scenario; {what} `{example}#1`")));
    };
    let number = number.unwrap_or(1);
    let mut found = None;
    searcher.search(&Bounds::default().explicit(), &[chosen], |_, answer| {
        found = Some(answer?);
        Ok(())
    })?;
    let Some(Answer { scenario, outcome, .. }) = found else {
        return Err(Error::Usage(format!("`{asked}` was not searched")));
    };
    let Some(bad) = number.checked_sub(1).and_then(|at| outcome.bad.get(at)) else {
        let target = chosen.target();
        return Err(Error::Usage(match outcome.bad.len() {
            0 => format!("`{target}` has no schedule: the search found nothing bad"),
            last => format!("`{target}` has no schedule #{number}; it has #1 to #{last}"),
        }));
    };
    let block = Block::of(number, bad, &scenario, &BTreeSet::new());
    let teller = Teller { chosen: &chosen, scenario: &scenario, kernel: Some(kernel), format };
    if bad.schedule.events.is_empty() {
        return teller.without_schedule(&block, out);
    }
    let replayed = match format {
        ReplayFormat::Text => {
            let replayed = find_run(&scenario, &block).map_err(|why| Error::Replay(why.to_string()))?;
            Some(replayed)
        }
        ReplayFormat::Json | ReplayFormat::Mail => None,
    };
    teller.tell(&block, bad, replayed.as_ref(), out)?;
    if let Some(mut html) = html {
        html.add_one(Of::from(&chosen), (&scenario, bad), Some(kernel), number);
        html.write()?;
    }
    Ok(Status::AsRecorded)
}

/// The block in full, if a search finds what it records.
fn search(searcher: &Searcher, chosen: Chosen<'_>, block: &Block) -> Result<Option<Block>, Error> {
    let mut found = None;
    searcher.search(&Bounds::default().explicit(), &[chosen], |_, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        let bad = outcome.bad.iter().find(|bad| block.records(bad, &scenario));
        found = bad.map(|bad| Block::of(block.number, bad, &scenario, &BTreeSet::new()));
        Ok(())
    })?;
    Ok(found)
}

/// What was asked for: `NAME[:SCENARIO][#N]`.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) scenario: Option<&'a str>,
    pub(super) number: Option<usize>,
}

impl<'a> Asked<'a> {
    pub(super) fn parse(schedule: &'a str) -> Result<Asked<'a>, Error> {
        let no_number = |number| {
            let what = "is no number of a schedule; after `#` stands one, such as `#1`";
            Error::Usage(format!("`{number}` {what}"))
        };
        let (rest, number) = match schedule.rsplit_once('#') {
            Some((rest, number)) => (rest, Some(number.parse().map_err(|_| no_number(number))?)),
            None => (schedule, None),
        };
        let (name, scenario) = match rest.rsplit_once(':') {
            Some((name, scenario)) if !Path::new(rest).exists() => (name, Some(scenario)),
            _ => (rest, None),
        };
        if let (None, Some(number)) = (scenario, number) {
            let what = "is the number of a schedule in a scenario: name it, as in";
            return Err(Error::Usage(format!("`#{number}` {what} `{name}:SCENARIO#{number}`")));
        }
        Ok(Asked { name, scenario, number })
    }
}

/// The snapshot in a file, or of a variant.
pub(super) fn read(catalog: &[WritePath], name: &str, directory: Option<&Path>) -> Result<Snapshot, Error> {
    let file = PathBuf::from(name);
    if file.exists() {
        let wrong = |why| Error::Snapshot { path: file.clone(), why };
        let text = read_text(&file)?;
        let target = parse(&text, None).map_err(wrong)?.target;
        let (_, variant) = variant(catalog, &target)?;
        return parse(&text, Some(&subject(&target, variant))).map_err(wrong);
    }
    if name.contains('@') {
        let (path, variant) = variant(catalog, name)?;
        let mut records = Records::find(directory, catalog)?;
        let recorded = records.snapshot(path, variant)?.cloned();
        return recorded.ok_or_else(|| {
            let how = how_to_record(Some(name));
            Error::Usage(format!("`{name}` is not in {records}; to record it: {how}"))
        });
    }
    let stem = name.strip_suffix(".snap").unwrap_or(name);
    let known: Vec<String> = catalog
        .iter()
        .flat_map(|p| p.variants.iter().map(|v| format!("snapshots/{}/{}.snap", p.name, v.name)))
        .collect();
    let stem = if stem == name { stem.to_owned() } else { format!("{stem}.snap") };
    Err(unknown("snapshot", &stem, known.iter().map(String::as_str)))
}

/// The schedule that is meant: the first where none is named.
pub(super) fn pick<'s>(
    snapshot: &'s Snapshot,
    scenario: Option<&str>,
    number: Option<usize>,
) -> Result<(&'s Section, &'s Block), Error> {
    let target = &snapshot.target;
    let bad: Vec<&Section> = snapshot.sections.iter().filter(|s| !s.blocks.is_empty()).collect();
    let section = match scenario {
        Some(name) => snapshot.section(name).ok_or_else(|| {
            let names = bad.iter().map(|section| section.scenario.as_str());
            unknown(&format!("scenario in the snapshot of `{target}`"), name, names)
        })?,
        None => bad
            .first()
            .copied()
            .ok_or_else(|| Error::Usage(format!("`{target}` has no schedule: every scenario holds")))?,
    };
    let number = number.unwrap_or(1);
    section.blocks.iter().find(|block| block.number == number).map(|block| (section, block)).ok_or_else(
        || {
            let scenario = &section.scenario;
            Error::Usage(match section.blocks.len() {
                0 => format!("`{target}:{scenario}` has no schedule: it holds"),
                last => format!("`{target}:{scenario}` has no schedule #{number}; it has #1 to #{last}"),
            })
        },
    )
}

fn heading(target: &str, sentence: &str, block: &Block) -> String {
    let bold = Style::new().bold();
    format!(
        "{bold}scenario{bold:#}  {target}\n          {}\n{bold}property{bold:#}  {}\n{bold}initial{bold:#}   {}\n",
        sentence,
        report::named(&block.property, &block.witness, block.promised),
        block.initial
    )
}

/// Each step, indented by the functions it is in, and what it changes in the picture.
fn show(
    scenario: &Scenario,
    kernel: Option<&Kernel>,
    replayed: &Replayed,
    out: &mut Output,
) -> Result<(), Error> {
    let dim = Style::new().dimmed();
    let bad = AnsiColor::Red.on_default().bold();
    let mut events: Vec<Event> = Vec::new();
    let mut shown = 0;
    let mut before: Vec<String> = Vec::new();
    for (number, stage) in replayed.stages.iter().enumerate() {
        events.extend(stage.events.iter().cloned());
        let lines = report::lines(&events, Folding::Nothing);
        for Line { actor, depth, text, mark, file, line, .. } in &lines[shown..] {
            let style = if *mark == report::Mark::Bad { bad } else { Style::new() };
            let label = if *mark == report::Mark::Step { format!("{number:>4}") } else { "    ".to_owned() };
            let begin = format!("{label}  {actor:<10} {:indent$}", "", indent = 2 * depth);
            let taken = begin.chars().count() + text.chars().count() + 2;
            let room = out.width().map(|width| width.saturating_sub(taken));
            let code = kernel.and_then(|kernel| kernel.line(file, *line));
            let place = if *line > 0 { report::place((file, *line), code, room) } else { None };
            let place = place.map_or(String::new(), |(source, code)| format!("  {dim}{source}{dim:#}{code}"));
            out.line(&format!("{begin}{style}{text}{style:#}{place}"))?;
        }
        shown = lines.len();
        let picture = report::picture(scenario, &stage.cells);
        for line in changed(&before, &picture) {
            out.line(&format!("        {dim}|{dim:#} {line}"))?;
        }
        before = picture;
    }
    Ok(())
}

/// The lines of a picture that were not there before; all of them if it has more or fewer.
fn changed<'p>(before: &[String], picture: &'p [String]) -> Vec<&'p str> {
    let old = before.iter().map(Some).chain(std::iter::repeat(None));
    let whole = before.len() != picture.len();
    let lines = picture.iter().zip(old);
    lines.filter(|(new, old)| whole || Some(*new) != *old).map(|(new, _)| new.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn only_what_changes_of_a_picture_is_shown() {
        let picture = |lines: &[&str]| lines.iter().map(|&l| l.to_owned()).collect::<Vec<_>>();
        let before = picture(&["page locked", "contents 0", "size 4"]);
        assert_eq!(changed(&[], &before), ["page locked", "contents 0", "size 4"]);
        assert_eq!(changed(&before, &before), [""; 0]);
        assert_eq!(changed(&before, &picture(&["page", "contents 0", "size 6"])), ["page", "size 6"]);
        assert_eq!(changed(&before, &picture(&["page", "size 4"])), ["page", "size 4"]);
    }
}

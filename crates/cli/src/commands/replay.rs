//! `shortcopy replay`

use std::fs;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use report::snapshot::{Section, parse};
use report::{Block, Line, Snapshot};
use scenario::{Event, Scenario, WritePath};

use crate::arguments::{Bounds, Replay};
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::output::Output;
use crate::recorded::Records;
use crate::replay::{Replayed, replay as find_run};
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose, unknown, variant};

/// Runs a recorded schedule step by step.
///
/// # Errors
/// If there is no such schedule, or it can't be taken.
pub(crate) fn replay(
    catalog: &[WritePath],
    arguments: &Replay,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let (name, number) = match arguments.schedule.rsplit_once('#') {
        Some((name, number)) => {
            let number: usize = number.parse().map_err(|_| {
                Error::Usage(format!(
                    "`{number}` is no number of a schedule; after `#` stands one, such as `#1`"
                ))
            })?;
            (name, Some(number))
        }
        None => (arguments.schedule.as_str(), None),
    };
    let snapshot = read(catalog, name, arguments.snapshots.as_deref())?;
    let (section, block) = pick(&snapshot, number)?;
    let target = format!("{}:{}", snapshot.target, section.scenario);
    let chosen = choose(catalog, std::slice::from_ref(&target), Breadth::All)?;
    let [chosen] = chosen[..] else { return Err(Error::Usage(format!("`{target}` is not one scenario"))) };
    let scenario = (chosen.case.build)();
    out.write(&heading(&target, section, block))?;
    if block.initial.is_empty() {
        out.line("There is no schedule to take: what is missing is missing on every one.")?;
        out.flush()?;
        return Ok(Status::AsRecorded);
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
                out.line(
                    "not as recorded: a search finds another way, or none; `shortcopy check` says more",
                )?;
                out.flush()?;
                return Ok(Status::Different);
            }
        }
    } else {
        block
    };
    match find_run(&scenario, block) {
        Ok(replayed) => {
            show(&scenario, &replayed, out)?;
            out.flush()?;
            Ok(Status::AsRecorded)
        }
        Err(crate::replay::Error::Model(why)) => Err(Error::Model { target, why: why.to_string() }),
        Err(why) => {
            out.line(&format!("not as recorded: {why}"))?;
            out.flush()?;
            Ok(Status::Different)
        }
    }
}

/// The block in full, if a search finds what it records.
fn search(searcher: &Searcher, chosen: Chosen<'_>, block: &Block) -> Result<Option<Block>, Error> {
    let mut found = None;
    searcher.search(&Bounds::default().explicit(), &[chosen], |_, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        let mut blocks = outcome.bad.iter().map(|bad| Block::of(block.number, bad, &scenario));
        found = blocks.find(|b| b.is_same(block));
        Ok(())
    })?;
    Ok(found)
}

/// The snapshot in a file, or of a variant.
fn read(catalog: &[WritePath], name: &str, directory: Option<&Path>) -> Result<Snapshot, Error> {
    let as_file = PathBuf::from(name);
    let file = if as_file.is_file() {
        as_file
    } else if name.contains('@') {
        let (path, variant) = variant(catalog, name)?;
        Records::find(directory, catalog)?.file(&path.name, &variant.name)
    } else {
        let stem = name.strip_suffix(".snap").unwrap_or(name);
        let known: Vec<String> = catalog
            .iter()
            .flat_map(|p| p.variants.iter().map(|v| format!("snapshots/{}/{}.snap", p.name, v.name)))
            .collect();
        let stem = if stem == name { stem.to_owned() } else { format!("{stem}.snap") };
        return Err(unknown("snapshot", &stem, known.iter().map(String::as_str)));
    };
    let text = fs::read_to_string(&file).map_err(|why| Error::File { path: file.clone(), why })?;
    parse(&text).map_err(|why| Error::Snapshot { path: file, why })
}

fn pick(snapshot: &Snapshot, number: Option<usize>) -> Result<(&Section, &Block), Error> {
    let last = snapshot.sections.iter().flat_map(|s| &s.blocks).map(|b| b.number).max();
    let Some(last) = last else {
        return Err(Error::Usage(format!("`{}` has no schedule: every scenario holds", snapshot.target)));
    };
    let number = number.unwrap_or(1);
    snapshot.block(number).ok_or_else(|| {
        Error::Usage(format!("`{}` has no schedule #{number}; it has #1 to #{last}", snapshot.target))
    })
}

fn heading(target: &str, section: &Section, block: &Block) -> String {
    let bold = Style::new().bold();
    format!(
        "{bold}scenario{bold:#}  {target}\n          {}\n{bold}property{bold:#}  {}\n{bold}initial{bold:#}   {}\n",
        section.sentence,
        report::named(&block.property, &block.witness, block.promised),
        block.initial
    )
}

/// Each step, indented by the functions it is in, and the picture after it.
fn show(scenario: &Scenario, replayed: &Replayed, out: &mut Output) -> Result<(), Error> {
    let dim = Style::new().dimmed();
    let bad = AnsiColor::Red.on_default().bold();
    let mut events: Vec<Event> = Vec::new();
    let mut shown = 0;
    for (number, stage) in replayed.stages.iter().enumerate() {
        events.extend(stage.events.iter().cloned());
        let lines = report::unfolded(&events);
        if number > 0 {
            out.line("")?;
        }
        for Line { actor, depth, text, mark, file, line, .. } in &lines[shown..] {
            let style = if *mark == report::Mark::Bad { bad } else { Style::new() };
            let source = if *line > 0 { format!("  {dim}{file}:{line}{dim:#}") } else { String::new() };
            let label = if *mark == report::Mark::Step { format!("{number:>4}") } else { "    ".to_owned() };
            out.line(&format!(
                "{label}  {actor:<10} {:indent$}{style}{text}{style:#}{source}",
                "",
                indent = 2 * depth
            ))?;
        }
        shown = lines.len();
        for line in report::picture(scenario, &stage.cells) {
            out.line(&format!("        {dim}|{dim:#} {line}"))?;
        }
    }
    Ok(())
}

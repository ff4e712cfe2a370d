//! `shortcopy check`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use report::html::Opens;
use report::snapshot::how_to_record;
use scenario::{BadState, Bound, Coverage, Outcome, Scenario, Tier, Verdict, WritePath, verdict};

use super::tell::{self, Checked, News, Tell, counted};
use crate::arguments::{Check, CheckFormat, Engine};
use crate::checkpoints::Checkpoints;
use crate::effort::efforts;
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::grounds::Grounds;
use crate::html::{Html, Of, command_line};
use crate::kernel::Kernel;
use crate::output::Output;
use crate::parts::{Part, is_begun};
use crate::recorded::{Comparison, Judgement, Records, judge};
use crate::shards;
use crate::status::Status;
use crate::story::{replay_command, told};
use crate::target::{Chosen, choose_of, known, left};
use crate::together::Together;

/// Searches scenarios for bad states and compares with the snapshots.
///
/// # Errors
/// A target that means nothing, a snapshot that can't be read, an output that can't be written.
pub(crate) fn check(
    catalog: &[WritePath],
    kernel: Option<&Kernel>,
    arguments: &Check,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let all = choose_of(catalog, &arguments.targets, arguments.breadth())?;
    let checkpoints = Checkpoints::open(&arguments.checkpoints)?.map(Arc::new);
    let arguments = &of_each_process(arguments);
    let (program, interrupt) = (searcher.program.as_ref(), &searcher.interrupt);
    let together = Together::begin(arguments, &words(arguments), program, interrupt)?.map(Arc::new);
    let searcher = &Searcher { checkpoints, together, compact: arguments.compact, ..searcher.clone() };
    if let Some(together) = searcher.together.as_ref().filter(|together| !together.tells()) {
        return take_part(together, searcher, arguments, &all);
    }
    // Of all parts the same, whichever has whom.
    left_out(&all, &arguments.without)?;
    let mut records = Records::find(arguments.snapshots.as_deref(), catalog)?;
    let count = all.len();
    let chosen = match arguments.shard {
        Some(shard) => shards::part(&all, shard, &mut records)?,
        None => all,
    };
    // States are recorded, and other engines take something else.
    let is_told = searcher.progress && arguments.search.engine == Engine::Explicit;
    let efforts = if is_told { efforts(&chosen, &mut records)? } else { Vec::new() };
    let searcher = &Searcher { efforts, ..searcher.clone() };
    let begin = |(path, shard): (&PathBuf, _)| Part::begin(path, words(arguments), shard);
    let mut part = arguments.part.as_ref().zip(arguments.shard).map(begin).transpose()?;
    let search = |take: &mut Take<'_>| {
        searcher.search(&arguments.search, &chosen, |at, answer| {
            part.as_mut().map_or(Ok(()), |part| part.add(&chosen[at], &answer))?;
            take(at, answer)
        })
    };
    let parts = arguments.shard.map(|shard| {
        format!("part {shard}: {} of {} scenarios", grouped(chosen.len() as u64), grouped(count as u64))
    });
    let status = tell_all(records, kernel, arguments, &chosen, parts, search, out);
    if let Some(together) = searcher.together.as_ref().filter(|_| status.is_ok()) {
        together.end();
    }
    status
}

/// The same with what each of the processes may take that are started.
fn of_each_process(arguments: &Check) -> Check {
    let mut arguments = arguments.clone();
    let processes = arguments.together.processes.unwrap_or(1);
    arguments.search.bounds.memory_max /= u64::from(processes);
    arguments
}

/// Searches as one of the processes that tell nothing.
fn take_part(
    together: &Together,
    searcher: &Searcher,
    arguments: &Check,
    chosen: &[Chosen<'_>],
) -> Result<Status, Error> {
    let searcher = Searcher { progress: false, ..searcher.clone() };
    let mut status = Status::AsRecorded;
    searcher.search(&arguments.search, chosen, |_, answer| {
        // What is wrong with a model is told by the process that tells.
        if let Ok(Answer { outcome, .. }) = answer
            && outcome.coverage == (Coverage::Cut { bound: Bound::Process })
            && status == Status::AsRecorded
        {
            status = Status::Unknown;
            if !together.is_child() {
                anstream::eprintln!("shortcopy: {}", outcome.remark);
            }
        }
        Ok(())
    })?;
    together.end();
    Ok(status)
}

/// Takes the answer to one of the scenarios.
pub(super) type Take<'t> = dyn FnMut(usize, Result<Answer, Error>) -> Result<(), Error> + 't;

/// Tells the answers that `search` gives, in the order of `chosen`, and compares them with what is recorded.
///
/// # Errors
/// What `search` gives, a snapshot that can't be read, an output that can't be written.
pub(super) fn tell_all<'c>(
    mut records: Records,
    kernel: Option<&'c Kernel>,
    arguments: &'c Check,
    chosen: &[Chosen<'c>],
    parts: Option<String>,
    search: impl FnOnce(&mut Take<'_>) -> Result<(), Error>,
    out: &mut Output,
) -> Result<Status, Error> {
    let without = &arguments.without[..];
    let comparison =
        if arguments.search.engine == Engine::Explicit { Comparison::Same } else { Comparison::Among };
    let words = arguments.targets.iter().cloned().chain(arguments.search.tree.to_arguments());
    let mut html = Html::begin(arguments.html.as_deref(), &command_line("check", words), Opens::Matrix)?;
    let mut telling = teller(chosen, kernel, arguments, parts);
    let mut status = Status::AsRecorded;
    search(&mut |at, answer| {
        let Chosen { path, variant, .. } = chosen[at];
        let Answer { scenario, outcome, kept } = match answer {
            Ok(answer) => answer,
            Err(error) => {
                status = Status::Wrong;
                if let Some(html) = &mut html {
                    html.broken(&chosen[at], &error);
                }
                return telling.broken(&chosen[at], &error, out);
            }
        };
        let outcome = outcome.leave_out(&scenario, without);
        let snapshot = records.snapshot(path, variant)?;
        let section = snapshot.and_then(|s| s.section(&scenario.name));
        let judgement = judge(&scenario, &outcome, section, comparison);
        status = status.max(judgement.status);
        let command = again(arguments, &chosen[at], &outcome);
        if let Some(html) = &mut html {
            let engine = arguments.search.engine.name();
            html.add(Of::from(&chosen[at]), engine, (&scenario, &outcome), kernel);
        }
        // A replay of a tree searches, and numbers what it finds.
        let number = |(at, bad): (usize, &BadState)| match kernel {
            Some(_) => Some(at + 1),
            None => section?.block(bad).map(|block| block.number),
        };
        let numbers = outcome.bad.iter().enumerate().map(number).collect();
        let (chosen, recorded) = (chosen[at], section.is_some());
        let checked = Checked { chosen, scenario, outcome, judgement, recorded, numbers, command, kept };
        telling.result(checked, out)
    })?;
    telling.end(&records, out)?;
    out.flush()?;
    if let Some(mut html) = html {
        left(chosen).for_each(|case| html.leave_out(&case));
        html.write()?;
    }
    Ok(status)
}

/// The command, without what says which part it is, and how results are told.
fn words(arguments: &Check) -> Vec<String> {
    let all = arguments.breadth().option().map(str::to_owned);
    let without = arguments.without.iter().map(|id| format!("--without={id}"));
    let words = std::iter::once("check".to_owned()).chain(all).chain(without);
    // Behind `--` nothing is an option.
    let targets = std::iter::once("--".to_owned()).chain(arguments.targets.iter().cloned());
    words.chain(arguments.search.to_arguments()).chain(targets).collect()
}

/// What tells the results in the format that is asked for.
fn teller<'c>(
    chosen: &[Chosen<'c>],
    kernel: Option<&'c Kernel>,
    arguments: &'c Check,
    parts: Option<String>,
) -> Box<dyn Tell<'c> + 'c> {
    match arguments.format {
        CheckFormat::Text => Box::new(Text::new(chosen, kernel, arguments, parts)),
        CheckFormat::Json => Box::new(tell::Json::new(arguments)),
        CheckFormat::Mail => Box::new(tell::Mail::new(kernel, arguments)),
        CheckFormat::Ktap => Box::new(tell::Stream::new(chosen, kernel)),
        CheckFormat::Junit => Box::new(tell::Document::new(report::junit, kernel)),
        CheckFormat::Sarif => {
            let sarif = |all: &[report::Tested]| report::sarif(all).map_err(std::io::Error::from);
            Box::new(tell::Document::new(sarif, kernel))
        }
    }
}

/// Whether the properties that are to be left out are such that some scenario is asked about.
fn left_out(chosen: &[Chosen<'_>], without: &[String]) -> Result<(), Error> {
    if !without.is_empty() {
        let scenarios: Vec<Scenario> = chosen.iter().map(|c| (c.case.build)()).collect();
        let asked: BTreeSet<&str> = scenarios.iter().flat_map(Scenario::asked).collect();
        for id in without {
            known("property", id, asked.iter().copied())?;
        }
    }
    Ok(())
}

/// The command that repeats a result, where more than the target decides what is found.
fn again(arguments: &Check, chosen: &Chosen<'_>, outcome: &Outcome) -> Option<String> {
    let mut command = arguments.search.command(&chosen.target(), outcome)?;
    for id in &arguments.without {
        let _ = write!(command, " --without={id}");
    }
    Some(command)
}

/// What is shown in full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Nothing: a line per scenario.
    Lines,
    /// For each broken property of a variant, the shortest schedule.
    Shortest,
    /// Every bad state.
    Everything,
}

/// The text for people.
struct Text<'c> {
    /// The tree whose text is asked, if it is one's.
    kernel: Option<&'c Kernel>,
    detail: Detail,
    /// Whether what does not matter in a schedule is folded.
    folds: bool,
    width: usize,
    /// Which part it is of what, where it is one.
    parts: Option<String>,
    heading: Option<String>,
    /// What was found in the variant at hand, with each property's best schedule.
    best: BTreeMap<String, (Chosen<'c>, Scenario, BadState, Option<usize>)>,
    tally: Tally,
    news: News,
    grounds: Grounds,
}

#[derive(Default)]
struct Tally {
    scenarios: usize,
    verdicts: [usize; 4],
    different: usize,
    unknown: usize,
    broken: usize,
    skipped: usize,
    states: u64,
    kept: usize,
    /// The variants of which something could be recorded and is not.
    unrecorded: BTreeSet<String>,
    /// Whether there is something that takes too long to be recorded.
    long: bool,
}

const HOLDS: Style = AnsiColor::Green.on_default();
const EXPECTED: Style = AnsiColor::Yellow.on_default();
const DIFFERENT: Style = AnsiColor::Red.on_default().bold();
const UNKNOWN: Style = AnsiColor::Magenta.on_default();

impl<'c> Text<'c> {
    fn new(
        chosen: &[Chosen<'c>],
        kernel: Option<&'c Kernel>,
        arguments: &Check,
        parts: Option<String>,
    ) -> Text<'c> {
        let one_variant = chosen.windows(2).all(|two| std::ptr::eq(two[0].variant, two[1].variant));
        let detail = match chosen {
            _ if arguments.schedules => Detail::Everything,
            [_] => Detail::Everything,
            _ if one_variant => Detail::Shortest,
            _ => Detail::Lines,
        };
        let width = chosen.iter().map(|c| c.case.name.len()).max().unwrap_or(0);
        let folds = !arguments.schedules;
        Text {
            kernel,
            detail,
            folds,
            width,
            parts,
            heading: None,
            best: BTreeMap::new(),
            tally: Tally::default(),
            news: News::default(),
            grounds: Grounds::with(&arguments.search.tree.assume),
        }
    }

    fn head(&mut self, chosen: &Chosen<'_>, out: &mut Output) -> Result<(), Error> {
        let heading = format!("{}@{}", chosen.path.name, chosen.variant.name);
        if self.heading.as_ref() != Some(&heading) {
            let gap = if self.heading.is_some() { "\n" } else { "" };
            let bold = Style::new().bold();
            out.line(&format!("{gap}{bold}{heading}{bold:#}: {}", chosen.variant.sentence))?;
            self.heading = Some(heading);
        }
        Ok(())
    }
}

impl<'c> Tell<'c> for Text<'c> {
    fn broken(&mut self, chosen: &Chosen<'c>, error: &Error, out: &mut Output) -> Result<(), Error> {
        self.head(chosen, out)?;
        self.tally.scenarios += 1;
        self.tally.broken += 1;
        self.news.broken(chosen, error);
        let width = self.width;
        out.line(&format!("  {:width$}  {DIFFERENT}broken{DIFFERENT:#}: {error}", chosen.case.name))
    }

    fn result(&mut self, result: Checked<'c>, out: &mut Output) -> Result<(), Error> {
        let Checked { chosen, scenario, outcome, judgement, recorded, numbers, command, kept } = result;
        self.tally.kept += usize::from(kept.is_some());
        self.tally.scenarios += 1;
        self.tally.states += outcome.states;
        self.tally.different += usize::from(judgement.status == Status::Different);
        self.tally.unknown += usize::from(judgement.status == Status::Unknown);
        if !recorded && chosen.case.tier > Tier::Default {
            self.tally.long = true;
        } else if !recorded {
            self.tally.unrecorded.insert(format!("{}@{}", chosen.path.name, chosen.variant.name));
        }
        self.news.add(&chosen, (&scenario, &outcome), &judgement, recorded);
        if !is_begun(&outcome) {
            self.tally.skipped += 1;
            return Ok(());
        }
        self.head(&chosen, out)?;
        let verdict = verdict(&scenario, &outcome);
        self.tally.verdicts[verdict as usize] += 1;
        let style = match (judgement.status, verdict) {
            (Status::Different | Status::Wrong, _) => DIFFERENT,
            (Status::Unknown | Status::NothingRan, _) => UNKNOWN,
            (Status::AsRecorded, Verdict::Violated) => EXPECTED,
            (Status::AsRecorded, _) => HOLDS,
        };
        let width = self.width;
        let mut line = format!(
            "  {:width$}  {style}{}{style:#}",
            chosen.case.name,
            said(&scenario, &outcome, &judgement)
        );
        let found = found(&outcome);
        if !found.is_empty() {
            let _ = write!(line, ": {found}");
        }
        let left_out: Vec<&str> = outcome.left_out.iter().map(String::as_str).collect();
        for (words, ids) in [("not looked at", outcome.not_looked_at(&scenario)), ("left out", left_out)] {
            let looked = !matches!(outcome.coverage, Coverage::Pruned | Coverage::Unsupported);
            if !ids.is_empty() && looked {
                let _ = write!(line, "\n  {:width$}  {words}: {}", "", ids.join(", "));
            }
        }
        for words in self.grounds.add(&outcome) {
            let _ = write!(line, "\n  {:width$}  {words}", "");
        }
        for remark in outcome.remarks() {
            let _ = write!(line, "\n  {:width$}  {remark}", "");
        }
        if let Some(command) = command {
            let dim = Style::new().dimmed();
            let _ = write!(line, "\n  {:width$}  {dim}again: {command}{dim:#}", "");
        }
        for difference in &judgement.differences {
            let _ = write!(line, "\n  {:width$}    {DIFFERENT}{difference}{DIFFERENT:#}", "");
        }
        if self.detail == Detail::Everything {
            for ending in &outcome.endings {
                let _ = write!(line, "\n    ending  {ending}");
            }
        }
        out.line(&line)?;
        for (bad, number) in outcome.bad.into_iter().zip(numbers) {
            match self.detail {
                Detail::Lines => {}
                Detail::Everything => {
                    out.write(&self.block(&chosen, &scenario, &bad, number, out.width()))?
                }
                Detail::Shortest => {
                    let rank = |bad: &BadState| (bad.schedule.actors().len() > 1, bad.schedule.steps());
                    let known = self.best.get(&bad.property);
                    if known.is_none_or(|(_, _, best, _)| rank(&bad) < rank(best)) {
                        let property = bad.property.clone();
                        self.best.insert(property, (chosen, scenario.clone(), bad, number));
                    }
                }
            }
        }
        out.flush()
    }

    fn end(self: Box<Self>, records: &Records, out: &mut Output) -> Result<(), Error> {
        if !self.best.is_empty() {
            out.line("\nThe shortest way to break each property:")?;
        }
        for (chosen, scenario, bad, number) in self.best.values() {
            out.write(&self.block(chosen, scenario, bad, *number, out.width()))?;
        }
        // Of a single scenario it was just told.
        if !self.news.is_empty() && (self.tally.scenarios > 1 || out.is_quiet()) {
            let gap = if out.is_quiet() { "" } else { "\n" };
            out.news_line(&format!("{gap}What is new or wrong:"))?;
            for line in self.news.lines() {
                out.news_line(&format!("{DIFFERENT}{line}{DIFFERENT:#}"))?;
            }
        }
        let Tally {
            scenarios,
            verdicts,
            different,
            unknown,
            broken,
            skipped,
            states,
            kept,
            unrecorded,
            long,
        } = self.tally;
        let mut parts = counted(&verdicts);
        if broken > 0 {
            parts.push(format!("{broken} broken"));
        }
        if skipped > 0 {
            parts.push(format!("{skipped} not looked at"));
        }
        let violated = verdicts[Verdict::Violated as usize];
        let whole = unknown + broken + skipped == 0;
        let compared = match different {
            0 if whole && violated > 0 => "; all as recorded".to_owned(),
            0 => String::new(),
            n => format!("; {DIFFERENT}{n} not as recorded{DIFFERENT:#}"),
        };
        let plural = if scenarios == 1 { "" } else { "s" };
        let states = if states > 0 { format!(", {} states", grouped(states)) } else { String::new() };
        let kept = match kept {
            0 => String::new(),
            1 => "; 1 result kept from earlier".to_owned(),
            n => format!("; {} results kept from earlier", grouped(n as u64)),
        };
        let counts = format!("\n{scenarios} scenario{plural}{states}: {}{compared}{kept}", parts.join(", "));
        if self.news.is_empty() {
            out.line(&counts)?
        } else {
            out.news_line(&counts)?
        }
        if let Some(parts) = &self.parts {
            out.line(parts)?;
        }
        self.grounds.tell(out)?;
        out.line(&format!("compared with {records}"))?;
        let targets = unrecorded.into_iter().collect::<Vec<_>>().join(",");
        if !targets.is_empty() && self.kernel.is_none() {
            out.line(&format!("to record what is not: {}", how_to_record(Some(&targets))))?;
        }
        if long {
            out.line("what is not searched by default is not recorded: read its schedules")?;
        }
        Ok(())
    }
}

impl Text<'_> {
    /// A bad state in full, and what shows it step by step.
    fn block(
        &self,
        chosen: &Chosen<'_>,
        scenario: &Scenario,
        bad: &BadState,
        number: Option<usize>,
        room: Option<usize>,
    ) -> String {
        let mut out = told(scenario, bad, self.kernel, (self.folds, room));
        if let Some(number) = number {
            let dim = Style::new().dimmed();
            let replay = replay_command(chosen, self.kernel, number);
            let _ = writeln!(out, "{dim}      step by step: {replay}{dim:#}");
        }
        out
    }
}

/// `violated, as recorded`.
pub(super) fn said(scenario: &Scenario, outcome: &Outcome, judgement: &Judgement) -> String {
    let verdict = verdict(scenario, outcome);
    let word = report::snapshot::verdict_word(verdict);
    let how_far = match outcome.coverage {
        Coverage::Exhausted | Coverage::Pruned | Coverage::Unsupported => String::new(),
        Coverage::Cut { bound } => format!(", cut by {}", bound.words()),
        Coverage::Sampled { executions } => format!(", {} executions sampled", grouped(executions)),
    };
    let plain = judgement.status == Status::AsRecorded && verdict == Verdict::Holds;
    let words =
        if plain && outcome.bad.is_empty() { String::new() } else { format!(", {}", judgement.words) };
    format!("{word}{how_far}{words}")
}

/// The broken properties, with the number of distinct bad states where there is more than one.
fn found(outcome: &Outcome) -> String {
    let mut counts: Vec<(&str, bool, usize)> = Vec::new();
    for bad in &outcome.bad {
        match counts.iter_mut().find(|(id, promised, _)| *id == bad.property && *promised == bad.promised) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((&bad.property, bad.promised, 1)),
        }
    }
    let text = |(id, promised, count): &(&str, bool, usize)| {
        let times = if *count > 1 { format!(" ({count})") } else { String::new() };
        format!("{}{times}", report::named(id, "", *promised))
    };
    counts.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn large_numbers_are_grouped() {
        let numbers = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in numbers {
            assert_eq!(grouped(number), text);
        }
    }
}

//! `shortcopy corpus`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use models::corpus::{Bug, Told};
use scenario::{Coverage, Outcome, WritePath};
use serde::Serialize;

use crate::arguments::{Corpus, Format};
use crate::cut::Cuts;
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose};

/// What the search makes of a known bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Judgement {
    /// Before its fix the property is broken, and after it not.
    Found,
    /// Before its fix the property is not broken.
    Missed,
    /// After its fix the property is broken still.
    FalseAlarm,
    /// A search was cut, and what it saw does not tell.
    Unknown,
    /// The modelled paths can't tell the bug.
    NotTold,
}

impl Judgement {
    fn name(self) -> &'static str {
        match self {
            Judgement::Found => "found",
            Judgement::Missed => "MISSED",
            Judgement::FalseAlarm => "FALSE ALARM",
            Judgement::Unknown => "unknown",
            Judgement::NotTold => "not told",
        }
    }

    fn status(self) -> Status {
        match self {
            Judgement::Found | Judgement::NotTold => Status::AsRecorded,
            Judgement::Missed | Judgement::FalseAlarm => Status::Different,
            Judgement::Unknown => Status::Unknown,
        }
    }
}

/// What one search says about a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Broken { steps: usize },
    Holds,
    Cut,
}

fn said(outcome: &Outcome, property: &str) -> Said {
    let lengths = outcome.bad.iter().filter(|bad| bad.property == property).map(|bad| bad.schedule.steps());
    match lengths.min() {
        Some(steps) => Said::Broken { steps },
        None if outcome.coverage == Coverage::Exhausted => Said::Holds,
        None => Said::Cut,
    }
}

fn judge(before: Said, after: Said) -> Judgement {
    match (before, after) {
        (Said::Holds, _) => Judgement::Missed,
        (_, Said::Broken { .. }) => Judgement::FalseAlarm,
        (Said::Broken { .. }, Said::Holds) => Judgement::Found,
        _ => Judgement::Unknown,
    }
}

#[derive(Serialize)]
struct Line<'b> {
    number: u32,
    fixed_by: &'b str,
    sentence: &'b str,
    result: Judgement,
    #[serde(flatten)]
    told: How<'b>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum How<'b> {
    Scenario { property: &'b str, before: &'b str, after: &'b str, steps: Option<usize> },
    Not { because: &'b str },
}

/// The bugs that the command line asks for.
fn asked<'b>(bugs: &'b [Bug], numbers: &[u32]) -> Result<Vec<&'b Bug>, Error> {
    if let Some(unknown) = numbers.iter().find(|n| !bugs.iter().any(|bug| bug.number == **n)) {
        let known: Vec<String> = bugs.iter().map(|bug| bug.number.to_string()).collect();
        let message = format!("there is no bug {unknown} in the corpus; there are {}", known.join(", "));
        return Err(Error::Usage(message));
    }
    Ok(bugs.iter().filter(|bug| numbers.is_empty() || numbers.contains(&bug.number)).collect())
}

/// The one scenario that a bug names.
fn named<'c>(catalog: &'c [WritePath], bug: &Bug, target: &str) -> Result<Chosen<'c>, Error> {
    let mut chosen = choose(catalog, &[target.to_owned()], Breadth::All)?;
    match (chosen.pop(), chosen.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Error::Usage(format!("bug {}: `{target}` is not one scenario", bug.number))),
    }
}

/// Searches for the known bugs, before and after their fixes.
///
/// # Errors
/// A number that there isn't, a broken model, an output that can't be written.
pub(crate) fn corpus(
    catalog: &[WritePath],
    bugs: &[Bug],
    arguments: &Corpus,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let bugs = asked(bugs, &arguments.bugs)?;
    let mut chosen: Vec<Chosen<'_>> = Vec::new();
    // The property that is looked for in each search.
    let mut properties = Vec::new();
    for bug in &bugs {
        if let Told::Scenario { property, before, after } = bug.told {
            for target in [before, after] {
                chosen.push(named(catalog, bug, target)?);
                properties.push(property);
            }
        }
    }
    let mut answers: Vec<Said> = Vec::new();
    let mut cuts = Cuts::default();
    searcher.search(&arguments.bounds.explicit(), &chosen, |at, answer| {
        let Answer { outcome, .. } = answer?;
        cuts.note(chosen[at].target(), outcome.coverage);
        answers.push(said(&outcome, properties[at]));
        Ok(())
    })?;
    let mut answers = answers.into_iter();
    let (mut status, mut counts) = (Status::AsRecorded, BTreeMap::<&str, usize>::new());
    for bug in bugs {
        let line = match bug.told {
            Told::Not { because } => (Judgement::NotTold, How::Not { because }),
            Told::Scenario { property, before, after } => {
                let (first, second) =
                    (answers.next().unwrap_or(Said::Cut), answers.next().unwrap_or(Said::Cut));
                let steps = if let Said::Broken { steps } = first { Some(steps) } else { None };
                (judge(first, second), How::Scenario { property, before, after, steps })
            }
        };
        let (result, told) = line;
        status = status.max(result.status());
        *counts.entry(result.name()).or_default() += 1;
        let Bug { number, fixed_by, sentence, .. } = *bug;
        tell(&Line { number, fixed_by, sentence, result, told }, arguments.format, out)?;
    }
    if arguments.format == Format::Text {
        let counts: Vec<String> = counts.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
        out.line(&counts.join(", "))?;
    }
    if !cuts.is_empty() {
        status = status.max(Status::Unknown);
    }
    let so = "what they did not find may be there, and by fewer steps than those that are told";
    cuts.tell(arguments.format, so, out)?;
    out.flush()?;
    Ok(status)
}

fn tell(line: &Line<'_>, format: Format, out: &mut Output) -> Result<(), Error> {
    if format == Format::Json {
        let text = report::tagged("bug", line).map_err(std::io::Error::from)?;
        return out.line(&text);
    }
    let mut told =
        format!("{:>3}  {:<12} {:<12}  {}\n", line.number, line.result.name(), line.fixed_by, line.sentence);
    let _ = match line.told {
        How::Not { because } => writeln!(told, "{:19}because {because}", ""),
        How::Scenario { property, before, after, steps } => {
            let length = steps.map_or(String::new(), |steps| format!(" in {steps} steps"));
            writeln!(told, "{:19}{property}{length}: {before}\n{:19}after it {after}", "", "")
        }
    };
    if line.result.status() == Status::AsRecorded { out.write(&told) } else { out.news(&told) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_is_found_if_it_is_there_before_its_fix_and_not_after_it() {
        let broken = Said::Broken { steps: 3 };
        assert_eq!(judge(broken, Said::Holds), Judgement::Found);
        assert_eq!(judge(Said::Holds, Said::Holds), Judgement::Missed);
        assert_eq!(judge(Said::Holds, Said::Cut), Judgement::Missed);
        assert_eq!(judge(broken, broken), Judgement::FalseAlarm);
        assert_eq!(judge(Said::Cut, broken), Judgement::FalseAlarm);
        // What was cut is not a pass.
        assert_eq!(judge(broken, Said::Cut), Judgement::Unknown);
        assert_eq!(judge(Said::Cut, Said::Holds), Judgement::Unknown);
    }

    #[test]
    fn a_number_that_there_is_not_is_named() {
        let bug = Bug { number: 7, fixed_by: "", sentence: "", told: Told::Not { because: "" } };
        assert_eq!(asked(&[bug], &[7]).map(|bugs| bugs.len()).ok(), Some(1));
        let bugs = [bug];
        let message = asked(&bugs, &[8]).map_err(|error| error.to_string());
        assert_eq!(message, Err("there is no bug 8 in the corpus; there are 7".to_owned()));
    }
}

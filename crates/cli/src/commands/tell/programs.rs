//! A check for programs that run tests, or show what tests found: JUnit, SARIF and KTAP.

use report::{Found, Grade, Ktap, Tested};
use scenario::{Bound, Coverage, Outcome, Verdict, verdict};

use super::super::check::said;
use super::{Checked, Tell};
use crate::error::Error;
use crate::kernel::Kernel;
use crate::output::Output;
use crate::recorded::{Judgement, Records};
use crate::status::Status;
use crate::story::{defines_words, replay_command, steps};
use crate::target::Chosen;

/// Makes a document of all results.
type Write = fn(&[Tested]) -> std::io::Result<String>;

/// Tells all results in one document.
pub(in super::super) struct Document<'c> {
    kernel: Option<&'c Kernel>,
    write: Write,
    all: Vec<Tested>,
}

impl<'c> Document<'c> {
    pub(in super::super) fn new(write: Write, kernel: Option<&'c Kernel>) -> Document<'c> {
        Document { kernel, write, all: Vec::new() }
    }
}

impl<'c> Tell<'c> for Document<'c> {
    fn broken(&mut self, chosen: &Chosen<'c>, error: &Error, _: &mut Output) -> Result<(), Error> {
        self.all.push(broken(chosen, error));
        Ok(())
    }

    fn result(&mut self, result: Checked<'c>, _: &mut Output) -> Result<(), Error> {
        self.all.push(tested(result, self.kernel));
        Ok(())
    }

    fn end(self: Box<Self>, _: &Records, out: &mut Output) -> Result<(), Error> {
        let text = (self.write)(&self.all)?;
        out.write(text.trim_end())?;
        out.line("")
    }
}

/// Tells results as KTAP, as they come.
pub(in super::super) struct Stream<'c> {
    kernel: Option<&'c Kernel>,
    ktap: Ktap,
    began: bool,
}

impl<'c> Stream<'c> {
    pub(in super::super) fn new(chosen: &[Chosen<'c>], kernel: Option<&'c Kernel>) -> Stream<'c> {
        let same = |a: &Chosen<'_>, b: &Chosen<'_>| std::ptr::eq(a.variant, b.variant);
        let variants = chosen.chunk_by(same);
        let plan = variants.map(|of| (format!("{}@{}", of[0].path.name, of[0].variant.name), of.len()));
        Stream { kernel, ktap: Ktap::new(plan.collect()), began: false }
    }

    fn tell(&mut self, tested: &Tested, out: &mut Output) -> Result<(), Error> {
        if !std::mem::replace(&mut self.began, true) {
            out.write(&self.ktap.begin())?;
        }
        out.write(&self.ktap.result(tested))?;
        out.flush()
    }
}

impl<'c> Tell<'c> for Stream<'c> {
    fn broken(&mut self, chosen: &Chosen<'c>, error: &Error, out: &mut Output) -> Result<(), Error> {
        self.tell(&broken(chosen, error), out)
    }

    fn result(&mut self, result: Checked<'c>, out: &mut Output) -> Result<(), Error> {
        let tested = tested(result, self.kernel);
        self.tell(&tested, out)
    }

    fn end(self: Box<Self>, _: &Records, out: &mut Output) -> Result<(), Error> {
        if self.began { Ok(()) } else { out.write(&self.ktap.begin()) }
    }
}

/// A scenario that nothing is known of.
fn unknown(chosen: &Chosen<'_>) -> Tested {
    Tested {
        path: chosen.path.name.clone(),
        variant: chosen.variant.name.clone(),
        scenario: chosen.case.name.clone(),
        sentence: String::new(),
        grade: Grade::Broken,
        words: String::new(),
        remarks: Vec::new(),
        seconds: 0.0,
        found: Vec::new(),
    }
}

/// A model that can't be searched.
fn broken(chosen: &Chosen<'_>, error: &Error) -> Tested {
    Tested { words: format!("broken: {error}"), ..unknown(chosen) }
}

fn tested(result: Checked<'_>, kernel: Option<&Kernel>) -> Tested {
    let Checked { chosen, scenario, outcome, judgement, recorded, numbers, command, .. } = result;
    let verdict = verdict(&scenario, &outcome);
    let steps = steps(&scenario);
    let found = outcome.bad.iter().zip(numbers).map(|(bad, number)| {
        let steps = steps(bad);
        let telling = steps.telling.clone().unwrap_or_default();
        Found {
            is_new: !recorded || number.is_none(),
            replay: number.map(|number| replay_command(&chosen, kernel, number)),
            ..Found::of(&scenario, bad, (&steps.key, &telling), &defines_words)
        }
    });
    let mut remarks = judgement.differences.clone();
    for (words, ids) in [
        ("not looked at", outcome.not_looked_at(&scenario)),
        ("left out", outcome.left_out.iter().map(String::as_str).collect()),
    ] {
        if !ids.is_empty() {
            remarks.push(format!("{words}: {}", ids.join(", ")));
        }
    }
    remarks.extend(outcome.unsupported.iter().map(|missing| format!("not modelled: {missing}")));
    remarks.extend(outcome.assumptions.iter().map(|assumption| format!("assumed: {assumption}")));
    remarks.extend(outcome.remarks().map(str::to_owned));
    remarks.extend(command.map(|command| format!("again: {command}")));
    Tested {
        sentence: scenario.sentence.clone(),
        grade: grade(&outcome, &judgement, verdict),
        words: said(&scenario, &outcome, &judgement),
        remarks,
        seconds: outcome.seconds,
        found: found.collect(),
        ..unknown(&chosen)
    }
}

/// How a result counts; where not everything was looked at, that never counts as well.
fn grade(outcome: &Outcome, judgement: &Judgement, verdict: Verdict) -> Grade {
    let is_left = outcome.coverage == (Coverage::Cut { bound: Bound::Interrupt }) && outcome.states == 0;
    match judgement.status {
        Status::AsRecorded if verdict == Verdict::Violated => Grade::Known,
        Status::AsRecorded => Grade::Passed,
        Status::Different => Grade::Failed,
        Status::Wrong => Grade::Broken,
        Status::Unknown if verdict == Verdict::Unsupported || is_left => Grade::Skipped,
        Status::NothingRan => Grade::Skipped,
        Status::Unknown => Grade::Unsettled,
    }
}

//! The run that a schedule tells, taken again.

use std::sync::Arc;

use machine::{Place, Step, Word};
use scenario::{BadState, EventKind};

use crate::stepper::{Error, Prepared, Run};

/// A schedule that was followed.
#[derive(Debug)]
pub struct Story {
    /// Before the first step, and after each.
    pub runs: Vec<Run>,
    /// Who took which step.
    pub steps: Vec<(usize, Step)>,
    /// Which of the results that it could have each step had.
    pub choices: Vec<u8>,
}

impl Story {
    /// The cells before the first step, and after each.
    pub fn cells(&self) -> impl Iterator<Item = Vec<Word>> {
        self.runs.iter().map(Run::cells)
    }

    /// The last of the first `of` steps that changed one of these bits.
    pub(crate) fn last_change(&self, bits: &[Bits], of: usize) -> Option<usize> {
        let changed = |&at: &usize| {
            let (before, after) = (self.runs[at - 1].cells(), self.runs[at].cells());
            let value = |cells: &[Word], (at, mask): Bits| cells.get(at.index()).map(|word| word & mask);
            bits.iter().any(|&bits| value(&before, bits) != value(&after, bits))
        };
        (1..=of).rev().find(changed)
    }
}

/// Some bits of a cell.
pub(crate) type Bits = (Place, Word);

/// The run that the schedule of a bad state tells, up to that state; none where there is no such run in sequentially
/// consistent memory.
///
/// # Errors
/// Where a model can't be searched.
pub fn follow(prepared: &Arc<Prepared>, bad: &BadState) -> Result<Option<Story>, Error> {
    let scenario = prepared.scenario();
    let Some(initial) = scenario.initial.iter().position(|i| i.name == bad.schedule.initial) else {
        return Ok(None);
    };
    let everyone: Vec<&str> = scenario.actors.iter().chain(&scenario.views).map(|a| a.name).collect();
    let told: Vec<(&str, &str, &str)> = bad
        .schedule
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Step { label, result, scheduling_point: true } => {
                Some((event.actor.as_str(), label.as_str(), result.as_str()))
            }
            _ => None,
        })
        .collect();
    let (run, _) = Run::start(prepared, initial)?;
    let mut story = Story { runs: vec![run], steps: Vec::new(), choices: Vec::new() };
    // The results that are still to be tried at each step: what a trace shows may not tell them apart.
    let mut untried: Vec<u8> = vec![0];
    loop {
        let at = story.steps.len();
        if at == told.len() {
            let cells = story.runs[at].cells();
            if bad.cells.is_empty() || bad.cells == cells {
                // Each is one past the result that was taken; behind the last step nothing was tried.
                story.choices = untried[..at].iter().map(|next| next - 1).collect();
                return Ok(Some(story));
            }
        } else if let Some((actor, step, choice, run)) =
            next(&story.runs[at], &everyone, told[at], untried[at])?
        {
            untried[at] = choice + 1;
            untried.push(0);
            story.steps.push((actor, step));
            story.runs.push(run);
            continue;
        }
        // Back to where another result was possible.
        untried.pop();
        story.runs.pop();
        if story.steps.pop().is_none() {
            return Ok(None);
        }
    }
}

type Next = (usize, Step, u8, Run);

/// The step that is told, with the first result from `choice` on that it is told with.
fn next(
    run: &Run,
    everyone: &[&str],
    (actor, label, result): (&str, &str, &str),
    choice: u8,
) -> Result<Option<Next>, Error> {
    let Some(actor) = everyone.iter().position(|name| *name == actor) else { return Ok(None) };
    let enabled = run.enabled();
    let choices = enabled.iter().find(|(who, _)| *who == actor).map_or(0, |(_, choices)| *choices);
    let Some(step) = run.pending(actor).filter(|step| step.label.to_string() == label) else {
        return Ok(None);
    };
    for choice in choice..choices {
        let mut after = run.clone();
        let events = after.step(actor, choice)?;
        let same = |kind: &EventKind| match kind {
            EventKind::Step { result: came, scheduling_point: true, .. } => came == result,
            _ => false,
        };
        if events.iter().any(|event| same(&event.kind)) {
            return Ok(Some((actor, step, choice, after)));
        }
    }
    Ok(None)
}

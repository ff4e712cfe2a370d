//! Which steps of a schedule a reader can see something of.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Action, Effect, Place};
use scenario::{BadState, Check, Scenario};

use crate::follow::{Story, follow};
use crate::key_steps::look;
use crate::stepper::{Error, Prepared, Run};

/// The scheduling points, numbered from 1, at which something happens that a reader of the schedule of a bad state
/// would miss:
///
/// - the picture of the state changes;
/// - a cell changes that the broken property looks at, where the engine looks;
/// - a lock is taken: a step that may have to wait changes a cell;
/// - a copy from user memory meets a fault, or a choice does not fall as it mostly does.
///
/// None for a schedule that can't be followed in sequentially consistent memory.
///
/// # Errors
/// Where the scenario or a model can't be searched.
pub fn telling_steps(prepared: &Arc<Prepared>, bad: &BadState) -> Result<Option<BTreeSet<usize>>, Error> {
    let Some(story) = follow(prepared, bad)? else { return Ok(None) };
    let scenario = prepared.scenario();
    let looked_at = looked_at(scenario, &story, bad);
    let mut telling = BTreeSet::new();
    let mut before = story.runs[0].cells();
    let mut picture = (scenario.picture)(&before);
    for (at, run) in story.runs.iter().enumerate().skip(1) {
        let after = run.cells();
        let is_changed = |index: usize| before.get(index) != after.get(index);
        let action = &story.steps[at - 1].1.action;
        let tells = match action {
            Action::Await { at, .. } => is_changed(at.index()),
            Action::CopyUser { .. } => action.execute(&mut before.clone()) == Effect::Done(0),
            Action::Choose { .. } => story.choices[at - 1] != 0,
            _ => false,
        };
        let drawn = if before == after { picture.clone() } else { (scenario.picture)(&after) };
        if tells || drawn != picture || looked_at.iter().any(|&index| is_changed(index)) {
            telling.insert(at);
        }
        (before, picture) = (after, drawn);
    }
    Ok(Some(telling))
}

/// The cells that the broken property looks at in the end, by their numbers.
fn looked_at(scenario: &Scenario, story: &Story, bad: &BadState) -> Vec<usize> {
    let check = scenario.properties.iter().find(|p| p.id == bad.property).map(|p| &p.check);
    let last: Option<&Run> = story.runs.last();
    match (check, last) {
        (Some(check @ (Check::State(_) | Check::Final(_))), Some(run)) => {
            look(scenario, run, check, &bad.witness).1.into_iter().map(Place::index).collect()
        }
        _ => Vec::new(),
    }
}

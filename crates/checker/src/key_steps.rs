//! Which steps of a schedule a reader must see to understand the bad state at its end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Action, Label, Peek, Place, Step, Word};
use scenario::{BadState, Check, Scenario};

use crate::follow::{Bits, follow};
use crate::stepper::{Error, Prepared, Run};

/// The scheduling points, numbered from 1, that the schedule of a bad state is about:
///
/// - the last one, at which the property breaks;
/// - where the engine looks at the property: the one since which it is broken without a pause (were it looked at
///   all the time), and the last one that changed a cell that the property looks at;
/// - where an actor looks: the last one that changed what the actor read last, of what was changed at all;
/// - in a deadlock: the last ones that changed what the waiting actors wait for.
///
/// A schedule that can't be followed in sequentially consistent memory tells only the last one.
///
/// # Errors
/// Where the scenario or a model can't be searched.
pub fn key_steps(prepared: &Arc<Prepared>, bad: &BadState) -> Result<BTreeSet<usize>, Error> {
    let last = bad.schedule.steps();
    let mut keys: BTreeSet<usize> = (last > 0).then_some(last).into_iter().collect();
    let Some(story) = follow(prepared, bad)? else { return Ok(keys) };
    let scenario = prepared.scenario();
    match scenario.properties.iter().find(|p| p.id == bad.property).map(|p| &p.check) {
        Some(check @ (Check::State(_) | Check::Final(_))) => {
            let looks = |at: usize| look(scenario, &story.runs[at], check, &bad.witness);
            let since = (0..=last).rev().take_while(|&at| looks(at).0).last();
            keys.extend(since.filter(|&at| at > 0));
            let seen: Vec<Bits> = looks(last).1.into_iter().map(|at| (at, Word::MAX)).collect();
            keys.extend(story.last_change(&seen, last));
        }
        _ if bad.property == scenario::built_in::DEADLOCK.id => {
            let run = &story.runs[last];
            let enabled = run.enabled();
            let actors = scenario.actors.len();
            let view = story.steps.last().map(|(mover, _)| *mover).filter(|&mover| mover >= actors);
            let waiting = (0..actors).chain(view).filter(|&a| !enabled.iter().any(|(e, _)| *e == a));
            for step in waiting.filter_map(|actor| run.pending(actor)) {
                keys.extend(story.last_change(&reads(&step, &run.cells()), last));
            }
        }
        _ => {
            let Some(&(actor, _)) = story.steps.last() else { return Ok(keys) };
            let own = (1..=last).rev().filter(|&at| story.steps[at - 1].0 == actor);
            let change = |at: usize| {
                let read = reads(&story.steps[at - 1].1, &story.runs[at - 1].cells());
                story.last_change(&read, at - 1)
            };
            keys.extend(own.filter_map(change).next());
        }
    }
    Ok(keys)
}

/// Whether a property is broken in this way where a run has come to, and the cells that were looked at for it.
pub(crate) fn look(scenario: &Scenario, run: &Run, check: &Check, witness: &str) -> (bool, BTreeSet<Place>) {
    let memory = Watched { cells: run.cells(), seen: RefCell::default() };
    let mut broken = false;
    let mut see = |label: Label| broken |= label.to_string() == witness;
    match check {
        Check::State(check) => check(&memory, &mut see),
        Check::Final(check) => {
            let returned = |actor| run.returned(actor).unwrap_or(0);
            let returned: Vec<Word> = (0..scenario.actors.len()).map(returned).collect();
            check(&memory, &returned, &mut see);
        }
        Check::Observed => {}
    }
    (broken, memory.seen.into_inner())
}

/// Memory that remembers which cells were looked at.
struct Watched {
    cells: Vec<Word>,
    seen: RefCell<BTreeSet<Place>>,
}

impl Peek for Watched {
    fn peek(&self, at: Place) -> Word {
        self.seen.borrow_mut().insert(at);
        self.cells[at.index()]
    }
}

/// What a step reads.
fn reads(step: &Step, cells: &[Word]) -> Vec<Bits> {
    match step.action {
        Action::Load { at, mask, .. }
        | Action::Change { at, mask, .. }
        | Action::Await { at, mask, .. }
        | Action::Try { at, mask, .. } => vec![(at, mask)],
        Action::Require { at, .. } | Action::CompareExchange { at, .. } | Action::Add { at, .. } => {
            vec![(at, Word::MAX)]
        }
        Action::Move { from, .. } => vec![(from, Word::MAX)],
        Action::CopyUser { entry, need, frame, frames, stride, unit, .. } => {
            let value = cells.get(entry.index()).copied().unwrap_or(0);
            if value & need != need {
                return vec![(entry, need)];
            }
            let from = frames.at(frame.of(value) as usize * usize::from(stride) + usize::from(unit));
            vec![(entry, Word::MAX), (from, Word::MAX)]
        }
        Action::Store { .. }
        | Action::Fence { .. }
        | Action::Choose { .. }
        | Action::Report { .. }
        | Action::Reach { .. }
        | Action::Control(_) => Vec::new(),
    }
}

//! Ways told as schedules: the run is taken again, step by step.

use std::sync::Arc;

use scenario::{Event, EventKind, Schedule};

use super::error::Error;
use super::findings::Bad;
use super::prepared::Prepared;
use super::shortest::{End, Way};
use crate::stepper::Run;

/// The schedule of a way, and the run at its end.
pub(crate) fn tell(prepared: &Arc<Prepared>, bad: &Bad, way: &Way) -> Result<(Schedule, Run), Error> {
    let (mut run, mut events) = Run::start(prepared, way.initial)?;
    let mut last = 0;
    for &(actor, choice) in &way.steps {
        last = events.len();
        events.extend(run.step(usize::from(actor), choice)?);
    }
    let mut at_end = run.clone();
    match &way.end {
        End::Event => {}
        End::State => last = events.len(),
        End::View(view, steps, cycle) => {
            last = events.len();
            events.extend(run.start_view(*view)?);
            let actor = prepared.actors() + view;
            for &choice in steps {
                last = events.len();
                events.extend(run.step(actor, choice)?);
            }
            at_end = run.clone();
            if !cycle.is_empty() {
                events.push(nobody(EventKind::Cycle));
                last = events.len() + 1;
            }
            for &choice in cycle {
                events.extend(run.step(actor, choice)?);
            }
        }
        End::Cycle(round) => {
            events.push(nobody(EventKind::Cycle));
            for &(actor, choice) in round {
                events.extend(run.step(usize::from(actor), choice)?);
            }
            last = events.len();
        }
    }
    end_with(&mut events, last, bad.property, &bad.witness);
    Ok((Schedule { initial: prepared.scenario.initial[way.initial].name.clone(), events }, at_end))
}

/// A schedule ends with what it is for: where one of the events from `last` on says that, or else by nobody.
pub(crate) fn end_with(events: &mut Vec<Event>, last: usize, property: &str, witness: &str) {
    let is_it = |event: &Event| match &event.kind {
        EventKind::Bad { property: broken, witness: of } => broken == property && of == witness,
        _ => false,
    };
    match events.iter().skip(last).position(is_it) {
        Some(at) => events.truncate(last + at + 1),
        None => {
            let (property, witness) = (property.to_owned(), witness.to_owned());
            events.push(nobody(EventKind::Bad { property, witness }));
        }
    }
}

fn nobody(kind: EventKind) -> Event {
    Event { actor: String::new(), kind, file: String::new(), line: 0 }
}

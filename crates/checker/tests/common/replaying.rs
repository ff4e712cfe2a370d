//! Schedules taken again in the stepper, from their text alone.

use checker::stepper::{Prepared, Run};
use scenario::{BadState, Event, EventKind, Scenario};

fn is_point(event: &Event) -> bool {
    matches!(event.kind, EventKind::Step { scheduling_point: true, .. })
}

/// Switches and steps of a schedule's way in.
pub(crate) fn cost(bad: &BadState) -> (usize, usize) {
    let events = bad.schedule.events.iter().take_while(|e| e.kind != EventKind::Cycle);
    let actors: Vec<&str> = events.filter(|e| is_point(e)).map(|e| e.actor.as_str()).collect();
    (actors.windows(2).filter(|pair| pair[0] != pair[1]).count(), actors.len())
}

/// The states in which a cycle begins and ends.
pub(crate) type Ends = (Vec<u64>, Vec<u64>);

/// Takes the schedule's scheduling points again and demands the same events; gives the run at the end,
/// and the states at the cycle's two ends where there is one.
pub(crate) fn replay(scenario: &Scenario, bad: &BadState) -> (Run, Option<Ends>) {
    let prepared = Prepared::new(scenario).unwrap();
    let initial = scenario.initial.iter().position(|i| i.name == bad.schedule.initial).unwrap();
    let (run, told) = Run::start(&prepared, initial).unwrap();
    let mut runs = vec![(run, told)];
    let mut cycle = None;
    for event in &bad.schedule.events {
        if event.kind == EventKind::Cycle {
            cycle = Some(runs[0].0.state());
        }
        if !is_point(event) {
            continue;
        }
        let mut next: Vec<(Run, Vec<Event>)> = Vec::new();
        for (run, told) in &runs {
            for (actor, choices) in run.enabled() {
                for choice in 0..choices {
                    let mut run = run.clone();
                    let mut told = told.clone();
                    if actor >= scenario.actors.len() {
                        told.extend(run.start_view(actor - scenario.actors.len()).unwrap());
                    }
                    told.extend(run.step(actor, choice).unwrap());
                    if told.iter().rfind(|e| is_point(e)) == Some(event) {
                        next.push((run, told));
                    }
                }
            }
        }
        assert!(!next.is_empty(), "no step gives {event:?} in {bad:#?}");
        runs = next;
    }
    // A view may tell something before any step of its own.
    let view = scenario.views.iter().position(|view| {
        let mut told = bad.schedule.events.iter().filter(|event| event.actor == view.name);
        told.clone().next().is_some() && !told.any(is_point)
    });
    if let Some(view) = view {
        for (run, told) in &mut runs {
            told.extend(run.start_view(view).unwrap());
        }
    }
    // Merged choices look alike; one of the runs tells exactly this.
    let wanted: Vec<&Event> = bad.schedule.events.iter().filter(|e| !e.actor.is_empty()).collect();
    let exact = runs.iter().find(|(_, told)| {
        let told: Vec<&Event> = told.iter().take(wanted.len()).collect();
        told == wanted
    });
    let Some((run, _)) = exact else { panic!("no run tells this: {bad:#?}, but {:#?}", runs[0].1) };
    (run.clone(), cycle.map(|start| (start, run.state())))
}

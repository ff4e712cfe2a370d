//! The log of an execution: who did what, in order.

use machine::{Action, Control, Location, Step, Word};
use scenario::{Event, EventKind, Schedule};

/// What happened.
#[derive(Clone)]
pub(crate) enum Happening {
    /// A step was taken and answered.
    Taken(Step, Word),
    /// A property was broken.
    Bad { property: String, witness: String, location: Option<Location> },
    /// The actor came to its end.
    Ended(Word),
}

/// One line; a bad state that is nobody's doing has no actor.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) actor: &'static str,
    pub(crate) what: Happening,
}

impl Line {
    fn is_shown(&self) -> bool {
        !matches!(&self.what, Happening::Taken(step, _) if !step.is_shown())
    }
}

/// How the result of a step reads. A choice always says what was chosen, so that it can be replayed.
pub(crate) fn shown(step: &Step, answer: Word) -> String {
    let shown = step.shown(answer);
    if shown.is_empty() && matches!(step.action, Action::Choose { .. }) { answer.to_string() } else { shown }
}

/// The log as a schedule.
pub(crate) fn schedule(initial: &str, log: &[Line]) -> Schedule {
    Schedule {
        initial: initial.to_owned(),
        events: log.iter().filter(|line| line.is_shown()).map(event).collect(),
    }
}

fn event(line: &Line) -> Event {
    let (kind, location) = match &line.what {
        Happening::Taken(step, answer) => (taken(step, *answer), Some(step.location)),
        Happening::Bad { property, witness, location } => {
            (EventKind::Bad { property: property.clone(), witness: witness.clone() }, *location)
        }
        Happening::Ended(result) => (EventKind::Ended { result: *result }, None),
    };
    Event {
        actor: line.actor.to_owned(),
        kind,
        file: location.map(|l| l.path().into_owned()).unwrap_or_default(),
        line: location.map_or(0, |l| l.line),
    }
}

fn taken(step: &Step, answer: Word) -> EventKind {
    let label = step.label.to_string();
    match step.action {
        Action::Control(Control::Call | Control::Loop { .. }) => EventKind::Enter { label },
        Action::Control(Control::Round { .. }) => EventKind::Round { label },
        Action::Control(Control::Leave { result }) => EventKind::Leave { label, result: step.shown(result) },
        _ => EventKind::Step {
            label,
            result: shown(step, answer),
            scheduling_point: step.is_scheduling_point(),
        },
    }
}

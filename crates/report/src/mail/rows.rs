//! From the events of a schedule to the rows of a mail: what matters, and how much is left out.

use std::collections::BTreeSet;

use scenario::{Event, EventKind};

use super::Steps;
use crate::lines::{CYCLE, Frame, frames, is_scheduling_point, marked, name_of, tidy, whose, with_result};

/// What a row stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A step, or a frame that is told in one line.
    Step,
    /// A function in which something matters.
    Function,
    /// So many steps that don't matter.
    Gap(usize),
    /// A property is broken.
    Bad,
    /// What follows repeats for ever.
    Cycle,
}

/// A row of a mail's schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) actor: String,
    /// How many functions of the actor it is in that have a row.
    pub(super) depth: usize,
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Where it is in a source, if the bad state is about it.
    pub(super) place: Option<(String, u32)>,
}

/// How much is told in one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Detail {
    /// Kernel words, and functions in which nothing matters.
    Much,
    /// Every function that the bad state is not about.
    Brief,
}

/// The rows of a schedule; `is_word`: whether a source file defines kernel words and no write path.
pub(super) fn rows(
    events: &[Event],
    steps: &Steps,
    is_word: &dyn Fn(&str) -> bool,
    detail: Detail,
) -> Vec<Row> {
    let order = tidy(events);
    let frames = frames(&order);
    let mut telling = Telling { rows: Vec::new(), open: Vec::new() };
    // Where the frame ends that an actor is told in one line.
    let mut passed: Vec<(&str, usize)> = Vec::new();
    let (mut point, mut mover) = (0, "");
    for (index, &event) in order.iter().enumerate() {
        if is_scheduling_point(event) {
            point += 1;
            mover = &event.actor;
        }
        let actor = whose(event, mover);
        if let Some(at) = passed.iter().position(|(who, _)| *who == actor) {
            if passed[at].1 == index {
                passed.swap_remove(at);
            }
            continue;
        }
        let key = steps.key.contains(&point);
        match &event.kind {
            EventKind::Step { scheduling_point: false, .. }
            | EventKind::Round { .. }
            | EventKind::Ended { .. } => {}
            EventKind::Step { label, result, .. } if key || steps.tells(point) => {
                telling.row(actor, with_result(label, result), Kind::Step, key.then_some(event));
            }
            EventKind::Step { .. } => telling.gap(actor, 1),
            EventKind::Enter { label } => {
                let Some(frame) = &frames[index] else { continue };
                match closed(&order, index, frame, steps, is_word, detail) {
                    Some(Closed { left, told, points }) => {
                        if told {
                            let result = match &order[left].kind {
                                EventKind::Leave { result, .. } => result.as_str(),
                                _ => "",
                            };
                            telling.row(actor, with_result(label, result), Kind::Step, None);
                        } else if points > 0 {
                            telling.gap(actor, points);
                        }
                        passed.push((actor, left));
                    }
                    None => telling.open.push(Open { actor, label, has_row: false }),
                }
            }
            EventKind::Leave { label, result } => telling.leave(actor, label, result),
            EventKind::Bad { property, witness } => {
                telling.row(actor, marked(property, witness), Kind::Bad, Some(event));
            }
            EventKind::Cycle => telling.row("", CYCLE.to_owned(), Kind::Cycle, None),
        }
    }
    telling.rows
}

/// A frame that is told in one line, or not at all.
struct Closed {
    left: usize,
    told: bool,
    points: usize,
}

/// Whether the frame that is entered at `index` is told in one line or not at all.
fn closed(
    order: &[&Event],
    index: usize,
    frame: &Frame,
    steps: &Steps,
    is_word: &dyn Fn(&str) -> bool,
    detail: Detail,
) -> Option<Closed> {
    let left = frame.left.filter(|_| frame.quiet)?;
    if frame.points.clone().any(|point| steps.key.contains(&point)) {
        return None;
    }
    let inside = || order[index..=left].iter().filter(|event| event.actor == order[index].actor);
    let call = order[index];
    // What a text's word does, it does at the line that calls it.
    let at_the_call = |event: &Event| (&event.file, event.line) == (&call.file, call.line);
    let word =
        inside().filter(|event| is_scheduling_point(event)).all(|e| is_word(&e.file) || at_the_call(e));
    let tells = frame.points.clone().any(|point| steps.tells(point));
    if tells && !word && detail == Detail::Much {
        return None;
    }
    // A word tells by its result whether it has failed, its parts more plainly.
    let told = tells || fails(order[left]) || (word && inside().any(|event| faults(event)));
    Some(Closed { left, told, points: frame.points.len() })
}

/// Whether a frame is left with an error.
fn fails(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Leave { result, .. } if is_error(result))
}

/// Whether a part of a word tells of a fault.
fn faults(event: &Event) -> bool {
    match &event.kind {
        EventKind::Leave { label, result } => {
            is_error(result) || (result == "no" && name_of(label) == "get_user")
        }
        EventKind::Step { result, .. } => result == "fault" || is_error(result),
        _ => false,
    }
}

/// `-EFAULT`, alone or behind a number.
fn is_error(result: &str) -> bool {
    result.split(", ").any(|part| {
        let name = part.strip_prefix("-E");
        name.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        })
    })
}

/// A frame that is open.
struct Open<'e> {
    actor: &'e str,
    label: &'e str,
    has_row: bool,
}

/// The rows so far.
struct Telling<'e> {
    rows: Vec<Row>,
    open: Vec<Open<'e>>,
}

impl<'e> Telling<'e> {
    fn depth(&self, actor: &str) -> usize {
        self.open.iter().filter(|open| open.actor == actor && open.has_row).count()
    }

    fn push(&mut self, actor: &str, depth: usize, text: String, kind: Kind, at: Option<&Event>) {
        let place = at.filter(|event| event.line > 0).map(|event| (event.file.clone(), event.line));
        self.rows.push(Row { actor: actor.to_owned(), depth, text, kind, place });
    }

    /// A row, below those of the functions that it is in.
    fn row(&mut self, actor: &str, text: String, kind: Kind, at: Option<&Event>) {
        let mut depth = 0;
        for index in 0..self.open.len() {
            let Open { actor: who, label, has_row } = self.open[index];
            // What has no arguments to be told is a loop, or as good as one.
            if who != actor || (!has_row && !label.contains('(')) {
                continue;
            }
            if !has_row {
                self.push(actor, depth, label.to_owned(), Kind::Function, None);
                self.open[index].has_row = true;
            }
            depth += 1;
        }
        self.push(actor, depth, text, kind, at);
    }

    /// Steps that don't matter.
    fn gap(&mut self, actor: &str, points: usize) {
        let depth = self.depth(actor);
        match self.rows.last_mut() {
            Some(Row { actor: who, depth: known, kind: Kind::Gap(count), .. }) if who == actor => {
                *count += points;
                *known = depth.min(*known);
            }
            _ => self.push(actor, depth, String::new(), Kind::Gap(points), None),
        }
    }

    fn leave(&mut self, actor: &'e str, label: &str, result: &str) {
        let Some(at) = self.open.iter().rposition(|open| open.actor == actor) else { return };
        let Open { has_row, .. } = self.open.remove(at);
        let depth = self.depth(actor);
        let outermost = has_row && depth == 0 && !result.is_empty();
        if outermost || (is_error(result) && (has_row || label.contains('('))) {
            self.push(actor, depth, with_result(name_of(label), result), Kind::Step, None);
        }
    }
}

/// The scheduling points that matter, where all that is known are those that the bad state is about: all.
pub(super) fn everything(events: &[Event]) -> BTreeSet<usize> {
    (1..=events.iter().filter(|event| is_scheduling_point(event)).count()).collect()
}

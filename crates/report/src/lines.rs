//! From the events of a schedule to its lines: what is opened, what is folded into one line.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use scenario::{Event, EventKind};

/// What stands before the lines of a cycle.
pub(crate) const CYCLE: &str = "repeats for ever:";

/// What a line stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A step, or a frame in which none is taken.
    Step,
    /// A frame and all the steps in it.
    Folded,
    /// A frame is entered; its steps are indented below.
    Open,
    /// A frame is left, with a result; or its loop goes round.
    Close,
    /// A property is broken.
    Bad,
    /// What follows repeats for ever.
    Cycle,
}

/// One line of a schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The number of its first scheduling point, from 1; none where it has none.
    pub number: Option<usize>,
    /// Whose it is.
    pub actor: String,
    /// How many opened frames of the actor it is in.
    pub depth: usize,
    /// What it says.
    pub text: String,
    /// What it stands for.
    pub mark: Mark,
    /// The source file; empty where there is none.
    pub file: String,
    /// The line in it; 0 where there is none.
    pub line: u32,
}

impl Line {
    /// Whether both say the same; where a model says it, and after how many steps, may differ.
    #[must_use]
    pub fn says(&self, other: &Line) -> bool {
        (self.mark == Mark::Folded) == (other.mark == Mark::Folded)
            && self.actor == other.actor
            && self.depth == other.depth
            && self.text == other.text
    }
}

/// Which frames are told in one line, `copy_from_user_atomic(4) = 0`.
///
/// Only a frame that is left can be, if nobody else takes a step and nothing is broken between its ends, and
/// no loop in it goes round.
#[derive(Clone, Copy)]
pub enum Folding<'f> {
    /// None.
    Nothing,
    /// Those in which none of these scheduling points is, counted from 1.
    AllBut(&'f BTreeSet<usize>),
    /// Those that are so in these lines.
    As(&'f [Line]),
}

impl fmt::Debug for Folding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Folding::Nothing => f.write_str("Nothing"),
            Folding::AllBut(steps) => f.debug_tuple("AllBut").field(steps).finish(),
            Folding::As(lines) => write!(f, "As({} lines)", lines.len()),
        }
    }
}

impl Folding<'_> {
    /// Whether the frame that is entered in the line at `line` is folded, if it can be.
    fn takes(self, frame: &Frame, line: usize) -> bool {
        match self {
            Folding::Nothing => false,
            Folding::AllBut(steps) => steps.range(frame.points.clone()).next().is_none(),
            Folding::As(lines) => lines.get(line).is_some_and(|line| line.mark == Mark::Folded),
        }
    }
}

/// The lines of a schedule.
#[must_use]
pub fn lines<'e>(events: impl IntoIterator<Item = &'e Event>, folding: Folding<'_>) -> Vec<Line> {
    lay_out(&tidy(events), folding, Extent::Whole, 0)
}

/// The lines that the beginning of a schedule settles: however it goes on, its lines begin with these, if
/// those frames are folded that are so in `recorded`. The first `known` of them are left out.
#[must_use]
pub fn settled<'e>(
    events: impl IntoIterator<Item = &'e Event>,
    recorded: &[Line],
    known: usize,
) -> Vec<Line> {
    lay_out(&tidy(events), Folding::As(recorded), Extent::Settled, known)
}

/// Which lines are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Those of a schedule that is whole.
    Whole,
    /// Those that won't change however it goes on.
    Settled,
}

/// The lines but the first `known`.
fn lay_out(order: &[&Event], folding: Folding<'_>, extent: Extent, known: usize) -> Vec<Line> {
    let frames = frames(order);
    let mut lines = Vec::new();
    // With those that are known.
    let mut count = 0;
    let mut depths: Vec<(&str, usize)> = Vec::new();
    // Where the folded frame of an actor ends.
    let mut folded: Vec<(&str, usize)> = Vec::new();
    let mut steps = 0;
    let mut mover = "";
    for (index, event) in order.iter().enumerate() {
        let is_point = is_scheduling_point(event);
        steps += usize::from(is_point);
        if is_point {
            mover = &event.actor;
        }
        let actor = whose(event, mover);
        if let Some(at) = folded.iter().position(|(who, _)| *who == actor) {
            if folded[at].1 == index {
                folded.swap_remove(at);
            }
            continue;
        }
        if !depths.iter().any(|(who, _)| *who == actor) {
            depths.push((actor, 0));
        }
        let Some((_, depth)) = depths.iter_mut().find(|(who, _)| *who == actor) else { continue };
        let written = count;
        let mut push = |number, depth, text: &dyn Fn() -> String, mark| {
            count += 1;
            if count > known {
                lines.push(Line {
                    number,
                    actor: actor.to_owned(),
                    depth,
                    text: text(),
                    mark,
                    file: event.file.clone(),
                    line: event.line,
                });
            }
        };
        match &event.kind {
            // A mark that the scenario is about something.
            EventKind::Step { scheduling_point: false, .. } => {}
            EventKind::Step { label, result, .. } => {
                push(Some(steps), *depth, &|| with_result(label, result), Mark::Step);
            }
            EventKind::Enter { label } => {
                let Some(frame) = &frames[index] else { continue };
                let empty = frame.points.is_empty();
                let folds = frame.quiet && folding.takes(frame, written);
                if extent == Extent::Settled && folds && frame.left.is_none() && !empty {
                    break;
                }
                let told_so = folds || (empty && frame.quiet && !matches!(folding, Folding::Nothing));
                match frame.left.filter(|_| told_so) {
                    Some(left) => {
                        let text = || match &order[left].kind {
                            EventKind::Leave { result, .. } => with_result(label, result),
                            _ => label.clone(),
                        };
                        if empty {
                            push(None, *depth, &text, Mark::Step);
                        } else {
                            push(Some(frame.points.start), *depth, &text, Mark::Folded);
                        }
                        folded.push((actor, left));
                    }
                    None => {
                        push(None, *depth, &|| label.clone(), Mark::Open);
                        *depth += 1;
                    }
                }
            }
            EventKind::Leave { label, result } => {
                *depth = depth.saturating_sub(1);
                if !result.is_empty() {
                    push(None, *depth, &|| with_result(name_of(label), result), Mark::Close);
                }
            }
            EventKind::Round { label } => {
                let text = || format!("{} again", name_of(label));
                push(None, depth.saturating_sub(1), &text, Mark::Close);
            }
            EventKind::Bad { property, witness } => {
                push(None, *depth, &|| marked(property, witness), Mark::Bad);
            }
            EventKind::Cycle => push(None, 0, &|| CYCLE.to_owned(), Mark::Cycle),
            EventKind::Ended { .. } => {}
        }
    }
    lines
}

/// What marks a broken property in a schedule.
pub(crate) fn marked(property: &str, witness: &str) -> String {
    if witness.is_empty() { format!("^ {property}") } else { format!("^ {property}: {witness}") }
}

pub(crate) fn with_result(label: &str, result: &str) -> String {
    if result.is_empty() { label.to_owned() } else { format!("{label} = {result}") }
}

/// A label without its arguments.
pub(crate) fn name_of(label: &str) -> &str {
    label.split_once('(').map_or(label, |(name, _)| name)
}

/// The actor in whose column an event is shown. What is found in a state is nobody's: it is shown at
/// the last step.
pub(crate) fn whose<'e>(event: &'e Event, mover: &'e str) -> &'e str {
    let nobody = event.actor.is_empty() && matches!(event.kind, EventKind::Bad { .. });
    if nobody { mover } else { &event.actor }
}

pub(crate) fn is_scheduling_point(event: &Event) -> bool {
    matches!(event.kind, EventKind::Step { scheduling_point: true, .. })
}

/// The events in the order in which they are shown: what an actor does between two scheduling
/// points is seen by nobody else, so that frames are closed right after the step before, and opened
/// right before the step after.
///
/// What an actor began and did not go on with is not shown.
pub(crate) fn tidy<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<&'e Event> {
    let mut order = Vec::new();
    let mut waiting: Vec<(&str, Vec<&Event>)> = Vec::new();
    let mut mover = "";
    for event in events {
        let actor = whose(event, mover);
        if is_scheduling_point(event) {
            mover = actor;
        }
        if !waiting.iter().any(|(who, _)| *who == actor) {
            waiting.push((actor, Vec::new()));
        }
        let Some((_, held)) = waiting.iter_mut().find(|(who, _)| *who == actor) else { continue };
        match event.kind {
            EventKind::Step { scheduling_point: true, .. }
            | EventKind::Bad { .. }
            | EventKind::Ended { .. }
            | EventKind::Cycle => {
                order.append(held);
                order.push(event);
            }
            EventKind::Leave { .. } if held.is_empty() => order.push(event),
            _ => held.push(event),
        }
    }
    order
}

/// What becomes of a frame.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Where it is left; none if it is still open.
    pub(crate) left: Option<usize>,
    /// From the first scheduling point in it to behind the last, counted from 1 through the schedule; where it is quiet, all
    /// of them are in it.
    pub(crate) points: Range<usize>,
    /// Nobody else takes a step, nothing is broken, and no loop goes round.
    pub(crate) quiet: bool,
}

/// The frames, each at the index of its entry.
pub(crate) fn frames(order: &[&Event]) -> Vec<Option<Frame>> {
    let mut frames: Vec<Option<Frame>> = order.iter().map(|_| None).collect();
    // Whose it is, and where it was entered.
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut point = 0;
    for (index, event) in order.iter().enumerate() {
        let mine = |(who, _): &&(&str, usize)| *who == event.actor;
        match event.kind {
            EventKind::Enter { .. } => {
                open.push((&event.actor, index));
                frames[index] = Some(Frame { left: None, points: 0..0, quiet: true });
            }
            EventKind::Leave { .. } => {
                if let Some(at) = open.iter().rposition(|(who, _)| *who == event.actor) {
                    let (_, entered) = open.remove(at);
                    if let Some(frame) = &mut frames[entered] {
                        frame.left = Some(index);
                    }
                }
            }
            EventKind::Step { scheduling_point: true, .. } => {
                point += 1;
                for (who, at) in &open {
                    if let Some(frame) = &mut frames[*at] {
                        if *who == event.actor {
                            let first = if frame.points.is_empty() { point } else { frame.points.start };
                            frame.points = first..point + 1;
                        } else {
                            frame.quiet = false;
                        }
                    }
                }
            }
            EventKind::Bad { .. } | EventKind::Round { .. } => {
                for (_, at) in open.iter().filter(mine) {
                    if let Some(frame) = &mut frames[*at] {
                        frame.quiet = false;
                    }
                }
            }
            EventKind::Cycle => {
                for (_, at) in &open {
                    if let Some(frame) = &mut frames[*at] {
                        frame.quiet = false;
                    }
                }
            }
            EventKind::Step { .. } | EventKind::Ended { .. } => {}
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    fn said(lines: &[Line]) -> String {
        let say = |l: &Line| {
            let number = l.number.map_or(String::new(), |n| n.to_string());
            format!("{number:>3} {:<6}{}{}", l.actor, "  ".repeat(l.depth), l.text)
        };
        lines.iter().map(say).collect::<Vec<_>>().join("\n")
    }

    fn around(steps: &[usize]) -> BTreeSet<usize> {
        steps.iter().copied().collect()
    }

    #[test]
    fn a_frame_is_folded_unless_someone_comes_between() {
        insta::assert_snapshot!(said(&lines(&toy::schedule().events, Folding::AllBut(&around(&[])))), @r"
          write generic_perform_write
        1 write   fault_in_readable(4) = 0
          write   write_begin(0, 4)
        2 write     lock_page
        3 write     set_buffer_new(0)
        4 munmapmunmap = 0
          write   write_begin = 0
        5 write   copy_from_user_atomic(4) = 0
        7 write   set_buffer_dirty(0)
          write   ^ journal-bypass: buffer(0)
          write generic_perform_write = -14
        8 read  load(0) = Stale
          read  ^ stale-read: unit(0)
        ");
    }

    #[test]
    fn the_frames_around_a_step_that_matters_are_open() {
        let events = toy::schedule().events;
        insta::assert_snapshot!(said(&lines(&events, Folding::AllBut(&around(&[6])))), @r"
          write generic_perform_write
        1 write   fault_in_readable(4) = 0
          write   write_begin(0, 4)
        2 write     lock_page
        3 write     set_buffer_new(0)
        4 munmapmunmap = 0
          write   write_begin = 0
          write   copy_from_user_atomic(4)
        5 write     copy(0) = no
        6 write     pagefault_enable
          write   copy_from_user_atomic = 0
        7 write   set_buffer_dirty(0)
          write   ^ journal-bypass: buffer(0)
          write generic_perform_write = -14
        8 read  load(0) = Stale
          read  ^ stale-read: unit(0)
        ");
        let all = lines(&events, Folding::AllBut(&(1..=8).collect()));
        assert!(all.iter().all(|l| l.mark != Mark::Folded), "{all:?}");
        let nothing = lines(&events, Folding::Nothing);
        assert_eq!(nothing.iter().filter_map(|l| l.number).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    }

    #[test]
    fn the_beginning_of_a_schedule_settles_the_beginning_of_its_lines() {
        for schedule in [toy::schedule(), toy::lasso()] {
            for steps in [&[][..], &[1], &[2, 6], &[1, 2, 3, 4, 5, 6, 7, 8]] {
                let all = lines(&schedule.events, Folding::AllBut(&around(steps)));
                let mut most = 0;
                for end in 0..=schedule.events.len() {
                    let some = settled(&schedule.events[..end], &all, 0);
                    assert!(some.len() <= all.len() && some.iter().zip(&all).all(|(a, b)| a == b), "{end}");
                    assert_eq!(settled(&schedule.events[..end], &all, most), some[most..]);
                    assert!(some.len() >= most, "what is settled stays so");
                    most = some.len();
                }
                assert_eq!(lines(&schedule.events, Folding::As(&all)), all);
            }
        }
    }
}

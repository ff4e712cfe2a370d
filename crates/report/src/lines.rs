//! From the events of a schedule to its lines: what is opened, what is folded into one line.

use scenario::{Event, EventKind};

/// A folded frame takes at most this many scheduling points: a word or a small function, not a
/// function whose course a reader wants to follow.
const FOLDED_STEPS_MAX: usize = 16;

/// What stands before the lines of a cycle.
pub(crate) const CYCLE: &str = "repeats for ever:";

/// What a line stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A step, or a folded frame.
    Step,
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
    /// Whether both say the same; where a model says it may differ.
    #[must_use]
    pub fn says(&self, other: &Line) -> bool {
        self.number == other.number
            && self.actor == other.actor
            && self.depth == other.depth
            && self.text == other.text
    }
}

/// The lines of a schedule.
///
/// A frame is folded into one line, `copy_from_user_atomic(4) = 0`, if it is small (at most 16
/// scheduling points), nobody else takes a step and nothing is broken between its ends, and no loop
/// in it goes round. The rule looks at nothing but the events.
#[must_use]
pub fn lines(events: &[Event]) -> Vec<Line> {
    lay_out(events, Extent::Whole, |_| false)
}

/// The lines of a schedule, or of its beginning, with every frame opened.
#[must_use]
pub fn unfolded(events: &[Event]) -> Vec<Line> {
    lay_out(events, Extent::Unfolded, |_| false)
}

/// The lines that the beginning of a schedule settles: however it goes on, its lines begin with
/// these, if the frames that are entered in the lines that `opened` tells stay unfolded.
#[must_use]
pub fn settled(events: &[Event], opened: impl Fn(usize) -> bool) -> Vec<Line> {
    lay_out(events, Extent::Settled, opened)
}

/// Which lines are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Those of a schedule that is whole.
    Whole,
    /// Those that won't change however it goes on.
    Settled,
    /// Those that won't change, with no frame folded.
    Unfolded,
}

fn lay_out(events: &[Event], extent: Extent, opened: impl Fn(usize) -> bool) -> Vec<Line> {
    let order = tidy(events);
    let frames = frames(&order);
    let mut lines = Vec::new();
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
        let written = lines.len();
        let mut push = |number, depth, text, mark| {
            lines.push(Line {
                number,
                actor: actor.to_owned(),
                depth,
                text,
                mark,
                file: event.file.clone(),
                line: event.line,
            });
        };
        match &event.kind {
            // A mark that the scenario is about something.
            EventKind::Step { scheduling_point: false, .. } => {}
            EventKind::Step { label, result, .. } => {
                push(Some(steps), *depth, with_result(label, result), Mark::Step);
            }
            EventKind::Enter { label } => {
                let frame = frames[index].as_ref().filter(|_| extent != Extent::Unfolded);
                let may_fold = frame.is_some_and(|f| f.left.is_none() && f.is_small());
                if extent == Extent::Settled && may_fold && !opened(written) {
                    break;
                }
                match frame.and_then(|f| f.left.filter(|_| f.is_small())) {
                    Some(left) => {
                        let takes_steps = frame.is_some_and(|f| f.steps > 0);
                        let text = match &order[left].kind {
                            EventKind::Leave { result, .. } => with_result(label, result),
                            _ => label.clone(),
                        };
                        push(takes_steps.then_some(steps + 1), *depth, text, Mark::Step);
                        folded.push((actor, left));
                    }
                    None => {
                        push(None, *depth, label.clone(), Mark::Open);
                        *depth += 1;
                    }
                }
            }
            EventKind::Leave { label, result } => {
                *depth = depth.saturating_sub(1);
                if !result.is_empty() {
                    push(None, *depth, with_result(name_of(label), result), Mark::Close);
                }
            }
            EventKind::Round { label } => {
                push(None, depth.saturating_sub(1), format!("{} again", name_of(label)), Mark::Close);
            }
            EventKind::Bad { property, witness } => {
                push(None, *depth, marked(property, witness), Mark::Bad);
            }
            EventKind::Cycle => push(None, 0, CYCLE.to_owned(), Mark::Cycle),
            EventKind::Ended { .. } => {}
        }
    }
    lines
}

/// What marks a broken property in a schedule.
fn marked(property: &str, witness: &str) -> String {
    if witness.is_empty() { format!("^ {property}") } else { format!("^ {property}: {witness}") }
}

fn with_result(label: &str, result: &str) -> String {
    if result.is_empty() { label.to_owned() } else { format!("{label} = {result}") }
}

/// A label without its arguments.
fn name_of(label: &str) -> &str {
    label.split_once('(').map_or(label, |(name, _)| name)
}

/// The actor in whose column an event is shown. What is found in a state is nobody's: it is shown at
/// the last step.
fn whose<'e>(event: &'e Event, mover: &'e str) -> &'e str {
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
fn tidy(events: &[Event]) -> Vec<&Event> {
    let mut order = Vec::with_capacity(events.len());
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
struct Frame {
    /// Where it is left; none if it is still open.
    left: Option<usize>,
    steps: usize,
    /// Nobody else takes a step, nothing is broken, and no loop goes round.
    quiet: bool,
}

impl Frame {
    fn is_small(&self) -> bool {
        self.quiet && self.steps <= FOLDED_STEPS_MAX
    }
}

/// The frames, each at the index of its entry.
fn frames(order: &[&Event]) -> Vec<Option<Frame>> {
    let mut frames: Vec<Option<Frame>> = order.iter().map(|_| None).collect();
    // Whose it is, and where it was entered.
    let mut open: Vec<(&str, usize)> = Vec::new();
    for (index, event) in order.iter().enumerate() {
        let mine = |(who, _): &&(&str, usize)| *who == event.actor;
        match event.kind {
            EventKind::Enter { .. } => {
                open.push((&event.actor, index));
                frames[index] = Some(Frame { left: None, steps: 0, quiet: true });
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
                for (who, at) in &open {
                    if let Some(frame) = &mut frames[*at] {
                        frame.steps += usize::from(*who == event.actor);
                        frame.quiet &= *who == event.actor;
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

    #[test]
    fn a_word_is_folded_unless_someone_comes_between() {
        insta::assert_snapshot!(said(&lines(&toy::schedule().events)), @r"
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
    fn the_beginning_of_a_schedule_settles_the_beginning_of_its_lines() {
        for schedule in [toy::schedule(), toy::lasso()] {
            let all = lines(&schedule.events);
            let mut most = 0;
            for end in 0..=schedule.events.len() {
                let some = settled(&schedule.events[..end], |_| false);
                assert!(some.len() <= all.len() && some.iter().zip(&all).all(|(a, b)| a == b), "{end}");
                assert!(some.len() >= most, "what is settled stays so");
                most = some.len();
            }
        }
    }

    #[test]
    fn a_frame_of_seventeen_steps_is_opened() {
        let with_steps = |n: usize| {
            let mut events = vec![toy::enter("a", "walk(0)")];
            events.extend((0..n).map(|_| toy::step("a", "set_bit", "")));
            events.push(toy::leave("a", "walk(0)", "0"));
            lines(&events).len()
        };
        assert_eq!(with_steps(16), 1);
        assert_eq!(with_steps(17), 19);
    }
}

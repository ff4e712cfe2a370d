//! A small scenario and two schedules for the tests of this crate.

use std::sync::Arc;

use machine::{Action, Label, Layout, Order, Place, Step, show_number};
use scenario::{
    Actor, BadState, Check, Coverage, Ending, Event, EventKind, Initial, Kind, Outcome, Property, Scenario,
    Schedule,
};

fn event(actor: &str, kind: EventKind, line: u32) -> Event {
    Event { actor: actor.to_owned(), kind, file: "models/toy/write.rs".to_owned(), line }
}

pub(crate) fn step(actor: &str, label: &str, result: &str) -> Event {
    let step = EventKind::Step { label: label.to_owned(), result: result.to_owned(), scheduling_point: true };
    event(actor, step, 10)
}

pub(crate) fn enter(actor: &str, label: &str) -> Event {
    event(actor, EventKind::Enter { label: label.to_owned() }, 20)
}

pub(crate) fn leave(actor: &str, label: &str, result: &str) -> Event {
    event(actor, EventKind::Leave { label: label.to_owned(), result: result.to_owned() }, 30)
}

fn bad(actor: &str, property: &str, witness: &str) -> Event {
    event(actor, EventKind::Bad { property: property.to_owned(), witness: witness.to_owned() }, 0)
}

/// A write that is cut short by an unmap in the middle of a word, and a view after it.
pub(crate) fn schedule() -> Schedule {
    let events = vec![
        enter("write", "generic_perform_write"),
        enter("munmap", "munmap"),
        enter("write", "fault_in_readable(4)"),
        step("write", "get_user(0)", "0"),
        leave("write", "fault_in_readable(4)", "0"),
        enter("write", "write_begin(0, 4)"),
        enter("write", "lock_page"),
        step("write", "test_and_set_bit(PG_locked)", "0"),
        leave("write", "lock_page", ""),
        step("write", "set_buffer_new(0)", ""),
        step("munmap", "clear_pte(0)", ""),
        leave("munmap", "munmap", "0"),
        event("munmap", EventKind::Ended { result: 0 }, 0),
        leave("write", "write_begin(0, 4)", "0"),
        enter("write", "copy_from_user_atomic(4)"),
        step("write", "copy(0)", "no"),
        step("write", "pagefault_enable", ""),
        leave("write", "copy_from_user_atomic(4)", "0"),
        step("write", "set_buffer_dirty(0)", ""),
        bad("write", "journal-bypass", "buffer(0)"),
        leave("write", "generic_perform_write", "-14"),
        event("write", EventKind::Ended { result: 0 }, 0),
        step("read", "load(0)", "Stale"),
        bad("read", "stale-read", "unit(0)"),
    ];
    Schedule { initial: "page absent, blocks mapped".to_owned(), events }
}

/// A writer that goes round for ever.
pub(crate) fn lasso() -> Schedule {
    let events = vec![
        enter("write", "retry(0)"),
        step("write", "get_user(0)", "0"),
        event("", EventKind::Cycle, 0),
        step("reclaim", "clear_pte(0)", ""),
        step("write", "copy(0)", "no"),
        event("write", EventKind::Round { label: "retry(0)".to_owned() }, 0),
        step("write", "get_user(0)", "0"),
        bad("write", "livelock", "write"),
    ];
    Schedule { initial: "source resident".to_owned(), events }
}

/// One cell that an actor writes.
pub(crate) fn scenario() -> Scenario {
    let mut layout = Layout::new();
    let at = layout.cell("page", 2, show_number);
    let store = move |m: &dyn machine::Machine| {
        m.perform(Step::new(Action::Store { at, value: 1, order: Order::Relaxed }, Label::new("store", &[])))
    };
    let rule = |id, promised| Property {
        id,
        sentence: "what must not be read is read",
        source: "the toy's own rule",
        effect: if promised { "the kernel complains in its log" } else { "" },
        kind: Kind::Event,
        promised,
        check: Check::Observed,
    };
    Scenario {
        name: "toy".to_owned(),
        sentence: "a write that is cut short".to_owned(),
        layout,
        initial: vec![Initial { name: "page absent, blocks mapped".to_owned(), cells: vec![0] }],
        actors: vec![Actor::new("write", store), Actor::new("munmap", |_| 0)],
        views: vec![Actor::new("read", |_| 0)],
        properties: vec![rule("journal-bypass", true), rule("stale-read", false)],
        reachable: Vec::new(),
        ending: Some(Arc::new(|_, returned| {
            Ending::of(&[("", if returned[0] == 0 { "done" } else { "not done" })])
        })),
        killed: None,
        final_state: None,
        facts: None,
        grounds: None,
        assumptions: None,
        picture: Arc::new(move |state| format!("page      {}\n", state.peek(Place(0)))),
    }
}

/// What was found in it: the schedule twice over, once promised and once not.
pub(crate) fn outcome() -> Outcome {
    let found = |property: &str, witness: &str, promised| BadState {
        property: property.to_owned(),
        witness: witness.to_owned(),
        promised,
        cells: vec![1],
        schedule: schedule(),
    };
    Outcome {
        bad: vec![found("journal-bypass", "buffer(0)", true), found("stale-read", "unit(0)", false)],
        endings: vec![
            Ending::of(&[("F", "-EFAULT"), ("", "size kept"), ("0", "rest zeros")]),
            Ending::of(&[("S", "short"), ("", "size kept")]),
        ],
        coverage: Coverage::Exhausted,
        looked_at: scenario().asked().into_iter().map(str::to_owned).collect(),
        states: 12,
        transitions: 34,
        ..Outcome::default()
    }
}

/// A test of each grade, in two variants; names hold what formats must escape.
pub(crate) fn tested() -> Vec<crate::Tested> {
    use crate::{Found, Grade, Tested};
    let (scenario, outcome) = (scenario(), outcome());
    let key = [7, 8].into();
    let found = |bad: &BadState, is_new| Found {
        is_new,
        replay: Some("shortcopy replay toy/write@v1:toy#1".to_owned()),
        ..Found::of(&scenario, bad, (&key, &[4].into()), &|file| file.is_empty())
    };
    let of = |name: &str, variant: &str, grade, words: &str| Tested {
        path: "toy/write".to_owned(),
        variant: variant.to_owned(),
        scenario: name.to_owned(),
        sentence: "a write that is cut short".to_owned(),
        grade,
        words: words.to_owned(),
        remarks: Vec::new(),
        seconds: 0.25,
        found: Vec::new(),
    };
    let hostile = "<&\"'>]]>\u{1b}[31m # --> \u{0}ü";
    vec![
        of("quiet", "v1", Grade::Passed, "holds"),
        Tested {
            found: vec![found(&outcome.bad[0], false)],
            ..of("known", "v1", Grade::Known, "violated, as recorded")
        },
        Tested {
            found: vec![found(&outcome.bad[0], true), found(&outcome.bad[1], false)],
            remarks: vec![hostile.to_owned(), "two\nlines".to_owned()],
            ..of(hostile, "v2", Grade::Failed, "violated, not as recorded")
        },
        of("cut", "v2", Grade::Unsettled, "unknown, cut by the bound on states"),
        of("skipped", "v2", Grade::Skipped, "unsupported"),
        of("broken", "v2", Grade::Broken, "broken: a loop has too large a state"),
    ]
}

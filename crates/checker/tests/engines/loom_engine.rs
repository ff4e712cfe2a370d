//! What the engine on loom promises beside its memory: every way to be cut says so, deadlocks and panics
//! are findings, daemons may stay, choices and views are complete.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::faulty::{deadlocked, increments, keys, lost_update};
use crate::common::{label, load, lock, scenario, store, unlock};
use checker::on_loom::{ACTORS_MAX, Mode, Options, check, explore};
use checker::{explicit, on_loom};
use machine::{
    Action, Demand, Flow, Label, Machine, Order as MemoryOrder, Place, Step, Word, again, bug, bug_on, call,
};
use scenario::{
    Actor, BadState, Bound, Bounds, Check, Coverage, EventKind, Kind, Outcome, Property, Scenario, Verdict,
    verdict,
};

const MODES: [Mode; 2] = [Mode::KernelOrders, Mode::SequentiallyConsistent];

fn on(mode: Mode) -> Options {
    Options { mode, ..Options::default() }
}

/// Checks in both modes that loom finishes and finds what the explicit engine finds. What it finds, in each.
#[track_caller]
fn agrees(scenario: &Scenario) -> Vec<Outcome> {
    let (explicit, rests) =
        explicit::explore(scenario, &explicit::Options::default()).expect("a sound model");
    let mut found = Vec::new();
    for mode in MODES {
        let (outcome, met) = explore(scenario, &on(mode));
        assert_eq!(outcome.coverage, Coverage::Exhausted, "{mode:?}: {}", outcome.remark);
        assert_eq!(keys(&outcome), keys(&explicit), "{mode:?}");
        assert_eq!(met, rests, "{mode:?}");
        assert_eq!(outcome.reached, explicit.reached, "{mode:?}");
        found.push(outcome);
    }
    found
}

fn report(m: &dyn Machine, number: i32) {
    let witness = Label::new("event", &[number]);
    m.perform(Step::new(Action::Report { property: "report", witness }, label("report")));
}

fn choose(m: &dyn Machine, of: u8) -> Word {
    m.perform(Step::new(Action::Choose { of }, label("choose")))
}

#[test]
fn a_final_property_is_looked_at() {
    let mut scenario = increments(3);
    scenario.properties.push(lost_update(3));
    for outcome in agrees(&scenario) {
        assert_eq!(verdict(&scenario, &outcome), Verdict::Violated);
        let found: Vec<&str> = outcome.bad.iter().map(|b| b.witness.as_str()).collect();
        assert_eq!(found, ["counter(1)", "counter(2)"]);
    }
}

#[test]
fn each_bound_cuts() {
    let mut endless = increments(2);
    endless.actors.push(Actor::new("endless", |m| {
        again(m, label("retry"), (), |()| {
            load(m, Place(0));
            Flow::<(), ()>::Again(())
        });
        0
    }));
    let long = scenario(
        1,
        vec![Actor::new("long", |m| {
            for _ in 0..50 {
                store(m, Place(0), 1);
            }
            0
        })],
    );
    let silent = scenario(
        1,
        vec![Actor::new("silent", |m| {
            again(m, label("retry"), (), |()| Flow::<(), ()>::Again(()));
            0
        })],
    );
    for mode in MODES {
        let cut = |scenario: &Scenario, options: Options| {
            let outcome = check(scenario, &options);
            assert_ne!(verdict(scenario, &outcome), Verdict::Holds);
            assert!(!outcome.looked_at.contains("livelock"), "not all of the way round was seen");
            match outcome.coverage {
                Coverage::Cut { bound } => bound,
                coverage => panic!("{coverage:?} {}", outcome.remark),
            }
        };
        let few = Bounds { executions_max: 3, ..Bounds::default() };
        assert_eq!(cut(&increments(3), Options { bounds: few, ..on(mode) }), Bound::Executions);
        let short = Bounds { time_max: Duration::ZERO, ..Bounds::default() };
        assert_eq!(cut(&increments(3), Options { bounds: short, ..on(mode) }), Bound::Time);
        let some = Bounds { executions_max: 50, ..Bounds::default() };
        let bound = cut(&endless, Options { bounds: some, steps_max: 100, ..on(mode) });
        assert!(matches!(bound, Bound::Executions | Bound::Length), "{bound:?}");
        assert_eq!(cut(&long, Options { steps_max: 49, ..on(mode) }), Bound::Length);
        assert_eq!(check(&long, &Options { steps_max: 50, ..on(mode) }).coverage, Coverage::Exhausted);
        assert_eq!(cut(&silent, Options { steps_max: 100, ..on(mode) }), Bound::Length);
        let switches = Options { preemptions_max: Some(1), ..on(mode) };
        assert_eq!(cut(&increments(2), switches), Bound::Preemptions);
    }
}

#[test]
fn exactly_as_many_executions_as_it_takes_are_enough() {
    for mode in MODES {
        let executions = check(&increments(2), &on(mode)).executions;
        assert!(executions > 1);
        let bounds = Bounds { executions_max: executions, ..Bounds::default() };
        let outcome = check(&increments(2), &Options { bounds, ..on(mode) });
        assert_eq!(outcome.coverage, Coverage::Exhausted);
        assert_eq!(outcome.executions, executions);
    }
}

#[test]
fn too_many_actors_are_unsupported() {
    assert_eq!(ACTORS_MAX, 4);
    let outcome = check(&increments(5), &on(Mode::KernelOrders));
    assert_eq!(verdict(&increments(5), &outcome), Verdict::Unsupported);
    assert!(outcome.remark.contains("5 actors"), "{}", outcome.remark);
    let few = Bounds { executions_max: 10, ..Bounds::default() };
    let outcome = check(&increments(4), &Options { bounds: few, ..on(Mode::SequentiallyConsistent) });
    assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Executions });
}

#[test]
fn a_broken_model_is_told() {
    let wide = scenario(
        1,
        vec![Actor::new("a", |m| {
            store(m, Place(0), 256);
            0
        })],
    );
    let nowhere = scenario(1, vec![Actor::new("a", |m| load(m, Place(7)))]);
    let mut beside = increments(2);
    beside.actors.push(Actor::new("c", |m| load(m, Place(7))));
    let mut empty = increments(1);
    empty.initial.clear();
    // What such a model reports is no finding.
    let mut reports = increments(1);
    reports.actors.push(Actor::new("c", |m| {
        report(m, 1);
        load(m, Place(7))
    }));
    for mode in MODES {
        for scenario in [&wide, &nowhere, &beside, &empty, &reports] {
            let outcome = check(scenario, &on(mode));
            assert_eq!(verdict(scenario, &outcome), Verdict::Unsupported);
            assert_ne!(outcome.remark, "");
            assert_eq!(outcome.looked_at.len(), 0);
        }
    }
}

#[test]
fn a_deadlock_is_a_finding() {
    let mut with_bystanders = deadlocked();
    with_bystanders.actors.push(Actor::new("c", |m| {
        lock(m, Place(0));
        unlock(m, Place(0));
        0
    }));
    for scenario in [deadlocked(), with_bystanders] {
        for outcome in agrees(&scenario) {
            assert!(keys(&outcome).iter().any(|(property, witness)| {
                property == "deadlock" && witness.contains("a waits in lock(1), b waits in lock(0)")
            }));
        }
    }
}

/// Who finds the deadlock is awake, and must end like those that it wakes.
#[test]
fn all_leave_a_deadlock() {
    let wait = |at: u16, mask: Word| {
        move |m: &dyn Machine| {
            let wait = Action::Await { at: Place(at), mask, clear: 0, set: 0, order: MemoryOrder::Relaxed };
            m.perform(Step::new(wait, label("wait")))
        }
    };
    let a = move |m: &dyn Machine| {
        store(m, Place(1), 2);
        wait(2, 1)(m)
    };
    let actors = vec![Actor::new("a", a), Actor::new("b", wait(1, 2)), Actor::new("c", wait(1, 2))];
    let mut scenario = scenario(3, actors);
    scenario.initial[0].cells = vec![0, 2, 1];
    agrees(&scenario);
}

#[test]
fn an_assertion_of_the_model_is_a_finding() {
    // The assertion hangs on what the others did, and what they report on what came first.
    let scenario = scenario(
        2,
        vec![
            Actor::new("writer", |m| {
                store(m, Place(0), 1);
                store(m, Place(0), 2);
                0
            }),
            Actor::new("asserting", |m| {
                let value = load(m, Place(0));
                bug_on(value == 1, "BUG_ON at 1");
                0
            }),
            Actor::new("reporting", |m| {
                let value = load(m, Place(0));
                store(m, Place(1), value);
                report(m, value as i32);
                0
            }),
        ],
    );
    for outcome in agrees(&scenario) {
        assert!(keys(&outcome).contains(&("kernel-bug".to_owned(), "BUG_ON at 1".to_owned())));
    }
}

/// Rust's own panic says nothing about the kernel.
#[test]
fn any_other_panic_of_the_model_is_a_broken_model() {
    let slices = |m: &dyn Machine| [1, 2, 3][load(m, Place(0)) as usize..].len() as Word;
    let writes = |m: &dyn Machine| {
        store(m, Place(0), 7);
        0
    };
    let mut scenario = scenario(1, vec![Actor::new("writes", writes), Actor::new("slices", slices)]);
    for _ in 0..2 {
        for mode in MODES {
            let outcome = check(&scenario, &on(mode));
            assert_eq!((outcome.coverage, keys(&outcome).len()), (Coverage::Unsupported, 0));
            assert!(outcome.remark.contains("`slices` panicked: range start index 7"), "{}", outcome.remark);
        }
        // A view's, too.
        if let Some(slices) = scenario.actors.get(1).cloned() {
            scenario.actors.truncate(1);
            scenario.views = vec![slices];
        }
    }
}

/// What comes only after a failed assertion is not found; what is independent of it, or comes before, is.
#[test]
fn nothing_counts_after_an_assertion() {
    let bug = |m: &dyn Machine| -> Word {
        store(m, Place(0), 1);
        bug("BUG")
    };
    let after = |m: &dyn Machine| {
        report(m, load(m, Place(0)) as i32);
        0
    };
    let scenario = scenario(2, vec![Actor::new("bug", bug), Actor::new("after", after)]);
    for outcome in agrees(&scenario) {
        let found = keys(&outcome);
        assert!(found.contains(&("report".to_owned(), "event(0)".to_owned())));
        assert!(!found.contains(&("report".to_owned(), "event(1)".to_owned())));
    }
}

#[test]
fn a_lock_that_is_held_by_the_dead_is_no_deadlock() {
    let bug = |m: &dyn Machine| -> Word {
        lock(m, Place(0));
        bug("BUG")
    };
    let waits = |m: &dyn Machine| {
        lock(m, Place(0));
        unlock(m, Place(0));
        0
    };
    agrees(&scenario(1, vec![Actor::new("bug", bug), Actor::new("waits", waits)]));
}

/// Serves one request after the other.
fn server(m: &dyn Machine) -> Word {
    again(m, label("serve"), (), |()| {
        let wait = Action::Await { at: Place(0), mask: 1, clear: 0, set: 1, order: MemoryOrder::Acquire };
        m.perform(Step::new(wait, label("wait")));
        let served = load(m, Place(1));
        store(m, Place(1), served + 1);
        Flow::<(), ()>::Again(())
    });
    0
}

fn with_server(server: Actor) -> Scenario {
    let client = Actor::new("client", |m| {
        unlock(m, Place(0));
        load(m, Place(1))
    });
    let mut scenario = scenario(2, vec![client, server]);
    scenario.initial[0].cells[0] = 1;
    scenario
}

#[test]
fn a_daemon_may_be_left_waiting() {
    let scenario = with_server(Actor::new("server", server).daemon());
    agrees(&scenario);
    let (outcome, rests) = explore(&scenario, &on(Mode::SequentiallyConsistent));
    assert_eq!(outcome.bad, []);
    // At rest the daemon has served.
    assert_eq!(rests, BTreeSet::from([(vec![1, 1], vec![0, 0]), (vec![1, 1], vec![1, 0])]));
    // Who is no daemon is missed.
    agrees(&with_server(Actor::new("server", server)));
}

#[test]
fn an_adversary_may_stop_anywhere() {
    let evictor = |m: &dyn Machine| {
        store(m, Place(0), 1);
        store(m, Place(0), 2);
        store(m, Place(0), 3);
        0
    };
    let reader = Actor::new("reader", |m| load(m, Place(0)));
    let both = scenario(2, vec![reader.clone(), Actor::new("evictor", evictor).daemon().adversary()]);
    agrees(&both);
    let fair = scenario(2, vec![reader, Actor::new("evictor", evictor).daemon()]);
    agrees(&fair);
    assert!(explore(&both, &on(Mode::SequentiallyConsistent)).1.len() > 4);
}

#[test]
fn a_daemon_and_an_adversary_beside_a_client() {
    let mut scenario = with_server(Actor::new("server", server).daemon());
    let kick = |m: &dyn Machine| {
        unlock(m, Place(0));
        0
    };
    scenario.actors.push(Actor::new("kick", kick).daemon().adversary());
    agrees(&scenario);
}

#[test]
fn every_choice_is_taken() {
    // The second choice depends on the first, and its alternatives too.
    let chooser = |m: &dyn Machine| {
        let first = choose(m, 3);
        let second = if first == 1 { choose(m, 2 + load(m, Place(0)) as u8) } else { 0 };
        store(m, Place(1), 1 + first * 4 + second);
        first * 4 + second
    };
    let other = |m: &dyn Machine| {
        store(m, Place(0), choose(m, 2));
        load(m, Place(1))
    };
    let scenario = scenario(2, vec![Actor::new("a", chooser), Actor::new("b", other)]);
    agrees(&scenario);
    let (_, rests) = explore(&scenario, &on(Mode::SequentiallyConsistent));
    let chosen: BTreeSet<Word> = rests.iter().map(|(_, returned)| returned[0]).collect();
    assert_eq!(chosen, BTreeSet::from([0, 4, 5, 6, 8]));
}

#[test]
fn views_run_alone_from_every_state_at_rest() {
    let mut scenario = increments(2);
    scenario.views.push(Actor::new("look", |m| {
        let at = Place(0);
        let demand = Demand { among: 1 << 2, property: "lost-update", witness: label("counter") };
        m.perform(Step::new(Action::Require { at, demands: [Some(demand), None] }, label("look")));
        store(m, at, 7);
        0
    }));
    scenario.views.push(Actor::new("again", |m| {
        if choose(m, 3) == 2 {
            report(m, load(m, Place(0)) as i32);
        }
        0
    }));
    scenario.views.push(Actor::new("stuck", |m| {
        let wait = Action::Await { at: Place(0), mask: 2, clear: 0, set: 0, order: MemoryOrder::Acquire };
        m.perform(Step::new(wait, label("wait")));
        bug("not two")
    }));
    agrees(&scenario);
    let found = keys(&check(&scenario, &on(Mode::KernelOrders)));
    for (property, witness) in [
        ("lost-update", "counter"),
        ("report", "event(1)"),
        ("report", "event(2)"),
        ("deadlock", "stuck waits in wait"),
        ("kernel-bug", "stuck: not two"),
    ] {
        assert!(found.contains(&(property.to_owned(), witness.to_owned())), "{property} {witness}");
    }
}

#[test]
fn calls_and_reached_marks_are_passed_through() {
    let body = |m: &dyn Machine| {
        let seen = call(m, label("inner"), || {
            let value = load(m, Place(0)) as u8;
            if value == 1 {
                m.perform(Step::new(Action::Reach { what: "one" }, label("reach")));
            }
            value
        });
        store(m, Place(0), Word::from(seen) + 1);
        Word::from(seen)
    };
    let mut scenario = scenario(1, vec![Actor::new("a", body), Actor::new("b", body)]);
    scenario.reachable = vec!["one"];
    agrees(&scenario);
    scenario.reachable.push("two");
    agrees(&scenario);
    for mode in MODES {
        let outcome = check(&scenario, &on(mode));
        assert_eq!(outcome.reached, ["one"]);
        assert_eq!(keys(&outcome), BTreeSet::from([("empty".to_owned(), "two".to_owned())]));
        assert_eq!(verdict(&scenario, &outcome), Verdict::Violated);
        let few = Bounds { executions_max: 1, ..Bounds::default() };
        let cut = check(&scenario, &Options { bounds: few, ..on(mode) });
        assert!(cut.bad.is_empty() && !cut.looked_at.contains("empty"), "{:?}", cut.looked_at);
    }
}

/// Looks for a value of the first cell, in every state.
fn never(value: Word, promised: bool) -> Property {
    Property {
        id: "never",
        sentence: "a counter has a value that it must not have",
        source: "a test",
        effect: "",
        kind: Kind::Always,
        promised,
        check: Check::State(Arc::new(move |memory, broken| {
            if memory.peek(Place(0)) == value {
                broken(label("counter"));
            }
        })),
    }
}

/// What loom can't look at is not said to hold, whether or not it is broken.
#[test]
fn a_property_of_every_state_is_not_said_to_hold() {
    for (value, broken) in [(1, true), (9, false)] {
        let mut scenario = increments(2);
        scenario.properties.push(never(value, true));
        let all = explicit::check(&scenario, &explicit::Options::default()).unwrap();
        let expected = if broken { Verdict::Violated } else { Verdict::Holds };
        assert_eq!(verdict(&scenario, &all), expected);
        assert_eq!(all.not_looked_at(&scenario), [""; 0]);
        for mode in MODES {
            let outcome = check(&scenario, &on(mode));
            assert_eq!(outcome.coverage, Coverage::Exhausted);
            assert_eq!(verdict(&scenario, &outcome), Verdict::Unknown);
            assert_eq!(outcome.not_looked_at(&scenario), ["never"]);
            let left_out = outcome.leave_out(&scenario, &["never".to_owned()]);
            assert_eq!(verdict(&scenario, &left_out), Verdict::Holds);
            scenario.properties[0].promised = false;
            assert_eq!(verdict(&scenario, &check(&scenario, &on(mode))), Verdict::Holds);
            scenario.properties[0].promised = true;
        }
    }
}

/// Where every execution comes to its end, nobody goes round for ever; one that waits by going round does.
#[test]
fn livelock_is_looked_at_where_every_execution_ends() {
    let all_end = increments(3);
    let mut waits = increments(1);
    waits.actors.push(Actor::new("waits", |m| {
        again(
            m,
            label("poll"),
            (),
            |()| if load(m, Place(0)) == 1 { Flow::Done(()) } else { Flow::Again(()) },
        );
        0
    }));
    for mode in MODES {
        let outcome = check(&all_end, &on(mode));
        assert!(outcome.looked_at.contains("livelock"), "{:?}", outcome.looked_at);
        assert_eq!(verdict(&all_end, &outcome), Verdict::Holds);
        let some = Bounds { executions_max: 50, ..Bounds::default() };
        let outcome = check(&waits, &Options { bounds: some, steps_max: 50, ..on(mode) });
        assert!(!outcome.looked_at.contains("livelock"), "{:?}", outcome.looked_at);
        assert_eq!(verdict(&waits, &outcome), Verdict::Unknown);
    }
}

/// A scenario with a view that chooses in a loop, and may go round for ever.
fn with_a_view_that_goes_round() -> Scenario {
    let mut scenario = increments(2);
    scenario.views.push(Actor::new("round", |m| {
        again(m, label("round"), (), |()| if choose(m, 3) == 2 { Flow::Done(()) } else { Flow::Again(()) });
        0
    }));
    scenario
}

#[test]
fn a_view_that_goes_round_is_cut() {
    let scenario = with_a_view_that_goes_round();
    for mode in MODES {
        for (time_max, steps_max) in [(Duration::from_secs(1), 1_000), (Duration::from_secs(600), 20)] {
            let bounds = Bounds { time_max, ..Bounds::default() };
            let outcome = check(&scenario, &Options { bounds, steps_max, ..on(mode) });
            let Coverage::Cut { bound } = outcome.coverage else { panic!("{:?}", outcome.coverage) };
            assert!(matches!(bound, Bound::Time | Bound::Length), "{bound:?}");
            assert!(outcome.seconds < 60.0, "{} s", outcome.seconds);
        }
    }
}

/// An interrupt, and time that runs out, are met in the middle of the first execution, between executions, and
/// among the choices of a view.
#[test]
fn an_interrupt_and_the_time_hold_everywhere() {
    let endless = |m: &dyn Machine| {
        again(m, label("retry"), (), |()| {
            load(m, Place(0));
            Flow::<(), ()>::Again(())
        });
        0
    };
    let mut beside = increments(2);
    beside.actors.push(Actor::new("endless", endless));
    let first = scenario(1, vec![Actor::new("endless", endless)]);
    for mode in MODES {
        for (scenario, steps_max) in [
            (&first, 50_000),
            (&beside, 1_000),
            (&increments(4), 1_000),
            (&with_a_view_that_goes_round(), 1_000),
        ] {
            let interrupt = Arc::new(AtomicBool::new(false));
            let set = interrupt.clone();
            let later = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                set.store(true, Ordering::Relaxed);
            });
            let outcome = check(scenario, &Options { steps_max, interrupt: Some(interrupt), ..on(mode) });
            later.join().unwrap();
            assert!(outcome.seconds < 60.0, "{} s", outcome.seconds);
            let bounds = Bounds { time_max: Duration::from_millis(300), ..Bounds::default() };
            let in_time = check(scenario, &Options { steps_max, bounds, ..on(mode) });
            assert!(in_time.seconds < 60.0, "{} s", in_time.seconds);
            for outcome in [outcome, in_time] {
                assert_eq!(verdict(scenario, &outcome), Verdict::Unknown, "{:?}", outcome.coverage);
                let bounds = [Bound::Interrupt, Bound::Time, Bound::Length];
                let Coverage::Cut { bound } = outcome.coverage else { panic!("{:?}", outcome.coverage) };
                assert!(bounds.contains(&bound), "{bound:?}");
            }
        }
    }
}

/// Explorations take turns, and are scouted with few preemptions: a run that is cut has not spent itself
/// on the ends of the executions from the first initial state.
#[test]
fn a_run_that_is_cut_has_looked_everywhere() {
    let busy = |m: &dyn Machine| {
        let early = load(m, Place(1));
        for _ in 0..6 {
            store(m, Place(0), 1);
            store(m, Place(0), 2);
        }
        if early == 1 && choose(m, 2) == 1 {
            report(m, load(m, Place(2)) as i32);
        }
        0
    };
    let other = |m: &dyn Machine| {
        store(m, Place(1), 1);
        for _ in 0..6 {
            store(m, Place(0), 3);
        }
        0
    };
    let mut scenario = scenario(3, vec![Actor::new("busy", busy), Actor::new("other", other)]);
    for number in 1..4 {
        let cells = vec![0, 0, number];
        scenario.initial.push(scenario::Initial { name: number.to_string(), cells });
    }
    for mode in MODES {
        let bounds = Bounds { executions_max: 20_000, ..Bounds::default() };
        let outcome = check(&scenario, &Options { bounds, ..on(mode) });
        assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Executions }, "{mode:?}");
        assert_eq!(outcome.bad.len(), 4, "{mode:?}: {:?}", keys(&outcome));
    }
}

#[test]
fn a_schedule_tells_what_happened() {
    let mut scenario = increments(2);
    scenario.properties.push(lost_update(2));
    let outcome = check(&scenario, &on(Mode::SequentiallyConsistent));
    let [BadState { schedule, cells, .. }] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
    assert_eq!(cells, &[1]);
    assert_eq!(schedule.initial, "zero");
    assert_eq!(schedule.steps(), 4);
    let last = &schedule.events.last().unwrap().kind;
    let (property, witness) = ("lost-update".to_owned(), "counter(1)".to_owned());
    assert_eq!(last, &EventKind::Bad { property, witness });
}

#[test]
fn it_is_the_same_every_time() {
    for mode in MODES {
        let mut scenario = increments(3);
        scenario.properties.push(lost_update(3));
        let once = check(&scenario, &on(mode));
        let twice = Outcome { seconds: once.seconds, ..on_loom::check(&scenario, &on(mode)) };
        assert_eq!(once, twice);
    }
}

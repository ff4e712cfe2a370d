//! What the engine on shuttle promises: chance finds races, the same seed finds the same, a schedule can
//! be replayed, and a sample is never a pass.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::faulty::{deadlocked, increment, increments, keys, lost_update};
use crate::common::{label, load, property, scenario, store, unlock};
use checker::explicit;
use checker::on_shuttle::{Mode, Options, check, explore};
use machine::{Action, Flow, Label, Machine, Order as MemoryOrder, Place, Step, Word, again, bug_on};
use scenario::{
    Actor, Bound, Check, Coverage, EventKind, Kind, Outcome, Scenario, Schedule, Verdict, verdict,
};

fn modes() -> [Mode; 2] {
    [Mode::Random { seed: 7, executions: 200 }, Mode::Pct { depth: 3, seed: 7, executions: 200 }]
}

/// Increments, none of which is to be lost.
fn racing(actors: usize) -> Scenario {
    let mut scenario = increments(actors);
    scenario.properties.push(lost_update(actors as Word));
    scenario
}

fn replayed(scenario: &Scenario, schedule: &Schedule) -> Outcome {
    check(scenario, &Options::new(Mode::Replay(schedule.clone())))
}

#[test]
fn chance_finds_a_race_and_replay_finds_it_again() {
    for mode in modes() {
        let scenario = racing(3);
        let outcome = check(&scenario, &Options::new(mode.clone()));
        assert_eq!(outcome.coverage, Coverage::Sampled { executions: 200 });
        assert_eq!(verdict(&scenario, &outcome), Verdict::Violated);
        assert_eq!(outcome.bad.len(), 2, "{:?}", keys(&outcome));
        for bad in &outcome.bad {
            let again = replayed(&scenario, &bad.schedule);
            assert_eq!(again.remark, "", "{mode:?}");
            assert_eq!(again.coverage, Coverage::Sampled { executions: 1 });
            assert_eq!(again.bad, std::slice::from_ref(bad));
        }
        // One after the other is fine.
        let one_by_one = check(&racing(1), &Options::new(mode));
        assert_eq!(one_by_one.bad, []);
        assert_eq!(verdict(&racing(1), &one_by_one), Verdict::Unknown);
    }
}

#[test]
fn the_same_seed_finds_the_same() {
    for mode in modes() {
        let once = check(&racing(3), &Options::new(mode.clone()));
        let twice = check(&racing(3), &Options::new(mode));
        assert_eq!(Outcome { seconds: once.seconds, ..twice }, once);
    }
    let transitions = |seed| {
        let mode = Mode::Random { seed, executions: 50 };
        let (_, rests) = explore(&racing(4), &Options::new(mode.clone()));
        (check(&racing(4), &Options::new(mode)).bad, rests)
    };
    assert!((0..10).any(|seed| transitions(seed) != transitions(100)), "the seed counts for nothing");
}

#[test]
fn nothing_found_is_never_a_pass() {
    let alone = scenario(1, vec![Actor::new("a", increment)]);
    for mode in modes() {
        let outcome = check(&alone, &Options::new(mode));
        assert_eq!(outcome.bad, []);
        assert_eq!(verdict(&alone, &outcome), Verdict::Unknown);
    }
    let no_time =
        Options { time_max: Duration::ZERO, ..Options::new(Mode::Random { seed: 1, executions: 9 }) };
    let outcome = check(&alone, &no_time);
    assert_eq!((outcome.coverage, outcome.executions), (Coverage::Cut { bound: Bound::Time }, 0));
    assert_eq!(verdict(&alone, &outcome), Verdict::Unknown);
    let nobody = scenario(1, Vec::new());
    for mode in modes() {
        assert_ne!(verdict(&nobody, &check(&nobody, &Options::new(mode))), Verdict::Holds);
    }
}

#[test]
fn an_endless_actor_is_cut_and_told() {
    let endless = scenario(
        1,
        vec![Actor::new("endless", |m| {
            again(m, label("retry"), (), |()| {
                load(m, Place(0));
                Flow::<(), ()>::Again(())
            });
            0
        })],
    );
    for mode in modes() {
        let outcome = check(&endless, &Options { steps_max: 50, ..Options::new(mode) });
        assert_eq!(verdict(&endless, &outcome), Verdict::Unknown);
        assert_eq!(outcome.remark, "an execution ended after 50 steps");
    }
}

/// What a sample can say nothing about is not among what was looked at.
#[test]
fn what_is_looked_at_is_told() {
    let mut scenario = racing(2);
    let state = Check::State(Arc::new(|_, _| {}));
    scenario.properties.push(property("always", Kind::Always, state));
    scenario.killed = Some(Arc::new(|_| true));
    scenario.reachable = vec!["nowhere"];
    for mode in modes() {
        let outcome = check(&scenario, &Options::new(mode));
        assert_eq!(outcome.not_looked_at(&scenario), ["empty", "livelock", "unkillable"]);
        assert!(outcome.looked_at.contains("always") && outcome.looked_at.contains("deadlock"));
    }
}

/// Time and an interrupt end an execution without end, and a sample without end.
#[test]
fn time_and_an_interrupt_cut() {
    let endless = scenario(
        1,
        vec![Actor::new("endless", |m| {
            again(m, label("retry"), (), |()| {
                load(m, Place(0));
                Flow::<(), ()>::Again(())
            });
            0
        })],
    );
    let many = |pct: bool| match pct {
        false => Mode::Random { seed: 1, executions: usize::MAX },
        true => Mode::Pct { depth: 2, seed: 1, executions: usize::MAX },
    };
    for pct in [false, true] {
        for (scenario, steps_max) in [(&endless, usize::MAX), (&racing(3), 10_000)] {
            let interrupt = Arc::new(AtomicBool::new(false));
            let set = interrupt.clone();
            let later = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                set.store(true, Ordering::Relaxed);
            });
            let all = Options { steps_max, interrupt: Some(interrupt), ..Options::new(many(pct)) };
            let outcome = check(scenario, &all);
            later.join().unwrap();
            assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Interrupt });
            assert!(outcome.seconds < 60.0, "{} s", outcome.seconds);
            let time_max = Duration::from_millis(300);
            let outcome = check(scenario, &Options { steps_max, time_max, ..Options::new(many(pct)) });
            assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Time });
            assert!(outcome.seconds < 60.0, "{} s", outcome.seconds);
        }
    }
    // Time that runs out after the last execution has cut nothing.
    let three = Mode::Random { seed: 1, executions: 3 };
    let outcome = check(&racing(2), &Options::new(three));
    assert_eq!(outcome.coverage, Coverage::Sampled { executions: 3 });
}

#[test]
fn a_deadlock_is_a_finding_and_can_be_replayed() {
    for mode in modes() {
        let outcome = check(&deadlocked(), &Options::new(mode));
        let [bad] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
        assert_eq!(bad.property, "deadlock");
        assert_eq!(bad.witness, "a waits in lock(1), b waits in lock(0)");
        assert_eq!(replayed(&deadlocked(), &bad.schedule).bad, std::slice::from_ref(bad));
    }
}

#[test]
fn an_assertion_of_the_model_is_a_finding() {
    let asserting = |m: &dyn Machine| {
        let value = load(m, Place(0));
        bug_on(value == 1, "BUG_ON at 1");
        0
    };
    let scenario = scenario(1, vec![Actor::new("a", increment), Actor::new("b", asserting)]);
    for mode in modes() {
        let outcome = check(&scenario, &Options::new(mode));
        let [bad] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
        assert_eq!((bad.property.as_str(), bad.witness.as_str()), ("kernel-bug", "BUG_ON at 1"));
        assert_eq!(replayed(&scenario, &bad.schedule).bad, std::slice::from_ref(bad));
    }
}

/// Rust's own panic says nothing about the kernel.
#[test]
fn any_other_panic_of_the_model_is_a_broken_model() {
    let slices = |m: &dyn Machine| [1, 2, 3][load(m, Place(0)) as usize + 4..].len() as Word;
    let scenario = scenario(1, vec![Actor::new("a", increment), Actor::new("slices", slices)]);
    for mode in modes() {
        let outcome = check(&scenario, &Options::new(mode));
        assert_eq!((outcome.coverage, outcome.bad.len()), (Coverage::Unsupported, 0));
        assert!(outcome.remark.contains("`slices` panicked: range start index"), "{}", outcome.remark);
    }
}

#[test]
fn a_daemon_may_be_left_waiting() {
    let server = |m: &dyn Machine| {
        again(m, label("serve"), (), |()| {
            let wait = Action::Await { at: Place(0), mask: 1, clear: 0, set: 1, order: MemoryOrder::Acquire };
            m.perform(Step::new(wait, label("wait")));
            let served = load(m, Place(1));
            store(m, Place(1), served + 1);
            Flow::<(), ()>::Again(())
        });
        0
    };
    let client = Actor::new("client", |m| {
        unlock(m, Place(0));
        load(m, Place(1))
    });
    let mut scenario = scenario(2, vec![client, Actor::new("server", server).daemon()]);
    scenario.initial[0].cells[0] = 1;
    let (_, all) = explicit::explore(&scenario, &explicit::Options::default()).unwrap();
    for mode in modes() {
        let (outcome, rests) = explore(&scenario, &Options::new(mode));
        assert_eq!(outcome.bad, []);
        assert_eq!(rests, all);
    }
}

#[test]
fn properties_of_every_state_are_looked_at() {
    let mut scenario = scenario(
        2,
        vec![
            Actor::new("a", |m| {
                store(m, Place(0), 1);
                store(m, Place(0), 0);
                0
            }),
            Actor::new("b", |m| {
                store(m, Place(1), 1);
                store(m, Place(1), 0);
                0
            }),
        ],
    );
    let both = Check::State(Arc::new(|memory, broken| {
        if memory.peek(Place(0)) == 1 && memory.peek(Place(1)) == 1 {
            broken(label("both"));
        }
    }));
    scenario.properties.push(property("exclusion", Kind::Always, both));
    for mode in modes() {
        let outcome = check(&scenario, &Options::new(mode));
        let [bad] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
        assert_eq!((bad.property.as_str(), &bad.cells[..]), ("exclusion", &[1, 1][..]));
        assert_eq!(replayed(&scenario, &bad.schedule).bad, std::slice::from_ref(bad));
    }
}

#[test]
fn choices_are_drawn_recorded_and_replayed() {
    let chooser = |m: &dyn Machine| {
        let choose = |of| m.perform(Step::new(Action::Choose { of }, label("choose")));
        let (first, second) = (choose(3), choose(4));
        if (first, second) == (2, 3) {
            let witness = Label::new("chosen", &[first as i32, second as i32]);
            m.perform(Step::new(Action::Report { property: "report", witness }, label("report")));
        }
        first * 4 + second
    };
    let scenario = scenario(1, vec![Actor::new("a", chooser), Actor::new("b", increment)]);
    for mode in modes() {
        let (outcome, rests) = explore(&scenario, &Options::new(mode));
        let chosen: BTreeSet<Word> = rests.iter().map(|(_, returned)| returned[0]).collect();
        assert_eq!(chosen, (0..12).collect());
        let [bad] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
        assert_eq!(bad.witness, "chosen(2, 3)");
        assert_eq!(replayed(&scenario, &bad.schedule).bad, std::slice::from_ref(bad));
    }
}

#[test]
fn initial_states_take_turns() {
    let mut scenario = racing(1);
    scenario.initial.push(scenario::Initial { name: "five".to_owned(), cells: vec![5] });
    let outcome = check(&scenario, &Options::new(Mode::Random { seed: 1, executions: 2 }));
    let [bad] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
    assert_eq!((bad.schedule.initial.as_str(), &bad.cells[..]), ("five", &[6][..]));
    assert_eq!(replayed(&scenario, &bad.schedule).bad, std::slice::from_ref(bad));
}

#[test]
fn a_schedule_that_does_not_fit_is_told() {
    let outcome = check(&racing(2), &Options::new(Mode::Random { seed: 1, executions: 100 }));
    let schedule = outcome.bad[0].schedule.clone();
    assert_eq!(replayed(&racing(2), &schedule).remark, "");
    let mut elsewhere = schedule.clone();
    elsewhere.initial = "elsewhere".to_owned();
    assert_eq!(verdict(&racing(2), &replayed(&racing(2), &elsewhere)), Verdict::Unsupported);
    // Another first step.
    let mut other = schedule.clone();
    for event in &mut other.events {
        if let EventKind::Step { label, .. } = &mut event.kind {
            *label = "other".to_owned();
        }
    }
    let departed = replayed(&racing(2), &other);
    assert!(departed.remark.starts_with("step 1 of the schedule"), "{}", departed.remark);
    // More steps than there are.
    let mut longer = schedule.clone();
    longer.events.extend(schedule.events.clone());
    assert_ne!(replayed(&racing(2), &longer).remark, "");
    // The schedule of a scenario that has come to differ.
    assert_ne!(replayed(&deadlocked(), &schedule).remark, "");
}

/// What the explicit engine records is a schedule for shuttle too.
#[test]
fn schedules_of_the_explicit_engine_are_replayed() {
    for scenario in [racing(3), deadlocked()] {
        let found = explicit::check(&scenario, &explicit::Options::default()).unwrap();
        assert_ne!(found.bad, []);
        for bad in &found.bad {
            let again = replayed(&scenario, &bad.schedule);
            assert_eq!(again.remark, "");
            assert_eq!(keys(&again), BTreeSet::from([(bad.property.clone(), bad.witness.clone())]));
        }
    }
}

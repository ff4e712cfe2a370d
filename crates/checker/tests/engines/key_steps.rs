//! What a reader is shown of a schedule: the steps that it is about.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::common::generating::programs;
use crate::common::{label, load, lock, property, scenario, store, unlock};
use checker::explicit::{Options, check};
use checker::follow::follow;
use checker::key_steps::key_steps;
use checker::stepper::Prepared;
use checker::telling_steps::telling_steps;
use machine::{Action, Demand, Label, Machine, Place, Step, Word};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use scenario::{Actor, BadState, Check, EventKind, Kind, Property, Scenario, Schedule};

/// The labels of the steps that the only bad state of a scenario is about, and their numbers.
fn keys(scenario: &Scenario) -> Vec<(usize, String)> {
    let outcome = check(scenario, &Options::default()).expect("it can be searched");
    let [bad] = &outcome.bad[..] else { panic!("{:#?}", outcome.bad) };
    let prepared = Prepared::new(scenario).expect("it can be searched");
    let keys = key_steps(&prepared, bad).expect("it can be searched");
    let label = |(number, event): (usize, &scenario::Event)| match &event.kind {
        EventKind::Step { label, .. } => (number, format!("{} {label}", event.actor)),
        _ => unreachable!("it is a step"),
    };
    let is_step = |e: &&scenario::Event| matches!(e.kind, EventKind::Step { scheduling_point: true, .. });
    let steps = (1..).zip(bad.schedule.events.iter().filter(is_step));
    steps.filter(|(number, _)| keys.contains(number)).map(label).collect()
}

fn named(keys: &[(usize, &str)]) -> Vec<(usize, String)> {
    keys.iter().map(|(number, label)| (*number, (*label).to_owned())).collect()
}

fn choose(m: &dyn Machine) -> Word {
    m.perform(Step::new(Action::Choose { of: 3 }, label("choose")))
}

fn finally(id: &'static str, check: impl Fn(Word, Word) -> bool + Send + Sync + 'static) -> Property {
    let check = Check::Final(Arc::new(move |memory, _, see| {
        if check(memory.peek(Place(0)), memory.peek(Place(1))) {
            see(Label::new("here", &[]));
        }
    }));
    property(id, Kind::Finally, check)
}

/// As `simple_write_end` of a copy of nothing: the size is raised long before the error is returned.
#[test]
fn since_when_it_is_broken() {
    let write = |m: &dyn Machine| {
        load(m, Place(0));
        if choose(m) == 2 {
            store(m, Place(0), 7); // the size
        }
        for _ in 0..5 {
            load(m, Place(2));
        }
        store(m, Place(1), 1); // what is returned
        0
    };
    let mut scenario = scenario(3, vec![Actor::new("write", write)]);
    scenario.properties = vec![finally("wrong-size", |size, _| size == 7)];
    assert_eq!(keys(&scenario), named(&[(3, "write store"), (9, "write store")]));
    // The last change of what is looked at, which breaks nothing by itself.
    scenario.properties = vec![finally("wrong-size", |size, returned| size == 7 && returned < 9)];
    let write = move |m: &dyn Machine| {
        write(m);
        load(m, Place(2));
        0
    };
    scenario.actors = vec![Actor::new("write", write)];
    assert_eq!(keys(&scenario), named(&[(3, "write store"), (9, "write store"), (10, "write load")]));
}

#[test]
fn what_a_reader_was_made_to_see() {
    let write = |m: &dyn Machine| {
        store(m, Place(1), 5);
        store(m, Place(0), 1); // uptodate
        load(m, Place(1));
        0
    };
    let read = |m: &dyn Machine| {
        if load(m, Place(0)) == 1 {
            let demand = Demand { among: 1 << 9, property: "stale-read", witness: Label::new("unit", &[0]) };
            let require = Action::Require { at: Place(2), demands: [Some(demand), None] };
            m.perform(Step::new(require, label("require")));
        }
        0
    };
    let mut scenario = scenario(3, vec![Actor::new("write", write), Actor::new("read", read)]);
    let property = Property { id: "stale-read", check: Check::Observed, ..finally("", |_, _| false) };
    scenario.properties = vec![property];
    // Nobody wrote the unit: what let the reader look at it is told.
    assert_eq!(keys(&scenario), named(&[(2, "write store"), (4, "read require")]));
}

/// Flags share a cell: what changes another one is not what an actor looks at.
#[test]
fn which_flag_an_actor_was_made_to_see() {
    let set = |m: &dyn Machine, bit: Word| {
        let set =
            Action::Change { at: Place(0), clear: 0, set: bit, mask: 0, order: machine::Order::Relaxed };
        m.perform(Step::new(set, Label::new("set_bit", &[bit as i32])));
    };
    let write = move |m: &dyn Machine| {
        load(m, Place(0));
        set(m, 1);
        set(m, 2);
        let test = Action::Load { at: Place(0), mask: 1, order: machine::Order::Relaxed };
        if m.perform(Step::new(test, label("test_bit"))) == 1 {
            let report = Action::Report { property: "journal-bypass", witness: label("buffer") };
            m.perform(Step::new(report, label("report")));
        }
        0
    };
    let mut scenario = scenario(1, vec![Actor::new("write", write)]);
    scenario.properties =
        vec![Property { check: Check::Observed, ..finally("journal-bypass", |_, _| false) }];
    assert_eq!(keys(&scenario), named(&[(2, "write set_bit(1)"), (4, "write test_bit")]));
}

#[test]
fn who_took_the_locks_of_a_deadlock() {
    let take = |first: Place, second: Place| {
        move |m: &dyn Machine| {
            load(m, Place(2));
            lock(m, first);
            load(m, Place(2));
            lock(m, second);
            unlock(m, second);
            unlock(m, first);
            0
        }
    };
    let (a, b) = (take(Place(0), Place(1)), take(Place(1), Place(0)));
    let scenario = scenario(3, vec![Actor::new("a", a), Actor::new("b", b)]);
    let keys = keys(&scenario);
    let labels: BTreeSet<&str> = keys.iter().map(|(_, label)| label.as_str()).collect();
    assert!(labels.is_superset(&BTreeSet::from(["a lock(0)", "b lock(1)"])), "{keys:?}");
}

#[test]
fn what_can_not_be_followed_is_about_its_last_step() {
    let scenario = scenario(1, vec![Actor::new("a", |m| load(m, Place(0)))]);
    let prepared = Prepared::new(&scenario).expect("it can be searched");
    let step = |label: &str, actor: &str| scenario::Event {
        actor: actor.to_owned(),
        kind: EventKind::Step { label: label.to_owned(), result: String::new(), scheduling_point: true },
        file: String::new(),
        line: 0,
    };
    let keys = |initial: &str, events| {
        let schedule = Schedule { initial: initial.to_owned(), events };
        let (property, witness) = ("p".to_owned(), String::new());
        let bad = BadState { property, witness, promised: true, cells: Vec::new(), schedule };
        key_steps(&prepared, &bad).expect("it can be searched")
    };
    assert_eq!(keys("zero", vec![step("load", "a"), step("load", "a")]), BTreeSet::from([2]));
    assert_eq!(keys("zero", vec![step("store", "a")]), BTreeSet::from([1]));
    assert_eq!(keys("zero", vec![step("load", "b")]), BTreeSet::from([1]));
    assert_eq!(keys("one", vec![step("load", "a")]), BTreeSet::from([1]));
    assert_eq!(keys("zero", Vec::new()), BTreeSet::new());
}

/// Why a reader would miss a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Tells {
    Picture,
    LookedAt,
    Lock,
    Fault,
    Choice,
}

/// The telling steps by their definition, of a scenario whose picture is its first cell and whose property looks at its
/// last: from the memory along the schedule, and from what the schedule says that each step came to.
fn telling_by_definition(prepared: &Arc<Prepared>, bad: &BadState) -> Vec<(usize, Tells)> {
    let story = follow(prepared, bad).expect("it can be searched").expect("it can be followed");
    let cells: Vec<Vec<Word>> = story.cells().collect();
    let result = |event: &scenario::Event| match &event.kind {
        EventKind::Step { result, scheduling_point: true, .. } => Some(result.clone()),
        _ => None,
    };
    let results: Vec<String> = bad.schedule.events.iter().filter_map(result).collect();
    assert_eq!((cells.len(), story.steps.len()), (results.len() + 1, results.len()));
    let mut telling = Vec::new();
    for at in 1..cells.len() {
        let (before, after, came_to) = (&cells[at - 1], &cells[at], results[at - 1].as_str());
        let action = &story.steps[at - 1].1.action;
        for (why, is_so) in [
            (Tells::Picture, before.first() != after.first()),
            (Tells::LookedAt, bad.property == "last" && before.last() != after.last()),
            (Tells::Lock, matches!(action, Action::Await { .. }) && before != after),
            (Tells::Fault, matches!(action, Action::CopyUser { .. }) && came_to == "0"),
            (Tells::Choice, matches!(action, Action::Choose { .. }) && came_to != "0"),
        ] {
            if is_so {
                telling.push((at, why));
            }
        }
    }
    telling
}

#[test]
fn the_steps_that_are_told_are_those_of_the_definition() {
    // How often a step is told for nothing else, so that a generator that has run dry fails.
    let alone: RefCell<BTreeMap<Tells, usize>> = RefCell::default();
    let silent = Cell::new(0);
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let compared = runner.run(&programs(), |program| {
        let last = Place(program.widths.len() as u16 - 1);
        let mut scenario = program.scenario();
        let check = Check::State(Arc::new(move |memory, see| {
            if memory.peek(last) & 1 == 1 {
                see(Label::new("odd", &[]));
            }
        }));
        scenario.properties = vec![Property { id: "last", check, ..finally("", |_, _| false) }];
        scenario.picture = Arc::new(|memory| memory.peek(Place(0)).to_string());
        let mut options = Options::default();
        options.bounds.states_max = 3000;
        // What breaks a rule about cells is refused.
        let Ok(outcome) = checker::explicit::check(&scenario, &options) else { return Ok(()) };
        let prepared = Prepared::new(&scenario).expect("it was searched");
        for bad in outcome.bad.iter().filter(|bad| !bad.schedule.events.is_empty()) {
            let expected = telling_by_definition(&prepared, bad);
            let told = telling_steps(&prepared, bad).expect("it was searched").expect("it can be followed");
            prop_assert_eq!(&told, &expected.iter().map(|(at, _)| *at).collect(), "{:?}", bad);
            silent.set(silent.get() + bad.schedule.steps() - told.len());
            for of in expected.chunk_by(|a, b| a.0 == b.0).filter(|of| of.len() == 1) {
                *alone.borrow_mut().entry(of[0].1).or_default() += 1;
            }
        }
        Ok(())
    });
    if let Err(why) = compared {
        panic!("{why}");
    }
    let (alone, silent) = (alone.into_inner(), silent.get());
    assert!(alone.len() == 5 && alone.values().all(|&times| times > 5) && silent > 100, "{alone:?} {silent}");
}

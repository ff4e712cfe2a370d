//! What a reader is shown of a schedule: the steps that it is about.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use checker::explicit::{Options, check};
use checker::key_steps::key_steps;
use checker::stepper::Prepared;
use common::{label, load, lock, scenario, store, unlock};
use machine::{Action, Demand, Label, Machine, Place, Step, Word};
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
    Property { id, sentence: "", source: "", effect: "", kind: Kind::Finally, promised: true, check }
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

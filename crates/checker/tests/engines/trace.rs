//! Who does the same along the trace of a search comes to the same result; whoever does not is told apart.

use crate::common::generating::programs;
use crate::common::program::{Op, Program};
use checker::explicit::{Options, Trace, check, check_prepared};
use checker::stepper::Prepared;
use machine::{Action, Demand, Flow, Label, Machine, Order, Place, Step, Word, again, bug, call};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use scenario::{Actor, Bounds, Coverage, Outcome, Scenario};

/// A plain search.
fn searched(scenario: &Scenario) -> Option<Outcome> {
    let bounds = Bounds { states_max: 20_000, ..Bounds::default() };
    let outcome = check(scenario, &Options { bounds, ..Options::default() }).ok()?;
    (outcome.coverage == Coverage::Exhausted).then_some(Outcome { seconds: 0.0, bytes: 0, ..outcome })
}

/// A search, and its trace after being stored.
fn traced(scenario: &Scenario, threads: usize) -> (Outcome, Trace) {
    let prepared = Prepared::new(scenario).unwrap();
    let outcome = check_prepared(&prepared, &Options { threads, ..Options::default() }).unwrap();
    let trace = Trace::from_bytes(&Trace::of(&prepared).to_bytes()).unwrap();
    (Outcome { seconds: 0.0, bytes: 0, ..outcome }, trace)
}

/// What is known of a scenario from the search of another one.
fn known((outcome, trace): &(Outcome, Trace), scenario: &Scenario) -> Option<Outcome> {
    let places = trace.is_taken_by(&*Prepared::new(scenario).ok()?).ok()??;
    trace.moved(outcome.clone(), &places)
}

/// Puts `new` in the place of the `at`th op, counted through.
fn put(ops: &mut [Op], at: &mut usize, new: &Op) -> bool {
    for op in ops {
        if *at == 0 {
            // Where it is a step it keeps its number, or every change would be one of a label.
            let number = if let Op::Take(_, number) = op { Some(*number) } else { None };
            *op = match (new, number) {
                (Op::Take(action, _), Some(number)) => Op::Take(*action, number),
                _ => new.clone(),
            };
            return true;
        }
        *at -= 1;
        let bodies: Vec<&mut Vec<Op>> = match op {
            Op::Call(body) | Op::Pair(body) | Op::Spin(body) => vec![body],
            Op::Count(_, body) | Op::Cycle(_, body) => vec![body],
            Op::If(_, then, or) => vec![then, or],
            _ => Vec::new(),
        };
        for body in bodies {
            if put(body, at, new) {
                return true;
            }
        }
    }
    false
}

fn changed(program: &Program, actor: usize, at: usize, new: &Op) -> Program {
    let mut changed = program.clone();
    let actors = changed.actors.len();
    let mut left = at;
    match actor.checked_sub(actors) {
        Some(view) => changed.views.get_mut(view).is_some_and(|ops| put(ops, &mut left, new)),
        None => put(&mut changed.actors[actor].ops, &mut left, new),
    };
    changed
}

#[test]
fn what_is_known_is_what_a_search_finds() {
    let config = Config { cases: 1500, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (hits, misses) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let pairs = (programs(), programs(), 0..5_usize, 0..12_usize);
    let run = runner.run(&pairs, |(program, donor, actor, at)| {
        let scenario = program.scenario();
        let Some(plain) = searched(&scenario).filter(|outcome| outcome.remark.is_empty()) else {
            return Ok(());
        };
        let mine = traced(&scenario, 1 + at % 2);
        prop_assert_eq!(&mine.0, &plain);
        prop_assert_eq!(known(&mine, &program.scenario()), Some(plain));
        let Some(new) = donor.actors[0].ops.first() else { return Ok(()) };
        let other = changed(&program, actor, at, new).scenario();
        if let Some(known) = known(&mine, &other) {
            hits.set(hits.get() + 1);
            // What a search of it can't come to, it is not known to come to.
            prop_assert_eq!(Some(known), searched(&other));
        } else {
            misses.set(misses.get() + 1);
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    assert!(hits.get() > 25 && misses.get() > 250, "{hits:?} hits, {misses:?} misses");
}

/// A model in which each kind of thing can be another one.
#[derive(Clone, Copy, Debug)]
struct Text {
    place: u16,
    mask: Word,
    order: Order,
    value: Word,
    name: &'static str,
    argument: i32,
    shown: fn(Word) -> String,
    property: &'static str,
    among: u64,
    reported: i32,
    reached: &'static str,
    called: &'static str,
    result: u8,
    rounds: u8,
    panic: &'static str,
    returned: Word,
    more: bool,
    choices: u8,
}

const TEXT: Text = Text {
    place: 0,
    mask: 7,
    order: Order::Relaxed,
    value: 3,
    name: "load",
    argument: 1,
    shown: |w| w.to_string(),
    property: "demand",
    among: 1,
    reported: 1,
    reached: "there",
    called: "call",
    result: 2,
    rounds: 2,
    panic: "BUG",
    returned: 4,
    more: false,
    choices: 2,
};

fn model(m: &dyn Machine, text: Text) -> Word {
    let Text { mask, order, value, .. } = text;
    let label = |name| Label::new(name, &[text.argument]);
    let step = |action, name| m.perform(Step::new(action, label(name)).showing(text.shown));
    call(m, label(text.called), || {
        step(Action::Load { at: Place(text.place), mask, order }, text.name);
        let demand = Demand { among: text.among, property: text.property, witness: label("unit") };
        step(Action::Require { at: Place(1), demands: [Some(demand), None] }, "require");
        text.result
    });
    again(m, label("again"), 0_u8, |round| {
        step(Action::Store { at: Place(1), value, order: Order::Relaxed }, "store");
        if round + 1 < text.rounds { Flow::Again(round + 1) } else { Flow::Done(0_u8) }
    });
    step(Action::Report { property: "report", witness: Label::new("event", &[text.reported]) }, "report");
    step(Action::Reach { what: text.reached }, "reach");
    if step(Action::Choose { of: text.choices }, "choose") == 1 {
        bug(text.panic);
    }
    if text.more {
        step(Action::Fence { order: Order::Full }, "fence");
    }
    text.returned
}

fn scenario(text: Text, view: Text) -> Scenario {
    let other = |m: &dyn Machine| {
        crate::common::store(m, Place(0), 1);
        0
    };
    let mut scenario =
        crate::common::scenario(2, vec![Actor::new("a", move |m| model(m, text)), Actor::new("b", other)]);
    let seen = Text { panic: "view", choices: 1, ..view };
    scenario.views = vec![Actor::new("view", move |m| model(m, seen))];
    scenario
}

#[test]
fn every_kind_of_change_is_told_apart() {
    let mine = traced(&scenario(TEXT, TEXT), 1);
    assert!(mine.0.bad.len() > 2, "{:?}", mine.0.bad);
    assert!(known(&mine, &scenario(TEXT, TEXT)).is_some());
    let changes = [
        Text { place: 1, ..TEXT },
        Text { mask: 3, ..TEXT },
        Text { order: Order::Acquire, ..TEXT },
        Text { value: 2, ..TEXT },
        Text { name: "read", ..TEXT },
        Text { argument: 2, ..TEXT },
        Text { shown: |w| format!("{w}."), ..TEXT },
        Text { property: "other", ..TEXT },
        Text { among: 2, ..TEXT },
        Text { reported: 2, ..TEXT },
        Text { reached: "elsewhere", ..TEXT },
        Text { called: "function", ..TEXT },
        Text { result: 1, ..TEXT },
        Text { rounds: 3, ..TEXT },
        Text { panic: "BUG_ON", ..TEXT },
        Text { returned: 5, ..TEXT },
        Text { more: true, ..TEXT },
        Text { choices: 3, ..TEXT },
    ];
    for change in changes {
        assert_eq!(known(&mine, &scenario(change, TEXT)), None, "{change:?}");
        if (change.panic, change.choices) == (TEXT.panic, TEXT.choices) {
            assert_eq!(known(&mine, &scenario(TEXT, change)), None, "in a view: {change:?}");
        }
    }
    // The actors themselves.
    let mut fewer = scenario(TEXT, TEXT);
    fewer.views.clear();
    assert_eq!(known(&mine, &fewer), None);
    let mut swapped = scenario(TEXT, TEXT);
    let bodies: Vec<_> = swapped.actors.iter().rev().map(|a| a.body.clone()).collect();
    swapped.actors.iter_mut().zip(bodies).for_each(|(a, body)| a.body = body);
    assert_eq!(known(&mine, &swapped), None);
}

fn one(m: &dyn Machine) -> Word {
    crate::common::lock(m, Place(0));
    let report = Action::Report { property: "report", witness: Label::new("event", &[]) };
    m.perform(Step::new(report, Label::new("report", &[])));
    let store = Action::Store { at: Place(1), value: 1, order: Order::Relaxed };
    m.perform(Step::new(store, Label::new("store", &[])));
    0
}

/// The same on other lines.
fn moved(m: &dyn Machine) -> Word {
    crate::common::lock(m, Place(0));
    //
    let report = Action::Report { property: "report", witness: Label::new("event", &[]) };
    m.perform(Step::new(report, Label::new("report", &[])));
    //
    let store = Action::Store { at: Place(1), value: 1, order: Order::Relaxed };
    m.perform(Step::new(store, Label::new("store", &[])));
    0
}

/// The same with two steps on one line.
fn on_one_line(m: &dyn Machine) -> Word {
    crate::common::lock(m, Place(0));
    let report = Action::Report { property: "report", witness: Label::new("event", &[]) };
    let store = Action::Store { at: Place(1), value: 1, order: Order::Relaxed };
    for action in [report, store] {
        let name = if action == report { "report" } else { "store" };
        m.perform(Step::new(action, Label::new(name, &[])));
    }
    0
}

#[test]
fn a_result_is_told_with_the_new_places() {
    let two = |model: fn(&dyn Machine) -> Word| {
        crate::common::scenario(2, vec![Actor::new("a", model), Actor::new("b", model)])
    };
    let mine = traced(&two(one), 1);
    let plain = searched(&two(moved)).unwrap();
    assert!(plain.bad.len() > 1, "{plain:?}");
    assert_ne!(plain, mine.0);
    assert_eq!(known(&mine, &two(moved)), Some(plain));
    assert_eq!(known(&mine, &two(on_one_line)), None, "places that were two are one");
    let apart = crate::common::scenario(2, vec![Actor::new("a", one), Actor::new("b", moved)]);
    assert_eq!(known(&mine, &apart), None, "places that were one are two");
}

#[test]
fn bytes_that_are_no_trace_are_none() {
    let bytes = traced(&scenario(TEXT, TEXT), 1).1.to_bytes();
    assert!(Trace::from_bytes(&bytes[..bytes.len() / 2]).is_none());
    assert!(Trace::from_bytes(b"").is_none());
    // What decodes all the same asks something else.
    let mine = traced(&scenario(TEXT, TEXT), 1);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        if let Some(trace) = Trace::from_bytes(&damaged)
            && trace != mine.1
            && let Some(known) = known(&(mine.0.clone(), trace), &scenario(TEXT, TEXT))
        {
            assert_eq!(known, mine.0, "byte {at}");
        }
    }
}

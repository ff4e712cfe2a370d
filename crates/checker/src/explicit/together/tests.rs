//! Processes, each on a thread of its own here, against one.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;

use machine::{Label, Peek};
use processes::{Patience, loopback};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scenario::{BadState, Bounds, Check, Kind, Property, built_in};

use super::*;
use crate::explicit::check;
use crate::explicit::common::faulty::lost_update;
use crate::explicit::common::generating::{crossing, lacking, locking, loops, programs};
use crate::explicit::common::program::Program;
use crate::explicit::common::{counter, property};

/// What each of so many processes comes to in each of these scenarios, one after the other.
fn together<S: Sync>(
    processes: usize,
    all: &[S],
    scenario: impl Fn(&S) -> (Scenario, Options) + Sync,
) -> Vec<Vec<Result<Outcome, Error>>> {
    let addresses = loopback(processes).expect("there are addresses");
    let member = |number: usize| {
        let mut group = Group::join(&addresses, number, b"", &Patience::default()).expect("all come");
        let come_to = |one: &S| {
            let (scenario, options) = scenario(one);
            check_together(&scenario, &options, &mut group)
        };
        let came_to = all.iter().map(come_to).collect();
        group.leave();
        came_to
    };
    let member = &member;
    scope(|scope| {
        let all: Vec<_> = (0..processes).map(|number| scope.spawn(move || member(number))).collect();
        all.into_iter().map(|one| one.join().expect("it does not panic")).collect()
    })
}

/// An outcome without what is another one each time.
fn told(outcome: &Outcome) -> Outcome {
    Outcome { seconds: 0.0, bytes: 0, ..outcome.clone() }
}

/// The same of a search that was cut, without what is told of cycles.
fn told_of_states(outcome: &Outcome) -> Outcome {
    let mut outcome = told(outcome);
    let of_cycles = [built_in::LIVELOCK.id, built_in::UNKILLABLE.id, built_in::DEADLOCK.id];
    outcome.bad.retain(|bad| !of_cycles.contains(&bad.property.as_str()));
    outcome
}

fn is_cut(outcome: &Outcome) -> bool {
    matches!(outcome.coverage, Coverage::Cut { .. })
}

/// `SHORTCOPY_PROGRAMS=10000` compares so many, each time others.
fn generated() -> Vec<Program> {
    let given = std::env::var("SHORTCOPY_PROGRAMS").ok().and_then(|given| given.parse().ok());
    let mut runner = if given.is_some() { TestRunner::default() } else { TestRunner::deterministic() };
    let all = prop_oneof![programs(), loops(), locking(), crossing(), lacking(programs())];
    let program = |_| all.new_tree(&mut runner).expect("it can be generated").current();
    (0..given.unwrap_or(240)).map(program).collect()
}

#[test]
fn processes_tell_what_one_tells() {
    let all = generated();
    let options =
        |states_max| Options { bounds: Bounds { states_max, ..Bounds::default() }, ..Options::default() };
    for (processes, states_max) in [(1, 5000), (2, 5000), (4, 5000), (2, 60)] {
        let (mut bad, mut cut, mut broken, mut cycles) = (0, 0, 0, 0);
        let came_to = together(processes, &all, |program| (program.scenario(), options(states_max)));
        for (at, program) in all.iter().enumerate() {
            let one = check(&program.scenario(), &options(states_max));
            for (number, came_to) in came_to.iter().enumerate() {
                match (&came_to[at], &one) {
                    (Ok(all), Ok(one)) => {
                        let tell = if is_cut(one) { told_of_states } else { told };
                        assert_eq!(tell(all), tell(one), "{number} of {processes}: {program:?}");
                        cut += usize::from(is_cut(one));
                        bad += all.bad.len();
                        let goes_round = |bad: &&BadState| bad.property == built_in::LIVELOCK.id;
                        cycles += all.bad.iter().filter(goes_round).count();
                    }
                    (Err(_), Err(_)) => broken += 1,
                    // Whether a rule is broken behind where it was cut is seen by who looks for schedules a bit further.
                    (Err(_), Ok(one)) if is_cut(one) => broken += 1,
                    (Ok(all), Err(_)) if is_cut(all) => broken += 1,
                    (all, one) => panic!("{number} of {processes}: {program:?}: {all:?}, not {one:?}"),
                }
            }
        }
        eprintln!("{processes}, {states_max}: {bad} bad, {cycles} cycles, {cut} cut, {broken} broken");
        let some = all.len() / 20;
        assert!(bad > 10 * some && (cut > some || states_max > 60) && (cycles > some || states_max == 60));
    }
}

#[test]
fn large_searches_and_those_of_many_actors_are_shared_out() {
    let mut lossy = counter(6, 1);
    lossy.properties.push(lost_update(6));
    for (scenario, at_least) in [(counter(3, 8), 50_000), (lossy, 1_000)] {
        let one = check(&scenario, &Options::default()).expect("it can be searched");
        let came_to = together(3, &[()], |()| (scenario.clone(), Options::default()));
        for came_to in came_to {
            let all = came_to[0].as_ref().expect("it can be searched");
            assert_eq!(told(all), told(&one));
        }
        assert!(one.states > at_least, "{}", one.states);
    }
}

/// A property whose check panics when it has looked so often: as a process that dies.
fn dies_after(looks: usize) -> Property {
    let looked = AtomicUsize::new(0);
    let check = move |_: &dyn Peek, _: &mut dyn FnMut(Label)| {
        assert!(looked.fetch_add(1, Ordering::Relaxed) < looks, "it dies");
    };
    property("alive", Kind::Always, Check::State(Arc::new(check)))
}

#[test]
fn a_process_that_is_gone_cuts_the_search_and_is_named() {
    for looks in [1, 3, 5] {
        let addresses = loopback(3).expect("there are addresses");
        // Who leaves because of it is not gone before all others have seen who was.
        let seen = Barrier::new(2);
        let member = |number| {
            let mut group = Group::join(&addresses, number, b"", &Patience::default()).expect("all come");
            let mut scenario = counter(3, 4);
            if number == 1 {
                scenario.properties.push(dies_after(looks));
            }
            let end = check_together(&scenario, &Options::default(), &mut group);
            seen.wait();
            end.expect("it can be searched")
        };
        let ends = scope(|scope| {
            let all: Vec<_> = (0..3).map(|number| scope.spawn(move || member(number))).collect();
            all.into_iter().map(|one| one.join().ok()).collect::<Vec<_>>()
        });
        assert!(ends[1].is_none());
        for end in ends.into_iter().flatten() {
            assert_eq!(end.coverage, Coverage::Cut { bound: Bound::Process });
            assert!(end.remark.starts_with("process 1, at "), "{}", end.remark);
        }
    }
}

//! Processes, each on a thread of its own here, against one.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::Duration;

use machine::{Flow, Label, Machine, Peek, Place, Word, again};
use processes::{Patience, loopback};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scenario::{Actor, BadState, Bounds, Check, Kind, Property, built_in};

use super::*;
use crate::explicit::check;
use crate::explicit::common::faulty::lost_update;
use crate::explicit::common::generating::{crossing, lacking, locking, loops, programs};
use crate::explicit::common::program::Program;
use crate::explicit::common::{counter, label, load, property, scenario, store};

/// What each of so many processes comes to in each of these scenarios, one after the other.
fn together<S: Sync>(
    processes: usize,
    all: &[S],
    scenario: impl Fn(&S) -> (Scenario, Options) + Sync,
) -> Vec<Vec<Result<Outcome, Error>>> {
    let places = loopback(processes).expect("there are places");
    let member = |number: usize| {
        let mut group = places.join(number, &[0; 32], &Patience::default()).expect("all come");
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

/// Three who increment a counter without a lock, so often, each with a cell of his own besides: of many memories.
fn steps_of_many(rounds: u8) -> Scenario {
    let actor = |(name, own): (&'static str, u16)| {
        Actor::new(name, move |m: &dyn Machine| {
            again(m, label("rounds"), 0_u8, |done| {
                let value = load(m, Place(0));
                store(m, Place(own), value + Word::from(done));
                store(m, Place(0), value + 1);
                if done + 1 < rounds { Flow::Again(done + 1) } else { Flow::Done(0_u8) }
            });
            0
        })
    };
    scenario(4, [("a", 1), ("b", 2), ("c", 3)].map(actor).into())
}

/// An outcome without what is another one each time, and without schedules.
fn without_schedules(outcome: &Outcome) -> Outcome {
    let mut outcome = Outcome { remark: String::new(), ..told(outcome) };
    for bad in &mut outcome.bad {
        (bad.schedule, bad.cells) = Default::default();
    }
    outcome
}

/// Whether a search that met a bound, maybe in one of the processes only, tells nothing that one without bounds does not tell.
fn tells_a_part(all: &Outcome, one: &Outcome) {
    assert!(!all.remark.contains("process"), "{}", all.remark);
    let names = |outcome: &Outcome| {
        let bad = outcome.bad.iter().map(|bad| (bad.property.clone(), bad.witness.clone()));
        bad.collect::<BTreeSet<_>>()
    };
    if !is_cut(all) {
        // There may be no room for schedules.
        let tell = if all.remark.is_empty() { told } else { without_schedules };
        assert_eq!(tell(all), tell(one));
    }
    assert!(names(all).is_subset(&names(one)), "{:?}, not {:?}", names(all), names(one));
    assert!(all.endings.iter().all(|ending| one.endings.contains(ending)));
    assert!(all.states <= one.states);
}

#[test]
fn a_bound_that_one_process_meets_ends_all_in_order() {
    // Something bad is met early, something at each depth, and some at rest.
    let many = |memory: &dyn Peek, broken: &mut dyn FnMut(Label)| match memory.peek(Place(0)) {
        0 | 1 => {}
        value => broken(Label::new("value", &[value as i32])),
    };
    let mut lossy = steps_of_many(3);
    lossy.properties.push(property("few", Kind::Always, Check::State(Arc::new(many))));
    lossy.properties.push(lost_update(9));
    let one = check(&lossy, &Options::default()).expect("it can be searched");
    let mut met = BTreeSet::new();
    // So many bytes for each of them; from the last ones on there is room for everything.
    let bytes: Vec<u64> = (0..60).map(|at| 30_000 + at * at * 4000).collect();
    for ends in together(3, &bytes, |bytes_max| {
        let bounds = Bounds { bytes_max: *bytes_max, ..Bounds::default() };
        (lossy.clone(), Options { bounds, ..Options::default() })
    }) {
        for end in ends {
            let end = end.expect("it can be searched");
            tells_a_part(&end, &one);
            met.insert((is_cut(&end), !end.bad.is_empty()));
        }
    }
    assert!(met.contains(&(true, true)) && met.contains(&(false, true)), "{met:?}");

    let times: Vec<u64> = (0..40).map(|at| at * at * 40).collect();
    for ends in together(2, &times, |micros| {
        let time_max = Duration::from_micros(*micros);
        let bounds = Bounds { time_max, ..Bounds::default() };
        (lossy.clone(), Options { bounds, ..Options::default() })
    }) {
        ends.into_iter().for_each(|end| tells_a_part(&end.expect("it can be searched"), &one));
    }
}

#[test]
fn an_interrupt_of_one_process_ends_all_in_order() {
    let mut lossy = counter(3, 5);
    lossy.properties.push(lost_update(15));
    let one = check(&lossy, &Options::default()).expect("it can be searched");
    let places = loopback(3).expect("there are places");
    let member = |number: usize| {
        let mut group = places.join(number, &[0; 32], &Patience::default()).expect("all come");
        let mut cut = 0;
        for round in 0..30_u64 {
            let interrupt = Arc::new(AtomicBool::new(false));
            let options = Options { interrupt: Some(interrupt.clone()), ..Options::default() };
            let stop = (number == 1).then(|| {
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_micros(round * round * 60));
                    interrupt.store(true, Ordering::Relaxed);
                })
            });
            let end = check_together(&lossy, &options, &mut group).expect("it can be searched");
            if let Some(stop) = stop {
                stop.join().expect("it does not panic");
            }
            tells_a_part(&end, &one);
            cut += usize::from(is_cut(&end));
        }
        group.leave();
        cut
    };
    let member = &member;
    let cut = scope(|scope| {
        let all: Vec<_> = (0..3).map(|number| scope.spawn(move || member(number))).collect();
        all.into_iter().map(|one| one.join().expect("it does not panic")).collect::<Vec<_>>()
    });
    assert!(cut[0] > 3, "{cut:?}");
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
        let places = loopback(3).expect("there are places");
        // Who leaves because of it is not gone before all others have seen who was.
        let seen = Barrier::new(2);
        let member = |number| {
            let mut group = places.join(number, &[0; 32], &Patience::default()).expect("all come");
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

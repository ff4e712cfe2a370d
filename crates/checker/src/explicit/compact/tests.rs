//! Compact searches, held against plain ones on generated programs; and how likely something is missed, against what is.

use std::cell::RefCell;

use machine::{Peek, Place};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::{Bound, Bounds, Coverage, Outcome, Property};

use super::*;
use crate::explicit::common::counter;
use crate::explicit::engine::check;
use crate::explicit::key::moved;
use crate::explicit::options::{Options, Reduce};
use crate::explicit::plan::{Plan, Steps};
use crate::explicit::prepared::Prepared;
use crate::explicit::reduce::Fault;
use crate::explicit::symmetry::tests::{Told, config, of_all_kinds, told};
use crate::explicit::tests::team_sizes;

/// How many programs were compared, and how many had bad states; or where they differ.
fn compared(cases: u32, fault: Option<Fault>) -> Result<(usize, usize), String> {
    let tally = RefCell::new((0, 0));
    let steps = prop_oneof![Just(Steps::Every), Just(Steps::Reduced), Just(Steps::Chains)];
    let how = (steps, prop_oneof![3 => Just(1), 1 => team_sizes()]);
    let shrinks = if fault.is_none() { 4096 } else { 0 };
    let config = ProptestConfig { max_shrink_iters: shrinks, ..config(cases) };
    let run = TestRunner::new(config).run(&(of_all_kinds(), how), |(program, (of, threads))| {
        let scenario = program.scenario();
        let told = |plan, threads| told(&*Prepared::new(&scenario).ok()?, plan, threads);
        let Some(plain) = told(Plan::Plain, 1) else { return Ok(()) };
        let Some(compact) = told(Plan::Compact(of, fault), threads) else {
            return Err(TestCaseError::fail("the compact search gives up"));
        };
        let states = if of == Steps::Every { plain.states } else { compact.states };
        prop_assert!(compact.states <= plain.states);
        // It looks at no cycles.
        let compact = Told { any_cycle: plain.any_cycle, ..compact };
        let plain = Told { states, ..plain };
        prop_assert_eq!(&compact, &plain);
        let mut tally = tally.borrow_mut();
        *tally = (tally.0 + 1, tally.1 + usize::from(!plain.bad.is_empty()));
        Ok(())
    });
    run.map(|()| tally.into_inner()).map_err(|error| error.to_string())
}

/// With 32 bits of some thousand states nothing is missed.
#[test]
fn a_compact_search_tells_what_a_plain_one_tells() {
    let (compared, bad) = compared(2_000, None).unwrap_or_else(|error| panic!("{error}"));
    println!("{compared} programs, {bad} with bad states");
    assert!(compared > 1_000 && bad > 500, "{bad} of {compared}");
}

#[test]
fn who_does_not_begin_anew_when_more_is_known_misses_something() {
    let told = compared(40_000, Some(Fault::Again));
    assert!(told.is_err(), "nothing else is told: {told:?}");
}

/// The key of a state like those of a scenario: close to others.
fn key(number: u64) -> Key<2> {
    let controls = [number % 23, number / 23 % 29, number / (23 * 29) % 31];
    let memory = (number / (23 * 29 * 31)) as u32;
    controls.iter().enumerate().fold(moved(&[0; 2], 0, 0, memory), |key, (actor, control)| {
        moved(&key, actor, *control as u32, memory)
    })
}

/// A set of signatures of so many bits, with so many slots.
fn set(bits: u32, slots: usize) -> Compact<2> {
    Compact::with_slots(bits, slots, &Arc::new(Ledger::new(u64::MAX))).expect("room")
}

/// Inserts states; how many were new.
fn insert(set: &Compact<2>, keys: Range<u64>) -> u64 {
    let all: Vec<_> = keys.map(|number| Arrival::new(&key(number), 0)).collect();
    all.chunks(1000).map(|states| set.insert(states[0].shard(), states).expect("room")).sum()
}

/// Whether two numbers differ by a fifth at most.
fn is_about(some: f64, other: f64) -> bool {
    (some - other).abs() <= other / 5.0
}

/// Few bits, so that many are missed: about as many as is said.
#[test]
fn as_many_are_missed_as_is_said() {
    const STATES: u64 = 80_000;
    for (bits, slots) in [(8, 100_000), (10, 90_000), (4, 1_000_000), (6, 200_000)] {
        let set = set(bits, slots);
        let missed = STATES - insert(&set, 0..STATES);
        let beside = set.beside.0.load(Ordering::Relaxed) as f64;
        let said = beside / f64::from(set.signatures);
        println!("{bits} bits, {slots} slots: {missed} missed, {said:.0} said");
        assert!(missed > 200 && is_about(missed as f64, said), "{missed} for {said}");
        assert_eq!(insert(&set, 0..STATES), 0, "what was met is known");
    }
}

/// In a table that is that full, each is looked up beside as many as is expected.
#[test]
fn one_is_looked_up_beside_as_many_as_is_expected() {
    const SLOTS: usize = 200_000;
    for tenths in [3, 5, 7, 8] {
        let set = set(32, SLOTS);
        let full = SLOTS as u64 * tenths / 10;
        assert_eq!(insert(&set, 0..full), full);
        set.next_level();
        let before = set.beside.0.load(Ordering::Relaxed);
        assert_eq!(insert(&set, full..full + 2000), 2000);
        let each = (set.beside.0.load(Ordering::Relaxed) - before) as f64 / 2000.0;
        let expected = *lock(&set.expected);
        println!("{tenths} tenths: beside {each:.2}, {expected:.2} expected");
        assert!(is_about(each, expected), "{each} for {expected}");
    }
}

/// A table is never full, whoever inserts; and what is forgotten is new.
#[test]
fn who_finds_no_room_is_told_and_forgets_all_at_will() {
    let set = set(32, 1000);
    let keys = |range: Range<u64>| -> Vec<_> { range.map(|n| Arrival::new(&key(n), 0)).collect() };
    std::thread::scope(|scope| {
        for part in 0..4 {
            let (set, states) = (&set, keys(part * 1000..part * 1000 + 1000));
            scope.spawn(move || assert_eq!(set.insert(part as usize, &states), Err(Full::Bytes)));
        }
    });
    let taken = set.taken.0.load(Ordering::Relaxed);
    assert!(taken <= 900 && taken > 900 - 4 * LOOK_AHEAD as u64, "{taken}");
    assert_eq!(set.slots.iter().filter(|slot| slot.load(Ordering::Relaxed) != 0).count() as u64, taken);
    set.clear();
    assert_eq!((set.insert(0, &keys(0..700)), set.odds().one), (Ok(700), 0.0));
}

/// Where memory does not suffice for whole states it may for a part of each.
#[test]
fn what_memory_cut_is_looked_at_once_more() {
    let mut scenario = counter(3, 7);
    // All four increments of the last round are there only at the end of few ways.
    let large = |state: &dyn Peek| state.peek(Place(0)) < 21;
    scenario.properties.push(Property::always("large", "the counter is too large", large));
    let whole = check(&scenario, &Options::default()).expect("a sound scenario");
    println!("{} states, {} bytes", whole.states, whole.bytes);
    for (bytes_max, threads, to_the_end) in [(22 << 20, 1, true), (22 << 20, 2, true), (6 << 20, 2, false)] {
        let bounds = Bounds { bytes_max, ..Bounds::default() };
        let options = Options { bounds, threads, ..Options::default() };
        let cut = check(&scenario, &options).expect("a sound scenario");
        let compact = check(&scenario, &Options { compact: true, ..options }).expect("a sound scenario");
        let memory = Coverage::Cut { bound: Bound::Memory };
        assert_eq!((cut.coverage, compact.coverage), (memory, memory));
        assert_eq!(cut.looked_at, compact.looked_at);
        // Where two threads are cut is by chance.
        assert!(threads > 1 || cut.states == compact.states);
        assert!(compact.bytes <= bytes_max, "{} of {bytes_max}", compact.bytes);
        assert!(cut.bad.is_empty(), "{:?}", cut.bad);
        println!("{}", compact.remark);
        if to_the_end {
            assert_eq!(compact.endings, whole.endings);
            let bad = |of: &Outcome| -> Vec<_> { of.bad.iter().map(|bad| bad.witness.clone()).collect() };
            assert_eq!(bad(&compact), bad(&whole));
            assert!(compact.bad.iter().all(|bad| bad.schedule.events.is_empty()));
            assert!(compact.remark.contains(&format!("{} states; any was missed", whole.states)));
        } else {
            assert!(compact.remark.ends_with("cut by the bound on memory"), "{}", compact.remark);
        }
    }
    // Without such a bound it is a search like any other.
    let options = Options { compact: true, reduce: Reduce::None, ..Options::default() };
    let all = check(&scenario, &options).expect("a sound scenario");
    assert_eq!((all.coverage, all.remark), (Coverage::Exhausted, String::new()));
}

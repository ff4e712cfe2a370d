//! Ceilings are met, and told; the number of threads changes nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machine::{Action, Demand, Machine, Place, Step, again};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::{Actor, Bound, Bounds, Check, Coverage, Kind, Outcome, Scenario, built_in};

use super::common::faulty::lost_update;
use super::common::generating::{crossing, locking, loops, plain_programs, programs};
use super::common::program::{Program, who_goes_round};
use super::common::{counter, label, load, property, scenario, store};
use super::engine::{Asked, AtRest, check, search_prepared};
use super::limits::Ceilings;
use super::options::{Options, Reduce};
use super::prepared::Prepared;

/// How many threads search a program together. More than a machine has processors wait for each other for long.
pub(super) fn team_sizes() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(2_usize), 1 => Just(3), 1 => Just(4)]
}

fn under(scenario: &Scenario, ceilings: Ceilings) -> Outcome {
    let asked = Asked { ceilings, ..Asked::default() };
    let prepared = Prepared::new(scenario).expect("a sound scenario");
    search_prepared(&prepared, &Options::default(), &asked).expect("a sound scenario").outcome
}

fn cut(outcome: &Outcome) -> (bool, &str) {
    (outcome.coverage == Coverage::Cut { bound: Bound::Memory }, &outcome.remark)
}

#[test]
fn a_search_ends_where_the_numbers_for_memories_or_states_do() {
    let (scenario, most) = (counter(3, 3), Ceilings::default());
    let whole = under(&scenario, most);
    assert_eq!((whole.coverage, whole.remark.as_str()), (Coverage::Exhausted, ""));
    // A counter has 10 memories, some of which share a shard.
    let memories = under(&scenario, Ceilings { memories: 0, ..most });
    assert_eq!(cut(&memories), (true, "the engine has no more numbers for memories"));
    let states = under(&scenario, Ceilings { states: 20, ..most });
    assert_eq!(cut(&states), (true, "the engine has no more numbers for states"));
    assert!(states.states <= 64 * 20 && states.states > 20, "{}", states.states);
}

/// No time is left for the plain search that would come after it.
#[test]
fn a_reduced_search_that_is_stopped_once_it_has_found_something_is_told_itself() {
    let interrupt = Arc::new(AtomicBool::new(false));
    let stop = interrupt.clone();
    let check_state = Check::State(Arc::new(move |memory, broken| {
        if memory.peek(Place(0)) == 3 {
            stop.store(true, Ordering::Relaxed);
            broken(label("three"));
        }
    }));
    let three = property("three", Kind::Always, check_state);
    let scenario = Scenario { properties: vec![three], ..counter(3, 3) };
    let options = Options { reduce: Reduce::Order(0), interrupt: Some(interrupt), ..Options::default() };
    let outcome = check(&scenario, &options).expect("a sound scenario");
    assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Interrupt });
    assert_eq!(outcome.bad.iter().map(|bad| bad.property.as_str()).collect::<Vec<_>>(), ["three"]);
    assert!(outcome.reduced && outcome.states > 10, "{} states", outcome.states);
}

/// Goes round for ever: counts a cell up to a bound, and begins again.
fn circle(at: Place) -> impl Fn(&dyn Machine) -> u64 {
    move |m| {
        again(m, label("circle"), (), |()| {
            let value = load(m, at);
            store(m, at, (value + 1) % 8);
            machine::Flow::<(), ()>::Again(())
        });
        0
    }
}

#[test]
fn judging_ends_where_the_numbers_for_a_class_of_states_do() {
    let actors = || vec![Actor::new("one", circle(Place(0))), Actor::new("two", circle(Place(1)))];
    let scenario = scenario(2, actors());
    let most = Ceilings::default();
    let whole = under(&scenario, most);
    assert_eq!(whole.bad.len(), 1, "{:#?}", whole.bad);
    // All are in one class, and spread over 64 shards before.
    let few = under(&scenario, Ceilings { states: whole.states as usize / 2, ..most });
    assert_eq!(few.states, whole.states);
    assert_eq!(cut(&few), (true, "the engine has no more numbers for states"));
}

/// What is bad, by property and witness, in a search of a program up to so many states.
fn bad(program: &Program, reduce: Reduce, states_max: u64) -> Option<BTreeSet<(String, String)>> {
    let bounds = Bounds { states_max, ..Bounds::default() };
    let outcome = check(&program.scenario(), &Options { reduce, bounds, ..Options::default() }).ok()?;
    let is_whole = outcome.coverage != Coverage::Cut { bound: Bound::States };
    (is_whole || states_max < STATES_MAX)
        .then(|| outcome.bad.into_iter().map(|bad| (bad.property, bad.witness)).collect())
}

/// Whether what a part of a search told is told by the whole. Two things can be said otherwise, since the whole can lead on
/// from where a part went round: that others go round as well, who waited, and that who waits while others go round must wait
/// for ever, or need not.
fn stands((property, witness): &(String, String), whole: &BTreeSet<(String, String)>) -> bool {
    let rounds = [built_in::LIVELOCK.id, built_in::UNKILLABLE.id].contains(&property.as_str());
    let among = who_goes_round(witness);
    whole.iter().any(|(of, by)| match who_goes_round(by) {
        _ if (of, by) == (property, witness) => true,
        None => {
            among.is_none()
                && property == built_in::LIVELOCK.id
                && of == built_in::DEADLOCK.id
                && by == witness
        }
        Some(all) => rounds && of == property && among.as_ref().is_none_or(|among| among.is_subset(&all)),
    })
}

/// Larger graphs are left out.
pub(super) const STATES_MAX: u64 = 20_000;

/// Whatever a search that is cut tells stands: steps that it did not take are none that are not there.
#[test]
fn what_a_cut_search_finds_the_whole_one_finds() {
    let programs = prop_oneof![programs(), plain_programs(), loops(), locking(), crossing()];
    let found = RefCell::new((0, 0));
    let config = ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() };
    let from = || prop_oneof![Just(0), Just(20)];
    let reductions = prop_oneof![
        1 => Just(Reduce::None),
        2 => from().prop_map(Reduce::Order),
        2 => from().prop_map(Reduce::Always),
        2 => from().prop_map(Reduce::Chains),
    ];
    let run = TestRunner::new(config).run(&(programs, reductions, 2..200_u64), |(program, reduce, most)| {
        let (Some(cut), Some(whole)) = (bad(&program, reduce, most), bad(&program, Reduce::None, STATES_MAX))
        else {
            return Ok(());
        };
        prop_assert!(cut.iter().all(|bad| stands(bad, &whole)), "{cut:?} of {whole:?}");
        let mut found = found.borrow_mut();
        (found.0, found.1) = (found.0 + usize::from(!cut.is_empty()), found.1 + usize::from(cut != whole));
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    let (some, fewer) = found.into_inner();
    assert!(some > 500 && fewer > 200, "{some} with something, {fewer} with less than there is");
}

/// Everything that is told, as text, of a search in which threads share even the smallest frontier.
fn told(
    program: &Program,
    (states_max, reduce): (u64, Reduce),
    threads: usize,
) -> Option<(String, BTreeSet<AtRest>)> {
    let bounds = Bounds { states_max, ..Bounds::default() };
    told_with(program, &Options { threads, bounds, reduce, ..Options::default() })
}

fn told_with(program: &Program, options: &Options) -> Option<(String, BTreeSet<AtRest>)> {
    let ceilings = Ceilings { alone: 0, ..Ceilings::default() };
    let asked = Asked { ceilings, rests: true, ..Asked::default() };
    let prepared = Prepared::new(&program.scenario()).ok()?;
    let mut answer = search_prepared(&prepared, options, &asked).ok()?;
    (answer.outcome.seconds, answer.outcome.bytes) = (0.0, 0);
    Some((format!("{:#?}", answer.outcome), answer.rests))
}

#[test]
fn threads_that_share_even_the_smallest_frontier_change_nothing() {
    let met = RefCell::new((0, 0));
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let programs = prop_oneof![3 => programs(), 1 => plain_programs(), 1 => loops()];
    let states_max = prop_oneof![Just(5000), 1..300_u64];
    let reduce =
        prop_oneof![3 => Just(Reduce::None), 1 => Just(Reduce::Always(0)), 2 => Just(Reduce::Chains(0))];
    let threads = team_sizes();
    let run = TestRunner::new(config).run(
        &(programs, (states_max, reduce), threads),
        |(program, what, threads)| {
            let alone = told(&program, what, 1);
            prop_assert_eq!(&told(&program, what, threads), &alone);
            let (whole, bad) = *met.borrow();
            let is_bad = alone.as_ref().is_some_and(|(told, _)| told.contains("BadState"));
            met.replace((whole + usize::from(alone.is_some()), bad + usize::from(is_bad)));
            Ok(())
        },
    );
    if let Err(error) = run {
        panic!("{error}");
    }
    let (whole, bad) = met.into_inner();
    assert!(whole > 300 && bad > 100, "{whole} were searched, {bad} have bad states");
}

#[test]
fn states_on_a_disk_are_the_same_states() {
    let folder = tempfile::tempdir().expect("a folder");
    let met = RefCell::new((0, 0));
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let programs = prop_oneof![3 => programs(), 1 => plain_programs(), 1 => loops(), 1 => locking()];
    let states_max = prop_oneof![Just(5000), 100..2000_u64];
    let reduce =
        prop_oneof![3 => Just(Reduce::None), 1 => Just(Reduce::Always(0)), 1 => Just(Reduce::Chains(0))];
    let threads = prop_oneof![2 => Just(1), 1 => team_sizes()];
    let run = TestRunner::new(config).run(
        &(programs, states_max, reduce, threads),
        |(program, states_max, reduce, threads)| {
            let bounds = Bounds { states_max, ..Bounds::default() };
            let options = Options { threads, bounds, reduce, ..Options::default() };
            let in_memory = told_with(&program, &options);
            let disk = Some(folder.path().to_owned());
            prop_assert_eq!(&told_with(&program, &Options { disk, ..options }), &in_memory);
            let (whole, bad) = *met.borrow();
            let is_bad = in_memory.as_ref().is_some_and(|(told, _)| told.contains("BadState"));
            met.replace((whole + usize::from(in_memory.is_some()), bad + usize::from(is_bad)));
            Ok(())
        },
    );
    if let Err(error) = run {
        panic!("{error}");
    }
    let (whole, bad) = met.into_inner();
    assert!(whole > 250 && bad > 100, "{whole} were searched, {bad} have bad states");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_folder_that_nothing_can_be_written_to_is_told_where_it_would_have_helped() {
    let disk = Some("/dev/null/no-folder".into());
    let all = check(&counter(3, 5), &Options { disk: disk.clone(), ..Options::default() });
    let all = all.expect("a sound scenario");
    assert_eq!((all.coverage, all.remark.as_str()), (Coverage::Exhausted, ""));
    let mut without = 0;
    for part in 1..10 {
        let bounds = Bounds { bytes_max: all.bytes * part / 10, ..Bounds::default() };
        let options = Options { bounds, disk: disk.clone(), ..Options::default() };
        let told = check(&counter(3, 5), &options).expect("a sound scenario");
        let says = told.remark.contains("nothing more could be written to /dev/null/no-folder: ");
        assert!(!says || told.coverage == Coverage::Cut { bound: Bound::Memory });
        without += usize::from(says);
    }
    assert!(without > 2, "{without} times");
}

/// Counts up by itself, and then finds what the other one, who only counts, has nothing to do with.
fn counts_then_demands(at: Place, wrong: bool) -> impl Fn(&dyn Machine) -> u64 {
    move |m| {
        for value in 1..8 {
            store(m, at, value);
        }
        let among = if wrong { 1 } else { u64::MAX };
        let demand = Demand { among, property: "demand", witness: label("seven") };
        m.perform(Step::new(Action::Require { at, demands: [Some(demand), None] }, label("look")));
        0
    }
}

#[test]
fn what_only_a_reduced_search_came_to_is_told_where_the_plain_one_is_cut() {
    let actors = (0..4).map(|number| {
        let name = ["one", "two", "three", "four"][number];
        Actor::new(name, counts_then_demands(Place(number as u16), number == 3))
    });
    let scenario = scenario(4, actors.collect());
    let told = |reduce| {
        let bounds = Bounds { states_max: 40, ..Bounds::default() };
        check(&scenario, &Options { bounds, reduce, ..Options::default() }).expect("a sound scenario")
    };
    let (plain, reduced) = (told(Reduce::None), told(Reduce::Order(8)));
    let cut = Coverage::Cut { bound: Bound::States };
    assert_eq!((plain.coverage, reduced.coverage), (cut, cut));
    assert!(plain.bad.is_empty(), "{:?}", plain.bad);
    let found: Vec<&str> = reduced.bad.iter().map(|bad| bad.property.as_str()).collect();
    assert_eq!(found, ["demand"]);
    assert!(!reduced.bad[0].schedule.events.is_empty());
}

/// Three who increment a counter without a lock, each with something to do for himself in between.
fn chains_between_increments() -> Scenario {
    let increments = |own: u16| {
        move |m: &dyn Machine| {
            for round in 0..2 {
                let value = load(m, Place(0));
                for step in 0..5 {
                    store(m, Place(own), 8 * round + step);
                }
                store(m, Place(0), value + 1);
            }
            0
        }
    };
    let actors = [("a", 1), ("b", 2), ("c", 3)].map(|(name, own)| Actor::new(name, increments(own)));
    Scenario { properties: vec![lost_update(6)], ..scenario(4, actors.into()) }
}

#[test]
fn chains_without_room_for_their_states_are_told_without_schedules() {
    let scenario = chains_between_increments();
    let all = check(&scenario, &Options { reduce: Reduce::Always(0), ..Options::default() })
        .expect("a sound scenario");
    let mut met = BTreeSet::new();
    for part in 4..60 {
        let bounds = Bounds { bytes_max: all.bytes * part / 40, ..Bounds::default() };
        let options = Options { bounds, reduce: Reduce::Chains(0), ..Options::default() };
        let outcome = check(&scenario, &options).expect("a sound scenario");
        assert!(outcome.bytes <= bounds.bytes_max);
        let told = outcome.bad.iter().filter(|bad| bad.schedule.steps() > 0).count();
        let is_whole = outcome.coverage == Coverage::Exhausted;
        assert!(!is_whole || outcome.bad.len() == all.bad.len(), "{:?}", outcome.bad);
        assert_eq!(outcome.remark.contains("no schedule"), told < outcome.bad.len(), "{}", outcome.remark);
        met.insert((is_whole, told == all.bad.len()));
    }
    println!("{met:?}: {} states", all.states);
    assert!(
        met.contains(&(true, true)) && met.contains(&(false, false)) && met.contains(&(true, false)),
        "{met:?}"
    );
}

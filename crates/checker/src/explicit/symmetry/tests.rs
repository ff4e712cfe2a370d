//! Searches of states in which equal actors are in order, held against plain ones on generated programs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use machine::{Action, Machine, Order, Place, Step};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::{Actor, Bound, Bounds, Coverage, Ending, Scenario, Teller, built_in};

use super::{Fault, Symmetry};
use crate::explicit::common::generating::{crossing, lacking, locking, loops, programs, twins};
use crate::explicit::common::program::Program;
use crate::explicit::common::{alike, counter, label};
use crate::explicit::cycles::any_cycle;
use crate::explicit::engine::{AtRest, check, check_prepared, unpacked_rests};
use crate::explicit::findings::Bad;
use crate::explicit::limits::{Ceilings, Limits};
use crate::explicit::memories::Memories;
use crate::explicit::options::{Options, Reduce};
use crate::explicit::plan::{Plan, Steps};
use crate::explicit::prepared::Prepared;
use crate::explicit::reports::{SeenInAutomata, seen_in_automata};
use crate::explicit::search::{Searched, search};
use crate::explicit::tests::{STATES_MAX, team_sizes};

/// What a search told, and how much it took.
#[derive(PartialEq, Debug)]
pub(crate) struct Told {
    pub(crate) states: usize,
    pub(crate) rests: BTreeSet<AtRest>,
    pub(crate) endings: BTreeSet<Ending>,
    pub(crate) bad: BTreeSet<(&'static str, String)>,
    pub(crate) reached: BTreeSet<&'static str>,
    pub(crate) missing: usize,
    pub(crate) any_cycle: bool,
}

/// What is bad, whichever of equal actors it is that waits.
fn nameless(scenario: &Scenario, Bad { property, witness }: &Bad) -> (&'static str, String) {
    if *property != built_in::DEADLOCK.id {
        return (*property, witness.clone());
    }
    // A view is equal to nobody.
    let first_equal = |name: &str| {
        let actor = scenario.actors.iter().find(|actor| actor.name == name)?;
        Some(scenario.actors.iter().find(|other| other.equals(actor))?.name)
    };
    let part = |part: &str| {
        let (name, what) = part.split_once(' ').expect("name and what it does");
        format!("{} {what}", first_equal(name).unwrap_or(name))
    };
    let mut parts: Vec<String> = witness.split(", ").map(part).collect();
    parts.sort();
    (*property, parts.join(", "))
}

pub(crate) fn told(prepared: &Prepared, plan: Plan, threads: usize) -> Option<Told> {
    // A compact search takes a part of it for each program.
    let bounds = Bounds { states_max: STATES_MAX, bytes_max: 1 << 24, ..Bounds::default() };
    let options = Options { bounds, threads, ..Options::default() };
    let ceilings = Ceilings { alone: 0, ..Ceilings::default() };
    let limits = Limits::new(&options, prepared, ceilings, Instant::now());
    let memories = Memories::new(prepared.packing.words(), ceilings.memories, &limits.ledger);
    let searched: Searched<2> = search(prepared, &memories, &limits, plan, None).ok()?;
    if limits.stopped() {
        return None;
    }
    let SeenInAutomata { reached, bad, unsupported } =
        seen_in_automata(prepared, !searched.places.by_rest.is_empty());
    let bad = searched.places.all.iter().chain(&bad).map(|bad| nameless(&prepared.scenario, bad)).collect();
    Some(Told {
        states: searched.compact.map_or(searched.states.len(), |(states, _)| states as usize),
        rests: unpacked_rests(prepared, &memories, &searched.places, plan),
        endings: searched.places.endings.clone(),
        bad,
        reached,
        missing: unsupported.len(),
        any_cycle: any_cycle(prepared, &searched, &memories, &limits).ok()?,
    })
}

#[derive(Default, Debug)]
struct Tally {
    compared: usize,
    smaller: usize,
    by_a_third: usize,
    bad: usize,
    sound: usize,
    cycles: usize,
}

/// Whether a search with equal actors in order tells what the plain one does; nothing where the plain graph is too large.
fn agrees(
    program: &Program,
    (of, threads): (Steps, usize),
    tally: &RefCell<Tally>,
) -> Result<(), TestCaseError> {
    let scenario = program.scenario();
    let told = |plan, threads| told(&*Prepared::new(&scenario).ok()?, plan, threads);
    let Some(plain) = told(Plan::Plain, 1) else { return Ok(()) };
    let plan = Plan::Symmetric { of, to_the_end: true, fault: None };
    let Some(sorted) = told(plan, threads) else {
        return Err(TestCaseError::fail("the search with equal actors in order gives up"));
    };
    prop_assert!(sorted.states <= plain.states, "{} of {}", sorted.states, plain.states);
    let states = sorted.states;
    prop_assert_eq!(&Told { states: plain.states, ..sorted }, &plain);
    if threads > 1 {
        let alone = told(plan, 1).map(|told| told.states);
        prop_assert_eq!(alone, Some(states), "the threads change what is kept");
    }
    let mut tally = tally.borrow_mut();
    tally.compared += 1;
    tally.smaller += usize::from(states < plain.states);
    tally.by_a_third += usize::from(states * 3 <= plain.states * 2);
    tally.bad += usize::from(!plain.bad.is_empty());
    tally.sound += usize::from(plain.bad.is_empty());
    tally.cycles += usize::from(plain.any_cycle);
    Ok(())
}

pub(crate) fn of_all_kinds() -> impl Strategy<Value = Program> {
    let kinds = prop_oneof![
        4 => programs(),
        2 => loops(),
        1 => lacking(programs()),
        4 => locking(),
        1 => crossing(),
    ];
    twins(kinds)
}

const PROGRAMS: u32 = 3_000;

pub(crate) fn config(cases: u32) -> ProptestConfig {
    let given = std::env::var("SHORTCOPY_PROGRAMS").ok().and_then(|given| given.parse().ok());
    ProptestConfig { cases: given.unwrap_or(cases), failure_persistence: None, ..ProptestConfig::default() }
}

/// `SHORTCOPY_PROGRAMS=1000000` compares so many, each time others.
#[test]
fn a_search_with_equal_actors_in_order_tells_what_a_plain_one_tells() {
    let tally = RefCell::new(Tally::default());
    let steps = prop_oneof![Just(Steps::Every), Just(Steps::Reduced), Just(Steps::Chains)];
    let how = (steps, prop_oneof![3 => Just(1), 1 => team_sizes()]);
    let config = config(PROGRAMS);
    let cases = config.cases as usize;
    TestRunner::new(config)
        .run(&(of_all_kinds(), how), |(program, how)| agrees(&program, how, &tally))
        .unwrap_or_else(|error| panic!("{error}"));
    let tally = tally.into_inner();
    println!("{tally:?}");
    let enough = |part: usize, of: usize| assert!(part * of > cases, "too few of a kind: {tally:?}");
    enough(tally.compared, 2);
    enough(tally.smaller, 4);
    enough(tally.by_a_third, 10);
    enough(tally.bad, 4);
    enough(tally.sound, 12);
    enough(tally.cycles, 10);
}

/// Bad states, endings, and how far everything was searched.
type Answer = (BTreeSet<(String, String)>, Vec<Ending>, Coverage);

/// What is told in the end, and whether anything was left out.
fn answer(prepared: &Arc<Prepared>, reduce: Reduce) -> Option<(Answer, bool)> {
    let bounds = Bounds { states_max: STATES_MAX, ..Bounds::default() };
    let outcome = check_prepared(prepared, &Options { reduce, bounds, ..Options::default() }).ok()?;
    let is_whole = outcome.coverage != Coverage::Cut { bound: Bound::States };
    let bad = outcome.bad.into_iter().map(|bad| (bad.property, bad.witness)).collect();
    is_whole.then_some(((bad, outcome.endings, outcome.coverage), outcome.reduced))
}

/// What is left out of the reasoning.
#[derive(Clone, Copy, Debug)]
enum Without {
    Nothing,
    Fault(Fault),
    /// The same is assumed about equal actors.
    Assumptions,
}

/// A scenario made ready, with a fault in the reasoning about equal actors.
fn faulty(scenario: &Scenario, without: Without) -> Option<Arc<Prepared>> {
    let mut prepared = Prepared::new(scenario).ok()?;
    let faulty = Arc::get_mut(&mut prepared).expect("nobody else has it");
    match without {
        Without::Nothing => {}
        Without::Fault(fault) => faulty.symmetry.fault = Some(fault),
        Without::Assumptions => {
            let Actor { fairness, daemon, .. } = scenario.actors[0];
            let assumed = scenario.actors.iter().map(|actor| Actor { fairness, daemon, ..actor.clone() });
            faulty.symmetry = Symmetry::of(&Vec::from_iter(assumed));
        }
    }
    for class in &faulty.symmetry.classes {
        class[1..].iter().for_each(|&actor| faulty.automata[actor] = faulty.automata[class[0]].clone());
    }
    Some(prepared)
}

/// How many answers were compared, and how many of them were told with something left out; or where a fault shows.
fn told_in_the_end(cases: u32, without: Without) -> Result<(usize, usize), String> {
    let tally = RefCell::new((0, 0));
    let reductions = prop_oneof![
        2 => Just(Reduce::Symmetry(0)),
        1 => Just(Reduce::Order(0)),
        1 => Just(Reduce::Always(0)),
        1 => Just(Reduce::Chains(0)),
    ];
    let shrinks = if matches!(without, Without::Nothing) { 4096 } else { 0 };
    let config = ProptestConfig { max_shrink_iters: shrinks, ..config(cases) };
    let run = TestRunner::new(config).run(&(of_all_kinds(), reductions), |(program, reduce)| {
        let scenario = program.scenario();
        let plain = faulty(&scenario, Without::Nothing).and_then(|prepared| answer(&prepared, Reduce::None));
        let Some((plain, _)) = plain else { return Ok(()) };
        let told = faulty(&scenario, without).and_then(|prepared| answer(&prepared, reduce));
        let (told, reduced) = told.ok_or_else(|| TestCaseError::fail("it gives up"))?;
        prop_assert_eq!(told, plain);
        let (compared, with_less) = *tally.borrow();
        *tally.borrow_mut() = (compared + 1, with_less + usize::from(reduced));
        Ok(())
    });
    run.map(|()| tally.into_inner()).map_err(|error| error.to_string())
}

#[test]
fn what_is_told_in_the_end_is_the_same() {
    let (compared, reduced) =
        told_in_the_end(PROGRAMS / 2, Without::Nothing).unwrap_or_else(|error| panic!("{error}"));
    println!("{compared} compared, {reduced} told with something left out");
    assert!(compared > 500 && reduced > compared / 8, "{reduced} of {compared}");
}

#[test]
fn each_part_of_the_reasoning_is_missed() {
    for without in [Without::Fault(Fault::Orders), Without::Fault(Fault::Rounds), Without::Assumptions] {
        let told = told_in_the_end(40_000, without);
        assert!(told.is_err(), "nothing else is told without {without:?}: {told:?}");
    }
}

/// Whoever has which place, there are as many states as sets of places.
#[test]
fn of_states_with_places_changed_one_is_kept() {
    for actors in 2..=4 {
        let scenario = counter(actors, 3);
        let states = |scenario: &Scenario, reduce| {
            let outcome = check(scenario, &Options { reduce, ..Options::default() }).expect("sound");
            (outcome.states, outcome.reduced)
        };
        let plain = states(&scenario, Reduce::None);
        // Each has captured how often: that it is equal is not known.
        assert_eq!(states(&scenario, Reduce::Symmetry(0)), plain);
        let (sorted, reduced) = states(&alike(scenario), Reduce::Symmetry(0));
        println!("{actors} actors: {} states, {sorted} in order", plain.0);
        let orders: u64 = (1..=actors as u64).product();
        assert!(reduced && sorted < plain.0 && plain.0 <= sorted * orders, "{sorted} of {plain:?}");
    }
}

/// Who asks what two actors returned is told either order.
#[test]
fn both_orders_of_what_was_returned_are_told() {
    fn add(m: &dyn Machine) -> u64 {
        m.perform(Step::new(
            Action::Add { at: Place(0), value: 1, mask: 7, order: Order::Relaxed },
            label("add"),
        ))
    }
    let actors = vec![Actor::new("a", add), Actor::new("b", add)];
    assert!(actors[0].equals(&actors[1]));
    let tells: Teller = Arc::new(|_, returned| Ending::of(&[("", &format!("{returned:?}"))]));
    let scenario = Scenario { ending: Some(tells), ..crate::explicit::common::scenario(1, actors) };
    let outcome = |reduce| check(&scenario, &Options { reduce, ..Options::default() }).expect("sound");
    let (plain, sorted) = (outcome(Reduce::None), outcome(Reduce::Symmetry(0)));
    assert_eq!(plain.endings.len(), 2);
    assert_eq!(sorted.endings, plain.endings);
    assert!(sorted.reduced && sorted.states < plain.states, "{} of {}", sorted.states, plain.states);
}

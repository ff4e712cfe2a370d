//! Small random programs give the same in the explicit engine and in a naive enumerator that shares
//! nothing with it.
//!
//! `SHORTCOPY_PROGRAMS=200000 cargo test -p shortcopy-checker --test engines programs` compares so many, each time others.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::common::expected::Expected;
use crate::common::following::follow;
use crate::common::generating::{crossing, lacking, locking, loops, programs, twins};
use crate::common::program::{self, Broken, NAMES, Program, VIEWS, who_goes_round};
use crate::common::replaying::{cost, replay};
use checker::explicit::{Options, Reduce, explore};
use checker::stepper::{Prepared, Run};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use scenario::{Coverage, EventKind, Missing, Outcome, Verdict, verdict};

/// How many programs a test run takes without being told.
const PROGRAMS: u32 = 800;

/// Larger graphs are left out.
const STATES_MAX: usize = 3000;

/// What is no deadlock, cycle or empty scenario.
const BROKEN: [&str; 6] = ["demand", "other", "report", "kernel-bug", "state", "final"];

/// What was looked at, so that a generator that has run dry fails.
#[derive(Default)]
struct Tally {
    compared: u32,
    too_large: u32,
    refused: u32,
    /// Those that come to what is not modelled.
    lacking: u32,
    /// Those of which something bad is told from fewer orders of steps.
    reduced: u32,
    bad: BTreeMap<String, u32>,
}

/// The actors that go round, one bit each; none where they wait.
fn movers(witness: &str) -> u32 {
    let number = |name: &str| NAMES.iter().position(|known| *known == name).unwrap();
    who_goes_round(witness).unwrap_or_default().into_iter().fold(0, |set, name| set | 1 << number(name))
}

/// The sets of actors that were found to go round must be some of those that do, and all of these be part of
/// one that was found. Who only waits may be in a deadlock.
fn rounds_agree(found: &BTreeSet<u32>, all: &BTreeSet<u32>, deadlocks: bool) -> Result<(), TestCaseError> {
    let covered = |one: &u32| found.iter().any(|of| one & !of == 0) || *one == 0 && deadlocks;
    prop_assert!(found.is_subset(all) && all.iter().all(covered), "{:?} but {:?}", found, all);
    Ok(())
}

fn agrees(program: &Program, reduce: Reduce, tally: &mut Tally) -> Result<(), TestCaseError> {
    let Some(expected) = Expected::of(program, STATES_MAX) else {
        tally.too_large += 1;
        return Ok(());
    };
    let scenario = program.scenario();
    let threads = 1 + program.actors.len() % 2;
    let (outcome, rests) = match explore(&scenario, &Options { threads, reduce, ..Options::default() }) {
        Ok(explored) => explored,
        Err(error) => {
            prop_assert!(expected.wrong, "{}", error);
            tally.refused += 1;
            return Ok(());
        }
    };
    prop_assert!(!expected.wrong, "a step that may not be went unseen");
    let lacks: Vec<Missing> = expected.lacks.iter().map(|&which| program::lacking(which).into()).collect();
    prop_assert_eq!(&outcome.unsupported, &lacks);
    let whole = lacks.is_empty();
    prop_assert_eq!(outcome.coverage, if whole { Coverage::Exhausted } else { Coverage::Pruned });
    let said = verdict(&scenario, &outcome);
    prop_assert!(whole || said == Verdict::Unsupported || said == Verdict::Violated);
    for id in ["livelock", "unkillable", "empty"] {
        prop_assert!(whole || !outcome.looked_at.contains(id), "{} of a part", id);
    }
    tally.compared += 1;
    tally.lacking += u32::from(!whole);
    tally.reduced += u32::from(outcome.reduced && !outcome.bad.is_empty());
    for bad in &outcome.bad {
        *tally.bad.entry(bad.property.clone()).or_default() += 1;
    }
    answers_agree(&outcome, &expected)?;
    prop_assert_eq!(&rests, &expected.rests);

    let looks = program.rest || !program.views.is_empty();
    let ends = outcome.bad.iter().any(|b| ["deadlock", "livelock", "kernel-bug"].contains(&&*b.property));
    let empty = outcome.bad.iter().filter(|b| b.property == "empty").map(|b| b.witness.as_str());
    let restless = whole && looks && rests.is_empty() && !ends;
    prop_assert_eq!(empty.collect::<Vec<_>>(), Vec::from_iter(restless.then_some("a state at rest")));

    for bad in outcome.bad.iter().filter(|b| b.property != "empty") {
        let key = (bad.property.clone(), bad.witness.clone());
        // A view may see the same at less cost.
        if let Some(least) = expected.cheapest.get(&key)
            && program.views.is_empty()
        {
            let is_least = if outcome.reduced { cost(bad) >= *least } else { cost(bad) == *least };
            prop_assert!(is_least, "{:?} and not {:?}: {:#?}", cost(bad), least, bad);
        }
        if let Err(why) = follow(program, &expected, bad) {
            return Err(TestCaseError::fail(format!("{why}: {bad:#?}")));
        }
        let (run, cycle) = replay(&scenario, bad);
        match cycle {
            // The last word is the view that runs, which may begin with the cycle.
            Some((start, end)) => prop_assert_eq!(start.split_last().unwrap().1, end.split_last().unwrap().1),
            None => prop_assert_eq!(&run.cells(), &bad.cells),
        }
        let last = bad.schedule.events.last().map(|event| event.kind.clone());
        if BROKEN.contains(&&*bad.property) {
            let (property, witness) = key;
            prop_assert_eq!(last, Some(EventKind::Bad { property, witness }));
        }
    }
    Ok(())
}

/// Whether the engine found what must be found, and nothing else.
fn answers_agree(outcome: &Outcome, expected: &Expected) -> Result<(), TestCaseError> {
    let of = |property: &'static str| outcome.bad.iter().filter(move |b| b.property == property);
    let broken = outcome.bad.iter().filter(|b| BROKEN.contains(&&*b.property));
    let broken: BTreeSet<Broken> = broken.map(|b| (b.property.clone(), b.witness.clone())).collect();
    prop_assert_eq!(&broken, &expected.broken);
    prop_assert_eq!(&outcome.endings, &Vec::from_iter(expected.endings.clone()));
    let deadlocks: BTreeSet<String> = of("deadlock").map(|b| b.witness.clone()).collect();
    prop_assert_eq!(&deadlocks, &expected.deadlocks);
    let of_view = |witness: &str| VIEWS.iter().any(|view| witness.starts_with(view));
    let (in_views, livelocks): (Vec<_>, Vec<_>) = of("livelock").partition(|b| of_view(&b.witness));
    let in_views: BTreeSet<String> = in_views.into_iter().map(|b| b.witness.clone()).collect();
    prop_assert_eq!(&in_views, &expected.round_views);
    let livelocks = livelocks.into_iter().map(|b| movers(&b.witness)).collect();
    rounds_agree(&livelocks, &expected.livelocks, !deadlocks.is_empty())?;
    let unkillable = of("unkillable").map(|b| movers(&b.witness)).collect();
    rounds_agree(&unkillable, &expected.unkillable, false)
}

/// Takes random walks in the stepper and runs the model with the complete list of results beside it.
fn walks(program: &Program, choices: &[u8]) -> Result<(), TestCaseError> {
    let scenario = program.scenario();
    let Ok(prepared) = Prepared::new(&scenario) else { return Ok(()) };
    let (mut run, _) = Run::start(&prepared, 0).unwrap();
    let mut results: Vec<Vec<machine::Word>> = vec![Vec::new(); scenario.actors.len()];
    for pair in choices.chunks(2) {
        let mut enabled = run.enabled();
        enabled.retain(|(actor, _)| *actor < scenario.actors.len());
        if enabled.is_empty() {
            break;
        }
        let (actor, of) = enabled[usize::from(pair[0]) % enabled.len()];
        let choice = pair.last().copied().unwrap_or(0) % of;
        // Some programs store what does not fit.
        let Ok(events) = run.step(actor, choice) else { return Ok(()) };
        let shown = events.iter().find_map(|e| match &e.kind {
            EventKind::Step { result, scheduling_point: true, .. } => Some(result.parse().unwrap()),
            _ => None,
        });
        results[actor].push(shown.unwrap());
        let unmerged = crate::common::unmerged::run(&scenario.actors[actor].body, &results[actor]);
        let merged = (run.pending(actor).map(|s| s.action), run.returned(actor));
        prop_assert_eq!(unmerged, merged);
    }
    Ok(())
}

/// Runs a test on so many cases: the same ones each time, or others where a number is asked for.
fn each<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) -> u32 {
    let asked = std::env::var("SHORTCOPY_PROGRAMS").ok().map(|number| number.parse().expect("a number"));
    let cases = asked.unwrap_or(PROGRAMS);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    if let Err(error) = runner.run(&strategy, test) {
        panic!("{error}");
    }
    cases
}

#[test]
fn explicit_agrees_with_the_naive_enumerator() {
    let tally = RefCell::new(Tally::default());
    let cases = each(programs(), |program| agrees(&program, Reduce::None, &mut tally.borrow_mut()));
    let Tally { compared, too_large, refused, bad, .. } = tally.into_inner();
    eprintln!(
        "{compared} programs compared, {refused} refused by both, {too_large} too large; found: {bad:?}"
    );
    assert!(compared > cases / 2, "only {compared} of {cases} were compared");
    assert!(refused > cases / 200, "only {refused} of {cases} break a rule");
    for property in BROKEN.into_iter().chain(["deadlock", "livelock", "unkillable", "empty"]) {
        assert!(bad.contains_key(property), "no program in which `{property}` is found");
    }
}

#[test]
fn actors_that_go_round_agree_with_the_naive_enumerator() {
    let tally = RefCell::new(Tally::default());
    each(loops(), |program| agrees(&program, Reduce::None, &mut tally.borrow_mut()));
    let Tally { compared, bad, .. } = tally.into_inner();
    eprintln!("{compared} programs compared; found: {bad:?}");
    for property in ["deadlock", "livelock", "unkillable"] {
        assert!(
            bad.get(property).is_some_and(|found| *found > compared / 20),
            "few programs with `{property}`"
        );
    }
}

#[test]
fn what_is_not_modelled_is_listed_and_the_rest_searched() {
    let tally = RefCell::new(Tally::default());
    let all = prop_oneof![lacking(programs()), lacking(loops())];
    each(all, |program| agrees(&program, Reduce::None, &mut tally.borrow_mut()));
    let Tally { compared, lacking, bad, .. } = tally.into_inner();
    eprintln!("{compared} programs compared, {lacking} of them in part; found: {bad:?}");
    assert!(lacking > compared / 4, "few programs come to what is not modelled");
    for property in BROKEN.into_iter().chain(["deadlock", "livelock", "unkillable"]) {
        assert!(bad.contains_key(property), "no program in which `{property}` is found");
    }
}

/// All that is told is told from these orders: bad states are the same, and each schedule leads to what it is said to lead to.
#[test]
fn orders_left_out_whatever_is_found_agree_with_the_naive_enumerator() {
    let tally = RefCell::new(Tally::default());
    let all =
        prop_oneof![3 => programs(), 2 => loops(), 4 => locking(), 1 => crossing(), 1 => lacking(programs())];
    let all = prop_oneof![3 => all.boxed(), 1 => twins(programs()).boxed(), 1 => twins(locking()).boxed()];
    let reductions = prop_oneof![Just(Reduce::Always(0)), Just(Reduce::Chains(0))];
    each((all, reductions), |(program, reduce)| agrees(&program, reduce, &mut tally.borrow_mut()));
    let Tally { compared, reduced, bad, .. } = tally.into_inner();
    eprintln!("{compared} programs compared, {reduced} of them told from fewer orders; found: {bad:?}");
    assert!(reduced > compared / 4, "few programs are told from fewer orders");
    for property in BROKEN.into_iter().chain(["deadlock", "livelock", "unkillable"]) {
        assert!(bad.contains_key(property), "no program in which `{property}` is found");
    }
}

#[test]
fn walks_replayed_without_merging_agree() {
    each((programs(), proptest::collection::vec(any::<u8>(), 400)), |(program, choices)| {
        walks(&program, &choices)
    });
}

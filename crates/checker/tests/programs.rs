//! Small random programs give the same in the explicit engine and in a naive enumerator that shares
//! nothing with it.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod common;

use std::collections::BTreeSet;

use checker::explicit::{Options, explore};
use checker::stepper::{Prepared, Run};
use common::naive::Graph;
use common::program::{NAMES, Program, ending, is_killed, loops, programs};
use common::replaying::{cost, replay};
use proptest::prelude::*;
use scenario::{Coverage, EventKind, Outcome};

const STATES_MAX: usize = 4000;

/// Graphs up to this are searched for cycles by plain reachability.
const ROUNDS_MAX: usize = 120;

/// The actors that go round, for each witness; none where they wait.
fn names_of(outcome: &Outcome, property: &str) -> BTreeSet<Vec<&'static str>> {
    let found = outcome.bad.iter().filter(|b| b.property == property);
    let names = found.map(|b| {
        let movers = b.witness.strip_suffix(" goes round").or(b.witness.strip_suffix(" go round"));
        let movers: Vec<&str> = movers.map_or(Vec::new(), |movers| movers.split(" and ").collect());
        NAMES.into_iter().filter(|name| movers.contains(name)).collect()
    });
    names.collect()
}

/// Whether each set of actors is part of one that was found. Who only waits may be in a deadlock.
fn covers(found: &BTreeSet<Vec<&'static str>>, all: &BTreeSet<Vec<&'static str>>, deadlocks: bool) -> bool {
    let part = |one: &Vec<&str>, of: &Vec<&str>| one.iter().all(|name| of.contains(name));
    all.iter().all(|one| found.iter().any(|of| part(one, of)) || one.is_empty() && deadlocks)
}

fn agrees(program: &Program, threads: usize) -> Result<(), TestCaseError> {
    let Some(graph) = Graph::of(program, STATES_MAX) else { return Ok(()) };
    let scenario = program.scenario();
    let (outcome, at_rest) = explore(&scenario, &Options { threads, ..Options::default() }).unwrap();
    prop_assert_eq!(outcome.coverage, Coverage::Exhausted);
    prop_assert_eq!(&at_rest, &graph.at_rest());
    let endings: BTreeSet<_> =
        graph.at_rest().iter().map(|(cells, returned)| ending(cells, returned)).collect();
    prop_assert_eq!(&outcome.endings, &Vec::from_iter(endings));

    let by_steps = outcome.bad.iter().filter(|b| b.property == "demand" || b.property == "report");
    let broken: BTreeSet<_> = by_steps.clone().map(|b| (b.property.clone(), b.witness.clone())).collect();
    prop_assert_eq!(&broken, &graph.broken());

    let deadlocks = outcome.bad.iter().filter(|b| b.property == "deadlock");
    let names: BTreeSet<&str> =
        deadlocks.flat_map(|b| b.witness.split(", ")).filter_map(|w| w.split(' ').next()).collect();
    prop_assert_eq!(names, graph.stuck());

    if graph.states.len() <= ROUNDS_MAX {
        let livelocks = graph.rounds(false, |_| true);
        let found = names_of(&outcome, "livelock");
        prop_assert!(found.is_subset(&livelocks), "{:?} but {:?}", found, livelocks);
        let deadlocks = outcome.bad.iter().any(|b| b.property == "deadlock");
        prop_assert!(covers(&found, &livelocks, deadlocks), "{:?} but {:?}", found, livelocks);
        let unkillable = graph.rounds(true, is_killed);
        let found = names_of(&outcome, "unkillable");
        prop_assert!(found.is_subset(&unkillable), "{:?} but {:?}", found, unkillable);
        prop_assert!(covers(&found, &unkillable, false), "{:?} but {:?}", found, unkillable);
    }

    let cheapest = graph.cheapest();
    for bad in by_steps {
        let key = (bad.property.clone(), bad.witness.clone());
        prop_assert_eq!(cost(bad), cheapest[&key], "{:#?}", bad);
    }
    for bad in &outcome.bad {
        let (run, cycle) = replay(&scenario, bad);
        match bad.property.as_str() {
            "deadlock" => {
                let stuck = |w: &str| {
                    let name = w.split(' ').next();
                    let actor = scenario.actors.iter().position(|a| Some(a.name) == name).unwrap();
                    run.enabled().iter().all(|(a, _)| *a != actor)
                };
                prop_assert!(bad.witness.split(", ").all(stuck));
                prop_assert_eq!(&run.cells(), &bad.cells);
            }
            "livelock" | "unkillable" => {
                let (start, end) = cycle.expect("a livelock has a cycle");
                prop_assert_eq!(start, end);
            }
            _ => {
                let last = &bad.schedule.events.last().unwrap().kind;
                let (property, witness) = (bad.property.clone(), bad.witness.clone());
                prop_assert_eq!(last, &EventKind::Bad { property, witness });
                prop_assert_eq!(&run.cells(), &bad.cells);
            }
        }
    }
    Ok(())
}

/// Takes random walks in the stepper and runs the model with the complete list of results beside it.
fn walks(program: &Program, choices: &[u8]) -> Result<(), TestCaseError> {
    let scenario = program.scenario();
    let prepared = Prepared::new(&scenario).unwrap();
    let (mut run, _) = Run::start(&prepared, 0).unwrap();
    let mut results: Vec<Vec<machine::Word>> = vec![Vec::new(); scenario.actors.len()];
    for pair in choices.chunks(2) {
        let enabled = run.enabled();
        if enabled.is_empty() {
            break;
        }
        let (actor, of) = enabled[usize::from(pair[0]) % enabled.len()];
        let choice = pair.last().copied().unwrap_or(0) % of;
        let events = run.step(actor, choice).unwrap();
        let shown = events.iter().find_map(|e| match &e.kind {
            EventKind::Step { result, scheduling_point: true, .. } => Some(result.parse().unwrap()),
            _ => None,
        });
        results[actor].push(shown.unwrap());
        let unmerged = common::unmerged::run(&scenario.actors[actor].body, &results[actor]);
        let merged = (run.pending(actor).map(|s| s.action), run.returned(actor));
        prop_assert_eq!(unmerged, merged);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn explicit_agrees_with_the_naive_enumerator(program in programs()) {
        agrees(&program, 1)?;
    }

    #[test]
    fn actors_that_go_round_are_judged_as_by_the_naive_enumerator(program in loops(), threads in 1..4_usize) {
        agrees(&program, threads)?;
    }

    #[test]
    fn walks_replayed_without_merging_agree(
        program in programs(),
        choices in proptest::collection::vec(any::<u8>(), 400),
    ) {
        walks(&program, &choices)?;
    }
}

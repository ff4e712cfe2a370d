//! What is judged, against plain decompositions of all states.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::Bounds;

use super::*;
use crate::explicit::error::Error;
use crate::explicit::limits::Ceilings;
use crate::explicit::options::Options;
use crate::explicit::plan::Plan;
use crate::explicit::search::{Searched, search};

use crate::explicit::common::generating::{loops, plain_programs, programs};
use crate::explicit::common::program::Program;
use crate::explicit::tests::team_sizes;

type Components = BTreeSet<BTreeSet<u32>>;

/// All components of all states, by every step of everybody: states that lead to each other.
fn plain<const R: usize>(states: &States<R>, expander: &mut Expander) -> Components {
    let count = states.len();
    let (mut next, mut before) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    let mut successors = Vec::new();
    for (from, next) in next.iter_mut().enumerate() {
        assert!(expander.expand(&states.get(from as u32), &mut successors).is_ok());
        for to in successors.iter().filter_map(|s| states.find(&s.key)) {
            next.push(to as usize);
            before[to as usize].push(from);
        }
    }
    // Kosaraju's algorithm: who was left last begins, and is joined by all that lead to it.
    let (mut met, mut left) = (vec![false; count], Vec::new());
    for root in 0..count {
        let mut way = vec![(root, 0)];
        while let Some((at, step)) = way.pop() {
            if step == 0 && std::mem::replace(&mut met[at], true) {
                continue;
            }
            match next[at].get(step) {
                Some(&to) => way.extend([(at, step + 1), (to, 0)]),
                None => left.push(at),
            }
        }
    }
    let mut joined = vec![false; count];
    let mut components = Components::new();
    for root in left.into_iter().rev() {
        let mut component = BTreeSet::new();
        let mut work = vec![root];
        while let Some(at) = work.pop() {
            if !std::mem::replace(&mut joined[at], true) {
                component.insert(at as u32);
                work.extend(&before[at]);
            }
        }
        if component.len() > 1 || next[root].contains(&root) && !component.is_empty() {
            components.insert(component);
        }
    }
    components
}

/// The components that are judged.
fn judged<const R: usize>(
    prepared: &Prepared,
    states: &States<R>,
    limits: &Limits,
    expander: Expander,
) -> Components {
    let Ok(cycles) = LocalCycles::of(prepared, &limits.ledger) else { unreachable!("no limit") };
    let mut classes = Classes::new(&limits.ledger);
    for shard in 0..SHARDS {
        assert!(classes.gather(states, shard, &cycles).is_ok());
    }
    let mut judge = Judge::new(prepared, Steps::Met(states), &cycles, (limits, WITHIN_BOUNDS), expander);
    let mut all = Components::new();
    let mut classes: Vec<(u32, u32)> = classes.0.iter().flat_map(|list| list.iter().copied()).collect();
    classes.sort_unstable();
    for class in classes.chunk_by(|(one, _), (other, _)| one == other) {
        let Ok(found) = judge.components(class.iter().map(|&(_, state)| states.get(state))) else {
            unreachable!("no limit")
        };
        for members in found.iter() {
            let key = |&member: &u32| judge.class.get(member as usize);
            let component = members.iter().filter_map(|member| states.find(&key(member)));
            assert!(all.insert(component.collect()), "judged once");
        }
    }
    all
}

/// Bad states with those in whose components they are.
fn told(judged: &[Judged]) -> Vec<BTreeSet<(Bad, u16, BTreeSet<u32>)>> {
    let kind = |judged: &Judged| {
        let states = |of: usize| {
            let component = |(_, component): &(usize, &u32)| **component as usize == of + 1;
            judged.component.iter().enumerate().filter(component).map(|(state, _)| state as u32).collect()
        };
        let found = judged.found.iter().enumerate();
        found.map(|(number, c)| (c.bad.clone(), c.needed, states(number))).collect()
    };
    judged.iter().map(kind).collect()
}

/// How many components there were.
fn agrees(program: &Program, states_max: u64, threads: usize) -> Result<usize, TestCaseError> {
    let Ok(prepared) = Prepared::new(&program.scenario()) else { return Ok(0) };
    let bounds = Bounds { states_max, ..Bounds::default() };
    let options = |threads| Options { bounds, threads, ..Options::default() };
    let (alone, shared) = (options(1), options(threads));
    let limits = Limits::new(&alone, &prepared, Ceilings::default(), Instant::now());
    let words = prepared.packing.words();
    let memories = Memories::new(words, limits.ceilings.memories, &limits.ledger);
    let searched: Result<Searched<2>, Error> = search(&prepared, &memories, &limits, Plan::Plain, None);
    let Ok(searched) = searched else { return Ok(0) }; // It broke a rule.
    let states = &searched.states;
    let findings = Findings::new(&limits.ledger);
    let mut expander = Expander::new(&prepared, &memories, &findings, searched.effects.clone());
    let mut successors = Vec::new();
    let breaks = |state| expander.expand(&states.get(state as u32), &mut successors).is_err();
    if limits.stopped() && (0..states.len()).any(breaks) {
        return Ok(0); // It breaks a rule behind where the search was cut.
    }
    let plain = plain(states, &mut expander);
    prop_assert_eq!(&judged(&prepared, states, &limits, expander), &plain);
    let all = |options| {
        let limits = Limits::new(options, &prepared, Ceilings::default(), Instant::now());
        match judge(&prepared, &searched, &memories, &limits, WITHIN_BOUNDS) {
            Ok(judged) => told(&judged),
            Err(_) => unreachable!("no limit"),
        }
    };
    prop_assert_eq!(all(&shared), all(&alone));
    Ok(plain.len())
}

fn each(programs: impl Strategy<Value = Program>, states_max: impl Strategy<Value = u64>) {
    let met = RefCell::new((0, 0));
    let config = ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(
        &(programs, states_max, team_sizes()),
        |(program, states_max, threads)| {
            let components = agrees(&program, states_max, threads)?;
            let (programs, all) = *met.borrow();
            met.replace((programs + usize::from(components > 0), all + components));
            Ok(())
        },
    );
    if let Err(error) = run {
        panic!("{error}");
    }
    let (programs, components) = met.into_inner();
    eprintln!("{components} components in {programs} programs");
    assert!(programs > 500, "only {programs} programs have cycles");
}

#[test]
fn a_whole_search_is_judged_as_by_plain_decomposition() {
    each(prop_oneof![1 => programs(), 1 => plain_programs(), 3 => loops()], Just(5000));
}

#[test]
fn a_cut_search_is_judged_as_by_plain_decomposition() {
    each(loops(), 1..300_u64);
}

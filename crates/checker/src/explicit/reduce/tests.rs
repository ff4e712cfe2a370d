//! Reduced searches, held against plain ones on generated programs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::iter::Sum;
use std::thread;
use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::{Bounds, Ending};

use crate::explicit::common::generating::{crossing, lacking, locking, loops, plain_programs, programs};
use crate::explicit::common::program::Program;
use crate::explicit::cycles::{WITHIN_BOUNDS, judge};
use crate::explicit::effects::Effects;
use crate::explicit::engine::{AtRest, unpacked_rests};
use crate::explicit::findings::Bad;
use crate::explicit::limits::{Ceilings, Limits};
use crate::explicit::memories::Memories;
use crate::explicit::options::Options;
use crate::explicit::plan::Plan;
use crate::explicit::prepared::Prepared;
use crate::explicit::reduce::Fault;
use crate::explicit::regrow::regrow;
use crate::explicit::reports::{SeenInAutomata, seen_in_automata};
use crate::explicit::search::{Searched, search};
use crate::explicit::tests::{STATES_MAX, team_sizes};

/// What a search told, and how much it took.
#[derive(Debug)]
struct Told {
    kept: usize,
    /// With those that were not kept.
    states: usize,
    /// Rounds and waits, judged with those.
    of_all: (BTreeSet<Bad>, BTreeSet<Bad>),
    rests: BTreeSet<AtRest>,
    endings: BTreeSet<Ending>,
    /// By states, steps and views, and by the search where everybody is stuck.
    bad: BTreeSet<Bad>,
    reached: BTreeSet<&'static str>,
    missing: usize,
    /// Where somebody goes round who must end.
    rounds: BTreeSet<Bad>,
    /// Of who waits while others go round, for as long as they like or for good: which, can't be told in a reduced
    /// search.
    waits: BTreeSet<Bad>,
}

fn told(program: &Program, plan: Plan, threads: usize) -> Option<Told> {
    let prepared = Prepared::new(&program.scenario()).ok()?;
    let bounds = Bounds { states_max: STATES_MAX, ..Bounds::default() };
    let options = Options { bounds, threads, ..Options::default() };
    let ceilings = Ceilings { alone: 0, ..Ceilings::default() };
    let limits = Limits::new(&options, &prepared, ceilings, Instant::now());
    let memories = Memories::new(prepared.packing.words(), ceilings.memories, &limits.ledger);
    let mut searched: Searched<2> = search(&prepared, &memories, &limits, plan, None).ok()?;
    if limits.stopped() {
        return None;
    }
    Effects::fit(&mut searched.effects, searched.states.len(), &limits.ledger);
    let SeenInAutomata { reached, bad, unsupported } =
        seen_in_automata(&prepared, !searched.places.by_rest.is_empty());
    let judged = |searched: &Searched<2>| {
        let judged = judge(&prepared, searched, &memories, &limits, WITHIN_BOUNDS).ok()?;
        let found = judged.iter().flat_map(|judged| &judged.found).map(|component| component.bad.clone());
        Some(found.partition(|bad: &Bad| bad.witness.ends_with(" round")))
    };
    let (rounds, waits): (BTreeSet<Bad>, BTreeSet<Bad>) = judged(&searched)?;
    let kept = searched.states.len();
    let of_all = if plan.has_chains() {
        regrow(&prepared, &mut searched, &memories, &limits).ok()?;
        judged(&searched)?
    } else {
        (rounds.clone(), waits.clone())
    };
    Some(Told {
        kept,
        states: searched.states.len(),
        of_all,
        rests: unpacked_rests(&prepared, &memories, &searched.places, plan),
        endings: searched.places.endings.clone(),
        bad: searched.places.all.iter().cloned().chain(bad).collect(),
        reached,
        missing: unsupported.len(),
        rounds,
        waits,
    })
}

#[derive(Default, Debug)]
struct Tally {
    compared: usize,
    smaller: usize,
    by_a_third: usize,
    /// Of which half of the states were not kept.
    half_kept: usize,
    bad: usize,
    rounds: usize,
    waits: usize,
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.fold(Tally::default(), |a, b| Tally {
            compared: a.compared + b.compared,
            smaller: a.smaller + b.smaller,
            by_a_third: a.by_a_third + b.by_a_third,
            half_kept: a.half_kept + b.half_kept,
            bad: a.bad + b.bad,
            rounds: a.rounds + b.rounds,
            waits: a.waits + b.waits,
        })
    }
}

/// Whether a reduced search tells what the plain one does; none where the plain graph is too large.
fn agrees(
    program: &Program,
    (threads, has_chains): (usize, bool),
    fault: Option<Fault>,
    tally: &RefCell<Tally>,
) -> Result<(), TestCaseError> {
    let Some(plain) = told(program, Plan::Plain, 1) else { return Ok(()) };
    let plan = if has_chains { Plan::Chains(fault) } else { Plan::ReducedToTheEnd(fault) };
    let Some(reduced) = told(program, plan, threads) else {
        return Err(TestCaseError::fail("the reduced search gives up"));
    };
    prop_assert!(reduced.states <= plain.states, "{} of {}", reduced.states, plain.states);
    prop_assert_eq!(&reduced.rests, &plain.rests);
    prop_assert_eq!(&reduced.endings, &plain.endings);
    prop_assert_eq!(&reduced.bad, &plain.bad);
    prop_assert_eq!(&reduced.reached, &plain.reached);
    prop_assert_eq!(reduced.missing, plain.missing);
    let of_kept = (reduced.rounds, reduced.waits);
    for (rounds, waits) in [&of_kept, &reduced.of_all] {
        prop_assert_eq!(rounds, &plain.rounds);
        // Any of these is enough for the plain graph to be searched.
        prop_assert!(!waits.is_empty() || plain.waits.is_empty(), "{:?}", plain.waits);
    }
    let mut tally = tally.borrow_mut();
    tally.compared += 1;
    tally.smaller += usize::from(reduced.states < plain.states);
    tally.by_a_third += usize::from(reduced.states * 3 <= plain.states * 2);
    tally.half_kept += usize::from(reduced.kept * 2 <= reduced.states);
    tally.bad += usize::from(!plain.bad.is_empty());
    tally.rounds += usize::from(!plain.rounds.is_empty());
    tally.waits += usize::from(!plain.waits.is_empty());
    Ok(())
}

/// Programs that let others alone for a while, so that there is something to leave out.
fn of_all_kinds() -> impl Strategy<Value = (Program, (usize, bool))> {
    let programs = prop_oneof![
        3 => programs(),
        1 => plain_programs(),
        2 => loops(),
        1 => lacking(programs()),
        4 => locking(),
        1 => crossing(),
    ];
    (programs, (prop_oneof![3 => Just(1), 1 => team_sizes()], any::<bool>()))
}

fn compared(programs: u32, fault: Option<Fault>) -> (bool, Tally) {
    let tally = RefCell::new(Tally::default());
    let config = ProptestConfig {
        cases: programs,
        failure_persistence: None,
        max_shrink_iters: if fault.is_some() { 0 } else { 4096 },
        ..ProptestConfig::default()
    };
    let run =
        TestRunner::new(config).run(&of_all_kinds(), |(program, how)| agrees(&program, how, fault, &tally));
    if let (Err(error), None) = (&run, fault) {
        panic!("{error}");
    }
    (run.is_ok(), tally.into_inner())
}

/// How many programs a test run takes without being told.
const PROGRAMS: u32 = 10_000;
/// On how many threads.
const SHARES: u32 = 2;

/// `SHORTCOPY_PROGRAMS=1000000` compares so many, each time others.
#[test]
fn a_reduced_search_tells_what_a_plain_one_tells() {
    let given = std::env::var("SHORTCOPY_PROGRAMS").ok().and_then(|given| given.parse().ok());
    let programs = given.unwrap_or(PROGRAMS);
    let tally = thread::scope(|scope| {
        let shares: Vec<_> =
            (0..SHARES).map(|_| scope.spawn(|| compared(programs / SHARES, None).1)).collect();
        shares.into_iter().map(|share| share.join().expect("they tell the same")).sum::<Tally>()
    });
    println!("{tally:?}");
    let at_least = |part: usize, of: usize| part * of > programs as usize;
    let met = at_least(tally.compared, 2) && at_least(tally.smaller, 3) && at_least(tally.by_a_third, 12);
    let met = met && at_least(tally.half_kept, 16);
    let kinds = at_least(tally.bad, 4) && at_least(tally.rounds, 4) && at_least(tally.waits, 20);
    assert!(met && kinds, "too few of a kind: {tally:?}");
}

#[test]
fn each_part_of_the_reasoning_is_missed() {
    const MOST: u32 = 40_000;
    for fault in Fault::ALL {
        let (same, tally) = compared(MOST, Some(fault));
        assert!(!same, "nothing else is told without {fault:?}: {tally:?}");
        println!("{fault:?} after {}", tally.compared);
    }
}

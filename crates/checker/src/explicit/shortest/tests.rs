//! Ways, against a plain search of all states with all who may have moved last.

use std::cell::RefCell;
use std::time::Instant;

use machine::{Effect, Word};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::Bounds;

use super::*;
use crate::explicit::common::generating::{loops, plain_programs, programs};
use crate::explicit::common::program::Program;
use crate::explicit::cycles::{WITHIN_BOUNDS, judge};
use crate::explicit::expand::Stillness;
use crate::explicit::key::memory_of;
use crate::explicit::limits::Ceilings;
use crate::explicit::options::Options;
use crate::explicit::plan::Plan;
use crate::explicit::reports::seen_in_automata;
use crate::explicit::search::search;
use crate::explicit::tests::team_sizes;
use crate::explicit::views::Views;

const R: usize = 2;

/// Switches and steps.
type Price = (u32, u32);

/// Looks at states and steps for what is wrong with them, each time anew.
struct Plain<'a> {
    prepared: &'a Prepared,
    searched: &'a Searched<R>,
    judged: &'a [Judged],
    limits: &'a Limits<'a>,
    roles: Roles,
    expander: Expander<'a>,
}

/// Nothing is told of a program that breaks a rule. A search that was cut may come to that only when its last states
/// are looked at once more.
impl Plain<'_> {
    fn in_state(&mut self, state: u32) -> Option<Vec<Bad>> {
        let key = self.searched.states.get(state);
        let mut successors = Vec::new();
        let census = self.expander.expand(&key, &mut successors).ok()?;
        let words = self.expander.words(memory_of(&key)).to_vec();
        let mut bad = self.prepared.state_checks(&words).ok()?;
        let moves = !successors.is_empty();
        if self.roles.still(census, moves) {
            match self.roles.stillness(&mut self.expander, &key, census, moves) {
                Stillness::Moving => {}
                Stillness::Deadlock => {
                    let stuck = self.roles.must_end & !census.done;
                    bad.push(Stuck::default().deadlock(&mut self.expander, &key, stuck).clone());
                }
                Stillness::AtRest((_, returned)) => {
                    bad.extend(self.prepared.final_checks(&words, &returned).ok()?);
                    let mut views = Views::new(self.prepared, &self.limits.ledger);
                    bad.extend(views.all(&words, || self.limits.go_on()).ok()?);
                }
            }
        }
        bad.extend(self.judged.iter().filter_map(|judged| judged.at(state)).map(|c| c.bad.clone()));
        Some(bad)
    }

    /// The steps from a state, with what is wrong with each.
    fn steps(&mut self, state: u32) -> Option<Vec<(Successor<R>, Vec<Bad>)>> {
        let key = self.searched.states.get(state);
        let mut successors = Vec::new();
        self.expander.expand(&key, &mut successors).ok()?;
        let words = self.expander.words(memory_of(&key)).to_vec();
        let with_bad = successors.into_iter().map(|s| {
            let (actor, control) = (usize::from(s.actor), control_of(&key, usize::from(s.actor)));
            let Standing::Pending(step) = self.expander.standing(actor, control).expect("alive").clone()
            else {
                unreachable!("it moves")
            };
            let result = match self.prepared.execute(actor, &step, &mut words.clone()).expect("met before") {
                Effect::Done(result) => result,
                Effect::Choice(_) => Word::from(s.choice),
                Effect::Blocked => unreachable!("it moves"),
            };
            let edge = self.prepared.automata[actor].follow(control, result).expect("met before");
            (s, self.prepared.seen_on_edge(actor, &step, &words, &edge))
        });
        Some(with_bad.collect())
    }

    /// The least price of everything that can be seen.
    fn prices(&mut self) -> Option<BTreeMap<Bad, Price>> {
        let mut prices = BTreeMap::new();
        for actor in 0..self.prepared.actors() {
            for bad in self.prepared.seen_in(actor, self.prepared.automata[actor].start()) {
                prices.insert(bad, (0, 0));
            }
        }
        let mut see = |bad: Vec<Bad>, price: Price| {
            for bad in bad {
                let least = prices.entry(bad).or_insert(price);
                *least = price.min(*least);
            }
        };
        let first = self.searched.initial.iter().filter_map(|key| self.searched.states.find(key));
        let mut waiting: BTreeSet<(Price, u32, u8)> = first.map(|state| ((0, 0), state, NOBODY)).collect();
        let mut met = BTreeSet::new();
        while let Some((price, state, last)) = waiting.pop_first() {
            if !met.insert((state, last)) {
                continue;
            }
            see(self.in_state(state)?, price);
            for (s, bad) in self.steps(state)? {
                let switch = last != NOBODY && last != s.actor;
                let price = (price.0 + u32::from(switch), price.1 + 1);
                see(bad, price);
                if let Some(to) = self.searched.states.find(&s.key) {
                    waiting.insert((price, to, s.actor));
                }
            }
        }
        Some(prices)
    }

    /// Whether a way can be gone and leads to what it is said to lead to.
    fn leads_to(&mut self, way: &Way, bad: &Bad) -> bool {
        let mut at = self.searched.states.find(&self.searched.initial[way.initial]);
        let mut on_the_last_step = Vec::new();
        for &(actor, choice) in &way.steps {
            let Some(state) = at else { return false };
            let mut steps = self.steps(state).into_iter().flatten();
            let Some((s, bad)) = steps.find(|(s, _)| (s.actor, s.choice) == (actor, choice)) else {
                return false;
            };
            (at, on_the_last_step) = (self.searched.states.find(&s.key), bad);
        }
        match (&way.end, at) {
            (End::Event, _) => way.steps.is_empty() || on_the_last_step.contains(bad),
            (_, Some(state)) => self.in_state(state).is_some_and(|seen| seen.contains(bad)),
            (_, None) => false,
        }
    }
}

fn price(way: &Way) -> Price {
    let switches = way.steps.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
    (switches as u32, way.steps.len() as u32)
}

/// How many bad states there were, and the most switches to one.
fn agrees(program: &Program, states_max: u64, threads: usize) -> Result<(usize, u32), TestCaseError> {
    let Ok(prepared) = Prepared::new(&program.scenario()) else { return Ok((0, 0)) };
    let bounds = Bounds { states_max, ..Bounds::default() };
    let options = |threads| Options { bounds, threads, ..Options::default() };
    let ceilings = Ceilings { alone: 0, ..Ceilings::default() };
    let alone = options(1);
    let limits = Limits::new(&alone, &prepared, ceilings, Instant::now());
    let memories = Memories::new(prepared.packing.words(), ceilings.memories, &limits.ledger);
    let searched: Result<Searched<R>, Error> = search(&prepared, &memories, &limits, Plan::Plain, None);
    let Ok(searched) = searched else { return Ok((0, 0)) }; // It broke a rule.
    let judged = match judge(
        &prepared,
        &searched,
        &memories,
        &Limits::new(&alone, &prepared, ceilings, Instant::now()),
        WITHIN_BOUNDS,
    ) {
        Ok(judged) => judged,
        // It breaks a rule behind where the search was cut.
        Err(Halt::Broken(_)) if limits.stopped() => return Ok((0, 0)),
        Err(_) => unreachable!("no limit"),
    };
    let mut wanted = searched.places.all.clone();
    wanted.extend(seen_in_automata(&prepared, !searched.places.by_rest.is_empty()).bad);
    wanted.extend(judged.iter().flat_map(|j| j.found.iter().map(|component| component.bad.clone())));
    // First of all, so that no search below unfolds what the one before it did not know.
    let findings = Findings::new(&limits.ledger);
    let expander = Expander::new(&prepared, &memories, &findings, searched.effects.clone());
    let (roles, searched, judged) = (Roles::new(&prepared), &searched, &judged[..]);
    let mut plain = Plain { prepared: &prepared, searched, judged, limits: &limits, roles, expander };
    let Some(mut prices) = plain.prices() else { return Ok((0, 0)) };
    prices.retain(|bad, _| wanted.contains(bad));
    let ways = |threads| {
        let options = options(threads);
        let limits = Limits::new(&options, &prepared, ceilings, Instant::now());
        shortest(&prepared, searched, judged, &memories, wanted.clone(), &limits).expect("met before")
    };
    let found = ways(1);
    prop_assert_eq!(&ways(threads), &found);
    let of_found: BTreeMap<Bad, Price> = found.iter().map(|(bad, way)| (bad.clone(), price(way))).collect();
    prop_assert_eq!(&of_found, &prices);
    for (bad, way) in &found {
        prop_assert!(plain.leads_to(way, bad), "{:?} does not lead to {:?}", way, bad);
    }
    Ok((found.len(), prices.values().map(|price| price.0).max().unwrap_or(0)))
}

fn each(programs: impl Strategy<Value = Program>, states_max: impl Strategy<Value = u64>) {
    let met = RefCell::new((0, 0));
    let config = ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() };
    let threads = team_sizes();
    let run =
        TestRunner::new(config).run(&(programs, states_max, threads), |(program, states_max, threads)| {
            let (bad, switches) = agrees(&program, states_max, threads)?;
            let (programs, switching) = *met.borrow();
            met.replace((programs + usize::from(bad > 0), switching + usize::from(switches > 1)));
            Ok(())
        });
    if let Err(error) = run {
        panic!("{error}");
    }
    let (programs, switching) = met.into_inner();
    assert!(programs > 200 && switching > 15, "{programs} have bad states, {switching} beyond one switch");
}

fn any_program() -> impl Strategy<Value = Program> {
    prop_oneof![3 => programs(), 1 => plain_programs(), 1 => loops()]
}

#[test]
fn ways_cost_what_they_cost_in_a_plain_search_and_threads_change_nothing() {
    each(any_program(), Just(5000));
}

#[test]
fn so_they_do_where_the_search_was_cut() {
    each(any_program(), 1..300_u64);
}

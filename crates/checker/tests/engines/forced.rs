//! What can be forced, against every schedule of small random programs, taken one step after the other.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::common::generating::{plain_programs, programs};
use crate::common::program::{Broken, Op, Program, Role};
use checker::explicit::{Options, check};
use checker::follow::follow;
use checker::forced;
use checker::stepper::{Prepared, Run};
use machine::{Action, Label, Order, Place, Step, Word};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use scenario::{BadState, Check, Coverage, Event, EventKind, Parked, Parking, Scenario};

/// How many programs a test run takes without being told (`SHORTCOPY_PROGRAMS`).
const PROGRAMS: u32 = 400;

/// Programs with more states than these are left out.
const STATES_MAX: usize = 1000;

/// Some steps, by their number: at some of them one can always be parked, at others while bit 0 of cell 0 is set.
fn parked(step: &Step, every: i32) -> Option<Parked> {
    let numbered = |number: &i32| step.label == Label::new("step", &[*number]);
    let number = (1..40).find(numbered).filter(|_| step.is_scheduling_point())?;
    match number % every {
        0 => Some(Parked::Always),
        1 => Some(Parked::While(Place(0), 1)),
        _ => None,
    }
}

fn can_be_parked(run: &Run, actor: usize, parking: &Parking) -> bool {
    let Some(step) = run.pending(actor) else { return true };
    if !run.enabled().iter().any(|(who, _)| *who == actor) {
        return true;
    }
    match (parking.0)(&step) {
        None => false,
        Some(Parked::Always) => true,
        Some(Parked::While(at, mask)) => run.cells()[at.index()] & mask != 0,
    }
}

/// The bad states that some schedule comes to in which only those who can be parked are left.
struct Brute<'p> {
    scenario: &'p Scenario,
    parking: &'p Parking,
    found: BTreeSet<Broken>,
    seen: HashSet<(Vec<u64>, Option<usize>)>,
}

impl Brute<'_> {
    fn events(&mut self, events: &[Event]) {
        for event in events {
            if let EventKind::Bad { property, witness } = &event.kind {
                self.found.insert((property.clone(), witness.clone()));
            }
        }
    }

    fn state(&mut self, run: &Run) {
        let (cells, actors) = (run.cells(), self.scenario.actors.len());
        let returned: Vec<Word> = (0..actors).map(|a| run.returned(a).unwrap_or(0)).collect();
        let at_rest = run.at_rest();
        for property in &self.scenario.properties {
            let found = &mut self.found;
            let mut broken = |label: Label| {
                found.insert((property.id.to_owned(), label.to_string()));
            };
            match &property.check {
                Check::State(look) => look(&cells, &mut broken),
                Check::Final(look) if at_rest => look(&cells, &returned, &mut broken),
                _ => {}
            }
        }
        let dead = (0..actors).any(|a| run.pending(a).is_none() && run.returned(a).is_none());
        if run.enabled().is_empty() && !at_rest && !dead {
            let all = self.scenario.actors.iter().enumerate().filter(|(_, actor)| !actor.daemon);
            let waits = all
                .filter_map(|(a, actor)| Some(format!("{} waits in {}", actor.name, run.pending(a)?.label)));
            self.found.insert(("deadlock".to_owned(), waits.collect::<Vec<_>>().join(", ")));
        }
    }

    /// Whether it came to the end of all of them.
    fn search(&mut self, prepared: &Arc<Prepared>) -> bool {
        let actors = self.scenario.actors.len();
        let mut waiting = Vec::new();
        for initial in 0..self.scenario.initial.len() {
            let (run, events) = Run::start(prepared, initial).unwrap();
            self.events(&events);
            waiting.push((run, None));
        }
        while let Some((run, last)) = waiting.pop() {
            if !self.seen.insert((run.state(), last)) {
                continue;
            }
            if self.seen.len() > STATES_MAX {
                return false;
            }
            self.state(&run);
            for (actor, choices) in run.enabled() {
                let leaves = last.filter(|&last| last != actor && actor < actors);
                if leaves.is_some_and(|last| !can_be_parked(&run, last, self.parking)) {
                    continue;
                }
                for choice in 0..choices {
                    let mut after = run.clone();
                    let Ok(events) = after.step(actor, choice) else { return false };
                    self.events(&events);
                    waiting.push((after, Some(actor)));
                }
            }
        }
        true
    }
}

/// Whether a schedule, run again, leaves only those who can be parked.
fn keeps_to(prepared: &Arc<Prepared>, bad: &BadState, parking: &Parking) -> bool {
    let story = follow(prepared, bad).unwrap().expect("it is a run of the scenario");
    let actors = prepared.scenario().actors.len();
    story.steps.windows(2).zip(&story.runs[1..]).all(|(two, between)| {
        let (from, to) = (two[0].0, two[1].0);
        from == to || to >= actors || can_be_parked(between, from, parking)
    })
}

#[derive(Default)]
struct Tally {
    compared: u32,
    /// Where less can be forced than there is.
    less: u32,
    found: BTreeMap<String, u32>,
}

fn agrees(program: &Program, every: i32, tally: &mut Tally) -> Result<(), TestCaseError> {
    let mut program = program.clone();
    program.views.clear();
    let scenario = program.scenario();
    let parking = Parking(Arc::new(move |step| parked(step, every)));
    let everywhere = Parking(Arc::new(|step| step.is_scheduling_point().then_some(Parked::Always)));
    // Who panics before his first step ends all runs before they begin, and is no actor that anybody could park.
    let panics = Prepared::new(&scenario).is_ok_and(|prepared| {
        let (run, _) = Run::start(&prepared, 0).unwrap();
        (0..scenario.actors.len()).any(|a| run.pending(a).is_none() && run.returned(a).is_none())
    });
    if panics {
        return Ok(());
    }
    let (bad, coverage) = match forced::check(&scenario, &parking, &Options::default()) {
        Ok(found) => found,
        // Some programs break a rule; and two kinds of daemons are not asked together.
        Err(forced::Error::Model(_) | forced::Error::Daemons) => return Ok(()),
        Err(why) => return Err(TestCaseError::fail(why.to_string())),
    };
    prop_assert_eq!(coverage, Coverage::Exhausted);
    let prepared = Prepared::new(&scenario).unwrap();
    let brute = |parking: &Parking| {
        let (found, seen) = (BTreeSet::new(), HashSet::new());
        let mut brute = Brute { scenario: &scenario, parking, found, seen };
        brute.search(&prepared).then_some(brute.found)
    };
    let (Some(wanted), Some(all)) = (brute(&parking), brute(&everywhere)) else { return Ok(()) };
    let found: BTreeSet<Broken> = bad.iter().map(|b| (b.property.clone(), b.witness.clone())).collect();
    // A deadlock is not told where the same ones may also wait beside somebody who goes round for ever.
    let goes_round = ["Spin", "Cycle"].iter().any(|round| format!("{program:?}").contains(round));
    let may_miss = |(property, _): &Broken| goes_round && property == "deadlock";
    prop_assert!(found.is_subset(&wanted), "{:?} but {:?}", found, wanted);
    let missed: Vec<&Broken> = wanted.difference(&found).filter(|broken| !may_miss(broken)).collect();
    prop_assert!(missed.is_empty(), "{:?}, every {}", missed, every);
    prop_assert!(wanted.is_subset(&all));
    tally.compared += 1;
    tally.less += u32::from(found.len() < all.len());
    for bad in &bad {
        *tally.found.entry(bad.property.clone()).or_default() += 1;
        prop_assert!(keeps_to(&prepared, bad, &parking), "{:#?}", bad);
        prop_assert!(bad.schedule.events.iter().all(|event| !event.file.ends_with("src/forced.rs")));
        if let Some(EventKind::Bad { property, witness }) = bad.schedule.events.last().map(|e| &e.kind) {
            prop_assert_eq!((property, witness), (&bad.property, &bad.witness));
        }
    }
    Ok(())
}

/// Two or three actors that read, reckon and write without a lock, or with one: what comes of them hangs on who is interrupted.
fn races() -> impl Strategy<Value = Program> {
    let (mask, order) = (7, Order::Relaxed);
    let op = (0..6_u8, (0..3_u16).prop_map(Place)).prop_map(move |(kind, at)| match kind {
        0 | 1 => Op::Take(Action::Load { at, mask, order }, 0),
        2 | 3 => Op::StoreAcc(at, mask, 0),
        4 => Op::Take(Action::Await { at, mask: 1, clear: 0, set: 1, order }, 0),
        _ => Op::Take(Action::Change { at, clear: 1, set: 0, mask, order }, 0),
    });
    let ops = proptest::collection::vec((op, 0..3_u16), 2..6);
    proptest::collection::vec(ops, 2..4).prop_map(|actors| {
        let mut number = 0;
        let mut numbered = |op: Op| {
            number += 1;
            match op {
                Op::Take(action, _) => Op::Take(action, number),
                Op::StoreAcc(at, mask, _) => Op::StoreAcc(at, mask, number),
                other => other,
            }
        };
        let role = |ops: Vec<(Op, u16)>| {
            let ops = ops.into_iter().flat_map(|(op, add)| [numbered(op), Op::Add(add)]).collect();
            Role { ops, daemon: false, adversary: false }
        };
        let actors = actors.into_iter().map(role).collect();
        let (initial, views) = (vec![vec![0; 3]], Vec::new());
        Program { widths: vec![4; 3], initial, actors, views, killed: false, state: true, rest: true }
    })
}

#[test]
fn what_can_be_forced_is_what_such_schedules_come_to() {
    let asked = std::env::var("SHORTCOPY_PROGRAMS").ok().map(|number| number.parse().expect("a number"));
    let cases = asked.unwrap_or(PROGRAMS);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let tally = RefCell::new(Tally::default());
    let run = runner
        .run(&(prop_oneof![programs(), plain_programs(), races()], 3..20_i32), |(program, every)| {
            agrees(&program, every, &mut tally.borrow_mut())
        });
    if let Err(error) = run {
        panic!("{error}");
    }
    let Tally { compared, less, found } = tally.into_inner();
    eprintln!("{compared} programs compared, {less} of them with more than can be forced; found: {found:?}");
    assert!(compared > cases / 3 && less > compared / 10, "{compared}, {less}");
    for property in ["demand", "report", "kernel-bug", "state", "final", "deadlock"] {
        assert!(found.contains_key(property), "no program in which `{property}` can be forced");
    }
}

/// Two that increment a counter without a lock lose one only where one of them can be parked between its read and its write.
#[test]
fn an_increment_is_lost_where_one_can_be_parked_in_the_middle() {
    let scenario = crate::common::counter(2, 1);
    let lost = scenario::Property::finally("lost-update", "an increment is lost", |state, _| {
        state.peek(Place(0)) == 2
    });
    let scenario = Scenario { properties: vec![lost], ..scenario };
    let at_stores =
        Parking(Arc::new(|step| matches!(step.action, Action::Store { .. }).then_some(Parked::Always)));
    let found = |parking: &Parking| forced::check(&scenario, parking, &Options::default()).unwrap().0;
    assert!(found(&Parking::nowhere()).is_empty());
    let bad = found(&at_stores);
    assert_eq!(bad.len(), 1);
    let plain = check(&scenario, &Options::default()).unwrap();
    assert_eq!(bad[0].schedule.steps(), plain.bad[0].schedule.steps());
}

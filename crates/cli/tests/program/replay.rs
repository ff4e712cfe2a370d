//! Whatever a run shows can be replayed, and what no run shows can't.

use std::collections::BTreeSet;
use std::sync::Arc;

use checker::stepper::{Prepared, Run};
use cli::recorded::open_steps;
use cli::replay::{Error, replay};
use machine::Label;
use report::Block;
use scenario::{BadState, Check, Event, EventKind, Kind, Property, Scenario, Schedule};

/// The bad states at the end of every run of `scenario`, at most one for each way of choosing
/// actors and results.
fn walks(scenario: &Scenario) -> Vec<BadState> {
    let prepared = Prepared::new(scenario).expect("the toy is sound");
    let mut found = Vec::new();
    for (number, initial) in scenario.initial.iter().enumerate() {
        let (run, events) = Run::start(&prepared, number).expect("it exists");
        walk(scenario, &run, &events, &initial.name, &mut found);
    }
    found
}

fn walk(scenario: &Scenario, run: &Run, events: &[Event], initial: &str, found: &mut Vec<BadState>) {
    if events.len() > 45 {
        return; // round and round
    }
    for property in &scenario.properties {
        let cells = run.cells();
        let mut see = |witness: machine::Label| {
            let mut events = events.to_vec();
            let (property, witness) = (property.id.to_owned(), witness.to_string());
            let kind = EventKind::Bad { property: property.clone(), witness: witness.clone() };
            events.push(Event { actor: String::new(), kind, file: String::new(), line: 0 });
            let schedule = Schedule { initial: initial.to_owned(), events };
            let promised = scenario.promises(&property);
            found.push(BadState { property, witness, promised, cells: cells.clone(), schedule });
        };
        match &property.check {
            Check::State(check) => check(&cells, &mut see),
            Check::Final(check) if run.at_rest() => {
                let returned: Vec<_> =
                    (0..scenario.actors.len()).map(|actor| run.returned(actor).unwrap_or(0)).collect();
                check(&cells, &returned, &mut see);
            }
            _ => {}
        }
    }
    for (actor, choices) in run.enabled() {
        for choice in 0..choices {
            let mut next = run.clone();
            let mut longer = events.to_vec();
            longer.extend(next.step(actor, choice).expect("it is enabled"));
            walk(scenario, &next, &longer, initial, found);
        }
    }
}

fn scenario(variant: usize, name: &str) -> Scenario {
    let catalog = crate::toy::catalog();
    let case = catalog[0].variants[variant].cases.iter().find(|c| c.name == name);
    (case.expect("the toy has it").build)()
}

fn anywhere() -> Property {
    Property {
        id: "anywhere",
        sentence: "the run is somewhere",
        source: "this test",
        effect: "",
        kind: Kind::Always,
        promised: true,
        check: Check::State(Arc::new(|_, see| see(Label::new("here", &[])))),
    }
}

#[test]
fn whatever_a_run_shows_can_be_replayed() {
    let mut replayed = 0;
    for (variant, name) in [(0, "alone"), (0, "unmapped"), (1, "alone"), (1, "unmapped")] {
        let mut scenario = scenario(variant, name);
        // So that a run counts wherever it is left.
        scenario.properties.push(anywhere());
        let key_steps = open_steps(&scenario);
        for bad in walks(&scenario) {
            let steps = bad.schedule.steps();
            let every = (1..=steps).collect();
            for open in [BTreeSet::new(), key_steps(&bad), BTreeSet::from([2, 5]), every] {
                let block = Block::of(1, &bad, &scenario, &open);
                let run = replay(&scenario, &block).unwrap_or_else(|why| panic!("{why}\n{block}"));
                let events: Vec<Event> = run.stages.into_iter().flat_map(|s| s.events).collect();
                if open.len() == steps {
                    assert_eq!(events, bad.schedule.events, "nothing is folded\n{block}");
                }
                let again = BadState { schedule: Schedule { events, ..bad.schedule.clone() }, ..bad.clone() };
                assert!(block.records(&again, &scenario), "{block}");
                assert!(again.schedule.steps() <= steps, "{block}");
                replayed += 1;
            }
        }
    }
    assert!(replayed > 800, "only {replayed} bad runs");
}

#[test]
fn what_no_run_shows_is_refused_at_its_line() {
    let scenario = scenario(0, "unmapped");
    let unmapped = |bad: &&BadState| bad.schedule.initial == "source resident";
    let bad = walks(&scenario).into_iter().find(|bad| unmapped(&bad)).expect("a short copy");
    let block = Block::of(1, &bad, &scenario, &open_steps(&scenario)(&bad));
    let line = |what: &str| block.schedule.iter().position(|l| l.contains(what)).expect(what);
    let changed = |at: usize, from: &str, to: &str| {
        let mut block = block.clone();
        block.schedule[at] = block.schedule[at].replacen(from, to, 1);
        assert_ne!(block.schedule[at], "", "{from} is in line {at}");
        replay(&scenario, &block)
    };
    let at = line("fault_in_readable");
    match changed(at, "= 1", "= 0") {
        Err(Error::NoSuchRun { line, came, .. }) => {
            assert_eq!(line, at);
            assert_eq!(came, ["write: fault_in_readable = 1"]);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(changed(0, "write", "wrote"), Err(Error::Unreadable(_))));

    let with = |change: &dyn Fn(&mut Block)| {
        let mut block = block.clone();
        change(&mut block);
        replay(&scenario, &block).err()
    };
    assert!(matches!(with(&|b| b.initial.push('!')), Some(Error::NoSuchInitial(_))));
    assert!(matches!(with(&|b| b.picture[0].push('!')), Some(Error::OtherPicture { .. })));
    assert!(matches!(with(&|b| b.witness = "unit(7)".to_owned()), Some(Error::NotBad(_))));
    assert!(matches!(with(&|b| b.property = "deadlock".to_owned()), Some(Error::NotBad(_))));
    assert!(with(&|b| drop(b.schedule.pop())).is_some());
    assert_eq!(with(&|_| {}), None);
}

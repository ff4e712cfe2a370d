//! What is looked at, what is said of it, and what stops a search.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::common::replaying::replay;
use crate::common::{self, counter, label, load, lock, scenario, store};
use checker::explicit::{Error, Gauge, Options, Reading, check, explore};
use machine::{Action, Demand, Flow, Label, Machine, Place, Step, Word, again, bug, bug_on};
use scenario::{
    Actor, Bound, Bounds, Check, Coverage, EventKind, Initial, Kind, Outcome, Property, Scenario,
};

fn found(outcome: &Outcome) -> Vec<(&str, &str)> {
    outcome.bad.iter().map(|b| (b.property.as_str(), b.witness.as_str())).collect()
}

/// One that is not promised.
fn property(id: &'static str, check: Check) -> Property {
    Property { promised: false, ..common::property(id, Kind::Always, check) }
}

fn require(m: &dyn Machine, at: Place, among: u64, property: &'static str) {
    let demand = Demand { among, property, witness: Label::new("cell", &[i32::from(at.0)]) };
    m.perform(Step::new(Action::Require { at, demands: [Some(demand), None] }, label("require")));
}

fn reach(m: &dyn Machine, what: &'static str) {
    m.perform(Step::new(Action::Reach { what }, label(what)));
}

/// Lost updates, seen in every way there is.
fn lossy(processes: usize, rounds: u8) -> Scenario {
    let mut scenario = counter(processes, rounds);
    let all = processes as Word * Word::from(rounds);
    let lost = Check::Final(Arc::new(move |memory, _, see| {
        let value = memory.peek(Place(0));
        if value < all {
            see(Label::new("left", &[value as i32]));
        }
    }));
    let high = Check::State(Arc::new(move |memory, see| {
        if memory.peek(Place(0)) == all {
            see(Label::new("high", &[]));
        }
    }));
    scenario.properties = vec![property("lost", lost), property("high", high)];
    scenario.views = vec![
        Actor::new("audit", move |m| {
            require(m, Place(0), 1 << all | 1 << (all - 1), "audited");
            0
        }),
        Actor::new("shouts", move |m| {
            if load(m, Place(0)) == 2 {
                bug("two");
            }
            0
        }),
    ];
    scenario
}

#[test]
fn final_checks_state_checks_and_views_see_what_is_there() {
    let scenario = lossy(2, 2);
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(
        found(&outcome),
        [
            ("audited", "cell(0)"),
            ("high", "high"),
            ("kernel-bug", "shouts: two"),
            ("lost", "left(2)"),
            ("lost", "left(3)"),
        ]
    );
    assert_eq!(outcome.coverage, Coverage::Exhausted);
    assert!(
        outcome.bad.iter().all(|b| b.promised == (b.property == "audited" || b.property == "kernel-bug"))
    );
    for bad in &outcome.bad {
        let (run, _) = replay(&scenario, bad);
        assert_eq!(run.cells(), bad.cells);
        assert_eq!(run.at_rest(), bad.property != "high", "{}", bad.property);
        let (property, witness) = (bad.property.clone(), bad.witness.clone());
        assert_eq!(bad.schedule.events.last().unwrap().kind, EventKind::Bad { property, witness });
    }
    // The last increment, not the end of the actors.
    let high = &outcome.bad[1].schedule;
    assert_eq!(high.steps(), 2 * 4);
    assert_eq!(high.actors(), ["a", "b"]);
    assert_eq!(outcome.bad[0].schedule.actors(), ["a", "b", "audit"]);
}

#[test]
fn threads_change_nothing() {
    let scenario = lossy(4, 3);
    let same = |mut outcome: Outcome| {
        outcome.seconds = 0.0;
        outcome.bytes = 0;
        outcome
    };
    let of = |threads| {
        let (outcome, at_rest) = explore(&scenario, &Options { threads, ..Options::default() }).unwrap();
        (same(outcome), at_rest)
    };
    let one = of(1);
    assert_eq!(one.0.states, 614_872);
    assert!(one.0.bad.len() > 5);
    for threads in 2..=3 {
        assert_eq!(of(threads), one, "{threads} threads");
    }
    // Also where the number of states cuts it.
    let bounds = Bounds { states_max: 100_000, ..Bounds::default() };
    let cut = |threads| {
        let options = Options { threads, bounds, ..Options::default() };
        same(check(&scenario, &options).unwrap())
    };
    assert_eq!(cut(1).coverage, Coverage::Cut { bound: Bound::States });
    assert_eq!(cut(1), cut(3));
}

#[test]
fn the_order_of_actors_changes_nothing_but_names() {
    let writes = |value: Word| {
        move |m: &dyn Machine| {
            lock(m, Place(1));
            store(m, Place(0), value);
            require(m, Place(0), 1 << value, "mine");
            store(m, Place(1), 0);
            store(m, Place(0), 0);
            0
        }
    };
    let actors = [Actor::new("one", writes(1)), Actor::new("two", writes(2)), Actor::new("three", writes(3))];
    let of = |order: [usize; 3]| {
        let scenario = scenario(2, order.map(|a| actors[a].clone()).to_vec());
        let outcome = check(&scenario, &Options::default()).unwrap();
        let costs = outcome.bad.iter().map(|b| {
            (b.property.clone(), b.witness.clone(), crate::common::replaying::cost(b), b.cells.clone())
        });
        (outcome.states, outcome.transitions, costs.collect::<Vec<_>>())
    };
    let first = of([0, 1, 2]);
    assert_eq!(first.2.len(), 1);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(of(order), first);
    }
}

#[test]
fn many_actors_fit_and_too_many_are_said_to_be() {
    let stores = |_| {
        Actor::new("store", |m: &dyn Machine| {
            store(m, Place(0), 1);
            0
        })
    };
    for actors in 1..=11 {
        let outcome = check(&scenario(1, (0..actors).map(stores).collect()), &Options::default()).unwrap();
        // Who has stored, and whether anybody has.
        assert_eq!(outcome.states, 1 << actors);
        assert_eq!(outcome.transitions, actors << (actors - 1));
    }
    let outcome = check(&scenario(1, (0..12).map(stores).collect()), &Options::default()).unwrap();
    assert_eq!(outcome.coverage, Coverage::Unsupported);
    assert!(!outcome.remark.is_empty());
}

#[test]
fn each_bound_cuts_and_says_so() {
    let of = |bounds, interrupt: bool| {
        let gauge = Arc::new(Gauge::default());
        let options = Options {
            bounds,
            interrupt: Some(Arc::new(AtomicBool::new(interrupt))),
            gauge: Some(gauge.clone()),
            ..Options::default()
        };
        let outcome = check(&lossy(4, 3), &options).unwrap();
        let Reading { states, depth, frontier, bytes } = gauge.read();
        assert_eq!(states, outcome.states);
        assert!(bytes <= outcome.bytes && (bytes > 0 || interrupt), "{bytes} of {}", outcome.bytes);
        assert!(frontier <= states && (depth > 0) == (frontier > 0), "{frontier} at {depth}");
        outcome
    };
    let cut = |bound| Coverage::Cut { bound };
    let states = of(Bounds { states_max: 300_000, ..Bounds::default() }, false);
    assert_eq!(states.coverage, cut(Bound::States));
    assert!((300_000..614_872).contains(&states.states));
    let bytes = of(Bounds { bytes_max: 1 << 22, ..Bounds::default() }, false);
    assert_eq!(bytes.coverage, cut(Bound::Memory));
    assert!(bytes.bytes < 1 << 23, "{}", bytes.bytes);
    let time = of(Bounds { time_max: Duration::ZERO, ..Bounds::default() }, false);
    assert_eq!(time.coverage, cut(Bound::Time));
    assert_eq!(of(Bounds::default(), true).coverage, cut(Bound::Interrupt));
    assert_eq!(of(Bounds::default(), false).coverage, Coverage::Exhausted);
}

#[test]
fn a_cut_search_keeps_what_it_found() {
    let shouts = Actor::new("shouts", |m| {
        require(m, Place(0), 0b10, "early");
        0
    });
    let mut scenario = counter(4, 3);
    scenario.actors.push(shouts);
    let bounds = Bounds { states_max: 1000, ..Bounds::default() };
    let outcome = check(&scenario, &Options { bounds, ..Options::default() }).unwrap();
    assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::States });
    assert_eq!(found(&outcome), [("early", "cell(0)")]);
    assert_eq!(outcome.bad[0].schedule.steps(), 1);
}

#[test]
fn an_assertion_of_the_model_is_a_bug_of_the_kernel() {
    let asserts = Actor::new("asserts", |m| {
        let value = load(m, Place(0));
        bug_on(value == 7, "page 7 is gone");
        0
    });
    let writes = Actor::new("writes", |m| {
        store(m, Place(0), 7);
        store(m, Place(0), 8);
        0
    });
    let mut scenario = scenario(1, vec![asserts, writes]);
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), [("kernel-bug", "page 7 is gone")]);
    assert_eq!(outcome.bad[0].schedule.steps(), 2);
    assert_eq!(outcome.bad[0].cells, [7]);
    let (run, _) = replay(&scenario, &outcome.bad[0]);
    assert_eq!(run.enabled(), []);

    scenario.actors[1] = Actor::new("at once", |_| bug("no step at all"));
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), [("kernel-bug", "no step at all")]);
    assert_eq!((outcome.states, outcome.transitions), (1, 0));
}

/// Rust's own panic says nothing about the kernel.
#[test]
fn any_other_panic_of_the_model_is_an_error() {
    let slices = Actor::new("slices", |m| {
        let units = [1, 2, 3];
        units[load(m, Place(0)) as usize..].len() as Word
    });
    let writes = Actor::new("writes", |m| {
        store(m, Place(0), 7);
        0
    });
    let mut scenario = scenario(1, vec![writes, slices]);
    let error = check(&scenario, &Options::default()).unwrap_err();
    let Error::Panicked { actor: "slices", message } = &error else { panic!("{error}") };
    assert!(message.contains("index 7 out of range"), "{error}");
    assert!(error.to_string().contains("bug_on"), "{error}");

    // A view's, too.
    scenario.views = vec![scenario.actors.remove(1)];
    let error = check(&scenario, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Panicked { actor: "slices", .. }), "{error}");
}

/// A machine that is dead goes nowhere: not even to see what would be broken after.
#[test]
fn nothing_follows_an_assertion() {
    let dies = Actor::new("dies", |m| {
        store(m, Place(0), 1);
        bug("dead")
    });
    let seven = |m: &dyn Machine| {
        if load(m, Place(0)) == 1 {
            store(m, Place(1), 7);
        }
        0
    };
    let mut scenario = scenario(2, vec![dies, Actor::new("late", seven)]);
    let never = Check::State(Arc::new(|memory, see| {
        if memory.peek(Place(1)) == 7 {
            see(Label::new("seven", &[]));
        }
    }));
    scenario.properties = vec![property("never", never)];
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), [("kernel-bug", "dead")]);
}

#[test]
fn destructors_take_no_step() {
    struct Unlocks<'a>(&'a dyn Machine);
    impl Drop for Unlocks<'_> {
        fn drop(&mut self) {
            store(self.0, Place(0), 9);
        }
    }
    let guarded = Actor::new("guarded", |m| {
        let guard = Unlocks(m);
        load(m, Place(0));
        std::mem::forget(guard);
        0
    });
    let (_, at_rest) = explore(&scenario(1, vec![guarded]), &Options::default()).unwrap();
    assert_eq!(at_rest.into_iter().collect::<Vec<_>>(), [(vec![0], vec![0])]);
}

/// Which of two that have one id is promised, nobody could tell.
#[test]
fn no_engine_takes_two_properties_with_one_id() {
    let with = |ids: &[&'static str]| {
        let mut scenario = scenario(1, vec![Actor::new("a", |_| 0)]);
        scenario.properties = ids.iter().map(|id| property(id, Check::Observed)).collect();
        scenario
    };
    for (repeated, id) in [(with(&["size", "data", "size"]), "size"), (with(&["deadlock"]), "deadlock")] {
        assert_eq!(check(&repeated, &Options::default()), Err(Error::RepeatedProperty(id)));
        let mode = checker::on_shuttle::Mode::Random { seed: 0, executions: 1 };
        for outcome in [
            checker::on_loom::check(&repeated, &checker::on_loom::Options::default()),
            checker::on_shuttle::check(&repeated, &checker::on_shuttle::Options::new(mode)),
        ] {
            assert_eq!(outcome.coverage, Coverage::Unsupported);
            assert!(outcome.remark.contains(&format!("`{id}`")), "{}", outcome.remark);
        }
    }
    assert!(check(&with(&["size", "data"]), &Options::default()).is_ok());
}

#[test]
fn a_scenario_in_which_it_never_happens_is_empty() {
    let sometimes = Actor::new("sometimes", |m| {
        if load(m, Place(0)) == 1 {
            reach(m, "short copy");
        }
        0
    });
    let mut scenario = scenario(1, vec![sometimes]);
    scenario.views = vec![Actor::new("view", |m| {
        reach(m, "seen");
        load(m, Place(0));
        0
    })];
    scenario.reachable = vec!["short copy", "seen"];
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), [("empty", "short copy")]);
    assert_eq!(outcome.reached, ["seen"]);
    scenario.initial.push(Initial { name: "one".to_owned(), cells: vec![1] });
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), []);
    assert_eq!(outcome.reached, ["seen", "short copy"]);
}

/// What is looked at finally does not hold because it is never looked at.
#[test]
fn a_scenario_that_never_rests_is_empty() {
    let restless = Actor::new("restless", |m| {
        again(m, label("for ever"), (), |()| {
            load(m, Place(0));
            Flow::<(), ()>::Again(())
        });
        0
    });
    let mut scenario = scenario(1, vec![Actor::new("write", |m| load(m, Place(0))), restless.daemon()]);
    assert_eq!(found(&check(&scenario, &Options::default()).unwrap()), []);
    scenario.properties = vec![property("nothing", Check::Final(Arc::new(|_, _, _| {})))];
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), [("empty", "a state at rest")]);
}

#[test]
fn views_that_wait_or_go_round_are_named() {
    let mut scenario = scenario(
        1,
        vec![Actor::new("write", |m| {
            lock(m, Place(0));
            0
        })],
    );
    scenario.views = vec![
        Actor::new("read", |m| {
            lock(m, Place(0));
            0
        }),
        Actor::new("poll", |m| {
            again(m, label("poll"), (), |()| {
                if load(m, Place(0)) == 0 { Flow::Done(()) } else { Flow::Again(()) }
            });
            0
        }),
    ];
    let outcome = check(&scenario, &Options::default()).unwrap();
    assert_eq!(found(&outcome), [("deadlock", "read waits in lock(0)"), ("livelock", "poll goes round")]);
    for bad in &outcome.bad {
        replay(&scenario, bad);
    }
    assert!(outcome.bad[1].schedule.events.iter().any(|e| e.kind == EventKind::Cycle));
}

#[test]
fn returned_words_reach_the_final_checks() {
    let returns = |word: Word| {
        move |m: &dyn Machine| {
            let seen = load(m, Place(0));
            store(m, Place(0), 1);
            word + seen
        }
    };
    let waits = |m: &dyn Machine| {
        lock(m, Place(1));
        lock(m, Place(1));
        5
    };
    let mut scenario = scenario(
        2,
        vec![Actor::new("a", returns(10)), Actor::new("b", returns(20)), Actor::new("waits", waits).daemon()],
    );
    let shows = Check::Final(Arc::new(|_, words, see| {
        see(Label::new("words", &[words[0] as i32, words[1] as i32, words[2] as i32]));
    }));
    scenario.properties = vec![property("shows", shows)];
    let outcome = check(&scenario, &Options::default()).unwrap();
    let witnesses: Vec<&str> = outcome.bad.iter().map(|b| b.witness.as_str()).collect();
    assert_eq!(witnesses, ["words(10, 20, 0)", "words(10, 21, 0)", "words(11, 20, 0)"]);
}

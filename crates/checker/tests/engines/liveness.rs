//! Deadlock, livelock and what a fatal signal must end.

use std::sync::Arc;

use crate::common::replaying::replay;
use crate::common::{label, load, lock, scenario, store, trylock, unlock};
use checker::explicit::{Options, check};
use machine::{Action, Flow, Machine, Order, Place, Step, Word, again};
use scenario::{Actor, EventKind, Outcome, Scenario};

const A: Place = Place(0);
const B: Place = Place(1);
const STOP: Place = Place(2);

fn checked(scenario: &Scenario) -> Outcome {
    let outcome = check(scenario, &Options::default()).unwrap();
    for bad in &outcome.bad {
        let (run, cycle) = replay(scenario, bad);
        if bad.property == "livelock" || bad.property == "unkillable" {
            let (start, end) = cycle.expect("a way round");
            assert_eq!(start, end, "{bad:#?}");
        } else {
            assert_eq!(cycle, None);
            assert_eq!(run.cells(), bad.cells);
        }
    }
    outcome
}

fn found(outcome: &Outcome) -> Vec<(&str, &str)> {
    outcome.bad.iter().map(|b| (b.property.as_str(), b.witness.as_str())).collect()
}

fn both(first: Place, second: Place) -> impl Fn(&dyn Machine) -> Word {
    move |m| {
        lock(m, first);
        lock(m, second);
        unlock(m, second);
        unlock(m, first);
        0
    }
}

/// Goes round until the lock is taken.
fn spin(m: &dyn Machine, at: Place) {
    again(m, label("spin"), (), |()| if trylock(m, at) { Flow::Done(()) } else { Flow::Again(()) });
}

/// Goes round for ever, touching nothing.
fn idle(m: &dyn Machine) -> Word {
    again(m, label("idle"), (), |()| {
        m.perform(Step::new(Action::Fence { order: Order::Full }, label("fence")));
        Flow::<(), ()>::Again(())
    });
    0
}

#[test]
fn locks_taken_in_two_orders_deadlock() {
    let outcome = checked(&scenario(2, vec![Actor::new("one", both(A, B)), Actor::new("two", both(B, A))]));
    assert_eq!(found(&outcome), [("deadlock", "one waits in lock(1), two waits in lock(0)")]);
    assert_eq!(outcome.bad[0].schedule.steps(), 2);
    assert_eq!(outcome.bad[0].cells, [1, 1]);
    let same_order = scenario(2, vec![Actor::new("one", both(A, B)), Actor::new("two", both(A, B))]);
    assert_eq!(found(&checked(&same_order)), []);
}

/// Readers wait for queued writers, so a reader that reads again inside waits for the writer that
/// waits for it.
#[test]
fn a_queued_writer_deadlocks_a_nested_reader() {
    const WRITER: Word = 1;
    const QUEUED: Word = 2;
    const READER: Word = 4;
    fn wait(m: &dyn Machine, name: &'static str, mask: Word, clear: Word, set: Word) {
        let wait = Action::Await { at: A, mask, clear, set, order: Order::Acquire };
        m.perform(Step::new(wait, label(name)));
    }
    let nested = |queues: bool| {
        let reader = Actor::new("fault", |m| {
            wait(m, "down_read", WRITER | QUEUED, 0, READER);
            wait(m, "down_read_again", WRITER | QUEUED, 0, READER << 1);
            wait(m, "up_read", 0, READER | READER << 1, 0);
            0
        });
        let writer = Actor::new("munmap", move |m| {
            if queues {
                wait(m, "queue", 0, 0, QUEUED);
            }
            wait(m, "down_write", READER | READER << 1, QUEUED, WRITER);
            wait(m, "up_write", 0, WRITER, 0);
            0
        });
        found(&checked(&scenario(1, vec![reader, writer])))
            .into_iter()
            .map(|(property, witness)| format!("{property}: {witness}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(nested(true), ["deadlock: fault waits in down_read_again, munmap waits in down_write"]);
    assert_eq!(nested(false), [] as [&str; 0]);
}

#[test]
fn who_waits_while_a_daemon_goes_on_is_deadlocked() {
    let forgets = Actor::new("write", |m| {
        lock(m, A);
        lock(m, A);
        0
    });
    let outcome = checked(&scenario(1, vec![forgets, Actor::new("daemon", idle).daemon()]));
    assert_eq!(found(&outcome), [("deadlock", "write waits in lock(0)")]);
    assert_eq!(outcome.bad[0].schedule.steps(), 1);
}

#[test]
fn a_daemon_may_wait_for_ever() {
    let daemon = Actor::new("daemon", |m| {
        lock(m, A);
        lock(m, A);
        0
    });
    let outcome = checked(&scenario(2, vec![Actor::new("write", |m| load(m, B)), daemon.daemon()]));
    assert_eq!(found(&outcome), []);
}

#[test]
fn a_retry_that_nobody_ends_is_a_livelock_with_its_cycle() {
    let writer = Actor::new("write", |m| {
        lock(m, B);
        spin(m, A);
        0
    });
    let mut held = scenario(2, vec![writer]);
    held.initial[0].cells[0] = 1;
    let outcome = checked(&held);
    assert_eq!(found(&outcome), [("livelock", "write goes round")]);
    let events = &outcome.bad[0].schedule.events;
    let cycle = events.iter().position(|e| e.kind == EventKind::Cycle).unwrap();
    let steps = |events: &[scenario::Event]| {
        events.iter().filter(|e| matches!(e.kind, EventKind::Step { scheduling_point: true, .. })).count()
    };
    assert_eq!((steps(&events[..cycle]), steps(&events[cycle..])), (1, 1));
}

/// The holder may go on holding, or let go and end: it is never stuck, and need not come to it.
#[test]
fn who_waits_for_one_that_may_go_round_for_ever_is_told_as_waiting() {
    let holder = |m: &dyn Machine| {
        lock(m, A);
        again(m, label("holding"), (), |()| {
            match m.perform(Step::new(Action::Choose { of: 2 }, label("go on"))) {
                0 => Flow::Again(()),
                _ => Flow::Done(()),
            }
        });
        unlock(m, A);
        0
    };
    let waiting = Actor::new("waiting", |m| {
        lock(m, A);
        0
    });
    let outcome = checked(&scenario(1, vec![Actor::new("holder", holder).daemon(), waiting]));
    assert_eq!(found(&outcome), [("livelock", "waiting waits in lock(0)")]);
}

#[test]
fn two_that_give_way_to_each_other_go_round() {
    fn polite(first: Place, second: Place) -> impl Fn(&dyn Machine) -> Word {
        move |m| {
            again(m, label("retry"), (), |()| {
                lock(m, first);
                let both = trylock(m, second);
                unlock(m, first);
                if both {
                    unlock(m, second);
                    return Flow::Done(());
                }
                Flow::Again(())
            });
            0
        }
    }
    let actors = vec![Actor::new("one", polite(A, B)), Actor::new("two", polite(B, A))];
    assert_eq!(found(&checked(&scenario(2, actors))), [("livelock", "one and two go round")]);
}

#[test]
fn spinning_until_a_fair_holder_lets_go_is_no_livelock() {
    let holder = |m: &dyn Machine| {
        lock(m, A);
        unlock(m, A);
        0
    };
    let spinner = |m: &dyn Machine| {
        spin(m, A);
        unlock(m, A);
        0
    };
    let actors = vec![Actor::new("holder", holder), Actor::new("spinner", spinner)];
    assert_eq!(found(&checked(&scenario(1, actors))), []);
    // A holder that may stop anywhere makes it one.
    let actors = vec![Actor::new("holder", holder).adversary(), Actor::new("spinner", spinner)];
    assert_eq!(found(&checked(&scenario(1, actors))), [("livelock", "spinner goes round")]);
}

/// One takes and gives a lock for ever; one waits for it.
fn contended(wait: impl Fn(&dyn Machine, Place) + Send + Sync + 'static) -> Scenario {
    let greedy = Actor::new("greedy", |m| {
        again(m, label("for ever"), (), |()| {
            lock(m, A);
            unlock(m, A);
            Flow::<(), ()>::Again(())
        });
        0
    });
    let waiting = Actor::new("waiting", move |m| {
        wait(m, A);
        unlock(m, A);
        0
    });
    scenario(1, vec![greedy.daemon(), waiting])
}

#[test]
fn a_lock_that_is_granted_again_and_again_is_got_in_the_end() {
    assert_eq!(found(&checked(&contended(lock))), []);
    // A trylock is always possible, and may fail each time.
    assert_eq!(found(&checked(&contended(spin))), [("livelock", "waiting goes round")]);
}

/// A fault can be undone as often as the evictor likes.
fn faults(evictor: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static, looks: bool) -> Scenario {
    let writer = Actor::new("write", move |m| {
        again(m, label("retry"), (), |()| {
            if looks && load(m, STOP) != 0 {
                return Flow::Done(());
            }
            store(m, A, 1);
            if load(m, A) != 0 { Flow::Done(()) } else { Flow::Again(()) }
        });
        0
    });
    let signal = Actor::new("signal", |m| {
        store(m, STOP, 1);
        0
    });
    let evict = Actor::new("evict", evictor).daemon().adversary();
    let mut scenario = scenario(3, vec![writer, signal, evict]);
    scenario.killed = Some(Arc::new(|memory| memory.peek(STOP) != 0));
    scenario
}

fn evict_for_ever(m: &dyn Machine) -> Word {
    again(m, label("evict"), (), |()| {
        store(m, A, 0);
        Flow::<(), ()>::Again(())
    });
    0
}

#[test]
fn what_only_an_adversary_keeps_going_is_no_livelock_but_must_end_when_killed() {
    let deaf = checked(&faults(evict_for_ever, false));
    assert_eq!(found(&deaf), [("unkillable", "write goes round")]);
    let movers = deaf.bad[0].schedule.events.iter().skip_while(|e| e.kind != EventKind::Cycle);
    let mut movers: Vec<&str> = movers.map(|e| e.actor.as_str()).filter(|a| !a.is_empty()).collect();
    movers.sort_unstable();
    movers.dedup();
    assert_eq!(movers, ["evict", "write"]);
    assert_eq!(found(&checked(&faults(evict_for_ever, true))), []);
    // An evictor that comes once can't keep anybody.
    let once = |m: &dyn Machine| {
        store(m, A, 0);
        0
    };
    assert_eq!(found(&checked(&faults(once, false))), []);
}

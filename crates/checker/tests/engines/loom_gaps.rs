//! loom by itself ends early on some programs, and the engine on it does not.
//!
//! loom 0.7.3 remembers only the last access to an atomic. Where a thread loads a cell before it stores to
//! it, its own load is the last access, and hides an earlier load of another thread: loom never tries the
//! store before that load. It finishes, says nothing, and an irrelevant load more makes it miss what it
//! found before. (Its issues #166 and #392.)
//!
//! These tests run the same programs on bare loom, in the explicit engine and in ours on loom. **If one
//! fails because bare loom finds everything, loom was mended:** drop `Ordered::accesses` in
//! `src/on_loom/medium.rs`, see that the tests of agreement still pass, and drop these.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::common::{label, load, store};
use checker::{explicit, on_loom};
use loom::sync::atomic::{AtomicU64, Ordering};
use machine::{Action, Order, Place, Step, Word};
use scenario::{Actor, Coverage, Scenario};

#[derive(Clone, Copy)]
enum Op {
    Load,
    Store(Word),
    Swap(Word),
}

/// A straight program on one cell: all loads and swaps of an actor, as the digits of a number.
type Program = &'static [&'static [Op]];

/// Whether the first actor can load what the second stores; the load that comes before is irrelevant.
const STORE: Program = &[&[Op::Load], &[Op::Store(1)]];
const LOAD_THEN_STORE: Program = &[&[Op::Load], &[Op::Load, Op::Store(1)]];
/// The same with a read-modify-write.
const SWAP: Program = &[&[Op::Load], &[Op::Swap(1)]];
const LOAD_THEN_SWAP: Program = &[&[Op::Load], &[Op::Load, Op::Swap(1)]];

/// What the actors read.
type Results = BTreeSet<Vec<Word>>;

fn on_bare_loom(program: Program) -> Results {
    let results = Arc::new(Mutex::new(Results::new()));
    let all = results.clone();
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.preemption_bound = None;
    builder.check(move || {
        let cell = Arc::new(AtomicU64::new(0));
        let spawn = |ops: &'static [Op]| {
            let cell = cell.clone();
            loom::thread::spawn(move || {
                ops.iter().fold(0, |read, op| match *op {
                    Op::Load => read * 10 + cell.load(Ordering::Relaxed),
                    Op::Swap(value) => read * 10 + cell.swap(value, Ordering::Relaxed),
                    Op::Store(value) => {
                        cell.store(value, Ordering::Relaxed);
                        read
                    }
                })
            })
        };
        let threads: Vec<_> = program.iter().map(|ops| spawn(ops)).collect();
        let read = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        all.lock().expect("no panic").insert(read);
    });
    results.lock().expect("no panic").clone()
}

fn scenario(program: Program) -> Scenario {
    let actors = program.iter().zip(["a", "b"]).map(|(ops, name)| {
        Actor::new(name, move |m| {
            ops.iter().fold(0, |read, op| match *op {
                Op::Load => read * 10 + load(m, Place(0)),
                Op::Swap(value) => {
                    let mask = Word::MAX;
                    let (at, order) = (Place(0), Order::Relaxed);
                    let swap = Action::Change { at, clear: mask, set: value, mask, order };
                    read * 10 + m.perform(Step::new(swap, label("swap")))
                }
                Op::Store(value) => {
                    store(m, Place(0), value);
                    read
                }
            })
        })
    });
    crate::common::scenario(1, actors.collect())
}

fn explicitly(program: Program) -> Results {
    let (outcome, rests) =
        explicit::explore(&scenario(program), &explicit::Options::default()).expect("a sound model");
    assert_eq!(outcome.coverage, Coverage::Exhausted);
    rests.into_iter().map(|(_, returned)| returned).collect()
}

fn on_our_loom(program: Program, mode: on_loom::Mode) -> Results {
    let options = on_loom::Options { mode, ..on_loom::Options::default() };
    let (outcome, rests) = on_loom::explore(&scenario(program), &options);
    assert_eq!(outcome.coverage, Coverage::Exhausted, "{}", outcome.remark);
    rests.into_iter().map(|(_, returned)| returned).collect()
}

/// Bare loom finds everything without the irrelevant load, and less with it.
fn shows_the_gap(without: Program, with: Program, missed: &[Word]) {
    assert_eq!(on_bare_loom(without), explicitly(without), "without the irrelevant load");
    let all = explicitly(with);
    let bare = on_bare_loom(with);
    let missing: Vec<_> = all.difference(&bare).collect();
    assert_eq!(missing, [missed], "what bare loom misses: if nothing, see the head of this file");
    assert_eq!(on_our_loom(with, on_loom::Mode::KernelOrders), all);
    assert_eq!(on_our_loom(with, on_loom::Mode::SequentiallyConsistent), all);
}

#[test]
fn bare_loom_misses_a_store_after_an_irrelevant_load() {
    shows_the_gap(STORE, LOAD_THEN_STORE, &[1, 0]);
}

#[test]
fn bare_loom_misses_a_read_modify_write_after_an_irrelevant_load() {
    shows_the_gap(SWAP, LOAD_THEN_SWAP, &[1, 0]);
}

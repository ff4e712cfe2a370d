//! Litmus tests: which outcomes each of loom's modes shows.

use std::collections::BTreeSet;

use crate::common::label;
use checker::on_loom::{Mode, Options, explore};
use machine::{Action, Field, Machine, Order, Place, Step, Word};
use scenario::{Actor, Coverage, Scenario};

const X: Place = Place(0);
const Y: Place = Place(1);

fn load(m: &dyn Machine, at: Place, order: Order) -> Word {
    m.perform(Step::new(Action::Load { at, mask: Word::MAX, order }, label("load")))
}

fn store(m: &dyn Machine, at: Place, value: Word, order: Order) {
    m.perform(Step::new(Action::Store { at, value, order }, label("store")));
}

fn fence(m: &dyn Machine, order: Order) {
    m.perform(Step::new(Action::Fence { order }, label("fence")));
}

fn set_bit(m: &dyn Machine, at: Place, order: Order) -> Word {
    let set = Action::Change { at, clear: 0, set: 1, mask: 1, order };
    m.perform(Step::new(set, label("set_bit")))
}

/// What the actors return.
fn outcomes(scenario: &Scenario, mode: Mode) -> BTreeSet<Vec<Word>> {
    let (outcome, rests) = explore(scenario, &Options { mode, ..Options::default() });
    assert_eq!(outcome.coverage, Coverage::Exhausted, "{}", outcome.remark);
    rests.into_iter().map(|(_, returned)| returned).collect()
}

fn shows(scenario: &Scenario, mode: Mode, returned: &[Word]) -> bool {
    outcomes(scenario, mode).contains(returned)
}

fn pair(
    a: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static,
    b: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static,
) -> Scenario {
    crate::common::scenario(4, vec![Actor::new("a", a), Actor::new("b", b)])
}

/// Message passing: whether the flag can be seen without the data.
fn message_passing(
    publish: impl Fn(&dyn Machine) + Send + Sync + 'static,
    see: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static,
) -> Scenario {
    pair(
        move |m| {
            store(m, X, 1, Order::Relaxed);
            publish(m);
            0
        },
        move |m| {
            let flag = see(m);
            flag * 2 + load(m, X, Order::Relaxed)
        },
    )
}

/// The flag without the data.
const WEAK: [Word; 2] = [0, 2];

#[test]
fn message_passing_needs_both_orders() {
    let relaxed = || message_passing(|m| store(m, Y, 1, Order::Relaxed), |m| load(m, Y, Order::Relaxed));
    assert!(shows(&relaxed(), Mode::KernelOrders, &WEAK));
    assert!(!shows(&relaxed(), Mode::SequentiallyConsistent, &WEAK));
    let released = message_passing(|m| store(m, Y, 1, Order::Release), |m| load(m, Y, Order::Relaxed));
    assert!(shows(&released, Mode::KernelOrders, &WEAK));
    let acquired = message_passing(|m| store(m, Y, 1, Order::Relaxed), |m| load(m, Y, Order::Acquire));
    assert!(shows(&acquired, Mode::KernelOrders, &WEAK));
    let both = message_passing(|m| store(m, Y, 1, Order::Release), |m| load(m, Y, Order::Acquire));
    assert!(!shows(&both, Mode::KernelOrders, &WEAK));
    // Nothing else is lost.
    let all = BTreeSet::from([vec![0, 0], vec![0, 1], vec![0, 3]]);
    assert_eq!(outcomes(&both, Mode::KernelOrders), all);
    assert_eq!(outcomes(&relaxed(), Mode::SequentiallyConsistent), all);
}

#[test]
fn message_passing_by_fences_and_bits() {
    let write = |m: &dyn Machine| {
        fence(m, Order::Release);
        store(m, Y, 1, Order::Relaxed);
    };
    let read = |m: &dyn Machine| {
        let flag = load(m, Y, Order::Relaxed);
        fence(m, Order::Acquire);
        flag
    };
    assert!(!shows(&message_passing(write, read), Mode::KernelOrders, &WEAK));
    let only_wmb = message_passing(write, |m| load(m, Y, Order::Relaxed));
    assert!(shows(&only_wmb, Mode::KernelOrders, &WEAK));
    // set_bit orders nothing, test_and_set_bit everything.
    let set = |order| {
        move |m: &dyn Machine| {
            set_bit(m, Y, order);
        }
    };
    let relaxed = message_passing(set(Order::Relaxed), |m| load(m, Y, Order::Acquire));
    assert!(shows(&relaxed, Mode::KernelOrders, &WEAK));
    let full = message_passing(set(Order::Full), |m| load(m, Y, Order::Acquire));
    assert!(!shows(&full, Mode::KernelOrders, &WEAK));
}

/// Store buffering: whether both miss the other's store.
fn store_buffering(between: impl Fn(&dyn Machine) + Clone + Send + Sync + 'static) -> Scenario {
    let other = between.clone();
    pair(
        move |m| {
            store(m, X, 1, Order::Relaxed);
            between(m);
            load(m, Y, Order::Relaxed)
        },
        move |m| {
            store(m, Y, 1, Order::Relaxed);
            other(m);
            load(m, X, Order::Relaxed)
        },
    )
}

#[test]
fn store_buffering_needs_full_fences() {
    assert!(shows(&store_buffering(|_| {}), Mode::KernelOrders, &[0, 0]));
    assert!(!shows(&store_buffering(|_| {}), Mode::SequentiallyConsistent, &[0, 0]));
    for order in [Order::Acquire, Order::Release] {
        let weak = store_buffering(move |m| fence(m, order));
        assert!(shows(&weak, Mode::KernelOrders, &[0, 0]), "{order:?}");
    }
    let full = store_buffering(|m| fence(m, Order::Full));
    let all = BTreeSet::from([vec![0, 1], vec![1, 0], vec![1, 1]]);
    assert_eq!(outcomes(&full, Mode::KernelOrders), all);
    assert_eq!(outcomes(&full, Mode::SequentiallyConsistent), all);
}

fn add(m: &dyn Machine, at: Place, order: Order) -> Word {
    m.perform(Step::new(Action::Add { at, value: 1, mask: Word::MAX, order }, label("add")))
}

fn compare_exchange(m: &dyn Machine, at: Place, order: Order) -> Word {
    m.perform(Step::new(
        Action::CompareExchange { at, expected: 0, new: 1, order },
        label("compare_exchange"),
    ))
}

#[test]
fn additions_and_exchanges_are_indivisible() {
    let one_each = BTreeSet::from([vec![0, 1], vec![1, 0]]);
    for mode in [Mode::KernelOrders, Mode::SequentiallyConsistent] {
        for order in [Order::Relaxed, Order::Acquire, Order::Release, Order::Full] {
            let added = pair(move |m| add(m, X, order), move |m| add(m, X, order));
            assert_eq!(outcomes(&added, mode), one_each, "{mode:?} {order:?}");
            let exchanged =
                pair(move |m| compare_exchange(m, X, order), move |m| compare_exchange(m, X, order));
            assert_eq!(outcomes(&exchanged, mode), one_each, "{mode:?} {order:?}");
        }
    }
}

#[test]
fn additions_and_exchanges_publish_as_their_order_says() {
    for word in [add, compare_exchange] {
        for (order, is_weak) in
            [(Order::Relaxed, true), (Order::Acquire, true), (Order::Release, false), (Order::Full, false)]
        {
            let publish = move |m: &dyn Machine| {
                word(m, Y, order);
            };
            let passing = message_passing(publish, |m| load(m, Y, Order::Acquire));
            assert_eq!(shows(&passing, Mode::KernelOrders, &WEAK), is_weak, "{order:?}");
            assert!(!shows(&passing, Mode::SequentiallyConsistent, &WEAK));
        }
    }
}

#[test]
fn a_full_read_modify_write_is_a_fence() {
    // Each on a cell of its own, so that only the order counts. It must be one that loom is told of.
    let scenario = |order| {
        let with = move |mine: Place, other: Place| {
            move |m: &dyn Machine| {
                store(m, mine, 1, Order::Relaxed);
                set_bit(m, Place(2), order);
                load(m, other, Order::Relaxed)
            }
        };
        pair(with(X, Y), with(Y, X))
    };
    assert!(shows(&scenario(Order::Relaxed), Mode::KernelOrders, &[0, 0]));
    assert!(!shows(&scenario(Order::Full), Mode::KernelOrders, &[0, 0]));
}

/// A fence is tried in every order with other fences, though loom takes no scheduling point at one.
#[test]
fn a_fence_can_come_late() {
    let scenario = pair(
        |m| {
            store(m, X, 1, Order::Relaxed);
            store(m, Y, 1, Order::Relaxed);
            fence(m, Order::Full);
            0
        },
        |m| {
            let y = load(m, Y, Order::Relaxed);
            fence(m, Order::Full);
            y * 2 + load(m, X, Order::Relaxed)
        },
    );
    assert!(shows(&scenario, Mode::KernelOrders, &WEAK));
    assert!(!shows(&scenario, Mode::SequentiallyConsistent, &WEAK));
}

/// A lock orders what it protects; without the release in the unlock it does not.
#[test]
fn a_lock_is_as_good_as_its_orders() {
    let locked = |release: Order| {
        let body = move |m: &dyn Machine| {
            let take = Action::Await { at: Y, mask: 1, clear: 0, set: 1, order: Order::Acquire };
            m.perform(Step::new(take, label("lock")));
            let seen = load(m, X, Order::Relaxed);
            store(m, X, seen + 1, Order::Relaxed);
            let give = Action::Change { at: Y, clear: 1, set: 0, mask: 0, order: release };
            m.perform(Step::new(give, label("unlock")));
            seen
        };
        pair(body, body)
    };
    let one_after_the_other = BTreeSet::from([vec![0, 1], vec![1, 0]]);
    assert_eq!(outcomes(&locked(Order::Release), Mode::KernelOrders), one_after_the_other);
    assert_eq!(outcomes(&locked(Order::Release), Mode::SequentiallyConsistent), one_after_the_other);
    assert!(shows(&locked(Order::Relaxed), Mode::KernelOrders, &[0, 0]));
}

/// What a page-table entry names is loaded after the entry: an address dependency.
#[test]
fn a_copy_sees_the_frame_that_the_entry_was_set_for() {
    const ENTRY: Place = Place(1);
    const TO: Place = Place(2);
    let scenario = pair(
        |m| {
            store(m, X, 1, Order::Relaxed);
            store(m, ENTRY, 1, Order::Release);
            0
        },
        |m| {
            let copy = Action::CopyUser {
                entry: ENTRY,
                need: 1,
                frame: Field { shift: 1, width: 1 },
                frames: X,
                stride: 1,
                unit: 0,
                to: TO,
            };
            let copied = m.perform(Step::new(copy, label("copy")));
            copied * 2 + load(m, TO, Order::Relaxed)
        },
    );
    let all = BTreeSet::from([vec![0, 0], vec![0, 3]]);
    assert_eq!(outcomes(&scenario, Mode::KernelOrders), all);
    assert_eq!(outcomes(&scenario, Mode::SequentiallyConsistent), all);
}

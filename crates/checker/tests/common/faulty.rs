//! Small scenarios with a known fault, and what was found.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Label, Machine, Place, Word};
use scenario::{Actor, Check, Kind, Outcome, Property, Scenario};

use super::{load, lock, scenario, store, unlock};

/// Adds 1 to cell 0, in two steps.
pub(crate) fn increment(m: &dyn Machine) -> Word {
    let value = load(m, Place(0));
    store(m, Place(0), value + 1);
    0
}

/// So many actors, at most six, that each increment once.
pub(crate) fn increments(actors: usize) -> Scenario {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    scenario(1, NAMES[..actors].iter().map(|name| Actor::new(name, increment)).collect())
}

/// In the end cell 0 is to be this.
pub(crate) fn lost_update(expected: Word) -> Property {
    Property {
        id: "lost-update",
        sentence: "an increment is lost",
        source: "folklore",
        effect: "",
        kind: Kind::Finally,
        promised: true,
        check: Check::Final(Arc::new(move |memory, _, broken| {
            let value = memory.peek(Place(0));
            if value != expected {
                broken(Label::new("counter", &[value as i32]));
            }
        })),
    }
}

/// Two locks in two orders.
pub(crate) fn deadlocked() -> Scenario {
    let body = |first: Place, second: Place| {
        move |m: &dyn Machine| {
            lock(m, first);
            lock(m, second);
            unlock(m, second);
            unlock(m, first);
            0
        }
    };
    let a = Actor::new("a", body(Place(0), Place(1)));
    let b = Actor::new("b", body(Place(1), Place(0)));
    scenario(2, vec![a, b])
}

/// The bad states by property and witness.
pub(crate) fn keys(outcome: &Outcome) -> BTreeSet<(String, String)> {
    outcome.bad.iter().map(|b| (b.property.clone(), b.witness.clone())).collect()
}

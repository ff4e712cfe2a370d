//! Small scenarios and shorthands that the tests share.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

pub(crate) mod agreeing;
pub(crate) mod expected;
pub(crate) mod faulty;
pub(crate) mod following;
pub(crate) mod generating;
pub(crate) mod graph;
pub(crate) mod naive;
pub(crate) mod program;
pub(crate) mod replaying;
pub(crate) mod unmerged;

use std::sync::Arc;

use machine::{Action, Flow, Label, Layout, Machine, Order, Place, Step, Word, again, show_number};
use scenario::{Actor, Check, Initial, Kind, Property, Scenario};

pub(crate) fn label(name: &'static str) -> Label {
    Label::new(name, &[])
}

pub(crate) fn load(m: &dyn Machine, at: Place) -> Word {
    m.perform(Step::new(Action::Load { at, mask: Word::MAX, order: Order::Relaxed }, label("load")))
}

pub(crate) fn store(m: &dyn Machine, at: Place, value: Word) {
    m.perform(Step::new(Action::Store { at, value, order: Order::Relaxed }, label("store")));
}

/// Takes bit 0 of a cell.
pub(crate) fn lock(m: &dyn Machine, at: Place) {
    let take = Action::Await { at, mask: 1, clear: 0, set: 1, order: Order::Acquire };
    m.perform(Step::new(take, Label::new("lock", &[at.index() as i32])));
}

pub(crate) fn trylock(m: &dyn Machine, at: Place) -> bool {
    let take = Action::Try { at, mask: 1, clear: 0, set: 1, order: Order::Acquire };
    m.perform(Step::new(take, Label::new("trylock", &[at.index() as i32]))) != 0
}

pub(crate) fn unlock(m: &dyn Machine, at: Place) {
    let give = Action::Change { at, clear: 1, set: 0, mask: 0, order: Order::Release };
    m.perform(Step::new(give, Label::new("unlock", &[at.index() as i32])));
}

/// A property that is promised, of which nothing is told but its name.
pub(crate) fn property(id: &'static str, kind: Kind, check: Check) -> Property {
    Property { id, sentence: "", source: "", effect: "", kind, promised: true, check }
}

/// A scenario over `cells` numbers of 8 bits that start as 0.
pub(crate) fn scenario(cells: usize, actors: Vec<Actor>) -> Scenario {
    let mut layout = Layout::new();
    layout.array(cells, 8, show_number, |i| format!("cell {i}"));
    Scenario {
        name: "test".to_owned(),
        sentence: String::new(),
        initial: vec![Initial { name: "zero".to_owned(), cells: vec![0; cells] }],
        layout,
        actors,
        views: Vec::new(),
        properties: Vec::new(),
        reachable: Vec::new(),
        ending: None,
        killed: None,
        final_state: None,
        facts: None,
        grounds: None,
        assumptions: None,
        picture: Arc::new(|_| String::new()),
    }
}

/// `processes` that each do `rounds` unlocked read-then-write increments of one counter.
pub(crate) fn counter(processes: usize, rounds: u8) -> Scenario {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let increment = move |m: &dyn Machine| {
        again(m, label("increments"), 0_u8, |done| {
            let value = load(m, Place(0));
            store(m, Place(0), value + 1);
            if done + 1 < rounds { Flow::Again(done + 1) } else { Flow::Done(0_u8) }
        });
        // To see that all rounds are done is a step, as `while` is in PlusCal.
        m.perform(Step::new(Action::Fence { order: Order::Relaxed }, label("done")));
        0
    };
    scenario(1, NAMES[..processes].iter().map(|name| Actor::new(name, increment)).collect())
}

/// The same actors, known to do the same as the first one does.
pub(crate) fn alike(mut scenario: Scenario) -> Scenario {
    let first = scenario.actors[0].body.clone();
    scenario.actors.iter_mut().for_each(|actor| actor.body = first.clone());
    scenario
}

//! Kernel words of a toy: what happens in this file is inside of a word.

use crate::common::label;
use machine::{Action, Machine, Order, Place, Step, Word, again, call};

pub(crate) const LOCK: Place = Place(0);
pub(crate) const DATA: Place = Place(1);
pub(crate) const FLAGS: Place = Place(2);
pub(crate) const HANDLES: Place = Place(3);

#[track_caller]
pub(crate) fn load(m: &dyn Machine, at: Place, mask: Word, name: &'static str) -> Word {
    m.perform(Step::new(Action::Load { at, mask, order: Order::Relaxed }, label(name)))
}

#[track_caller]
pub(crate) fn store(m: &dyn Machine, at: Place, value: Word, name: &'static str) {
    m.perform(Step::new(Action::Store { at, value, order: Order::Relaxed }, label(name)));
}

#[track_caller]
pub(crate) fn change(
    m: &dyn Machine,
    at: Place,
    clear: Word,
    set: Word,
    mask: Word,
    name: &'static str,
) -> Word {
    m.perform(Step::new(Action::Change { at, clear, set, mask, order: Order::Full }, label(name)))
}

/// Takes a lock that tells its owner.
#[track_caller]
pub(crate) fn lock(m: &dyn Machine, owner: Word) {
    let take = Action::Await { at: LOCK, mask: 0b11, clear: 0, set: owner, order: Order::Acquire };
    m.perform(Step::new(take, label("lock")));
}

#[track_caller]
pub(crate) fn trylock(m: &dyn Machine, owner: Word) -> bool {
    let take = Action::Try { at: LOCK, mask: 0b11, clear: 0, set: owner, order: Order::Acquire };
    m.perform(Step::new(take, label("trylock"))) != 0
}

#[track_caller]
pub(crate) fn unlock(m: &dyn Machine, owner: Word) {
    let was = change(m, LOCK, 0b11, 0, 0b11, "unlock");
    assert!(was == owner, "unlocked, and not locked by this actor");
}

/// Waits for a commit (bit 2), takes a handle (bit `id`), and says that there is something to commit (bit 3).
#[track_caller]
pub(crate) fn start_handle(m: &dyn Machine, id: u32) -> u8 {
    call(m, label("start_handle"), || {
        let (mine, started) = (1 << id, 1 << 3);
        let mask = mine | 1 << 2;
        let take = Action::Await { at: HANDLES, mask, clear: 0, set: mine | started, order: Order::Acquire };
        m.perform(Step::new(take, label("wait_for_commit")));
        7
    })
}

#[track_caller]
pub(crate) fn stop_handle(m: &dyn Machine, id: u32) {
    call(m, label("stop_handle"), || {
        let was = change(m, HANDLES, 1 << id, 0, 0b11, "put_handle");
        assert!(was & (1 << id) != 0, "no handle is open");
    });
}

/// Copies what is at `from` in two steps, again if it was 0 meanwhile; gives what it copied.
#[track_caller]
pub(crate) fn copy(m: &dyn Machine, from: Place, to: Place) -> u8 {
    call(m, label("copy"), || {
        again(m, label("retry"), (), |()| {
            let value = load(m, from, Word::MAX, "load");
            store(m, to, value, "store");
            machine::Flow::Done(value as u8)
        })
    })
}

//! Steps in a few words, for the definitions of kernel words.

use machine::{Action, Label, Order, Place, Step, Word};

use crate::Task;

/// Reads the masked bits.
#[track_caller]
pub fn load(task: &Task, at: Place, mask: Word, order: Order, label: Label) -> Word {
    task.m.perform(Step::new(Action::Load { at, mask, order }, label).showing(machine::show_number))
}

/// Writes a word.
#[track_caller]
pub fn store(task: &Task, at: Place, value: Word, order: Order, label: Label) {
    task.m.perform(Step::new(Action::Store { at, value, order }, label));
}

/// Tests one bit.
#[track_caller]
pub fn test(task: &Task, at: Place, bit: Word, order: Order, label: Label) -> bool {
    let step = Step::new(Action::Load { at, mask: bit, order }, label);
    task.m.perform(step.showing(|bits| if bits == 0 { "no" } else { "yes" }.to_owned())) != 0
}

/// Sets bits, with nothing returned: `set_bit`.
#[track_caller]
pub fn set(task: &Task, at: Place, set: Word, label: Label) {
    change(task, at, 0, set, 0, Order::Relaxed, label);
}

/// Clears bits, with nothing returned: `clear_bit`.
#[track_caller]
pub fn clear(task: &Task, at: Place, clear: Word, label: Label) {
    change(task, at, clear, 0, 0, Order::Relaxed, label);
}

/// Clears a bit and tells whether it was set: `test_and_clear_bit`.
#[track_caller]
pub fn test_and_clear(task: &Task, at: Place, bit: Word, label: Label) -> bool {
    let step = Step::new(Action::Change { at, clear: bit, set: 0, mask: bit, order: Order::Full }, label);
    task.m.perform(step.showing(|bits| if bits == 0 { "no" } else { "yes" }.to_owned())) != 0
}

/// One read-modify-write; returns the masked old bits.
#[track_caller]
pub fn change(
    task: &Task,
    at: Place,
    clear: Word,
    set: Word,
    mask: Word,
    order: Order,
    label: Label,
) -> Word {
    task.m.perform(Step::new(Action::Change { at, clear, set, mask, order }, label))
}

/// Waits until the masked bits are 0, then clears and sets.
#[track_caller]
pub fn wait(task: &Task, at: Place, mask: Word, clear: Word, set: Word, order: Order, label: Label) {
    task.m.perform(Step::new(Action::Await { at, mask, clear, set, order }, label));
}

/// The same guard without waiting.
#[track_caller]
pub fn attempt(
    task: &Task,
    at: Place,
    mask: Word,
    clear: Word,
    set: Word,
    order: Order,
    label: Label,
) -> bool {
    let step = Step::new(Action::Try { at, mask, clear, set, order }, label);
    task.m.perform(step.showing(|done| if done == 0 { "no" } else { "yes" }.to_owned())) != 0
}

/// Copies one unit.
#[track_caller]
pub fn copy_unit(task: &Task, from: Place, to: Place, label: Label) {
    task.m.perform(Step::new(Action::Move { from, to }, label));
}

/// Orders the actor's accesses.
#[track_caller]
pub fn fence(task: &Task, order: Order, label: Label) {
    task.m.perform(Step::new(Action::Fence { order }, label));
}

/// Records a violation that the actor sees by itself.
#[track_caller]
pub fn report(task: &Task, property: &'static str, witness: Label) {
    task.m.perform(Step::new(Action::Report { property, witness }, witness));
}

/// Records that something happened.
#[track_caller]
pub fn reach(task: &Task, what: &'static str) {
    task.m.perform(Step::new(Action::Reach { what }, Label::new(what, &[])));
}

//! What a reader may find.
//!
//! A unit has a place in its page and a position in the file. A demand names the units that are fine.

use machine::{Action, Demand, Label, Order, Step, Word};
use page_state::steps::load;
use page_state::unit::ALL_BUT_STALE;
use page_state::{Folio, RETURNED_ERROR, Unit};

use crate::family::File;
use crate::kernel::{BehindEnd, Kernel, Request};

fn require(
    k: &Kernel,
    folio: Folio,
    (unit, position): (usize, usize),
    demands: [Option<(&'static str, u64)>; 2],
) {
    let block = position >> k.task.storage.geometry.block_shift;
    let witness = Label::new("block", &[block as i32]);
    let demand = |(property, among)| Demand { among, property, witness };
    let at = k.task.storage.unit(folio.frame, unit);
    let action = Action::Require { at, demands: demands.map(|d| d.map(demand)) };
    k.task.m.perform(Step::new(action, Label::new("copy_to_user", &[position as i32])));
}

/// What the user of the request wants at a position.
fn wanted(k: &Kernel, file: &File, request: Request, position: usize) -> Unit {
    let before = file.unit(&k.world.storage, position);
    k.world.source.wanted(k.task.storage.geometry, request, position, before)
}

/// What a second writer or a store through a mapping puts there.
fn second(k: &Kernel, position: usize) -> u64 {
    let writes = k.world.second.is_some_and(|request| request.holds(position));
    if writes || k.world.store == Some(position) { Unit::New { writer: 1, position }.alone() } else { 0 }
}

/// The same of those who are through: who found the disk full has not stored.
fn second_is_through(k: &Kernel, position: usize) -> u64 {
    match k.world.stored {
        Some(at) if k.world.store == Some(position) => {
            let stored = load(&k.task, at, 1, Order::Relaxed, Label::new("it was stored", &[])) != 0;
            if stored { second(k, position) } else { 0 }
        }
        _ => second(k, position),
    }
}

/// A reader beside the writer: old or new, each at its own position, and never somebody else's.
pub(super) fn observe(
    k: &Kernel,
    folio: Folio,
    (unit, position): (usize, usize),
    file: &File,
    request: Request,
) {
    let stale = Unit::Stale.alone();
    let before = file.unit(&k.world.storage, position).alone();
    let asked = if request.holds(position) { wanted(k, file, request, position).alone() } else { 0 };
    let new = asked | second(k, position);
    // A position beyond the old end is seen only because somebody raised the size: with the data there.
    let (property, among) = if position >= file.size && !k.world.truncates && new != 0 {
        ("early-size", new)
    } else if k.world.truncates {
        ("wrong-read", before | new | Unit::Zero.alone())
    } else {
        ("wrong-read", before | new)
    };
    let demands = [Some(("stale-read", ALL_BUT_STALE)), Some((property, among | stale))];
    require(k, folio, (unit, position), demands);
}

/// How many units the writer says that it wrote.
fn count(returned: Word) -> usize {
    match returned {
        0 | RETURNED_ERROR => 0,
        n => n as usize - 1,
    }
}

/// Whether somebody made the file longer after the write, and has written here or left a gap that no write filled: of
/// the write nothing is left, and a gap is zeros.
fn is_grown_over(
    k: &Kernel,
    position: usize,
    second: u64,
    (file, request, count): (&File, Request, usize),
) -> bool {
    let behind = position >= file.size && position >= request.pos + count;
    k.world.grows && (second != 0 || behind)
}

/// What a view may find, given what `write` returned.
pub(super) fn judge(
    k: &Kernel,
    folio: Folio,
    at: (usize, usize),
    (file, request, returned): (&File, Request, Word),
) {
    let stale = Unit::Stale.alone();
    let position = at.1;
    let second = second_is_through(k, position);
    // Whoever else writes there has done so.
    let before = if second == 0 { file.unit(&k.world.storage, position).alone() } else { second };
    let new = wanted(k, file, request, position).alone();
    let count = count(returned);
    let not_stale = Some(("stale-read", ALL_BUT_STALE));
    if let Some(BehindEnd { again, .. }) = k.world.behind_end
        && second != 0
    {
        let among = if again { second } else { Unit::Zero.alone() };
        let property = if again { "lost-write" } else { "exposed-behind-end" };
        return require(k, folio, at, [not_stale, Some((property, among | stale))]);
    }
    if is_grown_over(k, position, second, (file, request, count)) {
        require(k, folio, at, [not_stale, Some(("wrong-read", before | stale))]);
    } else if k.world.truncates {
        let zero = Unit::Zero.alone();
        require(k, folio, at, [not_stale, Some(("wrong-read", before | new | zero | stale))]);
    } else if !request.holds(position) {
        require(k, folio, at, [not_stale, Some(("wrong-read", before | stale))]);
    } else if position < request.pos + count {
        require(k, folio, at, [not_stale, Some(("lost-write", new | second | stale))]);
    } else {
        require(k, folio, at, [not_stale, Some(("phantom-write", before | new | stale))]);
        if before != new {
            require(k, folio, at, [Some(("visible-beyond-return", !new)), None]);
        }
    }
}

/// After a crash: old or new, zeros where a write began, and never somebody else's.
pub(super) fn observe_recovered(
    k: &Kernel,
    folio: Folio,
    at: (usize, usize),
    (file, request, returned): (&File, Request, Word),
) {
    let position = at.1;
    let second = second(k, position);
    // What was stored behind the end may be there only if it was stored once more.
    // Not reached: of stores behind the end nobody asks what a crash leaves.
    if let Some(BehindEnd { again: false, .. }) = k.world.behind_end
        && second != 0
    {
        let among = Unit::Zero.alone() | Unit::Stale.alone();
        let demands = [Some(("stale-on-disk", ALL_BUT_STALE)), Some(("exposed-behind-end", among))];
        return require(k, folio, at, demands);
    }
    let mut among = file.unit(&k.world.storage, position).alone() | Unit::Stale.alone() | second;
    let grown_over = is_grown_over(k, position, 0, (file, request, count(returned)));
    if request.holds(position) && !grown_over {
        among |= wanted(k, file, request, position).alone();
    }
    if k.world.truncates {
        among |= Unit::Zero.alone();
    }
    require(k, folio, at, [Some(("stale-on-disk", ALL_BUT_STALE)), Some(("wrong-read", among))]);
}

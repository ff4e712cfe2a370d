//! Prefault and atomic copy: what a write path does with its source (`lib/iov_iter.c`,
//! `include/linux/pagemap.h`).

use machine::{Action, Label, Step, call};
use page_state::Folio;
use page_state::steps::reach;
use page_state::unit::ALL_BUT_STALE;

use crate::address_space::AddressSpace;
use crate::handler::{Address, User, get_user, split};
use crate::iov_iter::{IovIter, Segment};

/// Touches the first unit of the current segment and, if it is in another page, the last of the `len` units
/// (`fault_in_pages_readable`, `iov_iter_fault_in_readable` until v4.7). Nothing is touched in between,
/// nor in other segments. Tells whether all that was touched could be read.
#[track_caller]
pub fn fault_in_pages_readable(user: &User, source: IovIter, len: usize) -> bool {
    let storage = user.task.storage;
    let Segment { base, len: rest } = source.remaining().next().unwrap_or(Segment { base: 0, len: 0 });
    let len = len.min(rest);
    call(user.task.m, Label::new("fault_in_pages_readable", &[len as i32]), || {
        if len == 0 {
            return true;
        }
        let last = base + len - 1;
        if !get_user(user, base) {
            return false;
        }
        split(storage, base).0 == split(storage, last).0 || get_user(user, last)
    })
}

/// The pages that the next `len` units of the source lie in, segment by segment: the first unit of each,
/// and how many units are left from there on.
fn pages(user: &User, source: IovIter, len: usize) -> Vec<(Address, usize)> {
    let units = user.task.storage.geometry.page_units();
    let mut left = len.min(source.count());
    let mut all = Vec::new();
    for Segment { base, len } in source.remaining() {
        let end = base + len.min(left);
        let mut at = base;
        while at < end {
            all.push((at, left));
            let next = ((at / units + 1) * units).min(end);
            left -= next - at;
            at = next;
        }
    }
    all
}

/// Touches every page of every segment (`iov_iter_fault_in_readable`, v4.8 to v5.15). Tells whether all
/// of them could be read.
#[track_caller]
pub fn fault_in_multipages_readable(user: &User, source: IovIter, len: usize) -> bool {
    call(user.task.m, Label::new("fault_in_multipages_readable", &[len as i32]), || {
        pages(user, source, len).into_iter().all(|(at, _)| get_user(user, at))
    })
}

/// Touches the first unit of the source, then the first of each following page, until one can't be read
/// (`fault_in_iov_iter_readable`, since v5.16). Returns how many units are not known to be readable.
#[track_caller]
pub fn fault_in_iov_iter_readable(user: &User, source: IovIter, len: usize) -> usize {
    let left = call(user.task.m, Label::new("fault_in_iov_iter_readable", &[len as i32]), || {
        let hopeless = pages(user, source, len).into_iter().find(|&(at, _)| !get_user(user, at));
        hopeless.map_or(0, |(_, left)| left as u8)
    });
    usize::from(left)
}

/// Copies the source's units at `addresses` to the page with page faults off, up to the first that is
/// absent, and returns how many it copied (`iov_iter_copy_from_user_atomic`,
/// `copy_folio_from_iter_atomic`). What is behind them stays as it was.
///
/// One unit is one step, see [`Action::CopyUser`].
#[track_caller]
pub fn copy_from_user_atomic(user: &User, addresses: &[Address], folio: Folio, to: usize) -> usize {
    let (task, mm, len) = (&user.task, user.mm, addresses.len());
    let copied = call(task.m, Label::new("copy_from_user_atomic", &[len as i32]), || {
        let copy = |units: std::ops::Range<usize>| {
            units.take_while(|&i| copy_unit(user, addresses[i], folio, to + i)).count()
        };
        // Where a unit faults, the hardware may have given up anywhere before it, behind the first unit.
        let limit = if mm.stops_early && len > 1 {
            let label = Label::new("units left for later", &[]);
            let step = Step::new(Action::Choose { of: len as u8 }, label);
            len - task.m.perform(step.showing(machine::show_number)) as usize
        } else {
            len
        };
        let mut copied = copy(0..limit);
        if copied == limit && !addresses[limit..].iter().any(|&address| would_fault(user, address)) {
            copied += copy(limit..len);
        }
        if copied < len {
            reach(task, "short copy");
        }
        copied as u8
    });
    usize::from(copied)
}

fn copy_unit(user: &User, address: Address, folio: Folio, to: usize) -> bool {
    let (task, mm) = (&user.task, user.mm);
    let storage = task.storage;
    let (page, unit) = split(storage, address);
    if page >= mm.pages.len() {
        return false;
    }
    let target = storage.unit(folio.frame, to);
    let action = Action::CopyUser {
        entry: mm.entry(page),
        need: AddressSpace::need(unit),
        frame: AddressSpace::frame_field(),
        frames: storage.first_unit(),
        stride: storage.geometry.page_units() as u16,
        unit: unit as u16,
        to: target,
    };
    let step = Step::new(action, Label::new("copy_unit", &[to as i32]));
    let copied = task.m.perform(step.showing(|done| if done == 0 { "fault" } else { "" }.to_owned())) != 0;
    if copied && mm.watched {
        not_somebody_elses(user, target, to);
    }
    copied
}

/// Whether an access to the unit would fault now.
fn would_fault(user: &User, address: Address) -> bool {
    let (task, mm) = (&user.task, user.mm);
    let (page, unit) = split(task.storage, address);
    let need = AddressSpace::need(unit);
    let label = Label::new("probe", &[address as i32]);
    page >= mm.pages.len()
        || page_state::steps::load(task, mm.entry(page), need, machine::Order::Relaxed, label) != need
}

/// What was copied is the user's, if the page was mapped when it was copied: an unmapped page's frame
/// is somebody else's.
fn not_somebody_elses(user: &User, at: machine::Place, unit: usize) {
    let property = "copy-after-unmap";
    let witness = Label::new("unit", &[unit as i32]);
    let demand = machine::Demand { among: ALL_BUT_STALE, property, witness };
    let action = Action::Require { at, demands: [Some(demand), None] };
    user.task.m.perform(Step::new(action, Label::new("watch", &[unit as i32])));
}

//! One round of the loop, and what callers of their own share with it.

use fault::{Address, IovIter, copy_from_user_atomic};
use machine::{Label, Order, Word, call};
use page_state::Folio;
use page_state::folio::folio_test_uptodate;
use page_state::steps::{reach, report, test};

use crate::file_system::FileSystem;
use crate::generic::filemap::filemap_fault;
use crate::kernel::{Caller, Errno, Kernel};
use crate::mutants;

/// The copy with faults off, as the architecture does it. What a copy that lost count has written stays.
fn copy_once(k: &Kernel, fs: &dyn FileSystem, addresses: &[Address], folio: Folio, to: usize) -> usize {
    // Not reached: the copy has faults off.
    let fault = |index| filemap_fault(k, fs, index);
    let copied = copy_from_user_atomic(&k.user(&fault), addresses, folio, to);
    if copied < addresses.len() && k.world.setting.partial_copy_is_lost { 0 } else { copied }
}

/// The copy with faults off. Since v6.18 it tries again from where it stopped, until it copies nothing.
#[track_caller]
pub fn copy_atomic(k: &Kernel, fs: &dyn FileSystem, addresses: &[Address], folio: Folio, to: usize) -> usize {
    if k.world.setting.caller < Caller::V6_18 {
        return copy_once(k, fs, addresses, folio, to);
    }
    let copied = machine::again(k.task.m, Label::new("copy_folio_from_iter_atomic", &[]), 0_u8, |copied| {
        let done = usize::from(copied);
        let more = copy_once(k, fs, &addresses[done..], folio, to + done) as u8;
        let copied = copied + more;
        if more == 0 || usize::from(copied) == addresses.len() {
            machine::Flow::Done(copied)
        } else {
            machine::Flow::Again(copied)
        }
    });
    usize::from(copied)
}

/// One round: `write_begin`, the copy with faults off, `write_end`. Gives what was committed and what
/// was copied.
pub(super) fn write_once(
    k: &Kernel,
    fs: &dyn FileSystem,
    at: usize,
    bytes: usize,
    source: IovIter,
) -> Result<(u8, u8), Errno> {
    let m = k.task.m;
    call(m, Label::new("write_once", &[at as i32, bytes as i32]), || {
        if k.world.setting.caller.looks_for_signals() && fatal_signal_pending(k) {
            return Err(Errno::Eintr);
        }
        let folio = fs.write_begin(k, at, bytes)?;
        let to = at % k.task.storage.geometry.page_units();
        mutants::before_copy(k, fs, (at, bytes), source);
        let mut copied = copy_atomic(k, fs, &source.addresses(bytes), folio, to);
        mutants::after_copy(k, folio, to + copied, to + bytes);
        if k.world.setting.short_is_zero && copied < bytes && !folio_test_uptodate(&k.task, folio) {
            copied = 0;
        }
        let committed = fs.write_end(k, at, bytes, copied, folio)?;
        let committed = mutants::after_write_end(k, (at, bytes), committed);
        // Not reached: left to the deliberate fault ReturnsLength.
        if committed > copied {
            report(&k.task, "bad-return", Label::new("write_end takes more than was copied", &[]));
        }
        if committed == bytes {
            reach(&k.task, "full copy");
        }
        Ok((committed as u8, copied as u8))
    })
}

/// `fatal_signal_pending(current)`, where the scenario has signals.
#[track_caller]
pub fn fatal_signal_pending(k: &Kernel) -> bool {
    let label = Label::new("fatal_signal_pending", &[]);
    let look = |at| test(&k.task, at, Word::MAX, Order::Relaxed, label);
    k.world.signal.is_some_and(look)
}

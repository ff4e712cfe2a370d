//! `generic_perform_write` (`mm/filemap.c`), in the orders that history knows.

use fault::{
    copy_from_user_atomic, copy_translating_once, fault_in_iov_iter_readable, fault_in_pages_readable,
};
use machine::{Flow, Label, Order, Word, again, call};
use page_state::folio::{folio_test_uptodate, folio_zero_segment};
use page_state::inode::i_size_write;
use page_state::steps::{reach, report, test};

use super::filemap::filemap_fault;
use crate::Mutant;
use crate::kernel::{Errno, FileSystem, Kernel, Prefault, Request};

/// Writes what the source holds to the file; gives how much it wrote, or the error if that is nothing.
#[track_caller]
pub fn generic_perform_write(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Result<usize, Errno> {
    let Request { pos, len } = request;
    let written = call(k.task.m, Label::new("generic_perform_write", &[pos as i32, len as i32]), || {
        let (written, status) = match k.world.setting.prefault {
            Prefault::First | Prefault::AfterEmptyCopy => until_v5_13(k, fs, request),
            Prefault::AfterEmptyCopyV6_14 => since_v6_14(k, fs, request),
        };
        match status {
            Some(error) if written == 0 => Err(error),
            _ => Ok(written),
        }
    });
    written.map(usize::from)
}

type Ended = (u8, Option<Errno>);

/// v2.6.26 to v5.13, and 998ef75ddb: all that remains of the page in each round.
fn until_v5_13(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    let first = k.world.setting.prefault == Prefault::First;
    let prefault = |written: u8| {
        let fault = || filemap_fault(k, fs);
        let from = k.world.source_start(request) + usize::from(written);
        fault_in_pages_readable(&k.user(&fault), from, len - usize::from(written))
    };
    again(k.task.m, Label::new("again", &[]), 0_u8, |written| {
        let (at, bytes) = (pos + usize::from(written), len - usize::from(written));
        if first && !k.mutated(Mutant::NoPrefault) && !prefault(written) {
            return Flow::Done((written, Some(Errno::Efault)));
        }
        let committed =
            match write_once(k, fs, at, bytes, k.world.source_start(request) + usize::from(written)) {
                Ok((committed, _)) => committed,
                Err(error) => return Flow::Done((written, Some(error))),
            };
        if committed == 0 {
            if !first && !k.mutated(Mutant::NoPrefault) && !prefault(written) {
                return Flow::Done((written, Some(Errno::Efault)));
            }
            return Flow::Again(written);
        }
        let written = written + committed;
        if usize::from(written) == len { Flow::Done((written, None)) } else { Flow::Again(written) }
    })
}

/// v6.14: the source is faulted in only where a copy came to nothing, and what `write_end` rejects is
/// tried again with what was copied.
fn since_v6_14(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    again(k.task.m, Label::new("retry", &[]), (0_u8, len as u8), |(written, bytes)| {
        let (at, from) = (pos + usize::from(written), k.world.source_start(request) + usize::from(written));
        let (committed, copied) = match write_once(k, fs, at, usize::from(bytes), from) {
            Ok(result) => result,
            Err(error) => return Flow::Done((written, Some(error))),
        };
        let left = len as u8 - written;
        if committed > 0 {
            let written = written + committed;
            let left = left - committed;
            return if left == 0 { Flow::Done((written, None)) } else { Flow::Again((written, left)) };
        }
        if copied > 0 {
            return Flow::Again((written, copied));
        }
        let fault = || filemap_fault(k, fs);
        let user = k.user(&fault);
        let hopeless = !k.mutated(Mutant::NoPrefault)
            && fault_in_iov_iter_readable(&user, from, usize::from(bytes)) == usize::from(bytes);
        if hopeless {
            return Flow::Done((written, Some(Errno::Efault)));
        }
        Flow::Again((written, left))
    })
}

/// One round: `write_begin`, the copy with faults off, `write_end`. Gives what was committed and what
/// was copied.
fn write_once(
    k: &Kernel,
    fs: &dyn FileSystem,
    at: usize,
    bytes: usize,
    from: usize,
) -> Result<(u8, u8), Errno> {
    let m = k.task.m;
    call(m, Label::new("write_once", &[at as i32, bytes as i32]), || {
        if !k.mutated(Mutant::SignalsAreIgnored) && fatal_signal_pending(k) {
            return Err(Errno::Eintr);
        }
        let folio = fs.write_begin(k, at, bytes)?;
        let fault = || filemap_fault(k, fs);
        let user = k.user(&fault);
        let to = at % k.task.storage.geometry.page_units();
        if k.mutated(Mutant::PrefaultUnderPageLock) || k.mutated(Mutant::PrefaultOfItselfUnderPageLock) {
            fault_in_pages_readable(&user, from, bytes);
        }
        if k.mutated(Mutant::SizeBeforeCopy) {
            i_size_write(&k.task, at + bytes);
        }
        let from = if k.mutated(Mutant::CopyIsMisplaced) { from ^ 1 } else { from };
        let mut copied = if k.mutated(Mutant::CopyTranslatesOnce) {
            copy_translating_once(&user, from, bytes, folio, to)
        } else {
            copy_from_user_atomic(&user, from, bytes, folio, to)
        };
        if copied < bytes && k.mutated(Mutant::ShortCopyIsZeroFilled) {
            folio_zero_segment(&k.task, folio, to + copied, to + bytes);
        }
        if k.world.setting.short_is_zero && copied < bytes && !folio_test_uptodate(&k.task, folio) {
            copied = 0;
        }
        let committed = fs.write_end(k, at, bytes, copied, folio)?;
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
fn fatal_signal_pending(k: &Kernel) -> bool {
    let label = Label::new("fatal_signal_pending", &[]);
    k.world.signal.is_some_and(|at| test(&k.task, at, Word::MAX, Order::Relaxed, label))
}

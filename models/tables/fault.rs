//! The source of a write: `include/linux/uio.h`, `lib/iov_iter.c`, `mm/gup.c`.

use fault::IovIter;
use machine::Label;
use models::generic::perform_write;
use page_state::Folio;
use page_state::steps::{reach, report};

use crate::front_end::{Here, Iter, Nothing, Table, words};

/// The words of the source.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        iov_iter_count(i: Iter) -> u64 => (w.request.len - i.done.min(w.request.len)) as u64;
        iov_iter_revert(i: Iter, bytes | unroll: i64) => {
            let bytes = bytes as u64 as usize;
            if bytes > MAX_RW_COUNT {
                // As the kernel does: it leaves the iterator where it is.
                report(w.task(), "kernel-bug", Label::new("WARN_ON(unroll > MAX_RW_COUNT) in iov_iter_revert", &[]));
                return Ok(c_run::Value::Void);
            }
            let done = i.done.checked_sub(bytes).ok_or_else(|| w.refused("an iterator that goes back before its begin"))?;
            i.set(w, done)?;
        };
        iov_iter_advance(i: Iter, bytes | size: usize) => i.set(w, i.done + bytes)?;
        fault_in_iov_iter_readable(i: Iter, bytes | size: usize) -> u64 => {
            with(w, i.done, |source| perform_write::prefault(&w.k, w.fs, source, bytes)) as u64
        };
        copy_folio_from_iter_atomic | copy_page_from_iter_atomic (folio | page: Folio, offset: usize, bytes: usize, i: Iter) -> u64 => {
            let copied = with(w, i.done, |source| {
                perform_write::copy_atomic(&w.k, w.fs, &source.addresses(bytes), folio, offset)
            });
            if copied == bytes {
                reach(w.task(), "full copy");
            }
            i.set(w, i.done + copied)?;
            copied as u64
        };
        // `current` is who runs it.
        fatal_signal_pending() -> bool => perform_write::fatal_signal_pending(&w.k);
    },
    constants: crate::front_end::constants! { w;
        current: c_run::Value = c_run::Value::object("task_struct", [0, 0]);
    },
    nothing: &[Nothing {
        reason: "a copy that is atomic fails by itself",
        names: "pagefault_disable pagefault_enable",
    }],
    ..Table::new("models/tables/fault.rs")
};

/// `MAX_RW_COUNT`, in units that no write here comes near.
const MAX_RW_COUNT: usize = i32::MAX as usize;

/// The source from `done` units on.
fn with<T>(w: &Here<'_, '_>, done: usize, go: impl FnOnce(IovIter<'_>) -> T) -> T {
    let segments = w.k.segments(w.request);
    let source = IovIter::new(&segments, Default::default());
    go(if done > 0 { source.advance(done) } else { source })
}

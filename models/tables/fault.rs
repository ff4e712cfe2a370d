//! The source of a write: `include/linux/uio.h`, `lib/iov_iter.c`, `mm/gup.c`.

use fault::IovIter;
use machine::Label;
use models::generic::perform_write;
use page_state::Folio;
use page_state::steps::{reach, report};

use crate::front_end::{Current, Here, Iter, Nothing, Table, words};

/// The words of the source.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        iov_iter_count(i: Iter) -> u64 => (w.request.len - i.done.min(w.request.len)) as u64;
        // More than was ever copied: the kernel warns, and leaves the iterator.
        iov_iter_revert(i: Iter, bytes | unroll: i64) => match usize::try_from(bytes) {
            Ok(bytes) if bytes <= i.done => i.set(w, i.done - bytes)?,
            _ => report(w.task(), "bad-return", Label::new("write_end takes more than was copied", &[])),
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
        current: Current = Current;
    },
    nothing: &[Nothing {
        reason: "a copy that is atomic fails by itself",
        names: "pagefault_disable pagefault_enable",
    }],
    ..Table::new("models/tables/fault.rs")
};

/// The source from `done` units on.
fn with<T>(w: &Here<'_, '_>, done: usize, go: impl FnOnce(IovIter<'_>) -> T) -> T {
    let segments = w.k.segments(w.request);
    let source = IovIter::new(&segments, Default::default());
    go(if done > 0 { source.advance(done) } else { source })
}

//! `shmem_write_begin` and `shmem_write_end` (`mm/shmem.c`), v4.2; v6.12 is the same in what is modelled.
//!
//! A read of tmpfs takes the page lock and finds zeros where there is no page, or one that is not uptodate; here
//! it adds a page of zeros. Since `shmem_write_end` leaves no page that is not uptodate, they come to the same.

use machine::{Label, call};
use page_state::Folio;
use page_state::folio::{
    folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};

use crate::generic::filemap::grab_cache_page;
use crate::kernel::Kernel;

/// `shmem_write_begin`: the page, as it is (`SGP_WRITE`).
#[track_caller]
pub(super) fn shmem_write_begin(k: &Kernel, pos: usize, len: usize) -> Folio {
    call(k.task.m, Label::new("shmem_write_begin", &[pos as i32, len as i32]), || {
        grab_cache_page(&k.task, k.task.storage.geometry.page_of(pos))
    })
}

/// `shmem_write_end`: all of a page that is not uptodate becomes zeros but what was copied.
#[track_caller]
pub(super) fn shmem_write_end(k: &Kernel, pos: usize, len: usize, copied: usize, folio: Folio) -> usize {
    let task = &k.task;
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("shmem_write_end", &args), || {
        let end = pos + copied;
        if end > i_size_read(task) {
            i_size_write(task, end);
        }
        if !folio_test_uptodate(task, folio) {
            let units = task.storage.geometry.page_units();
            let from = pos % units;
            folio_zero_segment(task, folio, 0, from);
            folio_zero_segment(task, folio, from + copied, units);
            folio_mark_uptodate(task, folio);
        }
        folio_mark_dirty(task, folio); // Not needed: here is neither writeback nor reclaim.
        folio_unlock(task, folio);
        folio_put(task, folio);
        copied as u8
    });
    usize::from(took)
}

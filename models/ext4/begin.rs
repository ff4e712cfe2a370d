//! What `ext4_write_begin` does whatever the data mode: the page, a handle, and a way back.

use machine::{Flow, Label, again, call};
use page_state::Folio;
use page_state::folio::{folio_in_cache, folio_lock, folio_put, folio_unlock, folio_wait_writeback};
use page_state::inode::{i_size_read, orphan_add};

use super::truncate::ext4_truncate_failed_write;
use crate::file_system::FileSystem;
use crate::generic::filemap::grab_cache_page;
use crate::jbd2::{Handle, jbd2_journal_start, jbd2_journal_stop};
use crate::kernel::Kernel;

/// The part of the page that a write covers.
pub(super) fn page_range(k: &Kernel, pos: usize, len: usize) -> (usize, usize) {
    let from = pos % k.task.storage.geometry.page_units();
    (from, from + len)
}

/// The page, locked and not under writeback, and an open handle. The page comes first and is locked once
/// more: the page lock is inside of the transaction.
#[track_caller]
pub(super) fn grab_with_handle(k: &Kernel) -> (Folio, Handle) {
    let (task, journal) = (&k.task, k.journal());
    let found = again(task.m, Label::new("retry_grab", &[]), (), |()| {
        let folio = grab_cache_page(task, 0);
        folio_unlock(task, folio);
        let handle = jbd2_journal_start(task, journal);
        folio_lock(task, folio);
        if folio_in_cache(task, folio) {
            return Flow::Done((folio, handle));
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        jbd2_journal_stop(task, journal);
        Flow::Again(())
    });
    folio_wait_writeback(task, found.0);
    found
}

/// `write_begin` up to `end` has failed: the handle is closed, and what was allocated beyond the size goes.
#[track_caller]
pub(super) fn abandon(k: &Kernel, fs: &dyn FileSystem, folio: Folio, end: usize) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_write_begin fails", &[]), || {
        folio_unlock(task, folio);
        // Not needed: a truncation to where the file ends takes nothing.
        let extended = end > i_size_read(task);
        if extended {
            orphan_add(task);
        }
        jbd2_journal_stop(task, journal);
        if extended {
            ext4_truncate_failed_write(k, fs);
        }
        folio_put(task, folio);
    });
}

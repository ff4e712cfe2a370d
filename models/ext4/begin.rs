//! What `ext4_write_begin` does whatever the data mode: the page, a handle, and a way back.

use machine::{Flow, Label, again, call};
use page_state::Folio;
use page_state::folio::{folio_in_cache, folio_lock, folio_put, folio_unlock};
use page_state::inode::{i_size_read, orphan_add};

use super::truncate::ext4_block_zero_eof;
use crate::file_system::FileSystem;
use crate::generic::filemap::grab_cache_page;
use crate::generic::writeback::folio_wait_stable;
use crate::jbd2::{Handle, jbd2_journal_start, jbd2_journal_stop};
use crate::kernel::{Kernel, Request};

/// `ext4_write_checks` (v7.1): what a write leaves between the end of the file and its beginning is zeroed first, as far as
/// there is a block.
#[track_caller]
pub(super) fn ext4_write_checks(k: &Kernel, fs: &dyn FileSystem, request: Request) {
    call(k.task.m, Label::new("ext4_write_checks", &[]), || {
        let old_size = i_size_read(&k.task);
        if request.pos > old_size {
            ext4_block_zero_eof(k, fs, old_size, request.pos);
        }
    });
}

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
        // Not reached: that it is gone. Direct I/O, which takes pages away, waits for the inode's lock.
        if folio_in_cache(task, folio) {
            return Flow::Done((folio, handle));
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        jbd2_journal_stop(task, journal);
        Flow::Again(())
    });
    folio_wait_stable(k, found.0);
    found
}

/// `write_begin` up to `end` has failed: the handle is closed, and what was allocated beyond the size goes.
#[track_caller]
pub(super) fn abandon(
    k: &Kernel,
    fs: &dyn FileSystem,
    folio: Folio,
    end: usize,
    truncate_failed_write: impl Fn(&Kernel, &dyn FileSystem),
) {
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
            truncate_failed_write(k, fs);
        }
        folio_put(task, folio);
    });
}

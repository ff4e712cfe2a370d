//! `ext3_journalled_write_end` and what is around it, for files whose data goes through the journal.
//!
//! The walk after a short copy ends with what was copied: new buffers behind it are zeroed by the generic
//! function, which dirties them, and never come to the journal. jbd's `journal_unmap_buffer` waits for a commit
//! that has a buffer of the page that is cut (jbd2's answers `-EBUSY`).

use machine::{Flow, Label, again, call};
use page_state::buffer::{
    buffer_dirty, buffer_freed, buffer_mapped, buffer_uptodate, buffers, clear_buffer_dirty,
    set_buffer_uptodate,
};
use page_state::folio::{
    folio_mark_dirty, folio_mark_uptodate, folio_set_checked, folio_test_clear_checked, folio_test_uptodate,
    folio_unlock,
};
use page_state::inode::{i_size_read, i_size_write};
use page_state::{Buffer, Folio};

use super::blocks::{end_handle, ext3_get_block, ext3_setattr_size, ext3_write_begin, page_range};
use crate::file_system::{FileSystem, Nature};
use crate::generic::buffer::{
    block_is_partially_uptodate, block_read_full_page, block_write_begin, block_write_full_page, is_outside,
    page_zero_new_buffers, try_to_free_buffers,
};
use crate::generic::mmap::filemap_page_mkwrite;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::{
    self, Handle, OrderedData, jbd2_journal_commit_transaction, jbd2_journal_dirty_metadata,
    jbd2_journal_get_write_access, jbd2_journal_invalidate_folio, jbd2_journal_start, jbd2_journal_stop,
    jbd2_journal_try_to_free_buffers, journal_current_handle,
};
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// ext3 with `data=journal`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journalled;

impl FileSystem for Journalled {
    fn nature(&self) -> Nature {
        Nature::DATA_JOURNAL
    }

    // Its commits write buffers of pages that are not under writeback.
    fn writes_copies(&self) -> bool {
        true
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        ext3_write_begin(k, self, (pos, len), &|handle, folio, range| {
            walk_page_buffers(k, folio, range, &|bh| do_journal_get_write_access(k, handle, bh));
        })
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        Ok(ext3_journalled_write_end(self, k, pos, (len, copied), folio))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        ext3_get_block(k, bh, create)
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        ext3_journalled_writepage(self, k, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        filemap_page_mkwrite(k, self, folio)
    }

    /// `ext3_journalled_set_page_dirty`: writeback will journal the page.
    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        folio_set_checked(&k.task, folio);
        folio_mark_dirty(&k.task, folio);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        ext3_setattr_size(k, self, size);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        let (task, journal) = (&k.task, k.journal());
        again(task.m, Label::new("journal_invalidatepage", &[]), (), |()| {
            let invalidated = jbd2_journal_invalidate_folio(task, journal, folio, from);
            if invalidated.busy {
                // Not needed: who does not wait asks again until the commit is done.
                jbd2::wait_for_commit(task, journal);
                return Flow::Again(());
            }
            Flow::Done(invalidated.held)
        })
    }

    /// `ext3_journalled_aops` has no `direct_IO`.
    fn has_direct_io(&self) -> bool {
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        // Not reached: reclaim asks for clean pages only, and a dirty buffer of a clean page is still the journal's.
        jbd2_journal_try_to_free_buffers(&k.task, k.journal(), folio) && try_to_free_buffers(k, folio)
    }

    fn commit(&self, k: &Kernel) {
        jbd2_journal_commit_transaction(&k.task, k.journal(), OrderedData::NONE);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
        jbd2::checkpoint(&k.task, k.journal());
    }
}

/// `walk_page_buffers`: does something to each buffer that `from..to` touches. Tells whether one outside of it is
/// not uptodate.
fn walk_page_buffers(k: &Kernel, folio: Folio, (from, to): (usize, usize), each: &dyn Fn(Buffer)) -> bool {
    let task = &k.task;
    call(task.m, Label::new("walk_page_buffers", &[from as i32, to as i32]), || {
        let mut partial = false;
        for bh in buffers(task, folio) {
            if is_outside(k, bh, from, to) {
                partial = partial || !buffer_uptodate(task, bh);
            } else {
                each(bh);
            }
        }
        partial
    })
}

/// `do_journal_get_write_access`: a buffer that `__block_write_begin` has dirtied is cleaned first and journalled
/// then.
#[track_caller]
fn do_journal_get_write_access(k: &Kernel, handle: Handle, bh: Buffer) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("do_journal_get_write_access", &[bh.block as i32]), || {
        // Not reached: __block_write_begin has mapped it; and it is freed only where writeback finds the page beyond
        // the size, in a commit, before the truncation has taken it: a store and a second writeback must come between.
        if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
            return;
        }
        let dirty = buffer_dirty(task, bh);
        if dirty {
            clear_buffer_dirty(task, bh);
        }
        jbd2_journal_get_write_access(task, journal, handle, bh);
        if dirty {
            jbd2_journal_dirty_metadata(task, journal, handle, bh);
        }
    });
}

/// `write_end_fn`.
#[track_caller]
fn write_end_fn(k: &Kernel, handle: Handle, bh: Buffer) {
    let task = &k.task;
    call(task.m, Label::new("write_end_fn", &[bh.block as i32]), || {
        // Not reached: do_journal_get_write_access has seen that it is neither, and the page is locked since.
        if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
            return;
        }
        set_buffer_uptodate(task, bh);
        jbd2_journal_dirty_metadata(task, k.journal(), handle, bh);
    });
}

#[track_caller]
fn ext3_journalled_write_end(
    fs: &Journalled,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("ext3_journalled_write_end", &args), || {
        let handle = journal_current_handle(task, journal);
        let (from, mut to) = page_range(k, pos, len);
        let mut copied = copied;
        if copied < len {
            if !folio_test_uptodate(task, folio) {
                copied = 0;
            }
            page_zero_new_buffers(k, folio, from + copied, to);
            to = from + copied;
        }
        let partial = walk_page_buffers(k, folio, (from, to), &|bh| write_end_fn(k, handle, bh));
        if !partial {
            folio_mark_uptodate(task, folio);
        }
        let end = pos + copied;
        if end > i_size_read(task) {
            i_size_write(task, end);
        }
        // Not needed: to record the size once more, or to truncate to it, changes nothing.
        end_handle(k, fs, folio, pos + len);
        copied as u8
    });
    usize::from(took)
}

/// `ext3_journalled_writepage`: a page that was stored to is journalled, all of it; another one written in place.
#[track_caller]
fn ext3_journalled_writepage(fs: &Journalled, k: &Kernel, folio: Folio) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext3_journalled_writepage", &[]), || {
        let handle = jbd2_journal_start(task, journal);
        if folio_test_clear_checked(task, folio) {
            let all = (0, task.storage.geometry.page_units());
            // Not reached: that it is not. Who writes finds the disk full, and not who writes back.
            if block_write_begin(k, fs, folio, all.0, all.1).is_ok() {
                walk_page_buffers(k, folio, all, &|bh| do_journal_get_write_access(k, handle, bh));
                walk_page_buffers(k, folio, all, &|bh| write_end_fn(k, handle, bh));
            }
            folio_unlock(task, folio);
        } else {
            block_write_full_page(k, fs, folio);
        }
        jbd2_journal_stop(task, journal);
    });
}

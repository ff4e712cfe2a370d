//! `ext3_ordered_write_end` and `ext3_writeback_write_end`: data is written in place, and with `data=ordered`
//! before the transaction commits that the write was part of.
//!
//! jbd has the data of a transaction on a list of buffers; here the inode's pages stand for it, as in jbd2, but
//! only a write that has copied something is put on it (`walk_page_buffers` goes over what was copied). Data of
//! a committing transaction that is truncated is written by the commit all the same: here it is written when it
//! goes from the page cache.

use machine::{Label, call};
use page_state::buffer::{buffer_dirty, buffer_mapped, buffers, clear_buffer_dirty, folio_buffers};
use page_state::inode::{i_size_read, i_size_write};
use page_state::{Buffer, Folio};

use super::blocks::{end_handle, ext3_get_block, ext3_setattr_size, ext3_write_begin, page_range};
use crate::file_system::{FileSystem, Nature};
use crate::generic::block::block_invalidate_folio;
use crate::generic::buffer::{
    block_dirty_folio, block_is_partially_uptodate, block_read_full_page, block_write_end,
    block_write_full_page, submit_dirty_buffers, try_to_free_buffers,
};
use crate::generic::mmap::filemap_page_mkwrite;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::writeback::{filemap_fdatawait, write_cache_pages, write_pages_with};
use crate::jbd2::{
    OrderedData, commits_inode_data, jbd2_journal_commit_transaction, jbd2_journal_file_inode,
    jbd2_journal_start, jbd2_journal_stop,
};
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// ext3 with `data=ordered` or `data=writeback`.
#[derive(Clone, Copy, Debug)]
pub(super) struct InPlace {
    /// Whether data comes to disk before the transaction commits.
    pub(super) ordered: bool,
}

impl FileSystem for InPlace {
    fn nature(&self) -> Nature {
        Nature { crash_safe: self.ordered, ..Nature::ORDERED }
    }

    // Its commits write buffers of pages that are not under writeback.
    fn writes_copies(&self) -> bool {
        true
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        ext3_write_begin(k, self, (pos, len), &|_, _, _| {})
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        let text = if self.ordered { ext3_ordered_write_end } else { ext3_writeback_write_end };
        Ok(text(self, k, pos, (len, copied), folio))
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

    /// `ext3_ordered_writepage`, `ext3_writeback_writepage`: a handle only where something may be allocated.
    fn writepage(&self, k: &Kernel, folio: Folio) {
        let (task, journal) = (&k.task, k.journal());
        call(task.m, Label::new("ext3_ordered_writepage", &[]), || {
            let mapped = folio_buffers(task, folio) && buffers(task, folio).all(|bh| buffer_mapped(task, bh));
            if mapped {
                block_write_full_page(k, self, folio);
                return;
            }
            jbd2_journal_start(task, journal);
            block_write_full_page(k, self, folio);
            jbd2_journal_stop(task, journal);
        });
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        filemap_page_mkwrite(k, self, folio)
    }

    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        block_dirty_folio(k, folio);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        ext3_setattr_size(k, self, size);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        // Not needed: to write what is cut off changes nothing where no commit asks for it.
        if self.ordered && commits_inode_data(&k.task, k.journal()) {
            write_for_commit(k, folio, from);
        }
        block_invalidate_folio(k, folio, from);
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        try_to_free_buffers(k, folio)
    }

    fn commit(&self, k: &Kernel) {
        let submit = || write_pages_with(k, &|folio| submit_dirty_buffers(k, folio));
        let data = OrderedData { submit: &submit, finish: &|| filemap_fdatawait(k) };
        jbd2_journal_commit_transaction(&k.task, k.journal(), data);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
    }
}

/// `journal_unmap_buffer` of data that a commit is to write: from unit `from` of the page on.
fn write_for_commit(k: &Kernel, folio: Folio, from: usize) {
    let task = &k.task;
    call(task.m, Label::new("journal_unmap_buffer", &[from as i32]), || {
        let cut = |bh: &Buffer| task.storage.geometry.block(bh.block).start >= from;
        for bh in buffers(task, folio).filter(cut) {
            if buffer_mapped(task, bh) && buffer_dirty(task, bh) {
                page_state::buffer::bh_write(task, bh);
                clear_buffer_dirty(task, bh);
            }
        }
    });
}

#[track_caller]
fn ext3_ordered_write_end(
    fs: &InPlace,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("ext3_ordered_write_end", &args), || {
        let copied = block_write_end(k, folio, (page_range(k, pos, len).0, len), copied);
        // walk_page_buffers
        if copied > 0 {
            jbd2_journal_file_inode(task, journal);
        }
        update_file_sizes(k, pos + copied);
        // Not needed: to record the size once more, or to truncate to it, changes nothing.
        end_handle(k, fs, folio, pos + len);
        copied as u8
    });
    usize::from(took)
}

#[track_caller]
fn ext3_writeback_write_end(
    fs: &InPlace,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(k.task.m, Label::new("ext3_writeback_write_end", &args), || {
        let copied = block_write_end(k, folio, (page_range(k, pos, len).0, len), copied);
        update_file_sizes(k, pos + copied);
        // Not needed: as with data=ordered; and this mode is asked by default of the writer alone: nobody commits.
        end_handle(k, fs, folio, pos + len);
        copied as u8
    });
    usize::from(took)
}

/// `update_file_sizes`, but for the size on disk, which [`end_handle`] records.
fn update_file_sizes(k: &Kernel, end: usize) {
    if end > i_size_read(&k.task) {
        i_size_write(&k.task, end);
    }
}

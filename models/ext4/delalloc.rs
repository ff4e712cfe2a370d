//! `ext4_da_write_begin` and `ext4_da_write_end`: a hole is given a block only when its page is written back
//! (`delalloc`, the default).
//!
//! v4.2 is the text that the thread of 2015 is about. What changed since stands beside it: 06bd3c36a733 (v4.7), a
//! commit waits for what writeback has allocated; `dioread_nolock` (the default since v5.6), blocks that
//! writeback allocates read as zeros until their data is there; cc883236b792 and 4df031ff5876 (v5.15), no handle
//! in `write_begin`, and the size on disk is raised only with the size; 1dedde690303 (v6.4), only by what is
//! taken; 6b730a405037 (v6.12), a `write_begin` that leaves dirtying to `write_end`. Since v6.13 a write beyond
//! the end zeroes what lies between.
//!
//! Left out: inline data, the fallback to `ext4_write_begin` when the disk is nearly full (it is a variant of
//! `ext4/ordered`), the reservation of space but for its failing, the retry after `-ENOSPC`.

use machine::{Label, call};
use page_state::buffer::{buffer_delay, buffer_mapped, buffer_unwritten};
use page_state::folio::{folio_put, folio_test_uptodate, folio_unlock};
use page_state::inode::{disk_size, i_size_read, i_size_write};
use page_state::{Buffer, Folio};

use super::begin::{ext4_block_write_begin, ext4_write_checks, grab_with_handle, page_range};
use super::block::{Allocation, ext4_da_get_block_prep, ext4_get_block};
use super::mpage::{PartOfPage, ext4_writepages};
use super::page_io::commit_ordered;
use super::truncate::{
    ext4_setattr_size, ext4_truncate_failed_write, ext4_update_i_disksize, ext4_zero_partial_blocks,
};
use crate::file_system::{FileSystem, Nature};
use crate::generic::block::block_invalidate_folio;
use crate::generic::buffer::{
    block_dirty_folio, block_is_partially_uptodate, block_page_mkwrite, block_read_full_page,
    block_write_begin, block_write_end, generic_write_end, try_to_free_buffers,
};
use crate::generic::filemap::grab_cache_page;
use crate::generic::locks::{filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared};
use crate::generic::perform_write::generic_perform_write;
use crate::generic::stable_pages::folio_wait_stable;
use crate::generic::truncate::pagecache_isize_extended;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::{jbd2_journal_start, jbd2_journal_stop};
use crate::kernel::{Around, Errno, Kernel, Request, VmFault};

/// The text of `ext4_da_write_begin` and `ext4_da_write_end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Text {
    /// v4.2 to v5.14: under a handle; the size on disk is raised by what was copied, whatever the size.
    V4_2,
    /// v5.15: 4df031ff5876, where that is beyond the size, too.
    V5_15,
    /// v6.4: 1dedde690303, by what is taken.
    V6_4,
    /// v6.12 (and v6.13, which zeroes what lies between).
    V6_13,
    /// v6.17: ded2d726a304, a page is written as far as it has blocks.
    V6_17,
    /// v7.1: 3f60efd65412, what lies between is zeroed before the write.
    V7_1,
}

/// ext4 with delayed allocation, `data=ordered`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delalloc {
    /// Which text.
    pub(super) text: Text,
    /// What becomes of blocks that writeback allocates.
    pub(super) allocation: Allocation,
}

impl FileSystem for Delalloc {
    fn nature(&self) -> Nature {
        Nature::ORDERED
    }

    fn takes_invalidate_lock(&self, around: Around) -> bool {
        around >= Around::V5_15
    }

    fn delays_allocation(&self) -> bool {
        true
    }

    fn has_unwritten_extents(&self) -> bool {
        true
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        if self.text >= Text::V7_1 {
            ext4_write_checks(k, self, request);
        }
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        ext4_da_write_begin(self, k, pos, len)
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        let args = [pos as i32, len as i32, copied as i32];
        let took = call(k.task.m, Label::new("ext4_da_write_end", &args), || {
            let text = match self.text {
                Text::V4_2 => da_write_end_v4_2,
                Text::V5_15 => da_write_end_v5_15,
                Text::V6_4 => da_write_end_v6_4,
                Text::V6_13 | Text::V6_17 | Text::V7_1 => ext4_da_do_write_end,
            };
            text(self, k, pos, (len, copied), folio) as u8
        });
        Ok(usize::from(took))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        if create { ext4_da_get_block_prep(k, bh) } else { ext4_get_block(k, bh, false, self.allocation) }
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        let part = if self.text >= Text::V6_17 { PartOfPage::IsSubmitted } else { PartOfPage::Waits };
        ext4_writepages(k, folio, self.allocation, part);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        filemap_invalidate_lock_shared(k);
        let fault = block_page_mkwrite(k, self, folio);
        filemap_invalidate_unlock_shared(k);
        fault
    }

    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        block_dirty_folio(k, folio);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        ext4_setattr_size(k, self, size, self.text >= Text::V6_13);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        block_invalidate_folio(k, folio, from);
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        try_to_free_buffers(k, folio)
    }

    fn dirty_inode(&self, k: &Kernel) {
        if self.text > Text::V4_2 {
            ext4_dirty_inode(k);
        }
    }

    fn commit(&self, k: &Kernel) {
        commit_ordered(k);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
    }
}

#[track_caller]
fn ext4_da_write_begin(fs: &Delalloc, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    let text = if fs.text == Text::V4_2 { da_write_begin_v4_2 } else { da_write_begin_v5_15 };
    let label = Label::new("ext4_da_write_begin", &[pos as i32, len as i32]);
    call(k.task.m, label, || text(fs, k, pos, len))
}

fn da_write_begin_v4_2(fs: &Delalloc, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    let (task, journal) = (&k.task, k.journal());
    let (folio, _) = grab_with_handle(k, pos);
    let (from, to) = page_range(k, pos, len);
    let Err(error) = block_write_begin(k, fs, folio, from, to) else { return Ok(folio) };
    folio_unlock(task, folio);
    jbd2_journal_stop(task, journal);
    // Not needed: who found no room has allocated nothing, and to truncate to the size changes nothing.
    if pos + len > i_size_read(task) {
        ext4_truncate_failed_write(k, fs);
    }
    folio_put(task, folio);
    Err(error)
}

/// cc883236b792: without a handle.
fn da_write_begin_v5_15(fs: &Delalloc, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    let task = &k.task;
    let folio = grab_cache_page(task, task.storage.geometry.page_of(pos));
    folio_wait_stable(k, folio);
    let (from, to) = page_range(k, pos, len);
    let begun = if fs.text < Text::V6_13 {
        block_write_begin(k, fs, folio, from, to)
    } else {
        ext4_block_write_begin(k, fs, None, folio, (from, to))
    };
    let Err(error) = begun else { return Ok(folio) };
    folio_unlock(task, folio);
    folio_put(task, folio);
    // Not needed: who found no room has allocated nothing, and to truncate to the size changes nothing.
    if pos + len > i_size_read(task) {
        ext4_truncate_failed_write(k, fs);
    }
    Err(error)
}

/// `ext4_da_should_update_i_disksize`: whether the block of unit `offset` of the page is the file's already.
fn ext4_da_should_update_i_disksize(k: &Kernel, folio: Folio, offset: usize) -> bool {
    let task = &k.task;
    let bh = Buffer { folio, block: offset >> task.storage.geometry.block_shift };
    call(task.m, Label::new("ext4_da_should_update_i_disksize", &[offset as i32]), || {
        // Not needed: a size on disk that stays too small loses what was not synced, which no rule forbids.
        // Not reached: write_begin has mapped all blocks of the write, and no file has blocks of `fallocate` beyond
        // its size.
        buffer_mapped(task, bh) && !buffer_delay(task, bh) && !buffer_unwritten(task, bh)
    })
}

/// `ext4_dirty_inode`, without a handle: the inode becomes part of a transaction.
fn ext4_dirty_inode(k: &Kernel) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_dirty_inode", &[]), || {
        jbd2_journal_start(task, journal);
        jbd2_journal_stop(task, journal);
    });
}

/// The size on disk first, in memory, then `generic_write_end`, which marks the inode dirty if the size is a new one.
fn da_write_end_v4_2(
    fs: &Delalloc,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    let end = pos + copied;
    if copied > 0
        && end > disk_size(task)
        && ext4_da_should_update_i_disksize(k, folio, page_range(k, end - 1, 1).0)
    {
        // Not needed: a size on disk that stays too small loses what was not synced, which no rule forbids.
        ext4_update_i_disksize(k, end);
    }
    let took = generic_write_end(k, fs, pos, (len, copied), folio);
    jbd2_journal_stop(task, journal);
    took
}

/// 4df031ff5876: without a handle, and only where the size grows.
fn da_write_end_v5_15(
    fs: &Delalloc,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let end = pos + copied;
    if copied > 0
        && end > i_size_read(&k.task)
        && ext4_da_should_update_i_disksize(k, folio, page_range(k, end - 1, 1).0)
    {
        // Not needed: a size on disk that stays too small loses what was not synced, which no rule forbids.
        ext4_update_i_disksize(k, end);
    }
    generic_write_end(k, fs, pos, (len, copied), folio)
}

/// 1dedde690303: and by what is taken.
fn da_write_end_v6_4(
    fs: &Delalloc,
    k: &Kernel,
    pos: usize,
    (len, mut copied): (usize, usize),
    folio: Folio,
) -> usize {
    if copied < len && !folio_test_uptodate(&k.task, folio) {
        copied = 0;
    }
    da_write_end_v5_15(fs, k, pos, (len, copied), folio)
}

/// `ext4_da_do_write_end`, since v6.12.
fn ext4_da_do_write_end(
    fs: &Delalloc,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    let old_size = i_size_read(task);
    let copied = block_write_end(k, folio, (page_range(k, pos, len).0, len), copied);
    let end = pos + copied;
    let mut changes_disk_size = false;
    if end > old_size {
        i_size_write(task, end);
        if copied > 0 && ext4_da_should_update_i_disksize(k, folio, page_range(k, end - 1, 1).0) {
            // Not needed: a size on disk that stays too small loses what was not synced, which no rule forbids.
            ext4_update_i_disksize(k, end);
            changes_disk_size = true;
        }
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
    if pos > old_size {
        pagecache_isize_extended(k, fs, old_size, pos);
    }
    let zeroes = pos > old_size && fs.text < Text::V7_1;
    if changes_disk_size || zeroes {
        let handle = jbd2_journal_start(task, journal);
        if zeroes {
            ext4_zero_partial_blocks(k, fs, handle, old_size, pos);
        }
        jbd2_journal_stop(task, journal);
    }
    copied
}

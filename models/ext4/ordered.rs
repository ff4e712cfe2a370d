//! `ext4_write_begin` and `ext4_write_end`, for files whose data is written in place before the transaction that
//! names its blocks commits (`data=ordered`, without delayed allocation).
//!
//! v4.2 is the text that the thread of 2015 is about. v2.6.26, v2.6.31 (f8514083cd1b) and v2.6.33 (b9a4207d5e91) stand beside it, from
//! memory of them, and what changed since: 06bd3c36a733 (v4.7) puts the inode's data on the transaction's list
//! where blocks are allocated instead of in `write_end`; 6b730a405037 (v6.12) gives `write_begin` a text of its
//! own, which leaves dirtying to `write_end`; since v6.13 a write beyond the end zeroes what lies between. With
//! delayed allocation, and the disk nearly full, these functions write, too, and with `dioread_nolock` (the
//! default since v5.6) blocks then read as zeros until they are written.
//!
//! Left out: as for `data=journal`. The list of v2.6.26 is of buffers and not of inodes; writeback before v3.11
//! allocates where a store through a mapping has met a hole.

use machine::{Label, call};
use page_state::folio::{folio_in_cache, folio_lock, folio_mark_dirty, folio_put, folio_unlock};
use page_state::inode::{i_size_read, i_size_write};
use page_state::{Buffer, Folio};

use super::begin::{
    abandon, ext4_block_write_begin, ext4_write_checks, grab_with_handle, page_range, retry_journal,
    stop_and_trim,
};
use super::block::{Allocation, ext4_get_block};
use super::mpage::{PartOfPage, ext4_writepages};
use super::page_io::{self, all_mapped, commit_ordered};
use super::truncate::{
    ext4_setattr_size, ext4_truncate, ext4_truncate_failed_write, ext4_update_i_disksize,
    ext4_update_inode_size, ext4_zero_partial_blocks,
};
use crate::file_system::{FileSystem, Nature};
use crate::generic::block::block_invalidate_folio;
use crate::generic::buffer::{
    block_commit_write, block_dirty_folio, block_is_partially_uptodate, block_page_mkwrite,
    block_read_full_page, block_write_begin, block_write_begin_v2_6_17, block_write_end, try_to_free_buffers,
    within_size,
};
use crate::generic::locks::{filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared};
use crate::generic::perform_write::generic_perform_write;
use crate::generic::stable_pages::folio_wait_stable;
use crate::generic::truncate::pagecache_isize_extended;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::{jbd2_journal_file_inode, jbd2_journal_start, jbd2_journal_stop, journal_current_handle};
use crate::kernel::{Around, Errno, Kernel, Request, VmFault};

/// The text of `ext4_write_begin` and `ext4_write_end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Text {
    /// v2.6.26: the size on disk is raised by what was copied, before it is known what of it is taken; nothing
    /// is trimmed.
    V2_6_26,
    /// v2.6.31: f8514083cd1b, blocks beyond the size go, and the page stays as it is.
    V2_6_31,
    /// v2.6.33: b9a4207d5e91, and the page's buffers.
    V2_6_33,
    /// f9f07b6c1372 to v4.6: a page that was uptodate stays so where a block can't be had.
    V4_2,
    /// v4.7 to v6.11.
    V4_7,
    /// v6.12 (and v6.13, which zeroes what lies between).
    V6_13,
    /// v7.1: 3f60efd65412, what lies between is zeroed before the write.
    V7_1,
}

/// ext4 with `data=ordered`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered {
    /// Which text.
    pub(super) text: Text,
    /// What becomes of blocks that are allocated.
    pub(super) allocation: Allocation,
}

impl FileSystem for Ordered {
    fn nature(&self) -> Nature {
        Nature::ORDERED
    }

    fn takes_invalidate_lock(&self, around: Around) -> bool {
        around >= Around::V5_15
    }

    fn runs_out_of_credits(&self, around: Around) -> bool {
        around >= Around::V6_17
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
        ext4_write_begin(self, k, pos, len)
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        Ok(ext4_write_end(self, k, pos, (len, copied), folio))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        ext4_get_block(k, bh, create, self.allocation)
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        if self.allocation.is_unwritten() {
            // The blocks are the file's already: nothing can fail.
            ext4_writepages(k, folio, self.allocation, PartOfPage::Waits);
        } else {
            page_io::ext4_writepage(k, folio);
        }
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        ext4_page_mkwrite(self, k, folio)
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

    fn commit(&self, k: &Kernel) {
        commit_ordered(k);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
    }
}

impl Ordered {
    /// How what a failed write left beyond the size goes.
    fn truncate_failed_write(&self) -> fn(&Kernel, &dyn FileSystem) {
        if self.text == Text::V2_6_31 { ext4_truncate } else { ext4_truncate_failed_write }
    }
}

#[track_caller]
fn ext4_write_begin(fs: &Ordered, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    call(k.task.m, Label::new("ext4_write_begin", &[pos as i32, len as i32]), || {
        retry_journal(k, &|| begin_with_handle(fs, k, pos, len))
    })
}

fn begin_with_handle(fs: &Ordered, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    let (task, journal) = (&k.task, k.journal());
    let (folio, _) = grab_with_handle(k, pos);
    let (from, to) = page_range(k, pos, len);
    let begun = match fs.text {
        Text::V2_6_26 | Text::V2_6_31 | Text::V2_6_33 => block_write_begin_v2_6_17(k, fs, folio, from, to),
        Text::V4_2 | Text::V4_7 => block_write_begin(k, fs, folio, from, to),
        Text::V6_13 | Text::V7_1 => ext4_block_write_begin(k, fs, None, folio, (from, to)),
    };
    let Err(error) = begun else { return Ok(folio) };
    if fs.text == Text::V2_6_26 {
        folio_unlock(task, folio);
        jbd2_journal_stop(task, journal);
        folio_put(task, folio);
    } else {
        abandon(k, fs, folio, pos + len, fs.truncate_failed_write());
    }
    Err(error)
}

#[track_caller]
fn ext4_write_end(
    fs: &Ordered,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let text = match fs.text {
        Text::V2_6_26 => write_end_v2_6_26,
        Text::V2_6_31 | Text::V2_6_33 | Text::V4_2 => write_end_v2_6_31,
        Text::V4_7 | Text::V6_13 | Text::V7_1 => write_end_v4_7,
    };
    let args = [pos as i32, len as i32, copied as i32];
    let took =
        call(k.task.m, Label::new("ext4_write_end", &args), || text(fs, k, pos, (len, copied), folio) as u8);
    usize::from(took)
}

/// The size on disk is raised by what was copied, whatever is taken.
fn write_end_v2_6_26(
    fs: &Ordered,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    journal_current_handle(task, journal); // Not needed: only data=journal looks at which transaction a handle is of.
    let old_size = i_size_read(task);
    jbd2_journal_file_inode(task, journal);
    ext4_update_i_disksize(k, pos + copied);
    let copied = block_write_end(k, folio, (page_range(k, pos, len).0, len), copied);
    if pos + copied > old_size {
        i_size_write(task, pos + copied);
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
    if old_size < pos {
        pagecache_isize_extended(k, fs, old_size, pos);
    }
    jbd2_journal_stop(task, journal);
    copied
}

/// f8514083cd1b: by what is taken, and blocks that are left beyond the size go.
fn write_end_v2_6_31(
    fs: &Ordered,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    journal_current_handle(task, journal); // Not needed: only data=journal looks at which transaction a handle is of.
    let old_size = i_size_read(task);
    jbd2_journal_file_inode(task, journal);
    let copied = block_write_end(k, folio, (page_range(k, pos, len).0, len), copied);
    ext4_update_inode_size(k, pos + copied);
    folio_unlock(task, folio);
    folio_put(task, folio);
    if old_size < pos {
        pagecache_isize_extended(k, fs, old_size, pos);
    }
    stop_and_trim(k, fs, pos + len, fs.truncate_failed_write());
    copied
}

/// 06bd3c36a733: the inode's data is on the transaction's list since its blocks were allocated.
fn write_end_v4_7(
    fs: &Ordered,
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let (task, journal) = (&k.task, k.journal());
    // Not needed: only data=journal looks at which transaction a handle is of.
    let handle = journal_current_handle(task, journal);
    let old_size = i_size_read(task);
    let copied = block_write_end(k, folio, (page_range(k, pos, len).0, len), copied);
    ext4_update_inode_size(k, pos + copied);
    folio_unlock(task, folio);
    folio_put(task, folio);
    if old_size < pos {
        pagecache_isize_extended(k, fs, old_size, pos);
        // c7fc0366c656 (v6.13), until 3f60efd65412 (v7.1)
        if fs.text == Text::V6_13 {
            ext4_zero_partial_blocks(k, fs, handle, old_size, pos);
        }
    }
    stop_and_trim(k, fs, pos + len, fs.truncate_failed_write());
    copied
}

/// `ext4_page_mkwrite`.
#[track_caller]
fn ext4_page_mkwrite(fs: &Ordered, k: &Kernel, folio: Folio) -> VmFault {
    let task = &k.task;
    call(task.m, Label::new("ext4_page_mkwrite", &[]), || {
        filemap_invalidate_lock_shared(k);
        folio_lock(task, folio);
        let len = within_size(k, folio);
        let ours = folio_in_cache(task, folio) && len > 0;
        let fault = if ours && all_mapped(k, folio, len) {
            folio_wait_stable(k, folio);
            VmFault::Locked
        } else {
            folio_unlock(task, folio);
            // We need to fill the hole.
            if !ours {
                VmFault::NoPage
            } else if k.world.setting.around >= Around::V6_17 {
                ext4_block_page_mkwrite(fs, k, folio)
            } else {
                let journal = k.journal();
                jbd2_journal_start(task, journal);
                let fault = block_page_mkwrite(k, fs, folio);
                jbd2_journal_stop(task, journal);
                fault
            }
        };
        filemap_invalidate_unlock_shared(k);
        fault
    })
}

/// `ext4_block_page_mkwrite` (v6.17), for data that is written in place.
fn ext4_block_page_mkwrite(fs: &Ordered, k: &Kernel, folio: Folio) -> VmFault {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_block_page_mkwrite", &[]), || {
        jbd2_journal_start(task, journal);
        folio_lock(task, folio);
        let len = within_size(k, folio);
        // Not reached: that nothing of the page is in the file. Who truncates keeps faults out until the page is gone.
        let begun = if folio_in_cache(task, folio) && len > 0 {
            ext4_block_write_begin(k, fs, None, folio, (0, len))
        } else {
            Err(Errno::Efault)
        };
        if let Err(error) = begun {
            folio_unlock(task, folio);
            jbd2_journal_stop(task, journal);
            return VmFault::of(error);
        }
        block_commit_write(k, folio, 0, len);
        folio_mark_dirty(task, folio);
        jbd2_journal_stop(task, journal);
        folio_wait_stable(k, folio);
        VmFault::Locked
    })
}

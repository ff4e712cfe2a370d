//! How ext4 writes a page back in place (`fs/ext4/page-io.c`), and the data that a commit waits for
//! (`fs/ext4/super.c`).
//!
//! v4.2; v6.12 is the same in what is modelled. Left out: encryption, I/O errors.

use machine::{Label, call};
use page_state::buffer::{
    b_blocknr, buffer_delay, buffer_dirty, buffer_jbd, buffer_jbddirty, buffer_mapped, buffer_new,
    buffer_unwritten, buffers, clear_buffer_dirty, clear_buffer_new, end_buffer_async_write, folio_buffers,
    set_buffer_uptodate, submit_dirty,
};
use page_state::folio::{
    folio_end_writeback, folio_mark_dirty, folio_start_writeback, folio_unlock, folio_zero_segment,
};
use page_state::{Buffer, Folio};

use crate::file_system::FileSystem;
use crate::generic::buffer::{as_they_arrive, within_size};
use crate::generic::writeback::{filemap_fdatawait, write_cache_pages_from, write_pages_with};
use crate::jbd2::{self, OrderedData, jbd2_journal_commit_transaction};
use crate::kernel::Kernel;

/// A set of a page's blocks.
pub(super) type Blocks = u8;

/// `ext4_bio_write_page`: takes the dirty flag from the buffers that can be written, and puts the page, which
/// is locked, under writeback if there are any. Gives which.
#[track_caller]
pub(super) fn ext4_bio_write_page(k: &Kernel, folio: Folio) -> Blocks {
    let task = &k.task;
    call(task.m, Label::new("ext4_bio_write_page", &[]), || {
        let geometry = task.storage.geometry;
        let len = within_size(k, folio);
        folio_zero_segment(task, folio, len, geometry.page_units());
        let mut submitted = 0;
        for bh in buffers(task, folio) {
            if geometry.block(bh.block).start >= len {
                clear_buffer_dirty(task, bh);
                set_buffer_uptodate(task, bh);
            } else if can_be_written(k, bh) {
                if buffer_new(task, bh) {
                    clear_buffer_new(task, bh);
                }
                submit_dirty(task, bh);
                submitted |= 1 << bh.block;
            }
        }
        if submitted != 0 {
            folio_start_writeback(task, folio);
        }
        submitted
    })
}

/// Whether a buffer can be written. If it can't, and is dirty, the page stays dirty.
fn can_be_written(k: &Kernel, bh: Buffer) -> bool {
    let task = &k.task;
    let (dirty, mapped) = (buffer_dirty(task, bh), buffer_mapped(task, bh));
    // Not reached: truncation takes the dirtiness away with the block. A buffer is dirty and unwritten here only
    // if a commit, which may not map it, finds one of `fallocate` written to while another block of its page is
    // under writeback.
    if dirty && mapped && !buffer_delay(task, bh) && !buffer_unwritten(task, bh) {
        return true;
    }
    if !mapped {
        clear_buffer_dirty(task, bh);
    }
    // What the journal has is dirty in the journal's way.
    let stays = (dirty && mapped) || (buffer_jbd(task, bh) && buffer_jbddirty(task, bh));
    if stays {
        folio_mark_dirty(task, bh.folio);
    }
    false
}

/// The data of submitted buffers arrives, in any order.
#[track_caller]
pub(super) fn ext4_end_bio(k: &Kernel, folio: Folio, submitted: Blocks) {
    let task = &k.task;
    call(task.m, Label::new("ext4_end_bio", &[]), || {
        let all: Vec<Buffer> = (0..task.storage.geometry.blocks())
            .filter(|block| submitted & (1 << block) != 0)
            .map(|block| Buffer { folio, block })
            .collect();
        for bh in as_they_arrive(k, &all) {
            end_buffer_async_write(task, bh, b_blocknr(task, bh));
        }
    });
}

/// Writes what of the page can be written without a handle, and unlocks it (`ext4_writepage`, and
/// `mpage_submit_folio` where nothing is to be mapped).
#[track_caller]
pub(super) fn ext4_writepage(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("ext4_writepage", &[]), || {
        let submitted = ext4_bio_write_page(k, folio);
        folio_unlock(task, folio);
        if submitted != 0 {
            ext4_end_bio(k, folio, submitted);
            folio_end_writeback(task, folio);
        }
    });
}

/// Whether the page's part of the file is mapped (`ext4_bh_unmapped` finds nothing).
#[track_caller]
pub(super) fn all_mapped(k: &Kernel, folio: Folio, len: usize) -> bool {
    let task = &k.task;
    folio_buffers(task, folio)
        && buffers(task, folio)
            .filter(|bh| task.storage.geometry.block(bh.block).start < len)
            .all(|bh| buffer_mapped(task, bh))
}

/// A commit with the inode's data in order: what is on the list is written, as far as it has blocks, and
/// waited for (`ext4_normal_submit_inode_data_buffers`).
#[track_caller]
pub(super) fn commit_ordered(k: &Kernel) {
    let submit = || write_pages_with(k, &|folio| ext4_writepage(k, folio));
    let finish = || filemap_fdatawait(k);
    jbd2_journal_commit_transaction(&k.task, k.journal(), OrderedData { submit: &submit, finish: &finish });
}

/// `ext4_begin_ordered_truncate`: data that a commit still waits for is written before it is truncated to `size`.
#[track_caller]
pub(super) fn begin_ordered_truncate(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    call(k.task.m, Label::new("ext4_begin_ordered_truncate", &[]), || {
        if jbd2::commits_inode_data(&k.task, k.journal()) {
            write_cache_pages_from(k, fs, size);
        }
    });
}

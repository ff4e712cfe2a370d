//! `mpage_writepages` (`fs/mpage.c`), and how a file system without a journal of data writes its pages back, by era.

use machine::{Label, call};
use page_state::buffer::{
    buffer_dirty, buffer_mapped, buffer_uptodate, buffers, end_buffer_async_write, folio_buffers,
    submit_dirty,
};
use page_state::folio::{folio_end_writeback, folio_start_writeback, folio_unlock, folio_zero_segment};
use page_state::inode::i_size_read;
use page_state::{Buffer, Folio};

use super::{as_they_arrive, block_write_full_page, block_write_full_page_keeping_buffers};
use crate::file_system::FileSystem;
use crate::kernel::Kernel;

/// How a page is written back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writepage {
    /// `block_write_full_page`, which drops the buffers of a page beyond the size.
    V4_2,
    /// `block_write_full_page` of v5.10 (6dbf7bb55598), which leaves them.
    V5_10,
    /// `mpage_writepages` above that of v5.10: a page whose buffers are all dirty is written as a whole, also what lies
    /// beyond the size. ext2 has it always, and it is played since v5.14; ocfs2 since v6.8.
    Mpage,
}

impl Writepage {
    /// Writes a page that is locked and was made clean.
    #[track_caller]
    pub fn write(self, k: &Kernel, fs: &dyn FileSystem, folio: Folio) {
        match self {
            Writepage::V4_2 => block_write_full_page(k, fs, folio),
            Writepage::V5_10 => block_write_full_page_keeping_buffers(k, fs, folio),
            Writepage::Mpage => {
                if !mpage_write_folio(k, folio) {
                    block_write_full_page_keeping_buffers(k, fs, folio);
                }
            }
        }
    }
}

/// `__mpage_writepage`: writes the page if its first buffers are mapped, uptodate and dirty, and the rest is not
/// mapped and clean; tells whether it did. That its blocks follow each other on disk is taken for granted.
fn mpage_write_folio(k: &Kernel, folio: Folio) -> bool {
    let task = &k.task;
    call(task.m, Label::new("__mpage_writepage", &[]), || {
        let Some(count) = count_dirty(k, folio) else { return false };
        let units = task.storage.geometry.page_units();
        let inside = i_size_read(task).saturating_sub(folio.index * units).min(units);
        if count == 0 || inside == 0 {
            return false;
        }
        folio_zero_segment(task, folio, inside, units);
        let written: Vec<(Buffer, usize)> =
            buffers(task, folio).take(count).map(|bh| (bh, submit_dirty(task, bh))).collect();
        folio_start_writeback(task, folio);
        folio_unlock(task, folio);
        for (bh, disk_block) in as_they_arrive(k, &written) {
            end_buffer_async_write(task, bh, disk_block);
        }
        folio_end_writeback(task, folio);
        true
    })
}

/// How many buffers at the front are mapped, uptodate and dirty; nothing if the rest is anything but unmapped and
/// clean.
fn count_dirty(k: &Kernel, folio: Folio) -> Option<usize> {
    let task = &k.task;
    if !folio_buffers(task, folio) {
        return None;
    }
    let mut count = 0;
    for bh in buffers(task, folio) {
        // Not reached: that a mapped one is not uptodate. Who dirties all buffers has an uptodate page, and so are the
        // buffers.
        if !buffer_mapped(task, bh) {
            if buffer_dirty(task, bh) {
                return None;
            }
        } else if bh.block > count || !buffer_dirty(task, bh) || !buffer_uptodate(task, bh) {
            return None;
        } else {
            count += 1;
        }
    }
    Some(count)
}

//! ext4 for files whose data goes through the journal (`data=journal`).
//!
//! v4.2 is the text that the thread of 2015 is about; what changed since stands beside it: b90197b65518
//! (v4.4), 3b136499e906 (v4.11), 64a9f1449950 and afb585a97f81 (v5.10), d84c9ebdac1e (v6.4), v6.12 to v6.14 (3910b513fcdf,
//! 6b730a405037, cb3de5fc876e, 183aa1d3baea), and v7.1 (3f60efd65412).
//!
//! Left out: inline data, encryption, verity, large folios, credits but where `write_begin` runs out of them, the
//! retry after `-ENOSPC`, pages that are pinned for direct I/O.

pub(super) mod buffers;
mod write;
mod writeback;

pub(super) use buffers::WriteEnd;

use machine::{Label, Layout, Place};
use page_state::folio::folio_test_checked;
use page_state::steps::report;
use page_state::{Buffer, Folio, Storage};

use super::begin::ext4_write_checks;
use super::block::{Allocation, ext4_get_block};
use super::truncate::ext4_setattr_size;
use crate::file_system::{FileSystem, Nature};
use crate::generic::buffer::{block_is_partially_uptodate, block_read_full_page, try_to_free_buffers};
use crate::generic::perform_write::generic_perform_write;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::{self, jbd2_journal_invalidate_folio, jbd2_journal_try_to_free_buffers};
use crate::kernel::{Around, Errno, Kernel, Request, VmFault};

/// ext4 with `data=journal`.
#[derive(Clone, Copy, Debug)]
pub(in crate::ext4) struct Journalled {
    /// Which text of `write_end`.
    pub(in crate::ext4) write_end: WriteEnd,
}

impl FileSystem for Journalled {
    fn nature(&self) -> Nature {
        Nature::DATA_JOURNAL
    }

    fn declare(&self, layout: &mut Layout, storage: &Storage) -> Vec<Place> {
        writeback::declare_holders(layout, storage)
    }

    fn takes_invalidate_lock(&self, around: Around) -> bool {
        around >= Around::V5_15
    }

    fn runs_out_of_credits(&self, around: Around) -> bool {
        around >= Around::V6_17
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        if self.write_end >= WriteEnd::V7_1 {
            ext4_write_checks(k, self, request);
        }
        generic_perform_write(k, self, request)
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        write::ext4_write_begin(self, k, pos, len)
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        write::ext4_journalled_write_end(self, k, pos, len, copied, folio)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        ext4_get_block(k, bh, create, Allocation::Plain)
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        ext4_setattr_size(k, self, size, self.write_end >= WriteEnd::V6_13);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        let invalidated = jbd2_journal_invalidate_folio(&k.task, k.journal(), folio, from);
        if invalidated.busy {
            let witness = Label::new("WARN_ON(-EBUSY) in ext4_journalled_invalidatepage", &[]);
            report(&k.task, "kernel-bug", witness);
        }
        invalidated.held
    }

    /// Since v5.5 `O_DIRECT` is buffered I/O; before, the page cache was invalidated first.
    fn has_direct_io(&self) -> bool {
        self.write_end < WriteEnd::V5_10
    }

    /// A page whose stores are to be journalled stays, and one whose buffers somebody holds (up to v5.16, where
    /// writeback does).
    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        let task = &k.task;
        !folio_test_checked(task, folio)
            && jbd2_journal_try_to_free_buffers(task, k.journal(), folio)
            && !writeback::buffers_are_held(k, folio)
            // Not reached: a dirty buffer is one that a checkpoint waits for, and jbd2 has kept that.
            && try_to_free_buffers(k, folio)
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        writeback::ext4_writepage(self, k, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        writeback::ext4_page_mkwrite(self, k, folio)
    }

    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        writeback::ext4_journalled_dirty_folio(self, k, folio);
    }

    fn commit(&self, k: &Kernel) {
        writeback::commit(k);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
        jbd2::checkpoint(&k.task, k.journal());
    }
}

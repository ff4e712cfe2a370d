//! `reiserfs_write_begin` and `reiserfs_write_end`, `data=ordered` (`fs/reiserfs/inode.c`, `fs/reiserfs/file.c`).
//!
//! v4.2; v6.1 and v6.12 are the same in what is modelled. v2.6.32 does not take away what a short or failed write
//! left beyond the size (ec8e2f746610 does).

use machine::{Label, Layout, Place, call};
use page_state::buffer::{
    buffer_dirty, buffer_new, buffer_uptodate, buffers, clear_buffer_new, mark_buffer_dirty,
    set_buffer_uptodate,
};
use page_state::folio::{folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock};
use page_state::inode::{i_size_read, i_size_write, set_disk_size};
use page_state::{Buffer, Folio, Storage};

use super::blocks::{Create, reiserfs_get_block};
use super::journal::{
    self, journal_begin, journal_end, reiserfs_add_ordered_list, reiserfs_transaction_running,
};
use super::truncate::{
    reiserfs_invalidate_folio, reiserfs_release_folio, reiserfs_setattr, reiserfs_truncate_failed_write,
};
use super::writeback::reiserfs_write_full_page;
use crate::file_system::{FileSystem, Nature};
use crate::generic::buffer::{
    block_dirty_folio, block_read_full_page, block_write_begin, block_write_begin_v2_6_17, is_outside,
    page_zero_new_buffers,
};
use crate::generic::filemap::grab_cache_page;
use crate::generic::mmap::filemap_page_mkwrite;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::stable_pages::folio_wait_stable;
use crate::generic::writeback::write_cache_pages;
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// reiserfs with `data=ordered`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reiserfs {
    /// ec8e2f746610: what a short or failed write leaves beyond the size is taken away.
    pub(super) trims: bool,
}

impl FileSystem for Reiserfs {
    fn nature(&self) -> Nature {
        Nature::ORDERED
    }

    fn declare(&self, layout: &mut Layout, storage: &Storage) -> Vec<Place> {
        journal::declare(layout, storage)
    }

    /// Here its files have one page.
    fn pages_max(&self) -> usize {
        1
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        let task = &k.task;
        call(task.m, Label::new("reiserfs_write_begin", &[pos as i32, len as i32]), || {
            let units = task.storage.geometry.page_units();
            let folio = grab_cache_page(task, pos / units);
            folio_wait_stable(k, folio);
            let from = pos % units;
            let begun = if self.trims {
                block_write_begin(k, self, folio, from, from + len)
            } else {
                block_write_begin_v2_6_17(k, self, folio, from, from + len)
            };
            let Err(error) = begun else { return Ok(folio) };
            journal_end(k, reiserfs_transaction_running(k));
            folio_unlock(task, folio);
            folio_put(task, folio);
            if self.trims {
                reiserfs_truncate_failed_write(self, k);
            }
            Err(error)
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
        let args = [pos as i32, len as i32, copied as i32];
        let took = call(k.task.m, Label::new("reiserfs_write_end", &args), || {
            reiserfs_write_end(self, k, (pos, len, copied), folio) as u8
        });
        Ok(usize::from(took))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        reiserfs_get_block(k, bh, if create { Create::ForWrite } else { Create::No })
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        reiserfs_write_full_page(k, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        filemap_page_mkwrite(k, self, folio)
    }

    /// `reiserfs_dirty_folio`: blocks are allocated when they are written.
    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        block_dirty_folio(k, folio);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        reiserfs_setattr(self, k, size);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        reiserfs_invalidate_folio(k, folio, from)
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        reiserfs_release_folio(k, folio)
    }

    fn commit(&self, k: &Kernel) {
        journal::commit(k);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        journal::commit(k);
    }
}

/// `reiserfs_commit_page`: as `block_commit_write`; a buffer that was new, or lies in the last page, is written
/// before the transaction commits. Not so one that is dirty already.
#[track_caller]
fn reiserfs_commit_page(k: &Kernel, folio: Folio, from: usize, to: usize) {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_commit_page", &[from as i32, to as i32]), || {
        // Not needed: a file has one page here, which is the last.
        let in_last_page = folio.index >= task.storage.geometry.page_of(i_size_read(task));
        let mut partial = false;
        for bh in buffers(task, folio) {
            let new = buffer_new(task, bh); // Not needed: in the last page, the only one here, all go on the list.
            clear_buffer_new(task, bh); // Not needed: the next write_begin does.
            if is_outside(k, bh, from, to) {
                partial = !buffer_uptodate(task, bh) || partial;
                continue;
            }
            set_buffer_uptodate(task, bh);
            if !buffer_dirty(task, bh) {
                mark_buffer_dirty(task, bh);
                if new || in_last_page {
                    reiserfs_add_ordered_list(k, bh);
                }
            }
        }
        if !partial {
            folio_mark_uptodate(task, folio);
        }
    });
}

fn reiserfs_write_end(
    fs: &Reiserfs,
    k: &Kernel,
    (pos, len, copied): (usize, usize, usize),
    folio: Folio,
) -> usize {
    let task = &k.task;
    let running = reiserfs_transaction_running(k);
    let start = pos % task.storage.geometry.page_units();
    let mut copied = copied;
    if copied < len {
        if !folio_test_uptodate(task, folio) {
            copied = 0;
        }
        page_zero_new_buffers(k, folio, start + copied, start + len);
    }
    reiserfs_commit_page(k, folio, start, start + copied);
    let end = pos + copied;
    let grows = end > i_size_read(task);
    if grows {
        let outermost = journal_begin(k);
        i_size_write(task, end);
        // reiserfs_update_sd
        set_disk_size(task, end);
        journal_end(k, outermost);
    }
    if running {
        if !grows {
            // mark_inode_dirty
            // Not needed: the size has not grown, so that it is recorded already.
            set_disk_size(task, i_size_read(task));
        }
        journal_end(k, true);
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
    // Not needed: to truncate to the size changes nothing.
    if pos + len > i_size_read(task) && fs.trims {
        reiserfs_truncate_failed_write(fs, k);
    }
    copied
}

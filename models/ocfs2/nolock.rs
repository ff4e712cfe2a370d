//! `ocfs2_write_begin_nolock` and `ocfs2_write_end_nolock`, `data=ordered` (`fs/ocfs2/aops.c`).
//!
//! v4.2 and v6.12 are the same but for 90410bcf873c (v6.3) and for how a page is written back. `ocfs2_write_failure`
//! is left out: behind the allocation nothing can fail but a read.

use machine::{Label, Layout, Place, call};
use page_state::buffer::folio_buffers;
use page_state::folio::{
    folio_in_cache, folio_lock, folio_put, folio_test_uptodate, folio_test_writeback, folio_unlock,
};
use page_state::inode::{i_size_read, i_size_write, set_disk_size};
use page_state::{Buffer, Folio, Geometry, Storage};

use super::cluster::{is_hole, ocfs2_add_inode_data, ocfs2_commit_trans, ocfs2_start_trans};
use super::locks::{self, down_write, is_whole_cluster, set_whole_cluster, up_write};
use super::map::{ocfs2_get_block, ocfs2_prepare_page_for_write, ocfs2_read_folio, ocfs2_zero_extend};
use super::truncate::ocfs2_setattr;
use super::writeback::journal_submit_data_buffers;
use crate::file_system::{FileSystem, Nature};
use crate::generic::block::block_invalidate_folio;
use crate::generic::buffer::{
    Writepage, block_commit_write, block_dirty_folio, block_is_partially_uptodate, page_zero_new_buffers,
    try_to_free_buffers,
};
use crate::generic::filemap::grab_cache_page;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::stable_pages::folio_wait_stable;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::{OrderedData, jbd2_journal_commit_transaction, jbd2_journal_file_inode};
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// ocfs2 with `data=ordered`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ocfs2 {
    /// 90410bcf873c: a page wholly beyond the size is dropped after a failed copy, not zeroed and dirtied.
    pub(super) drops_page_beyond_size: bool,
    /// How a page is written back.
    pub(super) writepage: Writepage,
    /// Not in any kernel: `write_end` marks only what was copied uptodate and dirty.
    pub(super) commits_copied: bool,
}

impl FileSystem for Ocfs2 {
    fn nature(&self) -> Nature {
        Nature::ORDERED
    }

    fn cluster(&self, geometry: Geometry) -> usize {
        geometry.blocks()
    }

    fn declare(&self, layout: &mut Layout, _: &Storage) -> Vec<Place> {
        locks::declare(layout)
    }

    /// Here its files have one page.
    fn pages_max(&self) -> usize {
        1
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        call(k.task.m, Label::new("ocfs2_write_begin", &[pos as i32, len as i32]), || {
            down_write(k);
            let begun = ocfs2_write_begin_nolock(self, k, (pos, len), None);
            if begun.is_err() {
                up_write(k);
            }
            begun.map(|folio| folio.expect("only a page of a mapping can be gone"))
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
        let took = call(k.task.m, Label::new("ocfs2_write_end", &args), || {
            let took = ocfs2_write_end_nolock(self, k, (pos, len, copied), folio, Target::Ours);
            up_write(k);
            took as u8
        });
        Ok(usize::from(took))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        ocfs2_read_folio(self, k, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        ocfs2_get_block(k, bh, create);
        Ok(())
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        self.writepage.write(k, self, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        let task = &k.task;
        call(task.m, Label::new("ocfs2_page_mkwrite", &[]), || {
            down_write(k);
            let units = task.storage.geometry.page_units();
            let (pos, size) = (folio.index * units, i_size_read(task));
            // Not reached: the fault found the page uptodate, and a truncation holds ip_alloc_sem until the pages that it
            // cuts off are gone.
            let ours = folio_in_cache(task, folio) && folio_test_uptodate(task, folio) && pos < size;
            // To the end of the file, or of the page.
            let len = units.min(size.saturating_sub(pos));
            let begun =
                if ours { ocfs2_write_begin_nolock(self, k, (pos, len), Some(folio)) } else { Ok(None) };
            let fault = match begun {
                Err(error) => VmFault::of(error),
                Ok(None) => VmFault::NoPage,
                Ok(Some(_)) => {
                    ocfs2_write_end_nolock(self, k, (pos, len, len), folio, Target::OfMapping);
                    VmFault::Locked
                }
            };
            up_write(k);
            fault
        })
    }

    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        block_dirty_folio(k, folio);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        ocfs2_setattr(self, k, size);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        block_invalidate_folio(k, folio, from);
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        try_to_free_buffers(k, folio)
    }

    fn commit(&self, k: &Kernel) {
        let submit = || journal_submit_data_buffers(k, self);
        let data = OrderedData { submit: &submit, finish: &|| {} };
        jbd2_journal_commit_transaction(&k.task, k.journal(), data);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
    }
}

/// `ocfs2_write_begin_nolock`: the page locked, its cluster allocated and its blocks mapped, with an open handle.
/// For a store through a mapping `page` is that of the mapping, and nothing comes of it if it has left the file.
#[track_caller]
fn ocfs2_write_begin_nolock(
    fs: &Ocfs2,
    k: &Kernel,
    (pos, len): (usize, usize),
    page: Option<Folio>,
) -> Result<Option<Folio>, Errno> {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_write_begin_nolock", &[pos as i32, len as i32]), || {
        // ocfs2_zero_tail
        // Not needed: what a file has at first behind its end holds zeros, and write_end raises the size.
        if pos > i_size_read(task) {
            ocfs2_zero_extend(fs, k, pos);
        }
        let index = task.storage.geometry.page_of(pos);
        let allocates = is_hole(k, index);
        if allocates && k.is_disk_full() {
            return Err(Errno::Enospc);
        }
        set_whole_cluster(k, allocates);
        ocfs2_start_trans(k);
        let folio = match page {
            None => grab_cache_page(task, index),
            Some(folio) => {
                folio_lock(task, folio);
                if !folio_in_cache(task, folio) {
                    folio_unlock(task, folio);
                    ocfs2_commit_trans(k);
                    return Ok(None);
                }
                folio
            }
        };
        folio_wait_stable(k, folio);
        if allocates {
            ocfs2_add_inode_data(k, index);
        }
        ocfs2_prepare_page_for_write(k, folio, (pos, len), allocates);
        Ok(Some(folio))
    })
}

/// Whose the page of a write is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The write's: it is unlocked and dropped.
    Ours,
    /// A mapping's: it stays locked.
    OfMapping,
}

/// `ocfs2_write_end_nolock`. Whatever was copied, all that `write_begin` prepared becomes uptodate and dirty.
#[track_caller]
fn ocfs2_write_end_nolock(
    fs: &Ocfs2,
    k: &Kernel,
    (pos, len, copied): (usize, usize, usize),
    folio: Folio,
    target: Target,
) -> usize {
    let task = &k.task;
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("ocfs2_write_end_nolock", &args), || {
        let units = task.storage.geometry.page_units();
        let start = pos % units;
        let mut copied = copied;
        if copied < len {
            // Not needed: what was copied and is not taken is copied once more.
            if !folio_test_uptodate(task, folio) {
                copied = 0;
            }
            let beyond =
                fs.drops_page_beyond_size && i_size_read(task).max(pos + copied) <= folio.index * units;
            if beyond {
                drop_buffers(k, folio);
            } else {
                // ocfs2_zero_new_buffers
                page_zero_new_buffers(k, folio, start + copied, start + len);
            }
        }
        if folio_buffers(task, folio) {
            jbd2_journal_file_inode(task, k.journal());
            let whole = is_whole_cluster(k);
            let taken = if fs.commits_copied { copied } else { len };
            let (from, to) = if whole { (0, units) } else { (start, start + taken) };
            block_commit_write(k, folio, from, to);
        }
        let end = pos + copied;
        let size = i_size_read(task);
        if end > size {
            i_size_write(task, end);
        }
        set_disk_size(task, end.max(size));
        if target == Target::Ours {
            folio_unlock(task, folio);
            folio_put(task, folio);
        }
        ocfs2_commit_trans(k);
        copied as u8
    });
    usize::from(took)
}

/// `block_invalidate_folio` of a whole page, which then lets go of its buffers if it can.
fn drop_buffers(k: &Kernel, folio: Folio) {
    block_invalidate_folio(k, folio, 0);
    // Not reached: ocfs2_write_begin_nolock has waited, and the page was locked since.
    if !folio_test_writeback(&k.task, folio) {
        // Nobody asks what came of it.
        let _ = try_to_free_buffers(k, folio);
    }
}

//! ocfs2 files whose data is in the inode's block (`ocfs2_write_begin_inline`, `ocfs2_write_end_inline`;
//! `fs/ocfs2/aops.c`). v4.2 and v6.12 are the same in what is modelled.
//!
//! The blocks of the file stand for that part of the inode's block. The journal keeps it together with the
//! size, so that a crash finds both or neither; here the data is in its place at once, and only the size waits for
//! the commit. A store through a mapping first moves the data to a cluster (`ocfs2_convert_inline_data_to_extents`);
//! here it stays in its place, and writeback brings it there.

use machine::{Label, Layout, Order, Place, call};
use page_state::folio::{
    folio_end_writeback, folio_in_cache, folio_lock, folio_mark_dirty, folio_mark_uptodate, folio_put,
    folio_start_writeback, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write, map_block, set_disk_size};
use page_state::steps::{copy_unit, store};
use page_state::{Folio, Geometry, Storage, Unit};

use super::cluster::{is_hole, ocfs2_commit_trans, ocfs2_start_trans};
use super::locks::{self, down_write, try_down_read, up_write, wait_for_writer};
use crate::family::{File, PageState};
use crate::file_system::{FileSystem, Nature};
use crate::generic::filemap::grab_cache_page;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::truncate::truncate_inode_pages;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::{OrderedData, jbd2_journal_commit_transaction};
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// ocfs2 with inline data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inline;

impl FileSystem for Inline {
    fn nature(&self) -> Nature {
        Nature { buffers: false, ..Nature::ORDERED }
    }

    fn cluster(&self, geometry: Geometry) -> usize {
        geometry.blocks()
    }

    fn declare(&self, layout: &mut Layout, _: &Storage) -> Vec<Place> {
        locks::declare(layout)
    }

    /// The room is there from the start.
    fn allocates(&self) -> bool {
        false
    }

    /// Pages have no buffers, and a file that has data has no holes.
    fn admits(&self, file: &File, page: PageState) -> bool {
        matches!(page, PageState::Absent | PageState::Uptodate) && (file.allocated != 0) == (file.size > 0)
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
        let folio = call(task.m, Label::new("ocfs2_write_begin", &[pos as i32, len as i32]), || {
            // Not needed: a writer meets readers and stores at the page lock, and a truncation at the inode lock.
            down_write(k);
            call(task.m, Label::new("ocfs2_write_begin_inline", &[]), || {
                ocfs2_start_trans(k);
                let folio = grab_cache_page(task, 0);
                if is_hole(k, 0) {
                    ocfs2_set_inode_data_inline(k);
                }
                // Not needed: what is copied goes to the inode's block, and a page that was not read stays so: who
                // wants it reads it from there.
                if !folio_test_uptodate(task, folio) {
                    ocfs2_read_inline_data(k, folio);
                }
                folio
            })
        });
        Ok(folio)
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
            ocfs2_write_end_nolock(k, (pos, len, copied), folio) as u8
        });
        Ok(usize::from(took))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        let task = &k.task;
        call(task.m, Label::new("ocfs2_read_folio", &[]), || {
            if !try_down_read(k) {
                // AOP_TRUNCATED_PAGE: the caller looks for the page again.
                folio_unlock(task, folio);
                wait_for_writer(k);
                return;
            }
            if i_size_read(task) == 0 {
                folio_zero_segment(task, folio, 0, task.storage.geometry.page_units());
                folio_mark_uptodate(task, folio);
            } else {
                ocfs2_read_inline_data(k, folio);
            }
            folio_unlock(task, folio);
            up_write(k);
        });
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        let task = &k.task;
        call(task.m, Label::new("ocfs2_writepage", &[]), || {
            let inside = i_size_read(task).min(task.storage.geometry.page_units());
            folio_zero_segment(task, folio, inside, task.storage.geometry.page_units());
            folio_start_writeback(task, folio);
            folio_unlock(task, folio);
            copy_to_inode(k, folio, 0, inside);
            folio_end_writeback(task, folio);
        });
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        let task = &k.task;
        call(task.m, Label::new("ocfs2_page_mkwrite", &[]), || {
            down_write(k);
            folio_lock(task, folio);
            // Not reached: a truncation takes the page away before the size falls, and holds ip_alloc_sem meanwhile.
            let ours = folio_in_cache(task, folio) && i_size_read(task) > 0;
            let fault = if ours {
                folio_mark_dirty(task, folio);
                VmFault::Locked
            } else {
                folio_unlock(task, folio);
                VmFault::NoPage
            };
            up_write(k);
            fault
        })
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        let task = &k.task;
        call(task.m, Label::new("ocfs2_setattr", &[size as i32]), || {
            let shrinks = i_size_read(task) >= size;
            if shrinks {
                down_write(k);
                truncate_inode_pages(k, self, size);
            }
            ocfs2_start_trans(k);
            if shrinks {
                ocfs2_truncate_inline(k, size);
            }
            if !shrinks && is_hole(k, 0) {
                ocfs2_set_inode_data_inline(k);
            }
            i_size_write(task, size);
            set_disk_size(task, size);
            ocfs2_commit_trans(k);
            if shrinks {
                up_write(k);
            }
        });
    }

    fn invalidate_folio(&self, _: &Kernel, _: Folio, _: usize) -> bool {
        false
    }

    fn release_folio(&self, _: &Kernel, _: Folio) -> bool {
        true
    }

    fn commit(&self, k: &Kernel) {
        jbd2_journal_commit_transaction(&k.task, k.journal(), OrderedData::NONE);
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.commit(k);
    }
}

/// The place in the inode's block of a unit of the file; the caller knows that the file has its data there.
fn id_data(k: &Kernel, unit: usize) -> Place {
    let geometry = k.task.storage.geometry;
    let block = unit >> geometry.block_shift;
    let disk_block = map_block(&k.task, block).expect("the inode has inline data");
    k.task.storage.disk(disk_block, unit - geometry.block(block).start)
}

/// `ocfs2_set_inode_data_inline`: an empty file gets room for its data, with zeros.
fn ocfs2_set_inode_data_inline(k: &Kernel) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_set_inode_data_inline", &[]), || {
        for block in 0..task.storage.geometry.blocks() {
            k.journal().allocate_block(task, block);
            for unit in task.storage.geometry.block(block) {
                zero_in_inode(k, unit);
            }
        }
    });
}

fn zero_in_inode(k: &Kernel, unit: usize) {
    let label = Label::new("memset id_data", &[unit as i32]);
    store(&k.task, id_data(k, unit), Unit::Zero.word(), Order::Relaxed, label);
}

/// `ocfs2_truncate_inline`: zeros beyond the size.
fn ocfs2_truncate_inline(k: &Kernel, size: usize) {
    let end = i_size_read(&k.task);
    call(k.task.m, Label::new("ocfs2_truncate_inline", &[size as i32]), || {
        for unit in size..end {
            zero_in_inode(k, unit);
        }
    });
}

/// `ocfs2_read_inline_data`: fills the page, with zeros beyond the size, and marks it uptodate.
fn ocfs2_read_inline_data(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_read_inline_data", &[]), || {
        let units = task.storage.geometry.page_units();
        // Not needed: behind the end the inode's block has zeros.
        let size = i_size_read(task).min(units);
        for unit in 0..size {
            let to = task.storage.unit(folio.frame, unit);
            copy_unit(task, id_data(k, unit), to, Label::new("memcpy", &[unit as i32]));
        }
        folio_zero_segment(task, folio, size, units);
        folio_mark_uptodate(task, folio);
    });
}

fn copy_to_inode(k: &Kernel, folio: Folio, from: usize, to: usize) {
    for unit in from..to {
        let at = k.task.storage.unit(folio.frame, unit);
        copy_unit(&k.task, at, id_data(k, unit), Label::new("memcpy id_data", &[unit as i32]));
    }
}

/// `ocfs2_write_end_nolock` with `ocfs2_write_end_inline`.
fn ocfs2_write_end_nolock(k: &Kernel, (pos, len, copied): (usize, usize, usize), folio: Folio) -> usize {
    let task = &k.task;
    let took =
        call(task.m, Label::new("ocfs2_write_end_inline", &[pos as i32, len as i32, copied as i32]), || {
            let mut copied = copied;
            if copied < len && !folio_test_uptodate(task, folio) {
                // Not reached: ocfs2_write_begin_inline has filled the page, which was locked since.
                copied = 0;
            } else {
                copy_to_inode(k, folio, pos, pos + copied);
            }
            let end = pos + copied;
            let size = i_size_read(task);
            if end > size {
                i_size_write(task, end);
            }
            set_disk_size(task, end.max(size));
            folio_unlock(task, folio);
            folio_put(task, folio);
            ocfs2_commit_trans(k);
            up_write(k);
            copied as u8
        });
    usize::from(took)
}

//! How ocfs2 maps blocks for readers and for a write (`fs/ocfs2/aops.c`).

use machine::{Label, bug, call};
use page_state::buffer::{
    self, bh_read, buffer_mapped, buffer_uptodate, buffers, clear_buffer_dirty, clear_buffer_new,
    clear_buffer_uptodate, create_empty_buffers, folio_buffers, mark_buffer_dirty, set_buffer_new,
    set_buffer_uptodate,
};
use page_state::folio::{
    folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write, map_block, set_disk_size};
use page_state::{Buffer, Folio};

use super::cluster::{is_hole, ocfs2_commit_trans, ocfs2_start_trans};
use crate::file_system::FileSystem;
use crate::generic::buffer::{block_commit_write, block_read_full_page, block_write_begin, is_outside};
use crate::generic::filemap::grab_cache_page;
use crate::jbd2::jbd2_journal_file_inode;
use crate::kernel::Kernel;

/// `ocfs2_get_block`: allocates nothing. A block beyond the size is new for who asks to create.
#[track_caller]
pub(super) fn ocfs2_get_block(k: &Kernel, bh: Buffer, create: bool) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_get_block", &[bh.block as i32]), || {
        let block = bh.file_block(task);
        if let Some(disk_block) = map_block(task, block) {
            buffer::map_bh(task, bh, disk_block, 0);
            // Not reached: what is dirty within the size is mapped, so that only ocfs2_zero_extend asks to create, beyond it.
            // Not needed: not new, the block is read, and what a file has at first behind its end holds zeros.
            if create && block >= task.storage.geometry.blocks_of(i_size_read(task)) {
                // Not needed: not new, the block is read, as above.
                set_buffer_new(task, bh);
            }
        } else if create {
            // Not reached: what is dirty within the size is mapped, and ocfs2_zero_extend leaves holes alone.
            clear_buffer_dirty(task, bh);
            clear_buffer_uptodate(task, bh);
        }
    });
}

/// `ocfs2_read_folio`: a page beyond the end of the file is zeros.
#[track_caller]
pub(super) fn ocfs2_read_folio(fs: &dyn FileSystem, k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_read_folio", &[]), || {
        let units = task.storage.geometry.page_units();
        if folio.index * units >= i_size_read(task) {
            folio_zero_segment(task, folio, 0, units);
            folio_mark_uptodate(task, folio);
            folio_unlock(task, folio);
        } else {
            block_read_full_page(k, fs, folio);
        }
    });
}

/// `ocfs2_map_page_blocks`: maps the buffers that `from..to` touches. For a write that is new they become new;
/// otherwise what is only partly overwritten is read.
#[track_caller]
pub(super) fn ocfs2_map_page_blocks(k: &Kernel, folio: Folio, (from, to): (usize, usize), new: bool) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_map_page_blocks", &[from as i32, to as i32, i32::from(new)]), || {
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        for bh in buffers(task, folio) {
            clear_buffer_new(task, bh); // Not needed: write_end leaves no buffer new.
            if is_outside(k, bh, from, to) {
                // Not needed: as long as the page is uptodate nobody asks its buffers.
                if folio_test_uptodate(task, folio) {
                    set_buffer_uptodate(task, bh); // Not needed: as long as the page is nobody asks it.
                }
                continue;
            }
            if new {
                set_buffer_new(task, bh);
            }
            // Not needed: who asks for a block again is given the same.
            if !buffer_mapped(task, bh) {
                // The caller has looked, and holds ip_alloc_sem.
                let Some(disk_block) = map_block(task, bh.file_block(task)) else {
                    bug("BUG_ON(*phys == 0) in ocfs2_write_cluster")
                };
                buffer::map_bh(task, bh, disk_block, 0);
            }
            let block = task.storage.geometry.block(bh.block);
            let partly = block.start < from || block.end > to;
            if folio_test_uptodate(task, folio) {
                set_buffer_uptodate(task, bh);
            } else if !new && partly && !buffer_uptodate(task, bh) {
                bh_read(task, bh);
            }
        }
    });
}

/// `ocfs2_prepare_page_for_write`: a page that lies beyond the size is as good as new. What is new is zeroed
/// outside of the write.
#[track_caller]
pub(super) fn ocfs2_prepare_page_for_write(
    k: &Kernel,
    folio: Folio,
    (pos, len): (usize, usize),
    allocated: bool,
) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let label = Label::new("ocfs2_prepare_page_for_write", &[pos as i32, len as i32]);
    call(task.m, label, || {
        let start = folio.index * units;
        // Not needed: not new, the page is read, and what a file has at first behind its end holds zeros.
        // Not reached: a cluster is a page here, so that a write's page is the one that it begins in.
        let new = allocated || (i_size_read(task) <= start && start <= pos);
        let (from, to) = (pos % units, pos % units + len);
        ocfs2_map_page_blocks(k, folio, if new { (0, units) } else { (from, to) }, new);
        // Not needed: a page that is uptodate has zeros where the file had no cluster.
        if new && !folio_test_uptodate(task, folio) {
            // ocfs2_clear_page_regions
            folio_zero_segment(task, folio, 0, from);
            folio_zero_segment(task, folio, to, units);
        }
    });
}

/// `ocfs2_zero_extend`: the blocks between the end of the file and `to` become zeros where there is a cluster, and
/// the file grows with them.
#[track_caller]
pub(super) fn ocfs2_zero_extend(fs: &dyn FileSystem, k: &Kernel, to: usize) {
    let task = &k.task;
    let geometry = task.storage.geometry;
    call(task.m, Label::new("ocfs2_zero_extend", &[to as i32]), || {
        // Not needed: within the size what is read is written again, and behind it a file holds zeros at first.
        let from = i_size_read(task).next_multiple_of(geometry.block_units());
        for index in geometry.page_of(from)..to.div_ceil(geometry.page_units()) {
            let start = index * geometry.page_units();
            let (from, to) = (from.max(start), to.min(start + geometry.page_units()));
            // Not needed: what a file has at first behind its end holds zeros.
            if from < to && !is_hole(k, index) {
                ocfs2_write_zero_page(fs, k, from, to);
            }
        }
    });
}

fn ocfs2_write_zero_page(fs: &dyn FileSystem, k: &Kernel, from: usize, to: usize) {
    let task = &k.task;
    let geometry = task.storage.geometry;
    call(task.m, Label::new("ocfs2_write_zero_page", &[from as i32, to as i32]), || {
        ocfs2_start_trans(k);
        jbd2_journal_file_inode(task, k.journal()); // Not needed: zeros are written over zeros.
        let folio = grab_cache_page(task, geometry.page_of(from));
        let start = folio.index * geometry.page_units();
        for block_start in (from - start..to - start).step_by(geometry.block_units()) {
            // One unit in, so that the whole block is zeroed. Nothing is allocated, so that nothing can fail.
            let _ = block_write_begin(k, fs, folio, block_start + 1, block_start + 1);
            block_commit_write(k, folio, block_start + 1, block_start + 1);
        }
        i_size_write(task, to); // Not needed: write_end raises the size, too.
        set_disk_size(task, to); // Not needed: write_end raises the size, too.
        folio_unlock(task, folio);
        folio_put(task, folio);
        ocfs2_commit_trans(k);
    });
}

/// `ocfs2_map_and_dirty_page` with zeros: for the end of a file that is cut in the middle of a cluster.
#[track_caller]
pub(super) fn ocfs2_zero_and_dirty_page(k: &Kernel, folio: Folio, from: usize, to: usize) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_map_and_dirty_page", &[from as i32, to as i32]), || {
        ocfs2_map_page_blocks(k, folio, (from, to), false);
        folio_zero_segment(task, folio, from, to);
        let mut partial = false;
        for bh in buffers(task, folio) {
            if is_outside(k, bh, from, to) {
                partial |= !buffer_uptodate(task, bh);
            } else {
                set_buffer_uptodate(task, bh);
                mark_buffer_dirty(task, bh);
            }
        }
        jbd2_journal_file_inode(task, k.journal());
        if !partial {
            folio_mark_uptodate(task, folio);
        }
    });
}

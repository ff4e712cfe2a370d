//! How reiserfs writes a page back, and what a store through a mapping does (`fs/reiserfs/inode.c`).

use machine::{Label, call};
use page_state::buffer::{
    buffer_dirty, buffer_mapped, buffer_uptodate, buffers, clear_buffer_dirty, create_empty_buffers,
    end_buffer_async_write, folio_buffers, set_buffer_dirty, set_buffer_uptodate, submit_if_dirty,
};
use page_state::folio::{
    folio_clear_uptodate, folio_end_writeback, folio_mark_uptodate, folio_set_error, folio_start_writeback,
    folio_unlock, folio_zero_segment,
};
use page_state::inode::i_size_read;
use page_state::{Buffer, Folio};

use super::blocks::{Create, reiserfs_get_block};
use super::journal::{lock_buffer, unlock_buffer};
use crate::generic::buffer::as_they_arrive;
use crate::kernel::Kernel;

/// `reiserfs_write_full_page`: a page beyond the end of the file is left as it is; the rest of the last one is
/// zeroed. What is dirty and has no block gets one.
#[track_caller]
pub(super) fn reiserfs_write_full_page(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_write_full_page", &[]), || {
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
            for bh in buffers(task, folio) {
                set_buffer_dirty(task, bh);
                set_buffer_uptodate(task, bh);
            }
        }
        let geometry = task.storage.geometry;
        let (units, size) = (geometry.page_units(), i_size_read(task));
        let inside = size.saturating_sub(folio.index * units).min(units);
        if inside == 0 {
            folio_unlock(task, folio);
            return;
        }
        folio_zero_segment(task, folio, inside, units);
        let failed = !map_buffers(k, folio, geometry.blocks_of(size));
        // Not reached: who writes finds the disk full, and not who writes back.
        if failed {
            folio_clear_uptodate(task, folio);
            // What was attached to a page that is dirty may be dirty and have no block.
            for bh in buffers(task, folio).filter(|&bh| !buffer_mapped(task, bh)) {
                clear_buffer_dirty(task, bh);
            }
            folio_set_error(task, folio);
        }
        submit(k, folio);
    });
}

/// Gives what is dirty a block. Tells whether all have one.
fn map_buffers(k: &Kernel, folio: Folio, blocks: usize) -> bool {
    let task = &k.task;
    for bh in buffers(task, folio) {
        if bh.file_block(task) >= blocks {
            clear_buffer_dirty(task, bh);
            set_buffer_uptodate(task, bh);
        } else if buffer_dirty(task, bh) && !buffer_mapped(task, bh) {
            // map_block_for_writepage
            // Not reached: what is dirty is uptodate but for errors of I/O, and who writes back does not find the disk full.
            if !buffer_uptodate(task, bh) || reiserfs_get_block(k, bh, Create::ForWriteback).is_err() {
                return false;
            }
        }
    }
    true
}

/// Locks and submits the dirty buffers, in any order; they stay locked until their data has arrived.
fn submit(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("submit_bh", &[]), || {
        let submitted: Vec<(Buffer, usize)> = buffers(task, folio)
            .filter_map(|bh| {
                if !buffer_mapped(task, bh) {
                    return None;
                }
                lock_buffer(k, bh);
                let dirty = submit_if_dirty(task, bh);
                if dirty.is_none() {
                    unlock_buffer(k, bh);
                }
                Some((bh, dirty?))
            })
            .collect();
        folio_start_writeback(task, folio);
        folio_unlock(task, folio);
        for (bh, disk_block) in as_they_arrive(k, &submitted) {
            end_buffer_async_write(task, bh, disk_block);
            unlock_buffer(k, bh);
        }
        if submitted.is_empty() && buffers(task, folio).all(|bh| buffer_uptodate(task, bh)) {
            folio_mark_uptodate(task, folio);
        }
        folio_end_writeback(task, folio);
    });
}

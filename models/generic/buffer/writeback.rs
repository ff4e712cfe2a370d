//! How `fs/buffer.c` writes a page back, and makes it fit for stores through a mapping.

use machine::{Action, Label, Step, call};
use page_state::buffer::{
    buffer_delay, buffer_dirty, buffer_mapped, buffer_new, buffers, clear_buffer_delay, clear_buffer_dirty,
    clear_buffer_new, create_empty_buffers, end_buffer_async_write, folio_buffers, set_buffer_dirty,
    set_buffer_uptodate, submit_if_dirty,
};
use page_state::folio::{
    folio_end_writeback, folio_in_cache, folio_lock, folio_mark_dirty, folio_start_writeback, folio_unlock,
    folio_zero_segment,
};
use page_state::inode::i_size_read;
use page_state::{Buffer, Folio};

use super::write_end::block_commit_write;
use super::{block_write_begin, blocks_of_size};
use crate::file_system::FileSystem;
use crate::generic::locks::{lock_buffer, unlock_buffer};
use crate::generic::stable_pages::folio_wait_stable;
use crate::kernel::{Kernel, VmFault};

/// The page's units that lie within the file.
pub(crate) fn within_size(k: &Kernel, folio: Folio) -> usize {
    let units = k.task.storage.geometry.page_units();
    i_size_read(&k.task).saturating_sub(folio.index * units).min(units)
}

/// `block_write_full_page`: allocates what has no block yet, writes what is dirty, and unlocks the page. What
/// lies beyond the end of the file is zeroed and not written; a page that lies wholly beyond it loses its buffers.
#[track_caller]
pub fn block_write_full_page(k: &Kernel, fs: &dyn FileSystem, folio: Folio) {
    write_full_page(k, fs, folio, true);
}

/// `block_write_full_page` since v5.10 (6dbf7bb55598): a page that lies wholly beyond the end is left as it is,
/// clean with buffers that may be dirty.
#[track_caller]
pub fn block_write_full_page_keeping_buffers(k: &Kernel, fs: &dyn FileSystem, folio: Folio) {
    write_full_page(k, fs, folio, false);
}

#[track_caller]
fn write_full_page(k: &Kernel, fs: &dyn FileSystem, folio: Folio, invalidates: bool) {
    let task = &k.task;
    call(task.m, Label::new("block_write_full_page", &[]), || {
        let units = task.storage.geometry.page_units();
        let inside = within_size(k, folio);
        if inside == 0 {
            // Somebody is truncating it.
            if invalidates {
                fs.invalidate_folio(k, folio, 0);
            }
            folio_unlock(task, folio);
            return;
        }
        folio_zero_segment(task, folio, inside, units);
        if !folio_buffers(task, folio) {
            // A page that was dirty without buffers is dirty in all of them.
            create_empty_buffers(task, folio);
            for bh in buffers(task, folio) {
                set_buffer_uptodate(task, bh);
                set_buffer_dirty(task, bh);
            }
        }
        // Not reached: who writes finds the disk full, and who writes back only where blocks are delayed.
        if !map_dirty_buffers(k, fs, folio, blocks_of_size(k)) {
            // What has no block is lost; what has one is written.
            for bh in buffers(task, folio).filter(|&bh| !buffer_mapped(task, bh)) {
                clear_buffer_dirty(task, bh);
            }
        }
        submit_dirty_buffers(k, folio);
    });
}

/// Gives what is dirty a block, up to the first that finds the disk full. Tells whether none did.
fn map_dirty_buffers(k: &Kernel, fs: &dyn FileSystem, folio: Folio, blocks: usize) -> bool {
    let task = &k.task;
    for bh in buffers(task, folio) {
        if bh.file_block(task) >= blocks {
            clear_buffer_dirty(task, bh);
            set_buffer_uptodate(task, bh);
            continue;
        }
        // Not reached: delayed buffers are ext4's, which writes them by itself.
        if buffer_dirty(task, bh) && (!buffer_mapped(task, bh) || buffer_delay(task, bh)) {
            // Not reached: that one does. Who writes finds the disk full, and who writes back only where blocks are delayed.
            if fs.get_block(k, bh, true).is_err() {
                return false;
            }
            clear_buffer_delay(task, bh);
            if buffer_new(task, bh) {
                clear_buffer_new(task, bh);
            }
        }
    }
    true
}

/// Submitted buffers in the order in which their data arrives, which may begin with any of them.
#[track_caller]
pub(crate) fn as_they_arrive<T: Copy>(k: &Kernel, submitted: &[T]) -> impl Iterator<Item = T> {
    let count = submitted.len();
    let first = if count > 1 {
        let label = Label::new("block that arrives first", &[]);
        let step = Step::new(Action::Choose { of: count as u8 }, label);
        k.task.m.perform(step.showing(machine::show_number)) as usize
    } else {
        0
    };
    submitted.iter().copied().cycle().skip(first).take(count)
}

/// Writes the page's dirty buffers that are mapped, in any order, and unlocks the page before their data
/// arrives.
#[track_caller]
pub fn submit_dirty_buffers(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("submit_dirty_buffers", &[]), || {
        let submitted: Vec<(Buffer, usize)> = buffers(task, folio)
            .filter(|&bh| buffer_mapped(task, bh))
            .filter_map(|bh| Some((bh, submit_locked(k, bh)?)))
            .collect();
        if submitted.is_empty() {
            folio_unlock(task, folio);
            return;
        }
        folio_start_writeback(task, folio);
        folio_unlock(task, folio);
        for (bh, disk_block) in as_they_arrive(k, &submitted) {
            end_buffer_async_write(task, bh, disk_block);
            unlock_buffer(k, bh);
        }
        folio_end_writeback(task, folio);
    });
}

/// The buffer is locked until its data has arrived, if it is dirty.
#[track_caller]
fn submit_locked(k: &Kernel, bh: Buffer) -> Option<usize> {
    lock_buffer(k, bh);
    let disk_block = submit_if_dirty(&k.task, bh);
    if disk_block.is_none() {
        unlock_buffer(k, bh);
    }
    disk_block
}

/// `block_page_mkwrite`: allocates what has no block yet, marks the page's part of the file dirty, and waits
/// for writeback.
#[track_caller]
pub fn block_page_mkwrite(k: &Kernel, fs: &dyn FileSystem, folio: Folio) -> VmFault {
    let task = &k.task;
    call(task.m, Label::new("block_page_mkwrite", &[]), || {
        folio_lock(task, folio);
        let inside = within_size(k, folio);
        if !folio_in_cache(task, folio) || inside == 0 {
            folio_unlock(task, folio);
            return VmFault::NoPage;
        }
        if let Err(error) = block_write_begin(k, fs, folio, 0, inside) {
            folio_unlock(task, folio);
            return VmFault::of(error);
        }
        block_commit_write(k, folio, 0, inside);
        folio_mark_dirty(task, folio);
        folio_wait_stable(k, folio);
        VmFault::Locked
    })
}

/// `block_dirty_folio` (`__set_page_dirty_buffers` before v5.18): all buffers of the page are dirty, and the
/// page is.
#[track_caller]
pub fn block_dirty_folio(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("block_dirty_folio", &[]), || {
        if folio_buffers(task, folio) {
            for bh in buffers(task, folio) {
                set_buffer_dirty(task, bh);
            }
        }
        folio_mark_dirty(task, folio);
    });
}

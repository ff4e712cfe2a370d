//! `fs/buffer.c`, v4.2; v6.12 is the same in what is modelled.

mod mpage;
mod write_end;
mod writeback;

pub use mpage::Writepage;
pub use write_end::{block_commit_write, block_write_end, generic_write_end};
pub(crate) use writeback::{as_they_arrive, within_size};
pub use writeback::{
    block_dirty_folio, block_page_mkwrite, block_write_full_page, block_write_full_page_keeping_buffers,
    submit_dirty_buffers,
};

use machine::{Label, call};
use page_state::buffer::{
    bh_read, buffer_delay, buffer_dirty, buffer_mapped, buffer_new, buffer_unwritten, buffer_uptodate,
    buffers, clear_buffer_new, create_empty_buffers, folio_buffers, free_buffer_head, mark_buffer_dirty,
    set_buffer_uptodate,
};
use page_state::folio::{
    folio_clear_dirty, folio_clear_uptodate, folio_mark_uptodate, folio_test_uptodate, folio_unlock,
    folio_zero_segment,
};
use page_state::inode::i_size_read;
use page_state::{Buffer, Folio};

use crate::file_system::FileSystem;
use crate::kernel::{Errno, Kernel};

/// Whether the buffer has no unit in `from..to`.
#[must_use]
pub fn is_outside(k: &Kernel, bh: Buffer, from: usize, to: usize) -> bool {
    let block = k.task.storage.geometry.block(bh.block);
    block.end <= from || block.start >= to
}

/// `page_zero_new_buffers`: the part of each new buffer that lies in `from..to` is zeroed, unless the
/// page is uptodate, and marked uptodate and dirty.
#[track_caller]
pub fn page_zero_new_buffers(k: &Kernel, folio: Folio, from: usize, to: usize) {
    let task = &k.task;
    call(task.m, Label::new("page_zero_new_buffers", &[from as i32, to as i32]), || {
        for bh in buffers(task, folio) {
            if !buffer_new(task, bh) || is_outside(k, bh, from, to) {
                continue;
            }
            // Not needed: with ocfs2 an uptodate page has zeros where the file had no cluster.
            if !folio_test_uptodate(task, folio) {
                let block = task.storage.geometry.block(bh.block);
                folio_zero_segment(task, folio, from.max(block.start), to.min(block.end));
                set_buffer_uptodate(task, bh);
            }
            clear_buffer_new(task, bh); // Not needed: with data=journal the next write_begin does.
            mark_buffer_dirty(task, bh); // Not needed: with ocfs2 block_commit_write does.
        }
    });
}

/// `__block_write_begin`: maps the buffers that a write of `from..to` touches, allocates where there is a hole, zeroes
/// what a new block has outside of the write, and reads what is only partly overwritten.
#[track_caller]
pub fn block_write_begin(
    k: &Kernel,
    fs: &dyn FileSystem,
    folio: Folio,
    from: usize,
    to: usize,
) -> Result<(), Errno> {
    let task = &k.task;
    call(task.m, Label::new("__block_write_begin", &[from as i32, to as i32]), || {
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        for bh in buffers(task, folio) {
            if let Err(error) = prepare_buffer(k, fs, bh, (from, to)) {
                page_zero_new_buffers(k, folio, from, to);
                return Err(error);
            }
        }
        Ok(())
    })
}

fn prepare_buffer(
    k: &Kernel,
    fs: &dyn FileSystem,
    bh: Buffer,
    (from, to): (usize, usize),
) -> Result<(), Errno> {
    let task = &k.task;
    let folio = bh.folio;
    let block = task.storage.geometry.block(bh.block);
    call(task.m, Label::new("prepare_buffer", &[bh.block as i32]), || {
        if is_outside(k, bh, from, to) {
            // Not needed: as long as the page is uptodate nobody asks its buffers.
            // Not reached: a page is uptodate when all its buffers are, and only an error of I/O parts them.
            if folio_test_uptodate(task, folio) && !buffer_uptodate(task, bh) {
                set_buffer_uptodate(task, bh);
            }
            return Ok(());
        }
        // Not needed: write_end leaves no buffer new.
        if buffer_new(task, bh) {
            clear_buffer_new(task, bh); // Not needed: write_end leaves no buffer new.
        }
        // Not needed: who asks for a block again is given the same.
        if !buffer_mapped(task, bh) {
            fs.get_block(k, bh, true)?;
            // Not needed: ocfs2 comes here behind the end of the file only, where the blocks that it has hold zeros.
            if buffer_new(task, bh) {
                // Not needed: an uptodate page has zeros where the file had a hole, and write_end marks the buffer.
                if folio_test_uptodate(task, folio) {
                    clear_buffer_new(task, bh); // Not needed: with data=journal the next write_begin does.
                    set_buffer_uptodate(task, bh); // Not needed: with data=journal write_end does.
                    mark_buffer_dirty(task, bh); // Not needed: with ocfs2 block_commit_write does.
                } else {
                    folio_zero_segment(task, folio, to.max(block.start), block.end);
                    folio_zero_segment(task, folio, block.start, from.min(block.end));
                }
                return Ok(());
            }
        }
        // Not needed: the buffers of an uptodate page are, too, so that nothing is read.
        if folio_test_uptodate(task, folio) {
            // Not needed: to mark what is marked.
            // Not reached: of a page that is uptodate only an error of I/O leaves a buffer that is not.
            if !buffer_uptodate(task, bh) {
                set_buffer_uptodate(task, bh);
            }
            return Ok(());
        }
        let partly = block.start < from || block.end > to;
        // Not needed: ocfs2 comes here behind the end of the file only, and reads zeros once more.
        // Not reached: a delayed buffer was new, and who made it so wrote or zeroed it before the page was unlocked.
        if partly && !buffer_uptodate(task, bh) && !buffer_delay(task, bh) && !buffer_unwritten(task, bh) {
            bh_read(task, bh);
        }
        Ok(())
    })
}

/// The same before f9f07b6c1372: where a block can't be had, a page that was uptodate is not any more.
#[track_caller]
pub fn block_write_begin_v2_6_17(
    k: &Kernel,
    fs: &dyn FileSystem,
    folio: Folio,
    from: usize,
    to: usize,
) -> Result<(), Errno> {
    let begun = block_write_begin(k, fs, folio, from, to);
    if begun.is_err() {
        folio_clear_uptodate(&k.task, folio);
    }
    begun
}

/// Blocks that a file of the inode's size has.
fn blocks_of_size(k: &Kernel) -> usize {
    k.task.storage.geometry.blocks_of(i_size_read(&k.task))
}

/// `block_read_full_page`: fills what is not uptodate from disk, zeroes what has no block, marks the
/// page uptodate and unlocks it.
#[track_caller]
pub fn block_read_full_page(k: &Kernel, fs: &dyn FileSystem, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("block_read_full_page", &[]), || {
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        let blocks = blocks_of_size(k);
        for bh in buffers(task, folio) {
            call(task.m, Label::new("fill_buffer", &[bh.block as i32]), || fill_buffer(k, fs, bh, blocks));
        }
        folio_mark_uptodate(task, folio);
        folio_unlock(task, folio);
    });
}

fn fill_buffer(k: &Kernel, fs: &dyn FileSystem, bh: Buffer, blocks: usize) {
    let task = &k.task;
    if buffer_uptodate(task, bh) {
        return;
    }
    if !buffer_mapped(task, bh) {
        let inside = bh.file_block(task) < blocks;
        if inside {
            // Without `create` there is nothing that can fail.
            let _ = fs.get_block(k, bh, false);
        }
        if !inside || !buffer_mapped(task, bh) {
            let block = task.storage.geometry.block(bh.block);
            folio_zero_segment(task, bh.folio, block.start, block.end);
            set_buffer_uptodate(task, bh);
            return;
        }
    }
    bh_read(task, bh);
}

/// `block_is_partially_uptodate`: whether all buffers that `from..to` touches are uptodate; the page is
/// locked.
#[track_caller]
pub fn block_is_partially_uptodate(k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
    let task = &k.task;
    let geometry = task.storage.geometry;
    // Not reached: readers begin with the first unit of a page; it takes one of its last block alone.
    if from < geometry.block_units() && to > geometry.page_units() - geometry.block_units() {
        // The whole page is wanted: its own flag tells.
        return false;
    }
    call(task.m, Label::new("block_is_partially_uptodate", &[from as i32, to as i32]), || {
        folio_buffers(task, folio)
            && buffers(task, folio)
                .filter(|&bh| !is_outside(k, bh, from, to))
                .all(|bh| buffer_uptodate(task, bh))
    })
}

/// `try_to_free_buffers`: takes the buffers off a page that is locked, if none is dirty; the page is clean
/// then, too. Tells whether it did.
#[track_caller]
pub fn try_to_free_buffers(k: &Kernel, folio: Folio) -> bool {
    let task = &k.task;
    call(task.m, Label::new("try_to_free_buffers", &[]), || {
        if !folio_buffers(task, folio) {
            return true;
        }
        if buffers(task, folio).any(|bh| buffer_dirty(task, bh)) {
            return false;
        }
        for bh in buffers(task, folio) {
            free_buffer_head(task, bh);
        }
        // Not needed: the page that ocfs2 drops so was not written to, and leaves no data when it is written.
        folio_clear_dirty(task, folio);
        true
    })
}

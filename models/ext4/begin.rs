//! What `ext4_write_begin` does whatever the data mode: the page, a handle, and a way back.

use machine::{Flow, Label, again, call};
use page_state::buffer::{
    bh_read, buffer_delay, buffer_mapped, buffer_new, buffer_unwritten, buffer_uptodate, buffers,
    clear_buffer_new, create_empty_buffers, folio_buffers, set_buffer_uptodate,
};
use page_state::folio::{
    folio_in_cache, folio_lock, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, orphan_add};
use page_state::steps::report;
use page_state::{Buffer, Folio};

use super::journalled::buffers::{WriteEnd, do_journal_get_write_access, ext4_journalled_zero_new_buffers};
use super::truncate::ext4_block_zero_eof;
use crate::file_system::FileSystem;
use crate::generic::buffer::{is_outside, page_zero_new_buffers};
use crate::generic::filemap::grab_cache_page;
use crate::generic::stable_pages::folio_wait_stable;
use crate::jbd2::{Handle, jbd2_journal_start, jbd2_journal_stop};
use crate::kernel::{Errno, Kernel, Request};

/// `ext4_write_checks` (v7.1): what a write leaves between the end of the file and its beginning is zeroed first, as far as
/// there is a block.
#[track_caller]
pub(super) fn ext4_write_checks(k: &Kernel, fs: &dyn FileSystem, request: Request) {
    call(k.task.m, Label::new("ext4_write_checks", &[]), || {
        let old_size = i_size_read(&k.task);
        if request.pos > old_size {
            ext4_block_zero_eof(k, fs, old_size, request.pos);
        }
    });
}

/// The part of the page that a write covers.
pub(super) fn page_range(k: &Kernel, pos: usize, len: usize) -> (usize, usize) {
    let from = pos % k.task.storage.geometry.page_units();
    (from, from + len)
}

/// The page of `pos`, locked and not under writeback, and an open handle. The page comes first and is locked once
/// more: the page lock is inside of the transaction.
#[track_caller]
pub(super) fn grab_with_handle(k: &Kernel, pos: usize) -> (Folio, Handle) {
    let (task, journal) = (&k.task, k.journal());
    let index = task.storage.geometry.page_of(pos);
    let found = again(task.m, Label::new("retry_grab", &[]), (), |()| {
        let folio = grab_cache_page(task, index);
        folio_unlock(task, folio);
        let handle = jbd2_journal_start(task, journal);
        folio_lock(task, folio);
        // Not reached: that it is gone. Direct I/O, which takes pages away, waits for the inode's lock.
        if folio_in_cache(task, folio) {
            return Flow::Done((folio, handle));
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        jbd2_journal_stop(task, journal);
        Flow::Again(())
    });
    folio_wait_stable(k, found.0);
    found
}

/// Begins anew where the handle has run out of credits (v6.17): it is closed, the page given back, and what was allocated
/// beyond the size is gone.
pub(super) fn retry_journal(k: &Kernel, begin: &dyn Fn() -> Result<Folio, Errno>) -> Result<Folio, Errno> {
    if k.world.credits.is_none() {
        return begin();
    }
    again(k.task.m, Label::new("retry_journal", &[]), (), |()| match begin() {
        Err(Errno::Eagain) => Flow::Again(()),
        begun => Flow::Done(begun),
    })
}

/// `write_begin` up to `end` has failed: the handle is closed, and what was allocated beyond the size goes.
#[track_caller]
pub(super) fn abandon(
    k: &Kernel,
    fs: &dyn FileSystem,
    folio: Folio,
    end: usize,
    truncate_failed_write: impl Fn(&Kernel, &dyn FileSystem) + Copy,
) {
    let task = &k.task;
    call(task.m, Label::new("ext4_write_begin fails", &[]), || {
        folio_unlock(task, folio);
        stop_and_trim(k, fs, end, truncate_failed_write);
        folio_put(task, folio);
    });
}

/// The handle is closed, and where a write up to `end` has not come so far, what was allocated beyond the size goes. The
/// inode is on the orphan list until then.
pub(super) fn stop_and_trim(
    k: &Kernel,
    fs: &dyn FileSystem,
    end: usize,
    truncate_failed_write: impl Fn(&Kernel, &dyn FileSystem) + Copy,
) {
    let (task, journal) = (&k.task, k.journal());
    // Not needed: a truncation to where the file ends takes nothing.
    let extending = end > i_size_read(task);
    if extending {
        orphan_add(task);
    }
    jbd2_journal_stop(task, journal);
    if extending {
        truncate_failed_write(k, fs);
    }
}

/// `ext4_block_write_begin` (v6.12): as `__block_write_begin`, but dirtying is left to `write_end`. A new buffer of data
/// that is `journalled` comes to the journal at once.
pub(super) fn ext4_block_write_begin(
    k: &Kernel,
    fs: &dyn FileSystem,
    journalled: Option<(WriteEnd, Handle)>,
    folio: Folio,
    (from, to): (usize, usize),
) -> Result<(), Errno> {
    let task = &k.task;
    call(task.m, Label::new("ext4_block_write_begin", &[from as i32, to as i32]), || {
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        for bh in buffers(task, folio) {
            let Err(error) = prepare_buffer(k, fs, bh, (from, to), journalled) else { continue };
            match journalled {
                Some((text, handle)) => ext4_journalled_zero_new_buffers(k, text, handle, folio, (from, to)),
                None => page_zero_new_buffers(k, folio, from, to),
            }
            return Err(error);
        }
        Ok(())
    })
}

/// `ext4_journal_ensure_extent_credits` (v6.17): a handle has credits for a block, and for another new one of the page
/// there may be none.
fn ensure_credits(k: &Kernel, bh: Buffer) -> Result<(), Errno> {
    let Some(may) = k.world.credits else { return Ok(()) };
    // Not needed: to begin again before the first new block is as good.
    let has_new = buffers(&k.task, bh.folio).take(bh.block).any(|other| buffer_new(&k.task, other));
    if has_new && k.runs_out_of_credits(may) { Err(Errno::Eagain) } else { Ok(()) }
}

fn prepare_buffer(
    k: &Kernel,
    fs: &dyn FileSystem,
    bh: Buffer,
    (from, to): (usize, usize),
    journalled: Option<(WriteEnd, Handle)>,
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
        // Not reached: the same.
        if buffer_new(task, bh) {
            let witness = Label::new("WARN_ON_ONCE(buffer_new(bh)) in ext4_block_write_begin", &[]);
            report(task, "kernel-bug", witness);
            clear_buffer_new(task, bh); // Not needed: write_end leaves no buffer new.
        }
        // Not needed: who asks for a block again is given the same.
        if !buffer_mapped(task, bh) {
            ensure_credits(k, bh)?;
            fs.get_block(k, bh, true)?;
            if buffer_new(task, bh) {
                if let Some((text, handle)) = journalled {
                    do_journal_get_write_access(k, text, handle, bh);
                }
                // Not needed: an uptodate page has zeros where the file had a hole, and write_end marks the buffer.
                if folio_test_uptodate(task, folio) {
                    set_buffer_uptodate(task, bh); // Not needed: write_end does.
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
        // Not reached: a delayed buffer was new, and who made it so wrote or zeroed it before the page was unlocked.
        if partly && !buffer_uptodate(task, bh) && !buffer_delay(task, bh) && !buffer_unwritten(task, bh) {
            bh_read(task, bh);
        }
        Ok(())
    })
}

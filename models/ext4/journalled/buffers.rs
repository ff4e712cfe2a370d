//! How a buffer of data comes to the journal, in each text.

use machine::{Label, call};
use page_state::buffer::{
    buffer_dirty, buffer_freed, buffer_mapped, buffer_new, buffer_uptodate, buffers, clear_buffer_dirty,
    clear_buffer_new, set_buffer_uptodate,
};
use page_state::folio::{folio_mark_dirty, folio_test_uptodate, folio_zero_segment};
use page_state::{Buffer, Folio};

use crate::generic::buffer::is_outside;
use crate::jbd2::{Handle, jbd2_journal_dirty_metadata, jbd2_journal_get_write_access};
use crate::kernel::Kernel;

/// What `ext4_journalled_write_end` does with a short copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::ext4) enum WriteEnd {
    /// As in v4.2: the generic zeroing, which dirties.
    V4_2,
    /// The first ext4 patch of the thread, as tested after a short copy into a page that is not
    /// uptodate was set to 0: if nothing was copied, neither zeroing nor walk.
    SkipZeroing,
    /// Another reading: tested at entry, where a partial copy still counts.
    SkipZeroingAtEntry,
    /// Another reading: only the zeroing is skipped, the walk still runs.
    SkipZeroingWalk,
    /// b90197b65518: a zeroing of its own, which does not dirty.
    V4_4,
    /// 3b136499e906: nothing but new buffers is journalled after a short copy into a page that is not
    /// uptodate.
    V4_11,
    /// v5.10: 64a9f1449950, a store through a mapping is journalled when its page becomes writable.
    V5_10,
    /// v6.3: and no more when that is written back.
    V6_3,
    /// d84c9ebdac1e (v6.4): the page of what is journalled is dirty.
    V6_4,
    /// v6.12 to v6.14: new buffers of an uptodate page are journalled, too, and `write_begin` dirties
    /// nothing.
    V6_13,
    /// v7.1: 3f60efd65412, what lies between the end and a write beyond it is zeroed before the write.
    V7_1,
}

/// `ext4_walk_page_buffers`: does something to each buffer that `from..to` touches. Tells whether one
/// outside of it is not uptodate.
pub(super) fn walk_page_buffers(
    k: &Kernel,
    folio: Folio,
    (from, to): (usize, usize),
    each: &dyn Fn(Buffer),
) -> bool {
    let task = &k.task;
    call(task.m, Label::new("ext4_walk_page_buffers", &[from as i32, to as i32]), || {
        let mut partial = false;
        for bh in buffers(task, folio) {
            if is_outside(k, bh, from, to) {
                // Not needed: a page that is never marked costs reads, and no data.
                partial = partial || !buffer_uptodate(task, bh);
            } else {
                each(bh);
            }
        }
        partial
    })
}

/// `do_journal_get_write_access`.
#[track_caller]
pub(in crate::ext4) fn do_journal_get_write_access(k: &Kernel, text: WriteEnd, handle: Handle, bh: Buffer) {
    call(k.task.m, Label::new("do_journal_get_write_access", &[bh.block as i32]), || {
        if text < WriteEnd::V6_13 {
            get_write_access_v4_2(k, handle, bh);
        } else {
            get_write_access_v6_13(k, handle, bh);
        }
    });
}

/// A buffer that `__block_write_begin` has dirtied (a new buffer of an uptodate page) is cleaned first and journalled
/// then.
fn get_write_access_v4_2(k: &Kernel, handle: Handle, bh: Buffer) {
    let (task, journal) = (&k.task, k.journal());
    // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it.
    if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
        return;
    }
    // Not needed: what is journalled early is journalled.
    let dirty = buffer_dirty(task, bh);
    if dirty {
        clear_buffer_dirty(task, bh);
    }
    jbd2_journal_get_write_access(task, journal, handle, bh);
    if dirty {
        // Not needed: before v4.11 write_end journals all of the write, whatever was copied.
        jbd2_journal_dirty_metadata(task, journal, handle, bh);
    }
}

/// cb3de5fc876e: `write_begin` dirties nothing.
fn get_write_access_v6_13(k: &Kernel, handle: Handle, bh: Buffer) {
    let (task, journal) = (&k.task, k.journal());
    // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it.
    if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
        return;
    }
    jbd2_journal_get_write_access(task, journal, handle, bh);
}

/// `write_end_fn`.
#[track_caller]
pub(super) fn write_end_fn(k: &Kernel, text: WriteEnd, handle: Handle, bh: Buffer) {
    call(k.task.m, Label::new("write_end_fn", &[bh.block as i32]), || {
        let journal = match text {
            WriteEnd::V6_13 | WriteEnd::V7_1 => write_end_fn_v6_13,
            WriteEnd::V6_4 => write_end_fn_v6_4,
            _ => write_end_fn_v4_2,
        };
        journal(k, handle, bh);
    });
}

fn write_end_fn_v4_2(k: &Kernel, handle: Handle, bh: Buffer) {
    let task = &k.task;
    // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it; write_begin has
    // mapped the buffer.
    if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
        return;
    }
    set_buffer_uptodate(task, bh);
    jbd2_journal_dirty_metadata(task, k.journal(), handle, bh);
}

/// d84c9ebdac1e (`ext4_dirty_journalled_data`): so that writeback finds the page.
fn write_end_fn_v6_4(k: &Kernel, handle: Handle, bh: Buffer) {
    let task = &k.task;
    // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it; write_begin has
    // mapped the buffer.
    if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
        return;
    }
    set_buffer_uptodate(task, bh);
    // Not needed: so that writeback finds the page and commits; who syncs here commits as well.
    folio_mark_dirty(task, bh.folio);
    jbd2_journal_dirty_metadata(task, k.journal(), handle, bh);
}

fn write_end_fn_v6_13(k: &Kernel, handle: Handle, bh: Buffer) {
    let task = &k.task;
    // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it; write_begin has
    // mapped the buffer.
    if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
        return;
    }
    set_buffer_uptodate(task, bh);
    // ext4_dirty_journalled_data
    // Not needed: so that writeback finds the page and commits; who syncs here commits as well.
    folio_mark_dirty(task, bh.folio);
    jbd2_journal_dirty_metadata(task, k.journal(), handle, bh);
    clear_buffer_new(task, bh);
}

/// b90197b65518: as `page_zero_new_buffers`, but without dirtying.
#[track_caller]
pub(super) fn zero_new_buffers(k: &Kernel, folio: Folio, from: usize, to: usize) {
    let task = &k.task;
    call(task.m, Label::new("zero_new_buffers", &[from as i32, to as i32]), || {
        for bh in buffers(task, folio) {
            // Not reached: who comes here with a new buffer has a page that is not uptodate, of which nothing was
            // taken (`__block_write_begin` leaves none new on another), so that all of the write is zeroed.
            if !buffer_new(task, bh) || is_outside(k, bh, from, to) {
                continue;
            }
            // Not reached: the same.
            if !folio_test_uptodate(task, folio) {
                zero_in(k, bh, from, to);
                set_buffer_uptodate(task, bh); // Not needed: the walk that follows marks all of the write.
            }
            clear_buffer_new(task, bh); // Not needed: the next write_begin does.
        }
    });
}

fn zero_in(k: &Kernel, bh: Buffer, from: usize, to: usize) {
    let block = k.task.storage.geometry.block(bh.block);
    folio_zero_segment(&k.task, bh.folio, from.max(block.start), to.min(block.end));
}

/// `ext4_journalled_zero_new_buffers` (3b136499e906): zeroes and journals the new buffers of `from..to`.
#[track_caller]
pub(in crate::ext4) fn ext4_journalled_zero_new_buffers(
    k: &Kernel,
    text: WriteEnd,
    handle: Handle,
    folio: Folio,
    (from, to): (usize, usize),
) {
    let label = Label::new("ext4_journalled_zero_new_buffers", &[from as i32, to as i32]);
    call(k.task.m, label, || {
        let new = |&bh: &Buffer| buffer_new(&k.task, bh) && !is_outside(k, bh, from, to);
        for bh in buffers(&k.task, folio).filter(new) {
            if text < WriteEnd::V6_13 {
                zero_new_buffer_v4_11(k, text, handle, bh, (from, to));
            } else {
                zero_new_buffer_v6_13(k, text, handle, bh, (from, to));
            }
        }
    });
}

fn zero_new_buffer_v4_11(k: &Kernel, text: WriteEnd, handle: Handle, bh: Buffer, (from, to): (usize, usize)) {
    let task = &k.task;
    // Not reached: that it is. `__block_write_begin` of this text leaves no buffer of an uptodate page new.
    if !folio_test_uptodate(task, bh.folio) {
        zero_in(k, bh, from, to);
        write_end_fn(k, text, handle, bh);
    }
    clear_buffer_new(task, bh); // Not needed: the next write_begin does.
}

/// 3910b513fcdf: journals those of an uptodate page, too.
fn zero_new_buffer_v6_13(k: &Kernel, text: WriteEnd, handle: Handle, bh: Buffer, (from, to): (usize, usize)) {
    let task = &k.task;
    // Not needed: in an uptodate page a block that was a hole has zeros.
    if !folio_test_uptodate(task, bh.folio) {
        zero_in(k, bh, from, to);
    }
    clear_buffer_new(task, bh); // Not needed: write_end_fn does the same.
    write_end_fn(k, text, handle, bh);
}

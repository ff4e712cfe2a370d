//! `ext4_write_begin` and `ext4_journalled_write_end`.

use machine::{Label, call};
use page_state::buffer::{
    buffer_dirty, buffer_freed, buffer_mapped, buffer_new, buffer_uptodate, buffers, clear_buffer_dirty,
    clear_buffer_new, set_buffer_uptodate,
};
use page_state::folio::{
    folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, orphan_add};
use page_state::steps::report;
use page_state::{Buffer, Folio};

use super::{Journalled, WriteEnd};
use crate::ext4::begin::{abandon, grab_with_handle, page_range};
use crate::ext4::truncate::{ext4_truncate_failed_write, ext4_update_inode_size, ext4_zero_partial_blocks};
use crate::generic::buffer::{
    NewBuffer, block_write_begin, is_outside, page_zero_new_buffers, prepare_buffers,
};
use crate::generic::truncate::pagecache_isize_extended;
use crate::jbd2::{
    Handle, jbd2_journal_dirty_metadata, jbd2_journal_get_write_access, jbd2_journal_stop,
    journal_current_handle,
};
use crate::kernel::{Errno, Kernel};

#[track_caller]
pub(super) fn ext4_write_begin(fs: &Journalled, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    call(k.task.m, Label::new("ext4_write_begin", &[pos as i32, len as i32]), || {
        let (from, to) = page_range(k, pos, len);
        let (folio, handle) = grab_with_handle(k);
        if let Err(error) = ext4_block_write_begin(fs, k, handle, folio, (from, to)) {
            abandon(k, fs, folio, pos + len, ext4_truncate_failed_write);
            return Err(error);
        }
        walk_page_buffers(k, folio, (from, to), &|bh| do_journal_get_write_access(fs, k, handle, bh));
        Ok(folio)
    })
}

/// `__block_write_begin`, or since v6.12 ext4's own, which leaves dirtying to `write_end`.
pub(super) fn ext4_block_write_begin(
    fs: &Journalled,
    k: &Kernel,
    handle: Handle,
    folio: Folio,
    (from, to): (usize, usize),
) -> Result<(), Errno> {
    if fs.write_end < WriteEnd::V6_14 {
        return block_write_begin(k, fs, folio, from, to);
    }
    let new = NewBuffer {
        // Not needed: write_end marks what was copied to, and what was not.
        of_uptodate_page: &|bh| set_buffer_uptodate(&k.task, bh),
        // Not reached: write_end leaves no buffer new.
        still_new: &|_| {
            report(
                &k.task,
                "kernel-bug",
                Label::new("WARN_ON_ONCE(buffer_new(bh)) in ext4_block_write_begin", &[]),
            );
        },
        allocated: &|bh| do_journal_get_write_access(fs, k, handle, bh),
        failed: &|from, to| ext4_journalled_zero_new_buffers(fs, k, handle, folio, (from, to)),
    };
    let label = Label::new("ext4_block_write_begin", &[from as i32, to as i32]);
    prepare_buffers(k, fs, folio, (from, to), label, new)
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

/// `do_journal_get_write_access`. Until v6.12 a buffer that `__block_write_begin` has dirtied (a new
/// buffer of an uptodate page) is cleaned first and journalled then.
#[track_caller]
pub(super) fn do_journal_get_write_access(fs: &Journalled, k: &Kernel, handle: Handle, bh: Buffer) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("do_journal_get_write_access", &[bh.block as i32]), || {
        // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it.
        if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
            return;
        }
        // Not needed: what is journalled early is journalled.
        let dirty = fs.write_end < WriteEnd::V6_14 && buffer_dirty(task, bh);
        if dirty {
            clear_buffer_dirty(task, bh);
        }
        jbd2_journal_get_write_access(task, journal, handle, bh);
        if dirty {
            // Not needed: before v4.11 write_end journals all of the write, whatever was copied.
            jbd2_journal_dirty_metadata(task, journal, handle, bh);
        }
    });
}

/// `write_end_fn`.
#[track_caller]
pub(super) fn write_end_fn(fs: &Journalled, k: &Kernel, handle: Handle, bh: Buffer) {
    let task = &k.task;
    call(task.m, Label::new("write_end_fn", &[bh.block as i32]), || {
        // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it; write_begin has
        // mapped the buffer.
        if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
            return;
        }
        set_buffer_uptodate(task, bh);
        if fs.write_end >= WriteEnd::V6_14 {
            // Not needed: so that writeback finds the page and commits; who syncs here commits as well.
            folio_mark_dirty(task, bh.folio);
        }
        jbd2_journal_dirty_metadata(task, k.journal(), handle, bh);
        if fs.write_end >= WriteEnd::V6_14 {
            clear_buffer_new(task, bh);
        }
    });
}

/// b90197b65518: as `page_zero_new_buffers`, but without dirtying.
#[track_caller]
fn zero_new_buffers(k: &Kernel, folio: Folio, from: usize, to: usize) {
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

/// 3b136499e906: zeroes and journals each new buffer; on an uptodate page it journals none before
/// 3910b513fcdf (v6.12).
#[track_caller]
fn ext4_journalled_zero_new_buffers(
    fs: &Journalled,
    k: &Kernel,
    handle: Handle,
    folio: Folio,
    (from, to): (usize, usize),
) {
    let task = &k.task;
    let label = Label::new("ext4_journalled_zero_new_buffers", &[from as i32, to as i32]);
    call(task.m, label, || {
        for bh in buffers(task, folio) {
            if !buffer_new(task, bh) || is_outside(k, bh, from, to) {
                continue;
            }
            // Not needed: in an uptodate page a block that was a hole has zeros.
            let uptodate = folio_test_uptodate(task, folio);
            if !uptodate {
                zero_in(k, bh, from, to);
            }
            if fs.write_end >= WriteEnd::V6_14 {
                // Not needed: write_end_fn does the same.
                clear_buffer_new(task, bh);
                write_end_fn(fs, k, handle, bh);
            } else {
                // Not reached: `__block_write_begin` of this text leaves no buffer of an uptodate page new.
                if !uptodate {
                    write_end_fn(fs, k, handle, bh);
                }
                clear_buffer_new(task, bh); // Not needed: the next write_begin does.
            }
        }
    });
}

/// What the part of `write_end` that looks at buffers comes to.
enum Took {
    /// So many units.
    Units(usize),
    /// None, and the function is left early.
    Nothing,
}

/// The part of `write_end` that looks at buffers, in each text.
fn take_buffers(
    fs: &Journalled,
    k: &Kernel,
    handle: Handle,
    folio: Folio,
    (from, to): (usize, usize),
    mut copied: usize,
) -> Took {
    let task = &k.task;
    let short = from + copied < to;
    // Not needed: before v4.11, where write_end journals all of the write, to take nothing is always allowed.
    let short_and_not_uptodate = short && !folio_test_uptodate(task, folio);
    let nothing_at_entry = copied == 0;
    let mut walk_to = to;
    match fs.write_end {
        _ if fs.write_end >= WriteEnd::V4_11 && short_and_not_uptodate => {
            ext4_journalled_zero_new_buffers(fs, k, handle, folio, (from, to));
            return Took::Units(0);
        }
        _ if fs.write_end >= WriteEnd::V4_11 => {
            walk_to = from + copied;
            if short {
                ext4_journalled_zero_new_buffers(fs, k, handle, folio, (from + copied, to));
            }
        }
        _ if !short => {}
        text => {
            if short_and_not_uptodate {
                copied = 0;
            }
            let nothing = match text {
                WriteEnd::SkipZeroing | WriteEnd::SkipZeroingWalk => copied == 0,
                WriteEnd::SkipZeroingAtEntry => nothing_at_entry,
                _ => false,
            };
            if nothing && text != WriteEnd::SkipZeroingWalk {
                return Took::Nothing;
            }
            match text {
                WriteEnd::V4_4 => zero_new_buffers(k, folio, from + copied, to),
                _ if nothing => {}
                _ => page_zero_new_buffers(k, folio, from + copied, to),
            }
        }
    }
    let each = |bh| write_end_fn(fs, k, handle, bh);
    let partial = walk_page_buffers(k, folio, (from, walk_to), &each);
    if !partial {
        // Not needed: a page that is never marked costs reads, and no data.
        folio_mark_uptodate(task, folio);
    }
    Took::Units(copied)
}

#[track_caller]
pub(super) fn ext4_journalled_write_end(
    fs: &Journalled,
    k: &Kernel,
    pos: usize,
    len: usize,
    copied: usize,
    folio: Folio,
) -> Result<usize, Errno> {
    let (task, journal) = (&k.task, k.journal());
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("ext4_journalled_write_end", &args), || {
        let handle = journal_current_handle(task, journal);
        let old_size = i_size_read(task);
        let (from, to) = page_range(k, pos, len);
        let copied = match take_buffers(fs, k, handle, folio, (from, to), copied) {
            Took::Units(copied) => {
                ext4_update_inode_size(k, pos + copied);
                copied
            }
            Took::Nothing => 0,
        };
        folio_unlock(task, folio);
        folio_put(task, folio);
        if old_size < pos {
            pagecache_isize_extended(k, fs, old_size, pos);
            if fs.write_end == WriteEnd::V6_14 {
                ext4_zero_partial_blocks(k, fs, handle, old_size, pos);
            }
        }
        // Not needed: a truncation to where the file ends takes nothing.
        let extending = pos + len > i_size_read(task);
        if extending {
            orphan_add(task);
        }
        jbd2_journal_stop(task, journal);
        if extending {
            ext4_truncate_failed_write(k, fs);
        }
        copied as u8
    });
    Ok(usize::from(took))
}

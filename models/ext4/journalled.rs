//! `ext4_write_begin` and `ext4_journalled_write_end`, for files whose data goes through the journal
//! (`data=journal`).
//!
//! v4.2 is the text that the thread of 2015 is about; what changed since stands beside it: b90197b65518
//! (v4.4), 3b136499e906 (v4.11), and v6.12 to v6.14 (3910b513fcdf, 6b730a405037, cb3de5fc876e,
//! 183aa1d3baea).
//!
//! Left out: inline data, encryption, verity, large folios, credits, the retry after `-ENOSPC`.

use machine::{Label, call};
use page_state::buffer::{
    buffer_dirty, buffer_freed, buffer_mapped, buffer_new, buffer_uptodate, buffers, clear_buffer_dirty,
    clear_buffer_new, set_buffer_uptodate,
};
use page_state::folio::{
    filemap_get_folio, folio_in_cache, folio_lock, folio_mark_dirty, folio_mark_uptodate, folio_put,
    folio_test_uptodate, folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write, orphan_add, set_disk_size};
use page_state::steps::report;
use page_state::{Buffer, Folio};

use super::block::{ext4_get_block, ext4_truncate, ext4_truncate_failed_write, ext4_zero_partial_blocks};
use crate::Mutant;
use crate::file_system::{FileSystem, Medium, Nature};
use crate::generic::buffer::{
    NewBuffer, block_is_partially_uptodate, block_read_full_page, block_write_begin, is_outside,
    page_zero_new_buffers, prepare_buffers, try_to_free_buffers,
};
use crate::generic::filemap::grab_cache_page;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::truncate::truncate_inode_pages;
use crate::jbd2::{
    self, Handle, jbd2_journal_commit_transaction, jbd2_journal_dirty_metadata,
    jbd2_journal_get_write_access, jbd2_journal_invalidate_folio, jbd2_journal_start, jbd2_journal_stop,
    jbd2_journal_try_to_free_buffers, journal_current_handle,
};
use crate::kernel::{Errno, Kernel, Request};

/// What `ext4_journalled_write_end` does with a short copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WriteEnd {
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
    /// v6.12 to v6.14: new buffers of an uptodate page are journalled, too, and `write_begin` dirties
    /// nothing.
    V6_14,
}

/// ext4 with `data=journal`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journalled {
    /// Which text of `write_end`.
    pub(super) write_end: WriteEnd,
}

impl FileSystem for Journalled {
    fn nature(&self) -> Nature {
        Nature {
            medium: Medium::Disk,
            buffers: true,
            journal: true,
            journals_data: true,
            crash_safe: true,
            whole_pages: false,
        }
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        ext4_write_begin(self, k, pos, len)
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        ext4_journalled_write_end(self, k, pos, len, copied, folio)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        ext4_get_block(k, bh, create)
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        ext4_setattr_size(self, k, size);
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        let invalidated = jbd2_journal_invalidate_folio(&k.task, k.journal(), folio, from);
        if invalidated.busy {
            let witness = Label::new("WARN_ON(-EBUSY) in ext4_journalled_invalidatepage", &[]);
            report(&k.task, "kernel-bug", witness);
        }
        invalidated.held
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        jbd2_journal_try_to_free_buffers(&k.task, k.journal(), folio) && try_to_free_buffers(k, folio)
    }

    fn writepage(&self, _: &Kernel, _: Folio) {
        unimplemented!()
    }

    fn page_mkwrite(&self, _: &Kernel, _: Folio) -> bool {
        unimplemented!()
    }

    fn commit(&self, k: &Kernel) {
        jbd2_journal_commit_transaction(&k.task, k.journal(), &|| {});
    }

    fn sync(&self, k: &Kernel) {
        jbd2_journal_commit_transaction(&k.task, k.journal(), &|| {});
        jbd2::checkpoint(&k.task, k.journal());
    }
}

fn page_range(k: &Kernel, pos: usize, len: usize) -> (usize, usize) {
    let from = pos % k.task.storage.geometry.page_units();
    (from, from + len)
}

#[track_caller]
fn ext4_write_begin(fs: &Journalled, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_write_begin", &[pos as i32, len as i32]), || {
        let (from, to) = page_range(k, pos, len);
        // The page comes before the handle: the page lock is inside of the transaction.
        let (folio, handle) = machine::again(task.m, Label::new("retry_grab", &[]), (), |()| {
            let folio = grab_cache_page(task, 0);
            folio_unlock(task, folio);
            let handle = jbd2_journal_start(task, journal);
            folio_lock(task, folio);
            if folio_in_cache(task, folio) {
                return machine::Flow::Done((folio, handle));
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
            jbd2_journal_stop(task, journal);
            machine::Flow::Again(())
        });
        folio_wait_writeback(task, folio);
        let prepared = ext4_block_write_begin(fs, k, handle, folio, (from, to));
        let Err(error) = prepared else {
            if !k.mutated(Mutant::NoWriteAccess) {
                walk_page_buffers(k, folio, (from, to), &|bh| do_journal_get_write_access(fs, k, handle, bh));
            }
            return Ok(folio);
        };
        folio_unlock(task, folio);
        let extended = pos + len > i_size_read(task);
        if extended {
            orphan_add(task);
        }
        jbd2_journal_stop(task, journal);
        if extended {
            ext4_truncate_failed_write(k, fs);
        }
        folio_put(task, folio);
        Err(error)
    })
}

/// `__block_write_begin`, or since v6.12 ext4's own, which leaves dirtying to `write_end`.
fn ext4_block_write_begin(
    fs: &Journalled,
    k: &Kernel,
    handle: Handle,
    folio: Folio,
    (from, to): (usize, usize),
) -> Result<(), Errno> {
    if fs.write_end != WriteEnd::V6_14 {
        return block_write_begin(k, fs, folio, from, to);
    }
    let new = NewBuffer {
        of_uptodate_page: &|bh| set_buffer_uptodate(&k.task, bh),
        still_new: &|_| {
            report(
                &k.task,
                "kernel-bug",
                Label::new("WARN_ON_ONCE(buffer_new) in ext4_block_write_begin", &[]),
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
fn walk_page_buffers(k: &Kernel, folio: Folio, (from, to): (usize, usize), each: &dyn Fn(Buffer)) -> bool {
    let task = &k.task;
    call(task.m, Label::new("ext4_walk_page_buffers", &[from as i32, to as i32]), || {
        let mut partial = false;
        for bh in buffers(task, folio) {
            if is_outside(k, bh, from, to) {
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
fn do_journal_get_write_access(fs: &Journalled, k: &Kernel, handle: Handle, bh: Buffer) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("do_journal_get_write_access", &[bh.block as i32]), || {
        if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
            return;
        }
        let dirty = fs.write_end != WriteEnd::V6_14 && buffer_dirty(task, bh);
        if dirty {
            clear_buffer_dirty(task, bh);
        }
        jbd2_journal_get_write_access(task, journal, handle, bh);
        if dirty {
            jbd2_journal_dirty_metadata(task, journal, handle, bh);
        }
    });
}

/// `write_end_fn`.
#[track_caller]
fn write_end_fn(fs: &Journalled, k: &Kernel, handle: Handle, bh: Buffer) {
    let task = &k.task;
    call(task.m, Label::new("write_end_fn", &[bh.block as i32]), || {
        if !buffer_mapped(task, bh) || buffer_freed(task, bh) {
            return;
        }
        set_buffer_uptodate(task, bh);
        if fs.write_end == WriteEnd::V6_14 {
            folio_mark_dirty(task, bh.folio);
        }
        if !k.mutated(Mutant::WriteEndForgetsToDirty) {
            jbd2_journal_dirty_metadata(task, k.journal(), handle, bh);
        }
        if fs.write_end == WriteEnd::V6_14 {
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
            if !buffer_new(task, bh) || is_outside(k, bh, from, to) {
                continue;
            }
            if !folio_test_uptodate(task, folio) {
                zero_in(k, bh, from, to);
                set_buffer_uptodate(task, bh);
            }
            clear_buffer_new(task, bh);
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
        if k.mutated(Mutant::NewBuffersAreNotZeroed) {
            return;
        }
        for bh in buffers(task, folio) {
            if !buffer_new(task, bh) || is_outside(k, bh, from, to) {
                continue;
            }
            let uptodate = folio_test_uptodate(task, folio);
            if !uptodate {
                zero_in(k, bh, from, to);
            }
            if fs.write_end == WriteEnd::V6_14 {
                clear_buffer_new(task, bh);
                write_end_fn(fs, k, handle, bh);
            } else {
                if !uptodate {
                    write_end_fn(fs, k, handle, bh);
                }
                clear_buffer_new(task, bh);
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
    let short_and_not_uptodate = short && !folio_test_uptodate(task, folio);
    let nothing_at_entry = copied == 0;
    let mut walk_to = to;
    match fs.write_end {
        WriteEnd::V4_11 | WriteEnd::V6_14 if short_and_not_uptodate => {
            ext4_journalled_zero_new_buffers(fs, k, handle, folio, (from, to));
            return Took::Units(0);
        }
        WriteEnd::V4_11 | WriteEnd::V6_14 => {
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
    if !partial || k.mutated(Mutant::PartialPageIsUptodate) {
        folio_mark_uptodate(task, folio);
    }
    Took::Units(copied)
}

/// `ext4_update_inode_size`.
fn ext4_update_inode_size(k: &Kernel, old_size: usize, new_size: usize) {
    if new_size > old_size {
        i_size_write(&k.task, new_size);
        set_disk_size(&k.task, new_size);
    }
}

#[track_caller]
fn ext4_journalled_write_end(
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
                let committed = if k.mutated(Mutant::SizeFromLength) { len } else { copied };
                ext4_update_inode_size(k, old_size, pos + committed);
                copied
            }
            Took::Nothing => 0,
        };
        if !k.mutated(Mutant::PageStaysLocked) {
            folio_unlock(task, folio);
        }
        folio_put(task, folio);
        if fs.write_end == WriteEnd::V6_14 && old_size < pos {
            ext4_zero_partial_blocks(k, fs, handle, old_size, pos);
        }
        let extending = pos + len > i_size_read(task) && !k.mutated(Mutant::FailedWriteIsNotTruncated);
        if extending {
            orphan_add(task);
        }
        jbd2_journal_stop(task, journal);
        if extending {
            ext4_truncate_failed_write(k, fs);
        }
        if k.mutated(Mutant::SizeOnDiskIsAhead) {
            set_disk_size(task, pos + len);
        }
        if k.mutated(Mutant::ReturnsLength) { len as u8 } else { copied as u8 }
    });
    Ok(usize::from(took))
}

/// `ext4_setattr` to a smaller or larger size, with the inode's lock held.
fn ext4_setattr_size(fs: &Journalled, k: &Kernel, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_setattr", &[size as i32]), || {
        let old_size = i_size_read(task);
        jbd2_journal_start(task, journal);
        if size < old_size {
            orphan_add(task);
        }
        set_disk_size(task, size);
        i_size_write(task, size);
        jbd2_journal_stop(task, journal);
        if size < old_size {
            ext4_wait_for_tail_page_commit(k, size);
            truncate_inode_pages(k, fs, size);
            ext4_truncate(k, fs);
        }
    });
}

/// `ext4_wait_for_tail_page_commit`: a page that is cut in the middle must not be in a commit.
fn ext4_wait_for_tail_page_commit(k: &Kernel, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    let geometry = task.storage.geometry;
    let offset = size % geometry.page_units();
    let all_stay = offset == 0 || offset > geometry.page_units() - geometry.block_units();
    if all_stay || k.mutated(Mutant::TruncateKeepsPage) {
        return;
    }
    machine::again(task.m, Label::new("ext4_wait_for_tail_page_commit", &[]), (), |()| {
        let Some(folio) = filemap_get_folio(task, 0) else { return machine::Flow::Done(()) };
        folio_lock(task, folio);
        let invalidated = jbd2_journal_invalidate_folio(task, journal, folio, offset);
        folio_unlock(task, folio);
        folio_put(task, folio);
        if !invalidated.busy {
            return machine::Flow::Done(());
        }
        jbd2::wait_for_commit(task, journal);
        machine::Flow::Again(())
    });
}

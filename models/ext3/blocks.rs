//! How ext3 finds, allocates and frees blocks, and what all its modes of data have in common.
//!
//! The page lock is outside of the transaction, unlike in ext4: a page is locked before a handle is opened, and
//! unlocked after it is closed.

use machine::{Label, call};
use page_state::buffer::{
    NEW, bh_read, buffer_mapped, buffer_uptodate, create_empty_buffers, folio_buffers, map_bh,
    mark_buffer_dirty, set_buffer_uptodate,
};
use page_state::folio::{folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment};
use page_state::inode::{
    i_size_read, i_size_write, map_block, orphan_add, orphan_del, set_disk_size, set_map,
};
use page_state::{Buffer, Folio};

use crate::file_system::FileSystem;
use crate::generic::buffer::block_write_begin;
use crate::generic::filemap::grab_cache_page;
use crate::generic::stable_pages::folio_wait_stable;
use crate::generic::truncate::truncate_inode_pages;
use crate::jbd2::{
    Handle, jbd2_journal_dirty_metadata, jbd2_journal_file_inode, jbd2_journal_get_write_access,
    jbd2_journal_start, jbd2_journal_stop,
};
use crate::kernel::{Errno, Kernel};

/// `ext3_get_block`.
#[track_caller]
pub(super) fn ext3_get_block(k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
    let task = &k.task;
    call(task.m, Label::new("ext3_get_block", &[bh.block as i32]), || {
        let block = bh.file_block(task);
        if let Some(disk_block) = map_block(task, block) {
            map_bh(task, bh, disk_block, 0);
        } else if create {
            if k.is_disk_full() {
                return Err(Errno::Enospc);
            }
            map_bh(task, bh, k.journal().allocate_block(task, block), NEW);
        }
        Ok(())
    })
}

/// `ext3_write_begin`, but for the journal's part of it, which `prepared` is.
#[track_caller]
pub(super) fn ext3_write_begin(
    k: &Kernel,
    fs: &dyn FileSystem,
    (pos, len): (usize, usize),
    prepared: &dyn Fn(Handle, Folio, (usize, usize)),
) -> Result<Folio, Errno> {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext3_write_begin", &[pos as i32, len as i32]), || {
        let folio = grab_cache_page(task, task.storage.geometry.page_of(pos));
        folio_wait_stable(k, folio);
        // Not needed: data=writeback is asked by default of the writer alone: nobody commits.
        let handle = jbd2_journal_start(task, journal);
        let (from, to) = page_range(k, pos, len);
        let Err(error) = block_write_begin(k, fs, folio, from, to) else {
            prepared(handle, folio, (from, to));
            return Ok(folio);
        };
        // Not needed: a write that found no room has changed no size, and ext3_truncate lists the inode, too.
        end_handle(k, fs, folio, pos + len);
        Err(error)
    })
}

/// The part of the page that a write covers.
pub(super) fn page_range(k: &Kernel, pos: usize, len: usize) -> (usize, usize) {
    let from = pos % k.task.storage.geometry.page_units();
    (from, from + len)
}

/// How a write up to `end` ends: the handle is closed, then the page unlocked, and what was allocated beyond
/// the size goes (`ext3_truncate_failed_write`).
#[track_caller]
pub(super) fn end_handle(k: &Kernel, fs: &dyn FileSystem, folio: Folio, end: usize) {
    let (task, journal) = (&k.task, k.journal());
    let extending = end > i_size_read(task);
    if extending {
        orphan_add(task);
    }
    let size = i_size_read(task);
    if size > page_state::inode::disk_size(task) {
        set_disk_size(task, size);
    }
    jbd2_journal_stop(task, journal);
    folio_unlock(task, folio);
    folio_put(task, folio);
    if extending {
        call(task.m, Label::new("ext3_truncate_failed_write", &[]), || {
            truncate_inode_pages(k, fs, i_size_read(task));
            ext3_truncate(k);
        });
    }
}

/// `ext3_truncate`: the blocks beyond the size are free. The inode is on the orphan list meanwhile.
#[track_caller]
fn ext3_truncate(k: &Kernel) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext3_truncate", &[]), || {
        let geometry = task.storage.geometry;
        // Not needed: after a write that failed the inode is on the orphan list, and a commit in the middle leaves
        // nothing that is not freed after a crash.
        jbd2_journal_start(task, journal);
        orphan_add(task); // Not needed: after a write that failed it is on the list already.
        let size = i_size_read(task);
        set_disk_size(task, size); // Not needed: after a write that failed it is the one in memory already.
        for block in geometry.blocks_of(size)..geometry.file_blocks() {
            if map_block(task, block).is_some() {
                set_map(task, block, None);
            }
        }
        orphan_del(task);
        jbd2_journal_stop(task, journal);
    });
}

/// `ext3_block_truncate_page`: the rest of the block that `size` lies in becomes zeros.
fn ext3_block_truncate_page(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    let geometry = task.storage.geometry;
    if size.is_multiple_of(geometry.block_units()) {
        return;
    }
    call(task.m, Label::new("ext3_block_truncate_page", &[size as i32]), || {
        let folio = grab_cache_page(task, geometry.page_of(size));
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        let from = size % geometry.page_units();
        let block = from >> geometry.block_shift;
        let bh = Buffer { folio, block };
        if !buffer_mapped(task, bh) {
            // Without `create` there is nothing that can fail.
            let _ = fs.get_block(k, bh, false);
        }
        if buffer_mapped(task, bh) {
            if folio_test_uptodate(task, folio) {
                set_buffer_uptodate(task, bh);
            }
            if !buffer_uptodate(task, bh) {
                bh_read(task, bh);
            }
            let handle = jbd2_journal_start(task, journal);
            let to = geometry.block(block).end;
            let nature = fs.nature();
            if nature.journals_data {
                jbd2_journal_get_write_access(task, journal, handle, bh);
                folio_zero_segment(task, folio, from, to);
                jbd2_journal_dirty_metadata(task, journal, handle, bh);
            } else {
                folio_zero_segment(task, folio, from, to);
                // Not reached by default: with data=writeback only the writer alone is asked, and nobody truncates.
                if nature.crash_safe {
                    jbd2_journal_file_inode(task, journal);
                }
                mark_buffer_dirty(task, bh);
            }
            jbd2_journal_stop(task, journal);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

/// `ext3_setattr` to a smaller or larger size, with the inode's lock held.
#[track_caller]
pub(super) fn ext3_setattr_size(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext3_setattr", &[size as i32]), || {
        if size < i_size_read(task) {
            jbd2_journal_start(task, journal);
            orphan_add(task);
            set_disk_size(task, size);
            jbd2_journal_stop(task, journal);
            ext3_block_truncate_page(k, fs, size);
        }
        i_size_write(task, size);
        truncate_inode_pages(k, fs, size);
        ext3_truncate(k);
    });
}

//! How an ext4 file gets smaller or larger (`fs/ext4/inode.c`), and what a failed write leaves.
//!
//! v4.2; v6.12 is the same in what is modelled, and what v3.12, v6.13 and v7.1 changed stands beside it. Left out: direct
//! I/O under way, the zeroing that a hole punched in the middle needs.

use machine::{Label, call, scope};
use page_state::buffer::{
    bh_read, buffer_delay, buffer_freed, buffer_mapped, buffer_unwritten, buffer_uptodate,
    create_empty_buffers, folio_buffers, mark_buffer_dirty, set_buffer_uptodate,
};
use page_state::folio::{
    filemap_get_folio, folio_lock, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{
    disk_size, i_size_read, i_size_write, map_block, orphan_add, orphan_del, set_disk_size, set_map,
};
use page_state::{Buffer, Folio};

use super::page_io::begin_ordered_truncate;
use crate::file_system::FileSystem;
use crate::generic::filemap::grab_cache_page;
use crate::generic::locks::{
    down_write_i_data_sem, filemap_invalidate_lock, filemap_invalidate_unlock, up_write_i_data_sem,
};
use crate::generic::truncate::{pagecache_isize_extended, truncate_inode_pages};
use crate::jbd2::{
    self, Handle, jbd2_journal_dirty_metadata, jbd2_journal_file_inode, jbd2_journal_get_write_access,
    jbd2_journal_invalidate_folio, jbd2_journal_start, jbd2_journal_stop,
};
use crate::kernel::{Around, Kernel};

/// `ext4_update_inode_size`: the sizes reach at least up to `new_size`; the page is locked.
#[track_caller]
pub(super) fn ext4_update_inode_size(k: &Kernel, new_size: usize) {
    if new_size > i_size_read(&k.task) {
        i_size_write(&k.task, new_size);
    }
    ext4_update_i_disksize(k, new_size);
}

/// `ext4_update_i_disksize`: in memory. A commit takes the inode as it is, and the inode is part of a transaction when it is
/// marked dirty.
#[track_caller]
pub(super) fn ext4_update_i_disksize(k: &Kernel, new_size: usize) {
    down_write_i_data_sem(k);
    raise_disk_size(k, new_size);
    up_write_i_data_sem(k);
}

#[track_caller]
fn raise_disk_size(k: &Kernel, new_size: usize) {
    if new_size > disk_size(&k.task) {
        set_disk_size(&k.task, new_size);
    }
}

/// The same for what writeback has written up to `end`, as far as the file reaches (`mpage_map_and_submit_extent`): the
/// size is looked at again under `i_data_sem`, since v3.12.
#[track_caller]
pub(super) fn raise_disk_size_to(k: &Kernel, end: usize) {
    down_write_i_data_sem(k);
    raise_disk_size(k, end.min(i_size_read(&k.task)));
    up_write_i_data_sem(k);
}

/// `ext4_truncate`: zeroes the rest of the last block, frees the blocks beyond the size. The inode is on
/// the orphan list meanwhile.
// Passed as a function, whose caller would be the library's.
pub(super) fn ext4_truncate(k: &Kernel, fs: &dyn FileSystem) {
    call(k.task.m, Label::new("ext4_truncate", &[]), || {
        if k.world.setting.around < Around::V7_1 {
            truncate_v2_6_26(k, fs);
        } else {
            truncate_v7_1(k, fs);
        }
    });
}

fn truncate_v2_6_26(k: &Kernel, fs: &dyn FileSystem) {
    let (task, journal) = (&k.task, k.journal());
    let geometry = task.storage.geometry;
    // Not needed: before v6.14, whatever part of this a commit takes, the inode is on the orphan list.
    let handle = jbd2_journal_start(task, journal);
    let size = i_size_read(task);
    if !size.is_multiple_of(geometry.block_units()) {
        // ext4_block_truncate_page
        ext4_block_zero_page_range(k, fs, handle, size, geometry.file_units());
    }
    free_blocks_beyond(k, size);
    jbd2_journal_stop(task, journal);
}

fn truncate_v7_1(k: &Kernel, fs: &dyn FileSystem) {
    let (task, journal) = (&k.task, k.journal());
    ext4_block_zero_eof(k, fs, i_size_read(task), task.storage.geometry.file_units());
    // Not needed: whatever part of this a commit takes, the inode is on the orphan list.
    jbd2_journal_start(task, journal);
    free_blocks_beyond(k, i_size_read(task));
    jbd2_journal_stop(task, journal);
}

/// The blocks beyond the size are free (`ext4_ext_truncate`).
fn free_blocks_beyond(k: &Kernel, size: usize) {
    let task = &k.task;
    let geometry = task.storage.geometry;
    // Not needed: who comes here has the inode on the list, or, with blocks delayed, has allocated nothing.
    orphan_add(task);
    down_write_i_data_sem(k);
    // Not needed: it is the one in memory already, or what a delayed write has made of that.
    set_disk_size(task, size);
    for block in geometry.blocks_of(size)..geometry.file_blocks() {
        scope(task.m, || {
            if map_block(task, block).is_some() {
                set_map(task, block, None);
            }
        });
    }
    up_write_i_data_sem(k);
    orphan_del(task);
}

/// Where the block of `pos` ends in the file.
fn end_of_block(k: &Kernel, pos: usize) -> usize {
    let geometry = k.task.storage.geometry;
    geometry.block(pos >> geometry.block_shift).end
}

/// The page of `pos`, locked.
fn grab_page_of(k: &Kernel, pos: usize) -> Folio {
    grab_cache_page(&k.task, k.task.storage.geometry.page_of(pos))
}

/// The buffer of `pos` in its page.
fn buffer_of(k: &Kernel, folio: Folio, pos: usize) -> Buffer {
    let geometry = k.task.storage.geometry;
    Buffer { folio, block: (pos >> geometry.block_shift) - folio.index * geometry.blocks() }
}

/// Zeros the units `from..to` of the file, which lie in the page.
#[track_caller]
fn zero_in_page(k: &Kernel, folio: Folio, from: usize, to: usize) {
    let start = folio.index * k.task.storage.geometry.page_units();
    folio_zero_segment(&k.task, folio, from - start, to - start);
}

/// `ext4_block_zero_page_range`: the units `from..to` that lie in the block of `from` become zeros, journalled
/// or in the ordered data; a hole has them already.
fn ext4_block_zero_page_range(k: &Kernel, fs: &dyn FileSystem, handle: Handle, from: usize, to: usize) {
    let (task, journal) = (&k.task, k.journal());
    let to = to.min(end_of_block(k, from));
    call(task.m, Label::new("ext4_block_zero_page_range", &[from as i32, to as i32]), || {
        let folio = grab_page_of(k, from);
        // Not needed: a page that has none is read, and what lies behind the end is zeros on disk already.
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio); // Not needed: what is read has zeros behind the end, as on disk.
        }
        let bh = buffer_of(k, folio, from);
        let mut mapped = !buffer_freed(task, bh);
        // Not reached: BH_Freed is set when a page leaves the page cache, and this one is in it.
        if mapped && !buffer_mapped(task, bh) {
            // Without `create` there is nothing that can fail.
            let _ = fs.get_block(k, bh, false);
            mapped = buffer_mapped(task, bh);
        }
        if mapped {
            // Not needed: a buffer of an uptodate page is uptodate.
            if folio_test_uptodate(task, folio) {
                set_buffer_uptodate(task, bh); // Not needed: a buffer of an uptodate page is uptodate.
            }
            if !buffer_uptodate(task, bh) {
                bh_read(task, bh);
            }
            if fs.nature().journals_data {
                jbd2_journal_get_write_access(task, journal, handle, bh);
                zero_in_page(k, folio, from, to);
                jbd2_journal_dirty_metadata(task, journal, handle, bh);
            } else {
                zero_in_page(k, folio, from, to);
                mark_buffer_dirty(task, bh); // Not needed: with delayed allocation there are zeros on disk, too.
                jbd2_journal_file_inode(task, journal);
            }
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

/// `ext4_block_zero_eof` (v7.1): the units `from..end` that lie in the block of `from` become zeros, without a handle or
/// under one of its own; what is written in place is in the ordered data then.
#[track_caller]
pub(super) fn ext4_block_zero_eof(k: &Kernel, fs: &dyn FileSystem, from: usize, end: usize) {
    let (task, journal) = (&k.task, k.journal());
    let geometry = task.storage.geometry;
    // Not reached: that there is nothing between them. It is called where the file grows.
    if from.is_multiple_of(geometry.block_units()) || from >= end {
        return;
    }
    let end = end.min(end_of_block(k, from));
    call(task.m, Label::new("ext4_block_zero_eof", &[from as i32, end as i32]), || {
        if fs.nature().journals_data {
            ext4_block_journalled_zero_range(k, fs, from, end);
        } else if ext4_block_do_zero_range(k, fs, from, end) {
            jbd2_journal_start(task, journal);
            jbd2_journal_file_inode(task, journal);
            jbd2_journal_stop(task, journal);
        }
    });
}

/// `ext4_load_tail_bh`: the buffer of the block that `from` lies in, uptodate, its page locked; none over a hole.
fn ext4_load_tail_bh(k: &Kernel, fs: &dyn FileSystem, from: usize) -> (Folio, Option<Buffer>) {
    let task = &k.task;
    let folio = grab_page_of(k, from);
    if !folio_buffers(task, folio) {
        create_empty_buffers(task, folio);
    }
    let bh = buffer_of(k, folio, from);
    if !buffer_mapped(task, bh) {
        // Without `create` there is nothing that can fail.
        let _ = fs.get_block(k, bh, false);
        if !buffer_mapped(task, bh) {
            return (folio, None);
        }
    }
    if folio_test_uptodate(task, folio) {
        set_buffer_uptodate(task, bh);
    }
    if !buffer_uptodate(task, bh) {
        bh_read(task, bh);
    }
    (folio, Some(bh))
}

/// `ext4_block_do_zero_range`; tells whether zeros are to be written over a block that is there.
fn ext4_block_do_zero_range(k: &Kernel, fs: &dyn FileSystem, from: usize, end: usize) -> bool {
    let task = &k.task;
    call(task.m, Label::new("ext4_block_do_zero_range", &[from as i32, end as i32]), || {
        let (folio, bh) = ext4_load_tail_bh(k, fs, from);
        let zeroed = bh.is_some_and(|bh| {
            zero_in_page(k, folio, from, end);
            mark_buffer_dirty(task, bh);
            // Not reached: that it is unwritten. No file that grows ends in a block of `fallocate` that was written to.
            !buffer_unwritten(task, bh) && !buffer_delay(task, bh)
        });
        folio_unlock(task, folio);
        folio_put(task, folio);
        zeroed
    })
}

/// `ext4_block_journalled_zero_range`.
fn ext4_block_journalled_zero_range(k: &Kernel, fs: &dyn FileSystem, from: usize, end: usize) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_block_journalled_zero_range", &[from as i32, end as i32]), || {
        let handle = jbd2_journal_start(task, journal);
        let (folio, bh) = ext4_load_tail_bh(k, fs, from);
        if let Some(bh) = bh {
            jbd2_journal_get_write_access(task, journal, handle, bh);
            zero_in_page(k, folio, from, end);
            jbd2_journal_dirty_metadata(task, journal, handle, bh);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        jbd2_journal_stop(task, journal);
    });
}

/// `ext4_zero_partial_blocks`: the parts of the first and last block of `from..to` that lie in it become
/// zeros. Since v6.13 a write that starts beyond the end does so with what lies between.
#[track_caller]
pub fn ext4_zero_partial_blocks(k: &Kernel, fs: &dyn FileSystem, handle: Handle, from: usize, to: usize) {
    let geometry = k.task.storage.geometry;
    let (first, last) = (from >> geometry.block_shift, (to - 1) >> geometry.block_shift);
    let starts_inside = from > geometry.block(first).start;
    let ends_inside = to < geometry.block(last).end;
    call(k.task.m, Label::new("ext4_zero_partial_blocks", &[from as i32, to as i32]), || {
        if starts_inside || (first == last && ends_inside) {
            ext4_block_zero_page_range(k, fs, handle, from, to);
        }
        if first != last && ends_inside {
            ext4_block_zero_page_range(k, fs, handle, geometry.block(last).start, to);
        }
    });
}

/// `ext4_truncate_failed_write`: what a write left beyond the size goes, from the cache and the disk.
// Passed as a function, whose caller would be the library's.
pub fn ext4_truncate_failed_write(k: &Kernel, fs: &dyn FileSystem) {
    call(k.task.m, Label::new("ext4_truncate_failed_write", &[]), || {
        filemap_invalidate_lock(k);
        // Not needed: with delayed allocation it takes a full disk to come here, and what the page has is on disk then.
        truncate_inode_pages(k, fs, i_size_read(&k.task));
        ext4_truncate(k, fs);
        filemap_invalidate_unlock(k);
    });
}

/// `ext4_setattr` to a smaller or larger size, with the inode's lock held. `zeroes_tail`: since v6.13 (c7fc0366c656) a
/// file that grows has zeros behind its end first.
pub(super) fn ext4_setattr_size(k: &Kernel, fs: &dyn FileSystem, size: usize, zeroes_tail: bool) {
    call(k.task.m, Label::new("ext4_setattr", &[size as i32]), || match k.world.setting.around {
        // Not reached: a variant of before v3.12 is asked by default of the writer alone.
        Around::Older | Around::V3_0 | Around::V3_7 => setattr_v2_6_26(k, fs, size),
        Around::V7_1 => setattr_v7_1(k, fs, size),
        _ => setattr_v3_12(k, fs, size, zeroes_tail),
    });
}

/// Up to v3.11: ordered data is looked after when the inode is on the orphan list, as jbd2 asks for.
// Not reached: the same.
fn setattr_v2_6_26(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    if size < i_size_read(task) {
        jbd2_journal_start(task, journal);
        orphan_add(task);
        set_disk_size(task, size);
        jbd2_journal_stop(task, journal);
        begin_ordered_truncate(k, fs, size);
    }
    i_size_write(task, size);
    truncate_inode_pages(k, fs, size);
    ext4_truncate(k, fs);
}

/// v3.12 to v7.0: before that, against what jbd2 asks for.
fn setattr_v3_12(k: &Kernel, fs: &dyn FileSystem, size: usize, zeroes_tail: bool) {
    let (task, journal) = (&k.task, k.journal());
    let (old_size, journals_data) = (i_size_read(task), fs.nature().journals_data);
    if size < old_size && !journals_data {
        begin_ordered_truncate(k, fs, size);
    }
    filemap_invalidate_lock(k);
    if size != old_size {
        let handle = jbd2_journal_start(task, journal);
        let geometry = task.storage.geometry;
        if size < old_size {
            orphan_add(task);
        }
        // Not reached: that it zeroes. A variant of v6.13 to v7.0 is asked by default of the writer alone.
        if zeroes_tail && size > old_size && !old_size.is_multiple_of(geometry.block_units()) {
            // ext4_block_truncate_page
            ext4_block_zero_page_range(k, fs, handle, old_size, geometry.file_units());
        }
        set_both_sizes(k, size);
        jbd2_journal_stop(task, journal);
    }
    if size > old_size {
        pagecache_isize_extended(k, fs, old_size, size);
    } else {
        truncate_to_size(k, fs, size < old_size);
    }
    filemap_invalidate_unlock(k);
}

/// How `ext4_setattr` ends where the file has not become larger: also where it is as long as before, so that blocks which are
/// preallocated go.
fn truncate_to_size(k: &Kernel, fs: &dyn FileSystem, shrinks: bool) {
    let size = i_size_read(&k.task);
    if shrinks && fs.nature().journals_data {
        ext4_wait_for_tail_page_commit(k, size);
    }
    truncate_inode_pages(k, fs, size);
    ext4_truncate(k, fs);
}

/// Since v7.1 a file that grows has zeros behind its end before the handle is opened.
fn setattr_v7_1(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    let (old_size, journals_data) = (i_size_read(task), fs.nature().journals_data);
    if size < old_size && !journals_data {
        begin_ordered_truncate(k, fs, size);
    }
    filemap_invalidate_lock(k);
    if size > old_size {
        ext4_block_zero_eof(k, fs, old_size, task.storage.geometry.file_units());
    }
    if size != old_size {
        jbd2_journal_start(task, journal);
        if size < old_size {
            orphan_add(task);
        }
        set_both_sizes(k, size);
        jbd2_journal_stop(task, journal);
    }
    if size > old_size {
        pagecache_isize_extended(k, fs, old_size, size);
    } else {
        truncate_to_size(k, fs, size < old_size);
    }
    filemap_invalidate_unlock(k);
}

/// Both sizes change under `i_data_sem`.
fn set_both_sizes(k: &Kernel, size: usize) {
    down_write_i_data_sem(k);
    set_disk_size(&k.task, size);
    i_size_write(&k.task, size);
    up_write_i_data_sem(k);
}

/// `ext4_wait_for_tail_page_commit`: a page that is cut in the middle must not be in a commit.
fn ext4_wait_for_tail_page_commit(k: &Kernel, size: usize) {
    let (task, journal) = (&k.task, k.journal());
    let geometry = task.storage.geometry;
    let offset = size % geometry.page_units();
    let all_stay = offset == 0 || offset > geometry.page_units() - geometry.block_units();
    if all_stay {
        return;
    }
    machine::again(task.m, Label::new("ext4_wait_for_tail_page_commit", &[]), (), |()| {
        let Some(folio) = filemap_get_folio(task, geometry.page_of(size)) else {
            return machine::Flow::Done(());
        };
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

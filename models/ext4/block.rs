//! Mapping and truncation of an ext4 file with block maps that the journal keeps (`fs/ext4/inode.c`,
//! `fs/ext4/extents.c`).
//!
//! Left out: extents and indirect blocks as structures (the map is a field of the inode), quotas, inline
//! data, preallocation, `invalidate_lock`. A block that was freed can be had again when neither the
//! inode, nor the one in commit, nor the one on disk names it.

use machine::{Action, Label, Step, call};
use page_state::Buffer;
use page_state::buffer::{
    self, allocate_block, bh_read, buffer_freed, buffer_mapped, buffer_uptodate, create_empty_buffers,
    set_buffer_uptodate,
};
use page_state::folio::{folio_buffers, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment};
use page_state::inode::{i_size_read, map_block, orphan_add, orphan_del, set_disk_size, set_map};

use crate::file_system::FileSystem;
use crate::generic::filemap::grab_cache_page;
use crate::generic::truncate::truncate_inode_pages;
use crate::jbd2::{
    Handle, jbd2_journal_dirty_metadata, jbd2_journal_get_write_access, jbd2_journal_start, jbd2_journal_stop,
};
use crate::kernel::{Errno, Kernel};

/// `ext4_get_block`.
#[track_caller]
pub(super) fn ext4_get_block(k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
    let task = &k.task;
    call(task.m, Label::new("ext4_get_block", &[bh.block as i32]), || {
        if let Some(disk_block) = map_block(task, bh.block) {
            buffer::map_bh(task, bh, disk_block, 0);
        } else if create {
            if k.world.setting.allocation_can_fail {
                let full = Step::new(Action::Choose { of: 2 }, Label::new("disk is full", &[]));
                if task.m.perform(full.showing(|w| if w == 0 { "no" } else { "yes" }.to_owned())) != 0 {
                    return Err(Errno::Enospc);
                }
            }
            let disk_block = allocate_block(task, bh.block, &[k.journal().frozen]);
            buffer::map_bh(task, bh, disk_block, buffer::NEW);
        }
        Ok(())
    })
}

/// `ext4_truncate`: zeroes the rest of the last block, frees the blocks beyond the size. The inode is on
/// the orphan list meanwhile.
#[track_caller]
pub(super) fn ext4_truncate(k: &Kernel, fs: &dyn FileSystem) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_truncate", &[]), || {
        let geometry = task.storage.geometry;
        let handle = jbd2_journal_start(task, journal);
        let size = i_size_read(task);
        if !size.is_multiple_of(geometry.block_units()) {
            ext4_block_zero_page_range(k, fs, handle, size, geometry.page_units());
        }
        orphan_add(task);
        set_disk_size(task, size);
        for block in geometry.blocks_of(size)..geometry.blocks() {
            if map_block(task, block).is_some() {
                set_map(task, block, None);
            }
        }
        orphan_del(task);
        jbd2_journal_stop(task, journal);
    });
}

/// `ext4_block_zero_page_range`: the units `from..to` that lie in the block of `from` become zeros, journalled;
/// a hole has them already.
fn ext4_block_zero_page_range(k: &Kernel, fs: &dyn FileSystem, handle: Handle, from: usize, to: usize) {
    let (task, journal) = (&k.task, k.journal());
    let geometry = task.storage.geometry;
    let block = from >> geometry.block_shift;
    let to = to.min(geometry.block(block).end);
    call(task.m, Label::new("ext4_block_zero_page_range", &[from as i32, to as i32]), || {
        let folio = grab_cache_page(task, 0);
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        let bh = Buffer { folio, block };
        let mut mapped = !buffer_freed(task, bh);
        if mapped && !buffer_mapped(task, bh) {
            // Without `create` there is nothing that can fail.
            let _ = fs.get_block(k, bh, false);
            mapped = buffer_mapped(task, bh);
        }
        if mapped {
            if folio_test_uptodate(task, folio) {
                set_buffer_uptodate(task, bh);
            }
            if !buffer_uptodate(task, bh) {
                bh_read(task, bh);
            }
            jbd2_journal_get_write_access(task, journal, handle, bh);
            folio_zero_segment(task, folio, from, to);
            jbd2_journal_dirty_metadata(task, journal, handle, bh);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

/// `ext4_zero_partial_blocks`: the parts of the first and last block of `from..to` that lie in it become
/// zeros. Since v6.13 a write that starts beyond the end does so with what lies between.
#[track_caller]
pub(super) fn ext4_zero_partial_blocks(
    k: &Kernel,
    fs: &dyn FileSystem,
    handle: Handle,
    from: usize,
    to: usize,
) {
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
#[track_caller]
pub(super) fn ext4_truncate_failed_write(k: &Kernel, fs: &dyn FileSystem) {
    call(k.task.m, Label::new("ext4_truncate_failed_write", &[]), || {
        truncate_inode_pages(k, fs, i_size_read(&k.task));
        ext4_truncate(k, fs);
    });
}

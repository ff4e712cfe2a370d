//! How the size of an ocfs2 file is changed (`fs/ocfs2/file.c`, `fs/ocfs2/alloc.c`).

use machine::{Label, call};
use page_state::folio::{folio_put, folio_unlock};
use page_state::inode::{i_size_read, i_size_write, map_block, set_disk_size, set_map};

use super::cluster::{is_hole, ocfs2_commit_trans, ocfs2_start_trans};
use super::locks::{down_write, up_write};
use super::map::{ocfs2_zero_and_dirty_page, ocfs2_zero_extend};
use crate::file_system::FileSystem;
use crate::generic::filemap::grab_cache_page;
use crate::generic::truncate::truncate_inode_pages;
use crate::generic::writeback::write_cache_pages;
use crate::jbd2::commits_inode_data;
use crate::kernel::Kernel;

/// `ocfs2_setattr` to another size, with the inode's lock held.
#[track_caller]
pub(super) fn ocfs2_setattr(fs: &dyn FileSystem, k: &Kernel, size: usize) {
    call(k.task.m, Label::new("ocfs2_setattr", &[size as i32]), || {
        if i_size_read(&k.task) >= size {
            ocfs2_begin_ordered_truncate(fs, k);
            ocfs2_truncate_file(fs, k, size);
        } else {
            ocfs2_extend_file(fs, k, size);
        }
    });
}

/// `jbd2_journal_begin_ordered_truncate`: data that a commit still waits for is written before it is truncated. Who else writes
/// it is not waited for.
fn ocfs2_begin_ordered_truncate(fs: &dyn FileSystem, k: &Kernel) {
    call(k.task.m, Label::new("ocfs2_begin_ordered_truncate", &[]), || {
        if commits_inode_data(&k.task, k.journal()) {
            write_cache_pages(k, fs);
        }
    });
}

fn ocfs2_truncate_file(fs: &dyn FileSystem, k: &Kernel, size: usize) {
    call(k.task.m, Label::new("ocfs2_truncate_file", &[size as i32]), || {
        down_write(k);
        ocfs2_orphan_for_truncate(fs, k, size);
        truncate_inode_pages(k, fs, size);
        ocfs2_commit_truncate(k, size);
        up_write(k);
    });
}

/// `ocfs2_orphan_for_truncate`: what is cut off in the last cluster is zeroed and written, then the size falls. In
/// spite of its name the inode is not on the orphan list.
fn ocfs2_orphan_for_truncate(fs: &dyn FileSystem, k: &Kernel, size: usize) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_orphan_for_truncate", &[size as i32]), || {
        ocfs2_start_trans(k);
        let units = task.storage.geometry.page_units();
        let end = size.next_multiple_of(units).min(i_size_read(task));
        if size < end && !is_hole(k, size / units) {
            let folio = grab_cache_page(task, size / units);
            let start = folio.index * units;
            ocfs2_zero_and_dirty_page(k, folio, size - start, end - start);
            folio_unlock(task, folio);
            folio_put(task, folio);
            write_cache_pages(k, fs);
        }
        i_size_write(task, size);
        set_disk_size(task, size);
        ocfs2_commit_trans(k);
    });
}

/// `ocfs2_commit_truncate`: the clusters beyond the size are free.
fn ocfs2_commit_truncate(k: &Kernel, size: usize) {
    let task = &k.task;
    let geometry = task.storage.geometry;
    call(task.m, Label::new("ocfs2_commit_truncate", &[size as i32]), || {
        ocfs2_start_trans(k);
        for block in geometry.blocks_of(size).next_multiple_of(k.world.cluster)..geometry.file_blocks() {
            if map_block(task, block).is_some() {
                set_map(task, block, None);
            }
        }
        ocfs2_commit_trans(k);
    });
}

fn ocfs2_extend_file(fs: &dyn FileSystem, k: &Kernel, size: usize) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_extend_file", &[size as i32]), || {
        down_write(k);
        ocfs2_zero_extend(fs, k, size);
        up_write(k);
        // ocfs2_simple_size_update
        ocfs2_start_trans(k);
        i_size_write(task, size);
        set_disk_size(task, size);
        ocfs2_commit_trans(k);
    });
}

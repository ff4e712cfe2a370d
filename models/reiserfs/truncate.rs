//! How a reiserfs file is truncated, and what becomes of the buffers of a page that goes
//! (`fs/reiserfs/inode.c`, `fs/reiserfs/stree.c`).

use machine::{Label, call};
use page_state::buffer::{
    self, bh_read, buffer_dirty, buffer_mapped, buffer_new, buffer_uptodate, buffers, clear_buffer_new,
    create_empty_buffers, folio_buffers, mark_buffer_dirty, set_buffer_uptodate,
};
use page_state::folio::{folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment};
use page_state::inode::{
    i_size_read, i_size_write, map_block, orphan_add, orphan_del, set_disk_size, set_map,
};
use page_state::steps::clear;
use page_state::{Buffer, Folio};

use super::journal::{
    buffer_locked, has_jh, has_older_jh, journal_begin, journal_end, lock_buffer, reiserfs_free_jh,
    unlock_buffer,
};
use crate::file_system::FileSystem;
use crate::generic::buffer::try_to_free_buffers;
use crate::generic::filemap::grab_cache_page;
use crate::generic::truncate::truncate_inode_pages;
use crate::kernel::Kernel;

/// `reiserfs_setattr` to another size, with the inode's lock held. A larger size allocates the last block
/// (`generic_cont_expand_simple`); that it allocates the next one if the size is a block's, and frees it again, is
/// left out.
#[track_caller]
pub(super) fn reiserfs_setattr(fs: &dyn FileSystem, k: &Kernel, size: usize) {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_setattr", &[size as i32]), || {
        let old_size = i_size_read(task);
        if size > old_size && !size.is_multiple_of(task.storage.geometry.block_units()) {
            // Not reached: that it fails. Who writes finds the disk full, and not who truncates.
            if let Ok(folio) = fs.write_begin(k, size, 0) {
                // Nothing is copied, and nothing can come up short.
                let _ = fs.write_end(k, size, 0, 0, folio);
            }
            return;
        }
        // truncate_setsize
        i_size_write(task, size);
        if size < old_size {
            truncate_inode_pages(k, fs, size);
        }
        reiserfs_truncate_file(k, true);
    });
}

/// `reiserfs_truncate_failed_write`: what a write left beyond the size goes. No save link tells recovery of it.
#[track_caller]
pub(super) fn reiserfs_truncate_failed_write(fs: &dyn FileSystem, k: &Kernel) {
    call(k.task.m, Label::new("reiserfs_truncate_failed_write", &[]), || {
        truncate_inode_pages(k, fs, i_size_read(&k.task));
        reiserfs_truncate_file(k, false);
    });
}

/// `reiserfs_truncate_file`: frees the blocks beyond the size, in a transaction, and zeroes the rest of the last
/// block after it. A truncation that the user asked for has a save link meanwhile.
fn reiserfs_truncate_file(k: &Kernel, save_link: bool) {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_truncate_file", &[]), || {
        let geometry = task.storage.geometry;
        let size = i_size_read(task);
        let tail = grab_tail_page(k, size);
        let outermost = journal_begin(k);
        if save_link {
            orphan_add(task);
        }
        call(task.m, Label::new("reiserfs_do_truncate", &[size as i32]), || {
            for block in geometry.blocks_of(size)..geometry.file_blocks() {
                if map_block(task, block).is_some() {
                    set_map(task, block, None);
                }
            }
            set_disk_size(task, size); // Not needed: after a write that failed it is the one in memory already.
        });
        journal_end(k, outermost);
        if save_link {
            let outermost = journal_begin(k);
            orphan_del(task);
            journal_end(k, outermost);
        }
        if let Some(folio) = tail {
            let from = size % geometry.page_units();
            let bh = Buffer { folio, block: from >> geometry.block_shift };
            // Not needed: after a write that failed there are zeros behind the end already.
            folio_zero_segment(task, folio, from, geometry.block(bh.block).end);
            // Not reached: grab_tail_page has mapped it, and the page is locked since; the kernel means tails.
            if buffer_mapped(task, bh) {
                mark_buffer_dirty(task, bh);
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
        }
    });
}

/// `grab_tail_page`: the page that the size lies in, locked, with its block read. Nothing if the size is a block's,
/// or lies in a hole.
fn grab_tail_page(k: &Kernel, size: usize) -> Option<Folio> {
    let task = &k.task;
    let geometry = task.storage.geometry;
    if size.is_multiple_of(geometry.block_units()) {
        return None;
    }
    call(task.m, Label::new("grab_tail_page", &[size as i32]), || {
        let folio = grab_cache_page(task, geometry.page_of(size - 1));
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        let block = (size % geometry.page_units()) >> geometry.block_shift;
        for bh in buffers(task, folio) {
            if bh.block != block {
                // Not needed: as long as the page is uptodate nobody asks its buffers.
                if folio_test_uptodate(task, folio) {
                    set_buffer_uptodate(task, bh); // Not needed: as long as the page is nobody asks it.
                }
            } else if !read_tail(k, bh) {
                folio_unlock(task, folio);
                folio_put(task, folio);
                return None;
            }
        }
        Some(folio)
    })
}

/// `__block_write_begin` with `reiserfs_get_block_create_0`: tells whether there is a block.
fn read_tail(k: &Kernel, bh: Buffer) -> bool {
    let task = &k.task;
    // Not needed: write_end leaves no buffer new.
    // Not reached: a buffer stays new only if writeback gave it its block; it takes a store, its writeback and a
    // truncation to the middle of the block.
    if buffer_new(task, bh) {
        clear_buffer_new(task, bh);
    }
    // Not needed: who asks for a block again is given the same.
    if !buffer_mapped(task, bh) {
        // Not needed: as if in a hole, nothing is zeroed then, and there are zeros already.
        let Some(disk_block) = map_block(task, bh.file_block(task)) else { return false };
        // Not needed: by default; with `--all` `extending-unmapped-with-invalidate` loses what was written.
        buffer::map_bh(task, bh, disk_block, 0);
    }
    // Not needed: the buffers of an uptodate page are, too, so that nothing is read.
    if folio_test_uptodate(task, bh.folio) {
        set_buffer_uptodate(task, bh); // Not needed: to mark what is marked.
    } else if !buffer_uptodate(task, bh) {
        bh_read(task, bh);
    }
    true
}

/// `reiserfs_invalidate_folio`: the buffers that lie wholly beyond unit `from` of the page go, but for those
/// that an older transaction has on its list. Tells whether there is one.
#[track_caller]
pub(super) fn reiserfs_invalidate_folio(k: &Kernel, folio: Folio, from: usize) -> bool {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_invalidate_folio", &[from as i32]), || {
        if !folio_buffers(task, folio) {
            return false;
        }
        let mut held = false;
        for bh in buffers(task, folio) {
            if task.storage.geometry.block(bh.block).start < from {
                continue;
            }
            if invalidate_folio_can_drop(k, bh) {
                reiserfs_unmap_buffer(k, bh);
            } else {
                held = true;
            }
        }
        held
    })
}

fn invalidate_folio_can_drop(k: &Kernel, bh: Buffer) -> bool {
    let task = &k.task;
    call(task.m, Label::new("invalidate_folio_can_drop", &[bh.block as i32]), || {
        // Not needed: what a failed write drops is on no list, so that no commit is at it.
        lock_buffer(k, bh);
        // Not needed: it is on no list, whatever its flags are.
        let held = buffer_mapped(task, bh) && buffer_dirty(task, bh) && has_older_jh(k, bh);
        if !held {
            // Not needed: what a failed write drops is on no list.
            reiserfs_free_jh(k, bh);
        }
        unlock_buffer(k, bh);
        !held
    })
}

fn reiserfs_unmap_buffer(k: &Kernel, bh: Buffer) {
    call(k.task.m, Label::new("reiserfs_unmap_buffer", &[bh.block as i32]), || {
        // Not needed: what a failed write drops is on no list, so that no commit is at it.
        lock_buffer(k, bh);
        let gone = buffer::DIRTY | buffer::MAPPED | buffer::NEW;
        clear(&k.task, bh.place(&k.task), gone, Label::new("clear_buffer_mapped", &[bh.block as i32]));
        reiserfs_free_jh(k, bh); // Not needed: it is off its list already.
        unlock_buffer(k, bh);
    });
}

/// `reiserfs_release_folio`: takes the buffers off a page that is locked, if none is dirty or being written.
#[track_caller]
pub(super) fn reiserfs_release_folio(k: &Kernel, folio: Folio) -> bool {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_release_folio", &[]), || {
        if !folio_buffers(task, folio) {
            return true;
        }
        for bh in buffers(task, folio) {
            if has_jh(k, bh) {
                // Not reached: of a clean page only a commit locks a buffer; it takes one beside a writer and direct I/O.
                if buffer_dirty(task, bh) || buffer_locked(k, bh) {
                    return false;
                }
                reiserfs_free_jh(k, bh);
            }
        }
        try_to_free_buffers(k, folio)
    })
}

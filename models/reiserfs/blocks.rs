//! How reiserfs finds and allocates blocks (`fs/reiserfs/inode.c`).

use machine::{Label, call};
use page_state::Buffer;
use page_state::buffer::{self, buffer_dirty};
use page_state::inode::{i_size_read, map_block, set_disk_size};

use super::journal::{journal_begin, journal_end, reiserfs_add_ordered_list};
use crate::kernel::{Errno, Kernel};

/// For whom a block is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Create {
    /// A reader: a hole stays one.
    No,
    /// `write_begin`: the transaction stays open for `write_end`.
    ForWrite,
    /// Writeback (`GET_BLOCK_NO_DANGLE`): the transaction is closed.
    ForWriteback,
}

/// `reiserfs_get_block`. A block that ends beyond the size, or has to be allocated, needs a transaction.
#[track_caller]
pub(super) fn reiserfs_get_block(k: &Kernel, bh: Buffer, create: Create) -> Result<(), Errno> {
    let task = &k.task;
    call(task.m, Label::new("reiserfs_get_block", &[bh.block as i32]), || {
        let block = bh.file_block(task);
        if create == Create::No {
            if let Some(disk_block) = map_block(task, block) {
                buffer::map_bh(task, bh, disk_block, 0);
            }
            return Ok(());
        }
        let end = task.storage.geometry.block(block).end;
        // Not needed: who allocates has a transaction below, and write_end one where the size grows.
        let mut outermost = end > i_size_read(task) && journal_begin(k);
        let mut full = false;
        if let Some(disk_block) = map_block(task, block) {
            buffer::map_bh(task, bh, disk_block, 0);
        } else {
            outermost = journal_begin(k) || outermost;
            full = k.is_disk_full();
            if !full {
                let disk_block = k.journal().allocate_block(task, block);
                // Not needed: a store into a hole beside a write is not asked together with a commit.
                if buffer_dirty(task, bh) {
                    reiserfs_add_ordered_list(k, bh);
                }
                // reiserfs_update_sd
                // Not needed: write_end records the size in the same transaction.
                set_disk_size(task, i_size_read(task));
                buffer::map_bh(task, bh, disk_block, buffer::NEW);
            }
        }
        if create == Create::ForWriteback {
            journal_end(k, outermost);
        }
        if full { Err(Errno::Enospc) } else { Ok(()) }
    })
}

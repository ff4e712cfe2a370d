//! How an ext4 file's blocks are found and allocated (`fs/ext4/inode.c`, `fs/ext4/extents.c`).
//!
//! Left out: extents and indirect blocks as structures (the map is a field of the inode), quotas, inline
//! data, preallocation, the reservation of space for delayed blocks. A block that was freed can be had again
//! when neither the inode, nor the one in commit, nor the one on disk names it.

use machine::{Label, call};
use page_state::Buffer;
use page_state::buffer::{DELAY, NEW, UNWRITTEN};
use page_state::buffer::{clear_buffer_mapped, map_bh, set_buffer_new, set_buffer_unwritten};
use page_state::inode::{block_is_unwritten, convert_unwritten_extent, map_block, mark_extent_unwritten};

use crate::generic::locks::{down_write_i_data_sem, up_write_i_data_sem};
use crate::jbd2::{jbd2_journal_file_inode, jbd2_journal_inode_add_wait};
use crate::kernel::{Errno, Kernel};

/// What a file system does with blocks that it allocates for data that is written in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Allocation {
    /// They are the file's at once, and whoever writes them tells the journal, or nobody does.
    Plain,
    /// 06bd3c36a733 (v4.7): and the inode's data is put on the transaction's list.
    Ordered,
    /// `dioread_nolock`, before 2cd8bdb5efc1 (v6.6): they read as zeros until they are written. A block that
    /// was allocated before and was not written is not new.
    UnwrittenBeforeFix,
    /// 2cd8bdb5efc1: whatever is unwritten is new.
    Unwritten,
}

impl Allocation {
    /// Whether blocks read as zeros until they are written.
    pub(super) fn is_unwritten(self) -> bool {
        matches!(self, Allocation::UnwrittenBeforeFix | Allocation::Unwritten)
    }
}

/// When a block is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum During {
    /// For data that is in the page cache only.
    Write,
    /// For data that is written under the same handle, to a block that was reserved
    /// (`EXT4_GET_BLOCKS_IO_SUBMIT`).
    Writeback,
}

/// `ext4_map_blocks` with a handle: allocates what is not, and makes the file's what was not written.
#[track_caller]
pub(super) fn ext4_map_blocks(
    k: &Kernel,
    block: usize,
    allocation: Allocation,
    during: During,
) -> Result<Mapped, Errno> {
    let task = &k.task;
    call(task.m, Label::new("ext4_map_blocks", &[block as i32]), || {
        let found = map_block(task, block);
        let unwritten = found.is_some() && block_is_unwritten(task, block);
        if let Some(disk_block) = found
            && (!unwritten || allocation.is_unwritten())
        {
            return Ok(Mapped { disk_block: disk_block as u8, new: false, unwritten });
        }
        if found.is_none() && k.is_disk_full() {
            return Err(Errno::Enospc);
        }
        // The block is not looked up once more: its page is locked by whoever maps it.
        down_write_i_data_sem(k);
        let disk_block = match found {
            Some(disk_block) => {
                convert_unwritten_extent(task, block);
                disk_block
            }
            None => allocate(k, block, allocation),
        };
        up_write_i_data_sem(k);
        file_data(k, allocation, during);
        let unwritten = found.is_none() && allocation.is_unwritten();
        Ok(Mapped { disk_block: disk_block as u8, new: true, unwritten })
    })
}

/// `ext4_ext_map_blocks`, as far as it allocates; `i_data_sem` is held for writing.
fn allocate(k: &Kernel, block: usize, allocation: Allocation) -> usize {
    let disk_block = k.journal().allocate_block(&k.task, block);
    if allocation.is_unwritten() {
        mark_extent_unwritten(&k.task, block);
    }
    disk_block
}

fn file_data(k: &Kernel, allocation: Allocation, during: During) {
    if allocation == Allocation::Ordered {
        match during {
            During::Write => jbd2_journal_file_inode(&k.task, k.journal()),
            During::Writeback => jbd2_journal_inode_add_wait(&k.task, k.journal()),
        }
    }
}

/// Where a block of the file is (`struct ext4_map_blocks`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mapped {
    pub(super) disk_block: u8,
    pub(super) new: bool,
    pub(super) unwritten: bool,
}

impl machine::Small for Mapped {
    const BITS: u32 = 6;
    fn into_word(self) -> machine::Word {
        machine::Word::from(self.disk_block) | u64::from(self.new) << 4 | u64::from(self.unwritten) << 5
    }
    fn from_word(word: machine::Word) -> Mapped {
        Mapped { disk_block: word as u8 & 0xf, new: word & 1 << 4 != 0, unwritten: word & 1 << 5 != 0 }
    }
    fn show(word: machine::Word) -> String {
        let it = Mapped::from_word(word);
        let (new, unwritten) =
            (if it.new { ", new" } else { "" }, if it.unwritten { ", unwritten" } else { "" });
        format!("block {}{new}{unwritten}", it.disk_block)
    }
}

/// A look-up without `create`: what was not written is not mapped, and reads as zeros.
fn look_up(k: &Kernel, bh: Buffer) {
    let (task, block) = (&k.task, bh.file_block(&k.task));
    let Some(disk_block) = map_block(task, block) else { return };
    if block_is_unwritten(task, block) {
        map_bh(task, bh, disk_block, UNWRITTEN);
        clear_buffer_mapped(task, bh);
    } else {
        map_bh(task, bh, disk_block, 0);
    }
}

/// `ext4_get_block`, and `ext4_get_block_unwritten` where allocated blocks are to read as zeros.
#[track_caller]
pub(super) fn ext4_get_block(
    k: &Kernel,
    bh: Buffer,
    create: bool,
    allocation: Allocation,
) -> Result<(), Errno> {
    let (name, task) =
        (if allocation.is_unwritten() { "ext4_get_block_unwritten" } else { "ext4_get_block" }, &k.task);
    call(task.m, Label::new(name, &[bh.block as i32]), || {
        if !create {
            look_up(k, bh);
            return Ok(());
        }
        let map = ext4_map_blocks(k, bh.file_block(task), allocation, During::Write)?;
        let flags = if map.new { NEW } else { 0 } | if map.unwritten { UNWRITTEN } else { 0 };
        map_bh(task, bh, map.disk_block.into(), flags);
        if map.unwritten && allocation == Allocation::Unwritten {
            set_buffer_new(task, bh);
        }
        Ok(())
    })
}

/// `ext4_da_get_block_prep`: a hole gets a block only when it is written; until then its buffer is mapped to
/// none.
#[track_caller]
pub(super) fn ext4_da_get_block_prep(k: &Kernel, bh: Buffer) -> Result<(), Errno> {
    let task = &k.task;
    call(task.m, Label::new("ext4_da_get_block_prep", &[bh.block as i32]), || {
        let block = bh.file_block(task);
        match map_block(task, block) {
            None if k.is_disk_full() => return Err(Errno::Enospc),
            None => map_bh(task, bh, 0, NEW | DELAY),
            Some(disk_block) => {
                map_bh(task, bh, disk_block, 0);
                if block_is_unwritten(task, block) {
                    set_buffer_unwritten(task, bh);
                    set_buffer_new(task, bh);
                }
            }
        }
        Ok(())
    })
}

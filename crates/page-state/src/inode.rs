//! The inode: map of file blocks to physical ones, sizes, orphan list, `i_rwsem`.

use machine::{Field, Label, Order, Word, bug_on};

use crate::Task;
use crate::steps::{change, copy_unit, load, store, test, wait};

/// The fields of an inode's cell; a journal copies the cell as one.
#[derive(Debug)]
pub struct InodeFields;

impl InodeFields {
    /// The most blocks of a file.
    pub const BLOCKS_MAX: usize = 4;
    /// The most physical blocks that the map can name.
    pub const DISK_BLOCKS_MAX: usize = 15;
    /// On the orphan list: recovery truncates the file to its size.
    pub const ORPHAN: Word = 1 << 21;
    /// The width of the cell.
    pub const BITS: u8 = 26;
    /// One bit for each block of the file that is allocated and reads as zeros (an unwritten extent).
    const UNWRITTEN: Field = Field { shift: 22, width: 4 };
    /// The size on disk (`i_disksize`), in units.
    pub const SIZE: Field = Field { shift: 16, width: 5 };
    /// The whole map.
    pub const MAP: Word = 0xffff;

    /// A file block's entry in the map: 0 for a hole, or 1 + physical block.
    #[must_use]
    pub const fn map(block: usize) -> Field {
        Field { shift: 4 * block as u8, width: 4 }
    }

    /// The physical block of a file block, if it has one.
    #[must_use]
    pub fn mapped(inode: Word, block: usize) -> Option<usize> {
        (Self::map(block).of(inode) as usize).checked_sub(1)
    }

    /// Whether the map names a physical block.
    #[must_use]
    pub fn names(inode: Word, disk_block: usize) -> bool {
        (0..Self::BLOCKS_MAX).any(|block| Self::mapped(inode, block) == Some(disk_block))
    }

    /// Whether a file block is allocated and reads as zeros (an unwritten extent).
    #[must_use]
    pub fn is_unwritten(inode: Word, block: usize) -> bool {
        Self::UNWRITTEN.of(inode) & (1 << block) != 0
    }

    /// The bit of a file block that is allocated and reads as zeros.
    #[must_use]
    pub const fn unwritten(block: usize) -> Word {
        1 << (Self::UNWRITTEN.shift as usize + block)
    }

    /// The size on disk, in units.
    #[must_use]
    pub fn size(inode: Word) -> usize {
        Self::SIZE.of(inode) as usize
    }
}

/// The inode's fields in words.
#[must_use]
pub fn show_inode(inode: Word) -> String {
    let map: Vec<String> = (0..InodeFields::BLOCKS_MAX)
        .map(|b| match InodeFields::mapped(inode, b) {
            None => "-".to_owned(),
            Some(d) if InodeFields::is_unwritten(inode, b) => format!("({d})"),
            Some(d) => d.to_string(),
        })
        .collect();
    let orphan = if inode & InodeFields::ORPHAN == 0 { "" } else { " orphan" };
    format!("map {} size {}{orphan}", map.join(" "), InodeFields::size(inode))
}

/// A lock's owner.
#[must_use]
pub fn show_owner(owner: Word) -> String {
    owner.checked_sub(1).map_or("free".to_owned(), |actor| format!("held by actor {actor}"))
}

/// Waits for the inode's lock and takes it (`mutex_lock(&inode->i_mutex)` before v4.7).
#[track_caller]
pub fn inode_lock(task: &Task) {
    let owner = task.id as Word + 1;
    wait(task, task.storage.i_rwsem, Word::MAX, 0, owner, Order::Acquire, Label::new("inode_lock", &[]));
}

/// Gives the inode's lock back.
///
/// # Panics
/// Where the actor does not hold it.
#[track_caller]
pub fn inode_unlock(task: &Task) {
    let (at, label) = (task.storage.i_rwsem, Label::new("inode_unlock", &[]));
    let owner = change(task, at, Word::MAX, 0, Word::MAX, Order::Release, label);
    bug_on(owner != task.id as Word + 1, "BUG_ON in inode_unlock: the inode is not locked by this actor");
}

/// The size, in units.
#[track_caller]
pub fn i_size_read(task: &Task) -> usize {
    let order = if task.storage.i_size_is_ordered { Order::Acquire } else { Order::Relaxed };
    load(task, task.storage.i_size, Word::MAX, order, Label::new("i_size_read", &[])) as usize
}

/// Sets the size, in units.
#[track_caller]
pub fn i_size_write(task: &Task, size: usize) {
    let label = Label::new("i_size_write", &[size as i32]);
    let order = if task.storage.i_size_is_ordered { Order::Release } else { Order::Relaxed };
    store(task, task.storage.i_size, size as Word, order, label);
}

/// The physical block of a file block, if it has one.
#[track_caller]
pub fn map_block(task: &Task, block: usize) -> Option<usize> {
    let field = InodeFields::map(block);
    let mask = ((1 << field.width) - 1) << field.shift;
    let label = Label::new("map_blocks", &[block as i32]);
    let inode = load(task, task.storage.inode, mask, Order::Relaxed, label);
    InodeFields::mapped(inode, block)
}

/// Gives a file block a physical one, or takes it away.
#[track_caller]
pub fn set_map(task: &Task, block: usize, to: Option<usize>) {
    let field = InodeFields::map(block);
    let mask = ((1 << field.width) - 1) << field.shift;
    let (name, value) = match to {
        Some(disk_block) => ("allocate_block", disk_block as Word + 1),
        None => ("free_block", 0),
    };
    let label = Label::new(name, &[block as i32]);
    let mask = mask | InodeFields::unwritten(block);
    change(task, task.storage.inode, mask, value << field.shift, 0, Order::Relaxed, label);
}

/// Whether a file block is allocated and reads as zeros (an unwritten extent).
#[track_caller]
pub fn block_is_unwritten(task: &Task, block: usize) -> bool {
    let label = Label::new("extent is unwritten", &[block as i32]);
    test(task, task.storage.inode, InodeFields::unwritten(block), Order::Relaxed, label)
}

/// Marks a file block that is allocated as one that reads as zeros, until it is written.
#[track_caller]
pub fn mark_extent_unwritten(task: &Task, block: usize) {
    let (bit, label) = (InodeFields::unwritten(block), Label::new("mark_extent_unwritten", &[block as i32]));
    change(task, task.storage.inode, 0, bit, 0, Order::Relaxed, label);
}

/// The block was written: from now on it reads as what is on disk
/// (`ext4_convert_unwritten_extents`).
#[track_caller]
pub fn convert_unwritten_extent(task: &Task, block: usize) {
    let (bit, label) = (InodeFields::unwritten(block), Label::new("convert_unwritten", &[block as i32]));
    change(task, task.storage.inode, bit, 0, 0, Order::Relaxed, label);
}

/// The inode goes to disk without a journal (`write_inode_now`): it is what recovery finds.
#[track_caller]
pub fn write_inode_now(task: &Task) {
    copy_unit(task, task.storage.inode, task.storage.durable, Label::new("write_inode_now", &[]));
}

/// The size on disk, in units.
#[track_caller]
pub fn disk_size(task: &Task) -> usize {
    let mask = ((1 << InodeFields::SIZE.width) - 1) << InodeFields::SIZE.shift;
    let inode = load(task, task.storage.inode, mask, Order::Relaxed, Label::new("i_disksize", &[]));
    InodeFields::size(inode)
}

/// Sets the size on disk, in units.
#[track_caller]
pub fn set_disk_size(task: &Task, size: usize) {
    let mask = ((1 << InodeFields::SIZE.width) - 1) << InodeFields::SIZE.shift;
    let value = (size as Word) << InodeFields::SIZE.shift;
    let label = Label::new("i_disksize_write", &[size as i32]);
    change(task, task.storage.inode, mask, value, 0, Order::Relaxed, label);
}

/// Puts the inode on the orphan list: a truncation of it is pending.
#[track_caller]
pub fn orphan_add(task: &Task) {
    let label = Label::new("orphan_add", &[]);
    change(task, task.storage.inode, 0, InodeFields::ORPHAN, 0, Order::Relaxed, label);
}

/// Takes the inode off the orphan list.
#[track_caller]
pub fn orphan_del(task: &Task) {
    let label = Label::new("orphan_del", &[]);
    change(task, task.storage.inode, InodeFields::ORPHAN, 0, 0, Order::Relaxed, label);
}

//! The invariants between flags and contents, as questions about a state. Each calls `broken` with what
//! tells one violation from another.

use machine::{Label, Peek};

use crate::{Storage, Unit, buffer, folio, inode::InodeFields};

fn block_label(block: usize) -> Label {
    Label::new("block", &[block as i32])
}

/// A page of the page cache is uptodate over a stale unit, or an unlocked page has an uptodate buffer
/// over one.
pub fn stale_uptodate(storage: &Storage, memory: &dyn Peek, broken: &mut dyn FnMut(Label)) {
    let Some(frame) = storage.cached(memory) else { return };
    let flags = memory.peek(storage.flags(frame));
    for block in 0..storage.geometry.blocks() {
        let held =
            memory.peek(storage.buffer(frame, block)) & buffer::UPTODATE != 0 && flags & folio::LOCKED == 0;
        if flags & folio::UPTODATE == 0 && !held {
            continue;
        }
        let is_stale = |unit| storage.peek_unit(memory, frame, unit) == Unit::Stale;
        if storage.geometry.block(block).any(is_stale) {
            broken(block_label(block));
        }
    }
}

/// After recovery, an allocated block below the recovered size holds stale data. `durable` is the
/// inode as recovery finds it.
pub fn stale_on_disk(storage: &Storage, memory: &dyn Peek, durable: u64, broken: &mut dyn FnMut(Label)) {
    for position in 0..InodeFields::size(durable) {
        let block = position >> storage.geometry.block_shift;
        let Some(disk_block) = InodeFields::mapped(durable, block) else { continue };
        let unit = position - storage.geometry.block(block).start;
        if storage.peek_disk(memory, disk_block, unit) == Unit::Stale {
            broken(block_label(block));
        }
    }
}

/// A block in the file's map holds stale data on disk, and nobody will fill it: no uptodate buffer that
/// is dirty or journalled covers it, it is not unwritten, and no truncation of it is pending. `journalled`
/// tells whether the journal has a buffer (frame, block).
pub fn orphaned_new_buffer(
    storage: &Storage,
    memory: &dyn Peek,
    journalled: &dyn Fn(usize, usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let inode = memory.peek(storage.inode);
    let size = memory.peek(storage.i_size) as usize;
    for block in 0..storage.geometry.blocks() {
        let Some(disk_block) = InodeFields::mapped(inode, block) else { continue };
        let stale = (0..storage.geometry.block_units())
            .any(|unit| storage.peek_disk(memory, disk_block, unit) == Unit::Stale);
        if !stale {
            continue;
        }
        let pending = inode & InodeFields::ORPHAN != 0 && storage.geometry.block(block).start >= size;
        let covered = storage.cached(memory).is_some_and(|frame| {
            let flags = memory.peek(storage.buffer(frame, block));
            let queued = flags & (buffer::DIRTY | buffer::JBDDIRTY) != 0 || journalled(frame, block);
            flags & buffer::UNWRITTEN != 0 || flags & buffer::UPTODATE != 0 && queued
        });
        if !pending && !covered {
            broken(block_label(block));
        }
    }
}

/// A mapped buffer is uptodate, neither dirty nor journalled, and differs from the disk below the
/// file's size.
pub fn clean_divergence(
    storage: &Storage,
    memory: &dyn Peek,
    journalled: &dyn Fn(usize, usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let Some(frame) = storage.cached(memory) else { return };
    let size = memory.peek(storage.i_size) as usize;
    for block in 0..storage.geometry.blocks() {
        let flags = memory.peek(storage.buffer(frame, block));
        let clean = flags & (buffer::DIRTY | buffer::JBDDIRTY) == 0 && !journalled(frame, block);
        let known = flags & (buffer::UPTODATE | buffer::MAPPED) == buffer::UPTODATE | buffer::MAPPED;
        if !known || !clean {
            continue;
        }
        for (index, unit) in storage.geometry.block(block).enumerate() {
            let disk = storage.peek_disk(memory, buffer::blocknr(flags), index);
            if unit < size && storage.peek_unit(memory, frame, unit) != disk {
                broken(block_label(block));
            }
        }
    }
}

/// A buffer of the cached page that will be written (dirty, jbddirty or `journalled`) is mapped to a block
/// that is not its own in the file's map.
pub fn foreign_block(
    storage: &Storage,
    memory: &dyn Peek,
    journalled: &dyn Fn(usize, usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let Some(frame) = storage.cached(memory) else { return };
    let inode = memory.peek(storage.inode);
    for block in 0..storage.geometry.blocks() {
        let flags = memory.peek(storage.buffer(frame, block));
        let written = flags & (buffer::DIRTY | buffer::JBDDIRTY) != 0 || journalled(frame, block);
        let own = InodeFields::mapped(inode, block) == Some(buffer::blocknr(flags));
        if flags & buffer::MAPPED != 0 && written && !own {
            broken(block_label(block));
        }
    }
}

/// Blocks that were holes at first (`allocated_before` tells which were not) lie beyond the size, and
/// no truncation is pending.
pub fn blocks_beyond_size(
    storage: &Storage,
    memory: &dyn Peek,
    allocated_before: &dyn Fn(usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let inode = memory.peek(storage.inode);
    if inode & InodeFields::ORPHAN != 0 {
        return;
    }
    let first = storage.geometry.blocks_of(memory.peek(storage.i_size) as usize);
    for block in first..storage.geometry.blocks() {
        if InodeFields::mapped(inode, block).is_some() && !allocated_before(block) {
            broken(block_label(block));
        }
    }
}

/// A lock or an actor's reference to a page outlives everybody.
pub fn leak(storage: &Storage, memory: &dyn Peek, broken: &mut dyn FnMut(Label)) {
    if memory.peek(storage.i_rwsem) != 0 {
        broken(Label::new("inode lock", &[]));
    }
    for frame in 0..storage.cache_frames {
        if memory.peek(storage.flags(frame)) & folio::LOCKED != 0 {
            broken(Label::new("page lock", &[]));
        }
        let actors = folio::REFERENCES & !(folio::CACHE | folio::MAPPING | folio::JOURNAL);
        if memory.peek(storage.references(frame)) & actors != 0 {
            broken(Label::new("page reference", &[]));
        }
    }
}

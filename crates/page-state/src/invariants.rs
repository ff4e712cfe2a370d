//! The invariants between flags and contents, as questions about a state. Each calls `broken` with what
//! tells one violation from another.

use machine::{Label, Peek, Word};

use crate::{Geometry, Storage, Unit, buffer, folio, inode::InodeFields};

fn block_label(block: usize) -> Label {
    Label::new("block", &[block as i32])
}

/// The pages of the file that are in the page cache: index and frame.
fn cached_pages(storage: &Storage, memory: &dyn Peek) -> impl Iterator<Item = (usize, usize)> {
    (0..storage.geometry.pages()).filter_map(move |page| Some((page, storage.cached(memory, page)?)))
}

/// The blocks of the file that are in the page cache: block of the file, frame, and block of the page.
fn cached_blocks(storage: &Storage, memory: &dyn Peek) -> impl Iterator<Item = (usize, usize, usize)> {
    let blocks = storage.geometry.blocks();
    cached_pages(storage, memory)
        .flat_map(move |(page, frame)| (0..blocks).map(move |block| (page * blocks + block, frame, block)))
}

/// A page of the page cache is uptodate over a stale unit, or an unlocked page has an uptodate buffer
/// over one.
pub fn stale_uptodate(storage: &Storage, memory: &dyn Peek, broken: &mut dyn FnMut(Label)) {
    for (file_block, frame, block) in cached_blocks(storage, memory) {
        let is_set = |at, bits| memory.peek_bits(at, bits) != 0;
        let held = storage.has_buffers()
            && is_set(storage.buffer(frame, block), buffer::UPTODATE)
            && !is_set(storage.flags(frame), folio::LOCKED);
        if !held && !is_set(storage.flags(frame), folio::UPTODATE) {
            continue;
        }
        let is_stale = |unit| storage.peek_unit(memory, frame, unit) == Unit::Stale;
        if storage.geometry.block(block).any(is_stale) {
            broken(block_label(file_block));
        }
    }
}

/// After recovery, an allocated block below the recovered size holds stale data. `recovered` tells what recovery leaves in a
/// unit of a block on disk.
pub fn stale_on_disk(
    storage: &Storage,
    memory: &dyn Peek,
    recovered: &dyn Fn(usize, usize) -> Unit,
    broken: &mut dyn FnMut(Label),
) {
    let durable = memory.peek(storage.durable);
    for position in 0..InodeFields::size(durable) {
        let block = position >> storage.geometry.block_shift;
        let Some(disk_block) = InodeFields::mapped(durable, block) else { continue };
        if InodeFields::is_unwritten(durable, block) {
            continue;
        }
        let unit = position - storage.geometry.block(block).start;
        if recovered(disk_block, unit) == Unit::Stale {
            broken(block_label(block));
        }
    }
}

/// A block in the file's map holds stale data on disk, and nobody will fill it: no uptodate buffer that
/// is dirty or journalled covers it, it is not unwritten, and no truncation of it is pending. `journalled`
/// tells whether the journal has a buffer (frame, block), `filled_later` whether the file system fills a block
/// when the file grows over it.
pub fn orphaned_new_buffer(
    storage: &Storage,
    memory: &dyn Peek,
    journalled: &dyn Fn(usize, usize) -> bool,
    filled_later: &dyn Fn(usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let inode = memory.peek(storage.inode);
    let size = memory.peek(storage.i_size) as usize;
    let blocks = storage.geometry.blocks();
    for block in 0..storage.geometry.file_blocks() {
        let Some(disk_block) = InodeFields::mapped(inode, block) else { continue };
        let stale = (0..storage.geometry.block_units())
            .any(|unit| storage.peek_disk(memory, disk_block, unit) == Unit::Stale);
        if !stale || InodeFields::is_unwritten(inode, block) {
            continue;
        }
        let pending = inode & InodeFields::ORPHAN != 0 && storage.geometry.block(block).start >= size;
        let covered = storage.cached(memory, block / blocks).is_some_and(|frame| {
            let flags = memory.peek(storage.buffer(frame, block % blocks));
            let queued = flags & (buffer::DIRTY | buffer::JBDDIRTY) != 0 || journalled(frame, block % blocks);
            flags & buffer::UPTODATE != 0 && queued
        });
        if !pending && !covered && !filled_later(block) {
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
    let size = memory.peek(storage.i_size) as usize;
    for (file_block, frame, block) in cached_blocks(storage, memory) {
        let flags = memory.peek(storage.buffer(frame, block));
        // Writeback journals all of a page that was stored to.
        let pending = folio::DIRTY | folio::CHECKED;
        let stored_to = memory.peek(storage.flags(frame)) & pending == pending;
        let queued = flags & (buffer::DIRTY | buffer::JBDDIRTY) != 0 || journalled(frame, block);
        let clean = !queued && !stored_to;
        let known = flags & (buffer::UPTODATE | buffer::MAPPED) == buffer::UPTODATE | buffer::MAPPED;
        if !known || !clean || flags & (buffer::DELAY | buffer::UNWRITTEN) != 0 {
            continue;
        }
        let start = storage.geometry.block(block).start;
        for (index, unit) in storage.geometry.block(file_block).enumerate() {
            let disk = storage.peek_disk(memory, buffer::blocknr(flags), index);
            if unit < size && storage.peek_unit(memory, frame, start + index) != disk {
                broken(block_label(file_block));
            }
        }
    }
}

/// A page without buffers is uptodate, not dirty, and differs from what is stored below the file's size.
/// `is_dirty` tells whether a page (frame) will be written.
pub fn clean_page_divergence(
    storage: &Storage,
    memory: &dyn Peek,
    is_dirty: &dyn Fn(usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let inode = memory.peek(storage.inode);
    let size = memory.peek(storage.i_size) as usize;
    for (file_block, frame, block) in cached_blocks(storage, memory) {
        if memory.peek(storage.flags(frame)) & folio::UPTODATE == 0 || is_dirty(frame) {
            continue;
        }
        let start = storage.geometry.block(block).start;
        for (index, unit) in storage.geometry.block(file_block).enumerate() {
            let stored = InodeFields::mapped(inode, file_block)
                .map_or(Unit::Zero, |disk_block| storage.peek_disk(memory, disk_block, index));
            if unit < size && storage.peek_unit(memory, frame, start + index) != stored {
                broken(block_label(file_block));
            }
        }
    }
}

/// A buffer of a cached page that will be written (dirty, jbddirty or `journalled`) is mapped to a block
/// that is not its own in the file's map.
pub fn foreign_block(
    storage: &Storage,
    memory: &dyn Peek,
    journalled: &dyn Fn(usize, usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let inode = memory.peek(storage.inode);
    for (file_block, frame, block) in cached_blocks(storage, memory) {
        let flags = memory.peek(storage.buffer(frame, block));
        let written = flags & (buffer::DIRTY | buffer::JBDDIRTY) != 0 || journalled(frame, block);
        let own = flags & buffer::DELAY != 0
            || InodeFields::mapped(inode, file_block) == Some(buffer::blocknr(flags));
        if flags & buffer::MAPPED != 0 && written && !own {
            broken(block_label(file_block));
        }
    }
}

/// The contents of a buffer are on the way to a block that the file has not got there. `kept` tells whether nobody else can
/// have taken a block yet that the file has given up.
pub fn foreign_write(
    storage: &Storage,
    memory: &dyn Peek,
    kept: &dyn Fn(usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    let blocks = storage.geometry.blocks();
    for frame in 0..storage.cache_frames {
        for block in 0..blocks {
            let flags = memory.peek(storage.buffer(frame, block));
            if flags & buffer::ASYNC_WRITE == 0 {
                continue;
            }
            let (inode, disk_block) = (memory.peek(storage.inode), buffer::blocknr(flags));
            // A page that has left the page cache no longer tells which page of the file it was.
            let mut of_pages = 0..storage.geometry.pages();
            let own = match of_pages.clone().find(|&page| storage.cached(memory, page) == Some(frame)) {
                Some(page) => InodeFields::mapped(inode, page * blocks + block) == Some(disk_block),
                None => {
                    of_pages.any(|page| InodeFields::mapped(inode, page * blocks + block) == Some(disk_block))
                }
            };
            if !own && (InodeFields::names(inode, disk_block) || !kept(disk_block)) {
                broken(block_label(block));
            }
        }
    }
}

/// A page under writeback differs from what of it has arrived on disk already: somebody has changed it meanwhile. Looks at
/// pages that are uptodate, since in others a copy that came short leaves what is never written.
pub fn unstable_page(storage: &Storage, memory: &dyn Peek, broken: &mut dyn FnMut(Label)) {
    let size = memory.peek(storage.i_size) as usize;
    for (file_block, frame, block) in cached_blocks(storage, memory) {
        let page = memory.peek(storage.flags(frame));
        let under_writeback = folio::WRITEBACK | folio::UPTODATE;
        if page & under_writeback != under_writeback {
            continue;
        }
        let flags = memory.peek(storage.buffer(frame, block));
        let known = buffer::UPTODATE | buffer::MAPPED;
        // What is still on the way arrives as it is then. What the journal has may differ before it is written at all, unless
        // it is all that the page has.
        let journalled = if storage.geometry.blocks() > 1 { buffer::JBD | buffer::JBDDIRTY } else { 0 };
        let other = buffer::ASYNC_WRITE | buffer::DELAY | buffer::UNWRITTEN | journalled;
        if flags & (known | other) != known {
            continue;
        }
        let start = storage.geometry.block(block).start;
        for (index, unit) in storage.geometry.block(file_block).enumerate() {
            let disk = storage.peek_disk(memory, buffer::blocknr(flags), index);
            // A block that nobody has written yet has got there meanwhile.
            let arrived = disk != Unit::Stale;
            if unit < size && arrived && storage.peek_unit(memory, frame, start + index) != disk {
                broken(block_label(file_block));
            }
        }
    }
}

/// Blocks that were holes at first (`allocated_before` tells which were not) lie beyond the size, and
/// no truncation is pending.
pub fn blocks_beyond_size(
    geometry: Geometry,
    (inode, size): (Word, usize),
    allocated_before: &dyn Fn(usize) -> bool,
    broken: &mut dyn FnMut(Label),
) {
    if inode & InodeFields::ORPHAN != 0 {
        return;
    }
    for block in geometry.blocks_of(size)..geometry.file_blocks() {
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
        let flags = memory.peek(storage.flags(frame));
        if flags & folio::LOCKED != 0 {
            broken(Label::new("page lock", &[]));
        }
        if flags & folio::WRITEBACK != 0 {
            broken(Label::new("writeback", &[]));
        }
        let actors = folio::REFERENCES & !(folio::CACHE | folio::MAPPING | folio::JOURNAL | folio::SHARED);
        if memory.peek(storage.references(frame)) & actors != 0 {
            broken(Label::new("page reference", &[]));
        }
    }
}

//! How an initial state comes into a scenario's cells: what is on disk, and what of it is in the page cache.

use machine::Word;
use page_state::InodeFields;
use page_state::buffer::{DIRTY, JBD, MAPPED, PRESENT, UPTODATE as BUFFER_UPTODATE, mapped_to};
use page_state::folio::{BUSY, CACHE, DIRTY as FOLIO_DIRTY, UPTODATE};

use crate::file_system::Medium;
use crate::initial::{File, PageState};
use crate::kernel::World;

/// Puts the file on disk.
pub(super) fn file(file: &File, world: &World, cells: &mut [Word]) {
    let storage = &world.storage;
    let mut inode = (file.size as Word) << InodeFields::SIZE.shift;
    // A server has all blocks, and a hole's hold zeros.
    let is_stored = |block| match world.nature.medium {
        Medium::Disk => file.has(block),
        Medium::Server => true,
        Medium::Memory => false,
    };
    for block in (0..storage.geometry.file_blocks()).filter(|&b| is_stored(b)) {
        inode |= (block as Word + 1) << InodeFields::map(block).shift;
        if file.is_unwritten(block) {
            // What is on disk there is somebody else's.
            inode |= InodeFields::unwritten(block);
            continue;
        }
        for (index, position) in storage.geometry.block(block).enumerate() {
            cells[storage.disk(block, index).index()] = file.unit(storage, position).word();
        }
    }
    cells[storage.i_size.index()] = file.size as Word;
    let frozen = world.journal.as_ref().map(|journal| journal.frozen);
    for at in [storage.inode, storage.durable].into_iter().chain(frozen) {
        cells[at.index()] = inode;
    }
}

/// Puts the file's pages into the page cache.
pub(super) fn pages(state: PageState, file: &File, world: &World, cells: &mut [Word]) {
    let storage = &world.storage;
    for index in 0..storage.geometry.pages() {
        // A page beyond the end is not there.
        if index == 0 || file.size > index * storage.geometry.page_units() {
            page(state, index, (file, world), cells);
        }
    }
}

fn page(state: PageState, index: usize, (file, world): (&File, &World), cells: &mut [Word]) {
    let (storage, frame) = (&world.storage, index);
    let geometry = storage.geometry;
    let uptodate_blocks = match state {
        PageState::Absent => return,
        PageState::Partly(blocks) => blocks,
        _ => u8::MAX,
    };
    cells[storage.slot(index).index()] = frame as Word + 1;
    cells[storage.references(frame).index()] = BUSY | CACHE;
    if uptodate_blocks == u8::MAX {
        cells[storage.flags(frame).index()] = UPTODATE;
    }
    for block in 0..geometry.blocks() {
        let file_block = index * geometry.blocks() + block;
        let uptodate = uptodate_blocks & (1 << block) != 0;
        if uptodate {
            for (unit, position) in geometry.block(block).zip(geometry.block(file_block)) {
                cells[storage.unit(frame, unit).index()] = file.unit(storage, position).word();
            }
        }
        if state == PageState::UptodateWithoutBuffers || !storage.has_buffers() {
            continue;
        }
        let known = uptodate && file.has(file_block) && !file.is_unwritten(file_block);
        let mapped = if known { mapped_to(file_block) | MAPPED } else { 0 };
        let mut flags = PRESENT | mapped | if uptodate { BUFFER_UPTODATE } else { 0 };
        if state == PageState::Committed && mapped != 0 {
            flags |= DIRTY | JBD;
            cells[storage.flags(frame).index()] |= FOLIO_DIRTY;
            if let Some(journal) = &world.journal {
                journal.checkpoint_initially(storage, cells, (frame, block), file_block);
            }
        }
        cells[storage.buffer(frame, block).index()] = flags;
    }
}

//! Initial files: what is on disk, and what of it is in the page cache.

use machine::Word;
use page_state::buffer::{DIRTY, JBD, MAPPED, PRESENT, UPTODATE as BUFFER_UPTODATE, mapped_to};
use page_state::folio::{BUSY, CACHE, DIRTY as FOLIO_DIRTY, UPTODATE};
use page_state::{Geometry, InodeFields, Storage, Unit};

use crate::file_system::Medium;
use crate::kernel::World;

/// A file: its size and which of its blocks are allocated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct File {
    /// The size, in units.
    pub size: usize,
    /// One bit for each allocated block.
    pub allocated: u8,
    /// One bit for each of those that was never written, and reads as zeros.
    pub unwritten: u8,
}

impl File {
    /// Whether a block is allocated.
    #[must_use]
    pub fn has(&self, block: usize) -> bool {
        self.allocated & (1 << block) != 0
    }

    /// The same where `cluster` blocks are allocated at once.
    #[must_use]
    pub fn in_clusters(self, cluster: usize) -> File {
        let whole = (1_u8 << cluster) - 1;
        let touched =
            (0..8 / cluster).map(|c| whole << (c * cluster)).filter(|bits| self.allocated & bits != 0);
        File { allocated: touched.sum(), ..self }
    }

    /// Whether it has no holes: all blocks of its size are allocated.
    #[must_use]
    pub fn is_filled(&self, geometry: Geometry) -> bool {
        (0..geometry.blocks_of(self.size)).all(|block| self.has(block))
    }

    /// Whether a block is allocated and was never written.
    #[must_use]
    pub fn is_unwritten(&self, block: usize) -> bool {
        self.has(block) && self.unwritten & (1 << block) != 0
    }

    /// What a reader finds at a position, and what the page cache holds of it: zeros in holes and beyond
    /// the end.
    #[must_use]
    pub fn unit(&self, storage: &Storage, position: usize) -> Unit {
        let block = position >> storage.geometry.block_shift;
        if self.has(block) && !self.is_unwritten(block) && position < self.size {
            Unit::Old(position)
        } else {
            Unit::Zero
        }
    }

    /// A few letters: size and map.
    #[must_use]
    pub fn name(&self, storage: &Storage) -> String {
        let map = self.map(storage);
        let map = if map.is_empty() { map } else { format!(", blocks {map}") };
        format!("size {}{map}", self.size)
    }

    /// A letter for each block below the size: mapped, unwritten or a hole.
    #[must_use]
    pub fn map(&self, storage: &Storage) -> String {
        let blocks = storage.geometry.blocks_of(self.size);
        (0..blocks)
            .map(|b| match self.has(b) {
                true if self.is_unwritten(b) => 'U',
                true => 'M',
                false => '-',
            })
            .collect()
    }

    /// Puts the file on disk.
    pub fn set_up(&self, world: &World, cells: &mut [Word]) {
        let storage = &world.storage;
        let mut inode = (self.size as Word) << InodeFields::SIZE.shift;
        // A server has all blocks, and a hole's hold zeros.
        let is_stored = |block| match world.nature.medium {
            Medium::Disk => self.has(block),
            Medium::Server => true,
            Medium::Memory => false,
        };
        for block in (0..storage.geometry.file_blocks()).filter(|&b| is_stored(b)) {
            inode |= (block as Word + 1) << InodeFields::map(block).shift;
            if self.is_unwritten(block) {
                // What is on disk there is somebody else's.
                inode |= InodeFields::unwritten(block);
                continue;
            }
            for (index, position) in storage.geometry.block(block).enumerate() {
                cells[storage.disk(block, index).index()] = self.unit(storage, position).word();
            }
        }
        cells[storage.i_size.index()] = self.size as Word;
        let frozen = world.journal.as_ref().map(|journal| journal.frozen);
        for at in [storage.inode, storage.durable].into_iter().chain(frozen) {
            cells[at.index()] = inode;
        }
    }
}

/// What of the file is in the page cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PageState {
    /// Nothing.
    Absent,
    /// All of it, with buffers.
    Uptodate,
    /// All of it, and no buffers are attached.
    UptodateWithoutBuffers,
    /// All of it, with buffers that a commit has left dirty: a checkpoint waits for them.
    Committed,
    /// The page is there, and only the buffers with a bit are uptodate.
    Partly(u8),
}

impl PageState {
    /// A few words.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            PageState::Absent => "page absent".to_owned(),
            PageState::Uptodate => "page uptodate".to_owned(),
            PageState::Committed => "page uptodate, waiting for a checkpoint".to_owned(),
            PageState::UptodateWithoutBuffers => "page uptodate without buffers".to_owned(),
            PageState::Partly(blocks) => {
                let names: Vec<String> =
                    (0..8).filter(|b| blocks & (1 << b) != 0).map(|b| b.to_string()).collect();
                format!("page partly uptodate ({})", names.join(" "))
            }
        }
    }

    /// Puts the file's pages into the page cache.
    pub fn set_up(self, file: &File, world: &World, cells: &mut [Word]) {
        let storage = &world.storage;
        for index in 0..storage.geometry.pages() {
            // A page beyond the end is not there.
            if index == 0 || file.size > index * storage.geometry.page_units() {
                self.set_up_page(index, file, world, cells);
            }
        }
    }

    fn set_up_page(self, index: usize, file: &File, world: &World, cells: &mut [Word]) {
        let (storage, frame) = (&world.storage, index);
        let geometry = storage.geometry;
        let uptodate_blocks = match self {
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
            if self == PageState::UptodateWithoutBuffers || !storage.has_buffers() {
                continue;
            }
            let known = uptodate && file.has(file_block) && !file.is_unwritten(file_block);
            let mapped = if known { mapped_to(file_block) | MAPPED } else { 0 };
            let mut flags = PRESENT | mapped | if uptodate { BUFFER_UPTODATE } else { 0 };
            if self == PageState::Committed && mapped != 0 {
                flags |= DIRTY | JBD;
                cells[storage.flags(frame).index()] |= FOLIO_DIRTY;
                if let Some(journal) = &world.journal {
                    journal.checkpoint_initially(storage, cells, (frame, block), file_block);
                }
            }
            cells[storage.buffer(frame, block).index()] = flags;
        }
    }
}

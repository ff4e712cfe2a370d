//! Initial files: what is on disk, and what of it is in the page cache.

use page_state::{Geometry, Storage, Unit};

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
}

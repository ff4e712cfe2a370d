//! The cells that hold a file: its page-cache slot, frames, buffers, blocks and inode.
//!
//! The file is one page long, or two. A page-cache slot names a frame, a file block names a physical block,
//! and both have identity: what is dropped and taken again is another one, or the same one with somebody
//! else's data.

use machine::{Label, Layout, Machine, Peek, Place, Word, show_number};

use crate::Geometry;
use crate::buffer::{self, show_buffer};
use crate::folio::{show_flags, show_references};
use crate::inode::{InodeFields, show_inode, show_owner};
use crate::unit::{UNIT_BITS, Unit, show_unit};

/// The most actors a scenario may have, views not counted.
pub const ACTORS_MAX: usize = 5;

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The sizes.
    pub geometry: Geometry,
    /// How many frames the page cache can take, at least one more than can be held at once.
    pub cache_frames: usize,
    /// How many frames hold the source of the data, behind those of the page cache.
    pub source_frames: usize,
    /// How many physical blocks there are.
    pub disk_blocks: usize,
    slots: Place,
    flags: Place,
    references: Place,
    units: Place,
    private: Place,
    buffers: bool,
    disk: Place,
    /// The inode as the kernel holds it: map, size on disk, orphan flag.
    pub inode: Place,
    /// The inode as recovery finds it.
    pub durable: Place,
    /// `i_size`.
    pub i_size: Place,
    /// Whether whoever reads a size sees what was written before it was set (v6.9): `i_size_read` acquires, and
    /// `i_size_write` releases.
    pub i_size_is_ordered: bool,
    /// `i_rwsem` (`i_mutex` until v4.6): 0 or 1 + actor.
    pub i_rwsem: Place,
    /// What `write()` returned: 0 while it has not, else 1 + count, or `RETURNED_ERROR`.
    pub returned: Place,
}

/// The width of [`Storage::private`], in bits.
pub const PRIVATE_BITS: u8 = 12;

/// [`Storage::returned`] after an error.
pub const RETURNED_ERROR: Word = 31;

impl Storage {
    /// Declares the cells.
    ///
    /// # Panics
    /// If there is more than the cells' fields can name: 7 frames of the page cache, 8 units of a page, 4
    /// blocks and 2 pages of the file, 15 blocks on disk.
    #[must_use]
    pub fn declare(
        layout: &mut Layout,
        geometry: Geometry,
        cache_frames: usize,
        source_frames: usize,
        disk_blocks: usize,
        buffers: bool,
    ) -> Storage {
        let (page, block, blocks) = (geometry.page_units(), geometry.block_units(), geometry.blocks());
        assert!(disk_blocks <= InodeFields::DISK_BLOCKS_MAX, "an inode's map names at most 15 blocks");
        assert!(
            geometry.file_blocks() <= InodeFields::BLOCKS_MAX,
            "an inode's map holds at most 4 blocks of the file"
        );
        assert!(page <= 8, "a page-table entry tells at most 8 units apart");
        assert!(cache_frames <= 7, "the page-cache slot names at most 7 frames");
        assert!(geometry.pages() <= 2, "a page's place tells at most 2 pages apart");
        Storage {
            geometry,
            cache_frames,
            source_frames,
            disk_blocks,
            slots: layout.array(geometry.pages(), 3, show_number, |p| format!("page-cache slot {p}")),
            flags: layout.array(cache_frames, 8, show_flags, |f| format!("page {f} flags")),
            references: layout.array(cache_frames, 11, show_references, |f| format!("page {f} references")),
            units: layout.array((cache_frames + source_frames) * page, UNIT_BITS, show_unit, |i| {
                format!("frame {} unit {}", i / page, i % page)
            }),
            private: if buffers {
                layout.array(cache_frames * blocks, buffer::BITS, show_buffer, |i| {
                    format!("page {} buffer {}", i / blocks, i % blocks)
                })
            } else {
                layout.array(cache_frames, PRIVATE_BITS, show_number, |f| format!("page {f} private"))
            },
            buffers,
            disk: layout.array(disk_blocks * block, UNIT_BITS, show_unit, |i| {
                format!("disk block {} unit {}", i / block, i % block)
            }),
            inode: layout.cell("inode", InodeFields::BITS, show_inode),
            durable: layout.cell("inode on disk", InodeFields::BITS, show_inode),
            i_size: layout.cell("i_size", 5, show_number),
            i_size_is_ordered: false,
            i_rwsem: layout.cell("i_rwsem", 3, show_owner),
            returned: layout.cell("write returned", 5, show_number),
        }
    }

    /// The page-cache slot of the file's page `index`: 0 or 1 + frame.
    #[must_use]
    pub fn slot(&self, index: usize) -> Place {
        self.slots.at(index)
    }

    /// Whether pages have buffers; without them each has a word of its own, [`Storage::private`].
    #[must_use]
    pub fn has_buffers(&self) -> bool {
        self.buffers
    }

    /// What a file system without buffers keeps with a page (`folio->private`), [`PRIVATE_BITS`] wide.
    ///
    /// # Panics
    /// Where pages have buffers.
    #[must_use]
    pub fn private(&self, frame: usize) -> Place {
        assert!(!self.buffers, "the page's private word is its list of buffers");
        self.private.at(frame)
    }

    /// The flags of a page-cache frame.
    #[must_use]
    pub fn flags(&self, frame: usize) -> Place {
        self.flags.at(frame)
    }

    /// The references to a page-cache frame.
    #[must_use]
    pub fn references(&self, frame: usize) -> Place {
        self.references.at(frame)
    }

    /// One unit of a frame, of the page cache or of the source.
    #[must_use]
    pub fn unit(&self, frame: usize, unit: usize) -> Place {
        self.units.at(frame * self.geometry.page_units() + unit)
    }

    /// The first unit of the first frame; a frame's units follow each other.
    #[must_use]
    pub fn first_unit(&self) -> Place {
        self.units
    }

    /// The frame of the source's page `page`.
    #[must_use]
    pub fn source_frame(&self, page: usize) -> usize {
        self.cache_frames + page
    }

    /// The flags of a buffer of a page-cache frame.
    ///
    /// # Panics
    /// Where pages have no buffers.
    #[must_use]
    pub fn buffer(&self, frame: usize, block: usize) -> Place {
        assert!(self.buffers, "the page has no buffers");
        self.private.at(frame * self.geometry.blocks() + block)
    }

    /// One unit of a physical block.
    #[must_use]
    pub fn disk(&self, block: usize, unit: usize) -> Place {
        self.disk.at(block * self.geometry.block_units() + unit)
    }

    /// The frame of the file's page `index`, if it is in the page cache.
    #[must_use]
    pub fn cached(&self, memory: &dyn Peek, index: usize) -> Option<usize> {
        (memory.peek(self.slot(index)) as usize).checked_sub(1)
    }

    /// A unit of a frame, as a property sees it.
    #[must_use]
    pub fn peek_unit(&self, memory: &dyn Peek, frame: usize, unit: usize) -> Unit {
        Unit::of(memory.peek(self.unit(frame, unit)))
    }

    /// A unit of a physical block, as a property sees it.
    #[must_use]
    pub fn peek_disk(&self, memory: &dyn Peek, block: usize, unit: usize) -> Unit {
        Unit::of(memory.peek(self.disk(block, unit)))
    }
}

/// Who takes the steps: the kernel's `current`.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The engine.
    pub m: &'a dyn Machine,
    /// Where everything is.
    pub storage: &'a Storage,
    /// Which actor, below [`ACTORS_MAX`].
    pub id: usize,
}

impl Task<'_> {
    /// A label that tells which page of the file is meant, where it has more than one.
    #[must_use]
    pub fn of_page(&self, name: &'static str, index: usize) -> Label {
        if self.storage.geometry.pages() == 1 {
            Label::new(name, &[])
        } else {
            Label::new(name, &[index as i32])
        }
    }
}

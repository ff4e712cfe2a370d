//! What a file system is: its address-space operations, and what they need.

use std::fmt::Debug;

use machine::{Layout, Place, Word};
use page_state::folio::folio_mark_dirty;
use page_state::inode::{i_size_read, set_disk_size, write_inode_now};
use page_state::{Buffer, Folio, Geometry, Storage};

use crate::initial::{File, PageState};
use crate::kernel::{Around, Caller, Errno, Kernel, Request, VmFault, World};

pub use crate::nature::{Medium, Nature};

/// What a file system does.
///
/// What two of them do differs only by their type and by what `Debug` shows of them: by these, results are
/// known again.
pub trait FileSystem: Debug + Send + Sync + 'static {
    /// The type whose code it is.
    fn code(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// What it is.
    fn nature(&self) -> Nature;

    /// Declares cells that no other file system has.
    fn declare(&self, _: &mut Layout, _: &Storage) -> Vec<Place> {
        Vec::new()
    }

    /// Sets those cells to what they are in memory for a file that was opened; they are 0 before.
    fn set_up(&self, _: &World, _: &File, _: &mut [Word]) {}

    /// How many blocks it allocates at once: what lies beyond the size in them, or in all of them after a short
    /// write, stays, and is zeroed when the file grows over it.
    fn cluster(&self, _: Geometry) -> usize {
        1
    }

    /// How many blocks the disk needs for a file: each block of the file can be allocated, in the inode, in
    /// the one being committed and in the one on disk.
    fn disk_blocks(&self, geometry: Geometry) -> usize {
        2 * geometry.file_blocks()
    }

    /// Whether a write ever needs a block that it has not got.
    fn allocates(&self) -> bool {
        true
    }

    /// How many pages a file can have.
    fn pages_max(&self) -> usize {
        usize::MAX
    }

    /// Whether a write can fail although nothing around it does.
    fn can_refuse(&self) -> bool {
        false
    }

    /// Whether it can come into this initial state.
    fn admits(&self, file: &File, page: PageState) -> bool {
        let nature = self.nature();
        match page {
            PageState::Partly(_) | PageState::UptodateWithoutBuffers if !nature.buffers => false,
            PageState::Committed => nature.journals_data,
            // What is in memory only is there, or is a hole.
            PageState::Absent if nature.medium == Medium::Memory => file.allocated == 0,
            _ if nature.medium == Medium::Memory => file.allocated != 0 || file.size == 0,
            _ => true,
        }
    }

    /// Whether a file can have holes.
    fn has_holes(&self) -> bool {
        true
    }

    /// Whether a file can be written with direct I/O, which invalidates the page cache. Where it is not
    /// (`direct_IO` is missing, or it is buffered I/O under another name), nobody does.
    fn has_direct_io(&self) -> bool {
        self.nature().medium != Medium::Memory
    }

    /// Whether it holds `invalidate_lock` while it cuts a file (v5.15, where it does at all).
    fn takes_invalidate_lock(&self, _: Around) -> bool {
        false
    }

    /// Whether its `write_begin` may run out of credits and begins again (ext4 since v6.17).
    fn runs_out_of_credits(&self, _: Around) -> bool {
        false
    }

    /// Whether what is on the way to a disk that checks sums is a copy of the page (`MS_SNAP_STABLE`), which then may be
    /// changed.
    fn writes_copies(&self) -> bool {
        false
    }

    /// Whether a mapping of a file can be shared and writable.
    fn has_writable_mappings(&self) -> bool {
        true
    }

    /// Whether a block is allocated only when it is written back.
    fn delays_allocation(&self) -> bool {
        false
    }

    /// Whether a block can be allocated and read as zeros until it is written.
    fn has_unwritten_extents(&self) -> bool {
        false
    }

    /// `write_iter`: writes what the source holds to the file; gives how much it wrote, or the error if
    /// that is nothing. The caller holds the inode's lock. Mostly
    /// [`generic_perform_write`](crate::generic::perform_write::generic_perform_write).
    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno>;

    /// Whether a fatal signal ends its writes under this caller.
    fn looks_for_signals(&self, caller: Caller) -> bool {
        caller.looks_for_signals()
    }

    /// `write_begin`: gives the page locked, referenced, and fit to take `len` units at `pos`.
    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno>;

    /// `write_end`: unlocks and drops the page; gives how many units it took.
    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno>;

    /// `read_folio` (`readpage` before v5.19): fills the page, which is locked, and unlocks it.
    fn read_folio(&self, k: &Kernel, folio: Folio);

    /// `is_partially_uptodate`: whether the units `from..to` of a page that is not uptodate can be read; the
    /// page is locked.
    fn is_partially_uptodate(&self, _: &Kernel, _: Folio, _from: usize, _to: usize) -> bool {
        false
    }

    /// Maps a buffer to its block, and allocates one if `create` says so.
    ///
    /// # Panics
    /// Where pages have no buffers.
    fn get_block(&self, _: &Kernel, _: Buffer, _create: bool) -> Result<(), Errno> {
        panic!("a file system without buffers has no get_block")
    }

    /// `writepage`: writes the page, which is locked and was dirty, to where the file's data is kept, and
    /// unlocks it. When it returns the data has arrived and the page is not under writeback.
    fn writepage(&self, k: &Kernel, folio: Folio);

    /// Whether a server can put the file's data into the page cache by itself.
    fn has_server_that_stores(&self) -> bool {
        false
    }

    /// What that comes to: all of the file is stored.
    ///
    /// # Panics
    /// Where there is no such server.
    fn server_stores(&self, _: &Kernel) {
        panic!("no server stores to the page cache of this file system")
    }

    /// `page_mkwrite`: makes a page that is mapped fit to be stored to.
    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault;

    /// `dirty_folio` (`set_page_dirty` before v5.18): a store through a mapping has dirtied the page, which is
    /// locked.
    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        folio_mark_dirty(&k.task, folio);
    }

    /// Truncates the file to `size` units; the caller holds the inode's lock.
    fn truncate(&self, k: &Kernel, size: usize);

    /// A page goes, from unit `from` on; the page is locked. Tells whether the journal keeps a buffer.
    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool;

    /// `release_folio`: whether a page that is clean and locked may leave the page cache, for reclaim and
    /// for direct I/O.
    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool;

    /// `dirty_inode`: the inode was marked dirty because the size is a new one.
    fn dirty_inode(&self, _: &Kernel) {}

    /// Commits the running transaction.
    ///
    /// # Panics
    /// Where there is no journal.
    fn commit(&self, _: &Kernel) {
        panic!("a file system without a journal has nothing to commit")
    }

    /// Writes the inode without its pages (`write_inode`); where a journal or a server keeps it there is
    /// nothing to do.
    fn write_inode(&self, k: &Kernel) {
        let nature = self.nature();
        if nature.medium == Medium::Disk && !nature.journal {
            machine::call(k.task.m, machine::Label::new("write_inode", &[]), || {
                set_disk_size(&k.task, i_size_read(&k.task));
                write_inode_now(&k.task);
            });
        }
    }

    /// Puts everything to where it is kept (`fsync`, `sync`), after all actors have ended.
    fn sync(&self, k: &Kernel);
}

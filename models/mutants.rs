//! Deliberate faults that nobody can make from outside of the models.
//!
//! What a fault leaves out, answers or changes is done between an actor and the engine, and the models know nothing of it
//! (`tests/mutants/list.rs`). These are left: each calls kernel words that the kernel does not, with what only the caller of
//! these functions has, or returns something else.

use fault::IovIter;
use page_state::Folio;
use page_state::buffer::allocate_block;
use page_state::folio::folio_zero_segment;
use page_state::inode::{i_size_read, i_size_write, map_block, set_disk_size};

use crate::file_system::FileSystem;
use crate::generic::perform_write::prefault;
use crate::kernel::{Kernel, Mutant};

/// Between `write_begin` and the copy.
pub(crate) fn before_copy(k: &Kernel, fs: &dyn FileSystem, (at, bytes): (usize, usize), source: IovIter) {
    // A function of many steps, of which some wait.
    if k.mutated(Mutant::PrefaultUnderPageLock) {
        prefault(k, fs, source, bytes);
    }
    // No step here is about the size.
    if k.mutated(Mutant::SizeBeforeCopy) {
        i_size_write(&k.task, at + bytes);
    }
}

/// Behind a copy that left the units `from..to` of the page out.
pub(crate) fn after_copy(k: &Kernel, folio: Folio, from: usize, to: usize) {
    // No step is about a unit behind the first that could not be copied.
    if k.mutated(Mutant::ShortCopyIsZeroFilled) {
        folio_zero_segment(&k.task, folio, from, to);
    }
}

/// Behind `write_end`, which took `committed` units of `bytes` at `at`; gives what it says that it took.
pub(crate) fn after_write_end(k: &Kernel, (at, bytes): (usize, usize), committed: usize) -> usize {
    let end = at + bytes;
    // After a short copy no step is about the size.
    if k.mutated(Mutant::SizeFromLength) && end > i_size_read(&k.task) {
        i_size_write(&k.task, end);
    }
    // The same of the size on disk.
    if k.mutated(Mutant::SizeOnDiskIsAhead) {
        set_disk_size(&k.task, end);
    }
    // What a function returns is no step.
    if k.mutated(Mutant::ReturnsLength) { bytes } else { committed }
}

/// Before the file is truncated to `size`.
pub(crate) fn before_truncation(k: &Kernel, size: usize) {
    // A function of many steps, which chooses a block by what is free.
    if k.mutated(Mutant::GrowthMapsStaleBlocks) {
        for block in 0..k.task.storage.geometry.blocks_of(size) {
            if map_block(&k.task, block).is_none() {
                allocate_block(&k.task, block, &[]);
            }
        }
    }
}

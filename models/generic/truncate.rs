//! `mm/truncate.c`: what lies beyond a size goes from the page cache.

use machine::{Label, call};
use page_state::folio::{
    filemap_get_folio, filemap_remove_folio, folio_clear_dirty, folio_in_cache, folio_lock, folio_put,
    folio_unlock, folio_wait_writeback, folio_zero_segment,
};

use crate::Mutant;
use crate::file_system::FileSystem;
use crate::generic::mmap::unmap_mapping_folio;
use crate::kernel::Kernel;

/// `truncate_inode_pages`: whole pages go, and the part of the last one beyond `size` units is zeroed.
#[track_caller]
pub fn truncate_inode_pages(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    call(task.m, Label::new("truncate_inode_pages", &[size as i32]), || {
        if k.mutated(Mutant::TruncateKeepsPage) {
            return;
        }
        for index in size / units..task.storage.geometry.pages() {
            truncate_page(k, fs, index, size.saturating_sub(index * units));
        }
    });
}

/// One page, from unit `from` of it on.
fn truncate_page(k: &Kernel, fs: &dyn FileSystem, index: usize, from: usize) {
    let task = &k.task;
    // Not needed: ext3's data=writeback is asked by default of the writer alone: nobody takes the page away.
    let Some(folio) = filemap_get_folio(task, index) else { return };
    // Not needed: with the prefault first a write comes up short beside who takes its source away, and three actors
    // with reclaim or direct I/O are not asked.
    folio_lock(task, folio);
    // Not needed: a page that has left meanwhile was reclaimed, and nobody sees what is done to it.
    if folio_in_cache(task, folio) {
        // Not needed: a block that is freed is not given to another file here, whose data writeback would overwrite.
        folio_wait_writeback(task, folio);
        if from > 0 {
            if !k.mutated(Mutant::TruncateKeepsTail) {
                // Not needed: of ext3's data=writeback nobody asks by default who makes the file longer later.
                folio_zero_segment(task, folio, from, task.storage.geometry.page_units());
            }
            fs.invalidate_folio(k, folio, from);
        } else {
            // Not needed: after a write that failed; what was never in the file is in no mapping.
            unmap_mapping_folio(k, folio);
            let held = fs.invalidate_folio(k, folio, 0);
            folio_clear_dirty(task, folio); // Not needed: nobody writes a page that has left the file.
            // Not needed: with delayed allocation it takes a full disk to come here, and a page that is never free is not
            // missed there.
            filemap_remove_folio(task, folio, held);
        }
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
}

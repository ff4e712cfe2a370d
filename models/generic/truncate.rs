//! `mm/truncate.c`: what lies beyond a size goes from the page cache.

use machine::{Label, call};
use page_state::folio::{
    filemap_get_folio, filemap_remove_folio, folio_clear_dirty, folio_in_cache, folio_lock, folio_put,
    folio_unlock, folio_wait_writeback, folio_zero_segment,
};

use crate::Mutant;
use crate::kernel::{FileSystem, Kernel};

/// `truncate_inode_pages`: the whole page goes, or the part of it beyond `size` units is zeroed.
#[track_caller]
pub fn truncate_inode_pages(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    call(task.m, Label::new("truncate_inode_pages", &[size as i32]), || {
        if size >= units || k.mutated(Mutant::TruncateKeepsPage) {
            return;
        }
        let Some(folio) = filemap_get_folio(task) else { return };
        folio_lock(task, folio);
        if folio_in_cache(task, folio) {
            folio_wait_writeback(task, folio);
            if size > 0 {
                folio_zero_segment(task, folio, size, units);
                fs.invalidate_folio(k, folio, size);
            } else {
                let held = fs.invalidate_folio(k, folio, 0);
                folio_clear_dirty(task, folio);
                filemap_remove_folio(task, folio, held);
            }
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

//! Pages that leave the page cache while the file stays as it is: reclaim (`mm/vmscan.c`), and what direct
//! I/O invalidates (`mm/truncate.c`).

use machine::{Label, call};
use page_state::Folio;
use page_state::folio::{
    filemap_get_folio, filemap_remove_folio, folio_in_cache, folio_lock, folio_put, folio_test_dirty,
    folio_test_writeback, folio_try_remove, folio_trylock, folio_unlock, folio_wait_writeback,
};
use page_state::steps::reach;

use crate::file_system::FileSystem;
use crate::generic::mmap::unmap_mapping_folio;
use crate::generic::writeback::write_cache_pages;
use crate::kernel::Kernel;

/// `shrink_folio_list`: takes each page of the file out of the page cache that is clean, and that nobody
/// else holds.
#[track_caller]
pub fn shrink_folio_list(k: &Kernel, fs: &dyn FileSystem) {
    call(k.task.m, Label::new("shrink_folio_list", &[]), || {
        for index in 0..k.task.storage.geometry.pages() {
            shrink_folio(k, fs, index);
        }
    });
}

fn shrink_folio(k: &Kernel, fs: &dyn FileSystem, index: usize) {
    let task = &k.task;
    let Some(folio) = filemap_get_folio(task, index) else { return };
    if folio_trylock(task, folio) {
        if folio_in_cache(task, folio) && !folio_test_writeback(task, folio) {
            unmap_mapping_folio(k, folio);
            if !folio_test_dirty(task, folio) && remove_clean(k, fs, folio) {
                reach(task, "reclaimed");
            }
        }
        folio_unlock(task, folio);
    }
    folio_put(task, folio);
}

/// `filemap_release_folio` and `__remove_mapping`.
fn remove_clean(k: &Kernel, fs: &dyn FileSystem, folio: Folio) -> bool {
    if !fs.release_folio(k, folio) {
        return false;
    }
    // Looked at again, with nobody able to take a reference: who dirtied the page had one.
    folio_try_remove(&k.task, folio)
}

/// `invalidate_inode_pages2`: what direct I/O does to the page cache before and after it writes. A dirty page
/// is written first (`filemap_write_and_wait`, `launder_folio`). Tells whether all pages went.
#[track_caller]
pub fn invalidate_inode_pages2(k: &Kernel, fs: &dyn FileSystem) -> bool {
    call(k.task.m, Label::new("invalidate_inode_pages2", &[]), || {
        let mut all = true;
        for index in 0..k.task.storage.geometry.pages() {
            all &= invalidate_folio(k, fs, index);
        }
        all
    })
}

fn invalidate_folio(k: &Kernel, fs: &dyn FileSystem, index: usize) -> bool {
    let task = &k.task;
    let Some(folio) = filemap_get_folio(task, index) else { return true };
    folio_lock(task, folio);
    let mut gone = true;
    // Not reached: that it is gone. Truncation, which takes pages away, has the inode's lock too.
    if folio_in_cache(task, folio) {
        folio_wait_writeback(task, folio);
        unmap_mapping_folio(k, folio);
        // invalidate_complete_folio2: a page that is dirty stays.
        let releases = fs.release_folio(k, folio);
        let clean = !folio_test_dirty(task, folio);
        gone = releases && clean;
        if gone {
            // Whoever holds the page finds out that it has gone when it has the lock.
            filemap_remove_folio(task, folio, false);
            reach(task, "invalidated");
        }
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
    gone
}

/// Direct I/O of another program, as far as the page cache sees it: dirty pages are written, and pages are
/// invalidated (`kiocb_invalidate_pages`).
#[track_caller]
pub fn kiocb_invalidate_pages(k: &Kernel, fs: &dyn FileSystem) {
    write_cache_pages(k, fs);
    invalidate_inode_pages2(k, fs);
}

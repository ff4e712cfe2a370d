//! Writeback (`mm/page-writeback.c`): dirty pages go to where the file's data is kept.

use machine::{Label, Order, call, scope};
use page_state::folio::{
    filemap_get_folio, folio_in_cache, folio_lock, folio_put, folio_test_clear_dirty, folio_unlock,
    folio_wait_writeback,
};
use page_state::steps::{reach, test};
use page_state::{Folio, folio};

use crate::file_system::FileSystem;
use crate::generic::mmap::folio_mkclean;
use crate::kernel::Kernel;

/// `write_cache_pages`: writes the dirty pages of the file, one by one. Each is locked, made clean, and handed
/// to the file system, which unlocks it.
#[track_caller]
pub fn write_cache_pages(k: &Kernel, fs: &dyn FileSystem) {
    write_cache_pages_from(k, fs, 0);
}

/// The same from the page of `pos` on.
#[track_caller]
pub fn write_cache_pages_from(k: &Kernel, fs: &dyn FileSystem, pos: usize) {
    write_pages(k, pos, &|folio| fs.writepage(k, folio));
}

/// `write_cache_pages` with a function of its own for a page.
#[track_caller]
pub fn write_pages_with(k: &Kernel, writepage: &dyn Fn(Folio)) {
    write_pages(k, 0, writepage);
}

#[track_caller]
fn write_pages(k: &Kernel, pos: usize, writepage: &dyn Fn(Folio)) {
    let geometry = k.task.storage.geometry;
    call(k.task.m, Label::new("write_cache_pages", &[]), || {
        for index in geometry.page_of(pos)..geometry.pages() {
            write_cache_page(k, writepage, index);
        }
    });
}

/// `filemap_fdatawait`: waits until no page of the file is under writeback.
#[track_caller]
pub fn filemap_fdatawait(k: &Kernel) {
    let task = &k.task;
    call(task.m, Label::new("filemap_fdatawait", &[]), || {
        for index in 0..task.storage.geometry.pages() {
            let Some(folio) = filemap_get_folio(task, index) else { continue };
            folio_wait_writeback(task, folio);
            folio_put(task, folio);
        }
    });
}

fn write_cache_page(k: &Kernel, writepage: &dyn Fn(Folio), index: usize) {
    let task = &k.task;
    let Some(folio) = filemap_get_folio(task, index) else { return };
    scope(task.m, || {
        if !is_tagged_dirty(k, folio) {
            return;
        }
        folio_lock(task, folio);
        if folio_in_cache(task, folio) {
            folio_wait_writeback(task, folio);
            if folio_clear_dirty_for_io(k, folio) {
                reach(task, "written back");
                writepage(folio);
            } else {
                folio_unlock(task, folio);
            }
        } else {
            folio_unlock(task, folio);
        }
    });
    folio_put(task, folio);
}

/// `filemap_write_and_wait`: all pages are written and their data has arrived. A page that somebody else has
/// just made clean to write it is still tagged as dirty in the kernel, so that its lock is waited for.
#[track_caller]
pub fn filemap_write_and_wait(k: &Kernel, fs: &dyn FileSystem) {
    let task = &k.task;
    call(task.m, Label::new("filemap_write_and_wait", &[]), || {
        for index in 0..task.storage.geometry.pages() {
            let Some(folio) = filemap_get_folio(task, index) else { continue };
            folio_lock(task, folio);
            // Not reached: who truncates writes its pages only in NFS and btrfs, and it takes direct I/O beside that.
            if folio_in_cache(task, folio) {
                folio_wait_writeback(task, folio);
                if folio_clear_dirty_for_io(k, folio) {
                    fs.writepage(k, folio);
                } else {
                    folio_unlock(task, folio);
                }
            } else {
                folio_unlock(task, folio);
            }
            folio_wait_writeback(task, folio);
            folio_put(task, folio);
        }
    });
}

/// Whether the page has `PAGECACHE_TAG_DIRTY`. It outlives the flag: whoever makes a page clean to write it takes
/// the tag off when the page is under writeback, with the page locked until then.
fn is_tagged_dirty(k: &Kernel, folio: Folio) -> bool {
    let at = k.task.storage.flags(folio.frame);
    let label = Label::new("PAGECACHE_TAG_DIRTY", &[]);
    scope(k.task.m, || test(&k.task, at, folio::DIRTY | folio::LOCKED, Order::Relaxed, label))
}

/// `folio_clear_dirty_for_io`: makes a page that is locked clean, also for who stores through a mapping.
/// Tells whether it was dirty.
#[track_caller]
pub fn folio_clear_dirty_for_io(k: &Kernel, folio: Folio) -> bool {
    folio_mkclean(k, folio);
    folio_test_clear_dirty(&k.task, folio)
}

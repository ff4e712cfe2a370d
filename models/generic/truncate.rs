//! `mm/truncate.c`: what lies beyond a size goes from the page cache.

use machine::{Label, call};
use page_state::folio::{
    filemap_get_folio, filemap_remove_folio, folio_clear_dirty, folio_in_cache, folio_lock, folio_put,
    folio_test_dirty, folio_unlock, folio_wait_writeback, folio_zero_segment,
};

use crate::file_system::FileSystem;
use crate::generic::mmap::{folio_mkclean_tells, unmap_mapping_folio};
use crate::kernel::{Around, Kernel};

/// `truncate_inode_pages`: whole pages go, and the part of the last one beyond `size` units is zeroed.
#[track_caller]
pub fn truncate_inode_pages(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    call(task.m, Label::new("truncate_inode_pages", &[size as i32]), || {
        for index in size / units..task.storage.geometry.pages() {
            truncate_page(k, fs, index, size.saturating_sub(index * units));
        }
    });
}

/// `pagecache_isize_extended` (v3.18): the file has grown from `from` to `to`. Who stores to the last page through a mapping
/// asks the file system again, where that has a block now that it had not then. Since v6.13 (52aecaee1c26) what a dirty
/// page has behind `from` is zeroed.
#[track_caller]
pub fn pagecache_isize_extended(k: &Kernel, fs: &dyn FileSystem, from: usize, to: usize) {
    let (task, geometry) = (&k.task, k.task.storage.geometry);
    let units = geometry.page_units();
    let behind = from.next_multiple_of(geometry.block_units());
    if k.world.setting.around < Around::V3_18 || to <= behind || behind.is_multiple_of(units) {
        return;
    }
    call(task.m, Label::new("pagecache_isize_extended", &[from as i32, to as i32]), || {
        let Some(folio) = filemap_get_folio(task, from / units) else { return };
        folio_lock(task, folio);
        // Not reached: that it is gone. Direct I/O, which takes pages away, waits for the inode's lock.
        if folio_in_cache(task, folio) {
            if folio_mkclean_tells(k, folio) {
                fs.dirty_folio(k, folio);
            }
            if k.world.setting.around >= Around::V6_13 && folio_test_dirty(task, folio) {
                folio_zero_segment(task, folio, from % units, (to - folio.index * units).min(units));
            }
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

/// `truncate_pagecache_range`, where the file grows from `from` to `to`: what the page that it ended in has between the two
/// becomes zeros. No other page of them is there.
#[track_caller]
pub fn truncate_pagecache_range(k: &Kernel, from: usize, to: usize) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    if from.is_multiple_of(units) {
        return;
    }
    call(task.m, Label::new("truncate_pagecache_range", &[from as i32, to as i32]), || {
        let Some(folio) = filemap_get_folio(task, from / units) else { return };
        folio_lock(task, folio);
        // Not reached: that it is gone. Direct I/O, which takes pages away, waits for the inode's lock.
        if folio_in_cache(task, folio) {
            folio_wait_writeback(task, folio);
            folio_zero_segment(task, folio, from % units, (to - folio.index * units).min(units));
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
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
    // Not reached: that it is gone. Direct I/O, which takes pages away, waits for the inode's lock.
    if folio_in_cache(task, folio) {
        folio_wait_writeback(task, folio);
        if from > 0 {
            // Not needed: of ext3's data=writeback nobody asks by default who makes the file longer later.
            folio_zero_segment(task, folio, from, task.storage.geometry.page_units());
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

//! `logfs_write_begin` and `logfs_write_end` (`fs/logfs/file.c`, `fs/logfs/readwrite.c`), v4.2.

use machine::{Action, Label, Layout, Order, Place, Step, Word, call};
use page_state::folio::{
    folio_end_writeback, folio_mark_dirty, folio_mark_uptodate, folio_put, folio_start_writeback,
    folio_test_dirty, folio_test_uptodate, folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write, map_block, set_map, show_owner};
use page_state::steps::{change, copy_unit, load, store, wait};
use page_state::{Folio, Geometry, InodeFields, Storage, Unit};

use crate::file_system::{FileSystem, Nature};
use crate::generic::filemap::grab_cache_page;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::truncate::truncate_inode_pages;
use crate::generic::writeback::write_cache_pages;
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// logfs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Logfs;

impl FileSystem for Logfs {
    fn nature(&self) -> Nature {
        Nature::COPY_ON_WRITE
    }

    fn declare(&self, layout: &mut Layout, _: &Storage) -> Vec<Place> {
        vec![layout.cell("s_write_mutex", 3, show_owner)]
    }

    /// A page that is written is in its old place, in the one that the medium's inode names, and in its new one.
    fn disk_blocks(&self, geometry: Geometry) -> usize {
        2 * geometry.file_blocks() + 1
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        let task = &k.task;
        let folio = call(task.m, Label::new("logfs_write_begin", &[pos as i32, len as i32]), || {
            let units = task.storage.geometry.page_units();
            let folio = grab_cache_page(task, pos / units);
            // Not needed: what changes while it is written is dirty again, and written once more, to another place.
            folio_wait_writeback(task, folio);
            if len == units || folio_test_uptodate(task, folio) {
                return folio;
            }
            // Not needed: read instead, a page behind the end is a hole's zeros, too.
            if folio.index * units >= i_size_read(task) {
                folio_zero_segment(task, folio, 0, pos % units);
                folio_zero_segment(task, folio, pos % units + len, units);
            } else {
                logfs_readpage_nolock(k, folio);
            }
            folio
        });
        Ok(folio)
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        let args = [pos as i32, len as i32, copied as i32];
        let took = call(k.task.m, Label::new("logfs_write_end", &args), || {
            logfs_write_end(k, (pos, len, copied), folio).map(|took| took as u8)
        });
        took.map(usize::from)
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        call(k.task.m, Label::new("logfs_readpage", &[]), || {
            logfs_readpage_nolock(k, folio);
            folio_unlock(&k.task, folio);
        });
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        let task = &k.task;
        call(task.m, Label::new("logfs_writepage", &[]), || {
            let units = task.storage.geometry.page_units();
            let inside = i_size_read(task).saturating_sub(folio.index * units).min(units);
            if inside == 0 {
                folio_unlock(task, folio);
                return;
            }
            folio_zero_segment(task, folio, inside, units);
            folio_start_writeback(task, folio);
            logfs_write_buf(k, folio);
            folio_end_writeback(task, folio);
            folio_unlock(task, folio);
        });
    }

    /// `generic_file_readonly_mmap`.
    fn has_writable_mappings(&self) -> bool {
        false
    }

    fn page_mkwrite(&self, _: &Kernel, _: Folio) -> VmFault {
        panic!("nobody stores through a mapping that is read only")
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        logfs_setattr(self, k, size);
    }

    fn invalidate_folio(&self, _: &Kernel, _: Folio, _: usize) -> bool {
        false
    }

    /// `logfs_reg_aops` has no `direct_IO`.
    fn has_direct_io(&self) -> bool {
        false
    }

    fn release_folio(&self, _: &Kernel, _: Folio) -> bool {
        true
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.write_inode(k);
    }
}

/// `logfs_readpage_nolock`: fills the page, which stays locked.
#[track_caller]
fn logfs_readpage_nolock(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("logfs_readpage_nolock", &[]), || {
        let units = task.storage.geometry.page_units();
        match map_block(task, folio.index) {
            None => folio_zero_segment(task, folio, 0, units),
            Some(disk_block) => {
                for unit in 0..units {
                    let (from, to) =
                        (task.storage.disk(disk_block, unit), task.storage.unit(folio.frame, unit));
                    copy_unit(task, from, to, Label::new("read_unit", &[unit as i32]));
                }
            }
        }
        folio_mark_uptodate(task, folio);
    });
}

/// `logfs_write_buf`: writes the page, which is locked, to a place that neither the inode nor the one on the medium
/// names; then the inode names it. One writes at a time.
#[track_caller]
fn logfs_write_buf(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("logfs_write_buf", &[folio.index as i32]), || {
        let storage = task.storage;
        let owner = task.id as Word + 1;
        let mutex = k.world.private[0];
        // Not needed: a writer writes through on a full disk, which is asked of him alone.
        wait(task, mutex, Word::MAX, 0, owner, Order::Acquire, Label::new("logfs_get_wblocks", &[]));
        let disk_block = free_place(k);
        for unit in 0..storage.geometry.page_units() {
            let (from, to) = (storage.unit(folio.frame, unit), storage.disk(disk_block, unit));
            copy_unit(task, from, to, Label::new("write_unit", &[unit as i32]));
        }
        set_map(task, folio.index, Some(disk_block));
        change(task, mutex, Word::MAX, 0, 0, Order::Release, Label::new("logfs_put_wblocks", &[]));
    });
}

/// A place that nobody names; it holds somebody else's data.
fn free_place(k: &Kernel) -> usize {
    let (task, storage) = (&k.task, k.task.storage);
    let label = Label::new("segment", &[]);
    let taken: Vec<Word> = [storage.inode, storage.durable]
        .into_iter()
        // Not needed: that answer is the first place, which the file has on disk at first; who writes through again
        // takes his last place again, which no committed map names.
        .map(|at| load(task, at, InodeFields::MAP, Order::Relaxed, label))
        .collect();
    let free = |place: &usize| !taken.iter().any(|&map| InodeFields::names(map, *place));
    let place = (0..storage.disk_blocks).find(free).expect("the scenario has blocks enough on disk");
    for unit in 0..storage.geometry.page_units() {
        let label = Label::new("somebody_else", &[]);
        // Not needed: it makes what is not written to the place stand out; all of it is written.
        store(task, storage.disk(place, unit), Unit::Stale.word(), Order::Relaxed, label);
    }
    place
}

/// `get_page_reserve`: whether there is room for a page that is written later.
fn is_room_reserved(k: &Kernel) -> bool {
    let full = Step::new(Action::Choose { of: 2 }, Label::new("get_page_reserve", &[]));
    !k.world.setting.allocation_can_fail
        || k.task.m.perform(full.showing(|w| if w == 0 { "yes" } else { "no" }.to_owned())) == 0
}

fn logfs_write_end(
    k: &Kernel,
    (pos, len, copied): (usize, usize, usize),
    folio: Folio,
) -> Result<usize, Errno> {
    let task = &k.task;
    let mut copied = copied;
    let mut result = Ok(());
    if copied < len && !folio_test_uptodate(task, folio) {
        copied = 0;
    }
    if copied > 0 {
        let end = pos + copied;
        if end > i_size_read(task) {
            i_size_write(task, end);
        }
        folio_mark_uptodate(task, folio);
        // Not needed: to reserve room for a page that has it, or to write it through, is only slower.
        if !folio_test_dirty(task, folio) {
            if is_room_reserved(k) {
                folio_mark_dirty(task, folio);
            } else {
                let full = Step::new(Action::Choose { of: 2 }, Label::new("disk is full", &[]));
                if task.m.perform(full.showing(|w| if w == 0 { "no" } else { "yes" }.to_owned())) == 0 {
                    logfs_write_buf(k, folio);
                } else {
                    result = Err(Errno::Enospc);
                }
            }
        }
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
    result.map(|()| copied)
}

/// `logfs_setattr` to another size, with the inode's lock held: what is cut off in the last page is zeroed and the page
/// written to a new place (`logfs_truncate`), then the size changes, and the pages beyond it go.
#[track_caller]
fn logfs_setattr(fs: &Logfs, k: &Kernel, size: usize) {
    let task = &k.task;
    let geometry = task.storage.geometry;
    let units = geometry.page_units();
    call(task.m, Label::new("logfs_truncate", &[size as i32]), || {
        let old_size = i_size_read(task);
        if size < old_size {
            for block in geometry.blocks_of(size)..geometry.file_blocks() {
                if map_block(task, block).is_some() {
                    set_map(task, block, None);
                }
            }
            if !size.is_multiple_of(units) && map_block(task, size / units).is_some() {
                let folio = grab_cache_page(task, size / units);
                folio_wait_writeback(task, folio);
                if !folio_test_uptodate(task, folio) {
                    logfs_readpage_nolock(k, folio);
                }
                folio_zero_segment(task, folio, size % units, units);
                logfs_write_buf(k, folio);
                folio_unlock(task, folio);
                folio_put(task, folio);
            }
        }
        // truncate_setsize
        i_size_write(task, size);
        if size < old_size {
            truncate_inode_pages(k, fs, size);
        }
    });
}

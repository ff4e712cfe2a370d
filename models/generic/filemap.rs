//! `mm/filemap.c`: grabbing a page, reading through the page cache, a fault in a mapping of the file.

use machine::{Flow, Label, again, call, scope};
use page_state::folio::{
    filemap_add_folio, filemap_get_folio, folio_in_cache, folio_lock, folio_put, folio_test_uptodate,
    folio_trylock, folio_unlock,
};
use page_state::inode::i_size_read;
use page_state::{Folio, Task};

use crate::file_system::FileSystem;
use crate::generic::locks::{filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared};
use crate::kernel::Kernel;

/// `grab_cache_page_write_begin`: the page, locked and referenced, made if it is not there.
#[track_caller]
pub fn grab_cache_page(task: &Task, index: usize) -> Folio {
    call(task.m, task.of_page("grab_cache_page_write_begin", index), || {
        again(task.m, Label::new("repeat", &[]), (), |()| {
            // Not needed: where nothing is reclaimed (in memory only, or beside nobody) a page leaves by truncation
            // alone, and the look under its lock sees that.
            let Some(folio) = filemap_get_folio(task, index) else {
                // Not needed: ext4 gives the lock back before it starts its handle, and takes it again.
                return filemap_add_folio(task, index).map_or(Flow::Again(()), Flow::Done);
            };
            // Not needed: ext4 gives the lock back before it starts its handle, and takes it again.
            folio_lock(task, folio);
            // Not needed: ext4 looks once more when it has its handle.
            if folio_in_cache(task, folio) {
                return Flow::Done(folio);
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
            Flow::Again(())
        })
    })
}

/// The page with a reference, uptodate; made and filled if need be. With `range`, a page of which those
/// units can be read will do, as for a `read()` of that range.
fn get_uptodate_page(
    k: &Kernel,
    fs: &dyn FileSystem,
    index: usize,
    range: Option<(usize, usize)>,
    label: Label,
) -> Folio {
    let task = &k.task;
    again(task.m, label, (), |()| {
        let Some(folio) = filemap_get_folio(task, index) else {
            filemap_invalidate_lock_shared(k);
            scope(task.m, || {
                if let Some(folio) = filemap_add_folio(task, index) {
                    fs.read_folio(k, folio);
                    folio_put(task, folio);
                }
            });
            filemap_invalidate_unlock_shared(k);
            return Flow::Again(());
        };
        if folio_test_uptodate(task, folio) {
            return Flow::Done(folio);
        }
        // filemap_update_page
        filemap_invalidate_lock_shared(k);
        let enough = scope(task.m, || update_page(k, fs, folio, range));
        filemap_invalidate_unlock_shared(k);
        if enough {
            return Flow::Done(folio);
        }
        folio_put(task, folio);
        Flow::Again(())
    })
}

/// `filemap_update_page`: waits for the page to be filled, or fills it. Tells whether it can be read now.
fn update_page(k: &Kernel, fs: &dyn FileSystem, folio: Folio, range: Option<(usize, usize)>) -> bool {
    let task = &k.task;
    if let Some((from, to)) = range
        && folio_trylock(task, folio)
    {
        let enough = folio_in_cache(task, folio) && fs.is_partially_uptodate(k, folio, from, to);
        if enough {
            folio_unlock(task, folio);
            return true;
        }
    } else {
        folio_lock(task, folio);
    }
    if !folio_in_cache(task, folio) {
        folio_unlock(task, folio);
        return false;
    }
    if folio_test_uptodate(task, folio) {
        folio_unlock(task, folio);
        return true;
    }
    fs.read_folio(k, folio);
    // Who could not fill it (AOP_TRUNCATED_PAGE) has unlocked it.
    folio_test_uptodate(task, folio)
}

/// `do_generic_file_read` of the units `from..to`: finds or fills each page, and then reads the size; each
/// unit below it is handed to `copy` with its place in the page and in the file. Gives how many there were.
///
/// The size is read after the uptodate check: a page that was filled before the file grew has zeros
/// where the new data is.
#[track_caller]
pub fn generic_file_read(
    k: &Kernel,
    fs: &dyn FileSystem,
    (from, to): (usize, usize),
    copy: &dyn Fn(Folio, usize, usize),
) -> usize {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let read = call(task.m, Label::new("generic_file_read", &[from as i32, to as i32]), || {
        let mut read = 0;
        for index in from / units..to.div_ceil(units) {
            let start = index * units;
            let (first, last) = (from.max(start) - start, to.min(start + units) - start);
            let folio = get_uptodate_page(k, fs, index, Some((first, last)), Label::new("find_page", &[]));
            let end = to.min(start + units).min(i_size_read(task));
            for position in start + first..end {
                copy(folio, position - start, position);
            }
            folio_put(task, folio);
            read += end.saturating_sub(start + first) as u8;
            if end < start + last {
                break;
            }
        }
        read
    });
    usize::from(read)
}

/// Whether a page of the file lies wholly beyond its end.
fn is_beyond_end(k: &Kernel, index: usize) -> bool {
    i_size_read(&k.task) <= index * k.task.storage.geometry.page_units()
}

/// `filemap_fault`: the page locked, uptodate and referenced; nothing where it is beyond the end of the
/// file.
#[track_caller]
pub fn filemap_fault(k: &Kernel, fs: &dyn FileSystem, index: usize) -> Option<Folio> {
    let task = &k.task;
    call(task.m, task.of_page("filemap_fault", index), || {
        if is_beyond_end(k, index) {
            return None;
        }
        again(task.m, Label::new("retry_find", &[]), (), |()| {
            let folio = get_uptodate_page(k, fs, index, None, Label::new("find_page", &[]));
            folio_lock(task, folio);
            if !folio_in_cache(task, folio) {
                folio_unlock(task, folio);
                folio_put(task, folio);
                return Flow::Again(());
            }
            if is_beyond_end(k, index) {
                folio_unlock(task, folio);
                folio_put(task, folio);
                return Flow::Done(None);
            }
            Flow::Done(Some(folio))
        })
    })
}

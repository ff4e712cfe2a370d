//! `mm/filemap.c`: grabbing a page, reading through the page cache, a fault in a mapping of the file.

use machine::{Flow, Label, again, call};
use page_state::folio::{
    filemap_add_folio, filemap_get_folio, folio_in_cache, folio_lock, folio_put, folio_test_uptodate,
    folio_trylock, folio_unlock,
};
use page_state::inode::i_size_read;
use page_state::{Folio, Task};

use super::buffer::{block_is_partially_uptodate, block_read_full_page};
use crate::Mutant;
use crate::kernel::{FileSystem, Kernel};

/// `grab_cache_page_write_begin`: the page, locked and referenced, made if it is not there.
#[track_caller]
pub fn grab_cache_page(task: &Task) -> Folio {
    call(task.m, Label::new("grab_cache_page_write_begin", &[]), || {
        again(task.m, Label::new("repeat", &[]), (), |()| {
            let Some(folio) = filemap_get_folio(task) else {
                return filemap_add_folio(task).map_or(Flow::Again(()), Flow::Done);
            };
            folio_lock(task, folio);
            if folio_in_cache(task, folio) {
                return Flow::Done(folio);
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
            Flow::Again(())
        })
    })
}

/// The page with a reference, uptodate; made and filled if need be. With `range`, a page whose buffers
/// are uptodate there will do, as for a `read()` of that range.
fn get_uptodate_page(k: &Kernel, fs: &dyn FileSystem, range: Option<(usize, usize)>, label: Label) -> Folio {
    let task = &k.task;
    again(task.m, label, (), |()| {
        let Some(folio) = filemap_get_folio(task) else {
            if let Some(folio) = filemap_add_folio(task) {
                block_read_full_page(k, fs, folio);
                folio_put(task, folio);
            }
            return Flow::Again(());
        };
        if k.mutated(Mutant::ReadIgnoresUptodate) || folio_test_uptodate(task, folio) {
            return Flow::Done(folio);
        }
        if let Some((from, to)) = range
            && folio_trylock(task, folio)
        {
            let enough = folio_in_cache(task, folio) && block_is_partially_uptodate(k, folio, from, to);
            if enough {
                folio_unlock(task, folio);
                return Flow::Done(folio);
            }
        } else {
            folio_lock(task, folio);
        }
        if !folio_in_cache(task, folio) {
            folio_unlock(task, folio);
            folio_put(task, folio);
            return Flow::Again(());
        }
        if folio_test_uptodate(task, folio) {
            folio_unlock(task, folio);
        } else {
            block_read_full_page(k, fs, folio);
        }
        Flow::Done(folio)
    })
}

/// `do_generic_file_read` of the units `from..to`: finds or fills the page, and then reads the size; each
/// unit below it is handed to `copy`. Gives how many there were.
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
    let read = call(task.m, Label::new("generic_file_read", &[from as i32, to as i32]), || {
        let folio = get_uptodate_page(k, fs, Some((from, to)), Label::new("find_page", &[]));
        let size = i_size_read(task);
        let end = to.min(size);
        for unit in from..end {
            copy(folio, unit, size);
        }
        folio_put(task, folio);
        end.saturating_sub(from) as u8
    });
    usize::from(read)
}

/// `filemap_fault`: the page locked, uptodate and referenced; nothing where the file is empty.
#[track_caller]
pub fn filemap_fault(k: &Kernel, fs: &dyn FileSystem) -> Option<Folio> {
    let task = &k.task;
    call(task.m, Label::new("filemap_fault", &[]), || {
        if i_size_read(task) == 0 {
            return None;
        }
        again(task.m, Label::new("retry_find", &[]), (), |()| {
            let folio = get_uptodate_page(k, fs, None, Label::new("find_page", &[]));
            folio_lock(task, folio);
            if !folio_in_cache(task, folio) {
                folio_unlock(task, folio);
                folio_put(task, folio);
                return Flow::Again(());
            }
            if i_size_read(task) == 0 {
                folio_unlock(task, folio);
                folio_put(task, folio);
                return Flow::Done(None);
            }
            Flow::Done(Some(folio))
        })
    })
}

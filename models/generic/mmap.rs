//! Another program's mapping of the file: loads, stores, and how the kernel takes it away (`mm/memory.c`).

use fault::{begin_access, end_access, is_shared_writable, mkclean_shared, set_shared_entry, unmap_shared};
use machine::{Flow, Label, Order, again, call};
use page_state::folio::{folio_in_cache, folio_lock, folio_put, folio_unlock};
use page_state::steps::{reach, store};
use page_state::{Folio, Unit};

use crate::file_system::FileSystem;
use crate::generic::filemap::filemap_fault;
use crate::generic::stable_pages::folio_wait_stable;
use crate::kernel::{Kernel, VmFault};

/// Takes a page that is locked out of mappings.
#[track_caller]
pub fn unmap_mapping_folio(k: &Kernel, folio: Folio) {
    if let Some(mapping) = k.world.shared {
        unmap_shared(&k.task, mapping, folio.index);
    }
}

/// `folio_mkclean`: takes the write permission of mappings away; the page is locked.
#[track_caller]
pub fn folio_mkclean(k: &Kernel, folio: Folio) {
    if let Some(mapping) = k.world.shared {
        mkclean_shared(&k.task, mapping, folio.index);
    }
}

/// The same; tells whether there was a mapping that permitted it.
#[track_caller]
pub fn folio_mkclean_tells(k: &Kernel, folio: Folio) -> bool {
    let writable = k.world.shared.is_some_and(|mapping| is_shared_writable(&k.task, mapping, folio.index));
    if writable {
        folio_mkclean(k, folio);
    }
    writable
}

/// `filemap_page_mkwrite`, for file systems that have none of their own: the page is dirty, and what has no block gets
/// one when it is written back.
#[track_caller]
pub fn filemap_page_mkwrite(k: &Kernel, fs: &dyn FileSystem, folio: Folio) -> VmFault {
    let task = &k.task;
    call(task.m, Label::new("filemap_page_mkwrite", &[]), || {
        folio_lock(task, folio);
        if !folio_in_cache(task, folio) {
            folio_unlock(task, folio);
            return VmFault::NoPage;
        }
        fs.dirty_folio(k, folio);
        folio_wait_stable(k, folio);
        VmFault::Locked
    })
}

/// Loads a unit through the mapping, with faults on: `look` is handed the frame's page and the unit in it.
/// Tells whether there was one; beyond the file's last page it is `SIGBUS`.
#[track_caller]
pub fn load_through_mapping(
    k: &Kernel,
    fs: &dyn FileSystem,
    position: usize,
    look: &dyn Fn(Folio, usize, usize),
) -> bool {
    let units = k.task.storage.geometry.page_units();
    access(k, fs, position, false, &|folio| look(folio, position % units, position))
}

/// Stores a unit through the mapping, with faults on. Tells whether that could be.
#[track_caller]
pub fn store_through_mapping(k: &Kernel, fs: &dyn FileSystem, position: usize, unit: Unit) -> bool {
    let units = k.task.storage.geometry.page_units();
    access(k, fs, position, true, &|folio| {
        let at = k.task.storage.unit(folio.frame, position % units);
        store(&k.task, at, unit.word(), Order::Relaxed, Label::new("store", &[position as i32]));
        reach(&k.task, "stored");
    })
}

fn access(k: &Kernel, fs: &dyn FileSystem, position: usize, writes: bool, body: &dyn Fn(Folio)) -> bool {
    let (task, mapping) = (&k.task, k.shared());
    let index = task.storage.geometry.page_of(position);
    let name = if writes { "store_through_mapping" } else { "load_through_mapping" };
    call(task.m, Label::new(name, &[position as i32]), || {
        again(task.m, Label::new("access", &[]), (), |()| {
            if let Some(frame) = begin_access(task, mapping, index, writes) {
                body(Folio { frame, index });
                end_access(task, mapping, index);
                return Flow::Done(true);
            }
            if do_fault(k, fs, index, writes) { Flow::Again(()) } else { Flow::Done(false) }
        })
    })
}

/// `do_read_fault` and `do_shared_fault`. Tells whether the access may be tried again.
fn do_fault(k: &Kernel, fs: &dyn FileSystem, index: usize, writes: bool) -> bool {
    let task = &k.task;
    call(task.m, task.of_page(if writes { "do_shared_fault" } else { "do_read_fault" }, index), || {
        let Some(folio) = filemap_fault(k, fs, index) else { return false };
        if writes {
            folio_unlock(task, folio);
            let fault = fs.page_mkwrite(k, folio);
            if fault != VmFault::Locked {
                folio_put(task, folio);
                return fault == VmFault::NoPage;
            }
        }
        set_shared_entry(task, k.shared(), folio, writes);
        if writes {
            // fault_dirty_shared_page, before the page is unlocked
            fs.dirty_folio(k, folio);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        true
    })
}

//! What the file system makes of a state at rest.

use machine::{Label, Order, Word, call};
use page_state::folio::{filemap_get_folio, filemap_remove_folio, folio_lock, folio_put, folio_unlock};
use page_state::steps::{load, store};
use page_state::{InodeFields, Unit};
use scenario::Actor;

use super::judge::{judge, observe_recovered};
use super::{Shared, VIEW, actor, file, request};
use crate::file_system::{FileSystem, Medium};
use crate::generic::filemap::generic_file_read;
use crate::generic::mmap::unmap_mapping_folio;
use crate::jbd2::Journal;
use crate::kernel::Kernel;

fn look(k: &Kernel, fs: &dyn FileSystem) -> Word {
    let (file, request, returned) = (file(k), request(k), returned(k));
    let copy = |folio, unit, position| judge(k, folio, (unit, position), (&file, request, returned));
    generic_file_read(k, fs, (0, k.task.storage.geometry.file_units()), &copy) as Word
}

fn returned(k: &Kernel) -> Word {
    let at = k.world.storage.returned;
    load(&k.task, at, Word::MAX, Order::Acquire, Label::new("what write returned", &[]))
}

/// What the file system makes of the state: through the cache; after sync, dropping the caches and
/// reading; after a crash and recovery. What is in memory only has nothing but the first.
pub(in crate::family) fn views(shared: &Shared) -> Vec<Actor> {
    let nature = shared.1.nature();
    let mut all = vec![actor("through-cache", VIEW, shared, look)];
    if nature.medium == Medium::Memory {
        return all;
    }
    all.push(actor("after-sync", VIEW, shared, |k, fs| {
        fs.sync(k);
        drop_caches(k);
        look(k, fs)
    }));
    if nature.crash_safe {
        all.push(actor("after-crash", VIEW, shared, |k, fs| {
            recover(k);
            let (file, request) = (file(k), request(k));
            // Of a write that nobody comes after anything is fine.
            let returned = k.world.writing.map_or(0, |_| returned(k));
            let copy = |folio, unit, position| {
                observe_recovered(k, folio, (unit, position), (&file, request, returned));
            };
            generic_file_read(k, fs, (0, k.task.storage.geometry.file_units()), &copy) as Word
        }));
    }
    all
}

/// Takes all pages of the file out of the page cache.
pub(in crate::family) fn drop_caches(k: &Kernel) {
    call(k.task.m, Label::new("drop_caches", &[]), || {
        for index in 0..k.task.storage.geometry.pages() {
            let Some(folio) = filemap_get_folio(&k.task, index) else { continue };
            folio_lock(&k.task, folio);
            unmap_mapping_folio(k, folio);
            filemap_remove_folio(&k.task, folio, false);
            folio_unlock(&k.task, folio);
            folio_put(&k.task, folio);
        }
    });
}

/// Memory is lost; the inode is the one that the last commit record made, and what was beyond its size on
/// the orphan list goes.
fn recover(k: &Kernel) {
    let (task, storage) = (&k.task, &k.world.storage);
    call(task.m, Label::new("recover", &[]), || {
        let lost = Label::new("memory is lost", &[]);
        for index in 0..storage.geometry.pages() {
            store(task, storage.slot(index), 0, Order::Relaxed, lost);
        }
        for frame in 0..storage.cache_frames {
            store(task, storage.references(frame), 0, Order::Relaxed, lost);
            store(task, storage.flags(frame), 0, Order::Relaxed, lost);
            for unit in 0..storage.geometry.page_units() {
                store(task, storage.unit(frame, unit), Unit::Stale.word(), Order::Relaxed, lost);
            }
            if !storage.has_buffers() {
                store(task, storage.private(frame), 0, Order::Relaxed, lost);
                continue;
            }
            for block in 0..storage.geometry.blocks() {
                store(task, storage.buffer(frame, block), 0, Order::Relaxed, lost);
            }
        }
        let journal = k.world.journal.iter().flat_map(Journal::volatile);
        for at in journal.chain(k.world.private.iter().copied()).chain(k.world.locks.cells()) {
            store(task, at, 0, Order::Relaxed, lost);
        }
        if let Some(journal) = &k.world.journal {
            journal.recover(task);
        }
        let label = Label::new("replay_journal", &[]);
        let inode = load(task, storage.durable, Word::MAX, Order::Relaxed, label);
        store(task, storage.inode, inode, Order::Relaxed, label);
        store(task, storage.i_size, InodeFields::size(inode) as Word, Order::Relaxed, label);
    });
}

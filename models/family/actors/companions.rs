//! What happens to the source meanwhile, and who else is there.

use fault::{madvise_dontneed, munmap, truncate_source, try_to_unmap};
use machine::{Action, Flow, Label, Order, Step, Word, again};
use page_state::inode::{i_size_read, inode_lock, inode_unlock};
use page_state::steps::{change, reach, report, store, wait};
use page_state::{RETURNED_ERROR, Unit};
use scenario::Actor;

use super::judge::observe;
use super::{Shared, actor, file, request};
use crate::family::{Companion, Growth, Source};
use crate::file_system::{FileSystem, Medium};
use crate::generic::filemap::{filemap_fault, generic_file_read};
use crate::generic::mmap::{load_through_mapping, store_through_mapping};
use crate::generic::reclaim::{kiocb_invalidate_pages, shrink_folio_list};
use crate::generic::writeback::write_cache_pages;
use crate::kernel::{BehindEnd, Kernel};
use crate::mutants;

/// What may happen to the source meanwhile, if anything.
pub(in crate::family) fn adversary(shared: &Shared, source: Source, id: usize) -> Option<Actor> {
    // A second writer's memory stays.
    let pages = shared.0.mm.pages.len() - usize::from(shared.0.second.is_some());
    let of = |name, body: fn(&Kernel, usize)| {
        Some(actor(name, id, shared, move |k, _| {
            body(k, pages);
            0
        }))
    };
    match source {
        Source::Unmapped | Source::Freed => of("munmap", |k, pages| munmap(&k.task, &k.world.mm, 0..pages)),
        Source::StraddlingUnmapped => of("munmap", |k, _| munmap(&k.task, &k.world.mm, 1..2)),
        Source::Dropped | Source::SelfDropped => {
            of("madvise", |k, pages| madvise_dontneed(&k.task, &k.world.mm, 0..pages))
        }
        Source::Reclaimed => of("reclaim", |k, _| try_to_unmap(&k.task, &k.world.mm, 0)),
        Source::Truncated => {
            of("truncate-source", |k, pages| truncate_source(&k.task, &k.world.mm, 0..pages))
        }
        Source::Evicted => of("reclaim", |k, _| {
            again(k.task.m, Label::new("for ever", &[]), (), |()| {
                try_to_unmap(&k.task, &k.world.mm, 0);
                Flow::<(), ()>::Again(())
            });
        })
        .map(|a| a.adversary().daemon()),
        _ => None,
    }
}

/// A companion of the writer, or somebody without one.
pub(in crate::family) fn companion(shared: &Shared, companion: Companion, id: usize) -> Actor {
    match companion {
        Companion::Reader { from, to } => actor("read", id, shared, move |k, fs| {
            let (file, request) = (file(k), request(k));
            let copy = |folio, unit, position| observe(k, folio, (unit, position), &file, request);
            let read = generic_file_read(k, fs, (from, to), &copy);
            reach(&k.task, "read");
            read as Word
        }),
        Companion::Commit => actor("commit", id, shared, |k, fs| {
            fs.commit(k);
            reach(&k.task, "committed");
            0
        }),
        Companion::MmapReader => actor("mmap-read", id, shared, move |k, fs| {
            let (file, request) = (file(k), request(k));
            let look = |folio, unit, position| observe(k, folio, (unit, position), &file, request);
            let positions = 0..k.task.storage.geometry.file_units();
            let read = positions.take_while(|&at| load_through_mapping(k, fs, at, &look)).count();
            reach(&k.task, if read > 0 { "mapped read" } else { "SIGBUS" });
            read as Word
        }),
        Companion::MmapStore => actor("mmap-store", id, shared, move |k, fs| {
            let pos = k.store();
            let unit = Unit::New { writer: 1, position: pos };
            let stored = store_through_mapping(k, fs, pos, unit);
            if !stored {
                reach(&k.task, "SIGBUS");
            } else if let Some(at) = k.world.stored {
                store(&k.task, at, 1, Order::Relaxed, Label::new("it was stored", &[]));
            }
            0
        }),
        Companion::StoreBehindEnd { again } => actor("mmap-store", id, shared, move |k, fs| {
            let pos = k.store();
            let unit = Unit::New { writer: 1, position: pos };
            store_through_mapping(k, fs, pos, unit);
            has_come(k, BehindEnd::STORE);
            if again {
                wait_for(k, BehindEnd::GROWTH, "wait until the file has grown");
                store_through_mapping(k, fs, pos, unit);
            }
            0
        }),
        Companion::SecondWriter => actor("second-write", id, shared, write),
        Companion::Writeback => actor("writeback", id, shared, |k, fs| {
            write_cache_pages(k, fs);
            fs.write_inode(k);
            0
        }),
        Companion::Checkpoint => actor("checkpoint", id, shared, |k, _| {
            crate::jbd2::checkpoint(&k.task, k.journal());
            0
        }),
        Companion::Reclaim => actor("reclaim-target", id, shared, |k, fs| {
            shrink_folio_list(k, fs);
            0
        }),
        Companion::Invalidate => actor("invalidate", id, shared, |k, fs| {
            // On a disk who writes holds the inode's lock; who truncates waits for what is under way (inode_dio_wait).
            let locks = fs.nature().medium == Medium::Disk;
            if locks {
                inode_lock(&k.task);
            }
            kiocb_invalidate_pages(k, fs);
            if locks {
                inode_unlock(&k.task);
            }
            0
        }),
        Companion::ServerStore => actor("server-store", id, shared, |k, fs| {
            fs.server_stores(k);
            reach(&k.task, "stored by the server");
            0
        }),
        Companion::Truncate { size } => actor("truncate", id, shared, move |k, fs| truncate(k, fs, size)),
        Companion::Grow(growth) => actor("grow", id, shared, move |k, fs| {
            let writing = k.world.writing.expect("who waits for the writer's end is told of it");
            wait(&k.task, writing, 1, 0, 0, Order::Acquire, Label::new("wait for the writer", &[]));
            if fs.nature().medium != Medium::Memory {
                settle(k, fs);
            }
            match growth {
                Growth::Truncate => truncate(k, fs, k.task.storage.geometry.file_units()),
                Growth::Write => write(k, fs),
                Growth::Same => truncate(k, fs, i_size_read(&k.task)),
                Growth::FullDisk => write_to_full_disk(k, fs),
            }
        }),
        Companion::Kill => actor("kill", id, shared, |k, _| {
            let at = k.world.signal.expect("who kills has a signal to send");
            store(&k.task, at, 1, Order::Release, Label::new("SIGKILL", &[]));
            0
        }),
        Companion::Unmap => actor("munmap", id, shared, |k, _| {
            munmap(&k.task, &k.world.mm, 0..k.world.mm.pages.len());
            0
        }),
        Companion::Load => actor("load", id, shared, |k, fs| {
            let fault = |index| filemap_fault(k, fs, index);
            let loaded = fault::get_user(&k.user(&fault), 0);
            reach(&k.task, if loaded { "loaded" } else { "not loaded" });
            Word::from(loaded)
        }),
    }
}

/// `write(2)` of the second writer.
fn write(k: &Kernel, fs: &dyn FileSystem) -> Word {
    let request = k.second();
    // Not needed: two writers are asked within the file, where the page lock orders them.
    inode_lock(&k.task);
    let result = fs.write_iter(k, request);
    inode_unlock(&k.task);
    reach(&k.task, "written");
    // Not reached: this is checked; its memory stays, and nobody fills the disk.
    if result != Ok(request.len) {
        report(&k.task, "bad-return", Label::new("short or an error, and nothing came up short", &[]));
    }
    // Not reached: its write does not fail, which is checked above.
    result.map_or(RETURNED_ERROR, |n| n as Word + 1)
}

/// `write(2)` beyond the end of the file, which finds the disk full.
fn write_to_full_disk(k: &Kernel, fs: &dyn FileSystem) -> Word {
    // Not needed: the writer has returned.
    inode_lock(&k.task);
    let result = fs.write_iter(k, k.second());
    inode_unlock(&k.task);
    reach(&k.task, "found the disk full");
    // Not reached: this is checked; what is beyond the end has no block.
    if result.is_ok() {
        report(&k.task, "bad-return", Label::new("whole or short, and the disk is full", &[]));
    }
    RETURNED_ERROR
}

/// Waits for a store behind the end, or for the growth after it, where there is one.
pub(super) fn wait_for(k: &Kernel, what: Word, name: &'static str) {
    if let Some(BehindEnd { to_come, .. }) = k.world.behind_end {
        wait(&k.task, to_come, what, 0, 0, Order::Acquire, Label::new(name, &[]));
    }
}

/// Tells who waits that it has come.
pub(super) fn has_come(k: &Kernel, what: Word) {
    if let Some(BehindEnd { to_come, .. }) = k.world.behind_end {
        change(&k.task, to_come, what, 0, 0, Order::Release, Label::new("who waits may go on", &[]));
    }
}

fn truncate(k: &Kernel, fs: &dyn FileSystem, size: usize) -> Word {
    wait_for(k, BehindEnd::STORE, "wait for the store behind the end");
    inode_lock(&k.task);
    mutants::before_truncation(k, size);
    fs.truncate(k, size);
    inode_unlock(&k.task);
    has_come(k, BehindEnd::GROWTH);
    reach(&k.task, "truncated");
    0
}

/// What may happen to a file that nobody uses: it is put to where it is kept, and its pages go.
fn settle(k: &Kernel, fs: &dyn FileSystem) {
    let choice = Step::new(Action::Choose { of: 3 }, Label::new("time passes", &[]));
    let choice = choice.showing(|w| ["nothing", "synced", "synced and reclaimed"][w as usize % 3].to_owned());
    let done = k.task.m.perform(choice);
    if done > 0 {
        fs.sync(k);
    }
    if done > 1 {
        shrink_folio_list(k, fs);
    }
}

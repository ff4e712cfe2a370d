//! Who takes part: the writer, what happens to its source, companions, and the views afterwards.

use std::sync::Arc;

use fault::{madvise_dontneed, munmap, truncate_source, try_to_unmap};
use machine::{Action, Demand, Flow, Label, Machine, Order, Place, Step, Word, again, call};
use page_state::folio::{
    Folio, filemap_get_folio, filemap_remove_folio, folio_lock, folio_put, folio_unlock,
};
use page_state::inode::{inode_lock, inode_unlock};
use page_state::steps::{load, reach, report, store};
use page_state::unit::ALL_BUT_STALE;
use page_state::{ACTORS_MAX, InodeFields, RETURNED_ERROR, Unit};
use scenario::Actor;

use super::{Companion, File, Source, ending};
use crate::Mutant;
use crate::generic::filemap::generic_file_read;
use crate::generic::perform_write::generic_perform_write;
use crate::jbd2::jbd2_journal_commit_transaction;
use crate::kernel::{FileSystem, Kernel, Request, World};

/// The number that a view has as an actor.
const VIEW: usize = ACTORS_MAX - 1;

type Shared = (Arc<World>, Arc<dyn FileSystem>);

fn actor(
    name: &'static str,
    id: usize,
    (world, fs): &Shared,
    body: impl Fn(&Kernel, &dyn FileSystem) -> Word + Send + Sync + 'static,
) -> Actor {
    let (world, fs) = (world.clone(), fs.clone());
    Actor::new(name, move |m: &dyn Machine| body(&world.kernel(m, id), fs.as_ref()))
}

fn number(k: &Kernel, at: Place, count: usize, name: &'static str) -> usize {
    // What is the same in all initial states needs no look.
    if count < 2 { 0 } else { load(&k.task, at, Word::MAX, Order::Relaxed, Label::new(name, &[])) as usize }
}

fn request(k: &Kernel) -> Request {
    k.world.requests[number(k, k.world.request, k.world.requests.len(), "request")]
}

fn file(k: &Kernel) -> File {
    k.world.files[number(k, k.world.file, k.world.files.len(), "file")]
}

/// `write(2)`.
pub(super) fn writer(shared: &Shared, must_complete: bool) -> Actor {
    actor("write", 0, shared, move |k, fs| {
        let request = request(k);
        inode_lock(&k.task);
        let result = generic_perform_write(k, fs, request);
        inode_unlock(&k.task);
        match result {
            Ok(0) => report(&k.task, "bad-return", Label::new("0 and no error", &[])),
            Ok(n) if n > request.len => {
                report(&k.task, "bad-return", Label::new("more than was asked for", &[]));
            }
            Ok(n) if n < request.len && must_complete => {
                report(&k.task, "bad-return", Label::new("short, and nothing came up short", &[]));
            }
            Ok(n) if n < request.len => reach(&k.task, "short or failed write"),
            Ok(_) => reach(&k.task, "whole write"),
            Err(error) => {
                reach(&k.task, "failed write");
                reach(&k.task, "short or failed write");
                if error == crate::Errno::Eintr {
                    reach(&k.task, "-EINTR");
                } else if must_complete {
                    report(&k.task, "bad-return", Label::new("an error, and nothing failed", &[]));
                }
            }
        }
        let returned = result.map_or(RETURNED_ERROR, |n| n as Word + 1);
        store(&k.task, k.world.storage.returned, returned, Order::Release, Label::new("write returns", &[]));
        ending::returned(result)
    })
}

/// What may happen to the source meanwhile, if anything.
pub(super) fn adversary(shared: &Shared, source: Source, id: usize) -> Option<Actor> {
    let pages = shared.0.mm.pages.len();
    let of = |name, body: fn(&Kernel, usize)| {
        Some(actor(name, id, shared, move |k, _| {
            body(k, pages);
            0
        }))
    };
    match source {
        Source::Unmapped | Source::Freed => of("munmap", |k, pages| {
            if k.mutated(Mutant::UnmapLeavesEntries) {
                crate::mutants::munmap_leaving_entries(&k.task, &k.world.mm);
            } else {
                munmap(&k.task, &k.world.mm, 0..pages);
            }
        }),
        Source::StraddlingUnmapped => of("munmap", |k, _| munmap(&k.task, &k.world.mm, 1..2)),
        Source::Dropped => of("madvise", |k, pages| madvise_dontneed(&k.task, &k.world.mm, 0..pages)),
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
pub(super) fn companion(shared: &Shared, companion: Companion, id: usize) -> Actor {
    match companion {
        Companion::Reader { from, to } => actor("read", id, shared, move |k, fs| {
            let (file, request) = (file(k), request(k));
            let copy = |folio, unit, _| observe(k, folio, unit, &file, request);
            let read = generic_file_read(k, fs, (from, to), &copy);
            reach(&k.task, "read");
            read as Word
        }),
        Companion::Commit => actor("commit", id, shared, |k, _| {
            if k.mutated(Mutant::CommitDoesNotWait) {
                crate::mutants::commit_without_waiting(&k.task, &k.world.journal);
            }
            jbd2_journal_commit_transaction(&k.task, &k.world.journal);
            0
        }),
        Companion::Truncate { size } => actor("truncate", id, shared, move |k, fs| {
            inode_lock(&k.task);
            fs.truncate(k, size);
            inode_unlock(&k.task);
            reach(&k.task, "truncated");
            0
        }),
        Companion::Kill => actor("kill", id, shared, |k, _| {
            if let Some(at) = k.world.signal {
                store(&k.task, at, 1, Order::Release, Label::new("SIGKILL", &[]));
            }
            0
        }),
        Companion::Unmap => actor("munmap", id, shared, |k, _| {
            munmap(&k.task, &k.world.mm, 0..k.world.mm.pages.len());
            0
        }),
        Companion::Load => actor("load", id, shared, |k, fs| {
            let fault = || crate::generic::filemap::filemap_fault(k, fs);
            let loaded = fault::get_user(&k.user(&fault), 0);
            reach(&k.task, if loaded { "loaded" } else { "not loaded" });
            Word::from(loaded)
        }),
    }
}

fn require(k: &Kernel, folio: Folio, unit: usize, demands: [Option<(&'static str, u64)>; 2]) {
    let block = unit >> k.task.storage.geometry.block_shift;
    let witness = Label::new("block", &[block as i32]);
    let demand = |(property, among)| Demand { among, property, witness };
    let at = k.task.storage.unit(folio.0, unit);
    let action = Action::Require { at, demands: demands.map(|d| d.map(demand)) };
    k.task.m.perform(Step::new(action, Label::new("copy_to_user", &[unit as i32])));
}

fn is_asked_for(request: Request, position: usize) -> bool {
    (request.pos..request.pos + request.len).contains(&position)
}

/// What the user of the request wants at a position.
fn wanted(k: &Kernel, file: &File, position: usize) -> Unit {
    k.world.source.wanted(position, file.unit(&k.world.storage, position))
}

/// A reader beside the writer: old or new, each at its own position, and never somebody else's.
fn observe(k: &Kernel, folio: Folio, unit: usize, file: &File, request: Request) {
    let stale = Unit::Stale.alone();
    let before = file.unit(&k.world.storage, unit).alone();
    let new = if is_asked_for(request, unit) { wanted(k, file, unit).alone() } else { before };
    // A position beyond the old end is seen only because somebody raised the size: with the data there.
    let (property, among) = if unit >= file.size && !k.world.truncates {
        ("early-size", new)
    } else if k.world.truncates {
        ("wrong-read", before | new | Unit::Zero.alone())
    } else {
        ("wrong-read", before | new)
    };
    require(k, folio, unit, [Some(("stale-read", ALL_BUT_STALE)), Some((property, among | stale))]);
}

/// What a view may find, given what `write` returned.
fn judge(k: &Kernel, folio: Folio, unit: usize, (file, request, returned): (&File, Request, Word)) {
    let stale = Unit::Stale.alone();
    let before = file.unit(&k.world.storage, unit).alone();
    let new = wanted(k, file, unit).alone();
    let count = match returned {
        0 | RETURNED_ERROR => 0,
        n => n as usize - 1,
    };
    let not_stale = Some(("stale-read", ALL_BUT_STALE));
    if k.world.truncates {
        let zero = Unit::Zero.alone();
        require(k, folio, unit, [not_stale, Some(("wrong-read", before | new | zero | stale))]);
    } else if !is_asked_for(request, unit) {
        require(k, folio, unit, [not_stale, Some(("wrong-read", before | stale))]);
    } else if unit < request.pos + count {
        require(k, folio, unit, [not_stale, Some(("lost-write", new | stale))]);
    } else {
        require(k, folio, unit, [not_stale, Some(("phantom-write", before | new | stale))]);
        if before != new {
            require(k, folio, unit, [Some(("visible-beyond-return", !new)), None]);
        }
    }
}

fn look(k: &Kernel, fs: &dyn FileSystem) -> Word {
    let (file, request) = (file(k), request(k));
    let at = k.world.storage.returned;
    let returned = load(&k.task, at, Word::MAX, Order::Acquire, Label::new("what write returned", &[]));
    let copy = |folio, unit, _| judge(k, folio, unit, (&file, request, returned));
    generic_file_read(k, fs, (0, k.task.storage.geometry.page_units()), &copy) as Word
}

/// What the file system makes of the state: through the cache; after sync, dropping the caches and
/// reading; after a crash and recovery.
pub(super) fn views(shared: &Shared) -> Vec<Actor> {
    vec![
        actor("through-cache", VIEW, shared, look),
        actor("after-sync", VIEW, shared, |k, fs| {
            fs.sync(k);
            drop_caches(k);
            look(k, fs)
        }),
        actor("after-crash", VIEW, shared, |k, fs| {
            recover(k);
            let (file, request) = (file(k), request(k));
            let copy = |folio, unit, _| observe_recovered(k, folio, unit, &file, request);
            generic_file_read(k, fs, (0, k.task.storage.geometry.page_units()), &copy) as Word
        }),
    ]
}

/// After a crash: old or new, zeros where a write began, and never somebody else's.
fn observe_recovered(k: &Kernel, folio: Folio, unit: usize, file: &File, request: Request) {
    let stale = Unit::Stale.alone();
    let mut among = file.unit(&k.world.storage, unit).alone() | stale;
    if is_asked_for(request, unit) {
        among |= wanted(k, file, unit).alone();
    }
    if k.world.truncates {
        among |= Unit::Zero.alone();
    }
    require(k, folio, unit, [Some(("stale-read", ALL_BUT_STALE)), Some(("wrong-read", among))]);
}

fn drop_caches(k: &Kernel) {
    call(k.task.m, Label::new("drop_caches", &[]), || {
        let Some(folio) = filemap_get_folio(&k.task) else { return };
        folio_lock(&k.task, folio);
        filemap_remove_folio(&k.task, folio, false);
        folio_unlock(&k.task, folio);
        folio_put(&k.task, folio);
    });
}

/// Memory is lost; the inode is the one that the last commit record made, and what was beyond its size on
/// the orphan list goes.
fn recover(k: &Kernel) {
    let (task, storage) = (&k.task, &k.world.storage);
    call(task.m, Label::new("recover", &[]), || {
        let lost = Label::new("memory is lost", &[]);
        store(task, storage.slot, 0, Order::Relaxed, lost);
        for frame in 0..storage.cache_frames {
            store(task, storage.references(frame), 0, Order::Relaxed, lost);
            store(task, storage.flags(frame), 0, Order::Relaxed, lost);
            for unit in 0..storage.geometry.page_units() {
                store(task, storage.unit(frame, unit), Unit::Stale.word(), Order::Relaxed, lost);
            }
            for block in 0..storage.geometry.blocks() {
                store(task, storage.buffer(frame, block), 0, Order::Relaxed, lost);
            }
        }
        for at in k.world.journal.volatile() {
            store(task, at, 0, Order::Relaxed, lost);
        }
        let label = Label::new("replay_journal", &[]);
        let inode = load(task, k.world.journal.durable, Word::MAX, Order::Relaxed, label);
        store(task, storage.inode, inode, Order::Relaxed, label);
        store(task, storage.i_size, InodeFields::size(inode) as Word, Order::Relaxed, label);
    });
}

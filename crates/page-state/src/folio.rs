//! Pages of the page cache: flags, references, contents (`include/linux/page-flags.h`, `mm/filemap.c`).

use machine::{Label, Order, Word, bug_on, call};

use crate::Task;
use crate::steps::{attempt, change, clear, fence, load, set, store, test, test_and_clear, wait};
use crate::unit::Unit;

/// `PG_locked`, with its owner, so that an unlock without a lock and a leak are seen: 0 or 1 + actor.
pub const LOCKED: Word = 0b111;
/// `PG_uptodate`.
pub const UPTODATE: Word = 1 << 3;
/// `PG_dirty`.
pub const DIRTY: Word = 1 << 4;
/// `PG_writeback`.
pub const WRITEBACK: Word = 1 << 5;
/// `PG_error`.
pub const ERROR: Word = 1 << 6;
/// `PG_checked`: what it means is the file system's.
pub const CHECKED: Word = 1 << 7;

/// A reference: the frame is taken.
pub const BUSY: Word = 1;
/// A reference: the frame is in the page cache.
pub const CACHE: Word = 1 << 1;
/// A reference: a page-table entry names the frame.
pub const MAPPING: Word = 1 << 2;
/// A reference: the journal still holds a buffer of a frame that has left the page cache.
pub const JOURNAL: Word = 1 << 3;
/// No reference: the frame is not in the page cache, so that who still knows it from there can't take a
/// reference (`folio_try_get` of a count that is zero, or of a page that has moved on). A frame that was
/// never taken does without.
pub const HIDDEN: Word = 1 << 9;
/// A reference: another program's mapping of the file names the frame.
pub const SHARED: Word = 1 << 10;
/// All references that keep a frame.
pub const REFERENCES: Word = 0x1fe | SHARED;

/// An actor's reference.
#[must_use]
pub const fn reference(actor: usize) -> Word {
    1 << (4 + actor)
}

/// A page of the page cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Folio {
    /// The frame that it is in.
    pub frame: usize,
    /// Which page of the file it is (`folio->index`).
    pub index: usize,
}

impl machine::Small for Folio {
    const BITS: u32 = 4;
    fn into_word(self) -> Word {
        (self.frame << 1 | self.index) as Word
    }
    fn from_word(word: Word) -> Folio {
        Folio { frame: word as usize >> 1, index: word as usize & 1 }
    }
    fn show(word: Word) -> String {
        format!("page {}", word >> 1)
    }
}

/// The flags' names.
#[must_use]
pub fn show_flags(flags: Word) -> String {
    let mut names = Vec::new();
    if flags & LOCKED != 0 {
        names.push("locked");
    }
    for (bit, name) in [
        (UPTODATE, "uptodate"),
        (DIRTY, "dirty"),
        (WRITEBACK, "writeback"),
        (ERROR, "error"),
        (CHECKED, "checked"),
    ] {
        if flags & bit != 0 {
            names.push(name);
        }
    }
    names.join(" ")
}

/// The references' names.
#[must_use]
pub fn show_references(references: Word) -> String {
    let mut names: Vec<String> = Vec::new();
    for (bit, name) in
        [(BUSY, "busy"), (CACHE, "cache"), (MAPPING, "mapping"), (JOURNAL, "journal"), (SHARED, "shared")]
    {
        if references & bit != 0 {
            names.push(name.to_owned());
        }
    }
    names.extend((0..5).filter(|&a| references & reference(a) != 0).map(|a| format!("actor {a}")));
    names.join(" ")
}

fn word(name: &'static str) -> Label {
    Label::new(name, &[])
}

/// Waits for the page lock and takes it (`lock_page` before v5.16).
#[track_caller]
pub fn folio_lock(task: &Task, folio: Folio) {
    let owner = task.id as Word + 1;
    wait(task, task.storage.flags(folio.frame), LOCKED, 0, owner, Order::Acquire, word("folio_lock"));
}

/// Takes the page lock if it is free.
#[track_caller]
pub fn folio_trylock(task: &Task, folio: Folio) -> bool {
    let owner = task.id as Word + 1;
    attempt(task, task.storage.flags(folio.frame), LOCKED, 0, owner, Order::Acquire, word("folio_trylock"))
}

/// Gives the page lock back.
///
/// # Panics
/// Where the actor does not hold it: the kernel's `VM_BUG_ON_PAGE(!PageLocked(page))`.
#[track_caller]
pub fn folio_unlock(task: &Task, folio: Folio) {
    let at = task.storage.flags(folio.frame);
    let owner = change(task, at, LOCKED, 0, LOCKED, Order::Release, word("folio_unlock"));
    bug_on(owner != task.id as Word + 1, "BUG_ON in folio_unlock: the page is not locked by this actor");
}

/// Waits until the page is not locked, without taking the lock.
#[track_caller]
pub fn folio_wait_locked(task: &Task, folio: Folio) {
    wait(task, task.storage.flags(folio.frame), LOCKED, 0, 0, Order::Acquire, word("folio_wait_locked"));
}

/// Whether the page is uptodate. The kernel's read barrier after a positive answer is an acquire here.
#[track_caller]
pub fn folio_test_uptodate(task: &Task, folio: Folio) -> bool {
    test(task, task.storage.flags(folio.frame), UPTODATE, Order::Acquire, word("folio_test_uptodate"))
}

/// Marks the page uptodate, behind a write barrier (`SetPageUptodate` before v5.16).
#[track_caller]
pub fn folio_mark_uptodate(task: &Task, folio: Folio) {
    fence(task, Order::Release, word("smp_wmb"));
    set(task, task.storage.flags(folio.frame), UPTODATE, word("folio_mark_uptodate"));
}

/// Marks the page not uptodate.
#[track_caller]
pub fn folio_clear_uptodate(task: &Task, folio: Folio) {
    clear(task, task.storage.flags(folio.frame), UPTODATE, word("folio_clear_uptodate"));
}

/// Marks the page dirty.
#[track_caller]
pub fn folio_mark_dirty(task: &Task, folio: Folio) {
    set(task, task.storage.flags(folio.frame), DIRTY, word("folio_mark_dirty"));
}

/// Whether the page is dirty.
#[track_caller]
pub fn folio_test_dirty(task: &Task, folio: Folio) -> bool {
    test(task, task.storage.flags(folio.frame), DIRTY, Order::Relaxed, word("folio_test_dirty"))
}

/// Marks the page clean.
#[track_caller]
pub fn folio_clear_dirty(task: &Task, folio: Folio) {
    clear(task, task.storage.flags(folio.frame), DIRTY, word("folio_clear_dirty"));
}

/// Marks the page clean, and tells whether it was dirty (`folio_clear_dirty_for_io`, without what that does
/// to mappings).
#[track_caller]
pub fn folio_test_clear_dirty(task: &Task, folio: Folio) -> bool {
    test_and_clear(task, task.storage.flags(folio.frame), DIRTY, word("folio_test_clear_dirty"))
}

/// Whether the page is under writeback.
#[track_caller]
pub fn folio_test_writeback(task: &Task, folio: Folio) -> bool {
    test(task, task.storage.flags(folio.frame), WRITEBACK, Order::Acquire, word("folio_test_writeback"))
}

/// Freezes the page: takes it out of the page cache if nobody but the page cache and the actor has a
/// reference. Tells whether nobody had. The page is locked (`__remove_mapping`).
#[track_caller]
pub fn folio_try_remove(task: &Task, folio: Folio) -> bool {
    call(task.m, word("__remove_mapping"), || {
        let others = REFERENCES & !CACHE & !reference(task.id);
        let at = task.storage.references(folio.frame);
        let frozen = attempt(task, at, others, CACHE, HIDDEN, Order::Full, word("folio_ref_freeze"));
        if frozen {
            let slot = task.storage.slot(folio.index);
            store(task, slot, 0, Order::Release, word("__filemap_remove_folio"));
        }
        frozen
    })
}

/// Drops the reference of another program's mapping of the file; the last one frees the frame.
#[track_caller]
pub fn folio_put_shared(task: &Task, frame: usize) {
    put(task, frame, SHARED, word("folio_remove_rmap"));
}

/// Another program's mapping of the file names the page.
#[track_caller]
pub fn folio_get_shared(task: &Task, folio: Folio) {
    let at = task.storage.references(folio.frame);
    change(task, at, 0, SHARED, 0, Order::Full, word("folio_add_rmap"));
}

/// Marks the page under writeback.
#[track_caller]
pub fn folio_start_writeback(task: &Task, folio: Folio) {
    set(task, task.storage.flags(folio.frame), WRITEBACK, word("folio_start_writeback"));
}

/// Ends the page's writeback.
#[track_caller]
pub fn folio_end_writeback(task: &Task, folio: Folio) {
    let at = task.storage.flags(folio.frame);
    change(task, at, WRITEBACK, 0, 0, Order::Release, word("folio_end_writeback"));
}

/// Waits until the page is not under writeback; for a device that wants stable pages
/// `wait_for_stable_page` is the same.
#[track_caller]
pub fn folio_wait_writeback(task: &Task, folio: Folio) {
    wait(
        task,
        task.storage.flags(folio.frame),
        WRITEBACK,
        0,
        0,
        Order::Acquire,
        word("folio_wait_writeback"),
    );
}

/// Marks that an I/O error happened to the page.
#[track_caller]
pub fn folio_set_error(task: &Task, folio: Folio) {
    set(task, task.storage.flags(folio.frame), ERROR, word("folio_set_error"));
}

/// Marks the page as checked.
#[track_caller]
pub fn folio_set_checked(task: &Task, folio: Folio) {
    set(task, task.storage.flags(folio.frame), CHECKED, word("folio_set_checked"));
}

/// Whether the page is marked as one whose stores are to be journalled.
#[track_caller]
pub fn folio_test_checked(task: &Task, folio: Folio) -> bool {
    test(task, task.storage.flags(folio.frame), CHECKED, Order::Relaxed, word("folio_test_checked"))
}

/// Marks the page as not checked, and tells whether it was.
#[track_caller]
pub fn folio_test_clear_checked(task: &Task, folio: Folio) -> bool {
    test_and_clear(task, task.storage.flags(folio.frame), CHECKED, word("folio_test_clear_checked"))
}

/// Finds the page in the page cache and takes a reference, if it is there.
///
/// The kernel takes a speculative reference and looks again; here the reference's own cell tells
/// whether the frame is still in the cache, so that looking again is the same step. A reference to a frame
/// that has left must not be taken even for a moment: putting it would free the frame once more.
#[track_caller]
pub fn filemap_get_folio(task: &Task, index: usize) -> Option<Folio> {
    call(task.m, task.of_page("filemap_get_folio", index), || {
        let storage = task.storage;
        machine::again(task.m, word("repeat"), (), |()| {
            let slot = load(task, storage.slot(index), Word::MAX, Order::Acquire, word("xas_load"));
            let Some(frame) = (slot as usize).checked_sub(1) else { return machine::Flow::Done(None) };
            let mine = reference(task.id);
            let at = storage.references(frame);
            if attempt(task, at, HIDDEN, 0, mine, Order::Full, word("folio_try_get")) {
                return machine::Flow::Done(Some(Folio { frame, index }));
            }
            machine::Flow::Again(())
        })
    })
}

/// Takes a free frame, locks it and adds it to the page cache, unless somebody else has added one:
/// then `None`. The frame holds somebody else's data.
///
/// # Panics
/// If there are too few frames, which is a mistake of the scenario.
#[track_caller]
pub fn filemap_add_folio(task: &Task, index: usize) -> Option<Folio> {
    call(task.m, task.of_page("filemap_add_folio", index), || {
        let storage = task.storage;
        let mine = reference(task.id);
        let taken = (0..storage.cache_frames).find(|&frame| {
            let at = storage.references(frame);
            attempt(task, at, !HIDDEN, 0, BUSY | HIDDEN | mine, Order::Full, word("folio_alloc"))
        });
        let frame = taken.unwrap_or_else(|| panic!("the scenario has too few frames for the page cache"));
        let folio = Folio { frame, index };
        folio_lock(task, folio);
        let named = frame as Word + 1;
        if attempt(task, storage.slot(index), Word::MAX, 0, named, Order::Full, word("xas_store")) {
            // Behind the slot: who takes a reference finds the page that the slot names.
            change(task, storage.references(frame), HIDDEN, CACHE, 0, Order::Full, word("folio_get"));
            return Some(folio);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        None
    })
}

/// Whether the page is still in the page cache (`folio->mapping == mapping`).
#[track_caller]
pub fn folio_in_cache(task: &Task, folio: Folio) -> bool {
    test(task, task.storage.references(folio.frame), CACHE, Order::Relaxed, word("folio->mapping"))
}

/// Takes the page out of the page cache; the page is locked. If the journal still holds a buffer of it
/// (`held`), the frame lives on until it lets go.
#[track_caller]
pub fn filemap_remove_folio(task: &Task, folio: Folio, held: bool) {
    store(task, task.storage.slot(folio.index), 0, Order::Release, word("filemap_remove_folio"));
    let kept = if held { JOURNAL } else { 0 };
    let at = task.storage.references(folio.frame);
    change(task, at, CACHE, HIDDEN | kept, 0, Order::Full, word("folio_ref_dec"));
}

/// Drops the actor's reference; the last one frees the frame.
#[track_caller]
pub fn folio_put(task: &Task, folio: Folio) {
    put(task, folio.frame, reference(task.id), word("folio_put"));
}

/// Drops the journal's reference; the last one frees the frame.
#[track_caller]
pub fn folio_put_journal(task: &Task, frame: usize) {
    put(task, frame, JOURNAL, word("release_buffer_page"));
}

/// Drops a page-table entry's reference; the last one frees the frame.
#[track_caller]
pub fn folio_put_mapping(task: &Task, frame: usize) {
    put(task, frame, MAPPING, word("folio_remove_rmap"));
}

#[track_caller]
fn put(task: &Task, frame: usize, mine: Word, label: Label) {
    call(task.m, label, || {
        let at = task.storage.references(frame);
        let held = change(task, at, mine, 0, REFERENCES, Order::Full, word("folio_put_testzero"));
        if held == mine {
            free(task, frame);
        }
    });
}

/// The frame becomes somebody else's. Nobody can name it any more, and nobody can take it before the
/// last step.
fn free(task: &Task, frame: usize) {
    let storage = task.storage;
    for unit in 0..storage.geometry.page_units() {
        store(task, storage.unit(frame, unit), Unit::Stale.word(), Order::Relaxed, word("free_pages"));
    }
    if storage.has_buffers() {
        for block in 0..storage.geometry.blocks() {
            store(task, storage.buffer(frame, block), 0, Order::Relaxed, word("free_buffer_head"));
        }
    } else {
        store(task, storage.private(frame), 0, Order::Relaxed, word("free_pages"));
    }
    store(task, storage.flags(frame), 0, Order::Relaxed, word("free_pages"));
    change(task, storage.references(frame), BUSY, 0, 0, Order::Full, word("free_pages"));
}

/// Zeros the units `from..to` of the page.
#[track_caller]
pub fn folio_zero_segment(task: &Task, folio: Folio, from: usize, to: usize) {
    if from >= to {
        return;
    }
    call(task.m, Label::new("folio_zero_segment", &[from as i32, to as i32]), || {
        for unit in from..to {
            let at = task.storage.unit(folio.frame, unit);
            store(task, at, Unit::Zero.word(), Order::Relaxed, Label::new("clear", &[unit as i32]));
        }
    });
}

//! As much of reiserfs' journal as ordered data needs (`fs/reiserfs/journal.c`): the buffer lock, the list that
//! a buffer is on, and what a commit does with it.

use machine::{Flow, Label, Layout, Order, Place, Word, again, call};
use page_state::buffer::{
    buffer_dirty, buffer_uptodate, clear_buffer_dirty, end_buffer_async_write, submit_if_dirty,
};
use page_state::folio::{self, folio_in_cache, folio_put_journal};
use page_state::steps::{change, clear, load, test, wait};
use page_state::{Buffer, Folio, Storage};

use crate::jbd2::{
    Handle, OrderedData, has_handle, jbd2_journal_commit_transaction, jbd2_journal_file_inode,
    jbd2_journal_start, jbd2_journal_stop, journal_current_handle,
};
use crate::kernel::Kernel;

/// The ordered lists of the two transactions that take turns (`jh->jl`).
const LISTS: Word = 0b11;
/// `BH_Lock`.
const LOCK: Word = 1 << 2;

/// The list of a transaction.
fn list_of(transaction: Handle) -> Word {
    if machine::Small::into_word(transaction) == 0 { 1 } else { 2 }
}

fn show(word: Word) -> String {
    let names = [(LISTS, "ordered"), (LOCK, "locked")];
    let held: Vec<&str> = names.iter().filter(|(bits, _)| word & bits != 0).map(|&(_, name)| name).collect();
    held.join(" ")
}

/// A cell for each buffer: its lock, and the list that it is on.
pub(super) fn declare(layout: &mut Layout, storage: &Storage) -> Vec<Place> {
    let blocks = storage.geometry.blocks();
    let count = storage.cache_frames * blocks;
    let first =
        layout.array(count, 3, show, |i| format!("page {} buffer {} in the journal", i / blocks, i % blocks));
    (0..count).map(|i| first.at(i)).collect()
}

fn place(k: &Kernel, bh: Buffer) -> Place {
    k.world.private[bh.folio.frame * k.task.storage.geometry.blocks() + bh.block]
}

fn of_buffer(name: &'static str, bh: Buffer) -> Label {
    Label::new(name, &[bh.block as i32])
}

/// `lock_buffer`.
#[track_caller]
pub(super) fn lock_buffer(k: &Kernel, bh: Buffer) {
    wait(&k.task, place(k, bh), LOCK, 0, LOCK, Order::Acquire, of_buffer("lock_buffer", bh));
}

/// `unlock_buffer`.
#[track_caller]
pub(super) fn unlock_buffer(k: &Kernel, bh: Buffer) {
    change(&k.task, place(k, bh), LOCK, 0, 0, Order::Release, of_buffer("unlock_buffer", bh));
}

/// Whether somebody has the buffer's lock.
#[track_caller]
pub(super) fn buffer_locked(k: &Kernel, bh: Buffer) -> bool {
    test(&k.task, place(k, bh), LOCK, Order::Relaxed, of_buffer("buffer_locked", bh))
}

/// Whether the buffer is on an ordered list (`bh->b_private`).
#[track_caller]
pub(super) fn has_jh(k: &Kernel, bh: Buffer) -> bool {
    load(&k.task, place(k, bh), LISTS, Order::Relaxed, of_buffer("b_private", bh)) != 0
}

/// Whether the buffer is on the list of a transaction that is not the running one.
#[track_caller]
pub(super) fn has_older_jh(k: &Kernel, bh: Buffer) -> bool {
    let lists = load(&k.task, place(k, bh), LISTS, Order::Relaxed, of_buffer("jh->jl", bh));
    lists != 0 && lists != list_of(journal_current_handle(&k.task, k.journal()))
}

/// `reiserfs_free_jh`: off its list.
#[track_caller]
pub(super) fn reiserfs_free_jh(k: &Kernel, bh: Buffer) {
    clear(&k.task, place(k, bh), LISTS, of_buffer("reiserfs_free_jh", bh));
}

/// `journal_begin`: joins the running transaction, within the actor's handle if it has one. Tells whether it
/// had none.
#[track_caller]
pub(super) fn journal_begin(k: &Kernel) -> bool {
    call(k.task.m, Label::new("journal_begin", &[]), || {
        let outermost = !has_handle(&k.task, k.journal());
        if outermost {
            jbd2_journal_start(&k.task, k.journal());
        }
        outermost
    })
}

/// `journal_end`, or the end of a persistent transaction: the outermost one closes the handle.
#[track_caller]
pub(super) fn journal_end(k: &Kernel, outermost: bool) {
    if outermost {
        call(k.task.m, Label::new("journal_end", &[]), || jbd2_journal_stop(&k.task, k.journal()));
    }
}

/// `reiserfs_transaction_running`: whether the actor is within a transaction.
#[track_caller]
pub(super) fn reiserfs_transaction_running(k: &Kernel) -> bool {
    has_handle(&k.task, k.journal())
}

/// `reiserfs_add_ordered_list`: the buffer is written before the current transaction commits. The kernel does
/// this under a lock; here it is done again if the transaction was closed meanwhile.
#[track_caller]
pub(super) fn reiserfs_add_ordered_list(k: &Kernel, bh: Buffer) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, of_buffer("reiserfs_add_ordered_list", bh), || {
        again(task.m, Label::new("j_current_jl", &[]), (), |()| {
            let current = journal_current_handle(task, journal);
            let label = of_buffer("jh->jl = j_current_jl", bh);
            change(task, place(k, bh), LISTS, list_of(current), 0, Order::Relaxed, label);
            jbd2_journal_file_inode(task, journal);
            // Not reached: who fills a new block or extends the file has a handle; it takes a write to a whole block of
            // the last page, beside a commit and who began the transaction.
            if journal_current_handle(task, journal) == current { Flow::Done(()) } else { Flow::Again(()) }
        });
    });
}

/// `do_journal_end` and `flush_commit_list`.
#[track_caller]
pub(super) fn commit(k: &Kernel) {
    let submit = || write_ordered_buffers(k);
    let data = OrderedData { submit: &submit, finish: &|| {} };
    jbd2_journal_commit_transaction(&k.task, k.journal(), data);
}

/// `write_ordered_buffers`: writes what is dirty on the list of the transaction that commits, and waits for
/// what somebody else is writing. The kernel has many of them under way at once.
fn write_ordered_buffers(k: &Kernel) {
    let task = &k.task;
    call(task.m, Label::new("write_ordered_buffers", &[]), || {
        let running = list_of(journal_current_handle(task, k.journal()));
        let blocks = task.storage.geometry.blocks();
        for frame in 0..task.storage.cache_frames {
            // The journal has files of one page only.
            let folio = Folio { frame, index: 0 };
            for block in 0..blocks {
                write_ordered_buffer(k, Buffer { folio, block }, LISTS & !running);
            }
        }
    });
}

fn write_ordered_buffer(k: &Kernel, bh: Buffer, list: Word) {
    let task = &k.task;
    if !test(task, place(k, bh), list, Order::Relaxed, of_buffer("j_bh_list", bh)) {
        return;
    }
    call(task.m, of_buffer("write_ordered_buffer", bh), || {
        lock_buffer(k, bh);
        // Not reached: only errors of I/O leave a dirty buffer that is not uptodate, and they are left out.
        if !buffer_uptodate(task, bh) && buffer_dirty(task, bh) {
            clear_buffer_dirty(task, bh);
        }
        if let Some(disk_block) = submit_if_dirty(task, bh) {
            end_buffer_async_write(task, bh, disk_block);
        }
        clear(task, place(k, bh), list, of_buffer("reiserfs_free_jh", bh));
        unlock_buffer(k, bh);
        // Somebody has dirtied it again, and then dropped the page: nobody else writes it.
        // Not reached: it takes a writer, a commit and a truncation to nothing at once.
        if !folio_in_cache(task, bh.folio)
            && let Some(disk_block) = submit_if_dirty(task, bh)
        {
            end_buffer_async_write(task, bh, disk_block);
        }
    });
    release_page(k, bh.folio);
}

/// A page that has left the page cache goes with the last of its buffers that is on a list.
fn release_page(k: &Kernel, folio: Folio) {
    let task = &k.task;
    let references = task.storage.references(folio.frame);
    if !test(task, references, folio::JOURNAL, Order::Relaxed, Label::new("page without mapping", &[])) {
        return;
    }
    if !(0..task.storage.geometry.blocks()).any(|block| has_jh(k, Buffer { folio, block })) {
        folio_put_journal(task, folio.frame);
    }
}

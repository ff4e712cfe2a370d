//! Handles, and how a buffer comes to a transaction (`fs/jbd2/transaction.c`).

use machine::{Label, Order, Word, bug_on, call};
use page_state::buffer::{
    self, buffer_dirty, buffer_jbd, buffer_jbddirty, buffer_locked, buffer_mapped, buffers,
    clear_buffer_dirty, clear_buffer_jbd, clear_buffer_jbddirty, mark_buffer_dirty, set_buffer_freed,
    set_buffer_jbd, set_buffer_jbddirty, test_clear_buffer_dirty, test_clear_buffer_jbddirty,
};
use page_state::steps::{change, clear, load, report, set, test, wait};
use page_state::{Buffer, Folio, Task};

use super::{
    CHECKPOINT, COMMITTING, FORGET, HANDLES, INODE_DATA, INODE_WAIT, Journal, LIST, LOCKED, METADATA,
    MODIFIED, NEXT, RESERVED, RUNNING, STATE_LOCK, SWITCHING, TRANSACTION, TURN, TakesOver, Transaction,
    Truncated, lock_head, lock_state, of_buffer, read_head, running, unlock_head, unlock_state,
};

/// An open handle: the transaction that it is part of.
pub type Handle = Transaction;

/// Opens a handle on the running transaction, or on a new one if there is none.
///
/// # Panics
/// Where the actor has one already, which the modelled paths never do.
#[track_caller]
pub fn jbd2_journal_start(task: &Task, journal: &Journal) -> Handle {
    call(task.m, Label::new("jbd2_journal_start", &[]), || {
        let mine = 1 << task.id;
        let label = Label::new("start_this_handle", &[]);
        let busy = LOCKED | STATE_LOCK | mine;
        wait(task, journal.state, busy, 0, mine | RUNNING, Order::Acquire, label);
        journal_current_handle(task, journal)
    })
}

/// Opens a handle that another one has reserved: on the running transaction even if that takes no new ones.
#[track_caller]
pub fn jbd2_journal_start_reserved(task: &Task, journal: &Journal) -> Handle {
    call(task.m, Label::new("jbd2_journal_start_reserved", &[]), || {
        let mine = 1 << task.id;
        let label = Label::new("start_this_handle", &[]);
        let busy = SWITCHING | STATE_LOCK | mine;
        wait(task, journal.state, busy, 0, mine | RUNNING, Order::Acquire, label);
        journal_current_handle(task, journal)
    })
}

/// The actor's open handle.
#[track_caller]
pub fn journal_current_handle(task: &Task, journal: &Journal) -> Handle {
    let label = Label::new("journal_current_handle", &[]);
    running(load(task, journal.state, TURN, Order::Relaxed, label))
}

/// Whether the actor has an open handle (`current->journal_info`).
#[track_caller]
pub fn has_handle(task: &Task, journal: &Journal) -> bool {
    test(task, journal.state, 1 << task.id, Order::Relaxed, Label::new("current->journal_info", &[]))
}

/// Closes the actor's handle.
#[track_caller]
pub fn jbd2_journal_stop(task: &Task, journal: &Journal) {
    let label = Label::new("jbd2_journal_stop", &[]);
    let handles = change(task, journal.state, 1 << task.id, 0, HANDLES, Order::Release, label);
    bug_on(handles & (1 << task.id) == 0, "J_ASSERT in jbd2_journal_stop: no handle is open");
}

/// The inode's data goes to disk before the transaction commits (`jbd2_journal_file_inode`).
#[track_caller]
pub fn jbd2_journal_file_inode(task: &Task, journal: &Journal) {
    set(task, journal.state, INODE_DATA, Label::new("jbd2_journal_file_inode", &[]));
}

/// The inode has data under writeback, and the transaction waits for it before it commits
/// (`jbd2_journal_inode_ranged_wait`).
#[track_caller]
pub fn jbd2_journal_inode_add_wait(task: &Task, journal: &Journal) {
    set(task, journal.state, INODE_WAIT, Label::new("jbd2_journal_inode_add_wait", &[]));
}

/// Makes the buffer part of the handle's transaction before it is changed.
#[track_caller]
pub fn jbd2_journal_get_write_access(task: &Task, journal: &Journal, handle: Handle, bh: Buffer) {
    call(task.m, of_buffer("jbd2_journal_get_write_access", bh), || {
        journal.lock_buffer(task, bh);
        lock_head(task, journal, bh);
        // jbd2_journal_add_journal_head, whose reference keeps a checkpoint from taking the head off.
        if !buffer_jbd(task, bh) {
            set_buffer_jbd(task, bh);
        }
        match journal.takes_over {
            TakesOver::Unlisted => take_over_v4_2(task, journal, handle, bh),
            TakesOver::Listed => take_over_v6_3(task, journal, handle, bh),
        }
        unlock_head(task, journal, bh);
    });
}

/// `do_get_write_access`: until the buffer is filed it is clean, and on no transaction's list.
fn take_over_v4_2(task: &Task, journal: &Journal, handle: Handle, bh: Buffer) {
    let head = read_head(task, journal, bh);
    let its = head & TRANSACTION;
    if buffer_dirty(task, bh) {
        // Part of a transaction already, it should carry its dirtiness in jbddirty.
        if its != 0 {
            warn_dirty_buffer(task, bh);
        }
        clear_buffer_dirty(task, bh);
        set_buffer_jbddirty(task, bh);
    }
    journal.unlock_buffer(task, bh);
    if its == handle.word() || head & NEXT != 0 {
        return;
    }
    if its == 0 {
        reset_modified(task, journal, bh);
        file_buffer(task, journal, bh, handle, RESERVED);
    } else {
        attach_next(task, journal, bh);
    }
}

/// e6b9bd7290d3: both under `j_list_lock`, with the buffer locked.
fn take_over_v6_3(task: &Task, journal: &Journal, handle: Handle, bh: Buffer) {
    let head = read_head(task, journal, bh);
    let its = head & TRANSACTION;
    // Not reached: what a transaction has was dirtied by `block_page_mkwrite` alone, before v5.10.
    if its != 0 && buffer_dirty(task, bh) {
        // Part of a transaction already, it should carry its dirtiness in jbddirty.
        warn_dirty_buffer(task, bh);
        clear_buffer_dirty(task, bh);
        set_buffer_jbddirty(task, bh);
    }
    if its == handle.word() || head & NEXT != 0 {
        journal.unlock_buffer(task, bh);
        return;
    }
    if its == 0 {
        reset_modified(task, journal, bh);
        if test_clear_buffer_dirty(task, bh) {
            set_buffer_jbddirty(task, bh);
        }
        file_buffer(task, journal, bh, handle, RESERVED);
        journal.unlock_buffer(task, bh);
    } else {
        journal.unlock_buffer(task, bh);
        attach_next(task, journal, bh);
    }
}

fn reset_modified(task: &Task, journal: &Journal, bh: Buffer) {
    let label = of_buffer("b_modified = 0", bh);
    change(task, journal.head(bh), MODIFIED, 0, 0, Order::Relaxed, label);
}

/// The committing transaction has the buffer; its contents are written already.
fn attach_next(task: &Task, journal: &Journal, bh: Buffer) {
    let label = of_buffer("b_next_transaction", bh);
    change(task, journal.head(bh), MODIFIED, NEXT, 0, Order::Relaxed, label);
}

/// The buffer was changed: it belongs to the handle's transaction, and its dirtiness is jbddirty.
#[track_caller]
pub fn jbd2_journal_dirty_metadata(task: &Task, journal: &Journal, handle: Handle, bh: Buffer) {
    call(task.m, of_buffer("jbd2_journal_dirty_metadata", bh), || {
        lock_head(task, journal, bh);
        let head = read_head(task, journal, bh);
        let its = head & TRANSACTION;
        if head & MODIFIED != 0 {
            // Not reached: it is asserted.
            let listed = its != handle.word() || head & LIST == METADATA;
            bug_on(!listed, "J_ASSERT_JH(b_jlist == BJ_Metadata) in jbd2_journal_dirty_metadata");
            unlock_head(task, journal, bh);
            return;
        }
        set(task, journal.head(bh), MODIFIED, of_buffer("b_modified = 1", bh));
        // Not reached: what is on this list has b_modified set.
        if its == handle.word() && head & LIST == METADATA {
            unlock_head(task, journal, bh);
            return;
        }
        set_buffer_jbddirty(task, bh);
        if its == handle.word() {
            file_buffer(task, journal, bh, handle, METADATA);
        } else {
            // The committing transaction has it, and it is refiled when that is through.
            bug_on(head & NEXT == 0, "J_ASSERT_JH in jbd2_journal_dirty_metadata: no write access");
        }
        unlock_head(task, journal, bh);
    });
}

/// Whether the committing transaction has the buffer and the running one does not, or the journal does not know
/// it.
#[track_caller]
pub fn is_in_commit_alone(task: &Task, journal: &Journal, bh: Buffer) -> bool {
    call(task.m, of_buffer("b_transaction == transaction", bh), || {
        if !buffer_jbd(task, bh) {
            return true;
        }
        let label = Label::new("journal_t", &[]);
        let state = load(task, journal.state, TURN, Order::Relaxed, label);
        let head = read_head(task, journal, bh);
        // Not reached: page_mkwrite has given all of the page to this transaction.
        head & TRANSACTION == running(state).other().word() && head & NEXT == 0
    })
}

fn warn_dirty_buffer(task: &Task, bh: Buffer) {
    report(
        task,
        "journal-bypass",
        of_buffer("the journal takes a buffer that is dirty outside it: block", bh),
    );
}

/// Puts the buffer on a list of the transaction; its head is locked. `__jbd2_journal_file_buffer`, with
/// the order in which dirty and jbddirty change hands to the letter.
pub(super) fn file_buffer(task: &Task, journal: &Journal, bh: Buffer, transaction: Transaction, list: Word) {
    call(task.m, of_buffer("__jbd2_journal_file_buffer", bh), || {
        let head = read_head(task, journal, bh);
        // Not reached: no caller files a buffer where it is.
        if head & TRANSACTION != 0 && head & LIST == list {
            return;
        }
        if buffer_dirty(task, bh) {
            warn_dirty_buffer(task, bh);
        }
        // The kernel's || does not look at jbddirty where dirty was set.
        let was_dirty = test_clear_buffer_dirty(task, bh) || test_clear_buffer_jbddirty(task, bh);
        if head & TRANSACTION != 0 {
            temp_unlink_buffer(task, journal, bh, head);
        }
        let (clear, set) = (TRANSACTION | LIST, transaction.word() | list);
        change(task, journal.head(bh), clear, set, 0, Order::Relaxed, of_buffer("b_jlist", bh));
        if was_dirty {
            set_buffer_jbddirty(task, bh);
        }
    });
}

/// `__jbd2_journal_temp_unlink_buffer`: off its list, and jbddirty is exposed to the VM as dirty.
fn temp_unlink_buffer(task: &Task, journal: &Journal, bh: Buffer, head: Word) {
    if head & LIST == 0 {
        return;
    }
    clear(task, journal.head(bh), LIST, of_buffer("b_jlist = BJ_None", bh));
    if test_clear_buffer_jbddirty(task, bh) {
        mark_buffer_dirty(task, bh);
    }
}

/// `__jbd2_journal_unfile_buffer`, and the journal lets go of the buffer if no checkpoint waits for it.
pub(super) fn unfile_buffer(task: &Task, journal: &Journal, bh: Buffer) {
    call(task.m, of_buffer("__jbd2_journal_unfile_buffer", bh), || {
        let head = read_head(task, journal, bh);
        temp_unlink_buffer(task, journal, bh, head);
        clear(task, journal.head(bh), TRANSACTION, of_buffer("b_transaction = NULL", bh));
        put_journal_head(task, journal, bh);
    });
}

/// `jbd2_journal_put_journal_head`: the last user takes the head off.
pub(super) fn put_journal_head(task: &Task, journal: &Journal, bh: Buffer) {
    if read_head(task, journal, bh) & (TRANSACTION | CHECKPOINT) == 0 {
        clear_buffer_jbd(task, bh);
    }
}

/// `__jbd2_journal_remove_checkpoint`: no checkpoint waits for the buffer any more; its head is locked.
pub(super) fn remove_checkpoint(task: &Task, journal: &Journal, bh: Buffer) {
    clear(task, journal.head(bh), CHECKPOINT, of_buffer("remove_checkpoint", bh));
    put_journal_head(task, journal, bh);
}

/// `__jbd2_journal_refile_buffer`: to the transaction that waits for it, or to none.
pub(super) fn refile_buffer(task: &Task, journal: &Journal, bh: Buffer, next: Transaction) {
    call(task.m, of_buffer("__jbd2_journal_refile_buffer", bh), || {
        let head = read_head(task, journal, bh);
        if head & NEXT == 0 {
            unfile_buffer(task, journal, bh);
            return;
        }
        let was_dirty = test_clear_buffer_jbddirty(task, bh);
        temp_unlink_buffer(task, journal, bh, head);
        let (clear, set) = (TRANSACTION | NEXT, next.word());
        change(task, journal.head(bh), clear, set, 0, Order::Relaxed, of_buffer("b_transaction", bh));
        let list = if buffer::buffer_freed(task, bh) {
            FORGET
        } else if head & MODIFIED != 0 {
            METADATA
        } else {
            RESERVED
        };
        file_buffer(task, journal, bh, next, list);
        if was_dirty {
            set_buffer_jbddirty(task, bh);
        }
    });
}

/// `jbd2_journal_invalidate_folio`: the buffers of a page that lie wholly beyond unit `from` go. Tells
/// whether they could, and whether the journal still holds one.
#[track_caller]
pub fn jbd2_journal_invalidate_folio(
    task: &Task,
    journal: &Journal,
    folio: Folio,
    from: usize,
) -> Invalidated {
    let partial = from > 0;
    let (busy, held) = call(task.m, Label::new("jbd2_journal_invalidate_folio", &[from as i32]), || {
        let mut held = false;
        for bh in buffers(task, folio) {
            if task.storage.geometry.block(bh.block).start < from {
                continue;
            }
            journal.lock_buffer(task, bh);
            let unmapped = unmap_buffer(task, journal, bh, partial);
            journal.unlock_buffer(task, bh);
            match unmapped {
                Unmapped::Busy => return (true, held),
                Unmapped::Held => held = true,
                Unmapped::Free => {}
            }
        }
        (false, held)
    });
    Invalidated { busy, held }
}

/// What became of a page's buffers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invalidated {
    /// A buffer is being committed, and the page stays: `-EBUSY`.
    pub busy: bool,
    /// The journal still holds a buffer.
    pub held: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unmapped {
    Free,
    Held,
    Busy,
}

impl machine::Small for Unmapped {
    const BITS: u32 = 2;
    fn into_word(self) -> Word {
        self as Word
    }
    fn from_word(word: Word) -> Unmapped {
        match word {
            0 => Unmapped::Free,
            1 => Unmapped::Held,
            _ => Unmapped::Busy,
        }
    }
    fn show(word: Word) -> String {
        ["may be freed", "held by the journal", "-EBUSY"][word as usize].to_owned()
    }
}

/// `jbd2_journal_try_to_free_buffers`: takes the journal off the buffers of a page that is locked and clean,
/// where neither a transaction nor a checkpoint has them. Tells whether all could be.
#[track_caller]
pub fn jbd2_journal_try_to_free_buffers(task: &Task, journal: &Journal, folio: Folio) -> bool {
    call(task.m, Label::new("jbd2_journal_try_to_free_buffers", &[]), || {
        for bh in buffers(task, folio) {
            if !buffer_jbd(task, bh) {
                continue;
            }
            lock_head(task, journal, bh);
            let head = read_head(task, journal, bh);
            // What a checkpoint waits for and is written already goes off its list.
            // Not reached: a dirty buffer has a dirty page, which is not asked for.
            let is_busy = || buffer_dirty(task, bh) || journal.locks_buffers && buffer_locked(task, bh);
            // Not reached: who has a head and no transaction is waited for by a checkpoint.
            if head & TRANSACTION == 0 && head & CHECKPOINT != 0 && !is_busy() {
                remove_checkpoint(task, journal, bh);
            }
            unlock_head(task, journal, bh);
            if buffer_jbd(task, bh) {
                return false;
            }
        }
        true
    })
}

/// `journal_unmap_buffer`.
fn unmap_buffer(task: &Task, journal: &Journal, bh: Buffer, partial: bool) -> Unmapped {
    call(task.m, of_buffer("journal_unmap_buffer", bh), || {
        let mut unmapped = Unmapped::Free;
        if buffer_jbd(task, bh) {
            lock_state(task, journal);
            lock_head(task, journal, bh);
            let disposed = unmap_journalled(task, journal, bh, partial);
            if matches!(disposed, Disposed::Zapped | Disposed::Refiled) {
                clear(task, journal.head(bh), MODIFIED, of_buffer("b_modified = 0", bh));
            }
            unlock_head(task, journal, bh);
            unlock_state(task, journal);
            match disposed {
                Disposed::Busy => return Unmapped::Busy,
                Disposed::Committing => return Unmapped::Held,
                Disposed::Refiled => unmapped = Unmapped::Held,
                Disposed::Zapped => {}
            }
        }
        clear_buffer_dirty(task, bh);
        bug_on(buffer_jbddirty(task, bh), "J_ASSERT_BH(!buffer_jbddirty) in journal_unmap_buffer");
        let gone = buffer::MAPPED | buffer::NEW | buffer::DELAY | buffer::UNWRITTEN;
        clear(task, bh.place(task), gone, of_buffer("zap_buffer", bh));
        unmapped
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Disposed {
    Zapped,
    Refiled,
    Committing,
    Busy,
}

fn unmap_journalled(task: &Task, journal: &Journal, bh: Buffer, partial: bool) -> Disposed {
    let mask = TURN | RUNNING | COMMITTING;
    let state = load(task, journal.state, mask, Order::Relaxed, Label::new("journal_t", &[]));
    let turn = running(state);
    let head = read_head(task, journal, bh);
    let its = head & TRANSACTION;
    if its == 0 {
        if head & CHECKPOINT == 0 {
            return Disposed::Zapped;
        }
        let written = !buffer_dirty(task, bh);
        if !written && state & RUNNING != 0 {
            return dispose(task, journal, bh, turn, head);
        }
        if !written && state & COMMITTING != 0 {
            return dispose(task, journal, bh, turn.other(), head);
        }
        if !written {
            clear_buffer_jbddirty(task, bh);
        }
        remove_checkpoint(task, journal, bh);
        return Disposed::Zapped;
    }
    if state & COMMITTING != 0 && its == turn.other().word() {
        // Not reached: that it stays mapped, up to v3.7, of which the default scenarios have nothing.
        if partial && journal.truncated == Truncated::IsUnmapped {
            // Already zapped buffer? Nothing to do.
            let zapped = !buffer_mapped(task, bh);
            return if zapped { Disposed::Committing } else { Disposed::Busy };
        }
        set_buffer_freed(task, bh);
        // Not reached: what a commit has is jbddirty until its last pass takes it off.
        let next = if state & RUNNING != 0 && buffer_jbddirty(task, bh) { NEXT } else { 0 };
        change(
            task,
            journal.head(bh),
            MODIFIED,
            next,
            0,
            Order::Relaxed,
            of_buffer("b_next_transaction", bh),
        );
        return Disposed::Committing;
    }
    bug_on(its != turn.word(), "J_ASSERT_JH in journal_unmap_buffer: neither running nor committing");
    dispose(task, journal, bh, turn, head)
}

/// `__dispose_buffer`.
fn dispose(task: &Task, journal: &Journal, bh: Buffer, transaction: Transaction, head: Word) -> Disposed {
    if head & CHECKPOINT == 0 {
        unfile_buffer(task, journal, bh);
        return Disposed::Zapped;
    }
    temp_unlink_buffer(task, journal, bh, head);
    clear_buffer_dirty(task, bh);
    file_buffer(task, journal, bh, transaction, FORGET);
    Disposed::Refiled
}

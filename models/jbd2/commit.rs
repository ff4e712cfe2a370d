//! The commit of a transaction (`fs/jbd2/commit.c`).

use machine::{Action, Demand, Flow, Label, Order, Small, Step, Word, again, bug_on, call, scope};
use page_state::buffer::{
    self, buffer_dirty, buffer_freed, buffer_jbddirty, clear_buffer_freed, clear_buffer_jbddirty,
};
use page_state::folio::{self, Folio, folio_put_journal};
use page_state::steps::{change, clear, copy_unit, load, set, test, wait};
use page_state::unit::ALL_BUT_STALE;
use page_state::{Buffer, Task};

use super::log::Written;
use super::transaction::{file_buffer, refile_buffer};
use super::{
    CHECKPOINT, COMMIT_THREAD, COMMITS_DATA, COMMITTING, FORGET, HANDLES, INODE_DATA, INODE_WAIT, Journal,
    LIST, LOCKED, METADATA, NEXT, RESERVED, RUNNING, STATE_LOCK, SWITCHING, TRANSACTION, TURN, Transaction,
    Truncated, all_buffers, has_head, lock_head, lock_state, of_buffer, read_head, running, unlock_head,
    unlock_state,
};

/// Whether the buffer is on `list` of the transaction.
fn is_on(task: &Task, journal: &Journal, bh: Buffer, transaction: Transaction, list: u64) -> bool {
    scope(task.m, || {
        let label = of_buffer("journal_head", bh);
        let head = load(task, journal.head(bh), TRANSACTION | LIST, Order::Relaxed, label);
        head == transaction.word() | list
    })
}

/// Does something to a buffer that is on `list` of the transaction, under its lock; the first look,
/// without the lock, spares it where there is nothing to do. What comes of it, where there was.
fn if_on<R: Small>(
    task: &Task,
    journal: &Journal,
    bh: Buffer,
    (transaction, list): (Transaction, u64),
    body: impl Fn() -> R,
) -> Option<R> {
    scope(task.m, || {
        if !is_on(task, journal, bh, transaction, list) {
            return None;
        }
        lock_head(task, journal, bh);
        let done = is_on(task, journal, bh, transaction, list).then(&body);
        unlock_head(task, journal, bh);
        done
    })
}

/// What a commit does with the inode's data before its record.
#[derive(Clone, Copy)]
pub struct OrderedData<'a> {
    /// Writes it (`j_submit_inode_data_buffers`), where the transaction has it on its list to be written.
    pub submit: &'a dyn Fn(),
    /// Waits for it (`j_finish_inode_data_buffers`), where the transaction has it on its list at all.
    pub finish: &'a dyn Fn(),
}

impl OrderedData<'_> {
    /// Nothing.
    pub const NONE: OrderedData<'static> = OrderedData { submit: &|| {}, finish: &|| {} };
}

/// Commits the running transaction, if there is one. `data` is what becomes of the inode's data.
///
/// # Panics
/// Where one of the kernel's assertions fires.
#[track_caller]
pub fn jbd2_journal_commit_transaction(task: &Task, journal: &Journal, data: OrderedData) {
    call(task.m, Label::new("jbd2_journal_commit_transaction", &[]), || {
        let label = Label::new("kjournald", &[]);
        wait(task, journal.state, COMMIT_THREAD, 0, COMMIT_THREAD, Order::Acquire, label);
        let label = Label::new("j_running_transaction", &[]);
        let state = load(task, journal.state, RUNNING | TURN, Order::Relaxed, label);
        if state & RUNNING != 0 {
            let committing = running(state);
            scope(task.m, || {
                let (ordered, written) = lock_down(task, journal, committing);
                if Word::from(ordered) & INODE_DATA != 0 {
                    (data.submit)();
                }
                if ordered != 0 {
                    (data.finish)();
                    clear(task, journal.state, COMMITS_DATA, Label::new("i_transaction = NULL", &[]));
                }
                write_out(task, journal, committing, written);
            });
            forget(task, journal, committing);
        } else {
            clear(task, journal.state, COMMIT_THREAD, Label::new("kjournald sleeps", &[]));
        }
    });
}

/// Waits for open handles, keeps new ones out, and takes down what the transaction is: the inode, and
/// the contents of its buffers. Then the next transaction may run. Tells what of the inode's data is to be on
/// disk first, and what was written to the log.
fn lock_down(task: &Task, journal: &Journal, committing: Transaction) -> (u16, Written) {
    call(task.m, Label::new("T_LOCKED", &[]), || {
        set(task, journal.state, LOCKED, Label::new("lock_transaction", &[]));
        let label = Label::new("wait_updates", &[]);
        wait(task, journal.state, HANDLES, 0, SWITCHING, Order::Acquire, label);
        copy_unit(task, task.storage.inode, journal.frozen, Label::new("freeze_inode", &[]));
        let mut written = 0;
        for bh in all_buffers(task) {
            written |= scope(task.m, || {
                let refile = || refile_buffer(task, journal, bh, committing);
                if_on(task, journal, bh, (committing, RESERVED), refile);
                let copy = if_on(task, journal, bh, (committing, METADATA), || {
                    let dirty = buffer_jbddirty(task, bh);
                    bug_on(!dirty, "J_ASSERT_BH(buffer_jbddirty) in jbd2_journal_write_metadata_buffer");
                    require_not_stale(task, bh);
                    let log = journal.log.as_ref().expect("what is journalled has a log");
                    log.write(task, bh)
                });
                copy.unwrap_or(0)
            });
        }
        lock_state(task, journal);
        let (clear, set) = if committing == Transaction(false) { (0, TURN) } else { (TURN, 0) };
        // Nobody has a handle, so that nobody adds to the list.
        let (listed, label) = (INODE_DATA | INODE_WAIT, Label::new("t_inode_list", &[]));
        let ordered = load(task, journal.state, listed, Order::Relaxed, label);
        let clear = clear | RUNNING | LOCKED | SWITCHING | STATE_LOCK | listed;
        let set = set | COMMITTING | if ordered == 0 { 0 } else { COMMITS_DATA };
        change(task, journal.state, clear, set, 0, Order::Full, Label::new("T_FLUSH", &[]));
        (ordered as u16, written)
    })
}

/// Files what was written for the last pass, and writes the commit record.
fn write_out(task: &Task, journal: &Journal, committing: Transaction, written: Written) {
    call(task.m, Label::new("T_COMMIT", &[]), || {
        for bh in all_buffers(task) {
            scope(task.m, || {
                let file = || file_buffer(task, journal, bh, committing, FORGET);
                if_on(task, journal, bh, (committing, METADATA), file);
            });
        }
        // One record stands behind both. Between the two steps new data is in the old inode's blocks, which no rule tells from
        // neither or both.
        if let Some(log) = &journal.log {
            log.commit(task, written);
        }
        copy_unit(task, journal.frozen, task.storage.durable, Label::new("commit_record", &[]));
    });
}

/// The pass over the forget list, until it is empty: what is still dirty waits for a checkpoint, what
/// was freed is dropped. A truncation can add to the list until the last look, under `j_state_lock`.
fn forget(task: &Task, journal: &Journal, committing: Transaction) {
    again(task.m, Label::new("t_forget", &[]), (), |()| {
        let found = scope(task.m, || {
            let mut found = false;
            for bh in all_buffers(task) {
                found |= scope(task.m, || {
                    let on_list = if_on(task, journal, bh, (committing, FORGET), || {
                        forget_buffer(task, journal, bh, committing);
                    });
                    if on_list.is_some() {
                        release_buffer_page(task, journal, bh.folio);
                    }
                    on_list.is_some()
                });
            }
            found
        });
        if found {
            return Flow::Again(());
        }
        lock_state(task, journal);
        if all_buffers(task).any(|bh| is_on(task, journal, bh, committing, FORGET)) {
            unlock_state(task, journal);
            return Flow::Again(());
        }
        let done = COMMITTING | COMMIT_THREAD | STATE_LOCK;
        change(task, journal.state, done, 0, 0, Order::Release, Label::new("T_FINISHED", &[]));
        Flow::Done(())
    });
}

fn forget_buffer(task: &Task, journal: &Journal, bh: Buffer, committing: Transaction) {
    call(task.m, of_buffer("forget", bh), || {
        let is_next = scope(task.m, || {
            let head = read_head(task, journal, bh);
            if head & CHECKPOINT != 0 {
                clear(task, journal.head(bh), CHECKPOINT, of_buffer("remove_checkpoint", bh));
            }
            head & NEXT != 0
        });
        if buffer_freed(task, bh) && !is_next {
            clear_buffer_freed(task, bh);
            clear_buffer_jbddirty(task, bh);
            // Not reached: that it stays mapped, up to v3.7, of which the default scenarios have nothing.
            if journal.truncated == Truncated::IsUnmapped {
                clear(
                    task,
                    bh.place(task),
                    buffer::MAPPED | buffer::NEW,
                    of_buffer("clear_buffer_mapped", bh),
                );
            }
        }
        if buffer_jbddirty(task, bh) {
            set(task, journal.head(bh), CHECKPOINT, of_buffer("insert_checkpoint", bh));
        } else {
            let dirty = buffer_dirty(task, bh);
            bug_on(dirty, "J_ASSERT_BH(!buffer_dirty) in jbd2_journal_commit_transaction");
        }
        refile_buffer(task, journal, bh, committing.other());
    });
}

/// `release_buffer_page`: a page that has left the page cache goes with its last buffer.
pub(super) fn release_buffer_page(task: &Task, journal: &Journal, folio: Folio) {
    scope(task.m, || {
        let references = task.storage.references(folio.frame);
        if !test(task, references, folio::JOURNAL, Order::Relaxed, Label::new("page without mapping", &[])) {
            return;
        }
        let mut blocks = 0..task.storage.geometry.blocks();
        if !blocks.any(|block| has_head(task, journal, Buffer { folio, block }, TRANSACTION | CHECKPOINT)) {
            folio_put_journal(task, folio.frame);
        }
    });
}

/// The journal does not take somebody else's data.
fn require_not_stale(task: &Task, bh: Buffer) {
    for unit in task.storage.geometry.block(bh.block) {
        let witness = Label::new("the journal takes block", &[bh.block as i32]);
        let demand = Demand { among: ALL_BUT_STALE, property: "stale-uptodate", witness };
        let action =
            Action::Require { at: task.storage.unit(bh.folio.frame, unit), demands: [Some(demand), None] };
        task.m.perform(Step::new(action, Label::new("require_unit", &[unit as i32])));
    }
}

/// Whether a commit is going on whose record waits for the inode's data.
#[track_caller]
pub fn commits_inode_data(task: &Task, journal: &Journal) -> bool {
    let label = Label::new("j_committing_transaction has the inode", &[]);
    test(task, journal.state, COMMITS_DATA, Order::Relaxed, label)
}

/// Waits until no commit is going on (`jbd2_log_wait_commit`).
#[track_caller]
pub fn wait_for_commit(task: &Task, journal: &Journal) {
    let label = Label::new("jbd2_log_wait_commit", &[]);
    wait(task, journal.state, COMMITTING, 0, 0, Order::Acquire, label);
}

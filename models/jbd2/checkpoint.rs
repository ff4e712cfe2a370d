//! The checkpoint (`fs/jbd2/checkpoint.c`): what commits have left in the log goes to its own place, and the log's tail
//! moves over it.
//!
//! Left out: the commit that a checkpoint asks for and waits for where a transaction has a buffer again; it leaves such a
//! buffer to the commit, and the tail stays. There is no `j_list_lock`: the lock of a head stands for it.

use machine::{Flow, Label, again, call, scope};
use page_state::buffer::{
    buffer_dirty, end_buffer_async_write, lock_buffer, submit_if_dirty, trylock_buffer, unlock_buffer,
    wait_on_buffer,
};
use page_state::{Buffer, Task};

use super::commit::release_buffer_page;
use super::log::cleanup_journal_tail;
use super::transaction::remove_checkpoint;
use super::{
    CHECKPOINT, Journal, TRANSACTION, TakesOver, all_buffers, has_head, lock_head, of_buffer, read_head,
    unlock_head,
};

/// `jbd2_log_do_checkpoint`: writes every buffer that a commit has left to its block.
#[track_caller]
pub fn checkpoint(task: &Task, journal: &Journal) {
    call(task.m, Label::new("jbd2_log_do_checkpoint", &[]), || {
        for bh in all_buffers(task) {
            scope(task.m, || {
                if read_head(task, journal, bh) & CHECKPOINT == 0 {
                    return;
                }
                if journal.looks_again {
                    checkpoint_buffer_v6_5(task, journal, bh);
                } else {
                    checkpoint_buffer_v4_2(task, journal, bh);
                }
                release_buffer_page(task, journal, bh.folio);
            });
        }
        cleanup_journal_tail(task, journal);
    });
}

/// What was submitted goes off the list when its lock is free, in whatever state it is by then.
fn checkpoint_buffer_v4_2(task: &Task, journal: &Journal, bh: Buffer) {
    call(task.m, of_buffer("checkpoint", bh), || {
        wait_on_buffer(task, bh);
        // Where a buffer is taken over under j_list_lock, as it is looked at here.
        let listed = journal.takes_over == TakesOver::Listed;
        if listed {
            lock_head(task, journal, bh);
        }
        let due = scope(task.m, || {
            let head = read_head(task, journal, bh);
            head & CHECKPOINT != 0 && head & TRANSACTION == 0
        });
        let dirty = due && buffer_dirty(task, bh);
        if listed {
            unlock_head(task, journal, bh);
        }
        if !due {
            return;
        }
        if dirty {
            write_dirty_buffer(task, bh);
        }
        lock_head(task, journal, bh);
        drop_entry(task, journal, bh);
        unlock_head(task, journal, bh);
    });
}

/// c2d6fd9d6f35: what was submitted stays on the list, and is looked at again until it is clean.
fn checkpoint_buffer_v6_5(task: &Task, journal: &Journal, bh: Buffer) {
    again(task.m, of_buffer("checkpoint", bh), (), |()| {
        lock_head(task, journal, bh);
        let head = read_head(task, journal, bh);
        if head & CHECKPOINT == 0 || head & TRANSACTION != 0 {
            unlock_head(task, journal, bh);
            return Flow::Done(());
        }
        if !trylock_buffer(task, bh) {
            unlock_head(task, journal, bh);
            wait_on_buffer(task, bh);
            return Flow::Again(());
        }
        let dirty = buffer_dirty(task, bh);
        unlock_buffer(task, bh);
        if !dirty {
            drop_entry(task, journal, bh);
            unlock_head(task, journal, bh);
            return Flow::Done(());
        }
        unlock_head(task, journal, bh);
        write_dirty_buffer(task, bh);
        Flow::Again(())
    });
}

/// Takes the buffer off its list, if it is on one still; its head is locked.
fn drop_entry(task: &Task, journal: &Journal, bh: Buffer) {
    if has_head(task, journal, bh, CHECKPOINT) {
        remove_checkpoint(task, journal, bh);
    }
}

/// `write_dirty_buffer`, and waits for it: the buffer is locked until its data has arrived.
fn write_dirty_buffer(task: &Task, bh: Buffer) {
    call(task.m, of_buffer("write_dirty_buffer", bh), || {
        lock_buffer(task, bh);
        if let Some(disk_block) = submit_if_dirty(task, bh) {
            end_buffer_async_write(task, bh, disk_block);
        }
        unlock_buffer(task, bh);
    });
}

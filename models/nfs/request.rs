//! The request of a page: which of its units are to be sent (`struct nfs_page`, `fs/nfs/write.c`), v4.2.
//!
//! A page's private word is its request: none, or the range of units, and the request's lock. `wb_offset` and
//! `wb_bytes` change only under the lock.
//!
//! Left out: several open contexts with requests for one page (`nfs_flush_incompatible`), groups of requests
//! for one page, unstable writes and `COMMIT` (what is sent is on the server's disk), errors of the server.

use machine::{Label, Order, Word, call};
use page_state::folio::{
    folio_clear_dirty, folio_end_writeback, folio_mark_dirty, folio_mark_uptodate, folio_start_writeback,
    folio_test_uptodate, folio_unlock, folio_wait_writeback,
};
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::{clear, load, store, test, wait};
use page_state::{Folio, Task};

use crate::generic::server;
use crate::generic::writeback::folio_clear_dirty_for_io;
use crate::kernel::Kernel;

/// There is a request.
const PRESENT: Word = 1;
/// It is locked (`PG_BUSY`).
const LOCKED: Word = 1 << 1;
const START_SHIFT: u8 = 2;
const END_SHIFT: u8 = 6;
const UNIT: Word = 0xf;

fn word(name: &'static str) -> Label {
    Label::new(name, &[])
}

/// Whether the page has a request (`PagePrivate`).
#[track_caller]
pub(super) fn folio_test_private(task: &Task, folio: Folio) -> bool {
    let at = task.storage.private(folio.frame);
    test(task, at, PRESENT, Order::Relaxed, word("folio_test_private"))
}

/// Locks the page's request, if there is one, and gives its range (`nfs_lock_and_join_requests`,
/// `nfs_page_find_head_request` before v4.14).
fn lock_request(task: &Task, folio: Folio) -> Option<(usize, usize)> {
    let range = call(task.m, word("nfs_lock_and_join_requests"), || {
        let at = task.storage.private(folio.frame);
        wait(task, at, LOCKED, 0, LOCKED, Order::Acquire, word("nfs_lock_request"));
        let request = load(task, at, Word::MAX, Order::Relaxed, word("wb_offset, wb_bytes"));
        if request & PRESENT == 0 {
            clear(task, at, LOCKED, word("no request"));
            return None;
        }
        Some(((request >> START_SHIFT & UNIT) as u8, (request >> END_SHIFT & UNIT) as u8))
    });
    range.map(|(start, end)| (usize::from(start), usize::from(end)))
}

/// Gives the page the request of the units `start..end`, and unlocks it.
fn set_request(task: &Task, folio: Folio, start: usize, end: usize) {
    let request = PRESENT | (start as Word) << START_SHIFT | (end as Word) << END_SHIFT;
    let label = Label::new("nfs_unlock_request", &[start as i32, end as i32]);
    store(task, task.storage.private(folio.frame), request, Order::Release, label);
}

/// `nfs_inode_remove_request`: the page has none any more.
fn remove_request(task: &Task, folio: Folio) {
    let at = task.storage.private(folio.frame);
    store(task, at, 0, Order::Release, word("nfs_inode_remove_request"));
}

/// `nfs_page_length`: how many units of the page are within the file.
#[track_caller]
pub(super) fn nfs_page_length(k: &Kernel, folio: Folio) -> usize {
    let units = k.task.storage.geometry.page_units();
    i_size_read(&k.task).saturating_sub(folio.index * units).min(units)
}

/// `nfs_updatepage`: the units `offset..offset + count` are to be sent; all of the page that is within the file,
/// if it is uptodate. The page is locked.
#[track_caller]
pub(super) fn nfs_updatepage(k: &Kernel, folio: Folio, offset: usize, count: usize, skips_nothing: bool) {
    let task = &k.task;
    call(task.m, Label::new("nfs_updatepage", &[offset as i32, count as i32]), || {
        if count == 0 && skips_nothing {
            return;
        }
        // Not needed: what is not added to the request is as the server has it, or in the request that it joins.
        let length = nfs_page_length(k, folio);
        // Not needed: then what was written is sent, and no more.
        let (start, end) = if folio_test_uptodate(task, folio) {
            // nfs_can_extend_write: nobody has a lock on a part of the file.
            (0, (offset + count).max(length))
        } else {
            (offset, offset + count)
        };
        nfs_writepage_setup(k, folio, start, end);
    });
}

/// `nfs_writepage_setup`: joins the range to the page's request; what is not next to it is sent first.
fn nfs_writepage_setup(k: &Kernel, folio: Folio, start: usize, end: usize) {
    let task = &k.task;
    call(task.m, Label::new("nfs_writepage_setup", &[start as i32, end as i32]), || {
        let (mut first, mut last) = (start, end);
        if let Some((from, to)) = lock_request(task, folio) {
            // Not reached: a round of a write begins where the last one ended, a second writer's units overlap it, and a
            // store through a mapping takes what the file has of the page, in which a write beside it lies.
            if start > to || end < from {
                set_request(task, folio, from, to);
                nfs_wb_page(k, folio);
                wait(task, task.storage.private(folio.frame), LOCKED, 0, LOCKED, Order::Acquire, word("new"));
            } else {
                (first, last) = (start.min(from), end.max(to));
            }
        } else {
            // Not needed: who holds the page lock is alone with a page that has no request.
            wait(task, task.storage.private(folio.frame), LOCKED, 0, LOCKED, Order::Acquire, word("new"));
        }
        // nfs_grow_file
        let size = folio.index * task.storage.geometry.page_units() + end;
        if i_size_read(task) < size {
            i_size_write(task, size);
        }
        // nfs_mark_uptodate
        // Not needed: to mark it twice is the same, and unmarked it is read from the server, after its request was
        // sent.
        if !folio_test_uptodate(task, folio) && first == 0 && last == nfs_page_length(k, folio) {
            // Not needed: unmarked, it is read from the server, after its request was sent.
            folio_mark_uptodate(task, folio);
        }
        folio_mark_dirty(task, folio);
        set_request(task, folio, first, last);
    });
}

/// `nfs_wb_page`: sends the page's request, and waits; the page is locked.
#[track_caller]
pub(super) fn nfs_wb_page(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, word("nfs_wb_page"), || {
        machine::again(task.m, word("for"), (), |()| {
            // Not needed: a page that is being sent has its request still, and a write does not read such a page
            // first.
            folio_wait_writeback(task, folio);
            // Not needed: a writer does so for a page that is to be read, and that is in no mapping.
            if !folio_clear_dirty_for_io(k, folio) {
                // All writes are stable: there is nothing to commit.
                return machine::Flow::Done(());
            }
            nfs_page_async_flush(k, folio, false);
            machine::Flow::Again(())
        });
    });
}

/// `nfs_page_async_flush`: sends the page's request. Whoever writes back (`unlocks`) has let the page go
/// before the data arrives.
#[track_caller]
pub(super) fn nfs_page_async_flush(k: &Kernel, folio: Folio, unlocks: bool) {
    let task = &k.task;
    call(task.m, word("nfs_page_async_flush"), || {
        // Not reached: a page becomes dirty with a request, which goes only when the page is clean.
        let Some((start, end)) = lock_request(task, folio) else {
            if unlocks {
                folio_unlock(task, folio);
            }
            return;
        };
        folio_start_writeback(task, folio);
        if unlocks {
            folio_unlock(task, folio);
        }
        server::write(k, folio, start, end);
        // nfs_write_completion
        remove_request(task, folio);
        folio_end_writeback(task, folio);
    });
}

/// `nfs_wb_page_cancel`: what was not sent yet is not sent any more; the page is locked.
#[track_caller]
pub(super) fn nfs_wb_page_cancel(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, word("nfs_wb_page_cancel"), || {
        folio_wait_writeback(task, folio);
        if lock_request(task, folio).is_some() {
            remove_request(task, folio);
            folio_clear_dirty(task, folio);
        }
    });
}

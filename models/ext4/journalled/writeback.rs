//! `ext4_writepage`, `ext4_page_mkwrite` and the commit of a file with `data=journal`.
//!
//! Until v5.9 a store through a mapping is journalled when its page is written back; since v5.10
//! (64a9f1449950, afb585a97f81) when the page becomes writable, which each commit takes back. Until v6.2 a page
//! that was stored to is journalled once more by writeback, too (`PG_checked`).
//!
//! Left out: the handle that `ext4_writepages` holds while it looks for pages to journal (since v6.3), which are
//! those that are pinned for direct I/O.

use machine::{Label, Layout, Order, Place, Word, call, show_number};
use page_state::buffer::{buffer_dirty, buffers};
use page_state::folio::{
    folio_in_cache, folio_lock, folio_mark_dirty, folio_set_checked, folio_test_clear_checked, folio_unlock,
};
use page_state::steps::{clear, set, test};
use page_state::{ACTORS_MAX, Folio, Storage};

use super::buffers::{do_journal_get_write_access, walk_page_buffers, write_end_fn};
use super::write::block_write_begin_of;
use super::{Journalled, WriteEnd};
use crate::ext4::page_io::{self, all_mapped};
use crate::generic::buffer::{block_page_mkwrite, within_size};
use crate::generic::locks::{filemap_invalidate_lock_shared, filemap_invalidate_unlock_shared};
use crate::generic::stable_pages::folio_wait_stable;
use crate::generic::writeback::write_pages_with;
use crate::jbd2::{
    Handle, OrderedData, is_in_commit_alone, jbd2_journal_commit_transaction, jbd2_journal_file_inode,
    jbd2_journal_start, jbd2_journal_stop,
};
use crate::kernel::{Around, Errno, Kernel, VmFault};

impl Journalled {
    /// Whether stores are journalled when the page becomes writable.
    fn journals_stores(&self) -> bool {
        self.write_end >= WriteEnd::V5_10
    }

    /// Whether writeback journals a page that was stored to (`PG_checked`).
    fn journals_stores_late(&self) -> bool {
        self.write_end < WriteEnd::V6_3
    }
}

/// `ext4_journalled_dirty_folio`: writeback will journal the page.
#[track_caller]
pub(super) fn ext4_journalled_dirty_folio(fs: &Journalled, k: &Kernel, folio: Folio) {
    if fs.journals_stores_late() {
        folio_set_checked(&k.task, folio);
    }
    folio_mark_dirty(&k.task, folio);
}

/// `ext4_writepage`: a page that was stored to is journalled, another one written in place.
#[track_caller]
pub(super) fn ext4_writepage(fs: &Journalled, k: &Kernel, folio: Folio) {
    if fs.journals_stores_late() && folio_test_clear_checked(&k.task, folio) {
        ext4_journalled_writepage(fs, k, folio);
    } else {
        page_io::ext4_writepage(k, folio);
    }
}

/// `b_count`, of all buffers of a page together: a bit for each actor that holds them.
pub(super) fn declare_holders(layout: &mut Layout, storage: &Storage) -> Vec<Place> {
    let holders =
        |frame| layout.cell(format!("page {frame} holders of buffers"), ACTORS_MAX as u8, show_number);
    (0..storage.cache_frames).map(holders).collect()
}

/// `bget_one` of all buffers: the page keeps them.
fn hold_buffers(k: &Kernel, folio: Folio) {
    set(&k.task, k.world.private[folio.frame], 1 << k.task.id, Label::new("bget_one", &[]));
}

/// `bput_one` of all buffers.
fn put_buffers(k: &Kernel, folio: Folio) {
    clear(&k.task, k.world.private[folio.frame], 1 << k.task.id, Label::new("bput_one", &[]));
}

/// `buffer_busy`, as far as it is about `b_count`.
pub(super) fn buffers_are_held(k: &Kernel, folio: Folio) -> bool {
    test(&k.task, k.world.private[folio.frame], Word::MAX, Order::Relaxed, Label::new("b_count", &[]))
}

/// Journals the part of a locked page that is in the file.
fn journal_page(fs: &Journalled, k: &Kernel, handle: Handle, folio: Folio) {
    let range = (0, within_size(k, folio));
    walk_page_buffers(k, folio, range, &|bh| do_journal_get_write_access(k, fs.write_end, handle, bh));
    walk_page_buffers(k, folio, range, &|bh| write_end_fn(k, fs.write_end, handle, bh));
}

/// `__ext4_journalled_writepage`: the page lock is inside of the transaction, so it is given back first. The
/// buffers are held meanwhile: nothing else says yet that they will be written.
#[track_caller]
fn ext4_journalled_writepage(fs: &Journalled, k: &Kernel, folio: Folio) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("__ext4_journalled_writepage", &[]), || {
        hold_buffers(k, folio);
        folio_unlock(task, folio);
        let handle = jbd2_journal_start(task, journal);
        folio_lock(task, folio);
        if folio_in_cache(task, folio) {
            journal_page(fs, k, handle, folio);
        }
        jbd2_journal_stop(task, journal);
        put_buffers(k, folio);
        folio_unlock(task, folio);
    });
}

/// `ext4_page_mkwrite`.
#[track_caller]
pub(super) fn ext4_page_mkwrite(fs: &Journalled, k: &Kernel, folio: Folio) -> VmFault {
    call(k.task.m, Label::new("ext4_page_mkwrite", &[]), || {
        filemap_invalidate_lock_shared(k);
        let fault = if fs.journals_stores() {
            page_mkwrite_v5_10(fs, k, folio)
        } else {
            page_mkwrite_v4_2(fs, k, folio)
        };
        filemap_invalidate_unlock_shared(k);
        fault
    })
}

/// Since 64a9f1449950 (v5.10; `ext4_block_page_mkwrite` since v6.17, 2bddafea3d0d, which waits for writeback): straight to
/// the handle.
fn page_mkwrite_v5_10(fs: &Journalled, k: &Kernel, folio: Folio) -> VmFault {
    let (task, journal) = (&k.task, k.journal());
    let handle = jbd2_journal_start(task, journal);
    folio_lock(task, folio);
    let len = within_size(k, folio);
    // Not reached: that nothing of the page is in the file. Who truncates keeps faults out until the page is gone.
    let begun = if folio_in_cache(task, folio) && len > 0 {
        block_write_begin_of(fs, k, handle, folio, (0, len))
    } else {
        Err(Errno::Efault)
    };
    let fault = match begun {
        Ok(()) => {
            journal_page(fs, k, handle, folio);
            jbd2_journal_file_inode(task, journal);
            VmFault::Locked
        }
        Err(error) => {
            folio_unlock(task, folio);
            VmFault::of(error)
        }
    };
    jbd2_journal_stop(task, journal);
    if fault == VmFault::Locked && k.world.setting.around >= Around::V6_17 {
        folio_wait_stable(k, folio);
    }
    fault
}

/// Before, buffers are dirtied, and journalled afterwards.
fn page_mkwrite_v4_2(fs: &Journalled, k: &Kernel, folio: Folio) -> VmFault {
    let (task, journal) = (&k.task, k.journal());
    folio_lock(task, folio);
    let len = within_size(k, folio);
    if !folio_in_cache(task, folio) || len == 0 {
        folio_unlock(task, folio);
        return VmFault::NoPage;
    }
    if all_mapped(k, folio, len) {
        folio_wait_stable(k, folio);
        return VmFault::Locked;
    }
    folio_unlock(task, folio);
    let handle = jbd2_journal_start(task, journal);
    let fault = block_page_mkwrite(k, fs, folio);
    if fault == VmFault::Locked {
        let range = (0, task.storage.geometry.page_units());
        walk_page_buffers(k, folio, range, &|bh| do_journal_get_write_access(k, fs.write_end, handle, bh));
    }
    jbd2_journal_stop(task, journal);
    fault
}

/// A commit. Since v5.10 it takes the write permission of mappings of what it commits: whoever stores again has
/// to journal it again.
#[track_caller]
pub(super) fn commit(k: &Kernel) {
    // Before, no transaction has the inode's data on its list.
    let protect = || write_pages_with(k, &|folio| ext4_journalled_writepage_callback(k, folio));
    let data = OrderedData { submit: &protect, finish: &|| {} };
    jbd2_journal_commit_transaction(&k.task, k.journal(), data);
}

/// `ext4_journalled_writepage_callback`: the page, which is locked, stays dirty if there is more in it than the
/// commit has.
fn ext4_journalled_writepage_callback(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("ext4_journalled_writepage_callback", &[]), || {
        // Not reached: page_mkwrite has given all of the page to the transaction.
        let more = buffers(task, folio)
            .any(|bh| buffer_dirty(task, bh) || !is_in_commit_alone(task, k.journal(), bh));
        if more {
            folio_mark_dirty(task, folio);
        }
        folio_unlock(task, folio);
    });
}

//! What both kinds of write share: a page is read from the server, written back to it, and truncated
//! (`fs/fuse/file.c`, `fs/fuse/dir.c`), v4.2 to v6.16.
//!
//! Until v6.15 writeback sends a copy of the page, which is not under writeback any more when the server has it:
//! a page of the file is "under writeback" while such a request is on its way. v6.16 (0c58a97f919c) sends the
//! page itself; its text is known to us by description only.
//!
//! Left out: errors and short answers of the server, interrupted requests, `launder_folio`, attributes that the
//! server changes by itself.

use machine::{Label, Layout, Order, Place, Word, call};
use page_state::folio::{
    folio_end_writeback, folio_mark_uptodate, folio_put, folio_start_writeback, folio_test_uptodate,
    folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::{attempt, change, clear, copy_unit, load, set, store, wait};
use page_state::unit::{UNIT_BITS, show_unit};
use page_state::{Folio, Storage};

use super::{Fuse, Text};
use crate::generic::filemap::grab_cache_page;
use crate::generic::server;
use crate::generic::truncate::{truncate_inode_pages, truncate_pagecache_range};
use crate::kernel::Kernel;

/// No request may be sent (`FUSE_NOWRITE`).
const NOWRITE: Word = 1;
const SENDERS: Word = 0x1f << 1;
/// Who has a request queued (`fi->queued_writes`).
const QUEUED: Word = 0x1f << 6;

fn word(name: &'static str) -> Label {
    Label::new(name, &[])
}

/// Declares `fi->writectr` and who has queued a request, for each page whether a copy of it is on its way, the copy, and the
/// size that what is queued is cut to.
pub(super) fn declare(layout: &mut Layout, storage: &Storage) -> Vec<Place> {
    let (pages, units) = (storage.geometry.pages(), storage.geometry.page_units());
    let show = machine::show_number;
    vec![
        layout.cell("writectr", 11, show),
        layout.array(pages, 1, show, |p| format!("page {p} on its way")),
        layout.array(pages * units, UNIT_BITS, show_unit, |i| {
            format!("copy of page {} unit {}", i / units, i % units)
        }),
        layout.cell("queued requests are cut to", 5, show),
    ]
}

fn writectr(k: &Kernel) -> Place {
    k.world.private[0]
}

fn on_its_way(k: &Kernel, folio: Folio) -> Place {
    k.world.private[1].at(folio.index)
}

fn crop(k: &Kernel) -> Place {
    k.world.private[3]
}

fn copy_of(k: &Kernel, folio: Folio, unit: usize) -> Place {
    k.world.private[2].at(folio.index * k.task.storage.geometry.page_units() + unit)
}

/// `fuse_wait_on_page_writeback`.
#[track_caller]
pub(super) fn fuse_wait_on_page_writeback(k: &Kernel, text: Text, folio: Folio) {
    let task = &k.task;
    if text >= Text::V6_16 {
        folio_wait_writeback(task, folio);
    } else {
        let label = word("fuse_wait_on_page_writeback");
        wait(task, on_its_way(k, folio), 1, 0, 0, Order::Acquire, label);
    }
}

/// `fuse_do_readpage`: fills a page that is locked.
#[track_caller]
pub(super) fn fuse_do_readpage(k: &Kernel, text: Text, folio: Folio) {
    let task = &k.task;
    call(task.m, word("fuse_do_readpage"), || {
        // Not needed: since v6.16 a page that is sent stays in the cache until then, uptodate, and is not read.
        fuse_wait_on_page_writeback(k, text, folio);
        server::read(task, folio, 0, task.storage.geometry.page_units());
        folio_mark_uptodate(task, folio);
    });
}

/// `fuse_writepages_send`: the request is queued, and cut to the size of the file, which it gives, where it may be sent
/// (`fuse_flush_writepages`); else by who has kept it from that, when that is over. Then the page is let go, if the request has
/// a copy of it (2d033eaa0073: not before).
fn fuse_writepages_send(k: &Kernel, folio: Folio, copies: bool) -> usize {
    let task = &k.task;
    let (sender, queued) = (2 << task.id, 1 << (6 + task.id));
    call(task.m, word("fuse_writepages_send"), || {
        set(task, writectr(k), queued, word("queued_writes"));
        let label = word("fuse_flush_writepages");
        let sent = attempt(task, writectr(k), NOWRITE, queued, sender, Order::Full, label);
        let size = if sent { i_size_read(task) } else { 0 };
        if copies {
            folio_end_writeback(task, folio);
        }
        if sent {
            return size as u8;
        }
        wait(task, writectr(k), queued, 0, sender, Order::Acquire, word("queue is flushed"));
        load(task, crop(k), Word::MAX, Order::Relaxed, word("crop")) as u8
    })
    .into()
}

/// `fuse_writepages_fill` and what comes of it: what of the page is within the file when the request is cut goes to the
/// server. The page is locked.
#[track_caller]
pub(super) fn fuse_writepage(k: &Kernel, text: Text, folio: Folio) {
    call(k.task.m, word("fuse_writepage"), || {
        if text < Text::V6_16 {
            writepage_v4_2(k, folio);
        } else {
            writepage_v6_16(k, folio);
        }
    });
}

/// What is sent is a copy of the page.
fn writepage_v4_2(k: &Kernel, folio: Folio) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    folio_start_writeback(task, folio);
    for unit in 0..units {
        let from = task.storage.unit(folio.frame, unit);
        copy_unit(task, from, copy_of(k, folio, unit), Label::new("copy_highpage", &[unit as i32]));
    }
    set(task, on_its_way(k, folio), 1, word("fuse_writepage_add"));
    folio_unlock(task, folio);
    let size = fuse_writepages_send(k, folio, true);
    server::write_from(k, folio, (0, inside(folio, size, units)), &|unit| copy_of(k, folio, unit));
    clear(task, writectr(k), 2 << task.id, word("fuse_writepage_finish"));
    clear(task, on_its_way(k, folio), 1, word("fuse_writepage_end"));
}

/// 0c58a97f919c: the page itself is sent.
fn writepage_v6_16(k: &Kernel, folio: Folio) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    folio_start_writeback(task, folio);
    folio_unlock(task, folio);
    let size = fuse_writepages_send(k, folio, false);
    server::write(k, folio, 0, inside(folio, size, units));
    clear(task, writectr(k), 2 << task.id, word("fuse_writepage_finish"));
    folio_end_writeback(task, folio);
}

/// How many of a page's units a file of this size has.
fn inside(folio: Folio, size: usize, units: usize) -> usize {
    size.saturating_sub(folio.index * units).min(units)
}

/// `fuse_notify_store` of all that the server has of the file: what of the last page lies behind it is zeroed, or, before
/// v6.11, is as it was.
#[track_caller]
pub(super) fn fuse_notify_store(k: &Kernel, text: Text) {
    let task = &k.task;
    call(task.m, word("fuse_notify_store"), || {
        let units = task.storage.geometry.page_units();
        let end = i_size_read(task);
        for index in 0..end.div_ceil(units) {
            let folio = grab_cache_page(task, index);
            let this_num = (end - index * units).min(units);
            server::read(task, folio, 0, this_num);
            if !folio_test_uptodate(task, folio) {
                if text >= Text::V6_11 {
                    folio_zero_segment(task, folio, this_num, units);
                }
                folio_mark_uptodate(task, folio);
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
        }
    });
}

/// `fuse_do_setattr` of the size: no page is sent meanwhile, and what is sent later ends with the new size.
#[track_caller]
pub(super) fn fuse_do_setattr(k: &Kernel, fs: &Fuse, size: usize) {
    let task = &k.task;
    call(task.m, Label::new("fuse_do_setattr", &[size as i32]), || {
        change(task, writectr(k), 0, NOWRITE, 0, Order::Full, word("fuse_set_nowrite"));
        wait(task, writectr(k), SENDERS, 0, 0, Order::Acquire, word("wait for writes under way"));
        server::truncate(task, size);
        let old = i_size_read(task);
        i_size_write(task, size);
        store(task, crop(k), size as Word, Order::Relaxed, word("crop"));
        clear(task, writectr(k), NOWRITE | QUEUED, word("fuse_release_nowrite"));
        if old < size && fs.text >= Text::V7_3 {
            truncate_pagecache_range(k, old, size);
        }
        if old != size {
            truncate_inode_pages(k, fs, size);
            crate::generic::reclaim::invalidate_inode_pages2(k, fs);
        }
    });
}

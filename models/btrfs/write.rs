//! `btrfs_buffered_write` (`fs/btrfs/file.c`): the loop, v2.6.36 to v6.18. Several pages are locked at once, until
//! v6.13; nothing in it looks for a fatal signal.
//!
//! v6.12's text was read; v6.14's and later ones are known to us by description. v2.6.36 keeps the first and the last
//! page by a reference while it reads them, here they are read as v4.2 does.

use fault::{IovIter, Position, Segment, get_user};
use machine::{Flow, Label, again, call};
use page_state::Folio;
use page_state::folio::{
    folio_in_cache, folio_lock, folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_uptodate,
    folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::reach;

use super::extent::{clear_delalloc, has_ordered_extent, read_page, set_delalloc, wait_ordered_extent};
use super::{Btrfs, Text};
use crate::generic::filemap::{filemap_fault, grab_cache_page};
use crate::generic::perform_write::{copy_atomic, in_page, prefault};
use crate::generic::writeback::folio_clear_dirty_for_io;
use crate::kernel::{Errno, Kernel, Request};

/// How the loop goes on: what is written, where the source stands, whether it takes one page at a time, and
/// whether the page is to be read whatever is to be written.
type State = (u8, Position, bool, bool);

/// `btrfs_buffered_write`.
#[track_caller]
pub(super) fn btrfs_buffered_write(k: &Kernel, fs: &Btrfs, request: Request) -> Result<usize, Errno> {
    let Request { pos, len } = request;
    let m = k.task.m;
    let segments = k.segments(request);
    let written = call(m, Label::new("btrfs_buffered_write", &[pos as i32, len as i32]), || {
        fs.expand(k, pos);
        let first: State = (0, Position::default(), fs.text >= Text::V6_14, false);
        let (written, error) = again(m, Label::new("while", &[]), first, |(written, at, one, force)| {
            let begin = pos + usize::from(written);
            let left = len - usize::from(written);
            let bytes = if one { in_page(k, begin, left) } else { left };
            match write_once(k, fs, (begin, bytes), (&segments, at), force) {
                Err(error) => Flow::Done((written, Some(error))),
                Ok(copied) => {
                    let at = IovIter::new(&segments, at).advance(usize::from(copied)).at;
                    let written = written + copied;
                    if usize::from(written) == len {
                        return Flow::Done((written, None));
                    }
                    // Not reached: a round that takes all that is left, and gets it, is the last.
                    let one = one || usize::from(copied) < bytes;
                    let force = copied == 0 && fs.text >= Text::V3_1 && fs.text < Text::V6_14;
                    Flow::Again((written, at, one, force))
                }
            }
        });
        match error {
            Some(error) if written == 0 => Err(error),
            _ => Ok(written),
        }
    });
    written.map(usize::from)
}

/// One round. Gives how much was taken.
fn write_once(
    k: &Kernel,
    fs: &Btrfs,
    (begin, bytes): (usize, usize),
    (segments, at): (&[Segment], Position),
    force: bool,
) -> Result<u8, Errno> {
    let text = match fs.text {
        _ if fs.copies_first => round_as_proposed,
        Text::V2_6_36 => round_v2_6_36,
        _ => round_v2_6_38,
    };
    call(k.task.m, Label::new("btrfs_write_round", &[begin as i32, bytes as i32]), || {
        let copied = text(k, fs, (begin, bytes), IovIter::new(segments, at), force)?;
        if copied == bytes {
            reach(&k.task, "full copy");
        }
        Ok(copied as u8)
    })
}

/// The source is faulted in with the pages locked.
fn round_v2_6_36(
    k: &Kernel,
    fs: &Btrfs,
    (begin, bytes): (usize, usize),
    source: IovIter,
    force: bool,
) -> Result<usize, Errno> {
    btrfs_delalloc_reserve_space(k)?;
    let pages = lock_pages(k, fs, (begin, bytes), force);
    let copied = copy_with_faults(k, fs, (begin, bytes), source, &pages);
    if let Some(copied) = copied {
        dirty_pages(k, (begin, copied), &pages);
    }
    btrfs_drop_pages(k, &pages);
    copied.ok_or(Errno::Efault)
}

/// 914ee295af41: the source is faulted in first. Any unit that can't be read is an error.
fn round_v2_6_38(
    k: &Kernel,
    fs: &Btrfs,
    (begin, bytes): (usize, usize),
    source: IovIter,
    force: bool,
) -> Result<usize, Errno> {
    if prefault(k, fs, source, bytes) > 0 {
        return Err(Errno::Efault);
    }
    btrfs_delalloc_reserve_space(k)?;
    let pages = lock_pages(k, fs, (begin, bytes), force);
    let copied = btrfs_copy_from_user(k, fs, (begin, bytes), source, &pages);
    dirty_pages(k, (begin, copied), &pages);
    btrfs_drop_pages(k, &pages);
    Ok(copied)
}

/// The proposal of 2025: the source is faulted in after a copy of nothing.
fn round_as_proposed(
    k: &Kernel,
    fs: &Btrfs,
    (begin, bytes): (usize, usize),
    source: IovIter,
    force: bool,
) -> Result<usize, Errno> {
    btrfs_delalloc_reserve_space(k)?;
    let pages = lock_pages(k, fs, (begin, bytes), force);
    let copied = btrfs_copy_from_user(k, fs, (begin, bytes), source, &pages);
    dirty_pages(k, (begin, copied), &pages);
    btrfs_drop_pages(k, &pages);
    if copied == 0 && prefault(k, fs, source, bytes) == bytes {
        return Err(Errno::Efault);
    }
    Ok(copied)
}

/// `btrfs_drop_pages`: unlocks the pages, and drops them.
fn btrfs_drop_pages(k: &Kernel, pages: &[Folio]) {
    for &folio in pages {
        folio_unlock(&k.task, folio);
        folio_put(&k.task, folio);
    }
}

/// `btrfs_delalloc_reserve_space`.
pub(super) fn btrfs_delalloc_reserve_space(k: &Kernel) -> Result<(), Errno> {
    if k.is_disk_full() { Err(Errno::Enospc) } else { Ok(()) }
}

/// `prepare_pages` and `lock_and_cleanup_extent`: the pages, locked, and no ordered extent of them is left.
fn lock_pages(k: &Kernel, fs: &Btrfs, (begin, bytes): (usize, usize), force: bool) -> Vec<Folio> {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let (first, second) = again(task.m, Label::new("prepare_pages", &[]), (), |()| {
        let (from, to) = (begin / units, (begin + bytes).div_ceil(units));
        let mut pages = Vec::new();
        for index in from..to {
            let partial = (index == from && (!begin.is_multiple_of(units) || force))
                || (index + 1 == to && !(begin + bytes).is_multiple_of(units));
            pages.push(prepare_page(k, index, partial));
        }
        // Until v4.19 or so the extent was locked within the file only.
        let looks = fs.text >= Text::V5_18 || from * units < i_size_read(task);
        let busy = pages.iter().find(|folio| looks && has_ordered_extent(k, folio.index));
        if let Some(&Folio { index, .. }) = busy {
            for &folio in &pages {
                folio_unlock(task, folio);
                folio_put(task, folio);
            }
            // Not needed: the loop asks again, and again, until the extent is there.
            wait_ordered_extent(k, index);
            return Flow::Again(());
        }
        if fs.text < Text::V4_20 {
            for &folio in &pages {
                if looks {
                    clear_delalloc(task, folio);
                }
                folio_clear_dirty_for_io(k, folio);
            }
        }
        Flow::Done((pages[0], pages.get(1).copied()))
    });
    [Some(first), second].into_iter().flatten().collect()
}

/// The page locked and not under writeback; read, if only a part of it is written.
fn prepare_page(k: &Kernel, index: usize, partial: bool) -> Folio {
    let task = &k.task;
    again(task.m, task.of_page("prepare_uptodate_page", index), (), |()| {
        let folio = grab_cache_page(task, index);
        if partial && !folio_test_uptodate(task, folio) {
            read_page(k, folio);
            folio_unlock(task, folio);
            folio_lock(task, folio);
            // Not reached: direct I/O, which takes pages away, waits for the inode's lock.
            if !folio_in_cache(task, folio) {
                folio_unlock(task, folio);
                folio_put(task, folio);
                return Flow::Again(());
            }
        }
        // Not needed: a page under writeback has an ordered extent, which the caller waits for.
        folio_wait_writeback(task, folio);
        Flow::Done(folio)
    })
}

/// `btrfs_copy_from_user`: page by page with faults off. A short copy into a page that is not uptodate counts as
/// nothing and ends it; into one that is, it goes on where it stopped, until nothing is copied.
fn btrfs_copy_from_user(
    k: &Kernel,
    fs: &Btrfs,
    (begin, bytes): (usize, usize),
    source: IovIter,
    pages: &[Folio],
) -> usize {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let addresses = source.addresses(bytes);
    let total = again(task.m, Label::new("btrfs_copy_from_user", &[bytes as i32]), 0_u8, |total| {
        let done = usize::from(total);
        let at = begin + done;
        let folio = pages[at / units - begin / units];
        let count = in_page(k, at, bytes - done);
        let mut copied = copy_atomic(k, fs, &addresses[done..done + count], folio, at % units);
        let short = copied < count;
        if short && !folio_test_uptodate(task, folio) {
            copied = 0;
        }
        let total = total + copied as u8;
        if copied == 0 || usize::from(total) == bytes || (short && fs.text >= Text::V6_14) {
            Flow::Done(total)
        } else {
            Flow::Again(total)
        }
    });
    usize::from(total)
}

/// v2.6.36's: each page's source is faulted in with the pages locked, and copied with faults on; what can't be
/// read is filled with zeros. Nothing where anything can't be read.
fn copy_with_faults(
    k: &Kernel,
    fs: &Btrfs,
    (begin, bytes): (usize, usize),
    source: IovIter,
    pages: &[Folio],
) -> Option<usize> {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let addresses = source.addresses(bytes);
    let label = Label::new("btrfs_copy_from_user", &[bytes as i32]);
    let fault = |index| filemap_fault(k, fs, index);
    let user = k.user(&fault);
    let total = again(task.m, label, 0_u8, |total| {
        let done = usize::from(total);
        if done == bytes {
            return Flow::Done(Some(total));
        }
        let at = begin + done;
        let folio = pages[at / units - begin / units];
        let count = in_page(k, at, bytes - done);
        prefault(k, fs, source.advance(done), count);
        let copied = copy_atomic(k, fs, &addresses[done..done + count], folio, at % units);
        if copied < count && !get_user(&user, addresses[done + copied]) {
            folio_zero_segment(task, folio, at % units + copied, at % units + count);
            return Flow::Done(None);
        }
        Flow::Again(total + copied as u8)
    });
    total.map(usize::from)
}

/// `btrfs_dirty_pages`: the pages that something was copied to are delalloc, uptodate and dirty, and the size is
/// raised.
fn dirty_pages(k: &Kernel, (begin, copied): (usize, usize), pages: &[Folio]) {
    if copied == 0 {
        return;
    }
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    call(task.m, Label::new("btrfs_dirty_pages", &[begin as i32, copied as i32]), || {
        let count = (begin % units + copied).div_ceil(units);
        for &folio in &pages[..count] {
            set_delalloc(task, folio);
            folio_mark_uptodate(task, folio);
            folio_mark_dirty(task, folio);
        }
        let end = begin + copied;
        if end > i_size_read(task) {
            i_size_write(task, end);
        }
    });
}

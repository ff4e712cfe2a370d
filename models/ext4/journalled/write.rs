//! `ext4_write_begin` and `ext4_journalled_write_end`.

use machine::{Label, call};
use page_state::Folio;
use page_state::folio::{folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock};
use page_state::inode::i_size_read;

use super::buffers::{
    do_journal_get_write_access, ext4_journalled_zero_new_buffers, walk_page_buffers, write_end_fn,
    zero_new_buffers,
};
use super::{Journalled, WriteEnd};
use crate::ext4::begin::{
    abandon, ext4_block_write_begin, grab_with_handle, page_range, retry_journal, stop_and_trim,
};
use crate::ext4::truncate::{ext4_truncate_failed_write, ext4_update_inode_size, ext4_zero_partial_blocks};
use crate::generic::buffer::{block_write_begin, page_zero_new_buffers};
use crate::generic::truncate::pagecache_isize_extended;
use crate::jbd2::{Handle, journal_current_handle};
use crate::kernel::{Errno, Kernel};

#[track_caller]
pub(super) fn ext4_write_begin(fs: &Journalled, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    call(k.task.m, Label::new("ext4_write_begin", &[pos as i32, len as i32]), || {
        retry_journal(k, &|| begin_with_handle(fs, k, pos, len))
    })
}

fn begin_with_handle(fs: &Journalled, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
    let (from, to) = page_range(k, pos, len);
    let (folio, handle) = grab_with_handle(k, pos);
    if let Err(error) = block_write_begin_of(fs, k, handle, folio, (from, to)) {
        abandon(k, fs, folio, pos + len, ext4_truncate_failed_write);
        return Err(error);
    }
    walk_page_buffers(k, folio, (from, to), &|bh| do_journal_get_write_access(k, fs.write_end, handle, bh));
    Ok(folio)
}

/// What maps the buffers and fills the page around the write: `__block_write_begin`, since v6.12 ext4's own.
pub(super) fn block_write_begin_of(
    fs: &Journalled,
    k: &Kernel,
    handle: Handle,
    folio: Folio,
    (from, to): (usize, usize),
) -> Result<(), Errno> {
    if fs.write_end < WriteEnd::V6_13 {
        block_write_begin(k, fs, folio, from, to)
    } else {
        ext4_block_write_begin(k, fs, Some((fs.write_end, handle)), folio, (from, to))
    }
}

/// `ext4_journalled_write_end`.
#[track_caller]
pub(super) fn ext4_journalled_write_end(
    fs: &Journalled,
    k: &Kernel,
    pos: usize,
    len: usize,
    copied: usize,
    folio: Folio,
) -> Result<usize, Errno> {
    let text = match fs.write_end {
        WriteEnd::V4_2 | WriteEnd::V4_4 => write_end_v4_2,
        WriteEnd::SkipZeroing | WriteEnd::SkipZeroingAtEntry | WriteEnd::SkipZeroingWalk => {
            write_end_as_proposed
        }
        WriteEnd::V4_11
        | WriteEnd::V5_10
        | WriteEnd::V6_3
        | WriteEnd::V6_4
        | WriteEnd::V6_13
        | WriteEnd::V7_1 => write_end_v4_11,
    };
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(k.task.m, Label::new("ext4_journalled_write_end", &args), || {
        text(fs, k, pos, (len, copied), folio) as u8
    });
    Ok(usize::from(took))
}

fn write_end_v4_2(
    fs: &Journalled,
    k: &Kernel,
    pos: usize,
    (len, mut copied): (usize, usize),
    folio: Folio,
) -> usize {
    let task = &k.task;
    let handle = journal_current_handle(task, k.journal());
    let old_size = i_size_read(task);
    let (from, to) = page_range(k, pos, len);
    if copied < len {
        // Not needed: where all of the write is journalled, to take nothing is always allowed.
        if !folio_test_uptodate(task, folio) {
            copied = 0;
        }
        // b90197b65518 (v4.4)
        if fs.write_end == WriteEnd::V4_4 {
            zero_new_buffers(k, folio, from + copied, to);
        } else {
            page_zero_new_buffers(k, folio, from + copied, to);
        }
    }
    let partial = walk_page_buffers(k, folio, (from, to), &|bh| write_end_fn(k, fs.write_end, handle, bh));
    if !partial {
        // Not needed: a page that is never marked costs reads, and no data.
        folio_mark_uptodate(task, folio);
    }
    ext4_update_inode_size(k, pos + copied);
    folio_unlock(task, folio);
    folio_put(task, folio);
    if old_size < pos {
        pagecache_isize_extended(k, fs, old_size, pos);
    }
    stop_and_trim(k, fs, pos + len, ext4_truncate_failed_write);
    copied
}

/// v4.2 with the first ext4 patch of the thread, in three readings.
fn write_end_as_proposed(
    fs: &Journalled,
    k: &Kernel,
    pos: usize,
    (len, mut copied): (usize, usize),
    folio: Folio,
) -> usize {
    let task = &k.task;
    let handle = journal_current_handle(task, k.journal());
    let old_size = i_size_read(task);
    let (from, to) = page_range(k, pos, len);
    let mut nothing = copied == 0;
    if copied < len {
        // Not needed: where all of the write is journalled, to take nothing is always allowed.
        if !folio_test_uptodate(task, folio) {
            copied = 0;
        }
        if fs.write_end != WriteEnd::SkipZeroingAtEntry {
            nothing = copied == 0;
        }
        if !nothing {
            page_zero_new_buffers(k, folio, from + copied, to);
        }
    }
    if !nothing || fs.write_end == WriteEnd::SkipZeroingWalk {
        let partial =
            walk_page_buffers(k, folio, (from, to), &|bh| write_end_fn(k, fs.write_end, handle, bh));
        if !partial {
            // Not needed: a page that is never marked costs reads, and no data.
            folio_mark_uptodate(task, folio);
        }
        ext4_update_inode_size(k, pos + copied);
    }
    folio_unlock(task, folio);
    folio_put(task, folio);
    if old_size < pos {
        pagecache_isize_extended(k, fs, old_size, pos);
    }
    stop_and_trim(k, fs, pos + len, ext4_truncate_failed_write);
    copied
}

/// 3b136499e906: what was not copied and is not new is not journalled.
fn write_end_v4_11(
    fs: &Journalled,
    k: &Kernel,
    pos: usize,
    (len, mut copied): (usize, usize),
    folio: Folio,
) -> usize {
    let task = &k.task;
    let handle = journal_current_handle(task, k.journal());
    let old_size = i_size_read(task);
    let (from, to) = page_range(k, pos, len);
    if copied < len && !folio_test_uptodate(task, folio) {
        copied = 0;
        ext4_journalled_zero_new_buffers(k, fs.write_end, handle, folio, (from, to));
    } else {
        if copied < len {
            ext4_journalled_zero_new_buffers(k, fs.write_end, handle, folio, (from + copied, to));
        }
        let written = (from, from + copied);
        let partial = walk_page_buffers(k, folio, written, &|bh| write_end_fn(k, fs.write_end, handle, bh));
        if !partial {
            // Not needed: a page that is never marked costs reads, and no data.
            folio_mark_uptodate(task, folio);
        }
    }
    ext4_update_inode_size(k, pos + copied);
    folio_unlock(task, folio);
    folio_put(task, folio);
    if old_size < pos {
        pagecache_isize_extended(k, fs, old_size, pos);
        // c7fc0366c656 (v6.13), until 3f60efd65412 (v7.1)
        if fs.write_end == WriteEnd::V6_13 {
            ext4_zero_partial_blocks(k, fs, handle, old_size, pos);
        }
    }
    stop_and_trim(k, fs, pos + len, ext4_truncate_failed_write);
    copied
}

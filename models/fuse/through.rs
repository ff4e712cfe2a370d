//! Writing through: `fuse_perform_write` with `fuse_fill_write_pages` and `fuse_send_write_pages`
//! (`fs/fuse/file.c`), v4.1 to v6.18. It is a caller of its own; nothing in it looks for a fatal signal.
//!
//! Left out: `max_write`, servers without `big_writes`, large folios (v6.16).

use fault::{IovIter, Position, Segment};
use machine::{Flow, Label, again, call};
use page_state::Folio;
use page_state::folio::{
    filemap_get_folio, filemap_remove_folio, folio_in_cache, folio_lock, folio_mark_uptodate, folio_put,
    folio_test_uptodate, folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::reach;

use super::pages::fuse_wait_on_page_writeback;
use super::{Fuse, Text};
use crate::generic::filemap::grab_cache_page;
use crate::generic::mmap::unmap_mapping_folio;
use crate::generic::perform_write::{copy_atomic, in_page, prefault};
use crate::generic::server;
use crate::kernel::{Errno, Kernel, Request};

/// A page that was filled: from which unit on, and how many of them.
type Filled = (Folio, usize, usize);

/// `fuse_perform_write`: pages are filled and sent, batch by batch; the size is raised after the last.
#[track_caller]
pub(super) fn fuse_perform_write(k: &Kernel, fs: &Fuse, request: Request) -> Result<usize, Errno> {
    let Request { pos, len } = request;
    let task = &k.task;
    let segments = k.segments(request);
    let result = call(task.m, Label::new("fuse_perform_write", &[pos as i32, len as i32]), || {
        let size = i_size_read(task);
        if fs.text >= Text::V7_3 && pos > size {
            truncate_pagecache_range(k, size, pos);
        }
        let first = (0_u8, Position::default());
        let (written, error) = again(task.m, Label::new("do", &[]), first, |(written, at)| {
            let begin = pos + usize::from(written);
            match write_pages(k, fs, (begin, len - usize::from(written)), (&segments, at)) {
                Err(error) => Flow::Done((written, Some(error))),
                Ok((count, at)) => {
                    let written = written + count;
                    if usize::from(written) == len {
                        Flow::Done((written, None))
                    } else {
                        Flow::Again((written, at))
                    }
                }
            }
        });
        if written > 0 {
            let end = pos + usize::from(written);
            if end > i_size_read(task) {
                i_size_write(task, end);
            }
        }
        match error {
            Some(error) if written == 0 => Err(error),
            _ => Ok(written),
        }
    });
    result.map(usize::from)
}

/// One batch: `fuse_fill_write_pages`, and `fuse_send_write_pages` of what came of it. Gives how much it is, and
/// where the source stands then.
fn write_pages(
    k: &Kernel,
    fs: &Fuse,
    (begin, len): (usize, usize),
    (segments, at): (&[Segment], Position),
) -> Result<(u8, Position), Errno> {
    let text = if fs.text < Text::V5_13 { write_pages_v4_1 } else { write_pages_v5_13 };
    call(k.task.m, Label::new("fuse_fill_write_pages", &[begin as i32, len as i32]), || {
        text(k, fs, (begin, len), (segments, at))
    })
}

/// All pages stay locked until they are sent.
fn write_pages_v4_1(
    k: &Kernel,
    fs: &Fuse,
    (begin, len): (usize, usize),
    (segments, at): (&[Segment], Position),
) -> Result<(u8, Position), Errno> {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let mut filled: Vec<Filled> = Vec::new();
    let (mut count, mut source) = (0, IovIter::new(segments, at));
    while count < len {
        let pos = begin + count;
        match fill_page(k, fs, pos, in_page(k, pos, len - count), (segments, source.at)) {
            Err(error) if count == 0 => return Err(error),
            Err(_) => break,
            Ok((copied, folio)) => {
                let copied = usize::from(copied);
                source = source.advance(copied);
                filled.push((folio, pos % units, copied));
                count += copied;
                if (pos + copied) % units != 0 {
                    break;
                }
            }
        }
    }
    call(task.m, Label::new("fuse_send_write_pages", &[filled.len() as i32]), || {
        send_write_pages(k, fs, &filled);
        for &(folio, _, count) in &filled {
            if count == units {
                folio_mark_uptodate(task, folio);
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
        }
    });
    Ok((count as u8, source.at))
}

/// 4f06dd92b5d0: a page that is not uptodate is the last, and stays locked.
fn write_pages_v5_13(
    k: &Kernel,
    fs: &Fuse,
    (begin, len): (usize, usize),
    (segments, at): (&[Segment], Position),
) -> Result<(u8, Position), Errno> {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let mut filled: Vec<Filled> = Vec::new();
    let (mut count, mut source) = (0, IovIter::new(segments, at));
    let mut last_is_locked = false;
    while count < len {
        let pos = begin + count;
        match fill_page(k, fs, pos, in_page(k, pos, len - count), (segments, source.at)) {
            Err(error) if count == 0 => return Err(error),
            Err(_) => break,
            Ok((copied, folio)) => {
                let copied = usize::from(copied);
                source = source.advance(copied);
                filled.push((folio, pos % units, copied));
                count += copied;
                if copied == units {
                    // Not needed: unmarked, it stays locked until it is sent, and is read from the server then.
                    folio_mark_uptodate(task, folio);
                }
                // Not needed: with each page locked until it is sent a batch is one page, which is slower.
                last_is_locked = !folio_test_uptodate(task, folio);
                if last_is_locked {
                    break;
                }
                folio_unlock(task, folio);
                if (pos + copied) % units != 0 {
                    break;
                }
            }
        }
    }
    call(task.m, Label::new("fuse_send_write_pages", &[filled.len() as i32]), || {
        send_write_pages(k, fs, &filled);
        for (i, &(folio, ..)) in filled.iter().enumerate() {
            if last_is_locked && i + 1 == filled.len() {
                folio_unlock(task, folio);
            }
            folio_put(task, folio);
        }
    });
    Ok((count as u8, source.at))
}

/// `fuse_send_write_pages`, until the server has what was filled.
fn send_write_pages(k: &Kernel, fs: &Fuse, filled: &[Filled]) {
    for &(folio, ..) in filled {
        // Not needed: since v6.16 both requests take their data from the page itself, as it is when they are sent.
        fuse_wait_on_page_writeback(k, fs.text, folio);
    }
    for &(folio, from, count) in filled {
        server::write(k, folio, from, from + count);
    }
}

/// One page, which is not read: it is filled until something is copied. Gives how much that is, and the page, locked.
fn fill_page(
    k: &Kernel,
    fs: &Fuse,
    pos: usize,
    bytes: usize,
    (segments, at): (&[Segment], Position),
) -> Result<(u8, Folio), Errno> {
    let text = match fs.text {
        Text::V4_1 | Text::V4_4 | Text::V4_9 | Text::V5_13 => fill_page_v4_1,
        Text::V5_18 | Text::V6_11 => fill_page_v5_18,
        Text::V6_16 | Text::V7_3 => fill_page_v6_16,
    };
    again(k.task.m, Label::new("again", &[pos as i32]), (bytes as u8, at), |(bytes, at)| {
        text(k, fs, pos, bytes.into(), IovIter::new(segments, at))
    })
}

/// A round of it: what it comes to, else how much is tried next, and where the source stands then.
type Round = Flow<(u8, Position), Result<(u8, Folio), Errno>>;

fn fill_page_v4_1(k: &Kernel, fs: &Fuse, pos: usize, bytes: usize, source: IovIter) -> Round {
    // Any unit that can't be read is an error.
    if prefault(k, fs, source, bytes) > 0 {
        return Flow::Done(Err(Errno::Efault));
    }
    if let Some(filled) = copy_to_page(k, fs, pos, bytes, source) {
        return Flow::Done(Ok(filled));
    }
    // 3ca8138f014a (v4.4): empty segments are stepped over first.
    let source = if fs.text >= Text::V4_4 { source.advance(0) } else { source };
    Flow::Again((bytes.min(source.single_seg_count()) as u8, source.at))
}

fn fill_page_v5_18(k: &Kernel, fs: &Fuse, pos: usize, bytes: usize, source: IovIter) -> Round {
    // Any unit that can't be read is an error.
    if prefault(k, fs, source, bytes) > 0 {
        return Flow::Done(Err(Errno::Efault));
    }
    if let Some(filled) = copy_to_page(k, fs, pos, bytes, source) {
        return Flow::Done(Ok(filled));
    }
    Flow::Again((bytes as u8, source.advance(0).at))
}

/// faa794dd2e17: the source is faulted in after a copy of nothing.
fn fill_page_v6_16(k: &Kernel, fs: &Fuse, pos: usize, bytes: usize, source: IovIter) -> Round {
    if let Some(filled) = copy_to_page(k, fs, pos, bytes, source) {
        return Flow::Done(Ok(filled));
    }
    // Any unit that can't be read is an error.
    if prefault(k, fs, source, bytes) > 0 {
        return Flow::Done(Err(Errno::Efault));
    }
    Flow::Again((bytes as u8, source.advance(0).at))
}

/// The copy, with faults off, to the page, which stays locked; it is let go where nothing was copied.
fn copy_to_page(k: &Kernel, fs: &Fuse, pos: usize, bytes: usize, source: IovIter) -> Option<(u8, Folio)> {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    let folio = grab_cache_page(task, pos / units);
    let copied = copy_atomic(k, fs, &source.addresses(bytes), folio, pos % units);
    if copied == 0 {
        folio_unlock(task, folio);
        folio_put(task, folio);
        return None;
    }
    if copied == bytes {
        reach(task, "full copy");
    }
    Some((copied as u8, folio))
}

/// `truncate_pagecache_range` of the units `from..to`: whole pages go, and parts of pages are zeroed.
fn truncate_pagecache_range(k: &Kernel, from: usize, to: usize) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    call(task.m, Label::new("truncate_pagecache_range", &[from as i32, to as i32]), || {
        for index in from / units..to.div_ceil(units) {
            let Some(folio) = filemap_get_folio(task, index) else { continue };
            let start = index * units;
            let (first, last) = (from.max(start) - start, to.min(start + units) - start);
            folio_lock(task, folio);
            if folio_in_cache(task, folio) {
                folio_wait_writeback(task, folio);
                if last - first < units {
                    folio_zero_segment(task, folio, first, last);
                } else {
                    unmap_mapping_folio(k, folio);
                    page_state::folio::folio_clear_dirty(task, folio);
                    filemap_remove_folio(task, folio, false);
                }
            }
            folio_unlock(task, folio);
            folio_put(task, folio);
        }
    });
}

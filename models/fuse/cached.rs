//! The writeback cache: `fuse_write_begin` and `fuse_write_end` (`fs/fuse/file.c`), v4.2 to v6.16. Since v6.17 it
//! is iomap's.

use machine::{Label, call};
use page_state::Folio;
use page_state::folio::{
    folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};

use super::Text;
use super::pages::{fuse_do_readpage, fuse_wait_on_page_writeback};
use crate::generic::filemap::grab_cache_page;
use crate::kernel::Kernel;

/// `fuse_write_begin`: the page is read, unless all of it is to be written or nothing of it is in the file.
#[track_caller]
pub(super) fn fuse_write_begin(k: &Kernel, text: Text, pos: usize, len: usize) -> Folio {
    let task = &k.task;
    call(task.m, Label::new("fuse_write_begin", &[pos as i32, len as i32]), || {
        let units = task.storage.geometry.page_units();
        let folio = grab_cache_page(task, pos / units);
        // Not needed: what changes while it is sent is dirty again, and sent once more.
        fuse_wait_on_page_writeback(k, text, folio);
        if folio_test_uptodate(task, folio) || len == units {
            return folio;
        }
        // Not needed: read instead, a page behind the end is zeros from the server, too.
        if i_size_read(task) <= folio.index * units {
            folio_zero_segment(task, folio, 0, pos % units);
        } else {
            fuse_do_readpage(k, text, folio);
        }
        folio
    })
}

/// `fuse_write_end`: a page that is not uptodate gets zeros behind what was copied.
#[track_caller]
pub(super) fn fuse_write_end(
    k: &Kernel,
    text: Text,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let task = &k.task;
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("fuse_write_end", &args), || {
        if copied > 0 || text < Text::V4_9 {
            take(k, pos, copied, folio);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        copied as u8
    });
    usize::from(took)
}

fn take(k: &Kernel, pos: usize, copied: usize, folio: Folio) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    if !folio_test_uptodate(task, folio) {
        // Where the page begins or ends there is nothing behind: so it reads.
        let end = (pos + copied) % units;
        if end > 0 {
            folio_zero_segment(task, folio, end, units);
        }
        folio_mark_uptodate(task, folio);
    }
    let end = pos + copied;
    if end > i_size_read(task) {
        i_size_write(task, end);
    }
    folio_mark_dirty(task, folio);
}

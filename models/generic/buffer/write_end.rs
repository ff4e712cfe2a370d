//! How `fs/buffer.c` ends a write, v4.2; v6.12 is the same in what is modelled.

use machine::{Label, call};
use page_state::Folio;
use page_state::buffer::{
    buffer_uptodate, buffers, clear_buffer_new, mark_buffer_dirty, set_buffer_uptodate,
};
use page_state::folio::{folio_mark_uptodate, folio_put, folio_test_uptodate, folio_unlock};
use page_state::inode::{i_size_read, i_size_write};

use super::{is_outside, page_zero_new_buffers};
use crate::file_system::FileSystem;
use crate::generic::truncate::pagecache_isize_extended;
use crate::kernel::Kernel;

/// `__block_commit_write`: each buffer that `from..to` touches becomes uptodate and dirty, and is not new
/// any more; the page becomes uptodate if all its buffers are.
#[track_caller]
pub fn block_commit_write(k: &Kernel, folio: Folio, from: usize, to: usize) {
    let task = &k.task;
    call(task.m, Label::new("block_commit_write", &[from as i32, to as i32]), || {
        let mut partial = false;
        for bh in buffers(task, folio) {
            if is_outside(k, bh, from, to) {
                // Not needed: a page that is not marked is filled again, but for the buffers that are uptodate.
                partial = !buffer_uptodate(task, bh) || partial;
            } else {
                set_buffer_uptodate(task, bh);
                mark_buffer_dirty(task, bh);
            }
            clear_buffer_new(task, bh); // Not needed: the next write_begin does.
        }
        if !partial {
            // Not needed: a page that is not marked is filled again, but for the buffers that are uptodate.
            folio_mark_uptodate(task, folio);
        }
    });
}

/// `block_write_end`: a short copy into a page that is not uptodate counts as nothing, and new buffers
/// behind what was copied are zeroed. Gives what was taken.
#[track_caller]
pub fn block_write_end(k: &Kernel, folio: Folio, (from, len): (usize, usize), copied: usize) -> usize {
    let task = &k.task;
    let (len8, copied8) = (len as i32, copied as i32);
    let took = call(task.m, Label::new("block_write_end", &[from as i32, len8, copied8]), || {
        let mut copied = copied;
        if copied < len {
            if !folio_test_uptodate(task, folio) {
                copied = 0;
            }
            page_zero_new_buffers(k, folio, from + copied, from + len);
        }
        block_commit_write(k, folio, from, from + copied);
        copied as u8
    });
    usize::from(took)
}

/// `generic_write_end`: the size is raised by what was taken while the page is locked.
#[track_caller]
pub fn generic_write_end(
    k: &Kernel,
    fs: &dyn FileSystem,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
) -> usize {
    let task = &k.task;
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("generic_write_end", &args), || {
        let from = pos % task.storage.geometry.page_units();
        let old_size = i_size_read(task);
        let copied = block_write_end(k, folio, (from, len), copied);
        let end = pos + copied;
        if end > old_size {
            i_size_write(task, end);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        if old_size < pos {
            pagecache_isize_extended(k, fs, old_size, pos);
        }
        if end > old_size {
            fs.dirty_inode(k);
        }
        copied as u8
    });
    usize::from(took)
}

//! How ocfs2 writes pages back.

use machine::{Label, call};
use page_state::folio::{filemap_get_folio, folio_put, folio_wait_writeback};

use crate::file_system::FileSystem;
use crate::generic::writeback::write_cache_pages;
use crate::kernel::Kernel;

/// `journal_submit_data_buffers` and `journal_finish_inode_data_buffers`: writes the file's dirty pages, and waits for
/// those that somebody else is writing.
#[track_caller]
pub(super) fn journal_submit_data_buffers(k: &Kernel, fs: &dyn FileSystem) {
    let task = &k.task;
    call(task.m, Label::new("journal_submit_data_buffers", &[]), || {
        write_cache_pages(k, fs);
        for index in 0..task.storage.geometry.pages() {
            let Some(folio) = filemap_get_folio(task, index) else { continue };
            folio_wait_writeback(task, folio);
            folio_put(task, folio);
        }
    });
}

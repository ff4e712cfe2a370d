//! `nfs_write_begin` and `nfs_write_end` (`fs/nfs/file.c`), v4.2 to v7.2.
//!
//! Each write finds out for itself whether the file is opened for reading, too.
//!
//! Left out: delegations, file locks, revalidation of attributes and the invalidation that follows, pNFS, fscache,
//! `launder_folio`, and what [`super::request`] says.

use machine::{Action, Flow, Label, Layout, Order, Place, Step, again, call};
use page_state::folio::{
    filemap_get_folio, folio_in_cache, folio_lock, folio_mark_uptodate, folio_put, folio_test_uptodate,
    folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::{store, test};
use page_state::{Folio, Storage};

use super::request::{
    folio_test_private, nfs_page_async_flush, nfs_page_length, nfs_updatepage, nfs_wb_page,
    nfs_wb_page_cancel,
};
use crate::file_system::{FileSystem, Nature};
use crate::generic::filemap::grab_cache_page;
use crate::generic::mmap::folio_mkclean_tells;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::server;
use crate::generic::truncate::truncate_inode_pages;
use crate::generic::writeback::filemap_write_and_wait;
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// Whose text it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Text {
    /// `nfs_write_end` looks at what was asked for, and nothing copied is a request, too.
    V4_2,
    /// 149a4fddd0a7: a request is of something.
    V4_8,
    /// c0cf3ef5e0f4: `nfs_write_end` looks at what was copied.
    V4_10,
    /// b7b8574225e9: a page that is truncated in part is sent first. b1817b18ff20: what the last page holds behind the end is
    /// zeroed when the file grows.
    V6_17,
}

/// The NFS client.
#[derive(Clone, Copy, Debug)]
pub struct Nfs {
    /// Whose text it is.
    pub text: Text,
}

impl FileSystem for Nfs {
    fn nature(&self) -> Nature {
        Nature::REMOTE
    }

    fn declare(&self, layout: &mut Layout, _: &Storage) -> Vec<Place> {
        vec![layout.cell("opened for reading", 1, machine::show_number)]
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        let label = Label::new("opened for reading, too", &[]);
        let choice = Step::new(Action::Choose { of: 2 }, label);
        let reads = k.task.m.perform(choice.showing(|w| if w == 0 { "no" } else { "yes" }.to_owned()));
        store(&k.task, k.world.private[0], reads, Order::Relaxed, Label::new("open", &[]));
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        let task = &k.task;
        let folio = call(task.m, Label::new("nfs_write_begin", &[pos as i32, len as i32]), || {
            if self.text >= Text::V6_17 {
                nfs_truncate_last_folio(k, self, i_size_read(task), pos);
            }
            again(task.m, Label::new("start", &[]), false, |once_thru| {
                let folio = grab_cache_page(task, task.storage.geometry.page_of(pos));
                if !once_thru && nfs_want_read_modify_write(k, folio, pos, len) {
                    self.read_folio(k, folio);
                    folio_put(task, folio);
                    return Flow::Again(true);
                }
                Flow::Done(folio)
            })
        });
        Ok(folio)
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        let task = &k.task;
        let args = [pos as i32, len as i32, copied as i32];
        let took = call(task.m, Label::new("nfs_write_end", &args), || {
            let offset = pos % task.storage.geometry.page_units();
            // Not needed: what becomes zeros lies behind the end of the file, and in a page that is uptodate is
            // zeros.
            if !folio_test_uptodate(task, folio) {
                let end = offset + if self.text < Text::V4_10 { len } else { copied };
                self.fill(k, folio, offset, end);
            }
            nfs_updatepage(k, folio, offset, copied, self.text >= Text::V4_8);
            folio_unlock(task, folio);
            folio_put(task, folio);
            copied as u8
        });
        Ok(usize::from(took))
    }

    /// `nfs_readpage`; `nfs_read_folio` since v5.19.
    fn read_folio(&self, k: &Kernel, folio: Folio) {
        let task = &k.task;
        call(task.m, Label::new("nfs_readpage", &[]), || {
            nfs_wb_page(k, folio);
            // Not reached: who asks has looked with the page locked, and to send a request does not fill the page.
            if !folio_test_uptodate(task, folio) {
                // Not needed: the server has zeros behind the end, too.
                let length = nfs_page_length(k, folio);
                folio_zero_segment(task, folio, length, task.storage.geometry.page_units());
                if length > 0 {
                    server::read(task, folio, 0, length);
                }
                folio_mark_uptodate(task, folio);
            }
            folio_unlock(task, folio);
        });
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        nfs_page_async_flush(k, folio, true);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        let task = &k.task;
        call(task.m, Label::new("nfs_vm_page_mkwrite", &[]), || {
            folio_lock(task, folio);
            if folio_in_cache(task, folio) {
                folio_wait_writeback(task, folio);
                let length = nfs_page_length(k, folio);
                if length > 0 {
                    nfs_updatepage(k, folio, 0, length, true);
                    return VmFault::Locked;
                }
            }
            folio_unlock(task, folio);
            VmFault::NoPage
        })
    }

    /// `nfs_setattr`.
    fn truncate(&self, k: &Kernel, size: usize) {
        call(k.task.m, Label::new("nfs_setattr", &[size as i32]), || {
            let old_size = i_size_read(&k.task);
            if old_size == size {
                return;
            }
            filemap_write_and_wait(k, self);
            server::truncate(&k.task, size);
            i_size_write(&k.task, size);
            truncate_inode_pages(k, self, size);
            if self.text >= Text::V6_17 {
                nfs_truncate_last_folio(k, self, old_size, size);
            }
        });
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        if from == 0 {
            nfs_wb_page_cancel(k, folio);
        } else if self.text >= Text::V6_17 {
            nfs_wb_page(k, folio);
        }
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        !folio_test_private(&k.task, folio)
    }

    fn sync(&self, k: &Kernel) {
        filemap_write_and_wait(k, self);
    }
}

impl Nfs {
    /// What lies around the units `offset..end` of a page that is not uptodate becomes zeros where the file has
    /// nothing, and the page uptodate if nothing else is missing.
    fn fill(&self, k: &Kernel, folio: Folio, offset: usize, end: usize) {
        let task = &k.task;
        let units = task.storage.geometry.page_units();
        let length = nfs_page_length(k, folio);
        if length == 0 {
            folio_zero_segment(task, folio, 0, offset);
            folio_zero_segment(task, folio, end, units);
            // Not needed: unmarked, it is read from the server, after its request was sent.
            folio_mark_uptodate(task, folio);
        } else if end >= length {
            folio_zero_segment(task, folio, end, units);
            if offset == 0 {
                // Not needed: unmarked, it is read from the server, after its request was sent.
                folio_mark_uptodate(task, folio);
            }
        } else {
            // Not needed: the page is not uptodate, and who reads it zeroes what lies behind the end.
            folio_zero_segment(task, folio, length, units);
        }
    }
}

/// `nfs_truncate_last_folio`: the file grows from `from` to `to`; what its last page has in between is zeroed.
#[track_caller]
fn nfs_truncate_last_folio(k: &Kernel, fs: &Nfs, from: usize, to: usize) {
    let task = &k.task;
    if from >= to {
        return;
    }
    call(task.m, Label::new("nfs_truncate_last_folio", &[from as i32, to as i32]), || {
        let units = task.storage.geometry.page_units();
        let Some(folio) = filemap_get_folio(task, from / units) else { return };
        folio_lock(task, folio);
        if folio_in_cache(task, folio) {
            if folio_mkclean_tells(k, folio) {
                fs.dirty_folio(k, folio);
            }
            if folio_test_uptodate(task, folio) {
                folio_zero_segment(task, folio, from % units, (to - folio.index * units).min(units));
            }
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

/// `nfs_want_read_modify_write`: whether the page is read before it is written to.
#[track_caller]
fn nfs_want_read_modify_write(k: &Kernel, folio: Folio, pos: usize, len: usize) -> bool {
    let task = &k.task;
    call(task.m, Label::new("nfs_want_read_modify_write", &[]), || {
        let offset = pos % task.storage.geometry.page_units();
        // Not needed: a page may be read before a write or not: what it has to send is sent first, and what was not
        // read is not marked uptodate.
        if folio_test_uptodate(task, folio) || folio_test_private(task, folio) {
            return false;
        }
        // Not needed: it decides whether the page is read first, as above.
        let length = nfs_page_length(k, folio);
        let is_full_write = length == 0 || (offset == 0 && len >= length);
        let label = Label::new("FMODE_READ", &[]);
        // Not needed: it decides whether the page is read first, as above.
        !is_full_write && test(task, k.world.private[0], 1, Order::Relaxed, label)
    })
}

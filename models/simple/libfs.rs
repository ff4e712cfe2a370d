//! `simple_write_begin` and `simple_write_end` (`fs/libfs.c`), v2.6.20 to v6.12, and what a file system that
//! is in memory only needs beside them.

use machine::{Label, call};
use page_state::Folio;
use page_state::folio::{
    folio_in_cache, folio_lock, folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_uptodate,
    folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write};

use super::shmem::{shmem_write_begin, shmem_write_end};
use crate::file_system::{FileSystem, Medium, Nature};
use crate::generic::filemap::grab_cache_page;
use crate::generic::perform_write::generic_perform_write;
use crate::generic::truncate::truncate_inode_pages;
use crate::kernel::{Errno, Kernel, Request, VmFault};

/// Whose text it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Text {
    /// `simple_prepare_write` marks the page uptodate.
    V2_6_20,
    /// `simple_commit_write` does (55144768e100).
    V2_6_21,
    /// `simple_write_end` zeroes what a short copy left out, whatever the page.
    V4_2,
    /// It does so only where the page is not uptodate.
    V4_10,
    /// tmpfs.
    Shmem,
}

/// A file system in memory.
#[derive(Clone, Copy, Debug)]
pub struct Simple {
    /// Whose text it is.
    pub text: Text,
}

impl FileSystem for Simple {
    fn nature(&self) -> Nature {
        Nature { medium: Medium::Memory, ..Nature::REMOTE }
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        match self.text {
            Text::Shmem => Ok(shmem_write_begin(k, pos, len)),
            text => Ok(simple_write_begin(k, pos, len, text)),
        }
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        match self.text {
            Text::Shmem => Ok(shmem_write_end(k, pos, len, copied, folio)),
            text => Ok(simple_write_end(k, pos, (len, copied), folio, text)),
        }
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        simple_read_folio(k, folio);
    }

    fn writepage(&self, _: &Kernel, _: Folio) {
        panic!("what is in memory only has nowhere to be written to")
    }

    /// There is none: the page stays locked from the fault on.
    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        call(k.task.m, Label::new("do_shared_fault: folio locked", &[]), || {
            folio_lock(&k.task, folio);
            if folio_in_cache(&k.task, folio) {
                return VmFault::Locked;
            }
            folio_unlock(&k.task, folio);
            VmFault::NoPage
        })
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        call(k.task.m, Label::new("truncate_setsize", &[size as i32]), || {
            i_size_write(&k.task, size);
            truncate_inode_pages(k, self, size);
        });
    }

    fn invalidate_folio(&self, _: &Kernel, _: Folio, _: usize) -> bool {
        false
    }

    fn release_folio(&self, _: &Kernel, _: Folio) -> bool {
        panic!("what is in memory only stays in the page cache")
    }

    fn sync(&self, _: &Kernel) {
        panic!("what is in memory only has nothing to sync with")
    }
}

/// `simple_write_begin`; `simple_prepare_write` before v2.6.24. What a page that is not uptodate has outside
/// of the write becomes zeros.
#[track_caller]
fn simple_write_begin(k: &Kernel, pos: usize, len: usize, text: Text) -> Folio {
    let task = &k.task;
    call(task.m, Label::new("simple_write_begin", &[pos as i32, len as i32]), || {
        let units = task.storage.geometry.page_units();
        let folio = grab_cache_page(task, pos / units);
        if !folio_test_uptodate(task, folio) {
            let from = pos % units;
            folio_zero_segment(task, folio, 0, from);
            folio_zero_segment(task, folio, from + len, units);
            if text == Text::V2_6_20 {
                folio_mark_uptodate(task, folio);
            }
        }
        folio
    })
}

/// `simple_write_end`; `simple_commit_write` before v2.6.24, which is told the whole length. It never takes
/// less than was copied: what is missing is zeros from now on.
#[track_caller]
fn simple_write_end(
    k: &Kernel,
    pos: usize,
    (len, copied): (usize, usize),
    folio: Folio,
    text: Text,
) -> usize {
    let task = &k.task;
    let args = [pos as i32, len as i32, copied as i32];
    let took = call(task.m, Label::new("simple_write_end", &args), || {
        let from = pos % task.storage.geometry.page_units();
        let uptodate = folio_test_uptodate(task, folio);
        if text == Text::V4_2 || !uptodate {
            folio_zero_segment(task, folio, from + copied, from + len);
        }
        if !uptodate {
            folio_mark_uptodate(task, folio);
        }
        let end = pos + copied;
        if end > i_size_read(task) {
            i_size_write(task, end);
        }
        folio_mark_dirty(task, folio); // Not needed: in memory only there is neither writeback nor reclaim.
        folio_unlock(task, folio);
        folio_put(task, folio);
        copied as u8
    });
    usize::from(took)
}

/// `simple_read_folio`: what was never written is zeros.
#[track_caller]
fn simple_read_folio(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, Label::new("simple_read_folio", &[]), || {
        folio_zero_segment(task, folio, 0, task.storage.geometry.page_units());
        folio_mark_uptodate(task, folio);
        folio_unlock(task, folio);
    });
}

//! What can happen to the source meanwhile: `munmap`, `madvise`, reclaim, a truncation of the mapped file.

use machine::{Label, call};
use page_state::Task;

use crate::address_space::{
    AddressSpace, GONE, detach_vma, free_anonymous, mmap_read_lock, mmap_read_unlock, mmap_write_downgrade,
    mmap_write_lock, mmap_write_unlock, zap_entry,
};

/// Unmaps the pages of the source: VMAs first, then entries, then frames (`munmap(2)`).
#[track_caller]
pub fn munmap(task: &Task, mm: &AddressSpace, pages: std::ops::Range<usize>) {
    call(task.m, Label::new("munmap", &[pages.start as i32, pages.end as i32]), || {
        mmap_write_lock(task, mm);
        for page in pages.clone() {
            detach_vma(task, mm, page);
        }
        if mm.downgrades {
            mmap_write_downgrade(task, mm);
        }
        for page in pages.clone() {
            zap_entry(task, mm, page, 0);
            free_anonymous(task, mm, page);
        }
        if mm.downgrades {
            mmap_read_unlock(task, mm);
        } else {
            mmap_write_unlock(task, mm);
        }
    });
}

/// Drops the pages of the source; a later access faults them in again (`madvise(MADV_DONTNEED)` of a
/// mapping whose data is kept elsewhere).
#[track_caller]
pub fn madvise_dontneed(task: &Task, mm: &AddressSpace, pages: std::ops::Range<usize>) {
    call(task.m, Label::new("madvise_dontneed", &[pages.start as i32, pages.end as i32]), || {
        mmap_read_lock(task, mm);
        for page in pages.clone() {
            zap_entry(task, mm, page, 0);
        }
        mmap_read_unlock(task, mm);
    });
}

/// Reclaim takes a page of the source out of the page tables, without the mmap lock.
#[track_caller]
pub fn try_to_unmap(task: &Task, mm: &AddressSpace, page: usize) {
    call(task.m, Label::new("try_to_unmap", &[page as i32]), || zap_entry(task, mm, page, 0));
}

/// The file that the source maps is truncated to nothing: entries go, and a later access is `SIGBUS`.
#[track_caller]
pub fn truncate_source(task: &Task, mm: &AddressSpace, pages: std::ops::Range<usize>) {
    call(task.m, Label::new("truncate_source", &[pages.start as i32, pages.end as i32]), || {
        for page in pages.clone() {
            zap_entry(task, mm, page, GONE);
        }
    });
}

//! The page cache: `include/linux/{pagemap,mm,highmem,page-flags}.h`, `mm/filemap.c`.
//!
//! `struct page` and `struct folio` are one object: a page of the page cache.

use c_run::Stop;
use c_text::IntType;
use models::Medium;
use models::generic::filemap::grab_cache_page;
use models::generic::truncate::{pagecache_isize_extended, truncate_inode_pages};
use page_state::Folio;
use page_state::folio::{
    folio_in_cache, folio_lock, folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_dirty,
    folio_test_uptodate, folio_test_writeback, folio_unlock, folio_wait_writeback, folio_zero_segment,
};

use crate::front_end::{
    Assumption, Here, Inode, Mapping, Nothing, PAGE_BEHIND, Table, constants, loads, truncate_setsize, words,
};

/// The words of the page cache.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        __filemap_get_folio | write_begin_get_folio | grab_cache_page_write_begin | pagecache_get_page (index: usize) -> Folio
            => grab(w, index)?;
        folio_lock | lock_page (folio | page: Folio) => folio_lock(w.task(), folio);
        folio_unlock | unlock_page (folio | page: Folio) => folio_unlock(w.task(), folio);
        folio_put | put_page (folio | page: Folio) => folio_put(w.task(), folio);
        folio_test_uptodate | PageUptodate (folio | page: Folio) -> bool => folio_test_uptodate(w.task(), folio);
        folio_mark_uptodate | SetPageUptodate (folio | page: Folio) => folio_mark_uptodate(w.task(), folio);
        folio_test_dirty | PageDirty (folio | page: Folio) -> bool => folio_test_dirty(w.task(), folio);
        folio_mark_dirty | set_page_dirty (folio | page: Folio) -> bool => {
            folio_mark_dirty(w.task(), folio);
            true
        };
        folio_test_writeback | PageWriteback (folio | page: Folio) -> bool => folio_test_writeback(w.task(), folio);
        folio_wait_writeback | wait_on_page_writeback (folio | page: Folio) => folio_wait_writeback(w.task(), folio);
        folio_wait_stable | wait_for_stable_page (folio | page: Folio) => folio_wait_writeback(w.task(), folio);
        // Whoever asks holds it, in what is run of the text.
        folio_test_locked | PageLocked (folio | page: Folio) -> bool => true;
        folio_zero_segments | zero_user_segments (folio | page: Folio, start1: usize, xend1 | end1: usize, start2: usize, xend2 | end2: usize) => {
            folio_zero_segment(w.task(), folio, start1, xend1);
            folio_zero_segment(w.task(), folio, start2, xend2);
        };
        folio_zero_segment | zero_user_segment (folio | page: Folio, start: usize, xend | end: usize)
            => folio_zero_segment(w.task(), folio, start, xend);
        folio_zero_range | zero_user (folio | page: Folio, start: usize, length | size: usize)
            => folio_zero_segment(w.task(), folio, start, start + length);
        truncate_setsize (newsize: usize) => truncate_setsize(&w.k, w.fs, newsize);
        pagecache_isize_extended (from: usize, to: usize) => pagecache_isize_extended(&w.k, w.fs, from, to);
        truncate_pagecache (newsize | new: usize) => truncate_inode_pages(&w.k, w.fs, newsize);
        // One page, and nothing of it elsewhere.
        page_folio (page: Folio) -> Folio => page;
        folio_file_page (folio: Folio) -> Folio => folio;
        folio_page (folio: Folio, n: usize) -> Folio => folio;
        compound_head (page: Folio) -> Folio => page;
        folio_size (folio: Folio) -> u64 => w.page_units() as u64;
        folio_shift (folio: Folio) -> i32 => w.geometry().page_shift as i32;
        folio_nr_pages (folio: Folio) -> i64 => 1;
        folio_test_large | folio_test_hugetlb (folio: Folio) -> bool => false;
        folio_pos | page_offset (folio | page: Folio) -> i64 => (folio.index * w.page_units()) as i64;
        folio_index | page_index (folio | page: Folio) -> u64 => folio.index as u64;
        offset_in_folio (folio: Folio, p: i64) -> u64 => within_page(w, p);
        offset_in_page (p: i64) -> u64 => within_page(w, p);
        offset_in_thp (page: Folio, p: i64) -> u64 => within_page(w, p);
        mapping_max_folio_size (mapping: Mapping) -> u64 => w.page_units() as u64;
        i_blocksize (node | inode: Inode) -> u32 => w.geometry().block_units() as u32;
        page_has_private | folio_test_private (folio | page: Folio) -> bool => crate::buffer::has_buffers(w, folio)?;
    },
    constants: constants! { w;
        PAGE_SIZE: u64 = w.page_units() as u64;
        PAGE_SHIFT: i32 = w.geometry().page_shift as i32;
        PAGE_MASK: u64 = !(w.page_units() as u64 - 1);
        // Allocations don't fail here, whatever they may do.
        GFP_KERNEL: u32 = 0;
        GFP_NOFS: u32 = 0;
        GFP_NOWAIT: u32 = 0;
        GFP_NOIO: u32 = 0;
        __GFP_FS: u32 = 0;
        __GFP_NOFAIL: u32 = 0;
        __GFP_ACCOUNT: u32 = 0;
        __GFP_MOVABLE: u32 = 0;
    },
    loads: loads! { w;
        "folio.mapping"(folio: Folio) => if folio_in_cache(w.task(), folio) { Some(Mapping) } else { None };
        "folio.index"(folio: Folio) => folio.index as u64;
    },
    same: &["folio.page"],
    nothing: &[
        Nothing {
            reason: "statistics, throttling",
            names: "balance_dirty_pages_ratelimited balance_dirty_pages_ratelimited_flags",
        },
        Nothing {
            reason: "the state of a page for reclaim",
            names: "mark_page_accessed folio_mark_accessed touch_buffer",
        },
    ],
    assumptions: &[
        Assumption {
            name: "mapping_writably_mapped",
            value: 0,
            reason: "caches that are told by their address need no flush",
        },
        Assumption { name: "mapping_gfp_mask", value: 0, reason: "allocations don't fail" },
        Assumption { name: "mapping_gfp_constraint", value: 0, reason: "allocations don't fail" },
        Assumption { name: "mapping_large_folio_support", value: 0, reason: "every folio is a page" },
        Assumption { name: "folio_contain_hwpoisoned_page", value: 0, reason: "memory does not fail" },
        Assumption { name: "PageHWPoison", value: 0, reason: "memory does not fail" },
        Assumption { name: "PageTransCompound", value: 0, reason: "every folio is a page" },
        Assumption { name: "memalloc_nofs_save", value: 0, reason: "allocations don't fail" },
    ],
    types: &[("pgoff_t", IntType::UNSIGNED_LONG)],
    ..Table::new("models/tables/mm.rs")
};

/// The page, locked and referenced; not under writeback, where the file system's device wants it stable.
fn grab(w: &Here<'_, '_>, index: usize) -> Result<Folio, Stop> {
    if index >= w.geometry().pages() {
        if w.request.len == 0 {
            return Err(w.refused(PAGE_BEHIND));
        }
        machine::bug("a write goes on behind the last page that it was asked for");
    }
    let folio = grab_cache_page(w.task(), index);
    if w.k.world.nature.medium != Medium::Memory {
        folio_wait_writeback(w.task(), folio);
    }
    Ok(folio)
}

fn within_page(w: &Here<'_, '_>, position: i64) -> u64 {
    position as u64 & (w.page_units() as u64 - 1)
}

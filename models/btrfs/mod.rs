//! btrfs: buffered writes with several pages locked at once, and copy on write beneath.

mod extent;
mod write;

use std::sync::Arc;

use machine::{Label, Layout, Place, call};
use page_state::folio::{
    folio_in_cache, folio_lock, folio_mark_dirty, folio_mark_uptodate, folio_put, folio_test_dirty,
    folio_test_uptodate, folio_test_writeback, folio_unlock, folio_wait_writeback, folio_zero_segment,
};
use page_state::inode::{i_size_read, i_size_write, map_block, set_disk_size, set_map, write_inode_now};
use page_state::{Folio, Geometry, Storage};

use self::extent::{clear_delalloc, has_ordered_extent, read_page, set_delalloc, wait_ordered_extent};
use crate::corpus::{Bug, Told};
use crate::family::{Path, Row};
use crate::file_system::{FileSystem, Nature};
use crate::generic::filemap::grab_cache_page;
use crate::generic::truncate::truncate_inode_pages;
use crate::generic::writeback::filemap_write_and_wait;
use crate::kernel::{Caller, Errno, Kernel, Request, VmFault};

/// Whose text it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Text {
    /// The source is faulted in, and the copy may fault, with the pages locked.
    V2_6_36,
    /// 914ee295af41, 31339acd07b4: the source is faulted in first, and a short copy into a page that is not uptodate
    /// counts as nothing.
    V2_6_38,
    /// b6316429af7f: after a copy of nothing the page is read.
    V3_1,
    /// 7703bdd8d23e: pages that are locked stay dirty.
    V4_20,
    /// Ordered extents are waited for beyond the end of the file, too.
    V5_18,
    /// c87c299776e4: one page at a time, and none is read that is written whole. da2dccd7451d: what lies between the end
    /// of the file and a write in the same block becomes zeros, too.
    V6_14,
}

/// btrfs.
#[derive(Clone, Copy, Debug)]
pub struct Btrfs {
    /// Whose text it is.
    pub text: Text,
    /// What was proposed in 2025 and not merged: the source is faulted in only after a copy of nothing.
    pub copies_first: bool,
}

impl FileSystem for Btrfs {
    fn nature(&self) -> Nature {
        Nature::COPY_ON_WRITE
    }

    fn declare(&self, layout: &mut Layout, storage: &Storage) -> Vec<Place> {
        extent::declare(layout, storage)
    }

    /// A block of the file has an extent in the tree, another one on disk, and one that it is being written to.
    fn disk_blocks(&self, geometry: Geometry) -> usize {
        3 * geometry.file_blocks()
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        write::btrfs_buffered_write(k, self, request)
    }

    fn looks_for_signals(&self, _: Caller) -> bool {
        false
    }

    fn write_begin(&self, _: &Kernel, _: usize, _: usize) -> Result<Folio, Errno> {
        panic!("btrfs has no write_begin")
    }

    fn write_end(&self, _: &Kernel, _: usize, _: usize, _: usize, _: Folio) -> Result<usize, Errno> {
        panic!("btrfs has no write_end")
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        read_page(k, folio);
        folio_unlock(&k.task, folio);
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        extent::extent_writepage(k, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        let task = &k.task;
        let units = task.storage.geometry.page_units();
        if write::btrfs_delalloc_reserve_space(k).is_err() {
            return VmFault::Sigbus;
        }
        machine::again(task.m, Label::new("btrfs_page_mkwrite", &[]), (), |()| {
            folio_lock(task, folio);
            let inside = i_size_read(task).saturating_sub(folio.index * units).min(units);
            if !folio_in_cache(task, folio) || inside == 0 {
                folio_unlock(task, folio);
                return machine::Flow::Done(VmFault::NoPage);
            }
            folio_wait_writeback(task, folio);
            if has_ordered_extent(k, folio.index) {
                folio_unlock(task, folio);
                wait_ordered_extent(k, folio.index);
                return machine::Flow::Again(());
            }
            set_delalloc(task, folio);
            folio_zero_segment(task, folio, inside, units);
            folio_mark_dirty(task, folio);
            folio_mark_uptodate(task, folio);
            machine::Flow::Done(VmFault::Locked)
        })
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        let task = &k.task;
        call(task.m, Label::new("btrfs_setsize", &[size as i32]), || {
            let old = i_size_read(task);
            if size > old {
                truncate_block(k, old);
                i_size_write(task, size);
                set_disk_size(task, size);
                return;
            }
            i_size_write(task, size);
            truncate_inode_pages(k, self, size);
            // btrfs_wait_ordered_range
            filemap_write_and_wait(k, self);
            let geometry = task.storage.geometry;
            for block in 0..geometry.file_blocks() {
                wait_ordered_extent(k, block);
            }
            set_disk_size(task, size);
            for block in geometry.blocks_of(size)..geometry.file_blocks() {
                if map_block(task, block).is_some() {
                    set_map(task, block, None);
                }
            }
        });
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        if from == 0 {
            folio_wait_writeback(&k.task, folio);
            clear_delalloc(&k.task, folio);
        }
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        // Not reached: who asks has the page locked, and has seen that it is not under writeback, or waited for that.
        !folio_test_writeback(&k.task, folio) && !folio_test_dirty(&k.task, folio)
    }

    /// `btrfs_commit_transaction`.
    fn write_inode(&self, k: &Kernel) {
        call(k.task.m, Label::new("btrfs_commit_transaction", &[]), || write_inode_now(&k.task));
    }

    fn sync(&self, k: &Kernel) {
        filemap_write_and_wait(k, self);
        for block in 0..k.task.storage.geometry.file_blocks() {
            wait_ordered_extent(k, block);
        }
        self.write_inode(k);
    }
}

impl Btrfs {
    /// `btrfs_cont_expand`, as a write that begins behind the end of the file calls it.
    #[track_caller]
    fn expand(&self, k: &Kernel, pos: usize) {
        let units = k.task.storage.geometry.page_units();
        let begin = if self.text >= Text::V6_14 { pos } else { pos / units * units };
        let size = i_size_read(&k.task);
        if begin > size {
            truncate_block(k, size);
        }
    }
}

/// `btrfs_truncate_block`: the rest of the block that `size` lies in becomes zeros.
#[track_caller]
fn truncate_block(k: &Kernel, size: usize) {
    let task = &k.task;
    let units = task.storage.geometry.page_units();
    if !size.is_multiple_of(units) {
        machine::again(task.m, Label::new("btrfs_truncate_block", &[size as i32]), (), |()| {
            let folio = grab_cache_page(task, size / units);
            // Not needed: read again, the last page comes out the same: who wrote to it before is not asked.
            if !folio_test_uptodate(task, folio) {
                read_page(k, folio);
            }
            // Not needed: nobody writes back beside a write that begins in a page behind the end.
            folio_wait_writeback(task, folio);
            if has_ordered_extent(k, folio.index) {
                // Not reached: nobody writes back beside a truncation that makes the file longer.
                folio_unlock(task, folio);
                folio_put(task, folio);
                wait_ordered_extent(k, size / units);
                return machine::Flow::Again(());
            }
            set_delalloc(task, folio);
            folio_zero_segment(task, folio, size % units, units);
            folio_mark_dirty(task, folio);
            folio_unlock(task, folio);
            folio_put(task, folio);
            machine::Flow::Done(())
        });
    }
}

fn row(name: &'static str, caller: Caller, text: Text, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Btrfs { text, copies_first: false }), sentence)
}

fn copy_first(name: &'static str, caller: Caller, text: Text, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Btrfs { text, copies_first: true }), sentence)
}

/// The path and its variants.
pub(crate) fn paths() -> Vec<Path> {
    let rows = vec![
        row("v2.6.36", Caller::V2_6_26, Text::V2_6_36, "the source is faulted in with the pages locked")
            .stands("v2.6.36 .. v2.6.37"),
        row(
            "v2.6.38",
            Caller::V2_6_26,
            Text::V2_6_38,
            "914ee295af41: prefault first; 31339acd07b4: a short copy into a page that is not uptodate \
             is rejected",
        )
        .stands("v2.6.38 .. v3.0"),
        row("v3.1", Caller::V2_6_26, Text::V3_1, "b6316429af7f: after a copy of nothing the page is read")
            .stands("v3.1 .. v3.9"),
        row("v4.2", Caller::V4_2, Text::V3_1, "prefault first; pages are cleaned when they are locked")
            .stands("v3.18 .. v4.7"),
        copy_first(
            "v4.2+copy-first",
            Caller::CopyFirst,
            Text::V3_1,
            "v4.2 with what was proposed in 2025: the source is faulted in only after a copy of nothing",
        ),
        row("v4.20", Caller::V4_8, Text::V4_20, "7703bdd8d23e: pages stay dirty when they are locked")
            .stands("v4.20 .. v5.13"),
        row("v5.18", Caller::V5_18, Text::V5_18, "all of the source is faulted in first, page by page")
            .stands("v5.18 .. v6.13"),
        copy_first("v5.18+copy-first", Caller::V5_18, Text::V5_18, "v5.18 with what was proposed in 2025"),
        row(
            "v6.14",
            Caller::V6_14,
            Text::V6_14,
            "c87c299776e4: one page at a time, and no page is read because a copy came to nothing",
        )
        .stands("v6.14 .. v6.17"),
        row(
            "v6.18",
            Caller::V6_18,
            Text::V6_14,
            "copy_one_range: the copy tries again by itself until it copies nothing",
        )
        .stands("v6.18 .."),
    ];
    let sentence = "btrfs_buffered_write: pages are locked together, copied to, and become delalloc";
    let leaves_out = "the accounting of reservations, nodatacow, compression, inline extents, blocks smaller than a \
                      page, the log tree";
    vec![Path::new("btrfs/buffered", sentence, leaves_out, rows)]
}

/// What btrfs is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    let not =
        |number, fixed_by, sentence, because| Bug { number, fixed_by, sentence, told: Told::Not { because } };
    vec![
        Bug {
            number: 16,
            fixed_by: "b6316429af7f",
            sentence: "a short copy into a page that is not uptodate is rejected, and nobody reads the page",
            told: Told::Scenario {
                property: "livelock",
                before: "btrfs/buffered@v2.6.38:within-segment-then-absent",
                after: "btrfs/buffered@v3.1:within-segment-then-absent",
            },
        },
        Bug {
            number: 17,
            fixed_by: "914ee295af41",
            sentence: "the source is faulted in with the pages locked, and is one of them",
            told: Told::Scenario {
                property: "deadlock",
                before: "btrfs/buffered@v2.6.36:within-self-mapped",
                after: "btrfs/buffered@v2.6.38:within-self-mapped",
            },
        },
        Bug {
            number: 78,
            fixed_by: "7703bdd8d23e",
            sentence: "a page that is dirty is cleaned when it is locked, and stays so where the copy comes to nothing",
            told: Told::Scenario {
                property: "clean-divergence",
                before: "btrfs/buffered@v4.2:within-evicted-with-kill",
                after: "btrfs/buffered@v4.20:within-evicted-with-kill",
            },
        },
        Bug {
            number: 81,
            fixed_by: "da2dccd7451d",
            sentence: "a write behind the end of the file, in the block of the end, leaves what lies between as it is",
            told: Told::Scenario {
                property: "exposed-behind-end",
                before: "btrfs/buffered@v5.18:store-behind-end-in-a-block-then-write-beyond",
                after: "btrfs/buffered@v6.14:store-behind-end-in-a-block-then-write-beyond",
            },
        },
        not(
            45,
            "efa11fd269c1",
            "the old size is sampled before the inode lock, and pagecache_isize_extended zeroes another \
             writer's data",
            "it needs blocks smaller than a page, and two appenders that sample the size before the \
             inode's lock",
        ),
        not(
            46,
            "unknown",
            "FGP_STABLE does not wait for writeback, and a page is written to while it is",
            "a page under writeback has an ordered extent, which is waited for as well before it is written to: it is stable \
             without that wait",
        ),
        not(
            60,
            "8b8b08cbfb90",
            "reservation counters are wrong after a copy that faulted",
            "the accounting of reservations is left out",
        ),
    ]
}

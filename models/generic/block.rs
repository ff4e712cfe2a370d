//! `generic_write_end` and `block_write_end`, as ext2 and the like use them (`fs/ext2/inode.c`).
//!
//! v4.2; v6.12 is the same in what is modelled. What `generic_write_end` leaves beyond the size after a short
//! copy each file system takes away by itself.
//!
//! Left out: indirect blocks as structures (the map is a field of the inode), quotas, direct I/O, DAX, `nobh`.

use std::sync::Arc;

use machine::{Label, call};
use page_state::buffer::{
    self, allocate_block, bh_read, buffer_mapped, buffer_uptodate, buffers, create_empty_buffers,
    folio_buffers, mark_buffer_dirty, set_buffer_uptodate,
};
use page_state::folio::{folio_put, folio_test_uptodate, folio_unlock, folio_zero_segment};
use page_state::inode::{i_size_read, i_size_write, map_block, set_map};
use page_state::{Buffer, Folio};

use super::buffer::{
    Writepage, block_dirty_folio, block_is_partially_uptodate, block_read_full_page, block_write_begin,
    block_write_begin_v2_6_17, generic_write_end, try_to_free_buffers,
};
use super::filemap::grab_cache_page;
use super::locks::{filemap_invalidate_lock, filemap_invalidate_unlock};
use super::mmap::filemap_page_mkwrite;
use super::perform_write::generic_perform_write;
use super::stable_pages::folio_wait_stable;
use super::truncate::{pagecache_isize_extended, truncate_inode_pages};
use super::writeback::write_cache_pages;
use crate::family::{Path, Row};
use crate::file_system::{FileSystem, Nature};
use crate::kernel::{Around, Caller, Errno, Kernel, Request, VmFault};

/// What becomes of a write that fails or comes short.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Failed {
    /// Before v2.6.35: blocks that it left beyond the size stay (`vmtruncate` in `generic_file_buffered_write` is for
    /// `write_begin` only); `block_write_begin_v2_6_17`.
    V2_6_17,
    /// `ext2_write_failed` (v2.6.35) takes away what it left beyond the size; f9f07b6c1372: a page that was uptodate stays
    /// so.
    V4_2,
}

/// ext2.
#[derive(Clone, Copy, Debug)]
pub struct Ext2 {
    /// What becomes of a write that fails or comes short.
    pub failed: Failed,
    /// How a page is written back.
    pub writepage: Writepage,
}

impl FileSystem for Ext2 {
    fn nature(&self) -> Nature {
        Nature::IN_PLACE
    }

    fn takes_invalidate_lock(&self, around: Around) -> bool {
        around >= Around::V5_15
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        generic_perform_write(k, self, request)
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        let task = &k.task;
        call(task.m, Label::new("ext2_write_begin", &[pos as i32, len as i32]), || {
            let units = task.storage.geometry.page_units();
            let folio = grab_cache_page(task, pos / units);
            folio_wait_stable(k, folio);
            let from = pos % units;
            let begun = match self.failed {
                Failed::V2_6_17 => block_write_begin_v2_6_17(k, self, folio, from, from + len),
                Failed::V4_2 => block_write_begin(k, self, folio, from, from + len),
            };
            if let Err(error) = begun {
                folio_unlock(task, folio);
                folio_put(task, folio);
                self.write_failed(k, pos + len);
                return Err(error);
            }
            Ok(folio)
        })
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        let args = [pos as i32, len as i32, copied as i32];
        let took = call(k.task.m, Label::new("ext2_write_end", &args), || {
            let took = generic_write_end(k, self, pos, (len, copied), folio);
            if took < len {
                self.write_failed(k, pos + len);
            }
            took as u8
        });
        Ok(usize::from(took))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        block_read_full_page(k, self, folio);
    }

    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        block_is_partially_uptodate(k, folio, from, to)
    }

    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        let task = &k.task;
        call(task.m, Label::new("ext2_get_block", &[bh.block as i32]), || {
            let block = bh.file_block(task);
            if let Some(disk_block) = map_block(task, block) {
                buffer::map_bh(task, bh, disk_block, 0);
            } else if create {
                if k.is_disk_full() {
                    return Err(Errno::Enospc);
                }
                let disk_block = allocate_block(task, block, &[]);
                buffer::map_bh(task, bh, disk_block, buffer::NEW);
            }
            Ok(())
        })
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        self.writepage.write(k, self, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        filemap_page_mkwrite(k, self, folio)
    }

    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        block_dirty_folio(k, folio);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        call(k.task.m, Label::new("ext2_setsize", &[size as i32]), || {
            let old_size = i_size_read(&k.task);
            block_truncate_page(k, self, size);
            filemap_invalidate_lock(k);
            i_size_write(&k.task, size);
            if size > old_size {
                pagecache_isize_extended(k, self, old_size, size);
            }
            truncate_inode_pages(k, self, size);
            truncate_blocks(k, size);
            filemap_invalidate_unlock(k);
        });
    }

    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        block_invalidate_folio(k, folio, from);
        false
    }

    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        try_to_free_buffers(k, folio)
    }

    fn sync(&self, k: &Kernel) {
        write_cache_pages(k, self);
        self.write_inode(k);
    }
}

impl Ext2 {
    /// `ext2_write_failed`: what a write up to `end` left beyond the size goes.
    #[track_caller]
    fn write_failed(&self, k: &Kernel, end: usize) {
        if self.failed == Failed::V2_6_17 {
            return;
        }
        call(k.task.m, Label::new("ext2_write_failed", &[end as i32]), || {
            let size = i_size_read(&k.task);
            if end > size {
                truncate_inode_pages(k, self, size);
                filemap_invalidate_lock(k);
                truncate_blocks(k, size);
                filemap_invalidate_unlock(k);
            }
        });
    }
}

/// `block_invalidate_folio`: the buffers that lie wholly beyond unit `from` of the page are discarded.
#[track_caller]
pub fn block_invalidate_folio(k: &Kernel, folio: Folio, from: usize) {
    let task = &k.task;
    call(task.m, Label::new("block_invalidate_folio", &[from as i32]), || {
        // Not needed: with ocfs2 the buffers are freed right after it.
        if !folio_buffers(task, folio) {
            return;
        }
        for bh in buffers(task, folio) {
            if task.storage.geometry.block(bh.block).start >= from {
                buffer::discard_buffer(task, bh); // Not needed: with ocfs2 it is freed right after it.
            }
        }
    });
}

/// `block_truncate_page`: the rest of the block that `size` lies in becomes zeros; a hole has them already.
#[track_caller]
pub fn block_truncate_page(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    let task = &k.task;
    let geometry = task.storage.geometry;
    if size.is_multiple_of(geometry.block_units()) {
        return;
    }
    call(task.m, Label::new("block_truncate_page", &[size as i32]), || {
        let folio = grab_cache_page(task, geometry.page_of(size));
        if !folio_buffers(task, folio) {
            create_empty_buffers(task, folio);
        }
        let from = size % geometry.page_units();
        let block = from >> geometry.block_shift;
        let bh = Buffer { folio, block };
        if !buffer_mapped(task, bh) {
            // Without `create` there is nothing that can fail.
            let _ = fs.get_block(k, bh, false);
        }
        if buffer_mapped(task, bh) {
            if folio_test_uptodate(task, folio) {
                set_buffer_uptodate(task, bh);
            }
            if !buffer_uptodate(task, bh) {
                bh_read(task, bh);
            }
            folio_zero_segment(task, folio, from, geometry.block(block).end);
            mark_buffer_dirty(task, bh);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    });
}

/// `__ext2_truncate_blocks`: the blocks beyond `size` are free.
#[track_caller]
fn truncate_blocks(k: &Kernel, size: usize) {
    let task = &k.task;
    call(task.m, Label::new("__ext2_truncate_blocks", &[size as i32]), || {
        let geometry = task.storage.geometry;
        for block in geometry.blocks_of(size)..geometry.file_blocks() {
            if map_block(task, block).is_some() {
                set_map(task, block, None);
            }
        }
    });
}

/// The path and its variants.
pub(crate) fn paths() -> Vec<Path> {
    let of = |failed, writepage| Arc::new(Ext2 { failed, writepage }) as Arc<dyn FileSystem>;
    let old = |failed| of(failed, Writepage::V4_2);
    let ext2 = || of(Failed::V4_2, Writepage::Mpage);
    let rows = vec![
        Row::new(
            "v2.6.17",
            Caller::V2_6_17,
            old(Failed::V2_6_17),
            "a piece reaches over segments, and the first is faulted in; the copy may fault with the \
             page locked",
        )
        .stands("v2.6.17")
        .historic(),
        Row::new(
            "v2.6.17+segments",
            Caller::V2_6_17AfterFix,
            old(Failed::V2_6_17),
            "6527c2bdf1f8: a piece ends with its segment, and an empty one is a piece",
        )
        .historic(),
        Row::new(
            "v2.6.18",
            Caller::V2_6_18,
            old(Failed::V2_6_17),
            "empty segments are stepped over; all of a piece is committed, whatever was copied",
        )
        .stands("v2.6.18 .. v2.6.23")
        .historic(),
        Row::new(
            "v2.6.24",
            Caller::V2_6_24,
            old(Failed::V2_6_17),
            "08291429cfa6: the copy is atomic; what came to nothing is tried again from the same place",
        )
        .stands("v2.6.24 .. v2.6.25")
        .historic(),
        Row::new(
            "v2.6.26",
            Caller::V2_6_26,
            old(Failed::V2_6_17),
            "124d3b7041f9: the source is advanced before a copy that came to nothing is tried again",
        )
        .stands("v2.6.26 .. v2.6.34")
        .historic(),
        Row::new("v4.2", Caller::V4_2, old(Failed::V4_2), "prefault first: v3.10 to v4.7, signals end it")
            .stands("v3.18 .. v4.7"),
        Row::new(
            "v4.2+copy-first",
            Caller::CopyFirst,
            old(Failed::V4_2),
            "998ef75ddb57: the source is faulted in only after a copy of nothing; what 4.3-rc shipped",
        ),
        Row::new("v4.8", Caller::V4_8, old(Failed::V4_2), "d4690f1e1cda: all segments are faulted in first")
            .stands("v4.8 .. v5.9")
            .historic(),
        Row::new(
            "v5.14",
            Caller::V5_14,
            ext2(),
            "bc1bb416bbb9: what write_end rejects is tried again with what was copied",
        )
        .stands("v5.14")
        .historic(),
        Row::new(
            "v5.14+arm64",
            Caller::V5_14,
            ext2(),
            "before 295cf156231c, on arm64: a copy that meets a fault tells nothing of what it has copied",
        )
        .losing_partial_copies()
        .historic(),
        Row::new(
            "v5.18",
            Caller::V5_18,
            ext2(),
            "631f871f0718: prefault first, and given up only where nothing can be read",
        )
        .stands("v5.18 .. v6.8"),
        Row::new(
            "v6.9",
            Caller::V5_18,
            ext2(),
            "i_size_write releases what i_size_read acquires: who sees the size sees the data",
        )
        .stands("v6.9 .. v6.10")
        .historic(),
        Row::new(
            "v6.11",
            Caller::V6_11,
            ext2(),
            "9aac777aaf94: what came to nothing begins again with all of the page",
        )
        .stands("v6.11 .. v6.12"),
        Row::new(
            "v6.13",
            Caller::V6_11,
            ext2(),
            "52aecaee1c26: what is behind the end in the last page is zeroed when the file grows over it",
        )
        .stands("v6.13")
        .historic(),
        Row::new("v6.14", Caller::V6_14, ext2(), "665575cff098: copy first for good")
            .stands("v6.14 .. v6.17"),
        Row::new("v6.18", Caller::V6_18, ext2(), "the copy tries again by itself until it copies nothing")
            .stands("v6.18 .."),
    ];
    let sentence = "block_write_begin and generic_write_end, as ext2 uses them";
    let leaves_out = "indirect blocks as structures, quotas, DAX, nobh";
    vec![Path::new("generic/block", sentence, leaves_out, rows)]
}

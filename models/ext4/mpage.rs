//! How `ext4_writepages` maps what has no block yet, or one that reads as zeros (`fs/ext4/inode.c`,
//! `fs/ext4/page-io.c`).
//!
//! v4.2 (v3.11 and later); v6.12 is the same in what is modelled. The handle comes before the page lock, so
//! that a page that is met without one is looked at once more. The bio is submitted when the handle is closed and the size
//! on disk is raised (`ext4_io_submit`); until v4.7 when it is raised and the handle still open, which nobody can tell,
//! since no commit gets by an open handle.
//!
//! A block is reserved, and allocating it may fail all the same, for a moment: blocks that are free wait for a commit.
//! Left out: that writeback commits then and tries again at once; extents of several pages, of which all bios but the last
//! are submitted before the size is raised; the loop over pages under one handle.

use machine::{Label, call};
use page_state::Folio;
use page_state::buffer::{
    buffer_delay, buffer_dirty, buffer_mapped, buffer_unwritten, buffers, clear_buffer_delay,
    clear_buffer_unwritten, map_bh,
};
use page_state::folio::{
    folio_end_writeback, folio_in_cache, folio_lock, folio_mark_dirty, folio_unlock, folio_wait_writeback,
};
use page_state::inode::{convert_unwritten_extent, i_size_read};

use super::block::{Allocation, During, ext4_map_blocks};
use super::page_io::{Blocks, ext4_bio_write_page, ext4_end_bio, ext4_writepage};
use super::truncate::raise_disk_size_to;
use crate::generic::writeback::folio_clear_dirty_for_io;
use crate::jbd2::{jbd2_journal_start, jbd2_journal_start_reserved, jbd2_journal_stop};
use crate::kernel::Kernel;

/// What becomes of a page of which one block has been allocated, and the next can't be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PartOfPage {
    /// Nothing is written, until next time.
    Waits,
    /// v6.17 (ded2d726a304, `mpage_submit_partial_folio`): what has a block is written.
    IsSubmitted,
}

/// A page's turn in `ext4_writepages`: it is locked and was made clean. It is unlocked, and its data has arrived
/// when this returns.
#[track_caller]
pub(super) fn ext4_writepages(k: &Kernel, folio: Folio, allocation: Allocation, part: PartOfPage) {
    let (task, journal) = (&k.task, k.journal());
    call(task.m, Label::new("ext4_writepages", &[]), || {
        if !needs_mapping(k, folio) {
            ext4_writepage(k, folio);
            return;
        }
        folio_mark_dirty(task, folio);
        folio_unlock(task, folio);
        jbd2_journal_start(task, journal);
        folio_lock(task, folio);
        if !folio_in_cache(task, folio) {
            folio_unlock(task, folio);
            jbd2_journal_stop(task, journal);
            return;
        }
        folio_wait_writeback(task, folio);
        let mapped = map_buffers(k, folio, allocation);
        if mapped.failed && !(mapped.progress && part == PartOfPage::IsSubmitted) {
            jbd2_journal_stop(task, journal);
            folio_unlock(task, folio);
            return;
        }
        folio_clear_dirty_for_io(k, folio);
        let submitted = ext4_bio_write_page(k, folio);
        folio_unlock(task, folio);
        let end = task.storage.geometry.block(mapped.next).start;
        raise_disk_size_to(k, folio.index * task.storage.geometry.page_units() + end);
        jbd2_journal_stop(task, journal);
        if submitted != 0 {
            ext4_end_bio(k, folio, submitted);
            ext4_convert_unwritten(k, folio, submitted & mapped.unwritten);
            folio_end_writeback(task, folio);
        }
    });
}

/// The blocks of the page that the file has.
fn count_in_file(k: &Kernel, folio: Folio) -> usize {
    let geometry = k.task.storage.geometry;
    let blocks = geometry.blocks_of(i_size_read(&k.task));
    blocks.saturating_sub(folio.index * geometry.blocks()).min(geometry.blocks())
}

/// `mpage_add_bh_to_extent`, for all buffers: whether one is dirty and has no block, or one that reads as zeros.
fn needs_mapping(k: &Kernel, folio: Folio) -> bool {
    let (task, count) = (&k.task, count_in_file(k, folio));
    call(task.m, Label::new("mpage_process_page_bufs", &[]), || {
        buffers(task, folio).take(count).any(|bh| {
            buffer_dirty(task, bh)
                && buffer_mapped(task, bh)
                && (buffer_delay(task, bh) || buffer_unwritten(task, bh))
        })
    })
}

/// How far `mpage_map_and_submit_extent` came with a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct MappedPart {
    /// The blocks that are to be converted when they are written.
    unwritten: Blocks,
    /// Whether a block was mapped.
    progress: bool,
    /// Whether one could not be.
    failed: bool,
    /// That block, else the one behind the page.
    next: usize,
}

impl machine::Small for MappedPart {
    const BITS: u32 = 9;
    fn into_word(self) -> machine::Word {
        let flags = u64::from(self.progress) << 4 | u64::from(self.failed) << 5;
        u64::from(self.unwritten) | flags | (self.next as u64) << 6
    }
    fn from_word(word: machine::Word) -> MappedPart {
        MappedPart {
            unwritten: word as u8 & 0xf,
            progress: word & 1 << 4 != 0,
            failed: word & 1 << 5 != 0,
            next: (word >> 6) as usize,
        }
    }
    fn show(word: machine::Word) -> String {
        if MappedPart::from_word(word).failed { "-ENOSPC".to_owned() } else { String::new() }
    }
}

/// `mpage_map_and_submit_extent`, up to the submission.
fn map_buffers(k: &Kernel, folio: Folio, allocation: Allocation) -> MappedPart {
    let (task, count) = (&k.task, count_in_file(k, folio));
    call(task.m, Label::new("mpage_map_and_submit_extent", &[]), || {
        let mut mapped =
            MappedPart { unwritten: 0, progress: false, failed: false, next: task.storage.geometry.blocks() };
        for bh in buffers(task, folio).take(count) {
            // Not reached: that a dirty one has no block. Of a page with such a one no other is to be mapped.
            let wanted = buffer_dirty(task, bh) && buffer_mapped(task, bh);
            if !wanted || !(buffer_delay(task, bh) || buffer_unwritten(task, bh)) {
                continue;
            }
            let Ok(map) = ext4_map_blocks(k, bh.file_block(task), allocation, During::Writeback) else {
                return MappedPart { failed: true, next: bh.block, ..mapped };
            };
            mapped.progress = true;
            map_bh(task, bh, map.disk_block.into(), 0);
            clear_buffer_delay(task, bh);
            clear_buffer_unwritten(task, bh);
            if map.unwritten {
                mapped.unwritten |= 1 << bh.block;
            }
        }
        mapped
    })
}

/// `ext4_convert_unwritten_io_end_vec`: what was written reads as what is on disk from now on.
#[track_caller]
fn ext4_convert_unwritten(k: &Kernel, folio: Folio, unwritten: u8) {
    let (task, journal) = (&k.task, k.journal());
    if unwritten == 0 {
        return;
    }
    call(task.m, Label::new("ext4_convert_unwritten_io_end_vec", &[]), || {
        jbd2_journal_start_reserved(task, journal);
        for block in (0..task.storage.geometry.blocks()).filter(|block| unwritten & (1 << block) != 0) {
            convert_unwritten_extent(task, folio.index * task.storage.geometry.blocks() + block);
        }
        jbd2_journal_stop(task, journal);
    });
}

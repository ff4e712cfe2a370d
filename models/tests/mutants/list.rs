//! Deliberate faults: each breaks a property, and shows that the property can be broken.
//!
//! A fault is a change of words in functions, made from outside of the models; where that can't be, it is one of
//! [`Inside`].

use checker::necessity::Change;
use fault::PRESENT;
use machine::{Action, Word};
use models::Mutant as Inside;
use page_state::{buffer, folio};

/// A deliberate fault.
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// What is wrong.
    pub(crate) what: &'static str,
    pub(crate) fault: Fault,
    /// The property that it breaks.
    pub(crate) breaks: &'static str,
    /// The write path in whose newest variant it does.
    pub(crate) path: &'static str,
    /// The scenario in which it does.
    pub(crate) scenario: &'static str,
}

/// Where a fault is made.
pub(crate) enum Fault {
    /// Between the actors and the engine.
    Outside(&'static [Change]),
    /// In the models.
    Inside(Inside),
}

use Fault::Outside;

/// Whatever is tested for a bit.
const YES: Word = 1;
const NO: Word = 0;
/// A journal head that no transaction has, and a checkpoint waits for.
const WAITS_FOR_CHECKPOINT: Word = 1 << 6;

const EXT2: &str = "generic/block";
const JOURNALLED: &str = "ext4/journalled";

pub(crate) const ALL: [Mutant; 41] = [
    Mutant {
        name: "ReadFillsNothing",
        what: "a reader marks buffers uptodate and reads nothing",
        fault: Outside(&[Change::left_out("bh_read", "read_unit").of(&["read"])]),
        breaks: "stale-uptodate",
        path: JOURNALLED,
        scenario: "no-writer-readers",
    },
    Mutant {
        name: "ReadMarksUptodateFirst",
        what: "a reader marks the page uptodate before it fills it",
        fault: Outside(&[Change::becomes("create_empty_buffers", "folio_test_uptodate", |test| {
            also(test, 0, folio::UPTODATE)
        })
        .of(&["read"])]),
        breaks: "stale-read",
        path: JOURNALLED,
        scenario: "no-writer-readers",
    },
    Mutant {
        name: "ReadIgnoresUptodate",
        what: "a reader copies from a page that is not uptodate",
        fault: Outside(&[Change::answers("find_page", "folio_test_uptodate", YES).of(&["read"])]),
        breaks: "stale-read",
        path: JOURNALLED,
        scenario: "no-writer-readers",
    },
    Mutant {
        name: "TruncateKeepsPage",
        what: "a truncation leaves the page and its buffers as they are",
        fault: Outside(&[
            Change::left_out("ext4_setattr", "ext4_wait_for_tail_page_commit"),
            Change::left_out("ext4_setattr", "truncate_inode_pages"),
        ]),
        breaks: "foreign-block",
        path: JOURNALLED,
        scenario: "no-writer-truncate-and-commit",
    },
    Mutant {
        name: "TruncateKeepsTail",
        what: "a truncation leaves what the last page holds behind the end",
        fault: Outside(&[Change::left_out("truncate_inode_pages", "folio_zero_segment")]),
        breaks: "wrong-read",
        // Newer ones zero what is behind the end when the file grows.
        path: "ext3/ordered",
        scenario: "extending-unmapped-then-truncate-up",
    },
    Mutant {
        name: "NewBlockIsNotZeroedAround",
        what: "`write_begin` leaves a new block as it is where the write does not touch it",
        fault: Outside(&[Change::left_out("prepare_buffer", "folio_zero_segment")]),
        breaks: "stale-uptodate",
        path: JOURNALLED,
        scenario: "extending-resident",
    },
    Mutant {
        name: "NoWriteAccess",
        what: "`write_begin` does not get write access from the journal",
        fault: Outside(&[Change::left_out("ext4_write_begin", "ext4_walk_page_buffers")]),
        breaks: "kernel-bug",
        path: JOURNALLED,
        scenario: "within-resident",
    },
    Mutant {
        name: "NoPrefault",
        what: "nobody faults the source in",
        fault: Outside(&[Change::answers("retry", "fault_in_iov_iter_readable", 0)]),
        breaks: "livelock",
        path: JOURNALLED,
        scenario: "within-absent",
    },
    Mutant {
        name: "PrefaultUnderPageLock",
        what: "the source is faulted in with the page locked",
        fault: Fault::Inside(Inside::PrefaultUnderPageLock),
        breaks: "fault-under-lock",
        path: JOURNALLED,
        scenario: "within-absent",
    },
    Mutant {
        name: "PrefaultOfItselfUnderPageLock",
        what: "the source is a mapping of the page, and is faulted in with the page locked",
        fault: Fault::Inside(Inside::PrefaultUnderPageLock),
        breaks: "deadlock",
        path: JOURNALLED,
        scenario: "within-self-mapped",
    },
    Mutant {
        name: "CopyTranslatesOnce",
        what: "the copy translates an address once per page, and the entry still names the frame when it is not there",
        fault: Outside(&[
            Change::becomes("copy_from_user_atomic", "copy_unit", copy_without_look),
            Change::becomes("munmap", "ptep_clear_flush", clear_presence_alone),
        ]),
        breaks: "copy-after-unmap",
        path: JOURNALLED,
        scenario: "within-freed",
    },
    Mutant {
        name: "CopyIsMisplaced",
        what: "the copy takes the unit next to the one that belongs there",
        fault: Outside(&[Change::becomes("copy_from_user_atomic", "copy_unit", copy_of_neighbour)]),
        breaks: "wrong-read",
        path: JOURNALLED,
        scenario: "within-absent-with-reader",
    },
    Mutant {
        name: "ShortCopyIsZeroFilled",
        what: "what a short copy left out is filled with zeros, as before v2.6.24",
        fault: Fault::Inside(Inside::ShortCopyIsZeroFilled),
        breaks: "phantom-write",
        path: JOURNALLED,
        scenario: "within-invalid",
    },
    Mutant {
        name: "SignalsAreIgnored",
        what: "the writer does not look for signals",
        fault: Outside(&[Change::answers("write_once", "fatal_signal_pending", NO)]),
        breaks: "unkillable",
        path: JOURNALLED,
        scenario: "within-evicted-with-kill",
    },
    Mutant {
        name: "PartialPageIsUptodate",
        what: "`write_end` marks the page uptodate, whatever lies outside of the write",
        fault: Outside(&[Change::answers("ext4_walk_page_buffers", "buffer_uptodate", YES)]),
        breaks: "stale-uptodate",
        path: JOURNALLED,
        scenario: "within-resident",
    },
    Mutant {
        name: "WriteEndForgetsToDirty",
        what: "`write_end` does not tell the journal what it took",
        fault: Outside(&[Change::left_out("write_end_fn", "jbd2_journal_dirty_metadata")]),
        breaks: "lost-write",
        path: JOURNALLED,
        scenario: "within-resident",
    },
    Mutant {
        name: "NewBuffersAreNotZeroed",
        what: "`write_end` leaves new buffers as they are after a short copy",
        fault: Outside(&[Change::answers("ext4_journalled_zero_new_buffers", "buffer_new", NO)]),
        breaks: "orphaned-new-buffer",
        path: JOURNALLED,
        scenario: "within-invalid",
    },
    Mutant {
        name: "SizeBeforeCopy",
        what: "the size is raised before the copy",
        fault: Fault::Inside(Inside::SizeBeforeCopy),
        breaks: "early-size",
        path: JOURNALLED,
        scenario: "extending-resident-with-reader",
    },
    Mutant {
        name: "SizeFromLength",
        what: "`write_end` raises the size by the length, not by what was copied",
        fault: Fault::Inside(Inside::SizeFromLength),
        breaks: "wrong-size",
        path: JOURNALLED,
        scenario: "extending-invalid",
    },
    Mutant {
        name: "SizeOnDiskIsAhead",
        what: "`write_end` raises the size on disk by the length, whatever was copied",
        fault: Fault::Inside(Inside::SizeOnDiskIsAhead),
        breaks: "disksize-beyond-size",
        path: JOURNALLED,
        scenario: "extending-invalid",
    },
    Mutant {
        name: "PageStaysLocked",
        what: "`write_end` leaves the page locked",
        fault: Outside(&[Change::kept("ext4_journalled_write_end", "folio_unlock")]),
        breaks: "leak",
        path: JOURNALLED,
        scenario: "within-resident",
    },
    Mutant {
        name: "FailedWriteIsNotTruncated",
        what: "`write_end` leaves blocks beyond the size",
        fault: Outside(&[
            Change::left_out("ext4_journalled_write_end", "orphan_add"),
            Change::left_out("ext4_journalled_write_end", "ext4_truncate_failed_write"),
        ]),
        breaks: "blocks-beyond-size",
        path: JOURNALLED,
        scenario: "extending-invalid",
    },
    Mutant {
        name: "InodeStaysOrphan",
        what: "a truncation that is done leaves the inode on the orphan list",
        fault: Outside(&[Change::left_out("ext4_truncate", "orphan_del")]),
        breaks: "leak",
        path: JOURNALLED,
        scenario: "extending-invalid",
    },
    Mutant {
        name: "ReturnsLength",
        what: "`write_end` returns the length, not what was copied",
        fault: Fault::Inside(Inside::ReturnsLength),
        breaks: "bad-return",
        path: JOURNALLED,
        scenario: "within-invalid",
    },
    Mutant {
        name: "UnmapLeavesEntries",
        what: "`munmap` leaves the page-table entries",
        fault: Outside(&[Change::left_out("munmap", "ptep_clear_flush")]),
        breaks: "copy-after-unmap",
        path: JOURNALLED,
        scenario: "within-freed",
    },
    Mutant {
        name: "FaultIgnoresUptodate",
        what: "a fault in a mapping of the file maps a page that is not uptodate",
        fault: Outside(&[Change::answers("find_page", "folio_test_uptodate", YES).of(&["mmap-read"])]),
        breaks: "stale-read",
        path: EXT2,
        scenario: "no-writer-mmap-reader-and-truncate",
    },
    Mutant {
        name: "GrowthMapsStaleBlocks",
        what: "a truncation to a larger size gives blocks to the file and leaves what is in them",
        fault: Fault::Inside(Inside::GrowthMapsStaleBlocks),
        breaks: "stale-read",
        path: EXT2,
        scenario: "no-writer-reader-and-truncate-up",
    },
    Mutant {
        name: "CheckpointTakesJournalled",
        what: "a checkpoint takes what a transaction still has",
        fault: Outside(&[Change::answers("checkpoint", "journal_head", WAITS_FOR_CHECKPOINT)]),
        breaks: "stale-on-disk",
        path: JOURNALLED,
        scenario: "no-writer-truncate-and-checkpoint",
    },
    Mutant {
        name: "WritebackWritesNothing",
        what: "writeback marks pages clean and writes nothing",
        fault: Outside(&[Change::left_out("bh_write", "write_unit").of(&["writeback"])]),
        breaks: "lost-write",
        path: EXT2,
        scenario: "within-resident-with-writeback",
    },
    Mutant {
        name: "TruncateDoesNotWaitForWriteback",
        what: "a truncation frees blocks that are being written",
        fault: Outside(&[Change::left_out("truncate_inode_pages", "folio_wait_writeback").of(&["truncate"])]),
        breaks: "foreign-write",
        path: EXT2,
        scenario: "no-writer-mmap-store-writeback-and-truncate-to-nothing",
    },
    Mutant {
        name: "CheckpointDoesNotLock",
        what: "a checkpoint writes a buffer that it has not locked, and a truncation frees its block",
        fault: Outside(&[
            Change::left_out("write_dirty_buffer", "lock_buffer"),
            Change::left_out("write_dirty_buffer", "unlock_buffer"),
        ]),
        breaks: "foreign-write",
        path: JOURNALLED,
        scenario: "no-writer-truncate-to-nothing-checkpoint-and-commit-1-block",
    },
    Mutant {
        name: "CheckpointWritesNothing",
        what: "a checkpoint takes what it has submitted for written, and the disk has got nothing",
        fault: Outside(&[Change::left_out("bh_write", "write_unit").of(&["checkpoint"])]),
        breaks: "stale-on-disk",
        path: JOURNALLED,
        scenario: "no-writer-truncate-and-checkpoint",
    },
    Mutant {
        name: "TailMovesOverEntries",
        what: "the tail of the log moves although something waits for a checkpoint",
        fault: Outside(&[Change::answers("jbd2_cleanup_journal_tail", "journal_head", NO)]),
        breaks: "stale-on-disk",
        path: JOURNALLED,
        scenario: "no-writer-truncate-and-checkpoint",
    },
    Mutant {
        name: "StoreDoesNotWaitForWriteback",
        what: "`page_mkwrite` makes a page writable while it is written",
        fault: Outside(&[Change::left_out("filemap_page_mkwrite", "folio_wait_writeback")]),
        breaks: "unstable-page",
        path: EXT2,
        scenario: "no-writer-mmap-store-and-writeback",
    },
    Mutant {
        name: "WriteDoesNotWaitForWriteback",
        what: "`write_begin` gives a page that is being written",
        fault: Outside(&[Change::left_out("ext2_write_begin", "folio_wait_writeback")]),
        breaks: "unstable-page",
        path: EXT2,
        scenario: "within-dropped-with-writeback",
    },
    Mutant {
        name: "WritebackKeepsMappingsWritable",
        what: "writeback leaves the write permission of mappings",
        fault: Outside(&[Change::left_out("write_cache_pages", "folio_mkclean").of(&["writeback"])]),
        breaks: "wrong-read",
        path: EXT2,
        scenario: "no-writer-mmap-store-and-writeback",
    },
    Mutant {
        name: "ReclaimTakesDirtyPages",
        what: "reclaim takes dirty pages, too",
        fault: Outside(&[
            Change::answers("shrink_folio_list", "folio_test_dirty", NO).of(&["reclaim-target"]),
            Change::answers("try_to_free_buffers", "buffer_dirty", NO).of(&["reclaim-target"]),
        ]),
        breaks: "lost-write",
        path: EXT2,
        scenario: "within-resident-with-reclaim",
    },
    Mutant {
        name: "InvalidationTakesDirtyPages",
        what: "direct I/O takes dirty pages out without writing them",
        fault: Outside(&[
            Change::answers("try_to_free_buffers", "buffer_dirty", NO).of(&["invalidate"]),
            Change::answers("invalidate_inode_pages2", "folio_test_dirty", NO).of(&["invalidate"]),
        ]),
        breaks: "wrong-read",
        path: EXT2,
        scenario: "no-writer-mmap-store-and-invalidate",
    },
    Mutant {
        name: "StoreWithoutMkwrite",
        what: "a store through a mapping does not tell the file system",
        fault: Outside(&[
            Change::left_out("filemap_page_mkwrite", "block_dirty_folio"),
            Change::left_out("do_shared_fault", "block_dirty_folio"),
        ]),
        breaks: "wrong-read",
        path: EXT2,
        scenario: "no-writer-mmap-store-and-reclaim",
    },
    Mutant {
        name: "CommitDoesNotWait",
        what: "the commit thread takes the inode down before the handles are closed",
        fault: Outside(&[Change::becomes("T_LOCKED", "wait_updates", do_not_wait)]),
        breaks: "stale-on-disk",
        path: JOURNALLED,
        scenario: "extending-resident-with-commit",
    },
    Mutant {
        name: "CommitDirtiesBuffers",
        what: "the commit thread dirties what it commits",
        fault: Outside(&[Change::becomes("T_LOCKED", "buffer_jbddirty", |test| {
            also(test, 0, buffer::DIRTY)
        })]),
        breaks: "journal-bypass",
        path: JOURNALLED,
        scenario: "no-writer-reader-and-commit",
    },
];

/// A look at some bits that clears and sets others of the cell.
fn also(look: Action, clear: Word, set: Word) -> Action {
    match look {
        Action::Load { at, mask, order } => Action::Change { at, clear, set, mask, order },
        other => other,
    }
}

/// Waits for nobody.
fn do_not_wait(wait: Action) -> Action {
    match wait {
        Action::Await { at, clear, set, order, .. } => Action::Await { at, mask: 0, clear, set, order },
        other => other,
    }
}

/// A unit that is not the first of its page is copied from the frame of the entry, whether it is there or not.
fn copy_without_look(copy: Action) -> Action {
    match copy {
        Action::CopyUser { entry, frame, frames, stride, unit, to, .. } if unit > 0 => {
            Action::CopyUser { entry, need: 0, frame, frames, stride, unit, to }
        }
        other => other,
    }
}

/// The other unit of two that lie side by side is copied.
fn copy_of_neighbour(copy: Action) -> Action {
    match copy {
        Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
            Action::CopyUser { entry, need, frame, frames, stride, unit: unit ^ 1, to }
        }
        other => other,
    }
}

/// An entry is not there any more, and names its frame as before.
fn clear_presence_alone(zap: Action) -> Action {
    match zap {
        Action::Change { at, set, mask, order, .. } => {
            Action::Change { at, clear: PRESENT, set, mask, order }
        }
        other => other,
    }
}

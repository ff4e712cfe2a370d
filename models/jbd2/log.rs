//! The log: what commits have written, until the blocks' own places have it (`fs/jbd2/commit.c`, `fs/jbd2/checkpoint.c`,
//! `fs/jbd2/recovery.c`).
//!
//! Of each block that is journalled the log has room for two copies: the newest that a commit record stands behind, which
//! recovery replays, and the one that the commit under way writes. The tail moves over all that is committed at once, when
//! nothing waits for a checkpoint; the kernel moves it by whole transactions, which is earlier where a younger one has
//! entries still.
//!
//! What is in no log here: the inode, whose cell "inode on disk" is the newest that a record stands behind.

use machine::{Label, Layout, Order, Peek, Place, Word, call};
use page_state::buffer::b_blocknr;
use page_state::steps::{change, copy_unit, load, store};
use page_state::unit::{UNIT_BITS, show_unit};
use page_state::{Buffer, Storage, Task, Unit};

use super::{CHECKPOINT, COMMITTING, Journal, all_buffers, has_head, lock_state, unlock_state};

/// Where the log's cells are.
#[derive(Clone, Debug)]
pub(super) struct Log {
    /// Which of its two copies recovery replays, if any: two bits for each block on disk.
    newest: Place,
    copies: Place,
    disk_blocks: usize,
    units: usize,
}

/// The copies that a commit has written: their bits in [`Log::newest`].
pub(super) type Written = u32;

/// The bits of a block's two copies.
fn both(disk_block: usize) -> Word {
    0b11 << (2 * disk_block)
}

fn show_newest(newest: Word) -> String {
    let copies = (0..32).filter(|bit| newest & 1 << bit != 0);
    copies.map(|bit| format!("block {}", bit / 2)).collect::<Vec<_>>().join(" ")
}

impl Log {
    /// Declares the log of a disk of so many blocks.
    pub(super) fn declare(layout: &mut Layout, storage: &Storage) -> Log {
        let (disk_blocks, units) = (storage.disk_blocks, storage.geometry.block_units());
        Log {
            newest: layout.cell("log", 2 * disk_blocks as u8, show_newest),
            copies: layout.array(2 * disk_blocks * units, UNIT_BITS, show_unit, |i| {
                format!("log copy {} of disk block {} unit {}", i / units % 2, i / units / 2, i % units)
            }),
            disk_blocks,
            units,
        }
    }

    /// A unit of copy `copy`, an index of a bit in [`Log::newest`].
    fn unit(&self, copy: usize, unit: usize) -> Place {
        self.copies.at(copy * self.units + unit)
    }

    /// What recovery would put into a unit of a block on disk, as a property sees it; none where it would leave the block.
    pub(super) fn replayed(&self, memory: &dyn Peek, disk_block: usize, unit: usize) -> Option<Unit> {
        let newest = memory.peek(self.newest) & both(disk_block);
        let copy = newest.trailing_zeros() as usize;
        (newest != 0).then(|| Unit::of(memory.peek(self.unit(copy, unit))))
    }

    /// A commit has written a block, whose own place has somebody else's data still.
    pub(super) fn has_initially(&self, storage: &Storage, cells: &mut [Word], disk_block: usize) {
        cells[self.newest.index()] |= 1 << (2 * disk_block);
        for unit in 0..self.units {
            let place = storage.disk(disk_block, unit).index();
            cells[self.unit(2 * disk_block, unit).index()] = cells[place];
            cells[place] = Unit::Stale.word();
        }
    }

    /// `jbd2_journal_write_metadata_buffer`: the buffer's contents go to the log, beside the copy that recovery replays until
    /// there is a record. Gives the copy's bit.
    #[track_caller]
    pub(super) fn write(&self, task: &Task, bh: Buffer) -> Written {
        let label = Label::new("jbd2_journal_write_metadata_buffer", &[bh.block as i32]);
        call(task.m, label, || {
            let disk_block = b_blocknr(task, bh);
            let label = Label::new("log of block", &[disk_block as i32]);
            let first = 1 << (2 * disk_block);
            let newest = load(task, self.newest, first, Order::Relaxed, label);
            let copy = 2 * disk_block + usize::from(newest == first);
            for (index, unit) in task.storage.geometry.block(bh.block).enumerate() {
                let from = task.storage.unit(bh.folio.frame, unit);
                copy_unit(task, from, self.unit(copy, index), Label::new("log_unit", &[unit as i32]));
            }
            1 << copy
        })
    }

    /// The commit record is there: what the commit wrote is what recovery replays.
    pub(super) fn commit(&self, task: &Task, written: Written) {
        let written = Word::from(written);
        let of_written = (0..self.disk_blocks).filter(|&block| written & both(block) != 0);
        let older = of_written.map(both).sum::<Word>() & !written;
        if written != 0 {
            change(task, self.newest, older, written, 0, Order::Full, Label::new("commit_record", &[]));
        }
    }

    /// Somebody else has had the block meanwhile, and has logged what he wrote to it: what the log has of it is not the newest
    /// any more.
    pub(super) fn forget(&self, task: &Task, disk_block: usize) {
        let label = Label::new("somebody_else_logs", &[disk_block as i32]);
        change(task, self.newest, both(disk_block), 0, 0, Order::Relaxed, label);
    }

    /// `jbd2_journal_recover`: what lies between tail and head goes to its place.
    #[track_caller]
    pub(super) fn recover(&self, task: &Task) {
        call(task.m, Label::new("jbd2_journal_recover", &[]), || {
            for disk_block in 0..self.disk_blocks {
                let label = Label::new("replay_block", &[disk_block as i32]);
                let newest = load(task, self.newest, both(disk_block), Order::Relaxed, label);
                if newest == 0 {
                    continue;
                }
                let copy = newest.trailing_zeros() as usize;
                for unit in 0..self.units {
                    let (from, to) = (self.unit(copy, unit), task.storage.disk(disk_block, unit));
                    copy_unit(task, from, to, Label::new("replay_unit", &[unit as i32]));
                }
            }
            store(task, self.newest, 0, Order::Relaxed, Label::new("the log is empty", &[]));
        });
    }
}

/// `jbd2_cleanup_journal_tail`: where nothing waits for a checkpoint, what is committed leaves the log.
#[track_caller]
pub(super) fn cleanup_journal_tail(task: &Task, journal: &Journal) {
    let log = journal.log.as_ref().expect("a checkpoint is where data is journalled");
    call(task.m, Label::new("jbd2_cleanup_journal_tail", &[]), || {
        lock_state(task, journal);
        let label = Label::new("jbd2_journal_get_log_tail", &[]);
        // What a commit under way has written stays.
        let committing = load(task, journal.state, COMMITTING, Order::Relaxed, label) != 0;
        let waits = |bh| has_head(task, journal, bh, CHECKPOINT);
        if !committing && !all_buffers(task).any(waits) {
            store(task, log.newest, 0, Order::Release, Label::new("jbd2_update_log_tail", &[]));
        }
        unlock_state(task, journal);
    });
}

//! As much of jbd2 as the journal's rules need (`fs/jbd2/`, v4.2; v6.12 is the same in what is modelled).
//!
//! A running and a committing transaction; per buffer a journal head with its transaction, the next one,
//! a list, and whether a checkpoint waits for it. Handles are bits of one cell.
//!
//! Buffers are locked only where a checkpoint is there, which holds the lock until their data has arrived.
//!
//! Left out: revoke records, undo access, checkpoints as transactions of their own, the abort of a
//! journal, lists of log buffers. A commit writes the contents of its buffers to the log while new handles still
//! wait; the kernel does so later, and makes copies for who changes a buffer under a handle. A truncation zeroes
//! the rest of a page without a handle: that its zeros get into the log of a commit that is under way is left
//! out. A block's own place is written by a checkpoint, or when its page is written back.

mod checkpoint;
mod commit;
mod log;
mod transaction;

pub use checkpoint::checkpoint;
pub use commit::{OrderedData, commits_inode_data, jbd2_journal_commit_transaction, wait_for_commit};
pub use transaction::{
    Handle, has_handle, is_in_commit_alone, jbd2_journal_dirty_metadata, jbd2_journal_file_inode,
    jbd2_journal_get_write_access, jbd2_journal_inode_add_wait, jbd2_journal_invalidate_folio,
    jbd2_journal_start, jbd2_journal_start_reserved, jbd2_journal_stop, jbd2_journal_try_to_free_buffers,
    journal_current_handle,
};

use log::Log;
use machine::{Label, Layout, Order, Peek, Place, Small, Word, scope};
use page_state::steps::{change, load, wait};
use page_state::{Buffer, Folio, InodeFields, Storage, Task, Unit, buffer, folio, inode};

/// What becomes of a buffer that a commit has when it is truncated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truncated {
    /// Until v3.6: it is marked as freed, and stays mapped to its block.
    StaysMapped,
    /// b794e7a6ebfb (v3.7), 53e872681fed (v3.8): the commit unmaps it; of a page that is cut in the middle it is busy.
    IsUnmapped,
}

/// How a handle takes a buffer over that waits for a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TakesOver {
    /// Until v6.2: it is clean for a moment before it is on a transaction's list.
    Unlisted,
    /// e6b9bd7290d3 (v6.3): both is one under `j_list_lock`, and the buffer is locked meanwhile.
    Listed,
}

/// Where the journal's cells are.
#[derive(Clone, Debug)]
pub struct Journal {
    /// What becomes of a buffer that is truncated meanwhile.
    pub truncated: Truncated,
    /// How a buffer is taken over.
    pub takes_over: TakesOver,
    /// Whether a checkpoint looks again at what it has written (c2d6fd9d6f35, v6.5).
    pub looks_again: bool,
    /// What commits write, where data is journalled.
    log: Option<Log>,
    /// Whether buffers are locked, which only a checkpoint has somebody wait for.
    pub locks_buffers: bool,
    state: Place,
    heads: Place,
    blocks: usize,
    count: usize,
    /// The inode as the committing transaction has it.
    pub frozen: Place,
}

/// Which of two transactions: they take turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transaction(bool);

impl Transaction {
    fn word(self) -> Word {
        if self.0 { 2 } else { 1 }
    }

    fn other(self) -> Transaction {
        Transaction(!self.0)
    }
}

impl Small for Transaction {
    const BITS: u32 = 1;
    fn into_word(self) -> Word {
        self.0.into_word()
    }
    fn from_word(word: Word) -> Transaction {
        Transaction(bool::from_word(word))
    }
    fn show(_: Word) -> String {
        String::new()
    }
}

const HANDLES: Word = 0x1f;
/// No new handle may start.
const LOCKED: Word = 1 << 5;
/// Which transaction is the running one.
const TURN: Word = 1 << 6;
/// There is a running transaction.
const RUNNING: Word = 1 << 7;
/// There is a committing transaction.
const COMMITTING: Word = 1 << 8;
/// The commit thread is at work.
const COMMIT_THREAD: Word = 1 << 9;
/// `j_state_lock`.
const STATE_LOCK: Word = 1 << 10;

/// The inode has data that goes to disk before the running transaction commits (`t_inode_list`).
const INODE_DATA: Word = 1 << 11;
/// The same of the committing transaction, until its data is there.
const COMMITS_DATA: Word = 1 << 12;
/// The transaction that was running is being switched to the committing one (`T_SWITCH`).
const SWITCHING: Word = 1 << 13;
/// The inode has data under writeback that the running transaction waits for when it commits
/// (`JI_WAIT_DATA` without `JI_WRITE_DATA`).
const INODE_WAIT: Word = 1 << 14;

/// `b_transaction`: 0, or the transaction's word.
const TRANSACTION: Word = 0b11;
/// `b_next_transaction` is the running one.
const NEXT: Word = 1 << 2;
/// `b_jlist`.
const LIST: Word = 0b11 << 3;
const RESERVED: Word = 1 << 3;
const METADATA: Word = 2 << 3;
const FORGET: Word = 3 << 3;
/// `b_modified`.
const MODIFIED: Word = 1 << 5;
/// `b_cp_transaction`: a checkpoint waits for the buffer.
const CHECKPOINT: Word = 1 << 6;
/// `jbd_lock_bh_state`.
const HEAD_LOCK: Word = 1 << 7;

/// Who has a handle open.
fn show_journal(state: Word) -> String {
    let open = (0..HANDLES.count_ones()).filter(|actor| state & 1 << actor != 0);
    open.map(|actor| format!("handle of actor {actor}")).collect::<Vec<_>>().join(" ")
}

fn show_head(head: Word) -> String {
    let list = match head & LIST {
        RESERVED => "reserved",
        METADATA => "metadata",
        FORGET => "forget",
        _ => "",
    };
    let mut names = vec![list];
    for (bit, name) in [(NEXT, "next"), (CHECKPOINT, "checkpoint")] {
        if head & bit != 0 {
            names.push(name);
        }
    }
    names.join(" ")
}

impl Journal {
    /// Declares the journal's cells.
    #[must_use]
    pub fn declare(layout: &mut Layout, storage: &Storage, journals_data: bool) -> Journal {
        let blocks = storage.geometry.blocks();
        Journal {
            truncated: Truncated::IsUnmapped,
            takes_over: TakesOver::Listed,
            looks_again: true,
            log: journals_data.then(|| Log::declare(layout, storage)),
            locks_buffers: false,
            state: layout.cell("journal", 15, show_journal),
            heads: layout.array(storage.cache_frames * blocks, 8, show_head, |i| {
                format!("page {} journal head {}", i / blocks, i % blocks)
            }),
            blocks,
            count: storage.cache_frames * blocks,
            frozen: layout.cell("inode in commit", InodeFields::BITS, inode::show_inode),
        }
    }

    fn head(&self, bh: Buffer) -> Place {
        self.heads.at(bh.folio.frame * self.blocks + bh.block)
    }

    /// Whether a transaction will write the buffer, as a property sees it. One that is only reserved
    /// comes off its list at the next commit, and is not written.
    #[must_use]
    pub fn will_write(&self, memory: &dyn Peek, frame: usize, block: usize) -> bool {
        let head = memory.peek(self.heads.at(frame * self.blocks + block));
        head & LIST == METADATA || (head & NEXT != 0 && head & MODIFIED != 0)
    }

    /// A handle is open, or a lock held, as a property sees it.
    #[must_use]
    pub fn handle_is_open(&self, memory: &dyn Peek) -> bool {
        memory.peek(self.state) & HANDLES != 0
    }

    /// Whether a page that has left the page cache is kept by a checkpoint's entry for nothing: no transaction has a buffer
    /// of it, and there is none to write.
    #[must_use]
    pub fn keeps_for_nothing(&self, storage: &Storage, memory: &dyn Peek, frame: usize) -> bool {
        let waited_for = |block| {
            let head = memory.peek(self.heads.at(frame * self.blocks + block));
            let dirty = memory.peek(storage.buffer(frame, block)) & buffer::DIRTY != 0;
            head & TRANSACTION != 0 || (head & CHECKPOINT != 0 && dirty)
        };
        let head = |block| memory.peek(self.heads.at(frame * self.blocks + block));
        // One that is on no list any more is taken by reclaim.
        let entered = (0..self.blocks).any(|block| head(block) & CHECKPOINT != 0);
        memory.peek(storage.references(frame)) & folio::JOURNAL != 0
            && entered
            && !(0..self.blocks).any(waited_for)
    }

    /// The journal's cells that memory holds, and a crash loses.
    pub fn volatile(&self) -> impl Iterator<Item = Place> + use<> {
        let (state, heads, count) = (self.state, self.heads, self.count);
        std::iter::once(state).chain((0..count).map(move |i| heads.at(i)))
    }

    /// Puts a buffer that is mapped to a block into the state in which a commit leaves it: a checkpoint waits for it, and the
    /// block's contents are in the log only.
    pub fn checkpoint_initially(
        &self,
        storage: &Storage,
        cells: &mut [Word],
        (frame, block): (usize, usize),
        disk_block: usize,
    ) {
        cells[self.heads.at(frame * self.blocks + block).index()] = CHECKPOINT;
        if let Some(log) = &self.log {
            log.has_initially(storage, cells, disk_block);
        }
    }

    /// What recovery would put into a unit of a block on disk, as a property sees it; none where it would leave the block.
    #[must_use]
    pub fn replayed(&self, memory: &dyn Peek, disk_block: usize, unit: usize) -> Option<Unit> {
        self.log.as_ref()?.replayed(memory, disk_block, unit)
    }

    /// Recovery: what is in the log goes to its place.
    #[track_caller]
    pub fn recover(&self, task: &Task) {
        if let Some(log) = &self.log {
            log.recover(task);
        }
    }

    /// Gives a file block a physical one that the inode in commit does not name either, and tells which. What the log has of
    /// it is older than what somebody else had there meanwhile.
    #[track_caller]
    pub fn allocate_block(&self, task: &Task, block: usize) -> usize {
        let disk_block = buffer::allocate_block(task, block, &[self.frozen]);
        if let Some(log) = &self.log {
            log.forget(task, disk_block);
        }
        disk_block
    }

    /// `lock_buffer`, where a checkpoint could wait for it.
    #[track_caller]
    pub fn lock_buffer(&self, task: &Task, bh: Buffer) {
        if self.locks_buffers {
            buffer::lock_buffer(task, bh);
        }
    }

    /// `unlock_buffer`, the same.
    #[track_caller]
    pub fn unlock_buffer(&self, task: &Task, bh: Buffer) {
        if self.locks_buffers {
            buffer::unlock_buffer(task, bh);
        }
    }

    /// Puts a buffer on the running transaction's list of metadata, in an initial state.
    pub fn journal_initially(&self, cells: &mut [Word], frame: usize, block: usize) {
        cells[self.heads.at(frame * self.blocks + block).index()] =
            Transaction(false).word() | METADATA | MODIFIED;
        cells[self.state.index()] |= RUNNING;
    }
}

/// A buffer is known by its frame: which page of the file that is plays no part in a commit or a checkpoint.
fn in_frame(frame: usize) -> Folio {
    Folio { frame, index: 0 }
}

fn all_buffers(task: &Task) -> impl Iterator<Item = Buffer> {
    let blocks = task.storage.geometry.blocks();
    let frames = task.storage.cache_frames;
    (0..frames).flat_map(move |frame| (0..blocks).map(move |block| Buffer { folio: in_frame(frame), block }))
}

fn of_buffer(name: &'static str, bh: Buffer) -> Label {
    Label::new(name, &[bh.block as i32])
}

fn lock_head(task: &Task, journal: &Journal, bh: Buffer) {
    let label = of_buffer("jbd_lock_bh_state", bh);
    wait(task, journal.head(bh), HEAD_LOCK, 0, HEAD_LOCK, Order::Acquire, label);
}

fn unlock_head(task: &Task, journal: &Journal, bh: Buffer) {
    let label = of_buffer("jbd_unlock_bh_state", bh);
    change(task, journal.head(bh), HEAD_LOCK, 0, 0, Order::Release, label);
}

fn lock_state(task: &Task, journal: &Journal) {
    let label = Label::new("j_state_lock", &[]);
    wait(task, journal.state, STATE_LOCK, 0, STATE_LOCK, Order::Acquire, label);
}

fn unlock_state(task: &Task, journal: &Journal) {
    let label = Label::new("j_state_unlock", &[]);
    change(task, journal.state, STATE_LOCK, 0, 0, Order::Release, label);
}

fn read_head(task: &Task, journal: &Journal, bh: Buffer) -> Word {
    load(task, journal.head(bh), !HEAD_LOCK, Order::Relaxed, of_buffer("journal_head", bh))
}

/// Whether any of these is set in the buffer's head, which nothing else is needed of.
fn has_head(task: &Task, journal: &Journal, bh: Buffer, any: Word) -> bool {
    scope(task.m, || read_head(task, journal, bh) & any != 0)
}

fn running(state: Word) -> Transaction {
    Transaction(state & TURN != 0)
}

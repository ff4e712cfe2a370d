//! Buffer heads: what the kernel knows of each block of a page (`include/linux/buffer_head.h`).

use machine::{Field, Label, Order, Word, call};

use crate::folio::{DIRTY as FOLIO_DIRTY, Folio, UPTODATE as FOLIO_UPTODATE};
use crate::steps::{attempt, change, clear, copy_unit, load, set, store, test, test_and_clear, wait};
use crate::unit::Unit;
use crate::{InodeFields, Task, inode};

/// `BH_New`: the block was just allocated, its contents are somebody else's.
pub const NEW: Word = 1;
/// `BH_Mapped`: the buffer knows its block on disk.
pub const MAPPED: Word = 1 << 1;
/// `BH_Uptodate`.
pub const UPTODATE: Word = 1 << 2;
/// `BH_Dirty`: writeback writes it.
pub const DIRTY: Word = 1 << 3;
/// `BH_JBD`: the journal has attached its own head.
pub const JBD: Word = 1 << 4;
/// `BH_JBDDirty`: dirty, and the journal writes it first.
pub const JBDDIRTY: Word = 1 << 5;
/// `BH_Freed`: truncated while the journal was committing it.
pub const FREED: Word = 1 << 6;
/// `BH_Delay`: its block is reserved, and allocated when it is written.
pub const DELAY: Word = 1 << 7;
/// `BH_Unwritten`: its block is allocated and reads as zeros.
pub const UNWRITTEN: Word = 1 << 8;
/// The buffer head exists.
pub const PRESENT: Word = 1 << 9;
/// `b_blocknr`.
const BLOCK: Field = Field { shift: 10, width: 4 };
const BLOCK_MASK: Word = 0xf << 10;
/// `BH_Async_Write`: its contents are on the way to its block.
pub const ASYNC_WRITE: Word = 1 << 14;
/// `BH_Lock`.
pub const LOCK: Word = 1 << 15;
/// The width of a buffer's cell, in bits.
pub const BITS: u8 = 16;

const NAMES: [(Word, &str); 11] = [
    (NEW, "new"),
    (MAPPED, "mapped"),
    (UPTODATE, "uptodate"),
    (DIRTY, "dirty"),
    (JBD, "jbd"),
    (JBDDIRTY, "jbddirty"),
    (FREED, "freed"),
    (DELAY, "delay"),
    (UNWRITTEN, "unwritten"),
    (ASYNC_WRITE, "async write"),
    (LOCK, "locked"),
];

/// The flags' names.
#[must_use]
pub fn show_buffer(buffer: Word) -> String {
    let names: Vec<&str> = NAMES.iter().filter(|(bit, _)| buffer & bit != 0).map(|&(_, name)| name).collect();
    names.join(" ")
}

/// The block on disk that a buffer's cell names.
#[must_use]
pub const fn blocknr(buffer: Word) -> usize {
    BLOCK.of(buffer) as usize
}

/// The cell of a mapped buffer.
#[must_use]
pub const fn mapped_to(disk_block: usize) -> Word {
    PRESENT | MAPPED | (disk_block as Word) << BLOCK.shift
}

/// A buffer of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Buffer {
    /// The page.
    pub folio: Folio,
    /// Which block of it.
    pub block: usize,
}

impl Buffer {
    /// Its cell.
    #[must_use]
    pub fn place(self, task: &Task) -> machine::Place {
        task.storage.buffer(self.folio.frame, self.block)
    }

    /// Which block of the file it is.
    #[must_use]
    pub fn file_block(self, task: &Task) -> usize {
        self.folio.index * task.storage.geometry.blocks() + self.block
    }

    fn label(self, name: &'static str) -> Label {
        Label::new(name, &[self.block as i32])
    }
}

macro_rules! buffer_words {
    ($($bit:ident: $test:ident $set:ident $clear:ident $test_clear:ident;)*) => {$(
        #[doc = concat!("Tests `", stringify!($bit), "`.")]
        #[track_caller]
        pub fn $test(task: &Task, bh: Buffer) -> bool {
            test(task, bh.place(task), $bit, Order::Relaxed, bh.label(stringify!($test)))
        }
        #[doc = concat!("Sets `", stringify!($bit), "`.")]
        #[track_caller]
        pub fn $set(task: &Task, bh: Buffer) {
            set(task, bh.place(task), $bit, bh.label(stringify!($set)));
        }
        #[doc = concat!("Clears `", stringify!($bit), "`.")]
        #[track_caller]
        pub fn $clear(task: &Task, bh: Buffer) {
            clear(task, bh.place(task), $bit, bh.label(stringify!($clear)));
        }
        #[doc = concat!("Clears `", stringify!($bit), "` and tells whether it was set.")]
        #[track_caller]
        pub fn $test_clear(task: &Task, bh: Buffer) -> bool {
            test_and_clear(task, bh.place(task), $bit, bh.label(stringify!($test_clear)))
        }
    )*};
}

buffer_words! {
    NEW: buffer_new set_buffer_new clear_buffer_new test_clear_buffer_new;
    MAPPED: buffer_mapped set_buffer_mapped clear_buffer_mapped test_clear_buffer_mapped;
    UPTODATE: buffer_uptodate set_buffer_uptodate clear_buffer_uptodate test_clear_buffer_uptodate;
    DIRTY: buffer_dirty set_buffer_dirty clear_buffer_dirty test_clear_buffer_dirty;
    JBD: buffer_jbd set_buffer_jbd clear_buffer_jbd test_clear_buffer_jbd;
    JBDDIRTY: buffer_jbddirty set_buffer_jbddirty clear_buffer_jbddirty test_clear_buffer_jbddirty;
    FREED: buffer_freed set_buffer_freed clear_buffer_freed test_clear_buffer_freed;
    DELAY: buffer_delay set_buffer_delay clear_buffer_delay test_clear_buffer_delay;
    UNWRITTEN: buffer_unwritten set_buffer_unwritten clear_buffer_unwritten test_clear_buffer_unwritten;
}

/// Whether the page has buffers.
#[track_caller]
pub fn folio_buffers(task: &Task, folio: Folio) -> bool {
    let at = task.storage.buffer(folio.frame, 0);
    test(task, at, PRESENT, Order::Relaxed, Label::new("folio_buffers", &[]))
}

/// The buffers of a page, in order.
pub fn buffers(task: &Task, folio: Folio) -> impl Iterator<Item = Buffer> {
    (0..task.storage.geometry.blocks()).map(move |block| Buffer { folio, block })
}

/// Attaches buffers to a page that has none: not mapped, uptodate and dirty as the page is.
#[track_caller]
pub fn create_empty_buffers(task: &Task, folio: Folio) {
    call(task.m, Label::new("create_empty_buffers", &[]), || {
        let at = task.storage.flags(folio.frame);
        let label = Label::new("folio_test_uptodate", &[]);
        let flags = load(task, at, FOLIO_UPTODATE | FOLIO_DIRTY, Order::Relaxed, label);
        let uptodate = if flags & FOLIO_UPTODATE != 0 { UPTODATE } else { 0 };
        let dirty = if flags & FOLIO_DIRTY != 0 { DIRTY } else { 0 };
        for bh in buffers(task, folio) {
            let value = PRESENT | uptodate | dirty;
            store(task, bh.place(task), value, Order::Release, bh.label("attach_buffer"));
        }
    });
}

/// Takes a buffer off its page; the page is locked.
#[track_caller]
pub fn free_buffer_head(task: &Task, bh: Buffer) {
    store(task, bh.place(task), 0, Order::Relaxed, bh.label("free_buffer_head"));
}

/// `discard_buffer`: the buffer knows no block any more, and is neither new nor dirty.
#[track_caller]
pub fn discard_buffer(task: &Task, bh: Buffer) {
    let bits = DIRTY | MAPPED | NEW | DELAY | UNWRITTEN;
    clear(task, bh.place(task), bits, bh.label("discard_buffer"));
}

/// Tells the buffer its block on disk and sets further flags with it.
#[track_caller]
pub fn map_bh(task: &Task, bh: Buffer, disk_block: usize, flags: Word) {
    let value = mapped_to(disk_block) | flags;
    change(task, bh.place(task), BLOCK_MASK, value, 0, Order::Relaxed, bh.label("map_bh"));
}

/// The block on disk of a mapped buffer.
#[track_caller]
pub fn b_blocknr(task: &Task, bh: Buffer) -> usize {
    blocknr(load(task, bh.place(task), BLOCK_MASK, Order::Relaxed, bh.label("b_blocknr")))
}

/// Marks the buffer and its page dirty for writeback. The kernel warns where the buffer is not
/// uptodate.
#[track_caller]
pub fn mark_buffer_dirty(task: &Task, bh: Buffer) {
    call(task.m, bh.label("mark_buffer_dirty"), || {
        let label = bh.label("test_set_buffer_dirty");
        let old = change(task, bh.place(task), 0, DIRTY, DIRTY | UPTODATE, Order::Full, label);
        if old & UPTODATE == 0 {
            let witness = Label::new("WARN_ON_ONCE(!buffer_uptodate) in mark_buffer_dirty", &[]);
            crate::steps::report(task, "kernel-bug", witness);
        }
        if old & DIRTY == 0 {
            crate::folio::folio_mark_dirty(task, bh.folio);
        }
    });
}

/// Reads the buffer's block from disk and marks the buffer uptodate.
#[track_caller]
pub fn bh_read(task: &Task, bh: Buffer) {
    call(task.m, bh.label("bh_read"), || {
        let storage = task.storage;
        let disk_block = b_blocknr(task, bh);
        for (index, unit) in storage.geometry.block(bh.block).enumerate() {
            let (from, to) = (storage.disk(disk_block, index), storage.unit(bh.folio.frame, unit));
            copy_unit(task, from, to, Label::new("read_unit", &[unit as i32]));
        }
        let (at, label) = (bh.place(task), bh.label("end_buffer_read_sync"));
        change(task, at, 0, UPTODATE, 0, Order::Release, label);
    });
}

/// Waits for the buffer's lock and takes it.
#[track_caller]
pub fn lock_buffer(task: &Task, bh: Buffer) {
    wait(task, bh.place(task), LOCK, 0, LOCK, Order::Acquire, bh.label("lock_buffer"));
}

/// Takes the buffer's lock if it is free, and tells whether it was.
#[track_caller]
pub fn trylock_buffer(task: &Task, bh: Buffer) -> bool {
    attempt(task, bh.place(task), LOCK, 0, LOCK, Order::Acquire, bh.label("trylock_buffer"))
}

/// Waits until nobody has the buffer's lock.
#[track_caller]
pub fn wait_on_buffer(task: &Task, bh: Buffer) {
    wait(task, bh.place(task), LOCK, 0, 0, Order::Acquire, bh.label("wait_on_buffer"));
}

/// Whether somebody has the buffer's lock.
#[track_caller]
pub fn buffer_locked(task: &Task, bh: Buffer) -> bool {
    test(task, bh.place(task), LOCK, Order::Acquire, bh.label("buffer_locked"))
}

/// Gives the buffer's lock back.
#[track_caller]
pub fn unlock_buffer(task: &Task, bh: Buffer) {
    change(task, bh.place(task), LOCK, 0, 0, Order::Release, bh.label("unlock_buffer"));
}

/// Takes the dirty flag of a mapped buffer and submits it, if it was dirty: its contents are on the way to its block, which
/// is given.
#[track_caller]
pub fn submit_if_dirty(task: &Task, bh: Buffer) -> Option<usize> {
    let label = bh.label("test_clear_buffer_dirty");
    let old = change(task, bh.place(task), DIRTY, 0, DIRTY | BLOCK_MASK, Order::Full, label);
    if old & DIRTY == 0 {
        return None;
    }
    set(task, bh.place(task), ASYNC_WRITE, bh.label("mark_buffer_async_write"));
    Some(blocknr(old))
}

/// The same of one that is known to be dirty.
#[track_caller]
pub fn submit_dirty(task: &Task, bh: Buffer) -> usize {
    let label = bh.label("clear_buffer_dirty");
    blocknr(change(task, bh.place(task), DIRTY, ASYNC_WRITE, BLOCK_MASK, Order::Relaxed, label))
}

/// What was submitted arrives in the block.
#[track_caller]
pub fn end_buffer_async_write(task: &Task, bh: Buffer, disk_block: usize) {
    call(task.m, bh.label("bh_write"), || {
        write_units(task, bh, disk_block);
        let label = bh.label("end_buffer_async_write");
        change(task, bh.place(task), ASYNC_WRITE, 0, 0, Order::Release, label);
    });
}

/// Writes the buffer's contents to its block on disk; flags are the caller's part.
#[track_caller]
pub fn bh_write(task: &Task, bh: Buffer) {
    call(task.m, bh.label("bh_write"), || {
        let disk_block = b_blocknr(task, bh);
        write_units(task, bh, disk_block);
    });
}

fn write_units(task: &Task, bh: Buffer, disk_block: usize) {
    let storage = task.storage;
    for (index, unit) in storage.geometry.block(bh.block).enumerate() {
        let (from, to) = (storage.unit(bh.folio.frame, unit), storage.disk(disk_block, index));
        copy_unit(task, from, to, Label::new("write_unit", &[unit as i32]));
    }
}

/// Gives a file block the first physical block that neither the inode, nor the one on disk, nor any of
/// `pinned` (cells of the same shape, e.g. what is being committed) names. Somebody else had it in between.
///
/// # Panics
/// If there are too few blocks, which is a mistake of the scenario.
#[track_caller]
pub fn allocate_block(task: &Task, block: usize, pinned: &[machine::Place]) -> usize {
    call(task.m, Label::new("allocate_block", &[block as i32]), || {
        let storage = task.storage;
        let mut maps = vec![storage.inode, storage.durable];
        maps.extend(pinned);
        let label = Label::new("bitmap", &[]);
        let taken: Vec<Word> =
            maps.iter().map(|&at| load(task, at, InodeFields::MAP, Order::Relaxed, label)).collect();
        let free = |disk_block: &usize| !taken.iter().any(|&map| InodeFields::names(map, *disk_block));
        let found = (0..storage.disk_blocks).find(free);
        let disk_block = found.unwrap_or_else(|| panic!("the scenario has too few blocks on disk"));
        for unit in 0..storage.geometry.block_units() {
            let at = storage.disk(disk_block, unit);
            store(task, at, Unit::Stale.word(), Order::Relaxed, Label::new("somebody_else", &[]));
        }
        inode::set_map(task, block, Some(disk_block));
        disk_block as u8
    })
    .into()
}

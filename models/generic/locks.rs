//! Locks of an address space, of an inode and of a buffer that only some scenarios have somebody to wait for: elsewhere
//! they are always free, and are left out.

use machine::{Label, Order, Word};
use page_state::steps::{change, wait};
use page_state::{ACTORS_MAX, Buffer};

use crate::kernel::Kernel;

/// Somebody has it exclusively.
const EXCLUSIVE: Word = 1 << ACTORS_MAX;

/// `filemap_invalidate_lock`.
#[track_caller]
pub fn filemap_invalidate_lock(k: &Kernel) {
    if let Some(at) = k.world.locks.invalidate {
        let label = Label::new("filemap_invalidate_lock", &[]);
        wait(&k.task, at, Word::MAX, 0, EXCLUSIVE, Order::Acquire, label);
    }
}

/// `filemap_invalidate_unlock`.
#[track_caller]
pub fn filemap_invalidate_unlock(k: &Kernel) {
    if let Some(at) = k.world.locks.invalidate {
        change(&k.task, at, EXCLUSIVE, 0, 0, Order::Release, Label::new("filemap_invalidate_unlock", &[]));
    }
}

/// `filemap_invalidate_lock_shared`.
#[track_caller]
pub fn filemap_invalidate_lock_shared(k: &Kernel) {
    if let Some(at) = k.world.locks.invalidate {
        let label = Label::new("filemap_invalidate_lock_shared", &[]);
        wait(&k.task, at, EXCLUSIVE, 0, 1 << k.task.id, Order::Acquire, label);
    }
}

/// `filemap_invalidate_unlock_shared`.
#[track_caller]
pub fn filemap_invalidate_unlock_shared(k: &Kernel) {
    if let Some(at) = k.world.locks.invalidate {
        let label = Label::new("filemap_invalidate_unlock_shared", &[]);
        change(&k.task, at, 1 << k.task.id, 0, 0, Order::Release, label);
    }
}

/// `down_write(&EXT4_I(inode)->i_data_sem)`.
#[track_caller]
pub fn down_write_i_data_sem(k: &Kernel) {
    if let Some(at) = k.world.locks.data {
        let owner = k.task.id as Word + 1;
        wait(&k.task, at, Word::MAX, 0, owner, Order::Acquire, Label::new("down_write(i_data_sem)", &[]));
    }
}

/// `up_write(&EXT4_I(inode)->i_data_sem)`.
#[track_caller]
pub fn up_write_i_data_sem(k: &Kernel) {
    if let Some(at) = k.world.locks.data {
        change(&k.task, at, Word::MAX, 0, 0, Order::Release, Label::new("up_write(i_data_sem)", &[]));
    }
}

/// `lock_buffer`, where a checkpoint could wait for it.
#[track_caller]
pub fn lock_buffer(k: &Kernel, bh: Buffer) {
    if let Some(journal) = &k.world.journal {
        journal.lock_buffer(&k.task, bh);
    }
}

/// `unlock_buffer`, the same.
#[track_caller]
pub fn unlock_buffer(k: &Kernel, bh: Buffer) {
    if let Some(journal) = &k.world.journal {
        journal.unlock_buffer(&k.task, bh);
    }
}

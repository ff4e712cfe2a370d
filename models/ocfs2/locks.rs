//! `ip_alloc_sem`, and what a write hands from its begin to its end (`struct ocfs2_write_ctxt`).

use machine::{Label, Layout, Order, Place, Word, show_number};
use page_state::inode::show_owner;
use page_state::steps::{attempt, change, store, test, wait};

use crate::kernel::Kernel;

/// The cells.
pub(super) fn declare(layout: &mut Layout) -> Vec<Place> {
    vec![layout.cell("ip_alloc_sem", 3, show_owner), layout.cell("whole cluster", 1, show_number)]
}

/// `down_write(&ip_alloc_sem)`.
#[track_caller]
pub(super) fn down_write(k: &Kernel) {
    let (at, owner) = (k.world.private[0], k.task.id as Word + 1);
    wait(&k.task, at, Word::MAX, 0, owner, Order::Acquire, Label::new("down_write ip_alloc_sem", &[]));
}

/// `down_read_trylock(&ip_alloc_sem)`. Readers keep each other out here, too; who can't have it tries again.
#[track_caller]
pub(super) fn try_down_read(k: &Kernel) -> bool {
    let (at, owner) = (k.world.private[0], k.task.id as Word + 1);
    let label = Label::new("down_read_trylock ip_alloc_sem", &[]);
    attempt(&k.task, at, Word::MAX, 0, owner, Order::Acquire, label)
}

/// `down_read` and `up_read`: waits until nobody has it.
#[track_caller]
pub(super) fn wait_for_writer(k: &Kernel) {
    let label = Label::new("down_read, up_read ip_alloc_sem", &[]);
    wait(&k.task, k.world.private[0], Word::MAX, 0, 0, Order::Acquire, label);
}

/// `up_write(&ip_alloc_sem)`, `up_read`.
#[track_caller]
pub(super) fn up_write(k: &Kernel) {
    let label = Label::new("up_write ip_alloc_sem", &[]);
    change(&k.task, k.world.private[0], Word::MAX, 0, 0, Order::Release, label);
}

/// Remembers whether the write covers the whole cluster (`ocfs2_set_target_boundaries`).
#[track_caller]
pub(super) fn set_whole_cluster(k: &Kernel, whole: bool) {
    let label = Label::new("ocfs2_set_target_boundaries", &[]);
    store(&k.task, k.world.private[1], Word::from(whole), Order::Relaxed, label);
}

/// Whether the write covers the whole cluster.
#[track_caller]
pub(super) fn is_whole_cluster(k: &Kernel) -> bool {
    test(&k.task, k.world.private[1], 1, Order::Relaxed, Label::new("w_target_from, w_target_to", &[]))
}

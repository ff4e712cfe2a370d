//! Clusters, and handles.

use machine::{Label, call};
use page_state::inode::map_block;

use crate::jbd2::{jbd2_journal_start, jbd2_journal_stop};
use crate::kernel::Kernel;

/// `ocfs2_start_trans`.
#[track_caller]
pub(super) fn ocfs2_start_trans(k: &Kernel) {
    call(k.task.m, Label::new("ocfs2_start_trans", &[]), || {
        jbd2_journal_start(&k.task, k.journal());
    });
}

/// `ocfs2_commit_trans`: closes the handle.
#[track_caller]
pub(super) fn ocfs2_commit_trans(k: &Kernel) {
    call(k.task.m, Label::new("ocfs2_commit_trans", &[]), || jbd2_journal_stop(&k.task, k.journal()));
}

/// Whether the cluster of a page has no blocks (`ocfs2_get_clusters`).
#[track_caller]
pub(super) fn is_hole(k: &Kernel, index: usize) -> bool {
    map_block(&k.task, index * k.task.storage.geometry.blocks()).is_none()
}

/// `ocfs2_add_inode_data`: gives the cluster of a page its blocks.
#[track_caller]
pub(super) fn ocfs2_add_inode_data(k: &Kernel, index: usize) {
    let task = &k.task;
    call(task.m, Label::new("ocfs2_add_inode_data", &[]), || {
        let blocks = task.storage.geometry.blocks();
        for block in index * blocks..(index + 1) * blocks {
            k.journal().allocate_block(task, block);
        }
    });
}

//! ext2.

use machine::Label;
use page_state::Buffer;
use page_state::inode::{map_block, set_map};

use crate::front_end::{Here, Table, words};

/// The words of ext2.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        ext2_get_block(bh_result: Buffer, create: bool) -> i32 => w.fs.base.get_block(&w.k, bh_result, create);
        ext2_truncate_blocks(offset: usize) => truncate_blocks(w, offset);
    },
    ..Table::new("models/tables/ext2.rs")
};

/// `__ext2_truncate_blocks`: takes all blocks behind the size off the inode.
pub(crate) fn truncate_blocks(w: &Here<'_, '_>, size: usize) {
    let (task, geometry) = (w.task(), w.geometry());
    machine::call(task.m, Label::new("__ext2_truncate_blocks", &[size as i32]), || {
        for block in geometry.blocks_of(size)..geometry.file_blocks() {
            if map_block(task, block).is_some() {
                set_map(task, block, None);
            }
        }
    });
}

//! nilfs2: `fs/nilfs2/inode.c`.

use page_state::Buffer;

use super::{GetBlock, entries, get_block, truncate};
use crate::front_end::{Assumption, Files, Nothing, Table, words};
use crate::path::{Path, Releases};

/// nilfs2. A block's place is chosen when it is written; here it has one from the start.
pub(crate) const PATH: Path = Path {
    name: "nilfs2/block",
    sentence: "nilfs2",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "the log: its segments keep writers out while they are made, and a block's place is chosen then",
    files: &["fs/nilfs2/inode.c", "fs/nilfs2/page.c"],
    tables: &[&TABLE],
    entries: entries("nilfs_aops", Files::OF_THE_BASE),
};

const TABLE: Table = Table {
    words: words! { w;
        nilfs_get_block(bh_result: Buffer, create: bool) -> i32
            => get_block(w, bh_result, create, &GetBlock::plain("nilfs_get_block"))?;
        nilfs_truncate() => truncate(w);
    },
    nothing: &[
        Nothing { reason: "what is dirty is found by its page", names: "nilfs_set_file_dirty" },
        Nothing { reason: "segments are made by writeback here", names: "nilfs_transaction_abort" },
    ],
    assumptions: &[
        Assumption { name: "nilfs_transaction_begin", value: 0, reason: "the log has room" },
        Assumption { name: "nilfs_transaction_commit", value: 0, reason: "the log has room" },
    ],
    ..Table::new("models/tables/block_based/nilfs2.rs")
};

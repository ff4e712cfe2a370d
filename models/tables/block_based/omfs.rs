//! omfs: `fs/omfs/file.c`.

use page_state::Buffer;
use page_state::inode::i_size_read;

use super::{Allocates, GetBlock, entries, get_block, truncate_blocks};
use crate::front_end::{Files, Table, Truncation, words};
use crate::path::{Path, Releases};

/// omfs: a file has no holes, and a new block goes behind its last one, whichever was asked for.
pub(crate) const PATH: Path = Path {
    name: "omfs/block",
    sentence: "omfs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "clusters of more than a block, truncation to nothing from outside",
    files: &["fs/omfs/file.c"],
    tables: &[&TABLE],
    entries: entries(
        "omfs_aops",
        // `omfs_setattr`: and then `omfs_truncate`, which does nothing but for an empty file.
        Files { have_holes: false, truncation: Truncation::SizeAlone, ..Files::OF_THE_BASE },
    ),
};

const GET_BLOCK: GetBlock = GetBlock {
    allocates: Allocates::AtTheEnd,
    // There is no `set_buffer_new` in it.
    says_new: false,
    ..GetBlock::plain("omfs_get_block")
};

const TABLE: Table = Table {
    words: words! { w;
        omfs_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
        // `omfs_shrink_inode`: "only support truncate -> 0 for now".
        omfs_truncate() => {
            if i_size_read(w.task()) == 0 {
                truncate_blocks(w, 0);
            }
        };
    },
    ..Table::new("models/tables/block_based/omfs.rs")
};

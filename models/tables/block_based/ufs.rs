//! ufs: `fs/ufs/inode.c`.

use page_state::Buffer;
use page_state::inode::i_size_read;

use super::{GetBlock, entries, get_block, truncate_blocks};
use crate::front_end::{Files, Table, words};
use crate::path::{Path, Releases};

/// ufs.
pub(crate) const PATH: Path = Path {
    name: "ufs/block",
    sentence: "ufs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "fragments that are moved when the file grows, the map of the file as a structure",
    files: &["fs/ufs/inode.c"],
    tables: &[&TABLE],
    entries: entries("ufs_aops", Files::OF_THE_BASE),
};

const TABLE: Table = Table {
    words: words! { w;
        ufs_getfrag_block(bh_result: Buffer, create: bool) -> i32
            => get_block(w, bh_result, create, &GetBlock::plain("ufs_getfrag_block"))?;
        ufs_truncate_blocks() => truncate_blocks(w, i_size_read(w.task()));
    },
    ..Table::new("models/tables/block_based/ufs.rs")
};

//! jfs: `fs/jfs/inode.c`. Data is written in place, and its journal has none of it.

use page_state::Buffer;

use super::{GetBlock, entries, get_block, truncate};
use crate::front_end::{Files, Table, words};
use crate::path::{Path, Releases};

/// jfs.
pub(crate) const PATH: Path = Path {
    name: "jfs/block",
    sentence: "jfs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "the journal of metadata, extents that were never written, direct I/O",
    files: &["fs/jfs/inode.c"],
    tables: &[&TABLE],
    entries: entries("jfs_aops", Files::OF_THE_BASE),
};

const GET_BLOCK: GetBlock = GetBlock { looks_below_size: true, ..GetBlock::plain("jfs_get_block") };

const TABLE: Table = Table {
    words: words! { w;
        jfs_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
        jfs_truncate() => truncate(w);
    },
    ..Table::new("models/tables/block_based/jfs.rs")
};

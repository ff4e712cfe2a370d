//! hfs: `fs/hfs/inode.c`.

use page_state::Buffer;

use super::{Allocates, GetBlock, continuous, entries, get_block, truncate_to_size};
use crate::front_end::{InodeInfo, OwnSize, Table, Truncation, loads, stores, words};
use crate::path::{Path, Releases};

/// hfs.
pub(crate) const PATH: Path = Path {
    name: "hfs/block",
    sentence: "hfs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "allocation blocks of more than a block, extents as structures, direct I/O",
    files: &["fs/hfs/inode.c", "fs/hfs/hfs_fs.h", "fs/hfs/extent.c"],
    tables: &[&TABLE],
    entries: entries("hfs_aops", continuous(PHYS_SIZE, Truncation::ExpandsBehindTheSize)),
};

const PHYS_SIZE: OwnSize = OwnSize::is_the_size("phys_size");

// The next block is told by `fs_blocks`, which counts the file's blocks.
const GET_BLOCK: GetBlock =
    GetBlock { allocates: Allocates::Next, own_size: Some(PHYS_SIZE), ..GetBlock::plain("hfs_get_block") };

const TABLE: Table = Table {
    words: words! { w;
        hfs_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
        hfs_file_truncate() => truncate_to_size(w, PHYS_SIZE)?;
    },
    loads: loads! { w;
        "inode_info.phys_size"(_info: InodeInfo) => PHYS_SIZE.read(&w.k) as i64;
    },
    stores: stores! { w;
        "inode_info.phys_size"(_info: InodeInfo, size: usize) => PHYS_SIZE.write(&w.k, size);
    },
    ..Table::new("models/tables/block_based/hfs.rs")
};

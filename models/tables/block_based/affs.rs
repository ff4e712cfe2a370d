//! affs: `fs/affs/file.c`.

use page_state::Buffer;

use super::{Allocates, GetBlock, LEAVES_OUT, continuous, entries, get_block, truncate_to_size};
use crate::front_end::{InodeInfo, OwnSize, Table, Truncation, loads, stores, words};
use crate::path::{Path, Releases};

/// affs on a disk with the fast file system.
pub(crate) const FFS: Path = Path {
    name: "affs/ffs",
    sentence: "affs with the fast file system",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/affs/file.c", "fs/affs/affs.h", "fs/affs/amigaffs.h"],
    tables: &[&TABLE],
    entries: entries("affs_aops", continuous(MMU_PRIVATE, Truncation::ExpandsBehindTheSize)),
};

pub(super) const MMU_PRIVATE: OwnSize = OwnSize::is_the_size("mmu_private");

// The next block is told by `i_blkcnt`, which counts the file's blocks.
const GET_BLOCK: GetBlock =
    GetBlock { allocates: Allocates::Next, own_size: Some(MMU_PRIVATE), ..GetBlock::plain("affs_get_block") };

const TABLE: Table = Table {
    words: words! { w;
        affs_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
        affs_truncate() => truncate_to_size(w, MMU_PRIVATE)?;
    },
    loads: loads! { w;
        "inode_info.mmu_private"(_info: InodeInfo) => MMU_PRIVATE.read(&w.k) as i64;
        // Nobody has archived it.
        "inode_info.i_protect"(_info: InodeInfo) => 0_u32;
    },
    stores: stores! { w;
        "inode_info.mmu_private"(_info: InodeInfo, size: usize) => MMU_PRIVATE.write(&w.k, size);
    },
    ..Table::new("models/tables/block_based/affs.rs")
};

//! fat: `fs/fat/inode.c`.

use page_state::Buffer;

use super::{Allocates, GetBlock, continuous, entries, get_block, truncate_blocks};
use crate::front_end::{InodeInfo, Nothing, OwnSize, Table, Truncation, constants, loads, stores, words};
use crate::path::{Path, Releases};

/// fat.
pub(crate) const PATH: Path = Path {
    name: "fat/block",
    sentence: "fat",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "clusters of more than a block, fallocate, direct I/O",
    files: &["fs/fat/inode.c", "fs/fat/fat.h"],
    tables: &[&TABLE],
    entries: entries("fat_aops", continuous(MMU_PRIVATE, Truncation::Expands)),
};

const MMU_PRIVATE: OwnSize = OwnSize::is_the_size("mmu_private");

const GET_BLOCK: GetBlock = GetBlock {
    allocates: Allocates::AtOwnSize,
    own_size: Some(MMU_PRIVATE),
    ..GetBlock::plain("fat_get_block")
};

const TABLE: Table = Table {
    words: words! { w;
        fat_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
        fat_truncate_blocks(offset: usize) => {
            MMU_PRIVATE.cut(&w.k, offset);
            truncate_blocks(w, offset);
        };
    },
    constants: constants! { w;
        ATTR_ARCH: u32 = 32;
    },
    loads: loads! { w;
        "inode_info.mmu_private"(_info: InodeInfo) => MMU_PRIVATE.read(&w.k) as i64;
        // It is to be archived already.
        "inode_info.i_attrs"(_info: InodeInfo) => 32_u32;
    },
    stores: stores! { w;
        "inode_info.mmu_private"(_info: InodeInfo, size: usize) => MMU_PRIVATE.write(&w.k, size);
    },
    nothing: &[Nothing { reason: "times of the inode", names: "fat_truncate_time" }],
    ..Table::new("models/tables/block_based/fat.rs")
};

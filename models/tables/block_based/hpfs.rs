//! hpfs: `fs/hpfs/file.c`. A block is a sector.

use page_state::Buffer;
use page_state::inode::i_size_read;

use super::{Allocates, GetBlock, LEAVES_OUT, continuous, entries, get_block, truncate_blocks};
use crate::front_end::{InodeInfo, Nothing, OwnSize, Table, Truncation, loads, stores, words};
use crate::path::{Path, Releases};

/// hpfs.
pub(crate) const PATH: Path = Path {
    name: "hpfs/block",
    sentence: "hpfs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/hpfs/file.c", "fs/hpfs/hpfs_fn.h"],
    tables: &[&TABLE],
    entries: entries("hpfs_aops", continuous(MMU_PRIVATE, Truncation::ToLess)),
};

const MMU_PRIVATE: OwnSize = OwnSize::is_the_size("mmu_private");

const GET_BLOCK: GetBlock = GetBlock {
    allocates: Allocates::AtOwnSizeOrDies,
    own_size: Some(MMU_PRIVATE),
    ..GetBlock::plain("hpfs_get_block")
};

const TABLE: Table = Table {
    words: words! { w;
        hpfs_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
        hpfs_truncate() => {
            let size = i_size_read(w.task());
            MMU_PRIVATE.write(&w.k, size);
            truncate_blocks(w, size);
        };
    },
    loads: loads! { w;
        "inode_info.mmu_private"(_info: InodeInfo) => MMU_PRIVATE.read(&w.k) as i64;
    },
    stores: stores! { w;
        "inode_info.mmu_private"(_info: InodeInfo, size: usize) => MMU_PRIVATE.write(&w.k, size);
        // The inode is written when the file is closed: it is here with its data.
        "inode_info.i_dirty"(_info: InodeInfo, dirty: bool) => ();
    },
    nothing: &[Nothing {
        reason: "who maps blocks holds the page, or the inode",
        names: "hpfs_lock hpfs_unlock",
    }],
    ..Table::new("models/tables/block_based/hpfs.rs")
};

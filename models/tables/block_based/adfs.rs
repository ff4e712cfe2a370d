//! adfs: `fs/adfs/inode.c`. It allocates nothing: what can be written is what is mapped, because it was read.

use page_state::Buffer;

use super::{Allocates, GetBlock, LEAVES_OUT, continuous, entries, get_block};
use crate::front_end::{Files, InodeInfo, OwnSize, Table, Truncation, loads, stores, words};
use crate::path::{Path, Releases};

/// adfs.
pub(crate) const PATH: Path = Path {
    name: "adfs/block",
    sentence: "adfs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/adfs/inode.c", "fs/adfs/adfs.h"],
    tables: &[&TABLE],
    entries: entries(
        "adfs_aops",
        // What is not mapped can't be written.
        Files { can_refuse: true, ..continuous(MMU_PRIVATE, Truncation::SizeAlone) },
    ),
};

const MMU_PRIVATE: OwnSize = OwnSize::is_the_size("mmu_private");

const GET_BLOCK: GetBlock = GetBlock { allocates: Allocates::Never, ..GetBlock::plain("adfs_get_block") };

const TABLE: Table = Table {
    words: words! { w;
        adfs_get_block(bh: Buffer, create: bool) -> i32 => get_block(w, bh, create, &GET_BLOCK)?;
    },
    loads: loads! { w;
        "inode_info.mmu_private"(_info: InodeInfo) => MMU_PRIVATE.read(&w.k) as i64;
    },
    stores: stores! { w;
        "inode_info.mmu_private"(_info: InodeInfo, size: usize) => MMU_PRIVATE.write(&w.k, size);
    },
    ..Table::new("models/tables/block_based/adfs.rs")
};

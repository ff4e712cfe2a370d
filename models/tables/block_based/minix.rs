//! minix: `fs/minix/inode.c`.

use page_state::Buffer;

use super::{GetBlock, LEAVES_OUT, entries, get_block, truncate};
use crate::front_end::{Files, Table, words};
use crate::path::{Path, Releases};

/// minix.
pub(crate) const PATH: Path = Path {
    name: "minix/block",
    sentence: "minix",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/minix/inode.c"],
    tables: &[&TABLE],
    entries: entries("minix_aops", Files::OF_THE_BASE),
};

const TABLE: Table = Table {
    words: words! { w;
        // `get_block` of fs/minix/itree_common.c.
        minix_get_block(bh_result | bh: Buffer, create: bool) -> i32
            => get_block(w, bh_result, create, &GetBlock::plain("minix_get_block"))?;
        minix_truncate() => truncate(w);
    },
    ..Table::new("models/tables/block_based/minix.rs")
};

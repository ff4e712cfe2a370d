//! bfs: `fs/bfs/file.c`.

use page_state::Buffer;

use super::{Allocates, GetBlock, entries, get_block};
use crate::front_end::{Files, Table, Truncation, words};
use crate::path::{Path, Releases};

/// bfs: a file is one run of blocks, so that it has no holes, and grows by all blocks up to the one that is asked for.
pub(crate) const PATH: Path = Path {
    name: "bfs/block",
    sentence: "bfs",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: "a file that is moved because its next block is taken, direct I/O",
    files: &["fs/bfs/file.c"],
    tables: &[&TABLE],
    entries: entries(
        "bfs_aops",
        // There is no `setattr`: it is `simple_setattr`.
        Files { have_holes: false, truncation: Truncation::SizeAlone, ..Files::OF_THE_BASE },
    ),
};

const GET_BLOCK: GetBlock = GetBlock {
    allocates: Allocates::AllUpTo,
    // There is no `set_buffer_new` in it.
    says_new: false,
    ..GetBlock::plain("bfs_get_block")
};

const TABLE: Table = Table {
    words: words! { w;
        bfs_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create, &GET_BLOCK)?;
    },
    ..Table::new("models/tables/block_based/bfs.rs")
};

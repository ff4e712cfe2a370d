//! sysv: `fs/sysv/itree.c`. The tree has it up to v6.14.

use page_state::Buffer;

use super::{GetBlock, LEAVES_OUT, entries, get_block, truncate};
use crate::front_end::{Files, Table, words};
use crate::path::{Path, Releases};

/// sysv.
pub(crate) const PATH: Path = Path {
    name: "sysv/block",
    sentence: "sysv",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/sysv/itree.c"],
    tables: &[&TABLE],
    entries: entries("sysv_aops", Files::OF_THE_BASE),
};

const TABLE: Table = Table {
    words: words! { w;
        get_block(bh_result: Buffer, create: bool) -> i32
            => get_block(w, bh_result, create, &GetBlock::plain("sysv get_block"))?;
        sysv_truncate() => truncate(w);
    },
    ..Table::new("models/tables/block_based/sysv.rs")
};

//! udf, whose file's data is in blocks: `fs/udf/inode.c`.

use page_state::Buffer;
use page_state::inode::i_size_read;

use super::{GetBlock, LEAVES_OUT, entries, get_block, truncate_blocks};
use crate::front_end::{Entries, Files, InodeInfo, Nothing, Table, constants, loads, words};
use crate::path::{Path, Releases};

/// udf.
pub(crate) const PATH: Path = Path {
    name: "udf/block",
    sentence: "udf, a file whose data is in blocks",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/udf/inode.c", "fs/udf/udf_i.h", "fs/udf/file.c"],
    tables: &[&TABLE],
    entries: Entries { files: Files::OF_THE_BASE, ..entries("udf_aops", Files::OF_THE_BASE) },
};

const TABLE: Table = Table {
    words: words! { w;
        udf_get_block(bh_result: Buffer, create: bool) -> i32
            => get_block(w, bh_result, create, &GetBlock::plain("udf_get_block"))?;
        udf_truncate_extents() -> i32 => {
            truncate_blocks(w, i_size_read(w.task()));
            0
        };
    },
    constants: constants! { w;
        ICBTAG_FLAG_AD_SHORT: u32 = 0;
        ICBTAG_FLAG_AD_IN_ICB: u32 = 3;
    },
    loads: loads! { w;
        "inode_info.i_alloc_type"(_info: InodeInfo) => 0_u32;
        "inode_info.i_data_sem"(_info: InodeInfo) => 0_u32;
    },
    nothing: &[
        Nothing { reason: "who maps blocks holds the page, or the inode", names: "down_write up_write" },
        Nothing { reason: "where it was looked for last", names: "udf_clear_extent_cache" },
    ],
    ..Table::new("models/tables/block_based/udf.rs")
};

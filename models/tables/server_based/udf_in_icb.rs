//! udf, whose file's data is in the inode's own block: `fs/udf/inode.c`, since v6.3.

use models::generic::server;
use page_state::Folio;
use page_state::folio::folio_mark_uptodate;

use crate::front_end::{Entries, Files, InodeInfo, Table, constants, loads, words};
use crate::path::{GENERIC, Path, Releases};

/// udf with data in the ICB.
pub(crate) const PATH: Path = Path {
    name: "udf/in-icb",
    sentence: "udf, a file whose data is in the inode's block",
    base: "fuse/writethrough",
    releases: Releases { first: (6, 3), ..Releases::ALL },
    leaves_out: "files that get too large for it, and are moved to blocks",
    files: &["fs/udf/inode.c", "fs/udf/udf_i.h"],
    tables: &[&TABLE],
    entries: Entries {
        operations: "udf_aops",
        write: GENERIC,
        page_mkwrite: None,
        files: Files { pages_max: 1, ..Files::OF_THE_BASE },
    },
};

const TABLE: Table = Table {
    words: words! { w;
        // All of the file, and zeros behind it.
        udf_adinicb_read_folio | udf_adinicb_readpage (folio | page: Folio) => {
            server::read(w.task(), folio, 0, w.page_units());
            folio_mark_uptodate(w.task(), folio);
        };
    },
    constants: constants! { w;
        ICBTAG_FLAG_AD_IN_ICB: u32 = 3;
    },
    loads: loads! { w;
        "inode_info.i_alloc_type"(_info: InodeInfo) => 3_u32;
    },
    ..Table::new("models/tables/server_based/udf_in_icb.rs")
};

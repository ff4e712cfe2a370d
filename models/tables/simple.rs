//! File systems whose data is in the page cache only: `fs/libfs.c` (ramfs), `mm/shmem.c` (tmpfs).

use c_run::Pointer;
use models::generic::filemap::grab_cache_page;

use crate::front_end::{Answer, InodeInfo, Table, loads, words};

/// The words of tmpfs.
pub(crate) const TMPFS: Table = Table {
    words: words! { w;
        SHMEM_I() -> InodeInfo => InodeInfo;
        // The page, locked and referenced: made where there is a hole; nothing is swapped out.
        shmem_get_folio(index: usize, foliop: Pointer) -> i32 => {
            let folio = grab_cache_page(w.task(), index);
            w.run.store(&foliop, folio.value())?;
            0
        };
    },
    loads: loads! { w;
        // No seals, and space for everything.
        "inode_info.seals"(_info: InodeInfo) => 0_u32;
        "inode_info.flags"(_info: InodeInfo) => 0_u64;
    },
    ..Table::new("models/tables/simple.rs")
};

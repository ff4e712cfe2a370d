//! hostfs: `fs/hostfs/hostfs_kern.c`.

use c_run::{Pointer, Value};

use super::{KMAP, send};
use crate::front_end::{Answer, Argument, Data, Entries, Files, InodeInfo, Table, loads, words};
use crate::path::{GENERIC, Path, Releases};

/// hostfs, User Mode Linux's.
pub(crate) const PATH: Path = Path {
    name: "hostfs/host",
    sentence: "hostfs",
    base: "fuse/writethrough",
    releases: Releases::ALL,
    leaves_out: "errors and short answers of the host",
    files: &["fs/hostfs/hostfs_kern.c"],
    tables: &[&KMAP, &TABLE],
    entries: Entries {
        operations: "hostfs_aops",
        write: GENERIC,
        page_mkwrite: None,
        files: Files::OF_THE_BASE,
    },
};

const TABLE: Table = Table {
    words: words! { w;
        FILE_HOSTFS_I() -> InodeInfo => InodeInfo;
        // `pwrite64` of the host.
        write_file(fd: Value, offset: Pointer, buf: Data, len: usize) -> i32 => {
            send(w, buf, len);
            let position = i64::from_value(w, &w.run.load(&offset)?)?;
            w.run.store(&offset, (position + len as i64).value())?;
            len as i32
        };
    },
    loads: loads! { w;
        "inode_info.fd"(_info: InodeInfo) => 0_i32;
    },
    ..Table::new("models/tables/server_based/hostfs.rs")
};

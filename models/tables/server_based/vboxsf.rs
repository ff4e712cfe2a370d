//! vboxsf: `fs/vboxsf/file.c`.

use c_run::{Pointer, Value};

use super::{KMAP, send};
use crate::front_end::{Argument, Data, Entries, Files, InodeInfo, OpenFile, Table, loads, stores, words};
use crate::path::{GENERIC, Path, Releases};

/// vboxsf, VirtualBox's shared folders.
pub(crate) const PATH: Path = Path {
    name: "vboxsf/host",
    sentence: "vboxsf",
    base: "fuse/writethrough",
    releases: Releases::ALL,
    leaves_out: "errors and short answers of the host",
    files: &["fs/vboxsf/file.c", "fs/vboxsf/vfsmod.h"],
    tables: &[&KMAP, &TABLE],
    entries: Entries {
        operations: "vboxsf_reg_aops",
        write: GENERIC,
        page_mkwrite: None,
        files: Files::OF_THE_BASE,
    },
};

const TABLE: Table = Table {
    words: words! { w;
        vboxsf_write(root: Value, handle: Value, offset: Value, buf_len: Pointer, buf: Data) -> i32 => {
            let count = usize::from_value(w, &w.run.load(&buf_len)?)?;
            send(w, buf, count);
            0
        };
    },
    loads: loads! { w;
        "file.private_data"(_file: OpenFile) => InodeInfo;
        "inode_info.root"(_handle: InodeInfo) => 0_u32;
        "inode_info.handle"(_handle: InodeInfo) => 0_u64;
    },
    stores: stores! { w;
        // What the host says of the file is asked for again.
        "inode_info.force_restat"(_info: InodeInfo, force: bool) => ();
    },
    ..Table::new("models/tables/server_based/vboxsf.rs")
};

//! exfat: `fs/exfat/{file,inode}.c` of v6.8 to v6.17. What is beyond `valid_size` was never written, and reads as
//! zeros; before a write beyond it, zeros are written up to there.

use machine::{Label, call};
use models::Errno;
use page_state::Buffer;
use page_state::buffer::{NEW, allocate_block, map_bh};
use page_state::inode::{i_size_read, map_block};

use super::{LEAVES_OUT, truncate_blocks};
use crate::front_end::{
    Assumption, Entries, Files, Here, InodeInfo, OwnSize, Table, constants, loads, stores, words,
};
use crate::inode::WRITE_ITER;
use crate::path::{Path, Releases};

/// exfat.
pub(crate) const PATH: Path = Path {
    name: "exfat/block",
    sentence: "exfat",
    base: "generic/block",
    releases: Releases { first: (6, 8), last: (6, 12) },
    leaves_out: LEAVES_OUT,
    files: &["fs/exfat/inode.c", "fs/exfat/file.c", "fs/exfat/exfat_fs.h", "fs/exfat/exfat_raw.h"],
    tables: &[&WRITE_ITER, &TABLE],
    entries: Entries {
        operations: "exfat_aops",
        write: "exfat_file_write_iter",
        page_mkwrite: None,
        // What a truncation to more leaves beyond `valid_size` is a hole of the model around it: zeros as well.
        files: Files {
            have_holes: false,
            own_size: Some(VALID_SIZE),
            takes_invalidate_lock: false,
            ..Files::OF_THE_BASE
        },
    },
};

const VALID_SIZE: OwnSize = OwnSize::is_the_size("valid_size");

const TABLE: Table = Table {
    words: words! { w;
        exfat_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create);
        exfat_truncate() => {
            let size = i_size_read(w.task());
            VALID_SIZE.cut(&w.k, size);
            truncate_blocks(w, size);
        };
    },
    constants: constants! { w;
        EXFAT_ATTR_ARCHIVE: u32 = 0x20;
    },
    loads: loads! { w;
        "inode_info.valid_size"(_info: InodeInfo) => VALID_SIZE.read(&w.k) as i64;
        // It is to be archived already.
        "inode_info.attr"(_info: InodeInfo) => 0x20_u32;
    },
    stores: stores! { w;
        "inode_info.valid_size"(_info: InodeInfo, size: usize) => VALID_SIZE.write(&w.k, size);
    },
    assumptions: &[Assumption {
        name: "exfat_forced_shutdown",
        value: 0,
        reason: "nobody shuts the file system down",
    }],
    ..Table::new("models/tables/block_based/exfat.rs")
};

/// A block beyond those that `valid_size` touches is new, whether it was allocated or not, and raises it.
fn get_block(w: &Here<'_, '_>, bh: Buffer, create: bool) -> Result<(), Errno> {
    let task = w.task();
    call(task.m, Label::new("exfat_get_block", &[bh.block as i32]), || {
        let block = bh.file_block(task);
        let disk_block = match map_block(task, block) {
            Some(disk_block) => disk_block,
            None if !create => return Ok(()),
            None if w.k.is_disk_full() => return Err(Errno::Enospc),
            None => allocate_block(task, block, &[]),
        };
        let is_new = create && block >= w.geometry().blocks_of(VALID_SIZE.read(&w.k));
        map_bh(task, bh, disk_block, if is_new { NEW } else { 0 });
        if is_new {
            VALID_SIZE.write(&w.k, (block + 1) << w.geometry().block_shift);
        }
        Ok(())
    })
}

//! exfat: `fs/exfat/inode.c` of v5.7 to v6.7, where a file is grown block by block as fat's is.

use machine::{Label, call};
use models::Errno;
use page_state::Buffer;
use page_state::buffer::{NEW, allocate_block, map_bh};
use page_state::inode::{i_size_read, map_block};

use super::{LEAVES_OUT, continuous, entries, truncate_blocks};
use crate::front_end::{
    Here, InodeInfo, Nothing, OwnSize, Table, Truncation, constants, loads, stores, words,
};
use crate::path::{Path, Releases};

/// exfat.
pub(crate) const PATH: Path = Path {
    name: super::exfat::PATH.name,
    sentence: "exfat",
    base: "generic/block",
    releases: Releases { first: (5, 7), last: (6, 7) },
    leaves_out: LEAVES_OUT,
    files: &["fs/exfat/inode.c", "fs/exfat/exfat_fs.h", "fs/exfat/exfat_raw.h"],
    tables: &[&TABLE],
    entries: entries("exfat_aops", continuous(ON_DISK, Truncation::Expands)),
};

/// `i_size_aligned` is the same number: both are where the last block ends when the file is opened and when it is
/// truncated, and a block that is added raises both.
const ON_DISK: OwnSize = OwnSize::is_of_blocks("i_size_ondisk");

const TABLE: Table = Table {
    words: words! { w;
        exfat_get_block(bh_result: Buffer, create: bool) -> i32 => get_block(w, bh_result, create);
        exfat_truncate() => {
            let size = i_size_read(w.task());
            ON_DISK.cut(&w.k, size);
            truncate_blocks(w, size);
        };
    },
    constants: constants! { w;
        ATTR_ARCHIVE: u32 = 0x20;
    },
    loads: loads! { w;
        "inode_info.i_size_ondisk"(_info: InodeInfo) => ON_DISK.read(&w.k) as i64;
        "inode_info.i_size_aligned"(_info: InodeInfo) => ON_DISK.read(&w.k) as i64;
        // It is to be archived already.
        "inode_info.attr"(_info: InodeInfo) => 0x20_u32;
    },
    stores: stores! { w;
        "inode_info.i_size_ondisk"(_info: InodeInfo, size: usize) => ON_DISK.write(&w.k, size);
    },
    nothing: &[Nothing { reason: "messages", names: "exfat_fs_error" }],
    ..Table::new("models/tables/block_based/exfat_v5_7.rs")
};

/// A block beyond the file's last one is new whether it was allocated or not; with it go all before it.
fn get_block(w: &Here<'_, '_>, bh: Buffer, create: bool) -> Result<(), Errno> {
    let task = w.task();
    call(task.m, Label::new("exfat_get_block", &[bh.block as i32]), || {
        let block = bh.file_block(task);
        let is_beyond = block >= w.geometry().blocks_of(i_size_read(task));
        if is_beyond && !create {
            return Ok(());
        }
        let disk_block = match map_block(task, block) {
            Some(disk_block) => disk_block,
            None if !create => return Ok(()),
            None if w.k.is_disk_full() => return Err(Errno::Enospc),
            None => {
                for other in (0..block).filter(|&other| map_block(task, other).is_none()) {
                    allocate_block(task, other, &[]);
                }
                allocate_block(task, block, &[])
            }
        };
        map_bh(task, bh, disk_block, if is_beyond { NEW } else { 0 });
        let end = (block + 1) << w.geometry().block_shift;
        if is_beyond && ON_DISK.read(&w.k) < end {
            ON_DISK.write(&w.k, end);
        }
        Ok(())
    })
}

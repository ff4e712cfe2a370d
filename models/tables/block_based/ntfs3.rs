//! ntfs3: `fs/ntfs3/{file,inode}.c`, up to where it went over to iomap. What is beyond `i_valid` was never written, and
//! reads as zeros; a write takes clusters up to its end first, and zeros are written up to where it begins.

use c_run::{Pointer, Value};
use c_text::IntType;
use machine::{Label, call};
use models::Errno;
use models::generic::server;
use page_state::buffer::{allocate_block, map_bh};
use page_state::folio::folio_mark_uptodate;
use page_state::inode::{i_size_read, map_block};
use page_state::{Buffer, Folio};

use super::{LEAVES_OUT, truncate_blocks};
use crate::front_end::{
    Assumption, Device, Entries, Files, Here, InodeInfo, Mapping, Nothing, OwnSize, SuperBlock,
    SuperBlockInfo, Table, constants, loads, stores, words,
};
use crate::inode::WRITE_ITER;
use crate::path::{Path, Releases};

/// ntfs3.
pub(crate) const BLOCK: Path = Path {
    name: "ntfs3/block",
    sentence: "ntfs3",
    base: "generic/block",
    releases: RELEASES,
    leaves_out: LEAVES_OUT,
    files: FILES,
    tables: &[&WRITE_ITER, &TABLE, &IN_CLUSTERS],
    // What a truncation to more leaves beyond `i_valid` is a hole of the model around it: zeros as well.
    entries: entries(Files { have_holes: false, own_size: Some(VALID), ..Files::OF_THE_BASE }),
};

/// ntfs3, a small file.
pub(crate) const RESIDENT: Path = Path {
    name: "ntfs3/resident",
    sentence: "ntfs3, a file whose data is in its record",
    base: "fuse/writethrough",
    releases: RELEASES,
    leaves_out: "files that get too large for it, and are moved to clusters",
    files: FILES,
    tables: &[&WRITE_ITER, &TABLE, &IN_THE_RECORD],
    entries: entries(Files { pages_max: 1, own_size: Some(VALID), ..Files::OF_THE_BASE }),
};

// What it was in v5.15 is not known to us, and v6.12 is the last that we have read before iomap.
const RELEASES: Releases = Releases { first: (6, 1), last: (6, 12) };

const FILES: &[&str] =
    &["fs/ntfs3/inode.c", "fs/ntfs3/file.c", "fs/ntfs3/ntfs.h", "fs/ntfs3/ntfs_fs.h", "fs/ntfs3/debug.h"];

const fn entries(files: Files) -> Entries {
    let files = Files { takes_invalidate_lock: false, ..files };
    Entries { operations: "ntfs_aops", write: "ntfs_file_write_iter", page_mkwrite: None, files }
}

/// Where the last block that was written ends: `ntfs_get_block_vbo` and `ntfs_truncate` leave it there. (A file that was
/// opened and not written yet has it where its data ends; what is behind it in the block are zeros here as well.)
const VALID: OwnSize = OwnSize::is_of_blocks("i_valid");

/// `FILE_ATTRIBUTE_ARCHIVE`.
const ARCHIVE: u32 = 0x20;
/// `NI_FLAG_RESIDENT`.
const IS_RESIDENT: u64 = 0x80;

const TABLE: Table = Table {
    constants: constants! { w;
        FILE_ATTRIBUTE_ARCHIVE: u32 = ARCHIVE;
        FILE_ATTRIBUTE_SPARSE_FILE: u32 = 0x200;
        FILE_ATTRIBUTE_COMPRESSED: u32 = 0x800;
        FILE_ATTRIBUTE_ENCRYPTED: u32 = 0x4000;
        ATTR_DATA: u32 = 0x80;
        SPARSE_LCN: u32 = u32::MAX;
    },
    loads: loads! { w;
        "inode_info.i_valid"(_info: InodeInfo) => VALID.read(&w.k) as u64;
        // It is to be archived already, and is neither sparse nor compressed nor encrypted.
        "inode_info.std_fa"(_info: InodeInfo) => ARCHIVE;
        "super_block_info.options"(_info: SuperBlockInfo) => SuperBlockInfo;
        // Nothing is taken beyond what is asked for.
        "super_block_info.prealloc"(_info: SuperBlockInfo) => 0_u32;
        "super_block.s_bdev"(_sb: SuperBlock) => Device;
        "inode_info.mi.sbi"(_info: InodeInfo) => SuperBlockInfo;
        "inode_info.vfs_inode.i_mapping"(_info: InodeInfo) => Mapping;
        "inode_info.vfs_inode.i_sb"(_info: InodeInfo) => SuperBlock;
        "inode_info.vfs_inode.i_size"(_info: InodeInfo) => i_size_read(w.task()) as i64;
    },
    stores: stores! { w;
        "inode_info.i_valid"(_info: InodeInfo, size: usize) => VALID.write(&w.k, size);
        "inode_info.std_fa"(_info: InodeInfo, _flags: i64) => ();
    },
    nothing: &[
        Nothing { reason: "messages", names: "ntfs_inode_warn" },
        Nothing { reason: "the volume's own flag", names: "ntfs_set_state" },
        Nothing {
            reason: "ni_lock, run_lock: the map of a file's blocks is one cell here",
            names: "ni_lock ni_unlock down_write up_write",
        },
    ],
    assumptions: &[Assumption {
        name: "ntfs3_forced_shutdown",
        value: 0,
        reason: "nobody shuts the file system down",
    }],
    ..Table::new("models/tables/block_based/ntfs3.rs")
};

/// A file with clusters, of a block each.
const IN_CLUSTERS: Table = Table {
    words: words! { w;
        attr_set_size(new_size: usize) -> i32 => set_size(w, new_size);
        attr_data_get_block(vcn: usize, lcn: Pointer, len: Pointer, new: Pointer) -> i32 => {
            let cluster = cluster(w, vcn);
            w.run.store(&lcn, Value::Int(cluster as i64, IntType::UNSIGNED_INT))?;
            w.run.store(&len, Value::Int(1, IntType::UNSIGNED_INT))?;
            0
        };
    },
    loads: loads! { w;
        "inode_info.ni_flags"(_info: InodeInfo) => 0_u64;
        "super_block_info.cluster_bits"(_info: SuperBlockInfo) => w.geometry().block_shift as u32;
        "super_block_info.cluster_mask"(_info: SuperBlockInfo) => w.geometry().block_units() as u32 - 1;
        "super_block_info.cluster_size"(_info: SuperBlockInfo) => w.geometry().block_units() as u32;
        "super_block_info.used.bitmap.nbits"(_info: SuperBlockInfo) => w.task().storage.disk_blocks as u64;
        "super_block_info.maxbytes"(_info: SuperBlockInfo) => u64::MAX >> 1;
    },
    stores: stores! { w;
        "buffer_head.b_blocknr"(bh: Buffer, disk_block: usize) => map_bh(w.task(), bh, disk_block, 0);
        "buffer_head.b_bdev"(_bh: Buffer, _of: Device) => ();
    },
    ..Table::new("models/tables/block_based/ntfs3.rs")
};

/// A file whose data is in its record.
const IN_THE_RECORD: Table = Table {
    words: words! { w;
        // It never is too large for the record.
        attr_set_size(new_size: usize) -> i32 => {
            if new_size < server::size(w.task()) {
                server::truncate(w.task(), new_size);
            } else {
                server::set_size(w.task(), new_size);
            }
            0
        };
        attr_data_read_resident(folio | page: Folio) -> i32 => {
            server::read(w.task(), folio, 0, w.page_units());
            folio_mark_uptodate(w.task(), folio);
            0
        };
        attr_data_write_resident(folio | page: Folio) -> i32 => {
            let size = server::size(w.task());
            server::write(&w.k, folio, 0, size.min(w.page_units()));
            VALID.write(&w.k, size);
            0
        };
        // `truncate_setsize` comes behind it, and zeroes what it would.
        block_truncate_page() -> i32 => 0;
        // Its pages have none.
        folio_buffers(folio: Folio) => Value::Pointer(Pointer::NULL);
        page_has_buffers(page: Folio) -> bool => false;
    },
    loads: loads! { w;
        "inode_info.ni_flags"(_info: InodeInfo) => IS_RESIDENT;
        "super_block_info.maxbytes"(_info: SuperBlockInfo) => u64::MAX >> 1;
    },
    instead: &["folio_buffers", "page_has_buffers"],
    ..Table::new("models/tables/block_based/ntfs3.rs")
};

/// Gives clusters back, or takes them for a file of this size. None of these was written: here they are holes until they are.
fn set_size(w: &Here<'_, '_>, size: usize) -> Result<(), Errno> {
    let task = w.task();
    let (old, geometry) = (i_size_read(task), w.geometry());
    // `ntfs_truncate` has set the size before.
    if size <= old {
        truncate_blocks(w, size);
        return Ok(());
    }
    let is_full = geometry.blocks_of(size) > geometry.blocks_of(old) && w.k.is_disk_full();
    if is_full { Err(Errno::Enospc) } else { Ok(()) }
}

/// The cluster, which the file has.
fn cluster(w: &Here<'_, '_>, block: usize) -> usize {
    let task = w.task();
    let found = call(task.m, Label::new("attr_data_get_block", &[block as i32]), || {
        map_block(task, block).unwrap_or_else(|| allocate_block(task, block, &[])) as u8
    });
    found.into()
}

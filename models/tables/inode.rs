//! The inode and what hangs on it: `include/linux/fs.h`.

use c_run::Value;
use page_state::inode::{i_size_read, i_size_write};

use crate::front_end::{
    Assumption, Current, Device, Inode, Iter, Mapping, Nothing, OpenFile, SuperBlock, SuperBlockInfo, Table,
    Vma, constants, loads, stores, words,
};

/// `S_IFREG | 0644`.
const REGULAR: u32 = 0o100_644;

/// The words of the inode.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        i_size_read() -> i64 => i_size_read(w.task()) as i64;
        i_size_write(i_size: usize) => i_size_write(w.task(), i_size);
        // Writes are not synchronous.
        generic_write_sync(count: i64) -> i64 => count;
        inode_to_bdi() -> Device => Device;
        file_inode() -> Inode => Inode;
        folio_inode() -> Inode => Inode;
        // The writer holds it.
        inode_is_locked() -> bool => true;
        S_ISREG(mode: i64) -> bool => true;
        // It is given on to the inode's times, which nobody looks at.
        current_time() -> i64 => 0;
    },
    loads: loads! { w;
        "file.f_mapping"(_file: OpenFile) => Mapping;
        "file.f_inode"(_file: OpenFile) => Inode;
        "file.f_flags"(_file: OpenFile) => 0_u32;
        "vm_area_struct.vm_file"(_vma: Vma) => OpenFile;
        "mapping.host"(_mapping: Mapping) => Inode;
        "mapping.a_ops"(_mapping: Mapping) => w.fs.operations();
        "inode.i_mapping"(_inode: Inode) => Mapping;
        "inode.i_sb"(_inode: Inode) => SuperBlock;
        "inode.i_size"(_inode: Inode) => i_size_read(w.task()) as i64;
        "inode.i_blkbits"(_inode: Inode) => w.geometry().block_shift as u32;
        "inode.i_mode"(_inode: Inode) => REGULAR;
        "inode.i_nlink"(_inode: Inode) => 1_u32;
        "super_block.s_blocksize"(_sb: SuperBlock) => w.geometry().block_units() as u64;
        "super_block.s_blocksize_bits"(_sb: SuperBlock) => w.geometry().block_shift as u32;
        "super_block.s_fs_info"(_sb: SuperBlock) => SuperBlockInfo;
    },
    stores: stores! { w;
        // Whose congestion a writer waits for, before v6.3.
        "task_struct.backing_dev_info"(_current: Current, _of: Value) => ();
        "inode.i_mtime"(_inode: Inode, _time: Value) => ();
        "inode.i_ctime"(_inode: Inode, _time: Value) => ();
        "inode.i_size"(_inode: Inode, size: usize) => i_size_write(w.task(), size);
    },
    nothing: &[
        Nothing {
            reason: "whoever writes holds it before the file system is asked",
            names: "inode_lock inode_unlock",
        },
        Nothing { reason: "no direct I/O is under way", names: "inode_dio_wait" },
        Nothing {
            reason: "times and versions of the inode",
            names: "file_update_time inode_maybe_inc_iversion inode_set_mtime_to_ts inode_set_ctime_current",
        },
        Nothing {
            reason: "who freezes a file system waits for writers",
            names: "sb_start_pagefault sb_end_pagefault",
        },
        Nothing {
            reason: "the inode is written with its data, whatever marks it",
            names: "mark_inode_dirty __mark_inode_dirty",
        },
    ],
    assumptions: &[
        Assumption {
            name: "file_modified",
            value: 0,
            reason: "times, and privileges that a write takes away",
        },
        Assumption { name: "IS_ENCRYPTED", value: 0, reason: "no file is encrypted" },
        Assumption { name: "fscrypt_inode_uses_fs_layer_crypto", value: 0, reason: "no file is encrypted" },
        Assumption { name: "IS_VERITY", value: 0, reason: "no file is sealed by fs-verity" },
        Assumption { name: "fsverity_active", value: 0, reason: "no file is sealed by fs-verity" },
        Assumption { name: "IS_IMMUTABLE", value: 0, reason: "the file can be written" },
        Assumption { name: "inode_newsize_ok", value: 0, reason: "no size is too large" },
        Assumption { name: "IS_DAX", value: 0, reason: "files are in the page cache" },
        Assumption { name: "IS_SYNC", value: 0, reason: "writes are not synchronous" },
        Assumption { name: "IS_DIRSYNC", value: 0, reason: "writes are not synchronous" },
    ],
    ..Table::new("models/tables/inode.rs")
};

/// What a `write_iter` calls that is a file system's own.
pub(crate) const WRITE_ITER: Table = Table {
    words: words! { w;
        // Nothing limits a write of a few units.
        generic_write_checks(iocb: Value, from: Iter) -> i64 => w.request.len.saturating_sub(from.done) as i64;
        // The time is given on to `inode_set_mtime_to_ts`.
        inode_set_ctime_current() -> i64 => 0;
        inode_trylock() -> bool => true;
    },
    constants: constants! { w;
        IOCB_DIRECT: u32 = 1 << 17;
    },
    assumptions: &[
        Assumption { name: "file_update_time", value: 0, reason: "times of the inode" },
        Assumption { name: "file_remove_privs", value: 0, reason: "the file gives nobody privileges" },
    ],
    instead: &["inode_set_ctime_current", "file_update_time"],
    ..Table::new("models/tables/inode.rs")
};

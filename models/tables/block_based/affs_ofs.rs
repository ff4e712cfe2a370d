//! affs with its old file system: `fs/affs/file.c`.
//!
//! A block has a header before its data, so that pages are no buffers: what is written is copied to the device's buffers
//! when the write ends, and pages are never dirty. Here these buffers are the disk.

use c_run::{Object, Pointer, Stop, Value};
use machine::{Label, Order, call};
use models::Errno;
use page_state::Folio;
use page_state::Unit;
use page_state::buffer::allocate_block;
use page_state::inode::map_block;
use page_state::steps::{copy_unit, store};

use super::affs::MMU_PRIVATE;
use super::{LEAVES_OUT, continuous, entries};
use crate::front_end::{
    Answer, Data, DiskData, Here, InodeInfo, Nothing, SuperBlockInfo, Table, Thing, Truncation, errno, loads,
    stores, words,
};
use crate::path::{Path, Releases};

/// affs on a disk with the old file system.
pub(crate) const PATH: Path = Path {
    name: "affs/ofs",
    sentence: "affs with the old file system",
    base: "generic/block",
    releases: Releases::ALL,
    leaves_out: LEAVES_OUT,
    files: &["fs/affs/file.c", "fs/affs/affs.h", "fs/affs/amigaffs.h"],
    tables: &[&TABLE],
    entries: entries("affs_aops_ofs", continuous(MMU_PRIVATE, Truncation::ExpandsBy("affs_extent_file_ofs"))),
};

/// A buffer of the device with a block of the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    /// The block.
    at: usize,
    /// Whether it was allocated for whoever holds it.
    is_new: bool,
}

impl Thing for Block {
    const KIND: &'static str = "affs_block";
    fn of(object: Object) -> Block {
        Block { at: object.numbers[0] as usize, is_new: object.numbers[1] != 0 }
    }
    fn numbers(&self) -> [u32; 2] {
        [self.at as u32, self.is_new.into()]
    }
}

/// The header of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Header;

impl Thing for Header {
    const KIND: &'static str = "affs_data_head";
    fn of(_: Object) -> Header {
        Header
    }
    fn numbers(&self) -> [u32; 2] {
        [0, 0]
    }
}

const TABLE: Table = Table {
    words: words! { w;
        affs_bread_ino(block: usize, create: bool) => found(get_block(w, "affs_bread_ino", block, create));
        affs_getemptyblk_ino(block: usize) => found(get_block(w, "affs_getemptyblk_ino", block, true));
        affs_getzeroblk_ino(block: usize) => {
            let found_block = get_block(w, "affs_getzeroblk_ino", block, true);
            if let Ok(Block { at: block, .. }) = found_block {
                let all = w.geometry().block_units();
                zero(w, DiskData { block, unit: 0 }, all);
            }
            found(found_block)
        };
        AFFS_DATA(bh: Block) => DiskData { block: bh.at, unit: 0 };
        AFFS_DATA_HEAD(bh: Block) => Header;
        buffer_new(bh: Block) -> bool => bh.is_new;
        // Where it fails to allocate, `affs_write_end_ofs` takes the block before for the error.
        PTR_ERR(ptr: Pointer) -> i64 => match ptr {
            Pointer::Number(number) => number,
            _ => machine::bug("an address is taken for an error's number"),
        };
        folio_address | page_address (folio | page: Folio) => Data { folio, unit: 0 };
        memcpy(to: DiskData, from: Data, n: usize) => copy(w, from, to, n, true)?;
        memcpy_to_folio | memcpy_to_page (folio | page: Folio, offset: usize, from: DiskData, len: usize) =>
            copy(w, Data { folio, unit: offset }, from, len, false)?;
        memset(to: DiskData, with: i64, n: usize) => match with {
            0 => zero(w, to, n),
            other => return Err(w.refused(format!("data that is set to {other}"))),
        };
        be32_to_cpu(x: i64) -> u32 => x as u32;
        cpu_to_be32(x: i64) -> u32 => x as u32;
    },
    loads: loads! { w;
        "super_block_info.s_data_blksize"(_info: SuperBlockInfo) => w.geometry().block_units() as u32;
        "inode_info.mmu_private"(_info: InodeInfo) => MMU_PRIVATE.read(&w.k) as i64;
        // Nobody has archived it.
        "inode_info.i_protect"(_info: InodeInfo) => 0_u32;
        "inode.i_ino"(_inode: crate::front_end::Inode) => 2_u64;
        // What is found in a header goes into a header.
        "affs_block.b_state"(_bh: Block) => 0_u64;
        "affs_block.b_blocknr"(bh: Block) => bh.at as u64;
        "affs_data_head.size"(_head: Header) => 0_u32;
        "affs_data_head.next"(_head: Header) => 0_u32;
    },
    stores: stores! { w;
        "inode_info.mmu_private"(_info: InodeInfo, size: usize) => MMU_PRIVATE.write(&w.k, size);
        "affs_block.b_state"(_bh: Block, _state: i64) => ();
        "affs_data_head.ptype"(_head: Header, _value: i64) => ();
        "affs_data_head.key"(_head: Header, _value: i64) => ();
        "affs_data_head.sequence"(_head: Header, _value: i64) => ();
        "affs_data_head.size"(_head: Header, _value: i64) => ();
        "affs_data_head.next"(_head: Header, _value: i64) => ();
    },
    nothing: &[
        Nothing {
            reason: "headers of blocks, which are written and not looked at when a file is read",
            names: "affs_fix_checksum affs_adjust_checksum be32_add_cpu",
        },
        Nothing {
            reason: "the device's buffers are the disk",
            names: "mark_buffer_dirty_inode mmb_mark_buffer_dirty affs_brelse",
        },
        Nothing { reason: "messages", names: "affs_warning" },
    ],
    instead: &["buffer_new", "PTR_ERR"],
    ..Table::new("models/tables/block_based/affs_ofs.rs")
};

/// `affs_get_block`: the next block can be allocated, and no other.
fn get_block(w: &Here<'_, '_>, name: &'static str, block: usize, create: bool) -> Result<Block, Errno> {
    let task = w.task();
    let found = call(task.m, Label::new(name, &[block as i32]), || {
        if let Some(disk_block) = map_block(task, block) {
            return Ok((disk_block as u8, false));
        }
        let is_next = (0..block).all(|other| map_block(task, other).is_some());
        match create && is_next {
            false => Err(Errno::Eio),
            true if w.k.is_disk_full() => Err(Errno::Enospc),
            true => Ok((allocate_block(task, block, &[]) as u8, true)),
        }
    });
    found.map(|(at, is_new)| Block { at: at.into(), is_new })
}

/// The buffer, or the error as a pointer.
fn found(block: Result<Block, Errno>) -> Value {
    match block {
        Ok(block) => block.value(),
        Err(error) => Value::Pointer(Pointer::Number((-errno(error)).into())),
    }
}

/// Copies so many units between a page and a block.
fn copy(w: &Here<'_, '_>, page: Data, block: DiskData, count: usize, to_block: bool) -> Result<(), Stop> {
    let storage = w.task().storage;
    if page.unit + count > w.page_units() || block.unit + count > w.geometry().block_units() {
        return Err(w.refused("a copy that leaves the page or the block"));
    }
    for unit in 0..count {
        let in_page = storage.unit(page.folio.frame, page.unit + unit);
        let on_disk = storage.disk(block.block, block.unit + unit);
        let (from, to) = if to_block { (in_page, on_disk) } else { (on_disk, in_page) };
        copy_unit(w.task(), from, to, Label::new("memcpy", &[(page.unit + unit) as i32]));
    }
    Ok(())
}

/// Zeroes so many units of a block.
fn zero(w: &Here<'_, '_>, block: DiskData, count: usize) {
    for unit in block.unit..block.unit + count {
        let at = w.task().storage.disk(block.block, unit);
        store(w.task(), at, Unit::Zero.word(), Order::Relaxed, Label::new("memset", &[unit as i32]));
    }
}

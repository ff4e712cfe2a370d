//! File systems that use `block_write_begin` or `cont_write_begin` and `generic_write_end`, a file each.
//!
//! One is added with its path and, as a rule, three entries: its `get_block`, its truncation, and how its part of
//! the inode is found.

pub(crate) mod adfs;
pub(crate) mod affs;
pub(crate) mod affs_ofs;
pub(crate) mod bfs;
pub(crate) mod exfat;
pub(crate) mod exfat_v5_7;
pub(crate) mod fat;
mod get_block;
pub(crate) mod hfs;
pub(crate) mod hfsplus;
pub(crate) mod hpfs;
pub(crate) mod jfs;
pub(crate) mod minix;
pub(crate) mod nilfs2;
pub(crate) mod ntfs3;
pub(crate) mod omfs;
pub(crate) mod sysv;
pub(crate) mod udf;
pub(crate) mod ufs;

use std::cmp::Ordering;

use c_run::Stop;
use models::generic::block::block_truncate_page;
use page_state::inode::i_size_read;

use crate::front_end::{Entries, Files, Here, OwnSize, Truncation};
use crate::path::GENERIC;

pub(crate) use crate::ext2::truncate_blocks;
pub(crate) use get_block::{Allocates, GetBlock, get_block};

/// What the model of ext2 around them leaves out, of all of them.
const LEAVES_OUT: &str = "the map of the file as a structure, direct I/O";

/// What is written with `generic_perform_write`, with these operations. Of all of them udf alone holds `invalidate_lock`
/// while a file is cut.
const fn entries(operations: &'static str, files: Files) -> Entries {
    let files = Files { takes_invalidate_lock: false, ..files };
    Entries { operations, write: GENERIC, page_mkwrite: None, files }
}

/// Files without holes, which grow by `cont_write_begin`.
const fn continuous(own_size: OwnSize, truncation: Truncation) -> Files {
    Files { have_holes: false, truncation, own_size: Some(own_size), ..Files::OF_THE_BASE }
}

/// `block_truncate_page` and then the blocks, up to the size.
fn truncate(w: &Here<'_, '_>) {
    let size = i_size_read(w.task());
    block_truncate_page(&w.k, w.fs, size);
    truncate_blocks(w, size);
}

/// A truncation to `i_size` that looks at a size of its own, and leaves it to be the size.
fn truncate_to_size(w: &Here<'_, '_>, own: OwnSize) -> Result<(), Stop> {
    let size = i_size_read(w.task());
    match own.read(&w.k).cmp(&size) {
        Ordering::Less => return Err(w.refused("a truncation of a file whose own size is too small")),
        Ordering::Equal => {}
        Ordering::Greater => {
            truncate_blocks(w, size);
            own.write(&w.k, size);
        }
    }
    Ok(())
}

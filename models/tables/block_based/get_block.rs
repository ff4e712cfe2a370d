//! `get_block` of the file systems: each says what its own does.

use c_run::Stop;
use machine::{Label, call};
use models::Errno;
use page_state::Buffer;
use page_state::buffer::{NEW, allocate_block, map_bh};
use page_state::inode::{i_size_read, map_block};

use crate::front_end::{Here, OwnSize};

/// What a `get_block` does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GetBlock {
    /// Its name in labels.
    pub name: &'static str,
    /// What it does about a block that the file does not have.
    pub allocates: Allocates,
    /// Whether it says of a block that it has allocated that it is new.
    pub says_new: bool,
    /// A size of its own that a block which it has allocated makes a block more.
    pub own_size: Option<OwnSize>,
    /// Whether it looks for a block only below `i_size`.
    pub looks_below_size: bool,
}

/// What a `get_block` does about a block that the file does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Allocates {
    /// Allocates it.
    Any,
    /// Allocates it where it is the first that the file does not have; `-EIO` elsewhere.
    Next,
    /// Allocates it where the file's own size lies in it; `-EIO` elsewhere.
    AtOwnSize,
    /// Allocates it where the file's own size is where it begins; `BUG()` elsewhere.
    AtOwnSizeOrDies,
    /// Allocates it and all before it.
    AllUpTo,
    /// Allocates the first that the file does not have, and gives that.
    AtTheEnd,
    /// Nothing, and maps none that it has either: `-EIO` whenever it is asked to create.
    Never,
}

impl GetBlock {
    /// Allocates what it is asked for, and says that it is new.
    pub(crate) const fn plain(name: &'static str) -> GetBlock {
        GetBlock { name, allocates: Allocates::Any, says_new: true, own_size: None, looks_below_size: false }
    }
}

/// Maps a buffer to its block.
pub(crate) fn get_block(
    w: &Here<'_, '_>,
    bh: Buffer,
    create: bool,
    of: &GetBlock,
) -> Result<Result<(), Errno>, Stop> {
    let task = w.task();
    let block = bh.file_block(task);
    // Whether it could be asked for.
    let found = call(task.m, Label::new(of.name, &[bh.block as i32]), || {
        if create && of.allocates == Allocates::Never {
            return Err(Errno::Eio);
        }
        let start = block << w.geometry().block_shift;
        let is_looked_for = !of.looks_below_size || start < i_size_read(task);
        let has = map_block(task, block);
        if let Some(disk_block) = has.filter(|_| is_looked_for) {
            map_bh(task, bh, disk_block, 0);
            return Ok(true);
        }
        if !create {
            return Ok(true);
        }
        if has.is_some() {
            return Ok(false);
        }
        let own = of.own_size.map(|own| own.read(&w.k));
        let first = (0..block).find(|&other| map_block(task, other).is_none()).unwrap_or(block);
        match of.allocates {
            Allocates::Next if first != block => return Err(Errno::Eio),
            Allocates::AtOwnSize if own.is_some_and(|own| own >> w.geometry().block_shift != block) => {
                return Err(Errno::Eio);
            }
            Allocates::AtOwnSizeOrDies if own.is_some_and(|own| own != start) => {
                machine::bug(format!("BUG() in {}", of.name))
            }
            _ => {}
        }
        if w.k.is_disk_full() {
            return Err(Errno::Enospc);
        }
        if of.allocates == Allocates::AllUpTo {
            for other in (first..block).filter(|&other| map_block(task, other).is_none()) {
                allocate_block(task, other, &[]);
            }
        }
        let wanted = if of.allocates == Allocates::AtTheEnd { first } else { block };
        let disk_block = allocate_block(task, wanted, &[]);
        map_bh(task, bh, disk_block, if of.says_new { NEW } else { 0 });
        if let (Some(size), Some(own)) = (own, of.own_size) {
            own.write(&w.k, size + w.geometry().block_units());
        }
        Ok(true)
    });
    match found {
        Ok(false) => Err(w.refused("an allocation of what the file has, beyond its size")),
        Ok(true) => Ok(Ok(())),
        Err(error) => Ok(Err(error)),
    }
}

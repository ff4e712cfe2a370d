//! A disk that is as good as full.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::statvfs::fstatvfs;
use nix::unistd::syncfs;

use crate::file::Unmade;
use crate::place::Open;

/// The file that has most of a disk. It stays between the tests of a full disk, and goes before others.
const MOST: &str = "most-of-the-disk";

/// The file that has the rest of it, but for what a test leaves.
const REST: &str = "the-rest";

/// So many blocks are left beside the first, for what is done before a test.
const ROOM: usize = 96;

/// How often to look whether the disk has become as full as it should.
const TRIES: usize = 8;

/// The blocks that can be had, and their size.
fn available(file: &File) -> io::Result<(usize, usize)> {
    let stat = fstatvfs(file.as_fd())?;
    Ok((stat.blocks_available() as usize, stat.fragment_size() as usize))
}

/// Allocates blocks to a file until so many are left.
fn fill(file: &File, left: usize) -> io::Result<bool> {
    let mut end = file.metadata()?.len() as usize;
    let mut piece = usize::MAX;
    for _ in 0..64 {
        let (free, block) = available(file)?;
        let wanted = free.saturating_sub(left).min(piece);
        if wanted == 0 {
            break;
        }
        match fallocate(file.as_fd(), FallocateFlags::empty(), end as i64, (wanted * block) as i64) {
            Ok(()) => end += wanted * block,
            Err(nix::errno::Errno::ENOSPC) if wanted > 1 => piece = wanted / 2,
            Err(nix::errno::Errno::ENOSPC) => break,
            Err(why) => return Err(why.into()),
        }
    }
    Ok(available(file)?.0 == left)
}

/// Makes room, before a test prepares its file; for one of a full disk not more than it needs.
pub(crate) fn make_room(place: &Open, is_full: bool) -> io::Result<()> {
    let gone = place.remove(REST)?;
    if is_full && !place.has(MOST) {
        let most = place.file(MOST)?;
        syncfs(most.as_fd())?;
        fill(&most, ROOM)?;
        syncfs(most.as_fd())?;
    } else if !is_full && place.remove(MOST)? || gone {
        // What was freed is there when the journal has committed.
        syncfs(place.file(REST)?.as_fd())?;
        place.remove(REST)?;
    }
    Ok(())
}

/// Leaves so many blocks. What is kept as long as the disk is to be full.
pub(crate) fn leave(place: &Open, blocks: usize) -> Result<File, Unmade> {
    let rest = place.file(REST)?;
    for _ in 0..TRIES {
        if fill(&rest, blocks)? {
            return Ok(rest);
        }
        rest.sync_all()?;
    }
    Err(Unmade::Cannot("the disk did not become as full as it should"))
}

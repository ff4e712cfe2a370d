//! A disk that is as good as full.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::statvfs::fstatvfs;
use nix::unistd::syncfs;

use crate::file::Unmade;
use crate::place::Open;

/// The file that has most of a disk. It stays between the tests of a full disk, and goes before others.
const MOST: &str = "most-of-the-disk";

/// The files that have the rest of it, but for what a test leaves; a number follows.
const REST: &str = "the-rest-";

/// So many blocks are left beside the first file, for what is done before a test.
const ROOM: usize = 96;

/// A file of so many blocks needs no block to find its blocks.
const FOUND_MAX: usize = 12;

/// Blocks that can be had, and their size.
fn available(file: &File) -> io::Result<(usize, usize)> {
    let stat = fstatvfs(file.as_fd())?;
    Ok((stat.blocks_available() as usize, stat.fragment_size() as usize))
}

/// Allocates blocks at a file's end, as bytes; whether there were so many.
fn allocate(file: &File, bytes: usize) -> io::Result<bool> {
    let end = file.metadata()?.len();
    match fallocate(file.as_fd(), FallocateFlags::empty(), end as i64, bytes as i64) {
        Ok(()) => return Ok(true),
        Err(nix::errno::Errno::ENOSPC) => return Ok(false),
        Err(nix::errno::Errno::EOPNOTSUPP) => {}
        Err(why) => return Err(why.into()),
    }
    let piece = vec![0; bytes.min(1 << 20)];
    let mut at = 0;
    while at < bytes {
        match file.write_at(&piece[..piece.len().min(bytes - at)], end + at as u64) {
            Ok(written) => at += written,
            Err(why) if why.kind() == io::ErrorKind::StorageFull => return Ok(false),
            Err(why) => return Err(why),
        }
    }
    file.sync_data()?;
    Ok(true)
}

/// Takes what is left of a test of a full disk; whether there was something.
pub(crate) fn take_rest(place: &Open) -> io::Result<bool> {
    let mut any = false;
    for number in 0.. {
        if !place.remove(&format!("{REST}{number}"))? {
            break;
        }
        any = true;
    }
    Ok(any)
}

/// Makes room, before a test prepares its file; for one of a full disk not more than it needs.
pub(crate) fn make_room(place: &Open, is_full: bool) -> io::Result<()> {
    let gone = take_rest(place)?;
    // Files that are kept take room.
    let is_tight = || -> io::Result<bool> { Ok(available(&place.present(MOST)?)?.0 < ROOM / 2) };
    if is_full && (!place.has(MOST) || is_tight()?) {
        let most = place.file(MOST)?;
        syncfs(most.as_fd())?;
        let mut piece = usize::MAX;
        loop {
            let (free, block) = available(&most)?;
            let mut wanted = free.saturating_sub(ROOM).min(piece);
            if wanted == 0 {
                break;
            }
            // Blocks by which others are found come beside them.
            wanted -= if wanted > ROOM { wanted / 32 } else { 0 };
            if !allocate(&most, wanted * block)? {
                piece = wanted / 2;
            }
        }
        syncfs(most.as_fd())?;
    } else if !is_full && place.remove(MOST)? || gone {
        // What was freed is there when the journal has committed.
        place.sync()?;
    }
    Ok(())
}

/// Leaves so many blocks, where there are more.
pub(crate) fn leave(place: &Open, blocks: usize) -> Result<(), Unmade> {
    let not = Unmade::Cannot("the disk did not become as full as it should");
    let there = (0..).take_while(|number| place.has(&format!("{REST}{number}"))).count();
    for number in there.. {
        let rest = place.file(&format!("{REST}{number}"))?;
        let (free, block) = available(&rest)?;
        match free.checked_sub(blocks) {
            Some(0) => return Ok(()),
            None => return Err(not),
            Some(more) => {
                if !allocate(&rest, more.min(FOUND_MAX) * block)? {
                    return Err(not);
                }
            }
        }
    }
    Err(not)
}

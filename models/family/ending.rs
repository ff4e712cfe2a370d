//! How a write ended: what it returned, what became of the size, and what the file holds where it was asked to
//! write and says it did not.

use std::collections::BTreeSet;

use machine::{Peek, Small, Word};
use page_state::{InodeFields, Unit, buffer, folio};
use scenario::Ending;

use super::Companion;
use crate::Errno;
use crate::kernel::{Request, World};

/// What the writer returns as an actor: the cell that others see does not tell one error from another.
pub(super) fn returned(result: Result<usize, Errno>) -> Word {
    result.map(|count| count as u8).into_word()
}

/// What a position behind the returned count holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    Old,
    New,
    Zeros,
    Stale,
    Foreign,
}

impl Rest {
    fn term(self) -> (&'static str, &'static str) {
        match self {
            Rest::Old => ("", "rest old"),
            Rest::New => ("n", "rest new"),
            Rest::Zeros => ("0", "rest zeros"),
            Rest::Stale => ("s", "rest stale"),
            Rest::Foreign => ("m", "rest misplaced"),
        }
    }
}

/// The ending of a run at rest whose first actor is the writer.
pub(super) fn ending(world: &World, companions: &[Companion], memory: &dyn Peek, words: &[Word]) -> Ending {
    let result = words.first().map_or(Ok(0), |&word| Result::<u8, Errno>::from_word(word)).map(usize::from);
    let request = world.requests[memory.peek(world.request) as usize];
    let count = result.unwrap_or(0);
    let by_others = companions.iter().find_map(|companion| match companion {
        Companion::Truncate { size } => Some((*size, "size truncated")),
        Companion::Grow(_) => Some((world.storage.geometry.file_units(), "size grown by somebody else")),
        _ => None,
    });
    let size = memory.peek(world.storage.i_size) as usize;
    let mut terms = vec![of_result(result, request), of_size(world, memory, size, count, by_others)];
    let behind = request.pos + count..size.min(request.pos + request.len);
    let by_later =
        |position: &usize| world.writing.is_some() && world.second.is_some_and(|s| s.holds(*position));
    let rest: BTreeSet<Rest> =
        behind.filter(|position| !by_later(position)).map(|position| rest(world, memory, position)).collect();
    terms.extend(rest.into_iter().map(Rest::term));
    Ending::of(&terms)
}

fn of_result(result: Result<usize, Errno>, request: Request) -> (&'static str, &'static str) {
    match result {
        Ok(0) => ("Z", "zero"),
        Ok(count) if count < request.len => ("S", "short"),
        Ok(count) if count == request.len => ("W", "whole"),
        Ok(_) => ("M", "more than asked for"),
        Err(Errno::Efault) => ("F", "-EFAULT"),
        Err(Errno::Eintr) => ("I", "-EINTR"),
        Err(Errno::Enospc) => ("N", "-ENOSPC"),
        Err(Errno::Eio) => ("O", "-EIO"),
    }
}

fn of_size(
    world: &World,
    memory: &dyn Peek,
    size: usize,
    count: usize,
    by_others: Option<(usize, &'static str)>,
) -> (&'static str, &'static str) {
    const GROWN: (&str, &str) = ("", "size grown to what was returned");
    let before = world.files[memory.peek(world.file) as usize].size;
    let end = world.requests[memory.peek(world.request) as usize].pos + count;
    let expected = if count == 0 { before } else { before.max(end) };
    match by_others {
        _ if size == expected && expected == before => ("", "size kept"),
        _ if size == expected => GROWN,
        // Truncated first.
        Some(_) if count > 0 && size == end => GROWN,
        Some((others, said)) if size == others => ("", said),
        _ if size > expected => (">", "size too large"),
        _ => ("<", "size too small"),
    }
}

fn rest(world: &World, memory: &dyn Peek, position: usize) -> Rest {
    let before = world.files[memory.peek(world.file) as usize].unit(&world.storage, position);
    let request = world.requests[memory.peek(world.request) as usize];
    let wanted = world.source.wanted(world.storage.geometry, request, position, before);
    match held(world, memory, position) {
        unit if unit == before => Rest::Old,
        unit if unit == wanted || unit == (Unit::New { writer: 1, position }) => Rest::New,
        Unit::Zero => Rest::Zeros,
        Unit::Stale => Rest::Stale,
        Unit::Old(_) | Unit::New { .. } => Rest::Foreign,
    }
}

/// What a reader would find at a position of the file: in the page cache what is uptodate there, else on
/// disk, else a hole's zeros.
fn held(world: &World, memory: &dyn Peek, position: usize) -> Unit {
    let storage = &world.storage;
    let (geometry, inode) = (storage.geometry, memory.peek(storage.inode));
    let (page, unit) = (position / geometry.page_units(), position % geometry.page_units());
    let uptodate = |&frame: &usize| {
        let block = unit >> geometry.block_shift;
        memory.peek(storage.flags(frame)) & folio::UPTODATE != 0
            || storage.has_buffers() && memory.peek(storage.buffer(frame, block)) & buffer::UPTODATE != 0
    };
    if let Some(frame) = storage.cached(memory, page).filter(uptodate) {
        return storage.peek_unit(memory, frame, unit);
    }
    let block = position >> geometry.block_shift;
    match InodeFields::mapped(inode, block) {
        Some(on_disk) if !InodeFields::is_unwritten(inode, block) => {
            storage.peek_disk(memory, on_disk, position - geometry.block(block).start)
        }
        _ => Unit::Zero,
    }
}

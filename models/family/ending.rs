//! How a write ended: what it returned, what became of the size, and what the file holds where it was asked to
//! write and says it did not.

use std::collections::BTreeSet;

use machine::{Peek, Small, Word};
use page_state::{InodeFields, Unit, buffer, folio};
use scenario::Ending;

use super::{Companion, Growth};
use crate::Errno;
use crate::kernel::{Request, World};

/// A term that an ending may have: its letter in a table, its words, and what they mean.
struct Meaning {
    letter: &'static str,
    words: &'static str,
    sentence: &'static str,
}

const fn means(letter: &'static str, words: &'static str, sentence: &'static str) -> Meaning {
    Meaning { letter, words, sentence }
}

/// What `write` returned.
const RESULTS: [Meaning; 8] = [ZERO, SHORT, WHOLE, MORE, EFAULT, EINTR, ENOSPC, EIO];

const ZERO: Meaning = means("Z", "zero", "`write` returned 0");
const SHORT: Meaning = means("S", "short", "`write` returned less than was asked for, and more than 0");
const WHOLE: Meaning = means("W", "whole", "`write` returned all that was asked for");
const MORE: Meaning = means("M", "more than asked for", "`write` returned more than was asked for");
const EFAULT: Meaning = means("F", "-EFAULT", "`write` failed: the source can't be read");
const EINTR: Meaning = means("I", "-EINTR", "`write` failed: a fatal signal came");
const ENOSPC: Meaning = means("N", "-ENOSPC", "`write` failed: the disk is full");
const EIO: Meaning = means("O", "-EIO", "`write` failed: the file system gave up");

/// What became of the file's size.
const SIZES: [Meaning; 6] = [KEPT, GROWN, TOO_LARGE, TOO_SMALL, TRUNCATED, GROWN_BY_OTHERS];

const KEPT: Meaning = means("", "size kept", "the size is the one before the write, and that is right");
const GROWN: Meaning =
    means("", "size grown to what was returned", "the size is the position plus what `write` returned");
const TOO_LARGE: Meaning =
    means(">", "size too large", "the size is beyond the old one and beyond what `write` returned");
const TOO_SMALL: Meaning = means("<", "size too small", "the size covers less than what `write` returned");
const TRUNCATED: Meaning =
    means("", "size truncated", "the size is what a truncation beside the write made it");
const GROWN_BY_OTHERS: Meaning =
    means("", "size grown by somebody else", "the size is what somebody who came later made it");

/// What the file holds where the write was asked for and, by what it returned, not done.
const RESTS: [Meaning; 5] = [OLD, NEW, ZEROS, STALE, MISPLACED];

const OLD: Meaning = means("", "rest old", "behind the returned count is what was there before");
const NEW: Meaning = means("n", "rest new", "behind the returned count is the writer's own data");
const ZEROS: Meaning = means("0", "rest zeros", "behind the returned count are zeros where there was data");
const STALE: Meaning = means("s", "rest stale", "behind the returned count is somebody else's data");
const MISPLACED: Meaning =
    means("m", "rest misplaced", "behind the returned count is the file's own data from another position");

/// Every term of an ending: its letter, its words, what it means.
pub(crate) fn endings() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let all = RESULTS.iter().chain(&SIZES).chain(&RESTS);
    all.map(|term| (term.letter, term.words, term.sentence))
}

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
    fn meaning(self) -> &'static Meaning {
        match self {
            Rest::Old => &OLD,
            Rest::New => &NEW,
            Rest::Zeros => &ZEROS,
            Rest::Stale => &STALE,
            Rest::Foreign => &MISPLACED,
        }
    }
}

/// The ending of a run at rest whose first actor is the writer.
pub(super) fn ending(world: &World, companions: &[Companion], memory: &dyn Peek, words: &[Word]) -> Ending {
    let result = words.first().map_or(Ok(0), |&word| Result::<u8, Errno>::from_word(word)).map(usize::from);
    let request = world.requests[memory.peek(world.request) as usize];
    let count = result.unwrap_or(0);
    let by_others = companions.iter().find_map(|companion| match companion {
        Companion::Truncate { size } => Some((*size, &TRUNCATED)),
        Companion::Grow(Growth::Truncate | Growth::Write) => {
            Some((world.storage.geometry.file_units(), &GROWN_BY_OTHERS))
        }
        _ => None,
    });
    let size = memory.peek(world.storage.i_size) as usize;
    let mut terms = vec![of_result(result, request), of_size(world, memory, size, count, by_others)];
    let behind = request.pos + count..size.min(request.pos + request.len);
    let by_later =
        |position: &usize| world.writing.is_some() && world.second.is_some_and(|s| s.holds(*position));
    let rest: BTreeSet<Rest> =
        behind.filter(|position| !by_later(position)).map(|position| rest(world, memory, position)).collect();
    terms.extend(rest.into_iter().map(Rest::meaning));
    let terms: Vec<(&str, &str)> = terms.into_iter().map(|term| (term.letter, term.words)).collect();
    Ending::of(&terms)
}

fn of_result(result: Result<usize, Errno>, request: Request) -> &'static Meaning {
    match result {
        Ok(0) => &ZERO,
        Ok(count) if count < request.len => &SHORT,
        Ok(count) if count == request.len => &WHOLE,
        Ok(_) => &MORE,
        Err(Errno::Efault) => &EFAULT,
        Err(Errno::Eintr) => &EINTR,
        Err(Errno::Enospc) => &ENOSPC,
        Err(Errno::Eio) => &EIO,
        Err(Errno::Eagain) => panic!("who runs out of credits begins again"),
    }
}

fn of_size(
    world: &World,
    memory: &dyn Peek,
    size: usize,
    count: usize,
    by_others: Option<(usize, &'static Meaning)>,
) -> &'static Meaning {
    let before = world.files[memory.peek(world.file) as usize].size;
    let end = world.requests[memory.peek(world.request) as usize].pos + count;
    let expected = if count == 0 { before } else { before.max(end) };
    match by_others {
        _ if size == expected && expected == before => &KEPT,
        _ if size == expected => &GROWN,
        // Truncated first.
        Some(_) if count > 0 && size == end => &GROWN,
        Some((others, said)) if size == others => said,
        _ if size > expected => &TOO_LARGE,
        _ => &TOO_SMALL,
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
pub(super) fn held(world: &World, memory: &dyn Peek, position: usize) -> Unit {
    let storage = &world.storage;
    let (geometry, inode) = (storage.geometry, memory.peek(storage.inode));
    let (page, unit) = (geometry.page_of(position), position % geometry.page_units());
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

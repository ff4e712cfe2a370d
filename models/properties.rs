//! The rules. A rule is one entry of [`all`] (its invariant stands in `page_state::invariants` where it
//! is about flags and contents) and its mutant.

use std::sync::Arc;

use machine::{Label, Peek};
use page_state::{InodeFields, RETURNED_ERROR, Unit, invariants};
use scenario::{Check, Kind, Property};

use crate::kernel::{Request, World};

fn always(
    (id, sentence, source): (&'static str, &'static str, &'static str),
    kind: Kind,
    check: impl Fn(&dyn Peek, &mut dyn FnMut(Label)) + Send + Sync + 'static,
) -> Property {
    Property { id, sentence, source, kind, promised: true, check: Check::State(Arc::new(check)) }
}

fn finally(
    (id, sentence, source): (&'static str, &'static str, &'static str),
    check: impl Fn(&dyn Peek, &mut dyn FnMut(Label)) + Send + Sync + 'static,
) -> Property {
    let check = Check::Final(Arc::new(move |memory: &dyn Peek, _: &[u64], broken: &mut dyn FnMut(Label)| {
        check(memory, broken);
    }));
    Property { id, sentence, source, kind: Kind::Finally, promised: true, check }
}

fn observed(id: &'static str, kind: Kind, sentence: &'static str, source: &'static str) -> Property {
    Property { id, sentence, source, kind, promised: true, check: Check::Observed }
}

fn request(world: &World, memory: &dyn Peek) -> Request {
    world.requests[memory.peek(world.request) as usize]
}

fn file(world: &World, memory: &dyn Peek) -> crate::family::File {
    world.files[memory.peek(world.file) as usize]
}

/// The properties of a scenario; `writes` tells whether it has a writer.
#[must_use]
pub(crate) fn all(world: &Arc<World>, writes: bool) -> Vec<Property> {
    let mut properties = contents(world);
    properties.extend(sizes(world, writes));
    properties.extend(observed_by_actors());
    properties
}

/// What pages, buffers and blocks hold.
fn contents(world: &Arc<World>) -> Vec<Property> {
    let of = || world.clone();
    let journalled =
        |world: &World, memory: &dyn Peek, frame, block| world.journal.will_write(memory, frame, block);
    let (w1, w2, w3, w4, w5, w6) = (of(), of(), of(), of(), of(), of());
    vec![
        always(
            (
                "stale-uptodate",
                "a page is uptodate over somebody else's data, or a buffer is and the page is unlocked",
                "Nick Piggin, 2007-02-04: uptodate means at least as new as the disk, right now",
            ),
            Kind::Always,
            move |memory, broken| invariants::stale_uptodate(&w1.storage, memory, broken),
        ),
        always(
            (
                "stale-on-disk",
                "after a crash, an allocated block below the recovered size holds somebody else's data",
                "Documentation/filesystems/ext4: data=journal and data=ordered",
            ),
            Kind::Crash,
            move |memory, broken| {
                let durable = memory.peek(w2.journal.durable);
                invariants::stale_on_disk(&w2.storage, memory, durable, broken);
            },
        ),
        finally(
            (
                "orphaned-new-buffer",
                "a block in the file's map holds somebody else's data, and nobody will fill it",
                "Linus Torvalds, mail of 2015-10-05: the zeroing may not be conditional",
            ),
            move |memory, broken| {
                let journalled = |frame, block| journalled(&w3, memory, frame, block);
                invariants::orphaned_new_buffer(&w3.storage, memory, &journalled, broken);
            },
        ),
        finally(
            (
                "clean-divergence",
                "a buffer is uptodate, neither dirty nor journalled, and differs from the disk",
                "3910b513fcdf, persist the new uptodate buffers",
            ),
            move |memory, broken| {
                let journalled = |frame, block| journalled(&w4, memory, frame, block);
                invariants::clean_divergence(&w4.storage, memory, &journalled, broken);
            },
        ),
        finally(
            (
                "foreign-block",
                "a buffer that will be written is mapped to a block that is not its own in the file",
                "fs/buffer.c, unmap_underlying_metadata: a block has one owner",
            ),
            move |memory, broken| {
                let journalled = |frame, block| journalled(&w6, memory, frame, block);
                invariants::foreign_block(&w6.storage, memory, &journalled, broken);
            },
        ),
        finally(
            (
                "leak",
                "a lock, a reference or a journal handle outlives its actor",
                "Documentation/filesystems/locking.rst: write_end unlocks and drops the page",
            ),
            move |memory, broken| {
                invariants::leak(&w5.storage, memory, broken);
                if w5.journal.handle_is_open(memory) {
                    broken(Label::new("journal handle", &[]));
                }
                if !w5.mm.lock_is_free(memory) {
                    broken(Label::new("mmap lock", &[]));
                }
            },
        ),
    ]
}

/// What the file's sizes and blocks are at rest.
fn sizes(world: &Arc<World>, writes: bool) -> Vec<Property> {
    let of = || world.clone();
    let (w1, w2, w3, w4) = (of(), of(), of(), of());
    let mut properties = vec![
        finally(
            (
                "blocks-beyond-size",
                "blocks that this write allocated stay beyond the size, and no truncation is pending",
                "fs/ext4/inode.c, write_end: blocks allocated outside i_size, so truncate them",
            ),
            move |memory, broken| {
                let before = file(&w1, memory);
                invariants::blocks_beyond_size(&w1.storage, memory, &|block| before.has(block), broken);
            },
        ),
        finally(
            (
                "size-beyond-data",
                "the size on disk exceeds the one in memory at rest",
                "fs/ext4/ext4.h: i_disksize <= i_size, with a warning",
            ),
            move |memory, broken| {
                let on_disk = InodeFields::size(memory.peek(w2.storage.inode));
                if on_disk as u64 > memory.peek(w2.storage.i_size) {
                    broken(Label::new("size on disk", &[on_disk as i32]));
                }
            },
        ),
    ];
    if writes && !world.truncates {
        properties.push(finally(
            (
                "wrong-size",
                "after an error the size is not the old one, or after n > 0 it is not max(old, position + n)",
                "Documentation/filesystems/vfs.rst: write_end updates i_size by what was copied",
            ),
            move |memory, broken| {
                let (before, asked) = (file(&w3, memory).size, request(&w3, memory));
                let expected = match memory.peek(w3.storage.returned) {
                    0 | 1 | RETURNED_ERROR => before,
                    n => before.max(asked.pos + n as usize - 1),
                };
                let size = memory.peek(w3.storage.i_size) as usize;
                if size != expected {
                    let witness =
                        if size > expected { "the file is too long" } else { "the file is too short" };
                    broken(Label::new(witness, &[]));
                }
            },
        ));
        properties.push(always(
            (
                "size-beyond-data",
                "after a crash the size covers new units that are neither on disk nor in a committed transaction",
                "Documentation/filesystems/ext4: data=journal and data=ordered",
            ),
            Kind::Crash,
            move |memory, broken| size_beyond_data_after_crash(&w4, memory, broken),
        ));
    }
    properties
}

fn size_beyond_data_after_crash(world: &World, memory: &dyn Peek, broken: &mut dyn FnMut(Label)) {
    let (before, asked) = (file(world, memory), request(world, memory));
    let durable = memory.peek(world.journal.durable);
    let geometry = world.storage.geometry;
    for position in before.size..InodeFields::size(durable).min(asked.pos + asked.len) {
        let held = before.unit(&world.storage, position);
        let wanted = if position < asked.pos { held } else { world.source.wanted(position, held) };
        let block = position >> geometry.block_shift;
        let there = match InodeFields::mapped(durable, block) {
            None => Unit::Zero,
            Some(disk_block) => {
                world.storage.peek_disk(memory, disk_block, position - geometry.block(block).start)
            }
        };
        // Somebody else's data there is stale-on-disk.
        if there != wanted && there != Unit::Stale {
            broken(Label::new("block", &[block as i32]));
        }
    }
}

/// What actors see by themselves.
fn observed_by_actors() -> Vec<Property> {
    vec![
        observed(
            "stale-read",
            Kind::Event,
            "a reader receives somebody else's data",
            "Linus Torvalds, mail of 2015-10-05: blocks that contain random stale data",
        ),
        observed(
            "wrong-read",
            Kind::Event,
            "a reader gets a unit that is neither old, nor the writer's at its own position, nor a hole's zeros",
            "mm/filemap.h, 2.6.18: neither the data before nor after the write",
        ),
        Property {
            promised: false,
            ..observed(
                "early-size",
                Kind::Event,
                "a reader sees a larger size before the data of the extension",
                "nobody promises that a read beside a write sees all of it or nothing",
            )
        },
        observed(
            "lost-write",
            Kind::Finally,
            "write() returned n and one of its first n units is not the user's",
            "write(2)",
        ),
        observed(
            "phantom-write",
            Kind::Finally,
            "units beyond the returned count were replaced by zeros, foreign or misplaced data",
            "write(2)",
        ),
        Property {
            promised: false,
            ..observed(
                "visible-beyond-return",
                Kind::Finally,
                "the writer's own data is in the file beyond the returned count",
                "POSIX promises nothing about it",
            )
        },
        observed(
            "bad-return",
            Kind::Event,
            "more returned than copied, short with nothing short, or 0 for a write that is not empty",
            "Documentation/filesystems/vfs.rst: write_end returns a number <= copied",
        ),
        observed(
            "journal-bypass",
            Kind::Event,
            "a buffer of a journalled file is dirty outside the journal when the journal takes it",
            "fs/jbd2/transaction.c: Spotted dirty metadata buffer",
        ),
        observed(
            "fault-under-lock",
            Kind::Event,
            "user memory is touched with faults on while the same actor holds a page lock",
            "mm/filemap.c, lock ordering",
        ),
        observed(
            "copy-after-unmap",
            Kind::Event,
            "a unit is copied from a page after munmap of it has returned",
            "munmap(2); mm/memory.c frees a page after the flush",
        ),
    ]
}

//! The rules. A rule is one entry of [`all`] (its invariant stands in `page_state::invariants` where it
//! is about flags and contents) and its mutant.

use std::sync::Arc;

use machine::{Label, Peek, Word};
use page_state::{InodeFields, RETURNED_ERROR, Unit, folio, invariants};
use scenario::{Check, Kind, Property};

use crate::file_system::{Medium, Nature};
use crate::initial::{File, Request};
use crate::kernel::World;

/// A property in words: its id, what it means that it is broken, where the requirement comes from, and what a user
/// sees of it.
type Told = (&'static str, &'static str, &'static str, &'static str);

fn always(
    (id, sentence, source, effect): Told,
    kind: Kind,
    check: impl Fn(&dyn Peek, &mut dyn FnMut(Label)) + Send + Sync + 'static,
) -> Property {
    Property { id, sentence, source, effect, kind, promised: true, check: Check::State(Arc::new(check)) }
}

fn finally(
    (id, sentence, source, effect): Told,
    check: impl Fn(&dyn Peek, &mut dyn FnMut(Label)) + Send + Sync + 'static,
) -> Property {
    let check = Check::Final(Arc::new(move |memory: &dyn Peek, _: &[u64], broken: &mut dyn FnMut(Label)| {
        check(memory, broken);
    }));
    Property { id, sentence, source, effect, kind: Kind::Finally, promised: true, check }
}

fn observed(
    id: &'static str,
    kind: Kind,
    sentence: &'static str,
    source: &'static str,
    effect: &'static str,
) -> Property {
    Property { id, sentence, source, effect, kind, promised: true, check: Check::Observed }
}

fn request(world: &World, memory: &dyn Peek) -> Request {
    world.requests[memory.peek(world.request) as usize]
}

fn file(world: &World, memory: &dyn Peek) -> File {
    world.files[memory.peek(world.file) as usize]
}

/// The properties of a scenario; `writes` tells whether it has a writer.
#[must_use]
pub(crate) fn all(world: &Arc<World>, writes: bool) -> Vec<Property> {
    let nature = world.nature;
    let mut properties = contents(world);
    if nature.buffers {
        properties.extend(buffers(world));
    } else if nature.medium != Medium::Memory {
        properties.push(clean_page(world));
    }
    properties.push(leak(world));
    properties.extend(sizes(world, writes));
    properties.extend(observed_by_actors(nature));
    properties
}

/// What pages and blocks hold.
fn contents(world: &Arc<World>) -> Vec<Property> {
    let (w1, w2) = (world.clone(), world.clone());
    let mut properties = vec![always(
        (
            "stale-uptodate",
            "a page is uptodate over somebody else's data, or a buffer is and the page is unlocked",
            "Nick Piggin, 2007-02-04: uptodate means at least as new as the disk, right now",
            "read and mmap return what the memory or the block held before: somebody else's data",
        ),
        Kind::Always,
        move |memory, broken| invariants::stale_uptodate(&w1.storage, memory, broken),
    )];
    if world.nature.medium != Medium::Memory {
        let on_disk = always(
            (
                "stale-on-disk",
                "after a crash, an allocated block below the recovered size holds somebody else's data",
                "Documentation/filesystems/ext4: data=journal and data=ordered",
                "after a crash, read returns what the block held before: somebody else's data",
            ),
            Kind::Crash,
            move |memory, broken| {
                let recovered = |disk_block, unit| w2.recovered(memory, disk_block, unit);
                invariants::stale_on_disk(&w2.storage, memory, &recovered, broken);
            },
        );
        properties.push(Property { promised: world.nature.crash_safe, ..on_disk });
    }
    properties
}

/// What the flags of buffers say, against what buffers and blocks hold.
fn buffers(world: &Arc<World>) -> Vec<Property> {
    let (w1, w2, w3) = (world.clone(), world.clone(), world.clone());
    let mut properties = vec![
        finally(
            (
                "orphaned-new-buffer",
                "a block in the file's map holds somebody else's data, and nobody will fill it",
                "Linus Torvalds, mail of 2015-10-05: the zeroing may not be conditional",
                "when the page leaves the cache, read returns what the block held before: somebody else's data",
            ),
            move |memory, broken| {
                let journalled = |frame, block| w1.is_journalled(memory, frame, block);
                let size = memory.peek(w1.storage.i_size) as usize;
                let first = w1.storage.geometry.blocks_of(size);
                // ocfs2_zero_extend
                let filled_later = |block| w1.cluster > 1 && block >= first;
                invariants::orphaned_new_buffer(&w1.storage, memory, &journalled, &filled_later, broken);
            },
        ),
        finally(CLEAN_DIVERGENCE, move |memory, broken| {
            let journalled = |frame, block| w2.is_journalled(memory, frame, block);
            invariants::clean_divergence(&w2.storage, memory, &journalled, broken);
        }),
        finally(
            (
                "foreign-block",
                "a buffer that will be written is mapped to a block that is not its own in the file",
                "fs/buffer.c, unmap_underlying_metadata: a block has one owner",
                "writing the page back overwrites a block of another file or of the file system itself",
            ),
            move |memory, broken| {
                let journalled = |frame, block| w3.is_journalled(memory, frame, block);
                invariants::foreign_block(&w3.storage, memory, &journalled, broken);
            },
        ),
        foreign_write(world),
    ];
    if world.stable_pages && !world.writes_copies {
        let world = world.clone();
        properties.push(always(
            (
                "unstable-page",
                "what is on the way to a disk that checks sums of it is changed, or has been",
                "mm/page-writeback.c, folio_wait_stable: before changing a page that is under writeback",
                "the disk finds a wrong sum and refuses the write, or a mirror keeps two versions of it",
            ),
            Kind::Always,
            move |memory, broken| invariants::unstable_page(&world.storage, memory, broken),
        ));
    }
    properties
}

/// The same while a block is written.
fn foreign_write(world: &Arc<World>) -> Property {
    let world = world.clone();
    always(
        (
            "foreign-write",
            "a buffer is being written to a block that the file has given up, or has in another place",
            "mm/truncate.c, truncate_inode_pages_range: pages leave the cache, and their writeback is over, before \
             blocks are freed",
            "writeback overwrites a block that another file, or the file system itself, has got meanwhile",
        ),
        Kind::Always,
        move |memory, broken| {
            let kept = |disk_block| world.keeps_block(memory, disk_block);
            invariants::foreign_write(&world.storage, memory, &kept, broken);
        },
    )
}

const CLEAN_DIVERGENCE: Told = (
    "clean-divergence",
    "a buffer, or a page that has none, is uptodate, will not be written, and differs from the disk",
    "3910b513fcdf, persist the new uptodate buffers",
    "read returns other data when the page has left the cache, and fsync does not help",
);

/// The same for pages without buffers.
fn clean_page(world: &Arc<World>) -> Property {
    let world = world.clone();
    finally(CLEAN_DIVERGENCE, move |memory, broken| {
        let storage = &world.storage;
        let is_dirty = |frame| {
            memory.peek(storage.flags(frame)) & (folio::DIRTY | folio::WRITEBACK) != 0
                || memory.peek(storage.private(frame)) != 0
        };
        invariants::clean_page_divergence(storage, memory, &is_dirty, broken);
    })
}

fn leak(world: &Arc<World>) -> Property {
    let world = world.clone();
    finally(
        (
            "leak",
            "a lock, a reference, writeback, a journal handle or a place on the orphan list outlives its actor",
            "Documentation/filesystems/locking.rst: write_end unlocks and drops the page",
            "whoever needs the page or the file next waits for ever, or memory and space are never given back",
        ),
        move |memory, broken| {
            invariants::leak(&world.storage, memory, broken);
            if world.journal.as_ref().is_some_and(|journal| journal.handle_is_open(memory)) {
                broken(Label::new("journal handle", &[]));
            }
            if !world.mm.lock_is_free(memory) {
                broken(Label::new("mmap lock", &[]));
            }
            let keeps = |frame| {
                world.journal.as_ref().is_some_and(|j| j.keeps_for_nothing(&world.storage, memory, frame))
            };
            if (0..world.storage.cache_frames).any(keeps) {
                broken(Label::new("page that the journal keeps", &[]));
            }
            // ext4_destroy_inode complains
            if memory.peek(world.storage.inode) & InodeFields::ORPHAN != 0 {
                broken(Label::new("orphan list", &[]));
            }
        },
    )
}

/// What the file's sizes and blocks are at rest.
fn sizes(world: &Arc<World>, writes: bool) -> Vec<Property> {
    let of = || world.clone();
    let (w1, w2, w3, w4, w5) = (of(), of(), of(), of(), of());
    let medium = world.nature.medium;
    let mut properties = Vec::new();
    if world.nature.journal {
        properties.push(blocks_beyond_size_after_crash(world));
    }
    if medium == Medium::Disk {
        let property = finally(
            (
                "blocks-beyond-size",
                "blocks that this write allocated stay beyond the size, and no truncation is pending",
                "fs/ext4/inode.c, write_end: blocks allocated outside i_size, so truncate them",
                "du counts blocks that the size does not need, fsck complains of them, and the space is lost",
            ),
            move |memory, broken| {
                let at_rest = (memory.peek(w1.storage.inode), memory.peek(w1.storage.i_size) as usize);
                blocks_beyond_size(&w1, memory, at_rest, broken);
            },
        );
        // Who allocates in clusters keeps what lies beyond the size.
        properties.push(Property { promised: world.cluster == 1, ..property });
    }
    // Without a journal there is no i_disksize, only what was written last.
    if medium == Medium::Server || world.nature.journal {
        let effect = if medium == Medium::Server {
            "the file that was cut is as long as before, when the client asks the server for its size again"
        } else {
            "after a crash or a remount the file is longer than any program has seen it"
        };
        properties.push(finally(
            (
                "disksize-beyond-size",
                "at rest the size on disk, or on the server, exceeds the one in memory",
                "fs/ext4/ext4.h: i_disksize <= i_size, with a warning",
                effect,
            ),
            move |memory, broken| {
                let inode = if medium == Medium::Server { w2.storage.durable } else { w2.storage.inode };
                let on_disk = InodeFields::size(memory.peek(inode));
                if on_disk as u64 > memory.peek(w2.storage.i_size) {
                    broken(Label::new("size on disk", &[on_disk as i32]));
                }
            },
        ));
    }
    if writes && !world.truncates && !world.grows {
        properties.push(finally(
            (
                "wrong-size",
                "after an error the size is not the old one, or after n > 0 it is not max(old, position + n)",
                "Documentation/filesystems/vfs.rst: write_end updates i_size by what was copied",
                "stat shows a size that no write came to: a failed one made the file longer, or a whole one did not",
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
        // A client that crashes loses what it has not sent, in no particular order.
        if medium != Medium::Disk {
            return properties;
        }
        let data = always(
            (
                "size-beyond-data",
                "after a crash the size covers new units that are neither on disk nor in a committed transaction",
                "Documentation/filesystems/ext4: data=journal and data=ordered",
                "after a crash the file has its new size, and read returns zeros or old data",
            ),
            Kind::Crash,
            move |memory, broken| size_beyond_data_after_crash(&w4, memory, false, broken),
        );
        let in_a_block = always(
            (
                "size-beyond-data-in-a-block",
                "the same in a block that the file had before the write",
                "fs/ext4/inode.c, ext4_da_write_end: an allocated block's size is raised at once, and nobody orders the data",
                "after a crash the file has its new size, and read returns zeros at its end",
            ),
            Kind::Crash,
            move |memory, broken| size_beyond_data_after_crash(&w5, memory, true, broken),
        );
        properties.push(Property { promised: world.nature.crash_safe, ..data });
        // data=ordered keeps somebody else's data out, and in such a block there is none.
        let promised = world.nature.crash_safe && (world.nature.journals_data || !world.nature.buffers);
        properties.push(Property { promised, ..in_a_block });
    }
    properties
}

/// Looks at an inode and a size of the file.
fn blocks_beyond_size(
    world: &World,
    memory: &dyn Peek,
    (inode, size): (Word, usize),
    broken: &mut dyn FnMut(Label),
) {
    let (before, geometry) = (file(world, memory), world.storage.geometry);
    let end = geometry.blocks_of(size).next_multiple_of(world.cluster);
    let allowed = |block| before.has(block) || block < end;
    invariants::blocks_beyond_size(geometry, (inode, size), &allowed, broken);
}

/// What a transaction allocates beyond the size it records stays for ever, unless recovery finds the file on the
/// orphan list.
fn blocks_beyond_size_after_crash(world: &Arc<World>) -> Property {
    let promised = world.cluster == 1;
    let world = world.clone();
    let after_crash = always(
        (
            "blocks-beyond-recovered-size",
            "after a crash, blocks that this write allocated lie beyond the recovered size",
            "fs/ext4/inode.c, write_end: add the inode to the orphan list in case we crash",
            "after a crash du counts blocks that the file's size does not need, and fsck complains of them",
        ),
        Kind::Crash,
        move |memory, broken| {
            let durable = memory.peek(world.storage.durable);
            blocks_beyond_size(&world, memory, (durable, InodeFields::size(durable)), broken);
        },
    );
    Property { promised, ..after_crash }
}

fn size_beyond_data_after_crash(
    world: &World,
    memory: &dyn Peek,
    in_a_block: bool,
    broken: &mut dyn FnMut(Label),
) {
    let (before, asked) = (file(world, memory), request(world, memory));
    let durable = memory.peek(world.storage.durable);
    let geometry = world.storage.geometry;
    for position in before.size..InodeFields::size(durable).min(asked.pos + asked.len) {
        let held = before.unit(&world.storage, position);
        let wanted =
            if position < asked.pos { held } else { world.source.wanted(geometry, asked, position, held) };
        let block = position >> geometry.block_shift;
        if before.has(block) != in_a_block {
            continue;
        }
        let there = match InodeFields::mapped(durable, block) {
            None => Unit::Zero,
            Some(_) if InodeFields::is_unwritten(durable, block) => Unit::Zero,
            Some(disk_block) => world.recovered(memory, disk_block, position - geometry.block(block).start),
        };
        // Somebody else's data there is stale-on-disk.
        if there != wanted && there != Unit::Stale {
            broken(Label::new("block", &[block as i32]));
        }
    }
}

/// What actors see by themselves.
fn observed_by_actors(nature: Nature) -> Vec<Property> {
    let mut properties = vec![
        observed(
            "stale-read",
            Kind::Event,
            "a reader receives somebody else's data",
            "Linus Torvalds, mail of 2015-10-05: blocks that contain random stale data",
            "read returns data of somebody else's file",
        ),
        observed(
            "wrong-read",
            Kind::Event,
            "a reader gets a unit that is neither old, nor the writer's at its own position, nor a hole's zeros",
            "mm/filemap.h, 2.6.18: neither the data before nor after the write",
            "read returns bytes that the file has never had there",
        ),
        Property {
            promised: false,
            ..observed(
                "early-size",
                Kind::Event,
                "a reader sees a larger size before the data of the extension",
                "nobody promises that a read beside a write sees all of it or nothing",
                "read returns zeros or old data at the end of a file that is being made longer",
            )
        },
        observed(
            "lost-write",
            Kind::Finally,
            "write() returned n and one of its first n units is not the user's",
            "write(2)",
            "write returns success, and read does not return what was written: data is lost",
        ),
        observed(
            "exposed-behind-end",
            Kind::Finally,
            "what was stored behind the end of the file is in the file when that has grown over it",
            "ftruncate(2): the extended part reads as null bytes; mmap(2): what is stored there is not written to the file",
            "read returns bytes that somebody stored behind the end through a mapping, where there should be zeros",
        ),
        observed(
            "phantom-write",
            Kind::Finally,
            "units beyond the returned count were replaced by zeros, foreign or misplaced data",
            "write(2)",
            "read returns zeros or garbage where the write claims to have written nothing: data is destroyed",
        ),
        Property {
            promised: false,
            ..observed(
                "visible-beyond-return",
                Kind::Finally,
                "the writer's own data is in the file beyond the returned count",
                "POSIX promises nothing about it",
                "read returns more of a failed or short write's data than write has reported",
            )
        },
        observed(
            "bad-return",
            Kind::Event,
            "more returned than copied, short with nothing short, or 0 for a write that is not empty",
            "Documentation/filesystems/vfs.rst: write_end returns a number <= copied",
            "write returns a wrong number, so that the program goes on in the wrong place, or tries again for ever",
        ),
        observed(
            "fault-under-lock",
            Kind::Event,
            "user memory is touched with faults on while the same actor holds a page lock",
            "mm/filemap.c, lock ordering",
            "write can hang for ever, with the page locked, if the source is a mapping of the same page",
        ),
        observed(
            "copy-after-unmap",
            Kind::Event,
            "a unit is copied from a page after munmap of it has returned",
            "munmap(2); mm/memory.c frees a page after the flush",
            "the file gets bytes from memory that the process had given back: another process's data",
        ),
    ];
    if nature.journal {
        properties.push(observed(
            "journal-bypass",
            Kind::Event,
            "a buffer of a journalled file is dirty outside the journal when the journal takes it",
            "fs/jbd2/transaction.c: Spotted dirty metadata buffer",
            "the kernel's log warns of a dirty metadata buffer; a crash can leave the file half written",
        ));
    }
    properties
}

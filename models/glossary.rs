//! What the words of results mean: sizes, contents, pictures, initial states, endings, actors, names of scenarios.

use scenario::{Entry, Subject};

use crate::family::{endings, name_parts};

/// Words and their meanings.
type Words = &'static [(&'static str, &'static str)];

const SIZES: Words = &[
    (
        "unit",
        "The smallest piece of data that is told apart, and what positions, sizes and lengths are counted in. A kernel's \
         page of 4096 bytes and blocks of 2048 are 4 units and 2: what matters is where a write begins and ends \
         relative to blocks, pages and the size.",
    ),
    ("page", "A page (folio) of the page cache: 4 units, unless the scenario's name says otherwise."),
    ("block", "A block of the file system: 2 units, so that a page has two, each with a buffer."),
    ("write 1+2", "The request: 2 units from position 1 on."),
    ("size", "The file's size in units, as `i_size` has it; on the line `on disk` the one in memory, too."),
];

const CONTENTS: Words = &[
    ("0", "A zero."),
    ("o3", "Old: the file's data at position 3 from before the write."),
    ("n3", "New: the writer's data for position 3."),
    ("m3", "The second writer's data, or a store through a mapping, for position 3."),
    ("?", "Stale: what the memory or the block held before, which is somebody else's data."),
];

const PICTURES: Words = &[
    (
        "page",
        "The flags of the page: `locked`, `uptodate`, `dirty`, `writeback`, `error`, `checked`; `-` is none of them, \
         `absent` is no page in the page cache. Of two pages each has its number.",
    ),
    ("contents", "What the page holds, unit by unit; `|` stands between blocks."),
    (
        "buffer",
        "The flags of a block's buffer: `new`, `mapped`, `uptodate`, `dirty`, `jbd` (it is a journal's), `jbddirty` \
         (the journal will write it), `freed`, `delay`, `unwritten`; `-` is none of them.",
    ),
    (
        "on disk",
        "What the file's map leads to, block by block: contents, `hole` where there is no block, `unwritten` where \
         there is one that reads as zeros.",
    ),
    (
        "source",
        "The memory that `write` is to copy from, page by page: `present` in the page tables, `absent` and to be faulted \
         in, `not mapped`, or `truncated`, which is a mapping beyond its file's end.",
    ),
];

const INITIAL_STATES: Words = &[
    ("blocks MM", "The file's map, a letter for each block: `M` mapped, `-` a hole, `U` unwritten."),
    ("page absent", "Nothing of the file is in the page cache."),
    ("page uptodate", "All of it is, with buffers where the file system has some."),
    ("page uptodate without buffers", "All of it is, and no buffers are attached."),
    ("page uptodate, waiting for a checkpoint", "All of it is, and a commit has left its buffers dirty."),
    ("page partly uptodate (0)", "The page is there and not uptodate; of its buffers only 0 is."),
    ("mapped", "The source, which is a mapping of the file, is in the page tables already."),
];

const ACTORS: Words = &[
    ("write", "`write(2)` or `writev(2)`: the call that is looked at."),
    ("munmap", "`munmap` of the source, in another thread."),
    ("madvise", "`MADV_DONTNEED` of the source, in another thread: it can be faulted in again."),
    ("reclaim", "Reclaim that takes the source out of the page tables: it can be faulted in again."),
    ("truncate-source", "Truncates the file that the source is a mapping of."),
    ("read", "`read(2)` of the file."),
    ("mmap-read", "Loads every unit of the file through a mapping."),
    ("mmap-store", "Stores a unit of the file through a mapping."),
    (
        "server-store",
        "The server of the file system, which stores what it has of the file to the page cache.",
    ),
    ("second-write", "`write(2)` of the same file, from memory that stays."),
    ("commit", "The journal's thread, which commits the running transaction."),
    ("checkpoint", "Writes to their own place the blocks that commits have left dirty."),
    ("writeback", "Writes dirty pages back, and the inode."),
    ("reclaim-target", "Reclaim that takes the file's clean pages out of the page cache."),
    ("invalidate", "Direct I/O, which writes back and takes out all pages of the file."),
    ("truncate", "`truncate(2)` of the file."),
    (
        "grow",
        "Waits for the write to return, lets time pass (a sync, or a sync and reclaim), and makes the file longer, or \
         truncates it to the size that it has.",
    ),
    ("kill", "Sends the writer a fatal signal."),
    ("load", "Loads a unit of the source with page faults on."),
    ("through-cache", "A view: what `read` gives when all are done."),
    ("after-sync", "A view: what `read` gives after a sync and the loss of all clean pages."),
    ("after-crash", "A view: what `read` gives after a crash and the journal's recovery."),
];

/// All words of the family of scenarios, by subject.
#[must_use]
pub fn glossary() -> Vec<Entry> {
    let of = |subject, words: Words| {
        words.iter().map(move |&(word, meaning)| Entry {
            subject,
            word: word.to_owned(),
            letter: String::new(),
            meaning: meaning.to_owned(),
        })
    };
    let mut all: Vec<Entry> = of(Subject::Sizes, SIZES)
        .chain(of(Subject::Contents, CONTENTS))
        .chain(of(Subject::Pictures, PICTURES))
        .chain(of(Subject::InitialStates, INITIAL_STATES))
        .chain(of(Subject::Actors, ACTORS))
        .collect();
    all.extend(endings().map(|(letter, word, meaning)| Entry {
        subject: Subject::Endings,
        word: word.to_owned(),
        letter: letter.to_owned(),
        meaning: meaning.to_owned(),
    }));
    all.extend(name_parts().into_iter().map(|(word, meaning)| Entry {
        subject: Subject::ScenarioNames,
        word: word.to_owned(),
        letter: String::new(),
        meaning,
    }));
    all.sort_by_key(|entry| entry.subject);
    all
}

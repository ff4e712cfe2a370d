//! What the names of scenarios are put together from.

use super::initial::Region;
use super::rows::ROWS;
use crate::family::Companion;

/// Names of sources that the table does not have in [`ROWS`], and what happens.
const SOURCES: [(&str, &str); 4] = [
    ("freed", "from memory that is unmapped meanwhile, and whose frame becomes somebody else's"),
    ("self-dropped", "from a mapping of the very page that is written, which madvise drops meanwhile"),
    ("evicted", "from memory that reclaim takes again and again"),
    ("of-first-page", "the second page's data comes from a mapping of the first page that is written"),
];

/// Who is beside the writer, by the name of the actor.
const COMPANIONS: [(Companion, &str); 13] = [
    (Companion::MmapReader, "somebody reads the file through a mapping (`mmap-read`)"),
    (Companion::MmapStore, "somebody stores to the file through a mapping (`mmap-store`)"),
    (
        Companion::StoreBehindEnd { again: false },
        "somebody stores through a mapping behind the end of the file, in its last page (`mmap-store`)",
    ),
    (Companion::SecondWriter, "somebody else writes to the file (`second-write`)"),
    (Companion::Commit, "the journal commits"),
    (Companion::Checkpoint, "a checkpoint writes what commits have left"),
    (Companion::Writeback, "dirty pages are written back"),
    (Companion::Reclaim, "reclaim takes clean pages of the file (`reclaim-target`)"),
    (Companion::Invalidate, "direct I/O writes back and takes out the file's pages"),
    (Companion::ServerStore, "the server puts the file's data into the page cache (`server-store`)"),
    (Companion::Truncate { size: 1 }, "somebody truncates the file to one unit; one of two pages to three"),
    (Companion::Truncate { size: 0 }, "somebody truncates the file to nothing"),
    (Companion::Kill, "the writer gets a fatal signal"),
];

/// The rest.
const WORDS: [(&str, &str); 25] = [
    ("with", "beside the writer is .."),
    ("no-writer", "nobody writes: everybody else must break nothing by themselves"),
    ("then", "when the write has returned, and perhaps a sync and reclaim have passed, .."),
    ("reader", "somebody reads all of the page (`read`)"),
    ("readers", "two readers, one of all of the page and one of its first block"),
    ("reader-of-a-block", "somebody reads the first block"),
    ("truncate-up", "the file is truncated to a larger size"),
    ("write-beyond", "somebody writes beyond the end of the file"),
    ("truncate-to-same", "the file is truncated to the size that it has"),
    ("write-to-full-disk", "somebody writes beyond the end of the file and finds the disk full"),
    ("write-again", "somebody writes to the same place once more"),
    ("load-of-the-file", "somebody loads from a mapping of the file"),
    ("load-and-unmap", "somebody loads from memory, and somebody unmaps it"),
    ("disk-full", "each allocation may find the disk full"),
    ("at-writeback", "an allocation of writeback does, for a moment"),
    (
        "out-of-credits",
        "the journal may have no room for a second new block of the page: `write_begin` begins again",
    ),
    ("stops-early", "a copy that meets a fault may stop some units before it"),
    ("unwritten-blocks", "the file's blocks were allocated and never written"),
    ("in-a-block", "what is written or stored stays in a block that the file has"),
    ("store-again", "the same is stored once more"),
    ("of-a-page-that-is-read", "the page is not uptodate at first"),
    ("on-a-plain-disk", "the disk checks no sums, so that a page may be changed while it is written"),
    ("1-block", "a page of one block"),
    ("8-units", "a page of eight units in four blocks"),
    ("2-pages", "two pages, each one block of two units"),
];

/// Every part that a scenario's name can have, and what it means, in the order in which they stand in a name.
pub(crate) fn name_parts() -> Vec<(&'static str, String)> {
    let regions = Region::ALL.iter().map(|region| (region.name(), region.sentence().to_owned()));
    let rows = ROWS.iter().map(|row| (row.name, row.sentence.to_owned()));
    let companions = COMPANIONS.iter().map(|(companion, said)| (companion.name(), (*said).to_owned()));
    let others = |all: &'static [(&str, &str)]| all.iter().map(|&(name, said)| (name, said.to_owned()));
    let cut = ("of-a-cut-file", "the file may have been cut to its first block before".to_owned());
    regions.chain(rows).chain(others(&SOURCES)).chain(others(&WORDS)).chain(companions).chain([cut]).collect()
}

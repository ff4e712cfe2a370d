//! FUSE: a file system in user space, whose data its server has. Written through, or with the writeback cache.

mod cached;
mod pages;
mod through;

use std::sync::Arc;

use machine::{Label, Layout, Place, call};
use page_state::folio::{folio_in_cache, folio_lock, folio_unlock};
use page_state::{Folio, Storage};

use crate::corpus::{Bug, Told};
use crate::family::{Path, Row};
use crate::file_system::{FileSystem, Nature};
use crate::generic::perform_write::generic_perform_write;
use crate::generic::writeback::filemap_write_and_wait;
use crate::kernel::{Caller, Errno, Kernel, Request, VmFault};

/// Whose text it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Text {
    /// v3.16 to v4.3.
    V4_1,
    /// 3ca8138f014a: a copy of nothing steps over empty segments.
    V4_4,
    /// The writeback cache takes nothing where nothing was copied.
    V4_9,
    /// 4f06dd92b5d0: at most one page that is not uptodate stays locked, the last.
    V5_13,
    /// v5.14 to v6.0: what is tried again is as much as before.
    V5_18,
    /// 3c0da3d163eb: what a server stores of the last page is followed by zeros.
    V6_11,
    /// faa794dd2e17: the source is faulted in after a copy of nothing; 0c58a97f919c: writeback makes no copies.
    V6_16,
    /// 34b5c4a6e4fb: what the page cache has between the end of the file and the write goes.
    V7_3,
}

/// A FUSE file system.
#[derive(Clone, Copy, Debug)]
pub struct Fuse {
    /// Whose text it is.
    pub text: Text,
    /// Whether it has the writeback cache.
    pub cached: bool,
}

impl FileSystem for Fuse {
    fn nature(&self) -> Nature {
        Nature::REMOTE
    }

    fn declare(&self, layout: &mut Layout, storage: &Storage) -> Vec<Place> {
        pages::declare(layout, storage)
    }

    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        if self.cached {
            generic_perform_write(k, self, request)
        } else {
            through::fuse_perform_write(k, self, request)
        }
    }

    fn looks_for_signals(&self, caller: Caller) -> bool {
        self.cached && caller.looks_for_signals()
    }

    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        Ok(cached::fuse_write_begin(k, self.text, pos, len))
    }

    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        Ok(cached::fuse_write_end(k, self.text, pos, (len, copied), folio))
    }

    fn read_folio(&self, k: &Kernel, folio: Folio) {
        pages::fuse_do_readpage(k, self.text, folio);
        folio_unlock(&k.task, folio);
    }

    fn writepage(&self, k: &Kernel, folio: Folio) {
        pages::fuse_writepage(k, self.text, folio);
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        call(k.task.m, Label::new("fuse_page_mkwrite", &[]), || {
            folio_lock(&k.task, folio);
            if folio_in_cache(&k.task, folio) {
                pages::fuse_wait_on_page_writeback(k, self.text, folio);
                return VmFault::Locked;
            }
            folio_unlock(&k.task, folio);
            VmFault::NoPage
        })
    }

    fn has_server_that_stores(&self) -> bool {
        true
    }

    fn server_stores(&self, k: &Kernel) {
        pages::fuse_notify_store(k, self.text);
    }

    fn truncate(&self, k: &Kernel, size: usize) {
        pages::fuse_do_setattr(k, self, size);
    }

    fn invalidate_folio(&self, _: &Kernel, _: Folio, _: usize) -> bool {
        false
    }

    fn release_folio(&self, _: &Kernel, _: Folio) -> bool {
        true
    }

    fn sync(&self, k: &Kernel) {
        filemap_write_and_wait(k, self);
    }
}

fn row(name: &'static str, caller: Caller, text: Text, cached: bool, sentence: &'static str) -> Row {
    Row::new(name, caller, Arc::new(Fuse { text, cached }), sentence)
}

fn writethrough() -> Vec<Row> {
    let row = |name, caller, text, sentence| row(name, caller, text, false, sentence);
    vec![
        row(
            "v4.1",
            Caller::V4_2,
            Text::V4_1,
            "prefault first; a copy of nothing leaves the source where it is",
        )
        .stands("v3.16 .. v4.3"),
        row("v4.4", Caller::V4_2, Text::V4_4, "3ca8138f014a: a copy of nothing steps over empty segments")
            .stands("v4.4 .. v4.7"),
        row(
            "v5.12",
            Caller::V4_8,
            Text::V4_9,
            "all segments are faulted in; all pages stay locked until they are sent",
        )
        .stands("v4.8 .. v5.12"),
        row(
            "v5.13",
            Caller::V4_8,
            Text::V5_13,
            "4f06dd92b5d0: only the last page stays locked, if it is not uptodate",
        )
        .stands("v5.13"),
        row("v5.18", Caller::V5_18, Text::V5_18, "prefault first, and given up where any unit can't be read")
            .stands("v5.18 .. v6.10"),
        row(
            "v6.11",
            Caller::V6_11,
            Text::V6_11,
            "3c0da3d163eb: a server that stores the end of a file leaves nothing of the page as it was",
        )
        .stands("v6.11 .. v6.15")
        .historic(),
        row("v6.16", Caller::V6_14, Text::V6_16, "faa794dd2e17: prefault only after a copy of nothing")
            .stands("v6.16 .. v6.17"),
        row("v6.18", Caller::V6_18, Text::V6_16, "the copy tries again by itself until it copies nothing")
            .stands("v6.18 .. v7.2"),
        row(
            "v7.3",
            Caller::V6_18,
            Text::V7_3,
            "34b5c4a6e4fb, which v6.12 has from its stable tree: what the page cache has between the end \
             and a write beyond it goes first",
        )
        .stands("v7.3 .."),
    ]
}

fn writeback() -> Vec<Row> {
    let row = |name, caller, text, sentence| row(name, caller, text, true, sentence);
    vec![
        row("v4.2", Caller::V4_2, Text::V4_4, "prefault first; a copy of nothing is taken, too")
            .stands("v3.15 .. v4.7"),
        row("v4.2+copy-first", Caller::CopyFirst, Text::V4_4, "v4.2 under 998ef75ddb's order"),
        row("v4.9", Caller::V4_8, Text::V4_9, "fuse_write_end takes nothing where nothing was copied")
            .stands("v4.9 .. v5.13"),
        row(
            "v4.9+copy-first",
            Caller::CopyFirst,
            Text::V4_9,
            "v4.9's fuse_write_end under 998ef75ddb's order",
        ),
        row(
            "v5.18",
            Caller::V5_18,
            Text::V5_18,
            "631f871f0718: prefault first, and given up only where nothing can be read",
        )
        .stands("v5.18 .. v6.10"),
        row(
            "v6.11",
            Caller::V6_11,
            Text::V6_11,
            "9aac777aaf94: what came to nothing begins again with all of the page; 3c0da3d163eb: a server \
             that stores the end of a file leaves nothing of the page as it was",
        )
        .stands("v6.11 .. v6.13"),
        row("v6.14", Caller::V6_14, Text::V6_11, "665575cff098: copy first for good")
            .stands("v6.14 .. v6.15"),
        row(
            "v6.16",
            Caller::V6_14,
            Text::V6_16,
            "0c58a97f919c: writeback sends the page itself; v6.17 went to iomap",
        )
        .stands("v6.16"),
    ]
}

/// The paths and their variants.
pub(crate) fn paths() -> Vec<Path> {
    vec![
        Path::new(
            "fuse/writethrough",
            "fuse_perform_write: each batch of pages is sent before the next is filled",
            "max_write, errors and short answers of the server, interrupted requests, large folios",
            writethrough(),
        ),
        Path::new(
            "fuse/writeback",
            "fuse_write_begin and fuse_write_end, the writeback cache",
            "errors of the server, launder_folio; what became of it with iomap in v6.17",
            writeback(),
        ),
    ]
}

/// What FUSE is known to have had.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![
        Bug {
            number: 25,
            fixed_by: "3ca8138f014a",
            sentence: "fuse_fill_write_pages tries again with what is left of an empty segment, for ever",
            told: Told::Scenario {
                property: "livelock",
                before: "fuse/writethrough@v4.1:within-empty-then-absent",
                after: "fuse/writethrough@v4.4:within-empty-then-absent",
            },
        },
        Bug {
            number: 26,
            fixed_by: "4f06dd92b5d0",
            sentence: "fuse_fill_write_pages faults in a source that is a page it keeps locked",
            told: Told::Scenario {
                property: "deadlock",
                before: "fuse/writethrough@v5.12:within-of-first-page-2-pages",
                after: "fuse/writethrough@v5.13:within-of-first-page-2-pages",
            },
        },
        Bug {
            number: 80,
            fixed_by: "59c3b76cc61d",
            sentence: "where nothing was copied at the beginning of a page, fuse_write_end zeroes nothing and marks the page \
                       uptodate",
            told: Told::Scenario {
                property: "stale-uptodate",
                before: "fuse/writeback@v4.2:extending-dropped",
                after: "fuse/writeback@v4.9:extending-dropped",
            },
        },
        Bug {
            number: 72,
            fixed_by: "3c0da3d163eb",
            sentence: "a server that stores a part of fuse's last page makes all of it uptodate",
            told: Told::Scenario {
                property: "stale-read",
                before: "fuse/writeback@v5.18:no-writer-server-store-and-mmap-reader",
                after: "fuse/writeback@v6.11:no-writer-server-store-and-mmap-reader",
            },
        },
        Bug {
            number: 77,
            fixed_by: "34b5c4a6e4fb",
            sentence: "what was stored behind the end of the file is in the file when it grows",
            told: Told::Scenario {
                property: "exposed-behind-end",
                before: "fuse/writethrough@v6.18:store-behind-end-then-write-beyond",
                after: "fuse/writethrough@v7.3:store-behind-end-then-write-beyond",
            },
        },
    ]
}

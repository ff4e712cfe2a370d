//! orangefs: `fs/orangefs/inode.c`. A page has the range of it that is to be sent; whoever sends a page, reads it, stores to
//! it through a mapping or takes it away goes by that, and is run from the text as the writer is.

use c_run::{Object, Pointer, Stop, Value};
use c_text::IntType;
use machine::{Label, Order, Word};
use models::generic::server;
use models::generic::writeback::folio_clear_dirty_for_io;
use page_state::Folio;
use page_state::folio::{
    folio_clear_dirty, folio_end_writeback, folio_mark_uptodate, folio_start_writeback, folio_unlock,
};
use page_state::steps::{load, store};

use crate::front_end::{
    Argument, Assumption, Data, Entries, Files, Here, Macro, Nothing, Pages, Table, Thing, Truncation,
    constants, loads, stores, words,
};
use crate::path::{GENERIC, Path, Releases};

/// orangefs.
pub(crate) const PATH: Path = Path {
    name: "orangefs/server",
    sentence: "orangefs",
    base: "nfs/write",
    releases: Releases::ALL,
    leaves_out: "errors and short answers of the server, attributes that it changes by itself, several users, direct I/O; pages that \
                 are sent together",
    files: &[
        "fs/orangefs/inode.c",
        "fs/orangefs/orangefs-kernel.h",
        "fs/orangefs/protocol.h",
        "include/linux/bvec.h",
        "include/linux/writeback.h",
    ],
    tables: &[&TABLE],
    entries: Entries {
        operations: "orangefs_address_operations",
        write: GENERIC,
        page_mkwrite: Some("orangefs_page_mkwrite"),
        files: Files {
            truncation: Truncation::SizeThenServer { page_cache_first: true },
            pages: Pages {
                read: Some("orangefs_read_folio"),
                write: Some("orangefs_writepage_locked"),
                invalidate: Some("orangefs_invalidate_folio"),
                release: Some("orangefs_release_folio"),
                made: Some(no_range),
                ..Pages::OF_THE_BASE
            },
            ..Files::OF_THE_BASE
        },
    },
};

/// The range of a page, `struct orangefs_write_range`, which hangs on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Range {
    /// The page.
    folio: Folio,
}

impl Thing for Range {
    const KIND: &'static str = "orangefs_write_range";
    fn of(object: Object) -> Range {
        Range { folio: <Folio as Thing>::of(object) }
    }
    fn numbers(&self) -> [u32; 2] {
        self.folio.numbers()
    }
}

/// In a page's private word: there is a range; its first unit in the page, and how many it has.
const PRESENT: Word = 1;
const START_SHIFT: u8 = 1;
const LENGTH_SHIFT: u8 = 5;
const UNIT: Word = 0xf;

/// An iterator over a part of a page.
const OVER_A_PAGE: &str = "iov_iter over a page";

const TABLE: Table = Table {
    words: words! { w;
        folio_test_private | PagePrivate (folio | page: Folio) -> bool => range(w, folio).is_some();
        folio_get_private | page_private (folio | page: Folio) => range(w, folio);
        folio_attach_private(folio: Folio, data: Pointer) => attach(w, folio, &data)?;
        folio_detach_private | detach_page_private (folio | page: Folio) => {
            let range = range(w, folio);
            set_word(w, folio, 0);
            range
        };
        set_page_writeback | folio_start_writeback (folio | page: Folio) => folio_start_writeback(w.task(), folio);
        folio_end_writeback(folio: Folio) => folio_end_writeback(w.task(), folio);
        folio_clear_dirty_for_io(folio: Folio) -> bool => folio_clear_dirty_for_io(&w.k, folio);
        folio_cancel_dirty(folio: Folio) => folio_clear_dirty(w.task(), folio);
        folio_end_read(folio: Folio, success: bool) => {
            if success {
                folio_mark_uptodate(w.task(), folio);
            }
            folio_unlock(w.task(), folio);
        };
        iov_iter_bvec(i: Pointer, bvec: Pointer) => {
            let Value::Record(of) = w.run.load(&bvec)? else { return Err(w.refused("a bvec that is none")) };
            let (page, offset) = (of.get("bv_page"), of.get("bv_offset"));
            let (Some(page), Some(offset)) = (page, offset) else { return Err(w.refused("a bvec without a page")) };
            let data = Data { folio: Folio::from_value(w, page)?, unit: usize::from_value(w, offset)? };
            w.run.store(&i, Value::Modelled(Object { kind: OVER_A_PAGE, numbers: data.numbers() }))?;
        };
        // Its declaration does not name them.
        wait_for_direct_io(
            of: i64, inode: Value, offset: Pointer, iter: Pointer, total_size: i64, readahead_size: Value, wr: Value,
            index_return: Value, file: Value
        ) -> i64 => send_or_receive(w, of, &offset, &iter, total_size)?;
        current_fsuid() -> i32 => 0;
        current_fsgid() -> i32 => 0;
        // It asks again where the lock's holder is killed, which nobody holds.
        wait_on_bit() -> i32 => 0;
    },
    macros: &[
        Macro { name: "kmalloc", result: None, call: |w| Ok(Value::Pointer(w.made())) },
        Macro { name: "kmalloc_obj", result: None, call: |w| Ok(Value::Pointer(w.made())) },
    ],
    constants: constants! { w;
        TASK_KILLABLE: u32 = 0x102;
    },
    loads: loads! { w;
        "folio.private"(folio: Folio) => range(w, folio);
        "orangefs_write_range.pos"(range: Range) => {
            let start = word(w, range.folio) >> START_SHIFT & UNIT;
            (range.folio.index * w.page_units()) as i64 + start as i64
        };
        "orangefs_write_range.len"(range: Range) => (word(w, range.folio) >> LENGTH_SHIFT & UNIT) as u64;
        "orangefs_write_range.uid"(_range: Range) => 0_i32;
        "orangefs_write_range.gid"(_range: Range) => 0_i32;
    },
    stores: stores! { w;
        "orangefs_write_range.pos"(range: Range, pos: i64) => set_start(w, range.folio, pos)?;
        "orangefs_write_range.len"(range: Range, len: usize) => set_length(w, range.folio, len)?;
        "orangefs_write_range.uid"(_range: Range, _id: Value) => ();
        "orangefs_write_range.gid"(_range: Range, _id: Value) => ();
    },
    nothing: &[
        Nothing { reason: "memory that is not looked at again", names: "kfree" },
        Nothing {
            reason: "what is behind the file's end on the server is received as zeros",
            names: "iov_iter_zero",
        },
        Nothing {
            reason: "the server does not fail",
            names: "mapping_set_error SetPageError folio_set_error",
        },
        Nothing {
            reason: "the inode is written with its data, whatever marks it",
            names: "mark_inode_dirty_sync",
        },
    ],
    assumptions: &[
        Assumption { name: "uid_eq", value: 1, reason: "one user writes" },
        Assumption { name: "gid_eq", value: 1, reason: "one user writes" },
    ],
    instead: &["folio_test_private"],
    ..Table::new("models/tables/server_based/orangefs.rs")
};

/// A range that was not attached to a page yet.
fn no_range() -> Value {
    let members = [
        ("pos", IntType::LONG),
        ("len", IntType::UNSIGNED_LONG),
        ("uid", IntType::INT),
        ("gid", IntType::INT),
    ];
    Value::Record(members.into_iter().map(|(name, of)| (name.into(), Value::Int(0, of))).collect())
}

/// The page's private word.
fn word(w: &Here<'_, '_>, folio: Folio) -> Word {
    let at = w.task().storage.private(folio.frame);
    load(w.task(), at, Word::MAX, Order::Relaxed, Label::new("folio->private", &[]))
}

fn set_word(w: &Here<'_, '_>, folio: Folio, word: Word) {
    let args = [(word >> START_SHIFT & UNIT) as i32, (word >> LENGTH_SHIFT & UNIT) as i32];
    let label = Label::new("orangefs_write_range", if word == 0 { &[] } else { &args });
    store(w.task(), w.task().storage.private(folio.frame), word, Order::Relaxed, label);
}

/// The page's range, if it has one.
fn range(w: &Here<'_, '_>, folio: Folio) -> Option<Range> {
    (word(w, folio) & PRESENT != 0).then_some(Range { folio })
}

fn set(w: &Here<'_, '_>, folio: Folio, start: i64, length: usize) -> Result<(), Stop> {
    let first = start - (folio.index * w.page_units()) as i64;
    let fits = |unit: Word| unit <= UNIT;
    let (first, length) = (Word::try_from(first).ok(), Word::try_from(length).ok());
    match (first.filter(|unit| fits(*unit)), length.filter(|unit| fits(*unit))) {
        (Some(first), Some(length)) => {
            set_word(w, folio, PRESENT | first << START_SHIFT | length << LENGTH_SHIFT);
            Ok(())
        }
        _ => Err(w.refused("a range that is not of the page")),
    }
}

fn set_start(w: &Here<'_, '_>, folio: Folio, start: i64) -> Result<(), Stop> {
    let length = word(w, folio) >> LENGTH_SHIFT & UNIT;
    set(w, folio, start, length as usize)
}

fn set_length(w: &Here<'_, '_>, folio: Folio, length: usize) -> Result<(), Stop> {
    let first = word(w, folio) >> START_SHIFT & UNIT;
    set(w, folio, (folio.index * w.page_units()) as i64 + first as i64, length)
}

/// The range that was made becomes the page's; another can be made then.
fn attach(w: &Here<'_, '_>, folio: Folio, data: &Pointer) -> Result<(), Stop> {
    let Value::Record(of) = w.run.load(data)? else {
        return Err(w.refused("a range that was not made here"));
    };
    let member = |name: &str| of.get(name).ok_or_else(|| w.refused("a range without its units"));
    let (start, length) = (i64::from_value(w, member("pos")?)?, usize::from_value(w, member("len")?)?);
    set(w, folio, start, length)?;
    w.run.store(data, no_range()).map(drop)
}

/// Sends a part of a page to the server, or receives it.
fn send_or_receive(
    w: &Here<'_, '_>,
    of: i64,
    offset: &Pointer,
    iter: &Pointer,
    count: i64,
) -> Result<i64, Stop> {
    let Value::Modelled(object @ Object { kind: OVER_A_PAGE, .. }) = w.run.load(iter)? else {
        return Err(w.refused("an iterator that is over no page"));
    };
    let (Data { folio, unit }, units) = (<Data as Thing>::of(object), w.page_units());
    if i64::from_value(w, &w.run.load(offset)?)? != (folio.index * units + unit) as i64 {
        return Err(w.refused("what is sent to where it does not belong"));
    }
    let Some(end) = usize::try_from(count).ok().map(|count| unit + count).filter(|end| *end <= units) else {
        machine::bug("more is sent than the page has");
    };
    match of {
        1 => server::read(w.task(), folio, unit, end),
        2 => server::write(&w.k, folio, unit, end),
        _ => return Err(w.refused(format!("the kind of I/O {of}"))),
    }
    Ok(count)
}

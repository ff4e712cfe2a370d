//! Buffers: `include/linux/buffer_head.h`, and what `fs/buffer.c` does with a single one.

use c_run::{Pointer, Stop, Value};
use page_state::buffer::{self, b_blocknr, bh_read, create_empty_buffers, folio_buffers};
use page_state::{Buffer, Folio};

use crate::front_end::{Answer, Device, Here, Nothing, Table, loads, words};

macro_rules! flags {
    ($($test:ident $set:ident $clear:ident;)*) => {
        words! { w; $(
            $test(bh: Buffer) -> bool => buffer::$test(w.task(), bh);
            $set(bh: Buffer) => buffer::$set(w.task(), bh);
            $clear(bh: Buffer) => buffer::$clear(w.task(), bh);
        )* }
    };
}

/// `BUFFER_FNS`.
pub(crate) const FLAGS: Table = Table {
    words: flags! {
        buffer_uptodate set_buffer_uptodate clear_buffer_uptodate;
        buffer_dirty set_buffer_dirty clear_buffer_dirty;
        buffer_mapped set_buffer_mapped clear_buffer_mapped;
        buffer_new set_buffer_new clear_buffer_new;
        buffer_delay set_buffer_delay clear_buffer_delay;
        buffer_unwritten set_buffer_unwritten clear_buffer_unwritten;
    },
    ..Table::new("models/tables/buffer.rs")
};

/// The words of buffers.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        folio_buffers | page_buffers (folio | page: Folio) => first_buffer(w, folio)?;
        page_has_buffers (page: Folio) -> bool => has_buffers(w, page)?;
        create_empty_buffers (folio | page: Folio) -> Buffer => {
            create_empty_buffers(w.task(), folio);
            Buffer { folio, block: 0 }
        };
        mark_buffer_dirty (bh: Buffer) => buffer::mark_buffer_dirty(w.task(), bh);
        // Reads, and waits for it.
        bh_read_nowait | bh_read (bh: Buffer) -> i32 => {
            bh_read(w.task(), bh);
            0
        };
    },
    loads: loads! { w;
        "buffer_head.b_this_page"(bh: Buffer) => Buffer { block: (bh.block + 1) % w.geometry().blocks(), ..bh };
        "buffer_head.b_size"(bh: Buffer) => w.geometry().block_units() as u64;
        "buffer_head.b_folio"(bh: Buffer) => bh.folio;
        "buffer_head.b_page"(bh: Buffer) => bh.folio;
        "buffer_head.b_bdev"(bh: Buffer) => Device;
        "buffer_head.b_blocknr"(bh: Buffer) => b_blocknr(w.task(), bh) as u64;
    },
    nothing: &[
        Nothing { reason: "a buffer lives as long as its page", names: "get_bh put_bh brelse __brelse" },
        Nothing { reason: "a read is over when it returns", names: "wait_on_buffer" },
        Nothing {
            reason: "no block of the file is cached as the device's",
            names: "clean_bdev_bh_alias clean_bdev_aliases",
        },
        Nothing {
            reason: "priorities of I/O",
            names: "clear_buffer_meta clear_buffer_prio set_buffer_meta set_buffer_prio",
        },
    ],
    ..Table::new("models/tables/buffer.rs")
};

/// Whether the page has buffers; where none has any, nobody may ask.
pub(crate) fn has_buffers(w: &Here<'_, '_>, folio: Folio) -> Result<bool, Stop> {
    if !w.k.world.nature.buffers {
        return Err(w.refused("the buffers of a page, where pages have none"));
    }
    Ok(folio_buffers(w.task(), folio))
}

fn first_buffer(w: &Here<'_, '_>, folio: Folio) -> Result<Value, Stop> {
    let first = Buffer { folio, block: 0 };
    Ok(if has_buffers(w, folio)? { first.value() } else { Value::Pointer(Pointer::NULL) })
}

//! The journal: `include/linux/jbd2.h`, `fs/jbd2/transaction.c`.

use c_run::Object;
use machine::Small;
use models::jbd2::Handle;
use page_state::Buffer;
use page_state::buffer;

use crate::front_end::{Nothing, Table, Thing, loads, stores, words};

/// The words of the journal.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        buffer_jbd(bh: Buffer) -> bool => buffer::buffer_jbd(w.task(), bh);
        buffer_jbddirty(bh: Buffer) -> bool => buffer::buffer_jbddirty(w.task(), bh);
        set_buffer_jbddirty(bh: Buffer) => buffer::set_buffer_jbddirty(w.task(), bh);
        buffer_freed(bh: Buffer) -> bool => buffer::buffer_freed(w.task(), bh);
    },
    loads: loads! { w;
        "handle.h_sync"(_handle: JournalHandle) => 0_u32;
        "handle.h_transaction"(handle: JournalHandle) => OfHandle(handle);
        "transaction.t_tid"(_transaction: OfHandle) => 0_u32;
    },
    stores: stores! { w;
        "handle.h_sync"(_handle: JournalHandle, sync: bool) => ();
    },
    nothing: &[Nothing { reason: "tracing", names: "BUFFER_TRACE JBUFFER_TRACE jbd2_debug jbd_debug" }],
    ..Table::new("models/tables/jbd2.rs")
};

/// A handle that is open.
#[derive(Clone, Copy)]
pub(crate) struct JournalHandle(pub(crate) Handle);

impl Thing for JournalHandle {
    const KIND: &'static str = "handle";
    fn of(object: Object) -> JournalHandle {
        JournalHandle(Handle::from_word(object.numbers[0].into()))
    }
    fn numbers(&self) -> [u32; 2] {
        [self.0.into_word() as u32, 0]
    }
}

/// The transaction that a handle is part of.
#[derive(Clone, Copy)]
struct OfHandle(JournalHandle);

impl Thing for OfHandle {
    const KIND: &'static str = "transaction";
    fn of(object: Object) -> OfHandle {
        OfHandle(JournalHandle::of(object))
    }
    fn numbers(&self) -> [u32; 2] {
        self.0.numbers()
    }
}

//! ubifs: `fs/ubifs/file.c`. Pages have no buffers; one that is dirty is private, and has a budget. Whoever writes a page,
//! reads it, stores to it through a mapping or takes it away is run from the text as the writer is. A page is a node on
//! flash, and the server of the model is the flash.

use c_run::{Pointer, Stop, Value};
use c_text::IntType;
use machine::{Action, Label, Order, Step};
use models::generic::server;
use page_state::Folio;
use page_state::folio::{
    folio_end_writeback, folio_mark_dirty, folio_set_checked, folio_start_writeback, folio_test_checked,
    folio_test_clear_checked, folio_zero_segment,
};
use page_state::inode::i_size_read;
use page_state::steps::{load, report, store};

use super::KMAP;
use crate::front_end::{
    Argument, Assumption, Data, Entries, Files, Here, Inode, InodeInfo, Macro, Nothing, Pages, SuperBlock,
    SuperBlockInfo, Table, Truncation, constants, loads, stores, words,
};
use crate::path::{GENERIC, Path, Releases};

/// ubifs.
pub(crate) const PATH: Path = Path {
    name: "ubifs/flash",
    sentence: "ubifs",
    base: "nfs/write",
    releases: Releases::ALL,
    leaves_out: "budgets as numbers, a full flash, the journal and its commit, bulk reading, encryption",
    files: &[
        "fs/ubifs/file.c",
        "fs/ubifs/ubifs.h",
        "fs/ubifs/misc.h",
        "include/linux/writeback.h",
        "include/linux/time64.h",
    ],
    tables: &[&KMAP, &TABLE],
    entries: Entries {
        operations: "ubifs_file_address_operations",
        write: GENERIC,
        page_mkwrite: Some("ubifs_vm_page_mkwrite"),
        files: Files {
            has_direct_io: false,
            truncation: Truncation::SizeThenServer { page_cache_first: false },
            pages: Pages {
                read: Some("ubifs_read_folio"),
                write: Some("ubifs_writepage"),
                write_unlocks: true,
                invalidate: Some("ubifs_invalidate_folio"),
                release: Some("ubifs_release_folio"),
                made: None,
            },
            ..Files::OF_THE_BASE
        },
    },
};

crate::front_end::things! {
    /// A node with a block's data, as it is read from flash.
    DataNode = "ubifs_data_node";
    /// `super_operations`.
    Operations = "super_operations";
}

const TABLE: Table = Table {
    words: words! { w;
        folio_test_private | PagePrivate (folio | page: Folio) -> bool => is_private(w, folio);
        folio_attach_private | attach_page_private (folio | page: Folio) => set_private(w, folio, true);
        folio_detach_private | detach_page_private (folio | page: Folio) => set_private(w, folio, false);
        folio_test_checked | PageChecked (folio | page: Folio) -> bool => folio_test_checked(w.task(), folio);
        folio_set_checked | SetPageChecked (folio | page: Folio) => folio_set_checked(w.task(), folio);
        folio_clear_checked | ClearPageChecked (folio | page: Folio) => {
            folio_test_clear_checked(w.task(), folio);
        };
        filemap_dirty_folio | __set_page_dirty_nobuffers (folio | page: Folio) -> bool => {
            folio_mark_dirty(w.task(), folio);
            true
        };
        folio_start_writeback | set_page_writeback (folio | page: Folio) => folio_start_writeback(w.task(), folio);
        folio_end_writeback | end_page_writeback (folio | page: Folio) => folio_end_writeback(w.task(), folio);
        kmap_atomic(page: Folio) -> Data => Data { folio: page, unit: 0 };
        // It is kept, and not looked at.
        current_time() => Value::Record(
            ["tv_sec", "tv_nsec"].into_iter().map(|name| (name.into(), Value::Int(0, IntType::LONG))).collect(),
        );
        folio_zero_tail(folio: Folio, offset: usize, kaddr: Value) => {
            folio_zero_segment(w.task(), folio, offset, w.page_units());
            kaddr
        };
        memset(to: Data, with: i64, n: usize) => match with {
            0 => folio_zero_segment(w.task(), to.folio, to.unit, to.unit + n),
            other => return Err(w.refused(format!("data that is set to {other}"))),
        };
        // Space without writing back may be wanting whenever it is asked for; else there is enough.
        ubifs_budget_space(req: Pointer) -> i32 => if is_fast(w, &req)? && w.task().m.perform(no_space()) != 0 { -28 } else { 0 };
        // A hole reads as zeros, and only its budget is another.
        read_block() -> i32 => {
            let to = data(w, "addr", "offset")?;
            server::read(w.task(), to.folio, to.unit, w.page_units());
            0
        };
        ubifs_jnl_write_data(len: usize) -> i32 => {
            let from = data(w, "buf", "offset")?;
            server::write(&w.k, from.folio, from.unit, from.unit + len);
            0
        };
        ubifs_write_inode() -> i32 => {
            server::set_size(w.task(), i_size_read(w.task()));
            0
        };
        kmalloc() => DataNode;
        le32_to_cpu(x: i64) -> u32 => x as u32;
        // Who asks has it.
        mutex_is_locked() -> bool => true;
        // Pages are mapped already.
        folio_test_highmem() -> bool => false;
        folio_order() -> u32 => 0;
        inode_set_ctime_current() -> i64 => 0;
    },
    macros: &[
        Macro { name: "ubifs_assert", result: None, call: assert },
        // Not compiled, where nobody debugs.
        Macro { name: "dbg_gen", result: None, call: |_| Ok(Value::Void) },
    ],
    constants: constants! { w;
        UBIFS_BLOCK_SIZE: u64 = w.page_units() as u64;
        UBIFS_BLOCK_SHIFT: i32 = w.geometry().page_shift as i32;
        UBIFS_BLOCKS_PER_PAGE: u64 = 1;
        UBIFS_BLOCKS_PER_PAGE_SHIFT: i32 = 0;
        UBIFS_MAX_DATA_NODE_SZ: i32 = 0;
    },
    loads: loads! { w;
        "folio.private"(folio: Folio) => Value::Pointer(Pointer::Number(is_private(w, folio).into()));
        "inode.i_ino"(_inode: Inode) => 2_u64;
        "ubifs_data_node.size"(_node: DataNode) => w.page_units() as u32;
        "super_block.s_op"(_sb: SuperBlock) => Operations;
        "super_operations.write_inode"(_of: Operations) =>
            Value::Pointer(Pointer::Function { name: "ubifs_write_inode".into(), file: "".into() });
        "super_block_info.ro_error"(_info: SuperBlockInfo) => 0_i32;
        "super_block_info.ro_media"(_info: SuperBlockInfo) => 0_i32;
        "super_block_info.ro_mount"(_info: SuperBlockInfo) => 0_i32;
        "super_block_info.bi.page_budget"(_info: SuperBlockInfo) => 0_i32;
        // `ui_mutex` is not played; who has it leaves both sizes the same.
        "inode_info.ui_size"(_info: InodeInfo) => i_size_read(w.task()) as i64;
        "inode_info.synced_i_size"(_info: InodeInfo) => server::size(w.task()) as i64;
        // Only a budget is another.
        "inode_info.dirty"(_info: InodeInfo) => 0_u32;
    },
    stores: stores! { w;
        "inode_info.ui_size"(_info: InodeInfo, size: usize) => {
            if size != i_size_read(w.task()) {
                return Err(w.refused("a ui_size that is not the size"));
            }
        };
    },
    nothing: &[
        Nothing { reason: "messages", names: "ubifs_err ubifs_warn" },
        Nothing { reason: "the flash does not fail", names: "SetPageError ClearPageError mapping_set_error" },
        Nothing { reason: "memory that is not looked at again", names: "kfree" },
        Nothing {
            reason: "budgets are not numbers here",
            names: "ubifs_release_budget ubifs_convert_page_budget ubifs_release_dirty_inode_budget \
                    atomic_long_inc atomic_long_dec",
        },
        Nothing {
            reason: "ui_mutex, ui_lock: sizes are one cell each here",
            names: "mutex_lock mutex_unlock spin_lock spin_unlock",
        },
        Nothing { reason: "a mapping of the kernel's own", names: "kunmap_atomic" },
        Nothing { reason: "keys of nodes", names: "data_key_init" },
        Nothing {
            reason: "the inode is written with its data, whatever marks it",
            names: "mark_inode_dirty_sync",
        },
    ],
    assumptions: &[
        Assumption { name: "ubifs_bulk_read", value: 0, reason: "mounted without bulk_read" },
        Assumption { name: "mctime_update_needed", value: 0, reason: "times of the inode" },
    ],
    instead: &["folio_test_private", "inode_set_ctime_current", "current_time"],
    ..Table::new("models/tables/server_based/ubifs.rs")
};

fn is_private(w: &Here<'_, '_>, folio: Folio) -> bool {
    let at = w.task().storage.private(folio.frame);
    load(w.task(), at, 1, Order::Relaxed, Label::new("folio->private", &[])) != 0
}

fn set_private(w: &Here<'_, '_>, folio: Folio, is_private: bool) {
    let label = Label::new(if is_private { "folio_attach_private" } else { "folio_detach_private" }, &[]);
    store(w.task(), w.task().storage.private(folio.frame), is_private.into(), Order::Relaxed, label);
}

fn no_space() -> Step {
    let step = Step::new(Action::Choose { of: 2 }, Label::new("budgeting would write back", &[]));
    step.showing(|w| if w == 0 { "no" } else { "yes" }.to_owned())
}

/// Whether a request for space is to be answered without writing back.
fn is_fast(w: &Here<'_, '_>, request: &Pointer) -> Result<bool, Stop> {
    let Value::Record(of) = w.run.load(request)? else { return Err(w.refused("a request that is none")) };
    match of.get("fast") {
        Some(fast) => bool::from_value(w, fast),
        None => Err(w.refused("a request without `fast`")),
    }
}

/// What is sent or received: an address in a page, or, since v7.0, a page and where in it.
fn data(w: &Here<'_, '_>, address: &str, offset: &str) -> Result<Data, Stop> {
    let named = |name| w.call.and_then(|call| call.named(name));
    match (named(address), named("folio"), named(offset)) {
        (Some(address), ..) => Data::from_value(w, address),
        (None, Some(folio), Some(offset)) => {
            Ok(Data { folio: Folio::from_value(w, folio)?, unit: usize::from_value(w, offset)? })
        }
        _ => Err(w.refused("data that is nowhere")),
    }
}

fn assert(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let holds = w.evaluate(1)?;
    if !w.run.truth(&holds)? {
        let written =
            w.call.and_then(|call| call.written.get(1)).map(ToString::to_string).unwrap_or_default();
        let said = format!("ubifs_assert({written}) in {}", w.run.place().function);
        report(w.task(), "kernel-bug", Label::new(c_run::label_name(&said), &[]));
    }
    Ok(Value::Void)
}

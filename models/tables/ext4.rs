//! ext4: `fs/ext4/{ext4,ext4_jbd2,truncate}.h`, and what `fs/ext4/inode.c` calls in other files.

use c_run::{Stop, Value};
use c_text::{ExprKind, IntType};
use models::ext4::{ext4_truncate_failed_write, ext4_zero_partial_blocks};
use models::jbd2::{
    has_handle, jbd2_journal_dirty_metadata, jbd2_journal_file_inode, jbd2_journal_get_write_access,
    jbd2_journal_start, jbd2_journal_stop, journal_current_handle,
};
use page_state::Buffer;
use page_state::buffer::bh_read;
use page_state::inode::{disk_size, orphan_add, set_disk_size};

use crate::front_end::{
    Assumption, Here, InodeInfo, Iter, Macro, Nothing, SuperBlockInfo, Table, loads, stores, words,
};
use crate::jbd2::JournalHandle;

/// The words of ext4.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        EXT4_I() -> InodeInfo => InodeInfo;
        EXT4_SB() -> SuperBlockInfo => SuperBlockInfo;
        ext4_get_block | ext4_get_block_unwritten | ext4_da_get_block_prep (bh: Buffer, create: bool) -> i32
            => w.fs.base.get_block(&w.k, bh, create);
        ext4_journal_start() -> JournalHandle => JournalHandle(jbd2_journal_start(w.task(), w.k.journal()));
        ext4_journal_stop() -> i32 => {
            jbd2_journal_stop(w.task(), w.k.journal());
            0
        };
        ext4_journal_current_handle() -> JournalHandle => JournalHandle(journal_current_handle(w.task(), w.k.journal()));
        ext4_journal_get_write_access(handle: JournalHandle, sb: Value, bh: Buffer, trigger: Value) -> i32 => {
            jbd2_journal_get_write_access(w.task(), w.k.journal(), handle.0, bh);
            0
        };
        ext4_handle_dirty_metadata(handle: JournalHandle, inode: Value, bh: Buffer) -> i32 => {
            jbd2_journal_dirty_metadata(w.task(), w.k.journal(), handle.0, bh);
            0
        };
        ext4_jbd2_inode_add_write() -> i32 => {
            jbd2_journal_file_inode(w.task(), w.k.journal());
            0
        };
        ext4_orphan_add() -> i32 => {
            orphan_add(w.task());
            0
        };
        // Called without a handle: of the list in memory.
        ext4_orphan_del() -> i32 => 0;
        // A commit takes the inode as it is.
        ext4_mark_inode_dirty() -> i32 => 0;
        mark_inode_dirty() => ext4_dirty_inode(w);
        ext4_truncate_failed_write() => ext4_truncate_failed_write(&w.k, w.fs);
        ext4_zero_partial_blocks(handle: JournalHandle, lstart: usize, length | lend: usize) -> i32 => {
            ext4_zero_partial_blocks(&w.k, w.fs, handle.0, lstart, lstart + length);
            0
        };
        // Reads, and waits for it.
        ext4_read_bh_lock(bh: Buffer) -> i32 => {
            bh_read(w.task(), bh);
            0
        };
        // Nothing limits a write of a few units.
        ext4_generic_write_checks(from: Iter) -> i64 => (w.request.len - from.done) as i64;
        ext4_should_journal_data() -> bool => w.k.world.nature.journals_data;
        ext4_should_order_data() -> bool => !w.k.world.nature.journals_data;
        ext4_handle_valid(handle: JournalHandle) -> bool => true;
        ext4_can_truncate() -> bool => true;
    },
    macros: &[Macro { name: "test_opt", result: Some(IntType::BOOL), call: test_opt }],
    loads: loads! { w;
        "inode_info.i_disksize"(_info: InodeInfo) => disk_size(w.task()) as i64;
    },
    stores: stores! { w;
        "inode_info.i_disksize"(_info: InodeInfo, size: usize) => set_disk_size(w.task(), size);
        "inode_info.i_datasync_tid"(_info: InodeInfo, tid: Value) => ();
    },
    nothing: &[
        Nothing { reason: "tracing", names: "trace_ext4_*" },
        Nothing {
            reason: "i_data_sem: the map of a file's blocks is one cell here",
            names: "down_read up_read down_write up_write",
        },
        Nothing {
            reason: "states that only others read",
            names: "ext4_set_inode_state ext4_clear_inode_state",
        },
        Nothing { reason: "fast commits are off", names: "ext4_fc_track_inode" },
    ],
    assumptions: &[
        Assumption {
            name: "ext4_test_inode_state",
            value: 0,
            reason: "no data in the inode itself, and nothing else is going on",
        },
        Assumption { name: "ext4_has_inline_data", value: 0, reason: "no data in the inode itself" },
        Assumption { name: "ext4_convert_inline_data", value: 0, reason: "no data in the inode itself" },
        Assumption { name: "ext4_forced_shutdown", value: 0, reason: "nobody shuts the file system down" },
        Assumption { name: "ext4_emergency_state", value: 0, reason: "nobody shuts the file system down" },
        Assumption { name: "ext4_verity_in_progress", value: 0, reason: "no file is sealed by fs-verity" },
        Assumption { name: "ext4_should_dioread_nolock", value: 0, reason: "mounted without dioread_nolock" },
        Assumption { name: "ext4_nonda_switch", value: 0, reason: "the disk is not nearly full" },
        Assumption { name: "ext4_should_retry_alloc", value: 0, reason: "a full disk stays full" },
        Assumption { name: "is_handle_aborted", value: 0, reason: "the journal does not fail" },
        Assumption { name: "ext4_writepage_trans_blocks", value: 8, reason: "there are credits enough" },
        Assumption { name: "ext4_chunk_trans_extent", value: 8, reason: "there are credits enough" },
        Assumption { name: "ext4_journal_blocks_per_folio", value: 8, reason: "there are credits enough" },
        Assumption {
            name: "ext4_journal_ensure_extent_credits",
            value: 0,
            reason: "there are credits enough",
        },
    ],
    instead: &["mark_inode_dirty"],
    ..Table::new("models/tables/ext4.rs")
};

/// Begins a transaction where there is none: what is in the inode goes with its commit.
fn ext4_dirty_inode(w: &Here<'_, '_>) {
    let (task, journal) = (w.task(), w.k.journal());
    if !has_handle(task, journal) {
        jbd2_journal_start(task, journal);
        jbd2_journal_stop(task, journal);
    }
}

/// A mount option, of those that the path tells.
fn test_opt(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let option = w.call.and_then(|call| call.written.get(1));
    match option.map(|of| &of.kind) {
        Some(ExprKind::Name(name)) if &**name == "DELALLOC" => {
            Ok(Value::truth(w.fs.entries.operations == "ext4_da_aops"))
        }
        Some(other) => Err(w.refused(format!("test_opt(.., {other:?})"))),
        None => Err(w.refused("test_opt without an option")),
    }
}

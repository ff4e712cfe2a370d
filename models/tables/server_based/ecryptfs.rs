//! ecryptfs: `fs/ecryptfs/{mmap,read_write}.c`. A page is encrypted when its write ends, and written to the file below
//! as a whole; the size is in that file's header.

use c_run::{Object, Stop, Value};
use machine::{Label, call};
use models::FileSystem;
use models::generic::filemap::grab_cache_page;
use models::generic::server;
use page_state::Folio;
use page_state::folio::{folio_lock, folio_test_uptodate, folio_unlock, folio_zero_segment};
use page_state::inode::i_size_read;
use page_state::steps::copy_unit;

use super::KMAP;
use crate::front_end::{
    Answer, Data, Entries, Files, Here, Inode, InodeInfo, Macro, Nothing, OpenFile, Table, Thing, loads,
    words,
};
use crate::path::{GENERIC, Path, Releases};

/// ecryptfs.
pub(crate) const PATH: Path = Path {
    name: "ecryptfs/lower",
    sentence: "ecryptfs, a file that is encrypted",
    base: "fuse/writethrough",
    releases: Releases::ALL,
    leaves_out: "errors and short answers of the file below, files that are passed through or seen as they are below",
    files: &["fs/ecryptfs/mmap.c", "fs/ecryptfs/read_write.c", "fs/ecryptfs/ecryptfs_kernel.h"],
    tables: &[&KMAP, &TABLE],
    entries: Entries {
        operations: "ecryptfs_aops",
        write: GENERIC,
        page_mkwrite: None,
        files: Files::OF_THE_BASE,
    },
};

/// Zeros of a function that wants a file to be longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Zeros;

impl Thing for Zeros {
    const KIND: &'static str = "zeros";
    fn of(_: Object) -> Zeros {
        Zeros
    }
    fn numbers(&self) -> [u32; 2] {
        [0, 0]
    }
}

const TABLE: Table = Table {
    words: words! { w;
        ecryptfs_inode_to_private() -> InodeInfo => InodeInfo;
        ecryptfs_decrypt_page(folio | page: Folio) -> i32 => {
            server::read(w.task(), folio, 0, w.page_units());
            0
        };
        ecryptfs_encrypt_page(folio | page: Folio) -> i32 => {
            encrypt(w, folio);
            0
        };
        ecryptfs_write_inode_size_to_metadata() -> i32 => {
            server::set_size(w.task(), i_size_read(w.task()));
            0
        };
        // To more, which is all that a write asks for: a zero at the end, and what is before it.
        ecryptfs_truncate(new_length: usize) => truncate(w, new_length)?;
        ecryptfs_get_locked_page(index: usize) -> Folio => {
            let folio = read_mapping(w, index);
            folio_lock(w.task(), folio);
            folio
        };
        read_mapping_page | read_mapping_folio (index: usize) -> Folio => read_mapping(w, index);
        kmap_atomic(page: Folio) -> Data => Data { folio: page, unit: 0 };
        memset(to: Data, with: i64, n: usize) => match with {
            0 => folio_zero_segment(w.task(), to.folio, to.unit, to.unit + n),
            other => return Err(w.refused(format!("data that is set to {other}"))),
        };
        memcpy(to: Data, from: Zeros, n: usize) => folio_zero_segment(w.task(), to.folio, to.unit, to.unit + n);
    },
    // A message, whose level is no expression.
    macros: &[Macro { name: "ecryptfs_printk", result: None, call: |_| Ok(Value::Void) }],
    loads: loads! { w;
        "file.f_path.dentry"(_file: OpenFile) => Inode;
        // `ECRYPTFS_ENCRYPTED`.
        "inode_info.flags"(_info: InodeInfo) => 4_u32;
    },
    same: &["inode_info.crypt_stat"],
    nothing: &[Nothing { reason: "a mapping of the kernel's own", names: "kunmap_atomic" }],
    ..Table::new("models/tables/server_based/ecryptfs.rs")
};

/// All of the page, whatever the size is.
fn encrypt(w: &Here<'_, '_>, folio: Folio) {
    let task = w.task();
    call(task.m, Label::new("ecryptfs_encrypt_page", &[]), || {
        for unit in 0..w.page_units() {
            let to = server::cell(task, folio, unit);
            copy_unit(task, task.storage.unit(folio.frame, unit), to, Label::new("encrypt", &[unit as i32]));
        }
    });
}

/// The page, which was read if it was not uptodate; it is not locked.
fn read_mapping(w: &Here<'_, '_>, index: usize) -> Folio {
    let folio = grab_cache_page(w.task(), index);
    if folio_test_uptodate(w.task(), folio) {
        folio_unlock(w.task(), folio);
    } else {
        w.fs.read_folio(&w.k, folio);
    }
    folio
}

/// `ecryptfs_truncate` to more.
fn truncate(w: &Here<'_, '_>, size: usize) -> Result<Value, Stop> {
    if size <= i_size_read(w.task()) {
        return Err(w.refused("a write that truncates the file to less"));
    }
    let last = (size - 1).value();
    w.run.call("ecryptfs_write", "", vec![Inode.value(), Zeros.value(), last, 1_usize.value()])
}

//! The write paths of a tree.

use std::sync::Arc;

use c_text::{Config, Hints, Program, Sources};
use models::FileSystem;
use models::kernel::{Caller, Setting};

use crate::front_end::{Assumption, Entries, FromText, Table, Text};

/// A write path that a tree may have.
pub struct Path {
    /// As the models call it, or `FILE SYSTEM/KIND`.
    pub name: &'static str,
    /// What it is.
    pub sentence: &'static str,
    /// Files that are read beside those of everybody.
    pub files: &'static [&'static str],
    /// Its tables, beside those of everybody.
    pub tables: &'static [&'static Table],
    /// The functions that are run.
    pub entries: Entries,
}

/// Files that everybody uses; older and newer trees lack some.
const FILES: &[&str] = &[
    "mm/filemap.c",
    "mm/folio-compat.c",
    "mm/util.c",
    "fs/buffer.c",
    "fs/libfs.c",
    "include/linux/align.h",
    "include/linux/buffer_head.h",
    "include/linux/fs.h",
    "include/linux/fs/super_types.h",
    "include/linux/highmem.h",
    "include/linux/math.h",
    "include/linux/mm.h",
    "include/linux/mm_types.h",
    "include/linux/page-flags.h",
    "include/linux/pagemap.h",
    "include/linux/types.h",
    "include/linux/uio.h",
    "include/asm-generic/int-ll64.h",
    "include/uapi/asm-generic/int-ll64.h",
    "include/uapi/asm-generic/posix_types.h",
    "include/uapi/asm-generic/errno-base.h",
    "include/uapi/asm-generic/errno.h",
    "include/uapi/linux/fcntl.h",
];

/// Tables of everybody.
const TABLES: &[&Table] = &[
    &crate::language::TABLE,
    &crate::mm::TABLE,
    &crate::fault::TABLE,
    &crate::buffer::FLAGS,
    &crate::buffer::TABLE,
    &crate::inode::TABLE,
];

const GENERIC: &str = "generic_perform_write";

/// All of them.
pub const PATHS: &[Path] = &[
    Path {
        name: "simple/ramfs",
        sentence: "ramfs",
        files: &["fs/ramfs/file-mmu.c"],
        tables: &[],
        entries: Entries { operations: "ram_aops", write: GENERIC, page_mkwrite: None },
    },
    Path {
        name: "simple/tmpfs",
        sentence: "tmpfs",
        files: &["mm/shmem.c", "include/linux/shmem_fs.h"],
        tables: &[&crate::simple::TMPFS],
        entries: Entries { operations: "shmem_aops", write: GENERIC, page_mkwrite: None },
    },
    Path {
        name: "generic/block",
        sentence: "ext2",
        files: &["fs/ext2/inode.c", "fs/ext2/ext2.h"],
        tables: &[&crate::ext2::TABLE],
        entries: Entries { operations: "ext2_aops", write: GENERIC, page_mkwrite: None },
    },
    ext4("ext4/journalled", "ext4 with data=journal", "ext4_journalled_aops"),
    ext4("ext4/ordered", "ext4 with data=ordered, without delayed allocation", "ext4_aops"),
    ext4("ext4/delalloc", "ext4 with data=ordered and delayed allocation", "ext4_da_aops"),
];

const fn ext4(name: &'static str, sentence: &'static str, operations: &'static str) -> Path {
    Path {
        name,
        sentence,
        files: &[
            "fs/ext4/inode.c",
            "fs/ext4/ext4.h",
            "fs/ext4/ext4_jbd2.h",
            "fs/ext4/truncate.h",
            "include/linux/jbd2.h",
        ],
        tables: &[&crate::jbd2::TABLE, &crate::ext4::TABLE],
        entries: Entries { operations, write: GENERIC, page_mkwrite: Some("ext4_page_mkwrite") },
    }
}

/// How the kernel is configured.
fn config() -> Config {
    let on = "__GNUC__ __KERNEL__ CONFIG_64BIT CONFIG_BLOCK CONFIG_MMU CONFIG_SHMEM CONFIG_SMP CONFIG_TMPFS CONFIG_PREEMPT_COUNT";
    on.split_whitespace()
        .fold(Config::new().number("BITS_PER_LONG", 64).number("__BITS_PER_LONG", 64), |config, name| {
            config.on(name)
        })
}

/// A file system of a tree over a base.
pub fn file_system(
    path: &Path,
    sources: &dyn Sources,
    base: Arc<dyn FileSystem>,
    assumed: &[Assumption],
) -> Result<FromText, String> {
    let mut program = Program::new(config(), Hints::default());
    for file in path.files.iter().chain(FILES) {
        program.read(sources, file).map_err(|why| why.to_string())?;
    }
    let tables: Vec<&Table> = TABLES.iter().chain(path.tables).copied().collect();
    let text = Arc::new(Text::new(Arc::new(program), &tables, assumed));
    FromText::new(text, path.entries, base).map_err(|name| format!("no {name}"))
}

/// A setting.
pub fn setting(caller: Caller) -> Setting {
    Setting::of(caller)
}

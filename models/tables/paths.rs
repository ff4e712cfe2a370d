//! The write paths of a tree, and the files and tables of everybody.

use crate::front_end::{Entries, Files, Table};
use crate::path::{GENERIC, Path, Releases};
use crate::{block_based, server_based};

/// Files that everybody uses; older and newer trees lack some.
pub(crate) const FILES: &[&str] = &[
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
    "include/uapi/linux/fs.h",
];

/// Tables of everybody.
pub(crate) const TABLES: &[&Table] = &[
    &crate::language::TABLE,
    &crate::mm::TABLE,
    &crate::fault::TABLE,
    &crate::buffer::FLAGS,
    &crate::buffer::TABLE,
    &crate::inode::TABLE,
];

/// All of them.
pub const PATHS: &[Path] = &[
    Path {
        name: "simple/ramfs",
        sentence: "ramfs",
        base: "simple/ramfs",
        releases: Releases::ALL,
        leaves_out: "splice, huge pages",
        files: &["fs/ramfs/file-mmu.c"],
        tables: &[],
        entries: Entries {
            operations: "ram_aops",
            write: GENERIC,
            page_mkwrite: None,
            files: Files::OF_THE_BASE,
        },
    },
    Path {
        name: "simple/tmpfs",
        sentence: "tmpfs",
        base: "simple/tmpfs",
        releases: Releases::ALL,
        leaves_out: "swap, huge pages, fallocate, seals",
        files: &["mm/shmem.c", "include/linux/shmem_fs.h"],
        tables: &[&crate::simple::TMPFS],
        entries: Entries {
            operations: "shmem_aops",
            write: GENERIC,
            page_mkwrite: None,
            files: Files::OF_THE_BASE,
        },
    },
    Path {
        name: "generic/block",
        sentence: "ext2",
        base: "generic/block",
        releases: Releases::ALL,
        leaves_out: "indirect blocks as structures, quotas, direct I/O, DAX",
        files: &["fs/ext2/inode.c", "fs/ext2/ext2.h"],
        tables: &[&crate::ext2::TABLE],
        entries: Entries {
            operations: "ext2_aops",
            write: GENERIC,
            page_mkwrite: None,
            files: Files::OF_THE_BASE,
        },
    },
    ext4("ext4/journalled", "ext4 with data=journal", "ext4_journalled_aops"),
    ext4("ext4/ordered", "ext4 with data=ordered, without delayed allocation", "ext4_aops"),
    ext4("ext4/delalloc", "ext4 with data=ordered and delayed allocation", "ext4_da_aops"),
    block_based::minix::PATH,
    block_based::sysv::PATH,
    block_based::bfs::PATH,
    block_based::ufs::PATH,
    block_based::jfs::PATH,
    block_based::omfs::PATH,
    block_based::udf::PATH,
    block_based::nilfs2::PATH,
    block_based::adfs::PATH,
    block_based::affs::FFS,
    block_based::affs_ofs::PATH,
    block_based::exfat::PATH,
    block_based::exfat_v5_7::PATH,
    block_based::fat::PATH,
    block_based::hfs::PATH,
    block_based::hfsplus::PATH,
    block_based::hpfs::PATH,
    block_based::ntfs3::BLOCK,
    block_based::ntfs3::RESIDENT,
    server_based::ecryptfs::PATH,
    server_based::hostfs::PATH,
    server_based::orangefs::PATH,
    server_based::ubifs::PATH,
    server_based::udf_in_icb::PATH,
    server_based::vboxsf::PATH,
];

const fn ext4(name: &'static str, sentence: &'static str, operations: &'static str) -> Path {
    Path {
        name,
        sentence,
        base: name,
        releases: Releases::ALL,
        leaves_out: "inline data, encryption, fs-verity, quotas, fast commits, DAX, large folios",
        files: &[
            "fs/ext4/inode.c",
            "fs/ext4/file.c",
            "fs/ext4/ext4.h",
            "fs/ext4/ext4_jbd2.h",
            "fs/ext4/truncate.h",
            "include/linux/jbd2.h",
        ],
        tables: &[&crate::jbd2::TABLE, &crate::ext4::TABLE],
        entries: Entries {
            operations,
            write: "ext4_buffered_write_iter",
            page_mkwrite: Some("ext4_page_mkwrite"),
            files: Files::OF_THE_BASE,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The names of a table, each with its file; of a member, with what is done to it.
    fn names(table: &Table) -> Vec<(String, &'static str)> {
        let words = table.words.iter().flat_map(|word| word.names);
        let nothing = table.nothing.iter().flat_map(|nothing| nothing.names.split_whitespace());
        let all = words
            .copied()
            .chain(table.macros.iter().chain(table.setters).map(|of| of.name))
            .chain(table.arguments.iter().copied())
            .chain(table.constants.iter().map(|of| of.name))
            .chain(nothing)
            .chain(table.assumptions.iter().map(|of| of.name))
            .map(str::to_owned);
        let loads = table.loads.iter().map(|of| format!("load of {}", of.name));
        let stores = table.stores.iter().map(|of| format!("store to {}", of.name));
        all.chain(loads).chain(stores).map(|name| (name, table.file)).collect()
    }

    /// A path's own table may have its way over those of everybody, where it says so.
    #[test]
    fn a_name_means_one_thing_in_the_tables_of_a_path() {
        let all = PATHS.iter().map(|path| (path.name, path.tables)).chain([("everybody", TABLES)]);
        for (path, tables) in all {
            let mut known: BTreeMap<String, &str> = BTreeMap::new();
            for (name, file) in tables.iter().flat_map(|table| names(table)) {
                let before = known.insert(name.clone(), file);
                assert_eq!(before, None, "{path}: `{name}` in {file} once more");
            }
        }
        let of_everybody: BTreeMap<_, _> = TABLES.iter().flat_map(|table| names(table)).collect();
        for path in PATHS {
            for table in path.tables {
                let own: BTreeMap<_, _> = names(table).into_iter().collect();
                let twice = own.keys().filter(|name| of_everybody.contains_key(*name)).map(String::as_str);
                let said: BTreeSet<&str> = table.instead.iter().copied().collect();
                assert_eq!(twice.collect::<BTreeSet<_>>(), said, "{}: {}", path.name, table.file);
            }
        }
    }

    #[test]
    fn what_is_left_out_or_assumed_has_its_reason() {
        for table in PATHS.iter().flat_map(|path| path.tables).chain(TABLES) {
            let reasons = table.nothing.iter().map(|of| of.reason);
            for reason in reasons.chain(table.assumptions.iter().map(|of| of.reason)) {
                assert!(reason.len() > 2, "{}: `{reason}`", table.file);
            }
        }
    }
}

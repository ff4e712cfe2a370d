//! A real tree, where there is one: all of its functions can be made ready, and what keeps those of the
//! write paths from running is names for a table, not C.

use std::sync::Arc;

use crate::common::Nothing;
use c_run::{Code, Unknown};
use c_text::{Config, Hints, Program};

const FILES: &str = "
    mm/filemap.c fs/buffer.c fs/libfs.c mm/shmem.c fs/ext4/inode.c fs/ext2/inode.c fs/fuse/file.c fs/nfs/file.c
    fs/btrfs/file.c fs/ext4/ext4.h fs/ext4/ext4_jbd2.h include/linux/fs.h include/linux/pagemap.h
    include/linux/buffer_head.h
";

/// Those that all versions have.
const INTERPRETED: &str = "
    generic_perform_write simple_write_begin simple_write_end block_write_begin __block_write_begin_int
    generic_write_end block_write_end ext4_write_begin ext4_write_end ext4_journalled_write_end
    ext4_journalled_zero_new_buffers ext4_walk_page_buffers do_journal_get_write_access write_end_fn
    ext4_da_write_begin ext4_da_write_end ext4_da_should_update_i_disksize block_page_mkwrite
";

#[test]
fn functions_of_a_tree_are_made_ready() {
    for tree in tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), "functions of a tree") {
        are_made_ready(&tree);
    }
}

fn are_made_ready(tree: &tree::Tree) {
    let on = [
        "__KERNEL__",
        "CONFIG_TMPFS",
        "CONFIG_SHMEM",
        "CONFIG_BLOCK",
        "CONFIG_MMU",
        "CONFIG_64BIT",
        "CONFIG_SMP",
    ];
    let config = on.iter().fold(Config::new().number("BITS_PER_LONG", 64), |config, name| config.on(name));
    let mut program = Program::new(config, Hints::default());
    for file in FILES.split_whitespace() {
        program.read(tree, file).unwrap_or_else(|why| panic!("{why}"));
    }
    let all: Vec<_> = program
        .files()
        .iter()
        .flat_map(|file| {
            file.functions().map(|function| (file.name.clone(), function.prototype.name.clone()))
        })
        .collect();
    let code = Code::new(Arc::new(program), Box::new(Nothing));
    let interpreted: Vec<&str> = INTERPRETED.split_whitespace().collect();
    for (file, name) in &all {
        let unknowns = code.unknowns(file, name);
        if interpreted.contains(&&**name) {
            for (line, why) in unknowns.unwrap_or_else(|why| panic!("{file}: {why}")) {
                let is_for_a_table = !matches!(why, Unknown::Construct(_));
                assert!(is_for_a_table, "{file}:{line}: {why} (in {name})");
            }
        }
    }
    println!("{tree}: {} functions", all.len());
}

//! A real tree, where one is there: the kernel's. Its text is under another licence and is never kept here.
//! `tree::testing` says where it is looked for.

use std::fmt::Write as _;

use c_text::{
    Config, Hints, How, ItemKind, Overlay, Patch, PatchError, Program, Sources, differences, parse,
};
use tree::Tree;

const FILES: [&str; 9] = [
    "mm/filemap.c",
    "fs/buffer.c",
    "fs/libfs.c",
    "mm/shmem.c",
    "fs/ext4/inode.c",
    "fs/ext2/inode.c",
    "fs/fuse/file.c",
    "fs/nfs/file.c",
    "fs/btrfs/file.c",
];

/// The functions of the buffered-write paths that a front end runs. The last few have other names in other versions.
const NEEDED: &str = "
    generic_perform_write simple_write_begin simple_write_end shmem_write_begin shmem_write_end ext2_write_begin
    ext2_write_end ext2_write_failed block_write_begin __block_write_begin_int generic_write_end block_write_end
    folio_zero_new_buffers ext4_write_begin ext4_write_end ext4_journalled_write_end
    ext4_journalled_zero_new_buffers ext4_walk_page_buffers do_journal_get_write_access write_end_fn
    ext4_da_write_begin ext4_da_write_end ext4_da_should_update_i_disksize ext4_page_mkwrite block_page_mkwrite
    ext4_journal_folio_buffers folio_create_buffers __block_commit_write ext4_block_write_begin
    ext4_dirty_journalled_data ext4_da_do_write_end ext4_update_inode_size ext4_update_i_disksize
";

/// Functions that have had other names, of which a tree has one or the other.
const BY_VERSION: &str = "
    folio_zero_new_buffers folio_create_buffers __block_commit_write ext4_block_write_begin
    ext4_dirty_journalled_data ext4_da_do_write_end ext4_journal_folio_buffers
";

fn trees(what: &str) -> Vec<Tree> {
    tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what)
}

/// Most of what can be configured, so that most of the text is read.
fn config() -> Config {
    let on = "
        __KERNEL__ CONFIG_TMPFS CONFIG_SHMEM CONFIG_BLOCK CONFIG_MMU CONFIG_64BIT CONFIG_SMP CONFIG_NUMA CONFIG_MIGRATION
        CONFIG_QUOTA CONFIG_SYSFS CONFIG_TRANSPARENT_HUGEPAGE CONFIG_TMPFS_XATTR CONFIG_TMPFS_POSIX_ACL CONFIG_SWAP
        CONFIG_TMPFS_QUOTA CONFIG_UNICODE CONFIG_PROC_FS CONFIG_CACHESTAT_SYSCALL CONFIG_FS_ENCRYPTION CONFIG_MEMCG
    ";
    let number = Config::new().number("BITS_PER_LONG", 64);
    on.split_whitespace().fold(number, |config, name| config.on(name))
}

/// Blocks that begin in the first column, as the bodies of functions do: counted without the parser.
fn bodies(text: &str) -> usize {
    text.lines().filter(|line| *line == "{").count()
}

#[test]
fn nearly_all_functions_of_a_tree_are_understood() {
    for tree in trees("what of a tree is understood") {
        is_nearly_all_understood(&tree);
    }
}

fn is_nearly_all_understood(tree: &Tree) {
    let mut program = Program::new(config(), Hints::default());
    let (mut all, mut good, mut written, mut report) = (0, 0, 0, String::new());
    for name in FILES.iter().copied().chain(["fs/ext4/ext4.h"]) {
        let Some(bytes) = tree.read(name).expect("it can be read") else { continue };
        written += bodies(&String::from_utf8_lossy(&bytes));
        if let Err(why) = program.read(tree, name) {
            panic!("{why}");
        }
    }
    for file in program.files() {
        for item in &file.items {
            let why = match &item.kind {
                ItemKind::Function(function) => {
                    all += 1;
                    function.body.as_ref().err().map(|why| (function.prototype.name.clone(), why))
                }
                ItemKind::Unparsed(of) => {
                    all += usize::from(of.is_function);
                    Some((of.name.clone().unwrap_or("?".into()), &of.why))
                }
                _ => continue,
            };
            match why {
                Some((name, why)) => writeln!(report, "{name}: {why}").expect("a string"),
                None => good += 1,
            }
        }
    }
    println!("{tree}: {good} of {all} functions, {written} blocks in the first column\n{report}");
    assert!(good * 1000 >= all * 985, "{good} of {all} functions are understood:\n{report}");
    // Those that conditions leave out are the rest.
    assert!(all * 100 >= written * 94, "only {all} of about {written} functions were found");
    let by_version: Vec<&str> = BY_VERSION.split_whitespace().collect();
    for name in NEEDED.split_whitespace() {
        let all: Vec<_> = program.files().iter().flat_map(|file| file.functions()).collect();
        let named: Vec<_> = all.iter().filter(|function| &*function.prototype.name == name).collect();
        assert!(!named.is_empty() || by_version.contains(&name), "{name} is nowhere");
        for function in named {
            assert!(function.body.is_ok(), "{name}: {:?}", function.body);
        }
    }
}

/// A text with an end after each `}` of the first column: mostly one function, with what stands before it.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive("\n}\n")
}

/// A short run cuts thousands of times; `SHORTCOPY_FUZZ` says how often instead. Whole files are cut now and then:
/// they take long, and few cuts leave all braces paired.
#[test]
fn files_of_a_tree_that_are_cut_do_not_panic() {
    let mut texts = Vec::new();
    for tree in trees("files of a tree that are cut") {
        for folder in ["block", "fs", "mm"] {
            let files = tree.files(folder).expect("a list");
            let bytes =
                files.iter().map(|file| tree.read(file).expect("it can be read").expect("it is there"));
            texts.extend(bytes.filter_map(|bytes| String::from_utf8(bytes).ok()));
        }
    }
    let pieces: Vec<&str> = texts.iter().flat_map(|text| pieces(text)).collect();
    if pieces.is_empty() {
        return;
    }
    let runs = std::env::var("SHORTCOPY_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(3_000);
    let mut random = 1_u64;
    let mut below = |bound: usize| {
        // Knuth's linear congruential generator.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % bound.max(1)
    };
    let (config, hints) = (config(), Hints::default());
    let mut items = 0;
    for run in 0..runs {
        let whole = if run % 1_000 == 0 { &texts[below(texts.len())] } else { pieces[below(pieces.len())] };
        let text = whole.as_bytes();
        let from = below(text.len());
        let length = [20, 200, text.len()][below(3)];
        let to = (from + below(length)).min(text.len());
        let before = parse("cut.c", text, &config, &hints);
        for cut in [&text[from..to], &[&text[..from], &text[to..]].concat()] {
            let after = parse("cut.c", cut, &config, &hints);
            let _ = differences(before.as_ref().ok(), after.as_ref().ok());
            items += after.map_or(0, |file| file.items.len());
        }
    }
    println!("{runs} cuts in {} pieces, {items} items were read from them", pieces.len());
    assert!(items > runs, "most cuts were not read to their items");
}

/// A statement that is taken out of each tenth function, as a patch that is made here.
#[test]
fn patches_of_a_tree_change_the_function_that_they_are_about() {
    for tree in trees("patches of a tree") {
        do_patches_change_their_functions(&tree);
    }
}

fn do_patches_change_their_functions(tree: &Tree) {
    let (config, hints) = (config(), Hints::default());
    let mut tried = 0;
    for name in FILES {
        let Some(bytes) = tree.read(name).expect("it can be read") else { continue };
        let before = String::from_utf8(bytes).expect("text");
        let file = parse(name, before.as_bytes(), &config, &hints).unwrap_or_else(|why| panic!("{why}"));
        for function in file.functions().step_by(10) {
            let line = |line: u32| file.line(line).unwrap_or_default();
            let mut lines = function.at.line..function.end;
            // The configuration may leave the last one out.
            if lines.clone().any(|at| line(at).starts_with('#')) {
                continue;
            }
            let last = lines.rfind(|at| line(*at).starts_with("\treturn ") && line(*at).ends_with(';'));
            let Some(last) = last else { continue };
            let kept =
                before.split_inclusive('\n').enumerate().filter(|(index, _)| *index + 1 != last as usize);
            let after: String = kept.map(|(_, line)| line).collect();
            let diff = diffy::create_patch(&before, &after).to_string();
            let diff = diff
                .replace("--- original", &format!("--- a/{name}"))
                .replace("+++ modified", &format!("+++ b/{name}"));
            let patch = Patch::parse("made", diff.as_bytes()).unwrap_or_else(|why| panic!("{why}"));

            let mut overlay = Overlay::new(tree);
            let changes = overlay.apply(&patch).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!(changes[0].after.as_deref(), Some(&*after));
            let patched =
                parse(name, after.as_bytes(), &config, &hints).unwrap_or_else(|why| panic!("{why}"));
            let found = differences(Some(&file), Some(&patched));
            let named: Vec<_> =
                found.iter().map(|one| (one.is_function(), one.name.clone(), one.how)).collect();
            assert_eq!(named, [(true, Some(function.prototype.name.clone()), How::Changed)]);

            // Elsewhere in the file, and back.
            let moved = format!("{}{before}", "/* more */\n".repeat(45));
            overlay.set(name, Some(&moved));
            let changes = match overlay.apply(&patch) {
                // Functions that are alike are told apart by the line only.
                Err(PatchError::SeveralPlaces { .. }) => continue,
                changes => changes.unwrap_or_else(|why| panic!("{why}")),
            };
            assert!(!changes[0].moved.is_empty());
            overlay.apply(&patch.reversed()).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!(overlay.read(name).expect("it can be read"), Some(moved.into_bytes()));
            tried += 1;
        }
    }
    assert!(tried > 20, "only {tried} patches were made");
}

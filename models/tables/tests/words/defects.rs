//! What NOTES.md calls a defect goes with the lines that it names: the tree is run as it is, and with them changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use c_text::{ReadError, Sources};
use checker::explicit::{Options, check};
use tables::Tree;

/// A tree of which one file is read with a change.
struct Changed {
    tree: Arc<::tree::Tree>,
    file: &'static str,
    change: fn(&str) -> String,
}

impl Sources for Changed {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let bytes = self.tree.read(name)?;
        if name != self.file {
            return Ok(bytes);
        }
        Ok(bytes.map(|bytes| {
            let text = String::from_utf8(bytes).expect("a source is text");
            let changed = (self.change)(&text);
            assert_ne!(text, changed, "{name}: there is nothing to change");
            changed.into_bytes()
        }))
    }
}

/// A file, and what becomes of its text.
type Change = (&'static str, fn(&str) -> String);

/// The properties that the scenarios of a path with this in their name break.
fn broken(
    tree: Arc<::tree::Tree>,
    path: &str,
    scenario: &str,
    change: Option<Change>,
) -> Option<BTreeSet<String>> {
    let release = tree.release().clone();
    let sources: Arc<dyn Sources + Send + Sync> = match change {
        Some((file, change)) => Arc::new(Changed { tree, file, change }),
        None => tree,
    };
    let tree = Tree::new(release, sources, Vec::new());
    let found = tree.paths(&|name| name == path).expect("paths of the tree").pop()?;
    let mut broken = BTreeSet::new();
    let mut run = 0;
    for case in found.path.variants[0].cases.iter().filter(|case| case.name == scenario) {
        let outcome = check(&(case.build)(), &Options::default()).expect("a text");
        assert_eq!(outcome.unsupported, Vec::new());
        broken.extend(outcome.bad.iter().map(|bad| bad.property.to_string()));
        run += 1;
    }
    assert_eq!(run, 1, "{path}:{scenario}");
    Some(broken)
}

fn trees() -> impl Iterator<Item = Arc<::tree::Tree>> {
    let what = "defects of real trees, and their repairs";
    ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what).into_iter().map(Arc::new)
}

#[test]
fn vboxsf_returns_what_was_asked_for_and_not_what_was_copied() {
    // The first that is set to the length in `vboxsf_write_end`.
    let change = |text: &str| {
        let (before, function) = text.split_once("vboxsf_write_end(").expect("the function");
        format!("{before}vboxsf_write_end({}", function.replacen("= len;", "= copied;", 1))
    };
    for tree in trees() {
        let run = |change| broken(tree.clone(), "vboxsf/host", "within-unmapped", change);
        let Some(as_it_is) = run(None) else { continue };
        let changed = run(Some(("fs/vboxsf/file.c", change))).expect("the same tree");
        assert!(!as_it_is.is_empty());
        assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
    }
}

#[test]
fn minix_trims_nothing_after_a_short_copy() {
    const TRIMS: &str =
        "static int trims(const void *any, struct address_space *mapping, loff_t pos, unsigned len,
\tunsigned copied, struct folio *folio, void *fsdata)
{
\tint took = generic_write_end((void *)any, mapping, pos, len, copied, folio, fsdata);

\tif (took < (int)len)
\t\tminix_write_failed(mapping, pos + len);
\treturn took;
}
";
    let change = |text: &str| {
        let operations = "static const struct address_space_operations minix_aops";
        let (before, behind) = text.split_once(operations).expect("the operations");
        format!("{before}{TRIMS}{operations}{}", behind.replacen("generic_write_end", "trims", 1))
    };
    for tree in trees() {
        let run = |change| broken(tree.clone(), "minix/block", "extending-unmapped-with-writeback", change);
        let Some(as_it_is) = run(None) else { continue };
        let changed = run(Some(("fs/minix/inode.c", change))).expect("the same tree");
        let left_behind = ["blocks-beyond-size"];
        assert!(left_behind.iter().all(|property| as_it_is.contains(*property)), "{as_it_is:?}");
        assert!(left_behind.iter().all(|property| !changed.contains(*property)), "{changed:?}");
    }
}

/// `affs_write_end_ofs`, which goes to the end of what was copied.
fn affs_takes_what_was_copied(text: &str) -> String {
    let (before, function) = text.split_once("affs_write_end_ofs(").expect("the function");
    format!("{before}affs_write_end_ofs({}", function.replacen("to = from + len;", "to = from + copied;", 1))
}

#[test]
fn affs_writes_what_was_not_copied_and_what_the_disk_had() {
    // Where the page is read, with blocks that are new.
    let zeroes_new_blocks = |text: &str| {
        let read = "tmp = min(bsize - boff, to - pos);";
        assert_eq!(text.matches(read).count(), 1);
        text.replace(read, &format!("if (buffer_new(bh)) memset(AFFS_DATA(bh), 0, bsize); {read}"))
    };
    for tree in trees() {
        let run = |scenario, change: Option<fn(&str) -> String>| {
            broken(tree.clone(), "affs/ofs", scenario, change.map(|change| ("fs/affs/file.c", change)))
        };
        // What was not resident is enough where it is copied first; then it goes on without an end.
        let (unmapped, short) = match tree.release().version {
            7.. => ("within-absent", "kernel-bug"),
            _ => ("within-unmapped", "lost-write"),
        };
        let Some(as_it_is) = run(unmapped, None) else { continue };
        assert!(as_it_is.contains("bad-return") && as_it_is.contains(short), "{as_it_is:?}");
        let changed = run(unmapped, Some(affs_takes_what_was_copied)).expect("the same tree");
        assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
        // With the writer alone.
        let as_it_is = run("extending-resident", None).expect("the same tree");
        let changed = run("extending-resident", Some(zeroes_new_blocks)).expect("the same tree");
        assert!(as_it_is.contains("stale-uptodate"), "{as_it_is:?}");
        assert!(!changed.contains("stale-uptodate"), "{changed:?}");
    }
}

#[test]
fn affs_takes_the_block_before_for_an_error() {
    // Where no block can be had, in both places.
    let keeps_the_error = |text: &str| {
        let text = affs_takes_what_was_copied(text);
        let (before, function) = text.split_once("affs_write_end_ofs(").expect("the function");
        let changed = function.replacen(
            "\tbh = prev_bh;\n\tif (!written)\n\t\twritten = PTR_ERR(bh);",
            "\tif (!written)\n\t\twritten = PTR_ERR(bh);\n\tbh = prev_bh;",
            1,
        );
        format!("{before}affs_write_end_ofs({changed}")
    };
    for tree in trees() {
        let run = |change: fn(&str) -> String| {
            broken(tree.clone(), "affs/ofs", "extending-disk-full", Some(("fs/affs/file.c", change)))
        };
        let Some(as_it_is) = run(affs_takes_what_was_copied) else { continue };
        let changed = run(keeps_the_error).expect("the same tree");
        for property in ["kernel-bug", "livelock"] {
            assert!(as_it_is.contains(property), "{as_it_is:?}");
            assert!(!changed.contains(property), "{changed:?}");
        }
    }
}

#[test]
fn ecryptfs_extends_the_file_to_where_nothing_was_written() {
    let looks_at_what_was_copied = |text: &str| {
        text.replacen("if (pos + copied > i_size_read", "if (copied && pos + copied > i_size_read", 1)
    };
    for tree in trees() {
        let run = |change| broken(tree.clone(), "ecryptfs/lower", "beyond-unmapped", change);
        let Some(as_it_is) = run(None) else { continue };
        let changed = run(Some(("fs/ecryptfs/mmap.c", looks_at_what_was_copied))).expect("the same tree");
        assert!(as_it_is.contains("wrong-size"), "{as_it_is:?}");
        assert!(!changed.contains("wrong-size"), "{changed:?}");
    }
}

#[test]
fn ntfs3_takes_nothing_back_of_what_it_did_for_a_write_that_came_short() {
    // What was extended before the data was copied, in both directions of time.
    let trims = |text: &str| {
        let (before, function) = text.split_once("ssize_t ntfs_file_write_iter(").expect("the function");
        let function =
            function.replacen("\tint err;\n", "\tint err;\n\tloff_t old = i_size_read(inode);\n", 1);
        let (body, behind) = function.split_once("\nout:\n").expect("its end");
        let trim = "\n\tif (iov_iter_count(from))\n\t\tntfs_truncate(inode, max_t(loff_t, old, ret > 0 ? iocb->ki_pos : 0));";
        let old = if body.contains("loff_t old") { "" } else { "\n\tloff_t old = i_size_read(inode);" };
        let body = body.replacen("\n\tssize_t ret;", &format!("\n\tssize_t ret;{old}"), 1);
        format!("{before}ssize_t ntfs_file_write_iter({body}{trim}\nout:\n{behind}")
    };
    for tree in trees() {
        let run = |path, scenario, change: Option<fn(&str) -> String>| {
            broken(tree.clone(), path, scenario, change.map(|change| ("fs/ntfs3/file.c", change)))
        };
        let stale = "extending-unmapped-then-truncate-up";
        let Some(as_it_is) = run("ntfs3/block", stale, None) else { continue };
        let changed = run("ntfs3/block", stale, Some(trims)).expect("the same tree");
        // Where the size was set before, what was copied and not taken can be read.
        let property = if tree.release().patchlevel >= 12 { "stale-read" } else { "wrong-read" };
        assert!(as_it_is.contains(property), "{as_it_is:?}");
        assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
        for path in ["ntfs3/block", "ntfs3/resident"] {
            let as_it_is = run(path, "beyond-unmapped", None).expect("the same tree");
            let changed = run(path, "beyond-unmapped", Some(trims)).expect("the same tree");
            assert!(as_it_is.contains("wrong-size"), "{as_it_is:?}");
            assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
        }
    }
}

#[test]
fn ntfs3_reads_the_record_over_what_was_stored() {
    let looks_first = |text: &str| {
        let (before, function) = text.split_once("int ntfs_write_begin(").expect("the function");
        let read = |page: &str| format!("err = attr_data_read_resident(ni, {page});");
        let page = if function.contains(&read("page")) { "page" } else { "folio" };
        let flag = if page == "page" { "PageUptodate(page)" } else { "folio_test_uptodate(folio)" };
        let changed = read(page).replacen("err = ", &format!("err = {flag} ? 0 : "), 1);
        format!("{before}int ntfs_write_begin({}", function.replacen(&read(page), &changed, 1))
    };
    for tree in trees() {
        let run = |change| broken(tree.clone(), "ntfs3/resident", "within-resident-with-mmap-store", change);
        let Some(as_it_is) = run(None) else { continue };
        let changed = run(Some(("fs/ntfs3/inode.c", looks_first))).expect("the same tree");
        assert!(as_it_is.contains("wrong-read"), "{as_it_is:?}");
        assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
    }
}

/// The range of a page is what was copied, and a page is uptodate where all of what was asked for was.
fn orangefs_sends_what_was_copied(text: &str) -> String {
    let (before, function) = text.split_once("static int orangefs_write_end(").expect("the function");
    let folio = if function.contains("if (!PageUptodate(page)) {") { "page_folio(page)" } else { "folio" };
    let cut = format!(
        "
	if (copied < len) {{
		struct orangefs_write_range *wr = folio_get_private({folio});

		wr->len -= len - copied;
		if (!wr->len)
			kfree(folio_detach_private({folio}));
		if (!copied) {{
			if (folio_test_private({folio}))
				folio_mark_dirty({folio});
			folio_unlock({folio});
			folio_put({folio});
			return 0;
		}}
	}}
"
    );
    let last = "loff_t last_pos = pos + copied;\n";
    let function = function.replacen(last, &format!("{last}{cut}"), 1);
    let function = function
        .replacen("if (!PageUptodate(page)) {", "if (!PageUptodate(page) && copied == len) {", 1)
        .replacen(
            "if (!folio_test_uptodate(folio)) {",
            "if (!folio_test_uptodate(folio) && copied == len) {",
            1,
        );
    format!("{before}static int orangefs_write_end({function}")
}

/// What the page had to send is sent, and not what the next write is to copy.
fn orangefs_sends_what_it_had(text: &str) -> String {
    text.replacen("\t\t\twr->pos = pos;\n\t\t\twr->len = len;\n\t\t\tret =", "\t\t\tret =", 1)
}

#[test]
fn orangefs_sends_what_was_not_copied_and_forgets_what_was() {
    for tree in trees() {
        let run = |scenario, change: Option<fn(&str) -> String>| {
            broken(
                tree.clone(),
                "orangefs/server",
                scenario,
                change.map(|change| ("fs/orangefs/inode.c", change)),
            )
        };
        if tree.release().version >= 7 {
            let Some(as_it_is) = run("within-dropped", None) else { continue };
            let changed = run("within-dropped", Some(orangefs_sends_what_it_had)).expect("the same tree");
            assert!(as_it_is.contains("lost-write"), "{as_it_is:?}");
            assert!(!changed.contains("lost-write"), "{changed:?}");
            continue;
        }
        for (scenario, property) in
            [("within-straddling-invalid", "phantom-write"), ("extending-unmapped", "kernel-bug")]
        {
            let Some(as_it_is) = run(scenario, None) else { continue };
            let changed = run(scenario, Some(orangefs_sends_what_was_copied)).expect("the same tree");
            assert!(as_it_is.contains(property), "{as_it_is:?}");
            assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
        }
    }
}

#[test]
fn ubifs_takes_the_length_for_what_was_copied() {
    let looks_at_what_was_copied = |text: &str| {
        let (before, function) = text.split_once("static int ubifs_write_end(").expect("the function");
        let set = "\tif (appending) {\n\t\ti_size_write(inode, end_pos);";
        let end = "\tend_pos = pos + copied;\n\tif (!copied || end_pos < inode->i_size)\n\t\tend_pos = inode->i_size;\n";
        format!("{before}static int ubifs_write_end({}", function.replacen(set, &format!("{end}{set}"), 1))
    };
    for tree in trees() {
        for scenario in ["extending-unmapped", "beyond-unmapped"] {
            let run = |change| broken(tree.clone(), "ubifs/flash", scenario, change);
            let Some(as_it_is) = run(None) else { continue };
            let changed = run(Some(("fs/ubifs/file.c", looks_at_what_was_copied))).expect("the same tree");
            assert!(as_it_is.contains("wrong-size"), "{as_it_is:?}");
            assert_eq!(changed, BTreeSet::new(), "{}", tree.release());
        }
    }
}

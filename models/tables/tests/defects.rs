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
        let left_behind = ["blocks-beyond-size", "orphaned-new-buffer"];
        assert!(left_behind.iter().all(|property| as_it_is.contains(*property)), "{as_it_is:?}");
        assert!(left_behind.iter().all(|property| !changed.contains(*property)), "{changed:?}");
    }
}

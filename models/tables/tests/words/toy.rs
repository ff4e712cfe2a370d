//! A tree of our own, for what needs no kernel: it does as the Rust model does, and what is done to its text shows.

use std::collections::BTreeSet;

use crate::common::{case, edited, outcome, path_of, told};
use scenario::{EventKind, Tier};

#[test]
fn the_toy_comes_to_what_the_rust_model_does() {
    let paths = models::paths();
    let ramfs = paths.iter().find(|path| path.name == "simple/ramfs").expect("the path is there");
    let rust = ramfs.variants.iter().find(|variant| variant.name == "v6.18").expect("the variant is there");
    let toy = path_of(edited(&[]));
    let c = &toy.path.variants[0].cases;
    let names = |cases: &scenario::Cases| cases.iter().map(|case| case.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&rust.cases), names(c));
    let default = rust.cases.iter().zip(c).filter(|(case, _)| case.tier == Tier::Default);
    let mut count = 0;
    for (rust, c) in default {
        assert_eq!(told(&outcome(rust)), told(&outcome(c)), "{}", rust.name);
        count += 1;
    }
    assert!(count >= 130, "{count} scenarios");
}

#[test]
fn a_step_stands_at_the_line_of_the_text_that_takes_it() {
    // Marked before the data is there: what a reader sees is told at the toy's own lines.
    let early = ("fs/libfs.c", "\t*foliop = folio;\n", "\tfolio_mark_uptodate(folio);\n\t*foliop = folio;\n");
    let toy = path_of(edited(&[early]));
    let outcome = outcome(case(&toy, "within-absent-with-reader"));
    let stale =
        outcome.bad.iter().find(|bad| bad.property == "stale-read").expect("the reader reads too early");
    let lines: BTreeSet<String> = stale
        .schedule
        .events
        .iter()
        .filter(|event| event.actor == "write" && matches!(event.kind, EventKind::Step { .. }))
        .map(|event| format!("{}:{}", event.file, event.line))
        .collect();
    assert!(lines.contains("fs/libfs.c:17"), "{lines:?}");
    // What the actor does around the file system is a model's.
    let own = lines.iter().filter(|line| !line.contains(".rs"));
    assert!(own.count() > 2, "{lines:?}");
}

#[test]
fn deliberate_faults_of_the_text_are_found() {
    let of = |edit, scenario: &str| {
        let toy = path_of(edited(&[edit]));
        let bad = outcome(case(&toy, scenario)).bad;
        bad.iter().map(|bad| bad.property.clone()).collect::<BTreeSet<_>>()
    };
    let without = |text| ("fs/libfs.c", text, "");
    assert!(of(without("\tfolio_unlock(folio);\n"), "within-resident").contains("leak"));
    assert!(of(without("\tfolio_put(folio);\n"), "within-resident").contains("leak"));
    let zeroing = "\t\tif (copied < len)\n\t\t\tfolio_zero_range(folio, offset_in_folio(folio, pos) + copied, len - copied);\n";
    assert!(of(without(zeroing), "within-straddling-invalid").contains("stale-uptodate"));
    let size = (
        "fs/libfs.c",
        "\tif (pos + copied > inode->i_size)\n\t\ti_size_write(inode, pos + copied);\n",
        "\tif (pos + len > inode->i_size)\n\t\ti_size_write(inode, pos + len);\n",
    );
    assert!(!of(size, "extending-unmapped").is_empty());
    let null = (
        "fs/libfs.c",
        "struct inode *inode = folio->mapping->host;",
        "struct inode *inode = folio->mapping ? NULL : folio->mapping->host;",
    );
    assert!(of(null, "within-resident").contains("kernel-bug"), "NULL is followed");
}

#[test]
fn what_nobody_knows_is_listed_and_has_no_default() {
    let edits = [
        (
            "fs/libfs.c",
            "\tfolio_mark_dirty(folio);\n",
            "\tfolio_mark_dirty(folio);\n\tcount_something(folio);\n",
        ),
        ("mm/filemap.c", "\t\t\terror = -EINTR;\n", "\t\t\terror = -ENOSUCH;\n"),
    ];
    let toy = path_of(edited(&edits));
    let found = outcome(case(&toy, "within-evicted-with-kill"));
    assert_ne!(found.coverage, scenario::Coverage::Exhausted);
    let told: Vec<String> = found.unsupported.iter().map(ToString::to_string).collect();
    // One search finds all: those that one execution does not reach, another does.
    assert_eq!(
        told,
        [
            "fs/libfs.c:34: count_something() is not known (in toy_end)",
            "mm/filemap.c:22: `ENOSUCH` is not known (in generic_perform_write)",
        ]
    );
    assert!(found.unsupported[0].hint.contains("models/tables/"), "{}", found.unsupported[0].hint);
}

#[test]
fn what_was_assumed_is_told_by_the_scenario_that_assumed_it() {
    let edit = ("fs/libfs.c", "\tif (IS_ERR(folio))\n", "\tif (IS_VERITY(mapping->host) || IS_ERR(folio))\n");
    let toy = path_of(edited(&[edit]));
    let assumptions = outcome(case(&toy, "within-resident")).assumptions;
    let names: Vec<&str> = assumptions.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(names, ["IS_VERITY()"]);
    let plain = path_of(edited(&[]));
    assert_eq!(outcome(case(&plain, "within-resident")).assumptions, Vec::new());
}

#[test]
fn what_does_nothing_has_no_result_but_takes_its_arguments() {
    let mark = "\tfolio_mark_dirty(folio);\n";
    let of = |with: &str| outcome(case(&path_of(edited(&[("fs/libfs.c", mark, with)])), "within-resident"));
    let used = of("\tif (cond_resched())\n\t\treturn 0;\n\tfolio_mark_dirty(folio);\n");
    let told: Vec<String> = used.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["fs/libfs.c:33: the result of cond_resched(), which has none in the table (in toy_end)"]
    );
    let taken = of("\tmark_inode_dirty(folio_mark_dirty(folio) ? folio : folio);\n");
    assert_eq!(taken.coverage, scenario::Coverage::Exhausted);
    // Without the mark the page differs from nothing: memory is all that there is. That the argument was taken is told by its step.
    let twice = of("\tmark_inode_dirty((folio_unlock(folio), folio));\n\tfolio_mark_dirty(folio);\n");
    assert!(twice.bad.iter().any(|bad| bad.property == "kernel-bug"), "the page is unlocked twice");
}

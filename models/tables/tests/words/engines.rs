//! The engines against each other on the text of a tree: what loom (sequentially consistent) or shuttle find, `explicit`
//! has found; where loom finishes, it has found all that it looks at; and what nobody knows is told by each of them.
//!
//! The toy is always run, real trees where some are. With `SHORTCOPY_LONG=1` all default scenarios are, with more
//! executions.

use std::collections::BTreeSet;

use crate::common::{case, edited, is_long, outcome, path_of, real_trees};
use checker::{on_loom, on_shuttle};
use scenario::{Bounds, Case, Coverage, Outcome, Tier};
use tables::TreePath;

/// Scenarios that meet most of the text, with few actors.
const SLICE: &str = "within-resident within-absent within-straddling-absent within-straddling-invalid
    extending-unmapped extending-evicted-with-kill within-unmapped-with-reader extending-absent-with-truncate
    within-resident-with-mmap-store extending-disk-full beyond-invalid";

/// The paths of a real tree that are run without `SHORTCOPY_LONG`.
const PATHS: [&str; 2] = ["simple/ramfs", "generic/block"];

fn chosen(of: &TreePath) -> Vec<&Case> {
    let slice: BTreeSet<&str> = SLICE.split_whitespace().collect();
    let cases = of.path.variants[0].cases.iter();
    cases
        .filter(|case| case.tier == Tier::Default && (is_long() || slice.contains(case.name.as_str())))
        .collect()
}

fn on_loom(case: &Case) -> Outcome {
    let executions_max = if is_long() { 20_000 } else { 400 };
    on_loom::check(
        &(case.build)(),
        &on_loom::Options {
            mode: on_loom::Mode::SequentiallyConsistent,
            bounds: Bounds { executions_max, ..Bounds::default() },
            ..on_loom::Options::default()
        },
    )
}

/// By chance, and by priorities.
fn on_shuttle(case: &Case) -> [Outcome; 2] {
    let executions = if is_long() { 1_000 } else { 60 };
    let modes = [
        on_shuttle::Mode::Random { seed: 7, executions },
        on_shuttle::Mode::Pct { depth: 3, seed: 7, executions },
    ];
    modes.map(|mode| on_shuttle::check(&(case.build)(), &on_shuttle::Options::new(mode)))
}

fn bad(outcome: &Outcome) -> BTreeSet<(String, String)> {
    outcome.bad.iter().map(|bad| (bad.property.clone(), bad.witness.clone())).collect()
}

fn endings(outcome: &Outcome) -> BTreeSet<String> {
    outcome.endings.iter().map(ToString::to_string).collect()
}

/// Nothing is found, and no run ends, as `explicit` does not know it.
#[track_caller]
fn finds_nothing_else(engine: &str, target: &str, explicit: &Outcome, outcome: &Outcome) {
    assert_eq!(outcome.unsupported, Vec::new(), "{engine}, {target}");
    assert_ne!(outcome.coverage, Coverage::Unsupported, "{engine}, {target}: {}", outcome.remark);
    let more: Vec<_> = bad(outcome).difference(&bad(explicit)).cloned().collect();
    assert!(more.is_empty(), "{engine} finds in {target} what explicit does not: {more:?}");
    let more: Vec<_> = endings(outcome).difference(&endings(explicit)).cloned().collect();
    assert!(more.is_empty(), "{engine} ends {target} as explicit does not: {more:?}");
}

/// What the engines came to together.
#[derive(Default, Debug)]
struct Sum {
    scenarios: usize,
    loom_finished: usize,
    loom_bad: usize,
    shuttle_bad: usize,
    shuttle_endings: usize,
}

fn agree(of: &TreePath) -> Sum {
    let mut sum = Sum::default();
    for case in chosen(of) {
        let target = format!("{}@{}:{}", of.path.name, of.path.variants[0].name, case.name);
        let explicit = outcome(case);
        assert_eq!(explicit.coverage, Coverage::Exhausted, "{target}");
        sum.scenarios += 1;
        for shuttle in on_shuttle(case) {
            finds_nothing_else("shuttle", &target, &explicit, &shuttle);
            assert!(matches!(shuttle.coverage, Coverage::Sampled { .. }), "{target}: {:?}", shuttle.coverage);
            sum.shuttle_bad += shuttle.bad.len();
            sum.shuttle_endings += shuttle.endings.len();
        }
        if (case.build)().actors.len() > on_loom::ACTORS_MAX {
            continue;
        }
        let loom = on_loom(case);
        finds_nothing_else("loom", &target, &explicit, &loom);
        sum.loom_bad += loom.bad.len();
        if loom.coverage != Coverage::Exhausted {
            continue;
        }
        sum.loom_finished += 1;
        let less: Vec<_> = bad(&explicit)
            .difference(&bad(&loom))
            .filter(|(property, _)| loom.looked_at.contains(property))
            .cloned()
            .collect();
        assert!(less.is_empty(), "loom finished {target} without {less:?}");
        assert_eq!(endings(&loom), endings(&explicit), "loom finished {target}");
    }
    println!("{} of {}: {sum:?}", of.path.name, of.path.variants[0].name);
    sum
}

#[test]
fn the_engines_agree_on_the_toy() {
    let sum = agree(&path_of(edited(&[])));
    assert!(2 * sum.loom_finished > sum.scenarios, "{sum:?}");
    assert!(sum.shuttle_endings > sum.scenarios, "{sum:?}");
}

#[test]
fn the_engines_agree_on_real_trees() {
    for tree in real_trees("the engines on real trees") {
        let paths = tree.paths(&|name| PATHS.contains(&name)).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(paths.len(), PATHS.len());
        for of in paths {
            let sum = agree(&of);
            assert!(sum.loom_finished > 0, "{sum:?}");
            assert!(sum.shuttle_endings > sum.scenarios, "{sum:?}");
        }
    }
}

#[test]
fn a_fault_of_the_text_is_found_by_each() {
    let faults = [
        ("\tfolio_unlock(folio);\n", "", "within-resident", "leak"),
        (
            "struct inode *inode = folio->mapping->host;",
            "struct inode *inode = folio->mapping ? NULL : folio->mapping->host;",
            "within-resident",
            "kernel-bug",
        ),
        (
            "\t*foliop = folio;\n",
            "\tfolio_mark_uptodate(folio);\n\t*foliop = folio;\n",
            "within-absent-with-reader",
            "stale-read",
        ),
    ];
    for (from, to, scenario, property) in faults {
        let toy = path_of(edited(&[("fs/libfs.c", from, to)]));
        let sum = agree(&toy);
        assert!(sum.loom_bad > 0 && sum.shuttle_bad > 0, "{property}: {sum:?}");
        let case = case(&toy, scenario);
        let explicit = outcome(case);
        let [random, priorities] = on_shuttle(case);
        for (engine, of) in
            [("loom", on_loom(case)), ("shuttle", random), ("shuttle by priorities", priorities)]
        {
            finds_nothing_else(engine, scenario, &explicit, &of);
            assert!(
                of.bad.iter().any(|bad| bad.property == property),
                "{engine}, {property}: {:?}",
                bad(&of)
            );
        }
    }
}

#[test]
fn what_nobody_knows_or_is_assumed_is_told_by_each() {
    let unknown = ("fs/libfs.c", "\tfolio_mark_dirty(folio);\n", "\tcount_something(folio);\n");
    let toy = path_of(edited(&[unknown]));
    let unknown = case(&toy, "within-resident");
    let verity =
        ("fs/libfs.c", "\tif (IS_ERR(folio))\n", "\tif (IS_VERITY(mapping->host) || IS_ERR(folio))\n");
    let toy = path_of(edited(&[verity]));
    let assuming = case(&toy, "within-resident");
    let of_each = |case: &Case| {
        let [random, priorities] = on_shuttle(case);
        [("explicit", outcome(case)), ("loom", on_loom(case)), ("random", random), ("priorities", priorities)]
    };
    for (engine, of) in of_each(unknown) {
        let told: Vec<String> = of.unsupported.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["fs/libfs.c:33: count_something() is not known (in toy_end)"], "{engine}");
        assert_ne!(of.coverage, Coverage::Exhausted, "{engine}");
    }
    for (engine, of) in of_each(assuming) {
        let names: Vec<&str> = of.assumptions.iter().map(|of| of.name.as_str()).collect();
        assert_eq!(names, ["IS_VERITY()"], "{engine}");
        assert_eq!(of.unsupported, Vec::new(), "{engine}");
    }
}

//! Each mutant breaks its property where the model without it keeps it.

mod list;

use checker::explicit::{self, Options};
use checker::necessity::{Change, changed};
use list::{ALL, Fault, Mutant};
use scenario::{Case, Coverage, Outcome, Scenario, Tier, Variant, WritePath};

fn search(scenario: &Scenario) -> Outcome {
    explicit::check(scenario, &Options::default()).expect("the model can be searched")
}

fn case<'c>(variant: &'c Variant, name: &str) -> &'c Case {
    variant.cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no scenario {name}"))
}

fn outcome(variant: &Variant, name: &str) -> Outcome {
    search(&(case(variant, name).build)())
}

fn breaks(outcome: &Outcome, property: &str) -> bool {
    outcome.bad.iter().any(|bad| bad.property == property)
}

fn newest(paths: &[WritePath], path: &str) -> Variant {
    let path = paths.iter().find(|p| p.name == path).unwrap_or_else(|| panic!("no write path {path}"));
    path.variants.last().expect("there are variants").clone()
}

/// What is found with a mutant in the newest variant of a path, and which of its changes nobody came to.
fn mutated(variant: &Variant, mutant: &Mutant, (path, name): (&str, &str)) -> (Outcome, Vec<Change>) {
    match mutant.fault {
        Fault::Outside(changes) => {
            let changed = changed(&(case(variant, name).build)(), changes);
            (search(&changed.scenario), changed.not_met().collect())
        }
        Fault::Inside(fault) => (outcome(&newest(&models::mutated(fault), path), name), Vec::new()),
    }
}

/// Complains unless the newest variant keeps the property in this scenario and the mutant breaks it.
fn complaint(
    variant: &Variant,
    mutant: &Mutant,
    (property, path, name): (&str, &str, &str),
) -> Option<String> {
    let Mutant { name: called, what, .. } = mutant;
    let sane = outcome(variant, name);
    assert_eq!(sane.coverage, Coverage::Exhausted);
    assert!(!breaks(&sane, property), "{property} is broken in {name} without {called}");
    let (found, not_met) = mutated(variant, mutant, (path, name));
    if !not_met.is_empty() {
        let not_met: Vec<String> = not_met.iter().map(Change::to_string).collect();
        return Some(format!("{called}: nobody comes to {} in {path}:{name}", not_met.join("; ")));
    }
    let all: Vec<&str> = found.bad.iter().map(|bad| bad.property.as_str()).collect();
    let told = || format!("{called} ({what}) does not break {property} in {path}:{name}, but {all:?}");
    (!breaks(&found, property)).then(told)
}

#[test]
fn each_mutant_breaks_its_property() {
    let paths = models::paths();
    let of = |mutant: &Mutant| {
        complaint(&newest(&paths, mutant.path), mutant, (mutant.breaks, mutant.path, mutant.scenario))
    };
    let wrong: Vec<String> = ALL.iter().filter_map(of).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn named(name: &str) -> &'static Mutant {
    ALL.iter().find(|mutant| mutant.name == name).unwrap_or_else(|| panic!("no mutant {name}"))
}

/// Who can be beside the writer, each in a scenario without one: clean as the kernel has it (what is not is in
/// the notes of the file system), and not with this fault.
#[test]
fn each_companion_is_seen_without_a_writer() {
    const BLOCKS: &str = "generic/block";
    const JOURNAL: &str = "ext4/journalled";
    let companions = [
        ("read", "ReadFillsNothing", "stale-uptodate", BLOCKS, "no-writer-readers"),
        ("mmap-read", "FaultIgnoresUptodate", "stale-read", BLOCKS, "no-writer-mmap-reader-and-truncate"),
        ("mmap-store", "StoreWithoutMkwrite", "wrong-read", BLOCKS, "no-writer-mmap-store-and-reclaim"),
        ("second-write", "CopyIsMisplaced", "wrong-read", BLOCKS, "no-writer-reader-and-second-writer"),
        ("truncate", "TruncateKeepsPage", "foreign-block", JOURNAL, "no-writer-truncate-and-commit"),
        ("truncate", "GrowthMapsStaleBlocks", "stale-read", BLOCKS, "no-writer-reader-and-truncate-up"),
        ("commit", "CommitDirtiesBuffers", "journal-bypass", JOURNAL, "no-writer-reader-and-commit"),
        (
            "checkpoint",
            "CheckpointTakesJournalled",
            "stale-on-disk",
            JOURNAL,
            "no-writer-truncate-and-checkpoint",
        ),
        (
            "writeback",
            "WritebackKeepsMappingsWritable",
            "wrong-read",
            BLOCKS,
            "no-writer-mmap-store-and-writeback",
        ),
        (
            "reclaim-target",
            "ReclaimTakesDirtyPages",
            "wrong-read",
            BLOCKS,
            "no-writer-mmap-store-and-reclaim",
        ),
        (
            "invalidate",
            "InvalidationTakesDirtyPages",
            "wrong-read",
            BLOCKS,
            "no-writer-mmap-store-and-invalidate",
        ),
    ];
    let paths = models::paths();
    let mut wrong = Vec::new();
    for (companion, mutant, property, path, name) in companions {
        let variant = newest(&paths, path);
        let takes_part = (case(&variant, name).build)().actors.iter().any(|actor| actor.name == companion);
        assert!(takes_part, "there is no {companion} in {name}");
        let complaint = complaint(&variant, named(mutant), (property, path, name));
        wrong.extend(complaint.map(|complaint| format!("{companion}: {complaint}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a failed write leaves behind the end is seen by nobody but who makes the file longer later.
#[test]
fn what_lies_behind_the_end_is_seen_when_the_file_grows() {
    let mutant = named("TruncateKeepsTail");
    let sane = newest(&models::paths(), mutant.path);
    let found = |case: &&Case| {
        let (mutated, _) = mutated(&sane, mutant, (mutant.path, &case.name));
        mutated.bad.len() != outcome(&sane, &case.name).bad.len()
    };
    let asked = sane.cases.iter().filter(|case| case.tier == Tier::Default);
    let found: Vec<&str> = asked.filter(found).map(|case| case.name.as_str()).collect();
    assert!(
        found.contains(&mutant.scenario) && found.iter().all(|name| name.contains("-then-")),
        "{found:?}"
    );
}

/// What a transaction that commits too early leaves behind, which at rest is gone.
#[test]
fn blocks_beyond_the_size_are_seen_after_a_crash() {
    let paths = models::paths();
    let (alone, committed) = ("extending-disk-full", "extending-disk-full-with-commit");
    let seen = |path, name| breaks(&outcome(&newest(&paths, path), name), "blocks-beyond-recovered-size");
    // reiserfs has no save link for a write that fails, ext4 has the orphan list.
    assert!(!seen("reiserfs/write", alone) && seen("reiserfs/write", committed));
    assert!(!seen("ext4/ordered", alone) && !seen("ext4/ordered", committed));
}

/// The properties that a mutant breaks, or the variant that history knows with that fault.
#[test]
fn each_property_is_broken_by_something() {
    let mut broken: Vec<&str> = ALL.iter().map(|mutant| mutant.breaks).collect();
    let by_history = [
        ("journal-bypass", "ext4/journalled@v4.2+copy-first", "within-absent"),
        ("orphaned-new-buffer", "ext4/journalled@v4.2+copy-first+skip-zeroing", "within-invalid"),
        ("clean-divergence", "ext4/journalled@v6.14", "within-unmapped"),
        ("visible-beyond-return", "ext4/journalled@v6.14", "within-unmapped"),
        ("size-beyond-data", "ext4/delalloc@v6.18", "extending-resident-with-writeback-with-commit"),
        ("size-beyond-data-in-a-block", "ext4/ordered@v6.18", "extending-resident-in-a-block-with-commit"),
        ("exposed-behind-end", "ext4/delalloc@v6.8", "store-behind-end-in-a-block-then-write-beyond"),
        ("blocks-beyond-recovered-size", "reiserfs/write@v5.18", "extending-disk-full-with-commit"),
    ];
    let paths = models::paths();
    for (property, target, name) in by_history {
        let (path, variant) = target.split_once('@').expect("a variant of a path");
        let path = paths.iter().find(|p| p.name == path).expect("a path");
        let variant = path.variants.iter().find(|v| v.name == variant).expect("a variant");
        assert!(breaks(&outcome(variant, name), property), "{property} in {}:{name}", variant.name);
        broken.push(property);
    }
    // A scenario in which the interesting thing never happens is empty.
    broken.push("empty");
    let scenario = (paths[0].variants[0].cases[0].build)();
    let known = scenario.properties.iter().map(|p| p.id);
    for property in known.chain(scenario::built_in::ALL.iter().map(|p| p.id)) {
        assert!(broken.contains(&property), "nothing breaks {property}");
    }
}

/// A promise is looked up by the property's id.
#[test]
fn the_ids_of_properties_are_unique_in_every_scenario() {
    for path in models::paths() {
        for (variant, case) in path.variants.iter().flat_map(|v| v.cases.iter().map(move |c| (v, c))) {
            let repeated = (case.build)().repeated_property();
            assert_eq!(repeated, None, "{}@{}:{}", path.name, variant.name, case.name);
        }
    }
}

#[test]
fn what_data_writeback_does_not_promise_is_no_violation() {
    let path = models::paths().into_iter().find(|p| p.name == "ext3/writeback").expect("a path");
    let case = path.variants[0].cases.iter().find(|c| c.name == "extending-absent-with-commit");
    let scenario = (case.expect("a case").build)();
    assert!(!scenario.promises("size-beyond-data") && scenario.promises("disksize-beyond-size"));
}

#[test]
fn a_scenario_in_which_the_interesting_thing_never_happens_is_empty() {
    let path = models::paths().remove(0);
    let case = path.variants[0].cases.iter().find(|case| case.name == "within-resident").expect("a case");
    let mut scenario = (case.build)();
    scenario.reachable = vec!["short copy"];
    let outcome = search(&scenario);
    let empty: Vec<_> = outcome.bad.iter().map(|bad| (bad.property.as_str(), bad.witness.as_str())).collect();
    assert_eq!(empty, [("empty", "short copy")]);
}

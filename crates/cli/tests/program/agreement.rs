//! The engines against each other, on the scenarios of the write paths: what loom (sequentially
//! consistent) or shuttle find, `explicit` has found; and where loom finishes, it has found all that it
//! looks at.
//!
//! By default each question is asked of a few write paths, which take turns, as do their variants. With
//! `SHORTCOPY_LONG=1` everything is asked, and more executions are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use checker::{on_loom, on_shuttle};
use report::Snapshot;
use scenario::{Bounds, Coverage, Outcome, Scenario};

/// Of how many write paths each question is asked.
const PATHS_PER_QUESTION: usize = 3;

type Found = BTreeSet<(String, String)>;

/// How the runs of a scenario end, in words.
type Endings = BTreeSet<String>;

/// A scenario, and what `explicit` found in it.
struct Known {
    path: String,
    target: String,
    scenario: Scenario,
    found: Found,
    endings: Endings,
}

fn is_long() -> bool {
    std::env::var_os("SHORTCOPY_LONG").is_some()
}

/// What `explicit` found in a variant, as the snapshot records it.
fn recorded(path: &str, variant: &str) -> Snapshot {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join(format!("snapshots/{path}/{variant}.snap"));
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    // insta's own header comes first.
    let body = text.splitn(3, "---\n").nth(2).expect("a header");
    report::snapshot::parse(body, None).expect("the snapshot can be read")
}

/// What is asked, wherever in the file it is.
fn question(scenario: &str) -> &str {
    let places = ["within-", "extending-", "beyond-"];
    places.iter().find_map(|place| scenario.strip_prefix(place)).unwrap_or(scenario)
}

/// The scenarios that are compared: the path and the variant by their places in the catalogue, the name.
fn chosen(catalog: &[scenario::WritePath]) -> Vec<(usize, usize, String)> {
    let mut all: BTreeMap<&str, Vec<(usize, usize, &str)>> = BTreeMap::new();
    for (p, path) in catalog.iter().enumerate() {
        for (v, variant) in path.variants.iter().enumerate() {
            for case in variant.cases.iter().filter(|case| case.tier == scenario::Tier::Default) {
                all.entry(question(&case.name)).or_default().push((p, v, &case.name));
            }
        }
    }
    let owned = |&(p, v, name): &(usize, usize, &str)| (p, v, name.to_owned());
    if is_long() {
        return all.values().flatten().map(owned).collect();
    }
    let mut asked = vec![0; catalog.len()];
    let mut sample = Vec::new();
    // What few paths are asked comes first, so that they still have their turn.
    let mut questions: Vec<_> = all.into_values().collect();
    questions.sort_by_key(Vec::len);
    for places in questions {
        let mut paths: Vec<usize> =
            places.iter().map(|&(p, ..)| p).collect::<BTreeSet<_>>().into_iter().collect();
        paths.sort_by_key(|&p| asked[p]);
        for path in paths.into_iter().take(PATHS_PER_QUESTION) {
            let there: Vec<_> = places.iter().filter(|&&(p, ..)| p == path).collect();
            // Not always the same variant, nor the same place in the file.
            sample.push(owned(there[asked[path] * 7 % there.len()]));
            asked[path] += 1;
        }
    }
    sample
}

fn each_known() -> impl Iterator<Item = Known> {
    let catalog = models::paths();
    let mut snapshots: BTreeMap<(usize, usize), Snapshot> = BTreeMap::new();
    chosen(&catalog).into_iter().map(move |(p, v, name)| {
        let (path, variant) = (&catalog[p], &catalog[p].variants[v]);
        let snapshot = snapshots.entry((p, v)).or_insert_with(|| recorded(&path.name, &variant.name));
        let target = format!("{}@{}:{name}", path.name, variant.name);
        let section = snapshot.section(&name).unwrap_or_else(|| panic!("{target} is not recorded"));
        let case = variant.cases.iter().find(|case| case.name == name).expect("it was chosen");
        Known {
            path: path.name.clone(),
            target,
            scenario: (case.build)(),
            found: section.blocks.iter().map(|b| (b.property.clone(), b.witness.clone())).collect(),
            endings: section.endings.iter().cloned().collect(),
        }
    })
}

fn found(outcome: &Outcome) -> Found {
    outcome.bad.iter().map(|b| (b.property.clone(), b.witness.clone())).collect()
}

fn endings(outcome: &Outcome) -> Endings {
    outcome.endings.iter().map(ToString::to_string).collect()
}

/// Nothing is found, and no run ends, as `explicit` does not know it.
#[track_caller]
fn finds_nothing_else(engine: &str, known: &Known, outcome: &Outcome) {
    let Known { target, .. } = known;
    assert_ne!(outcome.coverage, Coverage::Unsupported, "{engine}, {target}: {}", outcome.remark);
    let more: Vec<_> = found(outcome).difference(&known.found).cloned().collect();
    assert!(more.is_empty(), "{engine} finds in {target} what explicit does not: {more:?}");
    let more: Vec<_> = endings(outcome).difference(&known.endings).cloned().collect();
    assert!(more.is_empty(), "{engine} ends {target} as explicit does not: {more:?}");
}

#[test]
fn loom_finds_what_explicit_finds() {
    let executions_max = if is_long() { 20_000 } else { 400 };
    let (mut asked, mut finished) = (0, 0);
    let mut paths: BTreeMap<String, u32> = models::paths().into_iter().map(|path| (path.name, 0)).collect();
    for known in each_known() {
        if known.scenario.actors.len() > on_loom::ACTORS_MAX {
            continue;
        }
        asked += 1;
        let bounds = Bounds { executions_max, ..Bounds::default() };
        let mode = on_loom::Mode::SequentiallyConsistent;
        let outcome = on_loom::check(
            &known.scenario,
            &on_loom::Options { mode, bounds, ..on_loom::Options::default() },
        );
        finds_nothing_else("loom", &known, &outcome);
        if outcome.coverage != Coverage::Exhausted {
            continue;
        }
        finished += 1;
        *paths.entry(known.path.clone()).or_default() += 1;
        // No gap of loom's is known on these scenarios; one that appears is to be recorded here with
        // its cause (`crates/checker/tests/engines/loom_gaps.rs` shows those that are known).
        let found = found(&outcome);
        let missed = |(property, _): &&(String, String)| outcome.looked_at.contains(property);
        let less: Vec<_> = known.found.difference(&found).filter(missed).collect();
        assert!(less.is_empty(), "loom finished {} without {less:?}", known.target);
        let endings = endings(&outcome);
        let less: Vec<_> = known.endings.difference(&endings).collect();
        assert!(less.is_empty(), "loom finished {}, which never ended in {less:?}", known.target);
        for always in ["deadlock", "livelock", "kernel-bug", "empty"] {
            assert!(outcome.looked_at.contains(always), "{always} in {}", known.target);
        }
    }
    eprintln!("loom finished {finished} of {asked} scenarios: {paths:?}");
    assert!(4 * finished > asked, "loom finished only {finished} of {asked} scenarios");
    assert!(paths.values().all(|&finished| finished > 0), "{paths:?}");
}

#[test]
fn what_shuttle_finds_explicit_has_found() {
    let executions = if is_long() { 1_000 } else { 60 };
    let (mut sum, mut ends) = (0, BTreeSet::new());
    for (number, known) in each_known().enumerate() {
        let mode = match number % 2 {
            0 => on_shuttle::Mode::Random { seed: 7, executions },
            _ => on_shuttle::Mode::Pct { depth: 3, seed: 7, executions },
        };
        let outcome = on_shuttle::check(&known.scenario, &on_shuttle::Options::new(mode));
        finds_nothing_else("shuttle", &known, &outcome);
        assert_ne!(outcome.coverage, Coverage::Exhausted, "a sample is not everything");
        sum += outcome.bad.len();
        ends.extend((!outcome.endings.is_empty()).then_some(known.path));
    }
    eprintln!("shuttle found {sum} bad states");
    assert!(sum > 20, "{executions} executions of each scenario found only {sum} bad states");
    assert_eq!(ends.len(), models::paths().len(), "something of each path comes to rest");
}

//! Every write path, variant and scenario of the default tier, against `snapshots/`.
//!
//! `INSTA_UPDATE=always cargo test --test snapshots` records anew; `cargo insta review` shows what
//! would change. `SHORTCOPY_ONLY=ext4/journalled@v6.14` looks at that alone: folders, paths or variants, with
//! commas between them. The models that are searched are those with a mark at each branch, so that the same
//! searches tell which branches are reached.

mod documents;
mod records;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use cli::arguments::{Arguments, Command};
use cli::recorded::{open_steps, read_text, subject};
use cli::target::{Breadth, Chosen, choose, left};
use cli::{Answer, Searcher};
use records::{directory, is_recorded};
use report::snapshot::how_to_record;
use report::{Account, Block, Extent, Recorder};
use scenario::{Case, Coverage, WritePath, built_in};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// More distinct bad states of one property in a scenario, or more endings, tell nobody anything: they
/// are told apart too finely.
const DISTINCT_MAX: usize = 20;

/// The file that holds the matrix.
const MATRIX: &str = "matrix";

fn catalog() -> &'static [WritePath] {
    static CATALOG: OnceLock<Vec<WritePath>> = OnceLock::new();
    CATALOG.get_or_init(models::paths)
}

fn marked() -> &'static [WritePath] {
    static MARKED: OnceLock<Vec<WritePath>> = OnceLock::new();
    MARKED.get_or_init(marked::paths)
}

/// Only these targets are looked at, if there are some.
fn only() -> Vec<String> {
    let targets = std::env::var("SHORTCOPY_ONLY").unwrap_or_default();
    let targets: Vec<String> =
        targets.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect();
    let part = targets.iter().find(|target| target.contains(':'));
    assert_eq!(part, None, "SHORTCOPY_ONLY: a snapshot is of a whole variant");
    targets
}

/// What is looked at of a catalogue.
fn chosen(catalog: &[WritePath]) -> Vec<Chosen<'_>> {
    choose(catalog, &only(), Breadth::Default).unwrap_or_else(|why| panic!("SHORTCOPY_ONLY: {why}"))
}

/// Whether only a part is looked at, so that `what` can't be; then it says so, past the harness.
fn is_skipped(what: &str) -> bool {
    let only = only().join(",");
    if !only.is_empty() {
        let said = writeln!(std::io::stderr(), "skipped, as SHORTCOPY_ONLY={only} is set: {what}");
        said.expect("standard error can be written");
    }
    !only.is_empty()
}

/// What everything comes to: each search is done once for all tests.
struct Results {
    /// By path and variant.
    snapshots: BTreeMap<(String, String), Recorder>,
    wrong: Vec<String>,
    /// What was found, in full.
    found: Vec<Told>,
    matrix: report::Matrix,
    /// Which branches of the models were reached, by number.
    branches: Vec<bool>,
}

/// A bad state that a schedule tells.
struct Told {
    target: String,
    /// The scenario that it is in.
    scenario: String,
    case: Case,
    block: Block,
    /// The number of steps, where it is known.
    steps: Option<usize>,
}

fn results() -> &'static Results {
    static RESULTS: OnceLock<Results> = OnceLock::new();
    RESULTS.get_or_init(search)
}

fn search() -> Results {
    let chosen = chosen(marked());
    let mut results = Results {
        snapshots: BTreeMap::new(),
        wrong: Vec::new(),
        found: Vec::new(),
        matrix: report::Matrix::default(),
        branches: Vec::new(),
    };
    let bounds = cli::arguments::Bounds::default();
    let take = |at: usize, answer: Result<Answer, cli::Error>| {
        results.take(&chosen[at], answer);
        Ok(())
    };
    Searcher::default().search(&bounds.explicit(), &chosen, take).expect("nothing is written");
    results.branches = marked::reached();
    for Chosen { path, variant, case } in left(&chosen) {
        results.matrix.stands(&path.name, &variant.name, variant.stands);
        results.matrix.leave_out(&path.name, &variant.name, &(case.build)());
    }
    results
}

impl Results {
    fn take(&mut self, chosen: &Chosen<'_>, answer: Result<Answer, cli::Error>) {
        let Chosen { path, variant, case } = chosen;
        let target = chosen.target();
        let Answer { scenario, outcome, .. } = match answer {
            Ok(answer) => answer,
            Err(why) => return self.wrong.push(why.to_string()),
        };
        if scenario.name != case.name {
            self.wrong.push(format!("{target}: builds a scenario named `{}`", scenario.name));
        }
        if outcome.coverage != Coverage::Exhausted {
            self.wrong.push(format!("{target}: {:?}", outcome.coverage));
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for bad in &outcome.bad {
            *counts.entry(&bad.property).or_default() += 1;
        }
        for (property, count) in counts.into_iter().filter(|(_, count)| *count > DISTINCT_MAX) {
            self.wrong.push(format!("{target}: {count} distinct bad states of `{property}`"));
        }
        if outcome.endings.len() > DISTINCT_MAX {
            self.wrong.push(format!("{target}: {} distinct endings", outcome.endings.len()));
        }
        let open = open_steps(&scenario);
        for bad in outcome.bad.iter().filter(|b| b.property != built_in::EMPTY.id) {
            let block = Block::of(0, bad, &scenario, &open(bad));
            let steps = Some(bad.schedule.steps());
            let (target, scenario) = (target.clone(), target.clone());
            self.found.push(Told { target, scenario, case: (*case).clone(), block, steps });
        }
        let (path_name, variant_name) = (path.name.as_str(), variant.name.as_str());
        let finding = report::Finding {
            path: path_name,
            variant: variant_name,
            stands: variant.stands,
            scenario: &scenario,
            engine: "explicit",
            outcome: &outcome,
        };
        self.matrix.add(finding);
        let new = || Recorder::new(&format!("{}@{}", path.name, variant.name), &variant.sentence);
        let key = (path.name.clone(), variant.name.clone());
        self.snapshots.entry(key).or_insert_with(new).push(&scenario, &outcome, open);
    }
}

/// Compares with `snapshots/FOLDER/NAME.snap`; whether it is the same.
#[test]
fn every_search_ends_and_finds_what_can_be_told_apart() {
    let wrong = &results().wrong;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The variants that are not as recorded. Compared, or recorded anew, once.
fn different() -> &'static [String] {
    static DIFFERENT: OnceLock<Vec<String>> = OnceLock::new();
    DIFFERENT.get_or_init(|| {
        let snapshots = results().snapshots.iter();
        snapshots
            .filter(|((path, variant), made)| {
                let text = made.snapshot().text();
                !is_recorded(path, || insta::assert_snapshot!(variant.as_str(), text))
            })
            .map(|((path, variant), _)| format!("{path}@{variant}"))
            .collect()
    })
}

#[test]
fn every_result_is_as_recorded() {
    let different = different();
    let how = how_to_record(Some(&different.join(",")));
    assert!(different.is_empty(), "not as recorded: {}; to record them: {how}", different.join(", "));
}

/// The documents' matrices, without searching once more: see `readme.rs` for their other blocks.
#[test]
fn the_matrices_of_the_documents_are_what_was_found() {
    if is_skipped("the matrices of the documents") {
        return;
    }
    const BEGIN: &str = "<!-- generated: shortcopy matrix";
    const END: &str = "<!-- end -->";
    let mut shown = 0;
    let mut wrong = Vec::new();
    for name in documents::all() {
        let text = documents::read(&name);
        let mut pieces = text.split(BEGIN);
        let mut fresh = pieces.next().expect("there is text before the first").to_owned();
        for piece in pieces {
            let (arguments, rest) = piece.split_once(" -->\n").expect("the comment ends with its line");
            let (_, after) = rest.split_once(END).expect("the matrix ends");
            let matrix = matrix(arguments).to_string();
            fresh += &format!("{BEGIN}{arguments} -->\n\n{}\n\n{END}{after}", matrix.trim_end());
            shown += 1;
        }
        wrong.extend(documents::compare(&name, &fresh));
    }
    assert!(shown > 1, "the documents show no matrix");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What `shortcopy matrix` shows with these arguments.
fn matrix(arguments: &str) -> report::Matrix {
    let line = ["shortcopy", "matrix"].into_iter().chain(arguments.split_whitespace());
    let arguments = Arguments::try_parse_from(line).expect("the documents' arguments mean something");
    let Command::Matrix(asked) = arguments.command else { panic!("{arguments:?} is no matrix") };
    assert!(asked.targets.is_empty() && !asked.all, "only variants are chosen here");
    results().matrix.only(|path, variant| {
        let path = catalog().iter().find(|p| p.name == path).expect("a path of the catalogue");
        let variant = path.variants.iter().find(|v| v.name == variant).expect("a variant of it");
        asked.variants.take(path, variant)
    })
}

/// All of it, for those who look for more than the front page shows.
#[test]
fn the_whole_matrix_is_as_recorded() {
    if is_skipped("the matrix") {
        return;
    }
    let matrix = results().matrix.to_string();
    let is_same = is_recorded("", || insta::assert_snapshot!(MATRIX, matrix));
    assert!(is_same, "the matrix is not as recorded");
}

#[test]
fn every_branch_is_reached_or_says_why_not() {
    if is_skipped("which branches are reached") {
        return;
    }
    let reached = &results().branches;
    let account = Account::new(&marked::BRANCHES, &marked::REASONS, reached, Extent::Default);
    assert!(account.sums().reached > 500, "the marks were not found: {:?}", account.sums());
    let complaints = account.complaints();
    assert!(complaints.is_empty(), "{} branches or reasons:\n{}", complaints.len(), complaints.join("\n"));
}

/// Readers, truncations, writeback and the like by themselves break nothing, or the notes of the file system
/// say why they do: a paragraph names the scenario and the property.
#[test]
fn what_breaks_without_a_writer_is_in_the_notes() {
    let mut silent = BTreeSet::new();
    let mut clean = 0;
    for ((path, variant), made) in &results().snapshots {
        let folder = path.split_once('/').map_or(path.as_str(), |(folder, _)| folder);
        let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(folder).join("NOTES.md");
        let notes = fs::read_to_string(&notes).unwrap_or_default();
        for section in made.snapshot().sections.iter().filter(|s| s.scenario.starts_with("no-writer-")) {
            let broken: BTreeSet<&str> =
                section.blocks.iter().filter(|b| b.promised).map(|b| b.property.as_str()).collect();
            assert_eq!(section.verdict == "violated", !broken.is_empty(), "{path}@{variant}");
            clean += usize::from(broken.is_empty());
            let name = format!("`{}`", section.scenario);
            for property in broken {
                let names_both = |text: &str| text.contains(&name) && text.contains(&format!("`{property}`"));
                if !notes.split("\n\n").any(names_both) {
                    silent.insert(format!("{path}@{variant}:{}: {property}", section.scenario));
                }
            }
        }
    }
    assert!(clean > 500 || !only().is_empty(), "there are no scenarios without a writer");
    assert!(silent.is_empty(), "models/FOLDER/NOTES.md says nothing about {silent:#?}");
}

/// Whether it is what a tree comes to, which needs the tree to be compared (`trees.rs`): its name is a release.
fn is_of_a_tree(name: &Path) -> bool {
    let path = name.parent().and_then(Path::to_str).unwrap_or_default();
    let release = name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    tables::PATHS.iter().any(|of| of.name == path)
        && release.starts_with(|first: char| first.is_ascii_digit())
}

#[test]
fn every_snapshot_has_its_variant() {
    let known: BTreeSet<PathBuf> = catalog()
        .iter()
        .flat_map(|p| p.variants.iter().map(|v| Path::new(&p.name).join(format!("{}.snap", v.name))))
        .chain([PathBuf::from(format!("{MATRIX}.snap"))])
        .collect();
    let root = directory();
    let mut folders = vec![root.clone()];
    let mut left_over = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("snapshots can be read") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(&root).expect("inside").to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "snap")
                && !known.contains(&name)
                && !is_of_a_tree(&name)
            {
                left_over.push(name);
            }
        }
    }
    assert!(left_over.is_empty(), "no variant has these snapshots: {left_over:?}");
}

/// The schedules that are recorded.
fn recorded() -> Result<Vec<Told>, String> {
    let mut told = Vec::new();
    let mut chosen = chosen(catalog());
    chosen.dedup_by(|a, b| std::ptr::eq(a.variant, b.variant));
    for Chosen { path, variant, .. } in chosen {
        let file = directory().join(&path.name).join(format!("{}.snap", variant.name));
        let wrong = |why: String| format!("{}: {why}", file.display());
        let text = read_text(&file).map_err(|why| why.to_string())?;
        let target = format!("{}@{}", path.name, variant.name);
        let subject = subject(&target, variant);
        let snapshot =
            report::snapshot::parse(&text, Some(&subject)).map_err(|why| wrong(why.to_string()))?;
        for section in snapshot.sections {
            let case = variant.cases.iter().find(|c| c.name == section.scenario);
            let case = case.expect("what is recorded is of the variant");
            let is_told = |b: &Block| b.as_in.is_none() && b.property != built_in::EMPTY.id;
            for block in section.blocks.into_iter().filter(is_told) {
                let scenario = format!("{target}:{}", case.name);
                let target = format!("{scenario}#{}", block.number);
                told.push(Told { target, scenario, case: case.clone(), block, steps: None });
            }
        }
    }
    Ok(told)
}

/// What a replay is asked for.
fn asks(told: &Told) -> (&str, [&str; 3], &[String], &[String]) {
    let Told { scenario, block, .. } = told;
    let names = [&*block.property, &*block.witness, &*block.initial];
    (scenario, names, &block.picture, &block.schedule)
}

/// Replays them on two threads; what goes wrong.
fn replay_all(told: &[Told]) -> Vec<String> {
    let replay = |told: &Told| {
        let Told { target, case, block, steps, .. } = told;
        let wrong = match cli::replay::replay(&(case.build)(), block) {
            Err(why) => why.to_string(),
            // Before the first step there is a stage, too.
            Ok(replayed) if steps.is_some_and(|steps| steps + 1 != replayed.stages.len()) => {
                format!("{} steps instead of {steps:?}", replayed.stages.len() - 1)
            }
            Ok(_) => return None,
        };
        let name = report::named(&block.property, &block.witness, block.promised);
        Some(format!("{target}, {name}: {wrong}"))
    };
    let next = AtomicUsize::new(0);
    let share = || {
        let taken = std::iter::from_fn(|| told.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.filter_map(replay).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(share), scope.spawn(share)];
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn every_recorded_schedule_can_be_replayed() {
    different(); // what is recorded now is recorded by then
    let mut told = recorded().unwrap_or_else(|why| panic!("{why}"));
    assert!(!told.is_empty() || !only().is_empty(), "nothing is recorded");
    // What was found in the same words is replayed below.
    let found: HashSet<_> = results().found.iter().map(asks).collect();
    told.retain(|told| !found.contains(&asks(told)));
    let wrong = replay_all(&told);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), told.len(), wrong.join("\n"));
}

#[test]
fn every_schedule_that_is_found_can_be_replayed() {
    let told = &results().found;
    assert!(!told.is_empty() || !only().is_empty(), "nothing is found");
    let wrong = replay_all(told);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), told.len(), wrong.join("\n"));
}

//! Kept results: what is known again, and what never is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use blake3::{Hash, hash};
use checker::explicit::{self, Options, Prepared, check};
use cli::cache::{Cache, Kept, Key, Texts};
use machine::{Layout, show_number};
use scenario::{Body, Bound, Check, Coverage, Fairness, Grounds, Kind, Origin, Outcome, Scenario};
use tempfile::TempDir;

type Change = (&'static str, fn(&mut Scenario));

const SOURCES: [(&str, &str); 3] =
    [("lib.rs", "mod a; mod b;"), ("a.rs", "pub struct A;"), ("b.rs", "pub struct B;")];

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

fn engine() -> Hash {
    hash(b"engine")
}

fn cache(folder: &Path) -> Cache {
    Cache::of(folder, 1 << 20, engine(), Texts::new("toy", &SOURCES)).expect("a cache")
}

fn origin() -> Origin {
    Origin { code: vec!["toy::a::A"], value: "A".to_owned() }
}

fn scenario() -> Scenario {
    (crate::toy::catalog()[0].variants[0].cases[1].build)()
}

fn key(cache: &Cache) -> Key {
    cache.key(Some(&origin()), &scenario()).expect("it can be told")
}

fn outcome() -> Outcome {
    let outcome = check(&scenario(), &Options::default()).expect("it can be searched");
    assert!(outcome.coverage == Coverage::Exhausted && outcome.bad.len() > 1 && !outcome.endings.is_empty());
    outcome
}

/// The files of a folder's entries.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let shelves = fs::read_dir(folder.join("results")).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = shelves
        .flat_map(|shelf| fs::read_dir(shelf.path()).into_iter().flatten().flatten())
        .map(|f| f.path())
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_kept_is_what_was_found() {
    let folder = folder();
    let first = cache(folder.path());
    assert!(first.get(&key(&first)).is_none());
    first.put(&key(&first), &outcome());
    drop(first);
    let second = cache(folder.path());
    let kept = second.get(&key(&second)).expect("it is kept");
    let again = outcome();
    assert_eq!(kept, Outcome { seconds: kept.seconds, bytes: kept.bytes, ..again });
}

#[test]
fn every_change_of_a_scenario_is_another_key() {
    let folder = folder();
    let cache = cache(folder.path());
    let plain = key(&cache);
    let changed: [Change; 20] = [
        ("name", |s| s.name.push('x')),
        ("an initial cell", |s| s.initial[0].cells[0] ^= 1),
        ("an initial state's name", |s| s.initial[0].name.push('x')),
        ("an initial state more", |s| s.initial.push(s.initial[0].clone())),
        ("an initial state less", |s| s.initial.truncate(0)),
        ("a cell more", |s| {
            s.layout.cell("more", 1, show_number);
        }),
        ("a wider cell", |s| {
            let mut layout = Layout::new();
            for (at, cell) in s.layout.cells().iter().enumerate() {
                layout.cell(cell.name.clone(), cell.width + u8::from(at == 0), cell.show);
            }
            s.layout = layout;
        }),
        ("a cell's name", |s| {
            let mut layout = Layout::new();
            s.layout.cells().iter().for_each(|cell| {
                layout.cell(format!("{}x", cell.name), cell.width, cell.show);
            });
            s.layout = layout;
        }),
        ("fairness", |s| {
            s.actors[0].fairness = match s.actors[0].fairness {
                Fairness::Fair => Fairness::Adversary,
                Fairness::Adversary => Fairness::Fair,
            }
        }),
        ("a daemon", |s| s.actors[0].daemon ^= true),
        ("an actor's name", |s| s.actors[0].name = "other"),
        ("the order of the actors", |s| s.actors.reverse()),
        ("an actor less", |s| s.actors.truncate(1)),
        ("a view", |s| s.views.push(s.actors[0].clone())),
        ("a promise", |s| s.properties[0].promised ^= true),
        ("a property's kind", |s| s.properties[0].kind = Kind::Reachable),
        ("how a property is looked at", |s| s.properties[0].check = Check::Observed),
        ("a property less", |s| s.properties.truncate(0)),
        ("what must be reached", |s| s.reachable.push("something")),
        ("an ending", |s| s.ending = None),
    ];
    let mut all: Vec<Key> = vec![plain];
    for (what, change) in changed {
        let mut scenario = scenario();
        change(&mut scenario);
        let key = cache.key(Some(&origin()), &scenario).expect("it can be told");
        assert!(!all.contains(&key), "{what} changes nothing");
        all.push(key);
    }
    assert_eq!(key(&cache), plain, "and nothing else does");
}

#[test]
fn every_change_of_what_it_is_made_of_is_another_key() {
    let folder = folder();
    let plain = key(&cache(folder.path()));
    let with = |engine: Hash, sources: &[(&str, &str)], origin: Origin| {
        let cache = Cache::of(folder.path(), 1 << 20, engine, Texts::new("toy", sources)).expect("a cache");
        cache.key(Some(&origin), &scenario())
    };
    assert_eq!(with(engine(), &SOURCES, origin()), Some(plain));
    let mut other = SOURCES;
    other[2].1 = "pub struct B(u8);";
    assert_eq!(with(engine(), &other, origin()), Some(plain), "a file that nothing leads to");
    other[1].1 = "pub struct A(u8);";
    assert_ne!(with(engine(), &other, origin()), Some(plain), "a text");
    assert_ne!(with(hash(b"newer"), &SOURCES, origin()), Some(plain), "the engine");
    let value = Origin { value: "A(1)".to_owned(), ..origin() };
    assert_ne!(with(engine(), &SOURCES, value), Some(plain), "a value");
    let code = Origin { code: vec!["toy::a::A", "toy::b"], ..origin() };
    assert_ne!(with(engine(), &SOURCES, code), Some(plain), "where it begins");
    let unknown = Origin { code: vec!["toy::c"], ..origin() };
    assert_eq!(with(engine(), &SOURCES, unknown), None);
    assert_eq!(cache(folder.path()).key(None, &scenario()), None);
}

#[test]
fn a_search_that_was_cut_is_not_kept() {
    let folder = folder();
    let cache = cache(folder.path());
    let cut = Outcome { coverage: Coverage::Cut { bound: Bound::States }, ..outcome() };
    cache.put(&key(&cache), &cut);
    let untold = Outcome { remark: "no schedule was looked for".to_owned(), ..outcome() };
    cache.put(&key(&cache), &untold);
    cache.put(&key(&cache), &Outcome::default());
    assert!(cache.get(&key(&cache)).is_none());
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn what_is_damaged_foreign_or_older_is_not_believed() {
    let folder = folder();
    let cache = cache(folder.path());
    cache.put(&key(&cache), &outcome());
    let [file] = &entries(folder.path())[..] else { panic!("one entry") };
    let sound = fs::read(file).expect("it can be read");
    assert!(cache.get(&key(&cache)).is_some());
    for at in (0..sound.len()).step_by(7).chain(0..80).chain([sound.len() - 1]) {
        for bit in [0, 5] {
            let mut damaged = sound.clone();
            damaged[at] ^= 1 << bit;
            fs::write(file, damaged).expect("it can be written");
            assert!(cache.get(&key(&cache)).is_none(), "byte {at}, bit {bit}");
        }
    }
    for length in (0..sound.len()).step_by(11).chain([sound.len() - 1]) {
        fs::write(file, &sound[..length]).expect("it can be written");
        assert!(cache.get(&key(&cache)).is_none(), "{length} bytes");
    }
    fs::write(file, [&sound[..], b"x"].concat()).expect("it can be written");
    assert!(cache.get(&key(&cache)).is_none(), "a byte more");
    fs::write(file, b"").expect("it can be written");
    assert!(cache.get(&key(&cache)).is_none(), "nothing, as after a power cut");
    // Somebody else's entry, sound by itself, in this one's place.
    let other =
        cache.key(Some(&Origin { value: "B".to_owned(), ..origin() }), &scenario()).expect("it can be told");
    cache.put(&other, &outcome());
    let theirs = entries(folder.path()).into_iter().find(|f| f != file).expect("two entries");
    fs::copy(theirs, file).expect("it can be written");
    assert!(cache.get(&other).is_some());
    assert!(cache.get(&key(&cache)).is_none(), "another one's entry");
    // A search mends it.
    cache.put(&key(&cache), &outcome());
    assert!(cache.get(&key(&cache)).is_some());
    // The same by an older engine is another entry.
    let newer =
        Cache::of(folder.path(), 1 << 20, hash(b"newer"), Texts::new("toy", &SOURCES)).expect("a cache");
    assert!(newer.get(&key(&newer)).is_none());
}

#[test]
fn the_folder_does_not_grow_without_bound_and_loses_the_oldest() {
    let folder = folder();
    let bytes_max = 256 << 10;
    let cache = Cache::of(folder.path(), bytes_max, engine(), Texts::new("toy", &SOURCES)).expect("a cache");
    let key = |number: usize| {
        let origin = Origin { value: number.to_string(), ..origin() };
        cache.key(Some(&origin), &scenario()).expect("it can be told")
    };
    let outcome = outcome();
    for number in 0..200 {
        cache.put(&key(number), &outcome);
        if number == 0 {
            let first = &entries(folder.path())[0];
            let old = SystemTime::now() - Duration::from_secs(30 * 24 * 3600);
            fs::File::options().append(true).open(first).and_then(|f| f.set_modified(old)).expect("a time");
        }
    }
    let size = Cache::size(folder.path()).expect("it can be read");
    assert!(size.bytes <= bytes_max + bytes_max / 8 + 10_000, "{size:?}");
    assert!(size.entries > 3, "{size:?}");
    assert!(cache.get(&key(0)).is_none(), "the oldest has gone");
    assert!(cache.get(&key(199)).is_some(), "the newest is there");
    drop(cache);
    assert!(Cache::size(folder.path()).expect("it can be read").bytes <= bytes_max);
}

#[test]
fn what_was_left_behind_goes_in_time() {
    let folder = folder();
    let first = cache(folder.path());
    first.put(&key(&first), &outcome());
    let shelf = entries(folder.path())[0].parent().expect("a shelf").to_owned();
    let (old, young) = (shelf.join(".old"), shelf.join(".young"));
    fs::write(&old, "half of it").expect("it can be written");
    fs::write(&young, "half of it").expect("it can be written");
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
    fs::File::options().append(true).open(&old).and_then(|f| f.set_modified(long_ago)).expect("a time");
    drop(first);
    assert!(!old.exists());
    assert!(young.exists(), "somebody may be at it");
}

#[test]
fn many_at_once_see_the_whole_or_nothing() {
    let folder = folder();
    let outcome = outcome();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let cache = cache(folder.path());
                for _ in 0..200 {
                    cache.put(&key(&cache), &outcome);
                    if let Some(kept) = cache.get(&key(&cache)) {
                        assert_eq!(kept, outcome);
                    }
                }
                done.store(true, Ordering::Relaxed);
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = Cache::clear(folder.path()); // others may add to it meanwhile
                std::thread::sleep(Duration::from_millis(2));
            }
        });
    });
}

#[test]
fn only_a_cache_is_cleared() {
    let folder = folder();
    fs::create_dir(folder.path().join("results")).expect("a folder");
    fs::write(folder.path().join("results/thesis"), "years of work").expect("it can be written");
    assert!(Cache::clear(folder.path()).is_err());
    assert!(folder.path().join("results/thesis").exists());
    assert!(Cache::clear(&folder.path().join("nothing here")).is_ok());
}

// ---- the command

const TARGET: &str = "simple/tmpfs@v6.18";

fn shortcopy(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortcopy"));
    command.args(arguments).stdin(Stdio::null()).env("SHORTCOPY_CACHE", folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let output = shortcopy(folder, arguments).output().expect("the command runs");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The lines of JSON without what may differ, and how many were kept.
fn lines(output: &Output) -> (Vec<serde_json::Value>, usize) {
    let mut kept = 0;
    let lines = text(&output.stdout).lines().map(|line| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("an object");
        let object = value.as_object_mut().expect("an object");
        kept += usize::from(object.remove("cached").is_some());
        object.remove("seconds");
        object.remove("bytes");
        value
    });
    let lines = lines.collect();
    (lines, kept)
}

#[test]
fn the_second_time_everything_is_known_and_the_same() {
    let folder = folder();
    let arguments = ["check", TARGET, "--format", "json"];
    let (searched, kept) = lines(&run(folder.path(), &arguments));
    assert!(searched.len() > 50 && kept == 0);
    let (again, kept) = lines(&run(folder.path(), &arguments));
    assert_eq!(again, searched);
    assert_eq!(kept, searched.len());
    let shown = run(folder.path(), &["check", TARGET]);
    // The last line tells what it is compared with.
    let summary = text(&shown.stdout).lines().rev().nth(1).unwrap_or_default();
    assert!(summary.ends_with(&format!("; {kept} results kept from earlier")), "{summary}");
    // It is the same whether it is kept or not, but for these words.
    let anew = run(folder.path(), &["check", TARGET, "--no-cache"]);
    let words = format!("; {kept} results kept from earlier");
    assert_eq!(text(&shown.stdout).replace(&words, ""), text(&anew.stdout));
    // Other commands know them, too.
    let matrix = |more: &[&str]| run(folder.path(), &[&["matrix", TARGET], more].concat()).stdout;
    assert_eq!(matrix(&[]), matrix(&["--no-cache"]));
    let told = run(folder.path(), &["cache"]);
    assert!(text(&told.stdout).contains(" entries, "), "{}", text(&told.stdout));
    assert!(run(folder.path(), &["cache", "clear"]).status.success());
    let (_, kept) = lines(&run(folder.path(), &arguments));
    assert_eq!(kept, 0);
}

#[test]
fn what_another_variant_has_found_is_known_where_the_models_do_the_same() {
    let folder = folder();
    // The same text under two callers: whoever does not write does the same, but a second writer.
    let arguments = |more: &[&'static str]| {
        let targets = ["check", "simple/tmpfs@v6.14", "simple/tmpfs@v6.18"];
        [&targets[..], &["--format", "json", "--threads", "1"], more].concat()
    };
    let output = run(folder.path(), &arguments(&[]));
    let mut by_variant: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in text(&output.stdout).lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object");
        let without = value["scenario"].as_str().expect("a name").starts_with("no-writer");
        let counts = by_variant.entry(value["variant"].to_string()).or_default();
        counts.0 += usize::from(without);
        counts.1 += usize::from(without && value["cached"] == "automata");
    }
    let counts: Vec<(usize, usize)> = by_variant.into_values().collect();
    assert_eq!((counts.len(), counts[0].1), (2, 0), "{counts:?}");
    assert!(counts[1..].iter().all(|(all, known)| *all > 5 && known + 1 == *all), "{counts:?}");
    assert_eq!(lines(&output).0, lines(&run(folder.path(), &arguments(&["--no-cache"]))).0);
    // What was known so is known by text then.
    let again = run(folder.path(), &arguments(&[]));
    assert!(text(&again.stdout).lines().all(|line| line.contains(r#""cached":"text""#)));
}

#[test]
fn what_is_known_by_its_trace_depends_on_everything_else() {
    let folder = folder();
    let sources: [(&str, &str); 3] =
        [("lib.rs", "mod rules; mod fs;"), ("rules.rs", "fn rule() {}"), ("fs.rs", "")];
    let with = |engine: Hash, sources: &[(&str, &str)]| {
        Cache::of(folder.path(), 1 << 20, engine, Texts::new("toy", sources)).expect("a cache")
    };
    let grounded = |code: &'static str, value: &'static str| {
        let grounds = Grounds { code: vec![code], value: Arc::new(move || value.to_owned()) };
        Scenario { grounds: Some(grounds), ..scenario() }
    };
    let known = |cache: &Cache, scenario: &Scenario| {
        let search = |_: &Arc<Prepared>| Err(explicit::Error::NoInitial);
        match cache.search(None, scenario, search) {
            Ok((outcome, kept)) => {
                let outcome = Outcome { seconds: 0.0, bytes: 0, ..outcome };
                assert_eq!((outcome, kept), (outcome_of(scenario), Some(Kept::Automata)));
                true
            }
            Err(_) => false,
        }
    };
    let first = with(engine(), &sources);
    let plain = grounded("toy::rules", "w");
    let search = |prepared: &Arc<Prepared>| explicit::check_prepared(prepared, &Options::default());
    first.search(None, &plain, search).expect("it can be searched");
    assert!(known(&first, &plain));
    let mut other = sources;
    other[2].1 = "fn changed() {}";
    assert!(known(&with(engine(), &other), &plain), "the models may change");
    assert!(known(&first, &Scenario { name: "another".to_owned(), ..plain.clone() }), "and the name");
    other[1].1 = "fn rule() { }";
    assert!(!known(&with(engine(), &other), &plain), "a rule's code");
    assert!(!known(&with(hash(b"newer"), &sources), &plain), "the engine");
    assert!(!known(&first, &grounded("toy::rules", "v")), "what a rule has captured");
    assert!(!known(&first, &grounded("toy::fs", "w")), "where rules begin");
    assert!(!known(&first, &grounded("toy::nowhere", "w")), "rules of somebody else");
    assert!(!known(&first, &Scenario { grounds: None, ..plain.clone() }), "rules that nobody knows");
    let changes: [Change; 6] = [
        ("an initial state", |s| s.initial[0].cells[0] ^= 1),
        ("a role", |s| s.actors[0].daemon ^= true),
        ("a promise", |s| s.properties[0].promised ^= true),
        ("what must be reached", |s| s.reachable.push("something")),
        ("an ending", |s| s.ending = None),
        ("a killed writer", |s| s.killed = Some(Arc::new(|_| false))),
    ];
    for (what, change) in changes {
        let mut scenario = plain.clone();
        change(&mut scenario);
        assert!(!known(&first, &scenario), "{what}");
    }
    let mut model = plain.clone();
    model.actors[0].body = Body::new(|_| 0);
    assert!(!known(&first, &model), "what a model does");
    // Damage is no knowledge.
    for file in entries(folder.path()) {
        let mut bytes = fs::read(&file).expect("it can be read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).expect("it can be written");
    }
    assert!(!known(&first, &plain));
}

fn outcome_of(scenario: &Scenario) -> Outcome {
    let outcome = check(scenario, &Options::default()).expect("it can be searched");
    Outcome { seconds: 0.0, bytes: 0, ..outcome }
}

#[test]
fn without_a_cache_nothing_is_written_nor_read() {
    let folder = folder();
    let target = format!("{TARGET}:within-unmapped");
    let nowhere = folder.path().join("nowhere");
    for (place, arguments) in [
        (nowhere.as_path(), &["check", &target, "--no-cache"][..]),
        (Path::new(""), &["check", &target]),
        (nowhere.as_path(), &["why", &target]),
        (nowhere.as_path(), &["list", &target]),
        (nowhere.as_path(), &["check", &target, "--engine", "shuttle", "--executions", "10"]),
    ] {
        run(place, arguments);
        assert!(!nowhere.exists(), "{arguments:?}");
    }
    let both = run(&nowhere, &["check", &target, "--no-cache", "--cache", "x"]);
    assert_eq!(both.status.code(), Some(2));
    let told = run(Path::new(""), &["cache"]);
    assert_eq!(text(&told.stdout), "no results are kept\n");
}

#[test]
fn a_search_that_was_cut_is_searched_again() {
    let folder = folder();
    let target = format!("{TARGET}:within-unmapped");
    let cut = run(folder.path(), &["check", &target, "--states-max", "10"]);
    assert_eq!(cut.status.code(), Some(3));
    let (_, kept) = lines(&run(folder.path(), &["check", &target, "--format", "json"]));
    assert_eq!(kept, 0);
}

#[test]
fn a_folder_that_can_not_be_used_is_told() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it can be written");
    let target = format!("{TARGET}:within-unmapped");
    let named = run(Path::new(""), &["check", &target, "--cache", &file.to_string_lossy()]);
    assert_eq!(named.status.code(), Some(2));
    assert!(text(&named.stderr).contains(&*file.to_string_lossy()), "{}", text(&named.stderr));
    let usual = run(&file, &["check", &target]);
    assert_eq!(usual.status.code(), Some(0), "{}", text(&usual.stderr));
    assert!(text(&usual.stderr).contains("results are not kept"), "{}", text(&usual.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_nothing_and_changes_no_result() {
    let folder = folder();
    let target = format!("{TARGET}:within-unmapped");
    run(folder.path(), &["cache"]);
    drop(Cache::open(folder.path()).expect("a cache"));
    // No file may grow, as if no block were free.
    let program = env!("CARGO_BIN_EXE_shortcopy");
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} check {target} --format json | cat");
    let full = Command::new("sh").args(["-c", &script]).env("SHORTCOPY_CACHE", folder.path()).output();
    let full = full.expect("the command runs");
    assert_eq!(text(&full.stderr).matches("results are not kept").count(), 1, "{}", text(&full.stderr));
    assert!(entries(folder.path()).is_empty());
    let (searched, kept) = lines(&run(folder.path(), &["check", &target, "--format", "json"]));
    assert_eq!((lines(&full).0, kept), (searched, 0));
}

#[cfg(unix)]
#[test]
fn after_a_kill_it_goes_on_from_what_was_finished() {
    let folder = folder();
    let arguments = ["check", TARGET, "--format", "json", "--threads", "2"];
    let mut child = shortcopy(folder.path(), &arguments).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut shown = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut told = BTreeSet::new();
    for _ in 0..15 {
        let mut line = String::new();
        shown.read_line(&mut line).expect("a line");
        let value: serde_json::Value = serde_json::from_str(&line).expect("an object");
        told.insert(value["scenario"].as_str().expect("a name").to_owned());
    }
    child.kill().expect("it can be killed"); // SIGKILL
    child.wait().expect("it ends");
    let next = run(folder.path(), &arguments);
    let mut kept = BTreeSet::new();
    for line in text(&next.stdout).lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object");
        if value["cached"] == "text" {
            kept.insert(value["scenario"].as_str().expect("a name").to_owned());
        }
    }
    assert!(told.is_subset(&kept), "what was told is kept: {told:?}, {kept:?}");
    let anew = run(folder.path(), &[&arguments[..], &["--no-cache"]].concat());
    assert!(kept.len() < lines(&anew).0.len(), "it was killed before its end");
    assert_eq!(lines(&next).0, lines(&anew).0);
}

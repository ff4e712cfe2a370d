//! The command as a process: what it prints where, and its exit status.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn shortcopy(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortcopy"));
    command.args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    // What is tested here is the search.
    command.env("SHORTCOPY_CACHE", "");
    command
}

fn run(arguments: &[&str]) -> Output {
    let output = shortcopy(arguments).output().expect("the command runs");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots")
}

/// A folder of snapshots of our own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("shortcopy-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("it can be made");
        Folder(folder)
    }

    /// The place of a variant's snapshot.
    fn file(&self, path: &str, variant: &str) -> PathBuf {
        let file = self.0.join(path).join(format!("{variant}.snap"));
        fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("it can be removed");
    }
}

/// A recorded scenario with a bad state, and the variant's snapshot.
fn violated() -> (String, String, String, PathBuf) {
    for path in models::paths() {
        for variant in &path.variants {
            let file = snapshots().join(&path.name).join(format!("{}.snap", variant.name));
            let text = fs::read_to_string(&file).expect("it is recorded");
            let snapshot = report::snapshot::parse(&text, None).expect("it can be read");
            // The one that is told in the fewest words is searched the fastest.
            let is_plain = |s: &&report::snapshot::Section| {
                s.verdict == "violated"
                    && s.blocks.iter().all(|block| block.as_in.is_none())
                    && !s.scenario.ends_with("-1-block")
            };
            let found = snapshot.sections.iter().filter(is_plain);
            if let Some(section) = found.min_by_key(|s| s.blocks.len()) {
                return (path.name, variant.name.clone(), section.scenario.clone(), file);
            }
        }
    }
    panic!("nothing is violated");
}

fn violated_target() -> String {
    let (path, variant, scenario, _) = violated();
    format!("{path}@{variant}:{scenario}")
}

#[test]
fn list_names_everything() {
    let (plain, json) = (run(&["list", "*:*"]), run(&["list", "--format", "json"]));
    assert_eq!(plain.status.code(), Some(0));
    assert_eq!(json.status.code(), Some(0));
    let lines = lines(&json);
    let cases = models::paths().iter().flat_map(|p| &p.variants).map(|v| v.cases.len()).sum::<usize>();
    assert_eq!(lines.len(), cases);
    let mut values = BTreeSet::new();
    for line in &lines {
        for key in ["path", "variant", "scenario", "sentence"] {
            let value = line[key].as_str().unwrap_or_default();
            assert!(!value.is_empty(), "`{key}` in {line}");
            values.insert(value);
        }
        assert!(matches!(line["tier"].as_str(), Some("default" | "all" | "deep")), "{line}");
    }
    for value in values {
        assert!(text(&plain.stdout).contains(value), "`{value}` is listed");
    }
}

#[test]
fn a_wrong_target_gets_near_names() {
    let known = violated_target();
    let without_last = &known[..known.len() - 1];
    for (arguments, said) in [
        (vec!["check", "ext5"], "ext4"),
        (vec!["list", "ext4/jornalled"], "`ext4/journalled`"),
        (vec!["check", without_last], known.rsplit(':').next().expect("a scenario")),
        (vec!["diff", "ext4/journalled", "ext4/journalled@v4.2"], "is not one variant"),
        (vec!["matrix", "ext4/journalled@v4.22"], "`v4.2`"),
        (vec!["replay", "ext4/journalled@v4.22:within-absent#1"], "`v4.2`"),
        (vec!["replay", "snapshots/ext4/journaled/v4.2.snap"], "snapshots/ext4/journalled/v4.2.snap"),
        (vec!["replay", "simple/ramfs@v6.18:beyond-invalid#x"], "no number"),
        (vec!["replay", "simple/ramfs@v6.18:beyond-invalid#99999"], "it has #1 to #"),
        (vec!["replay", "simple/ramfs@v6.18:beyond-valid#1"], "`beyond-invalid`"),
        (vec!["replay", "simple/ramfs@v6.18:within-invalid"], "it holds"),
        (vec!["replay", "simple/ramfs@v6.18#1"], "name it, as in `simple/ramfs@v6.18:SCENARIO#1`"),
        (vec!["diff", "simple/ramfs@v6.14", "simple/ramfs@v6.18", "--states-max", "1"], "add `--search`"),
        (
            vec!["diff", "simple/ramfs@v6.14", "simple/ramfs@v6.18", "--snapshots", "."],
            "is not in the snapshots in .",
        ),
        (vec!["check", "--engine", "spin"], "explicit, loom, shuttle"),
        (vec!["check", "--time-max", "soon"], "seconds"),
        (vec!["check", STATEFUL, "--without", "stale-uptodat"], "`stale-uptodate`"),
        (vec!["check", STATEFUL, "--without", "leak,stale-on-disk"], "no property `stale-on-disk`"),
        (vec!["check", "ext4/journalled@v4.2", "--snapshots", "/nowhere"], "/nowhere"),
        (vec!["matrix", "--variant", "v4.2", "simple/ramfs@v6.18"], "nothing in `simple/ramfs@v6.18`"),
        (vec!["matrix", "--newest", "simple", "ext4/journalled@v4.2"], "nothing in `ext4/journalled@v4.2`"),
        (vec!["matrix", "--variant", "v4.22", "simple"], "`v4.2`"),
        (vec!["matrix", "--variant", "v6.18", "--variant", "v6.3", "simple"], "named `v6.3`"),
        (vec!["matrix", "--newest", "--variant", "v4.2"], "cannot be used with"),
        (vec!["matrix", "simple", "--reduce", "always"], "'--reduce always' is for check: matrix"),
        (vec!["why", "simple/ramfs@v6.18", "--reduce", "always"], "'--reduce always' is for check: why"),
        (vec!["matrix", "simple", "--reduce", "chains"], "'--reduce chains' is for check: matrix"),
        (vec!["check", "simple", "--seed", "7"], "'--seed' is for shuttle"),
        (vec!["check", "simple", "--engine", "loom", "--states-max", "7"], "'--states-max' is for explicit"),
        (vec!["check", "simple", "--schedules", "--format", "json"], "'--schedules' has no effect"),
        (vec!["check", "simple/ramfs@v6.18:within-invalid", "--all"], "`--all` has no effect"),
        (vec!["why", "simple/ramfs@v6.18:within-invalid", "--all"], "`--all` has no effect"),
        (vec!["why", "simple/ramfs@v6.18:no-writer-reader-and-truncate"], "no writer"),
        (vec![], "Usage"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?} says {}", text(&output.stderr));
    }
}

#[test]
fn every_result_is_a_line_of_json() {
    let (path, variant, scenario, _) = violated();
    let target = format!("{path}@{variant}:{scenario}");
    let output = run(&["check", &target, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = lines(&output);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["path"], path);
    assert_eq!(line["variant"], variant);
    assert_eq!(line["scenario"], scenario);
    assert_eq!(line["engine"], "explicit");
    assert_eq!(line["verdict"], "violated");
    assert_eq!(line["coverage"], "exhausted");
    for number in ["states", "transitions", "seconds"] {
        assert!(line[number].as_f64().is_some_and(|n| n > 0.0), "`{number}` in {line}");
    }
    let bad = line["bad_states"].as_array().expect("bad states");
    assert!(!bad.is_empty());
    for bad in bad {
        for key in ["property", "witness", "initial"] {
            assert!(bad[key].is_string(), "`{key}` in {bad}");
        }
        assert!(bad["promised"].is_boolean());
        assert!(bad["picture"].as_array().is_some_and(|p| p.iter().all(Value::is_string)));
        let schedule = bad["schedule"].as_array().expect("a schedule");
        assert_eq!(Some(schedule.len() as u64), bad["depth"].as_u64());
        for step in schedule {
            assert!(step["actor"].as_str().is_some_and(|s| !s.is_empty()), "{step}");
            assert!(step["step"].as_str().is_some_and(|s| !s.is_empty()), "{step}");
            assert!(step["line"].as_u64().is_some_and(|n| n > 0), "{step}");
            let file = step["file"].as_str().expect("a file");
            assert!(snapshots().join("..").join(file).is_file(), "{file} is a file of this repository");
        }
    }
}

#[test]
fn one_scenario_is_shown_in_full_and_without_colours_in_a_pipe() {
    let target = violated_target();
    let output = run(&["check", &target]);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    assert!(shown.contains("violated, as recorded"), "{shown}");
    assert!(shown.contains("property  ") && shown.contains("   1  "), "{shown}");
    assert!(shown.contains("1 scenario"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let forced = shortcopy(&["check", &target]).env("CLICOLOR_FORCE", "1").output().expect("it runs");
    assert!(text(&forced.stdout).contains('\u{1b}'));
}

#[test]
fn schedules_in_full_fold_nothing() {
    let target = "simple/ramfs@v6.18:beyond-invalid";
    let json = lines(&run(&["check", target, "--format", "json"]));
    let depth = json[0]["bad_states"][0]["depth"].as_u64().expect("one bad state");
    let numbers = |arguments: &[&str]| {
        let output = run(arguments);
        let number = |line: &str| line.get(..6).and_then(|margin| margin.trim().parse::<u64>().ok());
        text(&output.stdout).lines().filter_map(number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&["check", target, "--schedules"]), (1..=depth).collect::<Vec<_>>());
    let folded = numbers(&["check", target]);
    assert!(folded.len() < depth as usize && folded.last() == Some(&depth), "{folded:?}");
    // What raises the size, and what sees it.
    let shown = run(&["check", target]);
    for step in ["i_size_write(2)", "simple_write_end(2, 2, 0)", "write returns"] {
        assert!(text(&shown.stdout).contains(step), "{step}: {}", text(&shown.stdout));
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let states = |output: &Output| {
        let shown = text(&output.stdout);
        let sum = shown.lines().find(|line| line.contains(" states: ")).expect("a sum");
        let words: Vec<&str> = sum.split(' ').collect();
        let at = words.iter().position(|word| word.starts_with("states")).expect("a number of states");
        words[at - 1].replace(',', "").parse::<u64>().expect("a number")
    };
    // One scenario gets all threads, as soon as a level has some thousand states; many are spread over them.
    for (target, states_min) in [(WIDE, 500_000), (SMALL, 100_000), (STATEFUL, 1)] {
        let [one, three] = ["1", "3"].map(|threads| run(&["check", target, "--threads", threads]));
        assert_eq!(text(&one.stdout), text(&three.stdout));
        assert_eq!(one.status.code(), three.status.code());
        assert!(text(&one.stdout).contains("violated, as recorded"), "{}", text(&one.stdout));
        assert!(states(&one) >= states_min, "{target} has {} states", states(&one));
    }
}

/// A variant whose scenarios are small.
const SMALL: &str = "simple/ramfs@v2.6.20";

/// A scenario with levels of many states, and two bad states.
const WIDE: &str = "ext4/journalled@v7.1:within-unmapped-with-reader";

/// A scenario with two actors, and too many interleavings for loom.
const COMPANY: &str = "simple/ramfs@v2.6.20:within-invalid-with-reader";

/// A scenario in which a property of every state is broken, by a writer that is alone.
const STATEFUL: &str = "simple/ramfs@v2.6.20:within-resident";

/// Orders are left out of a scenario in which something is found: the same is found, and schedules are said to be chosen.
#[test]
fn what_is_told_from_fewer_orders_is_the_same_and_says_so() {
    const LARGE: &str = "ext4/journalled@v4.2+copy-first:within-unmapped-with-reader";
    let [whole, fewer, chains] = ["--reduce=order", "--reduce=always", "--reduce=chains"].map(|reduce| {
        let result = run(&["check", LARGE, "--format=json", reduce]);
        assert_eq!(result.status.code(), Some(0), "{result:?}");
        lines(&result).swap_remove(0)
    });
    let found = |result: &Value| {
        let bad = result["bad_states"].as_array().expect("a list");
        bad.iter().map(|bad| (bad["property"].clone(), bad["witness"].clone())).collect::<Vec<_>>()
    };
    assert!(found(&whole).len() > 2, "{whole}");
    for fewer in [&fewer, &chains] {
        assert_eq!(found(fewer), found(&whole));
        for key in ["endings", "coverage", "verdict", "looked_at"] {
            assert_eq!(fewer[key], whole[key], "{key}");
        }
        assert_eq!(fewer["reduced"], Value::Bool(true));
    }
    assert_eq!((&whole["reduced"], &fewer["reduced"]), (&Value::Null, &Value::Bool(true)));
    assert!(fewer["states"].as_u64() < whole["states"].as_u64());
    for (format, says) in [("text", true), ("mail", true), ("junit", true), ("json", false)] {
        let told = run(&["check", LARGE, "--reduce=always", "--format", format]);
        assert_eq!(told.status.code(), Some(0), "{told:?}");
        let words = text(&told.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words.contains("schedules are the shortest of the orders"), says, "{format}: {words}");
    }
    let plain = run(&["check", LARGE]);
    assert!(!text(&plain.stdout).contains("shortest of the orders"), "{plain:?}");
}

#[test]
fn an_engine_that_does_not_look_does_not_say_that_it_holds() {
    let ids = |line: &Value, key: &str| -> Vec<String> {
        let ids = line[key].as_array().expect("a list").iter();
        ids.map(|id| id.as_str().expect("an id").to_owned()).collect()
    };
    let check = |arguments: &[&str]| {
        let output = run(&[&["check", STATEFUL, "--format", "json"], arguments].concat());
        (output.status.code(), lines(&output).remove(0))
    };
    let (status, explicit) = check(&[]);
    assert_eq!((status, &explicit["verdict"]), (Some(0), &Value::from("violated")));
    assert_eq!((ids(&explicit, "not_looked_at").len(), ids(&explicit, "left_out").len()), (0, 0));
    for mode in ["sc", "kernel"] {
        let loom = ["--engine", "loom", "--loom-mode", mode];
        let (status, line) = check(&loom);
        assert_eq!((status, &line["verdict"]), (Some(3), &Value::from("unknown")), "{line}");
        assert_eq!(line["coverage"], "exhausted");
        assert_eq!(ids(&line, "not_looked_at"), ["stale-uptodate"]);
        let mut all = ids(&line, "looked_at");
        all.extend(ids(&line, "not_looked_at"));
        all.sort();
        assert_eq!(all, ids(&explicit, "looked_at"));
        let (status, line) = check(&[&loom[..], &["--without", "stale-uptodate"]].concat());
        assert_eq!((status, &line["verdict"]), (Some(0), &Value::from("holds")), "{line}");
        assert_eq!(ids(&line, "left_out"), ["stale-uptodate"]);
        let (status, line) = check(&[&loom[..], &["--without", "leak"]].concat());
        assert_eq!((status, &line["verdict"]), (Some(3), &Value::from("unknown")), "{line}");
    }
    let (status, line) = check(&["--without", "stale-uptodate"]);
    assert_eq!((status, &line["verdict"]), (Some(0), &Value::from("holds")), "{line}");
    let shown = run(&["check", STATEFUL, "--engine", "loom"]);
    assert!(text(&shown.stdout).contains("not looked at: stale-uptodate"), "{}", text(&shown.stdout));
    let shown = run(&["check", STATEFUL, "--without", "stale-uptodate"]);
    assert!(text(&shown.stdout).contains("left out: stale-uptodate"), "{}", text(&shown.stdout));
}

#[test]
fn a_result_of_chance_tells_how_to_repeat_it() {
    for engine in [
        &["--engine", "loom", "--executions", "7"][..],
        &["--engine", "shuttle", "--shuttle", "pct", "--seed", "5", "--executions", "30"],
        &["--engine", "shuttle", "--executions", "100000000", "--time-max", "0.3"],
    ] {
        let once = run(&[&["check", COMPANY, "--format", "json"], engine].concat());
        // Whatever was found, there may be more.
        assert_eq!(once.status.code(), Some(3), "{engine:?}");
        let once = lines(&once).remove(0);
        let command = once["command"].as_str().expect("a command");
        let shown = run(&[&["check", COMPANY], engine].concat());
        assert!(text(&shown.stdout).contains("again: shortcopy check "), "{}", text(&shown.stdout));
        let mut words: Vec<&str> =
            command.split(' ').skip(1).filter(|w| !w.starts_with("--time-max")).collect();
        words.extend(["--format", "json"]);
        let twice = lines(&run(&words)).remove(0);
        for key in ["executions", "bad_states", "endings", "reached", "transitions"] {
            assert_eq!(once[key], twice[key], "`{key}` of {command}");
        }
    }
    let explicit = lines(&run(&["check", STATEFUL, "--format", "json"])).remove(0);
    assert_eq!(explicit["command"], Value::Null);
}

#[test]
fn what_was_cut_is_unknown() {
    let target = violated_target();
    let output = run(&["check", &target, "--states-max", "1"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("cut by the bound on states"), "{}", text(&output.stdout));
    assert!(!text(&output.stdout).contains("holds"), "{}", text(&output.stdout));
}

/// Whatever starts from a search says in words, in JSON and by its status that the search was cut.
#[test]
fn every_command_says_what_was_cut() {
    let target = violated_target();
    for command in [
        vec!["matrix", &target],
        vec!["why", &target],
        vec!["check", "--coverage", &target],
        vec!["corpus", "7"],
    ] {
        let with = |more: &[&str]| {
            let output = run(&[&command[..], &["--states-max", "1"], more].concat());
            assert_eq!(output.status.code(), Some(3), "{command:?}: {}", text(&output.stdout));
            output
        };
        let plain = with(&[]);
        let shown = text(&plain.stdout);
        assert!(
            shown.contains(" cut: ") && shown.contains("cut by the bound on states"),
            "{command:?}: {shown}"
        );
        let lines = lines(&with(&["--format", "json"]));
        let cut = &lines.last().expect("a line")["searches_cut"];
        assert_eq!(cut[0]["bound"], "states", "{command:?}: {cut}");
        let named = cut[0]["target"].as_str().unwrap_or_default();
        assert!(command[0] == "corpus" || named == target, "{command:?}: {cut}");
    }
}

#[test]
fn what_is_not_as_recorded_is_said() {
    let (path, variant, scenario, file) = violated();
    let target = format!("{path}@{variant}:{scenario}");
    let recorded = fs::read_to_string(&file).expect("it is recorded");
    let section = recorded.find(&format!("scenario  {scenario}\n")).expect("the section");
    let change = |from: &str, to: &str| {
        let (before, after) = recorded.split_at(section);
        let changed = format!("{before}{}", after.replacen(from, to, 1));
        assert_ne!(changed, recorded, "`{from}` is there");
        changed
    };
    let block = &recorded[section..];
    let block = &block[block.find("\n#").expect("a block") + 1..];
    let name = block.lines().next().and_then(|l| l.split_whitespace().nth(1)).expect("a property");
    let name = name.trim_end_matches(':');
    // As it is in another variant's file.
    let other = recorded.replacen(&format!("variant   {path}@{variant}"), "variant   some/other@v1", 1);
    let twice = format!("{recorded}\n{}", &recorded[section..]);
    let stranger = change(&format!("scenario  {scenario}"), "scenario  nowhere");
    let damaged = format!("{path}/{variant}.snap: line ");
    for (text_of_file, status, said) in [
        (recorded.clone(), 0, "violated, as recorded"),
        (change(name, &format!("{name}-too")), 1, &format!("+ {name}")),
        (change("initial   ", "initial   not "), 1, "from another initial state"),
        (change("verdict   violated", "verdict   fine"), 2, "record it anew"),
        (change("verdict   violated", "verdict   holds"), 2, "a promise is broken below"),
        (other, 2, "this is about `some/other@v1`"),
        (twice, 2, "is recorded twice"),
        (stranger, 2, "has no scenario `nowhere`"),
        (recorded.replacen("searched ", "steps ", 1), 2, "expected `searched`"),
    ] {
        let folder = Folder::new("judged");
        fs::write(folder.file(&path, &variant), text_of_file).expect("it can be written");
        let output = run(&["check", &target, "--snapshots", &folder.0.to_string_lossy()]);
        let shown = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{said}: {shown}");
        assert!(shown.contains(said), "{said}: {shown}");
        assert!(status < 2 || shown.contains(&damaged), "it names file and line: {shown}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_snapshot_is_refused_at_once() {
    let (path, variant, scenario, _) = violated();
    let target = format!("{path}@{variant}:{scenario}");
    let says = |make: &dyn Fn(&Path), said: &str| {
        let folder = Folder::new("refused");
        let file = folder.file(&path, &variant);
        make(&file);
        let replayed = file.to_string_lossy().into_owned();
        let given = folder.0.to_string_lossy().into_owned();
        for arguments in [&["check", &target, "--snapshots", &given][..], &["replay", &replayed]] {
            let output = run(arguments);
            let shown = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{said}: {shown}");
            assert!(shown.contains(said) && shown.contains(&replayed), "{said}: {shown}");
        }
    };
    says(
        &|file| assert!(Command::new("mkfifo").arg(file).status().expect("mkfifo runs").success()),
        "this is no file",
    );
    says(&|file| fs::create_dir(file).expect("it can be made"), "this is no file");
    says(
        &|file| fs::write(file, b"variant   a\nabout   \xff\n").expect("written"),
        "line 2: this is no UTF-8",
    );
    let large = |file: &Path| {
        let file = fs::File::create(file).expect("it can be made");
        file.set_len(65 << 20).expect("it has holes");
    };
    says(&large, "more than 64 MiB");
}

/// As after `cargo install`, away from any checkout.
#[test]
fn away_from_the_checkout_the_recorded_results_are_built_in() {
    let folder = Folder::new("installed");
    let program = folder.0.join(format!("shortcopy{}", std::env::consts::EXE_SUFFIX));
    fs::copy(env!("CARGO_BIN_EXE_shortcopy"), &program).expect("it can be copied");
    let target = violated_target();
    let installed = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).env("SHORTCOPY_CACHE", "").current_dir(&folder.0);
        let output = command.output();
        output.expect("the command runs")
    };
    let [there, here] = [installed(&["check", &target]), run(&["check", &target])];
    let [there_says, here_says] = [text(&there.stdout), text(&here.stdout)];
    assert_eq!((there.status.code(), here.status.code()), (Some(0), Some(0)), "{there_says}{here_says}");
    let (built_in, checkout) = ("the built-in snapshots", "the snapshots of this checkout");
    assert!(there_says.contains(&format!("compared with {built_in}")), "{there_says}");
    assert_eq!(there_says.replace(built_in, checkout), here_says);
    let (path, variant, scenario, _) = violated();
    let schedule = format!("{path}@{variant}:{scenario}#1");
    let [there, here] = [installed(&["replay", &schedule]), run(&["replay", &schedule])];
    assert_eq!(text(&there.stdout), text(&here.stdout));
    let other = format!("{path}@{variant}");
    assert_eq!(installed(&["diff", &other, &other]).status.code(), Some(0));
    let named = installed(&["check", &target, "--snapshots", "."]);
    assert_eq!(named.status.code(), Some(1), "{}", text(&named.stdout));
    let how = format!("SHORTCOPY_ONLY={other} INSTA_UPDATE=always cargo test --test snapshots");
    assert!(text(&named.stdout).contains(&how), "{}", text(&named.stdout));
}

#[test]
fn a_variant_differs_from_itself_in_nothing() {
    let output = run(&["diff", SMALL, SMALL]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("0 appear, 0 go, "), "{}", text(&output.stdout));
}

#[test]
fn a_recorded_schedule_is_replayed_step_by_step() {
    let (path, variant, scenario, file) = violated();
    let snapshot = report::snapshot::parse(&fs::read_to_string(&file).expect("read"), None).expect("parsed");
    let block = &snapshot.section(&scenario).expect("recorded").blocks[0];
    let by_target = run(&["replay", &format!("{path}@{variant}:{scenario}#{}", block.number)]);
    let by_file = run(&["replay", &format!("{}:{scenario}#{}", file.display(), block.number)]);
    assert_eq!(by_target.status.code(), Some(0), "{}", text(&by_target.stdout));
    assert_eq!(text(&by_target.stdout), text(&by_file.stdout));
    let shown = text(&by_target.stdout);
    // A line of the picture is shown again only where it has changed since.
    let mut before: Vec<Vec<&str>> = Vec::new();
    for line in shown.lines().filter_map(|line| line.trim_start().strip_prefix("| ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let old =
            before.iter_mut().find(|old| old[0] == words[0] && (old[0] != "buffer" || old[1] == words[1]));
        match old {
            Some(old) => {
                assert_ne!(*old, words, "{shown}");
                *old = words;
            }
            None => before.push(words),
        }
    }
    assert!(shown.contains(&format!("^ {}", block.property)), "{shown}");
    assert!(block.picture.iter().all(|line| shown.contains(line.as_str())), "{shown}");
}

#[test]
fn coverage_of_one_scenario_speaks_of_what_it_enters() {
    let target = violated_target();
    let (plain, json) =
        (run(&["check", "--coverage", &target]), run(&["check", "--coverage", "--format", "json", &target]));
    // A part needs no reasons.
    assert_eq!(plain.status.code(), Some(0), "{}", text(&plain.stdout));
    assert_eq!(json.status.code(), Some(0));
    let shown = text(&plain.stdout);
    assert!(
        shown
            .starts_with(&format!("Branches that these alone reach, in the files that they enter: {target}"))
    );
    let lines = lines(&json);
    let fate = |fate: &str| lines.iter().filter(|line| line["fate"] == fate).count();
    let sum = format!("\n{} branches of ", lines.len());
    assert!(shown.contains(&sum) && shown.contains(&format!(": {} reached, ", fate("reached"))), "{shown}");
    // Of one kernel version, at least, the others are not reached; and whoever writes loops.
    assert!(fate("reached") > 100 && fate("not-in-this-part") > 0 && fate("unexplained") == 0, "{shown}");
    assert!(shown.contains(&format!("{} not in this part", fate("not-in-this-part"))), "{shown}");
    let reached = |function: &str, way: &str| {
        let is_it = |line: &&Value| line["function"] == function && line["way"] == way;
        lines.iter().find(is_it).map(|line| line["fate"] == "reached")
    };
    assert_eq!(reached("generic_perform_write", "called"), Some(true), "{shown}");
    assert!(lines.iter().all(|line| line["file"] != "mutants.rs"));
}

#[test]
fn coverage_is_told_by_one_engine() {
    let output = run(&["check", "--coverage", "--engine", "loom"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--coverage"), "{}", text(&output.stderr));
    // A search that is cut says so.
    let cut = run(&["check", "--coverage", "--states-max", "1", &violated_target()]);
    assert_eq!(cut.status.code(), Some(3));
    assert!(text(&cut.stdout).contains("1 search was cut"), "{}", text(&cut.stdout));
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_what_was_found_so_far() {
    use std::io::{BufRead, BufReader, Read};
    let mut child =
        shortcopy(&["check", "--threads", "1"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut shown = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut text = String::new();
    for _ in 0..2 {
        shown.read_line(&mut text).expect("a line"); // the variant, and its first scenario
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    shown.read_to_string(&mut text).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "{text}");
    // The last line tells what it is compared with.
    assert!(text.lines().rev().nth(1).is_some_and(|l| l.contains(" not looked at")), "{text}");
}

/// An interrupt that only the command gets ends its engine's process, too, which hands over what it has.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_every_engine() {
    for engine in ["loom", "shuttle"] {
        let arguments = ["check", COMPANY, "--format=json", "--engine", engine, "--executions=100000000"];
        let mut child = shortcopy(&arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        std::thread::sleep(std::time::Duration::from_secs(3));
        let started = std::time::Instant::now();
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(kill.success());
        while child.try_wait().expect("a child").is_none() {
            assert!(started.elapsed().as_secs() < 60, "{engine} goes on");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let output = child.wait_with_output().expect("it ended");
        let line = lines(&output).remove(0);
        assert_eq!(line["coverage"]["cut"]["bound"], "interrupt", "{line}");
        assert_ne!(line["verdict"], "holds");
    }
}

#[cfg(unix)]
#[test]
fn nobody_reading_is_no_panic() {
    let mut child =
        shortcopy(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
    let output = shortcopy(&["list"]).stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("can't write the output"), "{}", text(&output.stderr));
}

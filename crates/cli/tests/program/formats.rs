//! The formats for programs, read by somebody else: the schema of JSON by a validator, JUnit and SARIF by readers that
//! this project did not write, SARIF by its official schema too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cli::arguments::Arguments;
use jsonschema::Validator;
use serde_json::{Value, json};

/// A scenario that is violated, as recorded.
const KNOWN: &str = "simple/ramfs@v6.18:beyond-invalid";
/// One that holds.
const HOLDS: &str = "simple/ramfs@v6.18:within-resident";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(line: &str) -> Output {
    run_with_cache(line, Path::new(""))
}

/// Runs a command that keeps its results in a folder, or nowhere.
fn run_with_cache(line: &str, cache: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shortcopy"))
        .args(line.split_whitespace())
        .env("SHORTCOPY_CACHE", cache)
        .current_dir(root())
        .output()
        .expect("the command runs")
}

/// What a command prints, and its exit status.
fn output(line: &str) -> (String, Option<i32>) {
    let output = run(line);
    (String::from_utf8(output.stdout).expect("text"), output.status.code())
}

/// The schema, closed: what it does not name is not allowed.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties")
                && map.get("type") == Some(&json!("object"))
                && !map.contains_key("oneOf")
            {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            map.values_mut().for_each(closed);
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

fn validator() -> Validator {
    let mut schema: Value = serde_json::from_str(report::SCHEMA).expect("JSON");
    closed(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

fn wrong(validator: &Validator, line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).expect("JSON");
    // Of the alternatives, the one that the line claims to be.
    let error = validator.iter_errors(&value).next()?;
    Some(format!("{error}\n{line}"))
}

#[test]
fn every_line_of_json_is_as_the_schema_says() {
    let validator = validator();
    let commands = [
        (format!("check {KNOWN} {HOLDS}"), "result"),
        (format!("check {KNOWN} --states-max 10 --without wrong-size"), "result"),
        (format!("check {KNOWN} --engine shuttle --executions 20"), "result"),
        (format!("check {KNOWN} --coverage"), "branch"),
        (format!("check {KNOWN} ext4/ordered@v6.18:beyond-unmapped --final-states"), "final-states"),
        (format!("check {KNOWN} --forced-by latch"), "forced"),
        ("list simple/ramfs@v6.18".to_owned(), "scenario"),
        ("list --properties".to_owned(), "property"),
        ("matrix simple/ramfs@v6.18".to_owned(), "variant"),
        ("matrix simple/ramfs@v6.18 --states-max 10".to_owned(), "searches-cut"),
        ("corpus 1".to_owned(), "bug"),
        (format!("why {KNOWN}"), "word"),
        (format!("replay {KNOWN}#1"), "replay"),
        ("diff simple/ramfs@v6.14 simple/ramfs@v6.18".to_owned(), "variants-comparison"),
        (
            "diff simple/ramfs@v6.14 simple/ramfs@v6.18 --search --states-max 100".to_owned(),
            "variants-compared",
        ),
    ];
    for (command, kind) in commands {
        let (text, _) = output(&format!("{command} --format json"));
        assert!(text.contains(&format!(r#""schema":"shortcopy/{kind}/1""#)), "{command}: {text}");
        for line in text.lines() {
            assert_eq!(wrong(&validator, line), None, "{command}");
        }
    }
}

#[test]
fn what_the_schema_does_not_say_is_refused() {
    let validator = validator();
    let (text, _) = output(&format!("check {KNOWN} --format json"));
    let line: Value = serde_json::from_str(text.trim()).expect("a line of JSON");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut line = line.clone();
        change(&mut line);
        wrong(&validator, &line.to_string())
    };
    assert_eq!(with(&|_| {}), None);
    assert!(with(&|line| line["unheard-of"] = json!(1)).is_some());
    assert!(with(&|line| line["schema"] = json!("shortcopy/result/2")).is_some());
    assert!(with(&|line| line["stands"] = json!("since v6.18")).is_some());
    assert!(with(&|line| line["verdict"] = json!("fine")).is_some());
    assert!(with(&|line| line["bad_states"][0]["depth"] = json!("22")).is_some());
    assert!(with(&|line| drop(line.as_object_mut().map(|map| map.remove("coverage")))).is_some());
    let bad = &line["bad_states"][0];
    assert!(bad["effect"].as_str().is_some_and(|effect| effect.starts_with("stat shows")), "{bad}");
    assert_eq!(line["geometry"]["page"], 4);
    assert_eq!(line["source"], "invalid");
    assert_eq!(line["stands"], "v6.18 ..");
    assert!(line["promised"].as_array().is_some_and(|ids| ids.contains(&json!("wrong-size"))));
    assert_eq!(line["initial_states"][0]["facts"]["size"], 0);
}

#[test]
fn junit_is_read_by_another_reader() {
    let (text, status) = output(&format!("check {KNOWN} {HOLDS} --format junit"));
    assert_eq!(status, Some(0));
    let report = quick_junit::Report::deserialize_from_str(&text).expect("JUnit");
    assert_eq!((report.tests, report.failures, report.errors), (2, 0, 0));
    let [suite] = &report.test_suites[..] else { panic!("{text}") };
    assert_eq!(suite.name.as_str(), "simple/ramfs@v6.18");
    let names: Vec<&str> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["within-resident", "beyond-invalid"]);
    // Nothing that was not looked at in full passes.
    let (text, status) = output(&format!("check {HOLDS} --states-max 10 --format junit"));
    assert_eq!(status, Some(3));
    let report = quick_junit::Report::deserialize_from_str(&text).expect("JUnit");
    assert_eq!((report.tests, report.failures, report.errors), (1, 0, 1), "{text}");
}

/// The platform that the tests are built for.
fn host() -> String {
    let version = Command::new("rustc").arg("-vV").current_dir(root()).output().expect("the compiler runs");
    let version = String::from_utf8(version.stdout).expect("text");
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a platform").to_owned()
}

/// The official schema, as the crate that reads SARIF ships it.
fn sarif_schema() -> Value {
    let metadata = Command::new(env!("CARGO"))
        // What only other platforms need was never fetched.
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let of =
        packages.iter().find(|package| package["name"] == "serde-sarif").expect("a dependency of the tests");
    let manifest = Path::new(of["manifest_path"].as_str().expect("a path"));
    let file = manifest.with_file_name("src").join("schema.json");
    let text = fs::read_to_string(file).expect("the crate has its schema");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    // A bracket too many: not every reader of regular expressions takes it.
    for of in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{of}/properties/language"));
        let language = language.and_then(Value::as_object_mut).expect("the schema of SARIF 2.1.0");
        language.remove("pattern").expect("a pattern");
    }
    schema
}

#[test]
fn sarif_is_as_its_schema_says_and_is_read_by_another_reader() {
    let validator = jsonschema::validator_for(&sarif_schema()).expect("a schema");
    for (line, level, status) in [
        (format!("check {KNOWN} {HOLDS}"), "warning", 0),
        (format!("check {KNOWN} --states-max 300"), "warning", 3),
        ("check simple/ramfs@v6.18".to_owned(), "warning", 0),
        ("check ext4/journalled@v4.2:within-unmapped".to_owned(), "warning", 0),
    ] {
        let (text, came) = output(&format!("{line} --format sarif"));
        assert_eq!(came, Some(status), "{line}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:#?}");
        let read: serde_sarif::sarif::Sarif = serde_json::from_str(&text).expect("SARIF");
        let results = read.runs[0].results.as_ref().expect("results");
        assert_eq!(value["runs"][0]["results"].as_array().map(Vec::len), Some(results.len()));
        for result in value["runs"][0]["results"].as_array().into_iter().flatten() {
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a line");
            assert!(root().join(uri).is_file(), "{line}: {uri}");
            assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 0));
            assert!(result["level"] == level || result["properties"]["promised"] == false, "{result}");
        }
    }
    // The line that made the file too long, not the one at which somebody noticed.
    let (text, _) = output(&format!("check {KNOWN} --format sarif"));
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let place = &value["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let (uri, line) = (place["artifactLocation"]["uri"].as_str(), place["region"]["startLine"].as_u64());
    let source = fs::read_to_string(root().join(uri.expect("a file"))).expect("it is there");
    let code = source.lines().nth(line.expect("a line") as usize - 1).expect("it has the line");
    assert!(code.contains("i_size_write"), "{code}");
}

/// Reads a level of KTAP as its document says: a version, a plan, and as many results; gives those that are not `ok`.
fn read_ktap<'t>(
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>,
    indent: usize,
) -> Vec<String> {
    let own =
        |line: &'t str| line.strip_prefix(&" ".repeat(indent)[..]).filter(|rest| !rest.starts_with(' '));
    let mut failed = Vec::new();
    assert_eq!(lines.next().and_then(own), Some("KTAP version 1"));
    let (mut plan, mut seen) = (None, 0);
    while let Some(&line) = lines.peek() {
        let Some(text) = own(line) else {
            if line.len() - line.trim_start().len() < indent {
                break;
            }
            failed.extend(read_ktap(lines, indent + 2));
            continue;
        };
        lines.next();
        if let Some(count) = text.strip_prefix("1..") {
            plan = count.parse::<usize>().ok();
        } else if let Some(result) = text.strip_prefix("not ok ").or(text.strip_prefix("ok ")) {
            seen += 1;
            let (number, name) = result.split_once(' ').expect("a number and a name");
            assert_eq!(number.parse(), Ok(seen), "{line}");
            if text.starts_with("not") {
                failed.push(name.to_owned());
            }
        } else {
            assert!(text.starts_with('#'), "{line}");
        }
    }
    assert_eq!(plan, Some(seen), "the plan");
    failed
}

#[test]
fn ktap_has_the_results_that_it_plans() {
    let failed = |line: &str| {
        let (text, _) = output(&format!("{line} --format ktap"));
        read_ktap(&mut text.lines().peekable(), 0)
    };
    assert_eq!(failed(&format!("check {KNOWN} simple/tmpfs@v6.18")), [""; 0]);
    let cut = failed(&format!("check {HOLDS} --states-max 10"));
    assert_eq!(cut.len(), 2, "{cut:?}");
    assert!(cut[0].starts_with("within-resident # ERROR unknown, cut by the bound on states"), "{cut:?}");
}

#[test]
fn no_format_changes_the_exit_status_or_writes_to_standard_error() {
    for (line, status) in [
        (format!("check {KNOWN}"), 0),
        (format!("check {KNOWN} --states-max 10"), 3),
        (format!("check {KNOWN} --snapshots crates/cli/tests/program/toy"), 1),
    ] {
        for format in ["text", "json", "mail", "junit", "sarif", "ktap"] {
            let output = run(&format!("{line} --format {format}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), said.as_ref()), (Some(status), ""), "{line} --format {format}");
            assert!(!output.stdout.is_empty(), "{line} --format {format}");
        }
    }
}

#[test]
fn a_format_that_a_command_does_not_have_is_refused_by_name() {
    for (line, format) in [
        ("list", "junit"),
        ("matrix", "mail"),
        ("corpus", "sarif"),
        ("why simple/ramfs", "ktap"),
        ("replay simple/ramfs@v6.18:beyond-invalid", "junit"),
        ("diff a b", "sarif"),
        ("check --coverage", "junit"),
        ("check", "yaml"),
    ] {
        let output = run(&format!("{line} --format {format}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        assert!(said.contains(format) && said.contains("--format"), "{line}: {said}");
        assert!(output.stdout.is_empty(), "{line}");
    }
}

#[test]
fn a_replay_and_a_comparison_are_told_as_mails() {
    let (text, status) = output("replay simple/ramfs@v6.18:beyond-invalid#1 --format mail");
    let (checked, _) = output(&format!("check {KNOWN} --format mail"));
    assert_eq!(status, Some(0));
    assert!(checked.starts_with(&text), "{text}\n{checked}");
    let (holds, _) = output(&format!("check {HOLDS} --format mail"));
    assert!(holds.starts_with("1 scenario: 1 holds; compared with"), "{holds}");
    let (text, status) = output("diff simple/ramfs@v6.18 simple/ramfs@v6.18 --format mail --search");
    assert_eq!((status, text.contains("* * *")), (Some(0), false), "nothing is new: {text}");
    let output = run("diff simple/ramfs@v6.18 simple/ramfs@v6.18 --format mail");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_replay_has_the_bad_state_that_a_check_has() {
    let read = |line: &str| -> Value {
        let (text, status) = output(&format!("{line} --format json"));
        assert_eq!(status, Some(0), "{line}");
        serde_json::from_str(text.trim()).expect("a line of JSON")
    };
    let (replayed, checked) = (read(&format!("replay {KNOWN}#1")), read(&format!("check {KNOWN}")));
    let mut bad = replayed["bad"].clone();
    assert_eq!(bad, checked["bad_states"][0]);
    assert_eq!((&replayed["as_recorded"], &replayed["number"]), (&json!(true), &json!(1)));
    bad["states"].take();
    assert_ne!(bad, checked["bad_states"][0], "a replay tells the states");
}

#[test]
fn a_comparison_of_variants_has_what_its_text_has() {
    let line = "diff ext4/ordered@v4.2 ext4/ordered@v6.18";
    let (text, json) = (output(line).0, output(&format!("{line} --format json")).0);
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (whole, scenarios) = lines.split_last().expect("a line");
    let mut told = String::new();
    for scenario in scenarios {
        told += &format!("{}\n", scenario["scenario"].as_str().expect("a name"));
        for change in scenario["changes"].as_array().expect("changes") {
            let sign = match change["change"].as_str() {
                Some("appears") => '+',
                Some("goes") => '-',
                _ => ' ',
            };
            told += &format!("  {sign} {}\n", change["name"].as_str().expect("a name"));
        }
    }
    assert!(told.len() > 100 && text.starts_with(&told), "{told}\n{text}");
    let count = |of: &str| whole["bad_states"][of].as_u64().expect("a number");
    let counts = format!("{} appear, {} go, {} stay\n", count("appear"), count("go"), count("stay"));
    assert!(text[told.len()..].starts_with(&counts), "{counts}\n{text}");
    assert_eq!(whole["searched"], false);
}

#[test]
fn whatever_is_about_a_variant_says_in_which_releases_it_stands() {
    let stands = |line: &str| -> Value {
        let (text, _) = output(&format!("{line} --format json"));
        let line: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        line["stands"].clone()
    };
    for (variant, scenario, releases) in [
        ("ext4/journalled@v4.4", "within-unmapped", json!("v4.4 .. v4.7")),
        ("ext4/journalled@v4.2+copy-first", "within-unmapped", Value::Null),
        ("simple/ramfs@v6.18", "beyond-invalid", json!("v6.18 ..")),
    ] {
        let target = format!("{variant}:{scenario}");
        for line in [
            format!("list {target}"),
            format!("check {target}"),
            format!("check {target} --final-states"),
            format!("matrix {variant} --states-max 10"),
            format!("replay {target}#1"),
        ] {
            assert_eq!(stands(&line), releases, "{line}");
        }
    }
}

/// The commands that a page of the documents shows in its blocks, one a line.
fn shown(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).expect("the page is there");
    let lines = text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
    let commands = lines.filter_map(|line| line.strip_prefix("shortcopy "));
    commands.map(|command| command.replace("${{ matrix.part }}", "2")).collect()
}

#[test]
fn the_commands_of_the_page_on_continuous_integration_do_what_it_says() {
    let commands = shown("docs/continuous-integration.md");
    assert!(commands.len() >= 5, "{commands:?}");
    // Several ask the same, to be told in several formats.
    let cache = tempfile::tempdir().expect("a folder");
    let mut ran = 0;
    for command in commands {
        let (line, file) = command.split_once(" > ").unwrap_or((&command, ""));
        let read = Arguments::read(["shortcopy"].into_iter().chain(line.split_whitespace()));
        assert!(read.is_ok(), "{command}: {read:?}");
        // What needs a kernel's tree, or several machines, is only read.
        if line.contains("--tree") || line.contains("--shard") || line.starts_with("merge") {
            continue;
        }
        ran += 1;
        let output = run_with_cache(line, cache.path());
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(!file.is_empty() && !output.stdout.is_empty(), "{command}");
    }
    assert!(ran >= 3);
}

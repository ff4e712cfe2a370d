//! `shortcopy explain` knows every word that results use.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::toy::Shared;
use cli::arguments::Arguments;
use cli::{Output, Searcher};
use scenario::{Subject, parts};

fn explained(words: &[&str]) -> Result<String, String> {
    let line = ["shortcopy", "explain"].iter().chain(words).copied();
    let arguments = Arguments::read(line).expect("a command line");
    let shared = Shared::default();
    let mut out = Output::plain(shared.clone());
    let done = cli::run(&models::paths(), &arguments, &Searcher::default(), &mut out);
    done.map(|_| shared.text()).map_err(|why| why.to_string())
}

/// What all scenarios are called, and all that take part in them.
struct Names {
    scenarios: BTreeSet<String>,
    actors: BTreeSet<String>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = Names { scenarios: BTreeSet::new(), actors: BTreeSet::new() };
        let paths = models::paths();
        let cases = paths.iter().flat_map(|path| &path.variants).flat_map(|variant| &variant.cases);
        for scenario in cases.map(|case| (case.build)()) {
            let taking_part = scenario.actors.iter().chain(&scenario.views);
            names.actors.extend(taking_part.map(|actor| actor.name.to_owned()));
            names.scenarios.insert(scenario.name);
        }
        names
    })
}

#[test]
fn every_part_of_a_scenarios_name_is_known() {
    let glossary = models::glossary();
    let all = &names().scenarios;
    assert!(all.len() > 200);
    let unknown = |name: &String| {
        let unknown: Vec<_> = parts(&glossary, name).into_iter().filter_map(Result::err).collect();
        (!unknown.is_empty()).then(|| format!("{name}: {unknown:?}"))
    };
    let unknown: Vec<String> = all.iter().filter_map(unknown).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    let used: BTreeSet<&str> = all
        .iter()
        .flat_map(|name| parts(&glossary, name))
        .map(|part| part.expect("known").word.as_str())
        .collect();
    let names = glossary.iter().filter(|entry| entry.subject == Subject::ScenarioNames);
    let idle: Vec<&str> =
        names.map(|entry| entry.word.as_str()).filter(|word| !used.contains(word)).collect();
    assert!(idle.is_empty(), "no scenario's name has {idle:?}");
}

#[test]
fn every_actor_is_known() {
    let actors = &names().actors;
    let glossary = models::glossary();
    let known: BTreeSet<String> =
        glossary.iter().filter(|e| e.subject == Subject::Actors).map(|e| e.word.clone()).collect();
    assert_eq!(known, *actors);
}

fn snapshots(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            snapshots(&path, all);
        } else if path.extension().is_some_and(|e| e == "snap") {
            all.push(path);
        }
    }
}

#[test]
fn every_recorded_ending_and_property_is_known() {
    let mut files = Vec::new();
    snapshots(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots"), &mut files);
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("text")).collect();
    let after = |word: &str| -> BTreeSet<String> {
        let lines = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix(word));
        lines.map(|rest| rest.trim().to_owned()).collect()
    };
    let endings = after("ending ");
    let properties: BTreeSet<String> = after("#")
        .iter()
        .filter_map(|text| Some(text.split_once(' ')?.1.trim().split([':', ' ', ',']).next()?.to_owned()))
        .collect();
    assert!(endings.len() > 10 && properties.len() > 10, "{endings:?} {properties:?}");
    let words: Vec<&str> = endings.iter().chain(&properties).map(String::as_str).collect();
    if let Err(why) = explained(&words) {
        panic!("{why}");
    }
}

#[test]
fn a_property_an_ending_and_a_scenario() {
    insta::assert_snapshot!(explained(&["stale-read"]).expect("known"));
    insta::assert_snapshot!(explained(&["F>n"]).expect("known"));
    insta::assert_snapshot!(explained(&["extending-unmapped-then-truncate-up-2-pages"]).expect("known"));
    let target = explained(&["ext4/journalled@v6.14:extending-unmapped-then-truncate-up-2-pages"]);
    assert_eq!(target, explained(&["extending-unmapped-then-truncate-up-2-pages"]));
}

#[test]
fn what_nothing_uses_is_an_error_that_names_what_is_near() {
    insta::assert_snapshot!(explained(&["stale-reed"]).expect_err("unknown"), @"there is no word `stale-reed`; did you mean `stale-read`, `stale-uptodate`, `stale-on-disk`, `self-mapped`?");
}

#[test]
fn options_may_stand_behind_words() {
    let narrow = explained(&["stale-read", "-EFAULT", "--width", "40"]).expect("known");
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    // No line is broken twice.
    let short = narrow.lines().zip(narrow.lines().skip(1)).filter(|(line, next)| {
        let first = next.split_whitespace().next().unwrap_or_default();
        next.starts_with("    ") && line.chars().count() + 1 + first.chars().count() <= 40
    });
    assert_eq!(short.count(), 0, "{narrow}");
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    let plain = explained(&["stale-read", "-EFAULT"]).expect("known");
    assert!(letters(&narrow) == letters(&plain) && plain.contains("-EFAULT"), "{plain}");
    assert!(explained(&["-EFALT"]).expect_err("unknown").contains("`-EFALT`; did you mean `-EFAULT`"));
}

#[test]
fn no_line_is_too_long() {
    let text = explained(&[]).expect("everything");
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

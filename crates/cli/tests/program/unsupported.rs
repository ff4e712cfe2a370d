//! What is said where a model comes to what is not modelled, and where it assumes something.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::toy::{scenario, shortcopy_of};
use clap::Parser;
use cli::arguments::Arguments;
use cli::cache::{Cache, Texts};
use cli::{Searcher, Status};
use machine::{Action, Label, Machine, Step, Unsupported, unsupported};
use scenario::{Actor, Assumption, Case, Scenario, Tier, Variant, WritePath};

/// A write that assumes something, and in one of three ways comes to what is not modelled.
fn lacking(name: &str, unmaps: bool) -> Scenario {
    let scenario = scenario(name, false, unmaps);
    let body = scenario.actors[0].body.clone();
    let assumed = Arc::new(AtomicBool::new(false));
    let tells = assumed.clone();
    let write = Actor::new("write", move |m: &dyn Machine| {
        let way = m.perform(Step::new(Action::Choose { of: 3 }, Label::new("kmalloc", &[])));
        assumed.store(true, Ordering::Relaxed);
        if way == 2 {
            unsupported(Unsupported {
                file: "fs/toy.c".to_owned(),
                line: 1155,
                function: "toy_write_begin".to_owned(),
                what: "toy_forced_shutdown() is not modelled".to_owned(),
                hint: "add it to models/tables/toy.rs".to_owned(),
            });
        }
        body.run(m)
    });
    let mut actors = scenario.actors.clone();
    actors[0] = write;
    let assumption = || Assumption {
        name: "toy_has_inline_data()".to_owned(),
        value: "0".to_owned(),
        reason: "no inline data".to_owned(),
        table: "models/tables/toy.rs".to_owned(),
    };
    let told = move || tells.load(Ordering::Relaxed).then(assumption).into_iter().collect();
    Scenario { actors, assumptions: Some(Arc::new(told)), ..scenario }
}

fn catalog() -> Vec<WritePath> {
    let case = |name: &'static str, unmaps| Case {
        name: name.to_owned(),
        tier: Tier::Default,
        build: Arc::new(move || lacking(name, unmaps)),
    };
    let variant = |name: &str| Variant {
        name: name.to_owned(),
        sentence: "a part of it".to_owned(),
        origin: None,
        stands: None,
        cases: [case("alone", false), case("unmapped", true)].into_iter().collect(),
    };
    vec![WritePath {
        name: "toy/write".to_owned(),
        sentence: "a write of three units".to_owned(),
        leaves_out: "nearly everything".to_owned(),
        variants: vec![variant("v1"), variant("v2")],
    }]
}

fn says(arguments: &[&str]) -> String {
    let (status, text) = shortcopy_of(&catalog(), arguments);
    format!("{text}-- {:?}", status.expect("no error"))
}

#[test]
fn a_part_is_never_green_and_says_what_is_missing() {
    insta::assert_snapshot!(says(&["check", "toy/write@v1:alone", "--snapshots", "."]), @r"
    toy/write@v1: a part of it
      alone  unsupported, not recorded
             not modelled: fs/toy.c:1155: toy_forced_shutdown() is not modelled (in toy_write_begin)
        ending  nothing, page clean
        ending  whole, page dirty

    1 scenario, 23 states: 1 unsupported

    assumed: the verdicts hold where this is true
      toy_has_inline_data() = 0: no inline data (models/tables/toy.rs)

    not modelled: executions end here, and nobody knows how they go on
      fs/toy.c:1155: toy_forced_shutdown() is not modelled (in toy_write_begin)
        add it to models/tables/toy.rs
    compared with the snapshots in .
    to record what is not: SHORTCOPY_ONLY=toy/write@v1 INSTA_UPDATE=always cargo test --test snapshots
    -- Unknown
    ");
}

#[test]
fn what_is_found_is_told_beside_what_is_missing() {
    let text = says(&["check", "--snapshots", "."]);
    for line in [
        "  unmapped  violated, not recorded: stale-dirty (3)",
        "4 scenarios, 142 states: 2 violated, 2 unsupported; 2 not as recorded",
        "  toy_has_inline_data() = 0: no inline data (models/tables/toy.rs) [4 of 4]",
        "  fs/toy.c:1155: toy_forced_shutdown() is not modelled (in toy_write_begin) [4 of 4]",
        "-- Different",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
}

#[test]
fn programs_are_told_too() {
    let (status, text) = shortcopy_of(&catalog(), &["check", "toy/write@v1:alone", "--format", "json"]);
    assert_eq!(status.expect("no error"), Status::Unknown);
    let line: serde_json::Value = serde_json::from_str(&text).expect("a line of JSON");
    assert_eq!((&line["verdict"], &line["coverage"]), (&"unsupported".into(), &"pruned".into()));
    let missing = serde_json::json!([{
        "file": "fs/toy.c",
        "line": 1155,
        "function": "toy_write_begin",
        "what": "toy_forced_shutdown() is not modelled",
        "hint": "add it to models/tables/toy.rs",
    }]);
    assert_eq!(line["unsupported"], missing);
    let assumed = serde_json::json!([{
        "name": "toy_has_inline_data()",
        "value": "0",
        "reason": "no inline data",
        "table": "models/tables/toy.rs",
    }]);
    assert_eq!(line["assumptions"], assumed);
}

#[test]
fn a_table_marks_what_was_searched_in_part() {
    let text = says(&["matrix"]);
    assert!(text.contains("it reaches what is not modelled") && text.ends_with("-- Unknown"), "{text}");
    // What no search has broken is not told as kept.
    assert!(!text.contains("nowhere broken"), "{text}");
}

#[test]
fn variants_that_were_searched_in_part_are_compared_in_part() {
    let text = says(&["diff", "toy/write@v1", "toy/write@v2", "--search"]);
    assert!(text.contains("a search was cut") && text.ends_with("-- Unknown"), "{text}");
}

#[test]
fn no_word_is_told_as_not_needed_where_a_part_was_searched() {
    let (status, text) = shortcopy_of(&catalog(), &["why", "toy/write@v1"]);
    assert!(!text.contains("not needed"), "{text}");
    assert_eq!(status.expect("no error"), Status::Unknown, "{text}");
}

#[test]
fn nothing_of_it_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = blake3::hash(b"engine");
    let cache = Cache::of(folder.path(), 1 << 20, engine, Texts::new("toy", &[])).expect("a cache");
    let searcher = Searcher { cache: Some(Arc::new(cache)), ..Searcher::default() };
    for _ in 0..2 {
        let arguments = Arguments::parse_from(["shortcopy", "check", "toy/write@v1:alone"]);
        let shared = crate::toy::Shared::default();
        let mut out = cli::Output::plain(shared.clone());
        let status = cli::run(&catalog(), &arguments, &searcher, &mut out).expect("no error");
        assert_eq!(status, Status::Unknown);
        assert!(!shared.text().contains("kept from earlier"), "{}", shared.text());
    }
}

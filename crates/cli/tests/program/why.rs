//! `shortcopy why`: on a small write path with words of every sort, and on a real one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use cli::arguments::Arguments;
use cli::{Output, Searcher, Status};
use machine::{Action, Label, Layout, Machine, Order, Peek, Place, Step, Word, bug_on, call, show_number};
use scenario::{Actor, Case, Check, Initial, Kind, Property, Scenario, Tier, Variant, WritePath};
use serde_json::Value;

const LOCK: Place = Place(0);
const PAGE: Place = Place(1);
const DIRTY: Place = Place(2);
const MAPPED: Place = Place(3);

fn label(name: &'static str) -> Label {
    Label::new(name, &[])
}

#[track_caller]
fn step(m: &dyn Machine, action: Action, name: &'static str) -> Word {
    m.perform(Step::new(action, label(name)))
}

#[track_caller]
fn set(m: &dyn Machine, at: Place, name: &'static str) {
    step(m, Action::Store { at, value: 1, order: Order::Relaxed }, name);
}

fn write(m: &dyn Machine) -> Word {
    call(m, label("write_begin"), || {
        step(m, Action::Await { at: LOCK, mask: 1, clear: 0, set: 1, order: Order::Acquire }, "lock_page");
        if step(m, Action::Load { at: MAPPED, mask: 1, order: Order::Relaxed }, "buffer_mapped") == 0 {
            set(m, MAPPED, "map_bh");
        }
    });
    call(m, label("write_end"), || {
        set(m, PAGE, "copy");
        set(m, DIRTY, "set_page_dirty");
        set(m, DIRTY, "set_page_dirty_again");
        step(m, Action::Change { at: LOCK, clear: 1, set: 0, mask: 0, order: Order::Release }, "unlock_page");
    });
    1
}

/// Takes the page with its dirtiness, under its lock.
fn writeback(m: &dyn Machine) -> Word {
    step(m, Action::Await { at: LOCK, mask: 1, clear: 0, set: 1, order: Order::Acquire }, "lock_page");
    let dirty = step(m, Action::Load { at: DIRTY, mask: 1, order: Order::Relaxed }, "look");
    let page = step(m, Action::Load { at: PAGE, mask: 1, order: Order::Relaxed }, "look");
    step(m, Action::Change { at: LOCK, clear: 1, set: 0, mask: 0, order: Order::Release }, "unlock_page");
    Word::from(dirty != page)
}

fn scenario(name: &str, with: bool) -> Scenario {
    let mut layout = Layout::new();
    layout.array(4, 1, show_number, |i| format!("cell {i}"));
    let lost = |s: &dyn Peek| [PAGE, DIRTY, MAPPED].iter().any(|&at| s.peek(at) == 0);
    let property = |id, check| Property {
        id,
        sentence: "",
        source: "",
        effect: "",
        kind: Kind::Finally,
        promised: true,
        check,
    };
    let mut actors = vec![Actor::new("write", write)];
    if with {
        actors.push(Actor::new("writeback", writeback));
    }
    Scenario {
        name: name.to_owned(),
        sentence: String::new(),
        initial: vec![Initial { name: "clean".to_owned(), cells: vec![0; layout.len()] }],
        layout,
        actors,
        views: Vec::new(),
        properties: vec![
            property(
                "lost",
                Check::Final(Arc::new(move |memory, _, broken| {
                    if lost(memory) {
                        broken(label("page"));
                    }
                })),
            ),
            property(
                "half",
                Check::Final(Arc::new(|_, returned, broken| {
                    if returned.get(1) == Some(&1) {
                        broken(label("page"));
                    }
                })),
            ),
        ],
        reachable: Vec::new(),
        ending: None,
        killed: None,
        final_state: None,
        facts: None,
        grounds: None,
        assumptions: None,
        picture: Arc::new(|_| String::new()),
    }
}

fn catalog() -> Vec<WritePath> {
    let case = |name: &'static str, with| Case {
        name: name.to_owned(),
        tier: Tier::Default,
        build: Arc::new(move || scenario(name, with)),
    };
    let cases = [case("with-writeback", true), case("alone", false)].into_iter().collect();
    let variant =
        Variant { name: "v1".to_owned(), sentence: String::new(), origin: None, stands: None, cases };
    vec![WritePath {
        name: "small/write".to_owned(),
        sentence: String::new(),
        leaves_out: String::new(),
        variants: vec![variant],
    }]
}

fn why(catalog: &[WritePath], arguments: &[&str], interrupted: bool) -> (Status, String) {
    let arguments = Arguments::parse_from(["shortcopy", "why"].iter().chain(arguments));
    let shared = crate::toy::Shared::default();
    let mut out = Output::plain(shared.clone());
    let searcher = Searcher { interrupt: Arc::new(AtomicBool::new(interrupted)), ..Searcher::default() };
    let status = cli::run(catalog, &arguments, &searcher, &mut out).expect("it can be searched");
    drop(out);
    (status, shared.text())
}

/// Without the lines of this file.
fn unnumbered(text: &str) -> String {
    let digits = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_digit());
    let lines = text.lines().map(|line| {
        let line = line.split_once("why.rs:").map_or(line.to_owned(), |(file, rest)| {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{file}why.rs:_{rest}")
        });
        match line.split_whitespace().next() {
            Some(number) if digits(number) && line.starts_with("   ") => line.replacen(number, "__", 1),
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_word_is_listed_with_what_breaks() {
    let (status, text) = why(&catalog(), &["small"], false);
    assert_eq!(status, Status::Different, "a word is there without a reason");
    insta::assert_snapshot!(unnumbered(&text), @r"
    small/write@v1

    crates/cli/tests/program/why.rs
      write_begin
         __  lock_page             not taken  half: page  [with-writeback, 11 steps]
         __  buffer_mapped         always 0   -  [it answers nothing else]
         __  buffer_mapped         always 1   lost: page  [alone, 6 steps]
         __  map_bh                left out   lost: page  [alone, 7 steps]
      write_end
         __  copy                  left out   lost: page  [alone, 7 steps]
         __  set_page_dirty        left out   -  [2 scenarios]
         __  set_page_dirty_again  left out   -  [2 scenarios]

    no scenario needs it
      crates/cli/tests/program/why.rs:_  buffer_mapped, always 0: it answers nothing else (see `check --coverage`)
      crates/cli/tests/program/why.rs:_  set_page_dirty, left out: NO REASON IS WRITTEN
      crates/cli/tests/program/why.rs:_  set_page_dirty_again, left out: NO REASON IS WRITTEN

    6 words in 2 scenarios, 7 removals: 4 break a rule, 0 only change how a write ends, 2 no scenario needs, 1 give the only answer there is
    given back with what was taken: 1 word; left to loom: 0 memory barriers
    ");
}

#[test]
fn the_threads_change_nothing() {
    let one = why(&catalog(), &["small", "--threads", "1"], false);
    assert_eq!(one, why(&catalog(), &["small", "--threads", "3"], false));
}

#[test]
fn a_search_that_is_cut_is_unknown_and_never_needless() {
    let (status, text) = why(&catalog(), &["small:with-writeback", "--states-max", "3"], false);
    assert_eq!(status, Status::Unknown, "{text}");
    assert!(text.contains("unknown; cut in with-writeback"), "{text}");
    assert!(!text.contains("no scenario needs it"), "{text}");
}

/// The words are those that are passed while it is searched: a search that was cut has not seen them all.
#[test]
fn a_list_that_is_not_whole_says_so() {
    let target = "simple/ramfs@v6.18:within-invalid";
    for (bound, said) in [
        ("--states-max=1", "states"),
        ("--states-max=30", "states"),
        ("--time-max=0", "time"),
        ("--memory-max=0", "memory"),
    ] {
        let (status, text) = why(&models::paths(), &[target, bound], false);
        assert_eq!(status, Status::Unknown, "{bound}: {text}");
        assert!(text.contains("\nat least "), "{bound}: {text}");
        assert!(text.contains("1 search was cut: there may be more words"), "{bound}: {text}");
        assert!(text.contains(&format!("{target}: cut by the bound on {said}")), "{bound}: {text}");
        let (status, text) = why(&models::paths(), &[target, bound, "--format", "json"], false);
        assert_eq!(status, Status::Unknown, "{bound}: {text}");
        let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
        let cut = serde_json::json!([{ "target": target, "bound": said }]);
        assert_eq!(last["searches_cut"], cut, "{bound}: {text}");
    }
    let (_, text) = why(&models::paths(), &[target], false);
    assert!(!text.contains("at least") && !text.contains("cut"), "{text}");
}

/// Without the lock, two writers have many times the states: they are looked at all the same.
#[test]
fn a_removal_that_adds_many_states_is_searched_to_the_end() {
    let (_, text) = why(&models::paths(), &["nfs/write@v6.18:within-absent-with-second-writer"], false);
    assert!(text.contains("inode_lock") && !text.contains("unknown"), "{text}");
}

#[test]
fn where_no_writer_passes_a_word_there_is_nothing_to_tell() {
    let target = "simple/ramfs@v6.18:no-writer-reader-and-truncate";
    let arguments = Arguments::parse_from(["shortcopy", "why", target]);
    let mut out = Output::plain(crate::toy::Shared::default());
    let said = cli::run(&models::paths(), &arguments, &Searcher::default(), &mut out);
    let said = said.map_err(|error| error.to_string());
    assert!(said.as_ref().is_err_and(|why| why.contains("no writer") && why.contains(target)), "{said:?}");
}

#[test]
fn what_is_interrupted_is_unknown() {
    let (status, text) = why(&catalog(), &["small"], true);
    assert_eq!(status, Status::Unknown);
    insta::assert_snapshot!(text, @r"

    2 searches were cut: nothing is told of the words there
      small/write@v1:with-writeback: cut by the user
      small/write@v1:alone: cut by the user
    ");
}

/// Finds room for what it is told, and asserts that it is.
fn measure(m: &dyn Machine) -> Word {
    call(m, label("write_end"), || {
        for (at, room) in [(PAGE, 1), (DIRTY, 3)] {
            let length = step(m, Action::Load { at, mask: 3, order: Order::Relaxed }, "length");
            let _ = &[0; 3][..room][length as usize..];
        }
        let mapped = step(m, Action::Load { at: MAPPED, mask: 1, order: Order::Relaxed }, "buffer_mapped");
        bug_on(mapped == 0, "BUG_ON(!buffer_mapped)");
    });
    1
}

/// A constant answer that makes no sense breaks the model, and no rule of the kernel.
#[test]
fn a_panic_of_rust_is_no_rule_that_breaks() {
    let mut catalog = catalog();
    let build = || {
        let mut scenario = scenario("alone", false);
        let mut layout = Layout::new();
        layout.array(4, 2, show_number, |i| format!("cell {i}"));
        scenario.layout = layout;
        scenario.initial[0].cells = vec![0, 1, 3, 1];
        scenario.actors = vec![Actor::new("write", measure)];
        scenario
    };
    let case = Case { name: "alone".to_owned(), tier: Tier::Default, build: Arc::new(build) };
    catalog[0].variants[0].cases = [case].into_iter().collect();
    let (status, text) = why(&catalog, &["small"], false);
    assert_eq!(status, Status::Different, "to be given 1 always would do");
    insta::assert_snapshot!(unnumbered(&text), @r"
    small/write@v1

    crates/cli/tests/program/why.rs
      write_end
        __  length         always 1  -  [1 scenario]
        __  length         always 3  the model can't take it: `write` panicked: range start index 3 out of range for slice of length 1 (an assertion of the modelled code is `machine::bug_on`)  [alone]
        __  buffer_mapped  always 0  kernel-bug: BUG_ON(!buffer_mapped)  [alone, 3 steps]
        __  buffer_mapped  always 1  -  [it answers nothing else]

    no scenario needs it
      crates/cli/tests/program/why.rs:_  length, always 1: NO REASON IS WRITTEN
      crates/cli/tests/program/why.rs:_  buffer_mapped, always 1: it answers nothing else (see `check --coverage`)

    2 words in 1 scenario, 4 removals: 1 break a rule, 0 only change how a write ends, 1 no scenario needs, 1 give the only answer there is, 1 the model can't take
    given back with what was taken: 0 words; left to loom: 0 memory barriers
    ");
}

/// The paths whose newest variant is looked at in every run of the tests.
const QUICK: [&str; 2] = ["simple/ramfs", "simple/tmpfs"];

/// Every word of the newest variants is needed by some scenario, or says why it is there. `WHY=ext4/journalled` looks
/// at that path, `WHY=all` at all of them (half an hour).
#[test]
fn every_word_is_needed_or_says_why_it_is_there() {
    let catalog = models::paths();
    let asked = std::env::var("WHY").ok();
    let is_asked = |name: &str| match asked.as_deref() {
        Some("all") => true,
        Some(one) => one.split(',').any(|one| one == name),
        None => QUICK.contains(&name),
    };
    let targets: Vec<String> = catalog
        .iter()
        .filter(|path| is_asked(&path.name))
        .filter_map(|path| Some(format!("{}@{}", path.name, path.variants.last()?.name)))
        .collect();
    assert!(!targets.is_empty(), "{asked:?} names no write path");
    for target in targets {
        let (status, text) = why(&catalog, &[&target], false);
        let unexplained = text.lines().filter(|line| line.contains("NO REASON IS WRITTEN"));
        let unexplained: Vec<&str> = unexplained.collect();
        assert!(unexplained.is_empty(), "{target}:\n{}", unexplained.join("\n"));
        assert_eq!(status, Status::AsRecorded, "{target}:\n{text}");
    }
}

#[test]
fn a_real_write_path() {
    let scenarios = ["within-resident", "beyond-invalid"].map(|name| format!("ext4/journalled@v4.2:{name}"));
    let arguments = [&scenarios[0], &scenarios[1], "--format", "json"];
    let (_, text) = why(&models::paths(), &arguments, false);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |word: &str, function: &str, removal: &str| {
        let is = |line: &&Value| {
            line["word"] == word && line["functions"][0] == function && line["removal"] == removal
        };
        let found: Vec<&Value> = lines.iter().filter(is).collect();
        assert!(!found.is_empty(), "{word} in {function}, {removal}");
        found[0].clone()
    };
    // What a new block has around the write is somebody else's.
    let zeroing = of("folio_zero_segment", "prepare_buffer", "left out");
    assert_eq!((&zeroing["answer"], &zeroing["property"]), (&"breaks".into(), &"stale-uptodate".into()));
    assert_eq!(zeroing["scenario"], "within-resident");
    assert!(zeroing["steps"].as_u64().is_some_and(|steps| steps > 10), "{zeroing}");
    // The journal must know of what is written.
    let journal = of("jbd2_journal_dirty_metadata", "write_end_fn", "left out");
    assert_eq!(journal["answer"], "breaks");
    // With nobody beside the writer nobody waits for its lock.
    assert_eq!(of("inode_lock", "write(2)", "not taken")["answer"], "not-needed");
    assert_eq!(of("folio_lock", "grab_cache_page_write_begin", "not taken")["answer"], "not-needed");
}

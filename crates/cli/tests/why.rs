//! `shortcopy why`: on a small write path with words of every sort, and on a real one.

mod toy;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use cli::arguments::Arguments;
use cli::{Output, Searcher, Status};
use machine::{Action, Label, Layout, Machine, Order, Peek, Place, Step, Word, call, show_number};
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
    let property =
        |id, check| Property { id, sentence: "", source: "", kind: Kind::Finally, promised: true, check };
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
        grounds: None,
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
    let variant = Variant { name: "v1".to_owned(), sentence: String::new(), origin: None, cases };
    vec![WritePath {
        name: "small/write".to_owned(),
        sentence: String::new(),
        leaves_out: String::new(),
        variants: vec![variant],
    }]
}

fn why(catalog: &[WritePath], arguments: &[&str], interrupted: bool) -> (Status, String) {
    let arguments = Arguments::parse_from(["shortcopy", "why"].iter().chain(arguments));
    let shared = toy::Shared::default();
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

    crates/cli/tests/why.rs
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
      crates/cli/tests/why.rs:_  buffer_mapped, always 0: it answers nothing else (see `check --coverage`)
      crates/cli/tests/why.rs:_  set_page_dirty, left out: NO REASON IS WRITTEN
      crates/cli/tests/why.rs:_  set_page_dirty_again, left out: NO REASON IS WRITTEN

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
    assert!(text.contains("unknown: cut in with-writeback"), "{text}");
    assert!(!text.contains("no scenario needs it"), "{text}");
}

#[test]
fn what_is_interrupted_is_unknown() {
    let (status, text) = why(&catalog(), &["small"], true);
    assert_eq!((status, text.as_str()), (Status::Unknown, ""), "it is not even begun");
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

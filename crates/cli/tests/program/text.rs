//! What people read, on a small catalogue of our own.

use std::sync::Arc;

use crate::toy::shortcopy;
use clap::Parser;
use cli::arguments::Arguments;
use cli::{Output, Searcher, Status};

fn says(arguments: &[&str]) -> String {
    let (status, text) = shortcopy(arguments);
    format!("{text}-- {:?}", status.expect("no error"))
}

#[test]
fn list() {
    insta::assert_snapshot!(says(&["list"]), @r"
    toy/write  a write of three units
               2 variants, v1 to v2; 2 scenarios, 3 with --all

    more: shortcopy list toy/write, shortcopy list 'toy/write:*'
    -- AsRecorded
    ");
    insta::assert_snapshot!(says(&["list", "toy"]), @r"
    toy/write: a write of three units
    left out: nearly everything

    variants
      v1  as it was
      v2  tries again after a short copy

    3 scenarios, of which 2 are searched by default: shortcopy list 'toy/write:*' names them
    -- AsRecorded
    ");
    insta::assert_snapshot!(says(&["list", "toy:*"]), @r"
    toy/write: a write of three units
    left out: nearly everything

    variants
      v1  as it was
      v2  tries again after a short copy

    scenarios
      alone     a write whose source may go
      unmapped  a write whose source may go
      large     a write whose source may go (with --all)
    -- AsRecorded
    ");
    insta::assert_snapshot!(says(&["list", "--properties"]), @r"
    deadlock     an actor that is no daemon can never move again
    empty        what the scenario is about never happens in it
    kernel-bug   the modelled code's own BUG_ON, WARN_ON or assertion fires
    left-over    a failed write leaves something
    livelock     a fair cycle, without an adversary's help, in which an actor that is no daemon never returns
    stale-dirty  a dirty page holds what was in the frame before
    unkillable   with a fatal signal pending the writer does not return, though one evictor runs for ever
    -- AsRecorded
    ");
}

#[test]
fn a_line_per_scenario_of_many_variants() {
    insta::assert_snapshot!(says(&["check", "--snapshots", "."]), @r"
    toy/write@v1: as it was
      alone     holds
      unmapped  violated, not recorded: stale-dirty (3)

    toy/write@v2: tries again after a short copy
      alone     holds
      unmapped  holds, not recorded: left-over (not promised)

    What is new or wrong:
      + stale-dirty: unit(0), where nothing is recorded: toy/write@v1:unmapped
      + stale-dirty: unit(1), where nothing is recorded: toy/write@v1:unmapped
      + stale-dirty: unit(2), where nothing is recorded: toy/write@v1:unmapped

    4 scenarios, 72 states: 3 hold, 1 violated; 1 not as recorded
    compared with the snapshots in .
    to record what is not: SHORTCOPY_ONLY=toy/write@v1,toy/write@v2 INSTA_UPDATE=always cargo test --test snapshots
    -- Different
    ");
}

#[test]
fn a_quiet_check_tells_what_is_new_or_wrong_and_nothing_else() {
    insta::assert_snapshot!(says(&["check", "--quiet", "--snapshots", "."]), @r"
    What is new or wrong:
      + stale-dirty: unit(0), where nothing is recorded: toy/write@v1:unmapped
      + stale-dirty: unit(1), where nothing is recorded: toy/write@v1:unmapped
      + stale-dirty: unit(2), where nothing is recorded: toy/write@v1:unmapped

    4 scenarios, 72 states: 3 hold, 1 violated; 1 not as recorded
    -- Different
    ");
    assert_eq!(says(&["check", "--quiet", "toy/write@v2", "--snapshots", "."]), "-- AsRecorded");
    let cut = says(&["check", "--quiet", "toy/write@v2", "--states-max", "3", "--snapshots", "."]);
    assert!(
        cut.contains("\n  ? unknown, cut by the bound on states") && cut.ends_with("-- Unknown"),
        "{cut}"
    );
    assert_eq!(says(&["diff", "toy/write@v1", "toy/write@v1", "--search", "--quiet"]), "-- AsRecorded");
    insta::assert_snapshot!(says(&["diff", "toy/write@v1", "toy/write@v2", "--search", "--quiet"]));
}

#[test]
fn no_line_is_wider_than_what_was_asked_for() {
    for command in ["list", "explain", "diff toy/write@v1 toy/write@v2 --search"] {
        let words: Vec<&str> = command.split(' ').collect();
        let (plain, narrow) = (says(&words), says(&[&words[..], &["--width", "60"]].concat()));
        let wide = |text: &str| text.lines().filter(|line| line.chars().count() > 60).count();
        assert_eq!(wide(&narrow), 0, "{narrow}");
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        assert!(letters(&narrow) == letters(&plain), "nothing is lost: {narrow}");
    }
    for command in ["check", "matrix"] {
        let wide = |text: &str| text.lines().filter(|line| line.chars().count() > 60).count();
        let narrow = says(&[command, "--width", "60"]);
        assert_eq!(wide(&narrow), 0, "{narrow}");
        assert!(wide(&says(&[command])) > 0);
    }
}

#[test]
fn a_table_that_is_too_wide_goes_on_below_and_a_place_is_shortened() {
    let narrow = says(&["matrix", "--width", "30"]);
    let heads: Vec<&str> = narrow.lines().filter(|line| line.starts_with("| toy/write |")).collect();
    assert_eq!(heads[..2], ["| toy/write | left-over |", "| toy/write | stale-dirty |"], "{narrow}");
    let told = says(&["check", "toy/write@v1", "--snapshots", ".", "--width", "82"]);
    assert!(told.contains("  munmap  …") && told.contains("/toy/mod.rs:90\n"), "{told}");
}

#[test]
fn the_shortest_schedules_of_one_variant() {
    insta::assert_snapshot!(says(&["check", "toy/write@v1", "--snapshots", "."]), @r"
    toy/write@v1: as it was
      alone     holds
      unmapped  violated, not recorded: stale-dirty (3)

    The shortest way to break each property:

    scenario  unmapped: a write whose source may go
    property  stale-dirty: unit(0)
              a dirty page holds what was in the frame before
              the toy's own rule
    initial   source resident
    page      0 0 0
    dirty     1

          write                                           unmap it
          write(0, 3)                                             crates/cli/tests/program/toy/mod.rs:57
            retry                                                 crates/cli/tests/program/toy/mod.rs:58
       1      kmalloc = 0                                         crates/cli/tests/program/toy/mod.rs:29
       2      fault_in_readable = 1                               crates/cli/tests/program/toy/mod.rs:29
       3                                                  munmap  crates/cli/tests/program/toy/mod.rs:90
       4      copy_from_user_atomic(3) = 0                        crates/cli/tests/program/toy/mod.rs:37
       5      set_page_dirty                                      crates/cli/tests/program/toy/mod.rs:33
            retry = 0                                             crates/cli/tests/program/toy/mod.rs:58
          write = 0                                               crates/cli/tests/program/toy/mod.rs:57
          ^ stale-dirty: unit(0)

    What is new or wrong:
      + stale-dirty: unit(0), where nothing is recorded: toy/write@v1:unmapped
      + stale-dirty: unit(1), where nothing is recorded: toy/write@v1:unmapped
      + stale-dirty: unit(2), where nothing is recorded: toy/write@v1:unmapped

    2 scenarios, 36 states: 1 holds, 1 violated; 1 not as recorded
    compared with the snapshots in .
    to record what is not: SHORTCOPY_ONLY=toy/write@v1 INSTA_UPDATE=always cargo test --test snapshots
    -- Different
    ");
}

#[test]
fn matrix() {
    insta::assert_snapshot!(says(&["matrix"]), @r"
        | toy/write | left-over | stale-dirty |
        |-----------|----------:|------------:|
        | `v1`      |         . |          5+ |
        | `v2`      |      (6+) |           . |

        Looked at and nowhere broken in the part that was asked: `deadlock`, `empty`, `kernel-bug`, `livelock`, `unkillable`.

        A number is the length in steps of the shortest schedule that breaks the property in the scenarios that were asked;
        `+`: in none of them one actor is enough; `( )`: the file system does not promise it; `?`: a search was cut, and there
        may be something, or something shorter; `-`: nothing looks at it. Not broken, and all of what was asked was looked at:
        empty where every scenario but those of `--deep` was asked; `.` where the rest takes `--all`, but whoever can be beside
        the writer was, in some scenario; `part` where somebody never was, mostly because the variant is asked by default of the
        writer alone.

        | toy/write | unmapped   |
        |-----------|------------|
        | `v1`      | N Nd Sd Wd |
        | `v2`      | N Wd       |

        Besides: `N Wd` everywhere: alone.

        A cell holds every way in which a run of the scenario can end: `N` nothing, `S` short, `W` whole, `d` page dirty. Not said: page clean.
        `?`: the search was cut, there may be more; `-`: not asked; empty: no run comes to its end.
        -- AsRecorded
        ");
}

#[test]
fn the_endings_of_one_scenario() {
    insta::assert_snapshot!(says(&["check", "toy/write@v2:alone", "--snapshots", "."]), @r"
    toy/write@v2: tries again after a short copy
      alone  holds
        ending  nothing, page clean
        ending  whole, page dirty

    1 scenario, 11 states: 1 holds
    compared with the snapshots in .
    to record what is not: SHORTCOPY_ONLY=toy/write@v2 INSTA_UPDATE=always cargo test --test snapshots
    -- AsRecorded
    ");
}

#[test]
fn diff() {
    insta::assert_snapshot!(says(&["diff", "toy/write@v1", "toy/write@v2", "--search"]), @r"
        unmapped
          - ending: nothing, page dirty
          - ending: short, page dirty
          + left-over: returned(0) (not promised), 6 steps
          - stale-dirty: unit(0), 5 steps
          - stale-dirty: unit(1), 6 steps
          - stale-dirty: unit(2), 7 steps
        1 appear, 3 go, 0 stay
        of the endings, 0 appear, 2 go
        -- AsRecorded
        ");
}

#[test]
fn the_tier_that_takes_long_is_taken_when_it_is_asked_for() {
    let count = |arguments: &[&str]| says(arguments).matches("large").count();
    assert_eq!(count(&["check", "--snapshots", "."]), 0);
    assert_eq!(count(&["check", "--all", "--snapshots", "."]), 2);
    let named = says(&["check", "toy/write@v2:large", "--snapshots", "."]);
    assert!(named.contains("large"), "{named}");
}

#[test]
fn a_cut_search_is_unknown() {
    for command in [
        &["check", "toy/write@v2:alone", "--snapshots", "."][..],
        &["matrix", "toy"],
        &["diff", "toy/write@v1", "toy/write@v2", "--search"],
    ] {
        let arguments: Vec<&str> = command.iter().chain(&["--states-max", "2"]).copied().collect();
        let (status, text) = shortcopy(&arguments);
        assert_eq!(status.expect("no error"), Status::Unknown, "{text}");
        assert!(text.contains('?') || text.contains("cut"), "{text}");
    }
}

#[test]
fn a_broken_model_is_a_line_like_others() {
    let mut catalog = crate::toy::catalog();
    let variant = &mut catalog[0].variants[0];
    let build = |name: &'static str, broken| scenario::Case {
        build: Arc::new(move || {
            let mut scenario = crate::toy::scenario(name, false, false);
            if broken {
                scenario.initial.clear();
            }
            scenario
        }),
        ..variant.cases[0].clone()
    };
    variant.cases = [build("alone", false), build("alone", true)].into_iter().collect();
    let check = |format| {
        let arguments = ["shortcopy", "check", "toy/write@v1", "--snapshots", ".", "--format", format];
        let shared = crate::toy::Shared::default();
        let mut out = Output::plain(shared.clone());
        let status = cli::run(&catalog, &Arguments::parse_from(arguments), &Searcher::default(), &mut out);
        assert_eq!(status.expect("it can be searched"), Status::Wrong);
        drop(out);
        shared.text()
    };
    let json = check("json");
    let lines = json.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines = lines.collect::<Result<Vec<_>, _>>().expect("JSON, all of it");
    let said = lines.iter().map(|line| line["broken"].as_str()).collect::<Vec<_>>();
    assert!(matches!(said[..], [None, Some(why)] if why.contains("initial state")), "{said:?}");
    let of = ["schema", "path", "variant", "scenario"].map(|name| lines[1][name].as_str());
    assert_eq!(of, ["shortcopy/broken/1", "toy/write", "v1", "alone"].map(Some));
    assert!(check("text").contains("broken: toy/write@v1:alone"), "{}", check("text"));
}

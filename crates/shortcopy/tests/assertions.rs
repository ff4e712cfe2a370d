//! What an assertion says when it fails, and that an engine in a process of its own answers the right question.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use shortcopy::Order::{Acquire, Full, Relaxed, Release};
use shortcopy::{
    Answer, Bound, Bounds, Coverage, Engine, Layout, Machine, Order, Property, Scenario, Verdict, ask,
    ask_within, assert_holds, assert_not_violated, assert_violated, holds, not_violated, scope, violated,
};

/// Two increments of a counter, with a property of every state.
fn increments(atomic: bool) -> Scenario {
    let mut layout = Layout::new();
    let counter = layout.shared("counter", 2);
    let increment = move |m: &dyn Machine| {
        if atomic {
            counter.fetch_add(m, 1, Relaxed);
        } else {
            let value = counter.load(m, Relaxed);
            counter.store(m, value + 1, Relaxed);
        }
    };
    Scenario::new("increments", layout)
        .about("two increment a counter")
        .actor("a", increment)
        .actor("b", increment)
        .property(Property::always("large", "the counter is too large", move |state| {
            counter.value(state) < 3
        }))
        .property(Property::finally("lost-update", "an increment is lost", move |state, _| {
            counter.value(state) == 2
        }))
        .ending(move |state, _| format!("counter is {}", counter.value(state)))
}

/// Message passing, in scenarios of the same name.
fn message(store: Order, load: Order) -> Scenario {
    let mut layout = Layout::new();
    let (data, flag) = (layout.shared("data", 1), layout.shared("flag", 1));
    Scenario::new("message", layout)
        .actor("write", move |m| {
            data.store(m, 1, Relaxed);
            flag.store(m, 1, store);
        })
        .actor("read", move |m| flag.load(m, load) == 0 || data.load(m, Relaxed) == 1)
        .property(Property::finally("early", "the flag comes before the data", |_, returned| {
            returned[1] == 1
        }))
}

/// What an assertion that fails says.
fn said(assertion: impl FnOnce() -> Answer) -> String {
    let failed = catch_unwind(AssertUnwindSafe(assertion)).expect_err("it fails");
    *failed.downcast::<String>().expect("a message")
}

#[test]
fn a_failure_tells_the_schedule_at_the_lines_of_the_model() {
    let text = said(|| assert_holds!(increments(false)));
    let line = line_of("counter.store(m, value + 1");
    for part in [
        "`increments` does not hold\n\nincrements on explicit: violated\n  looked at everything, ",
        "endings\n  counter is 1\n  counter is 2\n",
        "scenario  increments: two increment a counter\nproperty  lost-update\n          an increment is lost\n",
        "initial   all zero\ncounter  1\n",
        &format!("counter.store(1)  crates/shortcopy/tests/assertions.rs:{line}\n"),
    ] {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
    let text = said(|| assert_violated!(increments(true), "lost-update"));
    assert!(text.starts_with(
        "`increments`: no violation of `lost-update` was found\n\nincrements on explicit: holds"
    ));
    let text = said(|| assert_violated!(increments(true), "lost-updates"));
    assert!(text.starts_with("`increments` has no property `lost-updates`; there are deadlock, "), "{text}");
}

/// The line of this file that has this text first.
fn line_of(text: &str) -> usize {
    1 + include_str!("assertions.rs").lines().position(|line| line.contains(text)).expect("a line")
}

#[test]
fn a_search_that_was_cut_or_blind_does_not_hold() {
    let few = Bounds { states_max: 1, ..Bounds::default() };
    let cut = ask_within(&increments(true), Engine::Explicit, &few);
    assert_eq!(
        (cut.verdict, cut.outcome.coverage),
        (Verdict::Unknown, Coverage::Cut { bound: Bound::States })
    );
    let text = said(|| holds(cut.clone()));
    assert!(text.contains("is not known to hold: the search was cut\n"), "{text}");
    assert!(text.contains("\n  cut by the bound on states: there may be more, "), "{text}");
    assert!(said(|| not_violated(cut.clone())).contains("the search was cut"));
    assert!(said(|| violated(cut, "lost-update")).contains("no violation of `lost-update` was found"));

    let blind = ask(&increments(true), Engine::Loom);
    let text = said(|| holds(blind.clone()));
    assert!(text.contains("this engine does not look at every property\n"), "{text}");
    assert!(text.contains("\n  did not look at large\n"), "{text}");
    not_violated(blind);

    let sampled = ask(&increments(true), Engine::SHUTTLE);
    assert!(said(|| holds(sampled)).contains("this engine only samples\n"));
    assert!(said(|| assert_not_violated!(increments(false), Engine::SHUTTLE)).contains("counter is 1\n"));
}

/// A broken model is told, by every engine.
#[test]
fn a_model_that_breaks_a_rule_is_no_pass() {
    let mut layout = Layout::new();
    let small = layout.shared("small", 1);
    let scenario = Scenario::new("too-wide", layout).actor("a", move |m| small.store(m, 2, Relaxed));
    for engine in [Engine::Explicit, Engine::Loom, Engine::LoomSequential, Engine::SHUTTLE] {
        let answer = ask(&scenario, engine);
        assert_eq!(answer.verdict, Verdict::Unsupported, "{engine}");
        let text = said(|| holds(answer));
        assert!(
            text.contains("the engine can't search it") && text.contains("cell `small`"),
            "{engine}: {text}"
        );
    }
}

/// Each question has its own answer, though scenarios and lines are the same.
#[test]
fn a_child_answers_the_question_that_it_is_there_for() {
    for (store, load, holds) in
        [(Release, Acquire, true), (Relaxed, Acquire, false), (Full, Full, true), (Release, Relaxed, false)]
    {
        let verdict = ask(&message(store, load), Engine::Loom).verdict;
        assert_eq!(verdict == Verdict::Holds, holds, "{store:?} {load:?}: {verdict:?}");
        assert_eq!(ask(&message(store, load), Engine::LoomSequential).verdict, Verdict::Holds);
    }
}

#[test]
fn a_thread_without_a_name_is_told_where_to_ask() {
    let asked = std::thread::spawn(|| ask(&message(Full, Full), Engine::Loom)).join().expect("an answer");
    assert_eq!(asked.verdict, Verdict::Unsupported);
    assert!(asked.outcome.remark.contains("on the thread of a test"), "{}", asked.outcome.remark);
}

/// Set where the next test is run to fail.
const FICKLE: &str = "SHORTCOPY_TEST_FICKLE";

/// Asks another question when it is run again.
#[test]
fn a_fickle_test() {
    if std::env::var_os(FICKLE).is_none() {
        return;
    }
    let orders = if std::env::var_os("SHORTCOPY_QUESTION").is_some() { Full } else { Relaxed };
    let scenario = Scenario { name: format!("{orders:?}"), ..message(orders, orders) };
    assert_holds!(scenario, Engine::Loom);
}

#[test]
fn a_test_that_is_not_the_same_again_fails() {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    let output =
        command.args(["--exact", "a_fickle_test", "--nocapture"]).env(FICKLE, "1").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("must do the same whenever it is run"), "{text}");
}

#[test]
fn a_question_without_an_actor_is_no_question() {
    let nobody = || Scenario::new("nobody", Layout::new());
    for text in [said(|| assert_holds!(nobody())), said(|| assert_not_violated!(nobody(), Engine::Explicit))]
    {
        assert_eq!(text, "`nobody` asks nothing: nobody takes a step; add `.actor(..)`");
    }
}

#[test]
fn of_actors_that_do_the_same_one_order_is_looked_at() {
    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
    const EACH: u64 = 11;
    let mut layout = Layout::new();
    let counter = layout.shared("counter", 6);
    let add_one = move |m: &dyn Machine| {
        scope(m, || {
            counter.fetch_add(m, 1, Relaxed);
        });
    };
    let add = move |m: &dyn Machine| (0..EACH).for_each(|_| add_one(m));
    let all = Property::finally("all", "something is not counted", move |state, _| {
        counter.value(state) == EACH * NAMES.len() as u64
    });
    let scenario = Scenario::new("count", layout).property(all);
    let states = |scenario: Scenario| assert_holds!(scenario).outcome.states;
    let apart = NAMES.iter().fold(scenario.clone(), |scenario, name| scenario.actor(name, add));
    // How many of them are how far; and how far each is.
    assert_eq!(states(scenario.actors(NAMES, add)), (12 * 13 * 14 * 15 * 16) / 120);
    assert_eq!(states(apart), 12_u64.pow(5));
}

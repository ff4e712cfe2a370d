//! Scenarios without a kernel word: what is left out, what is answered, and what stays as it was.
use std::sync::Arc;

use crate::common::{self, label};
use crate::words::{
    DATA, FLAGS, change, copy, load, lock, start_handle, stop_handle, store, trylock, unlock,
};
use checker::explicit::{Options, check};
use checker::necessity::{Change, KernelWord, Removal, Scope, Watched, Words, changed, watch, without};
use machine::{Action, Flow, Machine, Order, Peek, Step, Word, again, call, scope};
use scenario::{Actor, Check, Coverage, Initial, Kind, Outcome, Property, Scenario};

const SCOPE: Scope = Scope {
    is_writer: |name| name.starts_with("write"),
    defines_words: |file| file.ends_with("engines/words.rs"),
};

/// A scenario that is wrong where `wrong` says so at its end.
fn scenario(actors: Vec<Actor>, wrong: impl Fn(&dyn Peek) -> bool + Send + Sync + 'static) -> Scenario {
    let property = Property {
        id: "wrong",
        sentence: "the end is wrong",
        source: "this test",
        effect: "",
        kind: Kind::Finally,
        promised: true,
        check: Check::Final(Arc::new(move |memory, _, broken| {
            if wrong(memory) {
                broken(label("end"));
            }
        })),
    };
    Scenario { properties: vec![property], ..common::scenario(6, actors) }
}

fn searched(scenario: &Scenario) -> Outcome {
    let outcome = check(scenario, &Options::default()).unwrap();
    assert_eq!(outcome.coverage, Coverage::Exhausted);
    outcome
}

fn bad(outcome: &Outcome) -> Vec<String> {
    outcome.bad.iter().map(|b| format!("{}: {}", b.property, b.witness)).collect()
}

/// The words of a scenario, in which to watch changes nothing.
fn words_of(scenario: &Scenario) -> Words {
    let watched = Watched::default();
    let (plain, seen) = (searched(scenario), searched(&watch(scenario, SCOPE, &watched)));
    assert_eq!(bad(&plain), Vec::<String>::new(), "the toy is sane");
    assert_eq!((seen.bad, seen.states), (plain.bad, plain.states));
    Words::gather(&[watched])
}

fn find<'w>(words: &'w Words, name: &str) -> &'w KernelWord {
    let named: Vec<&KernelWord> = words.words.iter().filter(|w| w.site.word == name).collect();
    let [word] = named[..] else { panic!("{} words are called {name}", named.len()) };
    word
}

/// What each removal of a word is called, and what is found without it.
fn removed(scenario: &Scenario, name: &str) -> Vec<(String, Vec<String>)> {
    let words = words_of(scenario);
    let word = find(&words, name);
    let found = |removal| bad(&searched(&without(scenario, SCOPE, word.site, removal)));
    word.removals.iter().map(|&removal| (word.described(removal), found(removal))).collect()
}

/// As [`removed`], in short.
fn without_it(scenario: &Scenario, name: &str) -> Vec<String> {
    removed(scenario, name)
        .into_iter()
        .map(|(removal, found)| format!("{removal}: {}", found.join("; ")))
        .collect()
}

fn increment(m: &dyn Machine) {
    let value = load(m, DATA, Word::MAX, "read_counter");
    store(m, DATA, value + 1, "write_counter");
}

/// Locks in one function, unlocks when that has returned and is forgotten.
fn locked_increments() -> Scenario {
    let write = |owner: Word| {
        move |m: &dyn Machine| {
            call(m, label("write_begin"), || lock(m, owner));
            call(m, label("write"), || increment(m));
            call(m, label("write_end"), || unlock(m, owner));
            0
        }
    };
    scenario(vec![Actor::new("write 1", write(1)), Actor::new("write 2", write(2))], |s| s.peek(DATA) != 2)
}

#[test]
fn without_a_lock_its_unlock_goes_too_and_a_race_is_reachable() {
    let toy = locked_increments();
    assert_eq!(without_it(&toy, "lock"), ["not taken: wrong: end"]);
    let words = words_of(&toy);
    assert_eq!(words.give_back.iter().map(|site| site.word).collect::<Vec<_>>(), ["unlock"]);
    let names: Vec<&str> = words.words.iter().map(|w| w.site.word).collect();
    assert_eq!(names, ["read_counter", "write_counter", "lock"], "in the order of the source");
    assert_eq!(find(&words, "lock").functions, ["write_begin"]);
    assert_eq!(find(&words, "write_counter").functions, ["write"]);
}

#[test]
fn a_scope_is_no_word_and_hides_none() {
    let write = |owner: Word| {
        move |m: &dyn Machine| {
            scope(m, || {
                call(m, label("write_begin"), || scope(m, || lock(m, owner)));
                call(m, label("write"), || scope(m, || increment(m)));
            });
            call(m, label("write_end"), || unlock(m, owner));
            0
        }
    };
    let actors = vec![Actor::new("write 1", write(1)), Actor::new("write 2", write(2))];
    let scoped = scenario(actors, |s| s.peek(DATA) != 2);
    assert_eq!(without_it(&scoped, "lock"), without_it(&locked_increments(), "lock"));
    let [known, met] = [locked_increments(), scoped].map(|toy| {
        let words = words_of(&toy);
        let told = words.words.iter().map(|word| (word.site.word, word.functions.clone()));
        let told = told.collect::<Vec<_>>();
        (told, words.give_back.iter().map(|site| site.word).collect::<Vec<_>>())
    });
    assert_eq!(met, known);
}

#[test]
fn only_writers_do_without_a_word() {
    let other = |m: &dyn Machine| {
        call(m, label("other"), || {
            lock(m, 2);
            increment(m);
            unlock(m, 2);
        });
        0
    };
    let mut toy = locked_increments();
    toy.actors[1] = Actor::new("other", other);
    assert_eq!(without_it(&toy, "lock"), ["not taken: wrong: end"]);
    toy.actors[0] = Actor::new("other", other);
    toy.actors.push(Actor::new("write", |m| {
        call(m, label("write_begin"), || lock(m, 1));
        call(m, label("write_end"), || unlock(m, 1));
        0
    }));
    // Who does nothing under its lock needs none, and the others have theirs.
    assert_eq!(without_it(&toy, "lock"), ["not taken: "]);
}

#[test]
fn a_lock_that_is_only_tried_is_also_never_got() {
    let write = |owner: Word| {
        move |m: &dyn Machine| {
            call(m, label("write"), || {
                if trylock(m, owner) {
                    increment(m);
                    unlock(m, owner);
                } else {
                    change(m, FLAGS, 0, owner, 0, "set_busy");
                }
            });
            0
        }
    };
    let actors = vec![Actor::new("write 1", write(1)), Actor::new("write 2", write(2))];
    // Each increments or says that it did not; both are busy only if nobody had the lock.
    let toy =
        scenario(actors, |s| s.peek(DATA) + u64::from(s.peek(FLAGS).count_ones()) != 2 || s.peek(FLAGS) == 3);
    assert_eq!(without_it(&toy, "trylock"), ["not taken: wrong: end", "always 0: wrong: end"]);
}

/// A handle is taken in a word and given back in another; a commit waits for it.
fn handles() -> Scenario {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            let handle = start_handle(m, 0);
            store(m, DATA, 1, "set_first");
            store(m, FLAGS, Word::from(handle), "set_second");
            stop_handle(m, 0);
        });
        0
    };
    let commit = |m: &dyn Machine| {
        let begin = Action::Await {
            at: crate::words::HANDLES,
            mask: 0b11,
            clear: 0,
            set: 1 << 2,
            order: Order::Full,
        };
        m.perform(Step::new(begin, label("commit")));
        // Whoever started has finished: both or neither are there.
        let half = (load(m, DATA, 1, "look") == 1) != (load(m, FLAGS, 7, "look") == 7);
        change(m, crate::words::HANDLES, 1 << 2, 0, 0, "committed");
        if half {
            store(m, crate::words::LOCK, 3, "half");
        }
        0
    };
    let actors = vec![Actor::new("write", write), Actor::new("commit", commit)];
    scenario(actors, |s| s.peek(crate::words::LOCK) == 3 || s.peek(crate::words::HANDLES) != 1 << 3)
}

#[test]
fn a_lock_inside_of_a_word_is_left_out_and_nothing_else_of_it() {
    let toy = handles();
    // It still answers 7 and says that there is something to commit, and nobody misses the handle that is
    // given back.
    assert_eq!(without_it(&toy, "start_handle"), ["wait_for_commit in it not taken: wrong: end"]);
    assert_eq!(words_of(&toy).give_back.iter().map(|site| site.word).collect::<Vec<_>>(), ["stop_handle"]);
}

#[test]
fn a_flag_is_left_out() {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            change(m, FLAGS, 0, 1, 0, "set_uptodate");
            change(m, FLAGS, 2, 0, 0, "clear_new");
        });
        0
    };
    let toy = scenario(vec![Actor::new("write", write)], |s| s.peek(FLAGS) != 1);
    assert_eq!(without_it(&toy, "set_uptodate"), ["left out: wrong: end"]);
    // Nothing sets what it clears.
    assert_eq!(without_it(&toy, "clear_new"), ["left out: "]);
}

#[test]
fn a_check_is_answered_both_ways() {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            if load(m, FLAGS, 1, "test_mapped") == 0 {
                change(m, DATA, 0, 1, 0, "map");
            }
        });
        0
    };
    let mut toy = scenario(vec![Actor::new("write", write)], |s| s.peek(DATA) == s.peek(FLAGS));
    let mut cells = vec![0; toy.layout.len()];
    cells[FLAGS.index()] = 1;
    toy.initial.push(Initial { name: "mapped".to_owned(), cells });
    assert_eq!(without_it(&toy, "test_mapped"), ["always 0: wrong: end", "always 1: wrong: end"]);
    // Where it is never mapped, nobody misses the look that would say no.
    toy.initial.pop();
    assert_eq!(without_it(&toy, "test_mapped"), ["always 0: ", "always 1: wrong: end"]);
    let words = words_of(&toy);
    let site = find(&words, "test_mapped").site;
    let matters = |answer| words.matters(site, Removal::Answers(answer), 0);
    assert!(!matters(0), "it is no search needed");
    assert!(matters(1));
    assert!(!words.matters(site, Removal::Answers(1), 1), "there is no second scenario");
}

#[test]
fn a_word_with_steps_of_its_own_is_one() {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            let copied = copy(m, FLAGS, DATA);
            store(m, crate::words::LOCK, Word::from(copied), "tell");
        });
        0
    };
    let mut toy = scenario(vec![Actor::new("write", write)], |s| {
        s.peek(DATA) != s.peek(FLAGS) || s.peek(crate::words::LOCK) != s.peek(FLAGS)
    });
    for value in [2, 5, 3] {
        let mut cells = vec![0; toy.layout.len()];
        cells[FLAGS.index()] = value;
        toy.initial.push(Initial { name: value.to_string(), cells });
    }
    assert_eq!(without_it(&toy, "copy"), ["always 0: wrong: end", "always 5: wrong: end"]);
    let words = words_of(&toy);
    assert_eq!(words.words.iter().map(|w| w.site.word).collect::<Vec<_>>(), ["copy", "tell"]);
}

#[test]
fn a_loop_around_what_is_left_out_is_seen_to_go_round() {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            again(m, label("retry"), (), |()| {
                if load(m, FLAGS, 1, "test_done") != 0 { Flow::Done(()) } else { Flow::Again(()) }
            });
        });
        0
    };
    let finish = |m: &dyn Machine| {
        store(m, FLAGS, 1, "finish");
        0
    };
    let toy = scenario(vec![Actor::new("write", write), Actor::new("finish", finish)], |_| false);
    assert_eq!(without_it(&toy, "test_done"), ["always 0: livelock: write goes round", "always 1: "]);
}

#[test]
fn barriers_are_not_judged() {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            m.perform(Step::new(Action::Fence { order: Order::Release }, label("smp_wmb")));
            store(m, DATA, 1, "set");
        });
        0
    };
    let words = words_of(&scenario(vec![Actor::new("write", write)], |s| s.peek(DATA) != 1));
    assert_eq!(words.barriers.iter().map(|site| site.word).collect::<Vec<_>>(), ["smp_wmb"]);
    assert_eq!(words.words.len(), 1);
}

/// The source of every step is there, and what a removal does not touch stays as it was.
#[test]
fn without_a_word_of_another_scenario_everything_stays() {
    let (increments, handles) = (locked_increments(), handles());
    let words = words_of(&handles);
    let plain = searched(&increments);
    for word in &words.words {
        for &removal in &word.removals {
            let same = searched(&without(&increments, SCOPE, word.site, removal));
            assert_eq!((same.bad, same.states), (plain.bad.clone(), plain.states));
        }
    }
}

/// What is found with changes, and which of them nobody came to.
fn with(scenario: &Scenario, changes: &[Change]) -> (Vec<String>, Vec<String>) {
    let changed = changed(scenario, changes);
    let found = bad(&searched(&changed.scenario));
    (found, changed.not_met().map(|change| change.to_string()).collect())
}

fn strings<const N: usize>(all: [&str; N]) -> Vec<String> {
    all.map(str::to_owned).into()
}

#[test]
fn a_change_is_of_a_word_in_a_function_of_some_actors() {
    let toy = locked_increments();
    let one_more = |store| match store {
        Action::Store { at, value, order } => Action::Store { at, value: value + 1, order },
        other => other,
    };
    for change in [
        Change::left_out("write", "write_counter"),
        Change::left_out("write", "write_counter").of(&["write 2"]),
        Change::answers("write", "read_counter", 0),
        Change::becomes("write", "write_counter", one_more),
    ] {
        assert_eq!(with(&toy, &[change]), (strings(["wrong: end"]), strings([])), "{change}");
    }
    let nobodys = [
        Change::left_out("write", "write_cuonter"),
        Change::left_out("write_end", "write_counter"),
        Change::left_out("write", "write_counter").of(&["read"]),
        // It is not a step.
        Change::becomes("write", "write", one_more),
    ];
    let told = [
        "write_cuonter in write",
        "write_counter in write_end",
        "write_counter in write of read",
        "write in write",
    ];
    assert_eq!(with(&toy, &nobodys), (strings([]), strings(told)));
}

#[test]
fn a_function_that_is_left_out_is_not_entered() {
    let write = |m: &dyn Machine| {
        call(m, label("write"), || {
            let copied = copy(m, FLAGS, DATA);
            store(m, crate::words::LOCK, Word::from(copied), "tell");
        });
        0
    };
    let mut toy =
        scenario(vec![Actor::new("write", write)], |s| s.peek(DATA) != 2 || s.peek(crate::words::LOCK) != 2);
    toy.initial[0].cells[FLAGS.index()] = 2;
    let store = Change::left_out("retry", "store");
    let copy = Change::left_out("write", "copy");
    assert_eq!(with(&toy, &[store]), (strings(["wrong: end"]), strings([])));
    assert_eq!(with(&toy, &[copy, store]), (strings(["wrong: end"]), strings(["store in retry"])));
    // Nor is the loop in it, which answers what is copied.
    let retry = Change::answers("copy", "retry", 2);
    assert_eq!(with(&toy, &[retry]), (strings(["wrong: end"]), strings([])));
    let found = with(&toy, &[Change::becomes("write", "tell", |_| Action::Fence { order: Order::Full })]);
    assert_eq!(found, (strings(["wrong: end"]), strings([])));
}

//! Models and scenarios that break the rules are errors that name the rule and the place, in each engine that
//! can tell.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::faulty::lost_update;
use crate::common::{self, label, load, scenario, store};
use checker::explicit::{Error, Options, check};
use checker::{on_loom, on_shuttle};
use machine::{
    Action, Control, Field, Flow, Machine, Peek, Place, Small, Step, Word, again, bug, call, scope,
};
use scenario::{Actor, Check, Coverage, Initial, Kind, Scenario};

fn actor(body: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static) -> Scenario {
    let idle = Actor::new("idle", |m| load(m, Place(0)));
    scenario(3, vec![Actor::new("breaks", body), idle])
}

fn explicitly(scenario: &Scenario) -> Error {
    check(scenario, &Options::default()).expect_err("it breaks a rule")
}

fn control(m: &dyn Machine, control: Control) -> Word {
    m.perform(Step::new(Action::Control(control), label("frame")))
}

/// Every engine refuses it, with these words.
fn refused_by_all(scenario: &Scenario, words: &[&str]) {
    let shuttle = on_shuttle::Mode::Random { seed: 1, executions: 100 };
    let said = [
        ("explicit", explicitly(scenario).to_string()),
        ("loom", refusal(&on_loom::check(scenario, &on_loom::Options::default()))),
        ("shuttle", refusal(&on_shuttle::check(scenario, &on_shuttle::Options::new(shuttle)))),
    ];
    for (engine, said) in said {
        for word in words {
            assert!(said.contains(word), "{engine}: {said}");
        }
    }
}

fn refusal(outcome: &scenario::Outcome) -> String {
    assert_eq!(outcome.coverage, Coverage::Unsupported, "{:?} {}", outcome.bad, outcome.remark);
    outcome.remark.clone()
}

/// The line of a step that a model of this file takes.
fn here(line: u32) -> String {
    format!("{}:{line}", file!())
}

// Hidden state.

#[test]
fn a_cell_that_is_set_in_a_call_is_hidden_state() {
    let error = explicitly(&actor(|m| {
        let kept = Cell::new(0);
        call(m, label("f"), || {
            load(m, Place(0));
            kept.set(5);
        });
        load(m, Place(0));
        store(m, Place(0), kept.get());
        0
    }));
    assert!(matches!(error, Error::HiddenState { actor: "breaks", .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("store") && said.contains("value: 5") && said.contains("value: 0"), "{said}");
    assert!(said.contains("common/mod.rs:"), "{said}");
}

#[test]
fn what_only_a_report_or_an_end_tells_is_hidden_state_as_well() {
    let with = |end: fn(&dyn Machine, Word) -> Word| {
        explicitly(&actor(move |m| {
            let kept = Cell::new(0);
            call(m, label("f"), || {
                load(m, Place(0));
                kept.set(5);
            });
            load(m, Place(0));
            end(m, kept.get())
        }))
    };
    let error = with(|m, kept| {
        let witness = label(if kept == 5 { "kept" } else { "forgot" });
        m.perform(Step::new(Action::Report { property: "memory", witness }, label("report")))
    });
    assert!(matches!(error, Error::HiddenState { .. }), "{error}");
    let error = with(|_, kept| kept);
    assert!(error.to_string().contains("its end with 5"), "{error}");
    let error = with(|_, kept| if kept == 5 { bug("kept") } else { 0 });
    assert!(error.to_string().contains("its panic `kept`"), "{error}");
}

#[test]
fn a_cell_that_counts_rounds_is_hidden_state() {
    for rounds in [2, 3, 20] {
        let error = explicitly(&actor(move |m| {
            let count = Cell::new(0);
            again(m, label("loop"), (), |()| {
                load(m, Place(0));
                count.set(count.get() + 1);
                if count.get() == rounds { Flow::Done(()) } else { Flow::Again(()) }
            });
            0
        }));
        assert!(matches!(error, Error::HiddenState { .. }), "{rounds} rounds: {error}");
    }
}

/// One way of many through a frame, behind which all meet.
#[test]
fn hidden_state_is_found_where_it_is_rare() {
    let error = explicitly(&actor(|m| {
        let kept = Cell::new(0);
        let choose = |of| m.perform(Step::new(Action::Choose { of }, label("choose")));
        call(m, label("f"), || {
            let path = (0..3).fold(0, |path, _| path * 4 + choose(4));
            kept.set(path);
        });
        load(m, Place(0));
        store(m, Place(1), Word::from(kept.get() == 37));
        0
    }));
    let hidden = matches!(error, Error::HiddenState { .. } | Error::NotDeterministic { .. });
    assert!(hidden, "{error}");
}

/// Whichever way it is, and wherever behind the place where all meet it shows: on one thread and on two.
#[test]
fn hidden_state_is_found_wherever_it_is_and_shows() {
    for (choices, step) in [(3, 1), (4, 11)] {
        let ways = 4_u64.pow(choices);
        for (rare, late) in (0..ways).step_by(step).flat_map(|rare| [0, 1, 4].map(|late| (rare, late))) {
            let scenario = actor(move |m| {
                let kept = Cell::new(0);
                let choose = |of| m.perform(Step::new(Action::Choose { of }, label("choose")));
                call(m, label("f"), || kept.set((0..choices).fold(0, |path, _| path * 4 + choose(4))));
                (0..late).for_each(|_| {
                    choose(2);
                });
                store(m, Place(1), Word::from(kept.get() == rare));
                0
            });
            for threads in [1, 2] {
                let error = check(&scenario, &Options { threads, ..Options::default() })
                    .expect_err("a rule is broken");
                let hidden = matches!(error, Error::HiddenState { .. } | Error::NotDeterministic { .. });
                assert!(hidden, "way {rare} of {ways}, {late} steps later, {threads} threads: {error}");
            }
        }
    }
}

#[test]
fn hidden_state_in_a_view_is_found() {
    let mut scenario = actor(|_| 0);
    scenario.views = vec![Actor::new("view", |m| {
        let kept = Cell::new(0);
        call(m, label("f"), || {
            load(m, Place(0));
            kept.set(5);
        });
        load(m, Place(0));
        store(m, Place(0), kept.get());
        0
    })];
    let error = explicitly(&scenario);
    assert!(matches!(error, Error::HiddenState { actor: "view", .. }), "{error}");
}

#[test]
fn a_model_that_is_no_function_of_its_history_is_an_error() {
    let drifts = |first: bool| {
        let count = AtomicU64::new(0);
        explicitly(&actor(move |m| {
            if !first {
                load(m, Place(0));
            }
            store(m, Place(0), count.fetch_add(1, Ordering::Relaxed) % 8);
            0
        }))
    };
    let error = drifts(true);
    assert!(matches!(error, Error::NotDeterministic { actor: "breaks", .. }), "{error}");
    assert!(error.to_string().contains("another step for the same history"), "{error}");
    assert!(error.to_string().contains("common/mod.rs:"), "{error}");
    // After a step the model that went on is compared with one from the beginning.
    let error = drifts(false);
    assert!(matches!(error, Error::HiddenState { actor: "breaks", .. }), "{error}");
    assert!(error.to_string().contains("a static"), "{error}");
}

/// What is no hidden state: a variable that is set outside of frames, or anew in each.
#[test]
fn local_variables_are_no_hidden_state() {
    let scenario = actor(|m| {
        let seen = Cell::new(load(m, Place(0)));
        seen.set(seen.get() + load(m, Place(1)));
        again(m, label("loop"), 0_u8, |round| {
            let mut sum = seen.get() + Word::from(round);
            sum += call(m, label("f"), || load(m, Place(0)) as u8) as Word;
            store(m, Place(1), sum % 4);
            if round == 2 { Flow::Done(()) } else { Flow::Again(round + 1) }
        });
        0
    });
    check(&scenario, &Options::default()).unwrap();
}

// Words that are too large.

/// Says that it has 8 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fat(Word);

impl Small for Fat {
    const BITS: u32 = 8;
    fn into_word(self) -> Word {
        self.0
    }
    fn from_word(word: Word) -> Fat {
        Fat(word)
    }
    fn show(word: Word) -> String {
        word.to_string()
    }
}

#[test]
fn a_result_or_state_that_is_wider_than_its_type_says_is_an_error() {
    let result = actor(|m| {
        call(m, label("f"), || {
            load(m, Place(0));
            Fat(1 << 60)
        })
        .0
    });
    refused_by_all(&result, &["`breaks`, f at", &here(line!() - 6), "0x1000000000000000", "8 bits"]);
    let scoped = actor(|m| scope(m, || Fat(256)).0);
    refused_by_all(&scoped, &["`breaks`, scope at", &here(line!() - 1), "0x100", "8 bits"]);
    let first = actor(|m| again(m, label("f"), Fat(1 << 63), Flow::<Fat, Fat>::Done).0);
    refused_by_all(&first, &["`breaks`, f at", "8 bits", "Small::BITS"]);
    let round = actor(|m| {
        again(m, label("f"), Fat(0), |state| {
            load(m, Place(0));
            if state.0 == 0 { Flow::Again(Fat(256)) } else { Flow::Done(()) }
        });
        0
    });
    refused_by_all(&round, &["`breaks`, f at", "0x100", "8 bits"]);
}

#[test]
fn a_word_that_does_not_give_back_its_value_is_an_error() {
    // The second is too wide, and spills into the first, which has room.
    let spills = actor(|m| Word::from(call(m, label("f"), || (1_u8, Fat(0x2ff))).0));
    refused_by_all(&spills, &["`breaks`, f at", "does not come back", "Small::from_word"]);
}

// Cells and operands.

#[test]
fn a_property_that_looks_at_a_cell_that_is_not_declared_is_an_error() {
    let property = |check| common::property("far", Kind::Always, check);
    let far = |memory: &dyn Peek| memory.peek(Place(77)) == 0;
    let mut state = actor(|m| load(m, Place(0)));
    state.properties = vec![property(Check::State(Arc::new(move |memory, see| {
        if far(memory) {
            see(label("zero"));
        }
    })))];
    // loom looks at no property of every state.
    let error = explicitly(&state).to_string();
    assert!(error.contains("property `far`") && error.contains("there is no cell 77"), "{error}");

    let mut last = actor(|m| load(m, Place(0)));
    last.properties = vec![property(Check::Final(Arc::new(move |memory, _, see| {
        if far(memory) {
            see(label("zero"));
        }
    })))];
    refused_by_all(&last, &["property `far`", "there is no cell 77"]);

    let mut ends = actor(|m| load(m, Place(0)));
    ends.ending = Some(Arc::new(move |memory, _| {
        scenario::Ending::of(&[("", if far(memory) { "zero" } else { "other" })])
    }));
    refused_by_all(&ends, &["how a run ends", "there is no cell 77"]);
}

#[test]
fn a_picture_or_predicate_that_looks_at_a_cell_that_is_not_declared_is_an_error() {
    let mut drawn = actor(|m| load(m, Place(0)));
    drawn.picture = Arc::new(|memory| memory.peek(Place(77)).to_string());
    let error = explicitly(&drawn).to_string();
    assert!(error.contains("the picture") && error.contains("there is no cell 77"), "{error}");
    // Also where it looks there only in a bad state.
    let mut drawn = actor(|m| {
        store(m, Place(0), 1);
        bug("bad")
    });
    drawn.picture = Arc::new(|memory| match memory.peek(Place(0)) {
        0 => String::new(),
        _ => memory.peek(Place(77)).to_string(),
    });
    let error = explicitly(&drawn).to_string();
    assert!(error.contains("the picture") && error.contains("there is no cell 77"), "{error}");
    let mut killed = actor(|m| load(m, Place(0)));
    killed.killed = Some(Arc::new(|memory| memory.peek(Place(77)) == 0));
    let error = explicitly(&killed).to_string();
    assert!(error.contains("signal") && error.contains("there is no cell 77"), "{error}");
}

fn copy(frame: Field, unit: u16) -> Action {
    let (entry, frames, to) = (Place(0), Place(1), Place(2));
    Action::CopyUser { entry, need: 0, frame, frames, stride: 1, unit, to }
}

#[test]
fn a_place_beyond_the_last_cell_is_no_other_cell() {
    let bit = Field { shift: 0, width: 1 };
    for unit in [u16::MAX, u16::MAX - 1, 3] {
        let beyond = actor(move |m| m.perform(Step::new(copy(bit, unit), label("copy"))));
        refused_by_all(&beyond, &["`breaks`, copy at", &here(line!() - 1), "there is no"]);
    }
    let array = actor(|m| load(m, Place(1).at(65_535)));
    refused_by_all(&array, &["`breaks`, load at", "beyond the last of the 3"]);
    let next = actor(|m| load(m, Place(3)));
    refused_by_all(&next, &["`breaks`, load at", "there is no cell 3: 3 are declared"]);
}

#[test]
fn a_field_that_no_cell_has_is_an_error() {
    for (shift, width) in [(0, 64), (64, 1), (31, 2), (255, 255)] {
        let ill = actor(move |m| m.perform(Step::new(copy(Field { shift, width }, 0), label("copy"))));
        let field = format!("{width} bits from bit {shift} on");
        refused_by_all(&ill, &["`breaks`, copy at", &here(line!() - 2), &field]);
    }
}

#[test]
fn a_value_that_does_not_fit_its_cell_is_an_error() {
    let wide = actor(|m| {
        store(m, Place(0), 256);
        0
    });
    assert!(matches!(explicitly(&wide), Error::ValueTooWide { value: 256, width: 8, .. }));
    refused_by_all(&wide, &["`breaks`, store at", "0x100 does not fit the 8 bits of cell `cell 0`"]);
}

// Frames.

#[test]
fn frames_that_are_not_balanced_are_errors() {
    let leaves = actor(|m| {
        load(m, Place(0));
        control(m, Control::Leave { result: 1 })
    });
    refused_by_all(&leaves, &["`breaks`, frame at", "a frame that it has not entered"]);
    let rounds = actor(|m| {
        load(m, Place(0));
        control(m, Control::Round { state: 1 })
    });
    refused_by_all(&rounds, &["`breaks`, frame at", "a frame that it has not entered"]);
    let rounds_in_call = actor(|m| {
        control(m, Control::Call);
        load(m, Place(0));
        control(m, Control::Round { state: 1 })
    });
    refused_by_all(&rounds_in_call, &["`breaks`, frame at", "a frame that it has not entered"]);
    let open = actor(|m| {
        control(m, Control::Call);
        load(m, Place(0))
    });
    refused_by_all(&open, &["`breaks`, frame at", "still open where the model returns"]);
    let mut viewed = actor(|_| 0);
    viewed.views = vec![Actor::new("view", |m| control(m, Control::Leave { result: 1 }))];
    refused_by_all(&viewed, &["`view`, frame at", "a frame that it has not entered"]);
}

#[test]
fn a_scope_is_in_no_schedule() {
    let racing = |scoped: bool| {
        let increment = move |m: &dyn Machine| {
            let part = |body: &dyn Fn() -> u32| if scoped { scope(m, body) } else { body() };
            part(&|| {
                let value = call(m, label("read"), || part(&|| load(m, Place(0)) as u32));
                store(m, Place(0), Word::from(value) + 1);
                0
            });
            0
        };
        let actors = vec![Actor::new("one", increment), Actor::new("two", increment)];
        Scenario { properties: vec![lost_update(2)], ..scenario(1, actors) }
    };
    let [plain, scoped] = [false, true].map(racing);
    let told = |outcome: scenario::Outcome| {
        let [bad] = &outcome.bad[..] else { panic!("{:?}", outcome.bad) };
        bad.schedule.events.iter().map(|e| (e.actor.clone(), e.kind.clone())).collect::<Vec<_>>()
    };
    let explicit = |scenario: &Scenario| told(check(scenario, &Options::default()).expect("a sound model"));
    assert_eq!(explicit(&scoped), explicit(&plain));
    let on_loom = |scenario: &Scenario| told(on_loom::check(scenario, &on_loom::Options::default()));
    assert_eq!(on_loom(&scoped), on_loom(&plain));
    let random = on_shuttle::Mode::Random { seed: 1, executions: 100 };
    let on_shuttle =
        |scenario: &Scenario| told(on_shuttle::check(scenario, &on_shuttle::Options::new(random.clone())));
    assert_eq!(on_shuttle(&scoped), on_shuttle(&plain));
}

// Loops without an end.

#[test]
fn a_loop_that_is_no_again_is_an_error() {
    let polls = actor(|m| {
        while load(m, Place(0)) == 0 {}
        0
    });
    let error = explicitly(&polls);
    assert!(matches!(error, Error::HistoryTooLong { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("`breaks`, load at") && said.contains("without `again`"), "{said}");
}

#[test]
fn a_recursion_without_an_end_is_an_error() {
    fn enter(m: &dyn Machine) -> u8 {
        call(m, label("deeper"), || enter(m))
    }
    fn descend(m: &dyn Machine) -> Word {
        let wide = std::hint::black_box([load(m, Place(0)); 1024]);
        if wide[0] == 0 { descend(m) + wide[1] } else { 0 }
    }
    let frames = explicitly(&actor(|m| Word::from(enter(m))));
    assert!(matches!(frames, Error::HistoryTooLong { .. } | Error::TooDeep { .. }), "{frames}");
    let stack = explicitly(&actor(descend));
    assert!(matches!(stack, Error::TooDeep { .. }), "{stack}");
    assert!(stack.to_string().contains("`breaks`, load at"), "{stack}");
}

#[test]
fn endless_models_are_errors() {
    let counts = actor(|m| {
        again(m, label("count"), 0_u32, |n| {
            load(m, Place(0));
            Flow::<u32, ()>::Again(n + 1)
        });
        0
    });
    let error = explicitly(&counts);
    assert!(matches!(error, Error::TooManyControlStates { actor: "breaks", .. }), "{error}");
    let hangs = actor(|m| {
        again(m, label("hang"), (), |()| Flow::<(), ()>::Again(()));
        0
    });
    let error = explicitly(&hangs);
    assert!(matches!(error, Error::Endless { .. }), "{error}");
    assert!(error.to_string().contains(&here(line!() - 5)), "{error}");
}

// Initial states.

#[test]
fn initial_states_that_do_not_fit_are_errors() {
    let mut scenario = actor(|m| load(m, Place(0)));
    let initial = |name: &str, cells: &[Word]| Initial { name: name.to_owned(), cells: cells.to_vec() };
    scenario.initial.push(initial("short", &[0]));
    assert!(matches!(explicitly(&scenario), Error::InitialLength { given: 1, declared: 3, .. }));
    scenario.initial[1] = initial("wide", &[0, 0, 999]);
    assert!(matches!(explicitly(&scenario), Error::InitialWidth { value: 999, .. }));
    let first = scenario.initial[0].name.clone();
    scenario.initial[1] = initial(&first, &[1, 0, 0]);
    assert_eq!(explicitly(&scenario), Error::InitialTwice(first.clone()));
    refused_by_all(&scenario, &["two initial states are named", &first]);
    scenario.initial.clear();
    assert_eq!(explicitly(&scenario), Error::NoInitial);
}

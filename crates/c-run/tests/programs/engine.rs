//! Actors of C are to the explicit engine what the same actors of Rust are.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::code;
use c_run::{Call, Code, Object, Part, Pointer, Run, Stop, Value, Vocabulary, Word, Words};
use c_text::IntType;
use checker::explicit::{Options, explore};
use machine::{Action, Flow, Label, Layout, Machine, Order, Place, Step, again, call, show_number};
use scenario::{Actor, Coverage, Initial, Scenario};

fn load(m: &dyn Machine, at: u16) -> machine::Word {
    let load = Action::Load { at: Place(at), mask: machine::Word::MAX, order: Order::Relaxed };
    m.perform(Step::new(load, Label::new("load", &[])))
}

fn store(m: &dyn Machine, at: u16, value: machine::Word) {
    let store = Action::Store { at: Place(at), value, order: Order::Relaxed };
    m.perform(Step::new(store, Label::new("store", &[])));
}

fn lock(m: &dyn Machine, at: u16) {
    let take = Action::Await { at: Place(at), mask: 1, clear: 0, set: 1, order: Order::Acquire };
    m.perform(Step::new(take, Label::new("lock", &[at.into()])));
}

fn trylock(m: &dyn Machine, at: u16) -> bool {
    let take = Action::Try { at: Place(at), mask: 1, clear: 0, set: 1, order: Order::Acquire };
    m.perform(Step::new(take, Label::new("trylock", &[at.into()]))) != 0
}

fn unlock(m: &dyn Machine, at: u16) {
    let give = Action::Change { at: Place(at), clear: 1, set: 0, mask: 0, order: Order::Release };
    m.perform(Step::new(give, Label::new("unlock", &[at.into()])));
}

/// Cells that can be locked, and have a value.
struct Cells;

impl Vocabulary for Cells {
    fn word(&self, name: &str) -> Option<Word> {
        matches!(name, "lock" | "trylock" | "unlock" | "cell").then_some(Word::Function)
    }
    fn is_constant(&self, _: &str) -> bool {
        false
    }
    fn int_type(&self, name: &str) -> Option<IntType> {
        (name == "trylock").then_some(IntType::BOOL)
    }
    fn is_modelled(&self, _: &str) -> bool {
        false
    }
}

fn cell_of(value: &Value) -> Option<u16> {
    match value {
        Value::Pointer(Pointer::Object { object: Object { numbers: [number, _], .. }, .. }) => {
            Some(*number as u16)
        }
        _ => None,
    }
}

impl Words for Cells {
    fn call(&self, run: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop> {
        if let ("cell", [Value::Int(number, _)]) = (&**call.name, call.values()) {
            return Ok(Some(Value::object("cell", [*number as u32, 0])));
        }
        let Some(at) = cell_of(&call.values()[0]) else { return Ok(None) };
        Ok(Some(match &**call.name {
            "lock" => {
                lock(run, at);
                Value::Void
            }
            "trylock" => Value::Int(trylock(run, at).into(), IntType::BOOL),
            _ => {
                unlock(run, at);
                Value::Void
            }
        }))
    }
    fn constant(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        None
    }
    fn load(&self, run: &Run<'_>, object: Object, _: &[Part]) -> Result<Option<Value>, Stop> {
        Ok(Some(Value::Int(load(run, object.numbers[0] as u16) as i64, IntType::INT)))
    }
    fn store(&self, run: &Run<'_>, object: Object, _: &[Part], value: &Value) -> Result<Option<()>, Stop> {
        let Value::Int(value, _) = value else { return Ok(None) };
        store(run, object.numbers[0] as u16, *value as machine::Word);
        Ok(Some(()))
    }
    fn modelled(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        None
    }
}

type Body = fn(&dyn Machine) -> machine::Word;

fn scenario(actors: Vec<Actor>) -> Scenario {
    let mut layout = Layout::new();
    layout.array(3, 8, show_number, |cell| format!("cell {cell}"));
    Scenario {
        name: "test".to_owned(),
        sentence: String::new(),
        initial: vec![Initial { name: "zero".to_owned(), cells: vec![0; 3] }],
        layout,
        actors,
        views: Vec::new(),
        properties: Vec::new(),
        reachable: Vec::new(),
        ending: None,
        killed: None,
        picture: Arc::new(|_| String::new()),
        final_state: None,
        facts: None,
        grounds: None,
        assumptions: None,
    }
}

/// What is found, and how runs end.
fn found(actors: Vec<Actor>) -> (BTreeSet<(String, String)>, String, u64) {
    let (outcome, rests) =
        explore(&scenario(actors), &Options::default()).expect("the actors keep the rules");
    assert_eq!(outcome.coverage, Coverage::Exhausted);
    let bad = outcome.bad.iter().map(|bad| (bad.property.clone(), bad.witness.clone())).collect();
    (bad, format!("{rests:#?}"), outcome.states)
}

/// Compares `long f0(void)` and `long f1(void)` of a text with two functions of Rust.
fn same(text: &str, rust: [Body; 2]) -> u64 {
    let code: Arc<Code> = Arc::new(code(text, Cells));
    let of_c = ["f0", "f1"].into_iter().zip(["a", "b"]).map(|(function, name)| {
        let code = code.clone();
        Actor::new(name, move |m| {
            match Run::new(&code, &Cells, m, Vec::new()).call(function, "", Vec::new()) {
                Ok(Value::Int(value, _)) => value as machine::Word,
                other => panic!("{other:?}"),
            }
        })
    });
    let of_rust = rust.into_iter().zip(["a", "b"]).map(|(body, name)| Actor::new(name, body));
    let (c, rust) = (found(of_c.collect()), found(of_rust.collect()));
    assert_eq!(c.0, rust.0);
    assert_eq!(c.1, rust.1);
    c.2
}

#[test]
fn increments_that_are_lost() {
    let text = "struct cell { int value; };\nstatic int increment(struct cell *c, int *left)\n{\n\tint old = c->value;\n\n\
                \tif (!*left)\n\t\treturn -1;\n\tc->value = old + 1;\n\t--*left;\n\treturn old;\n}\n\
                static long both(struct cell *c)\n{\n\tint left = 2, last = 0;\n\nagain:\n\tlast = increment(c, &left) ?: last;\n\
                \tif (left)\n\t\tgoto again;\n\treturn last + 10;\n}\n\
                long f0(void)\n{\n\treturn both(cell(0));\n}\nlong f1(void)\n{\n\tlong r = 0;\n\tint i;\n\n\tfor (i = 0; i < 2; i++)\n\
                \t\tr = r * 4 + cell(0)->value++;\n\treturn r;\n}\n";
    fn both(m: &dyn Machine) -> machine::Word {
        again(m, Label::new("again", &[]), (2_u8, 0_u8), |(left, last)| {
            let old = load(m, 0);
            store(m, 0, old + 1);
            let last = if old == 0 { last } else { old as u8 };
            if left == 1 { Flow::Done(last) } else { Flow::Again((left - 1, last)) }
        })
        .into()
    }
    fn first(m: &dyn Machine) -> machine::Word {
        both(m) + 10
    }
    fn second(m: &dyn Machine) -> machine::Word {
        (0..2).fold(0, |r, _| {
            let old = load(m, 0);
            store(m, 0, old + 1);
            r * 4 + old
        })
    }
    assert!(same(text, [first, second]) < 2_000);
}

#[test]
fn two_locks_in_two_orders() {
    let text = "struct cell { int value; };\nstatic void add(struct cell *a, struct cell *b)\n{\n\tlock(a);\n\tlock(b);\n\
                \tcell(2)->value += 1;\n\tunlock(b);\n\tunlock(a);\n}\n\
                long f0(void)\n{\n\tvoid (*g)(struct cell *, struct cell *) = add;\n\n\tg(cell(0), cell(1));\n\treturn 1;\n}\n\
                long f1(void)\n{\n\tadd(cell(1), cell(0));\n\treturn 2;\n}\n";
    fn add(m: &dyn Machine, a: u16, b: u16) {
        call(m, Label::new("add", &[]), || {
            lock(m, a);
            lock(m, b);
            store(m, 2, load(m, 2) + 1);
            unlock(m, b);
            unlock(m, a);
        });
    }
    fn first(m: &dyn Machine) -> machine::Word {
        add(m, 0, 1);
        1
    }
    fn second(m: &dyn Machine) -> machine::Word {
        add(m, 1, 0);
        2
    }
    same(text, [first, second]);
}

#[test]
fn retries_for_ever_are_seen() {
    let text = "struct cell { int value; };\nstatic int take(struct cell *a, struct cell *b)\n{\n\tint tries;\n\nretry:\n\ttries = 3;\n\
                \tlock(a);\n\twhile (!trylock(b)) {\n\t\tunlock(a);\n\t\tif (tries)\n\t\t\tgoto retry;\n\t}\n\
                \tcell(2)->value++;\n\tunlock(b);\n\tunlock(a);\n\treturn 1;\n}\n\
                long f0(void)\n{\n\treturn take(cell(0), cell(1));\n}\nlong f1(void)\n{\n\treturn take(cell(1), cell(0));\n}\n";
    fn take(m: &dyn Machine, a: u16, b: u16) -> machine::Word {
        again(m, Label::new("retry", &[]), (), |()| {
            lock(m, a);
            if !trylock(m, b) {
                unlock(m, a);
                return Flow::Again(());
            }
            store(m, 2, load(m, 2) + 1);
            unlock(m, b);
            unlock(m, a);
            Flow::Done(true)
        })
        .into()
    }
    fn first(m: &dyn Machine) -> machine::Word {
        take(m, 0, 1)
    }
    fn second(m: &dyn Machine) -> machine::Word {
        take(m, 1, 0)
    }
    let states = same(text, [first, second]);
    assert!(states < 200, "rounds close: {states} states");
}

//! Functions that were damaged: they are refused or they run, and nothing panics.
//!
//! `SHORTCOPY_FUZZ` is how many are tried.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::common::programs::{Maker, SHARED, next};
use crate::common::{Alone, Nothing};
use c_run::{Code, Run, Value};
use c_text::{Config, Hints, IntType, Program};
use machine::{Machine, Step};

/// An engine that loses interest.
struct Patient {
    left: Cell<u32>,
}

struct Enough;

impl Machine for Patient {
    fn perform(&self, step: Step) -> machine::Word {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => resume_unwind(Box::new(Enough)),
        }
        Alone.perform(step)
    }
}

const PIECES: [&str; 30] = [
    "",
    "0",
    "1",
    "v3",
    "&",
    "*",
    "(",
    ")",
    "{",
    "}",
    ";",
    ",",
    "all",
    "&s",
    "p",
    "fn",
    "= {",
    "goto l1;",
    "return",
    "break;",
    "case 3:",
    "while (1)",
    "struct point",
    "int x[3000000000];",
    "int y[70000][70000];",
    "[2000000000] =",
    "sizeof",
    "TWICE(",
    "({",
    "})",
];

#[test]
fn damaged_functions_do_not_panic() {
    let runs = std::env::var("SHORTCOPY_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(300_u64);
    let (mut read, mut ended) = (0, 0);
    for run in 0..runs {
        let mut random = run;
        let mut below = |bound: usize| (next(&mut random) % bound.max(1) as u64) as usize;
        let mut text = format!("{SHARED}{}", Maker::new(run).function("f"));
        for _ in 0..1 + below(3) {
            let from = below(text.len());
            let to = (from + below(12)).min(text.len());
            text.replace_range(from..to, PIECES[below(PIECES.len())]);
        }
        let Ok(file) = c_text::parse("toy.c", text.as_bytes(), &Config::new(), &Hints::default()) else {
            continue;
        };
        read += 1;
        let functions: Vec<_> = file.functions().cloned().collect();
        let mut program = Program::new(Config::new(), Hints::default());
        program.add(file);
        let code = Code::new(Arc::new(program), Box::new(Nothing));
        for function in functions {
            let name = &function.prototype.name;
            let _ = code.unknowns("toy.c", name);
            let arguments =
                vec![Value::Int(run as i64 % 7, IntType::LONG); function.prototype.parameters.len()];
            let patient = Patient { left: Cell::new(500) };
            let tried = catch_unwind(AssertUnwindSafe(|| {
                Run::new(&code, &Nothing, &patient, Vec::new()).call(name, "toy.c", arguments)
            }));
            match tried {
                Ok(_) => ended += 1,
                Err(why) => assert!(why.is::<Enough>(), "{name} of\n{text}"),
            }
        }
    }
    assert!(read * 3 > runs && ended > runs, "{read} texts were read, {ended} functions ended");
}

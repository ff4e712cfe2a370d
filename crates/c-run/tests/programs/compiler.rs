//! Made-up functions come to what the C compiler makes of them, and the same where frames are remembered.
//!
//! `SHORTCOPY_PROGRAMS` is how many are tried, or which, as `20000..30000`; the long run takes 100,000. Many are tried by
//! processes of their own, one after the other: states of control are kept as long as a process lives.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use crate::common::programs::{Maker, SHARED, next};
use crate::common::{Alone, Macros, Recorder, Remembering, code};
use c_run::{Code, Run, Value};
use c_text::IntType;

/// How many functions are compiled at once.
const BATCH: u64 = 250;
/// How many a process tries, which takes some 350 MB.
const PART: u64 = 1_000;

fn programs() -> Range<u64> {
    let Ok(said) = std::env::var("SHORTCOPY_PROGRAMS") else { return 0..400 };
    let (from, to) = said.split_once("..").unwrap_or(("0", &said));
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("SHORTCOPY_PROGRAMS={said}: no number"));
    number(from)..number(to)
}

/// Whether there are so many that this test is run once more for each part of them, which is then done.
fn is_done_in_parts(test: &str) -> bool {
    let Range { start, end } = programs();
    if end - start <= PART {
        return false;
    }
    for from in (start..end).step_by(PART as usize) {
        let mut part = Command::new(std::env::current_exe().expect("this program"));
        part.args([test, "--exact", "--nocapture"]);
        part.env("SHORTCOPY_PROGRAMS", format!("{from}..{}", (from + PART).min(end)));
        assert!(part.status().expect("it runs").success(), "{part:?}");
    }
    true
}

/// The programs, so many at once as are compiled together.
fn batches() -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = programs();
    (start..end).step_by(BATCH as usize).map(move |from| from..(from + BATCH).min(end))
}

fn arguments(seed: u64) -> [[i64; 2]; 3] {
    let mut random = seed;
    let mut any = || next(&mut random) as i64;
    [[0, 1], [any() % 100, any() % 100], [any(), any()]]
}

fn text(seeds: Range<u64>) -> String {
    let mut text = SHARED.to_owned();
    for seed in seeds {
        text.push_str(&Maker::new(seed).function(&format!("f{seed}")));
    }
    text
}

/// What the compiler's program prints, or nothing where there is no compiler.
fn compiled(folder: &Path, text: &str, seeds: Range<u64>) -> Option<Vec<i64>> {
    let mut whole = format!("{text}\nextern int printf(const char *, ...);\n\nint main(void)\n{{\n");
    for seed in seeds {
        for [a, b] in arguments(seed) {
            // The least number has no literal.
            writeln!(whole, "\tprintf(\"%ld\\n\", f{seed}((long){}ul, (long){}ul));", a as u64, b as u64)
                .expect("a string");
        }
    }
    whole.push_str("\treturn 0;\n}\n");
    let (source, program) = (folder.join("all.c"), folder.join("all"));
    std::fs::write(&source, whole).expect("a file");
    let compiler = Command::new("cc")
        .args(["-O0", "-w", "-fwrapv", "-std=gnu11", "-o"])
        .arg(&program)
        .arg(&source)
        .output();
    let Ok(output) = compiler else { return None };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(&program).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("numbers");
    Some(printed.lines().map(|line| line.parse().expect("a number")).collect())
}

fn result(
    code: &Code,
    machine: &dyn machine::Machine,
    seed: u64,
    arguments: [i64; 2],
) -> Result<i64, String> {
    let arguments = arguments.iter().map(|argument| Value::Int(*argument, IntType::LONG)).collect();
    match Run::new(code, &Macros, machine, Vec::new()).call(&format!("f{seed}"), "", arguments) {
        Ok(Value::Int(value, _)) => Ok(value),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn functions_come_to_what_the_compiler_makes_of_them() {
    if is_done_in_parts("compiler::functions_come_to_what_the_compiler_makes_of_them") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiler");
    std::fs::create_dir_all(&folder).expect("a folder");
    for seeds in batches() {
        let text = text(seeds.clone());
        let Some(expected) = compiled(&folder, &text, seeds.clone()) else {
            println!("skipped: there is no `cc`");
            return;
        };
        let mut expected = expected.into_iter();
        let code = code(&text, Macros);
        for seed in seeds {
            for arguments in arguments(seed) {
                let (ours, theirs) =
                    (result(&code, &Alone, seed, arguments), expected.next().expect("a line"));
                if ours != Ok(theirs) {
                    let function = Maker::new(seed).function(&format!("f{seed}"));
                    panic!("f{seed}{arguments:?} is {ours:?}, and the compiler's is {theirs}:\n{function}");
                }
            }
        }
    }
}

#[test]
fn bit_fields_are_as_the_compiler_has_them() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bit-fields");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = "
struct bits { unsigned int one:1; unsigned int three:3; int four:4; unsigned int many:31; int whole; };
long f0(long a, long b) { struct bits x = { .one = 1 }; x.three = a; x.four = b; return x.one + 10 * x.three + 100 * x.four; }
long f1(long a, long b) { struct bits x = { .whole = 7 }; x.one = a; x.many = b; return (x.three - x.one < 0) + 2l * x.many; }
long f2(long a, long b) { struct bits x = { 0 }, *p = &x; p->three += a; p->four -= b; p->many--; return p->three * p->four + p->many; }
long f3(long a, long b) { struct bits x = { .three = 9, .four = 9 }; return (x.one = a) + (x.four << 2) + (b ? x.three : -x.three); }
";
    let Some(expected) = compiled(&folder, text, 0..4) else {
        println!("skipped: there is no `cc`");
        return;
    };
    let code = code(text, Macros);
    let all = (0..4).flat_map(|seed| arguments(seed).map(|arguments| (seed, arguments)));
    for ((seed, arguments), theirs) in all.zip(expected) {
        assert_eq!(result(&code, &Alone, seed, arguments), Ok(theirs), "f{seed}{arguments:?}");
    }
}

/// A call or a loop that an engine remembers leaves everything as if it had been run, and a loop that begins with a
/// later round ends as it did.
#[test]
fn what_is_remembered_is_all_that_matters() {
    if is_done_in_parts("compiler::what_is_remembered_is_all_that_matters") {
        return;
    }
    let mut answered = 0;
    for seeds in batches() {
        let code = code(&text(seeds.clone()), Macros);
        for seed in seeds {
            let arguments = arguments(seed)[1];
            let recorder = Recorder::new();
            let plain = result(&code, &recorder, seed, arguments);
            let mut open = recorder.0.into_inner();
            assert_eq!(open.len(), 1, "every frame is left");
            let all = open.pop().expect("what is around all");
            // The outermost call is run, so that something is.
            let inside = crate::common::Seen { inner: all.inner.clone(), ..crate::common::Seen::default() };
            for chance in 0..4 {
                let remembering = Remembering::new(&inside, seed ^ chance << 40);
                assert_eq!(result(&code, &remembering, seed, arguments), plain, "f{seed}{arguments:?}");
                answered += 1;
            }
        }
    }
    assert!(answered > 0);
    println!("{} states of control are kept", c_run::snapshots());
}

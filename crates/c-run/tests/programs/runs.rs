//! What ends a run, what a table is asked, what is remembered.

use std::cell::{Cell, RefCell};

use crate::common::{Alone, Nothing, Recorder, code, run};
use c_run::{Call, Fault, Object, Part, Pointer, Run, Stop, Unknown, Value, Vocabulary, Why, Word, Words};
use c_text::IntType;

fn why(text: &str) -> Why {
    match run(text, &[]) {
        Err(stop) => stop.why,
        Ok(value) => panic!("{text} comes to {value}"),
    }
}

fn fault(body: &str) -> Fault {
    match why(&format!("struct s {{ int a; struct s *next; }};\nint f(void)\n{{\n{body}\n}}\n")) {
        Why::Fault(fault) => fault,
        Why::Unknown(what) => panic!("{body}: {what}"),
    }
}

fn unknown(text: &str) -> String {
    match why(text) {
        Why::Unknown(what) => what.to_string(),
        Why::Fault(fault) => panic!("{text}: {fault}"),
    }
}

fn int(text: &str, arguments: &[i64]) -> i64 {
    match run(text, arguments) {
        Ok(Value::Int(value, _)) => value,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_c_leaves_undefined_ends_the_run() {
    let unset = |name: &str| Fault::Unset(name.to_owned());
    assert_eq!(fault("int a; return a;"), unset("a"));
    assert_eq!(fault("int a[2]; a[0] = 1; return a[1];"), unset("a[1]"));
    assert_eq!(fault("struct s s; s.next = 0; return s.a;"), unset("s.a"));
    assert_eq!(fault("int a; a += 1; return a;"), unset("a"));
    assert_eq!(fault("int *p; goto x; { int a = 1; x: p = &a; } return *p;"), unset("a"));
    assert_eq!(fault("struct s *p = NULL; return p->a;"), Fault::NoObject("NULL".into()));
    assert_eq!(fault("int *p = (int *)-14l; return *p;"), Fault::NoObject("error -14".into()));
    assert_eq!(fault("int (*g)(void) = NULL; return g();"), Fault::NoObject("NULL".into()));
    assert_eq!(fault("int a = 0; return 1 / a;"), Fault::Division);
    assert_eq!(fault("int a = -1; return (-2147483647 - 1) % a;"), Fault::Division);
    assert_eq!(fault("int a = 32; return 1 << a;"), Fault::Shift(32));
    assert_eq!(fault("int a = -1; return 1l >> a;"), Fault::Shift(-1));
    assert_eq!(
        fault("int a[2] = { 1, 2 }; int *p = a + 2; return *p;"),
        Fault::OutOfBounds { index: 2, length: 2 }
    );
    assert_eq!(fault("int a[2] = { 1, 2 }; return *(a + 3);"), Fault::OutOfBounds { index: 3, length: 2 });
    assert_eq!(fault("int a = 1; int *p = &a; return p[1];"), Fault::OutOfBounds { index: 1, length: 1 });
    let gone = "static int *g(void)\n{\n\tint a = 1;\n\n\treturn &a;\n}\nint f(void)\n{\n\tint *p = g();\n\n\treturn *p;\n}\n";
    assert_eq!(why(gone), Why::Fault(Fault::NoObject("a variable that is no more".into())));
    let nothing = "static int g(void)\n{\n}\nint f(void)\n{\n\treturn g();\n}\n";
    assert_eq!(why(nothing), Why::Fault(Fault::NoResult));
}

#[test]
fn what_nobody_knows_has_no_default() {
    let f = |body: &str| {
        unknown(&format!(
            "#define V(x, ...) x\n#define B(x) 2 * x\n#define M 1 + 1\nenum e;\nint g;\nint f(void)\n{{\n{body}\n}}\n"
        ))
    };
    let cases = [
        ("return h(1);", "h() is not known"),
        ("return h;", "`h` is not known"),
        ("return g;", "`g` is not known"),
        ("h(x) { }", "h() is not known"),
        ("for_each_h(x) x();", "for_each_h() is not known"),
        ("struct h x; return 0;", "the type `struct h` is not known"),
        ("h_t x = 1; return x;", "the type `h_t` is not known"),
        ("enum e x = 1; return x;", "the type `enum e` is not known"),
        ("return sizeof(struct h);", "sizeof(struct h)"),
        ("static int x; return x;", "the static variable `x` of a function"),
        ("int x __free(h) = 1; return x;", "`__free ( h )` of the variable `x`"),
        ("asm(\"nop\"); return 0;", "`asm`"),
        ("return V(1, 2);", "the macro `V`, which takes any number of arguments"),
        ("return B(1 + 2);", "the macro `B`, in which `1 + 2` would fall apart"),
        ("return M * 2;", "the macro `M`, which falls apart where it stands"),
        ("return 1.5;", "the number 1.5"),
        ("return ({ return 1; 2; });", "a return out of an expression"),
        ("({ goto x; }); x: return 1;", "`goto x` out of an expression"),
        ("int x[2] = { 1, 2 }; return *(unsigned char *)x;", "a variable looked at as something else"),
        ("int x = 1; return *(unsigned char *)&x;", "a variable looked at as something else"),
        ("int x = 1; return (int)(unsigned long)&x;", "&local as int"),
        ("int x[2] = { 1, 2 }; return (unsigned long)x + 1 > 0;", "(&local[0] as a number) + 1"),
        ("return (int *)2l - (int *)1l;", "pointer 0x2 - pointer 0x1"),
        ("return \"a\" == \"b\";", "\"a\" == \"b\""),
        (
            "return f2();",
            "`f2` was not understood: toy.c:10:1: `LOUD` beside a type: an attribute word that is not known?",
        ),
    ];
    for (body, expected) in cases {
        let text = format!("{body}\n}}\nLOUD int f2(void)\n{{");
        assert_eq!(f(&text), expected, "{body}");
    }
    let stop = run("int g(void)\n{\n\treturn 1 +\n\t\tg2();\n}\nint f(void)\n{\n\treturn g();\n}\n", &[])
        .expect_err("g2");
    assert_eq!(stop.to_string(), "toy.c:4: g2() is not known (in g)");
    let stop = run("\nint f(h_t a)\n{\n\treturn a;\n}\n", &[1]).expect_err("h_t");
    assert_eq!(stop.to_string(), "toy.c:2: the type `h_t` is not known (in f)");
    let bits = "struct b { long a : 3; };\nint f(void)\n{\n\tstruct b b = { 1 };\n\n\treturn b.a;\n}\n";
    assert_eq!(unknown(bits), "the bit-field `a`");
    let union = "union u { int a; long b; };\nint f(void)\n{\n\tunion u u;\n\n\tu.a = 1;\n\tu.b = 2;\n\treturn u.a;\n}\n";
    assert_eq!(why(union), Why::Fault(Fault::Unset("u.a".into())));
    let deep = "int f(void)\n{\n\treturn f();\n}\n";
    assert_eq!(unknown(deep), "calls nested more than 40 deep");
}

#[test]
fn constants_of_the_text_are_found() {
    let text = "#define A (B + 1)\n#define B C\nenum { C = 5, D, E = -2, F };\ntypedef long off;\n\
                struct ops { int (*get)(int); int kind; };\nstatic int twice(int a)\n{\n\treturn a + a;\n}\n\
                static const struct ops ops = { .get = twice, .kind = D };\n\
                static const struct unknown_ops other = { .get = twice };\n\
                #define GET ops.get\n#define CALL(o, x) (o)->get(x)\n#define OFF(x) ((off)(x))\n\
                int f(long a)\n{\n\tconst struct ops *o = &ops;\n\tconst struct unknown_ops *p = &other;\n\n\
                \treturn A + o->get(a) + GET(1) + CALL(o, 2) + p->get(3) * 2 + (p->put ? 1000 : 0) + o->kind + OFF(E) + F;\n}\n";
    assert_eq!(int(text, &[10]), 6 + 20 + 2 + 4 + 12 + 6 - 2 - 1);
    assert_eq!(int("int f(void)\n{\n\treturn true + (1 ? -1 : 1u > 0) + (NULL == 0);\n}\n", &[]), 1);
    assert_eq!(
        int(
            "int f(void)\n{\n\treturn ((0 ? -1 : 1u) - 2 > 0) * 10 + sizeof(long) + sizeof(int *);\n}\n",
            &[]
        ),
        26
    );
}

/// A table with a counter, an object and a modelled variable.
#[derive(Default)]
struct Table {
    ticks: Cell<i32>,
    size: Cell<i64>,
    log: RefCell<Vec<String>>,
}

struct Names;

impl Vocabulary for Names {
    fn word(&self, name: &str) -> Option<Word> {
        match name {
            "tick" | "note" | "inode" | "advance" | "nothing" | "forgotten" => Some(Word::Function),
            "likely" | "skipped" | "sneaks" => Some(Word::Macro),
            "WRITE_ONCE" => Some(Word::Setter),
            _ => None,
        }
    }
    fn is_its_argument(&self, name: &str) -> bool {
        name == "unlikely"
    }
    fn is_constant(&self, name: &str) -> bool {
        name == "PAGE_SIZE"
    }
    fn int_type(&self, name: &str) -> Option<IntType> {
        match name {
            "tick" => Some(IntType::INT),
            "PAGE_SIZE" | "size_t" => Some(IntType::UNSIGNED_LONG),
            "loff_t" => Some(IntType::LONG),
            _ => None,
        }
    }
    fn is_modelled(&self, record: &str) -> bool {
        record == "iter"
    }
}

const INODE: Object = Object { kind: "inode", numbers: [1, 0] };

impl Words for Table {
    fn call(&self, run: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop> {
        Ok(Some(match &**call.name {
            "tick" => {
                self.ticks.set(self.ticks.get() + 1);
                Value::int(self.ticks.get())
            }
            "note" => {
                let value = call.named("what").unwrap_or(&call.values()[0]);
                self.log.borrow_mut().push(format!("{}: {value}", run.place().line));
                Value::Void
            }
            "inode" => Value::object(INODE.kind, INODE.numbers),
            "advance" => {
                let Value::Pointer(to) = &call.values()[0] else { return Ok(None) };
                let Value::Modelled(Object { kind, numbers: [done, _] }) = run.load(to)? else {
                    return Ok(None);
                };
                run.store(to, Value::Modelled(Object { kind, numbers: [done + 1, 0] }))?;
                Value::int(done as i32)
            }
            "nothing" => Value::int(0),
            "likely" => call.evaluate(run, 0)?,
            "WRITE_ONCE" => {
                let value = call.evaluate(run, 1)?;
                run.store(&call.address(run, 0)?, value)?
            }
            "skipped" => Value::int(call.written.len() as i32),
            "sneaks" => run.load(&call.address(run, 0)?)?,
            _ => return Ok(None),
        }))
    }
    fn constant(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        Some(Value::Int(4096, IntType::UNSIGNED_LONG))
    }
    fn load(&self, _: &Run<'_>, object: Object, path: &[Part]) -> Result<Option<Value>, Stop> {
        let path: String = path.iter().map(ToString::to_string).collect();
        Ok(match &*path {
            ".i_size" if object == INODE => Some(Value::Int(self.size.get(), IntType::LONG)),
            ".i_data.host" => Some(Value::object(INODE.kind, INODE.numbers)),
            _ => None,
        })
    }
    fn store(&self, _: &Run<'_>, _: Object, path: &[Part], value: &Value) -> Result<Option<()>, Stop> {
        let path: String = path.iter().map(ToString::to_string).collect();
        Ok(match (&*path, value) {
            (".i_size", Value::Int(size, _)) => {
                self.size.set(*size);
                Some(())
            }
            _ => None,
        })
    }
    fn modelled(&self, _: &Run<'_>, record: &str) -> Option<Value> {
        (record == "iter").then_some(Value::Modelled(Object { kind: "iter", numbers: [0, 0] }))
    }
}

fn with_table(table: &Table, body: &str) -> Result<Value, Stop> {
    let text = format!("void note(int loud, unsigned char what);\nlong f(void)\n{{\n{body}\n}}\n");
    Run::new(&code(&text, Names), table, &Alone, Vec::new()).call("f", "", Vec::new())
}

fn table_int(body: &str) -> i64 {
    match with_table(&Table::default(), body) {
        Ok(Value::Int(value, _)) => value,
        other => panic!("{body}: {other:?}"),
    }
}

/// A macro that is its argument comes to what one comes to that evaluates it, and to what the argument alone does.
#[test]
fn a_macro_that_is_its_argument_is_as_if_it_were_not_there() {
    let bodies = [
        "return MACRO(tick()) ? tick() : 0;",
        "return MACRO(tick() - 1) ? tick() : 7;",
        "int a = 3; return MACRO(a) + MACRO(!a);",
        "int a[2] = { 1, 2 }; return MACRO(a[1] > 1) && MACRO(MACRO(a[0]) == 1);",
        "unsigned char c = 255; return MACRO(c) + 1;",
        "inode()->i_size = 9; return MACRO(inode()->i_size) - MACRO((size_t)1);",
        "int n = 0; while (MACRO(n < 5)) n += MACRO(tick()); return n;",
        "int a = 1; int *p = &a; *p = 6; return MACRO(*p) * MACRO(a);",
        "return MACRO(({ int b = tick(); b + 1; }));",
    ];
    for body in bodies {
        let [alone, evaluated, is_argument] =
            ["", "likely", "unlikely"].map(|name| table_int(&body.replace("MACRO", name)));
        assert_eq!((alone, alone), (evaluated, is_argument), "{body}");
    }
    for body in ["return unlikely(1, 2);", "return unlikely();"] {
        let stop = with_table(&Table::default(), body).expect_err("it has one argument");
        assert!(stop.to_string().contains("unlikely() is given"), "{stop}");
    }
}

#[test]
fn the_table_is_asked_for_what_the_text_does_not_say() {
    assert_eq!(table_int("return PAGE_SIZE - 1;"), 4095);
    assert_eq!(
        table_int(
            "inode()->i_size = 7; inode()->i_size += PAGE_SIZE; return inode()->i_size++ + inode()->i_size;"
        ),
        4103 + 4104
    );
    assert_eq!(table_int("loff_t *p = &inode()->i_size; *p = 3; return inode()->i_data.host->i_size;"), 3);
    assert_eq!(table_int("struct iter i; advance(&i); advance(&i); return advance(&i);"), 2);
    assert_eq!(table_int("int a = 1; WRITE_ONCE(a, 2); return a;"), 2);
    assert_eq!(table_int("int a[2] = { 1, 2 }; WRITE_ONCE(a[1], 5); return likely(a[1] > 4);"), 1);
    assert_eq!(table_int("return likely(tick()) ? tick() : 0;"), 2);
    assert_eq!(table_int("return inode() == inode()->i_data.host;"), 1);
    assert_eq!(table_int("int (*g)(void) = tick; return g() + (*g)();"), 3);
    assert_eq!(table_int("size_t a = -1; return a > 0 && (loff_t)-1 < 0;"), 1);
}

#[test]
fn arguments_of_a_word_are_evaluated_and_those_of_a_macro_as_it_likes() {
    assert_eq!(table_int("nothing(tick(), tick()); return tick();"), 3);
    assert_eq!(table_int("skipped(tick(), h()); return tick();"), 1);
    let table = Table::default();
    with_table(&table, "note(1,\n\t300);\nreturn 0;").expect("it runs");
    // By the parameter's name and in its type, at the line of the call.
    assert_eq!(*table.log.borrow(), ["4: 44"]);
    // Also where what it is given calls something on a line of its own.
    let table = Table::default();
    with_table(&table, "note(1,\n\ttick() + 299);\nreturn 0;").expect("it runs");
    assert_eq!(*table.log.borrow(), ["4: 44"]);
}

#[test]
fn what_the_table_does_not_know_is_refused() {
    let refused = |body: &str| with_table(&Table::default(), body).expect_err(body).to_string();
    assert_eq!(refused("return forgotten();"), "toy.c:4: forgotten() is not known (in f)");
    assert_eq!(refused("return inode()->i_mode;"), "toy.c:4: inode.i_mode is not known (in f)");
    assert_eq!(refused("inode()->i_mode = 1;"), "toy.c:4: a store to inode.i_mode is not known (in f)");
    let sneaks = "toy.c:4: sneaks(), which is not said to set anything, and does (in f)";
    assert_eq!(refused("int a = 1; return sneaks(a);"), sneaks);
    let open = "toy.c:4: a `?:` of which one side has a type that is not known (in f)";
    assert_eq!(refused("return (tick() ? inode()->i_size : forgotten()) + 1;"), open);
    assert_eq!(refused("return (tick() ? 0 : inode()->i_size) + 1;"), open);
    assert_eq!(table_int("return (tick() ? PAGE_SIZE : inode()->i_size) + 1;"), 4097);
    assert!(matches!(
        with_table(&Table::default(), "return inode() + 1 == inode();").expect_err("an array?").why,
        Why::Unknown(Unknown::Construct(_))
    ));
}

#[test]
fn variables_that_a_run_is_given_can_be_pointed_to() {
    let text = "long f(int *a, struct b *b)\n{\n\t*a = 300;\n\tb->c = *a + 1;\n\treturn b->c;\n}\n";
    let code = code(text, Nothing);
    let members = [("c".into(), Value::Int(0, IntType::CHAR))].into();
    let run = Run::new(&code, &Nothing, &Alone, vec![Value::int(1), Value::Record(members)]);
    let arguments = vec![Value::Pointer(run.given(0)), Value::Pointer(run.given(1))];
    assert_eq!(run.call("f", "", arguments), Ok(Value::Int(301 - 256, IntType::LONG)));
    assert_eq!(run.load(&run.given(0)), Ok(Value::int(300)));
}

/// The states that the loop of `f` goes through, as numbers from 0 in the order that they are first seen.
fn rounds(body: &str) -> Vec<usize> {
    let table = Table::default();
    let recorder = Recorder::new();
    let text = format!("static void set(int *to)\n{{\n\t*to = tick();\n}}\nlong f(void)\n{{\n{body}\n}}\n");
    Run::new(&code(&text, Names), &table, &recorder, Vec::new()).call("f", "", Vec::new()).expect("it runs");
    let all = recorder.0.into_inner();
    let frames = &all[0].inner[0].inner[0];
    let mut known: Vec<machine::Word> = Vec::new();
    // The first state is that before the first instruction.
    frames.rounds[1..]
        .iter()
        .map(|state| {
            known.iter().position(|other| other == state).unwrap_or_else(|| {
                known.push(*state);
                known.len() - 1
            })
        })
        .collect()
}

#[test]
fn what_can_not_be_read_any_more_is_forgotten() {
    // Set anew in each round.
    assert_eq!(rounds("int a, b = 0; do { a = tick(); b = a; } while (b < 5); return 0;"), [0, 0, 0, 0]);
    assert_eq!(rounds("for (;;) { int a = tick(); if (a == 4) return a; }"), [0, 0, 0]);
    assert_eq!(rounds("int a; again: a = tick(); if (a < 4) goto again; return a;"), [0, 0, 0]);
    // Only what is behind the loop reads it.
    assert_eq!(rounds("int a = 0; while (tick() < 4) a = tick(); return a;"), [0, 1]);
    // Others reach it through a pointer, as long as it can be named.
    assert_eq!(rounds("int a = 0; int *p = &a; do set(p); while (a < 4); return *p;"), [0, 1, 2]);
    assert_eq!(rounds("for (;;) { int a; set(&a); if (a == 4) return a; }"), [0, 0, 0]);
    // A macro that only reads it is nobody who points to it.
    assert_eq!(rounds("int a; do a = tick(); while (likely(a < 4)); return 0;"), [0, 0, 0]);
    assert_eq!(rounds("int a; do WRITE_ONCE(a, tick()); while (a < 4); return 0;"), [0, 1, 2]);
    // What is read in the next round.
    assert_eq!(rounds("int a = 0; while (a < 3) a++; return 0;"), [0, 1, 2]);
    // A caller's, which it sets when the call is over.
    assert_eq!(rounds("int a = 0; do { a = ({ int x = tick(); x; }); } while (a < 4); return 0;"), [0, 0, 0]);
}

#[test]
fn a_goto_goes_anywhere() {
    let text = "int f(long a)\n{\n\tint r = 0, i = 0;\n\n\tif (a == 1)\n\t\tgoto inside;\n\tif (a == 2)\n\t\tgoto out;\n\
                \tfor (i = 0; i < 3; i++) {\n\t\tr += 10;\ninside:\n\t\tr += 1;\n\t}\n\tif (a == 3 && r < 100)\n\t\tgoto inside;\n\
                out:\n\tswitch (a) {\n\tdefault:\n\t\tr += 1000;\n\t\tbreak;\n\tcase 4:\n\t\tdo {\n\tcase 5:\n\t\t\tr += 5;\n\t\t} while (r++ < 60);\n\
                \t\tgoto end;\n\t}\n\treturn r;\nend:\n\treturn -r;\n}\n";
    assert_eq!(int(text, &[0]), 1033);
    assert_eq!(int(text, &[1]), 1023);
    assert_eq!(int(text, &[2]), 1000);
    assert_eq!(int(text, &[3]), 1000 + 33 + 67);
    assert_eq!(int(text, &[4]), -63);
    assert_eq!(int(text, &[5]), -63);
}

#[test]
fn strings_and_functions_are_values() {
    let text = "static int one(void)\n{\n\treturn 1;\n}\nint f(void)\n{\n\tconst char *s = \"a\";\n\tint (*g)(void) = &one;\n\n\
                \treturn s != NULL && g == one && *g == one && !!g && (bool)s;\n}\n";
    assert_eq!(int(text, &[]), 1);
    let numbers = "int f(void)\n{\n\tint x = 3, *p;\n\tunsigned long l = (unsigned long)&x;\n\n\tp = (int *)l;\n\
                   \treturn *p + (l != 0) + (l == (unsigned long)p) + (bool)l + (l ? 1 : 0);\n}\n";
    assert_eq!(int(numbers, &[]), 7);
    let code = code("char *f(void)\n{\n\treturn \"a\" \"b\";\n}\n", Nothing);
    let value = Run::new(&code, &Nothing, &Alone, Vec::new()).call("f", "", Vec::new()).expect("a string");
    assert_eq!(value, Value::Pointer(Pointer::Text("\"a\" \"b\"".into())));
}

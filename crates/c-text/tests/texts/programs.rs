//! What a name means in which file.

use c_text::{Config, Hints, Program, parse};

fn program(files: &[(&str, &str)]) -> Program {
    let mut program = Program::new(Config::new(), Hints::default());
    for (name, text) in files {
        program.add(parse(name, text.as_bytes(), &Config::new(), &Hints::default()).expect("it can be read"));
    }
    program
}

#[test]
fn a_name_is_that_of_its_own_file_first() {
    let program = program(&[
        ("a.c", "static int f(void)\n{\n}\nint g(void)\n{\n}\n#define N 1\n"),
        ("b.c", "static int f(void)\n{\n}\nstatic int h(void)\n{\n}\n#define N 2\n"),
        (
            "c.h",
            "static inline int i(void)\n{\n}\n#define M 3\nint g(int named);\nstruct s { int a; };\nenum e { X, Y };\n",
        ),
    ]);
    let file = |name: &str, from: &str| {
        program.function(name, from).expect("one meaning").map(|function| function.file.to_string())
    };
    assert_eq!(file("f", "a.c").as_deref(), Some("a.c"));
    assert_eq!(file("f", "b.c").as_deref(), Some("b.c"));
    assert_eq!(file("f", "c.h"), None);
    assert_eq!(file("g", "b.c").as_deref(), Some("a.c"));
    assert_eq!(file("h", "a.c"), None);
    assert_eq!(file("i", "a.c").as_deref(), Some("c.h"));
    let define =
        |name: &str, from: &str| program.define(name, from).expect("one meaning").map(|define| define.code());
    assert_eq!(define("N", "a.c").as_deref(), Some("1"));
    assert_eq!(define("N", "c.h"), None);
    assert_eq!(define("M", "b.c").as_deref(), Some("3"));
    assert!(program.record("s", "a.c").expect("one meaning").is_some());
    assert_eq!(program.enumerator("Y", "a.c").expect("one meaning").map(|value| value.more), Some(1));
    assert!(program.prototype("g", "b.c").expect("one meaning").is_some());
}

#[test]
fn what_a_pointer_calls_is_declared_where_it_was_made() {
    let program = program(&[
        ("a.c", "static int f(int of_a)\n{\n}\nstatic int g(int of_a)\n{\n}\n"),
        ("b.c", "static int f(int of_b)\n{\n}\nint h(int of_b);\n"),
        ("c.c", "int i(void)\n{\n}\n"),
    ]);
    let parameter = |name: &str, from: &str| {
        let found = program.prototype_of_pointer(name, from).map_err(|why| why.to_string());
        found.map(|found| found.and_then(|of| of.parameters[0].name.as_deref().map(str::to_owned)))
    };
    assert_eq!(parameter("f", "a.c"), Ok(Some("of_a".into())));
    assert_eq!(parameter("f", "b.c"), Ok(Some("of_b".into())));
    assert_eq!(parameter("g", "c.c"), Ok(Some("of_a".into())));
    assert_eq!(parameter("h", "c.c"), Ok(Some("of_b".into())));
    assert_eq!(parameter("j", "c.c"), Ok(None));
    assert_eq!(parameter("f", "c.c"), Err("`f` is defined at a.c and at b.c".into()));
}

#[test]
fn two_meanings_are_an_error() {
    let program = program(&[
        ("a.c", "int f(void)\n{\n\treturn 1;\n}\nint same(void)\n{\n}\n"),
        ("b.c", "\nint f(void)\n{\n\treturn 2;\n}\nint same(void)\n{\n}\n"),
        ("c.c", "#define N 1\n#undef N\n#define N 2\n"),
    ]);
    let why = program.function("f", "c.c").expect_err("two").to_string();
    assert_eq!(why, "`f` is defined at a.c:1:1 and at b.c:2:1");
    assert!(program.function("f", "a.c").expect("its own").is_some());
    assert!(program.function("same", "c.c").expect("they say the same").is_some());
    assert_eq!(
        program.define("N", "c.c").expect_err("two").to_string(),
        "`N` is defined at c.c:1:9 and at c.c:3:9"
    );
}

#[test]
fn what_did_not_parse_is_found_as_that() {
    let program = program(&[("a.c", "LOUD int f(void)\n{\n}\n")]);
    assert!(program.function("f", "a.c").expect("none").is_none());
    let why = program.unparsed("f", "a.c").expect("a reason").to_string();
    assert_eq!(why, "a.c:1:1: `LOUD` beside a type: an attribute word that is not known?");
}

//! Conditions of the preprocessor.

use crate::common::{read_with, statements};
use c_text::{Config, Hints, parse};

fn holds(condition: &str, config: &Config) -> bool {
    let file = read_with(&format!("#if {condition}\nint yes;\n#else\nint no;\n#endif\n"), config);
    assert_eq!(file.items.len(), 1);
    file.items[0].kind.name().map(|name| &**name) == Some("yes")
}

#[test]
fn conditions_compute_as_in_c() {
    let config = Config::new().on("A").off("B").number("N", 7).on("M_MODULE");
    let yes = [
        "1",
        "A",
        "N == 7",
        "!B",
        "defined(A) && !defined(B)",
        "defined A || X",
        "N > 3 && N <= 7",
        "(N & 3) == 3",
        "N << 1 == 14",
        "-1 < 0",
        "~0",
        "A ? N : 0",
        "IS_ENABLED(A)",
        "IS_ENABLED(M)",
        "!IS_ENABLED(B)",
        "'a' == 97",
        "0x10 == 16UL",
        "N % 4 == 3",
        "!defined(X) && !X(1, (2))",
        "N / 0 == 0",
        "1 /* a */ + 1 == 2 // b",
    ];
    let no = ["0", "B", "N < 7", "!A", "defined(X)", "IS_ENABLED(X)", "A ? 0 : N", "0 && 1 || 0"];
    for condition in yes {
        assert!(holds(condition, &config), "{condition}");
    }
    for condition in no {
        assert!(!holds(condition, &config), "{condition}");
    }
}

#[test]
fn what_is_left_out_is_not_read() {
    let text = "#ifdef A\nint a;\n# if 0\n\"don't\n/* #endif */\n# elif B\nint b;\n# endif\n#elif defined(C)\nint c;\n\
                #else\nint d;\n#endif /* A */\n";
    let names = |config: &Config| {
        let file = read_with(text, config);
        file.items.iter().map(|item| item.kind.name().expect("a name").to_string()).collect::<String>()
    };
    assert_eq!(names(&Config::new()), "d");
    assert_eq!(names(&Config::new().on("A")), "a");
    assert_eq!(names(&Config::new().on("A").on("B")), "ab");
    assert_eq!(names(&Config::new().on("C").on("B")), "c");
}

#[test]
fn conditions_stand_anywhere() {
    let config = Config::new().on("A");
    let file = read_with(
        "int f(int a)\n{\n\tif (a) {\n#ifdef A\n\t\tg();\n\t} else {\n#endif\n\t\th();\n\t}\n\treturn k(a,\n\
         #ifdef A\n\t\t1\n#else\n\t\t2, 3\n#endif\n\t\t);\n}\n",
        &config,
    );
    let body = crate::common::body(crate::common::function(&file, "f"));
    assert_eq!(body.len(), 2);
    assert_eq!(body[1].at.line, 10);
}

#[test]
fn a_file_knows_what_it_defines() {
    let text = "#ifndef GUARD\n#define GUARD\n#define N 3\n#if N == 3 && defined(GUARD)\nint a;\n#endif\n#undef N\n\
                #ifdef N\nint b;\n#endif\n#define M (N + 1)\n#if M == 1\nint c;\n#endif\n#endif\n";
    let file = read_with(text, &Config::new().number("N", 5));
    let names: Vec<_> = file.items.iter().map(|item| item.kind.name().expect("a name").to_string()).collect();
    assert_eq!(names, ["a", "c"]);
    let asked: Vec<_> = file.asked.keys().map(|name| &**name).collect();
    assert_eq!(asked, ["GUARD"]);
}

#[test]
fn names_that_nobody_knows_are_told() {
    let file =
        read_with("#if A && X\n#elif IS_ENABLED(Y)\n#endif\n#ifdef Z\n#endif\n", &Config::new().on("A"));
    let asked: Vec<_> = file.asked.iter().map(|(name, at)| (&**name, at.line)).collect();
    assert_eq!(asked, [("X", 1), ("Y", 2), ("Z", 4)]);
}

#[test]
fn broken_conditions_are_errors() {
    let cases = [
        ("#if 1\n", "fs/toy.c:1:1: this condition has no `#endif`"),
        ("\n#endif\n", "fs/toy.c:2:1: `#endif` without `#if`"),
        ("#else\n", "fs/toy.c:1:1: `#else` without `#if`"),
        ("#if 1\n#else\n#elif 1\n#endif\n", "fs/toy.c:3:1: `#elif` behind `#else`"),
        ("#if\n#endif\n", "fs/toy.c:1:1: a condition that breaks off"),
        ("#if (1\n#endif\n", "fs/toy.c:1:1: a condition without `)`"),
        ("#if 1 1\n#endif\n", "fs/toy.c:1:1: `1` in a condition"),
        ("#ifdef\n#endif\n", "fs/toy.c:1:1: `#ifdef` without a name"),
        ("#define A A + A\n#if A\n#endif\n", "fs/toy.c:2:1: a condition that is too large"),
        ("#define\n", "fs/toy.c:1:1: `#define` without a name"),
        ("#define f(a\n", "fs/toy.c:1:9: the parameters of this macro have no end"),
        ("int a; /* b\n", "fs/toy.c:1:8: this comment has no end"),
        ("#if 0\n/*\n#endif\n", "fs/toy.c:2:1: this comment has no end"),
    ];
    for (text, expected) in cases {
        let why = parse("fs/toy.c", text.as_bytes(), &Config::new(), &Hints::default()).expect_err(text);
        assert_eq!(why.to_string(), expected);
    }
}

#[test]
fn lines_go_on_behind_a_backslash() {
    let all = statements("a = 1 + \\\n\t2; // b \\\n c\nd = \"x\\\"\";");
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].at.line, 6);
}

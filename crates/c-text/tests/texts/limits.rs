//! Texts that are no C, too long, too deep: an error, never a panic.
//!
//! `SHORTCOPY_FUZZ` is how many texts each property tries; the long run takes 1,000,000.

use crate::common::{TOY, read};
use c_text::{Config, Hints, ItemKind, Overlay, Patch, Program, ReadError, Sources, differences, parse};
use proptest::prelude::*;

fn why(bytes: &[u8]) -> String {
    parse("fs/toy.c", bytes, &Config::new(), &Hints::default()).expect_err("it can't be read").to_string()
}

#[test]
fn a_file_that_is_no_text_is_an_error() {
    assert_eq!(why(b"int a;\nchar *b = \"\xff\";\n"), "fs/toy.c:2:12: not UTF-8");
    let long = vec![b' '; (8 << 20) + 1];
    assert_eq!(why(&long), "fs/toy.c: 8388609 bytes; a source of more than 8388608 is not read");
}

#[test]
fn braces_that_do_not_pair_are_an_error() {
    assert_eq!(
        why(b"int f(void)\n{\n\tif (a) {\n}\n\nint g(void)\n{\n}\n"),
        "fs/toy.c:2:1: this `{` is never closed"
    );
    assert_eq!(why(b"int f(void)\n{\n}\n}\n"), "fs/toy.c:4:1: this `}` closes nothing");
}

#[test]
fn letters_that_are_no_c_are_the_affair_of_their_item() {
    let file = read("int a = @;\nint b = 'x;\nint \u{e4};\nint c;\n");
    let names = file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Variable(variable) => Some(&*variable.name),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["c"]);
}

/// Bounds hold whatever is nested, and in a thread with little stack.
#[test]
fn nesting_is_bounded() {
    let nest =
        |open: &str, close: &str, times: usize| format!("{}a{}", open.repeat(times), close.repeat(times));
    let mut deep: Vec<String> = Vec::new();
    for (open, close) in [
        ("(", ")"),
        ("f(", ")"),
        ("x[", "]"),
        ("-", ""),
        ("!", ""),
        ("*", ""),
        ("&", ""),
        ("(int)", ""),
        ("sizeof ", ""),
        ("++", ""),
        ("a ? b : ", ""),
        ("a ? ", " : b"),
        ("a = ", ""),
        ("a + ", ""),
        ("a + (", ")"),
        ("a, ", ""),
        ("({ ", "; })"),
        ("(struct x){ ", " }"),
        ("(typeof(", ")) 1"),
        ("1 * ", ""),
        ("", ".a"),
        ("", "->a"),
        ("", "[1]"),
        ("", "(1)"),
        ("", "++"),
        ("f(a, ", ")"),
        ("(a + ", " + a + a)"),
        ("sizeof(int (*)(", "))"),
    ] {
        deep.push(format!("int f(void)\n{{\n\treturn {};\n}}\n", nest(open, close, 5_000)));
    }
    for (open, close) in [
        ("{ ", " }"),
        ("if (a) ", ""),
        ("if (a) b; else ", ""),
        ("while (a) ", ""),
        ("do ", " while (a);"),
        ("x: ", ""),
        ("for (;;) ", ""),
        ("switch (a) ", ""),
        ("for_each_a(b) ", ""),
        ("a(b) { ", " }"),
        ("case 1: ", ""),
    ] {
        deep.push(format!("int f(void)\n{{\n\t{}\n}}\n", nest(open, &format!(" ; {close}"), 5_000)));
    }
    for (open, close) in [
        ("int *", ""),
        ("int (*", ")(void)"),
        ("struct { ", " ; } b;"),
        ("int b[", "]"),
        ("int b(int ", ")"),
        ("int ((", "))"),
        ("enum { b = ", " }"),
        ("int b = { ", " }"),
    ] {
        deep.push(format!("{};\nint last;\n", nest(open, close, 5_000)));
    }
    let read = move || {
        for text in &deep {
            let start: String = text.chars().take(60).collect();
            match parse("fs/toy.c", text.as_bytes(), &Config::new(), &Hints::default()) {
                Ok(file) => {
                    for item in &file.items {
                        let _ = format!("{:?}", item.clone().kind.name());
                    }
                }
                Err(why) => assert!(why.to_string().contains("fs/toy.c:"), "{start}: {why}"),
            }
        }
    };
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(read).expect("a thread");
    assert!(small.join().is_ok());
}

#[test]
fn what_the_kernel_has_is_not_too_deep() {
    let parentheses = format!("int a = {}1{};\n", "(".repeat(20), ")".repeat(20));
    let sum = format!("int b = 1{};\n", " + 1".repeat(300));
    let table = format!("int c[] = {{ {} }};\n", "1 + 2, ".repeat(2_000));
    let blocks = format!("void f(void)\n{{ {} {} }}\n", "if (a) { ".repeat(20), "} ".repeat(20));
    let file = read(&format!("{parentheses}{sum}{table}{blocks}"));
    assert_eq!(file.items.len(), 4);
    for item in &file.items {
        match &item.kind {
            ItemKind::Unparsed(of) => panic!("{}", of.why),
            ItemKind::Function(of) => assert!(of.body.is_ok()),
            _ => {}
        }
    }
}

/// All that is done to a text.
fn use_all(bytes: &[u8]) {
    let config = Config::new().on("A").off("B");
    let hints = Hints::default();
    let file = parse("fs/toy.c", bytes, &config, &hints);
    if let Ok(file) = file {
        let whole = read(TOY);
        let _ = differences(Some(&file), Some(&whole));
        for define in &file.defines {
            let _ = define.expression(&hints).map(|expression| expression.to_string());
            let _ = define.statements(&hints);
        }
        let mut program = Program::new(config, hints);
        program.add(file);
        let _ = program.function("toy_walk", "fs/toy.c");
    }
    let _ = Patch::parse("patch", bytes).map(Patch::reversed);
}

/// Pieces that make texts which get further than arbitrary bytes.
const PIECES: [&str; 62] = [
    "int ",
    "struct x ",
    "a",
    "b_t ",
    "*",
    "&",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ",",
    ".",
    "->",
    "=",
    "+=",
    "?",
    ":",
    "\n",
    "#if ",
    "#ifdef ",
    "#else\n",
    "#endif\n",
    "#define ",
    "#elif ",
    "defined(",
    "1",
    "0x1f",
    "1.5e+3",
    "'a'",
    "\"s\"",
    "'",
    "\"",
    "/*",
    "*/",
    "//",
    "\\\n",
    "if ",
    "else ",
    "while ",
    "do ",
    "for ",
    "switch ",
    "case ",
    "default:",
    "goto ",
    "return ",
    "sizeof ",
    "typedef ",
    "static ",
    "enum ",
    "typeof(",
    "__user ",
    "__free(",
    "for_each_x(",
    "...",
    "asm ",
    "@",
    "\u{e4}",
    "##",
];

/// Lines that make patches which get as far as being applied.
const LINES: [&str; 34] = [
    "--- a/f.c\n",
    "+++ b/f.c\n",
    "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1 @@\n",
    "--- a/f.c\n+++ b/f.c\n@@ -1 +1,2 @@\n",
    "--- /dev/null\n",
    "+++ /dev/null\n",
    "diff --git a/f.c b/f.c\n",
    "diff --git a/f.c b/g.c\n",
    "rename from f.c\nrename to g.c\n",
    "copy from f.c\ncopy to g.c\n",
    "new file mode 100644\n",
    "deleted file mode 100644\n",
    "index 1234567..89abcde 100644\n",
    "@@ -1 +1 @@\n",
    "@@ -1,2 +1,2 @@ a\n",
    "@@ -2,1 +2,2 @@\n",
    "@@ -0,0 +1,1 @@\n",
    "@@ -1,1 +0,0 @@\n",
    "@@ -9223372036854775807,1 +1,1 @@\n",
    "@@ -9223372036854775809,1 +1,1 @@\n",
    "@@ -18446744073709551615,1 +18446744073709551615,1 @@\n",
    "@@ -1,18446744073709551615 +1,1 @@\n",
    " a\n",
    " b\n",
    "-a\n",
    "-b\n",
    "+a\n",
    "+c\n",
    "\n",
    "\\ No newline at end of file\n",
    "-- \n2.47.3\n",
    "From: a\nSubject: b\n\n---\n",
    "GIT binary patch\n",
    "\u{e4}",
];

/// A tree of one file, in memory.
struct One;

impl Sources for One {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok((file == "f.c").then(|| b"a\nb\na\nb\nc\n".to_vec()))
    }
}

/// A patch is applied and taken back, or neither.
fn apply(patch: &Patch) {
    let mut tree = Overlay::new(One);
    if tree.apply(patch).is_ok() {
        let _ = tree.apply(&patch.clone().reversed());
    }
}

/// What is done to one file.
fn part() -> impl Strategy<Value = String> {
    const HEADS: [&str; 6] = [
        "--- a/f.c\n+++ b/f.c\n",
        "diff --git a/f.c b/f.c\n--- a/f.c\n+++ b/f.c\n",
        "diff --git a/f.c b/g.c\nrename from f.c\nrename to g.c\n--- a/f.c\n+++ b/g.c\n",
        "diff --git a/f.c b/g.c\ncopy from f.c\ncopy to g.c\n--- a/f.c\n+++ b/g.c\n",
        "--- /dev/null\n+++ b/g.c\n",
        "--- a/f.c\n+++ /dev/null\n",
    ];
    let hunks = prop::collection::vec(hunk(), 0..4);
    (prop::sample::select(&HEADS[..]), hunks).prop_map(|(head, hunks)| head.to_owned() + &hunks.concat())
}

/// A hunk that counts its lines rightly and stands anywhere.
fn hunk() -> impl Strategy<Value = String> {
    let line = prop_oneof![4 => 0..8_u64, 1 => any::<u64>()];
    let lines = prop::collection::vec(
        prop::sample::select(&[" a\n", " b\n", "-a\n", "-b\n", "+a\n", "+c\n"][..]),
        1..5,
    );
    (line.clone(), line, lines).prop_map(|(old, new, lines)| {
        let count = |other| lines.iter().filter(|line| !line.starts_with(other)).count();
        format!("@@ -{old},{} +{new},{} @@\n{}", count('+'), count('-'), lines.concat())
    })
}

fn runs() -> u32 {
    std::env::var("SHORTCOPY_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use_all(&bytes);
    }

    #[test]
    fn arbitrary_pieces_do_not_panic(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..80)) {
        use_all(pieces.concat().as_bytes());
    }

    #[test]
    fn patches_of_arbitrary_lines_do_not_panic(lines in prop::collection::vec(prop::sample::select(&LINES[..]), 0..12)) {
        if let Ok(patch) = Patch::parse("patch", lines.concat().as_bytes()) {
            apply(&patch);
            apply(&patch.reversed());
        }
    }

    #[test]
    fn patches_of_arbitrary_hunks_do_not_panic(parts in prop::collection::vec(part(), 1..3)) {
        if let Ok(patch) = Patch::parse("patch", parts.concat().as_bytes()) {
            apply(&patch);
            apply(&patch.reversed());
        }
    }

    #[test]
    fn a_file_that_is_cut_does_not_panic(from in 0..TOY.len(), to in 0..TOY.len()) {
        use_all(&TOY.as_bytes()[from.min(to)..from.max(to)]);
    }

    #[test]
    fn a_file_with_holes_does_not_panic(at in 0..TOY.len(), length in 0..40_usize, piece in prop::sample::select(&PIECES[..])) {
        let end = (at + length).min(TOY.len());
        use_all(&[&TOY.as_bytes()[..at], piece.as_bytes(), &TOY.as_bytes()[end..]].concat());
    }
}

//! What is read from a text.

use crate::common::{TOY, body, expression, function, read, statements};
use c_text::{ExprKind, Hints, ItemKind, StmtKind, Type};
use proptest::prelude::*;

#[test]
fn all_items_of_a_file_are_found() {
    let file = read(TOY);
    let kinds: Vec<String> = file
        .items
        .iter()
        .map(|item| {
            let kind = match &item.kind {
                ItemKind::Function(_) => "function",
                ItemKind::Prototype(_) => "prototype",
                ItemKind::Variable(_) => "variable",
                ItemKind::Enum(_) => "enum",
                ItemKind::Record(_) => "struct",
                ItemKind::Typedef(_) => "typedef",
                ItemKind::MacroCall(_) => "macro",
                ItemKind::Nothing => "nothing",
                ItemKind::Unparsed(of) => panic!("{}", of.why),
            };
            format!("{kind} {}", item.kind.name().map_or("?", |name| name))
        })
        .collect();
    let expected = [
        "enum ?",
        "struct ?",
        "struct toy",
        "typedef toy_off",
        "macro BUFFER_FNS",
        "prototype toy_ring",
        "macro DEFINE_MUTEX",
        "function toy_offset",
        "function toy_walk",
        "function toy_write_begin",
        "variable toy_aops",
        "macro SYSCALL_DEFINE2",
        "macro EXPORT_SYMBOL",
    ];
    assert_eq!(kinds, expected);
    for function in file.functions() {
        body(function);
    }
    let includes: Vec<_> =
        file.includes.iter().map(|include| (&*include.path, include.is_of_headers)).collect();
    assert_eq!(includes, [("linux/fs.h", true), ("toy.h", false)]);
}

#[test]
fn heads_keep_the_names_of_parameters() {
    let file = read(TOY);
    let walk = &function(&file, "toy_walk").prototype;
    let names: Vec<_> =
        walk.parameters.iter().map(|parameter| parameter.name.as_deref().expect("a name")).collect();
    assert_eq!(names, ["handle", "head", "from", "to", "partial", "fn"]);
    assert_eq!(walk.parameters[5].of.to_string(), "int (*)(handle_t *, struct toy *)");
    assert!(walk.is_static);
}

#[test]
fn members_of_a_nested_union_are_those_of_the_struct() {
    let file = read(TOY);
    let ItemKind::Record(toy) = &file.items[2].kind else { panic!("a struct") };
    let members: Vec<_> = toy.members.iter().map(|member| (&*member.name, member.is_shared)).collect();
    let expected = [("rings", false), ("next", false), ("size", true), ("data", true), ("ring", false)];
    assert_eq!(members[..5], expected);
    assert_eq!(members[5..], [("loud", false), ("deep", false)]);
}

#[test]
fn enumerators_are_counted_from_the_last_expression() {
    let file = read(TOY);
    let ItemKind::Enum(of) = &file.items[0].kind else { panic!("an enum") };
    let values: Vec<_> = of
        .values
        .iter()
        .map(|value| (&*value.name, value.base.as_ref().map(ToString::to_string), value.more))
        .collect();
    let four = || Some("4".to_owned());
    assert_eq!(values, [("TOY_OPEN", None, 0), ("TOY_SHUT", four(), 0), ("TOY_AJAR", four(), 1)]);
}

#[test]
fn the_table_of_operations_names_its_functions() {
    let file = read(TOY);
    let variable = file.items.iter().find_map(|item| match &item.kind {
        ItemKind::Variable(variable) => Some(variable),
        _ => None,
    });
    let shown = variable.and_then(|variable| variable.initial.as_ref()).expect("a first value").to_string();
    let expected =
        "{ .dirty_folio = toy_dirty_folio, .write_begin = toy_write_begin, [TOY_SHUT].deep = { 1, 2, }, }";
    assert_eq!(shown, expected);
}

#[test]
fn everything_keeps_its_place() {
    let file = read(TOY);
    let begin = function(&file, "toy_write_begin");
    let line = |number: u32| file.line(number).expect("a line");
    assert!(line(begin.at.line).starts_with("static int toy_write_begin"));
    assert_eq!(line(begin.end), "}");
    let retry =
        body(begin).iter().find(|statement| matches!(statement.kind, StmtKind::Label(_))).expect("a label");
    assert_eq!(line(retry.at.line), "retry:");
    let Some(StmtKind::Return(Some(value))) = body(begin).last().map(|last| &last.kind) else {
        panic!("a return")
    };
    let written = line(value.at.line);
    assert_eq!(&written[value.at.column as usize - 1..], "({ int __r = ret; __r; });");
    let size = &file.defines[1];
    assert_eq!((line(size.at.line), &*size.name), ("#define TOY_SIZE\t\t(1UL << TOY_SHIFT)", "TOY_SIZE"));
}

#[test]
fn macros_are_kept_and_read_on_demand() {
    let file = read(TOY);
    let hints = Hints::default();
    let debug = &file.defines[0];
    assert_eq!(debug.parameters.as_deref(), Some(&["fmt".into(), "...".into()][..]));
    assert!(debug.expression(&hints).is_err());
    assert!(matches!(debug.statements(&hints).expect("statements")[0].kind, StmtKind::Do { .. }));
    assert_eq!(file.defines[1].expression(&hints).expect("an expression").to_string(), "1UL << TOY_SHIFT");
    assert_eq!(file.defines[2].code(), "( ~ ( TOY_SIZE - 1 ) )");
    let empty = read("#define NOTHING\n#define LONG 1 + \\\n\t2\n");
    let why = empty.defines[0].expression(&hints).expect_err("nothing").to_string();
    assert_eq!(why, "fs/toy.c:1:9: expected an expression, found the end");
    assert_eq!(
        (empty.defines[1].end, empty.defines[1].expression(&hints).expect("a sum").to_string()),
        (3, "1 + 2".into())
    );
}

#[test]
fn operators_bind_as_in_c() {
    let cases = [
        ("a + b * c - d", "(a + (b * c)) - d"),
        ("a << 1 + b & c", "(a << (1 + b)) & c"),
        ("a = b = c ? d : e, f", "(a = (b = (c ? d : e))), f"),
        ("a || b && c | d ^ e & f == g < h", "a || (b && (c | (d ^ (e & (f == (g < h))))))"),
        ("-a++ - --b", "(-(a++)) - (--b)"),
        ("!*p->q[i].r", "!(*p->q[i].r)"),
        ("&a[1] - *&b", "(&a[1]) - (*(&b))"),
        ("*wait++ = x", "(*(wait++)) = x"),
        ("a ?: b", "a ? : b"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a <<= b |= c", "a <<= (b |= c)"),
        ("(u32)a + b", "((u32)a) + b"),
        ("(x)(y)", "x(y)"),
        ("(loff_t)(y)", "(loff_t)y"),
        ("(x) - y", "x - y"),
        ("(struct x *)y->z", "(struct x *)y->z"),
        ("(int)(unsigned long)p", "(int)((unsigned long)p)"),
        ("(gfp)mask", "(gfp)mask"),
        ("(foo *)p", "(foo *)p"),
        ("(foo) * p", "foo * p"),
        ("sizeof(struct x)", "sizeof(struct x)"),
        ("sizeof x + 1", "(sizeof(x)) + 1"),
        ("sizeof(x) * 2", "(sizeof(x)) * 2"),
        ("sizeof(*p)", "sizeof(*p)"),
        ("(struct x){ .a = 1, .b[2] = { 3 } }.a", "((struct x){ .a = 1, .b[2] = { 3, }, }).a"),
        ("f(a, (b, c), unsigned long, struct x *, g)", "f(a, (b, c), unsigned long, struct x *, g)"),
        ("min_t(loff_t, a, b)", "min_t(loff_t, a, b)"),
        ("offsetof(struct x, a.b)", "offsetof(struct x, a.b)"),
        ("f(count_t * 2)", "f(count_t * 2)"),
        ("f(start_t)", "f(start_t)"),
        ("(*fn)(a)(b)", "(*fn)(a)(b)"),
        ("\"a\" B \"c\"", "\"a\" B \"c\""),
        ("KERN_ERR \"x\"", "KERN_ERR \"x\""),
        ("'\\n' + 'A' + '\\x41' + '\\0'", "((10 + 65) + 65) + 0"),
        ("0x10 + 010 + 0xffffffff + 4294967295", "((16 + 8) + 4294967295U) + 4294967295L"),
        ("1u + 2l + 3ull + 0xffffffffffffffff", "((1U + 2L) + 3UL) + 18446744073709551615UL"),
        ("__builtin_types_compatible_p(typeof(a), char)", "__builtin_types_compatible_p(typeof(a), char)"),
    ];
    for (text, expected) in cases {
        assert_eq!(expression(text).to_string(), expected, "{text}");
    }
}

#[test]
fn declarations_are_told_from_expressions() {
    let cases = [
        ("foo *a;", "foo *"),
        ("foo a = 1;", "foo"),
        ("struct x *a[3];", "struct x * [3]"),
        ("unsigned a;", "unsigned int"),
        ("long long unsigned int a;", "unsigned long"),
        ("int (*a)(void);", "int (*)(void)"),
        ("int (*a)[4];", "int (*)[4]"),
        ("const char *const a = b;", "char *"),
        ("u8 a[2][3];", "u8 [3] [2]"),
        ("__auto_type a = b;", "__auto_type"),
        ("typeof(b) a = b;", "typeof(b)"),
        ("bool a;", "bool"),
        ("foo_t (*a)(int b, ...);", "foo_t (*)(int, ...)"),
    ];
    for (text, expected) in cases {
        let statements = statements(text);
        let StmtKind::Declare(variables) = &statements[0].kind else { panic!("{text}: {statements:?}") };
        assert_eq!((&*variables[0].name, &*variables[0].of.to_string()), ("a", expected), "{text}");
    }
    for text in
        ["a * b + 1;", "a(b);", "a = b;", "a[1] = b;", "a->b = c;", "a++;", "a_t(b);", "(a)(b);", "a, b;"]
    {
        let statements = statements(text);
        assert!(matches!(statements[0].kind, StmtKind::Expr(_)), "{text}: {statements:?}");
    }
    let StmtKind::Declare(all) = &statements("int a, *b, c[2] = { 1, 2 };")[0].kind else {
        panic!("a declaration")
    };
    assert_eq!(all.iter().map(|one| one.of.to_string()).collect::<Vec<_>>(), ["int", "int *", "int [2]"]);
}

#[test]
fn statements_are_what_they_look_like() {
    let all = statements(
        "if (a) b(); else if (c) { d(); } else ;
         for (int i = 0, j = 1; i < 3; i++, j--) continue;
         for (;;) break;
         while (a) for_each_x(b) c();
         x: y: z();
         if (a) w: b();
         list_for_each(a, b);
         do a(); while (b);
         static DEFINE_THING(x);
         struct toy *t __free(put) = get();
         ;",
    );
    let kinds: Vec<&str> = all
        .iter()
        .map(|statement| match &statement.kind {
            StmtKind::If { .. } => "if",
            StmtKind::For { .. } => "for",
            StmtKind::While { body, .. } => {
                assert!(matches!(body.kind, StmtKind::Macro { .. }));
                "while"
            }
            StmtKind::Label(_) => "label",
            StmtKind::Expr(_) => "expression",
            StmtKind::Do { .. } => "do",
            StmtKind::Declare(variables) => {
                assert_eq!(*variables[0].attributes, ["__free ( put )".into()]);
                "declare"
            }
            StmtKind::Empty => "empty",
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "if",
        "for",
        "for",
        "while",
        "label",
        "label",
        "expression",
        "if",
        "expression",
        "do",
        "expression",
        "declare",
        "empty",
    ];
    assert_eq!(kinds, expected);
    let StmtKind::If { yes, .. } = &all[7].kind else { panic!("an if") };
    assert!(
        matches!(&yes.kind, StmtKind::Block(inside) if inside.len() == 2),
        "a label stays with what it labels"
    );
}

#[test]
fn what_does_not_parse_says_why_and_costs_nothing_else() {
    let file = read(
        "int good(void)\n{\n\treturn 1;\n}\n\nint bad(void)\n{\n\tint a = ;\n\treturn a;\n}\n\n\
         LOUD void strange(void)\n{\n}\n\nstruct x { int a b; };\n\nint after(void)\n{\n\treturn (2;\n}\n\n\
         int last(void)\n{\n\treturn cond(a, ==, b);\n}\nint fine(void)\n{\n}\n",
    );
    let why =
        |name: &str| function(&file, name).body.as_ref().expect_err("it is not in the subset").to_string();
    body(function(&file, "good"));
    assert_eq!(why("bad"), "fs/toy.c:8:10: expected an expression, found `;`");
    assert_eq!(why("after"), "fs/toy.c:20:11: expected `)`, found `;`");
    assert_eq!(why("last"), "fs/toy.c:25:17: expected an expression, found `==`");
    body(function(&file, "fine"));
    let unparsed: Vec<_> = file
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Unparsed(of) => Some((of.name.as_deref(), of.is_function, of.why.to_string())),
            _ => None,
        })
        .collect();
    let expected = [
        (
            Some("strange"),
            true,
            "fs/toy.c:12:1: `LOUD` beside a type: an attribute word that is not known?".to_owned(),
        ),
        (Some("b"), false, "fs/toy.c:16:18: expected `;`, found `b`".to_owned()),
    ];
    assert_eq!(unparsed, expected);
}

#[test]
fn attribute_words_leave_no_trace() {
    let plain = read("static int f(char *a)\n{\n\tint b;\n\n\treturn g(a, b);\n}\n");
    let dressed = read(
        "static __cold noinline int __must_check f(char __user *a __maybe_unused) __attribute__((hot(1))) __releases(x)\n\
         {\n\tint b __aligned(8);\n\n\treturn g(a, b);\n}\n",
    );
    assert_eq!(function(&plain, "f").prototype, function(&dressed, "f").prototype);
    let shown = |file| match &body(function(file, "f"))[1].kind {
        StmtKind::Return(Some(value)) => value.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(shown(&plain), shown(&dressed));
}

/// The same without places.
fn shown_twice(text: &str) -> (String, String) {
    let first = expression(text).to_string();
    let second = expression(&first).to_string();
    (first, second)
}

fn any_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("1UL".to_owned()),
        Just("'c'".to_owned()),
        Just("\"s\"".to_owned()),
        Just("sizeof(struct x)".to_owned()),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let binary = "* / % + - << >> < > <= >= == != & ^ | && || = += <<=";
        let operators: Vec<&str> = binary.split(' ').collect();
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(a, operator, b)| format!("({a}) {operator} {b}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}) ? {b} : {c}")),
            (
                prop::sample::select(vec!["-", "!", "~", "*", "&", "++", "--", "(u64)", "(struct x *)"]),
                inner.clone()
            )
                .prop_map(|(mark, a)| format!("{mark}({a})")),
            (inner.clone(), prop::sample::select(vec![".b", "->b", "[1]", "(1, x)", "++", "--"]))
                .prop_map(|(a, mark)| format!("({a}){mark}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_that_is_shown_reads_as_itself(text in any_expression()) {
        let (first, second) = shown_twice(&text);
        prop_assert_eq!(first, second);
    }
}

#[test]
fn types_are_shown() {
    let ExprKind::Cast(of, _) = expression("(const struct x **)y").kind else { panic!("a cast") };
    assert!(matches!(&of, Type::Pointer(_)));
    assert_eq!(of.to_string(), "struct x * *");
}

#[test]
fn macros_that_fall_apart_are_known() {
    let file = read(
        "#define A(x, y) ((x) + f(y, x))\n#define B(x, y) ((x) + y)\n#define C(x) ({ int a = x; g[x]; })\n#define D 1 + 2\n\
         #define E (1) + (2)\n#define F (1 + (2))\n#define G 3\n#define H f(1)\n#define I f(1)(2)\n",
    );
    let isolates = |index: usize, name: &str| file.defines[index].isolates(name);
    assert!(isolates(0, "x") && isolates(0, "y") && isolates(1, "x") && isolates(2, "x"));
    assert!(!isolates(1, "y"));
    let together: Vec<bool> = file.defines[3..].iter().map(c_text::Define::is_together).collect();
    assert_eq!(together, [false, false, true, true, true, false]);
    let constant = read("const struct a b = { 1 };\nstatic int c;\n");
    let is_const = |index: usize| match &constant.items[index].kind {
        ItemKind::Variable(variable) => variable.is_const,
        other => panic!("{other:?}"),
    };
    assert!(is_const(0) && !is_const(1));
}

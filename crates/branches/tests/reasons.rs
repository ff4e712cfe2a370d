//! Which reason belongs to which branch, and which branch is inside of which.

use branches::{Found, Way, find};

fn found(body: &str) -> Found {
    find(&format!("fn word(k: &Kernel) {{\n{body}\n}}\n")).expect("it is Rust")
}

/// The reason of the branch that is decided by `code` in this way.
fn reason(found: &Found, code: &str, way: Way) -> Option<String> {
    let branch = found.branches.iter().find(|b| b.code == code && b.way == way);
    let branch = branch.unwrap_or_else(|| panic!("no branch {code} {way:?} in {:#?}", found.branches));
    branch.reason.map(|number| found.reasons[number].text.clone())
}

#[test]
fn a_reason_stands_above_behind_or_within() {
    let above = found("// Not reached: it is never so.\nif a(k) { b(k); }");
    assert_eq!(reason(&above, "a(k)", Way::True).as_deref(), Some("it is never so."));
    let behind = found("if a(k) { // Not reached: it is never so.\nb(k);\n}");
    assert_eq!(reason(&behind, "a(k)", Way::True).as_deref(), Some("it is never so."));
    let within = found("if a(k) {\n// Not reached: it is never so.\nb(k);\n} else {\nc(k);\n}");
    assert_eq!(reason(&within, "a(k)", Way::True).as_deref(), Some("it is never so."));
    assert_eq!(reason(&within, "a(k)", Way::False), None);
    let otherwise = found("if a(k) {\nb(k);\n} else {\n// Not reached: it is always so.\nc(k);\n}");
    assert_eq!(reason(&otherwise, "a(k)", Way::True), None);
    assert_eq!(reason(&otherwise, "a(k)", Way::False).as_deref(), Some("it is always so."));
}

#[test]
fn a_reason_may_take_several_lines_and_stand_among_other_comments() {
    let found = found(
        "// What this does.\n// Not reached by default: it takes\n// too long.\n// Not needed: another\n\
         // matter.\nmatch a(k) {\n\
         // Not reached: one.\n1 => {}\n// Two.\n2 => {}\n_ => {\n// Not reached: rest.\n}\n}",
    );
    let texts: Vec<(&str, bool)> = found.reasons.iter().map(|r| (r.text.as_str(), r.by_default)).collect();
    assert_eq!(texts, [("it takes too long.", true), ("one.", false), ("rest.", false)]);
    assert_eq!(reason(&found, "1", Way::Matches).as_deref(), Some("one."));
    assert_eq!(reason(&found, "2", Way::Matches), None);
    assert_eq!(reason(&found, "_", Way::Matches).as_deref(), Some("rest."));
}

#[test]
fn a_reason_above_a_statement_is_for_all_of_it_and_above_a_function_for_its_call() {
    let source = "/// Its text.\n// Not reached: nobody calls it.\n#[track_caller]\nfn word(k: &Kernel) {\n\
                  // Not reached: both are set.\nlet both = a(k)\n&& b(k);\n}";
    let found = find(source).expect("it is Rust");
    assert_eq!(reason(&found, "word", Way::Called).as_deref(), Some("nobody calls it."));
    assert_eq!(reason(&found, "b(k)", Way::False).as_deref(), Some("both are set."));
}

#[test]
fn a_reason_above_a_branch_is_for_that_one_and_not_for_the_block_it_begins() {
    let found = found("if a(k) {\n// Not reached: never in there.\nif b(k) { c(k); }\n}");
    assert_eq!(reason(&found, "a(k)", Way::True), None);
    assert_eq!(reason(&found, "b(k)", Way::True).as_deref(), Some("never in there."));
}

#[test]
fn a_reason_where_no_branch_is_belongs_to_none() {
    let found = found("// Not reached: what?\na(k);");
    assert_eq!(found.reasons.len(), 1);
    assert!(found.branches.iter().all(|branch| branch.reason.is_none()));
}

#[test]
fn a_branch_knows_what_it_is_inside_of() {
    let found = found("if a(k) {\nfor i in 0..2 { if b(k, i) { c(k); } }\n}\nif d(k) && e(k) { f(k)?; }");
    let number = |code: &str, way: Way| {
        found.branches.iter().position(|b| b.code == code && b.way == way).expect("a branch")
    };
    let inside = |code: &str, way: Way| found.branches[number(code, way)].inside;
    assert_eq!(inside("word", Way::Called), None);
    assert_eq!(inside("a(k)", Way::True), Some(number("word", Way::Called)));
    assert_eq!(inside("for i in 0..2", Way::Round), Some(number("a(k)", Way::True)));
    assert_eq!(inside("b(k, i)", Way::False), Some(number("for i in 0..2", Way::Round)));
    // The second operand is looked at where the first is true, and what follows where both are.
    assert_eq!(inside("e(k)", Way::True), Some(number("d(k)", Way::True)));
    assert_eq!(inside("f(k)", Way::NoValue), Some(number("e(k)", Way::True)));
}

#[test]
fn the_table_numbers_all_files_through() {
    let one = || found("// Not reached: never.\nif a(k) { b(k); }");
    let table = branches::table(&[("one.rs".to_owned(), one()), ("two.rs".to_owned(), one())]);
    assert!(table.contains("[Branch; 6]") && table.contains("[Reason; 2]"), "{table}");
    let last = r#"file: "two.rs", function: "word", line: 3, code: "a(k)", way: Way::False, inside: Some(3), reason: Some(1)"#;
    assert!(table.contains(last), "{table}");
}

#[test]
fn what_is_not_rust_is_an_error_with_its_line() {
    let error = find("fn word(k: &Kernel) {\n    if {\n}\n").expect_err("it is none");
    assert!(error.line > 0 && error.to_string().starts_with("line "), "{error}");
}

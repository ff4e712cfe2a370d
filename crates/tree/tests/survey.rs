//! The tables of functions of trees: small ones, and real ones where there are some.

mod common;

use std::collections::BTreeSet;

use c_text::{Config, Hints, Sources as _};
use common::{MAKEFILE, Place};
use tree::survey::{Survey, Text};
use tree::{Tree, open};

/// Each entry as `file:line variable.member = function, where`.
fn told(survey: &Survey) -> Vec<String> {
    let mut told = Vec::new();
    for table in &survey.tables {
        for hook in &table.hooks {
            let place = match &hook.text {
                Text::Function(function) if function.body.is_ok() => function.file.to_string(),
                Text::Function(_) | Text::Unparsed(_) => "not understood".into(),
                Text::Ambiguous(_) => "ambiguous".into(),
                Text::Nowhere => "nowhere".into(),
            };
            let condition = if hook.is_configured { "" } else { ", on a condition" };
            let (file, line) = (&table.file, hook.at.line);
            told.push(format!(
                "{file}:{line} {}.{} = {}, {place}{condition}",
                table.name, hook.member, hook.function
            ));
        }
    }
    told
}

fn survey(place: &Place, config: &Config) -> Survey {
    let tree = open(&place.name("linux")).expect("a tree");
    Survey::of(&tree, config, &Hints::default()).expect("its files can be listed")
}

#[test]
fn tables_and_their_functions_are_found() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    place.write(
        "linux/fs/toy/inode.c",
        "/* .write_begin = not_this_one, */
static int toy_begin(struct file *file, loff_t pos) { return 0; }
static const struct address_space_operations toy_aops = {
	.dirty_folio = toy_dirty,
	.write_begin = toy_begin,
	.write_end = shared_end,
};
const struct address_space_operations readonly_aops = { .read_folio = toy_read };
static struct other_operations other = { .write_begin = toy_begin };
const struct file_operations toy_file = { .write_iter = &toy_write, .llseek = NULL };
const struct file_operations none = { .write_iter = NULL };
void toy_set(struct file_operations *of) { of->ops.write_iter = 0; if (of->ops.write_iter == toy_file.write_iter) return; }
",
    );
    place.write(
        "linux/fs/toy/file.c",
        "int\ntoy_write(struct kiocb *iocb, struct iov_iter *i)\n{\n\treturn 0;\n}\n",
    );
    place.write("linux/mm/shared.c", "extern int a;\nint shared_end(int a) { return a; }\n");
    place.write("linux/mm/mention.c", "int f(void)\n{\n\treturn shared_end(1);\n}\n");
    place.write("linux/drivers/x.c", "const struct file_operations x = { .write_iter = x };\n");
    let survey = survey(&place, &Config::new());
    assert_eq!(
        told(&survey),
        [
            "fs/toy/inode.c:5 toy_aops.write_begin = toy_begin, fs/toy/inode.c",
            "fs/toy/inode.c:6 toy_aops.write_end = shared_end, mm/shared.c",
            "fs/toy/inode.c:10 toy_file.write_iter = toy_write, fs/toy/file.c",
        ]
    );
    assert_eq!(survey.missed, []);
    let table = &survey.tables[0];
    assert_eq!((&*table.record, table.at.line), ("address_space_operations", 3));
    let begin = table.hook("write_begin").expect("it has one");
    let function = begin.text.understood().expect("it was read");
    assert_eq!(function.prototype.parameters.len(), 2);
    assert!(table.hook("write_iter").is_none());
}

#[test]
fn what_needs_another_configuration_is_found_and_marked() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    place.write(
        "linux/fs/toy.c",
        "const struct address_space_operations toy_aops = {
#ifdef CONFIG_TOY
#ifdef CONFIG_DEEP
	.write_begin = toy_begin,
#endif
#else
	.write_end = plain_end,
#endif
};
#ifdef CONFIG_DEEP
int toy_begin(void) { return 0; }
#endif
",
    );
    let lines = |config: &Config| told(&survey(&place, config));
    assert_eq!(
        lines(&Config::new()),
        [
            "fs/toy.c:4 toy_aops.write_begin = toy_begin, fs/toy.c, on a condition",
            "fs/toy.c:7 toy_aops.write_end = plain_end, nowhere",
        ]
    );
    assert_eq!(
        lines(&Config::new().on("CONFIG_TOY").on("CONFIG_DEEP")),
        ["fs/toy.c:4 toy_aops.write_begin = toy_begin, fs/toy.c"]
    );
}

#[test]
fn tables_inside_of_others_are_found() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    place.write(
        "linux/fs/toy.c",
        "struct toy a = { .name = 1, .fops = { .write_iter = one }, .more.write_iter = two };
struct file_operations b[] = { [1] = { .write_iter = three }, { .write_iter = four } };
struct file_operations *c = &(struct file_operations){ .write_iter = five };
struct other d = { .fops = (struct other_operations){ .write_iter = six } };
struct file_operations e = { .write_iter = CHOOSE(one, two) };
",
    );
    assert_eq!(
        told(&survey(&place, &Config::new())),
        [
            "fs/toy.c:1 a.write_iter = one, nowhere",
            "fs/toy.c:1 a.write_iter = two, nowhere",
            "fs/toy.c:2 b.write_iter = three, nowhere",
            "fs/toy.c:2 b.write_iter = four, nowhere",
            "fs/toy.c:3 c.write_iter = five, nowhere",
            "fs/toy.c:5 e.write_iter = CHOOSE(one, two), nowhere",
        ]
    );
}

#[test]
fn what_may_be_a_table_and_is_not_understood_is_told() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    place.write("linux/fs/a.c", "#define OPS(x) { .write_iter = x }\nstruct file_operations a = OPS(f);\n");
    place.write(
        "linux/fs/b.c",
        "void f(void)\n{\n\tstatic struct file_operations b = { .write_iter = f };\n}\n",
    );
    place.write("linux/fs/c.c", "struct file_operations c = { .write_iter = f @ };\n");
    place.write("linux/fs/d.c", "struct file_operations d = { .write_iter = f ;\n");
    place.write("linux/fs/e.c", b"struct file_operations e = { .write_iter = f }; /* \xff */\n");
    place
        .write("linux/fs/f.c", "int twice(void) { return 1; }\n")
        .write("linux/fs/g.c", "int twice(void) { return 2; }\n");
    place.write("linux/fs/h.c", "const struct file_operations h = { .write_iter = twice };\n");
    place.write(
        "linux/fs/i.c",
        "const struct file_operations i = { .write_iter = odd };\nint odd(void)\n{\n\t@;\n}\n",
    );
    let survey = survey(&place, &Config::new());
    assert_eq!(
        told(&survey),
        ["fs/h.c:1 h.write_iter = twice, ambiguous", "fs/i.c:1 i.write_iter = odd, not understood"]
    );
    let missed: Vec<&str> = survey.missed.iter().map(|missed| &*missed.why).collect();
    assert_eq!(
        missed,
        [
            "fs/d.c:1:28: this `{` is never closed",
            "fs/e.c:1:52: not UTF-8",
            "fs/a.c:1:9: a table made by the macro OPS",
            "fs/b.c:1:1: a table inside of f",
            "fs/c.c:1:46: expected `,` or `}`, found `@`",
        ]
    );
}

/// Entries as they are found line by line: real trees have one a line.
fn by_line(tree: &Tree) -> BTreeSet<(String, u32, String, String)> {
    let mut found = BTreeSet::new();
    for folder in ["block", "fs", "mm"] {
        for file in tree.files(folder).expect("they can be listed") {
            let Some(text) = tree.read(&file).expect("it can be read") else { continue };
            for (line, number) in String::from_utf8_lossy(&text).lines().zip(1..) {
                let Some((member, function)) =
                    line.trim().strip_prefix('.').and_then(|line| line.split_once('='))
                else {
                    continue;
                };
                let member = member.trim();
                if ["write_begin", "write_end", "write_iter"].contains(&member) {
                    let function = function.trim().trim_end_matches(',');
                    found.insert((file.clone(), number, member.to_owned(), function.to_owned()));
                }
            }
        }
    }
    found
}

#[test]
fn real_trees_have_what_a_search_by_line_finds() {
    for tree in tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), "the survey of a tree") {
        let survey = Survey::of(&tree, &Config::new(), &Hints::default()).expect("its files can be listed");
        let (mut found, mut opaque) = (BTreeSet::new(), Vec::new());
        for table in &survey.tables {
            for hook in &table.hooks {
                let (member, function) = (hook.member.to_string(), hook.function.to_string());
                if hook.text.understood().is_none() {
                    opaque.push(function.clone());
                }
                assert!(found.insert((table.file.to_string(), hook.at.line, member, function)), "{hook:?}");
            }
        }
        assert_eq!(survey.missed, [], "{tree}");
        assert_eq!(found, by_line(&tree), "{tree}");
        let count = |member: &str| survey.tables.iter().filter(|table| table.hook(member).is_some()).count();
        let counts = ["write_begin", "write_end", "write_iter"].map(count);
        println!("{tree}: {} {counts:?}, not understood: {opaque:?}", tree.release());
        let known = match (tree.release().version, tree.release().patchlevel) {
            // It has a macro with an operator as an argument.
            (6, 1) => ([44, 44, 65], vec!["afs_write_begin"]),
            (6, 12) => ([40, 40, 62], vec![]),
            (7, 2) => ([33, 33, 61], vec![]),
            _ => continue,
        };
        assert_eq!((counts, opaque.iter().map(String::as_str).collect()), known, "{tree}");
    }
}

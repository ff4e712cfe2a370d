//! The commands over a kernel tree, on a tree of our own: a file system in memory, and what is done to its text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::toy::shortcopy_of;
use checker::explicit::{Options, check};
use cli::Status;
use scenario::Outcome;

const TREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/tables/tests/toy");

/// Scenarios that meet most of the text.
const SCENARIOS: [&str; 3] = ["within-straddling-invalid", "extending-unmapped", "within-absent-with-reader"];

/// A copy of the toy in which, in a file, a text that is there once becomes another.
fn edited(edits: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(Path::new(TREE), folder.path());
    for (file, from, to) in edits {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).expect("it is there");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        fs::write(path, text.replace(from, to)).expect("it can be written");
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let there = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            fs::create_dir(&there).expect("a folder");
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).expect("it can be copied");
        }
    }
}

/// A patch that makes one line of a file another, or none, in a file of its own.
fn patch(file: &str, line: usize, new: Option<&str>) -> tempfile::NamedTempFile {
    let text = fs::read_to_string(Path::new(TREE).join(file)).expect("it is there");
    let lines: Vec<&str> = text.lines().collect();
    let (first, last) = (line.saturating_sub(4), (line + 3).min(lines.len()));
    let mut body = String::new();
    for (at, text) in lines[first..last].iter().enumerate() {
        if first + at + 1 == line {
            body += &format!("-{text}\n");
            body += &new.map_or(String::new(), |new| format!("+{new}\n"));
        } else {
            body += &format!(" {text}\n");
        }
    }
    let (old, count) = (last - first, last - first - usize::from(new.is_none()));
    let head = format!("--- a/{file}\n+++ b/{file}\n@@ -{0},{old} +{0},{count} @@\n", first + 1);
    let patch = tempfile::NamedTempFile::new().expect("a file");
    fs::write(patch.path(), head + &body).expect("it can be written");
    patch
}

fn line_of(file: &str, text: &str) -> usize {
    let all = fs::read_to_string(Path::new(TREE).join(file)).expect("it is there");
    1 + all.lines().position(|line| line.contains(text)).expect("it is in there")
}

fn name(path: &Path) -> &str {
    path.to_str().expect("a name")
}

fn says(arguments: &[&str]) -> (Status, String) {
    let (status, text) = shortcopy_of(&[], arguments);
    (status.unwrap_or_else(|why| panic!("{why}")), text)
}

fn refuses(arguments: &[&str]) -> String {
    let (status, text) = shortcopy_of(&[], arguments);
    status.expect_err(&text).to_string()
}

#[test]
fn a_tree_is_a_catalogue() {
    let (_, text) = says(&["list", "--tree", TREE]);
    assert!(text.contains("simple/ramfs  ramfs") && text.contains("6.18-toy: the tree's own text"), "{text}");
    let (status, text) = says(&["check", "--tree", TREE, "simple/ramfs:within-resident"]);
    assert_eq!(status, Status::AsRecorded, "{text}");
    assert!(text.contains("simple/ramfs@6.18-toy: the tree's own text, and around it"), "{text}");
    let (status, text) = says(&["matrix", "--tree", TREE, "--variant", "6.18-toy"]);
    assert_eq!(status, Status::AsRecorded, "{text}");
    assert!(text.contains("`6.18-toy`"), "{text}");
    let why = refuses(&["check", "--tree", TREE, "simple/ramf"]);
    assert!(why.contains("did you mean `simple/ramfs`"), "{why}");
}

#[test]
fn what_is_missing_can_be_assumed_and_is_told() {
    let tree = edited(&[(
        "fs/libfs.c",
        "\tfolio_mark_dirty(folio);\n",
        "\tif (toy_shut(folio))\n\t\treturn 0;\n\tfolio_mark_dirty(folio);\n",
    )]);
    let tree = name(tree.path());
    let target = "simple/ramfs:within-resident";
    let (status, text) = says(&["check", "--tree", tree, target]);
    assert_eq!(status, Status::Unknown, "{text}");
    for part in ["unsupported", "fs/libfs.c:33: toy_shut() is not", "(in toy_end)", "--assume 'toy_shut()=0'"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (status, text) = says(&["check", "--tree", tree, "--assume", "toy_shut()=0", target]);
    assert_eq!(status, Status::AsRecorded, "{text}");
    assert!(text.contains("  toy_shut() = 0: the user says so (--assume)"), "{text}");
    let (status, text) = says(&["survey", "--tree", tree]);
    assert_eq!(status, Status::Unknown, "{text}");
    assert!(text.contains("1 thing is missing") && text.contains("1 of 1 are run"), "{text}");
}

#[test]
fn a_patch_is_compared_and_its_schedules_show_the_text() {
    let line = line_of("fs/libfs.c", "folio_zero_range(");
    let patch = patch("fs/libfs.c", line, Some("\t\t\t;"));
    let arguments =
        ["diff", "--tree", TREE, "--patch", name(patch.path()), "simple/ramfs:extending-unmapped"];
    let (status, text) = says(&arguments);
    assert_eq!(status, Status::Different, "{text}");
    for part in
        ["changed fs/libfs.c: toy_end()", "  + stale-uptodate: block(0)", "simple/ramfs reads toy_end()"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let at = format!("fs/libfs.c:{}  folio_mark_uptodate(folio);", line + 1);
    assert!(text.contains(&at), "{at}: {text}");
    // Taken back of a tree that has it, it is the other way round.
    let had = edited(&[(
        "fs/libfs.c",
        "\t\t\tfolio_zero_range(folio, offset_in_folio(folio, pos) + copied, len - copied);\n",
        "\t\t\t;\n",
    )]);
    let back = ["diff", "--tree", name(had.path()), "--patch", name(patch.path()), "-R", arguments[5]];
    let (status, text) = says(&back);
    assert_eq!(status, Status::AsRecorded, "{text}");
    assert!(text.contains("  - stale-uptodate: block(0)") && text.contains("0 bad states appear"), "{text}");
    // So it is between the trees, and nothing is between a tree and itself.
    let (status, text) = says(&["diff", "--tree", TREE, "--tree", name(had.path()), arguments[5]]);
    assert_eq!(status, Status::Different, "{text}");
    assert!(text.contains("  + stale-uptodate: block(0)"), "{text}");
    let (status, text) = says(&["diff", "--tree", TREE, "--tree", TREE, "simple/ramfs:within-resident"]);
    assert_eq!(status, Status::AsRecorded, "{text}");
    assert!(text.contains("nothing comes or goes"), "{text}");
    // A schedule of it is found again.
    let schedule = "simple/ramfs:within-straddling-invalid#1";
    let (status, text) = says(&["replay", "--tree", name(had.path()), schedule]);
    assert_eq!(status, Status::AsRecorded, "{text}");
    assert!(text.contains(&at), "{text}");
}

#[test]
fn what_is_not_read_is_not_judged() {
    let comment = patch("fs/libfs.c", 2, Some("/* Another comment. */"));
    let macro_ =
        patch("include/linux/types.h", line_of("include/linux/types.h", "EINTR"), Some("#define EBADF 9"));
    let read =
        patch("include/linux/types.h", line_of("include/linux/types.h", "EFAULT"), Some("#define EFAULT 9"));
    let other = patch("Makefile", 1, Some("# Another comment."));
    let target = "simple/ramfs:extending-unmapped";
    for (patch, what) in [(&comment, ""), (&other, "")] {
        let (status, text) = says(&["diff", "--tree", TREE, "--patch", name(patch.path()), target]);
        assert_eq!(status, Status::Unknown, "{what}: {text}");
        assert!(text.contains("the patch changes nothing that is read"), "{text}");
        assert!(text.contains("nothing that is run"), "{text}");
    }
    // What is named where it was run may matter.
    for patch in [&macro_, &read] {
        let (_, text) = says(&["diff", "--tree", TREE, "--patch", name(patch.path()), target]);
        assert!(text.contains("simple/ramfs reads macro E"), "{text}");
    }
    let (_, text) = says(&["diff", "--tree", TREE, "--patch", name(read.path()), target]);
    assert!(!text.contains("nothing comes or goes"), "{text}");
}

/// What is told without a search, or as the same, is the same: every line of the toy's text is taken away.
#[test]
fn changes_that_are_told_as_not_read_change_nothing() {
    let outcomes = |tree: &Path| -> Vec<String> {
        let Ok(opened) = tree::open(name(tree)) else { return vec!["no tree".to_owned()] };
        let release = opened.release().clone();
        let tree = tables::Tree::new(release, Arc::new(opened), Vec::new());
        let Ok(paths) = tree.paths(&|_| true) else { return vec!["unreadable".to_owned()] };
        let Some(of) = paths.first() else { return vec!["no path".to_owned()] };
        let cases = of.path.variants[0].cases.iter().filter(|case| SCENARIOS.contains(&case.name.as_str()));
        cases.map(|case| told(&check(&(case.build)(), &Options::default()).expect("a sound model"))).collect()
    };
    let plain = outcomes(Path::new(TREE));
    assert_eq!(plain.len(), SCENARIOS.len());
    let targets: Vec<String> = SCENARIOS.iter().map(|name| format!("simple/ramfs:{name}")).collect();
    let (mut same, mut other, mut unread) = (0, 0, 0);
    for file in [
        "fs/libfs.c",
        "mm/filemap.c",
        "include/linux/types.h",
        "include/linux/pagemap.h",
        "include/linux/fs.h",
    ] {
        let text = fs::read_to_string(Path::new(TREE).join(file)).expect("it is there");
        for line in 1..=text.lines().count() {
            let patch = patch(file, line, None);
            let folder = edited(&[]);
            let kept = text.lines().enumerate().filter(|(at, _)| at + 1 != line);
            let without: String = kept.map(|(_, text)| format!("{text}\n")).collect();
            fs::write(folder.path().join(file), without).expect("it can be written");
            let mut arguments = vec!["diff", "--tree", TREE, "--patch", name(patch.path())];
            arguments.extend(targets.iter().map(String::as_str));
            let (status, said) = shortcopy_of(&[], &arguments);
            let changed = outcomes(folder.path());
            match status {
                // What it makes of the tree can't be read, or has no path.
                Err(why) => assert!(changed.len() != plain.len(), "{file}:{line}: {why}"),
                Ok(_) => {
                    let is_read = !said.contains("changes nothing that is read");
                    let differs = changed.len() != plain.len() || changed != plain;
                    let tells = said.contains("\n  + ")
                        || said.contains("\n  - ")
                        || said.contains("\n  ? ")
                        || said.contains("searches were cut")
                        || said.contains("search was cut")
                        || said.contains("only before");
                    assert!(!differs || is_read, "{file}:{line} is not read, and it matters: {said}");
                    assert_eq!(differs, tells, "{file}:{line}: {plain:?} and {changed:?}: {said}");
                    unread += u32::from(!is_read);
                    same += u32::from(is_read && !differs);
                    other += u32::from(differs);
                }
            }
        }
    }
    eprintln!("{unread} lines are not read, {same} read and of no matter here, {other} matter");
    assert!(unread > 5 && other > 25, "{unread} not read, {other} matter");
}

/// What is compared of an outcome.
fn told(outcome: &Outcome) -> String {
    let bad = outcome.bad.iter().map(|bad| format!("{} {}", bad.property, bad.witness));
    let all = bad.chain(outcome.endings.iter().map(ToString::to_string));
    all.chain([outcome.unsupported.len().to_string()]).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_is_no_tree_or_no_patch_is_refused() {
    let fits = patch("fs/libfs.c", line_of("fs/libfs.c", "folio_unlock"), None);
    let elsewhere = edited(&[("fs/libfs.c", "\tfolio_unlock(folio);\n", "\tfolio_unlock(NULL);\n")]);
    let no_tree = tempfile::tempdir().expect("a folder");
    let elsewhere = name(elsewhere.path());
    let (fits, no_tree) = (name(fits.path()), name(no_tree.path()));
    let twice = ["diff", "--tree", TREE, "--patch", fits, "--patch", fits];
    for (arguments, part) in [
        (&["check", "--tree", no_tree][..], "it has no Makefile"),
        (&["check", "--tree", "/nowhere/at/all"], "/nowhere/at/all"),
        (&["check", "--tree", &format!("{no_tree}@v6.12")], "no git repository"),
        (&["check", "--tree", TREE, "--assume", "toy"], "`toy` is no assumption"),
        (&["diff", "--tree", TREE], "add `--tree OTHER` or `--patch FILE`"),
        (&["diff", "--tree", TREE, "--tree", TREE, "--tree", TREE], "name two trees"),
        (&["diff", "--tree", TREE, "--tree", TREE, "--patch", fits], "one tree and its patches"),
        (&["diff", "simple/ramfs@v6.18"], "two variants are compared"),
        (&["diff", "--tree", TREE, "--patch", "no-such.patch"], "no-such.patch"),
        (&["diff", "--tree", TREE, "--patch", TREE], "toy: "),
        (&["diff", "--tree", TREE, "--patch", &format!("{TREE}/Makefile")], "Makefile: no patch is in it"),
        (&["diff", "--tree", elsewhere, "--patch", fits], "fs/libfs.c: hunk 1 does not apply: line"),
        (&twice, "fs/libfs.c: hunk 1 does not apply"),
        (&["survey"], "name it with `--tree DIR`"),
        (&["replay", "--tree", TREE, "simple/ramfs"], "is not one scenario"),
        (&["replay", "--tree", TREE, "simple/ramfs:within-resident#1"], "has no schedule"),
    ] {
        let why = refuses(arguments);
        assert!(why.contains(part), "{arguments:?}: {why}");
    }
}

fn program(arguments: &[&str], input: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortcopy"));
    command.args(arguments).env("SHORTCOPY_CACHE", std::env::temp_dir().join("shortcopy-no-cache"));
    if let Some(input) = input {
        command.stdin(Stdio::from(fs::File::open(input).expect("a file")));
    }
    command.output().expect("it runs")
}

#[test]
fn a_patch_is_read_from_standard_input() {
    let patch = patch("fs/libfs.c", line_of("fs/libfs.c", "folio_unlock"), None);
    let arguments = ["diff", "--tree", TREE, "--patch", "-", "simple/ramfs:within-resident"];
    let output = program(&arguments, Some(patch.path()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("with standard input") && text.contains("  + leak: "), "{text}");
    let output =
        program(&["diff", "--tree", TREE, "--patch", "-"], Some(&PathBuf::from(TREE).join("Makefile")));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_other_engines_run_a_tree_too() {
    for (engine, executions) in [("loom", "200000"), ("shuttle", "300")] {
        let target = "simple/ramfs:within-resident";
        let bound = format!("--executions={executions}");
        let output = program(&["check", "--tree", TREE, "--engine", engine, &bound, target], None);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("unknown"), "{engine}: {text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("ending  whole, size kept"), "{engine}: {text}");
        assert!(text.contains(&format!("--engine={engine} --tree={TREE}")), "{engine}: {text}");
    }
}

/// A search that was cut has not read all that it can read.
#[test]
fn what_a_cut_search_did_not_reach_is_not_told_as_unread() {
    let patch = patch("fs/libfs.c", line_of("fs/libfs.c", "folio_mark_dirty("), None);
    let target = "simple/ramfs:within-resident";
    let arguments = ["diff", "--tree", TREE, "--patch", name(patch.path()), "--states-max", "2", target];
    let (status, text) = says(&arguments);
    assert_eq!(status, Status::Unknown, "{text}");
    assert!(text.contains("1 search was cut") && text.contains("simple/ramfs reads toy_end()"), "{text}");
    assert!(!text.contains("nothing that is read") && !text.contains("is not read"), "{text}");
}

/// Constants are named by who reads them, and the enum that they are in is not.
#[test]
fn a_new_enum_can_have_the_names_that_are_read() {
    let without = edited(&[("include/linux/types.h", "EFAULT 14", "EOTHER 14")]);
    let patch = tempfile::NamedTempFile::new().expect("a file");
    let new =
        "--- /dev/null\n+++ b/include/linux/align.h\n@@ -0,0 +1 @@\n+enum toy_errors { EFAULT = 14 };\n";
    fs::write(patch.path(), new).expect("it can be written");
    let target = "simple/ramfs:within-invalid";
    let (_, text) = says(&["diff", "--tree", name(without.path()), "--patch", name(patch.path()), target]);
    assert!(text.contains("simple/ramfs reads enum toy_errors (new)"), "{text}");
    assert!(text.contains("  ? ending: -EFAULT"), "{text}");
}

#[test]
fn an_assumption_that_nothing_asked_for_is_told() {
    let target = "simple/ramfs:within-resident";
    let none = "never asked, so it changes nothing: toy_shut()=0";
    let tree = ["--tree", TREE, "--assume", "toy_shut()=0", target];
    for command in ["check", "survey"] {
        let (_, text) = says(&[&[command][..], &tree].concat());
        assert!(text.contains(none), "{command}: {text}");
    }
    let (_, text) = says(&["check", "--tree", TREE, "--assume", "folio_mark_dirty()=0", target]);
    assert!(!text.contains("never asked"), "{text}");
    // It has steps by the tables, which are not taken then.
    assert!(
        text.contains("folio_mark_dirty() = 0: the user says so, and what it does by the tables"),
        "{text}"
    );
}

#[test]
fn a_pair_without_a_path_tells_what_is_missing() {
    let tree = edited(&[]);
    let folder = tree.path().join("fs/other");
    fs::create_dir(&folder).expect("a folder");
    let other = "#include \"other.h\"\n\nstatic int other_begin(struct kiocb *iocb, struct address_space *mapping, loff_t pos)\n{\n\
                 \tif (other_shut(mapping))\n\t\treturn -EFAULT;\n\treturn other_more(pos);\n}\n\n\
                 static int other_end(struct kiocb *iocb, struct folio *folio)\n{\n\tfolio_unlock(folio);\n\treturn other_shut(0);\n}\n\n\
                 const struct address_space_operations other_aops = {\n\t.write_begin = other_begin,\n\t.write_end = other_end,\n};\n";
    fs::write(folder.join("file.c"), other).expect("it can be written");
    let header = "static inline int other_more(loff_t pos)\n{\n\treturn OTHER_LIMIT - pos;\n}\n";
    fs::write(folder.join("other.h"), header).expect("it can be written");
    let (_, text) = says(&["survey", "--tree", name(tree.path())]);
    let said = "other_aops: other_begin, other_end: no path, 2 things are missing: fs/other/file.c:5: other_shut() is \
                not known; fs/other/other.h:3: `OTHER_LIMIT` is not known";
    assert!(text.contains(said) && text.contains("1 of 2 are run"), "{text}");
    // What all tables together know is one entry away.
    fs::write(folder.join("file.c"), other.replace("other_shut(", "IS_ERR(")).expect("it can be written");
    fs::write(folder.join("other.h"), header.replace("OTHER_LIMIT", "1")).expect("it can be written");
    let (_, text) = says(&["survey", "--tree", name(tree.path())]);
    assert!(text.contains("no path, and nothing is missing by name"), "{text}");
}

#[test]
fn a_function_that_is_defined_twice_is_refused() {
    let begins = "const struct address_space_operations ram_aops = {";
    let one = "static int toy_twice(void)\n{\n\treturn 0;\n}\n";
    let with = |text: String| edited(&[("fs/libfs.c", begins, &(text + begins))]);
    let target = "simple/ramfs:within-resident";
    let tree = with(format!("{one}{one}"));
    let why = refuses(&["check", "--tree", name(tree.path()), target]);
    assert!(why.contains("the function `toy_twice` is defined at fs/libfs.c:"), "{why}");
    let begin = "int toy_copied(void)\n{\n\treturn 0;\n}\n";
    let tree = edited(&[
        ("fs/libfs.c", begins, &format!("{begin}{begins}")),
        ("mm/filemap.c", "ssize_t generic_perform_write", &format!("{begin}ssize_t generic_perform_write")),
    ]);
    let why = refuses(&["check", "--tree", name(tree.path()), target]);
    assert!(why.contains("the function `toy_copied` is defined at "), "{why}");
    let tree = with(format!("#ifdef CONFIG_TOY\n{one}#else\n{one}#endif\n"));
    let (status, text) = says(&["check", "--tree", name(tree.path()), target]);
    assert_eq!(status, Status::AsRecorded, "{text}");
}

/// A path whose operations are there and can't be read is not missing: it is not judged.
#[test]
fn what_is_run_and_can_t_be_read_is_told() {
    let target = "simple/ramfs:within-resident";
    let of = |file, from, to| {
        let tree = edited(&[(file, from, to)]);
        let (status, text) = says(&["check", "--tree", name(tree.path()), target]);
        assert_eq!(status, Status::Unknown, "{text}");
        text
    };
    let text = of("fs/libfs.c", ".write_begin\t= toy_begin", ".write_begin @ toy_begin");
    assert!(text.contains("`ram_aops` was not understood: fs/libfs.c:41:"), "{text}");
    let text = of("mm/filemap.c", "generic_perform_write(", "generic_perform_writes(");
    assert!(text.contains("fs/libfs.c: generic_perform_write() is not known"), "{text}");
    assert!(text.contains("it is what is run"), "{text}");
    let tree = edited(&[("fs/libfs.c", "ram_aops", "toy_aops")]);
    let why = refuses(&["check", "--tree", name(tree.path()), target]);
    assert!(why.contains("no simple/ramfs: its files have no `ram_aops`"), "{why}");
    let why = refuses(&["check", "--tree", TREE, "minix"]);
    assert!(why.contains("no minix/block: there is no fs/minix/inode.c"), "{why}");
    let why = refuses(&["check", "--tree", TREE, "exfat", "udf/in-icb"]);
    assert!(why.contains("no exfat/block: the tables have it for v6.8 to v6.12"), "{why}");
}

#[test]
fn a_patch_that_deletes_the_file_of_a_path_names_it() {
    let file = "fs/ramfs/file-mmu.c";
    let text = fs::read_to_string(Path::new(TREE).join(file)).expect("it is there");
    let lines: String = text.lines().map(|line| format!("-{line}\n")).collect();
    let head = format!("--- a/{file}\n+++ /dev/null\n@@ -1,{} +0,0 @@\n", text.lines().count());
    let patch = tempfile::NamedTempFile::new().expect("a file");
    fs::write(patch.path(), head + &lines).expect("it can be written");
    let why = refuses(&["diff", "--tree", TREE, "--patch", name(patch.path()), "simple/ramfs"]);
    assert!(why.contains(&format!("{file} is deleted, and there is no simple/ramfs without it")), "{why}");
}

#[test]
fn a_macro_that_is_taken_back_is_a_change() {
    let file = "include/linux/types.h";
    let at = line_of(file, "EFAULT");
    let line = fs::read_to_string(Path::new(TREE).join(file)).expect("it is there");
    let line = line.lines().nth(at - 1).expect("the line").to_owned();
    let patch = patch(file, at, Some(&format!("{line}\n+#undef EFAULT")));
    let text = fs::read_to_string(patch.path()).expect("the patch");
    let counts = text.lines().nth(2).expect("a hunk").to_owned();
    let (head, count) = counts.trim_end_matches(" @@").rsplit_once(',').expect("a count");
    let more = count.parse::<usize>().expect("a number") + 1;
    fs::write(patch.path(), text.replace(&counts, &format!("{head},{more} @@"))).expect("it can be written");
    let (status, text) =
        says(&["diff", "--tree", TREE, "--patch", name(patch.path()), "simple/ramfs:within-invalid"]);
    assert!(text.contains("simple/ramfs reads #undef EFAULT (new)"), "{text}");
    assert!(status != Status::AsRecorded && !text.contains("nothing comes or goes"), "{text}");
}

/// A branch may move while those are at work who open the tree once more.
#[test]
fn a_revision_is_found_once() {
    let tree = edited(&[]);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let who = ["-c", "user.name=toy", "-c", "user.email=toy@example.org"];
        command.arg("-C").arg(tree.path()).args(who).args(arguments).output()
    };
    if git(&["init", "-q"]).is_err() {
        println!("skipped: there is no `git`");
        return;
    }
    for arguments in [&["add", "."][..], &["commit", "-q", "-m", "toy"], &["branch", "moves"]] {
        assert!(git(arguments).expect("it runs").status.success(), "{arguments:?}");
    }
    let commit = String::from_utf8(git(&["rev-parse", "moves"]).expect("it runs").stdout).expect("a hash");
    let named = format!("{}@moves", tree.path().display());
    let arguments = [
        "check",
        "--engine",
        "shuttle",
        "--executions",
        "20",
        "--tree",
        &named,
        "simple/ramfs:within-resident",
    ];
    let output = program(&arguments, None);
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let pinned = format!("--tree={}@{}", tree.path().display(), commit.trim());
    assert!(text.contains(&pinned), "{pinned}: {text}");
}

/// What the tables have a meaning for is not run, so a patch of it is not judged.
#[test]
fn a_patch_of_a_word_is_not_told_as_the_same() {
    let patch = patch("mm/filemap.c", 2, Some("#define folio_put(folio) toy_forgets(folio)"));
    let arguments = ["diff", "--tree", TREE, "--patch", name(patch.path()), "simple/ramfs:within-resident"];
    let (status, text) = says(&arguments);
    assert_eq!(status, Status::Unknown, "{text}");
    assert!(text.contains("macro folio_put (new) of mm/filemap.c is not read: it is a word"), "{text}");
    assert!(!text.contains("nothing comes or goes"), "{text}");
}

#[test]
fn a_comparison_is_told_to_programs() {
    let line = line_of("fs/libfs.c", "folio_zero_range(");
    let patch = patch("fs/libfs.c", line, Some("\t\t\t;"));
    let target = "simple/ramfs:extending-unmapped";
    let arguments = ["diff", "--tree", TREE, "--patch", name(patch.path()), "--format", "json", target];
    let (status, text) = says(&arguments);
    assert_eq!(status, Status::Different, "{text}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("one object")).collect();
    let schema = serde_json::from_str(report::SCHEMA).expect("a schema");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in &lines {
        let wrong = schema.iter_errors(line).next().map(|error| format!("{error}\n{line}"));
        assert_eq!(wrong, None);
    }
    let [one, whole] = &lines[..] else { panic!("{text}") };
    assert_eq!(one["scenario"], "extending-unmapped");
    let is_new = |of: &serde_json::Value| {
        of["change"] == "appears"
            && of["name"].as_str().is_some_and(|name| name.starts_with("stale-uptodate"))
    };
    assert!(one["changes"].as_array().expect("a list").iter().any(is_new), "{text}");
    // A result is what `check` tells, schedules included.
    let (_, checked) = says(&["check", "--tree", TREE, "--format", "json", target]);
    let checked: serde_json::Value =
        serde_json::from_str(checked.lines().next().expect("a line")).expect("JSON");
    assert_eq!(one["before"]["bad_states"], checked["bad_states"]);
    assert_eq!(one["before"]["endings"], checked["endings"]);
    assert_eq!(whole["reads"][0]["path"], "simple/ramfs");
    assert_eq!((&whole["changes_what_is_read"], &whole["scenarios"]), (&true.into(), &1.into()));
}

#[test]
fn a_file_system_that_has_no_path_is_told_from_one_that_there_is_not() {
    let tree = tempfile::tempdir().expect("a folder");
    copy(Path::new(TREE), tree.path());
    let folder = tree.path().join("fs/strangefs");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("Makefile"), "obj-y += strangefs.o\n").expect("it can be written");
    let said = |target: &str| refuses(&["check", "--tree", name(tree.path()), target]);
    assert!(said("strangefs").contains("no write path of fs/strangefs is known"), "{}", said("strangefs"));
    assert!(said("strangefs/file:x").contains("shortcopy survey --tree"), "{}", said("strangefs/file:x"));
    assert!(said("simpel").contains("did you mean `simple"), "{}", said("simpel"));
}

//! Patches in memory, and what they change.

use std::fs;
use std::path::PathBuf;

use c_text::{
    BYTES_MAX, Config, FileChange, Folder, Hints, Overlay, Patch, PatchError, Sources, differences, parse,
};

const BEFORE: &str = "#define TOY_MAX 4

struct toy {
	int rings;
};

static int ring(struct toy *toy)
{
	toy->rings++;
	if (toy->rings > TOY_MAX)
		return -EBUSY;
	return 0;
}

int toy_write(struct toy *toy)
{
	int ret = ring(toy);

	if (ret)
		return ret;
	return toy->rings;
}
";

/// A tree of one file.
fn tree() -> Overlay<Folder> {
    let nothing = Folder::open(&folder("nothing")).expect("a folder");
    let mut tree = Overlay::new(nothing);
    tree.set("fs/toy.c", Some(BEFORE));
    tree
}

/// A folder for a test of this name.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("patches").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn patch(text: &str) -> Patch {
    Patch::parse("0001.patch", text.as_bytes()).unwrap_or_else(|why| panic!("{why}"))
}

fn text(tree: &impl Sources, file: &str) -> Option<String> {
    tree.read(file).expect("it can be read").map(|bytes| String::from_utf8(bytes).expect("text"))
}

/// What differs, as `function ring Changed`.
fn told(change: &FileChange) -> Vec<String> {
    let read = |text: &Option<std::sync::Arc<str>>| {
        text.as_ref().map(|text| {
            parse(&change.file, text.as_bytes(), &Config::new(), &Hints::default())
                .unwrap_or_else(|why| panic!("{why}"))
        })
    };
    let (before, after) = (read(&change.before), read(&change.after));
    let found = differences(before.as_ref(), after.as_ref());
    found
        .iter()
        .map(|one| format!("{} {} {:?}", one.kind, one.name.as_deref().unwrap_or("?"), one.how))
        .collect()
}

const RING: &str = "--- a/fs/toy.c
+++ b/fs/toy.c
@@ -8,6 +8,6 @@ struct toy {
 {
 \ttoy->rings++;
 \tif (toy->rings > TOY_MAX)
-\t\treturn -EBUSY;
+\t\treturn -EINTR;
 \treturn 0;
 }
";

#[test]
fn a_diff_is_applied_and_taken_back() {
    let mut tree = tree();
    let changes = tree.apply(&patch(RING)).expect("it applies");
    assert_eq!(changes.len(), 1);
    assert_eq!(told(&changes[0]), ["function ring Changed"]);
    assert!(changes[0].moved.is_empty());
    assert_eq!(text(&tree, "fs/toy.c"), Some(BEFORE.replace("EBUSY", "EINTR")));
    tree.apply(&patch(RING).reversed()).expect("it is taken back");
    assert_eq!(text(&tree, "fs/toy.c").as_deref(), Some(BEFORE));
}

#[test]
fn a_mail_of_several_files_is_applied() {
    let mail = format!(
        "From 0123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\
         Subject: [PATCH] toy: ring\n\nIt rings.\n\nSigned-off-by: A <a@example.org>\n---\n fs/toy.c | 2 +-\n fs/new.c | 3 +++\n \
         2 files changed, 4 insertions(+), 1 deletion(-)\n create mode 100644 fs/new.c\n\n\
         diff --git a/fs/toy.c b/fs/toy.c\nindex 1234567..89abcde 100644\n{RING}\
         diff --git a/fs/new.c b/fs/new.c\nnew file mode 100644\nindex 0000000..1234567\n--- /dev/null\n+++ b/fs/new.c\n\
         @@ -0,0 +1,3 @@\n+int new(void)\n+{{\n+}}\n-- \n2.39.5\n\n"
    );
    let mut tree = tree();
    let changes = tree.apply(&patch(&mail)).expect("it applies");
    assert_eq!(changes.len(), 2);
    assert_eq!(told(&changes[1]), ["function new Added"]);
    assert_eq!(text(&tree, "fs/new.c").as_deref(), Some("int new(void)\n{\n}\n"));
    assert_eq!(patch(&mail).files(), ["fs/new.c".into(), "fs/toy.c".into()]);
    tree.apply(&patch(&mail).reversed()).expect("it is taken back");
    assert_eq!(text(&tree, "fs/new.c"), None);
    // As a mail program may have saved it.
    tree.apply(&patch(&mail.replace('\n', "\r\n"))).expect("it applies");
}

#[test]
fn mails_of_a_series_are_applied_in_order() {
    let one = format!(
        "From 01 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 1/2] a\n\n---\n fs/toy.c | 2 +-\n\ndiff --git a/fs/toy.c b/fs/toy.c\n{RING}-- \n2.39.5\n\n"
    );
    let two = one
        .replace("-\t\treturn -EBUSY", "-\t\treturn -EINTR")
        .replace("+\t\treturn -EINTR", "+\t\treturn -EIO");
    let mut tree = tree();
    let series = patch(&format!("{one}{two}"));
    let changes = tree.apply(&series).expect("it applies");
    assert_eq!(changes.len(), 2);
    assert_eq!(text(&tree, "fs/toy.c"), Some(BEFORE.replace("EBUSY", "EIO")));
    tree.apply(&series.reversed()).expect("it is taken back");
    assert_eq!(text(&tree, "fs/toy.c").as_deref(), Some(BEFORE));
}

#[test]
fn a_renamed_file_keeps_its_text() {
    let mut tree = tree();
    let rename = patch(
        "diff --git a/fs/toy.c b/fs/toy/main.c\nsimilarity index 90%\nrename from fs/toy.c\nrename to fs/toy/main.c\n\
         --- a/fs/toy.c\n+++ b/fs/toy/main.c\n@@ -1,3 +1,3 @@\n-#define TOY_MAX 4\n+#define TOY_MAX 5\n \n struct toy {\n",
    );
    let changes = tree.apply(&rename).expect("it applies");
    assert_eq!((changes[0].from.as_deref(), &*changes[0].file), (Some("fs/toy.c"), "fs/toy/main.c"));
    assert_eq!(told(&changes[0]), ["macro TOY_MAX Changed"]);
    assert_eq!(text(&tree, "fs/toy.c"), None);
    tree.apply(&rename.reversed()).expect("it is taken back");
    assert_eq!(text(&tree, "fs/toy.c").as_deref(), Some(BEFORE));
    assert_eq!(text(&tree, "fs/toy/main.c"), None);
}

#[test]
fn a_hunk_is_found_where_its_lines_have_gone() {
    let mut tree = tree();
    let longer = BEFORE.replace("struct toy {", "struct other;\n\nstruct toy {");
    tree.set("fs/toy.c", Some(&longer));
    let changes = tree.apply(&patch(RING)).expect("it applies");
    assert_eq!(changes[0].moved.iter().map(|moved| (moved.hunk, moved.by)).collect::<Vec<_>>(), [(1, 2)]);
    assert_eq!(text(&tree, "fs/toy.c"), Some(longer.replace("EBUSY", "EINTR")));
}

#[test]
fn other_tools_name_files_in_other_ways() {
    for (old, new) in [
        ("linux.orig/fs/toy.c\t2024-01-01 00:00:00", "linux/fs/toy.c\t2024-01-02 00:00:00"),
        ("fs/toy.c", "fs/toy.c"),
        ("i/fs/toy.c", "w/fs/toy.c"),
    ] {
        let other = RING.replace("a/fs/toy.c", old).replace("b/fs/toy.c", new);
        tree().apply(&patch(&other)).unwrap_or_else(|why| panic!("{old}: {why}"));
    }
}

#[test]
fn the_last_line_may_have_no_end() {
    let mut tree = tree();
    tree.set("fs/toy.c", Some("int a;\nint b;"));
    let change = patch(
        "--- a/fs/toy.c\n+++ b/fs/toy.c\n@@ -1,2 +1,2 @@\n int a;\n-int b;\n\\ No newline at end of file\n+int c;\n",
    );
    tree.apply(&change).expect("it applies");
    assert_eq!(text(&tree, "fs/toy.c").as_deref(), Some("int a;\nint c;\n"));
}

#[test]
fn a_patch_that_does_not_apply_says_where() {
    let other = BEFORE.replace("> TOY_MAX", ">= TOY_MAX");
    let mut changed = tree();
    changed.set("fs/toy.c", Some(&other));
    let why = changed.apply(&patch(RING)).expect_err("it does not apply");
    let expected = "fs/toy.c: hunk 1 does not apply: line 10 is `\tif (toy->rings >= TOY_MAX)`, and the patch expects \
                    `\tif (toy->rings > TOY_MAX)`";
    assert_eq!(why.to_string(), expected);
    // Nothing is lost.
    assert_eq!(text(&changed, "fs/toy.c"), Some(other));

    let mut twice = tree();
    twice.apply(&patch(RING)).expect("it applies");
    let why = twice.apply(&patch(RING)).expect_err("it is applied").to_string();
    assert!(why.ends_with("is it applied, or to be reversed?)"), "{why}");

    let two = format!(
        "int a;\n{}{}",
        &BEFORE[BEFORE.find("{\n\ttoy").expect("a body")..],
        &BEFORE[BEFORE.find("{\n\ttoy").expect("a body")..]
    );
    let mut ambiguous = tree();
    ambiguous.set("fs/toy.c", Some(&two));
    let why = ambiguous.apply(&patch(RING)).expect_err("it fits twice").to_string();
    assert_eq!(why, "fs/toy.c: hunk 1 fits at line 2 and at line 17, and not where it says");

    let elsewhere = RING.replace("fs/toy.c", "fs/gone.c");
    let why = tree().apply(&patch(&elsewhere)).expect_err("it is not there").to_string();
    assert_eq!(why, "fs/gone.c: the patch is about it, and it is not in the tree");

    let new = "--- /dev/null\n+++ b/fs/toy.c\n@@ -0,0 +1 @@\n+int a;\n";
    let why = tree().apply(&patch(new)).expect_err("it is there").to_string();
    assert_eq!(why, "fs/toy.c: the patch makes it, and it is in the tree already");

    let deleted = "--- a/fs/toy.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-#define TOY_MAX 4\n";
    let why = tree().apply(&patch(deleted)).expect_err("there is more").to_string();
    assert_eq!(why, "fs/toy.c: the patch deletes it, and 21 of its lines are not in the patch");
}

#[test]
fn what_is_no_patch_is_an_error() {
    let why = |text: &[u8]| match Patch::parse("mail", text) {
        Err(why @ PatchError::Unreadable { .. }) => why.to_string(),
        other => panic!("{other:?}"),
    };
    for (text, expected) in [
        (&b""[..], "mail: no patch is in it"),
        (b"int a;\n", "mail: no patch is in it"),
        (
            b"\n--- a/x\n+++ b/x\n@@ -1,9 +1,8 @@\n a\n-b\n",
            "mail:4: a hunk of 9 old and 8 new lines, and 2 old and 1 new lines follow",
        ),
        (
            b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n@@ -9,3 broken\n",
            "mail:6: `@@ -9,3 broken` is not `@@ -LINE,LINES +LINE,LINES @@`",
        ),
        (
            b"--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n+c\n--- a/y\n+++ b/y\n@@ -1,2 +1 @@\n-a\n-b\n",
            "mail:9: a hunk of 2 old and 1 new lines, and 2 old and 0 new lines follow",
        ),
        (b"diff --git a/x b/x\nBinary files a/x and b/x differ\n", "mail: x: a change of a binary file"),
    ] {
        assert_eq!(why(text), expected);
    }
    let not_text = Patch::parse("mail", b"--- a/x\n+++\xff\xfe").expect_err("it is no text");
    assert_eq!(not_text.to_string(), "mail:2:4: not UTF-8");
    let encoded = why(b"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n");
    assert!(encoded.contains("a mail in quoted-printable"), "{encoded}");
    let far = why(b"--- a/x\n+++ b/x\n@@ -9223372036854775809 +1 @@\n-a\n+b\n");
    let line = "9223372036854775809; no source that is read has so many";
    assert_eq!(far, format!("mail: x: a hunk at line {line}"));
}

#[test]
fn what_is_outside_functions_is_told_apart() {
    let cases = [
        ("TOY_MAX 4", "TOY_MAX 5", vec!["macro TOY_MAX Changed"]),
        ("int rings;", "long rings;", vec!["struct toy Changed"]),
        ("static int ring(", "/* */ static  int\nring(", vec![]),
        ("toy->rings++;", "/* rings */ toy->rings++; // more", vec![]),
        (
            "static int ring(struct toy *toy)\n",
            "#if 0\nint no;\n#endif\nstatic int ring(struct toy *toy)\n",
            vec![],
        ),
        ("int toy_write(", "int toy_read(", vec!["function toy_read Added", "function toy_write Removed"]),
        ("return ret;", "return;;", vec!["function toy_write Changed"]),
        ("return 0;", "return (0;", vec!["function ring Changed"]),
    ];
    for (old, new, expected) in cases {
        let change = FileChange {
            file: "fs/toy.c".into(),
            from: None,
            before: Some(BEFORE.into()),
            after: Some(BEFORE.replace(old, new).into()),
            moved: Vec::new(),
        };
        assert_eq!(told(&change), expected, "{old}");
    }
}

#[test]
fn a_folder_is_not_left() {
    let root = folder("inside");
    fs::write(root.join("a.c"), "int a;\n").expect("a file");
    fs::write(folder("outside").join("b.c"), "int b;\n").expect("a file");
    let folder = Folder::open(&root).expect("a folder");
    assert_eq!(text(&folder, "a.c").as_deref(), Some("int a;\n"));
    assert_eq!(text(&folder, "b.c"), None);
    assert_eq!(text(&folder, "a.c/b.c"), None);
    for path in ["../outside/b.c", "/etc/passwd", "", "a/../../outside/b.c"] {
        let why = folder.read(path).expect_err(path).to_string();
        assert_eq!(why, format!("{path}: leads out of the tree"));
    }
    assert!(folder.read(".").is_err());
    #[cfg(unix)]
    {
        let link = root.join("link.c");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink("../outside/b.c", &link).expect("a link");
        assert_eq!(folder.read("link.c").expect_err("a link").to_string(), "link.c: leads out of the tree");
    }
    fs::create_dir_all(root.join("d.c")).expect("a folder");
    assert_eq!(folder.read("d.c").expect_err("a folder").to_string(), "d.c: not a plain file");
    let long = fs::File::create(root.join("long.c")).expect("a file");
    long.set_len(100 << 20).expect("a long file");
    let why = folder.read("long.c").expect_err("too long").to_string();
    assert_eq!(why, format!("long.c: 104857600 bytes; a source of more than {BYTES_MAX} is not read"));
    assert!(Folder::open(&root.join("a.c")).is_err());
}

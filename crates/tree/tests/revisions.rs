//! A revision of a repository as a tree: read without its work tree, and without running anything.

mod common;

use c_text::Sources as _;
use common::{MAKEFILE, Place, link, why};
use tree::open;

/// Two commits, `v1` and what is on `main`, and a work tree that is neither.
fn linux(place: &Place) -> Option<()> {
    place.kernel("linux", MAKEFILE).write("linux/fs/a.c", "int old;\n").write("linux/fs/gone.c", "");
    place.repository("linux")?;
    place.git("linux", &["tag", "--annotate", "--message=one", "v1"])?;
    place.write("linux/fs/a.c", "int new;\n").write("linux/Makefile", MAKEFILE.replace("117", "118"));
    place.git("linux", &["rm", "--quiet", "fs/gone.c"])?;
    place.commit("linux")?;
    place.write("linux/fs/a.c", "int unsaved;\n").write("linux/Makefile", "");
    Some(())
}

#[test]
fn any_name_of_a_commit_will_do() {
    let place = Place::new();
    if linux(&place).is_none() {
        return;
    }
    let Some(hash) = place.git("linux", &["rev-parse", "v1^{commit}"]) else { return };
    for name in ["v1", "HEAD~1", "main^", "main@{0}~1", &hash, &hash[..10]] {
        let name = format!("{}@{name}", place.name("linux"));
        let tree = open(&name).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((tree.to_string(), tree.commit()), (name, Some(&*hash)));
        assert_eq!(tree.release().to_string(), "6.12.117");
        assert_eq!(tree.read("fs/a.c"), Ok(Some(b"int old;\n".to_vec())));
        assert_eq!(tree.files("fs"), Ok(vec!["fs/a.c".into(), "fs/gone.c".into()]));
    }
    let tree = open(&format!("{}@main", place.name("linux"))).expect("a tree");
    assert_eq!(tree.release().to_string(), "6.12.118");
    // What it was when it was opened.
    place.git("linux", &["branch", "--quiet", "--force", "other", "v1"]);
    place.git("linux", &["symbolic-ref", "HEAD", "refs/heads/other"]);
    place.git("linux", &["branch", "--quiet", "--force", "main", "v1"]);
    assert_eq!(tree.read("fs/a.c"), Ok(Some(b"int new;\n".to_vec())));
    assert_eq!(tree.read("fs/gone.c"), Ok(None));
    assert_eq!(tree.files("").expect("a list"), ["Makefile", "fs/a.c", "mm/filemap.c"]);
    assert_eq!(tree.files("fs/").expect("a list"), ["fs/a.c"]);
    assert_eq!(tree.files("f").expect("a list"), [""; 0]);
}

#[test]
fn bare_repositories_worktrees_and_folders_of_a_larger_repository() {
    let place = Place::new();
    if linux(&place).is_none() {
        return;
    }
    let (from, bare) = (place.name("linux"), place.name("bare.git"));
    place.git("", &["clone", "--quiet", "--bare", &from, &bare]);
    place.git("linux", &["worktree", "add", "--quiet", "../other", "v1"]);
    for folder in ["bare.git", "other", "linux/.git"] {
        let tree = open(&format!("{}@v1", place.name(folder))).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(tree.release().to_string(), "6.12.117", "{folder}");
    }
    let how = format!("a git repository without files; name a revision of it, such as {bare}@HEAD");
    assert_eq!(why(&bare), format!("{bare}: {how}"));
    place.kernel("all/third party/linux", MAKEFILE).repository("all");
    place.write("all/new/x", "");
    let tree = open(&format!("{}@main", place.name("all/third party/linux"))).expect("a tree");
    assert_eq!(tree.files("").expect("a list"), ["Makefile", "mm/filemap.c"]);
    let commit = tree.commit().expect("a revision");
    let new = format!("{}@main", place.name("all/new"));
    assert_eq!(why(&new), format!("{new}: commit {commit} has no folder \"new\""));
    let fs = format!("{}@v1", place.name("linux/fs"));
    let tail = "name the top folder of the kernel's source";
    assert_eq!(why(&fs), format!("{fs}: no kernel tree: it has no Makefile; {tail}"));
}

#[test]
fn what_is_no_revision_is_told() {
    let place = Place::new();
    if linux(&place).is_none() {
        return;
    }
    let linux = place.name("linux");
    for bad in
        ["v2", "", "--help", "-h", "HEAD~9", "v1:fs", ":fs/a.c", "^main", "a\nb", "v1 ", "main..v1", "~1"]
    {
        let tail = "`git rev-parse REVISION` should print one";
        let text = format!("{linux}: the repository has no commit {bad:?}; {tail}");
        assert_eq!(why(&format!("{linux}@{bad}")), text);
    }
    place.kernel("plain", MAKEFILE);
    let plain = place.name("plain");
    let said = why(&format!("{plain}@v1"));
    let start = format!("{plain}: no git repository to read v1 from; git says: fatal: not a git repository");
    assert!(said.starts_with(&start), "{said}");
}

#[test]
fn links_and_odd_files_are_as_in_a_folder() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE).write("linux/fs/b/c.c", "int c;\n").write("secret/of.c", "");
    place.write("linux/long.c", vec![b' '; (8 << 20) + 1]).write("linux/empty.c", "");
    place.write("linux/fs/tab\there.c", "int t;\n").write("linux/fs/\u{e4} b.c", "int b;\n");
    for (to, at) in [("b", "in"), ("../../secret", "out"), ("nothing", "dangling"), ("loop", "loop")] {
        link(to, &place.path(&format!("linux/fs/{at}")));
    }
    if place.repository("linux").is_none() {
        return;
    }
    let folder = open(&place.name("linux")).expect("a tree");
    let revision = open(&format!("{}@main", place.name("linux"))).expect("a tree");
    for file in [
        "fs/b/c.c",
        "fs/b//c.c",
        "fs/b/./c.c",
        "fs/in/c.c",
        "fs/in",
        "fs/out/of.c",
        "fs/dangling",
        "fs",
        "fs/b/c.c/d",
        "fs/nothing",
        "long.c",
        "empty.c",
        "fs/tab\there.c",
        "fs/\u{e4} b.c",
        "../secret/of.c",
        "/etc/passwd",
        "",
        "fs missing",
        "fs/b blob 7",
    ] {
        assert_eq!(revision.read(file), folder.read(file), "{file}");
    }
    assert_eq!(
        revision.read("fs/loop").expect_err("a loop").to_string(),
        "fs/loop: git says: a link that leads to itself"
    );
    for under in ["", "fs", "fs/b", "fs/in", "fs/b/c.c", "nothing"] {
        assert_eq!(revision.files(under), folder.files(under), "{under}");
    }
}

#[test]
fn without_git_the_error_says_so() {
    const AGAIN: &str = "SHORTCOPY_TEST_WITHOUT_GIT";
    if let Ok(name) = std::env::var(AGAIN) {
        let start = format!("{name}@v1: a revision is read by `git`, which can't be run: ");
        let said = why(&format!("{name}@v1"));
        assert!(said.starts_with(&start), "{said}");
        assert!(said.ends_with("; install it, or name a folder without `@`"), "{said}");
        return;
    }
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    // The same test once more, in a process that finds no git.
    let mut again = std::process::Command::new(std::env::current_exe().expect("this program"));
    again
        .args(["--exact", "without_git_the_error_says_so"])
        .env(AGAIN, place.name("linux"))
        .env("PATH", "/nowhere");
    let output = again.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_no_text_are_told() {
    use std::os::unix::ffi::OsStrExt as _;

    let place = Place::new();
    place.kernel("linux", MAKEFILE).write("linux/fs/good.c", "");
    let odd = std::ffi::OsStr::from_bytes(b"b\xe4d.c");
    std::fs::write(place.path("linux/fs").join(odd), "").expect("a file");
    if place.repository("linux").is_none() {
        return;
    }
    for name in [place.name("linux"), format!("{}@main", place.name("linux"))] {
        let said = open(&name).expect("a tree").files("fs").expect_err("a name is not UTF-8").to_string();
        assert!(said.starts_with(&format!("{name}: ")) && said.ends_with(" is not UTF-8"), "{said}");
    }
}

/// Whatever a repository asks git to run: it would leave a file.
#[test]
fn nothing_is_run_fetched_or_written() {
    let place = Place::new();
    if linux(&place).is_none() {
        return;
    }
    let trap = place.name("sprung");
    let touch = format!("touch '{trap}'; false");
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.gitProxy",
        "core.pager",
        "core.alternateRefsCommand",
        "diff.trap.textconv",
        "filter.trap.smudge",
        "filter.trap.clean",
        "alias.cat-file",
        "alias.rev-parse",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
    ] {
        let value = if key.starts_with("alias") { format!("!{touch}") } else { touch.clone() };
        place.git("linux", &["config", key, &value]);
    }
    place.git("linux", &["config", "diff.trap.command", &touch]);
    place.write("linux/.git/info/attributes", "* diff=trap filter=trap\n");
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"] {
        let path = format!("linux/.git/hooks/{hook}");
        place.write(&path, format!("#!/bin/sh\n{touch}\n"));
        let mode = std::process::Command::new("chmod").arg("+x").arg(place.path(&path)).status();
        assert!(mode.is_ok_and(|status| status.success()));
    }
    // An object that the repository does not have, and says where to get.
    let Some(lost) = place.git("linux", &["rev-parse", "main:fs/a.c"]) else { return };
    std::fs::remove_file(place.path(&format!("linux/.git/objects/{}/{}", &lost[..2], &lost[2..])))
        .expect("a loose object");
    for (key, value) in [
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &format!("ext::sh -c touch% {trap}")),
        ("protocol.allow", "always"),
    ] {
        place.git("linux", &["config", key, value]);
    }
    let _ = std::fs::remove_file(&trap);
    let before = names(&place);
    let tree = open(&format!("{}@main", place.name("linux"))).expect("a tree");
    assert_eq!(
        tree.read("fs/a.c").expect_err("it is not there").to_string(),
        "fs/a.c: the commit has it and the repository lacks it, as a partial clone does: fetch it with git"
    );
    assert_eq!(tree.files("").expect("a list"), ["Makefile", "fs/a.c", "mm/filemap.c"]);
    assert!(tree.read("mm/filemap.c").expect("it is there").is_some());
    let changed: Vec<_> = names(&place).into_iter().filter(|one| !before.contains(one)).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

/// All files, those of git with them, and when they were last changed.
fn names(place: &Place) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let (mut found, mut folders) = (Vec::new(), vec![place.path("")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let about = entry.metadata().expect("what it is");
            found.push((entry.path(), about.modified().expect("a time")));
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn threads_that_read_at_once_get_what_they_asked_for() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    for at in 0..50 {
        place.write(&format!("linux/fs/{at}.c"), format!("int {};\n", "a".repeat(at * 100)));
    }
    if place.repository("linux").is_none() {
        return;
    }
    let tree = open(&format!("{}@main", place.name("linux"))).expect("a tree");
    std::thread::scope(|scope| {
        for offset in 0..4 {
            let tree = &tree;
            scope.spawn(move || {
                for at in 0..50 {
                    let at = (at + offset * 13) % 50;
                    let text =
                        tree.read(&format!("fs/{at}.c")).expect("it can be read").expect("it is there");
                    assert_eq!(text.len(), "int ;\n".len() + at * 100);
                }
            });
        }
    });
}

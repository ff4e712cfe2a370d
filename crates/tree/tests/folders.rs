//! A folder as a tree, and what is none.

mod common;

use c_text::Sources as _;
use common::{MAKEFILE, Place, link, why};
use tree::{Release, open};

#[test]
fn a_folder_is_read_and_listed() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE).write("linux/fs/b/c.c", "int c;\n").write("linux/fs/a.c", "int a;\n");
    place.write("linux/fs-of-old/d.c", "").write("linux/.git/config", "");
    link("b", &place.path("linux/fs/link"));
    let tree = open(&place.name("linux")).expect("a tree");
    assert_eq!(tree.to_string(), place.name("linux"));
    assert_eq!((tree.root(), tree.commit()), (&*place.path("linux"), None));
    assert_eq!(tree.release().to_string(), "6.12.117");
    assert_eq!(tree.read("fs/a.c"), Ok(Some(b"int a;\n".to_vec())));
    assert_eq!(tree.read("fs/link/c.c"), Ok(Some(b"int c;\n".to_vec())));
    assert_eq!(tree.read("fs/nothing.c"), Ok(None));
    assert_eq!(tree.files("fs"), Ok(vec!["fs/a.c".into(), "fs/b/c.c".into()]));
    assert_eq!(tree.files("fs/b/"), Ok(vec!["fs/b/c.c".into()]));
    let all = ["Makefile", "fs-of-old/d.c", "fs/a.c", "fs/b/c.c", "mm/filemap.c"];
    assert_eq!(tree.files(""), Ok(all.map(String::from).to_vec()));
    for nowhere in ["net", "fs/link", "fs/a.c", "fs/a.c/b"] {
        assert_eq!(tree.files(nowhere), Ok(vec![]), "{nowhere}");
    }
}

#[test]
fn a_tree_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<tree::Tree>();
}

#[test]
fn an_at_sign_in_a_folders_name_is_no_revision() {
    let place = Place::new();
    place.kernel("linux@home", MAKEFILE);
    assert_eq!(open(&place.name("linux@home")).expect("a tree").commit(), None);
}

#[test]
fn what_leads_out_of_the_tree_is_refused() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE).write("secret/of.c", "int secret;\n");
    link("../../secret", &place.path("linux/fs/out"));
    let tree = open(&place.name("linux")).expect("a tree");
    for out in ["fs/out/of.c", "../secret/of.c", "/etc/passwd"] {
        let why = tree.read(out).expect_err("it leads out").to_string();
        assert_eq!(why, format!("{out}: leads out of the tree"));
    }
    for out in ["fs/out", "../secret", "/etc"] {
        let why = tree.files(out).expect_err("it leads out").to_string();
        assert_eq!(why, format!("{tree}: {out}: leads out of the tree"));
    }
    assert_eq!(tree.files("fs"), Ok(vec![]));
}

#[test]
fn what_is_no_folder_says_what_a_tree_is() {
    let place = Place::new();
    place.write("linux.tar.xz", "");
    let tail = "a tree is FOLDER, or FOLDER@REVISION of a git repository";
    let nowhere = place.name("nowhere");
    assert_eq!(why(&nowhere), format!("{nowhere}: no such folder; {tail}"));
    assert_eq!(why(&format!("{nowhere}@v6.12")), format!("{nowhere}: no such folder; {tail}"));
    let archive = place.name("linux.tar.xz");
    assert_eq!(why(&archive), format!("{archive}: not a folder; {tail}"));
    assert_eq!(why(""), format!(": no such folder; {tail}"));
}

#[test]
fn other_projects_are_no_kernels() {
    let place = Place::new();
    let says = |folder: &str| {
        let why = why(&place.name(folder));
        let tail = "; name the top folder of the kernel's source";
        let middle = why.strip_prefix(&format!("{}: no kernel tree: ", place.name(folder)));
        middle.and_then(|why| why.strip_suffix(tail)).unwrap_or_else(|| panic!("{why}")).to_owned()
    };
    place.write("empty/README", "");
    assert_eq!(says("empty"), "it has no Makefile");
    place.write("other/Makefile", "# a note\n\nall: program\n");
    assert_eq!(says("other"), "Makefile:3: `VERSION = ..` should be here");
    place.write("notes/Makefile", "# notes only\n");
    assert_eq!(says("notes"), "Makefile: it has no line `VERSION = ..`");
    // Others were begun from the kernel's Makefile.
    place.write("boot/Makefile", "VERSION = 2026\nPATCHLEVEL = 01\nSUBLEVEL =\nEXTRAVERSION =\n");
    assert_eq!(says("boot"), "Makefile:3: SUBLEVEL is \"\", which is no number");
    place.write("box/Makefile", "VERSION = 1\nPATCHLEVEL = 36\nSUBLEVEL = 1\nEXTRAVERSION = .git\n");
    assert_eq!(says("box"), "it has no mm/filemap.c");

    place.kernel("order", "VERSION = 6\nSUBLEVEL = 1\nPATCHLEVEL = 12\nEXTRAVERSION =\n");
    assert_eq!(says("order"), "Makefile:2: `PATCHLEVEL = ..` should be here");
    place.kernel("minus", "VERSION = -6\n");
    assert_eq!(says("minus"), "Makefile:1: VERSION is \"-6\", which is no number");
    place.kernel("big", "VERSION = 6\nPATCHLEVEL = 99999999999\n");
    assert_eq!(says("big"), "Makefile:2: PATCHLEVEL is \"99999999999\", which is no number");
    place.kernel("shell", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION = $(shell touch x)\n");
    assert_eq!(
        says("shell"),
        "Makefile:4: EXTRAVERSION is \"$(shell touch x)\", which is no part of a release's name"
    );
}

#[test]
fn a_makefile_that_can_not_be_read_is_named() {
    let place = Place::new();
    place.kernel("binary", "").write("binary/Makefile", b"VERSION = 6\nPATCH\xff");
    let name = place.name("binary");
    assert_eq!(why(&name), format!("{name}: Makefile:2:6: not UTF-8"));
    place.kernel("folder", "");
    std::fs::remove_file(place.path("folder/Makefile")).expect("it is there");
    place.write("folder/Makefile/x", "");
    let name = place.name("folder");
    assert_eq!(why(&name), format!("{name}: Makefile: not a plain file"));
}

#[test]
fn a_pipe_is_not_waited_for_and_a_long_file_not_read() {
    let place = Place::new();
    place.kernel("linux", MAKEFILE);
    let long = std::fs::File::create(place.path("linux/long.c")).expect("a file");
    long.set_len(100 << 20).expect("a sparse file");
    let tree = open(&place.name("linux")).expect("a tree");
    let why = tree.read("long.c").expect_err("it is long").to_string();
    assert_eq!(why, "long.c: 104857600 bytes; a source of more than 8388608 is not read");
    let made = std::process::Command::new("mkfifo").arg(place.path("linux/pipe.c")).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no `mkfifo`");
        return;
    }
    assert_eq!(tree.read("pipe.c").expect_err("a pipe").to_string(), "pipe.c: not a plain file");
    assert_eq!(tree.files("").expect("a list"), ["Makefile", "long.c", "mm/filemap.c"]);
}

#[test]
fn releases_are_in_the_order_of_time() {
    let place = Place::new();
    let of = |at: usize, lines: [&str; 4]| -> Release {
        let names = ["VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION"];
        let makefile: String =
            names.iter().zip(lines).map(|(name, value)| format!("{name} = {value}\r\n")).collect();
        let folder = at.to_string();
        place.kernel(&folder, &makefile);
        open(&place.name(&folder)).expect("a tree").release().clone()
    };
    let inputs = [
        ["6", "9", "12", ""],
        ["6", "12", "0", "-rc2"],
        ["6", "12", "0", "-rc2-next"],
        ["6", "12", "0", "-rc10"],
        ["6", "12", "0", ""],
        ["6", "12", "0", "-mine"],
        ["6", "12", "117", ""],
        ["7", "0", "0", "-rc3"],
    ];
    let releases: Vec<Release> = inputs.into_iter().enumerate().map(|(at, lines)| of(at, lines)).collect();
    assert!(releases.is_sorted_by(|one, next| one < next), "{releases:?}");
    let names: Vec<String> = releases.iter().map(Release::to_string).collect();
    let expected =
        ["6.9.12", "6.12-rc2", "6.12-rc2-next", "6.12-rc10", "6.12", "6.12-mine", "6.12.117", "7.0-rc3"];
    assert_eq!(names, expected);
}

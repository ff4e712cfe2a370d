//! States on a disk: more of them have room.

use std::process::Command;

use crate::checkpoints::{folder, results, run, text};

/// Some 800,000 states, of which nothing is left out.
const SCENARIO: [&str; 6] = [
    "check",
    "ext4/journalled@v6.14:extending-unmapped-with-commit",
    "--reduce=none",
    "--threads=1",
    "--format=json",
    "--no-cache",
];

#[test]
fn what_memory_has_no_room_for_a_disk_has() {
    let place = folder();
    let disk = format!("--disk={}", place.path().display());
    let within = |more: &[&str]| run(&[&SCENARIO[..], more].concat());
    let cut = within(&["--memory-max=24"]);
    assert_eq!(cut.status.code(), Some(3), "{}", text(&cut.stdout));
    let (whole, moved) = (within(&[]), within(&["--memory-max=24", &disk]));
    assert_eq!(moved.status.code(), Some(0), "{}", text(&moved.stderr));
    assert_eq!(results(&moved), results(&whole));
    assert_ne!(results(&cut), results(&whole));
    assert_eq!(place.path().read_dir().expect("a folder").count(), 0);
}

#[test]
fn a_full_disk_is_told_where_it_ends_the_search() {
    let place = folder();
    // No file may be larger than some kilobytes; where XFSZ is ignored that is an error like that of a full disk.
    let program = env!("CARGO_BIN_EXE_shortcopy");
    let (asked, disk) = (SCENARIO.join(" "), place.path().display());
    let script = format!("ulimit -f 40; trap '' XFSZ; exec {program} {asked} --memory-max=24 --disk={disk}");
    let full = Command::new("sh").args(["-c", &script]).env("SHORTCOPY_CACHE", "").output().expect("it runs");
    assert_eq!(full.status.code(), Some(3), "{full:?}");
    let told = &results(&full)[0].to_string();
    assert!(told.contains("nothing more could be written to"), "{told}");
}

#[test]
fn a_folder_without_room_for_files_is_refused_before_anything_is_searched() {
    let place = folder();
    let none = place.path().join("none");
    let output = run(&[&SCENARIO[..], &["--disk", none.to_str().expect("text")]].concat());
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).contains("none: No such file or directory"), "{}", text(&output.stderr));
}

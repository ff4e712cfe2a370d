//! Searches that are killed, cut, interrupted, or out of disk: they go on, to the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Some 100,000 states, and bad ones among them; and some 300,000, of 2,000,000, that a reduced search has.
const PLAIN: [&str; 2] = ["ext4/journalled@v6.14:within-unmapped-with-commit", "--reduce=none"];
const REDUCED: [&str; 1] = ["ext4/journalled@v6.14:extending-unmapped-with-commit"];

pub(crate) fn shortcopy(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shortcopy"));
    command.args(arguments).stdin(Stdio::null()).env_remove("CLICOLOR_FORCE").env("SHORTCOPY_CACHE", "");
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    let output = shortcopy(arguments).output().expect("the command runs");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    output
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// The results without what differs from run to run.
pub(crate) fn results(output: &Output) -> Vec<Value> {
    let line = |line: &str| {
        let mut value: Value = serde_json::from_str(line).expect("JSON");
        let object = value.as_object_mut().expect("an object");
        object.remove("seconds");
        object.remove("bytes");
        value
    };
    text(&output.stdout).lines().map(line).collect()
}

/// The command with checkpoints in `folder`.
fn kept<'a>(folder: &'a Path, of: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let place = folder.to_str().expect("text");
    [&["check", "--format", "json", "--checkpoint", place][..], of, more].concat()
}

fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("a folder").flatten().map(|file| file.path());
    files.filter(|path| path.to_string_lossy().ends_with(".checkpoint")).collect()
}

/// Numbers without a pattern.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Waits until it ends, or kills it after so long; whether it ended by itself.
fn ends_within(child: &mut Child, time: Duration) -> bool {
    let begun = std::time::Instant::now();
    while begun.elapsed() < time {
        if child.try_wait().expect("a child").is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("it can be killed"); // SIGKILL
    child.wait().expect("it ends");
    false
}

/// `SHORTCOPY_LONG=1` kills a hundred of each.
#[test]
fn a_search_that_is_killed_at_any_moment_goes_on_to_the_same() {
    let kills = if std::env::var_os("SHORTCOPY_LONG").is_some() { 100 } else { 24 };
    for of in [&PLAIN[..], &REDUCED] {
        let whole = run(&[&["check", "--format", "json"], of].concat());
        let known = results(&whole);
        let mut chance = Chance(std::process::id().into());
        let (mut killed, mut finished, mut went_on) = (0, 0, 0);
        let place = folder();
        while killed < kills {
            let threads = ["--threads=1", "--threads=2"][chance.below(2) as usize];
            // At each level, or where it is worth it.
            let every = ["--checkpoint-every=0", "--checkpoint-every=0.05"][chance.below(2) as usize];
            let arguments = kept(place.path(), of, &["--resume", threads, every]);
            let mut child = shortcopy(&arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            let ended = ends_within(&mut child, Duration::from_millis(chance.below(1500)));
            let output = child.wait_with_output().expect("it ended");
            assert!(text(&output.stderr).lines().all(|line| line.contains(" goes on from ")), "{output:?}");
            went_on += usize::from(!output.stderr.is_empty());
            if ended {
                assert_eq!((results(&output), output.status), (known.clone(), whole.status));
                assert!(checkpoints(place.path()).is_empty());
                finished += 1;
            } else {
                killed += 1;
            }
        }
        let last = run(&kept(place.path(), of, &["--resume"]));
        assert_eq!((results(&last), last.status), (known, whole.status));
        let left: Vec<_> = fs::read_dir(place.path()).expect("a folder").flatten().collect();
        assert!(left.iter().all(|file| file.file_name() == ".lock"), "{left:?}");
        println!("{of:?}: killed {killed} times, went on {went_on} times, finished {finished} times");
        assert!(went_on > kills / 4);
    }
}

#[test]
fn what_a_bound_cuts_goes_on_under_a_larger_one() {
    for of in [&PLAIN[..], &REDUCED] {
        let place = folder();
        let whole = run(&[&["check", "--format", "json"], of].concat());
        for states in ["2000", "20000"] {
            let cut = run(&kept(place.path(), of, &["--resume", "--states-max", states]));
            assert_eq!(cut.status.code(), Some(3), "{cut:?}");
            assert_eq!(results(&cut)[0]["coverage"]["cut"]["bound"], "states");
            let [file] = &checkpoints(place.path())[..] else { panic!("one file") };
            let said = text(&cut.stderr).lines().last().unwrap_or_default();
            assert!(said.contains(&*file.to_string_lossy()) && said.contains("--resume"), "{said}");
        }
        // Without being told, nothing is gone on with, nor thrown away.
        let refused = run(&kept(place.path(), of, &[]));
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
        assert!(text(&refused.stderr).contains("--resume"), "{}", text(&refused.stderr));
        let end = run(&kept(place.path(), of, &["--resume"]));
        assert_eq!((results(&end), end.status), (results(&whole), whole.status));
        assert!(checkpoints(place.path()).is_empty());
    }
}

#[test]
fn what_is_damaged_or_of_something_else_is_refused() {
    let place = folder();
    let cut = run(&kept(place.path(), &PLAIN, &["--states-max", "2000"]));
    assert_eq!(cut.status.code(), Some(3), "{cut:?}");
    let file = checkpoints(place.path()).remove(0);
    let good = fs::read(&file).expect("a checkpoint");
    let refused = |more: &[&str], why: &str| {
        let before = fs::read(&file).expect("a checkpoint");
        let output = run(&kept(place.path(), &PLAIN[..1], &[&["--resume"], more].concat()));
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stdout).to_owned() + text(&output.stderr);
        assert!(said.contains(&*file.to_string_lossy()) && said.contains(why), "{said}");
        assert!(said.contains("take it away"), "{said}");
        assert_eq!(fs::read(&file).expect("a checkpoint"), before);
    };
    refused(&[], "leaves out something else");
    for at in [0, 30, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&file, bad).expect("it can be written");
        refused(&["--reduce=none"], if at == 0 { "no checkpoint" } else { "damaged" });
    }
    fs::write(&file, &good[..good.len() / 2]).expect("it can be written");
    refused(&["--reduce=none"], "damaged");
    let mut older = good.clone();
    older["shortcopy checkpoint\n".len()] = 0;
    fs::write(&file, older).expect("it can be written");
    refused(&["--reduce=none"], "format 0");
    // Of another scenario.
    fs::write(&file, &good).expect("it can be written");
    let other = PLAIN[0].replace("within", "extending");
    let name = file.to_string_lossy().replace("within", "extending");
    fs::rename(&file, &name).expect("it can be renamed");
    let output = run(&kept(place.path(), &[&other, PLAIN[1]], &["--resume"]));
    let said = text(&output.stdout).to_owned() + text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&name) && said.contains(&format!("is of {}", PLAIN[0])), "{said}");
}

#[test]
fn a_full_disk_loses_nothing_and_is_told() {
    let place = folder();
    let whole = run(&[&["check", "--format", "json"], &PLAIN[..]].concat());
    // No file may be larger than some kilobytes; where XFSZ is ignored that is an error like that of a full disk.
    let arguments = kept(place.path(), &PLAIN, &["--checkpoint-every=0"]);
    let line = arguments.iter().map(|word| format!("'{word}' ")).collect::<String>();
    let script = format!("trap '' XFSZ; ulimit -f 64; exec '{}' {line}", env!("CARGO_BIN_EXE_shortcopy"));
    let full = Command::new("sh").args(["-c", &script]).env("SHORTCOPY_CACHE", "").output().expect("it runs");
    assert_eq!((results(&full), full.status), (results(&whole), whole.status), "{full:?}");
    let said = text(&full.stderr);
    assert_eq!(said.matches("no checkpoint is written").count(), 1, "{said}");
    assert!(said.contains(place.path().to_str().expect("text")), "{said}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_a_whole_checkpoint() {
    let place = folder();
    let whole = run(&[&["check", "--format", "json"], &REDUCED[..]].concat());
    let mut chance = Chance(std::process::id().into());
    let mut interrupted = 0;
    loop {
        let child = shortcopy(&kept(place.path(), &REDUCED, &["--resume"]))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(300 + chance.below(400) + 200 * interrupted));
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        let output = child.wait_with_output().expect("it ended");
        if output.status == whole.status {
            assert_eq!(results(&output), results(&whole));
            break;
        }
        // Before anything is searched there is nothing to leave.
        let was_begun = output.status.code() == Some(3) && results(&output)[0]["states"] != 0;
        assert!(!was_begun || text(&output.stderr).contains("--resume"), "{output:?}");
        interrupted += 1;
    }
    println!("interrupted {interrupted} times");
}

#[test]
fn two_do_not_search_with_the_same_checkpoints() {
    let place = folder();
    fs::create_dir_all(place.path()).expect("a folder");
    let lock = fs::File::create(place.path().join(".lock")).expect("a file");
    lock.lock().expect("nobody has it");
    let output = run(&kept(place.path(), &PLAIN, &[]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("another shortcopy"), "{}", text(&output.stderr));
}

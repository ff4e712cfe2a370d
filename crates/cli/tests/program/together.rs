//! Processes that search each scenario together, started by one of them or by hand.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use crate::checkpoints::{folder, results, run, shortcopy, text};

/// Two that are violated, by a reader's view and for ever, and one that holds.
const TARGETS: [&str; 3] = [
    "ext4/journalled@v4.2:within-unmapped",
    "generic/block@v6.18:within-unmapped-with-reader",
    "ext4/ordered@v7.1:within-unmapped",
];

/// One that takes some seconds on any machine.
const LONG: &str = "generic/block@v6.18:extending-unmapped-with-reader-with-writeback-8-units";

fn check<'a>(targets: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["check", "--format", "json", "--no-cache"][..], targets, more].concat()
}

fn begin(arguments: &[&str]) -> Child {
    shortcopy(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

#[test]
fn processes_tell_what_one_tells() {
    let one = run(&check(&TARGETS, &["--reduce=none"]));
    let bad =
        results(&one).iter().map(|result| result["bad_states"].as_array().map_or(0, Vec::len)).sum::<usize>();
    assert!(bad > 3, "{bad}");
    for processes in ["2", "4"] {
        let all = run(&check(&TARGETS, &["--processes", processes]));
        assert_eq!(text(&all.stderr), "");
        assert_eq!((results(&all), all.status), (results(&one), one.status), "{processes}");
    }
}

/// Addresses that nobody listens at, a line each.
fn hosts(place: &Path, processes: usize) -> PathBuf {
    let held: Vec<TcpListener> =
        (0..processes).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let line = |held: &TcpListener| format!("{}\n", held.local_addr().expect("it has one"));
    let file = place.join("hosts");
    let lines: String = held.iter().map(line).collect();
    fs::write(&file, format!("# who searches\n\n{lines}")).expect("it can be written");
    file
}

#[test]
fn hosts_are_started_one_by_one_and_the_first_tells() {
    let place = folder();
    let hosts = hosts(place.path(), 3);
    let hosts = format!("--hosts={}", hosts.display());
    let others = [1, 2].map(|number| begin(&check(&TARGETS, &[&hosts, &format!("--process={number}")])));
    let first = run(&check(&TARGETS, &[&hosts, "--process=0"]));
    assert!(text(&first.stderr).contains("nothing is authenticated"), "{}", text(&first.stderr));
    let one = run(&check(&TARGETS, &["--reduce=none"]));
    assert_eq!((results(&first), first.status), (results(&one), one.status));
    for other in others {
        let other = other.wait_with_output().expect("it ends");
        assert_eq!((other.status.code(), text(&other.stdout)), (Some(0), ""), "{}", text(&other.stderr));
    }
}

#[test]
fn hosts_that_are_not_such_are_refused() {
    let place = folder();
    let file = place.path().join("hosts");
    let name = file.display().to_string();
    let option = format!("--hosts={name}");
    let refused = |process: &str, why: &str| {
        let output = run(&check(&TARGETS[..1], &[&option, process]));
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
        assert!(said.contains(why), "{said}");
        assert!(said.contains("hosts"), "{said}");
    };
    refused("--process=0", "No such file");
    for (lines, why) in [
        ("127.0.0.1:4001\n127.0.0.1\n", ":2: `127.0.0.1` is no HOST:PORT"),
        ("127.0.0.1:4001\n127.0.0.1:0\n", ":2: `127.0.0.1:0` is no HOST:PORT"),
        ("127.0.0.1:4001\n127.0.0.1:70000\n", ":2: `127.0.0.1:70000` is no HOST:PORT"),
        ("127.0.0.1:4001\n127.0.0.1:4001\n", ":2: `127.0.0.1:4001` is there twice"),
        ("127.0.0.1:4001\n", "two processes at least"),
        ("127.0.0.1:4001\n127.0.0.1:4002\n", "there is no process 2"),
    ] {
        fs::write(&file, lines).expect("it can be written");
        refused("--process=2", why);
    }
    let alone = run(&check(&TARGETS[..1], &["--process=1"]));
    assert!(text(&alone.stderr).contains("--hosts"), "{}", text(&alone.stderr));
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn a_process_that_is_asked_something_else_is_refused() {
    let place = folder();
    let option = format!("--hosts={}", hosts(place.path(), 2).display());
    let first = begin(&check(&TARGETS[..1], &[&option, "--process=0"]));
    let other = run(&check(&TARGETS[1..2], &[&option, "--process=1"]));
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    assert!(text(&other.stderr).contains("with other arguments"), "{}", text(&other.stderr));
    let end = end_with(first, "-KILL");
    assert_eq!(end.stdout.len(), 0);
}

fn end_with(child: Child, signal: &str) -> Output {
    assert!(kill(child.id(), signal));
    child.wait_with_output().expect("it ends")
}

fn kill(process: u32, signal: &str) -> bool {
    let kill = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
    kill.expect("kill runs").success()
}

/// The processes that a process has started, once there are so many.
fn children(of: u32, count: usize) -> Vec<u32> {
    let since = Instant::now();
    loop {
        let tasks = fs::read_dir(format!("/proc/{of}/task")).expect("it runs").flatten();
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let children: String = children.collect();
        let children: Vec<u32> =
            children.split_whitespace().map(|id| id.parse().expect("a number")).collect();
        if children.len() == count {
            return children;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{children:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process ends within some time: gone, or waited for by nobody.
fn ends(process: u32) -> bool {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(30) {
        match fs::read_to_string(format!("/proc/{process}/stat")) {
            Ok(stat) if !stat.contains(") Z ") => std::thread::sleep(Duration::from_millis(10)),
            _ => return true,
        }
    }
    false
}

#[test]
fn a_process_that_is_killed_is_named_and_the_search_is_cut() {
    let child = begin(&check(&[LONG], &["--processes=3"]));
    let others = children(child.id(), 2);
    std::thread::sleep(Duration::from_secs(2));
    assert!(kill(others[1], "-KILL"));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(3), ""), "{output:?}");
    let [result] = &results(&output)[..] else { panic!("{output:?}") };
    assert_eq!(result["coverage"]["cut"]["bound"], "process");
    assert!(result["remark"].as_str().is_some_and(|why| why.starts_with("process 2, at ")), "{result}");
    assert!(result["states"].as_u64() > Some(0), "{result}");
    assert!(ends(others[0]));
}

#[test]
fn an_interrupt_or_the_death_of_who_started_them_ends_all() {
    for (signal, code) in [("-INT", Some(3)), ("-KILL", None)] {
        let child = begin(&check(&[LONG], &["--processes=2"]));
        let others = children(child.id(), 1);
        std::thread::sleep(Duration::from_secs(2));
        let output = end_with(child, signal);
        assert_eq!((output.status.code(), text(&output.stderr)), (code, ""), "{output:?}");
        if signal == "-INT" {
            assert_eq!(results(&output)[0]["coverage"]["cut"]["bound"], "interrupt");
        }
        assert!(ends(others[0]), "{signal}");
    }
}

#[test]
fn bounds_are_on_all_of_them_and_a_broken_target_on_none() {
    let cut = run(&check(&TARGETS[..1], &["--processes=2", "--states-max=3000"]));
    let one = run(&check(&TARGETS[..1], &["--reduce=none", "--states-max=3000"]));
    assert_eq!((cut.status.code(), one.status.code()), (Some(3), Some(3)));
    let numbers = |output: &Output| {
        let result = &results(output)[0];
        (result["states"].clone(), result["transitions"].clone(), result["coverage"].clone())
    };
    assert_eq!(numbers(&cut), numbers(&one));
    let unknown = run(&check(&["ext4/journaled"], &["--processes=2"]));
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean"), "{}", text(&unknown.stderr));
}

//! The bounds on memory and time are kept by the whole check.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod common;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use checker::explicit::{Error, Options, check};
use common::{counter, label, load, scenario, store};
use machine::{Action, Flow, Label, Machine, Place, Step, again};
use scenario::{Actor, Bound, Bounds, Check, Coverage, Kind, Outcome, Property, Scenario};

const MIB: u64 = 1 << 20;

/// A second is meant; the machine may be busy with other tests.
const BUSY: Duration = Duration::from_secs(3);

/// Names what the child process is to search.
const CHILD: &str = "SHORTCOPY_BOUNDS_CHILD";

/// What takes memory in one way each.
const SHAPES: [&str; 7] = ["states", "cycles", "memories", "control", "rests", "views", "schedules"];

fn shape(name: &str) -> Scenario {
    match name {
        "states" => counter(5, 4),
        "cycles" => circles(),
        "memories" => scenario(24, (0..4).map(|actor| Actor::new("marks", marks(actor * 6, 6, 3))).collect()),
        "control" => scenario(1, vec![Actor::new("polls", polls(u16::MAX))]),
        "rests" => scenario(20, vec![Actor::new("marks", marks(0, 20, 1))]),
        "views" => {
            let mut views = scenario(40, vec![Actor::new("writes", |_| 0)]);
            views.views = vec![Actor::new("view", marks(0, 40, 1))];
            views
        }
        // What is wrong in the last state only.
        "schedules" => {
            let mut late = counter(4, 3);
            late.properties = vec![reaches(12)];
            late
        }
        _ => unreachable!("no such shape"),
    }
}

/// Broken where the first cell is this.
fn reaches(value: u64) -> Property {
    let check = Check::State(Arc::new(move |memory, broken| {
        if memory.peek(Place(0)) == value {
            broken(Label::new("reached", &[]));
        }
    }));
    let (kind, promised) = (Kind::Always, true);
    Property {
        id: "reaches",
        sentence: "the value is not reached",
        source: "",
        effect: "",
        kind,
        promised,
        check,
    }
}

fn choose(m: &dyn Machine, of: u8) -> u64 {
    m.perform(Step::new(Action::Choose { of }, label("choose")))
}

/// Actors that go round in each other's company for ever: a million states, of one component.
fn circles() -> Scenario {
    let circle = |at: usize| {
        Actor::new("circle", move |m: &dyn Machine| {
            again(m, label("circle"), (), |()| {
                let value = load(m, Place(at as u16));
                store(m, Place(at as u16), (value + 1) % 16);
                Flow::<(), ()>::Again(())
            });
            0
        })
    };
    scenario(4, (0..4).map(circle).collect())
}

/// Puts one of so many marks into each of some cells.
fn marks(first: u16, cells: u16, of: u8) -> impl Fn(&dyn Machine) -> u64 {
    move |m| {
        for cell in first..first + cells {
            let mark = choose(m, of + 1);
            store(m, Place(cell), mark);
        }
        0
    }
}

/// Looks so many times, and remembers how often.
fn polls(rounds: u16) -> impl Fn(&dyn Machine) -> u64 {
    move |m| {
        again(m, label("polls"), 0_u16, |done| {
            load(m, Place(0));
            if done == rounds { Flow::Done(()) } else { Flow::Again(done + 1) }
        });
        0
    }
}

fn options(bounds: Bounds, threads: usize) -> Options {
    Options { bounds, threads, ..Options::default() }
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().ok()? * 1024)
}

/// Searches under a bound, in a process of its own: what it took beyond what it began with, and the
/// coverage.
fn took(shape: &str, mebibytes: u64, threads: usize) -> (u64, String) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_of_the_other_tests", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{shape} {mebibytes} {threads}"))
        .output()
        .unwrap();
    let text = String::from_utf8(child.stdout).unwrap();
    let line = text.lines().find_map(|line| line.split_once("took "));
    let (_, line) = line.unwrap_or_else(|| panic!("{shape}: {text}"));
    let (bytes, coverage) = line.split_once(' ').unwrap();
    (bytes.parse().unwrap(), coverage.to_owned())
}

#[test]
fn the_child_of_the_other_tests() {
    let Ok(asked) = std::env::var(CHILD) else { return };
    let [shape_of, mebibytes, threads] = asked.split(' ').collect::<Vec<_>>()[..] else { unreachable!() };
    let scenario = shape(shape_of);
    let bounds = Bounds { bytes_max: mebibytes.parse::<u64>().unwrap() * MIB, ..Bounds::default() };
    let before = status("VmRSS:").unwrap_or(0);
    let outcome = check(&scenario, &options(bounds, threads.parse().unwrap())).unwrap();
    let most = status("VmHWM:").unwrap_or(0).saturating_sub(before);
    let told = outcome.bad.iter().filter(|bad| bad.schedule.steps() > 0).count();
    println!(
        "took {most} {:?} counted {} told {told} of {}",
        outcome.coverage,
        outcome.bytes,
        outcome.bad.len()
    );
    assert!(outcome.bytes <= bounds.bytes_max);
}

#[test]
#[cfg(target_os = "linux")]
fn the_bound_on_memory_is_kept_in_every_phase() {
    let mut wrong = Vec::new();
    for shape in SHAPES {
        // Where the bound is met: the largest automaton is not larger, and schedules come last. What threads and
        // code take is a few of these.
        let mebibytes = match shape {
            "control" => 24,
            "schedules" => 32,
            _ => 48,
        };
        for threads in [1, 2] {
            let (bytes, told) = took(shape, mebibytes, threads);
            let bound = mebibytes * MIB;
            eprintln!(
                "{shape}, {mebibytes} MiB, {threads} threads: {:.1} MiB, {told}",
                bytes as f64 / MIB as f64
            );
            if bytes > bound + bound / 10 || !told.contains("Memory") && shape != "schedules" {
                wrong.push(format!("{shape}, {threads} threads: {bytes} of {bound}, {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_search_that_is_cut_keeps_room_for_its_schedules() {
    let mut scenario = shape("states");
    scenario.properties = vec![reaches(3)];
    let outcome = check(&scenario, &options(Bounds { bytes_max: 8 * MIB, ..Bounds::default() }, 1)).unwrap();
    assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Memory });
    assert!(outcome.bad[0].schedule.steps() > 0, "{}", outcome.remark);
}

#[test]
fn no_memory_at_all_is_a_cut() {
    let outcome = check(&counter(2, 2), &options(Bounds { bytes_max: 0, ..Bounds::default() }, 2)).unwrap();
    assert_eq!((outcome.coverage, outcome.states), (Coverage::Cut { bound: Bound::Memory }, 0));
}

/// Something that happens while the picture of the first bad state is drawn, and takes so long.
fn drawn(seconds: f64, also: impl Fn() + Send + Sync + 'static) -> Scenario {
    let writer = |m: &dyn Machine| {
        store(m, Place(0), 1);
        let number = choose(m, 2) as i32;
        let witness = Label::new("case", &[number]);
        m.perform(Step::new(Action::Report { property: "report", witness }, label("report")));
        0
    };
    let mut scenario = scenario(1, vec![Actor::new("write", writer)]);
    let drawn = AtomicU64::new(0);
    scenario.picture = Arc::new(move |memory| {
        if memory.peek(Place(0)) == 1 && drawn.fetch_add(1, Ordering::Relaxed) == 0 {
            also();
            std::thread::sleep(Duration::from_secs_f64(seconds));
        }
        String::new()
    });
    scenario
}

fn is_told_as_cut(outcome: &Outcome) {
    assert_eq!(outcome.coverage, Coverage::Exhausted);
    assert_eq!(outcome.bad.iter().filter(|bad| bad.schedule.events.is_empty()).count(), 1);
    assert_eq!(outcome.remark, "no schedule was looked for to the end for 1 of the bad states");
}

#[test]
fn schedules_end_with_the_time_and_say_so() {
    let bounds = Bounds { time_max: Duration::from_millis(500), ..Bounds::default() };
    is_told_as_cut(&check(&drawn(1.2, || ()), &options(bounds, 1)).unwrap());
}

#[test]
fn schedules_that_are_at_hand_are_told_to_a_user_who_wants_to_stop() {
    let interrupt = Arc::new(AtomicBool::new(false));
    let set = interrupt.clone();
    let scenario = drawn(0.0, move || set.store(true, Ordering::Relaxed));
    let options = Options { interrupt: Some(interrupt), ..Options::default() };
    // Those that are found within half a second are told.
    let outcome = check(&scenario, &options).unwrap();
    assert!(outcome.bad.iter().all(|bad| !bad.schedule.events.is_empty()), "{}", outcome.remark);
}

/// Searches until the flag is set after so long, and gives how long it went on.
fn goes_on(scenario: &Scenario, after: Duration) -> Duration {
    let interrupt = Arc::new(AtomicBool::new(false));
    let options = Options { interrupt: Some(interrupt.clone()), threads: 2, ..Options::default() };
    std::thread::scope(|scope| {
        let search = scope.spawn(|| {
            may_have_ended(check(scenario, &options));
            Instant::now()
        });
        std::thread::sleep(after);
        let set = Instant::now();
        interrupt.store(true, Ordering::Relaxed);
        search.join().unwrap().saturating_duration_since(set)
    })
}

/// How far a search came, unless a fast machine had used up the numbers for control states by then.
fn may_have_ended(searched: Result<Outcome, Error>) -> Option<Coverage> {
    match searched {
        Ok(outcome) => Some(outcome.coverage),
        Err(Error::TooManyControlStates { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_user_is_heard_in_every_phase() {
    for shape_of in SHAPES {
        let scenario = shape(shape_of);
        for after in [50, 400] {
            let went_on = goes_on(&scenario, Duration::from_millis(after));
            assert!(went_on < BUSY, "{shape_of}: {went_on:?}");
        }
    }
}

#[test]
fn the_time_is_kept_in_every_phase() {
    for shape_of in SHAPES {
        for millis in [100, 1500] {
            let bounds = Bounds { time_max: Duration::from_millis(millis), ..Bounds::default() };
            let begun = Instant::now();
            let coverage = may_have_ended(check(&shape(shape_of), &options(bounds, 2)));
            let over = begun.elapsed().saturating_sub(bounds.time_max);
            assert!(over < BUSY, "{shape_of}: {over:?}, {coverage:?}");
        }
    }
}

//! An engine in a process of its own: this test program runs itself again, as the child.

mod common;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use checker::isolate::{Error, hand_over, hush, run_in_child, stop_with_parent};
use checker::{on_loom, on_shuttle};
use common::{load, scenario, store};
use machine::{Machine, Peek, Place, Word, bug_on};
use scenario::{Actor, Bound, Coverage, Ending, Outcome, Scenario, Verdict, verdict};

const ROLE: &str = "CHECKER_TEST_CHILD";

fn buggy() -> Scenario {
    let increment = |m: &dyn Machine| -> Word {
        let value = load(m, Place(0));
        store(m, Place(0), value + 1);
        0
    };
    let asserting = |m: &dyn Machine| {
        bug_on(load(m, Place(0)) != 0, "BUG");
        0
    };
    let scenario = scenario(1, vec![Actor::new("a", increment), Actor::new("b", asserting)]);
    let ending =
        |memory: &dyn Peek, _: &[Word]| Ending::of(&[("", &format!("holds {}", memory.peek(Place(0))))]);
    Scenario { ending: Some(Arc::new(ending)), ..scenario }
}

fn shuttle_options() -> on_shuttle::Options {
    on_shuttle::Options::new(on_shuttle::Mode::Random { seed: 3, executions: 100 })
}

/// The child's side; without a role it is no child, and nothing happens.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    match role.as_str() {
        "loom" => {
            hush();
            hand_over(&on_loom::check(&buggy(), &on_loom::Options::default())).unwrap();
        }
        "shuttle" => {
            hush();
            hand_over(&on_shuttle::check(&buggy(), &shuttle_options())).unwrap();
        }
        "abort" => {
            hand_over(&Outcome { coverage: Coverage::Exhausted, ..Outcome::default() }).unwrap();
            std::process::abort();
        }
        "panic" => panic!("these are last words"),
        "hang" => std::thread::sleep(Duration::from_secs(3600)),
        "obedient" => {
            let interrupt = Arc::new(AtomicBool::new(false));
            stop_with_parent(interrupt.clone());
            hush();
            let mode = on_shuttle::Mode::Random { seed: 3, executions: usize::MAX };
            let options =
                on_shuttle::Options { interrupt: Some(interrupt), ..on_shuttle::Options::new(mode) };
            hand_over(&on_shuttle::check(&buggy(), &options)).unwrap();
        }
        "silent" => {}
        "babble" => {
            println!("\n{{\"coverage\": \"exhausted\"}}\n{{not an outcome");
        }
        role => unreachable!("{role}"),
    }
}

fn run(role: &str, time_max: Duration) -> Result<Outcome, Error> {
    run_until(role, time_max, &AtomicBool::new(false))
}

fn run_until(role: &str, time_max: Duration, interrupt: &AtomicBool) -> Result<Outcome, Error> {
    let mut command = Command::new(std::env::current_exe().expect("a running program"));
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    run_in_child(command, time_max, interrupt)
}

const LONG: Duration = Duration::from_secs(120);

#[test]
fn a_child_hands_over_what_the_engine_finds() {
    let here = on_loom::check(&buggy(), &on_loom::Options::default());
    let there = run("loom", LONG).unwrap();
    assert_eq!(there.bad.len(), 1);
    assert_eq!(Outcome { seconds: here.seconds, ..there }, here);
    let there = run("shuttle", LONG).unwrap();
    let here = on_shuttle::check(&buggy(), &shuttle_options());
    assert_eq!(Outcome { seconds: here.seconds, ..there }, here);
}

#[test]
fn a_child_that_dies_is_no_pass() {
    // Even if it had handed over before.
    let aborted = run("abort", LONG).unwrap_err();
    assert!(matches!(aborted, Error::Died { .. }), "{aborted}");
    assert_eq!(verdict(&buggy(), &aborted.into_outcome()), Verdict::Unsupported);
    let panicked = run("panic", LONG).unwrap_err();
    assert!(panicked.to_string().contains("these are last words"), "{panicked}");
    assert_eq!(verdict(&buggy(), &panicked.into_outcome()), Verdict::Unsupported);
}

#[test]
fn a_child_that_hangs_is_killed() {
    let started = Instant::now();
    let hung = run("hang", Duration::from_millis(300)).unwrap_err();
    assert!(matches!(hung, Error::TimedOut { .. }), "{hung}");
    assert!(started.elapsed() < Duration::from_secs(60));
    let outcome = hung.into_outcome();
    assert_eq!(outcome.coverage, Coverage::Cut { bound: Bound::Time });
    assert_eq!(verdict(&buggy(), &outcome), Verdict::Unknown);
}

/// Once the user wants no more, a child hands over what it has found, or is killed.
#[test]
fn an_interrupt_ends_a_child() {
    for role in ["obedient", "hang"] {
        let interrupt = AtomicBool::new(false);
        let started = Instant::now();
        let ended = std::thread::scope(|scope| {
            scope.spawn(|| {
                // It has long begun by then, on an idle machine.
                std::thread::sleep(Duration::from_secs(2));
                interrupt.store(true, Ordering::Relaxed);
            });
            run_until(role, LONG, &interrupt)
        });
        assert!(started.elapsed() < Duration::from_secs(60), "{role}: {:?}", started.elapsed());
        let cut = Coverage::Cut { bound: Bound::Interrupt };
        match ended {
            Ok(outcome) => assert_eq!((outcome.coverage, role), (cut, "obedient")),
            Err(why) => {
                assert!(matches!(why, Error::Interrupted { .. }), "{why}");
                assert_eq!(why.into_outcome().coverage, cut);
            }
        }
    }
}

/// A child does not outlive its parent.
#[test]
fn a_child_stops_with_its_parent() {
    let mut command = Command::new(std::env::current_exe().expect("a running program"));
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(ROLE, "obedient");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().expect("it starts");
    drop(child.stdin.take());
    let started = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "it goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_child_without_an_outcome_is_no_pass() {
    for role in ["silent", "babble"] {
        let nothing = run(role, LONG).unwrap_err();
        assert!(matches!(nothing, Error::NoOutcome { .. }), "{nothing}");
        assert_eq!(verdict(&buggy(), &nothing.into_outcome()), Verdict::Unsupported);
    }
    let nobody =
        run_in_child(Command::new("/nonexistent/engine"), LONG, &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(nobody, Error::Start(_)), "{nobody}");
}

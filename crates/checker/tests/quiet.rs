//! loom and shuttle in one process, in any order: nothing is told on the standard error, and who panics later is told
//! once, by the hook that was there before.

use std::panic::catch_unwind;
use std::process::Command;

use checker::{on_loom, on_shuttle};
use machine::{Flow, Label, Layout, Machine, Order, Word, again, bug_on};
use scenario::{Bounds, Outcome, Scenario};

const ROLE: &str = "CHECKER_QUIET_CHILD";

/// Two who increment, fail in an assertion, wait for ever, or go round for long.
fn scenario() -> Scenario {
    let mut layout = Layout::new();
    let (counter, asleep) = (layout.shared("counter", 4), layout.shared("asleep", 1));
    let body = move |m: &dyn Machine| -> Word {
        let value = counter.load(m, Order::Relaxed);
        counter.store(m, value + 1, Order::Relaxed);
        bug_on(counter.load(m, Order::Relaxed) == 2 && value == 0, "BUG");
        asleep.store(m, 1 - (value & 1), Order::Relaxed);
        again(m, Label::new("retry", &[]), 0_u8, |round| {
            let found = counter.load(m, Order::Relaxed) > 1;
            if found || round > 3 { Flow::Done(()) } else { Flow::Again(round + 1) }
        });
        asleep.wait_until_zero(m, Order::Acquire);
        0
    };
    Scenario::new("noisy", layout).actor("a", body).actor("b", body).actor("c", body)
}

fn loom(mode: on_loom::Mode) -> Outcome {
    let bounds = Bounds { executions_max: 2_000, ..Bounds::default() };
    on_loom::check(&scenario(), &on_loom::Options { mode, bounds, ..on_loom::Options::default() })
}

fn shuttle(mode: on_shuttle::Mode) -> Outcome {
    on_shuttle::check(&scenario(), &on_shuttle::Options::new(mode))
}

/// The child's side.
#[test]
fn child() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let both = || {
        let found = [
            loom(on_loom::Mode::KernelOrders),
            shuttle(on_shuttle::Mode::Random { seed: 1, executions: 200 }),
            loom(on_loom::Mode::SequentiallyConsistent),
            shuttle(on_shuttle::Mode::Pct { depth: 2, seed: 1, executions: 200 }),
            loom(on_loom::Mode::KernelOrders),
        ];
        let finds = |outcome: &Outcome, id: &str| outcome.bad.iter().any(|bad| bad.property == id);
        assert!(found.iter().all(|outcome| finds(outcome, "deadlock")));
        assert!(found.iter().any(|outcome| finds(outcome, "kernel-bug")));
    };
    both();
    catch_unwind(|| panic!("these are last words")).expect_err("a panic");
    eprintln!("beside each other:");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(both)).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("the same findings"));
    });
}

#[test]
fn nothing_is_told_of_what_the_engines_do_inside() {
    let mut command = Command::new(std::env::current_exe().expect("a running program"));
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(ROLE, "1")
        .env("RUST_BACKTRACE", "0");
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let (alone, beside) = told.split_once("beside each other:\n").expect("it comes so far");
    assert_eq!(beside, "");
    assert_eq!(alone.matches("these are last words").count(), 1, "{alone}");
    assert!(alone.trim_start().starts_with("thread '") && !alone.contains("Task failed"), "{alone}");
}

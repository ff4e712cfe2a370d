//! An engine in a process of its own: the test program, started once more for the test that asks, up to the same
//! question.

use std::cell::Cell;
use std::env;
use std::io;
use std::process::{Command, exit};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use checker::isolate::{Error, hand_over, hush, run_in_child, stop_with_parent};
use scenario::{Bounds, Outcome, Scenario};

use crate::engine::{self, Engine};

/// Set in a child: the question that it is there for.
const QUESTION: &str = "SHORTCOPY_QUESTION";

/// How much longer than the bound on time a child may take: what the test does before the question.
const GRACE: Duration = Duration::from_secs(120);

thread_local! {
    /// How many questions this thread has asked. A test has a thread of its own.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// Runs an engine in a child, or, in a child, here.
pub(crate) fn run(scenario: &Scenario, engine: Engine, bounds: &Bounds) -> Outcome {
    let number = ASKED.replace(ASKED.get() + 1);
    let Some(asker) = thread::current().name().map(str::to_owned) else {
        let unnamed = "ask loom and shuttle on the thread of a test or of `main`: this thread has no name";
        return Error::Start(io::Error::other(unnamed)).into_outcome();
    };
    let question = format!("{number} {asker} {engine:?} {}", scenario.name);
    let Ok(wanted) = env::var(QUESTION) else {
        let child = start(&asker, &question).map_err(Error::Start);
        let time_max = bounds.time_max.saturating_mul(2).saturating_add(GRACE);
        let never = AtomicBool::new(false);
        return child
            .and_then(|child| run_in_child(child, time_max, &never))
            .unwrap_or_else(Error::into_outcome);
    };
    if wanted == question {
        answer(scenario, engine, bounds);
    }
    if wanted.starts_with(&format!("{number} {asker} ")) {
        eprintln!(
            "`{asker}` asks `{question}` when it is run again, and asked `{wanted}`: a test that asks loom or \
                   shuttle must do the same whenever it is run"
        );
        exit(2);
    }
    // An earlier question of the same test: the answer is the same, and nobody needs a process of its own.
    engine::run(scenario, engine, bounds, None)
}

/// Answers to the parent, and ends.
fn answer(scenario: &Scenario, engine: Engine, bounds: &Bounds) -> ! {
    let interrupt = Arc::new(AtomicBool::new(false));
    hush();
    stop_with_parent(interrupt.clone());
    let outcome = engine::run(scenario, engine, bounds, Some(interrupt));
    match hand_over(&outcome) {
        Ok(()) => exit(0),
        Err(why) => {
            eprintln!("the outcome can't be handed over: {why}");
            exit(2)
        }
    }
}

/// This program, once more. A test is known by the name of its thread; `main`, and a test in a document, are all that
/// their program does.
fn start(asker: &str, question: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    if asker == "main" {
        command.args(env::args_os().skip(1));
    } else {
        command.args(["--exact", asker, "--nocapture", "--include-ignored", "--test-threads=1"]);
    }
    command.env(QUESTION, question);
    Ok(command)
}

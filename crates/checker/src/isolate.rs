//! One engine run in a process of its own: loom and shuttle can take the process with them.
//!
//! The child runs one engine on one scenario and hands over with [`hand_over`]; the parent starts it
//! with [`run_in_child`]. A child that dies, hangs or talks nonsense is an [`Error`], which becomes an
//! outcome that can't read like a pass.
//!
//! The parent holds the other end of the child's standard input. When that is closed, by a parent that was
//! interrupted or is no more, the child's engine has to stop: see [`stop_with_parent`].

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use scenario::{Bound, Coverage, Outcome};

/// How long to sleep between two looks at the child, at most.
const PATIENCE: Duration = Duration::from_millis(20);

/// How long an engine that was told to stop may take to hand over what it has.
const STOPS_WITHIN: Duration = Duration::from_secs(1);

/// How much of what the child last said is repeated, in bytes.
const LAST_WORDS: usize = 2_000;

/// Why a child gave no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started, or not be listened to.
    #[error("the engine's process could not be run: {0}")]
    Start(#[from] io::Error),
    /// It ended otherwise than with success.
    #[error("the engine's process died ({status}){}", last_words(.said))]
    Died {
        /// How.
        status: ExitStatus,
        /// The end of what it said on its standard error.
        said: String,
    },
    /// It was still running, and was killed.
    #[error("the engine's process was killed after {} s", .after.as_secs_f64())]
    TimedOut {
        /// How long it ran.
        after: Duration,
    },
    /// The user wanted no more, and it had nothing to hand over.
    #[error("the engine's process was interrupted after {} s", .after.as_secs_f64())]
    Interrupted {
        /// How long it ran.
        after: Duration,
    },
    /// It ended with success and without an outcome.
    #[error("the engine's process gave no outcome{}", last_words(.said))]
    NoOutcome {
        /// The end of what it said on its standard error.
        said: String,
    },
}

fn last_words(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl Error {
    /// The outcome that this comes to: nothing found, and cut or unsupported.
    #[must_use]
    pub fn into_outcome(self) -> Outcome {
        let coverage = match self {
            Error::TimedOut { .. } => Coverage::Cut { bound: Bound::Time },
            Error::Interrupted { .. } => Coverage::Cut { bound: Bound::Interrupt },
            Error::Start(_) | Error::Died { .. } | Error::NoOutcome { .. } => Coverage::Unsupported,
        };
        Outcome { coverage, remark: self.to_string(), ..Outcome::default() }
    }
}

/// Hands an outcome over to the parent: one line of JSON on the standard output.
///
/// # Errors
/// If it can't be written.
pub fn hand_over(outcome: &Outcome) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\n{}", serde_json::to_string(outcome)?)?;
    out.flush()
}

/// Keeps the panics of models, which are findings, from being told on the standard error. For a
/// child, before it runs an engine.
pub fn hush() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// Sets `interrupt` when the parent has closed its end of the standard input, or is no more; ends the process
/// if that does not end by itself. For a child, before it runs an engine.
pub fn stop_with_parent(interrupt: Arc<AtomicBool>) {
    thread::spawn(move || {
        // The parent says nothing: this returns when it is gone.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        interrupt.store(true, Ordering::Relaxed);
        thread::sleep(2 * STOPS_WITHIN);
        std::process::exit(1);
    });
}

/// Runs a child that hands over one outcome, for at most `time_max`. Once `interrupt` is set, the child has a
/// second to hand over what it has found.
///
/// # Errors
/// If it does anything else.
pub fn run_in_child(
    mut command: Command,
    time_max: Duration,
    interrupt: &AtomicBool,
) -> Result<Outcome, Error> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let said = listen(child.stderr.take());
    let handed_over = listen(child.stdout.take());
    let started = Instant::now();
    let status = wait(&mut child, time_max, interrupt)?;
    if !status.success() && interrupt.load(Ordering::Relaxed) {
        return Err(Error::Interrupted { after: started.elapsed() });
    }
    let said = last_part(&said.join().unwrap_or_default());
    if !status.success() {
        return Err(Error::Died { status, said });
    }
    let handed_over = handed_over.join().unwrap_or_default();
    let is_outcome = |line: &str| serde_json::from_str(line).ok();
    handed_over
        .lines()
        .rev()
        .filter(|line| line.starts_with('{'))
        .find_map(is_outcome)
        .ok_or(Error::NoOutcome { said })
}

/// Reads to the end, so that the child never waits for us.
fn listen(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until it broke is all there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, time_max: Duration, interrupt: &AtomicBool) -> Result<ExitStatus, Error> {
    let started = Instant::now();
    let mut line: Option<ChildStdin> = child.stdin.take();
    let mut interrupted = None;
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let after = started.elapsed();
        if interrupted.is_none() && interrupt.load(Ordering::Relaxed) {
            interrupted = Some(after);
            line.take();
        }
        let over = |since: Duration| after >= since + STOPS_WITHIN;
        if after >= time_max || interrupted.is_some_and(over) {
            child.kill()?;
            child.wait()?;
            return Err(match interrupted {
                Some(_) => Error::Interrupted { after },
                None => Error::TimedOut { after },
            });
        }
        thread::sleep(pause.min(time_max - after));
        pause = (pause * 2).min(PATIENCE);
    }
}

fn last_part(said: &str) -> String {
    let said = said.trim();
    let mut from = said.len().saturating_sub(LAST_WORDS);
    while !said.is_char_boundary(from) {
        from += 1;
    }
    said[from..].to_owned()
}

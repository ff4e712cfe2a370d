//! Who has tests run: by a process of its own, which is watched.

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::place::Place;
use crate::test::Test;
use crate::worker::{Answer, Closing, Greeting};

/// How long a place may take to be made.
const MADE_WITHIN: Duration = Duration::from_secs(60);

/// How long a worker may be silent: longer than it lets a test take.
const DONE_WITHIN: Duration = Duration::from_secs(10);

/// How long an image may take to be checked and read again.
const CLOSED_WITHIN: Duration = Duration::from_secs(60);

/// How many workers may be lost in one place before nobody tries again.
const LOST_MAX: usize = 3;

/// Starts workers.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The program whose command `live-worker PLACE` is [`work`](crate::work).
    pub program: PathBuf,
}

/// Why no tests could be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place can't be had.
    #[error("{0}")]
    NoPlace(String),
    /// There is no worker.
    #[error("the process that runs tests could not be started: {0}")]
    NoWorker(#[from] io::Error),
}

/// A worker, killed when it is dropped.
struct Worker {
    child: Child,
    to: Option<ChildStdin>,
    from: Receiver<String>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    /// The next line; none where there is none in time, or ever.
    fn hear(&self, within: Duration) -> Option<String> {
        self.from.recv_timeout(within).ok()
    }

    fn ask(&mut self, test: &Test) -> Option<Answer> {
        writeln!(self.to.as_mut()?, "{test}").ok()?;
        serde_json::from_str(&self.hear(DONE_WITHIN)?).ok()
    }

    /// Tells it that there is no more, and hears what it has to say of the place.
    fn close(mut self) -> Option<Closing> {
        self.to = None;
        serde_json::from_str(&self.hear(CLOSED_WITHIN)?).ok()
    }
}

impl Runner {
    fn start(&self, place: &Place) -> Result<Worker, Error> {
        let mut command = Command::new(&self.program);
        command.arg("live-worker").arg(place.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let pipes = child.stdin.take().zip(child.stdout.take());
        let Some((to, said)) = pipes else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(missing().into());
        };
        let (tell, from) = channel();
        // It ends with the worker's output.
        thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        let worker = Worker { child, to: Some(to), from };
        let greeting = worker.hear(MADE_WITHIN).and_then(|line| serde_json::from_str(&line).ok());
        match greeting {
            Some(Greeting::Ready) => Ok(worker),
            Some(Greeting::Cannot(why)) => Err(Error::NoPlace(why)),
            None => Err(Error::NoPlace(format!("{place} was not made within {} s", MADE_WITHIN.as_secs()))),
        }
    }

    /// Runs tests in a place, one after the other, and hands over what came of each, until `stop` is set; at last what came
    /// of the place, where that is an image.
    ///
    /// # Errors
    /// Where not one could be run.
    pub fn run(
        &self,
        place: &Place,
        tests: &[Test],
        stop: &AtomicBool,
        take: &mut dyn FnMut(usize, Answer),
    ) -> Result<Option<Closing>, Error> {
        let mut worker = Some(self.start(place)?);
        let mut lost = 0;
        for (at, test) in tests.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if worker.is_none() && lost < LOST_MAX {
                worker = self.start(place).ok();
            }
            let Some(present) = &mut worker else {
                take(at, Answer::Not("the process that runs tests was lost too often".to_owned()));
                continue;
            };
            let answer = present.ask(test).unwrap_or_else(|| {
                lost += 1;
                worker = None;
                Answer::Hung
            });
            take(at, answer);
        }
        Ok(match (place, worker) {
            (Place::Image(_), Some(worker)) if !stop.load(Ordering::Relaxed) => {
                let silent = || Closing {
                    damage: Some("it was not checked in time".to_owned()),
                    ..Closing::default()
                };
                Some(worker.close().unwrap_or_else(silent))
            }
            _ => None,
        })
    }
}

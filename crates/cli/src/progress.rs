//! A line on standard error that tells how far the work is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nothing is shown of what takes less time than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is looked after.
const TICK: Duration = Duration::from_millis(200);

/// The searches that run, and how many states each has.
type Running = Mutex<Vec<(String, Arc<AtomicU64>)>>;

/// The progress of some searches.
pub(crate) struct Progress {
    bar: ProgressBar,
    running: Arc<Running>,
    stop: Option<(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>)>,
}

impl Progress {
    /// The progress of `total` searches; without `shown`, silent.
    pub(crate) fn new(shown: bool, total: usize) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("[{pos}/{len}] {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        let running = Arc::new(Running::default());
        let stop = shown.then(|| {
            let (send, receive) = std::sync::mpsc::channel::<()>();
            let (bar, running) = (bar.clone(), running.clone());
            let began = Instant::now();
            let watch = std::thread::spawn(move || {
                let timeout = std::sync::mpsc::RecvTimeoutError::Timeout;
                while receive.recv_timeout(TICK) == Err(timeout) {
                    if began.elapsed() > PATIENCE {
                        if bar.is_hidden() {
                            bar.set_draw_target(ProgressDrawTarget::stderr());
                        }
                        bar.set_message(message(&running));
                    }
                }
            });
            (send, watch)
        });
        Progress { bar, running, stop }
    }

    /// Counts `search` as running, and then as done.
    pub(crate) fn during<R>(&self, target: &str, search: impl FnOnce(&Arc<AtomicU64>) -> R) -> R {
        let states = Arc::new(AtomicU64::new(0));
        let locked = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        locked().push((target.to_owned(), states.clone()));
        let result = search(&states);
        locked().retain(|(_, s)| !Arc::ptr_eq(s, &states));
        self.bar.inc(1);
        result
    }

    /// Counts a search as done that need not run.
    pub(crate) fn pass(&self) {
        self.bar.inc(1);
    }

    /// Does something that writes to the terminal.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }
}

fn message(running: &Running) -> String {
    let running = running.lock().unwrap_or_else(PoisonError::into_inner);
    let said = running.iter().map(|(target, states)| {
        // The line is short.
        let target = target.rsplit_once('@').map_or(target.as_str(), |(_, rest)| rest);
        match states.load(Ordering::Relaxed) {
            0 => target.to_owned(),
            states => format!("{target}, {states} states"),
        }
    });
    said.collect::<Vec<_>>().join("; ")
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, watch)) = self.stop.take() {
            drop(stop);
            let _ = watch.join();
        }
        self.bar.finish_and_clear();
    }
}

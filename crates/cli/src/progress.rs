//! A line on standard error that tells how far the work is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use checker::explicit::{Gauge, Reading};
use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nothing is shown of what takes less time than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is looked after.
const TICK: Duration = Duration::from_millis(200);

/// A rate is that of this time.
const RATED: Duration = Duration::from_secs(1);

/// The searches that run.
type Running = Mutex<Vec<Watched>>;

/// A search that runs.
struct Watched {
    target: String,
    gauge: Arc<Gauge>,
    /// How many states there were, and when.
    before: (u64, Instant),
    /// States a second since the time before that.
    rate: u64,
}

/// How much of what all searches take is done, as far as that can be told before.
#[derive(Default)]
struct Effort {
    all: u64,
    done: AtomicU64,
}

impl Effort {
    /// Adds what a search takes. The share that is done, if all of it is known, in percent.
    fn add(&self, more: u64) -> Option<u64> {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        (done * 100).checked_div(self.all)
    }
}

/// The progress of some searches.
pub(crate) struct Progress {
    bar: ProgressBar,
    running: Arc<Running>,
    effort: Effort,
    stop: Option<(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>)>,
}

impl Progress {
    /// The progress of `total` searches; without `shown`, silent. All of them together take `effort`, in any unit, or 0 where that is
    /// not known: a share is told of that, since searches differ by orders of magnitude.
    pub(crate) fn new(shown: bool, total: usize, effort: u64) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("[{pos}/{len}{prefix}] {wide_msg} {elapsed}") {
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
        Progress { bar, running, effort: Effort { all: effort, ..Effort::default() }, stop }
    }

    /// Counts `search`, which takes `effort`, as running, and then as done.
    pub(crate) fn during<R>(&self, target: &str, effort: u64, search: impl FnOnce(&Arc<Gauge>) -> R) -> R {
        let gauge = Arc::new(Gauge::default());
        let locked = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // The line is short.
        let target = target.rsplit_once('@').map_or(target, |(_, rest)| rest).to_owned();
        locked().push(Watched { target, gauge: gauge.clone(), before: (0, Instant::now()), rate: 0 });
        let result = search(&gauge);
        locked().retain(|watched| !Arc::ptr_eq(&watched.gauge, &gauge));
        self.pass(effort);
        result
    }

    /// Counts a search as done that would take `effort`.
    pub(crate) fn pass(&self, effort: u64) {
        if let Some(share) = self.effort.add(effort) {
            self.bar.set_prefix(format!(", {share} %"));
        }
        self.bar.inc(1);
    }

    /// Does something that writes to the terminal.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }
}

fn message(running: &Running) -> String {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    let said = running.iter_mut().map(|watched| watched.tell(Instant::now()));
    said.collect::<Vec<_>>().join("; ")
}

impl Watched {
    fn tell(&mut self, now: Instant) -> String {
        let Reading { states, depth, frontier, bytes } = self.gauge.read();
        if states == 0 {
            return self.target.clone();
        }
        self.rated(states, now);
        let [states, rate, depth, frontier] = [states, self.rate, depth, frontier].map(HumanCount);
        let (target, bytes) = (&self.target, BinaryBytes(bytes));
        format!("{target}, {states} states, {rate}/s, depth {depth}, frontier {frontier}, {bytes}")
    }

    /// Works the rate out anew where it is time.
    fn rated(&mut self, states: u64, now: Instant) {
        let (before, at) = self.before;
        let since = now.saturating_duration_since(at);
        if since >= RATED {
            // There are fewer where another search of the same question was begun.
            let new = states.checked_sub(before).unwrap_or(states);
            self.rate = (new as f64 / since.as_secs_f64()) as u64;
            self.before = (states, now);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_done_is_that_of_the_effort() {
        let progress = Progress::new(false, 3, 1000);
        progress.pass(10);
        assert_eq!(progress.bar.prefix(), ", 1 %");
        progress.during("large", 985, |_| assert_eq!(progress.bar.prefix(), ", 1 %"));
        assert_eq!((progress.bar.prefix().as_str(), progress.bar.position()), (", 99 %", 2));
        let unknown = Progress::new(false, 2, 0);
        unknown.pass(0);
        assert_eq!((unknown.bar.prefix().as_str(), unknown.bar.position()), ("", 1));
    }

    #[test]
    fn a_rate_is_of_the_last_second_and_more_and_begins_anew_with_another_search() {
        let begun = Instant::now();
        let after = |tenths| begun + Duration::from_millis(100) * tenths;
        let gauge = Arc::new(Gauge::default());
        let mut watched = Watched { target: "a".to_owned(), gauge, before: (0, begun), rate: 0 };
        assert_eq!(watched.tell(after(5)), "a");
        watched.rated(3000, after(10));
        assert_eq!(watched.rate, 3000);
        watched.rated(3500, after(15));
        assert_eq!(watched.rate, 3000, "it is too early for another one");
        watched.rated(4000, after(30));
        assert_eq!(watched.rate, 500);
        watched.rated(600, after(40));
        assert_eq!(watched.rate, 600);
    }
}

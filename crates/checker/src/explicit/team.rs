//! Threads that do one task after another together.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::visited::lock;

/// Has `lead` give out tasks to so many workers; gives them back with what it came to. What `lead` is given does a
/// task and gives it back when all who do it have done their part: the first worker only, or, where the second
/// argument is true, every one. A task has parts: nobody begins one before all are done with the one before.
///
/// The first worker works on the caller's thread. The others get theirs with the first task that is for all, and
/// keep them, so that a task costs no more than that they wait for each other. Each is made on its own thread,
/// so that what they write to is not side by side in memory.
///
/// # Panics
/// Where `work` panics on any thread.
pub(crate) fn with_team<W: Send, T: Send + Sync, R, const PARTS: usize>(
    workers: usize,
    make: impl Fn(usize) -> W + Sync,
    parts: [Part<W, T>; PARTS],
    lead: impl FnOnce(&mut W, &mut dyn FnMut(&mut W, T, bool) -> T) -> R,
) -> (R, Vec<W>) {
    let make = &make;
    let mut first = make(0);
    let meeting = &Meeting { barrier: Barrier::new(workers), task: RwLock::new(None) };
    let mut idle = 1..workers;
    std::thread::scope(|scope| {
        let mut others = Vec::new();
        let leaving = Leaving(meeting);
        let done = lead(&mut first, &mut |first, task, together| {
            if !together || workers < 2 {
                parts.iter().for_each(|work| work(first, &task));
                return task;
            }
            others.extend(idle.by_ref().map(|number| {
                scope.spawn(move || {
                    let _leaving = Leaving(meeting);
                    let mut worker = make(number);
                    meeting.follow(&mut worker, &parts);
                    worker
                })
            }));
            meeting.lead(task, first, &parts)
        });
        drop(leaving);
        let mut all = vec![first];
        for other in others {
            match other.join() {
                Ok(worker) => all.push(worker),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        (done, all)
    })
}

struct Meeting<T> {
    barrier: Barrier,
    task: RwLock<Option<T>>,
}

/// A part of a task, done by a worker.
type Part<'a, W, T> = &'a (dyn Fn(&mut W, &T) + Sync);

impl<T> Meeting<T> {
    fn lead<W>(&self, task: T, worker: &mut W, parts: &[Part<W, T>]) -> T {
        *self.task.write().unwrap_or_else(PoisonError::into_inner) = Some(task);
        self.barrier.wait();
        self.work(worker, parts);
        let task = self.task.write().unwrap_or_else(PoisonError::into_inner).take();
        match task {
            Some(task) if !self.barrier.is_left() => task,
            _ => panic!("another thread of the team panicked"),
        }
    }

    fn follow<W>(&self, worker: &mut W, parts: &[Part<W, T>]) {
        while self.barrier.wait() {
            self.work(worker, parts);
        }
    }

    fn work<W>(&self, worker: &mut W, parts: &[Part<W, T>]) {
        for part in parts {
            if let Some(task) = &*self.task.read().unwrap_or_else(PoisonError::into_inner) {
                part(worker, task);
            }
            self.barrier.wait();
        }
    }
}

/// Lets nobody wait for one who left: the leader in the end, or anybody by a panic.
struct Leaving<'a, T>(&'a Meeting<T>);

impl<T> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        self.0.barrier.leave();
    }
}

/// Does a job on each of so many threads, and gives what each came to.
pub(crate) fn on_threads<T: Send>(threads: usize, job: impl Fn() -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&job)).collect();
        let first = job();
        let joined = others.into_iter().map(|other| match other.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(first).chain(joined).collect()
    })
}

/// Where threads wait for each other: awake for a moment, then asleep.
struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    /// How often all have met.
    met: AtomicUsize,
    left: AtomicBool,
    asleep: Mutex<usize>,
    wake: Condvar,
}

/// How often a thread looks before it lets others run: some ten microseconds.
const LOOKS: usize = 1000;
/// How long it does that before it sleeps: about as long as it takes to wake up. A count would not do: where there are
/// more threads than processors, each time may be somebody else's whole slice, while a sleeper is woken first.
const AWAKE: Duration = Duration::from_micros(150);

impl Barrier {
    fn new(threads: usize) -> Barrier {
        let [arrived, met] = Default::default();
        let (left, asleep, wake) = Default::default();
        Barrier { threads, arrived, met, left, asleep, wake }
    }

    fn is_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// Waits for all others; whether they are all still there.
    fn wait(&self) -> bool {
        let met = self.met.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.wake(|| self.met.store(met + 1, Ordering::Release));
            return !self.is_left();
        }
        let waits = || self.met.load(Ordering::Acquire) == met && !self.is_left();
        for _ in 0..LOOKS {
            if !waits() {
                return !self.is_left();
            }
            std::hint::spin_loop();
        }
        let since = Instant::now();
        while since.elapsed() < AWAKE {
            if !waits() {
                return !self.is_left();
            }
            std::thread::yield_now();
        }
        let mut asleep = lock(&self.asleep);
        *asleep += 1;
        while waits() {
            asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
        }
        *asleep -= 1;
        !self.is_left()
    }

    fn leave(&self) {
        self.wake(|| self.left.store(true, Ordering::Release));
    }

    /// Changes what others wait for. Nobody goes to sleep meanwhile.
    fn wake(&self, change: impl FnOnce()) {
        let asleep = {
            let asleep = lock(&self.asleep);
            change();
            *asleep
        };
        if asleep > 0 {
            self.wake.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn every_worker_does_its_part_of_each_task_before_the_next() {
        let parts = AtomicUsize::new(0);
        let work = |worker: &mut usize, task: &usize| {
            assert!(*task <= parts.fetch_add(1, Ordering::SeqCst), "begun too early");
            *worker += 1;
        };
        let (tasks, workers) = with_team(
            3,
            |_| 0,
            [&work],
            |first, team| {
                let mut before = 0;
                for task in 0..2000 {
                    let together = task % 7 != 0;
                    assert_eq!(team(first, before, together), before);
                    before += if together { 3 } else { 1 };
                    assert_eq!(parts.load(Ordering::SeqCst), before, "returned too early");
                    if task % 100 == 0 {
                        // Long enough for the others to fall asleep.
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                }
                before
            },
        );
        assert_eq!(workers.iter().sum::<usize>(), tasks);
        assert_eq!(workers[0], 2000);
    }

    #[test]
    fn nobody_waits_for_one_who_panicked() {
        for who in 0..3 {
            let work = |worker: &mut usize, task: &usize| assert!(*task < 5 || *worker != who);
            let end = catch_unwind(AssertUnwindSafe(|| {
                with_team(
                    3,
                    |number| number,
                    [&work],
                    |first, team| {
                        for task in 0..10 {
                            team(first, task, true);
                        }
                    },
                )
            }));
            assert!(end.is_err(), "worker {who}");
        }
    }

    #[test]
    fn nobody_waits_for_a_leader_who_panicked() {
        let end = catch_unwind(AssertUnwindSafe(|| {
            with_team(
                2,
                |_| (),
                [&|(), ()| ()],
                |first, team| {
                    team(first, (), true);
                    panic!("the leader");
                },
            )
        }));
        assert!(end.is_err());
    }
}

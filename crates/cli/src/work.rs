//! Many searches, spread over threads, their results in order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does `job` for each item on up to `threads` threads, and hands each result to `take` in the
/// order of the items, as soon as that is possible. When `take` gives an error, no further job is begun.
///
/// # Errors
/// What `take` gives.
pub(crate) fn in_order<I: Sync, R: Send, E>(
    items: &[I],
    threads: usize,
    job: impl Fn(&I) -> R + Sync,
    mut take: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            let (send, next, job) = (send.clone(), &next, &job);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let done = catch_unwind(AssertUnwindSafe(|| job(item)));
                    if send.send((at, done)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut early: Vec<Option<thread::Result<R>>> = items.iter().map(|_| None).collect();
        let mut taken = 0;
        for (at, done) in receive {
            early[at] = Some(done);
            while let Some(done) = early.get_mut(taken).and_then(Option::take) {
                let outcome = match done {
                    Ok(result) => take(taken, result),
                    Err(panic) => {
                        next.store(items.len(), Ordering::Relaxed);
                        std::panic::resume_unwind(panic)
                    }
                };
                if outcome.is_err() {
                    next.store(items.len(), Ordering::Relaxed);
                    return outcome;
                }
                taken += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..20).collect();
        for threads in [0, 1, 3, 50] {
            let mut seen = Vec::new();
            let slow_first = |&item: &u64| {
                thread::sleep(Duration::from_millis(20 - item));
                item * 2
            };
            let done = in_order(&items, threads, slow_first, |at, result| {
                seen.push((at as u64, result));
                Ok::<(), ()>(())
            });
            assert_eq!(done, Ok(()));
            assert_eq!(seen, items.iter().map(|&i| (i, i * 2)).collect::<Vec<_>>(), "{threads} threads");
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let items: Vec<usize> = (0..1000).collect();
        let begun = AtomicUsize::new(0);
        let job = |_: &usize| {
            thread::sleep(Duration::from_millis(1));
            begun.fetch_add(1, Ordering::Relaxed);
        };
        let done = in_order(&items, 2, job, |at, ()| if at == 3 { Err("full") } else { Ok(()) });
        assert_eq!(done, Err("full"));
        assert!(begun.load(Ordering::Relaxed) < 100);
    }
}

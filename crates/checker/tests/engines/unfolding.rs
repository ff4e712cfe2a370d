//! Models that wait in front of their steps: how they are kept changes no answer, and all of them end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::{label, load, scenario, store};
use checker::explicit::{Options, check, explore};
use machine::{Action, Flow, Machine, Place, Step, Word, again, bug};
use scenario::{Actor, Scenario};

fn choose(m: &dyn Machine, of: u8) -> Word {
    m.perform(Step::new(Action::Choose { of }, label("choose")))
}

/// Counts itself while it lives.
struct Guard(Arc<[AtomicU64; 2]>);

impl Guard {
    fn new(counts: &Arc<[AtomicU64; 2]>) -> Guard {
        counts[0].fetch_add(1, Ordering::Relaxed);
        Guard(counts.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }
}

fn guarded(counts: &Arc<[AtomicU64; 2]>) -> Scenario {
    let counts = counts.clone();
    let body = move |m: &dyn Machine| {
        let _guard = Guard::new(&counts);
        let path = choose(m, 200) * 3 + choose(m, 3);
        again(m, label("again"), 0_u8, |round| {
            let _inner = Guard::new(&counts);
            store(m, Place(0), path % 7);
            if load(m, Place(1)) == 1 && path == 100 {
                bug("on the way");
            }
            if round == 2 { Flow::Done(()) } else { Flow::Again(round + 1) }
        });
        path
    };
    let other = |m: &dyn Machine| {
        store(m, Place(1), 1);
        0
    };
    scenario(2, vec![Actor::new("guarded", body), Actor::new("other", other)])
}

/// What waits, what was given up for want of room, and what panicked: all of it is unwound, on every thread.
#[test]
fn what_models_hold_is_dropped() {
    for threads in [1, 3] {
        let counts = Arc::new([const { AtomicU64::new(0) }; 2]);
        let outcome = check(&guarded(&counts), &Options { threads, ..Options::default() }).unwrap();
        assert_eq!(outcome.bad.len(), 1, "{:?}", outcome.bad);
        let [made, dropped] = [0, 1].map(|n| counts[n].load(Ordering::Relaxed));
        assert!(made > 600, "{made}");
        assert_eq!(made, dropped, "{threads} threads");
    }
}

/// Hundreds of models wait at once, more than a thread keeps, and each goes on as if it had been kept.
#[test]
fn more_models_than_are_kept_change_nothing() {
    let wide = Actor::new("wide", |m| {
        let first = choose(m, 250);
        let second = choose(m, 4);
        store(m, Place(0), (first + second) % 256);
        let seen = load(m, Place(0));
        seen * 4 + second
    });
    let (outcome, rests) = explore(&scenario(1, vec![wide]), &Options::default()).unwrap();
    let expected: Vec<_> =
        (0..250).flat_map(|a| (0..4).map(move |b| (vec![a + b], vec![(a + b) * 4 + b]))).collect();
    assert_eq!(rests, expected.into_iter().collect());
    assert_eq!(outcome.transitions, 250 + 250 * 4 + 2 * (250 * 4));
}

/// A model that is unwound takes no step, also where it catches the unwinding.
#[test]
fn a_model_that_catches_its_unwinding_comes_to_an_end() {
    let catches = Actor::new("catches", |m| {
        let first = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| choose(m, 3)));
        match first {
            Ok(choice) => store(m, Place(0), choice),
            Err(_) => store(m, Place(0), 9),
        }
        load(m, Place(0))
    });
    let (_, rests) = explore(&scenario(1, vec![catches]), &Options::default()).unwrap();
    assert_eq!(rests, (0..3).map(|choice| (vec![choice], vec![choice])).collect());
}

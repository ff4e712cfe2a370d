//! What is searched: scenarios of the catalogue, and counters.

use machine::{Flow, Label, Layout, Machine, Order, again, fence};
use scenario::Scenario;

use crate::error::Error;

/// What is searched to its end: the first so small that loom comes to its end, too.
pub(crate) const WHOLE: [&str; 8] = [
    "generic/block@v6.18:within-unmapped",
    "simple/ramfs@v6.18:within-invalid-with-reader",
    "generic/block@v6.18:within-unmapped-with-reader",
    "ext4/journalled@v7.1:within-invalid-with-commit-with-reader",
    "ext4/journalled@v7.1:within-resident-with-mmap-store-with-commit",
    "ext4/journalled@v7.1:within-unmapped-with-reader-with-commit",
    "counter 4x3",
    "counter 4x4",
];

/// What is searched until a model reports the first bug.
pub(crate) const BUGGY: [&str; 2] =
    ["simple/ramfs@v2.6.20:within-unmapped-with-reader", "ext4/journalled@v4.2:within-unmapped-with-commit"];

/// The scenario with this name: `PATH@VARIANT:SCENARIO`, or `counter ACTORSxROUNDS`.
pub(crate) fn scenario(name: &str) -> Result<Scenario, Error> {
    counted(name).or_else(|| models::scenario(name)).ok_or_else(|| Error::NoSuchScenario(name.to_owned()))
}

fn counted(name: &str) -> Option<Scenario> {
    let (actors, rounds) = name.strip_prefix("counter ")?.split_once('x')?;
    let (actors, rounds) = (actors.parse::<u8>().ok()?, rounds.parse::<u8>().ok()?);
    let is_known = (1..=8).contains(&actors) && (1..=8).contains(&rounds);
    is_known.then(|| counter(actors, rounds))
}

/// So many actors that each increment one counter so many times without a lock: the counter of the checker's own bench
/// `explicit`.
fn counter(actors: u8, rounds: u8) -> Scenario {
    let mut layout = Layout::new();
    let counter = layout.shared("counter", 8);
    let increment = move |m: &dyn Machine| {
        again(m, Label::new("increments", &[]), 0_u8, |done| {
            let value = counter.load(m, Order::Relaxed);
            counter.store(m, value + 1, Order::Relaxed);
            if done + 1 < rounds { Flow::Again(done + 1) } else { Flow::Done(()) }
        });
        fence(m, Order::Relaxed);
    };
    let scenario = Scenario::new(format!("counter {actors}x{rounds}"), layout);
    (0..actors).fold(scenario, |scenario, _| scenario.actor("process", increment))
}

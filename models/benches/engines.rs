//! The explicit engine on three growing scenarios of the real write path, and the same scenarios under
//! loom: one table, every figure of a row from the same run.
//!
//! loom gets half a minute for each; where that does not do, its row says how far it came.

use std::time::{Duration, Instant};

use checker::{explicit, on_loom};
use scenario::{Bounds, Coverage, Scenario};

/// Rounds of which the best counts.
const ROUNDS: usize = 3;
const LOOM_TIME_MAX: Duration = Duration::from_secs(30);

fn scenario(name: &str) -> Scenario {
    models::scenario(&format!("ext4/journalled@v4.2+copy-first:{name}")).expect("a scenario")
}

fn main() {
    println!("ext4/journalled@v4.2+copy-first, one thread");
    println!(
        "{:<40} {:>10} {:>10} {:>7} {:>10} {:>12} {:>9} {:>10}",
        "scenario", "states", "states/s", "bytes", "seconds", "executions", "seconds", "loom/expl."
    );
    for name in ["within-unmapped", "within-invalid-with-reader", "within-absent-with-commit"] {
        let scenario = scenario(name);
        let options = explicit::Options { threads: 1, ..explicit::Options::default() };
        let mut best: Option<(Duration, scenario::Outcome)> = None;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let outcome = explicit::check(&scenario, &options).expect("the model can be searched");
            let took = start.elapsed();
            if best.as_ref().is_none_or(|(least, _)| took < *least) {
                best = Some((took, outcome));
            }
        }
        let (took, outcome) = best.expect("at least one round");
        let bounds = Bounds { time_max: LOOM_TIME_MAX, ..Bounds::default() };
        let mode = on_loom::Mode::SequentiallyConsistent;
        let start = Instant::now();
        let loom =
            on_loom::check(&scenario, &on_loom::Options { mode, bounds, ..on_loom::Options::default() });
        let loom_took = start.elapsed();
        let cut = if loom.coverage == Coverage::Exhausted { "" } else { ">" };
        println!(
            "{name:<40} {:>10} {:>10.0} {:>7.1} {:>10.2} {:>12} {:>9.2} {:>10}",
            outcome.states,
            outcome.states as f64 / took.as_secs_f64(),
            outcome.bytes as f64 / outcome.states as f64,
            took.as_secs_f64(),
            format!("{cut}{}", loom.executions),
            loom_took.as_secs_f64(),
            format!("{cut}{:.1}", loom_took.as_secs_f64() / took.as_secs_f64()),
        );
    }
}

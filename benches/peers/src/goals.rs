//! What the engine is to reach beside the others, and what it does.

use crate::engines::Engine;
use crate::measured::Measured;
use crate::rounds::Compared;
use crate::table::row;

/// So many times faster to exhaust than another engine, by the fastest way to run the explicit one.
const FASTER: [(Engine, f64); 3] =
    [(Engine::SpinReduced, 5.0), (Engine::Stateright, 10.0), (Engine::Loom, 1000.0)];

/// Millions of states a second, of searching alone: of scenarios of the catalogue, and of the counter.
const RATE: f64 = 3.0;
const RATE_OF_COUNTER: (&str, f64) = ("counter 4x4", 2.5);

/// Every goal on every scenario that was searched to its end; nothing where there is none.
pub(crate) fn goals(all: &[Compared]) -> String {
    let whole: Vec<&Compared> = all.iter().filter(|compared| !compared.for_a_bug).collect();
    if whole.is_empty() {
        return String::new();
    }
    let mut text = row(&["scenario", "goal", "measured", "reached"].map(str::to_owned));
    text += "|---|---|---:|---|\n";
    for compared in whole {
        let rate = match compared.name == RATE_OF_COUNTER.0 {
            true => Some(RATE_OF_COUNTER.1),
            false => (!compared.name.starts_with("counter")).then_some(RATE),
        };
        let ours = compared.engines.iter().filter(|(engine, _)| engine.is_explicit());
        let ours = ours.map(|(engine, measured)| (*engine, measured.cpu.as_secs_f64()));
        let ours = ours.min_by(|(_, one), (_, other)| one.total_cmp(other));
        if let (Some(rate), Some(plain)) = (rate, compared.by(Engine::Explicit)) {
            let rate_of = |measured: &Measured| measured.states as f64 / measured.search.as_secs_f64() / 1e6;
            let bare = compared.by(Engine::Bare).map(|bare| format!(", bare {:.2}", rate_of(bare)));
            let measured = format!("{:.2}{}", rate_of(plain), bare.unwrap_or_default());
            let goal = format!("searches {rate} million states a second");
            text += &goal_row(compared, &goal, &measured, rate_of(plain) >= rate, true);
        }
        for (engine, wanted) in FASTER {
            let (Some((which, ours)), Some(other)) = (ours, compared.by(engine)) else { continue };
            let times = other.cpu.as_secs_f64() / ours;
            let more = if other.exhausted { "" } else { "> " };
            let measured = format!("{more}{times:.1} ({})", which.title());
            let goal = format!("{wanted} times faster than {}", engine.title());
            text += &goal_row(compared, &goal, &measured, times >= wanted, other.exhausted);
        }
    }
    text
}

fn goal_row(compared: &Compared, goal: &str, measured: &str, reached: bool, is_known: bool) -> String {
    let reached = match (reached, is_known) {
        (true, _) => "yes",
        (false, true) => "no",
        (false, false) => "not shown: the other was cut",
    };
    row(&[compared.name.clone(), goal.to_owned(), measured.to_owned(), reached.to_owned()])
}

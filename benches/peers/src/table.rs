//! What was measured, as Markdown.

use std::time::Duration;

use crate::engines::Engine;
use crate::measured::Measured;
use crate::rounds::Compared;

/// A row of a table.
pub(crate) fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// A table of a scenario.
pub(crate) fn table(compared: &Compared) -> String {
    let states = thousands(compared.exported.states);
    let transitions = thousands(compared.exported.transitions);
    let title = format!("`{}`: {states} states, {transitions} transitions", compared.name);
    match compared.for_a_bug {
        true => format!("{title}; to the first bug that an actor reports\n\n{}", to_a_bug(compared)),
        false => format!("{title}\n\n{}", whole(compared)),
    }
}

fn to_a_bug(compared: &Compared) -> String {
    let mut text = row(&["engine", "CPU s", "/ explicit"].map(str::to_owned));
    text += "|---|---:|---:|\n";
    let ours = compared.by(Engine::Explicit).map(|measured| measured.cpu);
    for (engine, measured) in &compared.engines {
        let time = match measured.found {
            true => seconds(measured.cpu),
            false => format!("none in {}, {}", seconds(measured.cpu), executions(measured)),
        };
        let more = if measured.found { "" } else { "> " };
        let faster =
            if *engine == Engine::Explicit { String::new() } else { times(more, measured.cpu, ours) };
        text += &row(&[engine.title().to_owned(), time, faster]);
    }
    text
}

fn whole(compared: &Compared) -> String {
    let heading = [
        "engine",
        "states",
        "CPU s",
        "M states/s",
        "bytes a state",
        "/ explicit",
        "/ reduced",
        "/ bare",
        "/ bare and reduced",
    ];
    let mut text = row(&heading.map(str::to_owned));
    text += "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    let against = [Engine::Explicit, Engine::Reduced, Engine::Bare, Engine::BareReduced];
    let against = against.map(|ours| compared.by(ours).map(|measured| measured.cpu));
    for (engine, measured) in &compared.engines {
        let (states, more) = match (engine.runs_executions(), measured.exhausted) {
            (false, _) => (thousands(measured.states), ""),
            (true, true) => (executions(measured), ""),
            (true, false) => (format!("cut after {}", executions(measured)), "> "),
        };
        let is_ours = engine.is_explicit();
        if is_ours && !engine.leaves_out() {
            let title = format!("{}, search alone", engine.title());
            let rate = rate(measured.states, measured.search);
            let cells = [title, states.clone(), seconds(measured.search), rate, String::new()];
            text += &row(&cells.into_iter().chain(vec![String::new(); 4]).collect::<Vec<_>>());
        }
        let rate = if engine.runs_executions() { String::new() } else { rate(measured.states, measured.cpu) };
        let time = match measured.unfolding.is_zero() {
            true => seconds(measured.cpu),
            false => format!("{} (unfolding {})", seconds(measured.cpu), seconds(measured.unfolding)),
        };
        let cells = [engine.title().to_owned(), states, time, rate, bytes(measured)];
        let faster =
            against.map(|ours| if is_ours { String::new() } else { times(more, measured.cpu, ours) });
        text += &row(&cells.into_iter().chain(faster).collect::<Vec<_>>());
    }
    text
}

/// Of a smaller search, what is resident is mostly what a process has anyway.
const WEIGHED_FROM: u64 = 100_000;

/// What is resident, and what the engine counts itself where it does.
fn bytes(measured: &Measured) -> String {
    let each = |bytes: u64| format!("{:.0}", bytes as f64 / measured.states as f64);
    match (measured.states, measured.counted) {
        (0..WEIGHED_FROM, _) => String::new(),
        (_, 0) => each(measured.resident),
        (_, counted) => format!("{} ({} counted)", each(measured.resident), each(counted)),
    }
}

fn executions(measured: &Measured) -> String {
    format!("{} executions", thousands(measured.executions))
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

fn rate(states: u64, time: Duration) -> String {
    format!("{:.2}", states as f64 / time.as_secs_f64() / 1e6)
}

/// By how much one is faster than another.
fn times(more: &str, other: Duration, ours: Option<Duration>) -> String {
    let Some(ours) = ours.filter(|ours| !ours.is_zero()) else { return String::new() };
    let times = other.as_secs_f64() / ours.as_secs_f64();
    let digits = usize::from(times < 100.0);
    format!("{more}{times:.digits$}")
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}

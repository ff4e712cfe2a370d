//! A bad state in full, for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use scenario::{BadState, Scenario};

use crate::block::{named, picture, property, shown};
use crate::columns::Look;
use crate::lines::Folding;

/// A bad state with all that there is to say about it: scenario, property, initial state, picture, schedule.
#[must_use]
pub fn story(scenario: &Scenario, bad: &BadState, folding: Folding<'_>, look: Look<'_>) -> String {
    let paint = |style: Style, text: &str| {
        if look.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    let bold = |text: &str| paint(Style::new().bold(), text);
    let broken = AnsiColor::Red.on_default().bold();
    let about = if scenario.sentence.is_empty() { "" } else { ": " };
    let mut out = format!("{}  {}{about}{}\n", bold("scenario"), scenario.name, scenario.sentence);
    let name = paint(broken, &named(&bad.property, &bad.witness, bad.promised));
    let _ = writeln!(out, "{}  {name}", bold("property"));
    if let Some(property) = property(scenario, &bad.property) {
        let _ = writeln!(out, "          {}", property.sentence);
        if !property.source.is_empty() {
            let _ = writeln!(out, "          {}", paint(Style::new().dimmed(), property.source));
        }
    }
    let _ = writeln!(out, "{}   {}", bold("initial"), bad.schedule.initial);
    for line in picture(scenario, &bad.cells) {
        let _ = writeln!(out, "{line}");
    }
    let _ = write!(out, "\n{}", shown(bad, scenario, folding, look));
    out
}

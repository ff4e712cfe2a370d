//! A bad state in full, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use report::{Folding, Look, SourceText};
use scenario::{BadState, Scenario};

use crate::kernel::Kernel;
use crate::recorded::open_steps;

/// A bad state with its schedule, at the lines of the model or of the kernel's text; `folds`: without what does not
/// matter in it.
pub(crate) fn told(scenario: &Scenario, bad: &BadState, kernel: Option<&Kernel>, folds: bool) -> String {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let broken = AnsiColor::Red.on_default().bold();
    let name = report::named(&bad.property, &bad.witness, bad.promised);
    let mut out = format!("\n{bold}scenario{bold:#}  {}: {}\n", scenario.name, scenario.sentence);
    let _ = writeln!(out, "{bold}property{bold:#}  {broken}{name}{broken:#}");
    if let Some(property) = report::property(scenario, &bad.property) {
        let _ = writeln!(out, "          {}", property.sentence);
        let _ = writeln!(out, "          {dim}{}{dim:#}", property.source);
    }
    let _ = writeln!(out, "{bold}initial{bold:#}   {}", bad.schedule.initial);
    for line in report::picture(scenario, &bad.cells) {
        let _ = writeln!(out, "{line}");
    }
    let text = |file: &str, line: u32| kernel?.line(file, line);
    let text = kernel.map(|_| SourceText(&text));
    let look = Look { numbers: true, sources: true, text, colours: true };
    let open = if folds { open_steps(scenario)(bad) } else { BTreeSet::new() };
    let folding = if folds { Folding::AllBut(&open) } else { Folding::Nothing };
    let _ = write!(out, "\n{}", report::shown(bad, scenario, folding, look));
    out
}

//! A bad state in full, for people.

use std::collections::BTreeSet;

use checker::stepper::Prepared;
use checker::telling_steps::telling_steps;
use report::{Folding, Letter, Look, SourceText, Steps};
use scenario::{BadState, Scenario};

use crate::kernel::Kernel;
use crate::recorded::open_steps;
use crate::target::Chosen;

/// Whether a source defines kernel words, and belongs to no write path. jbd2's functions are words of the file systems
/// that call them.
pub(crate) fn defines_words(file: &str) -> bool {
    ["crates/page-state/", "crates/fault/", "models/jbd2/"].iter().any(|folder| file.contains(folder))
}

/// A bad state as a mail tells it; `at`: the target, and the number by which it can be replayed.
pub(crate) fn mailed(
    scenario: &Scenario,
    bad: &BadState,
    kernel: Option<&Kernel>,
    (chosen, number): (&Chosen<'_>, Option<usize>),
) -> String {
    let text = |file: &str, line: u32| kernel?.line(file, line);
    let text = kernel.map(|_| SourceText(&text));
    let target = format!("{}@{}", chosen.path.name, chosen.variant.name);
    let replay = number.map(|number| replay_command(chosen, kernel, number));
    let (steps, replay) = (steps(scenario, bad), replay.as_deref());
    report::mail(&Letter {
        target: &target,
        scenario,
        bad,
        steps: &steps,
        is_word: &defines_words,
        text,
        replay,
    })
}

/// The command that shows a bad state step by step, by its number.
pub(crate) fn replay_command(chosen: &Chosen<'_>, kernel: Option<&Kernel>, number: usize) -> String {
    let of = kernel.map_or(String::new(), |kernel| format!("--tree={} ", kernel.name));
    format!("shortcopy replay {of}{}#{number}", chosen.target())
}

/// Which steps of the schedule of a bad state are told.
fn steps(scenario: &Scenario, bad: &BadState) -> Steps {
    let key = open_steps(scenario)(bad);
    let telling = Prepared::new(scenario).and_then(|prepared| telling_steps(&prepared, bad));
    Steps { key, telling: telling.ok().flatten() }
}

/// A bad state with its schedule, at the lines of the model or of the kernel's text; `folds`: without what does not
/// matter in it.
pub(crate) fn told(scenario: &Scenario, bad: &BadState, kernel: Option<&Kernel>, folds: bool) -> String {
    let text = |file: &str, line: u32| kernel?.line(file, line);
    let text = kernel.map(|_| SourceText(&text));
    let look = Look { numbers: true, sources: true, text, colours: true };
    let open = if folds { open_steps(scenario)(bad) } else { BTreeSet::new() };
    let folding = if folds { Folding::AllBut(&open) } else { Folding::Nothing };
    format!("\n{}", report::story(scenario, bad, folding, look))
}

//! Where a task can be parked from outside, in the words of the models.

use std::sync::Arc;

use clap::ValueEnum;
use fault::{faults_in, vmas_of};
use machine::{Action, Control, Label, Step};
use models::family::Source;
use scenario::{Parked, Parking, Scenario};
use serde::Serialize;

/// By what somebody is kept where he is, the easiest first; each can do what those before it can.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// By nothing: who has begun goes on until he waits for another, or is done.
    Direct,
    /// By a fault in the source of the data that nobody handles meanwhile (`userfaultfd`).
    Latch,
    /// By a read or write of a block, or a request to a server, that a file server of ours does not answer meanwhile.
    Held,
}

impl Means {
    /// It, and what is easier.
    pub fn up_to(self) -> impl Iterator<Item = Means> {
        [Means::Direct, Means::Latch, Means::Held].into_iter().filter(move |&means| means <= self)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Means::Direct => "direct",
            Means::Latch => "latch",
            Means::Held => "held",
        }
    }

    /// Where somebody can be parked in a scenario.
    #[must_use]
    pub fn parking(self, scenario: &Scenario) -> Parking {
        // A fault in a mapping of the file itself is the file system's.
        let vmas = vmas_of(&scenario.layout).filter(|_| self >= Means::Latch && !is_of_the_file(scenario));
        let holds = self >= Means::Held;
        Parking(Arc::new(move |step| {
            // A fault where nothing is mapped is nobody's to handle.
            let page = vmas.zip(faults_in(step)).map(|(vmas, page)| Parked::While(vmas, 1 << page));
            let is_free = is_between_calls(step) || holds && is_transfer(step);
            page.or_else(|| is_free.then_some(Parked::Always))
        }))
    }
}

fn is_of_the_file(scenario: &Scenario) -> bool {
    let source = scenario.facts.as_ref().and_then(|facts| facts.source);
    [Source::SelfMapped, Source::SelfDropped, Source::SegmentThenSelf, Source::OfFirstPage]
        .iter()
        .any(|of_the_file| source == Some(of_the_file.name()))
}

/// Words that transfer data: what waits for them has not begun in front of them, and has not heard of them behind them.
const TRANSFERS: [&str; 5] = ["bh_read", "bh_write", "READ", "WRITE", "SETATTR"];

/// Steps that are one, or the first of one.
fn first_steps() -> [Label; 3] {
    let label = |name, args: &[i32]| Label::new(name, args);
    [label("commit_record", &[]), label("read_unit", &[0]), label("write_unit", &[0])]
}

/// Who does the same again and again is in user space in between.
fn is_between_calls(step: &Step) -> bool {
    matches!(step.action, Action::Control(Control::Round { .. })) && step.label.name == "for ever"
}

fn is_transfer(step: &Step) -> bool {
    match step.action {
        Action::Control(Control::Call | Control::Leave { .. }) => TRANSFERS.contains(&step.label.name),
        Action::Move { .. } => first_steps().contains(&step.label),
        _ => false,
    }
}

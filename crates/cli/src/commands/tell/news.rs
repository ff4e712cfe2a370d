//! What of a check is new or wrong, in few lines: to be told at its end, before anything else.

use std::collections::BTreeMap;

use report::named;
use scenario::{Outcome, Scenario};

use super::super::check::said;
use crate::error::Error;
use crate::recorded::Judgement;
use crate::status::Status;
use crate::target::Chosen;

/// In the order in which it is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A bad state that no snapshot has.
    NewState,
    /// One that only a snapshot has.
    GoneState,
    /// The same one, shown in another way; an ending that comes or goes.
    Otherwise,
    /// A model that can't be searched.
    Broken,
    /// What was not looked at in full.
    Open,
}

/// What is told once for all scenarios in which it is so.
#[derive(Default)]
pub(in super::super) struct News {
    /// With the first scenario in which it is so, and how many there are.
    all: BTreeMap<(Kind, String), (String, usize)>,
}

impl News {
    /// Adds what is new or wrong of a result; `recorded`: whether something is recorded of its scenario.
    pub(in super::super) fn add(
        &mut self,
        chosen: &Chosen<'_>,
        (scenario, outcome): (&Scenario, &Outcome),
        judgement: &Judgement,
        recorded: bool,
    ) {
        let differences = &judgement.differences;
        for difference in differences {
            let is_ending = difference.get(2..).is_some_and(|rest| rest.starts_with("ending `"));
            let kind = match difference.chars().next() {
                Some('+') if !is_ending => Kind::NewState,
                Some('-') if !is_ending => Kind::GoneState,
                _ => Kind::Otherwise,
            };
            self.note(kind, difference.clone(), chosen);
        }
        match judgement.status {
            Status::Different if !recorded => {
                for bad in outcome.bad.iter().filter(|bad| bad.promised) {
                    let name = named(&bad.property, &bad.witness, true);
                    self.note(Kind::NewState, format!("+ {name}, where nothing is recorded"), chosen);
                }
            }
            Status::Unknown => {
                self.note(Kind::Open, format!("? {}", said(scenario, outcome, judgement)), chosen);
            }
            _ => {}
        }
    }

    /// Adds a model that can't be searched.
    pub(in super::super) fn broken(&mut self, chosen: &Chosen<'_>, error: &Error) {
        self.note(Kind::Broken, format!("! broken: {error}"), chosen);
    }

    fn note(&mut self, kind: Kind, what: String, chosen: &Chosen<'_>) {
        self.all.entry((kind, what)).or_insert_with(|| (chosen.target(), 0)).1 += 1;
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// A line for each.
    pub(in super::super) fn lines(&self) -> impl Iterator<Item = String> {
        self.all.iter().map(|((_, what), (target, count))| match count {
            1 => format!("  {what}: {target}"),
            n => format!("  {what}: {target}, and {} more", n - 1),
        })
    }
}

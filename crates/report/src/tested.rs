//! A result as programs that run tests take it: a test, how it went, and what it found.

use std::collections::BTreeSet;

use scenario::{BadState, Event, EventKind, Scenario};

use crate::block::{named, property};
use crate::lines::{is_scheduling_point, with_result};

/// How a result counts as a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grade {
    /// Nothing promised is broken.
    Passed,
    /// Something promised is broken, as it is recorded to be.
    Known,
    /// It is not as recorded, or something promised is broken and nothing is recorded.
    Failed,
    /// The search met a bound, so that there may be more than was found.
    Unsettled,
    /// It was not looked at, or reaches what is not modelled.
    Skipped,
    /// The model can't be searched.
    Broken,
}

/// A scenario as a test.
#[derive(Clone, Debug)]
pub struct Tested {
    /// `ext4/journalled`.
    pub path: String,
    /// `v4.2`.
    pub variant: String,
    /// Its name.
    pub scenario: String,
    /// What it is about.
    pub sentence: String,
    /// How it went.
    pub grade: Grade,
    /// The same in a few words.
    pub words: String,
    /// What is to be told besides, a line each: what differs from what is recorded, what was not looked at, what it
    /// rests on.
    pub remarks: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was found.
    pub found: Vec<Found>,
}

impl Tested {
    /// `ext4/journalled@v4.2`.
    #[must_use]
    pub fn of(&self) -> String {
        format!("{}@{}", self.path, self.variant)
    }

    /// All that there is to say, a line each.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let mut lines = self.remarks.clone();
        for found in &self.found {
            let new = if found.is_new { ", not recorded" } else { "" };
            lines.push(format!("{}{new}", found.name));
            lines.push(format!("  effect: {}", found.effect));
            lines.extend(found.place.iter().map(|(file, line)| format!("  at {file}:{line}")));
            lines.extend(found.replay.iter().map(|replay| format!("  {replay}")));
        }
        lines
    }
}

/// A bad state as programs take it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The property's id.
    pub property: String,
    /// What tells it from others of the property.
    pub witness: String,
    /// Both, and whether it is promised.
    pub name: String,
    /// Whether the file system promises the property.
    pub promised: bool,
    /// What it means, where the requirement comes from, and what a user sees of it.
    pub sentence: &'static str,
    /// See `sentence`.
    pub source: &'static str,
    /// See `sentence`.
    pub effect: &'static str,
    /// Whether it is not recorded.
    pub is_new: bool,
    /// The line that it is about.
    pub place: Option<(String, u32)>,
    /// The steps that matter: whose, what, and where.
    pub steps: Vec<At>,
    /// What shows it step by step.
    pub replay: Option<String>,
}

/// A step at a line of a model or of a kernel's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct At {
    /// Whose step it is.
    pub actor: String,
    /// What it is, with its result.
    pub text: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The number of the step, from 1.
    pub number: usize,
}

impl Found {
    /// What is told of a bad state; `key`: what it is about, `telling`: where something can be seen, both by the numbers
    /// of scheduling points; `is_word`: whether a source defines kernel words, of which the caller's line is told.
    #[must_use]
    pub fn of(
        scenario: &Scenario,
        bad: &BadState,
        (key, telling): (&BTreeSet<usize>, &BTreeSet<usize>),
        is_word: &dyn Fn(&str) -> bool,
    ) -> Found {
        let told = property(scenario, &bad.property);
        let all = places(&bad.schedule.events, is_word);
        // The last step shows that something is wrong; the key step before it is what made it so.
        let last = bad.schedule.steps();
        let cause = key.range(..last).next_back().copied().unwrap_or(last);
        let event = bad.schedule.events.iter().rfind(|event| matches!(event.kind, EventKind::Bad { .. }));
        let own = event.filter(|event| event.line > 0 && !is_word(&event.file));
        let own = own.map(|event| (event.file.clone(), event.line));
        let at =
            |number: usize| all.iter().find(|at| at.number == number).map(|at| (at.file.clone(), at.line));
        Found {
            property: bad.property.clone(),
            witness: bad.witness.clone(),
            name: named(&bad.property, &bad.witness, bad.promised),
            promised: bad.promised,
            sentence: told.map_or("", |property| property.sentence),
            source: told.map_or("", |property| property.source),
            effect: told.map_or("", scenario::Property::seen),
            is_new: false,
            place: if cause < last { at(cause).or(own) } else { own.or_else(|| at(last)) },
            steps: all
                .iter()
                .filter(|at| key.contains(&at.number) || telling.contains(&at.number))
                .cloned()
                .collect(),
            replay: None,
        }
    }
}

/// Where each scheduling point is: what a word does is done at the line that calls it. Without those that are nowhere.
fn places(events: &[Event], is_word: &dyn Fn(&str) -> bool) -> Vec<At> {
    let mut all = Vec::new();
    let mut open: Vec<&Event> = Vec::new();
    let mut number = 0;
    for event in events {
        match &event.kind {
            EventKind::Enter { .. } => open.push(event),
            EventKind::Leave { .. } => {
                if let Some(at) = open.iter().rposition(|of| of.actor == event.actor) {
                    open.remove(at);
                }
            }
            EventKind::Step { label, result, .. } if is_scheduling_point(event) => {
                number += 1;
                let calls = open.iter().rev().copied().filter(|of| of.actor == event.actor);
                let mut outwards = std::iter::once(event).chain(calls);
                if let Some(of) = outwards.find(|of| of.line > 0 && !is_word(&of.file)) {
                    all.push(At {
                        actor: event.actor.clone(),
                        text: with_result(label, result),
                        file: of.file.clone(),
                        line: of.line,
                        number,
                    });
                }
            }
            _ => {}
        }
    }
    all
}

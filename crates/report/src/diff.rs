//! What appears, goes and stays between two variants: bad states, and the ways that runs end.

use std::collections::BTreeSet;
use std::fmt;

use scenario::{Ending, Outcome};

use crate::block::named;

/// What becomes of a bad state or an ending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Only the second variant reaches it.
    Appears,
    /// Only the first one does.
    Goes,
    /// Both do.
    Stays,
}

/// One bad state, or one ending, of one scenario, in one or both variants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What becomes of it.
    pub change: Change,
    /// The scenario.
    pub scenario: String,
    /// Property and witness, or how runs end.
    pub name: String,
    /// The steps to a bad state before and after; none to an ending.
    pub steps: (Option<usize>, Option<usize>),
}

impl Entry {
    fn is_ending(&self) -> bool {
        self.steps == (None, None)
    }
}

/// The bad states of two variants side by side, and the endings that only one of them has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diff {
    /// In the order of the scenarios; within each endings first, then by name.
    pub entries: Vec<Entry>,
    /// Scenarios that only the first, or only the second variant has.
    pub unshared: (Vec<String>, Vec<String>),
}

/// Compares the results of two variants, each with the names of its scenarios.
#[must_use]
pub fn diff(before: &[(String, Outcome)], after: &[(String, Outcome)]) -> Diff {
    let mut diff = Diff::default();
    for (name, old) in before {
        match after.iter().find(|(other, _)| other == name) {
            Some((_, new)) => {
                diff.entries.extend(compare_endings(name, old, new));
                diff.entries.extend(compare(name, old, new));
            }
            None => diff.unshared.0.push(name.clone()),
        }
    }
    for (name, _) in after {
        if !before.iter().any(|(other, _)| other == name) {
            diff.unshared.1.push(name.clone());
        }
    }
    diff
}

fn compare_endings(scenario: &str, old: &Outcome, new: &Outcome) -> Vec<Entry> {
    let all: BTreeSet<&Ending> = old.endings.iter().chain(&new.endings).collect();
    let entry = |ending: &Ending| {
        let change = match (old.endings.contains(ending), new.endings.contains(ending)) {
            (true, true) => return None,
            (true, false) => Change::Goes,
            (false, _) => Change::Appears,
        };
        let name = format!("ending: {ending}");
        Some(Entry { change, scenario: scenario.to_owned(), name, steps: (None, None) })
    };
    all.into_iter().filter_map(entry).collect()
}

fn compare(scenario: &str, old: &Outcome, new: &Outcome) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (outcome, is_new) in [(old, false), (new, true)] {
        for bad in &outcome.bad {
            let name = named(&bad.property, &bad.witness, bad.promised);
            let steps = Some(bad.schedule.steps());
            match entries.iter_mut().find(|e| e.name == name) {
                Some(entry) if is_new => {
                    entry.change = Change::Stays;
                    entry.steps.1 = steps;
                }
                _ => {
                    let (change, steps) =
                        if is_new { (Change::Appears, (None, steps)) } else { (Change::Goes, (steps, None)) };
                    entries.push(Entry { change, scenario: scenario.to_owned(), name, steps });
                }
            }
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut scenario = "";
        for entry in &self.entries {
            if entry.scenario != scenario {
                scenario = &entry.scenario;
                writeln!(f, "{scenario}")?;
            }
            let sign = match entry.change {
                Change::Appears => '+',
                Change::Goes => '-',
                Change::Stays => ' ',
            };
            let steps = match entry.steps {
                (Some(old), Some(new)) if old != new => format!(", {old} -> {new} steps"),
                (None, None) => String::new(),
                (old, new) => format!(", {} steps", old.or(new).unwrap_or(0)),
            };
            writeln!(f, "  {sign} {}{steps}", entry.name)?;
        }
        let count = |change, ending| {
            self.entries.iter().filter(|e| e.change == change && e.is_ending() == ending).count()
        };
        let [appear, go, stay] = [Change::Appears, Change::Goes, Change::Stays].map(|c| count(c, false));
        writeln!(f, "{appear} appear, {go} go, {stay} stay")?;
        let [appear, go] = [Change::Appears, Change::Goes].map(|c| count(c, true));
        if appear + go > 0 {
            writeln!(f, "of the endings, {appear} appear, {go} go")?;
        }
        for (which, names) in [("first", &self.unshared.0), ("second", &self.unshared.1)] {
            if !names.is_empty() {
                writeln!(f, "only the {which} has: {}", names.join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    #[test]
    fn signs_as_in_a_patch() {
        let both = toy::outcome();
        let mut shorter = both.clone();
        shorter.bad.truncate(1);
        shorter.bad[0].schedule.events.truncate(12);
        shorter.endings.truncate(1);
        let named = |name: &str, outcome: &Outcome| (name.to_owned(), outcome.clone());
        let before = [named("a", &both), named("b", &shorter), named("old", &both)];
        let after = [named("a", &shorter), named("b", &both), named("new", &both)];
        insta::assert_snapshot!(diff(&before, &after), @r"
        a
          - ending: short, size kept
            journal-bypass: buffer(0), 8 -> 4 steps
          - stale-read: unit(0) (not promised), 8 steps
        b
          + ending: short, size kept
            journal-bypass: buffer(0), 4 -> 8 steps
          + stale-read: unit(0) (not promised), 8 steps
        1 appear, 1 go, 2 stay
        of the endings, 1 appear, 1 go
        only the first has: old
        only the second has: new
        ");
    }
}

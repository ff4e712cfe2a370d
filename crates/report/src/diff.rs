//! What appears, goes and stays between two variants.

use std::fmt;

use scenario::Outcome;

use crate::block::named;

/// What becomes of a bad state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Only the second variant reaches it.
    Appears,
    /// Only the first one does.
    Goes,
    /// Both do.
    Stays,
}

/// One bad state in one scenario, in one or both variants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What becomes of it.
    pub change: Change,
    /// The scenario.
    pub scenario: String,
    /// Property and witness.
    pub name: String,
    /// The steps to it before and after.
    pub steps: (Option<usize>, Option<usize>),
}

/// The bad states of two variants side by side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diff {
    /// In the order of the scenarios; within each by name.
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
            Some((_, new)) => diff.entries.extend(compare(name, old, new)),
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
            let (sign, steps) = match (entry.change, entry.steps) {
                (Change::Stays, (Some(old), Some(new))) if old != new => {
                    (' ', format!("{old} -> {new} steps"))
                }
                (Change::Stays, (old, new)) => (' ', format!("{} steps", old.or(new).unwrap_or(0))),
                (Change::Appears, (_, new)) => ('+', format!("{} steps", new.unwrap_or(0))),
                (Change::Goes, (old, _)) => ('-', format!("{} steps", old.unwrap_or(0))),
            };
            writeln!(f, "  {sign} {}, {steps}", entry.name)?;
        }
        let count = |change| self.entries.iter().filter(|e| e.change == change).count();
        let [appear, go, stay] = [Change::Appears, Change::Goes, Change::Stays].map(count);
        writeln!(f, "{appear} appear, {go} go, {stay} stay")?;
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
        let named = |name: &str, outcome: &Outcome| (name.to_owned(), outcome.clone());
        let before = [named("a", &both), named("b", &shorter), named("old", &both)];
        let after = [named("a", &shorter), named("b", &both), named("new", &both)];
        insta::assert_snapshot!(diff(&before, &after), @r"
        a
            journal-bypass: buffer(0), 8 -> 4 steps
          - stale-read: unit(0) (not promised), 8 steps
        b
            journal-bypass: buffer(0), 4 -> 8 steps
          + stale-read: unit(0) (not promised), 8 steps
        1 appear, 1 go, 2 stay
        only the first has: old
        only the second has: new
        ");
    }
}

//! What appears, goes and stays between two variants: bad states, and the ways that runs end.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use scenario::{Coverage, Outcome};
use serde_json::{Value, json};

use crate::block::named;
use crate::json::tagged;
use crate::snapshot::Section;

/// What becomes of a bad state or an ending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Only the second variant reaches it.
    Appears,
    /// Only the first one does.
    Goes,
    /// Both do.
    Stays,
    /// One reaches it, and the search of the other was cut before it was found.
    Unsettled,
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
    /// Whether it is an ending.
    pub ending: bool,
    /// The steps to a bad state before and after, where they are known.
    pub steps: (Option<usize>, Option<usize>),
}

impl Entry {
    /// As an object of the lines of JSON that comparisons are.
    #[must_use]
    pub fn json(&self) -> Value {
        let change = match self.change {
            Change::Appears => "appears",
            Change::Goes => "goes",
            Change::Stays => "stays",
            Change::Unsettled => "unsettled",
        };
        let kind = if self.ending { "ending" } else { "bad state" };
        json!({ "change": change, "kind": kind, "name": self.name, "steps": [self.steps.0, self.steps.1] })
    }
}

/// What a scenario of a variant came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The scenario.
    pub scenario: String,
    /// How its runs end, in words.
    pub endings: Vec<String>,
    /// Its bad states: property and witness, and the steps to it if they are known.
    pub bad: Vec<(String, Option<usize>)>,
    /// Whether there may be more of either.
    pub cut: bool,
}

impl Summary {
    /// What was found.
    #[must_use]
    pub fn found(scenario: &str, outcome: &Outcome) -> Summary {
        let bad = outcome.bad.iter();
        Summary {
            scenario: scenario.to_owned(),
            endings: outcome.endings.iter().map(ToString::to_string).collect(),
            bad: bad
                .map(|b| (named(&b.property, &b.witness, b.promised), Some(b.schedule.steps())))
                .collect(),
            cut: outcome.coverage != Coverage::Exhausted,
        }
    }

    /// What is recorded. Steps are not.
    #[must_use]
    pub fn recorded(section: &Section) -> Summary {
        let blocks = section.blocks.iter();
        Summary {
            scenario: section.scenario.clone(),
            endings: section.endings.clone(),
            bad: blocks.map(|b| (named(&b.property, &b.witness, b.promised), None)).collect(),
            cut: false,
        }
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

/// Compares the results of two variants.
#[must_use]
pub fn diff(before: &[Summary], after: &[Summary]) -> Diff {
    let find = |results: &[Summary], name: &str| results.iter().position(|r| r.scenario == name);
    let mut diff = Diff::default();
    for old in before {
        match find(after, &old.scenario) {
            Some(at) => {
                diff.entries.extend(compare_endings(old, &after[at]));
                diff.entries.extend(compare(old, &after[at]));
            }
            None => diff.unshared.0.push(old.scenario.clone()),
        }
    }
    let names = after.iter().map(|result| &result.scenario);
    diff.unshared.1.extend(names.filter(|name| find(before, name).is_none()).cloned());
    diff
}

fn compare_endings(old: &Summary, new: &Summary) -> Vec<Entry> {
    let all: BTreeSet<&String> = old.endings.iter().chain(&new.endings).collect();
    let entry = |ending: &String| {
        let change = match (old.endings.contains(ending), new.endings.contains(ending)) {
            (true, true) => return None,
            (true, false) if new.cut => Change::Unsettled,
            (true, false) => Change::Goes,
            (false, _) if old.cut => Change::Unsettled,
            (false, _) => Change::Appears,
        };
        let (scenario, name) = (old.scenario.clone(), format!("ending: {ending}"));
        Some(Entry { change, scenario, name, ending: true, steps: (None, None) })
    };
    all.into_iter().filter_map(entry).collect()
}

fn compare(old: &Summary, new: &Summary) -> Vec<Entry> {
    let steps = |of: &Summary, name: &str| of.bad.iter().find(|(n, _)| n == name).map(|(_, steps)| *steps);
    let all: BTreeSet<&String> = old.bad.iter().chain(&new.bad).map(|(name, _)| name).collect();
    let entry = |name: &String| {
        let (before, after) = (steps(old, name), steps(new, name));
        let change = match (before, after) {
            (Some(_), Some(_)) => Change::Stays,
            (Some(_), None) if new.cut => Change::Unsettled,
            (Some(_), None) => Change::Goes,
            (None, _) if old.cut => Change::Unsettled,
            (None, _) => Change::Appears,
        };
        let (scenario, steps) = (old.scenario.clone(), (before.flatten(), after.flatten()));
        Entry { change, scenario, name: name.clone(), ending: false, steps }
    };
    all.into_iter().map(entry).collect()
}

impl Diff {
    /// Whether nothing comes or goes, as far as that is known.
    #[must_use]
    pub fn is_same(&self) -> bool {
        let stays = self.entries.iter().all(|entry| entry.change == Change::Stays);
        stays && self.unshared.0.is_empty() && self.unshared.1.is_empty()
    }

    /// Its text without what stays; of that only the number is told.
    #[must_use]
    pub fn changes(&self) -> String {
        told(self.entries.iter().filter(|entry| entry.change != Change::Stays)) + &self.counts()
    }

    /// As lines of JSON, without their ends: one for each scenario that both variants have and that shows something, and the
    /// last for the whole. `searched`:
    /// whether a search was cut; none where nothing was searched, and it is what is recorded.
    ///
    /// # Errors
    /// None that is known: all that is written is text and numbers.
    pub fn json_lines(
        &self,
        [before, after]: [&str; 2],
        searched: Option<bool>,
    ) -> Result<Vec<String>, serde_json::Error> {
        let mut lines = Vec::new();
        for of in self.entries.chunk_by(|a, b| a.scenario == b.scenario) {
            let changes: Vec<Value> = of.iter().map(Entry::json).collect();
            let line =
                json!({ "before": before, "after": after, "scenario": of[0].scenario, "changes": changes });
            lines.push(tagged("variants-comparison", &line)?);
        }
        let count = |change| self.entries.iter().filter(|e| e.change == change && !e.ending).count();
        let [appear, go, stay, unsettled] =
            [Change::Appears, Change::Goes, Change::Stays, Change::Unsettled].map(count);
        let counts = json!({ "appear": appear, "go": go, "stay": stay, "unsettled": unsettled });
        let line = json!({
            "before": before,
            "after": after,
            "searched": searched.is_some(),
            "cut": searched == Some(true),
            "only_before": self.unshared.0,
            "only_after": self.unshared.1,
            "bad_states": counts,
        });
        lines.push(tagged("variants-compared", &line)?);
        Ok(lines)
    }

    fn counts(&self) -> String {
        let mut out = String::new();
        let count =
            |change, ending| self.entries.iter().filter(|e| e.change == change && e.ending == ending).count();
        let [appear, go, stay] = [Change::Appears, Change::Goes, Change::Stays].map(|c| count(c, false));
        let _ = writeln!(out, "{appear} appear, {go} go, {stay} stay");
        let [appear, go] = [Change::Appears, Change::Goes].map(|c| count(c, true));
        if appear + go > 0 {
            let _ = writeln!(out, "of the endings, {appear} appear, {go} go");
        }
        let unsettled = count(Change::Unsettled, false) + count(Change::Unsettled, true);
        if unsettled > 0 {
            let why = "it can't be told: the search of the variant without it was cut";
            let _ = writeln!(out, "of {unsettled} (?) {why}");
        }
        for (which, names) in [("first", &self.unshared.0), ("second", &self.unshared.1)] {
            if !names.is_empty() {
                let _ = writeln!(out, "only the {which} has: {}", names.join(", "));
            }
        }
        out
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(self.entries.iter()))?;
        f.write_str(&self.counts())
    }
}

/// A line for each, below its scenario.
fn told<'e>(entries: impl Iterator<Item = &'e Entry>) -> String {
    let (mut out, mut scenario) = (String::new(), "");
    for entry in entries {
        if entry.scenario != scenario {
            scenario = &entry.scenario;
            let _ = writeln!(out, "{scenario}");
        }
        let sign = match entry.change {
            Change::Appears => '+',
            Change::Goes => '-',
            Change::Stays => ' ',
            Change::Unsettled => '?',
        };
        let steps = match entry.steps {
            (Some(old), Some(new)) if old != new => format!(", {old} -> {new} steps"),
            (old, new) => old.or(new).map_or(String::new(), |steps| format!(", {steps} steps")),
        };
        let _ = writeln!(out, "  {sign} {}{steps}", entry.name);
    }
    out
}

#[cfg(test)]
mod tests {
    use scenario::Bound;

    use super::*;
    use crate::toy;

    #[test]
    fn what_a_search_that_was_cut_has_not_found_does_not_go() {
        let whole = toy::outcome();
        let mut cut = whole.clone();
        cut.bad.truncate(1);
        cut.endings.truncate(1);
        cut.coverage = Coverage::Cut { bound: Bound::States };
        let [whole, cut] = [&whole, &cut].map(|outcome| [Summary::found("a", outcome)]);
        for both in [diff(&whole, &cut), diff(&cut, &whole)] {
            let of = |change| both.entries.iter().filter(|e| e.change == change).count();
            let [stay, open] = [Change::Stays, Change::Unsettled].map(of);
            assert_eq!((stay, stay + open), (1, both.entries.len()), "{both}");
            assert!(both.to_string().contains("0 appear, 0 go, 1 stay\nof 2 (?) it can't be told"), "{both}");
        }
    }

    #[test]
    fn signs_as_in_a_patch() {
        let both = toy::outcome();
        let mut shorter = both.clone();
        shorter.bad.truncate(1);
        shorter.bad[0].schedule.events.truncate(12);
        shorter.endings.truncate(1);
        let named = Summary::found;
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

    #[test]
    fn what_is_recorded_differs_in_the_same() {
        let mut snapshot = crate::snapshot::tests::snapshot();
        let results = |s: &crate::Snapshot| s.sections.iter().map(Summary::recorded).collect::<Vec<_>>();
        let before = results(&snapshot);
        snapshot.sections[0].blocks.remove(0);
        snapshot.sections[1].endings.remove(0);
        insta::assert_snapshot!(diff(&before, &results(&snapshot)), @r"
        toy
          - journal-bypass: buffer(0)
            stale-read: unit(0) (not promised)
        quiet
          - ending: -EFAULT, size kept, rest zeros
        loud
            journal-bypass: buffer(0)
            stale-read: unit(0) (not promised)
        0 appear, 1 go, 3 stay
        of the endings, 0 appear, 1 go
        ");
    }
}

//! Results as KTAP, the kernel's test protocol (`Documentation/dev-tools/ktap.rst`): a test for each variant, and in it
//! one for each scenario.

use std::fmt::Write as _;

use crate::tested::{Grade, Tested};

/// Results as they come. What is known to be broken is an expected failure (`XFAIL`), what met a bound an error
/// (`ERROR`), and what was not looked at is skipped.
#[derive(Clone, Debug)]
pub struct Ktap {
    /// The variants, with the number of scenarios of each.
    plan: Vec<(String, usize)>,
    /// How many variants have begun.
    begun: usize,
    /// How many of the last one's scenarios were told, and whether all of these are well.
    told: usize,
    is_well: bool,
}

impl Ktap {
    /// Of these variants, each with the number of its scenarios.
    #[must_use]
    pub fn new(plan: Vec<(String, usize)>) -> Ktap {
        Ktap { plan, begun: 0, told: 0, is_well: true }
    }

    /// What stands before all results.
    #[must_use]
    pub fn begin(&self) -> String {
        format!("KTAP version 1\n1..{}\n", self.plan.len())
    }

    /// The next result, in the order of the plan.
    #[must_use]
    pub fn result(&mut self, tested: &Tested) -> String {
        let mut out = String::new();
        if self.begun == 0 || self.told == self.plan[self.begun - 1].1 {
            let Some((name, count)) = self.plan.get(self.begun) else { return out };
            let _ = write!(out, "  KTAP version 1\n  # Subtest: {}\n  1..{count}\n", description(name));
            (self.begun, self.told, self.is_well) = (self.begun + 1, 0, true);
        }
        self.told += 1;
        for line in tested.told().iter().flat_map(|line| line.lines()) {
            let _ = writeln!(out, "  # {}", printable(line));
        }
        let (word, directive) = match tested.grade {
            Grade::Passed => ("ok", None),
            Grade::Known => ("ok", Some("XFAIL")),
            Grade::Skipped => ("ok", Some("SKIP")),
            Grade::Failed => ("not ok", None),
            Grade::Unsettled | Grade::Broken => ("not ok", Some("ERROR")),
        };
        self.is_well &= word == "ok";
        let directive =
            directive.map_or(String::new(), |of| format!(" # {of} {}", description(&tested.words)));
        let _ = writeln!(out, "  {word} {} {}{directive}", self.told, description(&tested.scenario));
        let (name, count) = &self.plan[self.begun - 1];
        if self.told == *count {
            let word = if self.is_well { "ok" } else { "not ok" };
            let _ = writeln!(out, "{word} {} {}", self.begun, description(name));
        }
        out
    }
}

/// In a line of a result, `#` begins a directive.
fn description(text: &str) -> String {
    printable(text).replace('#', "\\#")
}

/// On one line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    #[test]
    fn a_test_for_each_variant_and_in_it_for_each_scenario() {
        let all = toy::tested();
        let mut ktap =
            Ktap::new(vec![("toy/write@v1".to_owned(), 2), ("toy/write@v2".to_owned(), all.len() - 2)]);
        let results: String = all.iter().map(|tested| ktap.result(tested)).collect();
        insta::assert_snapshot!(ktap.begin() + &results);
    }
}

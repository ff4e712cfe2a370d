//! Model coverage: which branches of the model functions no scenario reaches, and why.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use scenario::{Branch, Reason, Way};
use serde::Serialize;

use crate::json::tagged;

/// What was searched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extent {
    /// Every scenario of the default tier.
    Default,
    /// Every scenario.
    All,
    /// These targets. Files of which they enter no function are left out, and what they don't reach
    /// needs no reason.
    Targets(Vec<String>),
}

/// What becomes of a branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A scenario reaches it.
    Reached,
    /// None does, and the source says why.
    Explained,
    /// None does, and nothing says why.
    Unexplained,
    /// What was searched does not reach it, and is only a part: others may.
    NotInThisPart,
    /// It is inside of a branch that is not reached.
    Inside,
}

/// What is wrong with a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// Everything that it is the reason for is reached.
    Reached,
    /// It stands at no branch.
    Stray,
}

/// The account of all branches.
#[derive(Clone, Debug)]
pub struct Account<'b> {
    branches: &'b [Branch],
    reasons: &'b [Reason],
    extent: Extent,
    /// By branch; none where it is left out.
    fates: Vec<Option<Fate>>,
    flaws: Vec<(usize, Flaw)>,
}

/// How many branches came to what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Reached.
    pub reached: usize,
    /// Not reached, with a reason.
    pub explained: usize,
    /// Not reached, without one.
    pub unexplained: usize,
    /// Not reached by the part that was searched.
    pub not_in_this_part: usize,
    /// Inside of one that is not reached.
    pub inside: usize,
}

impl<'b> Account<'b> {
    /// The account of what was reached, by the branches' numbers.
    #[must_use]
    pub fn new(
        branches: &'b [Branch],
        reasons: &'b [Reason],
        reached: &[bool],
        extent: Extent,
    ) -> Account<'b> {
        let is_reached = |number: usize| reached.get(number).copied().unwrap_or(false);
        let entered: BTreeSet<&str> =
            branches.iter().enumerate().filter(|(n, _)| is_reached(*n)).map(|(_, b)| b.file).collect();
        let in_part = matches!(extent, Extent::Targets(_));
        let fate = |(number, branch): (usize, &Branch)| {
            if in_part && !entered.contains(branch.file) {
                None
            } else if is_reached(number) {
                Some(Fate::Reached)
            } else if branch.inside.is_some_and(|around| !is_reached(around)) {
                Some(Fate::Inside)
            } else {
                let reason = branch.reason.and_then(|reason| reasons.get(reason));
                let holds = reason.is_some_and(|reason| extent != Extent::All || !reason.by_default);
                Some(match holds {
                    true => Fate::Explained,
                    false if in_part => Fate::NotInThisPart,
                    false => Fate::Unexplained,
                })
            }
        };
        let fates = branches.iter().enumerate().map(fate).collect();
        let flaw = |number: usize| {
            let its = branches.iter().enumerate().filter(|(_, b)| b.reason == Some(number));
            let its: Vec<bool> = its.map(|(branch, _)| is_reached(branch)).collect();
            // Beyond the default tier, and a named scenario may be that, one by default says that all are reached.
            let expected = extent != Extent::Default && reasons[number].by_default;
            if its.is_empty() {
                Some(Flaw::Stray)
            } else {
                (its.iter().all(|&reached| reached) && !expected).then_some(Flaw::Reached)
            }
        };
        let flaws = (0..reasons.len()).filter_map(|number| Some((number, flaw(number)?))).collect();
        Account { branches, reasons, extent, fates, flaws }
    }

    /// How many branches came to what.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for fate in self.fates.iter().flatten() {
            *match fate {
                Fate::Reached => &mut sums.reached,
                Fate::Explained => &mut sums.explained,
                Fate::Unexplained => &mut sums.unexplained,
                Fate::NotInThisPart => &mut sums.not_in_this_part,
                Fate::Inside => &mut sums.inside,
            } += 1;
        }
        sums
    }

    /// Whether every branch is reached or says why not, as far as this extent can tell.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.flaws.is_empty() && self.sums().unexplained == 0
    }

    /// Whether a reason is out of date or stands at no branch: no further search changes that.
    #[must_use]
    pub fn is_flawed(&self) -> bool {
        !self.flaws.is_empty()
    }

    /// What needs a reason, and which reasons are wrong, a line each: `FILE:LINE  FUNCTION: WHAT`.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let told = self.branches.iter().zip(&self.fates);
        let unexplained = told.filter(|(_, fate)| **fate == Some(Fate::Unexplained));
        let branch = |(b, _): (&Branch, _)| format!("{}:{}  {}: {}", b.file, b.line, b.function, never(b));
        let reason = |&(number, flaw): &(usize, Flaw)| {
            let Reason { file, line, .. } = self.reasons[number];
            format!("{file}:{line}  {}", flawed(flaw))
        };
        unexplained.map(branch).chain(self.flaws.iter().map(reason)).collect()
    }

    /// One JSON object per line: each branch, and each reason that is wrong.
    ///
    /// # Errors
    /// What the serializer gives.
    pub fn json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct OfBranch<'a> {
            file: &'a str,
            function: &'a str,
            line: u32,
            code: &'a str,
            way: Way,
            fate: Fate,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct OfReason<'a> {
            file: &'a str,
            line: u32,
            reason: &'a str,
            flaw: Flaw,
        }
        let mut out = String::new();
        for (branch, fate) in self.branches.iter().zip(&self.fates) {
            let Some(fate) = *fate else { continue };
            let &Branch { file, function, line, code, way, .. } = branch;
            let reason =
                branch.reason.filter(|_| fate != Fate::Reached).map(|number| self.reasons[number].text);
            let line = OfBranch { file, function, line, code, way, fate, reason };
            out.push_str(&tagged("branch", &line)?);
            out.push('\n');
        }
        for &(number, flaw) in &self.flaws {
            let Reason { file, line, text, .. } = self.reasons[number];
            out.push_str(&tagged("reason", &OfReason { file, line, reason: text, flaw })?);
            out.push('\n');
        }
        Ok(out)
    }

    /// The numbers of the branches of each function, in the order of the source.
    fn functions(&self) -> Vec<Vec<usize>> {
        let mut functions: Vec<Vec<usize>> = Vec::new();
        for number in (0..self.branches.len()).filter(|&number| self.fates[number].is_some()) {
            let of = |number: usize| (self.branches[number].file, self.branches[number].function);
            match functions.last_mut() {
                Some(known) if of(known[0]) == of(number) => known.push(number),
                _ => functions.push(vec![number]),
            }
        }
        functions
    }
}

/// Per file and function: how many branches are reached, and each that is not.
impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
        let bad = AnsiColor::Red.on_default().bold();
        match &self.extent {
            Extent::Default => writeln!(f, "Branches of the models that the default scenarios reach")?,
            Extent::All => writeln!(f, "Branches of the models that any scenario reaches")?,
            Extent::Targets(targets) => writeln!(
                f,
                "Branches that these alone reach, in the files that they enter: {}",
                targets.join(", ")
            )?,
        }
        let functions = self.functions();
        let width = functions.iter().map(|of| self.branches[of[0]].function.len()).max().unwrap_or(0);
        let mut file = "";
        for numbers in &functions {
            let first = &self.branches[numbers[0]];
            if first.file != file {
                file = first.file;
                writeln!(f, "\n{bold}{file}{bold:#}")?;
            }
            let reached = numbers.iter().filter(|&&number| self.fates[number] == Some(Fate::Reached)).count();
            writeln!(f, "  {:width$}  {reached} of {}", first.function, numbers.len())?;
            for &number in numbers {
                let branch = &self.branches[number];
                let reason = branch.reason.map(|reason| self.reasons[reason].text);
                let (line, never) = (branch.line, never(branch));
                match (self.fates[number], reason) {
                    (Some(Fate::Explained), Some(reason)) => {
                        writeln!(f, "    {line:>5}  {never}: {dim}{reason}{dim:#}")?;
                    }
                    (Some(Fate::NotInThisPart), _) => writeln!(f, "    {line:>5}  {never}")?,
                    (Some(Fate::Unexplained), _) => {
                        writeln!(f, "    {line:>5}  {never}: {bad}no reason is given{bad:#}")?;
                    }
                    _ => {}
                }
            }
        }
        if !self.flaws.is_empty() {
            writeln!(f, "\n{bold}reasons{bold:#}")?;
        }
        for &(number, flaw) in &self.flaws {
            let Reason { file, line, text, .. } = self.reasons[number];
            writeln!(f, "  {file}:{line}  {bad}{}{bad:#}: {text}", flawed(flaw))?;
        }
        writeln!(f, "\n{}", self.summary(functions.len()))
    }
}

impl Account<'_> {
    fn summary(&self, functions: usize) -> String {
        let Sums { reached, explained, unexplained, not_in_this_part, inside } = self.sums();
        let missing = explained + unexplained + not_in_this_part + inside;
        let all = reached + missing;
        let mut text = format!("{all} branches of {functions} functions: {reached} reached");
        if missing > 0 {
            let _ = write!(text, ", {missing} not");
            let parts = [
                (explained, "with a reason"),
                (unexplained, "without a reason"),
                (not_in_this_part, "not in this part"),
                (inside, "inside of one that is not reached"),
            ];
            let parts = parts.iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
            let _ = write!(text, " ({})", parts.join(", "));
        }
        match self.flaws.len() {
            0 => {}
            1 => text.push_str("; 1 reason is wrong"),
            n => {
                let _ = write!(text, "; {n} reasons are wrong");
            }
        }
        text
    }
}

fn flawed(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Reached => "what it explains is reached",
        Flaw::Stray => "there is no branch here",
    }
}

/// `buffer_new(task, bh) is never true`.
fn never(branch: &Branch) -> String {
    let what = match branch.way {
        Way::Called => "is never called",
        Way::True => "is never true",
        Way::False => "is never false",
        Way::Matches => "never matches",
        Way::Differs => "never fails to match",
        Way::Value => "is never Some or Ok",
        Way::NoValue => "is never None or Err",
        Way::Round => "never goes round",
    };
    format!("`{}` {what}", branch.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn branch(line: u32, way: Way, inside: Option<usize>, reason: Option<usize>) -> Branch {
        Branch { file: "toy/write.rs", function: "write_end", line, code: "short", way, inside, reason }
    }

    const BRANCHES: [Branch; 5] = [
        branch(1, Way::Called, None, None),
        branch(2, Way::True, Some(0), Some(0)),
        branch(3, Way::True, Some(1), None),
        branch(2, Way::False, Some(0), Some(0)),
        Branch { file: "toy/read.rs", function: "read", ..branch(1, Way::Called, None, Some(1)) },
    ];
    const REASONS: [Reason; 2] = [
        Reason { file: "toy/write.rs", line: 2, text: "nothing is short here", by_default: false },
        Reason { file: "toy/read.rs", line: 1, text: "it takes long", by_default: true },
    ];

    fn account(reached: [u8; 5], extent: Extent) -> Account<'static> {
        Account::new(&BRANCHES, &REASONS, &reached.map(|reached| reached == 1), extent)
    }

    #[test]
    fn what_is_not_reached_needs_a_reason() {
        let settled = account([1, 0, 0, 1, 0], Extent::Default);
        assert!(settled.is_settled(), "{settled}");
        let sums = Sums { reached: 2, explained: 2, inside: 1, ..Sums::default() };
        assert_eq!(settled.sums(), sums);
        let unexplained = account([1, 1, 0, 1, 0], Extent::Default);
        assert!(!unexplained.is_settled());
        assert_eq!(
            unexplained.complaints(),
            [
                "toy/write.rs:3  write_end: `short` is never true",
                "toy/write.rs:2  what it explains is reached"
            ]
        );
    }

    #[test]
    fn a_reason_by_default_is_none_where_everything_is_searched() {
        assert!(account([1, 0, 0, 1, 1], Extent::All).is_settled());
        let missing = account([1, 0, 0, 1, 0], Extent::All);
        assert_eq!(missing.complaints(), ["toy/read.rs:1  read: `short` is never called"]);
        let early = account([1, 0, 0, 1, 1], Extent::Default);
        assert_eq!(early.complaints(), ["toy/read.rs:1  what it explains is reached"]);
        assert!(early.is_flawed());
    }

    #[test]
    fn a_part_speaks_of_the_files_it_enters_and_asks_for_no_reasons() {
        let part = account([1, 1, 0, 0, 0], Extent::Targets(vec!["toy/write".to_owned()]));
        assert!(part.is_settled(), "{part}");
        let sums = Sums { reached: 2, explained: 1, not_in_this_part: 1, ..Sums::default() };
        assert_eq!(part.sums(), sums);
        let text = part.to_string();
        assert!(!text.contains("toy/read.rs") && text.contains("1 not in this part"), "{text}");
        let json = part.json().expect("JSON");
        assert!(json.contains(r#""fate":"not-in-this-part""#) && !json.contains("unexplained"), "{json}");
    }

    #[test]
    fn a_reason_without_a_branch_is_wrong() {
        let stray = Account::new(&BRANCHES[..1], &REASONS[..1], &[true], Extent::Default);
        assert_eq!(stray.complaints(), ["toy/write.rs:2  there is no branch here"]);
    }

    #[test]
    fn the_account_can_be_read() {
        let text = without_colours(&account([1, 1, 0, 0, 0], Extent::Default).to_string());
        let expected = "\
Branches of the models that the default scenarios reach

toy/write.rs
  write_end  2 of 4
        3  `short` is never true: no reason is given
        2  `short` is never false: nothing is short here

toy/read.rs
  read       0 of 1
        1  `short` is never called: it takes long

5 branches of 2 functions: 2 reached, 3 not (2 with a reason, 1 without a reason)
";
        assert_eq!(text, expected);
        let json = account([1, 0, 0, 1, 0], Extent::Default).json().expect("JSON");
        assert_eq!(json.lines().count(), 5);
        assert!(json.lines().nth(1).is_some_and(|line| line.contains(r#""fate":"explained""#)), "{json}");
    }

    /// Without colours.
    fn without_colours(text: &str) -> String {
        let parts = text.split('\u{1b}').enumerate();
        parts
            .map(|(at, part)| if at == 0 { part } else { part.split_once('m').map_or("", |p| p.1) })
            .collect()
    }
}

//! The text that records what a variant comes to, and back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use scenario::{Outcome, Scenario, Verdict, verdict};

use crate::block::{AS_IN, Block, Kind, NOT_PROMISED};

/// What is recorded of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// The scenario's name.
    pub scenario: String,
    /// What it is about.
    pub sentence: String,
    /// `holds` or `violated`.
    pub verdict: String,
    /// How its runs end, in words.
    pub endings: Vec<String>,
    /// Its distinct bad states.
    pub blocks: Vec<Block>,
}

/// What is recorded of a variant: a file in `snapshots/`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// `ext4/journalled@v4.2`.
    pub target: String,
    /// What the variant stands for.
    pub sentence: String,
    /// A section per scenario.
    pub sections: Vec<Section>,
}

impl Snapshot {
    /// A snapshot without sections.
    #[must_use]
    pub fn new(target: &str, sentence: &str) -> Snapshot {
        Snapshot { target: target.to_owned(), sentence: sentence.to_owned(), sections: Vec::new() }
    }

    /// Adds what a scenario came to. Its blocks are numbered on.
    ///
    /// A bad state is told in full where the first of its kind is: the same property, the same
    /// witness but for numbers, the same actors. Of the others the initial state and the length
    /// are kept.
    pub fn push(&mut self, scenario: &Scenario, outcome: &Outcome) {
        let first = 1 + self.sections.iter().map(|s| s.blocks.len()).sum::<usize>();
        let mut section = section(scenario, outcome, first);
        let told = |scenario: &str, b: &Block| (b.kind(), format!("{scenario} #{}", b.number));
        let in_full = self.sections.iter().flat_map(|s| s.blocks.iter().map(move |b| (s, b)));
        let mut known: BTreeMap<Kind, String> =
            in_full.filter(|(_, b)| b.as_in.is_none()).map(|(s, b)| told(&s.scenario, b)).collect();
        for block in &mut section.blocks {
            let (kind, here) = told(&section.scenario, block);
            match known.get(&kind) {
                Some(there) => {
                    block.as_in = Some(there.clone());
                    block.picture.clear();
                    block.schedule.clear();
                }
                None => drop(known.insert(kind, here)),
            }
        }
        self.sections.push(section);
    }

    /// The section of a scenario.
    #[must_use]
    pub fn section(&self, scenario: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.scenario == scenario)
    }

    /// The block with this number, and its section.
    #[must_use]
    pub fn block(&self, number: usize) -> Option<(&Section, &Block)> {
        let mut all = self.sections.iter().flat_map(|s| s.blocks.iter().map(move |b| (s, b)));
        all.find(|(_, b)| b.number == number)
    }

    /// The text of the file, without insta's header.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("variant   {}\nabout     {}\n", self.target, self.sentence);
        for section in &self.sections {
            let _ = write!(out, "\nscenario  {}\nabout     {}\n", section.scenario, section.sentence);
            let _ = writeln!(out, "verdict   {}", section.verdict);
            for ending in &section.endings {
                let _ = writeln!(out, "ending    {ending}");
            }
            for block in &section.blocks {
                let _ = write!(out, "\n{block}");
            }
        }
        out
    }
}

/// What there is to record of a scenario, its blocks numbered from `first` on.
#[must_use]
pub fn section(scenario: &Scenario, outcome: &Outcome, first: usize) -> Section {
    let block = |(at, bad)| Block::of(first + at, bad, scenario);
    Section {
        scenario: scenario.name.clone(),
        sentence: scenario.sentence.clone(),
        verdict: verdict_word(verdict(scenario, outcome)).to_owned(),
        endings: outcome.endings.iter().map(ToString::to_string).collect(),
        blocks: outcome.bad.iter().enumerate().map(block).collect(),
    }
}

/// A verdict in a word.
#[must_use]
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Violated => "violated",
        Verdict::Unknown => "unknown",
        Verdict::Unsupported => "unsupported",
    }
}

/// Why a text is no snapshot.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}; {advice}")]
pub struct Error {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
    /// What can be done about it.
    pub advice: &'static str,
}

const RECORD_AGAIN: &str = "record it again with `INSTA_UPDATE=always cargo test --test snapshots`";

/// Reads a snapshot, with or without insta's header.
///
/// # Errors
/// The first line that [`Snapshot::text`] can't have written.
pub fn parse(text: &str) -> Result<Snapshot, Error> {
    let mut rows = Rows { rows: text.lines().collect(), at: 0 };
    rows.skip_header();
    rows.skip_blank();
    let mut snapshot = Snapshot::new(rows.field("variant")?, rows.field("about")?);
    loop {
        rows.skip_blank();
        if rows.peek().is_none() {
            return Ok(snapshot);
        }
        let mut section = Section {
            scenario: rows.field("scenario")?.to_owned(),
            sentence: rows.field("about")?.to_owned(),
            verdict: rows.field("verdict")?.to_owned(),
            endings: Vec::new(),
            blocks: Vec::new(),
        };
        if !matches!(section.verdict.as_str(), "holds" | "violated") {
            rows.at -= 1;
            return Err(rows.wrong("a recorded verdict is `holds` or `violated`"));
        }
        while rows.peek().is_some_and(|row| !row.is_empty()) {
            section.endings.push(rows.field("ending")?.to_owned());
        }
        rows.skip_blank();
        while rows.peek().is_some_and(|row| row.starts_with('#')) {
            section.blocks.push(rows.block()?);
            rows.skip_blank();
        }
        snapshot.sections.push(section);
    }
}

struct Rows<'t> {
    rows: Vec<&'t str>,
    at: usize,
}

impl<'t> Rows<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.rows.get(self.at).copied()
    }

    fn wrong(&self, what: impl Into<String>) -> Error {
        Error { line: self.at + 1, what: what.into(), advice: RECORD_AGAIN }
    }

    fn skip_header(&mut self) {
        if self.peek() == Some("---")
            && let Some(end) = self.rows.iter().skip(1).position(|row| *row == "---")
        {
            self.at = end + 2;
        }
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(str::is_empty) {
            self.at += 1;
        }
    }

    /// `name      value`.
    fn field(&mut self, name: &str) -> Result<&'t str, Error> {
        let row = self.peek().unwrap_or("");
        match row.strip_prefix(name) {
            Some(value) if value.is_empty() || value.starts_with(' ') => {
                self.at += 1;
                Ok(value.trim())
            }
            _ => Err(self.wrong(format!("expected `{name}`, found `{row}`"))),
        }
    }

    fn paragraph(&mut self) -> Vec<String> {
        let begin = self.at;
        while self.peek().is_some_and(|row| !row.is_empty()) {
            self.at += 1;
        }
        self.rows[begin..self.at].iter().map(|&row| row.to_owned()).collect()
    }

    fn block(&mut self) -> Result<Block, Error> {
        let row = self.peek().unwrap_or("");
        let (number, name) = row.split_once(' ').unwrap_or((row, ""));
        let number = number.strip_prefix('#').and_then(|n| n.parse().ok());
        let number = number.ok_or_else(|| self.wrong(format!("expected `#` and a number, found `{row}`")))?;
        let name = name.trim();
        let (name, as_in) =
            name.rsplit_once(AS_IN).map_or((name, None), |(name, at)| (name, Some(at.to_owned())));
        let (name, promised) = name.strip_suffix(NOT_PROMISED).map_or((name, true), |name| (name, false));
        let (property, witness) = name.split_once(": ").unwrap_or((name, ""));
        if property.is_empty() {
            return Err(self.wrong("a block names a property"));
        }
        self.at += 1;
        let initial = self.field("initial")?.to_owned();
        let steps = self.field("steps")?;
        let steps = steps.parse().map_err(|_| {
            self.at -= 1;
            self.wrong(format!("`{steps}` is no number of steps"))
        })?;
        let (property, witness) = (property.to_owned(), witness.to_owned());
        if as_in.is_some() {
            let (picture, schedule) = (Vec::new(), Vec::new());
            return Ok(Block {
                number,
                property,
                witness,
                promised,
                initial,
                steps,
                as_in,
                picture,
                schedule,
            });
        }
        let picture = self.paragraph();
        self.skip_blank();
        let schedule = if self.peek().is_some_and(|row| row.starts_with("      ")) {
            self.paragraph()
        } else {
            Vec::new()
        };
        Ok(Block { number, property, witness, promised, initial, steps, as_in, picture, schedule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::new("toy/write@v1", "a toy");
        snapshot.push(&toy::scenario(), &toy::outcome());
        let holds = Scenario { name: "quiet".to_owned(), ..toy::scenario() };
        snapshot.push(&holds, &Outcome { bad: Vec::new(), ..toy::outcome() });
        snapshot.push(&Scenario { name: "loud".to_owned(), ..toy::scenario() }, &toy::outcome());
        snapshot
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        let snapshot = snapshot();
        let text = snapshot.text();
        assert_eq!(parse(&text).as_ref(), Ok(&snapshot), "{text}");
        let with_header = format!("---\nsource: a test\nexpression: text\n---\n{text}");
        assert_eq!(parse(&with_header), Ok(snapshot));
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let snapshot = snapshot();
        let told: Vec<Option<&str>> =
            snapshot.sections.iter().flat_map(|s| &s.blocks).map(|b| b.as_in.as_deref()).collect();
        assert_eq!(told, [None, None, Some("toy #1"), Some("toy #2")]);
        // Another actor makes another story, another unit the same.
        let mut outcome = toy::outcome();
        outcome.bad[0].schedule.events.retain(|e| e.actor != "munmap");
        outcome.bad[1].witness = "unit(3)".to_owned();
        let mut snapshot = snapshot;
        snapshot.push(&toy::scenario(), &outcome);
        let last = &snapshot.sections[3].blocks;
        assert_eq!(last[0].as_in, None);
        assert_eq!(last[1].as_in.as_deref(), Some("toy #2"));
        // What isn't told again can still differ.
        let fresh = section(&toy::scenario(), &outcome, 1);
        assert!(last[1].is_same(&fresh.blocks[1]));
        assert!(!last[1].is_same(&Block { steps: 3, ..fresh.blocks[1].clone() }));
        assert!(!last[1].is_same(&Block { initial: String::new(), ..fresh.blocks[1].clone() }));
    }

    #[test]
    fn blocks_are_numbered_through_the_file() {
        let snapshot = snapshot();
        let numbers: Vec<usize> =
            snapshot.sections.iter().flat_map(|s| &s.blocks).map(|b| b.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        let (section, block) = snapshot.block(4).expect("four blocks");
        assert_eq!((section.scenario.as_str(), block.property.as_str()), ("loud", "stale-read"));
        assert!(snapshot.block(5).is_none());
    }

    #[test]
    fn a_damaged_file_names_its_line() {
        let text = snapshot().text();
        for (from, to) in [
            ("variant   ", "varient   "),
            ("scenario  quiet", "scenery   quiet"),
            ("verdict   holds", "verdict   unknown"),
            ("ending    short", "short"),
            ("#2 ", "#two "),
            ("steps     8", "steps     eight"),
            ("initial   page", "page"),
        ] {
            let damaged = text.replacen(from, to, 1);
            assert_ne!(damaged, text, "`{from}` is in the text");
            let line = damaged.lines().zip(text.lines()).position(|(a, b)| a != b).map(|at| at + 1);
            assert_eq!(parse(&damaged).err().map(|e| e.line), line, "{to}");
        }
    }
}

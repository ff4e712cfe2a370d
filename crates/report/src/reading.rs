//! The text of a snapshot, read back: whatever can't have been recorded is refused, with its line.

use crate::block::{AS_IN, AsIn, Block, NOT_PROMISED, without_numbers};
use crate::snapshot::{Section, Snapshot};

/// Why a text is no snapshot.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}; {advice}")]
pub struct Error {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
    /// What can be done about it.
    pub advice: String,
}

/// What a snapshot must be about.
#[derive(Clone, Debug)]
pub struct Subject<'s> {
    /// The variant: `ext4/journalled@v4.2`.
    pub target: &'s str,
    /// Its scenarios, in their order. Not all need be recorded.
    pub scenarios: Vec<&'s str>,
}

/// How the results of a variant, or of all, are recorded.
#[must_use]
pub fn how_to_record(target: Option<&str>) -> String {
    let only = target.map_or(String::new(), |target| format!("SHORTCOPY_ONLY={target} "));
    format!("{only}INSTA_UPDATE=always cargo test --test snapshots")
}

/// Reads a snapshot, with or without insta's header. If `subject` is given, it must be about that.
///
/// # Errors
/// The first line that can't have been recorded.
pub fn parse(text: &str, subject: Option<&Subject<'_>>) -> Result<Snapshot, Error> {
    let mut rows = Rows { rows: text.lines().collect(), at: 0, target: subject.map(|s| s.target.to_owned()) };
    rows.skip_header();
    rows.skip_blank();
    let target = rows.field("variant")?;
    if let Some(subject) = subject.filter(|s| s.target != target) {
        return Err(rows.before(format!("this is about `{target}`, not about `{}`", subject.target)));
    }
    rows.target = Some(target.to_owned());
    let mut snapshot = Snapshot::new(target, rows.field("about")?);
    snapshot.searched = rows.searched()?;
    loop {
        rows.skip_blank();
        if rows.peek().is_none() {
            return Ok(snapshot);
        }
        let section = rows.section(&snapshot, subject)?;
        snapshot.sections.push(section);
    }
}

struct Rows<'t> {
    rows: Vec<&'t str>,
    at: usize,
    target: Option<String>,
}

impl<'t> Rows<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.rows.get(self.at).copied()
    }

    /// What is wrong with the row at hand.
    fn wrong(&self, what: impl Into<String>) -> Error {
        self.wrong_at(self.at, what)
    }

    /// What is wrong with the row before.
    fn before(&self, what: impl Into<String>) -> Error {
        self.wrong_at(self.at.saturating_sub(1), what)
    }

    fn wrong_at(&self, row: usize, what: impl Into<String>) -> Error {
        let advice = format!("record it anew: `{}`", how_to_record(self.target.as_deref()));
        Error { line: row + 1, what: what.into(), advice }
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

    /// `searched  12 states, 34 transitions`.
    fn searched(&mut self) -> Result<(u64, u64), Error> {
        let value = self.field("searched")?;
        let parts = value.strip_suffix(" transitions").and_then(|v| v.split_once(" states, "));
        let numbers =
            parts.and_then(|(states, transitions)| Some((states.parse().ok()?, transitions.parse().ok()?)));
        numbers.ok_or_else(|| self.before(format!("`{value}` is no number of states and transitions")))
    }

    fn section(&mut self, before: &Snapshot, subject: Option<&Subject<'_>>) -> Result<Section, Error> {
        let scenario = self.field("scenario")?.to_owned();
        if before.section(&scenario).is_some() {
            return Err(self.before(format!("`{scenario}` is recorded twice")));
        }
        if let Some(subject) = subject {
            let place = |name: &str| subject.scenarios.iter().position(|known| *known == name);
            let Some(here) = place(&scenario) else {
                return Err(self.before(format!("`{}` has no scenario `{scenario}`", subject.target)));
            };
            if let Some(last) = before.sections.last().filter(|last| place(&last.scenario) > Some(here)) {
                return Err(self.before(format!("`{scenario}` stands behind `{}`", last.scenario)));
            }
        }
        let sentence = self.field("about")?.to_owned();
        let verdict = self.field("verdict")?.to_owned();
        let verdict_row = self.at - 1;
        if !matches!(verdict.as_str(), "holds" | "violated") {
            return Err(self.before("a recorded verdict is `holds` or `violated`"));
        }
        let mut section = Section { scenario, sentence, verdict, endings: Vec::new(), blocks: Vec::new() };
        while self.peek().is_some_and(|row| !row.is_empty()) {
            let ending = self.field("ending")?;
            // Endings are sorted by their terms.
            let terms = |ending: &str| ending.split(", ").map(str::to_owned).collect::<Vec<_>>();
            if section.endings.last().is_some_and(|last| terms(last) >= terms(ending)) {
                return Err(self.before(format!("the ending `{ending}` is out of order, or there twice")));
            }
            section.endings.push(ending.to_owned());
        }
        self.skip_blank();
        while self.peek().is_some_and(|row| row.starts_with('#')) {
            let block = self.block(before, &section)?;
            section.blocks.push(block);
            self.skip_blank();
        }
        let violated = section.blocks.iter().any(|b| b.promised);
        if violated != (section.verdict == "violated") {
            let what = if violated { "a promise is broken below" } else { "no promise is broken below" };
            return Err(
                self.wrong_at(verdict_row, format!("the verdict is `{}`, and {what}", section.verdict))
            );
        }
        Ok(section)
    }

    fn block(&mut self, before: &Snapshot, section: &Section) -> Result<Block, Error> {
        let row = self.peek().unwrap_or("");
        let (number, name) = row.split_once(' ').unwrap_or((row, ""));
        let expected = section.blocks.len() + 1;
        if number.strip_prefix('#').and_then(|n| n.parse().ok()) != Some(expected) {
            return Err(self.wrong(format!("expected `#{expected}`, found `{number}`")));
        }
        let name = name.trim();
        let (name, as_in) = name.rsplit_once(AS_IN).map_or((name, None), |(name, there)| (name, Some(there)));
        let (name, promised) = name.strip_suffix(NOT_PROMISED).map_or((name, true), |name| (name, false));
        let (property, witness) = name.split_once(": ").unwrap_or((name, ""));
        if property.is_empty() {
            return Err(self.wrong("a block names a property"));
        }
        let key = |b: &Block| (b.property.clone(), b.witness.clone());
        let here = (property.to_owned(), witness.to_owned());
        if section.blocks.last().is_some_and(|last| key(last) >= here) {
            return Err(self.wrong(format!("`{name}` is out of order, or there twice")));
        }
        let as_in = as_in.map(|there| {
            // Without a witness it is the same one.
            let (scenario, witness) = there.split_once(": ").unwrap_or((there, &here.1));
            AsIn { scenario: scenario.to_owned(), witness: witness.to_owned() }
        });
        let (property, witness) = here;
        let (number, picture, schedule) = (expected, Vec::new(), Vec::new());
        let initial = String::new();
        let mut block = Block { number, property, witness, promised, initial, as_in, picture, schedule };
        if let Some(there) = &block.as_in
            && !is_told(&block, there, before, section)
        {
            return Err(self.wrong(format!("nothing of its kind is told{there}").replace(AS_IN, " in ")));
        }
        self.at += 1;
        block.initial = self.field("initial")?.to_owned();
        if block.as_in.is_none() {
            block.picture = self.paragraph();
            self.skip_blank();
            if self.peek().is_some_and(|row| row.starts_with("      ")) {
                let begin = self.at;
                block.schedule = self.paragraph();
                crate::columns::parse(&block.schedule.join("\n"))
                    .map_err(|row| self.wrong_at(begin + row, "this is no line of a schedule"))?;
            }
        } else if let Some(row) = self.peek().filter(|row| !row.is_empty()) {
            return Err(self.wrong(format!("expected the end of `#{expected}`, found `{row}`")));
        }
        Ok(block)
    }
}

/// Whether a bad state of the kind of `block` is told in full where it says.
fn is_told(block: &Block, there: &AsIn, before: &Snapshot, section: &Section) -> bool {
    let section =
        if there.scenario == section.scenario { Some(section) } else { before.section(&there.scenario) };
    let is_it = |b: &Block| {
        b.as_in.is_none()
            && (&b.property, &b.witness, b.promised) == (&block.property, &there.witness, block.promised)
    };
    without_numbers(&block.witness) == without_numbers(&there.witness)
        && section.is_some_and(|section| section.blocks.iter().any(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::snapshot;

    const SUBJECT: [&str; 3] = ["toy", "quiet", "loud"];

    fn read(text: &str) -> Result<Snapshot, Error> {
        parse(text, Some(&Subject { target: "toy/write@v1", scenarios: SUBJECT.to_vec() }))
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        let snapshot = snapshot();
        let text = snapshot.text();
        assert_eq!(read(&text).as_ref(), Ok(&snapshot), "{text}");
        assert_eq!(parse(&text, None).as_ref(), Ok(&snapshot));
        let with_header = format!("---\nsource: a test\nexpression: text\n---\n{text}");
        assert_eq!(read(&with_header), Ok(snapshot));
    }

    #[test]
    fn a_damaged_file_names_its_line() {
        let text = snapshot().text();
        let (_, loud) = text.split_once("\nscenario  loud").expect("it is recorded");
        let again = format!("\nscenario  loud{loud}");
        for (from, to, what) in [
            ("variant   ", "varient   ", "expected `variant`"),
            ("toy/write@v1", "toy/write@v2", "this is about `toy/write@v2`, not about `toy/write@v1`"),
            ("searched  36 states", "searched  many states", "no number of states"),
            ("searched  36", "searched  99999999999999999999", "no number of states"),
            ("searched  36 states, 102 transitions\n", "", "expected `searched`"),
            ("scenario  quiet", "scenery   quiet", "expected `scenario`"),
            ("scenario  quiet", "scenario  silent", "has no scenario `silent`"),
            ("scenario  quiet", "scenario  toy", "`toy` is recorded twice"),
            ("scenario  toy", "scenario  loud", "`quiet` stands behind `loud`"),
            ("verdict   violated", "verdict   holds", "a promise is broken below"),
            ("verdict   holds", "verdict   violated", "no promise is broken below"),
            ("verdict   holds", "verdict   unknown", "a recorded verdict is"),
            ("ending    short", "short", "expected `ending`"),
            ("ending    short", "ending    -EFAULT", "out of order, or there twice"),
            ("#2 ", "#two ", "expected `#2`, found `#two`"),
            ("#2 ", "#3 ", "expected `#2`, found `#3`"),
            ("#2 ", "#99999999999999999999 ", "expected `#2`"),
            (
                "#2        stale-read: unit(0) (not promised)",
                "#2        journal-bypass: buffer(0)",
                "there twice",
            ),
            ("as in toy", "as in toy: unit(1)", "nothing of its kind is told in toy: unit(1)"),
            ("as in toy", "as in quiet", "nothing of its kind is told in quiet"),
            ("as in toy", "as in loud", "nothing of its kind is told in loud"),
            ("initial   page", "page", "expected `initial`"),
            ("+      ", "7      ", "no line of a schedule"),
            (again.as_str(), &format!("{again}{again}"), "`loud` is recorded twice"),
            (again.as_str(), &format!("{again}      odd\n"), "expected the end of `#2`"),
            (again.as_str(), &format!("{again}\nodd\n"), "expected `scenario`"),
        ] {
            let damaged = text.replacen(from, to, 1);
            assert_ne!(damaged, text, "`{from}` is in the text\n{text}");
            let error = read(&damaged).err().unwrap_or_else(|| panic!("{to} is accepted"));
            assert!(error.what.contains(what), "{to}: {error}");
            let row = damaged.lines().nth(error.line - 1).unwrap_or("");
            let untouched = text.lines().nth(error.line - 1) == Some(row);
            let elsewhere = ["quiet` stands", "is broken below", "twice", "in loud", "expected `searched`"];
            assert!(!untouched || elsewhere.iter().any(|e| error.what.contains(e)), "{error}");
            let how = "SHORTCOPY_ONLY=toy/write@";
            assert!(error.advice.contains(how) || what == "expected `variant`", "{error}");
        }
    }
}

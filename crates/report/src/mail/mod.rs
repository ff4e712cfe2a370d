//! A bad state as a text to paste into a mail or a commit message: what a user sees of it, and the schedule as the
//! kernel's commit messages show a race, in at most 72 columns.

mod columns;
mod rows;

use std::collections::BTreeSet;
use std::fmt;

use scenario::{BadState, Scenario};
use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use crate::SourceText;
use crate::block::{named, picture, property};
use columns::columns;
use rows::{Detail, Row, everything, rows};

/// No line is wider than this, in columns of a terminal.
pub const WIDTH: usize = 72;

/// What stands to the left of a schedule.
const MARGIN: usize = 2;

/// A schedule with more rows than this is told more briefly.
const ROWS_MAX: usize = 40;

/// Where the text of a paragraph begins.
const INDENT: usize = 11;

/// The steps of a schedule that a reader must see, by the numbers of their scheduling points from 1.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// What the bad state is about.
    pub key: BTreeSet<usize>,
    /// Where something happens that can be seen; none where that is not known, and then it may be anywhere.
    pub telling: Option<BTreeSet<usize>>,
}

impl Steps {
    fn tells(&self, point: usize) -> bool {
        self.telling.as_ref().is_some_and(|telling| telling.contains(&point))
    }
}

/// What is told of a bad state.
#[derive(Clone, Copy)]
pub struct Letter<'r> {
    /// Where it was found: `ext4/journalled@v4.2`.
    pub target: &'r str,
    /// What was asked.
    pub scenario: &'r Scenario,
    /// What was found.
    pub bad: &'r BadState,
    /// Which steps of its schedule are told.
    pub steps: &'r Steps,
    /// Whether a source file defines kernel words, and is no part of a write path: what it does is one line.
    pub is_word: &'r dyn Fn(&str) -> bool,
    /// The text at a line of a source; where there is one, the lines that the bad state is about are told.
    pub text: Option<SourceText<'r>>,
    /// The command that shows the schedule step by step.
    pub replay: Option<&'r str>,
}

impl fmt::Debug for Letter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("target", &self.target).field("bad", &self.bad).finish_non_exhaustive()
    }
}

/// The text; it ends with the end of a line.
#[must_use]
pub fn mail(letter: &Letter<'_>) -> String {
    let Letter { target, scenario, bad, .. } = *letter;
    let mut out = paragraph(&format!("{target}: {}", scenario.sentence));
    let name = named(&bad.property, &bad.witness, bad.promised);
    out += &format!("\n{}", item("broken", &name));
    if let Some(property) = property(scenario, &bad.property) {
        out += &item("", property.sentence);
        out += &item("source", property.source);
        out += &item("effect", property.seen());
    }
    if !bad.schedule.initial.is_empty() {
        out += &item("initially", &bad.schedule.initial);
    }
    let (told, rows) = (letter.rows(), &letter.scenario.views);
    let views: Vec<&str> = rows.iter().map(|view| view.name).collect();
    match bad.schedule.events.is_empty() {
        true => out += "\nThere is no schedule: what is missing is missing on every one.\n",
        false => out += &format!("\n{}", columns(&told, &views)),
    }
    let places = letter.places(&told);
    if !places.is_empty() {
        out += &format!("\n{places}");
    }
    let picture = picture(scenario, &bad.cells);
    if !picture.is_empty() {
        out += "\nIn the end:\n";
        let options = Options::new(WIDTH).initial_indent("  ").subsequent_indent("              ");
        for line in &picture {
            out += &format!("{}\n", textwrap::fill(line, &options));
        }
    }
    if let Some(facts) = &scenario.facts {
        out += &format!("\n{}", paragraph(&facts.legend));
    }
    if let Some(replay) = letter.replay {
        out += &format!("\n{}", command(replay));
    }
    out
}

impl Letter<'_> {
    /// The rows of the schedule: all that matter, or where these are many, less around what it is about.
    fn rows(&self) -> Vec<Row> {
        let events = &self.bad.schedule.events;
        let all;
        let steps = match &self.steps.telling {
            Some(_) => self.steps,
            None => {
                all = Steps { telling: Some(everything(events)), ..self.steps.clone() };
                &all
            }
        };
        let much = rows(events, steps, self.is_word, Detail::Much);
        if much.len() <= ROWS_MAX { much } else { rows(events, steps, self.is_word, Detail::Brief) }
    }

    /// The lines of a kernel's text that the bad state is about.
    fn places(&self, rows: &[Row]) -> String {
        let Some(SourceText(text)) = self.text else { return String::new() };
        let mut known = BTreeSet::new();
        let mut out = String::new();
        for (file, line) in rows.iter().filter_map(|row| row.place.as_ref()) {
            if let Some(text) = text(file, *line).filter(|_| known.insert((file, line))) {
                let place = format!("  {file}:{line}  ");
                let options = Options::new(WIDTH).initial_indent(&place).subsequent_indent("      ");
                out += &format!("{}\n", textwrap::fill(text, options));
            }
        }
        out
    }
}

/// A text of its own, in lines that fit.
#[must_use]
pub fn paragraph(text: &str) -> String {
    format!("{}\n", textwrap::fill(text, WIDTH))
}

/// A command for the shell, in lines that fit: what is too long goes on behind a backslash.
fn command(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let used = lines.last().map_or(0, |line| line.width());
        if used > 0 && used + 1 + word.width() + 2 > WIDTH {
            lines.push(String::new());
        }
        let Some(line) = lines.last_mut() else { continue };
        let gap = if line.is_empty() { "" } else { " " };
        line.push_str(&format!("{gap}{word}"));
    }
    let broken = |line: &String| {
        let letters: Vec<char> = line.chars().collect();
        let parts: Vec<String> = letters.chunks(WIDTH - 2).map(|part| part.iter().collect()).collect();
        parts.join("\\\n")
    };
    format!("{}\n", lines.iter().map(broken).collect::<Vec<_>>().join(" \\\n"))
}

/// A word, and a text beside it.
fn item(word: &str, text: &str) -> String {
    let first = format!("{word:<INDENT$}");
    let next = " ".repeat(INDENT);
    let options = Options::new(WIDTH).initial_indent(&first).subsequent_indent(&next);
    format!("{}\n", textwrap::fill(text, options))
}

#[cfg(test)]
mod tests {
    use scenario::EventKind;

    use super::*;
    use crate::toy;

    fn told(scenario: &Scenario, bad: &BadState, steps: &Steps) -> String {
        mail(&Letter {
            target: "toy/write@v1",
            scenario,
            bad,
            steps,
            is_word: &|_| false,
            text: None,
            replay: Some("shortcopy replay toy/write@v1:toy#1"),
        })
    }

    fn is_narrow(text: &str) -> bool {
        text.lines().all(|line| line.width() <= WIDTH)
    }

    #[test]
    fn the_steps_that_matter_in_columns() {
        let steps = Steps { key: [7, 8].into(), telling: Some([2, 4].into()) };
        insta::assert_snapshot!(told(&toy::scenario(), &toy::outcome().bad[0], &steps));
    }

    #[test]
    fn where_nobody_knows_what_matters_all_is_told() {
        let steps = Steps { key: [8].into(), telling: None };
        let text = told(&toy::scenario(), &toy::outcome().bad[1], &steps);
        assert!(text.contains("set_buffer_new(0)") && !text.contains("..."), "{text}");
    }

    #[test]
    fn no_name_makes_a_line_too_wide() {
        let steps = Steps { key: [7, 8].into(), telling: Some([2, 4].into()) };
        let (scenario, outcome) = (toy::scenario(), toy::outcome());
        for length in [1, 16, 30, 71, 72, 73, 300] {
            for letter in ["x", "\u{6587}", "a_b(", "e\u{301}"] {
                let long = letter.repeat(length);
                let mut bad = outcome.bad[0].clone();
                bad.witness = long.clone();
                bad.schedule.initial = long.clone();
                for (number, event) in bad.schedule.events.iter_mut().enumerate() {
                    event.actor = format!("{}{long}", event.actor.clone());
                    if let EventKind::Step { label, result, .. } = &mut event.kind {
                        *label = format!("{long}{number}");
                        *result = long.clone();
                    }
                }
                let text = told(&Scenario { sentence: long.clone(), ..scenario.clone() }, &bad, &steps);
                assert!(is_narrow(&text), "{text}");
                assert!(text.lines().count() > 10, "{text}");
            }
        }
        let wide = Letter {
            target: "toy/write@v1",
            scenario: &scenario,
            bad: &outcome.bad[0],
            steps: &steps,
            is_word: &|_| false,
            text: None,
            replay: Some(&"x".repeat(200)),
        };
        assert!(is_narrow(&mail(&wide)));
    }

    #[test]
    fn many_actors_take_no_columns() {
        let steps = Steps { key: (1..=12).collect(), telling: None };
        let mut bad = toy::outcome().bad[0].clone();
        bad.schedule.events = (0..12).map(|n| toy::step(&format!("actor-number-{n}"), "lock", "")).collect();
        let text = told(&toy::scenario(), &bad, &steps);
        assert!(is_narrow(&text) && text.contains("  actor-number-11: lock\n"), "{text}");
    }
}

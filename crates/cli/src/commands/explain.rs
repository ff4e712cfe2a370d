//! `shortcopy explain`

use std::collections::BTreeSet;

use scenario::{Entry, Kind, Subject, WritePath, parts};

use crate::arguments::Explain;
use crate::error::Error;
use crate::output::Output;
use crate::rules::{Rule, Rules};
use crate::target::unknown;

/// Columns of a line.
const WIDTH: usize = 80;

/// The subject that no glossary has: rules are data already.
const PROPERTIES: &str = "properties";

/// Explains words; all there are where none is given.
///
/// # Errors
/// A word that nothing uses, or an output that can't be written.
pub(crate) fn explain(
    catalog: &[WritePath],
    glossary: &[Entry],
    arguments: &Explain,
    out: &mut Output,
) -> Result<(), Error> {
    let rules = Rules::of(catalog);
    let mut texts = Vec::new();
    if arguments.words.is_empty() {
        texts.push(format!("{PROPERTIES}\n\n{}", all_rules(&rules)));
        texts.extend(Subject::ALL.map(|about| format!("{}\n\n{}", about.name(), subject(glossary, about))));
    }
    for word in &arguments.words {
        let text = if word == PROPERTIES {
            all_rules(&rules)
        } else if let Some(&about) = Subject::ALL.iter().find(|about| about.name() == word) {
            subject(glossary, about)
        } else {
            let found = [
                rules.find(word).map(|rule| about(&rules, rule)),
                known(glossary, word),
                ending(glossary, word),
                scenario(catalog, glossary, word),
            ];
            let found: Vec<String> = found.into_iter().flatten().collect();
            if found.is_empty() {
                let words = glossary.iter().map(|entry| entry.word.as_str());
                let subjects = Subject::ALL.iter().map(|about| about.name()).chain([PROPERTIES]);
                let scenarios = catalog.iter().flat_map(|path| &path.variants).flat_map(|v| &v.cases);
                let all =
                    rules.names().chain(words).chain(subjects).chain(scenarios.map(|c| c.name.as_str()));
                return Err(unknown("word", word, all));
            }
            found.join("\n\n")
        };
        texts.push(text);
    }
    out.line(&filled(&texts.join("\n\n"), out.width().unwrap_or(WIDTH)))?;
    Ok(())
}

/// What stands before each line under a heading.
const INDENT: &str = "  ";

/// A paragraph under a heading; its lines are as long as they are.
fn paragraph(heading: &str, lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("{INDENT}{line}"));
    [heading.to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

/// Paragraphs with lines that are no longer than `width`. Where there are several under a heading, what is left of one
/// stands further to the right.
fn filled(text: &str, width: usize) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let is_under_heading = |at: usize| lines.get(at).is_some_and(|line| line.starts_with(INDENT));
    let fill = |(at, line): (usize, &&str)| {
        let is_alone = !is_under_heading(at + 1) && !at.checked_sub(1).is_some_and(is_under_heading);
        let hanging = if is_alone { INDENT } else { "    " };
        textwrap::fill(line, textwrap::Options::new(width).subsequent_indent(hanging).break_words(false))
    };
    lines.iter().enumerate().map(fill).collect::<Vec<_>>().join("\n")
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).chain(['.']).collect()
}

/// A word, and beside it what it means.
fn entry(entry: &Entry) -> String {
    let letter = if entry.letter.is_empty() { String::new() } else { format!("{}  ", entry.letter) };
    paragraph(&format!("{letter}{}", entry.word), std::slice::from_ref(&entry.meaning))
}

fn subject(glossary: &[Entry], about: Subject) -> String {
    let all = glossary.iter().filter(|entry| entry.subject == about).map(entry);
    all.collect::<Vec<_>>().join("\n")
}

/// The entries of a word.
fn known(glossary: &[Entry], word: &str) -> Option<String> {
    let all: Vec<String> = glossary.iter().filter(|entry| entry.word == word).map(entry).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// An ending: its letters, or its words with commas between.
fn ending(glossary: &[Entry], word: &str) -> Option<String> {
    let terms: Vec<&Entry> = glossary.iter().filter(|entry| entry.subject == Subject::Endings).collect();
    let by_letters = word.chars().map(|letter| terms.iter().find(|term| term.letter == letter.to_string()));
    let by_words = word.split(", ").map(|words| terms.iter().find(|term| term.word == words));
    let found: Option<Vec<_>> = by_letters.collect::<Option<_>>().or_else(|| {
        // One term is a word of the glossary.
        by_words.collect::<Option<Vec<_>>>().filter(|terms| terms.len() > 1)
    });
    let text = found?.into_iter().map(|term| entry(term)).collect::<Vec<_>>().join("\n");
    (!text.is_empty()).then_some(text)
}

/// A scenario by its name, or as a target: what it is about, and what its name is put together from.
fn scenario(catalog: &[WritePath], glossary: &[Entry], word: &str) -> Option<String> {
    let name = word.rsplit_once(':').map_or(word, |(_, name)| name);
    let mut cases = catalog.iter().rev().flat_map(|path| path.variants.iter().rev()).flat_map(|v| &v.cases);
    let scenario = (cases.find(|case| case.name == name)?.build)();
    let mut lines = vec![sentence(&scenario.sentence)];
    lines.extend(parts(glossary, name).into_iter().map(|part| match part {
        Ok(entry) => format!("{}: {}", entry.word, entry.meaning),
        Err(word) => word.to_owned(),
    }));
    let actors: BTreeSet<&str> = scenario.actors.iter().map(|actor| actor.name).collect();
    let actors = actors.into_iter().collect::<Vec<_>>().join(", ");
    lines.push(format!("Actors: {actors}. Initial states: {}.", scenario.initial.len()));
    Some(paragraph(name, &lines))
}

/// A rule, who promises it, and where it comes from.
fn about(rules: &Rules, rule: &Rule) -> String {
    let list = |paths: &BTreeSet<String>| paths.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let promised = match (rule.promised_by.len(), rule.told_of.len()) {
        (0, _) => "Promised by nobody: it is told, and is no violation.".to_owned(),
        (some, 0) if some == rules.asked() => "Promised by all.".to_owned(),
        (_, 0) => format!("Promised by {}; the others are not asked.", list(&rule.promised_by)),
        _ => format!("Promised by {}; not by {}.", list(&rule.promised_by), list(&rule.told_of)),
    };
    let lines = [
        sentence(rule.property.sentence),
        format!("Looked at {}. {promised}", when(rule.property.kind)),
        format!("Source: {}", rule.property.source),
    ];
    paragraph(rule.property.id, &lines)
}

fn all_rules(rules: &Rules) -> String {
    rules.iter().map(|rule| about(rules, rule)).collect::<Vec<_>>().join("\n")
}

fn when(kind: Kind) -> &'static str {
    match kind {
        Kind::Always => "in every state",
        Kind::Event => "when an actor does something",
        Kind::Finally => "at rest, when all actors are done",
        Kind::Crash => "in every state, in what recovery would make of the disk",
        Kind::Reachable => "when the search is done",
    }
}

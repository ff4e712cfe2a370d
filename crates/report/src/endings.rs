//! Variants against patterns: how a run of each scenario can end.
//!
//! A scenario's name is a group and a pattern, `within-invalid`; each group has a table, each pattern a
//! column. A scenario whose name continues another's, `within-invalid-with-reader`, asks the same with more
//! around it and has no column. Nor have columns that tell nothing of their own: they are told below.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scenario::Ending;
use serde::Serialize;

/// How the runs of one scenario of one variant end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) endings: BTreeSet<Ending>,
    /// Whether the search was cut.
    pub(crate) cut: bool,
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.endings.iter().map(letters);
        let mut words: Vec<String> = letters.collect::<BTreeSet<_>>().into_iter().collect();
        words.extend(self.cut.then(|| "?".to_owned()));
        f.pad(&words.join(" "))
    }
}

/// An ending in a cell.
fn letters(ending: &Ending) -> String {
    let letters = ending.letters();
    if letters.is_empty() { ".".to_owned() } else { letters }
}

/// An ending as JSON.
#[derive(Serialize)]
pub(crate) struct Told<'m> {
    scenario: &'m str,
    endings: Vec<String>,
    cut: bool,
}

/// A row: what it is called, and how each scenario that it was asked ends, in their order.
pub(crate) struct Row<'m> {
    pub(crate) name: String,
    pub(crate) scenarios: &'m [(String, Ends)],
}

impl<'m> Row<'m> {
    fn ends(&self, scenario: &str) -> Option<&'m Ends> {
        self.scenarios.iter().find(|(name, _)| name == scenario).map(|(_, ends)| ends)
    }

    fn cell(&self, scenario: &str) -> String {
        self.ends(scenario).map_or("-".to_owned(), ToString::to_string)
    }
}

/// Every scenario of a row, for programs.
pub(crate) fn told(scenarios: &[(String, Ends)]) -> Vec<Told<'_>> {
    scenarios
        .iter()
        .map(|(scenario, ends)| Told {
            scenario,
            endings: ends.endings.iter().map(ToString::to_string).collect(),
            cut: ends.cut,
        })
        .collect()
}

/// Group and pattern of a scenario's name.
fn parts(scenario: &str) -> (&str, &str) {
    scenario.split_once('-').unwrap_or(("", scenario))
}

/// The tables, and what their letters mean; empty where no scenario tells how it ends. `title` stands
/// over the rows' names.
pub(crate) fn tables(title: &str, rows: &[Row<'_>]) -> String {
    let mut scenarios: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| row.scenarios) {
        if !scenarios.contains(&name.as_str()) {
            scenarios.push(name);
        }
    }
    let continues = |name: &str, other: &&str| name.strip_prefix(*other).is_some_and(|r| r.starts_with('-'));
    let all = scenarios.clone();
    scenarios.retain(|name| !all.iter().any(|other| continues(name, other)));
    let mut groups: Vec<&str> = Vec::new();
    for (group, _) in scenarios.iter().map(|name| parts(name)) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let of =
        |group: &str| scenarios.iter().copied().filter(|name| parts(name).0 == group).collect::<Vec<_>>();
    let tables: Vec<String> = groups.iter().map(|group| table(title, group, &of(group), rows)).collect();
    match tables.is_empty() {
        true => String::new(),
        false => format!("{}\n{}", tables.join("\n"), legend(&scenarios, rows)),
    }
}

fn table(title: &str, group: &str, scenarios: &[&str], rows: &[Row<'_>]) -> String {
    let mut shown: Vec<(&str, Vec<String>)> = Vec::new();
    // What is the same in all rows, by what it is.
    let mut even: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut alike: Vec<(&str, &str)> = Vec::new();
    for scenario in scenarios {
        let cells: Vec<String> = rows.iter().map(|row| row.cell(scenario)).collect();
        let pattern = parts(scenario).1;
        if rows.len() > 1 && cells.iter().all(|cell| *cell == cells[0]) {
            even.entry(cells[0].clone()).or_default().push(pattern);
        } else if let Some((other, _)) = shown.iter().find(|(_, known)| rows.len() > 1 && *known == cells) {
            alike.push((pattern, other));
        } else {
            shown.push((pattern, cells));
        }
    }
    let heading = [title, group].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let mut out = String::new();
    if !shown.is_empty() {
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
        out += &columns(&heading, &names, &shown);
    }
    let mut notes: Vec<String> = even
        .iter()
        .map(|(cell, patterns)| {
            let cell = if cell.is_empty() { "nothing".to_owned() } else { format!("`{cell}`") };
            format!("{cell} everywhere: {}", patterns.join(", "))
        })
        .collect();
    let mut models: Vec<&str> = alike.iter().map(|(_, other)| *other).collect();
    models.dedup();
    for model in shown.iter().map(|(name, _)| *name).filter(|name| models.contains(name)) {
        let like: Vec<&str> = alike.iter().filter(|(_, other)| *other == model).map(|(p, _)| *p).collect();
        notes.push(format!("as {model}: {}", like.join(", ")));
    }
    if !notes.is_empty() {
        let gap = if shown.is_empty() { "" } else { "\n" };
        let heading = if group.is_empty() { "Besides".to_owned() } else { format!("Besides, {group}") };
        out += &format!("{gap}{heading}: {}.\n", notes.join("; "));
    }
    out
}

/// A table that Markdown reads too.
fn columns(heading: &str, names: &[String], shown: &[(&str, Vec<String>)]) -> String {
    let long = |text: &str| text.chars().count();
    let first = names.iter().map(|name| long(name)).fold(long(heading), usize::max);
    let widths: Vec<usize> = shown
        .iter()
        .map(|(pattern, cells)| cells.iter().map(|cell| long(cell)).fold(long(pattern), usize::max))
        .collect();
    let line = |name: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths).map(|(cell, width)| format!(" {cell:width$} |"));
        format!("| {name:first$} |{}\n", cells.collect::<String>())
    };
    let mut out = line(heading, &mut shown.iter().map(|(pattern, _)| *pattern));
    let rules = std::iter::once(&first).chain(&widths).map(|width| format!("{:-<1$}|", "", width + 2));
    out += &format!("|{}\n", rules.collect::<String>());
    for (at, name) in names.iter().enumerate() {
        out += &line(name, &mut shown.iter().map(|(_, cells)| cells[at].as_str()));
    }
    out
}

fn legend(scenarios: &[&str], rows: &[Row<'_>]) -> String {
    let ends = scenarios.iter().flat_map(|scenario| rows.iter().filter_map(|row| row.ends(scenario)));
    // By where in an ending a letter stands first.
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, term) in
        ends.flat_map(|ends| &ends.endings).flat_map(|ending| ending.terms.iter().enumerate())
    {
        let known = places.entry((&term.letter, &term.words)).or_insert(place);
        *known = place.min(*known);
    }
    let mut terms: Vec<_> =
        places.into_iter().map(|((letter, words), place)| (place, letter, words)).collect();
    terms.sort_unstable();
    let (said, unsaid): (Vec<_>, Vec<_>) = terms.into_iter().partition(|(_, letter, _)| !letter.is_empty());
    let said: Vec<String> = said.iter().map(|(_, letter, words)| format!("`{letter}` {words}")).collect();
    let unsaid: Vec<&str> = unsaid.iter().map(|(.., words)| *words).collect();
    let unsaid = match unsaid.is_empty() {
        true => String::new(),
        false => format!(" Not said: {}.", unsaid.join(", ")),
    };
    format!("Every way in which a run can end: {}.{unsaid}\n{LEGEND}\n", said.join(", "))
}

const LEGEND: &str =
    "`?`: the search was cut, there may be more; `-`: not asked; empty: no run comes to its end.";

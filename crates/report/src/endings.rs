//! Variants against patterns: how a run of each scenario can end.
//!
//! A scenario's name is a group and a pattern, `within-invalid`; each group has a table, each pattern a
//! column. A scenario whose name continues another's, `within-invalid-with-reader`, asks the same with more
//! around it and has no column. Nor have columns that tell nothing of their own: they are told below.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scenario::Ending;
use serde::Serialize;

use crate::table::{Column, paragraph, table};

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
pub(crate) fn tables(title: &str, rows: &[Row<'_>], room: Option<usize>) -> String {
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
    let tables: Vec<String> =
        groups.iter().map(|group| table_of(title, group, &of(group), rows, room)).collect();
    match tables.is_empty() {
        true => String::new(),
        false => format!("{}\n{}", tables.join("\n"), legend(&scenarios, rows, room)),
    }
}

fn table_of(title: &str, group: &str, scenarios: &[&str], rows: &[Row<'_>], room: Option<usize>) -> String {
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
        let column = |heading: &str, cells: Vec<String>| Column {
            heading: heading.to_owned(),
            cells,
            is_number: false,
        };
        let names = column(&heading, rows.iter().map(|row| row.name.clone()).collect());
        let columns: Vec<Column> = shown.iter().map(|(name, cells)| column(name, cells.clone())).collect();
        out += &table(&names, &columns, room);
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
        let said = format!("{heading}: {}.", notes.join("; "));
        out += &format!("{gap}{}\n", paragraph(&said, room));
    }
    out
}

fn legend(scenarios: &[&str], rows: &[Row<'_>], room: Option<usize>) -> String {
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
    let cells = "A cell holds every way in which a run of the scenario can end";
    let told = paragraph(&format!("{cells}: {}.{unsaid}", said.join(", ")), room);
    format!("{told}\n{}\n", paragraph(LEGEND, room))
}

const LEGEND: &str =
    "`?`: the search was cut, there may be more; `-`: not asked; empty: no run comes to its end.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Finding;
    use crate::{Matrix, toy};
    use scenario::{Bound, Coverage, Outcome, Scenario};

    const WHOLE: [(&str, &str); 2] = [("W", "whole"), ("", "size kept")];
    const SHORT: [(&str, &str); 2] = [("S", "short"), ("", "size kept")];
    const FAULT: [(&str, &str); 2] = [("F", "-EFAULT"), ("", "size kept")];
    const ZEROS: [(&str, &str); 3] = [("F", "-EFAULT"), ("", "size kept"), ("0", "rest zeros")];

    fn add(matrix: &mut Matrix, target: (&str, &str), name: &str, endings: &[&[(&str, &str)]], cut: bool) {
        let scenario = Scenario { name: name.to_owned(), ..toy::scenario() };
        let coverage = if cut { Coverage::Cut { bound: Bound::Time } } else { Coverage::Exhausted };
        let endings = endings.iter().map(|terms| Ending::of(terms)).collect();
        let outcome = Outcome { bad: Vec::new(), endings, coverage, ..toy::outcome() };
        let (path, variant) = target;
        matrix.add(Finding {
            path,
            variant,
            stands: None,
            scenario: &scenario,
            engine: "explicit",
            outcome: &outcome,
        });
    }

    fn endings_of(matrix: &Matrix) -> String {
        let text = matrix.to_string();
        let at = text.find("writer alone.\n").expect("the legend of the bad states");
        text[at..].lines().skip(2).map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn one_glance_shows_who_answers_otherwise() {
        let mut matrix = Matrix::default();
        for (target, invalid, half) in [
            (("toy/a", "v1"), &[&FAULT[..]][..], &[&FAULT[..]][..]),
            (("toy/a", "v2"), &[&FAULT], &[&SHORT, &FAULT]),
            (("toy/b", "v2"), &[&ZEROS, &FAULT], &[&ZEROS]),
        ] {
            add(&mut matrix, target, "within-absent", &[&WHOLE], false);
            add(&mut matrix, target, "within-invalid", invalid, false);
            add(&mut matrix, target, "within-unmapped", invalid, false);
            add(&mut matrix, target, "within-straddling-invalid", half, target.0 == "toy/b");
            add(&mut matrix, target, "within-invalid-with-reader", &[&WHOLE], false);
            add(&mut matrix, target, "beyond-invalid", &[&FAULT], false);
        }
        add(&mut matrix, ("toy/b", "v2"), "within-tagged", &[], false);
        insta::assert_snapshot!(endings_of(&matrix), @r"
        | within     | invalid | straddling-invalid | tagged |
        |------------|---------|--------------------|--------|
        | `toy/a@v1` | F       | F                  | -      |
        | `toy/a@v2` | F       | F S                | -      |
        | `toy/b@v2` | F F0    | F0 ?               |        |

        Besides, within: `W` everywhere: absent; as invalid: unmapped.

        Besides, beyond: `F` everywhere: invalid.

        A cell holds every way in which a run of the scenario can end: `F` -EFAULT, `S` short, `W` whole, `0` rest zeros. Not said: size kept.
        `?`: the search was cut, there may be more; `-`: not asked; empty: no run comes to its end.
        ");
    }

    #[test]
    fn a_single_variant_has_all_its_columns() {
        let mut matrix = Matrix::default();
        add(&mut matrix, ("toy/a", "v1"), "within-absent", &[&WHOLE], false);
        add(&mut matrix, ("toy/a", "v1"), "within-resident", &[&WHOLE], false);
        add(&mut matrix, ("toy/a", "v1"), "alone", &[&[("", "done")]], false);
        insta::assert_snapshot!(endings_of(&matrix), @r"
        | toy/a, within | absent | resident |
        |---------------|--------|----------|
        | `v1`          | W      | W        |

        | toy/a | alone |
        |-------|-------|
        | `v1`  | .     |

        A cell holds every way in which a run of the scenario can end: `W` whole. Not said: done, size kept.
        `?`: the search was cut, there may be more; `-`: not asked; empty: no run comes to its end.
        ");
    }

    #[test]
    fn what_tells_no_ending_has_no_table() {
        let mut matrix = Matrix::default();
        let scenario = Scenario { ending: None, ..toy::scenario() };
        let outcome = Outcome { endings: Vec::new(), ..toy::outcome() };
        let (path, variant) = ("toy/a", "v1");
        matrix.add(Finding {
            path,
            variant,
            stands: None,
            scenario: &scenario,
            engine: "explicit",
            outcome: &outcome,
        });
        assert_eq!(endings_of(&matrix), "");
    }

    #[test]
    fn a_program_gets_every_scenario_in_words() {
        let mut matrix = Matrix::default();
        add(&mut matrix, ("toy/a", "v1"), "within-invalid", &[&ZEROS, &FAULT], false);
        add(&mut matrix, ("toy/a", "v1"), "within-invalid-with-reader", &[&WHOLE], true);
        let lines = matrix.json_lines().expect("plain data");
        let [line] = &lines[..] else { panic!("one variant, one line: {lines:?}") };
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let scenarios = serde_json::json!([
            {"scenario": "within-invalid", "endings": ["-EFAULT, size kept", "-EFAULT, size kept, rest zeros"], "cut": false},
            {"scenario": "within-invalid-with-reader", "endings": ["whole, size kept"], "cut": true},
        ]);
        assert_eq!(value["scenarios"], scenarios);
        let known =
            value["properties"].as_array().expect("a list").iter().find(|p| p["property"] == "stale-read");
        let stale_read = serde_json::json!({
            "property": "stale-read", "promised": false, "cut": true, "asked": "all",
            "steps_alone": null, "steps_together": null,
        });
        assert_eq!(known, Some(&stale_read));
    }
}

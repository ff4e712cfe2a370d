//! Variants against properties, and against the ways that runs end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scenario::{Coverage, Outcome, Releases, Scenario};
use serde::Serialize;

use crate::endings::{self, Ends, Told};
use crate::json::{Finding, tagged};
use crate::table::{Column, paragraph, table};

/// What is known about a variant and a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// The length of the shortest schedule in which one actor is enough.
    alone: Option<usize>,
    /// The length of the shortest one otherwise.
    together: Option<usize>,
    /// Whether a search that looked at the property was cut.
    cut: bool,
    /// Whether the file system does not promise it.
    unpromised: bool,
    /// How much of what looks at the property was asked.
    asked: Asked,
}

/// How much was asked of all that could be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// Every scenario there is.
    #[default]
    All,
    /// Not every one, but all that can be beside the writer were, in some scenario.
    InPart,
    /// Beside some of them only: the writer alone, mostly.
    BesideSome,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = if self.cut { "?" } else { "" };
        let text = match (self.alone, self.together) {
            (Some(length), _) => format!("{length}{cut}"),
            (None, Some(length)) => format!("{length}+{cut}"),
            (None, None) => cut.to_owned(),
        };
        f.pad(&match (text.as_str(), self.asked) {
            ("", Asked::All) => String::new(),
            ("", Asked::InPart) => ".".to_owned(),
            ("", Asked::BesideSome) => "part".to_owned(),
            _ if self.unpromised => format!("({text})"),
            _ => text,
        })
    }
}

impl Cell {
    /// Whether there is more to tell than that nothing was found.
    fn says_something(&self) -> bool {
        self.alone.is_some() || self.together.is_some() || self.cut
    }
}

/// Variants against properties, the length of the shortest schedule that breaks each; and variants against
/// scenarios, how the runs of each can end.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// The variants, in the order in which they came.
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    path: String,
    variant: String,
    /// The releases in which it stands, where it does in some.
    stands: Option<Releases>,
    /// The properties that were looked at, and what is known.
    cells: BTreeMap<String, Cell>,
    /// The scenarios that tell how their runs end.
    scenarios: Vec<(String, Ends)>,
    /// By property, whom the scenarios that look at it let act.
    actors: BTreeMap<String, Actors>,
}

/// Who acts in some scenarios.
#[derive(Clone, Debug, Default)]
struct Actors {
    /// In those that were asked.
    asked: BTreeSet<&'static str>,
    /// In those that were not; none if all were asked.
    left: Option<BTreeSet<&'static str>>,
}

impl Actors {
    fn asked(&self) -> Asked {
        match &self.left {
            None => Asked::All,
            Some(left) if left.is_subset(&self.asked) => Asked::InPart,
            Some(_) => Asked::BesideSome,
        }
    }
}

impl Matrix {
    /// Takes a result into account.
    pub fn add(&mut self, finding: Finding<'_>) {
        let Finding { path, variant, stands, scenario, outcome, .. } = finding;
        let row = self.row(path, variant);
        row.stands = stands;
        let cut = outcome.coverage != Coverage::Exhausted;
        for property in scenario.properties.iter().chain(&scenario::built_in::ALL) {
            let cell = row.cells.entry(property.id.to_owned()).or_default();
            cell.cut |= cut;
            cell.unpromised |= !property.promised;
            let actors = row.actors.entry(property.id.to_owned()).or_default();
            actors.asked.extend(scenario.actors.iter().map(|actor| actor.name));
            cell.asked = actors.asked();
        }
        add_bad(&mut row.cells, scenario, outcome);
        if scenario.ending.is_some() {
            let new = || (scenario.name.clone(), Ends::default());
            let (_, ends) = or_push(&mut row.scenarios, |(name, _)| *name == scenario.name, new);
            ends.cut |= cut;
            ends.endings.extend(outcome.endings.iter().cloned());
        }
    }

    /// Takes into account in which releases a variant stands.
    pub fn stands(&mut self, path: &str, variant: &str, releases: Option<Releases>) {
        self.row(path, variant).stands = releases;
    }

    /// Takes into account that a scenario of a variant was not asked, though it could have been.
    pub fn leave_out(&mut self, path: &str, variant: &str, scenario: &Scenario) {
        let row = self.row(path, variant);
        for property in scenario.properties.iter().chain(&scenario::built_in::ALL) {
            let actors = row.actors.entry(property.id.to_owned()).or_default();
            actors.left.get_or_insert_default().extend(scenario.actors.iter().map(|actor| actor.name));
            if let Some(cell) = row.cells.get_mut(property.id) {
                cell.asked = actors.asked();
            }
        }
    }

    fn row(&mut self, path: &str, variant: &str) -> &mut Row {
        let new = || Row {
            path: path.to_owned(),
            variant: variant.to_owned(),
            stands: None,
            cells: BTreeMap::new(),
            scenarios: Vec::new(),
            actors: BTreeMap::new(),
        };
        or_push(&mut self.rows, |row| row.path == path && row.variant == variant, new)
    }

    /// The same for the variants that are kept: path and name.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str, &str) -> bool) -> Matrix {
        Matrix { rows: self.rows.iter().filter(|row| keep(&row.path, &row.variant)).cloned().collect() }
    }

    /// The write path, if there is only one.
    fn only_path(&self) -> Option<&str> {
        let first = self.rows.first()?.path.as_str();
        self.rows.iter().all(|row| row.path == first).then_some(first)
    }

    /// A row's name: where there are several write paths, with that.
    fn name(&self, row: &Row) -> String {
        match self.only_path() {
            Some(_) => format!("`{}`", row.variant),
            None => format!("`{}@{}`", row.path, row.variant),
        }
    }

    /// What is known of each variant and property that was looked at.
    #[must_use]
    pub(crate) fn entries(&self) -> Vec<Entry<'_>> {
        let said = |cell: &Cell| (cell.to_string(), !cell.unpromised, cell.says_something());
        let entries = self.rows.iter().map(|Row { path, variant, stands, cells, .. }| {
            let cells = cells.iter().map(|(id, cell)| (id.as_str(), said(cell))).collect();
            Entry { path, variant, stands: stands.map(|releases| releases.to_string()), cells }
        });
        entries.collect()
    }

    /// A line of JSON for each variant.
    ///
    /// # Errors
    /// None that is known: all that is written is text and numbers.
    pub fn json_lines(&self) -> Result<Vec<String>, serde_json::Error> {
        let line = |row: &Row| {
            let properties = row.cells.iter().map(|(id, cell)| Known {
                property: id,
                promised: !cell.unpromised,
                cut: cell.cut,
                asked: cell.asked,
                steps_alone: cell.alone,
                steps_together: cell.together,
            });
            tagged(
                "variant",
                &Line {
                    path: &row.path,
                    variant: &row.variant,
                    stands: row.stands.map(|releases| releases.to_string()),
                    properties: properties.collect(),
                    scenarios: endings::told(&row.scenarios),
                },
            )
        };
        self.rows.iter().map(line).collect()
    }
}

/// What is known of a variant.
#[derive(Serialize)]
pub(crate) struct Entry<'m> {
    path: &'m str,
    variant: &'m str,
    stands: Option<String>,
    /// By property: what the table says, whether it is promised, and whether there is more to tell than that nothing was
    /// found.
    cells: BTreeMap<&'m str, (String, bool, bool)>,
}

#[derive(Serialize)]
struct Line<'m> {
    path: &'m str,
    variant: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<String>,
    properties: Vec<Known<'m>>,
    /// Those that tell how their runs end.
    scenarios: Vec<Told<'m>>,
}

#[derive(Serialize)]
struct Known<'m> {
    property: &'m str,
    promised: bool,
    cut: bool,
    asked: Asked,
    steps_alone: Option<usize>,
    steps_together: Option<usize>,
}

/// The first item that is it, or a new one at the end.
fn or_push<T>(items: &mut Vec<T>, is_it: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> &mut T {
    let at = items.iter().position(is_it).unwrap_or(items.len());
    if at == items.len() {
        items.push(new());
    }
    &mut items[at]
}

fn add_bad(cells: &mut BTreeMap<String, Cell>, scenario: &Scenario, outcome: &Outcome) {
    for bad in &outcome.bad {
        let cell = cells.entry(bad.property.clone()).or_default();
        let steps = bad.schedule.steps();
        let is_actor = |name: &&str| scenario.actors.iter().any(|a| a.name == *name);
        let together = bad.schedule.actors().into_iter().filter(is_actor).count() > 1;
        let best = if together { &mut cell.together } else { &mut cell.alone };
        *best = Some(best.map_or(steps, |least| least.min(steps)));
    }
}

impl Matrix {
    /// Tables that Markdown reads too, and the properties that have no column. Where a line would take more than `room`
    /// columns, the tables are parted.
    #[must_use]
    pub fn text(&self, room: Option<usize>) -> String {
        let looked_at: BTreeSet<&str> =
            self.rows.iter().flat_map(|row| row.cells.keys().map(String::as_str)).collect();
        let says =
            |id: &&str| self.rows.iter().any(|row| row.cells.get(*id).is_some_and(Cell::says_something));
        let (shown, quiet): (Vec<&str>, Vec<&str>) = looked_at.into_iter().partition(says);

        let column = |heading: &str, is_number, cell: &dyn Fn(&Row) -> String| Column {
            heading: heading.to_owned(),
            cells: self.rows.iter().map(cell).collect(),
            is_number,
        };
        let names = column(self.only_path().unwrap_or("path and variant"), false, &|row| self.name(row));
        // Of a tree, and of models that are of no kernel, there are none.
        let dated = self.rows.iter().any(|row| row.stands.is_some());
        let stands = |row: &Row| row.stands.map_or("-".to_owned(), |releases| releases.to_string());
        let mut columns: Vec<Column> =
            dated.then(|| column("releases", false, &stands)).into_iter().collect();
        let cell = |row: &Row, id: &str| row.cells.get(id).map_or("-".to_owned(), Cell::to_string);
        columns.extend(shown.iter().map(|id| column(id, true, &|row| cell(row, id))));
        let mut text = table(&names, &columns, room);
        let mut tell = |said: &str| text += &format!("{}\n", paragraph(said, room));
        if !quiet.is_empty() {
            let list: Vec<String> = quiet.iter().map(|id| format!("`{id}`")).collect();
            let cells = self.rows.iter().flat_map(|row| quiet.iter().filter_map(|id| row.cells.get(*id)));
            let part = match cells.map(|cell| cell.asked).max() {
                None | Some(Asked::All) => "",
                Some(Asked::InPart) => " in the part that was asked",
                Some(Asked::BesideSome) => {
                    " in the part that was asked, which for some is the writer almost alone"
                }
            };
            tell("");
            tell(&format!("Looked at and nowhere broken{part}: {}.", list.join(", ")));
        }
        tell("");
        tell(LEGEND);
        if dated {
            tell(LEGEND_OF_RELEASES);
        }

        let row = |row| endings::Row { name: self.name(row), scenarios: &row.scenarios };
        let rows: Vec<endings::Row<'_>> = self.rows.iter().map(row).collect();
        let tables = endings::tables(self.only_path().unwrap_or(""), &rows, room);
        if !tables.is_empty() {
            text += &format!("\n{tables}");
        }
        text
    }
}

impl fmt::Display for Matrix {
    /// As wide as the tables are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(None))
    }
}

const LEGEND: &str = "\
A number is the length in steps of the shortest schedule that breaks the property in the scenarios that were asked;
`+`: in none of them one actor is enough; `( )`: the file system does not promise it; `?`: a search was cut, and there
may be something, or something shorter; `-`: nothing looks at it. Not broken, and all of what was asked was looked at:
empty where every scenario but those of `--deep` was asked; `.` where the rest takes `--all`, but whoever can be beside
the writer was, in some scenario; `part` where somebody never was, mostly because the variant is asked by default of the
writer alone.";

const LEGEND_OF_RELEASES: &str = "\
Releases: those in whose text the variant stands, up to the newest that was read (`..`); `-`: none, it was proposed or
left again before a release.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;
    use scenario::Bound;

    fn add(matrix: &mut Matrix, variant: &str, scenario: &Scenario, outcome: &Outcome) {
        let finding =
            Finding { path: "toy/write", variant, stands: None, scenario, engine: "explicit", outcome };
        matrix.add(finding);
    }

    /// Not broken in all that could be asked is one thing, not broken in the part that was asked another.
    #[test]
    fn what_was_not_asked_never_leaves_a_cell_empty() {
        let (scenario, found) = (toy::scenario(), toy::outcome());
        let nothing = Outcome { bad: Vec::new(), ..found.clone() };
        let mut crowd = scenario.clone();
        let mut reader = crowd.actors[0].clone();
        reader.name = "another one";
        crowd.actors.push(reader);
        let mut matrix = Matrix::default();
        add(&mut matrix, "found", &scenario, &found);
        for (variant, left) in [("whole", None), ("in part", Some(&scenario)), ("alone", Some(&crowd))] {
            add(&mut matrix, variant, &scenario, &nothing);
            if let Some(left) = left {
                matrix.leave_out("toy/write", variant, left);
            }
        }
        let text = matrix.to_string();
        let of = |row: &str| -> Vec<&str> {
            let line = text.lines().find(|line| line.contains(&format!("`{row}`"))).expect("a row");
            line.split('|').skip(2).map(str::trim).filter(|cell| !cell.is_empty()).collect()
        };
        assert!(of("whole").is_empty(), "{text}");
        assert_eq!(of("in part"), [".", "."], "{text}");
        assert_eq!(of("alone"), ["part", "part"], "{text}");
        assert!(text.contains("nowhere broken in the part that was asked, which"), "{text}");
        let json = matrix.json_lines().expect("JSON");
        for (line, asked) in json.iter().zip(["all", "all", "in-part", "beside-some"]) {
            assert!(line.contains(&format!(r#""cut":false,"asked":"{asked}""#)), "{line}");
        }
    }

    /// What is shortest, and whether one actor is enough, is not known where a search was cut.
    #[test]
    fn a_number_of_a_cut_search_says_so() {
        let (scenario, found) = (toy::scenario(), toy::outcome());
        let cut = Outcome { coverage: Coverage::Cut { bound: Bound::States }, ..found };
        let mut matrix = Matrix::default();
        add(&mut matrix, "cut", &scenario, &cut);
        assert!(matrix.to_string().contains(" 8+? |"), "{matrix}");
    }

    #[test]
    fn a_cut_search_never_leaves_a_cell_empty() {
        let (scenario, found) = (toy::scenario(), toy::outcome());
        let mut alone = found.clone();
        alone.bad.truncate(1);
        alone.bad[0].schedule.events.retain(|e| e.actor != "munmap");
        let nothing = Outcome { bad: Vec::new(), ..found.clone() };
        let cut = Outcome { coverage: Coverage::Cut { bound: Bound::States }, ..nothing.clone() };
        let mut matrix = Matrix::default();
        for (variant, outcome) in
            [("found", &found), ("nothing", &nothing), ("both", &found), ("both", &alone), ("cut", &cut)]
        {
            add(&mut matrix, variant, &scenario, outcome);
        }
        insta::assert_snapshot!(matrix, @r"
        | toy/write | deadlock | empty | journal-bypass | kernel-bug | livelock | stale-read | unkillable |
        |-----------|---------:|------:|---------------:|-----------:|---------:|-----------:|-----------:|
        | `found`   |          |       |             8+ |            |          |       (8+) |            |
        | `nothing` |          |       |                |            |          |            |            |
        | `both`    |          |       |              7 |            |          |       (8+) |            |
        | `cut`     |        ? |     ? |              ? |          ? |        ? |        (?) |          ? |

        A number is the length in steps of the shortest schedule that breaks the property in the scenarios that were asked;
        `+`: in none of them one actor is enough; `( )`: the file system does not promise it; `?`: a search was cut, and there
        may be something, or something shorter; `-`: nothing looks at it. Not broken, and all of what was asked was looked at:
        empty where every scenario but those of `--deep` was asked; `.` where the rest takes `--all`, but whoever can be beside
        the writer was, in some scenario; `part` where somebody never was, mostly because the variant is asked by default of the
        writer alone.

        | toy/write | toy    |
        |-----------|--------|
        | `found`   | F0 S   |
        | `nothing` | F0 S   |
        | `both`    | F0 S   |
        | `cut`     | F0 S ? |

        A cell holds every way in which a run of the scenario can end: `F` -EFAULT, `S` short, `0` rest zeros. Not said: size kept.
        `?`: the search was cut, there may be more; `-`: not asked; empty: no run comes to its end.
        ");
    }
}

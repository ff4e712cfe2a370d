//! Variants against properties, and against the ways that runs end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scenario::{Coverage, Outcome, Scenario};
use serde::Serialize;

use crate::endings::{self, Ends, Told};
use crate::json::Finding;

/// What is known about a variant and a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// The length of the shortest schedule in which one actor is enough.
    alone: Option<usize>,
    /// The length of the shortest one otherwise.
    together: Option<usize>,
    /// Whether a search that looked at the property was cut.
    cut: bool,
    /// Whether the file system promises it.
    unpromised: bool,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.alone, self.together) {
            (Some(length), _) => length.to_string(),
            (None, Some(length)) => format!("{length}+"),
            (None, None) if self.cut => "?".to_owned(),
            (None, None) => String::new(),
        };
        let text = if self.unpromised && !text.is_empty() { format!("({text})") } else { text };
        f.pad(&text)
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
    /// The properties that were looked at, and what is known.
    cells: BTreeMap<String, Cell>,
    /// The scenarios that tell how their runs end.
    scenarios: Vec<(String, Ends)>,
}

impl Matrix {
    /// Takes a result into account.
    pub fn add(&mut self, finding: Finding<'_>) {
        let Finding { path, variant, scenario, outcome, .. } = finding;
        let new = || Row {
            path: path.to_owned(),
            variant: variant.to_owned(),
            cells: BTreeMap::new(),
            scenarios: Vec::new(),
        };
        let row = or_push(&mut self.rows, |row| row.path == path && row.variant == variant, new);
        let cut = outcome.coverage != Coverage::Exhausted;
        for property in scenario.properties.iter().chain(&scenario::built_in::ALL) {
            let cell = row.cells.entry(property.id.to_owned()).or_default();
            cell.cut |= cut;
            cell.unpromised |= !property.promised;
        }
        add_bad(&mut row.cells, scenario, outcome);
        if scenario.ending.is_some() {
            let new = || (scenario.name.clone(), Ends::default());
            let (_, ends) = or_push(&mut row.scenarios, |(name, _)| *name == scenario.name, new);
            ends.cut |= cut;
            ends.endings.extend(outcome.endings.iter().cloned());
        }
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
                steps_alone: cell.alone,
                steps_together: cell.together,
            });
            serde_json::to_string(&Line {
                path: &row.path,
                variant: &row.variant,
                properties: properties.collect(),
                scenarios: endings::told(&row.scenarios),
            })
        };
        self.rows.iter().map(line).collect()
    }
}

#[derive(Serialize)]
struct Line<'m> {
    path: &'m str,
    variant: &'m str,
    properties: Vec<Known<'m>>,
    /// Those that tell how their runs end.
    scenarios: Vec<Told<'m>>,
}

#[derive(Serialize)]
struct Known<'m> {
    property: &'m str,
    promised: bool,
    cut: bool,
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

impl fmt::Display for Matrix {
    /// Tables that Markdown reads too, and the properties that have no column.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looked_at: BTreeSet<&str> =
            self.rows.iter().flat_map(|row| row.cells.keys().map(String::as_str)).collect();
        let says = |id: &&str| {
            self.rows.iter().any(|row| row.cells.get(*id).is_some_and(|c| !c.to_string().is_empty()))
        };
        let (shown, quiet): (Vec<&str>, Vec<&str>) = looked_at.into_iter().partition(says);

        let path = self.only_path().unwrap_or("path and variant");
        let width = self.rows.iter().map(|row| self.name(row).len()).fold(path.len(), usize::max);
        write!(f, "| {path:width$} |")?;
        for id in &shown {
            write!(f, " {id} |")?;
        }
        write!(f, "\n|{:-<1$}|", "", width + 2)?;
        for id in &shown {
            write!(f, "{:->1$}:|", "", id.len() + 1)?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "| {:width$} |", self.name(row))?;
            for id in &shown {
                match row.cells.get(*id) {
                    Some(cell) => write!(f, " {cell:>0$} |", id.len())?,
                    None => write!(f, " {:>1$} |", "-", id.len())?,
                }
            }
            writeln!(f)?;
        }
        if !quiet.is_empty() {
            let list: Vec<String> = quiet.iter().map(|id| format!("`{id}`")).collect();
            writeln!(f, "\nLooked at and nowhere broken: {}.", list.join(", "))?;
        }
        writeln!(f, "\n{LEGEND}")?;

        let row = |row| endings::Row { name: self.name(row), scenarios: &row.scenarios };
        let rows: Vec<endings::Row<'_>> = self.rows.iter().map(row).collect();
        let tables = endings::tables(self.only_path().unwrap_or(""), &rows);
        if !tables.is_empty() {
            write!(f, "\n{tables}")?;
        }
        Ok(())
    }
}

const LEGEND: &str = "\
A number is the length in steps of the shortest schedule that breaks the property, over all scenarios;
`+`: a second actor is needed; `( )`: the file system does not promise it; `?`: not broken as far as was
looked, but a search was cut; `-`: not looked at; empty: not broken in what was asked, and all of that was looked at.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;
    use scenario::Bound;

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
            matrix.add(Finding {
                path: "toy/write",
                variant,
                scenario: &scenario,
                engine: "explicit",
                outcome,
            });
        }
        insta::assert_snapshot!(matrix, @r"
        | toy/write | deadlock | empty | journal-bypass | kernel-bug | livelock | stale-read | unkillable |
        |-----------|---------:|------:|---------------:|-----------:|---------:|-----------:|-----------:|
        | `found`   |          |       |             8+ |            |          |       (8+) |            |
        | `nothing` |          |       |                |            |          |            |            |
        | `both`    |          |       |              7 |            |          |       (8+) |            |
        | `cut`     |        ? |     ? |              ? |          ? |        ? |        (?) |          ? |

        A number is the length in steps of the shortest schedule that breaks the property, over all scenarios;
        `+`: a second actor is needed; `( )`: the file system does not promise it; `?`: not broken as far as was
        looked, but a search was cut; `-`: not looked at; empty: not broken in what was asked, and all of that was looked at.

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

//! Variants against properties.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scenario::{Coverage, Outcome, Scenario};

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

/// Variants against properties: the length of the shortest schedule that breaks each.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// A table for each write path, in the order in which they came.
    tables: Vec<Table>,
}

/// The properties that were looked at, and what is known.
type Row = BTreeMap<String, Cell>;

#[derive(Clone, Debug)]
struct Table {
    path: String,
    /// The variants.
    rows: Vec<(String, Row)>,
}

impl Matrix {
    /// Takes a result into account.
    pub fn add(&mut self, finding: Finding<'_>) {
        let Finding { path, variant, scenario, outcome, .. } = finding;
        let new = || Table { path: path.to_owned(), rows: Vec::new() };
        let table = or_push(&mut self.tables, |t| t.path == path, new);
        let (_, row) = or_push(&mut table.rows, |(v, _)| v == variant, || (variant.to_owned(), Row::new()));
        let cut = outcome.coverage != Coverage::Exhausted;
        for property in scenario.properties.iter().chain(&scenario::built_in::ALL) {
            let cell = row.entry(property.id.to_owned()).or_default();
            cell.cut |= cut;
            cell.unpromised |= !property.promised;
        }
        add_bad(row, scenario, outcome);
    }
}

/// The first item that is it, or a new one at the end.
fn or_push<T>(items: &mut Vec<T>, is_it: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> &mut T {
    let at = items.iter().position(is_it).unwrap_or(items.len());
    if at == items.len() {
        items.push(new());
    }
    &mut items[at]
}

fn add_bad(row: &mut Row, scenario: &Scenario, outcome: &Outcome) {
    for bad in &outcome.bad {
        let cell = row.entry(bad.property.clone()).or_default();
        let steps = bad.schedule.steps();
        let is_actor = |name: &&str| scenario.actors.iter().any(|a| a.name == *name);
        let together = bad.schedule.actors().into_iter().filter(is_actor).count() > 1;
        let best = if together { &mut cell.together } else { &mut cell.alone };
        *best = Some(best.map_or(steps, |least| least.min(steps)));
    }
}

impl fmt::Display for Table {
    /// A table that Markdown reads too, and the properties that have no column.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looked_at: BTreeSet<&str> =
            self.rows.iter().flat_map(|(_, row)| row.keys().map(String::as_str)).collect();
        let says = |id: &&str| {
            self.rows.iter().any(|(_, row)| row.get(*id).is_some_and(|c| !c.to_string().is_empty()))
        };
        let (shown, quiet): (Vec<&str>, Vec<&str>) = looked_at.into_iter().partition(says);

        let path = &self.path;
        let width = self.rows.iter().map(|(name, _)| name.len() + 2).fold(path.len(), usize::max);
        write!(f, "| {path:width$} |")?;
        for id in &shown {
            write!(f, " {id} |")?;
        }
        write!(f, "\n|{:-<1$}|", "", width + 2)?;
        for id in &shown {
            write!(f, "{:->1$}:|", "", id.len() + 1)?;
        }
        writeln!(f)?;
        for (name, row) in &self.rows {
            write!(f, "| {:width$} |", format!("`{name}`"))?;
            for id in &shown {
                match row.get(*id) {
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
        Ok(())
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            writeln!(f, "{table}")?;
        }
        writeln!(f, "{LEGEND}")
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
        ");
    }
}

//! Variants against properties.

use std::collections::BTreeMap;
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
    /// In the order in which they came.
    rows: Vec<(String, BTreeMap<String, Cell>)>,
}

impl Matrix {
    /// Takes a result into account.
    pub fn add(&mut self, finding: Finding<'_>) {
        let Finding { path, variant, scenario, outcome, .. } = finding;
        let target = format!("{path}@{variant}");
        let at = self.rows.iter().position(|(name, _)| *name == target).unwrap_or_else(|| {
            self.rows.push((target, BTreeMap::new()));
            self.rows.len() - 1
        });
        let row = &mut self.rows[at].1;
        let cut = outcome.coverage != Coverage::Exhausted;
        for property in scenario.properties.iter().chain(&scenario::built_in::ALL) {
            let cell = row.entry(property.id.to_owned()).or_default();
            cell.cut |= cut;
            cell.unpromised |= !property.promised;
        }
        add_bad(row, scenario, outcome);
    }
}

fn add_bad(row: &mut BTreeMap<String, Cell>, scenario: &Scenario, outcome: &Outcome) {
    for bad in &outcome.bad {
        let cell = row.entry(bad.property.clone()).or_default();
        let steps = bad.schedule.steps();
        let is_actor = |name: &&str| scenario.actors.iter().any(|a| a.name == *name);
        let together = bad.schedule.actors().into_iter().filter(is_actor).count() > 1;
        let best = if together { &mut cell.together } else { &mut cell.alone };
        *best = Some(best.map_or(steps, |least| least.min(steps)));
    }
}

impl fmt::Display for Matrix {
    /// A table that Markdown reads too, and its legend.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut looked_at: Vec<&str> = Vec::new();
        for (id, _) in self.rows.iter().flat_map(|(_, cells)| cells) {
            if !looked_at.contains(&id.as_str()) {
                looked_at.push(id);
            }
        }
        looked_at.sort_unstable();
        let says = |id: &&str| {
            self.rows.iter().any(|(_, cells)| cells.get(*id).is_some_and(|c| !c.to_string().is_empty()))
        };
        let (shown, quiet): (Vec<&str>, Vec<&str>) = looked_at.into_iter().partition(says);

        let width = self.rows.iter().map(|(name, _)| name.len() + 2).max().unwrap_or(0).max("variant".len());
        write!(f, "| {:width$} |", "variant")?;
        for id in &shown {
            write!(f, " {id} |")?;
        }
        write!(f, "\n|{:-<1$}|", "", width + 2)?;
        for id in &shown {
            write!(f, "{:->1$}:|", "", id.len() + 1)?;
        }
        writeln!(f)?;
        for (name, cells) in &self.rows {
            write!(f, "| {:width$} |", format!("`{name}`"))?;
            for id in &shown {
                match cells.get(*id) {
                    Some(cell) => write!(f, " {cell:>0$} |", id.len())?,
                    None => write!(f, " {:>1$} |", "-", id.len())?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f, "\n{LEGEND}")?;
        if !quiet.is_empty() {
            let list: Vec<String> = quiet.iter().map(|id| format!("`{id}`")).collect();
            writeln!(f, "Looked at and nowhere broken: {}.", list.join(", "))?;
        }
        Ok(())
    }
}

const LEGEND: &str = "\
A number is the length in steps of the shortest schedule that breaks the property, over all scenarios;
`+`: a second actor is needed; `( )`: the file system does not promise it; `?`: not broken as far as was
looked, but a search was cut; `-`: not looked at; empty: not broken, and everything was looked at.";

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
        | variant             | deadlock | empty | journal-bypass | kernel-bug | livelock | stale-read | unkillable |
        |---------------------|---------:|------:|---------------:|-----------:|---------:|-----------:|-----------:|
        | `toy/write@found`   |          |       |             8+ |            |          |       (8+) |            |
        | `toy/write@nothing` |          |       |                |            |          |            |            |
        | `toy/write@both`    |          |       |              7 |            |          |       (8+) |            |
        | `toy/write@cut`     |        ? |     ? |              ? |          ? |        ? |        (?) |          ? |

        A number is the length in steps of the shortest schedule that breaks the property, over all scenarios;
        `+`: a second actor is needed; `( )`: the file system does not promise it; `?`: not broken as far as was
        looked, but a search was cut; `-`: not looked at; empty: not broken, and everything was looked at.
        ");
    }
}

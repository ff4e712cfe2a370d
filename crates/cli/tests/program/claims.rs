//! What the documents say of results is what is recorded.
//!
//! A paragraph or item that names a property ends in a comment, `<!-- claims: CLAIM; CLAIM -->`, with what it says in
//! words that can be checked:
//! `PROPERTY is broken alone in VARIANT` (by one actor), `is broken together in` (by several, and by none alone), `is
//! not broken in`, `is broken by SCENARIO`, `is not broken by`, and `SCENARIO can end LETTERS`, `cannot end`. Several
//! variants, scenarios or endings stand with commas between. The generated tables are compared with the results
//! themselves, in `snapshots.rs`.

use std::collections::BTreeMap;

use crate::documents::{all, read};
use report::Snapshot;

/// The recorded tables: by row and column the cell.
struct Tables(BTreeMap<(String, String), String>);

impl Tables {
    fn of(text: &str) -> Tables {
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        };
        let mut all = BTreeMap::new();
        let mut head: Option<Vec<String>> = None;
        for line in text.lines() {
            if !line.starts_with('|') {
                head = None;
            } else if let Some(head) = &head {
                let row = cells(line);
                for (column, cell) in head.iter().zip(&row).skip(1) {
                    all.insert((row[0].clone(), column.clone()), cell.clone());
                }
            } else {
                head = Some(cells(line));
            }
        }
        Tables(all)
    }

    fn cell(&self, variant: &str, property: &str) -> Result<&str, String> {
        let cell = self.0.get(&(variant.to_owned(), property.to_owned())).map(String::as_str);
        cell.ok_or_else(|| format!("the matrix has no cell for {variant} and {property}"))
    }

    fn properties(&self) -> Vec<&str> {
        // The columns of the first table; the others are of scenarios, which have no such cells.
        let is_property = |cell: &str| cell.chars().any(|c| c.is_ascii_digit());
        let mut names: Vec<&str> = self
            .0
            .iter()
            .filter(|(_, cell)| is_property(cell))
            .map(|((_, column), _)| column.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Whether a claim about a cell of the matrix holds.
fn in_variant(tables: &Tables, property: &str, how: &str, variant: &str) -> Result<bool, String> {
    let cell = tables.cell(variant, property)?;
    let is_broken = cell.chars().any(|c| c.is_ascii_digit());
    Ok(match how {
        "broken alone" => is_broken && !cell.contains('+'),
        "broken together" => is_broken && cell.contains('+'),
        "not broken" => !is_broken && !cell.contains(['?', '-']),
        _ => {
            return Err(format!(
                "a property is `broken alone`, `broken together` or `not broken`, not `{how}`"
            ));
        }
    })
}

fn section<R>(target: &str, see: impl Fn(&report::Section) -> R) -> Result<R, String> {
    let (variant, scenario) = target.split_once(':').ok_or_else(|| format!("`{target}` is no scenario"))?;
    let file = format!("snapshots/{}.snap", variant.replace('@', "/"));
    let snapshot: Snapshot =
        report::snapshot::parse(&read(&file), None).map_err(|why| format!("{file}: {why}"))?;
    let section = snapshot.section(scenario).ok_or_else(|| format!("{file} has no scenario {scenario}"))?;
    Ok(see(section))
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// What is wrong with a claim; nothing if it holds.
fn wrong(tables: &Tables, claim: &str) -> Vec<String> {
    let words = claim.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut wrong = Vec::new();
    let mut note = |holds: Result<bool, String>, what: String| match holds {
        Ok(true) => {}
        Ok(false) => wrong.push(format!("not so: {what}")),
        Err(why) => wrong.push(format!("{what}: {why}")),
    };
    if let Some((property, rest)) = words.split_once(" is ") {
        let by = rest.split_once(" by ");
        let within = rest.split_once(" in ");
        for (how, places, in_scenario) in
            by.map(|(how, at)| (how, at, true)).into_iter().chain(within.map(|(how, at)| (how, at, false)))
        {
            for place in list(places) {
                let holds = match in_scenario {
                    true => section(place, |section| {
                        let broken = section.blocks.iter().any(|block| block.property == property);
                        broken == (how == "broken")
                    }),
                    false => in_variant(tables, property, how, place),
                };
                let word = if in_scenario { "by" } else { "in" };
                note(holds, format!("{property} is {how} {word} {place}"));
            }
        }
    } else if let Some((target, rest)) = words.split_once(' ') {
        for part in list(rest) {
            let (can, letters) = match (part.strip_prefix("can end "), part.strip_prefix("cannot end ")) {
                (Some(letters), _) => (true, letters),
                (_, Some(letters)) => (false, letters),
                _ => {
                    note(Err("this is no claim".to_owned()), claim.to_owned());
                    continue;
                }
            };
            let ends = section(target, |section| section.endings.iter().any(|e| said(e) == letters) == can);
            note(ends, format!("{target} {part}"));
        }
    } else {
        note(Err("this is no claim".to_owned()), claim.to_owned());
    }
    wrong
}

/// The letters of a recorded ending, as a cell of the matrix has them, but for what it says of the size.
fn said(ending: &str) -> String {
    let letter = |term: &str| match term {
        "-EFAULT" => "F",
        "-EINTR" => "I",
        "-ENOSPC" => "N",
        "short" => "S",
        "whole" => "W",
        "rest new" => "n",
        "rest zeros" => "0",
        "rest stale" => "s",
        "rest misplaced" => "m",
        _ => "",
    };
    ending.split(", ").map(letter).collect()
}

/// What the document says in its own words: paragraphs and items, without what is generated or shown as code.
fn paragraphs(document: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut generated, mut code) = (false, false);
    for line in document.lines() {
        generated |= line.starts_with("<!-- generated:");
        code ^= line.starts_with("```");
        if line.is_empty() || line.starts_with("- ") {
            all.push(String::new());
        }
        if !generated
            && !code
            && let Some(last) = all.last_mut()
        {
            last.push_str(line);
            last.push('\n');
        }
        generated &= line != "<!-- end -->";
    }
    all
}

#[test]
fn what_the_documents_say_of_results_is_recorded() {
    let tables = Tables::of(&read("snapshots/matrix.snap"));
    let properties = tables.properties();
    assert!(properties.contains(&"journal-bypass") && properties.len() > 10, "{properties:?}");
    let mut complaints = Vec::new();
    let mut claims = 0;
    // Architecture and commands name properties as examples, and the benchmarks scenarios.
    let about_results = |name: &String| name == "README.md" || name.starts_with("snapshots/");
    for paragraph in all().iter().filter(|name| about_results(name)).flat_map(|name| paragraphs(&read(name)))
    {
        let (said, claimed) = paragraph.split_once("<!-- claims:").unwrap_or((&paragraph, ""));
        let claimed = claimed.split_once("-->").map_or("", |(claimed, _)| claimed);
        for property in properties.iter().filter(|property| said.contains(&format!("`{property}`"))) {
            if !claimed.contains(&format!("{property} is ")) {
                complaints.push(format!("no claim about `{property}` behind: {}", said.trim()));
            }
        }
        for claim in claimed.split(';').filter(|claim| !claim.trim().is_empty()) {
            claims += 1;
            complaints.extend(wrong(&tables, claim));
        }
    }
    assert!(claims > 10, "the claims were not found");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_claim_that_is_not_so_is_told() {
    let tables = Tables::of(&read("snapshots/matrix.snap"));
    for (claim, holds) in [
        ("journal-bypass is broken alone in ext4/journalled@v4.2", true),
        ("journal-bypass is broken together in ext4/journalled@v4.2", false),
        ("journal-bypass is not broken in ext4/journalled@v4.2", false),
        ("journal-bypass is not broken in ext4/journalled@v4.222", false),
        ("journal-bypass is not broken in simple/ramfs@v6.18", false),
        ("journal-bypass is broken by ext4/journalled@v4.2:within-resident", false),
        ("journal-bypass is not broken by ext4/journalled@v4.2:within-resident", true),
        ("journal-bypass is not broken by ext4/journalled@v4.2:no-such-scenario", false),
        ("ext4/journalled@v4.2:within-invalid can end F, cannot end W", true),
        ("ext4/journalled@v4.2:within-invalid can end W", false),
        ("ext4/journalled@v4.2:within-invalid ends well", false),
        ("nonsense", false),
    ] {
        assert_eq!(wrong(&tables, claim).is_empty(), holds, "{claim}: {:?}", wrong(&tables, claim));
    }
}

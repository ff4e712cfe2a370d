//! `shortcopy list`

use std::collections::{BTreeMap, BTreeSet};

use scenario::{Tier, Variant, WritePath};
use serde::Serialize;

use crate::arguments::{Format, List};
use crate::error::Error;
use crate::output::Output;
use crate::rules::{Rule, Rules};
use crate::target::{Breadth, Chosen, choose};

#[derive(Serialize)]
struct Line<'c> {
    path: &'c str,
    variant: &'c str,
    scenario: &'c str,
    sentence: &'c str,
    tier: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<String>,
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Default => "default",
        Tier::All => "all",
        Tier::Deep => "deep",
    }
}

/// Names the write paths, their variants and scenarios.
///
/// # Errors
/// A target that means nothing, or an output that can't be written.
pub(crate) fn list(catalog: &[WritePath], arguments: &List, out: &mut Output) -> Result<(), Error> {
    if arguments.properties {
        return properties(catalog, arguments.format, out);
    }
    let chosen = choose(catalog, &arguments.targets, Breadth::Deep)?;
    match arguments.format {
        Format::Json => json(&chosen, out),
        Format::Text if arguments.targets.is_empty() => overview(catalog, out),
        Format::Text => {
            let scenarios = arguments.targets.iter().any(|target| target.contains(':'));
            text(catalog, &chosen, scenarios, out)
        }
    }
}

fn properties(catalog: &[WritePath], format: Format, out: &mut Output) -> Result<(), Error> {
    let rules = Rules::of(catalog);
    let width = rules.names().map(str::len).max().unwrap_or(0);
    for Rule { property, .. } in rules.iter() {
        let (name, sentence, source) = (property.id, property.sentence, property.source);
        out.line(&match format {
            Format::Text => format!("{name:width$}  {sentence}"),
            Format::Json => {
                let line = serde_json::json!({ "property": name, "sentence": sentence, "source": source });
                report::tagged("property", &line).map_err(std::io::Error::from)?
            }
        })?;
    }
    Ok(())
}

/// A line for each write path.
fn overview(catalog: &[WritePath], out: &mut Output) -> Result<(), Error> {
    let bold = anstyle::Style::new().bold();
    let width = catalog.iter().map(|path| path.name.len()).max().unwrap_or(0);
    for path in catalog {
        let which = match path.variants.as_slice() {
            [] => "no variant".to_owned(),
            [only] => format!("{}: {}", only.name, only.sentence),
            [first, .., last] => format!("{} variants, {} to {}", path.variants.len(), first.name, last.name),
        };
        let newest = path.variants.last().map_or(&[][..], |newest| &newest.cases);
        let of = |tier| newest.iter().filter(|case| case.tier <= tier).count();
        let (default, all, deep) = (of(Tier::Default), of(Tier::All), of(Tier::Deep));
        out.line(&format!("{bold}{:width$}{bold:#}  {}", path.name, path.sentence))?;
        let deep = if deep > all { format!(", {deep} with --deep") } else { String::new() };
        out.line(&format!("{:width$}  {which}; {default} scenarios, {all} with --all{deep}", ""))?;
    }
    let Some(example) = catalog.first().map(|path| &path.name) else { return Ok(()) };
    out.line(&format!("\nmore: shortcopy list {example}, shortcopy list '{example}:*'"))
}

fn json(chosen: &[Chosen<'_>], out: &mut Output) -> Result<(), Error> {
    for Chosen { path, variant, case } in chosen {
        let scenario = (case.build)();
        let line = Line {
            path: &path.name,
            variant: &variant.name,
            scenario: &case.name,
            sentence: &scenario.sentence,
            tier: tier(case.tier),
            stands: variant.stands.map(|releases| releases.to_string()),
        };
        out.line(&report::tagged("scenario", &line).map_err(std::io::Error::from)?)?;
    }
    Ok(())
}

fn text(
    catalog: &[WritePath],
    chosen: &[Chosen<'_>],
    scenarios: bool,
    out: &mut Output,
) -> Result<(), Error> {
    let bold = anstyle::Style::new().bold();
    let mut first = true;
    for path in catalog {
        let mine: Vec<&Chosen<'_>> = chosen.iter().filter(|c| c.path.name == path.name).collect();
        if mine.is_empty() {
            continue;
        }
        if !first {
            out.line("")?;
        }
        first = false;
        out.line(&format!("{bold}{}{bold:#}: {}", path.name, path.sentence))?;
        if !path.leaves_out.is_empty() {
            out.line(&format!("left out: {}", path.leaves_out))?;
        }
        out.line("\nvariants")?;
        let variants: Vec<_> =
            path.variants.iter().filter(|v| mine.iter().any(|c| c.variant.name == v.name)).collect();
        let width = variants.iter().map(|v| v.name.len()).max().unwrap_or(0);
        let stands = |v: &Variant| v.stands.map_or("-".to_owned(), |releases| releases.to_string());
        let dated = variants.iter().any(|v| v.stands.is_some());
        let dates = variants.iter().map(|v| stands(v).len()).max().unwrap_or(0);
        for variant in &variants {
            let stands = if dated { format!("{:dates$}  ", stands(variant)) } else { String::new() };
            out.line(&format!("  {:width$}  {stands}{}", variant.name, variant.sentence))?;
        }
        if !scenarios {
            let default = |c: &&&Chosen<'_>| c.case.tier == Tier::Default;
            let names = |of: &mut dyn Iterator<Item = &&Chosen<'_>>| {
                of.map(|c| c.case.name.as_str()).collect::<BTreeSet<_>>().len()
            };
            let (all, default) = (names(&mut mine.iter()), names(&mut mine.iter().filter(default)));
            out.line(&format!(
                "\n{all} scenarios, of which {default} are searched by default: shortcopy list '{}:*' names them",
                path.name
            ))?;
            continue;
        }
        out.line("\nscenarios")?;
        // Most variants have the same ones: each is told once.
        let mut holders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for c in &mine {
            holders.entry(&c.case.name).or_default().push(&c.variant.name);
        }
        let width = holders.keys().map(|name| name.len()).max().unwrap_or(0);
        let mut told: Vec<&str> = Vec::new();
        for c in &mine {
            let name = c.case.name.as_str();
            if told.contains(&name) {
                continue;
            }
            told.push(name);
            let all = match c.case.tier {
                Tier::Default => "",
                Tier::All => " (with --all)",
                Tier::Deep => " (with --deep)",
            };
            let of = holders.get(name).filter(|of| of.len() < variants.len());
            let of = of.map_or(String::new(), |of| format!(" (only {})", of.join(", ")));
            out.line(&format!("  {name:width$}  {}{all}{of}", (c.case.build)().sentence))?;
        }
    }
    Ok(())
}

//! `shortcopy list`

use std::collections::BTreeMap;

use scenario::{Tier, WritePath};
use serde::Serialize;

use crate::arguments::{Format, List};
use crate::error::Error;
use crate::output::Output;
use crate::target::{Breadth, Chosen, choose};

#[derive(Serialize)]
struct Line<'c> {
    path: &'c str,
    variant: &'c str,
    scenario: &'c str,
    sentence: &'c str,
    tier: &'static str,
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Default => "default",
        Tier::All => "all",
    }
}

/// Names the write paths, their variants and scenarios.
///
/// # Errors
/// A target that means nothing, or an output that can't be written.
pub(crate) fn list(catalog: &[WritePath], arguments: &List, out: &mut Output) -> Result<(), Error> {
    let chosen = choose(catalog, &arguments.targets, Breadth::All)?;
    match arguments.format {
        Format::Text => text(catalog, &chosen, out),
        Format::Json => json(&chosen, out),
    }
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
        };
        out.line(&report::tagged("scenario", &line).map_err(std::io::Error::from)?)?;
    }
    Ok(())
}

fn text(catalog: &[WritePath], chosen: &[Chosen<'_>], out: &mut Output) -> Result<(), Error> {
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
        for variant in &variants {
            out.line(&format!("  {:width$}  {}", variant.name, variant.sentence))?;
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
            let all = if c.case.tier == Tier::All { " (with --all)" } else { "" };
            let of = holders.get(name).filter(|of| of.len() < variants.len());
            let of = of.map_or(String::new(), |of| format!(" (only {})", of.join(", ")));
            out.line(&format!("  {name:width$}  {}{all}{of}", (c.case.build)().sentence))?;
        }
    }
    Ok(())
}

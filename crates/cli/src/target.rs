//! Targets: which scenarios of which variants of which write paths are meant.

use scenario::{Case, Tier, Variant, WritePath};

use crate::error::Error;

/// One scenario of one variant.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'c> {
    /// The write path.
    pub path: &'c WritePath,
    /// The variant.
    pub variant: &'c Variant,
    /// The scenario, to be built.
    pub case: &'c Case,
}

impl Chosen<'_> {
    /// `ext4/journalled@v4.2:SCENARIO`.
    #[must_use]
    pub fn target(&self) -> String {
        format!("{}@{}:{}", self.path.name, self.variant.name, self.case.name)
    }
}

/// Which cases are taken where none is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breadth {
    /// Those of the default tier.
    Default,
    /// Those that take long, too.
    All,
    /// Every one.
    Deep,
}

impl Breadth {
    /// What `--all` asks for, if it is given.
    #[must_use]
    pub fn of(all: bool) -> Breadth {
        if all { Breadth::All } else { Breadth::Default }
    }

    pub(crate) fn takes(self, case: &Case) -> bool {
        let most = match self {
            Breadth::Default => Tier::Default,
            Breadth::All => Tier::All,
            Breadth::Deep => Tier::Deep,
        };
        case.tier <= most
    }

    /// The option that asks for it.
    pub(crate) fn option(self) -> Option<&'static str> {
        match self {
            Breadth::Default => None,
            Breadth::All => Some("--all"),
            Breadth::Deep => Some("--deep"),
        }
    }
}

/// Whether a name is meant by a part of a target, which may be a pattern with `*`, `?` and `[..]`.
fn matches(part: &str, name: &str) -> bool {
    part == name || (is_pattern(part) && glob::Pattern::new(part).is_ok_and(|pattern| pattern.matches(name)))
}

/// Whether a part of a target is a pattern. No name has these characters.
fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

/// Whether a part of a target means a write path: its name, or a folder that it is in.
pub(crate) fn is_in(part: &str, path: &str) -> bool {
    matches(part, path) || path.strip_prefix(part).is_some_and(|rest| rest.starts_with('/'))
}

/// A target in its parts.
struct Target<'t> {
    path: &'t str,
    variant: Option<&'t str>,
    scenario: Option<&'t str>,
}

impl<'t> Target<'t> {
    fn parse(target: &'t str) -> Target<'t> {
        let (rest, scenario) =
            target.split_once(':').map_or((target, None), |(rest, scenario)| (rest, Some(scenario)));
        let (path, variant) =
            rest.split_once('@').map_or((rest, None), |(path, variant)| (path, Some(variant)));
        Target { path: path.trim_end_matches('/'), variant, scenario }
    }

    /// Whether it means this variant of its paths.
    fn names(&self, variant: &Variant) -> bool {
        self.variant.is_none_or(|part| matches(part, &variant.name))
    }

    /// Whether it means this case of its variants; one that it names without a pattern, whatever its tier.
    fn takes(&self, case: &Case, breadth: Breadth) -> bool {
        let in_breadth = || breadth.takes(case);
        self.scenario.map_or_else(in_breadth, |part| {
            matches(part, &case.name) && (!is_pattern(part) || breadth.takes(case))
        })
    }

    /// Whether it names one scenario of each of its variants.
    fn names_a_scenario(&self) -> bool {
        self.scenario.is_some_and(|part| !is_pattern(part))
    }
}

/// The scenarios that `targets` mean, each once, in the order of the catalogue; all of them if
/// there is no target.
///
/// # Errors
/// A target that means nothing, with the names that are near, or that has nothing of this breadth.
pub fn choose<'c>(
    catalog: &'c [WritePath],
    targets: &[String],
    breadth: Breadth,
) -> Result<Vec<Chosen<'c>>, Error> {
    if targets.is_empty() {
        let all = catalog.iter().flat_map(|path| path.variants.iter().map(move |v| (path, v)));
        return Ok(all.flat_map(|(path, variant)| of_breadth(path, variant, breadth)).collect());
    }
    let mut wanted: Vec<(Target<'_>, Vec<&WritePath>)> = Vec::new();
    for target in targets {
        let parts = Target::parse(target);
        let paths = find_paths(catalog, parts.path)?;
        let variants = paths.iter().flat_map(|p| &p.variants);
        if let Some(name) = parts.variant {
            known("variant", name, variants.clone().map(|v| v.name.as_str()))?;
        }
        if let Some(name) = parts.scenario {
            let cases = variants.filter(|v| parts.names(v)).flat_map(|v| &v.cases);
            known("scenario", name, cases.map(|c| c.name.as_str()))?;
        }
        wanted.push((parts, paths));
    }
    let mut chosen = Vec::new();
    for path in catalog {
        for variant in &path.variants {
            let mine: Vec<&Target<'_>> = wanted
                .iter()
                .filter(|(parts, paths)| parts.names(variant) && paths.iter().any(|p| p.name == path.name))
                .map(|(parts, _)| parts)
                .collect();
            if mine.is_empty() {
                continue; // nor are its cases made
            }
            let is_meant = |case: &&Case| mine.iter().any(|parts| parts.takes(case, breadth));
            chosen.extend(variant.cases.iter().filter(is_meant).map(|case| Chosen { path, variant, case }));
        }
    }
    // Each must mean something, of this breadth.
    let selects = |(parts, paths): &(Target<'_>, Vec<&WritePath>)| {
        let of = |c: &Chosen<'_>| parts.names(c.variant) && paths.iter().any(|p| p.name == c.path.name);
        chosen.iter().any(|c| of(c) && parts.takes(c.case, breadth))
    };
    if let Some(at) = wanted.iter().position(|wanted| !selects(wanted)) {
        let (parts, paths) = &wanted[at];
        let variants = paths.iter().flat_map(|p| &p.variants).filter(|v| parts.names(v));
        let is_long = |case: &Case| parts.takes(case, Breadth::All);
        let option = if variants.flat_map(|v| &v.cases).any(is_long) { "--all" } else { "--deep" };
        return Err(Error::Usage(format!("`{}` has only scenarios that take `{option}`", targets[at])));
    }
    Ok(chosen)
}

/// The cases of a variant that are taken where none is named.
fn of_breadth<'c>(
    path: &'c WritePath,
    variant: &'c Variant,
    breadth: Breadth,
) -> impl Iterator<Item = Chosen<'c>> {
    let taken = variant.cases.iter().filter(move |case| breadth.takes(case));
    taken.map(move |case| Chosen { path, variant, case })
}

/// The scenarios of the same variants that were not chosen, but those that take longest: nobody misses them.
pub fn left<'c>(chosen: &[Chosen<'c>]) -> impl Iterator<Item = Chosen<'c>> {
    let same = |a: &Chosen<'_>, b: &Chosen<'_>| std::ptr::eq(a.variant, b.variant);
    chosen.chunk_by(same).flat_map(|asked| {
        let Chosen { path, variant, .. } = asked[0];
        let is_asked = |case: &Case| asked.iter().any(|chosen| std::ptr::eq(chosen.case, case));
        let left = move |case: &&Case| Breadth::All.takes(case) && !is_asked(case);
        variant.cases.iter().filter(left).map(move |case| Chosen { path, variant, case })
    })
}

/// The scenarios that `targets` mean, as [`choose`], of the breadth that an option asked for.
///
/// # Errors
/// As [`choose`]; and where the option can make no difference.
pub(crate) fn choose_of<'c>(
    catalog: &'c [WritePath],
    targets: &[String],
    breadth: Breadth,
) -> Result<Vec<Chosen<'c>>, Error> {
    has_an_effect(breadth, targets)?;
    choose(catalog, targets, breadth)
}

/// Whether `--all` or `--deep` can make a difference: whether a target, or no target, leaves it open which scenarios.
///
/// # Errors
/// If it is asked for and can't.
pub(crate) fn has_an_effect(breadth: Breadth, targets: &[String]) -> Result<(), Error> {
    let Some(option) = breadth.option() else { return Ok(()) };
    if !targets.is_empty() && targets.iter().all(|target| Target::parse(target).names_a_scenario()) {
        let message = format!("`{option}` has no effect where every target names its scenario: leave it out");
        return Err(Error::Usage(message));
    }
    Ok(())
}

/// The variant that `target` names.
///
/// # Errors
/// If it names none, or more.
pub fn variant<'c>(catalog: &'c [WritePath], target: &str) -> Result<(&'c WritePath, &'c Variant), Error> {
    let parts = Target::parse(target);
    let paths = find_paths(catalog, parts.path)?;
    let is_exact = |name: &&str| parts.scenario.is_none() && !is_pattern(name) && !is_pattern(parts.path);
    let Some(name) = parts.variant.filter(is_exact) else {
        let example = paths.first().and_then(|p| Some((p, p.variants.first()?)));
        let example = example.map_or(String::new(), |(p, v)| format!(", such as `{}@{}`", p.name, v.name));
        return Err(Error::Usage(format!("`{target}` is not one variant{example}")));
    };
    known("variant", name, paths.iter().flat_map(|p| &p.variants).map(|v| v.name.as_str()))?;
    let mut found = paths.into_iter().flat_map(|p| p.variants.iter().map(move |v| (p, v)));
    found.find(|(_, v)| v.name == name).ok_or_else(|| Error::Usage(format!("`{target}` is not one variant")))
}

/// The write paths in a folder, or the one with this name.
pub(crate) fn find_paths<'c>(catalog: &'c [WritePath], name: &str) -> Result<Vec<&'c WritePath>, Error> {
    let found: Vec<&WritePath> = catalog.iter().filter(|path| is_in(name, &path.name)).collect();
    if found.is_empty() {
        let folders = catalog.iter().filter_map(|p| Some(p.name.split_once('/')?.0));
        let names = catalog.iter().map(|p| p.name.as_str()).chain(folders);
        return Err(unknown("write path", name, names));
    }
    Ok(found)
}

/// Whether there is such a name, or one that a pattern means.
///
/// # Errors
/// If there is none, with the names that are near, or a pattern that is none.
pub(crate) fn known<'n>(
    what: &str,
    name: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), Error> {
    if names.clone().any(|n| matches(name, n)) { Ok(()) } else { Err(unknown(what, name, names)) }
}

/// How many near names are worth reading.
const NEAR_MAX: usize = 4;

/// From this likeness on (Jaro and Winkler's, 0 to 1), a name is near.
const NEAR_ENOUGH: f64 = 0.75;

/// The message for a name that there isn't.
pub(crate) fn unknown<'n>(what: &str, name: &str, names: impl Iterator<Item = &'n str>) -> Error {
    if is_pattern(name) {
        return Error::Usage(match glob::Pattern::new(name) {
            Ok(_) => format!("no {what} is like `{name}`"),
            Err(why) => format!("`{name}` is no pattern: {} at its character {}", why.msg, why.pos + 1),
        });
    }
    let mut near: Vec<(f64, &str)> = Vec::new();
    for candidate in names {
        if !near.iter().any(|(_, known)| *known == candidate) {
            let holds = !name.is_empty() && candidate.contains(name);
            let likeness = if holds { 1.0 } else { strsim::jaro_winkler(name, candidate) };
            near.push((likeness, candidate));
        }
    }
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let like: Vec<&(f64, &str)> = near.iter().filter(|(likeness, _)| *likeness >= NEAR_ENOUGH).collect();
    let (lead, list) =
        if like.is_empty() { ("there is", near.iter().collect()) } else { ("did you mean", like) };
    let rest = list.len().saturating_sub(NEAR_MAX);
    let list: Vec<String> = list.into_iter().take(NEAR_MAX).map(|(_, n)| format!("`{n}`")).collect();
    let lists = match what {
        "property" => "list --properties",
        "word" => "explain",
        _ => "list",
    };
    let more =
        if rest > 0 { format!(" and {rest} more (`shortcopy {lists}` names them)") } else { String::new() };
    let end = if lead == "did you mean" { "?" } else { "" };
    Error::Usage(format!("there is no {what} `{name}`; {lead} {}{more}{end}", list.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scenario::Cases;

    use super::*;

    fn catalog() -> Vec<WritePath> {
        let case = |(name, tier): &(&str, Tier)| Case {
            name: (*name).to_owned(),
            tier: *tier,
            build: Arc::new(|| unreachable!("targets don't build scenarios")),
        };
        let variant = |name: &str, cases: &[(&str, Tier)]| Variant {
            name: name.to_owned(),
            sentence: String::new(),
            origin: None,
            stands: None,
            cases: cases.iter().map(case).collect(),
        };
        let path = |name: &str, variants| WritePath {
            name: name.to_owned(),
            sentence: String::new(),
            leaves_out: String::new(),
            variants,
        };
        let both = [("small", Tier::Default), ("large", Tier::All)];
        vec![
            path("ext4/journalled", vec![variant("v4.2", &both), variant("v4.2+copy-first", &both[..1])]),
            path("ext4/ordered", vec![variant("v4.2", &both[..1])]),
            path("fuse/direct", vec![variant("v6.14", &both[1..])]),
            path("nfs/write", vec![variant("v6.17", &[("largest", Tier::Deep)])]),
        ]
    }

    fn chosen(targets: &[&str], breadth: Breadth) -> Vec<String> {
        let targets: Vec<String> = targets.iter().map(|&t| t.to_owned()).collect();
        match choose(&catalog(), &targets, breadth) {
            Ok(chosen) => chosen.iter().map(Chosen::target).collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    #[test]
    fn without_a_target_everything_of_the_default_tier() {
        let all = [
            "ext4/journalled@v4.2:small",
            "ext4/journalled@v4.2+copy-first:small",
            "ext4/ordered@v4.2:small",
        ];
        assert_eq!(chosen(&[], Breadth::Default), all);
        assert_eq!(chosen(&["ext4"], Breadth::Default), all);
        assert_eq!(chosen(&["ext4/"], Breadth::Default), all);
        assert_eq!(chosen(&[], Breadth::All).len(), 5);
        assert_eq!(chosen(&[], Breadth::Deep).len(), 6);
    }

    #[test]
    fn a_named_scenario_is_taken_whatever_its_tier() {
        assert_eq!(chosen(&["ext4/journalled@v4.2:large"], Breadth::Default), ["ext4/journalled@v4.2:large"]);
        assert_eq!(chosen(&["fuse:large"], Breadth::Default), ["fuse/direct@v6.14:large"]);
    }

    #[test]
    fn patterns() {
        assert_eq!(chosen(&["*/journalled@v4.2*:sm?ll"], Breadth::Default).len(), 2);
        assert_eq!(chosen(&["ext4@*+*"], Breadth::All), ["ext4/journalled@v4.2+copy-first:small"]);
        // A pattern means what there is of the breadth that is asked for.
        assert_eq!(chosen(&["ext4:*"], Breadth::Default).len(), 3);
        assert_eq!(chosen(&["ext4:*"], Breadth::All).len(), 4);
        assert_eq!(chosen(&["e*:large"], Breadth::Default), ["ext4/journalled@v4.2:large"]);
        insta::assert_snapshot!(chosen(&["x*"], Breadth::All)[0], @"no write path is like `x*`");
        insta::assert_snapshot!(chosen(&["ext4:*-with-[a"], Breadth::All)[0], @"`*-with-[a` is no pattern: invalid range pattern at its character 8");
        insta::assert_snapshot!(chosen(&["fuse:*"], Breadth::Default)[0], @"`fuse:*` has only scenarios that take `--all`");
        assert!(variant(&catalog(), "ext4/ordered@v4*").is_err());
    }

    #[test]
    fn what_selects_nothing_is_an_error() {
        insta::assert_snapshot!(chosen(&["ext4", "fuse"], Breadth::Default)[0], @"`fuse` has only scenarios that take `--all`");
        assert_eq!(chosen(&["fuse"], Breadth::All).len(), 1);
        insta::assert_snapshot!(chosen(&["nfs"], Breadth::All)[0], @"`nfs` has only scenarios that take `--deep`");
        assert_eq!(chosen(&["nfs"], Breadth::Deep).len(), 1);
        let targets = |targets: &[&str]| targets.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        assert!(has_an_effect(Breadth::All, &targets(&["ext4@v4.2:small"])).is_err());
        assert!(has_an_effect(Breadth::All, &targets(&["ext4@v4.2:small", "fuse"])).is_ok());
        assert!(has_an_effect(Breadth::All, &[]).is_ok());
        assert!(has_an_effect(Breadth::Default, &targets(&["ext4@v4.2:small"])).is_ok());
    }

    #[test]
    fn what_is_left_is_of_the_same_variants() {
        let catalog = catalog();
        let asked = choose(&catalog, &["ext4".to_owned()], Breadth::Default).expect("it is there");
        let left: Vec<String> = left(&asked).map(|chosen| chosen.target()).collect();
        assert_eq!(left, ["ext4/journalled@v4.2:large"]);
    }

    #[test]
    fn each_is_taken_once_in_the_order_of_the_catalogue() {
        let taken = chosen(&["ext4/ordered", "ext4/journalled@v4.2", "ext4/ordered@v4.2"], Breadth::Default);
        assert_eq!(taken, ["ext4/journalled@v4.2:small", "ext4/ordered@v4.2:small"]);
    }

    #[test]
    fn cases_that_are_not_asked_for_are_not_made() {
        let never = |name: &str| Variant {
            name: name.to_owned(),
            sentence: String::new(),
            origin: None,
            stands: None,
            cases: Cases::new(|| panic!("nobody asked for them")),
        };
        let mut catalog = catalog();
        catalog[0].variants.push(never("v6.14"));
        catalog[1].variants.insert(0, never("v2.6"));
        let targets = ["ext4/journalled@v4.2", "ext4/ordered@v4.2:small"].map(str::to_owned);
        let chosen = choose(&catalog, &targets, Breadth::Default).expect("they are there");
        assert_eq!(chosen.len(), 2);
        assert!(variant(&catalog, "ext4/journalled@v6.14").is_ok());
        assert!(format!("{catalog:?}").contains("v2.6"));
    }

    #[test]
    fn near_names() {
        insta::assert_snapshot!(chosen(&["ext3"], Breadth::All)[0], @"there is no write path `ext3`; did you mean `ext4`?");
        insta::assert_snapshot!(chosen(&["ext4/jornalled"], Breadth::All)[0], @"there is no write path `ext4/jornalled`; did you mean `ext4/journalled`, `ext4`, `ext4/ordered`?");
        insta::assert_snapshot!(chosen(&["ext4/journalled@copy-first"], Breadth::All)[0], @"there is no variant `copy-first`; did you mean `v4.2+copy-first`?");
        insta::assert_snapshot!(chosen(&["ext4/journalled@v4.2:smal"], Breadth::All)[0], @"there is no scenario `smal`; did you mean `small`?");
        insta::assert_snapshot!(chosen(&["ext4@v4.2+copy-first:large"], Breadth::All)[0], @"there is no scenario `large`; there is `small`");
        insta::assert_snapshot!(chosen(&[""], Breadth::All)[0], @"there is no write path ``; there is `ext4`, `ext4/journalled`, `ext4/ordered`, `fuse` and 3 more (`shortcopy list` names them)");
    }

    #[test]
    fn a_variant_is_one() {
        let catalog = catalog();
        assert!(variant(&catalog, "ext4/journalled@v4.2").is_ok());
        for target in ["ext4/journalled", "ext4/journalled@v4.2:small", "ext4/journalled@v4.3", "xfs@v4.2"] {
            assert!(variant(&catalog, target).is_err(), "{target}");
        }
    }
}

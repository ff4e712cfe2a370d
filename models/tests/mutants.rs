//! Each mutant breaks its property where the model without it keeps it.

use checker::explicit::{self, Options};
use models::Mutant;
use scenario::{Case, Coverage, Outcome, Variant, WritePath};

fn outcome(cases: &[Case], name: &str) -> Outcome {
    let case = cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no scenario {name}"));
    explicit::check(&(case.build)(), &Options::default()).expect("the model can be searched")
}

fn breaks(outcome: &Outcome, property: &str) -> bool {
    outcome.bad.iter().any(|bad| bad.property == property)
}

fn newest(paths: &[WritePath], path: &str) -> Variant {
    let path = paths.iter().find(|p| p.name == path).unwrap_or_else(|| panic!("no write path {path}"));
    path.variants.last().expect("there are variants").clone()
}

#[test]
fn each_mutant_breaks_its_property() {
    let paths = models::paths();
    let mut wrong = Vec::new();
    for mutant in Mutant::ALL {
        let (property, path, name) = mutant.breaks();
        let sane = outcome(&newest(&paths, path).cases, name);
        assert_eq!(sane.coverage, Coverage::Exhausted);
        assert!(!breaks(&sane, property), "{property} is broken in {name} without {mutant:?}");
        let mutated = outcome(&newest(&models::mutated(mutant), path).cases, name);
        let found: Vec<&str> = mutated.bad.iter().map(|bad| bad.property.as_str()).collect();
        if !breaks(&mutated, property) {
            wrong.push(format!("{mutant:?} does not break {property} in {name}, but {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The properties that a mutant breaks, or the variant that history knows with that fault.
#[test]
fn each_property_is_broken_by_something() {
    let mut broken: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.breaks().0).collect();
    let by_history = [
        ("journal-bypass", "v4.2+copy-first", "within-absent"),
        ("orphaned-new-buffer", "v4.2+copy-first+skip-zeroing", "within-invalid"),
        ("clean-divergence", "v6.14", "within-unmapped"),
        ("visible-beyond-return", "v6.14", "within-unmapped"),
    ];
    let path = models::paths().remove(0);
    for (property, variant, name) in by_history {
        let variant = path.variants.iter().find(|v| v.name == variant).expect("a variant");
        assert!(breaks(&outcome(&variant.cases, name), property), "{property} in {}:{name}", variant.name);
        broken.push(property);
    }
    // A scenario in which the interesting thing never happens is empty.
    broken.push("empty");
    let scenario = (path.variants[0].cases[0].build)();
    let known = scenario.properties.iter().map(|p| p.id);
    for property in known.chain(scenario::built_in::ALL.iter().map(|p| p.id)) {
        assert!(broken.contains(&property), "nothing breaks {property}");
    }
}

#[test]
fn a_scenario_in_which_the_interesting_thing_never_happens_is_empty() {
    let path = models::paths().remove(0);
    let case = path.variants[0].cases.iter().find(|case| case.name == "within-resident").expect("a case");
    let mut scenario = (case.build)();
    scenario.reachable = vec!["short copy"];
    let outcome = explicit::check(&scenario, &Options::default()).expect("the model can be searched");
    let empty: Vec<_> = outcome.bad.iter().map(|bad| (bad.property.as_str(), bad.witness.as_str())).collect();
    assert_eq!(empty, [("empty", "short copy")]);
}

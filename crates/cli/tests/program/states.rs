//! What a schedule says of each state leads to the state that it is for.

use checker::explicit::{Options, check};
use cli::states::states;
use report::picture_by_name;
use scenario::Scenario;

/// Compares each bad state of `scenario` with what its schedule comes to; how many there are.
fn compare(scenario: &Scenario) -> usize {
    let outcome = check(scenario, &Options::default()).expect("the model is sound");
    let of = states(scenario);
    let followed = outcome.bad.iter().filter(|bad| !bad.schedule.events.is_empty());
    let compared = followed.map(|bad| {
        let what = format!("{}: {} {}", scenario.name, bad.property, bad.witness);
        let states = of(bad).unwrap_or_else(|| panic!("{what}: no run is found"));
        assert_eq!(states.changes.len(), bad.schedule.steps(), "{what}");
        assert_eq!(states.last().picture, picture_by_name(scenario, &bad.cells), "{what}");
        let initial = scenario.initial.iter().find(|initial| initial.name == bad.schedule.initial);
        let initial = &initial.expect("it begins somewhere").cells;
        assert_eq!(states.initial.picture, picture_by_name(scenario, initial), "{what}");
    });
    compared.count()
}

#[test]
fn the_changes_lead_from_the_initial_state_to_the_bad_one() {
    let toys = crate::toy::catalog();
    let toys = toys[0].variants.iter().flat_map(|variant| &variant.cases).map(|case| (case.build)());
    assert!(toys.map(|scenario| compare(&scenario)).sum::<usize>() > 3);

    let real = REAL.iter().map(|(path, variant, name)| compare(&scenario_of(path, variant, name)));
    let found: usize = real.sum();
    assert!(found > 20, "{found}");
}

/// Bad states of several kinds: in a state, at rest, in a view, a cycle, two pages, an actor that waits for ever.
const REAL: [(&str, &str, &str); 6] = [
    ("ext4/journalled", "v6.14", "within-unmapped"),
    ("ext4/journalled", "v4.4", "within-unmapped"),
    ("simple/ramfs", "v6.18", "beyond-invalid"),
    ("simple/ramfs", "v2.6.21", "within-self-dropped"),
    ("fuse/writethrough", "v4.1", "within-empty-then-absent"),
    ("fuse/writeback", "v4.2", "extending-unmapped-then-write-beyond-2-pages"),
];

fn scenario_of(path: &str, variant: &str, name: &str) -> Scenario {
    models::scenario(&format!("{path}@{variant}:{name}")).expect("a scenario")
}

/// The locks of a real model are told with those who take them.
#[test]
fn locks_have_holders() {
    let scenario = scenario_of("ext4/journalled", "v6.14", "within-unmapped");
    let outcome = check(&scenario, &Options::default()).expect("the model is sound");
    let of = states(&scenario);
    let mut held = std::collections::BTreeSet::new();
    for states in outcome.bad.iter().filter_map(of) {
        let mut seen = states.initial.clone();
        for change in &states.changes {
            change.apply(&mut seen);
            held.extend(seen.held.clone());
        }
        assert_eq!(seen.held, std::collections::BTreeMap::new(), "at rest nothing is held");
    }
    for (lock, holder) in [
        ("page 0 lock", "write"),
        ("i_rwsem", "write"),
        ("mmap lock", "munmap queued"),
        ("mmap lock", "written by munmap"),
    ] {
        assert!(held.contains(&(lock.to_owned(), holder.to_owned())), "{lock}, {holder}: {held:?}");
    }
}

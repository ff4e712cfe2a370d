//! What can be forced of the models' bad states.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;

use checker::explicit::{Options, check};
use checker::follow::follow;
use checker::forced;
use checker::stepper::Prepared;
use cli::parking::Means;
use machine::Machine;
use scenario::{BadState, Body, Coverage, Scenario};

type Known = BTreeSet<(String, String)>;

fn known(all: &[BadState]) -> Known {
    all.iter().map(|bad| (bad.property.clone(), bad.witness.clone())).collect()
}

fn scenario(path: &str, variant: &str, case: &str) -> Scenario {
    models::scenario(&format!("{path}@{variant}:{case}")).expect("a scenario")
}

/// Whatever can be forced is a bad state of the plain search, and its schedule runs; more means force no less.
#[test]
fn what_can_be_forced_is_a_part_that_grows_with_the_means() {
    let asked = [
        ("simple/tmpfs", "v6.18", "beyond-unmapped"),
        ("simple/ramfs", "v6.18", "beyond-evicted-with-kill"),
        ("generic/block", "v6.18", "within-straddling-invalid"),
        ("ext4/ordered", "v7.1", "beyond-unmapped"),
        ("ext4/journalled", "v4.2", "within-straddling-invalid"),
        ("nfs/write", "v4.2", "beyond-unmapped"),
        ("nfs/write", "v4.2", "within-empty-then-absent-with-reader"),
    ];
    let (mut by, mut not) = (BTreeMap::new(), 0);
    for (path, variant, case) in asked {
        let scenario = scenario(path, variant, case);
        let plain = check(&scenario, &Options::default()).expect("a sound model");
        let (plain, prepared) = (known(&plain.bad), Prepared::new(&scenario).expect("a sound model"));
        let mut before = Known::new();
        for means in Means::Held.up_to() {
            let (found, coverage) =
                forced::check(&scenario, &means.parking(&scenario), &Options::default()).expect("sound");
            assert_eq!(coverage, Coverage::Exhausted);
            for bad in &found {
                assert!(follow(&prepared, bad).expect("sound").is_some(), "{case}: {bad:?}");
            }
            let found = known(&found);
            assert!(found.is_subset(&plain), "{path}@{variant}:{case}: {found:?} beside {plain:?}");
            assert!(before.is_subset(&found), "{path}@{variant}:{case}: {means:?}");
            *by.entry(means.name()).or_insert(0) += found.difference(&before).count();
            before = found;
        }
        not += plain.difference(&before).filter(|(property, _)| forced::is_asked(property)).count();
    }
    assert!(by["direct"] > 0 && by["latch"] > 0 && by["held"] > 0 && not > 0, "{by:?}, not {not}");
}

/// A word by which a task is parked is one that models pass: another name would make less be forced than can be.
#[test]
fn every_word_that_somebody_is_parked_at_is_passed() {
    let asked = [
        ("ext4/ordered", "v7.1", "within-absent-with-commit"),
        ("ext4/ordered", "v7.1", "within-absent-with-reader"),
        ("fuse/writethrough", "v7.3", "within-absent-with-truncate"),
        ("fuse/writethrough", "v7.3", "within-absent-with-reader"),
        ("btrfs/buffered", "v6.18", "within-absent-with-writeback"),
    ];
    let passed: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    for (path, variant, case) in asked {
        let mut scenario = scenario(path, variant, case);
        let parking = Means::Held.parking(&scenario);
        for actor in &mut scenario.actors {
            let (body, parking, passed) = (actor.body.clone(), parking.clone(), passed.clone());
            actor.body =
                Body::new(move |m: &dyn Machine| body.run(&Noting { m, parking: &parking, passed: &passed }));
        }
        check(&scenario, &Options::default()).expect("a sound model");
    }
    let passed = passed.lock().expect("nobody panicked");
    let words: BTreeSet<&str> = passed.iter().filter_map(|label| label.split('(').next()).collect();
    let wanted =
        ["handle_mm_fault", "bh_read", "bh_write", "READ", "WRITE", "SETATTR", "commit_record", "write_unit"];
    assert!(wanted.iter().all(|word| words.contains(word)), "{words:?}");
}

struct Noting<'m> {
    m: &'m dyn Machine,
    parking: &'m scenario::Parking,
    passed: &'m Mutex<BTreeSet<String>>,
}

impl Machine for Noting<'_> {
    fn perform(&self, step: machine::Step) -> machine::Word {
        if (self.parking.0)(&step).is_some() {
            self.passed.lock().expect("nobody panicked").insert(step.label.to_string());
        }
        self.m.perform(step)
    }
}

//! What a reduced search of the write paths tells, the plain one tells too.
//!
//! `SHORTCOPY_LONG=1 cargo test -p shortcopy-models --test reduction` compares every scenario of the default tier that has
//! somebody beside the writer.

use checker::explicit::{Options, Reduce, check};
use scenario::{Case, Outcome, Tier, Variant, WritePath};

/// One scenario in so many is compared without being told.
const ONE_IN: usize = 29;
const THREADS: usize = 2;

/// Everything that is told, but how much it took.
fn told(mut outcome: Outcome) -> String {
    (outcome.states, outcome.transitions, outcome.bytes) = (0, 0, 0);
    (outcome.seconds, outcome.reduced) = (0.0, false);
    format!("{outcome:#?}")
}

fn compared(path: &WritePath, variant: &Variant, case: &Case) -> Option<(u64, u64)> {
    let scenario = (case.build)();
    if scenario.actors.len() < 2 {
        return None;
    }
    let search = |reduce| {
        let options = Options { reduce, ..Options::default() };
        check(&scenario, &options).unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
    };
    let (plain, reduced) = (search(Reduce::None), search(Reduce::Order(0)));
    let states = (plain.states, reduced.states);
    assert!(reduced.states <= plain.states && (reduced.reduced || states.0 == states.1));
    assert_eq!(told(reduced), told(plain), "{}@{}:{}", path.name, variant.name, scenario.name);
    Some(states)
}

#[test]
fn reduced_searches_of_write_paths_tell_what_plain_ones_tell() {
    let one_in = if std::env::var_os("SHORTCOPY_LONG").is_some() { 1 } else { ONE_IN };
    let catalog = models::paths();
    let cases = catalog.iter().flat_map(|path| {
        path.variants.iter().flat_map(move |variant| {
            let cases = variant.cases.iter().filter(|case| case.tier == Tier::Default);
            cases.map(move |case| (path, variant, case))
        })
    });
    let cases: Vec<_> = cases.step_by(one_in).collect();
    let sums = std::thread::scope(|scope| {
        let cases = &cases;
        let work = move |first: usize| {
            let mut sum = (0, 0, 0);
            for (path, variant, case) in cases.iter().skip(first).step_by(THREADS) {
                if let Some((plain, reduced)) = compared(path, variant, case) {
                    sum = (sum.0 + 1, sum.1 + plain, sum.2 + reduced);
                }
            }
            sum
        };
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || work(first))).collect();
        threads.into_iter().map(|thread| thread.join().expect("they tell the same")).collect::<Vec<_>>()
    });
    let sum = sums.into_iter().fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    println!("{} scenarios, {} states, {} where orders are left out", sum.0, sum.1, sum.2);
    assert!(sum.0 > 100 && sum.2 * 5 < sum.1 * 4, "{sum:?}");
}

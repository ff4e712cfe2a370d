//! What a reduced search of the write paths tells, the plain one tells too.
//!
//! `SHORTCOPY_LONG=1 cargo test -p shortcopy-models --test reduction` compares every scenario of the default tier that has
//! somebody beside the writer.

use checker::explicit::{Options, Reduce, check};
use scenario::{Case, Event, EventKind, Outcome, Scenario, Tier, Variant, WritePath};

/// One scenario in so many is compared without being told.
const ONE_IN: usize = 29;
const THREADS: usize = 2;
/// In so many scenarios it is looked at how much it helps.
const LARGEST: usize = 50;

/// How many states there were, over all scenarios that were compared.
#[derive(Default)]
struct Sum {
    scenarios: u64,
    plain: u64,
    /// Where orders are left out until something is found, where they are whatever is found, and of these where no chains are
    /// kept.
    reduced: u64,
    always: u64,
    chains: u64,
    /// Of each, how many there were, and how many with all of it.
    each: Vec<(u64, u64)>,
}

impl Sum {
    fn add(mut self, other: Sum) -> Sum {
        self.each.extend(other.each);
        Sum {
            scenarios: self.scenarios + other.scenarios,
            plain: self.plain + other.plain,
            reduced: self.reduced + other.reduced,
            always: self.always + other.always,
            chains: self.chains + other.chains,
            each: self.each,
        }
    }

    /// By which factor states became fewer in the largest scenarios: the geometric mean, and the best.
    fn factors(&mut self) -> (f64, f64) {
        self.each.sort_unstable_by_key(|&(all, _)| std::cmp::Reverse(all));
        let largest = &self.each[..LARGEST.min(self.each.len())];
        let factors = largest.iter().map(|&(all, left)| all as f64 / left as f64);
        let logarithms: f64 = factors.clone().map(f64::ln).sum();
        ((logarithms / largest.len() as f64).exp(), factors.fold(0.0, f64::max))
    }
}

/// Everything that is told, but how much it took.
fn told(mut outcome: Outcome) -> String {
    (outcome.states, outcome.transitions, outcome.bytes) = (0, 0, 0);
    (outcome.seconds, outcome.reduced) = (0.0, false);
    format!("{outcome:#?}")
}

/// Switches and steps on the way to each bad state, which are taken out: what is left may be told from fewer orders of steps.
fn take_ways(outcome: &mut Outcome, scenario: &Scenario) -> Vec<(usize, usize)> {
    let ways = outcome.bad.iter_mut().map(|bad| {
        bad.cells.clear();
        let mut way = std::mem::take(&mut bad.schedule);
        // How long it is to go round is no part of what is least, nor what a view looks at in the end.
        let ends = |event: &Event| {
            event.kind == EventKind::Cycle || scenario.views.iter().any(|view| view.name == event.actor)
        };
        let end = way.events.iter().position(ends);
        way.events.truncate(end.unwrap_or(way.events.len()));
        (way.switches(), way.steps())
    });
    ways.collect()
}

fn compared(path: &WritePath, variant: &Variant, case: &Case) -> Option<Sum> {
    let scenario = (case.build)();
    if scenario.actors.len() < 2 {
        return None;
    }
    let search = |reduce| {
        let options = Options { reduce, ..Options::default() };
        check(&scenario, &options).unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
    };
    let (mut plain, reduced) = (search(Reduce::None), search(Reduce::Order(0)));
    // What holds is told from the same orders.
    let always = if reduced.reduced { reduced.clone() } else { search(Reduce::Always(0)) };
    let chains = search(Reduce::Chains(0));
    let name = format!("{}@{}:{}", path.name, variant.name, scenario.name);
    let states = Sum {
        scenarios: 1,
        plain: plain.states,
        reduced: reduced.states,
        always: always.states,
        chains: chains.states,
        each: vec![(plain.states, chains.states)],
    };
    assert!(reduced.states <= plain.states && (reduced.reduced || reduced.states == plain.states), "{name}");
    assert!(always.states <= reduced.states, "{name}");
    assert_eq!(told(reduced), told(plain.clone()), "{name}");
    let shortest = take_ways(&mut plain, &scenario);
    let plain = told(plain);
    for mut outcome in [always, chains] {
        let ways = take_ways(&mut outcome, &scenario);
        assert!(
            shortest.iter().zip(&ways).all(|(shortest, way)| shortest <= way),
            "{name}: {ways:?}, not {shortest:?}"
        );
        assert_eq!(told(outcome), plain, "{name}");
    }
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
    let share = |first: usize| {
        let taken = cases.iter().skip(first).step_by(THREADS);
        taken.filter_map(|(path, variant, case)| compared(path, variant, case)).fold(Sum::default(), Sum::add)
    };
    let share = &share;
    let mut sum = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || share(first))).collect();
        let sums = threads.into_iter().map(|thread| thread.join().expect("they tell the same"));
        sums.fold(Sum::default(), Sum::add)
    });
    let (mean, best) = sum.factors();
    let Sum { scenarios, plain, reduced, always, chains, .. } = sum;
    println!(
        "{scenarios} scenarios, {plain} states; {reduced} where nothing is found, {always} whatever is, {chains} without chains"
    );
    println!("in the {LARGEST} largest {mean:.1} times fewer, {best:.1} in the best");
    assert!(scenarios > 100 && reduced * 5 < plain * 4 && always < reduced && chains * 5 < always * 4);
}

//! Where the explicit engine's time goes, on the ten largest scenarios that differ: the share of each phase,
//! and states a second of the search alone and of the whole, for one thread and for two.
//!
//! CPU time, of all threads together, is compared: the machine may be busy. What two threads gain is told
//! by the wall, and means something on an idle machine only; the last line tells it of all together.
//!
//! An argument is a part of the names of those that are wanted; `whole NAME` tells instead the shares in all
//! default scenarios of the variants with NAME in theirs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use checker::explicit::{Options, Phases, profile};
use cpu_time::{ProcessTime, ThreadTime};
use scenario::{Coverage, Scenario, Tier};

/// The largest of what the snapshots record as searched, one of those that are the same in several variants.
const LARGEST: [&str; 10] = [
    "ext4/journalled@v4.2+copy-first:no-writer-mmap-store-writeback-and-invalidate",
    "ext4/delalloc@v6.14:no-writer-mmap-store-writeback-and-invalidate",
    "ext4/journalled@v6.14:extending-unmapped-with-commit",
    "ext4/journalled@v4.2+copy-first:no-writer-mmap-store-writeback-and-truncate-to-nothing",
    "ext4/delalloc@v6.14:no-writer-mmap-store-writeback-and-truncate-to-nothing",
    "ext4/journalled@v4.11+copy-first:extending-absent-with-commit",
    "ext4/journalled@v4.2+copy-first:within-absent-with-commit",
    "ext4/journalled@v6.14:extending-unmapped-with-reader",
    "ext4/journalled@v6.14:within-resident-with-mmap-store-with-commit",
    "ext4/journalled@v4.2+copy-first:within-dropped-with-commit",
];

/// Rounds of which the best counts.
const ROUNDS: usize = 5;

fn cpu() -> Duration {
    ProcessTime::now().as_duration()
}

fn of_thread() -> Duration {
    ThreadTime::now().as_duration()
}

struct Round {
    wall: Duration,
    states: u64,
    bytes: u64,
    phases: Phases,
}

impl Round {
    fn cpu(&self) -> f64 {
        let Phases { search, judging, schedules, .. } = self.phases;
        (search + judging + schedules).as_secs_f64()
    }
}

fn best(scenario: &Scenario, threads: usize) -> Round {
    let round = |_| {
        let begun = Instant::now();
        let options = Options { threads, ..Options::default() };
        let (outcome, phases) =
            profile(scenario, &options, cpu, of_thread).expect("the model can be searched");
        assert_eq!(outcome.coverage, Coverage::Exhausted);
        Round { wall: begun.elapsed(), states: outcome.states, bytes: outcome.bytes, phases }
    };
    let rounds = (0..ROUNDS).map(round);
    rounds.min_by_key(|round| round.wall).expect("at least one round")
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    if let (Some("whole"), Some(named)) = (arguments.next().as_deref(), arguments.next()) {
        return whole(&named);
    }
    println!(
        "{:>9} {:>7} {:>7} {:>8} {:>7} {:>7} {:>9} {:>9} {:>11} {:>10} {:>7} {:>6}  scenario",
        "states",
        "threads",
        "wall s",
        "CPU s",
        "search",
        "judging",
        "schedules",
        "unfolding",
        "M/s search",
        "M/s whole",
        "bytes",
        "gain"
    );
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted =
        |target: &&str| wanted.is_empty() || wanted.iter().any(|word| target.contains(word.as_str()));
    let mut walls = [0.0; 2];
    let mut judging = [0.0; 2];
    for target in LARGEST.iter().filter(|target| wanted(target)) {
        let scenario = models::scenario(target).expect("a scenario");
        let mut alone = None;
        for threads in [1, 2] {
            let round = best(&scenario, threads);
            let (states, whole) = (round.states as f64, round.cpu());
            let share = |phase: Duration| format!("{:.1} %", 100.0 * phase.as_secs_f64() / whole);
            let wall = *alone.get_or_insert(round.wall);
            walls[threads - 1] += round.wall.as_secs_f64();
            judging[threads - 1] += round.phases.judging.as_secs_f64() / whole * round.wall.as_secs_f64();
            println!(
                "{:>9} {threads:>7} {:>7.3} {whole:>8.3} {:>7} {:>7} {:>9} {:>9} {:>11.2} {:>10.2} {:>7.1} {:>6.2}  {target}",
                round.states,
                round.wall.as_secs_f64(),
                share(round.phases.search),
                share(round.phases.judging),
                share(round.phases.schedules),
                share(round.phases.unfolding),
                states / round.phases.search.as_secs_f64() / 1e6,
                states / whole / 1e6,
                round.bytes as f64 / states,
                wall.as_secs_f64() / round.wall.as_secs_f64(),
            );
        }
    }
    let [one, two] = walls;
    println!("all: 1 thread {one:.3} s, 2 threads {two:.3} s, gain {:.2}", one / two);
    let [one, two] = [0, 1].map(|at| 100.0 * judging[at] / walls[at]);
    println!("judging: 1 thread {one:.1} %, 2 threads {two:.1} %");
    whole("ext4/journalled@v4.2+copy-first");
}

/// The shares in all default scenarios of the variants named so, on one thread, by the number of actors.
fn whole(named: &str) {
    let mut by_actors = BTreeMap::<usize, (usize, u64, Phases)>::new();
    for path in models::paths() {
        let variants = path.variants.iter().filter(|v| format!("{}@{}", path.name, v.name).contains(named));
        for case in variants.flat_map(|variant| &variant.cases).filter(|case| case.tier == Tier::Default) {
            let scenario = (case.build)();
            let options = Options::default();
            let (outcome, phases) =
                profile(&scenario, &options, cpu, of_thread).expect("the model can be searched");
            let (scenarios, states, sum) = by_actors.entry(scenario.actors.len()).or_default();
            *scenarios += 1;
            *states += outcome.states;
            sum.search += phases.search;
            sum.judging += phases.judging;
            sum.schedules += phases.schedules;
            sum.unfolding += phases.unfolding;
        }
    }
    println!(
        "   actors scenarios      states    CPU s  search judging schedules unfolding M/s whole  {named}"
    );
    for (actors, (scenarios, states, phases)) in by_actors {
        let Phases { search, judging, schedules, .. } = phases;
        let all = (search + judging + schedules).as_secs_f64();
        let share = |phase: Duration| format!("{:.1} %", 100.0 * phase.as_secs_f64() / all);
        println!(
            "{actors:>9} {scenarios:>9} {states:>11} {all:>8.2} {:>7} {:>7} {:>9} {:>9} {:>9.2}",
            share(search),
            share(judging),
            share(schedules),
            share(phases.unfolding),
            states as f64 / all / 1e6,
        );
    }
}

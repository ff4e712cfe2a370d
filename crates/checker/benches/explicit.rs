//! The explicit engine: states per second and bytes per state.
//!
//! The counter is what other checkers were measured on: SPIN 0.74 million states/s at 39 bytes,
//! stateright 0.70 million/s at 14 bytes (fingerprints only), Rumur 0.22 million/s.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use checker::explicit::{Options, Reduce, check};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use machine::{Action, Flow, Label, Layout, Machine, Order, Place, Step, again, show_number};
use scenario::{Actor, Initial, Scenario};

/// `processes` that each do `rounds` unlocked read-then-write increments of one counter.
fn counter(processes: usize, rounds: u8) -> Scenario {
    let increment = move |m: &dyn Machine| {
        again(m, Label::new("increments", &[]), 0_u8, |done| {
            let load = Action::Load { at: Place(0), mask: 0xff, order: Order::Relaxed };
            let value = m.perform(Step::new(load, Label::new("load", &[])));
            let store = Action::Store { at: Place(0), value: value + 1, order: Order::Relaxed };
            m.perform(Step::new(store, Label::new("store", &[])));
            if done + 1 < rounds { Flow::Again(done + 1) } else { Flow::Done(()) }
        });
        m.perform(Step::new(Action::Fence { order: Order::Relaxed }, Label::new("done", &[])))
    };
    let mut layout = Layout::new();
    layout.cell("counter", 8, show_number);
    let process = Actor::new("process", increment);
    scenario(layout, vec![process; processes])
}

/// Actors that copy the units of a page to each other's places: many memories, wide ones.
fn copies(actors: usize, units: u16) -> Scenario {
    let mut layout = Layout::new();
    layout.array(usize::from(units) * (actors + 1), 24, show_number, |i| format!("unit {i}"));
    let copy = |actor: usize| {
        Actor::new("copy", move |m: &dyn Machine| {
            for unit in 0..units {
                let (from, to) = (Place(unit), Place(unit + units * (actor as u16 + 1)));
                m.perform(Step::new(Action::Move { from, to }, Label::new("out", &[])));
                let back = Place((unit + actor as u16 + 1) % units);
                m.perform(Step::new(Action::Move { from: to, to: back }, Label::new("back", &[])));
            }
            0
        })
    };
    let mut scenario = scenario(layout, (0..actors).map(copy).collect());
    for (unit, cell) in scenario.initial[0].cells.iter_mut().enumerate() {
        *cell = unit as u64 + 1;
    }
    scenario
}

fn scenario(layout: Layout, actors: Vec<Actor>) -> Scenario {
    Scenario {
        name: "bench".to_owned(),
        sentence: String::new(),
        initial: vec![Initial { name: "start".to_owned(), cells: vec![0; layout.len()] }],
        layout,
        actors,
        views: Vec::new(),
        properties: Vec::new(),
        reachable: Vec::new(),
        ending: None,
        killed: None,
        final_state: None,
        facts: None,
        grounds: None,
        assumptions: None,
        picture: Arc::new(|_| String::new()),
    }
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("explicit");
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    let all = |name, scenario| (name, scenario, Reduce::None);
    let scenarios = [
        all("counter 4x3", counter(4, 3)),
        all("counter 4x4", counter(4, 4)),
        ("counter 4x3, equal actors in order", counter(4, 3), Reduce::Symmetry(0)),
        ("counter 4x4, equal actors in order", counter(4, 4), Reduce::Symmetry(0)),
        ("counter 5x3, equal actors in order", counter(5, 3), Reduce::Symmetry(0)),
        all("copies 3x5", copies(3, 5)),
    ];
    for (name, scenario, reduce) in &scenarios {
        for threads in [1, 2] {
            let options = Options { threads, reduce: *reduce, ..Options::default() };
            let outcome = check(scenario, &options).expect("a sound scenario");
            println!(
                "{name}, {threads} threads: {} states, {:.2} million/s, {:.1} bytes per state",
                outcome.states,
                outcome.states as f64 / outcome.seconds / 1e6,
                outcome.bytes as f64 / outcome.states as f64,
            );
            group.throughput(Throughput::Elements(outcome.states));
            group.bench_function(format!("{name}, {threads} threads"), |b| {
                b.iter(|| check(black_box(scenario), &options));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

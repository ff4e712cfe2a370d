//! What a path from a tree's text costs beside its Rust model: CPU time and states of all default scenarios, side by
//! side, and the time to read what a path needs.
//!
//! `SHORTCOPY_TREE` names the tree; `ONLY` and `SCENARIO` are parts of the names of paths and scenarios. CPU time of the process is compared, of one thread: the machine may be busy.

use std::sync::Arc;
use std::time::Duration;

use checker::explicit::{Options, check};
use cpu_time::ProcessTime;
use scenario::{Case, Tier};
use tables::{Tree, TreePath};

/// What the search of one path took.
#[derive(Clone, Copy, Default)]
struct Sum {
    cpu: Duration,
    states: u64,
}

impl Sum {
    fn add(&mut self, case: &Case) {
        let begun = ProcessTime::now();
        let outcome = check(&(case.build)(), &Options::default()).expect("a sound scenario");
        self.cpu += begun.elapsed();
        self.states += outcome.states;
    }
}

fn main() {
    let Some(folder) = std::env::var("SHORTCOPY_TREE").ok() else {
        println!("skipped: no tree at SHORTCOPY_TREE");
        return;
    };
    let said = |name| std::env::var(name).unwrap_or_default();
    let (only, scenario) = (said("ONLY"), said("SCENARIO"));
    println!("| path | read, s | scenarios | states Rust | states C | | CPU Rust, s | CPU C, s | |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for of in tables::PATHS.iter().filter(|of| of.name.contains(&only)) {
        // Nothing is read before.
        let sources = tree::open(&folder).expect("a tree");
        let tree = Tree::new(sources.release().clone(), Arc::new(sources), Vec::new());
        let begun = ProcessTime::now();
        let Some(TreePath { path, base, .. }) = tree.path(of).expect("a path") else {
            println!("| {} | not in this tree |", of.name);
            continue;
        };
        let read = begun.elapsed();
        let [mut rust, mut text] = [Sum::default(); 2];
        let mut scenarios = 0;
        for (a, b) in base.iter().zip(&path.variants[0].cases) {
            if a.tier != Tier::Default || !a.name.contains(&scenario) {
                continue;
            }
            scenarios += 1;
            // Neither is always the first.
            if scenarios % 2 == 0 {
                rust.add(a);
                text.add(b);
            } else {
                text.add(b);
                rust.add(a);
            }
        }
        println!(
            "| {} | {:.2} | {scenarios} | {} | {} | {:+.1} % | {:.2} | {:.2} | {:.2} |",
            path.name,
            read.as_secs_f64(),
            rust.states,
            text.states,
            (text.states as f64 / rust.states as f64 - 1.0) * 100.0,
            rust.cpu.as_secs_f64(),
            text.cpu.as_secs_f64(),
            text.cpu.as_secs_f64() / rust.cpu.as_secs_f64(),
        );
    }
}

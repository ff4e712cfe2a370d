//! From targets to outcomes: which engine, on how many threads, within which bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use scenario::{Bound, Coverage, Outcome, Scenario};

use crate::arguments::{Bounds, Engine, LoomMode, Search, ShuttleMode};
use crate::error::Error;
use crate::progress::Progress;
use crate::target::Chosen;
use crate::work::in_order;

/// A scenario and what an engine says about it.
#[derive(Debug)]
pub struct Answer {
    /// What was asked.
    pub scenario: Scenario,
    /// What was answered.
    pub outcome: Outcome,
}

/// Runs engines.
#[derive(Debug, Default)]
pub struct Searcher {
    /// Set when the user wants no more.
    pub interrupt: Arc<AtomicBool>,
    /// Whether a line on standard error tells how far the work is.
    pub progress: bool,
}

impl Bounds {
    /// The explicit engine within these bounds.
    #[must_use]
    pub fn explicit(&self) -> Search {
        Search {
            engine: Engine::Explicit,
            loom_mode: LoomMode::Kernel,
            shuttle: ShuttleMode::Random,
            seed: 0,
            executions: None,
            bounds: self.clone(),
        }
    }

    fn threads(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(processors, usize::from)
    }
}

impl Search {
    /// The bounds of one search of `at_once` that run beside each other.
    fn bounds(&self, at_once: usize) -> scenario::Bounds {
        let default = scenario::Bounds::default();
        scenario::Bounds {
            states_max: self.bounds.states_max,
            bytes_max: self.bounds.memory_max.saturating_mul(1 << 20) / at_once.max(1) as u64,
            time_max: Duration::from_secs_f64(self.bounds.time_max),
            executions_max: self.executions.unwrap_or(default.executions_max),
        }
    }
}

impl Searcher {
    /// Searches each of `chosen`, and hands the answers to `take` in their order.
    ///
    /// Many scenarios are spread over the threads; a single one gets them all.
    ///
    /// # Errors
    /// What `take` gives; what is wrong with a model is an answer.
    pub fn search<'c>(
        &self,
        search: &Search,
        chosen: &[Chosen<'c>],
        mut take: impl FnMut(usize, Result<Answer, Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let threads = search.bounds.threads();
        let at_once = threads.min(chosen.len());
        let each = if chosen.len() == 1 { threads } else { 1 };
        let progress = Progress::new(self.progress, chosen.len());
        let job = |chosen: &Chosen<'_>| {
            let scenario = (chosen.case.build)();
            if self.interrupt.load(Ordering::Relaxed) {
                let outcome =
                    Outcome { coverage: Coverage::Cut { bound: Bound::Interrupt }, ..Outcome::default() };
                return Ok(Answer { scenario, outcome });
            }
            let outcome = progress.during(&chosen.target(), |states| {
                self.run(search, search.bounds(at_once), each, chosen, &scenario, states)
            })?;
            Ok(Answer { scenario, outcome })
        };
        in_order(chosen, at_once, job, |at, answer| progress.aside(|| take(at, answer)))
    }

    fn run(
        &self,
        search: &Search,
        bounds: scenario::Bounds,
        threads: usize,
        chosen: &Chosen<'_>,
        scenario: &Scenario,
        states: &Arc<AtomicU64>,
    ) -> Result<Outcome, Error> {
        match search.engine {
            Engine::Explicit => {
                let options = checker::explicit::Options {
                    bounds,
                    threads,
                    interrupt: Some(self.interrupt.clone()),
                    progress: Some(states.clone()),
                };
                let wrong = |why: checker::explicit::Error| Error::Model {
                    target: chosen.target(),
                    why: why.to_string(),
                };
                checker::explicit::check(scenario, &options).map_err(wrong)
            }
            Engine::Loom | Engine::Shuttle => todo!(),
        }
    }
}

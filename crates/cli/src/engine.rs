//! From targets to outcomes: which engine, on how many threads, within which bounds.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use checker::explicit::Gauge;
use checker::{explicit, isolate, on_loom, on_shuttle};
use clap::ValueEnum;
use scenario::{Bound, Coverage, Outcome, Scenario, WritePath};

use crate::arguments::{Bounds, Engine, EngineRun, LoomMode, Reduce, Search, ShuttleMode, TreeChoice};
use crate::cache::{Cache, Kept};
use crate::checkpoints::Checkpoints;
use crate::error::Error;
use crate::progress::Progress;
use crate::target::{Breadth, Chosen, choose};
use crate::together::Together;
use crate::work::in_order;

/// How many executions shuttle draws unless it is told.
const SHUTTLE_EXECUTIONS: u64 = 10_000;

/// How many steps in an order of their own a bad state may need for PCT to be likely to find it.
const PCT_DEPTH: usize = 3;

/// How much longer than its own bound an engine's process may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A scenario and what an engine says about it.
#[derive(Debug)]
pub struct Answer {
    /// What was asked.
    pub scenario: Scenario,
    /// What was answered.
    pub outcome: Outcome,
    /// How the answer was known already; none where it was searched for.
    pub kept: Option<Kept>,
}

/// Runs engines.
#[derive(Clone, Debug, Default)]
pub struct Searcher {
    /// Set when the user wants no more.
    pub interrupt: Arc<AtomicBool>,
    /// Whether a line on standard error tells how far the work is.
    pub progress: bool,
    /// What each of the scenarios takes, for the share that is told of them; empty where nobody knows.
    pub efforts: Vec<u64>,
    /// The program that runs an engine as a child; if none is given, this one.
    pub program: Option<PathBuf>,
    /// Where the explicit engine's results are kept, if they are.
    pub cache: Option<Arc<Cache>>,
    /// Whether the explicit engine searches once more, compactly, where memory does not suffice.
    pub compact: bool,
    /// Where the explicit engine leaves searches that are not finished, if it does.
    pub checkpoints: Option<Arc<Checkpoints>>,
    /// The processes that the explicit engine searches each scenario with, if it does.
    pub together: Option<Arc<Together>>,
}

impl Default for Bounds {
    fn default() -> Bounds {
        let scenario::Bounds { states_max, bytes_max, time_max, .. } = scenario::Bounds::default();
        let (memory_max, time_max) = (bytes_max >> 20, time_max.as_secs_f64());
        Bounds { threads: None, states_max, memory_max, disk: None, time_max, reduce: Reduce::Order }
    }
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
            tree: TreeChoice::default(),
            bounds: self.clone(),
        }
    }

    /// Sees that files can be made where states shall be moved to.
    fn see_disk(&self) -> Result<(), Error> {
        let Some(folder) = &self.disk else { return Ok(()) };
        let wrong = |why| Error::File { path: folder.clone(), why };
        tempfile::tempfile_in(folder).map(drop).map_err(wrong)
    }

    fn threads(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(processors, usize::from)
    }
}

impl Search {
    /// The command that finds the same in one scenario again, for engines whose findings hang on more than the
    /// target. A search that was cut by time or by the user is repeated as far as it came.
    #[must_use]
    pub fn command(&self, target: &str, outcome: &Outcome) -> Option<String> {
        if self.engine == Engine::Explicit {
            return None;
        }
        let mut again = self.clone();
        if let Coverage::Cut { bound: Bound::Time | Bound::Interrupt } = outcome.coverage {
            again.executions = Some(outcome.executions);
        }
        Some(format!("shortcopy check {target} {}", again.to_arguments().join(" ")))
    }

    /// The same search as arguments of a command line: what means something to its engine.
    pub(crate) fn to_arguments(&self) -> Vec<String> {
        let name = |value: Option<clap::builder::PossibleValue>| {
            value.map_or(String::new(), |v| v.get_name().to_owned())
        };
        let Bounds { states_max, memory_max, time_max, .. } = self.bounds;
        let executions = |default: u64| format!("--executions={}", self.executions.unwrap_or(default));
        let mut arguments = vec![format!("--engine={}", self.engine.name())];
        arguments.extend(self.tree.to_arguments());
        match self.engine {
            Engine::Explicit => {
                arguments.push(format!("--states-max={states_max}"));
                arguments.push(format!("--memory-max={memory_max}"));
                if self.bounds.reduce != Reduce::Order {
                    arguments.push(format!("--reduce={}", name(self.bounds.reduce.to_possible_value())));
                }
            }
            Engine::Loom => {
                arguments.push(format!("--loom-mode={}", name(self.loom_mode.to_possible_value())));
                arguments.push(executions(scenario::Bounds::default().executions_max));
            }
            Engine::Shuttle => {
                arguments.push(format!("--shuttle={}", name(self.shuttle.to_possible_value())));
                arguments.push(format!("--seed={}", self.seed));
                arguments.push(executions(SHUTTLE_EXECUTIONS));
            }
        }
        arguments.push(format!("--time-max={time_max}"));
        arguments
    }

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
        search.bounds.see_disk()?;
        // All processes are in the same search.
        let threads = if self.together.is_some() { 1 } else { search.bounds.threads() };
        let at_once = threads.min(chosen.len());
        let each = if chosen.len() == 1 { threads } else { 1 };
        let progress = Progress::new(self.progress, chosen.len(), self.efforts.iter().sum());
        let efforts = self.efforts.iter().copied().chain(std::iter::repeat(0));
        let items: Vec<_> = chosen.iter().zip(efforts).collect();
        let job = |(chosen, effort): &(&Chosen<'_>, u64)| {
            let scenario = (chosen.case.build)();
            if self.interrupt.load(Ordering::Relaxed) {
                return Ok(Answer { scenario, outcome: not_begun(), kept: None });
            }
            // What was assumed is known of a search, and not of another one that comes to the same.
            let is_explicit = search.engine == Engine::Explicit && search.bounds.reduce == Reduce::Order;
            let is_kept = is_explicit && scenario.assumptions.is_none() && self.together.is_none();
            let cache = self.cache.as_ref().filter(|_| is_kept);
            let key = cache.and_then(|cache| cache.key(chosen.variant.origin.as_ref(), &scenario));
            if let Some(outcome) = cache.zip(key.as_ref()).and_then(|(cache, key)| cache.get(key)) {
                progress.pass(*effort);
                return Ok(Answer { scenario, outcome, kept: Some(Kept::Text) });
            }
            let (outcome, kept) = progress.during(&chosen.target(), *effort, |gauge| {
                let bounds = search.bounds(at_once);
                let Some(cache) = cache else {
                    return Ok((self.run(search, bounds, each, chosen, &scenario, gauge)?, None));
                };
                let options = self.explicit(bounds, &search.bounds, each, gauge);
                let options = explicit::Options { checkpoint: self.checkpoint(chosen, &scenario), ..options };
                let wrong = |why| wrong_model(&chosen.target(), &why);
                let search = |prepared: &_| explicit::check_prepared(prepared, &options);
                cache.search(key.as_ref(), &scenario, search).map_err(wrong)
            })?;
            Ok(Answer { scenario, outcome, kept })
        };
        in_order(&items, at_once, job, |at, answer| {
            let is_finished = matches!(&answer, Ok(answer) if explicit::is_whole(&answer.outcome));
            progress.aside(|| take(at, answer))?;
            if let Some(checkpoints) = self.checkpoints.as_ref().filter(|_| is_finished) {
                checkpoints.forget(&chosen[at].target());
            }
            Ok(())
        })
    }

    /// Does a job that takes many searches for each of `items`, each on one thread, and hands the results to
    /// `take` in their order.
    ///
    /// # Errors
    /// What `take` gives.
    pub(crate) fn each<I: Sync, R: Send>(
        &self,
        bounds: &Bounds,
        items: &[I],
        name: impl Fn(&I) -> String + Sync,
        job: impl Fn(&I, &explicit::Options) -> R + Sync,
        mut take: impl FnMut(usize, R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        bounds.see_disk()?;
        let at_once = bounds.threads().min(items.len());
        let progress = Progress::new(self.progress, items.len(), 0);
        let each = bounds.explicit().bounds(at_once);
        let job = |item: &I| {
            progress.during(&name(item), 0, |gauge| job(item, &self.explicit(each, bounds, 1, gauge)))
        };
        in_order(items, at_once, job, |at, result| progress.aside(|| take(at, result)))
    }

    fn run(
        &self,
        search: &Search,
        bounds: scenario::Bounds,
        threads: usize,
        chosen: &Chosen<'_>,
        scenario: &Scenario,
        gauge: &Arc<Gauge>,
    ) -> Result<Outcome, Error> {
        match search.engine {
            Engine::Explicit => {
                let options = self.explicit(bounds, &search.bounds, threads, gauge);
                let options = explicit::Options { checkpoint: self.checkpoint(chosen, scenario), ..options };
                let outcome = match &self.together {
                    Some(together) => together.check(scenario, &options),
                    None => explicit::check(scenario, &options),
                };
                outcome.map_err(|why| wrong_model(&chosen.target(), &why))
            }
            Engine::Loom | Engine::Shuttle => {
                let outcome = self.in_child(search, &bounds, &chosen.target());
                Ok(outcome.unwrap_or_else(isolate::Error::into_outcome))
            }
        }
    }

    fn explicit(
        &self,
        bounds: scenario::Bounds,
        asked: &Bounds,
        threads: usize,
        gauge: &Arc<Gauge>,
    ) -> explicit::Options {
        let (interrupt, gauge) = (Some(self.interrupt.clone()), Some(gauge.clone()));
        let reduce = match asked.reduce {
            Reduce::None => explicit::Reduce::None,
            Reduce::Order => explicit::Reduce::Order(explicit::Reduce::LARGE),
            Reduce::Always => explicit::Reduce::Always(explicit::Reduce::LARGE),
            Reduce::Chains => explicit::Reduce::Chains(explicit::Reduce::LARGE),
        };
        let disk = asked.disk.clone();
        let compact = self.compact;
        explicit::Options { bounds, threads, reduce, interrupt, gauge, disk, compact, checkpoint: None }
    }

    fn checkpoint(&self, chosen: &Chosen<'_>, scenario: &Scenario) -> Option<explicit::Checkpoint> {
        let checkpoints = self.checkpoints.as_ref()?;
        Some(checkpoints.of(&chosen.target(), chosen.variant.origin.as_ref(), scenario))
    }

    /// loom and shuttle can take their process with them: each run has one of its own.
    fn in_child(
        &self,
        search: &Search,
        bounds: &scenario::Bounds,
        target: &str,
    ) -> Result<Outcome, isolate::Error> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        let mut command = Command::new(program);
        command.arg("engine").arg(target).args(search.to_arguments());
        isolate::run_in_child(command, bounds.time_max.saturating_add(GRACE), &self.interrupt)
    }
}

/// Runs one engine on one scenario in this process and hands its outcome over to the parent.
///
/// # Errors
/// A target that is not one scenario, an outcome that can't be handed over.
pub(crate) fn run_as_child(
    catalog: &[WritePath],
    arguments: &EngineRun,
    interrupt: &Arc<AtomicBool>,
) -> Result<(), Error> {
    let EngineRun { target, search } = arguments;
    let chosen = choose(catalog, std::slice::from_ref(target), Breadth::All)?;
    let [chosen] = chosen[..] else { return Err(Error::Usage(format!("`{target}` is not one scenario"))) };
    let scenario = (chosen.case.build)();
    let bounds = search.bounds(1);
    isolate::hush();
    isolate::stop_with_parent(interrupt.clone());
    let interrupt = Some(interrupt.clone());
    let outcome = match search.engine {
        Engine::Explicit => {
            let options = explicit::Options { bounds, interrupt, ..explicit::Options::default() };
            explicit::check(&scenario, &options).map_err(|why| wrong_model(target, &why))?
        }
        Engine::Loom => {
            let mode = match search.loom_mode {
                LoomMode::Sc => on_loom::Mode::SequentiallyConsistent,
                LoomMode::Kernel => on_loom::Mode::KernelOrders,
            };
            let options = on_loom::Options { mode, bounds, interrupt, ..on_loom::Options::default() };
            on_loom::check(&scenario, &options)
        }
        Engine::Shuttle => {
            let executions = search.executions.unwrap_or(SHUTTLE_EXECUTIONS);
            let (executions, seed) = (usize::try_from(executions).unwrap_or(usize::MAX), search.seed);
            let mode = match search.shuttle {
                ShuttleMode::Random => on_shuttle::Mode::Random { seed, executions },
                ShuttleMode::Pct => on_shuttle::Mode::Pct { depth: PCT_DEPTH, seed, executions },
            };
            let time_max = bounds.time_max;
            let options = on_shuttle::Options { time_max, interrupt, ..on_shuttle::Options::new(mode) };
            on_shuttle::check(&scenario, &options)
        }
    };
    Ok(isolate::hand_over(&outcome)?)
}

pub(crate) fn wrong_model(target: &str, why: &explicit::Error) -> Error {
    Error::Model { target: target.to_owned(), why: why.to_string() }
}

/// What is known of a search that was not begun.
pub(crate) fn not_begun() -> Outcome {
    Outcome { coverage: Coverage::Cut { bound: Bound::Interrupt }, ..Outcome::default() }
}

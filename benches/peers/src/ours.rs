//! The engines of the project on a scenario: explicit, loom, shuttle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use checker::explicit::{Options, Phases, Reduce};
use checker::{explicit, on_loom, on_shuttle};
use machine::{Action, Machine, Step, Word};
use scenario::{Bounds, Coverage, Outcome, Scenario};

use crate::engines::Engine;
use crate::error::Error;
use crate::job::Job;
use crate::measured::Measured;
use crate::usage::{Taken, cpu};

/// Where chance starts from, of shuttle.
const SEED: u64 = 1;

/// Runs an engine of the project.
pub(crate) fn run(job: &Job, mut scenario: Scenario) -> Result<Measured, Error> {
    let heard = Arc::new(Heard::default());
    if job.for_a_bug {
        listen(&mut scenario, &heard);
    }
    if job.engine.is_bare() {
        scenario.properties.clear();
        scenario.views.clear();
        (scenario.ending, scenario.killed) = (None, None);
    }
    let before = Taken::here()?;
    let (outcome, phases) = search(job, &scenario, &heard.interrupt)?;
    let after = Taken::here()?;
    let first = heard.first.get();
    let cpu = first.copied().unwrap_or(after.cpu).saturating_sub(before.cpu);
    Ok(Measured {
        cpu,
        search: phases.map_or(cpu, |phases| phases.search),
        unfolding: phases.map_or(Duration::ZERO, |phases| phases.unfolding),
        states: outcome.states,
        executions: outcome.executions,
        exhausted: matches!(outcome.coverage, Coverage::Exhausted | Coverage::Pruned),
        found: first.is_some(),
        resident: after.resident - before.resident,
        counted: outcome.bytes,
    })
}

/// What an engine comes to, and its phases where it has some.
fn search(
    job: &Job,
    scenario: &Scenario,
    interrupt: &Arc<AtomicBool>,
) -> Result<(Outcome, Option<Phases>), Error> {
    let interrupt = Some(interrupt.clone());
    match job.engine {
        Engine::Loom => {
            let mode = on_loom::Mode::SequentiallyConsistent;
            let bounds = Bounds { time_max: job.time_max, ..Bounds::default() };
            let options = on_loom::Options { mode, bounds, interrupt, ..on_loom::Options::default() };
            Ok((on_loom::check(scenario, &options), None))
        }
        Engine::Shuttle => {
            let mode = on_shuttle::Mode::Random { seed: SEED, executions: usize::MAX };
            let options =
                on_shuttle::Options { time_max: job.time_max, interrupt, ..on_shuttle::Options::new(mode) };
            Ok((on_shuttle::check(scenario, &options), None))
        }
        engine => {
            let reduce = if engine.leaves_out() { Reduce::Order(0) } else { Reduce::None };
            let options = Options { reduce, interrupt, ..Options::default() };
            let profiled = explicit::profile(scenario, &options, cpu, cpu);
            let (outcome, phases) =
                profiled.map_err(|why| Error::Model { name: job.name.clone(), why: why.to_string() })?;
            Ok((outcome, Some(phases)))
        }
    }
}

/// Whether an actor has reported a bug.
#[derive(Default)]
struct Heard {
    /// The processor time of the process at the first.
    first: OnceLock<Duration>,
    interrupt: Arc<AtomicBool>,
}

/// Ends the search at the first bug that an actor reports.
fn listen(scenario: &mut Scenario, heard: &Arc<Heard>) {
    for actor in &mut scenario.actors {
        let (body, heard) = (actor.body.clone(), heard.clone());
        actor.body = Arc::new(move |machine| body(&Listening { machine, heard: &heard }));
    }
}

/// A machine of which the reports are heard. It answers as before, so that nobody moves in another way.
struct Listening<'a> {
    machine: &'a dyn Machine,
    heard: &'a Heard,
}

impl Machine for Listening<'_> {
    fn perform(&self, step: Step) -> Word {
        if let Action::Report { .. } = step.action {
            self.heard.first.get_or_init(cpu);
            self.heard.interrupt.store(true, Ordering::Relaxed);
        }
        self.machine.perform(step)
    }
}

//! The explicit engine: every interleaving, sequentially consistent, state by state.
//!
//! Each actor is unfolded into an automaton (`unfold`), cells are packed (`packing`), and the states
//! are searched breadth first (`search`) into a set that keeps them whole (`visited`). Cycles are then
//! judged for livelock (`cycles`), and for each distinct bad state a second search finds the schedule of
//! fewest context switches and, among those, fewest steps (`shortest`).

mod cycles;
mod error;
mod expand;
mod findings;
mod packing;
mod prepared;
mod rest;
mod schedule;
mod search;
mod shortest;
mod trace;
mod unfold;
mod visited;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use machine::{Action, Word};
use scenario::{BadState, Bounds, Check, Coverage, Outcome, Scenario, Schedule, built_in};

pub use error::{Error, Spot};
pub use prepared::Prepared;
pub use trace::{Place, Trace};
pub(crate) use unfold::{Automaton, Edge, PANICKED_FROM, Standing};

use cycles::{Cut, judge};
use expand::Expander;
use findings::{Bad, Findings};
use schedule::tell;
use search::{Limits, Searched, search, unpacked_rests};
use shortest::shortest;
use visited::{Memories, room};

/// The cells of a state, packed.
pub(crate) type PackedWords = Box<[u64]>;

/// How to search.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far to look. `executions_max` means nothing here. The level in which `states_max` is met
    /// is finished, so that what is found doesn't depend on the number of threads.
    pub bounds: Bounds,
    /// How many threads search; 0 counts as 1. Changes nothing that is found.
    pub threads: usize,
    /// Set it to stop the search.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Is given the number of states so far.
    pub progress: Option<Arc<AtomicU64>>,
}

impl Default for Options {
    /// The default bounds, one thread.
    fn default() -> Options {
        Options { bounds: Bounds::default(), threads: 1, interrupt: None, progress: None }
    }
}

/// A state at rest: the value of each cell, and the words that the actors returned (0 of an
/// unfinished daemon).
pub type AtRest = (Vec<Word>, Vec<Word>);

/// Searches a scenario.
///
/// Everything in the outcome but `seconds` and `bytes` is the same for every number of threads, unless
/// the search was cut by time, memory or the user.
///
/// # Errors
/// Where the scenario or a model can't be searched.
pub fn check(scenario: &Scenario, options: &Options) -> Result<Outcome, Error> {
    check_prepared(&Prepared::new(scenario)?, options)
}

/// As [`check`], of a scenario that was made ready; its [`Trace`] can be taken after that, if it was used
/// for nothing else.
///
/// # Errors
/// As [`check`].
pub fn check_prepared(prepared: &Arc<Prepared>, options: &Options) -> Result<Outcome, Error> {
    Ok(search_prepared(prepared, options, false)?.0)
}

/// As [`check`], and gives every state at rest, to compare engines by.
///
/// # Errors
/// As [`check`].
pub fn explore(scenario: &Scenario, options: &Options) -> Result<(Outcome, BTreeSet<AtRest>), Error> {
    search_prepared(&Prepared::new(scenario)?, options, true)
}

fn search_prepared(
    prepared: &Arc<Prepared>,
    options: &Options,
    rests: bool,
) -> Result<(Outcome, BTreeSet<AtRest>), Error> {
    match prepared.actors() {
        0..=2 => run::<1>(prepared, options, rests),
        3..=5 => run::<2>(prepared, options, rests),
        6..=8 => run::<3>(prepared, options, rests),
        9..=11 => run::<4>(prepared, options, rests),
        actors => {
            let remark = format!("{actors} actors, and the explicit engine has room for {}", room(4));
            Ok((Outcome { remark, ..Outcome::default() }, BTreeSet::new()))
        }
    }
}

fn run<const R: usize>(
    prepared: &Arc<Prepared>,
    options: &Options,
    rests: bool,
) -> Result<(Outcome, BTreeSet<AtRest>), Error> {
    let limits = Limits::new(options);
    let memories = Memories::new(prepared.packing.words());
    let searched: Searched<R> = search(prepared, &memories, &limits, options.threads)?;
    let (reached, reported) = seen_in_automata(prepared, !searched.rests.is_empty());
    let mut found = searched.places.all.clone();
    found.extend(reported);

    let ignored = Findings::default();
    let mut expander = Expander::new(prepared, &memories, &ignored);
    expander.expect(searched.states.len());
    let mut judged = Vec::new();
    if !limits.out_of_time() {
        match judge(prepared, &searched.states, &mut expander, &limits) {
            Ok(all) => judged = all,
            Err(Cut::Limit) => {}
            Err(Cut::Halt(halt)) => limits.halt(halt),
        }
    }
    found.extend(judged.iter().flat_map(|j| j.found.iter().map(|component| component.bad.clone())));
    let searched_for = limits.seconds();
    let coverage = limits.coverage();

    // A search that was cut must not be followed by a second one without end.
    let patience = match coverage {
        Coverage::Exhausted => f64::INFINITY,
        _ => searched_for + PATIENCE.max(searched_for),
    };
    let give_up = || limits.seconds() > patience || coverage == Coverage::Exhausted && limits.interrupted();
    let ways = match shortest(prepared, &searched, &judged, &mut expander, found.clone(), give_up) {
        Ok(ways) => ways,
        Err(halt) => {
            limits.halt(halt);
            Default::default()
        }
    };
    if let Some(error) = limits.error() {
        return Err(error);
    }
    prepared.walk()?;

    let scenario = &prepared.scenario;
    let bad_state = |bad: Bad, schedule, cells| BadState {
        property: bad.property.to_owned(),
        promised: scenario.promises(bad.property),
        witness: bad.witness,
        cells,
        schedule,
    };
    let mut untold = 0;
    let mut bad = Vec::new();
    for found in found {
        let (schedule, cells) = match ways.get(&found) {
            Some(way) => {
                let (schedule, run) = tell(prepared, &found, way)?;
                let cells = run.cells();
                // Whoever draws it later can't tell what is wrong.
                prepared.draw(&prepared.packing.pack(&cells))?;
                (schedule, cells)
            }
            None => {
                untold += 1;
                (Schedule::default(), Vec::new())
            }
        };
        bad.push(bad_state(found, schedule, cells));
    }
    if coverage == Coverage::Exhausted {
        let missing = scenario.reachable.iter().filter(|mark| !reached.contains(**mark));
        // Nor may what is looked at finally hold because nothing ever comes to rest.
        let finally = scenario.properties.iter().any(|p| matches!(p.check, Check::Final(_)));
        let looks = (finally || !scenario.views.is_empty()) && searched.rests.is_empty();
        let ends = [built_in::DEADLOCK.id, built_in::LIVELOCK.id, built_in::KERNEL_BUG.id];
        let why = bad.iter().any(|b| ends.contains(&b.property.as_str()));
        let restless = (looks && !why).then_some(&"a state at rest");
        let empty = missing.chain(restless).map(|mark| Bad::new(built_in::EMPTY.id, *mark));
        bad.extend(empty.map(|bad| bad_state(bad, Schedule::default(), Vec::new())));
    }
    bad.sort_by(|a, b| (&a.property, &a.witness).cmp(&(&b.property, &b.witness)));
    let remark = match untold {
        0 => String::new(),
        _ => format!("no schedule was looked for to the end for {untold} of the bad states"),
    };
    let outcome = Outcome {
        bad,
        endings: searched.places.endings.iter().cloned().collect(),
        coverage,
        states: searched.states.len() as u64,
        transitions: searched.transitions,
        executions: 0,
        bytes: searched.bytes + prepared.automata.iter().map(Automaton::bytes).sum::<u64>(),
        seconds: limits.seconds(),
        reached: reached.into_iter().map(str::to_owned).collect(),
        remark,
    };
    let rests: &[_] = if rests { &searched.rests } else { &[] };
    Ok((outcome, unpacked_rests(prepared, &memories, rests)))
}

/// Seconds that a cut search gives at least to finding schedules.
const PATIENCE: f64 = 5.0;

/// What is reached and reported by the actors themselves. An edge is unfolded when it is first
/// taken, so every edge was.
fn seen_in_automata(prepared: &Prepared, rested: bool) -> (BTreeSet<&'static str>, Vec<Bad>) {
    let (mut reached, mut bad) = (BTreeSet::new(), Vec::new());
    for (actor, automaton) in prepared.automata.iter().enumerate() {
        let followed = automaton.edges().into_iter().map(|(_, _, edge)| edge);
        // Views start only where the actors are at rest.
        let started = actor < prepared.actors() || rested;
        for edge in followed.chain(started.then(|| automaton.start().clone())) {
            reached.extend(edge.emissions.iter().filter_map(|step| match step.action {
                Action::Reach { what } => Some(what),
                _ => None,
            }));
            bad.extend(prepared.seen_in(actor, &edge));
        }
    }
    (reached, bad)
}

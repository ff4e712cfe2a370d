//! The explicit engine: every interleaving, sequentially consistent, state by state.
//!
//! Each actor is unfolded into an automaton (`unfold`), cells are packed (`packing`), and the states
//! are searched breadth first (`search`), by threads that stay (`team`) and share what steps do (`effects`), into
//! a set that keeps them whole (`visited`); of a large search that finds nothing, orders of steps that make no difference can
//! be left out (`reduce`). Cycles are then
//! judged for livelock (`cycles`), and for each distinct bad state a second search finds the schedule of
//! fewest context switches and, among those, fewest steps (`shortest`). All of it keeps within the bounds
//! (`limits`), and counts its memory before it takes it (`ledger`).

mod checkpoint;
#[cfg(test)]
#[path = "../../tests/common/mod.rs"]
mod common;
mod cycles;
mod effects;
mod error;
mod expand;
mod findings;
mod ledger;
mod limits;
mod memories;
mod packing;
mod prepared;
mod reduce;
mod rest;
mod schedule;
mod search;
mod shortest;
mod team;
#[cfg(test)]
mod tests;
mod trace;
mod unfold;
mod visited;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use machine::{Action, Word};
use scenario::{
    BadState, Bound, Bounds, Check, Coverage, EventKind, Missing, Outcome, Scenario, Schedule, built_in,
};

pub use checkpoint::{Checkpoint, News, Note, Refused, forget};
pub use error::{Error, Spot};
pub use prepared::Prepared;
pub(crate) use schedule::end_with;
pub use trace::{Place, Trace};
pub(crate) use unfold::{Automaton, Edge, PANICKED_FROM, Standing};

use checkpoint::{Has, Keeper};
use cycles::judge;
use effects::Effects;
use findings::Bad;
use ledger::Held;
use limits::{Ceilings, Limits};
use memories::Memories;
use schedule::tell;
use search::{Plan, Reduced, Searched, search, unpacked_rests};
use shortest::shortest;
use visited::{Shard, room};

/// The cells of a state, packed.
pub(crate) type PackedWords = Box<[u64]>;

/// How to search.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far to look. `executions_max` means nothing here. The level in which `states_max` is met
    /// is finished, so that what is found doesn't depend on the number of threads. `bytes_max` and `time_max`
    /// hold for all phases; a sixteenth of the memory is the allocator's. Once there is something to tell,
    /// the search leaves an eighth of the time, and some memory for each state, to the schedules.
    pub bounds: Bounds,
    /// How many threads search; 0 counts as 1. Changes nothing that is found.
    pub threads: usize,
    /// What is left out that changes nothing of what is told.
    pub reduce: Reduce,
    /// Set it to stop the search.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Is given the number of states so far.
    pub progress: Option<Arc<AtomicU64>>,
    /// Where the search is left now and then, and where a bound or the user ends it, and goes on from if it was left before.
    /// Bounds are then on all of the search, with what was done and spent before. Once an outcome [is whole](is_whole), the
    /// caller takes it away ([`forget`]).
    pub checkpoint: Option<Checkpoint>,
}

impl Default for Options {
    /// The default bounds, one thread, no reduction.
    fn default() -> Options {
        let reduce = Reduce::None;
        let (interrupt, progress, checkpoint) = Default::default();
        Options { bounds: Bounds::default(), threads: 1, reduce, interrupt, progress, checkpoint }
    }
}

/// What a search leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduce {
    /// Nothing.
    None,
    /// All orders but one of steps whose order makes no difference, of a search of more than so many states: where that
    /// finds nothing wrong, nothing is. Where it does, everything is searched. The numbers of states and
    /// transitions are those of the search that told.
    Order(u64),
}

impl Reduce {
    /// Where it is worth it: choosing what to leave out takes longer than a small search.
    pub const LARGE: Reduce = Reduce::Order(1 << 17);
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
    Ok(search_prepared(prepared, options, &Asked::default())?.outcome)
}

/// As [`check`], and gives every state at rest, to compare engines by.
///
/// # Errors
/// As [`check`].
pub fn explore(scenario: &Scenario, options: &Options) -> Result<(Outcome, BTreeSet<AtRest>), Error> {
    let answer =
        search_prepared(&Prepared::new(scenario)?, options, &Asked { rests: true, ..Asked::default() })?;
    Ok((answer.outcome, answer.rests))
}

/// What each phase of a check took.
#[derive(Clone, Copy, Default, Debug)]
pub struct Phases {
    /// Searching, with the unfolding of the models, the properties and the views.
    pub search: Duration,
    /// Judging cycles.
    pub judging: Duration,
    /// Finding schedules and telling them.
    pub schedules: Duration,
    /// Running models to unfold them, those of the views too, and to look for what they remember: a part of
    /// the other phases, of all threads together. A sample, without what it takes to measure.
    pub unfolding: Duration,
}

/// As [`check`], and measures the phases by a clock of the caller's; unfolding by another one, which tells the time of
/// the thread that asks.
///
/// # Errors
/// As [`check`].
pub fn profile(
    scenario: &Scenario,
    options: &Options,
    clock: fn() -> Duration,
    of_thread: fn() -> Duration,
) -> Result<(Outcome, Phases), Error> {
    let prepared = Prepared::new(scenario)?;
    prepared.automata.iter().for_each(|automaton| automaton.measure(of_thread));
    let answer = search_prepared(&prepared, options, &Asked { clock, ..Asked::default() })?;
    Ok((answer.outcome, answer.phases))
}

/// What is wanted besides the outcome, and how large things may become.
struct Asked {
    rests: bool,
    clock: fn() -> Duration,
    ceilings: Ceilings,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked { rests: false, clock: || Duration::ZERO, ceilings: Ceilings::default() }
    }
}

#[derive(Default)]
struct Answer {
    outcome: Outcome,
    rests: BTreeSet<AtRest>,
    phases: Phases,
}

fn search_prepared(prepared: &Arc<Prepared>, options: &Options, asked: &Asked) -> Result<Answer, Error> {
    match prepared.actors() {
        0..=2 => run::<1>(prepared, options, asked),
        3..=5 => run::<2>(prepared, options, asked),
        // Rare: to build this for three words too would cost more than it gains.
        6..=11 => run::<4>(prepared, options, asked),
        actors => {
            let remark = format!("{actors} actors, and the explicit engine has room for {}", room(4));
            Ok(Answer { outcome: Outcome { remark, ..Outcome::default() }, ..Answer::default() })
        }
    }
}

fn run<const R: usize>(prepared: &Arc<Prepared>, options: &Options, asked: &Asked) -> Result<Answer, Error> {
    let keeper = |to| Keeper::new(to, prepared, options.reduce);
    let mut keeper = options.checkpoint.as_ref().map(keeper).transpose()?;
    let before = keeper.as_ref().map_or(Duration::ZERO, Keeper::spent);
    let begun = Begun { clock: (asked.clock)(), at: Instant::now(), before };
    let is_past = |keeper: &Option<Keeper>, plan| keeper.as_ref().is_some_and(|keeper| keeper.is_past(plan));
    let attempt = |plan, keeper: &mut Option<Keeper>| {
        attempt::<R>(prepared, options, asked, &begun, plan, keeper.as_mut())
    };
    let from = match options.reduce {
        Reduce::Order(from) if prepared.actors() > 1 => from,
        Reduce::Order(_) | Reduce::None => return Ok(attempt(Plan::Plain, &mut keeper)?.unwrap_or_default()),
    };
    if !is_past(&keeper, Plan::Small(from))
        && let Some(answer) = attempt(Plan::Small(from), &mut keeper)?
    {
        return Ok(answer);
    }
    let mut found = keeper.as_ref().map(Keeper::before).unwrap_or_default();
    if !is_past(&keeper, Plan::Reduced) {
        let reduced = attempt(Plan::Reduced, &mut keeper)?.unwrap_or_default();
        if reduced.outcome.bad.is_empty() && tells_enough(reduced.outcome.coverage) {
            return Ok(reduced);
        }
        found = reduced.outcome.bad;
        let was_cut = matches!(reduced.outcome.coverage, Coverage::Cut { .. });
        keeper.iter_mut().for_each(|keeper| keeper.goes_plain(&found, was_cut));
    }
    let mut plain = attempt(Plan::Plain, &mut keeper)?.unwrap_or_default();
    if let Coverage::Cut { .. } = plain.outcome.coverage {
        keep(&mut plain.outcome.bad, found);
    }
    Ok(plain)
}

/// Whether a plain search after a reduced one that found nothing could tell more: not where all is known, nor where no time is
/// left.
fn tells_enough(coverage: Coverage) -> bool {
    matches!(coverage, Coverage::Exhausted | Coverage::Cut { bound: Bound::Time | Bound::Interrupt })
}

/// Adds the bad states that only the reduced search before this one came to: nothing that was found is lost. Left out is
/// what only the whole of a graph can tell: that something is never reached, or that who waits while others go round waits
/// for ever.
fn keep(bad: &mut Vec<BadState>, reduced: Vec<BadState>) {
    let id = |bad: &BadState| (bad.property.clone(), bad.witness.clone());
    let goes_round =
        |bad: &BadState| bad.schedule.events.iter().any(|event| matches!(event.kind, EventKind::Cycle));
    let is_shown = |bad: &BadState| {
        !bad.schedule.events.is_empty() && (bad.property != built_in::DEADLOCK.id || !goes_round(bad))
    };
    let known: BTreeSet<_> = bad.iter().map(id).collect();
    bad.extend(reduced.into_iter().filter(|other| is_shown(other) && !known.contains(&id(other))));
    bad.sort_by_key(id);
}

/// When everything began, by the caller's clock and by the engine's.
struct Begun {
    clock: Duration,
    at: Instant,
    /// What was spent before, by other runs.
    before: Duration,
}

/// A search as planned; none where a small one was planned, and it is not.
fn attempt<const R: usize>(
    prepared: &Arc<Prepared>,
    options: &Options,
    asked: &Asked,
    begun: &Begun,
    plan: Plan,
    mut keeper: Option<&mut Keeper>,
) -> Result<Option<Answer>, Error> {
    let limits = Limits::new(options, prepared, asked.ceilings, begun.at).after(begun.before);
    let memories = Memories::new(prepared.packing.words(), limits.ceilings.memories, &limits.ledger);
    let mut searched: Searched<R> = search(prepared, &memories, &limits, plan, keeper.as_deref_mut())?;
    if searched.left && plan != Plan::Reduced {
        return Ok(None);
    }
    Effects::fit(&mut searched.effects, searched.states.len(), &limits.ledger);
    let after_search = (asked.clock)();
    let SeenInAutomata { reached, bad: reported, unsupported } =
        seen_in_automata(prepared, !searched.places.by_rest.is_empty());
    let mut found = searched.places.all.clone();
    found.extend(reported);
    if !found.is_empty() {
        limits.found();
    }

    // A search that met a bound is judged as far as it came, if there is still time.
    let judged = match limits.go_on().and_then(|()| judge(prepared, &searched, &memories, &limits)) {
        Ok(judged) => judged,
        Err(halt) => {
            limits.halt(halt);
            Vec::new()
        }
    };
    if let Some(error) = limits.error() {
        return Err(error);
    }
    found.extend(judged.iter().flat_map(|j| j.found.iter().map(|component| component.bad.clone())));
    let coverage = match limits.coverage() {
        Coverage::Exhausted if !unsupported.is_empty() => Coverage::Pruned,
        coverage => coverage,
    };
    let after_judging = (asked.clock)();

    limits.ledger.reserve(0);
    let mut ways = shortest(prepared, &searched, &judged, &memories, found.clone(), &limits)?;
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
    let mut schedules = Held::new(&limits.ledger);
    for found in found {
        let (schedule, cells) = match ways.remove(&found) {
            Some(way) if !limits.out_of_patience() && schedules.take(way.steps.len() * TOLD).is_ok() => {
                let (schedule, run) = tell(prepared, &found, &way)?;
                let cells = run.cells();
                // Whoever draws it later can't tell what is wrong.
                prepared.draw(&prepared.packing.pack(&cells))?;
                (schedule, cells)
            }
            _ => {
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
        let looks = (finally || !scenario.views.is_empty()) && searched.places.by_rest.is_empty();
        let ends = [built_in::DEADLOCK.id, built_in::LIVELOCK.id, built_in::KERNEL_BUG.id];
        let why = bad.iter().any(|b| ends.contains(&b.property.as_str()));
        let restless = (looks && !why).then_some(&"a state at rest");
        let empty = missing.chain(restless).map(|mark| Bad::new(built_in::EMPTY.id, *mark));
        bad.extend(empty.map(|bad| bad_state(bad, Schedule::default(), Vec::new())));
    }
    bad.sort_by(|a, b| (&a.property, &a.witness).cmp(&(&b.property, &b.witness)));
    let numbers = limits.ran_out_of().map(|what| format!("the engine has no more numbers for {what}"));
    let untold =
        (untold > 0).then(|| format!("no schedule was looked for to the end for {untold} of the bad states"));
    let remark = numbers.into_iter().chain(untold).collect::<Vec<_>>().join("; ");
    let outcome = Outcome {
        bad,
        endings: searched.places.endings.iter().cloned().collect(),
        coverage,
        looked_at: looked_at(scenario, coverage),
        left_out: BTreeSet::new(),
        reduced: plan.is_reduced(),
        states: searched.states.len() as u64,
        transitions: searched.transitions,
        executions: 0,
        bytes: limits.ledger.peak(),
        seconds: limits.seconds(),
        reached: reached.into_iter().map(str::to_owned).collect(),
        remark,
        ..Outcome::default()
    };
    let outcome = outcome.resting(scenario, unsupported);
    if let Some(keeper) = keeper
        && !is_whole(&outcome)
    {
        let shards: Vec<&Shard<R>> = searched.states.shards().iter().collect();
        let reduced = searched.reduced.as_ref().map(Reduced::has);
        keeper
            .leave(&limits, &Has { shards: &shards, memories: &memories, places: &searched.places, reduced });
    }
    let rests =
        if asked.rests { unpacked_rests(prepared, &memories, &searched.places) } else { BTreeSet::new() };
    let phases = Phases {
        search: after_search.saturating_sub(begun.clock),
        judging: after_judging.saturating_sub(after_search),
        schedules: (asked.clock)().saturating_sub(after_judging),
        unfolding: prepared.automata.iter().map(Automaton::took).sum(),
    };
    Ok(Some(Answer { outcome, rests, phases }))
}

/// Whether everything was looked at that can be, and told. Else there is more to tell under larger bounds.
#[must_use]
pub fn is_whole(outcome: &Outcome) -> bool {
    !matches!(outcome.coverage, Coverage::Cut { .. }) && outcome.remark.is_empty()
}

/// Everything that is asked. A search that was cut, or ended where something is not modelled, says nothing of what only the whole can tell.
fn looked_at(scenario: &Scenario, coverage: Coverage) -> BTreeSet<String> {
    let of_the_whole = [built_in::LIVELOCK.id, built_in::UNKILLABLE.id, built_in::EMPTY.id];
    let told = |id: &&str| coverage == Coverage::Exhausted || !of_the_whole.contains(id);
    scenario.asked().into_iter().filter(told).map(str::to_owned).collect()
}

/// What a step of a schedule takes with its text, in bytes.
const TOLD: usize = 512;

/// What the actors themselves come to.
#[derive(Default)]
struct SeenInAutomata {
    reached: BTreeSet<&'static str>,
    bad: Vec<Bad>,
    unsupported: BTreeSet<Missing>,
}

/// What is reached and reported by the actors themselves, and where they end for want of a model. An edge is unfolded when it is first
/// taken, so every edge was.
fn seen_in_automata(prepared: &Prepared, rested: bool) -> SeenInAutomata {
    let mut seen = SeenInAutomata::default();
    for (actor, automaton) in prepared.automata.iter().enumerate() {
        let followed = automaton.edges().into_iter().map(|(_, _, edge)| edge);
        // Views start only where the actors are at rest.
        let started = actor < prepared.actors() || rested;
        for edge in followed.chain(started.then(|| automaton.start().clone())) {
            seen.reached.extend(edge.emissions.iter().filter_map(|step| match step.action {
                Action::Reach { what } => Some(what),
                _ => None,
            }));
            seen.bad.extend(prepared.seen_in(actor, &edge));
            if let Standing::Unsupported(missing) = &automaton.node(edge.to).control {
                seen.unsupported.insert(Missing::from((**missing).clone()));
            }
        }
    }
    seen
}

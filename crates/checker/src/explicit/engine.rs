//! A check from its beginning to its end: searches, judging, schedules, and what is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use machine::Word;
use scenario::{Bound, Coverage, Outcome, Scenario, built_in};

use super::checkpoint::{Has, Keeper};
use super::cycles::{Judged, WITH_PATIENCE, WITHIN_BOUNDS, any_cycle, judge};
use super::effects::Effects;
use super::error::Error;
use super::findings::{Bad, Places};
use super::key::room;
use super::limits::{Ceilings, Halt, Limits};
use super::memories::Memories;
use super::once_more::once_more;
use super::options::{Options, Reduce};
use super::outcome::{CameTo, id, keep};
use super::plan::{Plan, Steps};
use super::prepared::Prepared;
use super::regrow::regrow;
use super::reports::{SeenInAutomata, seen_in_automata};
use super::search::{Searched, search};
use super::sets::Reduced;
use super::shortest::shortest;
use super::symmetry::Fault;
use super::unfold::Automaton;
use super::visited::Shard;

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

/// As [`check`], of a scenario that was made ready; its [`Trace`](super::Trace) can be taken after that, if it
/// was used for nothing else.
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
    prepared.each_automaton().for_each(|automaton| automaton.measure(of_thread));
    let answer = search_prepared(&prepared, options, &Asked { clock, ..Asked::default() })?;
    Ok((answer.outcome, answer.phases))
}

/// What is wanted besides the outcome, and how large things may become.
pub(super) struct Asked {
    pub(super) rests: bool,
    pub(super) clock: fn() -> Duration,
    pub(super) ceilings: Ceilings,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked { rests: false, clock: || Duration::ZERO, ceilings: Ceilings::default() }
    }
}

#[derive(Default)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) rests: BTreeSet<AtRest>,
    phases: Phases,
    /// Of a reduced search: what is bad if nobody has another step than those that were taken.
    doubtful: BTreeSet<Bad>,
    /// Whether somebody waits while others go round: whether for good only the plain graph can tell.
    waits: bool,
}

impl Answer {
    /// With no bad states of a reduced search but those that are bad in the whole of the graph, too. Left out is what only that
    /// can tell: that something is never reached, or that who waits while others go round waits for ever.
    fn only_shown(mut self) -> Answer {
        let doubtful: BTreeSet<_> =
            self.doubtful.iter().map(|bad| (bad.property.to_owned(), bad.witness.clone())).collect();
        self.outcome.bad.retain(|bad| bad.property != built_in::EMPTY.id && !doubtful.contains(&id(bad)));
        self
    }
}

pub(super) fn search_prepared(
    prepared: &Arc<Prepared>,
    options: &Options,
    asked: &Asked,
) -> Result<Answer, Error> {
    match prepared.actors() {
        0..=5 => run::<2>(prepared, options, asked),
        // To build this for one word and for three, too, would cost more than it gains.
        6..=11 => run::<4>(prepared, options, asked),
        actors => Ok(Answer { outcome: too_many_actors(actors), ..Answer::default() }),
    }
}

/// What is told of a scenario with more actors than there is room for.
pub(super) fn too_many_actors(actors: usize) -> Outcome {
    let remark = format!("{actors} actors, and the explicit engine has room for {}", room(4));
    Outcome { remark, ..Outcome::default() }
}

fn run<const R: usize>(prepared: &Arc<Prepared>, options: &Options, asked: &Asked) -> Result<Answer, Error> {
    let keeper = |to| Keeper::new(to, prepared, options.reduce);
    let keeper = options.checkpoint.as_ref().map(keeper).transpose()?;
    let before = keeper.as_ref().map_or(Duration::ZERO, Keeper::spent);
    let begun = Begun { clock: (asked.clock)(), at: Instant::now(), before };
    let mut answer = exact::<R>(prepared, options, asked, &begun, keeper)?;
    if options.compact && answer.outcome.coverage == (Coverage::Cut { bound: Bound::Memory }) {
        // What it keeps is not for a disk, and nobody can go on with it.
        let options = Options { disk: None, checkpoint: None, ..options.clone() };
        once_more::<R>(prepared, &begun.limits(prepared, &options, asked), &mut answer.outcome)?;
    }
    Ok(answer)
}

/// What a search without a compact one at its end comes to.
fn exact<const R: usize>(
    prepared: &Arc<Prepared>,
    options: &Options,
    asked: &Asked,
    begun: &Begun,
    mut keeper: Option<Keeper>,
) -> Result<Answer, Error> {
    let is_past = |keeper: &Option<Keeper>, plan| keeper.as_ref().is_some_and(|keeper| keeper.is_past(plan));
    let attempt = |plan, keeper: &mut Option<Keeper>| {
        attempt::<R>(prepared, options, asked, begun, plan, keeper.as_mut())
    };
    let (small, of, reduced) = match options.reduce {
        Reduce::Order(from) => (Plan::Small(from), Steps::Reduced, Some(Plan::Reduced)),
        Reduce::Always(from) => (Plan::Few(from), Steps::Reduced, Some(Plan::ReducedToTheEnd(None))),
        Reduce::Chains(from) => (Plan::Few(from), Steps::Chains, Some(Plan::Chains(None))),
        Reduce::Symmetry(from) => (Plan::Small(from), Steps::Every, None),
        Reduce::None => (Plan::Plain, Steps::Every, None),
    };
    let symmetric = Plan::Symmetric { of, to_the_end: false, fault: None };
    let symmetric = (options.reduce != Reduce::None && !prepared.symmetry.none()).then_some(symmetric);
    if prepared.actors() < 2 || symmetric.or(reduced).is_none() {
        return Ok(attempt(Plan::Plain, &mut keeper)?.unwrap_or_default());
    }
    if !is_past(&keeper, small)
        && let Some(answer) = attempt(small, &mut keeper)?
    {
        return Ok(answer);
    }
    let mut found = keeper.as_ref().map(Keeper::before).unwrap_or_default();
    if let Some(symmetric) = symmetric.filter(|plan| !is_past(&keeper, *plan)) {
        let answer = attempt(symmetric, &mut keeper)?.unwrap_or_default();
        let coverage = answer.outcome.coverage;
        let is_sound = answer.outcome.bad.is_empty() && coverage == Coverage::Exhausted;
        if has_no_time(coverage) || is_sound && !answer.waits {
            return Ok(answer);
        }
        found = answer.only_shown().outcome.bad;
        keeper.iter_mut().for_each(|keeper| keeper.leaves_less(&found, is_cut(coverage)));
    }
    // What was found so far, this one comes to again, and goes on with everything.
    let reduced = reduced.filter(|plan| *plan != Plan::Reduced || found.is_empty());
    if let Some(reduced) = reduced.filter(|plan| !is_past(&keeper, *plan)) {
        let reduced = attempt(reduced, &mut keeper)?.unwrap_or_default();
        let coverage = reduced.outcome.coverage;
        let was_cut = is_cut(coverage);
        let tells = match options.reduce {
            // Where there is no room for what is left, there is none for everything.
            Reduce::Always(_) | Reduce::Chains(_) => was_cut || !reduced.waits,
            _ => has_no_time(coverage) || reduced.outcome.bad.is_empty() && coverage == Coverage::Exhausted,
        };
        if tells {
            return Ok(if was_cut { reduced.only_shown() } else { reduced });
        }
        keep(&mut found, reduced.only_shown().outcome.bad);
        keeper.iter_mut().for_each(|keeper| keeper.leaves_less(&found, was_cut));
    }
    let mut plain = attempt(Plan::Plain, &mut keeper)?.unwrap_or_default();
    if is_cut(plain.outcome.coverage) {
        keep(&mut plain.outcome.bad, found);
    }
    Ok(plain)
}

/// Whether no time is left for a plain search after a reduced one.
fn has_no_time(coverage: Coverage) -> bool {
    matches!(coverage, Coverage::Cut { bound: Bound::Time | Bound::Interrupt })
}

fn is_cut(coverage: Coverage) -> bool {
    matches!(coverage, Coverage::Cut { .. })
}

/// When everything began, by the caller's clock and by the engine's.
struct Begun {
    clock: Duration,
    at: Instant,
    /// What was spent before, by other runs.
    before: Duration,
}

impl Begun {
    /// The bounds of a search that is a part of what was begun.
    fn limits<'a>(&self, prepared: &'a Prepared, options: &'a Options, asked: &Asked) -> Limits<'a> {
        Limits::new(options, prepared, asked.ceilings, self.at).after(self.before)
    }
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
    let limits = begun.limits(prepared, options, asked);
    let few = plan.is_small() || prepared.actors() < 2;
    let memories = if few { Memories::whole } else { Memories::new };
    let memories = memories(prepared.packing.words(), limits.ceilings.memories, &limits.ledger);
    let mut searched: Searched<R> = search(prepared, &memories, &limits, plan, keeper.as_deref_mut())?;
    if searched.left && !plan.is_reduced() {
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

    let kept = searched.states.len() as u64;
    let Cycles { judged, bad: judged_bad, waits } = if plan.is_symmetric() {
        let waits =
            limits.stopped() || !found.is_empty() || may_go_round(prepared, &searched, &memories, &limits);
        Cycles { waits, ..Cycles::default() }
    } else {
        judge_all(prepared, &mut searched, &memories, &limits, !found.is_empty())
    };
    if let Some(error) = limits.error() {
        return Err(error);
    }
    let is_doubtful = |bad: &&Bad| plan.is_reduced() && bad.property == built_in::DEADLOCK.id;
    let doubtful = judged_bad.difference(&found).filter(is_doubtful).cloned().collect();
    found.extend(judged_bad);
    let coverage = match limits.coverage() {
        Coverage::Exhausted if !unsupported.is_empty() => Coverage::Pruned,
        coverage => coverage,
    };
    let after_judging = (asked.clock)();

    limits.ledger.reserve(0);
    let ways = match plan.is_symmetric() {
        true => BTreeMap::new(),
        false => shortest(prepared, &searched, &judged, &memories, found.clone(), &limits)?,
    };
    if let Some(error) = limits.error() {
        return Err(error);
    }
    prepared.walk()?;

    let came_to = CameTo {
        found,
        ways,
        endings: searched.places.endings.clone(),
        coverage,
        reached,
        unsupported,
        rested: !searched.places.by_rest.is_empty(),
        states: kept,
        transitions: searched.transitions,
        reduced: plan.is_reduced() || plan.is_symmetric(),
        bytes: limits.ledger.peak(),
    };
    let outcome = came_to.told(prepared, &limits)?;
    if let Some(keeper) = keeper
        && (is_cut(coverage) || !is_whole(&outcome) && !plan.is_symmetric())
    {
        let shards: Vec<&Shard<R>> = searched.states.shards().iter().collect();
        let reduced = searched.reduced.as_ref().map(Reduced::has);
        keeper
            .leave(&limits, &Has { shards: &shards, memories: &memories, places: &searched.places, reduced });
    }
    let rests = if asked.rests {
        unpacked_rests(prepared, &memories, &searched.places, plan)
    } else {
        BTreeSet::new()
    };
    let phases = Phases {
        search: after_search.saturating_sub(begun.clock),
        judging: after_judging.saturating_sub(after_search),
        schedules: (asked.clock)().saturating_sub(after_judging),
        unfolding: prepared.each_automaton().map(Automaton::took).sum(),
    };
    Ok(Some(Answer { outcome, rests, phases, doubtful, waits }))
}

/// What was judged of cycles.
#[derive(Default)]
struct Cycles {
    judged: Vec<Judged>,
    bad: BTreeSet<Bad>,
    /// Whether somebody waits while others go round; where equal actors change places, whether anybody may go round at all.
    waits: bool,
}

/// Judges all cycles, as far as a search came, if there is still time.
fn judge_all<const R: usize>(
    prepared: &Prepared,
    searched: &mut Searched<R>,
    memories: &Memories,
    limits: &Limits,
    has_found: bool,
) -> Cycles {
    let judge = |searched: &Searched<R>, go_on| judge(prepared, searched, memories, limits, go_on);
    if has_found {
        add_chains(prepared, searched, memories, limits);
    }
    let judged = limits.go_on().and_then(|()| judge(searched, WITHIN_BOUNDS)).unwrap_or_else(|halt| {
        limits.halt(halt);
        Vec::new()
    });
    let mut cycles = Cycles { bad: all_bad(&judged), waits: some_wait(&judged), judged };
    if searched.has_chains && !has_found && !cycles.bad.is_empty() {
        // What was found stands, whatever there is time and room for now.
        cycles.judged = Vec::new();
        if add_chains(prepared, searched, memories, limits)
            && let Ok(of_all) = judge(searched, WITH_PATIENCE)
        {
            cycles = Cycles { bad: all_bad(&of_all), waits: some_wait(&of_all), judged: of_all };
        }
    }
    cycles
}

/// Whether anybody may go round.
fn may_go_round<const R: usize>(
    prepared: &Prepared,
    searched: &Searched<R>,
    memories: &Memories,
    limits: &Limits,
) -> bool {
    let any = any_cycle(prepared, searched, memories, limits).unwrap_or_else(|halt| {
        limits.halt(halt);
        true
    });
    any && !prepared.symmetry.lacks(Fault::Rounds)
}

/// Adds the states that a search went through and did not keep: ways to what was found are looked for through all states.
/// Whether all are there.
fn add_chains<const R: usize>(
    prepared: &Prepared,
    searched: &mut Searched<R>,
    memories: &Memories,
    limits: &Limits,
) -> bool {
    limits.found();
    let done = regrow(prepared, searched, memories, limits);
    Effects::fit(&mut searched.effects, searched.states.len(), &limits.ledger);
    match done {
        Ok(()) => true,
        Err(broken @ Halt::Broken(_)) => {
            limits.halt(broken);
            false
        }
        // Some ways are not told.
        Err(Halt::Full(_) | Halt::Stopped) => false,
    }
}

/// What is bad by what was judged.
fn all_bad(judged: &[Judged]) -> BTreeSet<Bad> {
    judged.iter().flat_map(|judged| judged.found.iter().map(|component| component.bad.clone())).collect()
}

/// Whether somebody waits who does not go round himself.
fn some_wait(judged: &[Judged]) -> bool {
    judged.iter().flat_map(|judged| &judged.found).any(|component| component.waits)
}

/// Whether everything was looked at that can be, and told. Else there is more to tell under larger bounds.
#[must_use]
pub fn is_whole(outcome: &Outcome) -> bool {
    !matches!(outcome.coverage, Coverage::Cut { .. }) && outcome.remark.is_empty()
}

/// The words of each state at rest, for tests against other engines.
pub(super) fn unpacked_rests(
    prepared: &Prepared,
    memories: &Memories,
    places: &Places,
    plan: Plan,
) -> BTreeSet<AtRest> {
    let mut words = vec![0; prepared.packing.words()];
    let unpacked = places.by_rest.keys().flat_map(|(memory, returned)| {
        memories.read(*memory, &mut words);
        let cells = prepared.packing.unpack(&words);
        let orders = match plan.is_symmetric() {
            true => prepared.symmetry.orders(returned),
            false => BTreeSet::from([returned.clone()]),
        };
        orders.into_iter().map(move |returned| (cells.clone(), returned.into_vec()))
    });
    unpacked.collect()
}

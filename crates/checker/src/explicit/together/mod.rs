//! One scenario, searched by several processes together: for what is too large for one machine.
//!
//! Each process has a share of the memories and the states with them, and each of them says what follows its states to those
//! that it belongs to ([`processes::Group`]). All are in the same level of the search, judge the cycles class by
//! class, and look for the shortest schedules, so that everything that is told is what one process tells; and each
//! of them can tell it. Nothing is left out: reductions choose by what all of the models can still do, which no process knows.

mod judging;
mod member;
mod names;
mod search;
#[cfg(test)]
mod tests;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use processes::Group;
use scenario::{Bound, Coverage, Ending, Outcome, Scenario};
use serde::{Deserialize, Serialize};

use super::engine::too_many_actors;
use super::error::Error;
use super::findings::{Bad, Findings, Named, Told};
use super::limits::{Ceilings, Limits};
use super::memories::Memories;
use super::options::Options;
use super::outcome::CameTo;
use super::prepared::Prepared;
use super::reports::{SeenInAutomata, seen_in_automata};
use judging::{Verdict, judge};
use member::Member;
use search::{Share, search};
use ways::ways;

/// Searches a scenario together with the others of a group, which all do the same. Of a search that no bound cuts all come to the
/// same outcome, but for `seconds`; its numbers and bytes are those of all.
///
/// Bounds on states are on those of all, bounds on memory on each process by itself; it has one thread. Nothing is reduced or
/// compact, and there are no checkpoints. Cycles of a search that was cut are not judged. A process that is gone cuts the search for
/// all others: what they had told each other is told, without schedules, and the remark says which it was.
///
/// # Errors
/// Where the scenario or a model can't be searched, here or in another process.
pub fn check_together(scenario: &Scenario, options: &Options, group: &mut Group) -> Result<Outcome, Error> {
    let prepared = Prepared::new(scenario);
    let all = match agree(group, &scenario.name, &prepared) {
        Ok(all) => all,
        Err(lost) => {
            let coverage = Coverage::Cut { bound: Bound::Process };
            return Ok(Outcome { coverage, remark: lost.to_string(), ..Outcome::default() });
        }
    };
    let prepared = prepared?;
    all?;
    match prepared.actors() {
        0..=5 => run::<2>(&prepared, options, group),
        6..=11 => run::<4>(&prepared, options, group),
        actors => Ok(too_many_actors(actors)),
    }
}

/// Whether all came to something at the same question, as this process did.
fn agree<T>(
    group: &mut Group,
    question: &str,
    own: &Result<T, Error>,
) -> Result<Result<(), Error>, processes::Error> {
    let said = (question.to_owned(), own.as_ref().err().map(Error::to_string));
    let mut all = Ok(());
    for (process, (theirs, why)) in group.tell(&said)?.into_iter().enumerate() {
        if theirs != question {
            return Err(group.garbled(process));
        }
        if let Some(why) = why.filter(|_| all.is_ok()) {
            all = Err(Error::Elsewhere { process, why });
        }
    }
    Ok(all)
}

/// What each process adds, once its search has ended.
#[derive(Default, Serialize, Deserialize)]
struct Totals {
    states: u64,
    transitions: u64,
    endings: BTreeSet<Ending>,
    found: Vec<Told>,
    rested: bool,
}

fn run<const R: usize>(
    prepared: &Arc<Prepared>,
    options: &Options,
    group: &mut Group,
) -> Result<Outcome, Error> {
    let limits = Limits::new(options, prepared, Ceilings::default(), Instant::now());
    let memories = Memories::new(prepared.packing.words(), limits.ceilings.memories, &limits.ledger);
    let findings = Findings::new(&limits.ledger);
    let mut member = Member::new(group, prepared, &memories, &limits);
    let searched = came_to::<R>(&mut member, &findings);
    let (met, transitions) = (member.met, member.transitions);
    if let Some(error) = limits.error() {
        return Err(error);
    }
    let (came_to, lost) = match searched {
        Ok(came_to) => (came_to, None),
        Err(lost) => {
            limits.stop(Bound::Process);
            let places = findings.places();
            let SeenInAutomata { reached, bad, unsupported } =
                seen_in_automata(prepared, !places.by_rest.is_empty());
            let known = CameTo {
                found: places.all.iter().cloned().chain(bad).collect(),
                ways: BTreeMap::new(),
                endings: places.endings.clone(),
                coverage: limits.coverage(),
                reached,
                unsupported,
                rested: !places.by_rest.is_empty(),
                states: met,
                transitions,
                reduced: false,
                bytes: limits.ledger.peak(),
            };
            (known, Some(lost))
        }
    };
    let told = prepared.walk().and_then(|()| came_to.told(prepared, &limits));
    let all = match &lost {
        Some(_) => Ok(Ok(())),
        None => agree(group, &prepared.scenario.name, &told),
    };
    let mut outcome = told?;
    let lost = match all {
        Ok(all) => all.map(|()| lost)?,
        Err(lost) => Some(lost),
    };
    if let Some(lost) = lost {
        let before = std::mem::take(&mut outcome.remark);
        let rest = if before.is_empty() { before } else { format!("; {before}") };
        outcome.remark = format!("{lost}{rest}");
    }
    Ok(outcome)
}

/// Searches, judges, and looks for ways. Where a model is broken this is noted everywhere, and the rest means nothing.
fn came_to<const R: usize>(member: &mut Member, findings: &Findings) -> Result<CameTo, processes::Error> {
    let (prepared, limits) = (member.prepared, member.limits);
    let share: Share<R> = search(member, findings)?;
    let mut found = BTreeSet::new();
    let mut all = Totals::default();
    let own = {
        let places = findings.places();
        Totals {
            states: share.states.len() as u64,
            transitions: share.transitions,
            endings: places.endings.clone(),
            found: places.all.iter().map(Bad::told).collect(),
            rested: !places.by_rest.is_empty(),
        }
    };
    let mut named = Named::new(&prepared.scenario);
    for one in member.group.tell(&own)? {
        all.states += one.states;
        all.transitions += one.transitions;
        all.endings.extend(one.endings);
        all.rested |= one.rested;
        found.extend(one.found.into_iter().map(|told| named.bad(told)));
    }
    let SeenInAutomata { reached, bad, unsupported } = seen_in_automata(prepared, all.rested);
    found.extend(bad);
    if !found.is_empty() {
        limits.found();
    }
    let mut verdict = Verdict::none();
    if limits.coverage() == Coverage::Exhausted && limits.error().is_none() {
        verdict = judge(member, &share, findings)?;
        found.extend(verdict.bad.iter().cloned());
    }
    let coverage = match limits.coverage() {
        Coverage::Exhausted if !unsupported.is_empty() => Coverage::Pruned,
        coverage => coverage,
    };
    if coverage != Coverage::Exhausted {
        member.forget_told();
    }
    let places = findings.places();
    let ways = if limits.error().is_none() && !found.is_empty() {
        ways(member, &share, (&places, &verdict), found.clone())?
    } else {
        BTreeMap::new()
    };
    let bytes = member.group.tell(&limits.ledger.peak())?.iter().sum();
    Ok(CameTo {
        found,
        ways,
        endings: all.endings,
        coverage,
        reached,
        unsupported,
        rested: all.rested,
        states: all.states,
        transitions: all.transitions,
        reduced: false,
        bytes,
    })
}
